/* Unix sockets: names on one machine, where nothing takes time. */
#include <sys/un.h>
#include "sim/sim.h"

#define UNIX_QUEUE 10 /* net.unix.max_dgram_qlen */
#define UNIX_DATAGRAM_MAX 212960
#define UNIX_DEVICE 7

struct unix_path {
	struct tn__list node;
	struct tn__name name;
	struct tn__sim_socket *socket; /* NULL once it is closed */
	uint64_t inode;
	unsigned mode;
};

static struct tn__end *
end_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__end, socket);
}

/* ---- names ------------------------------------------------------------- */

static bool
name_equal(const struct tn__name *a, const struct tn__name *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static int
name_parse(const struct tn_address *address, struct tn__name *ret)
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

static struct unix_path *
path_find(struct tn__machine *m, const struct tn__name *name)
{
	TN__LIST_FOR(node, &m->paths) {
		struct unix_path *p =
		    TN__CONTAINER(node, struct unix_path, node);

		if (name_equal(&p->name, name))
			return p;
	}
	return NULL;
}

static int
unix_find(struct tn__machine *m, const struct tn__name *name,
    struct tn__sim_socket **ret)
{
	const struct unix_path *p;

	if (name->bytes[0] != '\0') {
		p = path_find(m, name);
		if (p == NULL)
			return -ENOENT;
		*ret = p->socket;
		return p->socket == NULL ? -ECONNREFUSED : 0;
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

int
tn__unix_bind(struct tn__sim_socket *s, const struct tn_address *to)
{
	struct tn__machine *m = s->thing.boot->machine;
	struct tn__sim_socket *other;
	struct tn__name name;
	struct unix_path *p;
	int r = name_parse(to, &name);

	if (r < 0 || s->name.size > 0)
		return r < 0 ? r : -EINVAL;
	r = unix_find(m, &name, &other);
	if (r == 0 || (name.bytes[0] != '\0' && r != -ENOENT))
		return -EADDRINUSE;
	if (name.bytes[0] != '\0') {
		p = tn__sim_zalloc(sizeof(*p));
		if (p == NULL)
			return -ENOMEM;
		p->name = name;
		p->socket = s;
		p->inode = ++m->inodes;
		p->mode = S_IFSOCK | 0755;
		tn__list_push_back(&m->paths, &p->node);
	}
	s->name = name;
	tn__list_push_back(&m->bound, &s->bound);
	return 0;
}

void
tn__unix_closed(struct tn__sim_socket *s)
{
	struct unix_path *p;

	if (s->family != AF_UNIX || s->name.size == 0)
		return;
	p = path_find(s->thing.boot->machine, &s->name);
	if (p != NULL && p->socket == s)
		p->socket = NULL;
}

void
tn__unix_forget(struct tn__machine *m)
{
	TN__LIST_FOR(node, &m->paths) {
		tn__list_remove(node);
		tn__free(TN__CONTAINER(node, struct unix_path, node));
	}
}

/* ---- their files ------------------------------------------------------- */

static struct unix_path *
path_here(const char *path)
{
	struct tn__name name = { .size = strlen(path) + 1 };

	if (name.size > sizeof(name.bytes))
		return NULL;
	memcpy(name.bytes, path, name.size);
	return path_find(tn__sim_boot()->machine, &name);
}

int
tn__unix_chmod(const char *path, unsigned mode)
{
	struct unix_path *p = path_here(path);

	if (p == NULL)
		return -ENOENT;
	p->mode = S_IFSOCK | (mode & 07777);
	return 0;
}

int
tn__unix_lstat(const char *path, struct stat *ret)
{
	const struct unix_path *p = path_here(path);

	if (p == NULL)
		return -ENOENT;
	*ret = (struct stat){
		.st_mode = p->mode, .st_ino = p->inode, .st_dev = UNIX_DEVICE
	};
	return 0;
}

int
tn__unix_unlink(const char *path)
{
	struct unix_path *p = path_here(path);

	if (p == NULL)
		return -ENOENT;
	tn__list_remove(&p->node);
	tn__free(p);
	return 0;
}

/* ---- streams ----------------------------------------------------------- */

static int
unix_connect(struct tn__sim_socket *s, const struct tn_address *to)
{
	struct tn__machine *m = s->thing.boot->machine;
	struct tn__end *e = end_of(s), *l, *p;
	struct tn__sim_socket *other;
	struct tn__name name;
	int r;

	if (e->state != TN__END_NEW)
		return e->state == TN__END_CONNECTED ? -EISCONN : -EINVAL;
	r = name_parse(to, &name);
	if (r == 0)
		r = unix_find(m, &name, &other);
	if (r < 0)
		return r;
	if (other->type != SOCK_STREAM)
		return -EPROTOTYPE;
	l = end_of(other);
	if (l->state != TN__END_LISTENING ||
	    tn__sim_strikes(TN_SIM_REFUSE))
		return -ECONNREFUSED;
	if (l->queued > l->backlog)
		return -EAGAIN;
	p = tn__end_pair(e, other->thing.boot);
	if (p == NULL)
		return -ENOMEM;
	s->peer_name = p->socket.name = other->name;
	p->socket.peer_name = s->name;
	e->far = m;
	e->state = TN__END_CONNECTED;
	s->connected = true;
	p->listener = l;
	l->queued++;
	tn__end_queue(p);
	tn__thing_edge(&s->thing);
	return 0;
}

static const struct tn__socket_ops unix_stream_ops = {
	.listen = tn__end_listen,
	.accept = tn__end_accept,
	.connect = unix_connect,
	.recv = tn__end_recv,
	.send = tn__end_send,
	.shutdown = tn__end_shutdown,
};

int
tn__unix_stream_open(int family, int protocol, struct tn__sim_socket **ret)
{
	struct tn__end *e = tn__end_new(family, protocol);
	int r;

	if (e == NULL)
		return -ENOMEM;
	e->socket.ops = &unix_stream_ops;
	e->socket.thing.socket = true;
	r = tn__thing_open(&e->socket.thing, &tn__end_thing_ops);
	if (r < 0)
		tn__end_free(e);
	else
		*ret = &e->socket;
	return r;
}

/* ---- datagrams --------------------------------------------------------- */

static struct tn__mailbox *
mailbox_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__mailbox, socket);
}

static int
unix_recipient(struct tn__sim_socket *s, const struct tn_address *to,
    struct tn__mailbox **ret)
{
	struct tn__name name = s->peer_name;
	struct tn__sim_socket *other;
	int r = 0;

	if (to == NULL && s->peer_name.size == 0) { /* of a pair */
		*ret = mailbox_of(s)->pair;
		return *ret != NULL ? 0 : s->connected ? -ECONNREFUSED :
		    -ENOTCONN;
	}
	if (to != NULL)
		r = name_parse(to, &name);
	if (r == 0)
		r = unix_find(s->thing.boot->machine, &name, &other);
	if (r < 0)
		return r;
	*ret = mailbox_of(other);
	return other->type == SOCK_DGRAM ? 0 : -EPROTOTYPE;
}

static ssize_t
unix_send(struct tn__sim_socket *s, struct tn__vector in, int flags,
    const struct tn_address *to)
{
	struct tn__mailbox *m = mailbox_of(s), *other;
	size_t size = tn__vector_size(in);
	char where[TN__PLACE_TEXT], shown[TN__SIM_SHOWN];
	struct tn__datagram *d;
	int r = m->shut_out ? -EPIPE : unix_recipient(s, to, &other);

	if (r < 0)
		return r;
	if (size > UNIX_DATAGRAM_MAX)
		return -EMSGSIZE;
	if (other->shut_in)
		return -EPIPE;
	if (other->queued > UNIX_QUEUE) {
		m->wants_room = true;
		return -EAGAIN;
	}
	d = tn__datagram_new(in);
	if (d == NULL)
		return -ENOBUFS;
	d->name = s->name;
	tn__sim_trace("%s > unix datagram %zu %s", tn__socket_text(s, where),
	    size, tn__sim_show(d->bytes, size, shown));
	tn__mailbox_put(other, d);
	return (ssize_t)size;
}

static int
unix_datagram_connect(struct tn__sim_socket *s, const struct tn_address *to)
{
	struct tn__sim_socket *other;
	struct tn__name name;
	int r;

	if (to->storage.ss_family == AF_UNSPEC) {
		s->connected = false;
		s->peer_name.size = 0;
		return 0;
	}
	r = name_parse(to, &name);
	if (r == 0)
		r = unix_find(s->thing.boot->machine, &name, &other);
	if (r < 0)
		return r;
	if (other->type != SOCK_DGRAM)
		return -EPROTOTYPE;
	s->peer_name = name;
	s->connected = true;
	return 0;
}

/* Whoever found a full queue looks again. */
void
tn__unix_room(struct tn__machine *machine)
{
	struct tn__world *w = tn__world;

	for (size_t i = 0; i < w->thing_count; i++) {
		struct tn__thing *thing = w->things[i];
		struct tn__sim_socket *s;

		if (thing == NULL || !thing->socket ||
		    thing->boot->machine != machine)
			continue;
		s = TN__CONTAINER(thing, struct tn__sim_socket, thing);
		if (s->family != AF_UNIX || s->type != SOCK_DGRAM ||
		    !mailbox_of(s)->wants_room)
			continue;
		mailbox_of(s)->wants_room = false;
		tn__thing_edge(thing);
	}
}

static const struct tn__socket_ops unix_datagram_ops = {
	.connect = unix_datagram_connect,
	.recv = tn__mailbox_recv,
	.send = unix_send,
	.shutdown = tn__mailbox_shutdown,
};

int
tn__unix_datagram_open(int family, int protocol, struct tn__sim_socket **ret)
{
	return tn__mailbox_open(tn__mailbox_new(family, protocol,
	    &unix_datagram_ops), ret);
}

/* ---- pairs ------------------------------------------------------------- */

static void
pair_streams(struct tn__end *a, struct tn__end *b)
{
	a->peer = b;
	b->peer = a;
	a->far = b->far = a->socket.thing.boot->machine;
	a->state = b->state = TN__END_CONNECTED;
}

int
tn__unix_pair(int type, int ret[2])
{
	struct tn__sim_socket *s[2];
	int r;

	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	for (int i = 0; i < 2; i++) {
		r = type == SOCK_STREAM ?
		    tn__unix_stream_open(AF_UNIX, 0, &s[i]) :
		    tn__unix_datagram_open(AF_UNIX, 0, &s[i]);
		if (r < 0) {
			if (i == 1)
				s[0]->thing.ops->close(&s[0]->thing);
			return r;
		}
		s[i]->connected = true;
		ret[i] = s[i]->thing.fd;
	}
	if (type == SOCK_STREAM) {
		pair_streams(end_of(s[0]), end_of(s[1]));
	} else {
		mailbox_of(s[0])->pair = mailbox_of(s[1]);
		mailbox_of(s[1])->pair = mailbox_of(s[0]);
	}
	return 0;
}
