/* Unix sockets that are connected, streams and packets in sequence.  On one
 * machine nothing takes time. */
#include "sim/sim.h"

static struct tn__end *
end_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__end, socket);
}

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
	r = tn__unix_name(to, &name);
	if (r < 0)
		return r;
	r = tn__unix_find(m, &name, &other);
	if (r < 0)
		return r;
	if (other->type != s->type)
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

static int
unix_open(int family, int type, int protocol, struct tn__sim_socket **ret)
{
	struct tn__end *e = tn__end_new(family, type, protocol);
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

int
tn__unix_stream_open(int family, int protocol, struct tn__sim_socket **ret)
{
	return unix_open(family, SOCK_STREAM, protocol, ret);
}

int
tn__unix_packets_open(int family, int protocol, struct tn__sim_socket **ret)
{
	return unix_open(family, SOCK_SEQPACKET, protocol, ret);
}
