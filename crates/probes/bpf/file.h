/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Files: identity, where they live, and their path as the process sees it. */
#ifndef VEDETTE_FILE_H
#define VEDETTE_FILE_H

static __always_inline u64 changed_ns(struct inode *inode)
{
	struct inode___since_6_11 *split = (void *)inode;
	struct inode___before_6_11 *renamed = (void *)inode;
	struct inode___before_6_6 *old = (void *)inode;
	u64 seconds, nanoseconds;
	if (bpf_core_field_exists(split->i_ctime_sec)) {
		seconds = split->i_ctime_sec;
		nanoseconds = split->i_ctime_nsec;
		only_here(seconds);
	} else if (bpf_core_field_exists(renamed->__i_ctime)) {
		seconds = renamed->__i_ctime.tv_sec;
		nanoseconds = renamed->__i_ctime.tv_nsec;
		only_here(seconds);
	} else {
		seconds = old->i_ctime.tv_sec;
		nanoseconds = old->i_ctime.tv_nsec;
		only_here(seconds);
	}
	return seconds * 1000000000ULL + nanoseconds;
}

/* overlayfs embeds the inode in its own structure; the pointer right behind it is the copy in the upper layer. */
static __always_inline bool in_upper_layer(struct inode *inode)
{
	void *upper = 0;
	bpf_core_read(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
	return upper != 0;
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* Appends the names of the path from the leaf up to the process's root; returns 1 when it had to stop before. */
__noinline int append_names_upwards(u64 dentry_at, u64 vfsmount_at, u64 task, u32 slot)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	struct dentry *dentry = (void *)dentry_at;
	struct vfsmount *vfsmount = (void *)vfsmount_at;
	struct fs_struct *fs = BPF_CORE_READ((struct task_struct *)task, fs);
	struct dentry *root = BPF_CORE_READ(fs, root.dentry);
	struct vfsmount *root_mount = BPF_CORE_READ(fs, root.mnt);
	for (int i = 0; i < PATH_LEVELS_MAX; i++) {
		if (dentry == root && vfsmount == root_mount)
			return 0;
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == BPF_CORE_READ(vfsmount, mnt_root) || dentry == parent) {
			struct mount *mount = mount_of(vfsmount);
			struct mount *up = BPF_CORE_READ(mount, mnt_parent);
			if (up == mount || dentry != BPF_CORE_READ(vfsmount, mnt_root)) {
				/* the top of the mount tree, or an unmounted file (memfd): its own name counts */
				if (up == mount && dentry == BPF_CORE_READ(vfsmount, mnt_root))
					return 0;
				append_name(s, BPF_CORE_READ(dentry, d_name.name));
				return 0;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			vfsmount = (void *)up + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		if (!append_name(s, BPF_CORE_READ(dentry, d_name.name)))
			return 1;
		dentry = parent;
	}
	return 1;
}

/* The same; within one mount, where most paths end, without a call for each pointer. */
static __always_inline int append_path(struct path *path, struct task_struct *task, u32 slot)
{
	struct scratch *s = scratch_of(slot);
	struct fs_struct *fs = task->fs;
	if (!s || !fs)
		return 0;
	struct dentry *dentry = path->dentry, *root = fs->root.dentry;
	struct vfsmount *mount = path->mnt;
	bool in_root_mount = mount == fs->root.mnt;
	if (!mount)
		return 0;
	struct dentry *top = mount->mnt_root;
	for (int i = 0; i < PATH_LEVELS_MAX; i++) {
		if (!dentry || (in_root_mount && dentry == root))
			return 0;
		struct dentry *parent = dentry->d_parent;
		if (dentry == top || dentry == parent)
			return append_names_upwards((u64)untyped(dentry), (u64)untyped(mount), (u64)untyped(task), slot);
		if (!append_name(s, dentry->d_name.name))
			return 1;
		dentry = parent;
	}
	return 1;
}

#endif
