/* The files of a machine: a tree in memory, and beside it what of it the disk
 * has, which is all that is left after a crash. */
#include <fcntl.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include "sim/files.h"

#define FILES_DEPTH 64

/* ---- bytes ------------------------------------------------------------- */

static int
content_set(struct tn__content *c, const char *bytes, size_t size)
{
	char *copy = size == 0 ? NULL : tn__sim_zalloc(size);

	if (size > 0) {
		if (copy == NULL)
			return -ENOMEM;
		memcpy(copy, bytes, size);
	}
	tn__free(c->bytes);
	*c = (struct tn__content){ copy, size, size };
	return 0;
}

int
tn__content_write(struct tn__content *c, const char *bytes, size_t size,
    size_t at)
{
	size_t end = at + size;

	if (end > c->room) {
		char *grown = tn__sim_resize(c->bytes, 2 * end);

		if (grown == NULL)
			return -ENOMEM;
		c->bytes = grown;
		c->room = 2 * end;
	}
	if (at > c->size)
		memset(c->bytes + c->size, 0, at - c->size);
	memcpy(c->bytes + at, bytes, size);
	if (end > c->size)
		c->size = end;
	return 0;
}

/* ---- names ------------------------------------------------------------- */

static void
names_free(struct tn__entry *entries)
{
	while (entries != NULL) {
		struct tn__entry *next = entries->next;

		tn__free(entries);
		entries = next;
	}
}

struct tn__entry *
tn__entry_find(const struct tn__node *dir, struct tn_slice name)
{
	for (struct tn__entry *e = dir->entries; e != NULL; e = e->next)
		if (tn_slice_equal(tn_slice_str(e->name), name))
			return e;
	return NULL;
}

static int
names_add(struct tn__entry **entries, struct tn_slice name,
    struct tn__node *node)
{
	struct tn__entry *e = tn__sim_zalloc(sizeof(*e) + name.len + 1);

	if (e == NULL)
		return -ENOMEM;
	memcpy(e->name, name.data, name.len);
	e->node = node;
	while (*entries != NULL)
		entries = &(*entries)->next;
	*entries = e;
	return 0;
}

int
tn__entry_add(struct tn__node *dir, struct tn_slice name,
    struct tn__node *node)
{
	return names_add(&dir->entries, name, node);
}

void
tn__entry_remove(struct tn__node *dir, struct tn__entry *entry)
{
	struct tn__entry **at = &dir->entries;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	tn__free(entry);
}

static int
names_copy(struct tn__entry **to, const struct tn__entry *from)
{
	struct tn__entry *copy = NULL;
	int r = 0;

	for (; from != NULL && r == 0; from = from->next)
		r = names_add(&copy, tn_slice_str(from->name), from->node);
	if (r < 0) {
		names_free(copy);
		return r;
	}
	names_free(*to);
	*to = copy;
	return 0;
}

/* ---- nodes ------------------------------------------------------------- */

struct tn__node *
tn__node_new(struct tn__machine *m, bool directory, unsigned mode)
{
	struct tn__node *node = tn__sim_zalloc(sizeof(*node));

	if (node == NULL)
		return NULL;
	node->directory = directory;
	node->mode = mode & 07777;
	node->inode = ++m->inodes;
	node->modified = tn__world->now;
	tn__list_push_back(&m->nodes, &node->node);
	return node;
}

int
tn__node_sync(struct tn__node *node)
{
	if (node->directory)
		return names_copy(&node->disk_entries, node->entries);
	return content_set(&node->disk, node->now.bytes, node->now.size);
}

struct tn__node *
tn__files_root(struct tn__machine *m)
{
	if (m->root == NULL)
		m->root = tn__node_new(m, true, 0755);
	return m->root;
}

/* Without power everything is as the disk has it. */
void
tn__files_crash(struct tn__machine *m)
{
	TN__LIST_FOR(at, &m->nodes) {
		struct tn__node *node = TN__CONTAINER(at, struct tn__node,
		    node);

		if (node->directory)
			(void)names_copy(&node->entries, node->disk_entries);
		else
			(void)content_set(&node->now, node->disk.bytes,
			    node->disk.size);
	}
}

