/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The bytes a probe writes. Mirrored field by field in crates/probe-abi; sizes are asserted on both sides.
 * All integers are little-endian, all structures are packed by construction (no implicit padding).
 */
#ifndef VEDETTE_ABI_H
#define VEDETTE_ABI_H

#define ABI_VERSION 2

#define ANCESTORS_MAX 6
#define CGROUP_LEVELS_MAX 8
#define PATH_LEVELS_MAX 40
#define DESCRIPTORS_MAX 16	  /* of the process itself */
#define PARENT_DESCRIPTORS_MAX 24 /* of its parent */
#define SNAPSHOT_DESCRIPTORS_MAX 160 /* as many as the tail holds beside the paths */
#define ARGUMENTS_MAX 4096
#define ENVIRONMENT_HEAD_MAX 2048
#define ENVIRONMENT_TAIL_MAX 2048

enum record_kind {
	RECORD_EXEC = 1,
	RECORD_FORK = 2,
	RECORD_EXIT = 3,
	RECORD_SOCKET = 4,
	RECORD_TASK = 5,
	RECORD_KINDS = 6,
};

enum descriptor_kind {
	DESCRIPTOR_CLOSED = 0,
	DESCRIPTOR_INTERNET = 1,
	DESCRIPTOR_UNIX = 2,
	DESCRIPTOR_PIPE = 3,
	DESCRIPTOR_FIFO = 4,
	DESCRIPTOR_PTY_SLAVE = 5,
	DESCRIPTOR_PTY_MASTER = 6,
	DESCRIPTOR_REGULAR = 7,
	DESCRIPTOR_CHARACTER = 8,
	DESCRIPTOR_OTHER_SOCKET = 9,
	DESCRIPTOR_OTHER = 10,
};

enum socket_direction { DIRECTION_UNKNOWN = 0, DIRECTION_CONNECTED = 1, DIRECTION_ACCEPTED = 2 };

/* flags of struct record_exec */
#define EXEC_ARGUMENTS_TRUNCATED 0x01
#define EXEC_ENVIRONMENT_TRUNCATED 0x02
#define EXEC_DESCRIPTORS_TRUNCATED 0x04
#define EXEC_PARENT_DESCRIPTORS_TRUNCATED 0x08
#define EXEC_PATH_TRUNCATED 0x10
#define EXEC_CGROUP_TRUNCATED 0x20
#define EXEC_CGROUP_V1 0x40
#define EXEC_HAS_TERMINAL 0x80
#define EXEC_ARGUMENTS_UNREADABLE 0x100
#define EXEC_OVERLAY_UPPER 0x200
#define EXEC_NOT_EXECUTED 0x400

/* a cgroup id of a v1 hierarchy: the hierarchies number their directories independently */
#define CGROUP_V1_BIT (1ULL << 63)

struct record_header {
	unsigned int length; /* of the whole record, bytes */
	unsigned short kind;
	unsigned short abi;
	unsigned long long time_ns; /* since boot, suspend included */
	unsigned long long cgroup;
	unsigned int pid; /* thread group */
	unsigned int cpu;
};

struct record_process {
	unsigned int pid;
	unsigned int reserved;
	unsigned long long start_ns;
};

struct record_descriptor {
	unsigned int number;
	unsigned char kind;
	unsigned char access; /* 1 read, 2 write */
	unsigned char state;  /* sockets: the kernel's sk_state */
	unsigned char direction;
	unsigned short family;
	unsigned short protocol;
	unsigned short local_port;
	unsigned short remote_port;
	unsigned long long inode;
	unsigned long long peer; /* UNIX sockets: inode of the other end */
	unsigned char local[16];
	unsigned char remote[16];
	unsigned int device; /* device of the file system the object lives in */
	unsigned int index;  /* terminal index, or major << 20 | minor of a character device */
	unsigned int network_namespace;
	unsigned int reserved;
};

struct record_ancestor {
	unsigned int pid;
	unsigned int executable_device;
	unsigned long long start_ns;
	unsigned long long executable_inode;
	unsigned long long executable_changed_ns;
	unsigned long long cgroup;
	char name[16];
};

struct record_fork {
	struct record_header header;
	struct record_process child;
	struct record_process parent;
};

struct record_exit {
	struct record_header header;
	struct record_process process;
	int status;
	unsigned int reserved;
};

struct record_socket {
	struct record_header header;
	struct record_process process; /* pid 0: in an interrupt */
	struct record_descriptor socket;
};

/* RECORD_EXEC and RECORD_TASK. The tail follows: descriptors, the parent's, its parent's, ancestors, then the byte strings
 * in the order of the length fields. Paths and cgroups are names from the leaf upwards, each ended by NUL. */
struct record_exec {
	struct record_header header;
	struct record_process process;
	unsigned int pid_in_namespace;
	unsigned int session;
	unsigned int uid;
	unsigned int gid;
	unsigned int effective_uid;
	unsigned int effective_gid;
	unsigned int login_uid;
	unsigned int flags;
	unsigned long long effective_capabilities;
	unsigned int pid_namespace;
	unsigned int mount_namespace;
	unsigned int network_namespace;
	unsigned int user_namespace;
	unsigned int terminal_major;
	unsigned int terminal_index;
	char name[16];
	unsigned int executable_device;
	unsigned int executable_links;
	unsigned int executable_mode;
	unsigned int reserved;
	unsigned long long executable_inode;
	unsigned long long executable_changed_ns;
	unsigned long long executable_size;
	unsigned long long executable_magic;
	unsigned short ancestors;
	unsigned short descriptors;
	unsigned short parent_descriptors;
	unsigned short path_length;
	unsigned short invoked_as_length;
	unsigned short working_directory_length;
	unsigned short cgroup_length;
	unsigned short arguments_length;
	unsigned short environment_length;
	unsigned short environment_head; /* where the cut is, when truncated */
	unsigned int grandparent_descriptors;
};

_Static_assert(sizeof(struct record_header) == 32, "record_header");
_Static_assert(sizeof(struct record_process) == 16, "record_process");
_Static_assert(sizeof(struct record_descriptor) == 80, "record_descriptor");
_Static_assert(sizeof(struct record_ancestor) == 56, "record_ancestor");
_Static_assert(sizeof(struct record_fork) == 64, "record_fork");
_Static_assert(sizeof(struct record_exit) == 56, "record_exit");
_Static_assert(sizeof(struct record_socket) == 128, "record_socket");
_Static_assert(sizeof(struct record_exec) == 200, "record_exec");

#endif
