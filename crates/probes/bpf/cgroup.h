/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which control group a task is in, and what its directories are called. */
#ifndef VEDETTE_CGROUP_H
#define VEDETTE_CGROUP_H

/* Where a node keeps its parent. Asked once: within a loop the compiler would read both fields ahead of the question. */
static __always_inline u64 offset_of_parent(void)
{
	u64 offset;
	if (bpf_core_field_exists(struct kernfs_node___since_6_15, __parent)) {
		offset = bpf_core_field_offset(struct kernfs_node___since_6_15, __parent);
		only_here(offset);
	} else {
		offset = bpf_core_field_offset(struct kernfs_node___before_6_15, parent);
		only_here(offset);
	}
	return offset;
}

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn, u64 offset)
{
	return *(struct kernfs_node **)((void *)kn + offset);
}

static __always_inline struct kernfs_node *v1_node(struct css_set *set, u64 subsystem)
{
	/* the enumeration differs between kernels: the index is known when the program is loaded, not before */
	u64 at = bpf_core_field_offset(struct css_set, subsys) + subsystem * sizeof(void *);
	struct cgroup_subsys_state *css = *(struct cgroup_subsys_state **)((void *)set + at);
	if (!css)
		return 0;
	struct cgroup *cg = css->cgroup;
	if (!cg || cg->level == 0)
		return 0;
	return cg->kn;
}

#define TRY_V1(set, id)                                                                                          \
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, id)) {                                              \
		struct kernfs_node *kn = v1_node(set, bpf_core_enum_value(enum cgroup_subsys_id, id));            \
		if (kn) {                                                                                         \
			*is_v1 = 1;                                                                               \
			return kn;                                                                                \
		}                                                                                                 \
	}

/* The unified hierarchy where the task is in a group of it; otherwise the first v1 controller that holds it. */
static __always_inline struct kernfs_node *cgroup_node(struct task_struct *task, bool *is_v1)
{
	*is_v1 = 0;
	struct css_set *set = task->cgroups;
	if (!set)
		return 0;
	struct cgroup *unified = set->dfl_cgrp;
	if (unified && unified->level > 0)
		return unified->kn;
	TRY_V1(set, pids_cgrp_id)
	TRY_V1(set, devices_cgrp_id)
	TRY_V1(set, memory_cgrp_id)
	TRY_V1(set, cpu_cgrp_id)
	return unified ? unified->kn : 0;
}

static __always_inline u64 cgroup_id_of(struct task_struct *task)
{
	bool is_v1 = 0;
	struct kernfs_node *kn = cgroup_node(task, &is_v1);
	if (!kn)
		return 0;
	return is_v1 ? kn->id | CGROUP_V1_BIT : kn->id;
}

/* Before 5.11 only the unified hierarchy's answer is to be had here. */
static __always_inline u64 current_cgroup(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return cgroup_id_of(bpf_get_current_task_btf());
	return bpf_get_current_cgroup_id();
}

/*
 * Names from the leaf upwards. A process can bury itself under many directories of its own, and the container's
 * name is near the top: the walk goes all the way up first, then names the topmost levels.
 */
static __always_inline void append_cgroup(struct scratch *s, struct task_struct *task)
{
	bool is_v1 = 0;
	struct kernfs_node *kn = cgroup_node(task, &is_v1);
	struct kernfs_node *at = kn;
	u64 parent = offset_of_parent();
	u32 depth = 0;
	if (!kn)
		return;
	for (int i = 0; i < 64; i++) {
		struct kernfs_node *up = kernfs_parent(at, parent);
		if (!up)
			break;
		at = up;
		depth++;
	}
	s->exec.header.cgroup = kn->id;
	if (is_v1) {
		s->exec.flags |= EXEC_CGROUP_V1;
		s->exec.header.cgroup |= CGROUP_V1_BIT;
	}
	for (int i = 0; i < 64; i++) {
		if (depth <= CGROUP_LEVELS_MAX)
			break;
		kn = kernfs_parent(kn, parent);
		if (!kn)
			return;
		depth--;
		s->exec.flags |= EXEC_CGROUP_TRUNCATED;
	}
	u32 before = s->used;
	for (int i = 0; i < CGROUP_LEVELS_MAX; i++) {
		struct kernfs_node *up = kernfs_parent(kn, parent);
		if (!up)
			break; /* the root has no name */
		append_name(s, kn->name);
		kn = up;
	}
	s->exec.cgroup_length = s->used - before;
}

#endif
