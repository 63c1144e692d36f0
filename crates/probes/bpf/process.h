/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Facts of a task that an exec record and a snapshot record share. */
#ifndef VEDETTE_PROCESS_H
#define VEDETTE_PROCESS_H

static __always_inline void header(struct record_header *h, u16 kind, u32 length, struct task_struct *task, u64 cgroup)
{
	h->length = length;
	h->kind = kind;
	h->abi = ABI_VERSION;
	h->time_ns = bpf_ktime_get_boot_ns();
	h->cgroup = cgroup;
	h->pid = BPF_CORE_READ(task, tgid);
	h->cpu = bpf_get_smp_processor_id();
}

static __always_inline void identify(struct record_process *p, struct task_struct *task)
{
	p->pid = BPF_CORE_READ(task, tgid);
	p->reserved = 0;
	p->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
}

/* The parent and its parent always; the whole line when it may decide something. */
__noinline int append_ancestors(u64 task, u32 most, u32 slot)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	struct task_struct *at = (void *)task;
	u32 count = 0;
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		struct task_struct *parent = BPF_CORE_READ(at, real_parent);
		if (i >= most || !parent || BPF_CORE_READ(parent, tgid) == 0)
			break;
		parent = BPF_CORE_READ(parent, group_leader);
		struct record_ancestor *a = &s->exec.ancestor[i];
		struct file *exe = BPF_CORE_READ(parent, mm, exe_file);
		struct inode *inode = exe ? BPF_CORE_READ(exe, f_inode) : 0;
		a->pid = BPF_CORE_READ(parent, tgid);
		a->start_ns = BPF_CORE_READ(parent, start_boottime);
		a->executable_device = inode ? BPF_CORE_READ(inode, i_sb, s_dev) : 0;
		a->executable_inode = inode ? BPF_CORE_READ(inode, i_ino) : 0;
		a->executable_changed_ns = inode ? changed_ns(inode) : 0;
		a->cgroup = cgroup_id_of(parent);
		bpf_core_read_str(a->name, sizeof(a->name), &parent->comm);
		at = parent;
		count++;
	}
	s->exec.ancestors = count;
	return 0;
}

static __always_inline void fill_executable(struct record_exec *e, struct file *exe)
{
	struct inode *inode = BPF_CORE_READ(exe, f_inode);
	e->executable_device = BPF_CORE_READ(inode, i_sb, s_dev);
	e->executable_inode = BPF_CORE_READ(inode, i_ino);
	e->executable_changed_ns = changed_ns(inode);
	e->executable_size = BPF_CORE_READ(inode, i_size);
	e->executable_links = BPF_CORE_READ(inode, i_nlink);
	e->executable_mode = BPF_CORE_READ(inode, i_mode);
	e->executable_magic = BPF_CORE_READ(inode, i_sb, s_magic);
	if (e->executable_magic == OVERLAYFS_MAGIC && in_upper_layer(inode))
		e->flags |= EXEC_OVERLAY_UPPER;
}

/* Everything but paths, descriptors, arguments and environment. */
__noinline int fill_process(u64 task_at, u32 slot)
{
	struct task_struct *task = (void *)task_at;
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	struct record_exec *e = &s->exec;
	__builtin_memset(e, 0, sizeof(*e));
	s->used = 0;
	identify(&e->process, task);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	e->uid = BPF_CORE_READ(cred, uid.val);
	e->gid = BPF_CORE_READ(cred, gid.val);
	e->effective_uid = BPF_CORE_READ(cred, euid.val);
	e->effective_gid = BPF_CORE_READ(cred, egid.val);
	bpf_core_read(&e->effective_capabilities, 8, &cred->cap_effective);
	e->user_namespace = BPF_CORE_READ(cred, user_ns, ns.inum);
	struct task_struct___audit *audit = (void *)task;
	e->login_uid = bpf_core_field_exists(audit->loginuid) ? BPF_CORE_READ(audit, loginuid.val) : ~0u;
	struct nsproxy *nsproxy = BPF_CORE_READ(task, nsproxy);
	if (nsproxy) {
		e->mount_namespace = BPF_CORE_READ(nsproxy, mnt_ns, ns.inum);
		e->network_namespace = BPF_CORE_READ(nsproxy, net_ns, ns.inum);
	}
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	u32 level = BPF_CORE_READ(pid, level) & 31;
	struct upid upid = {};
	bpf_core_read(&upid.nr, sizeof(upid.nr),
		      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, nr));
	bpf_core_read(&upid.ns, sizeof(upid.ns),
		      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, ns));
	e->pid_in_namespace = upid.nr;
	e->pid_namespace = BPF_CORE_READ(upid.ns, ns.inum);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *session = BPF_CORE_READ(signal, pids[3]);
	e->session = session ? BPF_CORE_READ(session, numbers[0].nr) : 0;
	struct tty_struct *tty = BPF_CORE_READ(signal, tty);
	if (tty) {
		e->flags |= EXEC_HAS_TERMINAL;
		e->terminal_major = BPF_CORE_READ(tty, driver, major);
		e->terminal_index = BPF_CORE_READ(tty, index);
	}
	bpf_core_read_str(e->name, sizeof(e->name), &task->comm);
	return 0;
}

#endif
