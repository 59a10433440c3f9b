/* Unix sockets that take datagrams, none of which is ever lost. */
#include "sim/sim.h"

#define UNIX_QUEUE 10 /* net.unix.max_dgram_qlen */
#define UNIX_DATAGRAM_MAX 212960

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
		r = tn__unix_name(to, &name);
	if (r < 0)
		return r;
	r = tn__unix_find(s->thing.boot->machine, &name, &other);
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
	r = tn__unix_name(to, &name);
	if (r < 0)
		return r;
	r = tn__unix_find(s->thing.boot->machine, &name, &other);
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
