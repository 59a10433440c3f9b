/* The kernel's files: this and the walk beside it are the only files of os/
 * that make system calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <tenon/error.h>
#include <unistd.h>

#include "base/result.h"
#include "os/os.h"

/* What older libcs lack, from the kernel's headers. */
#define LINUX_RESOLVE_NO_MAGICLINKS 0x02
#define LINUX_RESOLVE_BENEATH 0x08
#define LINUX_RENAME_NOREPLACE 1
#define LINUX_RWF_NOWAIT 8

struct linux_open_how {
	uint64_t flags, mode, resolve;
};

struct linux_entry { /* getdents64(2) */
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

/* A ".." that meets a rename anywhere on the machine makes openat2(2) give up
 * with EAGAIN; after so many attempts it is the turn of the walk, which cannot
 * be disturbed. */
#define LINUX_ATTEMPTS 16

/* ---- opening ------------------------------------------------------------- */

static int
linux_open_root(const char *path)
{
	return TN__RESULT(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int
linux_open_flags(int flags)
{
	if (flags & O_PATH) /* openat2(2) takes no more beside it */
		return flags | O_CLOEXEC;
	return flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_LARGEFILE;
}

static bool
linux_is_nameless(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

/* A nameless file that is to get its name later is of use only where it can,
 * and without CAP_DAC_READ_SEARCH kernels before 6.10 want /proc for that. */
static bool
linux_is_in_vain(int flags)
{
	return linux_is_nameless(flags) && !(flags & O_EXCL) &&
	    access("/proc/self/fd", X_OK) < 0;
}

static int
linux_walk_beneath(int dir, const char *path, int flags, unsigned mode)
{
	if (linux_is_in_vain(flags))
		return -EOPNOTSUPP;
	return tn__os_walk(dir, path, linux_open_flags(flags), mode);
}

static int
linux_openat2(int dir, const char *path, int flags, unsigned mode)
{
	struct linux_open_how how = {
		.flags = (uint64_t)linux_open_flags(flags),
		.resolve = LINUX_RESOLVE_BENEATH | LINUX_RESOLVE_NO_MAGICLINKS,
	};
	int r;

	if ((flags & O_CREAT) || linux_is_nameless(flags))
		how.mode = mode & 07777; /* elsewhere it must be 0 */
	for (int i = 1;; i++) {
		r = (int)TN__RESULT(
		    syscall(SYS_openat2, dir, path, &how, sizeof(how)));
		if ((r != -EAGAIN && r != -EINTR) || i == LINUX_ATTEMPTS)
			return r;
	}
}

static int
linux_open_beneath(int dir, const char *path, int flags, unsigned mode)
{
	static atomic_bool without; /* this kernel, or what emulates one */
	int r;

	if (linux_is_in_vain(flags))
		return -EOPNOTSUPP;
	if (atomic_load_explicit(&without, memory_order_relaxed))
		return linux_walk_beneath(dir, path, flags, mode);

	r = linux_openat2(dir, path, flags, mode);
	switch (r) {
	case -EXDEV:
		return TN_EESCAPE;
	case -ENOSYS:
		atomic_store_explicit(&without, true, memory_order_relaxed);
		return linux_walk_beneath(dir, path, flags, mode);
	case -EINTR:
	case -EAGAIN:
	case -EPERM: /* a container's filter that does not know the call */
		return linux_walk_beneath(dir, path, flags, mode);
	default:
		return r;
	}
}

/* ---- looking ------------------------------------------------------------- */

static enum tn_file_kind
linux_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return TN_FILE_REGULAR;
	case S_IFDIR:
		return TN_FILE_DIRECTORY;
	case S_IFLNK:
		return TN_FILE_LINK;
	default:
		return TN_FILE_OTHER;
	}
}

static int64_t
linux_nanoseconds(const struct timespec *t)
{
	int64_t ns;

	/* Nobody's clock, but a file may say the year 2400. */
	if (__builtin_mul_overflow((int64_t)t->tv_sec, 1000000000, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)t->tv_nsec, &ns))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static void
linux_info(const struct stat *st, struct tn_file_info *ret)
{
	*ret = (struct tn_file_info){
		.kind = linux_kind(st->st_mode),
		.size = st->st_size,
		.modified_ns = linux_nanoseconds(&st->st_mtim),
		.changed_ns = linux_nanoseconds(&st->st_ctim),
		.device = st->st_dev,
		.inode = st->st_ino,
		.mode = st->st_mode & 07777,
	};
}

static int
linux_stat(int fd, struct tn_file_info *ret)
{
	struct stat st;
	int r = TN__RESULT(fstat(fd, &st));

	if (r == 0)
		linux_info(&st, ret);
	return r;
}

static int
linux_stat_entry(int dir, const char *name, struct tn_file_info *ret)
{
	struct stat st;
	int r = TN__RESULT(fstatat(dir, name, &st,
	    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT));

	if (r == 0)
		linux_info(&st, ret);
	return r;
}

/* The records of getdents64(2) in `out`, `size` bytes, become bare names in
 * the same place: a name is shorter than its record. */
static ssize_t
linux_bare_names(char *out, size_t size)
{
	size_t used = 0;
	uint16_t step;

	for (size_t at = 0; at < size; at += step) {
		const char *entry = out + at;
		const char *name = entry + offsetof(struct linux_entry, name);
		size_t len = strlen(name) + 1;

		memcpy(&step, entry + offsetof(struct linux_entry, size),
		    sizeof(step));
		memmove(out + used, name, len);
		used += len;
	}
	return (ssize_t)used;
}

static ssize_t
linux_read_names(int dir, char *out, size_t size)
{
	long n = TN__RESULT(syscall(SYS_getdents64, dir, out, size));

	return n <= 0 ? n : linux_bare_names(out, (size_t)n);
}

/* ---- reading and writing ------------------------------------------------- */

/* File systems whose reads may wait for another machine or program. */
static const uint32_t linux_remote[] = {
	0x00006969, /* NFS */
	0x0000517b, /* SMB */
	0xff534d42, /* CIFS */
	0xfe534d42, /* SMB2 */
	0x65735546, /* FUSE */
	0x01021997, /* 9P */
	0x00c36400, /* Ceph */
	0x5346414f, /* OpenAFS */
	0x6b414653, /* AFS */
	0x73757245, /* Coda */
	0x7461636f, /* OCFS2 */
	0x01161970, /* GFS2 */
	0x0bd00bd0, /* Lustre */
};

static bool
linux_is_remote(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < TN_COUNT(linux_remote); i++)
		if ((uint32_t)fs.f_type == linux_remote[i])
			return true;
	return false;
}

static ssize_t
linux_pread_cached(int fd, void *out, size_t size, int64_t offset)
{
	struct iovec part = { out, size };
	/* The kernel puts the halves together; on 64 bits the high one falls
	 * off again. */
	unsigned long low = (unsigned long)offset;
	unsigned long high = (unsigned long)((uint64_t)offset >> 32);
	long n = TN__RESULT(
	    syscall(SYS_preadv2, fd, &part, 1, low, high, LINUX_RWF_NOWAIT));

	if (n == -EINTR)
		return -EAGAIN;
	if (n != -EOPNOTSUPP && n != -ENOSYS)
		return n;
	return linux_is_remote(fd) ? -EAGAIN : -EOPNOTSUPP;
}

static ssize_t
linux_pread(int fd, void *out, size_t size, int64_t offset, bool cached)
{
	ssize_t n;

	if (cached)
		return linux_pread_cached(fd, out, size, offset);
	do
		n = TN__RESULT(pread(fd, out, size, offset));
	while (n == -EINTR);
	return n;
}

static ssize_t
linux_pwrite(int fd, const void *bytes, size_t size, int64_t offset)
{
	ssize_t n;

	do
		n = TN__RESULT(pwrite(fd, bytes, size, offset));
	while (n == -EINTR);
	return n;
}

static int
linux_sync(int fd)
{
	return TN__RESULT(fsync(fd));
}

/* ---- names --------------------------------------------------------------- */

static int
linux_link(int fd, int dir, const char *name)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	int r = TN__RESULT(linkat(fd, "", dir, name, AT_EMPTY_PATH));

