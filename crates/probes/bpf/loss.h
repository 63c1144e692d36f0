/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Every record that could not be written is counted: by kind always, by cgroup as far as the table goes. */
#ifndef VEDETTE_LOSS_H
#define VEDETTE_LOSS_H

struct loss_key {
	u64 cgroup;
	u32 kind;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_KINDS);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct loss_key);
	__type(value, u64);
} lost_by_cgroup SEC(".maps");

static __always_inline void count_loss(u32 kind, u64 cgroup)
{
	u64 *total = bpf_map_lookup_elem(&lost, &kind);
	if (total)
		__sync_fetch_and_add(total, 1);
	struct loss_key key = {.cgroup = cgroup, .kind = kind};
	u64 *of = bpf_map_lookup_elem(&lost_by_cgroup, &key);
	if (of) {
		__sync_fetch_and_add(of, 1);
	} else {
		u64 one = 1;
		bpf_map_update_elem(&lost_by_cgroup, &key, &one, BPF_ANY);
	}
}

#endif
