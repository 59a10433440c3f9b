/* Unix sockets: their names on one machine, and pairs that have none. */
#include <sys/un.h>
#include "sim/files.h"

/* ---- names ------------------------------------------------------------- */

static bool
name_equal(const struct tn__name *a, const struct tn__name *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

int
tn__unix_name(const struct tn_address *address, struct tn__name *ret)
{
	size_t before = offsetof(struct sockaddr_un, sun_path);
	struct tn__name name = { 0 };

	if (address->size <= before ||
	    address->size - before > sizeof(name.bytes))
		return -EINVAL;
	name.size = address->size - before;
	memcpy(name.bytes, (const char *)&address->storage + before,
	    name.size);
	if (name.bytes[0] != '\0') /* a path, with its NUL */
		name.size = strnlen(name.bytes, sizeof(name.bytes) - 1) + 1;
	*ret = name;
	return 0;
}

int
tn__unix_find(struct tn__machine *m, const struct tn__name *name,
    struct tn__sim_socket **ret)
{
	struct tn__entry *entry;
	int r;

	if (name->bytes[0] != '\0') {
		r = tn__files_find(m, name->bytes, NULL, &entry);
		if (r < 0)
			return r;
		*ret = entry->node->socket;
		return *ret == NULL ? -ECONNREFUSED : 0;
	}
	TN__LIST_FOR(node, &m->bound) {
		struct tn__sim_socket *s =
		    TN__CONTAINER(node, struct tn__sim_socket, bound);

		if (s->family != AF_UNIX || !name_equal(&s->name, name))
			continue;
		*ret = s;
		return 0;
	}
	return -ECONNREFUSED;
}

static int
unix_make_file(struct tn__sim_socket *s, const char *path)
{
	struct tn__node *root = tn__files_root(s->thing.boot->machine), *dir;
	struct tn_slice last;
	int r = root == NULL ? -ENOMEM :
	    tn__files_walk(root, path, &dir, &last);

	if (r < 0)
		return r == TN_EESCAPE ? -ENOENT : r;
	if (tn_slice_equal(last, TN_SLICE(".")) ||
	    tn__entry_find(dir, last) != NULL)
		return -EADDRINUSE;
	s->file = tn__node_new(dir->machine, TN_FILE_OTHER, 0755);
	if (s->file == NULL)
		return -ENOMEM;
	s->file->socket = s;
	return tn__entry_add(dir, last, s->file);
}

int
tn__unix_bind(struct tn__sim_socket *s, const struct tn_address *to)
{
	struct tn__machine *m = s->thing.boot->machine;
	struct tn__sim_socket *other;
	struct tn__name name;
	int r = tn__unix_name(to, &name);

	if (r < 0 || s->name.size > 0)
		return r < 0 ? r : -EINVAL;
	if (name.bytes[0] != '\0')
		r = unix_make_file(s, name.bytes);
	else if (tn__unix_find(m, &name, &other) == 0)
		r = -EADDRINUSE;
	if (r < 0)
		return r;
	s->name = name;
	tn__list_push_back(&m->bound, &s->bound);
	return 0;
}

/* ---- their files ------------------------------------------------------- */

int
tn__unix_chmod(const char *path, unsigned mode)
{
	struct tn__entry *entry;
	int r = tn__files_find(tn__sim_boot()->machine, path, NULL, &entry);

	if (r == 0)
		entry->node->mode = mode & 07777;
	return r;
}

int
tn__unix_lstat(const char *path, struct stat *ret)
{
	static const unsigned kinds[] = {
		[TN_FILE_REGULAR] = S_IFREG,
		[TN_FILE_DIRECTORY] = S_IFDIR,
		[TN_FILE_OTHER] = S_IFSOCK,
	};
	struct tn__entry *entry;
	int r = tn__files_find(tn__sim_boot()->machine, path, NULL, &entry);

	if (r == 0)
		*ret = (struct stat){ .st_mode = kinds[entry->node->kind] |
			    entry->node->mode,
			.st_ino = entry->node->inode,
			.st_dev = TN__FILES_DEVICE };
	return r;
}

int
tn__unix_unlink(const char *path)
{
	struct tn__entry *entry;
	struct tn__node *dir;
	int r = tn__files_find(tn__sim_boot()->machine, path, &dir, &entry);

	if (r == 0 && entry->node->kind == TN_FILE_DIRECTORY)
		r = -EISDIR;
	if (r == 0)
		tn__entry_remove(dir, entry);
	return r;
}

/* ---- pairs ------------------------------------------------------------- */

static struct tn__end *
end_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__end, socket);
}

static struct tn__mailbox *
mailbox_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__mailbox, socket);
}

static void
pair_streams(struct tn__end *a, struct tn__end *b)
{
	a->peer = b;
	b->peer = a;
	a->far = b->far = a->socket.thing.boot->machine;
	a->state = b->state = TN__END_CONNECTED;
}

static const struct unix_kind {
	int type;
	int (*open)(int family, int protocol, struct tn__sim_socket **ret);
} unix_kinds[] = {
	{ SOCK_STREAM, tn__unix_stream_open },
	{ SOCK_SEQPACKET, tn__unix_packets_open },
	{ SOCK_DGRAM, tn__unix_datagram_open },
};

static void
pair_connect(struct tn__sim_socket *a, struct tn__sim_socket *b)
{
	a->connected = b->connected = true;
	if (a->type != SOCK_DGRAM) {
		pair_streams(end_of(a), end_of(b));
		return;
	}
	mailbox_of(a)->pair = mailbox_of(b);
	mailbox_of(b)->pair = mailbox_of(a);
}

int
tn__unix_pair(int type, int ret[2])
{
	const struct unix_kind *kind = unix_kinds;
	struct tn__sim_socket *a, *b;
	int r;

	while (kind < unix_kinds + TN_COUNT(unix_kinds) && kind->type != type)
		kind++;
	if (kind == unix_kinds + TN_COUNT(unix_kinds))
		return -ESOCKTNOSUPPORT;
	r = kind->open(AF_UNIX, 0, &a);
	if (r < 0)
		return r;
	r = kind->open(AF_UNIX, 0, &b);
	if (r < 0) {
		a->thing.ops->close(&a->thing);
		return r;
	}
	pair_connect(a, b);
	ret[0] = a->thing.fd;
	ret[1] = b->thing.fd;
	return 0;
}
