/* Datagrams: a queue to receive from, and UDP, where what is sent may be lost,
 * come twice, or overtake. */
#include "sim/sim.h"

#define DATAGRAM_QUEUE_BYTES 212992 /* net.core.rmem_default */
#define DATAGRAM_UDP_MAX 65507
#define DATAGRAM_LINE (2 * TN_SECOND) /* that a slow link keeps */

static struct tn__mailbox *
mailbox_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__mailbox, socket);
}

/* ---- datagrams --------------------------------------------------------- */

static void udp_arrival(struct tn__event *event);

struct tn__datagram *
tn__datagram_new(struct tn__vector in)
{
	size_t size = tn__vector_size(in);
	struct tn__datagram *d = tn__sim_zalloc(sizeof(*d) + size);

	if (d == NULL)
		return NULL;
	d->size = size;
	tn__vector_get(in, d->bytes, size);
	tn__list_init(&d->node);
	tn__heap_node_init(&d->arrival.node);
	d->arrival.run = udp_arrival;
	return d;
}

void
tn__datagram_free(struct tn__datagram *d)
{
	tn__event_cancel(&d->arrival);
	tn__list_remove(&d->node);
	tn__free(d);
}

/* ---- mailboxes --------------------------------------------------------- */

static unsigned
mailbox_poll(struct tn__thing *thing)
{
	struct tn__mailbox *m = mailbox_of(
	    TN__CONTAINER(thing, struct tn__sim_socket, thing));
	unsigned bits = m->wants_room ? 0 : TN__POLL_OUT;

	if (!tn__list_empty(&m->queue))
		bits |= TN__POLL_IN;
	if (m->shut_in)
		bits |= TN__POLL_IN | TN__POLL_ODD;
	if (m->socket.error != 0)
		bits |= TN__POLL_IN | TN__POLL_OUT | TN__POLL_ODD;
	return bits;
}

static void
mailbox_close(struct tn__thing *thing)
{
	struct tn__sim_socket *s =
	    TN__CONTAINER(thing, struct tn__sim_socket, thing);
	struct tn__mailbox *m = mailbox_of(s);

	tn__thing_forget(thing);
	tn__sim_socket_unbind(s);
	if (m->pair != NULL)
		m->pair->pair = NULL;
	TN__LIST_FOR(node, &m->queue)
		tn__datagram_free(TN__CONTAINER(node, struct tn__datagram,
		    node));
	tn__sim_socket_fini(s);
	tn__free(m);
}

struct tn__mailbox *
tn__mailbox_new(int family, int protocol, const struct tn__socket_ops *ops)
{
	struct tn__mailbox *m = tn__sim_zalloc(sizeof(*m));

	if (m == NULL)
		return NULL;
	tn__sim_socket_init(&m->socket, family, SOCK_DGRAM, protocol, ops);
	tn__list_init(&m->queue);
	return m;
}

int
tn__mailbox_open(struct tn__mailbox *m, struct tn__sim_socket **ret)
{
	static const struct tn__thing_ops ops = {
		.state = mailbox_poll,
		.close = mailbox_close,
	};
	int fd;

	if (m == NULL)
		return -ENOMEM;
	fd = tn__thing_open(&m->socket.thing, &ops);
	if (fd < 0)
		tn__free(m);
	else
		*ret = &m->socket;
	return fd;
}

void
tn__mailbox_put(struct tn__mailbox *m, struct tn__datagram *d)
{
	tn__list_remove(&d->node);
	tn__list_push_back(&m->queue, &d->node);
	m->queued++;
	m->queued_bytes += d->size;
	tn__thing_edge(&m->socket.thing);
}

static void
mailbox_from(struct tn__mailbox *m, const struct tn__datagram *d,
    struct tn_address *ret)
{
	if (m->socket.family != AF_UNIX) {
		tn__place_format(&d->from, m->socket.family, ret);
		return;
	}
	memset(ret, 0, sizeof(*ret));
	ret->storage.ss_family = AF_UNIX;
	memcpy((char *)&ret->storage + sizeof(sa_family_t), d->name.bytes,
	    d->name.size);
	ret->size = d->name.size == 0 ? 0 :
	    (socklen_t)(sizeof(sa_family_t) + d->name.size);
}

ssize_t
tn__mailbox_recv(struct tn__sim_socket *s, struct tn__vector out, int flags,
    struct tn_address *from, int *ret_flags)
{
	struct tn__mailbox *m = mailbox_of(s);
	struct tn__datagram *d;
	int error = s->error;
	size_t n, size;

	s->error = 0;
	if (error != 0)
		return -error;
	if (tn__list_empty(&m->queue))
		return m->shut_in ? 0 : -EAGAIN;
	d = TN__CONTAINER(m->queue.next, struct tn__datagram, node);
	size = d->size;
	n = tn__vector_put(out, d->bytes, size);
	mailbox_from(m, d, from);
	if (n < size)
		*ret_flags |= MSG_TRUNC;
	if (!(flags & MSG_PEEK)) {
		m->queued--;
		m->queued_bytes -= size;
		tn__datagram_free(d);
		if (s->family == AF_UNIX)
			tn__unix_room(s->thing.boot->machine);
	}
	return (ssize_t)(flags & MSG_TRUNC ? size : n);
}

int
tn__mailbox_shutdown(struct tn__sim_socket *s, int how)
{
	struct tn__mailbox *m = mailbox_of(s);

	if (!s->connected)
		return -ENOTCONN;
	m->shut_in |= how != SHUT_WR;
	m->shut_out |= how != SHUT_RD;
	tn__thing_edge(&s->thing);
	return 0;
}

