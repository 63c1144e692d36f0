// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * exec, fork, exit, socket state → records. The deciding lane carries exec and socket records, the bulk lane births
 * and deaths, so that a fork storm cannot delay or displace what decides a finding. No hook on system calls.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "abi.h"
#include "scratch.h"
#include "undisturbed.h"
#include "loss.h"
#include "cgroup.h"
#include "file.h"
#include "descriptor.h"
#include "process.h"

/* The loader sets the sizes (bytes, a power of two). */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} deciding SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} bulk SEC(".maps");

/* Connects of a process, by its start; a chatty client is reported CONNECTS_MAX times, a watched one always. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct record_process);
	__type(value, u32);
} connects SEC(".maps");

/* Written by the sensor: processes, and listening ports (network namespace << 16 | port), whose every connection counts. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u8);
} watched SEC(".maps");

/* Written by the sensor: 1 while a program waits for somebody to connect it to the network. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} expecting SEC(".maps");

static __always_inline bool is_expected(void)
{
	u32 key = 0, *value = bpf_map_lookup_elem(&expecting, &key);
	return value && *value;
}

#define WAKEUP_BYTES (64 * 1024)
#define CONNECTS_MAX 16
#define WATCHED_PORT_BIT (1ULL << 63)

struct seen_key {
	u64 cgroup;
	u64 inode;
	u64 changed_ns;
	u64 device;
};

/* Files that ran in a cgroup lately: what is new there wakes the sensor, which must look at it while it is there. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct seen_key);
	__type(value, u8);
} seen SEC(".maps");

static __always_inline bool is_new(struct record_exec *e)
{
	struct seen_key key = {
		.cgroup = e->header.cgroup,
		.inode = e->executable_inode,
		.changed_ns = e->executable_changed_ns,
		.device = e->executable_device,
	};
	if (bpf_map_lookup_elem(&seen, &key))
		return 0;
	u8 one = 1;
	bpf_map_update_elem(&seen, &key, &one, BPF_ANY);
	return 1;
}

static __always_inline bool is_channel(struct record_descriptor *d)
{
	return d->kind >= DESCRIPTOR_UNIX && d->kind <= DESCRIPTOR_PTY_MASTER;
}

static __always_inline u64 inode_of_descriptor(struct task_struct *task, u32 number)
{
	struct file **fds = BPF_CORE_READ(task, files, fdt, fd);
	struct file *file = 0;
	bpf_probe_read_kernel(&file, sizeof(file), &fds[number]);
	return file ? BPF_CORE_READ(file, f_inode, i_ino) : 0;
}

/*
 * Nobody waits for most records: the sensor fetches them when it wakes for an urgent one, or each time so many bytes have
 * piled up. One wake-up for each heap: on a busy machine the sensor may run much later, and every call costs the caller.
 */
#define heap_is_full(ring, size)                                                                                 \
	({                                                                                                       \
		u64 before = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);                                        \
		before / WAKEUP_BYTES != (before + (size)) / WAKEUP_BYTES;                                       \
	})
#define wakeup(ring, size, urgent)                                                                               \
	((urgent) || heap_is_full(ring, size) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP)

static __always_inline void append_arguments(struct scratch *s, struct mm_struct *mm)
{
	u64 start = mm->arg_start, length = mm->arg_end - start;
	if (length > ARGUMENTS_MAX) {
		length = ARGUMENTS_MAX;
		s->exec.flags |= EXEC_ARGUMENTS_TRUNCATED;
	}
	s->exec.arguments_length = append_user(s, start, length);
	if (length && !s->exec.arguments_length)
		s->exec.flags |= EXEC_ARGUMENTS_UNREADABLE;
}

static __always_inline void append_environment(struct scratch *s, struct mm_struct *mm)
{
	struct record_exec *e = &s->exec;
	u64 start = mm->env_start, end = mm->env_end, length = end - start;
	if (length <= ENVIRONMENT_HEAD_MAX + ENVIRONMENT_TAIL_MAX) {
		e->environment_length = append_user(s, start, length);
		return;
	}
	e->flags |= EXEC_ENVIRONMENT_TRUNCATED;
	e->environment_head = append_user(s, start, ENVIRONMENT_HEAD_MAX);
	e->environment_length = e->environment_head + append_user(s, end - ENVIRONMENT_TAIL_MAX, ENVIRONMENT_TAIL_MAX);
}

