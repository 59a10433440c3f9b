/* tenon/file.h - files beneath a directory, read without blocking a loop.
 *
 * A struct tn_dir is a root: paths opened in it are relative, use "/", and can
 * never leave it, not by "..", not by an absolute or symbolic link, not by a
 * rename during the call (openat2(2) RESOLVE_BENEATH; where the kernel has none
 * a walk component by component, at most 127 directories deep).  "" is the
 * root itself, ".." and links are followed as long as they stay inside, and a
 * "/" at the end asks for a directory.  File names are bytes.
 *
 * Every function that takes a path fails with TN_EESCAPE when it leads out of
 * the root, -EINVAL for a NUL in it, -ENOENT, -ENOTDIR, -EACCES, -ELOOP,
 * -ENAMETOOLONG, -EMFILE as the kernel does.  Several threads may use a tn_dir
 * or a tn_file at once; a tn_replace belongs to one fiber. */
#ifndef TENON_FILE_H
#define TENON_FILE_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_dir;
struct tn_file;

enum tn_file_kind {
	TN_FILE_REGULAR,
	TN_FILE_DIRECTORY,
	TN_FILE_LINK,
	TN_FILE_OTHER, /* device, socket, pipe */
};

struct tn_file_info {
	enum tn_file_kind kind;
	int64_t size;        /* bytes */
	int64_t modified_ns; /* since 1970 */
	int64_t changed_ns;  /* of the inode */
	uint64_t device, inode;
	unsigned mode; /* permission bits */
};

/* The directory `path` of the process's own view.  -ENOENT, -ENOTDIR, ... */
TN_API TN_CHECK int tn_dir_open(const char *path, struct tn_dir **ret);
TN_API void tn_dir_free(struct tn_dir *dir);
TN_DEFINE_CLEANUP(struct tn_dir, tn_dir_free)

/* Opens for reading.  -EISDIR for a directory; devices, sockets and pipes are
 * refused with -EACCES (a look inside opens them for a moment, which neither
 * waits for a writer nor takes a terminal).  -EAGAIN while another program
 * holds a lease on the file. */
TN_API TN_CHECK int tn_dir_open_file(struct tn_dir *dir, struct tn_slice path,
    struct tn_file **ret);

/* What the path names, links followed; so the kind is never TN_FILE_LINK. */
TN_API TN_CHECK int tn_dir_stat(struct tn_dir *dir, struct tn_slice path,
    struct tn_file_info *ret);

struct tn_dir_entry {
	char *name; /* bytes, NUL at the end */
	struct tn_file_info info; /* of what a link leads to, when inside */
	bool link;
};

struct tn_dir_list {
	struct tn_dir_entry *entries; /* in the order of their bytes */
	size_t count;
	bool truncated; /* there were more than `max` */
};

/* The entries of a directory beneath `dir`, without "." and "..": the first
 * `max` of them.  Of these are left out those that vanish meanwhile, and links
 * that tn_dir_stat() would refuse, because they lead out, in a circle or to
 * nothing. */
TN_API TN_CHECK int tn_dir_list(struct tn_dir *dir, struct tn_slice path,
    size_t max, struct tn_dir_list *ret);
TN_API void tn_dir_list_free(struct tn_dir_list *list);

/* As it was when the file was opened. */
TN_API void tn_file_info(const struct tn_file *file, struct tn_file_info *ret);

/* Up to `size` bytes from `offset`, perhaps fewer; 0 at the end.  What is in
 * the page cache is read right here, the rest on a worker thread. */
TN_API TN_CHECK ssize_t tn_file_read(struct tn_file *file, void *ret,
    size_t size, int64_t offset);

/* Makes sure that the next sendfile of `size` bytes from `offset` finds its
 * pages in memory; what the file grew since it was opened does not count.  A
 * file of which all was there is not asked about again for a second. */
TN_API TN_CHECK int tn_file_prepare(struct tn_file *file, int64_t offset,
    int64_t size);
TN_API int tn_file_fileno(const struct tn_file *file);

/* A file without a name in the directory `path`, to be written and read back:
 * what does not fit in memory.  It is gone with tn_file_free(), or with the
 * process.  -EACCES, -ENOSPC, -EROFS, ... */
TN_API TN_CHECK int tn_dir_open_temporary(struct tn_dir *dir,
    struct tn_slice path, struct tn_file **ret);
/* Puts bytes there, all of them or an error; -EBADF for a file that was opened
 * for reading.  No two writes at once, and no read of what is being written.
 * tn_file_info() and tn_file_prepare() know the size that it has now. */
TN_API TN_CHECK int tn_file_write(struct tn_file *file, struct tn_slice bytes,
    int64_t offset);

TN_API void tn_file_free(struct tn_file *file);
TN_DEFINE_CLEANUP(struct tn_file, tn_file_free)

/* Atomic replace: write to a nameless or temporary file (".tenon-" and 16
 * digits) beside the goal, then tn_replace_commit() syncs it and puts it in
 * place under its name in one step.  Freed without a commit nothing has
 * happened.  A link of that name is itself replaced, a directory never:
 * -EISDIR, as for a path that ends in "/", "." or "..".  The permission bits
 * are `mode` less the umask. */
struct tn_replace;

TN_API TN_CHECK int tn_replace_open(struct tn_dir *dir, struct tn_slice path,
    unsigned mode, struct tn_replace **ret);
TN_API TN_CHECK int tn_replace_write(struct tn_replace *r,
    struct tn_slice bytes);
/* With `exclusive`, -EEXIST when the name is taken.  After a failed write that
 * failure again.  0 means that the file and its name are on the disk; should
 * only the last step, syncing the directory, fail, the file is in place and
 * the error line says so.  A cancellation or deadline that comes while it works
 * is left to the next wait.  Frees `r` in any case. */
TN_API TN_CHECK int tn_replace_commit(struct tn_replace *r, bool exclusive);
TN_API void tn_replace_free(struct tn_replace *r);
TN_DEFINE_CLEANUP(struct tn_replace, tn_replace_free)

/* A file that is only added to, such as a log: each write lands at its end in
 * one piece, whoever else adds to it.  Several threads may write at once. */
struct tn_append;

/* Opens it, or makes it with the permission bits `mode` less the umask.
 * -EISDIR for a directory, -EACCES for a device, socket or pipe. */
TN_API TN_CHECK int tn_append_open(struct tn_dir *dir, struct tn_slice path,
    unsigned mode, struct tn_append **ret);
/* -ENOSPC and the like; then part of it may be there, and what is written next
 * begins a line of its own. */
TN_API TN_CHECK int tn_append_write(struct tn_append *a,
    struct tn_slice bytes);
TN_API void tn_append_free(struct tn_append *a);
TN_DEFINE_CLEANUP(struct tn_append, tn_append_free)

#ifdef __cplusplus
}
#endif

#endif
