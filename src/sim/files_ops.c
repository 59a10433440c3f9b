/* The file calls of a simulated machine. */
#include <fcntl.h>
#include <tenon/error.h>
#include "sim/files.h"

struct handle {
	struct tn__thing thing;
	struct tn__node *node;
	int flags;
	size_t position; /* in the list of names */
};

static unsigned
handle_state(struct tn__thing *thing)
{
	return TN__POLL_IN | TN__POLL_OUT;
}

static void
handle_close(struct tn__thing *thing)
{
	struct handle *h = TN__CONTAINER(thing, struct handle, thing);

	tn__thing_forget(thing);
	if (!thing->boot->dead) {
		h->node->opened--;
		tn__node_unused(h->node);
	}
	tn__free(h);
}

static int
handle_new(struct tn__node *node, int flags)
{
	static const struct tn__thing_ops ops = { handle_state, handle_close };
	struct handle *h;
	int fd;

	if (node == NULL)
		return -ENOMEM;
	if (tn__sim_strikes(TN_SIM_NO_DESCRIPTOR))
		return -EMFILE;
	h = tn__sim_zalloc(sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	h->node = node;
	h->flags = flags;
	fd = tn__thing_open(&h->thing, &ops);
	if (fd < 0)
		tn__free(h);
	else
		node->opened++;
	return fd;
}

static int
handle_get(int fd, struct handle **ret)
{
	struct tn__thing *thing = tn__thing_of(fd);

	if (thing == NULL || thing->socket)
		return -EBADF;
	*ret = TN__CONTAINER(thing, struct handle, thing);
	return thing->boot->dead ? -EIO : 0;
}

static int
directory_get(int fd, struct handle **ret)
{
	int r = handle_get(fd, ret);

	return r < 0 ? r :
	    (*ret)->node->kind == TN_FILE_DIRECTORY ? 0 : -ENOTDIR;
}

/* ---- opening ----------------------------------------------------------- */

static struct tn__node *
node_at(struct tn__node *dir, struct tn_slice name)
{
	const struct tn__entry *entry;

	if (tn_slice_equal(name, TN_SLICE(".")))
		return dir;
	entry = tn__entry_find(dir, name);
	return entry == NULL ? NULL : entry->node;
}

static int
sim_open_root(const char *path)
{
	struct tn__node *root = tn__files_root(tn__sim_boot()->machine);
	struct tn__node *dir, *node;
	struct tn_slice last;
	int r;

	if (tn__sim_boot()->dead)
		return -EIO;
	r = root == NULL ? -ENOMEM : tn__files_walk(root, path, &dir, &last);
	if (r < 0)
		return r == TN_EESCAPE ? -ENOENT : r;
	node = node_at(dir, last);
	if (node == NULL || node->kind != TN_FILE_DIRECTORY)
		return node == NULL ? -ENOENT : -ENOTDIR;
	return handle_new(node, O_RDONLY);
}

static bool
flags_write(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
}

static int
open_new(struct tn__node *dir, struct tn_slice name, int flags, unsigned mode)
{
	struct tn__machine *m = tn__sim_boot()->machine;
	struct tn__node *node;
	int r;

	if (tn__sim_strikes(TN_SIM_NO_SPACE))
		return -ENOSPC;
	node = tn__node_new(m, TN_FILE_REGULAR, mode);
	if (node == NULL)
		return -ENOMEM;
	r = name.len == 0 ? 0 : tn__entry_add(dir, name, node);
	return r < 0 ? r : handle_new(node, flags);
}

static int
open_nameless(struct tn__node *dir, int flags, unsigned mode)
{
	if (dir == NULL || dir->kind != TN_FILE_DIRECTORY)
		return dir == NULL ? -ENOENT : -ENOTDIR;
	return open_new(dir, tn_slice(NULL, 0), flags, mode);
}

static int
open_old(struct tn__node *node, int flags)
{
	bool directory = node->kind == TN_FILE_DIRECTORY;

	if (!directory && (flags & O_DIRECTORY))
		return -ENOTDIR;
	if (directory && flags_write(flags))
		return -EISDIR;
	if (node->kind == TN_FILE_OTHER && !(flags & O_PATH))
		return -ENXIO; /* a socket is connected to, not opened */
	if ((flags & O_TRUNC) && flags_write(flags))
		tn__node_truncate(node);
	return handle_new(node, flags);
}

static int
sim_open_beneath(int fd, const char *path, int flags, unsigned mode)
{
	struct tn__node *dir, *node;
	struct handle *h;
	struct tn_slice last;
	size_t len = strlen(path);
	int r = directory_get(fd, &h);

	if (r == 0)
		r = tn__files_walk(h->node, path, &dir, &last);
	if (r < 0)
		return r;
	if (last.len > 255)
		return -ENAMETOOLONG;
	node = node_at(dir, last);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_nameless(node, flags & ~O_TMPFILE, mode);
	if (node != NULL && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (len > 0 && path[len - 1] == '/')
		flags |= O_DIRECTORY;
	if (node != NULL)
		return open_old(node, flags);
	return flags & O_CREAT ? open_new(dir, last, flags, mode) : -ENOENT;
}

static int
sim_close(int fd)
{
	struct tn__thing *thing = tn__thing_of(fd);

	if (thing == NULL)
		return -EBADF;
	thing->ops->close(thing);
	return 0;
}

/* ---- looking ----------------------------------------------------------- */

static void
node_info(const struct tn__node *node, struct tn_file_info *ret)
{
	int64_t wall = (int64_t)1515627155 * TN_SECOND + node->modified;

	*ret = (struct tn_file_info){
		.kind = node->kind,
		.size = (int64_t)node->now.size,
		.modified_ns = wall,
		.changed_ns = wall,
		.device = TN__FILES_DEVICE,
		.inode = node->inode,
		.mode = node->mode,
	};
}

static int
sim_stat(int fd, struct tn_file_info *ret)
{
	struct handle *h;
	int r = handle_get(fd, &h);

	if (r == 0)
		node_info(h->node, ret);
	return r;
}

static int
sim_stat_entry(int dir, const char *name, struct tn_file_info *ret)
{
	const struct tn__entry *entry;
	struct handle *h;
	int r = directory_get(dir, &h);

	if (r < 0)
		return r;
	entry = tn__entry_find(h->node, tn_slice_str(name));
	if (entry == NULL)
		return -ENOENT;
	node_info(entry->node, ret);
	return 0;
}

static ssize_t
sim_read_names(int dir, char *out, size_t size)
{
	struct tn__entry *entry;
	struct handle *h;
	size_t used = 0, i = 0;
	int r = directory_get(dir, &h);

	if (r < 0)
		return r;
	if (tn__sim_strikes(TN_SIM_DISK_ERROR))
		return -EIO;
	for (entry = h->node->entries; entry != NULL; entry = entry->next) {
		size_t len = strlen(entry->name) + 1;

		if (i++ < h->position)
			continue;
		if (used + len > size)
			return used == 0 ? -EINVAL : (ssize_t)used;
		memcpy(out + used, entry->name, len);
		used += len;
		h->position++;
	}
	return (ssize_t)used;
}

/* ---- reading and writing ----------------------------------------------- */

static ssize_t
sim_pread(int fd, void *out, size_t size, int64_t offset, bool cached)
{
	const struct tn__content *c;
	struct handle *h;
	size_t at = (size_t)offset, n;
	int r = handle_get(fd, &h);

	if (r < 0)
		return r;
	if (h->node->kind == TN_FILE_DIRECTORY || offset < 0)
		return offset < 0 ? -EINVAL : -EISDIR;
	if (cached && tn__sim_below(4) == 0)
		return -EAGAIN;
	if (tn__sim_strikes(TN_SIM_DISK_ERROR))
		return -EIO;
	c = &h->node->now;
	n = at >= c->size ? 0 : c->size - at < size ? c->size - at : size;
	if (n > 0)
		memcpy(out, c->bytes + at, n);
	return (ssize_t)n;
}

static ssize_t
sim_pwrite(int fd, const void *bytes, size_t size, int64_t offset)
{
	struct handle *h;
	int r = handle_get(fd, &h);

	if (r < 0)
		return r;
	if (!flags_write(h->flags) || size == 0 || offset < 0)
		return size == 0 ? 0 : offset < 0 ? -EINVAL : -EBADF;
	if (tn__sim_strikes(TN_SIM_DISK_ERROR))
		return -EIO;
	if (tn__sim_strikes(TN_SIM_NO_SPACE))
		return -ENOSPC;
	if (size > 1 && tn__sim_strikes(TN_SIM_SHORT_WRITE))
		size = 1 + (size_t)tn__sim_below(size - 1);
	return tn__node_write(h->node, bytes, size, h->flags & O_APPEND ?
	    h->node->now.size : (size_t)offset);
}

static int
sim_sync(int fd)
{
	struct handle *h;
	int r = handle_get(fd, &h);

	if (r < 0)
		return r;
	if (!tn__sim_strikes(TN_SIM_DISK_ERROR))
		return tn__node_sync(h->node);
	tn__node_sync_fails(h->node);
	return -EIO;
}

/* ---- names ------------------------------------------------------------- */

static int
sim_link(int fd, int dir, const char *name)
{
	struct handle *h, *d;
	int r = handle_get(fd, &h);

	if (r == 0)
		r = directory_get(dir, &d);
	if (r < 0)
		return r;
	if (tn__entry_find(d->node, tn_slice_str(name)) != NULL)
		return -EEXIST;
	if (tn__sim_strikes(TN_SIM_NO_SPACE))
		return -ENOSPC;
	return tn__entry_add(d->node, tn_slice_str(name), h->node);
}

static int
sim_rename(int dir, const char *from, const char *to, bool exclusive)
{
	struct tn__entry *old, *target;
	struct handle *h;
	int r = directory_get(dir, &h);

	if (r < 0)
		return r;
	old = tn__entry_find(h->node, tn_slice_str(from));
	target = tn__entry_find(h->node, tn_slice_str(to));
	if (old == NULL)
		return -ENOENT;
	if (target != NULL && exclusive)
		return -EEXIST;
	if (target != NULL && target->node->kind != old->node->kind &&
	    (target->node->kind == TN_FILE_DIRECTORY ||
	    old->node->kind == TN_FILE_DIRECTORY))
		return target->node->kind == TN_FILE_DIRECTORY ? -EISDIR :
		    -ENOTDIR;
	if (tn__sim_strikes(TN_SIM_DISK_ERROR))
		return -EIO;
	return tn__entry_rename(h->node, old, tn_slice_str(to));
}

static int
sim_unlink(int dir, const char *name)
{
	struct tn__entry *entry;
	struct handle *h;
	int r = directory_get(dir, &h);

	if (r < 0)
		return r;
	entry = tn__entry_find(h->node, tn_slice_str(name));
	if (entry == NULL)
		return -ENOENT;
	if (entry->node->kind == TN_FILE_DIRECTORY)
		return -EISDIR;
	tn__entry_remove(h->node, entry);
	return 0;
}

const struct tn__os_ops tn__sim_os = {
	.open_root = sim_open_root,
	.open_beneath = sim_open_beneath,
	.stat = sim_stat,
	.stat_entry = sim_stat_entry,
	.read_names = sim_read_names,
	.pread = sim_pread,
	.pwrite = sim_pwrite,
	.sync = sim_sync,
	.link = sim_link,
	.rename = sim_rename,
	.unlink = sim_unlink,
	.close = sim_close,
};
