/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Facts of a task that an exec record and a snapshot record share. */
#ifndef VEDETTE_PROCESS_H
#define VEDETTE_PROCESS_H

static __always_inline void header(struct record_header *h, u16 kind, u32 length, u32 pid, u64 cgroup)
{
	h->length = length;
	h->kind = kind;
	h->abi = ABI_VERSION;
	h->time_ns = bpf_ktime_get_boot_ns();
	h->cgroup = cgroup;
	h->pid = pid;
	h->cpu = bpf_get_smp_processor_id();
}

static __always_inline void identify(struct record_process *p, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	p->pid = task->tgid;
	p->reserved = 0;
	p->start_ns = leader ? leader->start_boottime : 0;
}

static __always_inline struct record_process current_process(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct record_process process = {.pid = bpf_get_current_pid_tgid() >> 32};
	process.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	return process;
}

static __always_inline void describe_ancestor(struct record_ancestor *a, struct task_struct *leader)
{
	a->pid = leader->tgid;
	a->start_ns = leader->start_boottime;
	a->cgroup = cgroup_id_of(leader);
	a->executable_device = 0;
	a->executable_inode = 0;
	a->executable_changed_ns = 0;
	bpf_probe_read_kernel(a->name, sizeof(a->name), &leader->comm);
	struct mm_struct *mm = leader->mm;
	struct file *exe = mm ? mm->exe_file : 0;
	struct inode *inode = exe ? exe->f_inode : 0;
	if (!inode)
		return;
	a->executable_device = inode->i_sb->s_dev;
	a->executable_inode = inode->i_ino;
	a->executable_changed_ns = changed_ns(inode);
}

/* The parent always; the whole line when it may decide something. */
static __always_inline void append_ancestors(struct scratch *s, struct task_struct *task, u32 most)
{
	u32 count = 0;
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		struct task_struct *parent = task->real_parent;
		if (i >= most || !parent || parent->tgid == 0)
			break;
		struct task_struct *leader = parent->group_leader;
		u32 at = s->used;
		if (!leader || at >= TAIL_MAX - sizeof(struct record_ancestor))
			break;
		at &= TAIL_MAX - 8;
		describe_ancestor((void *)&s->tail[at], leader);
		s->used = at + sizeof(struct record_ancestor);
		task = leader;
		count++;
	}
	s->exec.ancestors = count;
}

static __always_inline void fill_executable(struct record_exec *e, struct file *exe)
{
	struct inode *inode = exe->f_inode;
	if (!inode)
		return;
	struct super_block *file_system = inode->i_sb;
	e->executable_device = file_system->s_dev;
	e->executable_inode = inode->i_ino;
	e->executable_changed_ns = changed_ns(inode);
	e->executable_size = inode->i_size;
	e->executable_links = inode->i_nlink;
	e->executable_mode = inode->i_mode;
	e->executable_magic = file_system->s_magic;
	if (e->executable_magic == OVERLAYFS_MAGIC && in_upper_layer(inode))
		e->flags |= EXEC_OVERLAY_UPPER;
}

static __always_inline void fill_credentials(struct record_exec *e, struct task_struct *task)
{
	const struct cred *cred = task->cred;
	if (!cred)
		return;
	e->uid = cred->uid.val;
	e->gid = cred->gid.val;
	e->effective_uid = cred->euid.val;
	e->effective_gid = cred->egid.val;
	bpf_core_read(&e->effective_capabilities, 8, &cred->cap_effective);
	e->user_namespace = cred->user_ns->ns.inum;
	struct task_struct___audit *audit = (void *)task;
	e->login_uid = bpf_core_field_exists(audit->loginuid) ? BPF_CORE_READ(audit, loginuid.val) : ~0u;
}

static __always_inline void fill_namespaces(struct record_exec *e, struct task_struct *task)
{
	struct nsproxy *nsproxy = task->nsproxy;
	if (nsproxy) {
		e->mount_namespace = nsproxy->mnt_ns->ns.inum;
		e->network_namespace = nsproxy->net_ns->ns.inum;
	}
	struct task_struct *leader = task->group_leader;
	struct pid *pid = leader ? leader->thread_pid : 0;
	if (!pid)
		return;
	/* one entry for each level of namespaces, the innermost last */
	void *last = (void *)untyped(pid) + bpf_core_field_offset(struct pid, numbers) +
		     (pid->level & 31) * bpf_core_type_size(struct upid);
	struct upid upid = {};
	bpf_core_read(&upid.nr, sizeof(upid.nr), last + bpf_core_field_offset(struct upid, nr));
	bpf_core_read(&upid.ns, sizeof(upid.ns), last + bpf_core_field_offset(struct upid, ns));
	e->pid_in_namespace = upid.nr;
	e->pid_namespace = BPF_CORE_READ(upid.ns, ns.inum);
}

static __always_inline void fill_session(struct record_exec *e, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct pid *session = signal->pids[3];
	if (session)
		bpf_core_read(&e->session, sizeof(e->session), &session->numbers[0].nr);
	struct tty_struct *tty = signal->tty;
	if (tty) {
		e->flags |= EXEC_HAS_TERMINAL;
		e->terminal_major = tty->driver->major;
		e->terminal_index = tty->index;
	}
}

/* Everything but paths, descriptors, arguments and environment. */
static __always_inline void fill_process(struct scratch *s, struct task_struct *task)
{
	struct record_exec *e = &s->exec;
	__builtin_memset(e, 0, sizeof(*e));
	s->used = 0;
	identify(&e->process, task);
	fill_credentials(e, task);
	fill_namespaces(e, task);
	fill_session(e, task);
	bpf_probe_read_kernel(e->name, sizeof(e->name), &task->comm);
}

#endif
