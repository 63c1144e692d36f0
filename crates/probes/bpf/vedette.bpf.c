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

/* Connects of a process that were reported; a chatty client is reported CONNECTS_MAX times, a watched one always. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, u32);
} connects SEC(".maps");

/* Written by the sensor: processes, and listening ports (network namespace << 16 | port), whose every connection counts. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u8);
} watched SEC(".maps");

#define WAKEUP_BYTES (64 * 1024)
#define CONNECTS_MAX 16
#define WATCHED_PORT_BIT (1ULL << 63)

struct seen_key {
	u64 number;
	u64 changed_ns;
	u32 device;
	u32 reserved;
};

/* Files and cgroups that were met lately: a new one wakes the sensor, which must look at it while it is there. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct seen_key);
	__type(value, u8);
} seen SEC(".maps");

#define A_CGROUP ~0u /* no device has this number */

static __always_inline bool is_new(u64 number, u64 changed_ns, u32 device)
{
	struct seen_key key = {.number = number, .changed_ns = changed_ns, .device = device};
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

/* Nobody waits for most records: the sensor fetches them on its next turn, unless they pile up. */
#define wakeup(ring, urgent)                                                                                     \
	((urgent) || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > WAKEUP_BYTES ? BPF_RB_FORCE_WAKEUP              \
										: BPF_RB_NO_WAKEUP)

static __always_inline void report_exec(struct task_struct *current_task, struct linux_binprm *bprm)
{
	struct task_struct *task = untyped(current_task);
	u32 slot = SLOT_EXEC;
	struct scratch *s = scratch_of(slot);
	if (!s)
		return;
	fill_process((u64)task, slot);
	struct record_exec *e = &s->exec;
	struct file *exe = BPF_CORE_READ(bprm, file);
	fill_executable(e, exe);

	append_descriptors((u64)task, DESCRIPTORS_MAX, slot);
	e->descriptors = s->kept;
	if (s->cut)
		e->flags |= EXEC_DESCRIPTORS_TRUNCATED;

	/* 0, 1 and 2 come first in the tail. Output that merely goes where the parent's goes leads nowhere new. */
	struct record_descriptor *stdio = (void *)s->tail;
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	bool on_network = stdio[0].kind == DESCRIPTOR_INTERNET || stdio[1].kind == DESCRIPTOR_INTERNET;
	bool led = is_channel(&stdio[0]) ||
		   (is_channel(&stdio[1]) && stdio[1].inode != inode_of_descriptor(parent, 1));
	bool urgent = on_network || led;
	if (led) {
		append_descriptors((u64)parent, PARENT_DESCRIPTORS_MAX, slot);
		e->parent_descriptors = s->kept;
		if (s->cut)
			e->flags |= EXEC_PARENT_DESCRIPTORS_TRUNCATED;
		/* a program that starts others through a forked copy of itself keeps the far ends */
		append_descriptors((u64)BPF_CORE_READ(parent, real_parent), PARENT_DESCRIPTORS_MAX, slot);
		e->grandparent_descriptors = s->kept;
	}
	append_ancestors((u64)task, urgent ? ANCESTORS_MAX : 2, slot);

	u32 before = s->used;
	if (append_path((u64)BPF_CORE_READ(exe, f_path.dentry), (u64)BPF_CORE_READ(exe, f_path.mnt), (u64)task, slot))
		e->flags |= EXEC_PATH_TRUNCATED;
	e->path_length = s->used - before;

	before = s->used;
	append_name(s, BPF_CORE_READ(bprm, filename));
	e->invoked_as_length = s->used - before;

	before = s->used;
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	append_path((u64)BPF_CORE_READ(fs, pwd.dentry), (u64)BPF_CORE_READ(fs, pwd.mnt), (u64)task, slot);
	e->working_directory_length = s->used - before;

	append_cgroup((u64)task, slot);

	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	u64 length = end - start;
	if (length > ARGUMENTS_MAX) {
		length = ARGUMENTS_MAX;
		e->flags |= EXEC_ARGUMENTS_TRUNCATED;
	}
	e->arguments_length = append_user(s, start, length);
	if (length && !e->arguments_length)
		e->flags |= EXEC_ARGUMENTS_UNREADABLE;

	if (urgent) {
		start = BPF_CORE_READ(mm, env_start);
		end = BPF_CORE_READ(mm, env_end);
		length = end - start;
		if (length <= ENVIRONMENT_HEAD_MAX + ENVIRONMENT_TAIL_MAX) {
			e->environment_length = append_user(s, start, length);
		} else {
			e->flags |= EXEC_ENVIRONMENT_TRUNCATED;
			e->environment_head = append_user(s, start, ENVIRONMENT_HEAD_MAX);
			e->environment_length = e->environment_head + append_user(s, end - ENVIRONMENT_TAIL_MAX,
										   ENVIRONMENT_TAIL_MAX);
		}
	}

	u64 size = record_size(s);
	header(&e->header, RECORD_EXEC, size, task, e->header.cgroup);
	bounded(size);
	if (size > RECORD_MAX)
		return;
	urgent |= is_new(e->executable_inode, e->executable_changed_ns, e->executable_device);
	urgent |= is_new(e->header.cgroup, 0, A_CGROUP);
	if (bpf_ringbuf_output(&deciding, e, size, wakeup(deciding, urgent)))
		count_loss(RECORD_EXEC, e->header.cgroup);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *current_task, pid_t old_pid, struct linux_binprm *bprm)
{
	return undisturbed(report_exec(current_task, bprm));
}

static __always_inline void report_fork(struct task_struct *child)
{
	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return; /* a thread */
	struct record_fork *r = bpf_ringbuf_reserve(&bulk, sizeof(*r), 0);
	if (!r) {
		count_loss(RECORD_FORK, cgroup_id_of(child));
		return;
	}
	header(&r->header, RECORD_FORK, sizeof(*r), child, cgroup_id_of(child));
	identify(&r->child, child);
	identify(&r->parent, BPF_CORE_READ(child, real_parent));
	bpf_ringbuf_submit(r, wakeup(bulk, 0));
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	return undisturbed(report_fork(child));
}

static __always_inline void report_exit(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return; /* other threads go on */
	u32 pid = BPF_CORE_READ(task, tgid);
	bpf_map_delete_elem(&connects, &pid);
	struct record_exit *r = bpf_ringbuf_reserve(&bulk, sizeof(*r), 0);
	if (!r) {
		count_loss(RECORD_EXIT, cgroup_id_of(task));
		return;
	}
	header(&r->header, RECORD_EXIT, sizeof(*r), task, cgroup_id_of(task));
	identify(&r->process, task);
	r->status = BPF_CORE_READ(task, exit_code);
	r->reserved = 0;
	bpf_ringbuf_submit(r, wakeup(bulk, 0));
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	return undisturbed(report_exit(task));
}

static __always_inline void report_socket(struct sock *sk, u16 family, bool in_process)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct record_socket *r = bpf_ringbuf_reserve(&deciding, sizeof(*r), 0);
	if (!r) {
		count_loss(RECORD_SOCKET, in_process ? cgroup_id_of(task) : 0);
		return;
	}
	__builtin_memset(&r->socket, 0, sizeof(r->socket));
	header(&r->header, RECORD_SOCKET, sizeof(*r), task, in_process ? cgroup_id_of(task) : 0);
	if (in_process) {
		identify(&r->process, task);
	} else {
		r->header.pid = 0;
		r->process.pid = 0;
		r->process.reserved = 0;
		r->process.start_ns = 0;
	}
	describe_internet(&r->socket, sk, family);
	r->socket.inode = socket_inode(sk);
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);
}

