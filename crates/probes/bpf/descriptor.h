/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What an open descriptor is: the edge of the channel graph. */
#ifndef VEDETTE_DESCRIPTOR_H
#define VEDETTE_DESCRIPTOR_H

/* How a socket came to be connected; filled by the socket state probe, read when a descriptor is described. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, u64);
	__type(value, u8);
} directions SEC(".maps");

static __always_inline u64 socket_inode(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	if (!socket)
		return 0;
	struct socket_alloc *alloc = (void *)socket - bpf_core_field_offset(struct socket_alloc, socket);
	return BPF_CORE_READ(alloc, vfs_inode.i_ino);
}

static __always_inline void describe_internet(struct record_descriptor *d, struct sock *sk, u16 family)
{
	u64 key = (u64)sk;
	d->kind = DESCRIPTOR_INTERNET;
	d->family = family;
	d->protocol = BPF_CORE_READ(sk, sk_protocol);
	d->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	d->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	d->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	d->network_namespace = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (family == AF_INET) {
		BPF_CORE_READ_INTO((__be32 *)d->local, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__be32 *)d->remote, sk, __sk_common.skc_daddr);
	} else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		BPF_CORE_READ_INTO((struct in6_addr *)d->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)d->remote, sk, __sk_common.skc_v6_daddr);
	}
	u8 *direction = bpf_map_lookup_elem(&directions, &key);
	d->direction = direction ? *direction : DIRECTION_UNKNOWN;
}

static __always_inline void describe_vsock(struct record_descriptor *d, struct sock *sk)
{
	struct vsock_sock *v = (void *)sk;
	d->kind = DESCRIPTOR_INTERNET;
	d->family = AF_VSOCK;
	d->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (!bpf_core_type_exists(struct vsock_sock))
		return;
	d->local_port = BPF_CORE_READ(v, local_addr.svm_port);
	d->remote_port = BPF_CORE_READ(v, remote_addr.svm_port);
	BPF_CORE_READ_INTO((u32 *)d->local, v, local_addr.svm_cid);
	BPF_CORE_READ_INTO((u32 *)d->remote, v, remote_addr.svm_cid);
}

static __always_inline void describe_socket(struct record_descriptor *d, struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	if (!sk)
		return;
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family == AF_INET || family == AF_INET6) {
		describe_internet(d, sk, family);
	} else if (family == AF_VSOCK) {
		describe_vsock(d, sk);
	} else if (family == AF_UNIX) {
		d->kind = DESCRIPTOR_UNIX;
		d->state = BPF_CORE_READ(sk, __sk_common.skc_state);
		d->protocol = BPF_CORE_READ(sk, sk_type);
		if (bpf_core_type_exists(struct unix_sock)) {
			struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
			if (peer)
				d->peer = socket_inode(peer);
		}
	} else {
		d->kind = DESCRIPTOR_OTHER_SOCKET;
		d->family = family;
	}
}

/* The devpts mount a terminal belongs to. The slave's driver data is its directory entry there. */
static __always_inline u32 devpts_device(struct tty_struct *slave)
{
	struct dentry *entry = BPF_CORE_READ(slave, driver_data);
	return entry ? BPF_CORE_READ(entry, d_sb, s_dev) : 0;
}

/* The same, asked at the master: it keeps the mount itself, also when nobody has the slave open. */
static __always_inline u32 devpts_device_of_master(struct tty_struct *master)
{
	if (!bpf_core_type_exists(struct pts_fs_info))
		return devpts_device(BPF_CORE_READ(master, link));
	struct pts_fs_info *mounted = BPF_CORE_READ(master, driver_data);
	return mounted ? BPF_CORE_READ(mounted, sb, s_dev) : 0;
}

#define PTY_MASTER_MAJOR 128
#define PTY_SLAVE_MAJOR 136

static __always_inline void describe_terminal(struct record_descriptor *d, struct file *file)
{
	struct tty_file_private *private = BPF_CORE_READ(file, private_data);
	struct tty_struct *tty = BPF_CORE_READ(private, tty);
	if (!tty)
		return;
	u32 major = BPF_CORE_READ(tty, driver, major);
	if (major >= PTY_SLAVE_MAJOR && major < PTY_SLAVE_MAJOR + 8) {
		d->kind = DESCRIPTOR_PTY_SLAVE;
		d->device = devpts_device(tty);
	} else if (major >= PTY_MASTER_MAJOR && major < PTY_SLAVE_MAJOR) {
		d->kind = DESCRIPTOR_PTY_MASTER;
		d->device = devpts_device_of_master(tty);
	} else {
		return;
	}
	d->index = BPF_CORE_READ(tty, index);
}

