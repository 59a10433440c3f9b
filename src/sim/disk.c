/* What a machine's disk has of its files.
 *
 * Names reach it in the order in which they were given and taken, some before
 * anybody asks: so after a crash a directory is as it was at its last sync, or
 * a few steps later.  Bytes reach it in sectors, in any order, and a sector
 * may be torn: so of what was not synced a part survives, by seed. */
#include "sim/files.h"

#define DISK_SECTOR 512

/* ---- bytes ------------------------------------------------------------- */

static int
content_reserve(struct tn__content *c, size_t size)
{
	char *grown;

	if (size <= c->room)
		return 0;
	grown = tn__sim_resize(c->bytes, 2 * size);
	if (grown == NULL)
		return -ENOMEM;
	c->bytes = grown;
	c->room = 2 * size;
	return 0;
}

/* What is new in between is zero. */
static int
content_size(struct tn__content *c, size_t size)
{
	int r = content_reserve(c, size);

	if (r == 0 && size > c->size)
		memset(c->bytes + c->size, 0, size - c->size);
	if (r == 0)
		c->size = size;
	return r;
}

static void
content_copy(struct tn__content *to, const struct tn__content *from,
    size_t start, size_t end)
{
	if (end > from->size)
		end = from->size;
	if (end > to->size)
		end = to->size;
	if (start < end)
		memcpy(to->bytes + start, from->bytes + start, end - start);
}

/* A sector has the new bytes, the old ones, or a few of the new first. */
static void
content_tear(struct tn__content *to, const struct tn__content *from,
    size_t start, size_t end)
{
	while (start < end) {
		size_t next = start - start % DISK_SECTOR + DISK_SECTOR;
		size_t torn;

		if (next > end)
			next = end;
		switch (tn__sim_below(3)) {
		case 0:
			torn = start;
			break;
		case 1:
			torn = next;
			break;
		default:
			torn = start + (size_t)tn__sim_below(next - start);
		}
		content_copy(to, from, start, torn);
		start = next;
	}
}

/* ---- writing and syncing ----------------------------------------------- */

static void
node_dirty(struct tn__node *node, size_t from, size_t to)
{
	if (node->dirty_from == node->dirty_to) {
		node->dirty_from = from;
		node->dirty_to = to;
		return;
	}
	if (from < node->dirty_from)
		node->dirty_from = from;
	if (to > node->dirty_to)
		node->dirty_to = to;
}

ssize_t
tn__node_write(struct tn__node *node, const char *bytes, size_t size,
    size_t at)
{
	size_t before = node->now.size, end = at + size;
	int64_t left = node->machine->bytes_left;
	int r = 0;

	if (end > before && (int64_t)(end - before) > left) {
		if (left <= 0 || before + (size_t)left <= at)
			return -ENOSPC;
		end = before + (size_t)left;
	}
	if (end > before)
		r = content_size(&node->now, end);
	if (r < 0)
		return r;
	if (end > before)
		node->machine->bytes_left -= (int64_t)(end - before);
	memcpy(node->now.bytes + at, bytes, end - at);
	node_dirty(node, at < before ? at : before, end);
	node->modified = tn__world->now;
	return (ssize_t)(end - at);
}

void
tn__node_truncate(struct tn__node *node)
{
	node->machine->bytes_left += (int64_t)node->now.size;
	node->now.size = 0;
	node->dirty_from = node->dirty_to = 0;
	node->modified = tn__world->now;
}

int
tn__node_sync(struct tn__node *node)
{
	int r;

	if (node->kind == TN_FILE_DIRECTORY)
		return tn__entries_copy(&node->disk_entries, node->entries);
	r = content_size(&node->disk, node->now.size);
	if (r < 0)
		return r;
	content_copy(&node->disk, &node->now, node->dirty_from,
	    node->dirty_to);
	node->dirty_from = node->dirty_to = 0;
	return 0;
}

/* As Linux has it: what could not be written counts as written. */
void
tn__node_sync_fails(struct tn__node *node)
{
	if (node->kind == TN_FILE_DIRECTORY ||
	    content_size(&node->disk, node->now.size) < 0)
		return;
	content_tear(&node->disk, &node->now, node->dirty_from,
	    node->dirty_to);
	node->dirty_from = node->dirty_to = 0;
}

void
tn__node_unused(struct tn__node *node)
{
	if (node->names == 0 && node->opened == 0)
		node->machine->bytes_left += (int64_t)node->now.size;
}

/* ---- crashes ----------------------------------------------------------- */

static void
crash_file(struct tn__node *node)
{
	size_t least = node->disk.size, most = node->now.size, size;

	if (least > most) {
		least = most;
		most = node->disk.size;
	}
	size = tn__sim_below(2) ? node->now.size :
	    least + (size_t)tn__sim_below(most - least + 1);
	if (content_size(&node->disk, size) < 0)
		return;
	content_tear(&node->disk, &node->now, node->dirty_from,
	    node->dirty_to);
	if (content_size(&node->now, size) == 0)
		content_copy(&node->now, &node->disk, 0, size);
	node->dirty_from = node->dirty_to = 0;
}

static struct tn__node *
node_of(struct tn__list *at)
{
	return TN__CONTAINER(at, struct tn__node, node);
}

/* Without power everything is as the disk has it. */
void
tn__files_crash(struct tn__machine *m)
{
	m->bytes_left = tn__world->options.disk_bytes;
	TN__LIST_FOR(at, &m->nodes) {
		struct tn__node *node = node_of(at);

		node->names = node->opened = 0;
		node->socket = NULL;
		if (node->kind == TN_FILE_DIRECTORY)
			(void)tn__entries_copy(&node->entries,
			    node->disk_entries);
		else
			crash_file(node);
	}
	TN__LIST_FOR(at, &m->nodes) {
		for (struct tn__entry *e = node_of(at)->entries; e != NULL;
		     e = e->next)
			if (e->node->names++ == 0)
				m->bytes_left -= (int64_t)e->node->now.size;
	}
}
