/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One record under construction: the fixed part and a tail that only grows. */
#ifndef VEDETTE_SCRATCH_H
#define VEDETTE_SCRATCH_H

#define TAIL_MAX 16384 /* a power of two: the offset is masked so that the verifier can bound it */
#define CHUNK_MAX 4096
#define NAME_MAX 256

struct scratch {
	struct record_exec exec;
	u8 tail[TAIL_MAX + CHUNK_MAX];
	u32 used; /* bytes of the tail */
	u32 kept; /* descriptors appended for the task at hand */
	u32 most;
	u32 cut;  /* there were more descriptors */
};

#define RECORD_MAX (sizeof(struct record_exec) + TAIL_MAX + CHUNK_MAX)
#define record_size(s) (sizeof((s)->exec) + (s)->used)

/* Keeps the compiler from reasoning about a value before the check that the verifier is to see. */
#define bounded(value) asm volatile("" : "+r"(value))

/* Keeps the compiler from computing a value outside the branch in which the kernel is known to have the field. */
#define only_here(value) asm volatile("" : "+r"(value))

/* Slot 0 belongs to the exec probe, slot 1 to the iterator: the iterator can be interrupted by an exec on its CPU. */
#define SLOT_EXEC 0
#define SLOT_SNAPSHOT 1

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Functions that are verified on their own take addresses as numbers; the verifier refuses a typed pointer there. */
static __always_inline void *untyped(const void *typed)
{
	void *number = 0;
	bpf_probe_read_kernel(&number, sizeof(number), &typed);
	return number;
}

static __always_inline struct scratch *scratch_of(u32 slot)
{
	return bpf_map_lookup_elem(&scratches, &slot);
}

/* Appends a NUL-terminated kernel string; returns its length with the NUL, 0 when nothing was written. */
static __always_inline u32 append_name(struct scratch *s, const void *name)
{
	u32 at = s->used;
	if (at >= TAIL_MAX - NAME_MAX)
		return 0;
	at &= TAIL_MAX - 1;
	long n = bpf_probe_read_kernel_str(&s->tail[at], NAME_MAX, name);
	if (n <= 0 || n > NAME_MAX)
		return 0;
	s->used = at + n;
	return n;
}

/* Appends bytes of the current process; returns how many were read. */
static __always_inline u32 append_user(struct scratch *s, u64 address, u64 length)
{
	u32 at = s->used;
	if (at >= TAIL_MAX - 1)
		return 0;
	at &= TAIL_MAX - 1;
	if (length > CHUNK_MAX)
		length = CHUNK_MAX;
	if (length == 0)
		return 0;
	if (bpf_probe_read_user(&s->tail[at], length, (void *)address))
		return 0;
	s->used = at + length;
	return length;
}

#endif