/* Fills `d`; returns 1 when the object can carry data to another process or host. */
static __always_inline bool describe(struct record_descriptor *d, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	u32 mode = BPF_CORE_READ(inode, i_mode);
	u32 type = mode & S_IFMT;
	d->access = BPF_CORE_READ(file, f_mode) & 3;
	d->inode = BPF_CORE_READ(inode, i_ino);
	d->device = BPF_CORE_READ(inode, i_sb, s_dev);
	d->kind = DESCRIPTOR_OTHER;
	if (type == S_IFSOCK) {
		if (BPF_CORE_READ(inode, i_sb, s_magic) != SOCKFS_MAGIC)
			return 0;
		describe_socket(d, file);
		return d->kind != DESCRIPTOR_OTHER;
	}
	if (type == S_IFIFO) {
		bool pipe = BPF_CORE_READ(inode, i_sb, s_magic) == PIPEFS_MAGIC;
		d->kind = pipe ? DESCRIPTOR_PIPE : DESCRIPTOR_FIFO;
		return 1;
	}
	if (type == S_IFCHR) {
		u32 rdev = BPF_CORE_READ(inode, i_rdev);
		u32 major = rdev >> 20;
		d->kind = DESCRIPTOR_CHARACTER;
		d->index = rdev;
		/* /dev/tty (5:0), /dev/ptmx (5:2) and /dev/pts/N */
		if (major == 5 || (major >= PTY_SLAVE_MAJOR && major < PTY_SLAVE_MAJOR + 8))
			describe_terminal(d, file);
		return d->kind != DESCRIPTOR_CHARACTER;
	}
	if (type == S_IFREG)
		d->kind = DESCRIPTOR_REGULAR;
	return 0;
}

/* Describes one descriptor into the tail if it carries data; 0, 1 and 2 always. */
__noinline int append_descriptor(u64 file, u32 number, u32 slot)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	u32 at = s->used;
	if (at >= TAIL_MAX - sizeof(struct record_descriptor) || s->kept >= s->most) {
		s->cut = 1;
		return 0;
	}
	at &= TAIL_MAX - 8;
	struct record_descriptor *d = (void *)&s->tail[at];
	__builtin_memset(d, 0, sizeof(*d));
	d->number = number;
	bool carries = file ? describe(d, (struct file *)file) : 0;
	if (!carries && number > 2)
		return 0;
	s->used = at + sizeof(*d);
	s->kept++;
	return 0;
}

#define STANDARD 7 /* the bits of descriptors 0, 1 and 2 */

/* One word of the table of open descriptors; standard ones when they are asked for, open or not. */
__noinline int append_word(u64 fds, u64 open, u32 word, u32 standard, u32 slot)
{
	u64 bits = 0;
	bpf_probe_read_kernel(&bits, sizeof(bits), (u64 *)open + word);
	if (word == 0)
		bits = (bits & ~STANDARD) | standard;
	for (u32 bit = 0; bit < 64; bit++) {
		if (!bits)
			break;
		if (!(bits & 0xff)) {
			bits >>= 8;
			bit += 7;
			continue;
		}
		if (bits & 1) {
			u64 file = 0;
			bpf_probe_read_kernel(&file, sizeof(file), (u64 *)fds + word * 64 + bit);
			append_descriptor(file, word * 64 + bit, slot);
		}
		bits >>= 1;
	}
	return 0;
}

#define WORDS_AT_EXEC 16   /* descriptors below 1,024 */
#define WORDS_EVER 1024	   /* below 65,536 */

