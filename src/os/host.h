/* The seam of os/: every file call the library makes.  Results are >= 0 or
 * -errno.  host_linux.c has the kernel's; a simulated world brings its own. */
#ifndef TN__OS_HOST_H
#define TN__OS_HOST_H

#include <sys/types.h>
#include <tenon/file.h>

struct tn__os_ops {
	/* A directory by path, in the process's view: an O_PATH-like handle. */
	int (*open_root)(const char *path);
	/* Beneath `dir` and never out of it (TN_EESCAPE); `flags` and `mode` as
	 * openat(2), CLOEXEC always, NONBLOCK and NOCTTY unless O_PATH.  `path`
	 * "." is dir itself.  O_TMPFILE without O_EXCL fails with -EOPNOTSUPP
	 * where link() could not name the file later. */
	int (*open_beneath)(int dir, const char *path, int flags,
	    unsigned mode);
	int (*stat)(int fd, struct tn_file_info *ret);
	/* One entry of an open directory, without following a link. */
	int (*stat_entry)(int dir, const char *name, struct tn_file_info *ret);
	/* Names of an open directory, NUL-ended one behind another, in `out`,
	 * "." and ".." among them; bytes written, 0 at the end.  -EINVAL when
	 * not even one fits: 512 bytes are enough. */
	ssize_t (*read_names)(int dir, char *out, size_t size);
	/* -EAGAIN when `cached` and the bytes are not in memory or may have to
	 * come from another machine, -EOPNOTSUPP when a local file system
	 * cannot tell. */
	ssize_t (*pread)(int fd, void *out, size_t size, int64_t offset,
	    bool cached);
	ssize_t (*pwrite)(int fd, const void *bytes, size_t size,
	    int64_t offset);
	/* A file, or the names in a directory. */
	int (*sync)(int fd);
	/* Within the same directory handle. */
	int (*link)(int fd, int dir, const char *name); /* O_TMPFILE */
	int (*rename)(int dir, const char *from, const char *to,
	    bool exclusive);
	int (*unlink)(int dir, const char *name);
	int (*close)(int fd);
};

extern const struct tn__os_ops tn__os_linux;
/* The same as if the kernel had no openat2(2), for tests. */
extern const struct tn__os_ops tn__os_linux_walk;

/* The present thread's: tn__host()->os, or the kernel's. */
const struct tn__os_ops *tn__os(void);

#endif