static __always_inline bool is_watched(u64 key)
{
	return bpf_map_lookup_elem(&watched, &key) != 0;
}

static __always_inline bool worth_reporting(void)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u32 *count = bpf_map_lookup_elem(&connects, &pid);
	if (!count) {
		u32 one = 1;
		bpf_map_update_elem(&connects, &pid, &one, BPF_ANY);
		return 1;
	}
	if (*count < CONNECTS_MAX) {
		*count += 1;
		return 1;
	}
	return is_watched(pid);
}

static __always_inline void follow_socket(struct sock *sk, int before, int now)
{
	u64 key = (u64)sk;
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (now == TCP_SYN_SENT) {
		u8 direction = DIRECTION_CONNECTED;
		bpf_map_update_elem(&directions, &key, &direction, BPF_ANY);
		if (worth_reporting())
			report_socket(sk, family, 1);
	} else if (now == TCP_ESTABLISHED && before == TCP_SYN_RECV) {
		u8 direction = DIRECTION_ACCEPTED;
		bpf_map_update_elem(&directions, &key, &direction, BPF_ANY);
		u64 port = WATCHED_PORT_BIT | (u64)BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) << 16 |
			   BPF_CORE_READ(sk, __sk_common.skc_num);
		if (is_watched(port))
			report_socket(sk, family, 0);
	} else if (now == TCP_LISTEN) {
		if (worth_reporting())
			report_socket(sk, family, 1);
	} else if (now == TCP_CLOSE) {
		bpf_map_delete_elem(&directions, &key);
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_socket, struct sock *sk, int before, int now)
{
	return undisturbed(follow_socket(sk, before, now));
}

/* All live processes with their descriptors; read at start, after a loss, and to follow a channel to its far end. */
SEC("iter/task")
int snapshot(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = untyped(ctx->task);
	u32 slot = SLOT_SNAPSHOT;
	if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	if (!mm)
		return 0; /* a kernel thread */
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	fill_process((u64)task, slot);
	struct record_exec *e = &s->exec;
	append_ancestors((u64)task, ANCESTORS_MAX, slot);
	struct file *exe = BPF_CORE_READ(mm, exe_file);
	if (exe)
		fill_executable(e, exe);
	append_descriptors((u64)task, SNAPSHOT_DESCRIPTORS_MAX, slot);
	e->descriptors = s->kept;
	if (s->cut)
		e->flags |= EXEC_DESCRIPTORS_TRUNCATED;
	u32 before = s->used;
	if (exe &&
	    append_path((u64)BPF_CORE_READ(exe, f_path.dentry), (u64)BPF_CORE_READ(exe, f_path.mnt), (u64)task, slot))
		e->flags |= EXEC_PATH_TRUNCATED;
	e->path_length = s->used - before;
	before = s->used;
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	if (fs)
		append_path((u64)BPF_CORE_READ(fs, pwd.dentry), (u64)BPF_CORE_READ(fs, pwd.mnt), (u64)task, slot);
	e->working_directory_length = s->used - before;
	append_cgroup((u64)task, slot);
	u64 size = record_size(s);
	header(&e->header, RECORD_TASK, size, task, e->header.cgroup);
	bounded(size);
	if (size > RECORD_MAX)
		return 0;
	bpf_seq_write(seq, e, size);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
