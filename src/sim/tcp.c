/* TCP: how connections come about. */
#include <tenon/error.h>
#include "sim/sim.h"

#define TCP_NOBODY (3 * TN_SECOND) /* until it is known that nobody is there */
#define TCP_SYN_AGAIN TN_SECOND    /* a full queue drops the first of it */

static struct tn__end *
tcp_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__end, socket);
}

/* ---- listening (Unix sockets too) --------------------------------------- */

int
tn__end_listen(struct tn__sim_socket *s, int backlog)
{
	struct tn__end *e = tcp_of(s);

	if (e->state != TN__END_NEW && e->state != TN__END_LISTENING)
		return -EINVAL;
	if (s->family == AF_UNIX && s->name.size == 0)
		return -EINVAL;
	if (s->family != AF_UNIX && s->local.port == 0) {
		const struct tn__place any = {
			.ip.family = s->family == AF_INET6 ? 6 : 4
		};
		struct tn_address address;
		int r;

		tn__place_format(&any, s->family, &address);
		r = tn__place_bind(s, &address);
		if (r < 0)
			return r;
	}
	e->state = TN__END_LISTENING;
	e->backlog = backlog < 0 ? 0 : backlog;
	s->listening = true;
	return 0;
}

int
tn__end_accept(struct tn__sim_socket *s, struct tn__sim_socket **ret)
{
	struct tn__end *l = tcp_of(s), *e;
	int fd;

	if (l->state != TN__END_LISTENING)
		return -EINVAL;
	if (tn__list_empty(&l->queue))
		return -EAGAIN;
	if (tn__sim_strikes(TN_SIM_NO_DESCRIPTOR))
		return -EMFILE;
	e = TN__CONTAINER(l->queue.next, struct tn__end, queue);
	fd = tn__thing_open(&e->socket.thing, &tn__end_thing_ops);
	if (fd < 0)
		return fd;
	tn__list_remove(&e->queue);
	e->listener = NULL;
	l->queued--;
	*ret = &e->socket;
	return 0;
}

/* ---- connecting -------------------------------------------------------- */

static int
tcp_connect_again(struct tn__end *e)
{
	int error = e->socket.error;

	switch (e->state) {
	case TN__END_CONNECTING:
		return -EALREADY;
	case TN__END_CONNECTED:
		return -EISCONN;
	case TN__END_DEAD:
		e->socket.error = 0;
		return error == 0 ? -ECONNABORTED : -error;
	default:
		return -EINVAL;
	}
}

static int
tcp_connect(struct tn__sim_socket *s, const struct tn_address *to)
{
	struct tn__machine *m = s->thing.boot->machine;
	struct tn__end *e = tcp_of(s);
	struct tn__place place;
	int r;

	if (e->state != TN__END_NEW)
		return tcp_connect_again(e);
	r = tn__place_parse(to, &place);
	if (r < 0)
		return r;
	if (tn_ip_is_any(&place.ip)) /* this machine */
		place.ip = place.ip.family == 4
		    ? (struct tn_ip){ { 127, 0, 0, 1 }, 4, "" }
		    : (struct tn_ip){ { [15] = 1 }, 6, "" };
	r = tn__place_autobind(s, &place);
	if (r == 0 && tn__sim_strikes(TN_SIM_UNREACHABLE))
		r = -ENETUNREACH;
	if (r < 0)
		return r;
	s->remote = place;
	e->far = tn__machine_at(m, &place.ip);
	e->state = TN__END_CONNECTING;
	if (e->far != NULL) {
		tn__end_push(e, TN__SEGMENT_SYN, NULL, 0);
	} else {
		e->far = m;
		tn__end_push(e, TN__SEGMENT_SYN, NULL, 0);
		tn__event_at(&e->arrival, tn__world->now + TCP_NOBODY);
	}
	return -EINPROGRESS;
}

static struct tn__end *
tcp_listener(struct tn__end *e)
{
	struct tn__sim_socket *s = tn__place_find(e->far, SOCK_STREAM,
	    &e->socket.remote, &e->socket.local);

	return s == NULL ? NULL : tcp_of(s);
}

/* A full queue drops it, and the caller tries again. */
static void
tcp_syn_later(struct tn__end *e)
{
	e->backoff = e->backoff == 0 ? TCP_SYN_AGAIN : 2 * e->backoff;
	if (e->backoff > 64 * TN_SECOND) {
		tn__end_fail(e, ETIMEDOUT);
		return;
	}
	e->arrival_last = tn__world->now + e->backoff;
	tn__end_push(e, TN__SEGMENT_SYN, NULL, 0);
}

void
tn__end_syn(struct tn__end *e)
{
	struct tn__end *p, *l;

	if (tn__machine_at(e->socket.thing.boot->machine,
	    &e->socket.remote.ip) == NULL) {
		tn__end_fail(e, EHOSTUNREACH);
		return;
	}
	l = tn__sim_strikes_on(e->far, TN_SIM_REFUSE) ? NULL : tcp_listener(e);
	if (l != NULL && l->queued > l->backlog) {
		tcp_syn_later(e);
		return;
	}
	p = tn__end_pair(e, e->far->boot);
	if (p == NULL) {
		tn__end_fail(e, ENOMEM);
		return;
	}
	if (l == NULL) {
		p->state = TN__END_DEAD;
		tn__end_push(p, TN__SEGMENT_RST, NULL, 0);
		return;
	}
	p->socket.family = l->socket.family;
	p->socket.ops = l->socket.ops;
	p->out_max = l->out_max;
	p->in_max = l->in_max;
	p->listener = l;
	l->queued++;
	tn__end_push(p, TN__SEGMENT_SYNACK, NULL, 0);
}

int
tn__tcp_open(int family, int protocol, struct tn__sim_socket **ret)
{
	static const struct tn__socket_ops ops = {
		.listen = tn__end_listen,
		.accept = tn__end_accept,
		.connect = tcp_connect,
		.recv = tn__end_recv,
		.send = tn__end_send,
		.shutdown = tn__end_shutdown,
	};
	struct tn__end *e;
	int r;

	if (protocol != 0 && protocol != IPPROTO_TCP)
		return -EPROTONOSUPPORT;
	e = tn__end_new(family, SOCK_STREAM, IPPROTO_TCP);
	if (e == NULL)
		return -ENOMEM;
	e->socket.ops = &ops;
	e->socket.thing.socket = true;
	r = tn__thing_open(&e->socket.thing, &tn__end_thing_ops);
	if (r < 0)
		tn__end_free(e);
	else
		*ret = &e->socket;
	return r;
}
