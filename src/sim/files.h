/* The inside of a simulated machine's files. */
#ifndef TN__SIM_FILES_H
#define TN__SIM_FILES_H

#include "sim/sim.h"

struct tn__content {
	char *bytes;
	size_t size, room;
};

struct tn__entry {
	struct tn__entry *next;
	struct tn__node *node;
	char name[];
};

/* A file or a directory; it stays until the world ends, named or not. */
struct tn__node {
	struct tn__list node; /* in the machine's list */
	bool directory;
	unsigned mode;
	uint64_t inode;
	tn_time modified;
	struct tn__content now, disk;
	struct tn__entry *entries, *disk_entries;
};

int tn__content_write(struct tn__content *c, const char *bytes, size_t size,
    size_t at);
struct tn__entry *tn__entry_find(const struct tn__node *dir,
    struct tn_slice name);
int tn__entry_add(struct tn__node *dir, struct tn_slice name,
    struct tn__node *node);
void tn__entry_remove(struct tn__node *dir, struct tn__entry *entry);
struct tn__node *tn__node_new(struct tn__machine *m, bool directory,
    unsigned mode);
int tn__node_sync(struct tn__node *node); /* to the disk */
struct tn__node *tn__files_root(struct tn__machine *m);
int tn__files_walk(struct tn__node *root, const char *path,
    struct tn__node **ret_dir, struct tn_slice *ret_last);

#endif