static __always_inline void report_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	u32 slot = SLOT_EXEC;
	struct scratch *s = scratch_of(slot);
	struct file *exe = bprm->file;
	struct mm_struct *mm = task->mm;
	if (!s || !exe || !mm)
		return;
	fill_process(s, task);
	struct record_exec *e = &s->exec;
	fill_executable(e, exe);

	append_own_descriptors(s, task, DESCRIPTORS_MAX, slot);
	e->descriptors = s->kept;
	if (s->cut)
		e->flags |= EXEC_DESCRIPTORS_TRUNCATED;

	/* 0, 1 and 2 come first in the tail. Output that merely goes where the parent's goes leads nowhere new. */
	struct record_descriptor *stdio = (void *)s->tail;
	struct task_struct *parent = untyped(task->real_parent);
	bool on_network = stdio[0].kind == DESCRIPTOR_INTERNET || stdio[1].kind == DESCRIPTOR_INTERNET;
	bool led = is_channel(&stdio[0]) ||
		   (is_channel(&stdio[1]) && stdio[1].inode != inode_of_descriptor(parent, 1));
	bool urgent = on_network || led;
	if (led) {
		append_descriptors((u64)parent, PARENT_DESCRIPTORS_MAX, WORDS_AT_EXEC, slot);
		e->parent_descriptors = s->kept;
		if (s->cut)
			e->flags |= EXEC_PARENT_DESCRIPTORS_TRUNCATED;
		/* a program that starts others through a forked copy of itself keeps the far ends */
		append_descriptors((u64)BPF_CORE_READ(parent, real_parent), PARENT_DESCRIPTORS_MAX, WORDS_AT_EXEC, slot);
		e->grandparent_descriptors = s->kept;
	}
	/* the runtime that started a container is found among the ancestors of what runs there first */
	e->header.cgroup = cgroup_id_of(task);
	bool is_first = is_new(e);
	append_ancestors(s, task, urgent || is_first ? ANCESTORS_MAX : 1);

	u32 before = s->used;
	if (append_path(&exe->f_path, task, slot))
		e->flags |= EXEC_PATH_TRUNCATED;
	e->path_length = s->used - before;

	before = s->used;
	append_name(s, bprm->filename);
	e->invoked_as_length = s->used - before;

	before = s->used;
	struct fs_struct *fs = task->fs;
	if (fs)
		append_path(&fs->pwd, task, slot);
	e->working_directory_length = s->used - before;

	append_cgroup(s, task);
	append_arguments(s, mm);
	if (urgent)
		append_environment(s, mm);

	u64 size = record_size(s);
	header(&e->header, RECORD_EXEC, size, e->process.pid, e->header.cgroup);
	bounded(size);
	if (size > RECORD_MAX)
		return;
	if (bpf_ringbuf_output(&deciding, e, size, wakeup(deciding, size, urgent || is_first)))
		count_loss(RECORD_EXEC, e->header.cgroup);
}

TRACEPOINT("sched_process_exec", on_exec, RECORD_EXEC, task, report_exec(task, bprm), struct task_struct *task,
	   pid_t old_pid, struct linux_binprm *bprm)

static __always_inline void report_fork(struct task_struct *child)
{
	if (child->pid != child->tgid)
		return; /* a thread */
	struct record_fork *r = bpf_ringbuf_reserve(&bulk, sizeof(*r), 0);
	if (!r) {
		count_loss(RECORD_FORK, cgroup_id_of(child));
		return;
	}
	identify(&r->child, child);
	header(&r->header, RECORD_FORK, sizeof(*r), r->child.pid, cgroup_id_of(child));
	identify(&r->parent, child->real_parent);
	bpf_ringbuf_submit(r, wakeup(bulk, sizeof(*r), 0));
}

TRACEPOINT("sched_process_fork", on_fork, RECORD_FORK, child, report_fork(child), struct task_struct *parent,
	   struct task_struct *child)

static __always_inline void report_exit(struct task_struct *task)
{
	if (task->signal->live.counter != 0)
		return; /* other threads go on */
	struct record_exit *r = bpf_ringbuf_reserve(&bulk, sizeof(*r), 0);
	if (!r) {
		count_loss(RECORD_EXIT, cgroup_id_of(task));
		return;
	}
	identify(&r->process, task);
	header(&r->header, RECORD_EXIT, sizeof(*r), r->process.pid, cgroup_id_of(task));
	r->status = task->exit_code;
	r->reserved = 0;
	bpf_ringbuf_submit(r, wakeup(bulk, sizeof(*r), 0));
}

