/* What the modules of os/ share: the handle of a root, paths from strangers,
 * their place in an error line, and work for a worker thread. */
#ifndef TN__OS_H
#define TN__OS_H

#include "os/host.h"

struct tn_dir {
	const struct tn__os_ops *os; /* of the thread that opened it */
	int fd;
	char path[]; /* for error lines only */
};

/* 0 when `path` may be handed to open_beneath(); -EINVAL for a NUL in it,
 * TN_EESCAPE for one that begins with "/", -ENAMETOOLONG. */
int tn__os_path_check(struct tn_slice path);

/* Bytes that a checked path needs as a string, and the string: "." for the
 * empty path. */
size_t tn__os_path_size(struct tn_slice path);
void tn__os_path_copy(char *out, struct tn_slice path);

/* Checked and copied to memory that is the caller's to free. */
int tn__os_path_dup(struct tn_slice path, char **ret);

/* ".tenon-" and 16 digits: a name for a while, which nobody has. */
#define TN__OS_TEMPORARY_SIZE 32
#define TN__OS_TEMPORARY_TRIES 8 /* should somebody have it after all */
void tn__os_temporary_name(char out[TN__OS_TEMPORARY_SIZE]);
/* Whether O_TMPFILE failed only because it cannot be had there. */
bool tn__os_needs_name(int code);

/* Sets the error line, "open a/b.txt in /srv: permission denied", with
 * a hint where there is one.  `in` may be NULL.  Returns `code`. */
int tn__os_error(int code, const char *verb, struct tn_slice path,
    const char *in);

/* As tn_offload(), but where no worker is to be had `fn` runs right here: late
 * is better than never.  `fn` sets no error line, which would be the
 * worker's. */
int tn__os_offload(int (*fn)(void *arg), void *arg, int *ret);

/* Follows `path` component by component: open_beneath() without openat2(2).
 * `flags` is complete. */
int tn__os_walk(int root, const char *path, int flags, unsigned mode);

#endif
