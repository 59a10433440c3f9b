/* The files of a machine: a tree in memory. */
#include <fcntl.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include "sim/files.h"

#define FILES_DEPTH 64

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

/* The disk has a change of a directory when it likes, or when it must. */
static void
names_changed(struct tn__node *dir)
{
	dir->modified = tn__world->now;
	if (tn__sim_below(4) == 0)
		(void)tn__node_sync(dir);
}

int
tn__entry_add(struct tn__node *dir, struct tn_slice name,
    struct tn__node *node)
{
	int r = names_add(&dir->entries, name, node);

	if (r < 0)
		return r;
	node->names++;
	names_changed(dir);
	return 0;
}

static void
names_remove(struct tn__node *dir, struct tn__entry *entry)
{
	struct tn__entry **at = &dir->entries;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	entry->node->names--;
	tn__node_unused(entry->node);
	tn__free(entry);
}

void
tn__entry_remove(struct tn__node *dir, struct tn__entry *entry)
{
	names_remove(dir, entry);
	names_changed(dir);
}

int
tn__entry_rename(struct tn__node *dir, struct tn__entry *entry,
    struct tn_slice to)
{
	struct tn__entry *target = tn__entry_find(dir, to);
	int r;

	if (target == entry)
		return 0;
	r = names_add(&dir->entries, to, entry->node);
	if (r < 0)
		return r;
	entry->node->names++;
	if (target != NULL)
		names_remove(dir, target);
	names_remove(dir, entry);
	names_changed(dir);
	return 0;
}

int
tn__entries_copy(struct tn__entry **to, const struct tn__entry *from)
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
tn__node_new(struct tn__machine *m, enum tn_file_kind kind, unsigned mode)
{
	struct tn__node *node = tn__sim_zalloc(sizeof(*node));

	if (node == NULL)
		return NULL;
	node->machine = m;
	node->kind = kind;
	node->mode = mode & 07777;
	node->inode = ++m->inodes;
	node->modified = tn__world->now;
	tn__list_push_back(&m->nodes, &node->node);
	return node;
}

/* With the two directories that every machine has. */
static int
root_fill(struct tn__machine *m)
{
	static const char *const names[] = { "run", "tmp" };

	for (size_t i = 0; i < TN_COUNT(names); i++) {
		struct tn__node *dir =
		    tn__node_new(m, TN_FILE_DIRECTORY, 0777);
		int r = dir == NULL ? -ENOMEM : tn__entry_add(m->root,
		    tn_slice_str(names[i]), dir);

		if (r < 0)
			return r;
	}
	return tn__node_sync(m->root);
}

struct tn__node *
tn__files_root(struct tn__machine *m)
{
	if (m->root != NULL)
		return m->root;
	m->root = tn__node_new(m, TN_FILE_DIRECTORY, 0755);
	if (m->root != NULL && root_fill(m) < 0)
		m->root = NULL;
	return m->root;
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
		if (entry->node->kind != TN_FILE_DIRECTORY)
			return -ENOTDIR;
		if (++depth == FILES_DEPTH)
			return -ENAMETOOLONG;
		dirs[depth] = entry->node;
	}
	*ret_dir = dirs[depth];
	return 0;
}

int
tn__files_find(struct tn__machine *m, const char *path,
    struct tn__node **ret_dir, struct tn__entry **ret)
{
	struct tn__node *root = tn__files_root(m), *dir;
	struct tn_slice last;
	int r = root == NULL ? -ENOMEM :
	    tn__files_walk(root, path, &dir, &last);

	if (r < 0)
		return r == TN_EESCAPE ? -ENOENT : r;
	*ret = tn__entry_find(dir, last);
	if (ret_dir != NULL)
		*ret_dir = dir;
	return *ret == NULL ? -ENOENT : 0;
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
		if (at->kind != TN_FILE_DIRECTORY)
			return -ENOTDIR;
		entry = tn__entry_find(at, name);
		if (entry != NULL) {
			at = entry->node;
			continue;
		}
		made = rest.data != NULL ?
		    tn__node_new(m, TN_FILE_DIRECTORY, 0755) :
		    tn__node_new(m, TN_FILE_REGULAR, 0644);
		r = made == NULL ? -ENOMEM : tn__entry_add(at, name, made);
		if (r == 0)
			r = tn__node_sync(at);
		if (r < 0)
			return r;
		at = made;
	}
	*ret = at;
	return at == NULL ? -ENOMEM : at->kind == TN_FILE_REGULAR ? 0 :
	    -EISDIR;
}

static int
files_fail(int r, const char *verb, const char *host, const char *path)
{
	return tn_error_set(r, "%s %s of simulated host %s: %s", verb, path,
	    host, tn_error_words(r));
}

static int
files_machine(const char *verb, const char *host, const char *path,
    struct tn__machine **ret)
{
	int r = tn__sim_inside("file of a simulated host");

	if (r < 0)
		return r;
	*ret = tn__sim_machine(host);
	if (*ret == NULL || path == NULL)
		return tn_error_set(-EINVAL, "%s a file of simulated host %s: "
		    "%s", verb, host == NULL ? "NULL" : host, *ret == NULL ?
		    "no host is called so" : "its path is NULL");
	return 0;
}

int
tn_sim_file_write(const char *host, const char *path, struct tn_slice bytes)
{
	struct tn__machine *m;
	struct tn__node *node;
	ssize_t n = 0;
	int r = files_machine("write", host, path, &m);

	if (r < 0)
		return r;
	r = files_make(m, path, &node);
	if (r == 0) {
		tn__node_truncate(node);
		if (bytes.len > 0)
			n = tn__node_write(node, bytes.data, bytes.len, 0);
		r = n < 0 ? (int)n : (size_t)n < bytes.len ? -ENOSPC :
		    tn__node_sync(node);
	}
	return r < 0 ? files_fail(r, "write", host, path) : 0;
}

int
tn_sim_file_read(const char *host, const char *path, struct tn_buffer *ret)
{
	struct tn__entry *entry = NULL;
	struct tn__machine *m;
	int r = files_machine("read", host, path, &m);

	if (r < 0)
		return r;
	r = tn__files_find(m, path, NULL, &entry);
	if (r == 0 && entry->node->kind != TN_FILE_REGULAR)
		r = -EISDIR;
	if (r < 0)
		return files_fail(r, "read", host, path);
	return tn_buffer_append(ret, tn_slice(entry->node->now.bytes,
	    entry->node->now.size));
}