/* Appends the descriptors of a task, up to `most`; `kept` and `cut` of the scratch say the outcome. */
__noinline int append_descriptors(u64 task, u32 most, u32 words, u32 slot)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	s->kept = 0;
	s->most = most;
	s->cut = 0;
	struct files_struct *files = BPF_CORE_READ((struct task_struct *)task, files);
	if (!files)
		return 0;
	struct fdtable *table = BPF_CORE_READ(files, fdt);
	u64 fds = (u64)BPF_CORE_READ(table, fd);
	u64 open = (u64)BPF_CORE_READ(table, open_fds);
	u32 max = BPF_CORE_READ(table, max_fds);
	if (max > words * 64)
		s->cut = 1;
	for (u32 word = 0; word < WORDS_EVER; word++) {
		if (word >= words || word * 64 >= max || s->kept >= most)
			break;
		append_word(fds, open, word, STANDARD, slot);
	}
	return 0;
}

#define EMBEDDED_MAX 64 /* descriptors of a process that never had more: their table is part of its files_struct */

/* Appends a file that carries nothing to anybody, as most standard streams are, without a call; tells whether it is one. */
static __always_inline bool append_quiet(struct scratch *s, struct file *file, u32 number)
{
	struct inode *inode = file ? file->f_inode : 0;
	u32 type = inode ? inode->i_mode & S_IFMT : 0;
	u32 major = type == S_IFCHR ? inode->i_rdev >> 20 : 0;
	bool terminal = major == 5 || (major >= PTY_SLAVE_MAJOR && major < PTY_SLAVE_MAJOR + 8);
	u32 at = s->used;
	if (at >= TAIL_MAX - sizeof(struct record_descriptor) || terminal || (type != S_IFCHR && type != S_IFREG))
		return 0;
	at &= TAIL_MAX - 8;
	struct record_descriptor *d = (void *)&s->tail[at];
	__builtin_memset(d, 0, sizeof(*d));
	d->number = number;
	d->kind = type == S_IFCHR ? DESCRIPTOR_CHARACTER : DESCRIPTOR_REGULAR;
	d->index = type == S_IFCHR ? inode->i_rdev : 0;
	d->access = file->f_mode & 3;
	d->inode = inode->i_ino;
	d->device = inode->i_sb->s_dev;
	s->used = at + sizeof(*d);
	s->kept++;
	return 1;
}

#define APPEND_STANDARD(number, opened)                                                                           \
	({                                                                                                       \
		struct file *standard = opened;                                                                  \
		if (!append_quiet(s, standard, number))                                                          \
			append_descriptor((u64)untyped(standard), number, slot);                                 \
	})

extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym __weak; /* since 6.2 */
#define typed_file(number) bpf_rdonly_cast(of[number], bpf_core_type_id_kernel(struct file))

#define USUAL_WORDS 4 /* a process that had up to 256 descriptors: a shell that runs a script, and all that it starts */

/* The descriptors of the task that is just executing: as `append_descriptors`, faster for what is usual. */
static __always_inline void append_own_descriptors(struct scratch *s, struct task_struct *task, u32 most, u32 slot)
{
	struct files_struct *files = task->files;
	struct fdtable *table = files ? files->fdt : 0;
	u32 max = table ? table->max_fds : 0;
	bool has_types = bpf_ksym_exists(bpf_rdonly_cast);
	if (max < EMBEDDED_MAX || max > USUAL_WORDS * 64 || (max > EMBEDDED_MAX && !has_types)) {
		append_descriptors((u64)untyped(task), most, WORDS_AT_EXEC, slot);
		return;
	}
	s->kept = 0;
	s->most = most;
	s->cut = 0;
	void *fds = untyped(table->fd), *open_fds = untyped(table->open_fds);
	if (has_types) {
		void *of[3] = {};
		bpf_probe_read_kernel(of, sizeof(of), fds);
		APPEND_STANDARD(0, typed_file(0));
		APPEND_STANDARD(1, typed_file(1));
		APPEND_STANDARD(2, typed_file(2));
	} else {
		APPEND_STANDARD(0, files->fd_array[0]);
		APPEND_STANDARD(1, files->fd_array[1]);
		APPEND_STANDARD(2, files->fd_array[2]);
	}
	u64 open[USUAL_WORDS] = {};
	u32 words = max / 64;
	bpf_probe_read_kernel(open, words > 1 ? sizeof(open) : sizeof(open[0]), open_fds);
	open[0] &= ~(u64)STANDARD;
	for (u32 word = 0; word < USUAL_WORDS; word++) {
		if (word < words && open[word])
			append_word((u64)fds, (u64)open_fds, word, 0, slot);
	}
}

#endif