TRACEPOINT("sched_process_exit", on_exit, RECORD_EXIT, task, report_exit(task), struct task_struct *task)

static __always_inline void report_socket(struct sock *sk, u16 family, bool in_process)
{
	u64 cgroup = in_process ? current_cgroup() : 0;
	struct record_socket *r = bpf_ringbuf_reserve(&deciding, sizeof(*r), 0);
	if (!r) {
		count_loss(RECORD_SOCKET, cgroup);
		return;
	}
	__builtin_memset(&r->process, 0, sizeof(r->process));
	__builtin_memset(&r->socket, 0, sizeof(r->socket));
	if (in_process)
		r->process = current_process();
	header(&r->header, RECORD_SOCKET, sizeof(*r), r->process.pid, cgroup);
	describe_internet(&r->socket, sk, family);
	r->socket.inode = socket_inode(sk);
	bpf_ringbuf_submit(r, wakeup(deciding, sizeof(*r), !in_process || is_expected()));
}

static __always_inline bool is_watched(u64 key)
{
	return bpf_map_lookup_elem(&watched, &key) != 0;
}

static __always_inline bool worth_reporting(void)
{
	struct record_process process = current_process();
	u32 *count = bpf_map_lookup_elem(&connects, &process);
	if (!count) {
		u32 one = 1;
		bpf_map_update_elem(&connects, &process, &one, BPF_ANY);
		return 1;
	}
	if (*count < CONNECTS_MAX) {
		*count += 1;
		return 1;
	}
	return is_watched(process.pid);
}

static __always_inline void follow_socket(struct sock *sk, int before, int now)
{
	u64 key = (u64)untyped(sk);
	u16 family = sk->__sk_common.skc_family;
	if (now == TCP_SYN_SENT) {
		u8 direction = DIRECTION_CONNECTED;
		bpf_map_update_elem(&directions, &key, &direction, BPF_ANY);
		if (worth_reporting())
			report_socket(sk, family, 1);
	} else if (now == TCP_ESTABLISHED && before == TCP_SYN_RECV) {
		u8 direction = DIRECTION_ACCEPTED;
		bpf_map_update_elem(&directions, &key, &direction, BPF_ANY);
		u64 port = WATCHED_PORT_BIT | (u64)sk->__sk_common.skc_net.net->ns.inum << 16 | sk->__sk_common.skc_num;
		if (is_watched(port))
			report_socket(sk, family, 0);
	} else if (now == TCP_LISTEN) {
		if (worth_reporting())
			report_socket(sk, family, 1);
	} else if (now == TCP_CLOSE) {
		bpf_map_delete_elem(&directions, &key);
	}
}

TRACEPOINT("inet_sock_set_state", on_socket, RECORD_SOCKET, sk, follow_socket(sk, before, now), struct sock *sk, int before,
	   int now)

/* All live processes with their descriptors; read at start, after a loss, and to follow a channel to its far end. */
SEC("iter/task")
int snapshot(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	u32 slot = SLOT_SNAPSHOT;
	if (!task || task->pid != task->tgid)
		return 0;
	struct mm_struct *mm = task->mm;
	if (!mm)
		return 0; /* a kernel thread */
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	fill_process(s, task);
	struct record_exec *e = &s->exec;
	struct file *exe = mm->exe_file;
	if (exe)
		fill_executable(e, exe);
	append_descriptors((u64)untyped(task), SNAPSHOT_DESCRIPTORS_MAX, WORDS_EVER, slot);
	e->descriptors = s->kept;
	if (s->cut)
		e->flags |= EXEC_DESCRIPTORS_TRUNCATED;
	if (task->flags & PF_FORKNOEXEC)
		e->flags |= EXEC_NOT_EXECUTED;
	append_ancestors(s, task, ANCESTORS_MAX);
	u32 before = s->used;
	if (exe && append_path(&exe->f_path, task, slot))
		e->flags |= EXEC_PATH_TRUNCATED;
	e->path_length = s->used - before;
	before = s->used;
	struct fs_struct *fs = task->fs;
	if (fs)
		append_path(&fs->pwd, task, slot);
	e->working_directory_length = s->used - before;
	append_cgroup(s, task);
	u64 size = record_size(s);
	header(&e->header, RECORD_TASK, size, e->process.pid, e->header.cgroup);
	bounded(size);
	if (size > RECORD_MAX)
		return 0;
	bpf_seq_write(seq, e, size);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
