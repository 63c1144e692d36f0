/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which control group a task is in, and what its directories are called. */
#ifndef VEDETTE_CGROUP_H
#define VEDETTE_CGROUP_H

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___since_6_15 *renamed = (void *)kn;
	if (bpf_core_field_exists(renamed->__parent))
		return BPF_CORE_READ(renamed, __parent);
	struct kernfs_node___before_6_15 *old = (void *)kn;
	return BPF_CORE_READ(old, parent);
}

static __always_inline struct kernfs_node *v1_node(struct css_set *set, u32 subsystem)
{
	struct cgroup_subsys_state *css = 0;
	bpf_core_read(&css, sizeof(css), (void *)set + bpf_core_field_offset(struct css_set, subsys) +
						 subsystem * sizeof(void *));
	if (!css)
		return 0;
	struct cgroup *cg = BPF_CORE_READ(css, cgroup);
	if (!cg || BPF_CORE_READ(cg, level) == 0)
		return 0;
	return BPF_CORE_READ(cg, kn);
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
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *unified = BPF_CORE_READ(set, dfl_cgrp);
	*is_v1 = 0;
	if (unified && BPF_CORE_READ(unified, level) > 0)
		return BPF_CORE_READ(unified, kn);
	TRY_V1(set, pids_cgrp_id)
	TRY_V1(set, devices_cgrp_id)
	TRY_V1(set, memory_cgrp_id)
	TRY_V1(set, cpu_cgrp_id)
	return unified ? BPF_CORE_READ(unified, kn) : 0;
}

static __always_inline u64 cgroup_id_of(struct task_struct *task)
{
	bool is_v1 = 0;
	struct kernfs_node *kn = cgroup_node(task, &is_v1);
	if (!kn)
		return 0;
	u64 id = BPF_CORE_READ(kn, id);
	return is_v1 ? id | CGROUP_V1_BIT : id;
}

/*
 * Names from the leaf upwards. A process can bury itself under many directories of its own, and the container's
 * name is near the top: the walk goes all the way up first, then names the topmost levels.
 */
__noinline int append_cgroup(u64 task, u32 slot)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	bool is_v1 = 0;
	struct kernfs_node *kn = cgroup_node((struct task_struct *)task, &is_v1);
	struct kernfs_node *at = kn;
	u32 depth = 0;
	if (!kn)
		return 0;
	for (int i = 0; i < 64; i++) {
		struct kernfs_node *up = kernfs_parent(at);
		if (!up)
			break;
		at = up;
		depth++;
	}
	s->exec.header.cgroup = BPF_CORE_READ(kn, id);
	if (is_v1) {
		s->exec.flags |= EXEC_CGROUP_V1;
		s->exec.header.cgroup |= CGROUP_V1_BIT;
	}
	for (int i = 0; i < 64; i++) {
		if (depth <= CGROUP_LEVELS_MAX)
			break;
		kn = kernfs_parent(kn);
		depth--;
		s->exec.flags |= EXEC_CGROUP_TRUNCATED;
	}
	u32 before = s->used;
	for (int i = 0; i < CGROUP_LEVELS_MAX; i++) {
		struct kernfs_node *up = kernfs_parent(kn);
		if (!up)
			break; /* the root has no name */
		append_name(s, BPF_CORE_READ(kn, name));
		kn = up;
	}
	s->exec.cgroup_length = s->used - before;
	return 0;
}

#endif
