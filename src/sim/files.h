/* The inside of a simulated machine's files. */
#ifndef TN__SIM_FILES_H
#define TN__SIM_FILES_H

#include "sim/sim.h"

#define TN__FILES_DEVICE 1

struct tn__content {
	char *bytes;
	size_t size, room;
};

struct tn__entry {
	struct tn__entry *next;
	struct tn__node *node;
	char name[];
};

/* A file, a directory or a Unix socket's file; it stays until the world ends,
 * named or not. */
struct tn__node {
	struct tn__list node; /* in the machine's list */
	struct tn__machine *machine;
	enum tn_file_kind kind; /* TN_FILE_OTHER: a socket's */
	unsigned mode;
	uint64_t inode;
	tn_time modified;
	size_t names, opened; /* without both it takes no space */
	/* What programs see, what the disk has, and what of the former was
	 * written since the latter was synced. */
	struct tn__content now, disk;
	size_t dirty_from, dirty_to;
	struct tn__entry *entries, *disk_entries;
	struct tn__sim_socket *socket; /* NULL once it is closed */
};

/* disk.c: what is written, what is synced, and what a crash leaves */
/* At most what there is space for: how many, or -ENOSPC. */
ssize_t tn__node_write(struct tn__node *node, const char *bytes, size_t size,
    size_t at);
void tn__node_truncate(struct tn__node *node);
int tn__node_sync(struct tn__node *node);
/* The disk says no: nobody knows what it has, and it will not try again. */
void tn__node_sync_fails(struct tn__node *node);
void tn__node_unused(struct tn__node *node); /* when it is: its space returns */

/* files.c */
struct tn__entry *tn__entry_find(const struct tn__node *dir,
    struct tn_slice name);
/* Each is one step for the disk, which has it at once, or when it is synced. */
int tn__entry_add(struct tn__node *dir, struct tn_slice name,
    struct tn__node *node);
void tn__entry_remove(struct tn__node *dir, struct tn__entry *entry);
int tn__entry_rename(struct tn__node *dir, struct tn__entry *entry,
    struct tn_slice to);
int tn__entries_copy(struct tn__entry **to, const struct tn__entry *from);
struct tn__node *tn__node_new(struct tn__machine *m, enum tn_file_kind kind,
    unsigned mode);
struct tn__node *tn__files_root(struct tn__machine *m);
int tn__files_walk(struct tn__node *root, const char *path,
    struct tn__node **ret_dir, struct tn_slice *ret_last);
/* The whole way from the root; `ret_dir` may be NULL.  -ENOENT. */
int tn__files_find(struct tn__machine *m, const char *path,
    struct tn__node **ret_dir, struct tn__entry **ret);

#endif