/* ---- UDP --------------------------------------------------------------- */

static void
udp_trace(const struct tn__datagram *d, const char *what)
{
	char from[TN__PLACE_TEXT], to[TN__PLACE_TEXT], shown[TN__SIM_SHOWN];

	tn__sim_trace("%s > %s %s %zu %s",
	    tn__place_text(&d->from, d->sender, from),
	    tn__place_text(&d->to, d->sender, to), what, d->size,
	    tn__sim_show(d->bytes, d->size, shown));
}

/* An ICMP message finds its way back to who is connected. */
static void
udp_refused(const struct tn__datagram *d)
{
	struct tn__sim_socket *s = tn__place_find(d->sender, SOCK_DGRAM,
	    &d->from, &d->to);

	udp_trace(d, "datagram, where nobody is,");
	if (s == NULL || !s->connected)
		return;
	s->error = ECONNREFUSED;
	tn__thing_edge(&s->thing);
}

static void
udp_arrival(struct tn__event *event)
{
	struct tn__datagram *d =
	    TN__CONTAINER(event, struct tn__datagram, arrival);
	struct tn__sim_socket *s;

	s = d->far == NULL || d->cuts != tn__way_cuts(d->sender, d->far) ||
	    tn__way_cut(d->sender, d->far) ? NULL :
	    tn__place_find(d->far, SOCK_DGRAM, &d->to, &d->from);
	if (s != NULL && mailbox_of(s)->queued_bytes + d->size <=
	    DATAGRAM_QUEUE_BYTES) {
		tn__mailbox_put(mailbox_of(s), d);
		return;
	}
	if (s == NULL && d->far != NULL && !tn__way_cut(d->sender, d->far))
		udp_refused(d);
	else
		udp_trace(d, "lost datagram");
	tn__datagram_free(d);
}

static int
udp_push(struct tn__mailbox *m, const struct tn__place *from,
    const struct tn__place *to, struct tn__vector in)
{
	struct tn__machine *machine = m->socket.thing.boot->machine;
	struct tn__datagram *d = tn__datagram_new(in);
	tn_time when = tn__world->now;

	if (d == NULL)
		return -ENOBUFS;
	d->from = *from;
	d->to = *to;
	d->sender = machine;
	d->far = tn__machine_at(machine, &to->ip);
	udp_trace(d, "datagram");
	if (d->far != NULL) {
		d->cuts = tn__way_cuts(machine, d->far);
		when = tn__way_line(machine, d->far, 0);
	}
	if (tn__sim_strikes(TN_SIM_LOSE) ||
	    when > tn__world->now + DATAGRAM_LINE) {
		tn__datagram_free(d);
		return 0;
	}
	if (d->far != NULL)
		when = tn__way_line(machine, d->far, d->size) +
		    tn__way_latency(machine, d->far);
	if (tn__sim_strikes(TN_SIM_DELAY))
		when += tn__sim_between(200 * TN_MILLISECOND, 3 * TN_SECOND);
	if (tn__sim_strikes(TN_SIM_REORDER))
		when += tn__sim_between(0, 20 * TN_MILLISECOND);
	else if (when < m->arrival_last)
		when = m->arrival_last;
	else
		m->arrival_last = when;
	tn__list_push_back(&tn__world->datagrams, &d->node);
	tn__event_at(&d->arrival, when);
	return 0;
}

static ssize_t
udp_send(struct tn__sim_socket *s, struct tn__vector in, int flags,
    const struct tn_address *to)
{
	struct tn__mailbox *m = mailbox_of(s);
	struct tn__place place = s->remote, from;
	size_t size = tn__vector_size(in);
	int r = -s->error;

	s->error = 0;
	if (r < 0)
		return r;
	if (m->shut_out)
		return -EPIPE;
	if (to != NULL)
		r = tn__place_parse(to, &place);
	else if (!s->connected)
		r = -EDESTADDRREQ;
	if (r == 0 && size > DATAGRAM_UDP_MAX)
		r = -EMSGSIZE;
	if (r == 0)
		r = tn__place_autobind(s, &place);
	from = s->local;
	if (r == 0 && tn_ip_is_any(&from.ip))
		r = tn__place_source(s->thing.boot->machine, &place.ip,
		    &from.ip);
	if (r == 0)
		r = udp_push(m, &from, &place, in);
	if (r == 0 && tn__sim_strikes(TN_SIM_DUPLICATE))
		r = udp_push(m, &from, &place, in);
	return r < 0 ? r : (ssize_t)size;
}

static int
udp_connect(struct tn__sim_socket *s, const struct tn_address *to)
{
	struct tn__place place;
	int r;

	if (to->storage.ss_family == AF_UNSPEC) {
		s->connected = false;
		return 0;
	}
	r = tn__place_parse(to, &place);
	if (r < 0)
		return r;
	s->connected = true;
	s->remote = place;
	r = tn__place_autobind(s, &place);
	if (r < 0)
		s->connected = false;
	return r;
}

int
tn__udp_open(int family, int protocol, struct tn__sim_socket **ret)
{
	static const struct tn__socket_ops ops = {
		.connect = udp_connect,
		.recv = tn__mailbox_recv,
		.send = udp_send,
		.shutdown = tn__mailbox_shutdown,
	};

	if (protocol != 0 && protocol != IPPROTO_UDP)
		return -EPROTONOSUPPORT;
	return tn__mailbox_open(tn__mailbox_new(family, IPPROTO_UDP, &ops),
	    ret);
}
