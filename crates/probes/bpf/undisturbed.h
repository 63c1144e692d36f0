/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Since 7.0 a kernel may put a task aside in the middle of a tracepoint. While it is aside, its processor runs the same
 * program for nobody else: the kernel skips it, and what happened is lost. Two measures, both without effect before 7.0:
 * a probe does its work in one go, so that it can be put aside only before and after; and each tracepoint has a
 * second program, which does the work of the first when that was skipped. Both are skipped only where a task was put
 * aside in each, which a slow emulator shows and hardware hardly: that counts as a loss.
 */
#ifndef VEDETTE_UNDISTURBED_H
#define VEDETTE_UNDISTURBED_H

extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;

#define MAY_BE_PUT_ASIDE_SINCE KERNEL_VERSION(7, 0, 0)
#define may_be_put_aside()                                                                                       \
	(LINUX_KERNEL_VERSION >= MAY_BE_PUT_ASIDE_SINCE && bpf_ksym_exists(bpf_preempt_disable))

/* What a first program has taken on, until its second has seen it: object and kind → when. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u64);
} taken_on SEC(".maps");

/* How often a second program did the work, by kind: these are no losses. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_KINDS);
	__type(key, u32);
	__type(value, u64);
} rescued SEC(".maps");

/* A mark that was left behind, because a second program was skipped, must not silence a later event of the object. */
#define MARK_NS 2000000000ULL

/* Objects are aligned to eight bytes and kinds are smaller than eight. */
static __always_inline void take_on(u32 kind, const void *object)
{
	u64 key = (u64)object | kind, now = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&taken_on, &key, &now, BPF_ANY);
}

static __always_inline bool is_taken_on(u32 kind, const void *object)
{
	u64 key = (u64)object | kind;
	u64 *since = bpf_map_lookup_elem(&taken_on, &key);
	bool taken = since && bpf_ktime_get_boot_ns() - *since < MARK_NS;
	bpf_map_delete_elem(&taken_on, &key);
	if (!taken) {
		u64 *count = bpf_map_lookup_elem(&rescued, &kind);
		if (count)
			__sync_fetch_and_add(count, 1);
	}
	return taken;
}

/* `work` must not return from the program. */
#define undisturbed(work)                                                                                        \
	({                                                                                                       \
		if (may_be_put_aside())                                                                          \
			bpf_preempt_disable();                                                                   \
		work;                                                                                            \
		if (may_be_put_aside())                                                                          \
			bpf_preempt_enable();                                                                    \
	})

/* Both programs of a tracepoint; `object` tells its events apart. */
#define TRACEPOINT(hook, name, kind, object, work, ...)                                                          \
	SEC("tp_btf/" hook)                                                                                      \
	int BPF_PROG(name, __VA_ARGS__)                                                                          \
	{                                                                                                        \
		undisturbed(({                                                                                   \
			if (may_be_put_aside())                                                                  \
				take_on(kind, untyped(object));                                                  \
			work;                                                                                    \
		}));                                                                                             \
		return 0;                                                                                        \
	}                                                                                                        \
	SEC("tp_btf/" hook)                                                                                      \
	int BPF_PROG(name##_again, __VA_ARGS__)                                                                  \
	{                                                                                                        \
		undisturbed(({                                                                                   \
			if (!is_taken_on(kind, untyped(object)))                                                 \
				work;                                                                            \
		}));                                                                                             \
		return 0;                                                                                        \
	}

#endif