	if (r != -ENOENT) /* which says: not without CAP_DAC_READ_SEARCH */
		return r;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return TN__RESULT(linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW));
}

static int
linux_unlink(int dir, const char *name)
{
	return TN__RESULT(unlinkat(dir, name, 0));
}

static int
linux_rename(int dir, const char *from, const char *to, bool exclusive)
{
	int r;

	if (!exclusive)
		return TN__RESULT(renameat(dir, from, dir, to));
	r = (int)TN__RESULT(syscall(SYS_renameat2, dir, from, dir, to,
	    LINUX_RENAME_NOREPLACE));
	if (r != -EINVAL && r != -ENOSYS)
		return r;
	/* This file system cannot; a second name is as exclusive. */
	r = TN__RESULT(linkat(dir, from, dir, to, 0));
	return r < 0 ? r : linux_unlink(dir, from);
}

static int
linux_close(int fd)
{
	return TN__RESULT(close(fd));
}

#define LINUX_OPS(beneath)                                                     \
	{                                                                      \
		.open_root = linux_open_root, .open_beneath = (beneath),       \
		.stat = linux_stat, .stat_entry = linux_stat_entry,            \
		.read_names = linux_read_names, .pread = linux_pread,          \
		.pwrite = linux_pwrite, .sync = linux_sync,                    \
		.link = linux_link, .rename = linux_rename,                    \
		.unlink = linux_unlink, .close = linux_close,                  \
	}

const struct tn__os_ops tn__os_linux = LINUX_OPS(linux_open_beneath);
const struct tn__os_ops tn__os_linux_walk = LINUX_OPS(linux_walk_beneath);