void
tn__files_free(struct tn__machine *m)
{
	TN__LIST_FOR(at, &m->nodes) {
		struct tn__node *node = TN__CONTAINER(at, struct tn__node,
		    node);

		names_free(node->entries);
		names_free(node->disk_entries);
		tn__free(node->now.bytes);
		tn__free(node->disk.bytes);
		tn__list_remove(at);
		tn__free(node);
	}
}

/* ---- ways through the tree --------------------------------------------- */

/* To the directory of the last component, which is *ret_last: "." when the
 * path ends in a directory by itself. */
int
tn__files_walk(struct tn__node *root, const char *path,
    struct tn__node **ret_dir, struct tn_slice *ret_last)
{
	struct tn__node *dirs[FILES_DEPTH] = { root };
	struct tn_slice rest = tn_slice_str(path), name;
	size_t depth = 0;

	*ret_last = TN_SLICE(".");
	while (rest.data != NULL) {
		const struct tn__entry *entry;

		name = tn_slice_split(&rest, '/');
		if (name.len == 0 || tn_slice_equal(name, TN_SLICE(".")))
			continue;
		if (tn_slice_equal(name, TN_SLICE(".."))) {
			if (depth-- == 0)
				return TN_EESCAPE;
			continue;
		}
		if (rest.data == NULL) {
			*ret_last = name;
			break;
		}
		entry = tn__entry_find(dirs[depth], name);
		if (entry == NULL)
			return -ENOENT;
		if (!entry->node->directory)
			return -ENOTDIR;
		if (++depth == FILES_DEPTH)
			return -ENAMETOOLONG;
		dirs[depth] = entry->node;
	}
	*ret_dir = dirs[depth];
	return 0;
}

/* ---- for tests --------------------------------------------------------- */

static int
files_make(struct tn__machine *m, const char *path, struct tn__node **ret)
{
	struct tn_slice rest = tn_slice_str(path);
	struct tn__node *at = tn__files_root(m);

	while (rest.data != NULL && at != NULL) {
		struct tn_slice name = tn_slice_split(&rest, '/');
		struct tn__entry *entry;
		struct tn__node *made;
		int r;

		if (name.len == 0)
			continue;
		if (!at->directory)
			return -ENOTDIR;
		entry = tn__entry_find(at, name);
		if (entry != NULL) {
			at = entry->node;
			continue;
		}
		made = tn__node_new(m, rest.data != NULL,
		    rest.data != NULL ? 0755 : 0644);
		r = made == NULL ? -ENOMEM : tn__entry_add(at, name, made);
		if (r == 0)
			r = tn__node_sync(at);
		if (r < 0)
			return r;
		at = made;
	}
	*ret = at;
	return at == NULL ? -ENOMEM : at->directory ? -EISDIR : 0;
}

static int
files_fail(int r, const char *verb, const char *host, const char *path)
{
	return tn_error_set(r, "%s %s of simulated host %s: %s", verb, path,
	    host, tn_error_words(r));
}

int
tn_sim_file_write(const char *host, const char *path, struct tn_slice bytes)
{
	struct tn__machine *m = tn__world == NULL ? NULL :
	    tn__sim_machine(host);
	struct tn__node *node;
	int r = m == NULL ? -EINVAL : files_make(m, path, &node);

	if (r == 0)
		r = content_set(&node->now, bytes.data, bytes.len);
	if (r == 0)
		r = tn__node_sync(node);
	return r < 0 ? files_fail(r, "write", host, path) : 0;
}

int
tn_sim_file_read(const char *host, const char *path, struct tn_buffer *ret)
{
	struct tn__machine *m = tn__world == NULL ? NULL :
	    tn__sim_machine(host);
	const struct tn__entry *entry = NULL;
	struct tn__node *dir;
	struct tn_slice last;
	int r = m == NULL ? -EINVAL :
	    tn__files_walk(tn__files_root(m), path, &dir, &last);

	if (r == 0) {
		entry = tn__entry_find(dir, last);
		r = entry == NULL ? -ENOENT :
		    entry->node->directory ? -EISDIR : 0;
	}
	if (entry == NULL || r < 0)
		return files_fail(r, "read", host, path);
	return tn_buffer_append(ret, tn_slice(entry->node->now.bytes,
	    entry->node->now.size));
}
