/* One end of a connection: reading, writing, poll and close behave as Linux's
 * do. */
#include <tenon/error.h>
#include "sim/sim.h"

#define END_BUFFER 65536
#define END_TELL_AGAIN TN_SECOND

static struct tn__end *
end_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__end, socket);
}

bool
tn__end_is_closed(const struct tn__end *e)
{
	return e->socket.thing.fd < 0 && e->listener == NULL;
}

/* ---- made and unmade --------------------------------------------------- */

static void end_told(struct tn__event *event);

struct tn__end *
tn__end_new(int family, int protocol)
{
	struct tn__end *e = tn__sim_zalloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->out_max = e->in_max = END_BUFFER;
	e->local = family == AF_UNIX;
	e->socket.family = family;
	e->socket.type = SOCK_STREAM;
	e->socket.protocol = protocol;
	e->socket.thing.fd = -1;
	tn__list_init(&e->socket.thing.watches);
	tn__list_init(&e->socket.bound);
	tn__list_init(&e->flow);
	tn__list_init(&e->queue);
	tn__heap_node_init(&e->arrival.node);
	e->arrival.run = tn__end_arrival;
	tn__heap_node_init(&e->reading.node);
	e->reading.run = end_told;
	tn__list_push_back(&tn__world->ends, &e->all);
	return e;
}

struct tn__end *
tn__end_pair(struct tn__end *e, struct tn__boot *boot)
{
	struct tn__end *p = tn__end_new(e->socket.family, e->socket.protocol);

	if (p == NULL)
		return NULL;
	p->socket.thing.boot = boot;
	p->socket.thing.socket = true;
	p->socket.thing.ops = &tn__end_thing_ops;
	p->socket.ops = e->socket.ops;
	p->socket.local = e->socket.remote;
	p->socket.remote = e->socket.local;
	p->state = TN__END_CONNECTING;
	p->far = e->socket.thing.boot->machine;
	p->peer = e;
	e->peer = p;
	return p;
}

void
tn__end_purge(struct tn__end *e)
{
	struct tn__list *node;

	tn__event_cancel(&e->arrival);
	while ((node = tn__list_pop(&e->flow)) != NULL)
		tn__free(TN__CONTAINER(node, struct tn__segment, node));
}

void
tn__end_free(struct tn__end *e)
{
	tn__end_purge(e);
	tn__event_cancel(&e->reading);
	if (e->peer != NULL)
		e->peer->peer = NULL;
	tn__list_remove(&e->all);
	tn__list_remove(&e->queue);
	tn__sim_socket_fini(&e->socket);
	tn__free(e->in);
	tn__free(e);
}

/* The last of the two ends takes both away. */
void
tn__end_let_go(struct tn__end *e)
{
	struct tn__end *p = e->peer;

	if (!tn__end_is_closed(e) || !tn__list_empty(&e->flow))
		return;
	if (p != NULL && (!tn__end_is_closed(p) || !tn__list_empty(&p->flow)))
		return;
	if (p != NULL)
		tn__end_free(p);
	tn__end_free(e);
}

static void
end_edge(struct tn__end *e)
{
	tn__thing_edge(&e->socket.thing);
}

void
tn__end_fail(struct tn__end *e, int error)
{
	struct tn__end *listener = e->listener;

	if (e->state == TN__END_DEAD)
		return;
	if (listener != NULL && e->state == TN__END_CONNECTING) {
		listener->queued--;
		e->listener = NULL;
	}
	e->state = TN__END_DEAD;
	e->socket.connected = false;
	e->socket.error = error;
	tn__end_purge(e);
	end_edge(e);
}

void
tn__end_queue(struct tn__end *e)
{
	e->state = TN__END_CONNECTED;
	e->socket.connected = true;
	tn__list_push_back(&e->listener->queue, &e->queue);
	end_edge(e->listener);
}

/* ---- reading ----------------------------------------------------------- */

static size_t
end_room(const struct tn__end *e)
{
	size_t max = e->out_max + (e->peer == NULL ? END_BUFFER :
	    e->peer->in_max);

	return e->out_used < max ? max - e->out_used : 0;
}

/* As sk_stream_is_writeable(): a third free is worth waking for. */
static bool
end_has_room(const struct tn__end *e)
{
	return end_room(e) >= e->out_max / 3;
}

/* The other end knows now what was read here. */
static void
end_told(struct tn__event *event)
{
	struct tn__end *e = TN__CONTAINER(event, struct tn__end, reading);
	struct tn__end *p = e->peer;

	if (p == NULL || p->state == TN__END_DEAD)
		return;
	if (!e->local && tn__way_cut(e->socket.thing.boot->machine, e->far)) {
		if (e->untold_since == 0)
			e->untold_since = tn__world->now;
		if (tn__world->now - e->untold_since < TN__END_GIVE_UP)
			tn__event_at(event, tn__world->now + END_TELL_AGAIN);
		return;
	}
	e->untold_since = 0;
	p->out_used -= e->read < p->out_used ? e->read : p->out_used;
	e->read = 0;
	if (p->wants_room && end_has_room(p)) {
		p->wants_room = false;
		end_edge(p);
	}
}

static void
end_tell(struct tn__end *e, size_t n)
{
	e->read += n;
	if (e->local)
		end_told(&e->reading);
	else if (!tn__heap_contains(&e->reading.node))
		tn__event_at(&e->reading, tn__world->now +
		    tn__way_latency(e->socket.thing.boot->machine, e->far));
}

static ssize_t
end_recv_nothing(struct tn__end *e)
{
	int error = e->socket.error;

	if (e->state == TN__END_NEW || e->state == TN__END_LISTENING)
		return e->local ? -EINVAL : -ENOTCONN;
	if (e->in_ended)
		return 0;
	e->socket.error = 0;
	if (error != 0)
		return -error;
	return e->state == TN__END_DEAD || e->shut_in ? 0 : -EAGAIN;
}

ssize_t
tn__end_recv(struct tn__sim_socket *s, struct tn__vector out, int flags,
    struct tn_address *from, int *ret_flags)
{
	struct tn__end *e = end_of(s);
	size_t size = tn__vector_size(out), n;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (flags & MSG_OOB)
		return -EINVAL;
	if (size == 0)
		return 0;
	if (e->in_size == 0)
		return end_recv_nothing(e);
	n = e->in_size < size ? e->in_size : size;
	if (n > 1 && tn__sim_strikes(TN_SIM_SHORT_READ)) {
		n = 1 + (size_t)tn__sim_below(n - 1);
		/* The kernel would have given it all, and whoever believes
		 * that waits for an edge: here it is. */
		end_edge(e);
	}
	tn__vector_put(out, e->in + e->in_start, n);
	if (flags & MSG_PEEK)
		return (ssize_t)n;
	e->in_size -= n;
	e->in_start = e->in_size == 0 ? 0 : e->in_start + n;
	end_tell(e, n);
	return (ssize_t)n;
}

/* ---- writing ----------------------------------------------------------- */

static int
end_may_send(struct tn__end *e)
{
	int error = e->socket.error;

	if (e->state == TN__END_CONNECTING)
		return -EAGAIN;
	if (error != 0) {
		e->socket.error = 0;
		return -error;
	}
	if (e->state == TN__END_NEW && e->local)
		return -ENOTCONN;
	if (e->state != TN__END_CONNECTED || e->shut_out)
		return -EPIPE;
	if (e->local && (e->peer == NULL || tn__end_is_closed(e->peer) ||
	    e->peer->shut_in))
		return -EPIPE;
	return 0;
}

/* Somebody in the middle has had enough, at any byte. */
static void
end_send_reset(struct tn__end *e, const char *bytes, size_t size)
{
	size_t n = (size_t)tn__sim_below(size);

	if (n > 0)
		tn__end_push(e, TN__SEGMENT_DATA, bytes, n);
	tn__end_push(e, TN__SEGMENT_RST, NULL, 0);
	tn__end_push(e->peer, TN__SEGMENT_RST, NULL, 0);
}

static ssize_t
end_send_bytes(struct tn__end *e, struct tn__vector in, size_t size)
{
	char *bytes = tn__sim_zalloc(size);

	if (bytes == NULL)
		return -ENOBUFS;
	tn__vector_get(in, bytes, size);
	e->out_used += size;
	if (!e->local && tn__sim_strikes(TN_SIM_RESET))
		end_send_reset(e, bytes, size);
	else
		tn__end_push(e, TN__SEGMENT_DATA, bytes, size);
	tn__free(bytes);
	return (ssize_t)size;
}

ssize_t
tn__end_send(struct tn__sim_socket *s, struct tn__vector in, int flags,
    const struct tn_address *to)
{
	struct tn__end *e = end_of(s);
	size_t size = tn__vector_size(in), room;
	int r = end_may_send(e);

	if (r < 0 || size == 0)
		return r;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	room = end_room(e);
	if (size > room)
		e->wants_room = true;
	if (room == 0)
		return -EAGAIN;
	if (size > room)
		size = room;
	if (size > 1 && tn__sim_strikes(TN_SIM_SHORT_WRITE)) {
		size = 1 + (size_t)tn__sim_below(size - 1);
		end_edge(e); /* for whoever waits instead of trying again */
	}
	return end_send_bytes(e, in, size);
}

/* ---- the end ----------------------------------------------------------- */

static void
end_send_end(struct tn__end *e)
{
	if (!e->shut_out)
		tn__end_push(e, TN__SEGMENT_FIN, NULL, 0);
	e->shut_out = true;
}

/* Those who wait in the queue were promised something. */
static void
end_unlisten(struct tn__end *l)
{
	l->state = TN__END_NEW;
	l->socket.listening = false;
	TN__LIST_FOR(node, &tn__world->ends) {
		struct tn__end *e = TN__CONTAINER(node, struct tn__end, all);

		if (e->listener != l)
			continue;
		tn__list_remove(&e->queue);
		e->listener = NULL;
		if (e->state != TN__END_DEAD)
			tn__end_push(e, TN__SEGMENT_RST, NULL, 0);
		e->state = TN__END_DEAD;
	}
	l->queued = 0;
}

int
tn__end_shutdown(struct tn__sim_socket *s, int how)
{
	struct tn__end *e = end_of(s);

	if (e->state == TN__END_LISTENING && how != SHUT_WR) {
		end_unlisten(e);
		end_edge(e);
		return 0;
	}
	if (e->state != TN__END_CONNECTED)
		return -ENOTCONN;
	if (how != SHUT_WR)
		e->shut_in = true;
	if (how != SHUT_RD)
		end_send_end(e);
	end_edge(e);
	return 0;
}

static bool
end_lingers_not(const struct tn__end *e)
{
	for (const struct tn__option *o = e->socket.options; o != NULL;
	     o = o->next) {
		struct linger linger;

		if (o->level != SOL_SOCKET || o->name != SO_LINGER ||
		    o->size < sizeof(linger))
			continue;
		memcpy(&linger, o->value, sizeof(linger));
		return linger.l_onoff != 0 && linger.l_linger == 0;
	}
	return false;
}

static void
end_close_connected(struct tn__end *e)
{
	bool hard = end_lingers_not(e);

	if (hard)
		tn__end_purge(e);
	if (!hard && e->in_size == 0) {
		end_send_end(e);
		return;
	}
	e->state = TN__END_DEAD; /* before a reset can come back */
	tn__end_push(e, TN__SEGMENT_RST, NULL, 0);
}

void
tn__end_close(struct tn__thing *thing)
{
	struct tn__sim_socket *s =
	    TN__CONTAINER(thing, struct tn__sim_socket, thing);
	struct tn__end *e = end_of(s);

	tn__thing_forget(thing);
	tn__list_remove(&s->bound);
	tn__unix_closed(s);
	if (e->state == TN__END_LISTENING) {
		end_unlisten(e);
	} else if (e->state == TN__END_CONNECTED) {
		end_close_connected(e);
	} else if (e->state == TN__END_CONNECTING) {
		tn__end_purge(e);
		e->state = TN__END_DEAD;
	}
	tn__end_let_go(e);
}

/* ---- readiness --------------------------------------------------------- */

unsigned
tn__end_poll(struct tn__thing *thing)
{
	const unsigned all = TN__POLL_IN | TN__POLL_OUT | TN__POLL_ODD;
	struct tn__end *e = end_of(TN__CONTAINER(thing, struct tn__sim_socket,
	    thing));
	unsigned bits = 0;

	if (e->state == TN__END_LISTENING)
		return tn__list_empty(&e->queue) ? 0 : TN__POLL_IN;
	if (e->state == TN__END_CONNECTING)
		return 0;
	if (e->state != TN__END_CONNECTED || e->socket.error != 0)
		return all;
	if (e->in_size > 0)
		bits |= TN__POLL_IN;
	if (e->in_ended || e->shut_in)
		bits |= TN__POLL_IN | TN__POLL_ODD;
	if (e->shut_out || end_has_room(e))
		bits |= TN__POLL_OUT;
	return bits;
}

const struct tn__thing_ops tn__end_thing_ops = {
	.state = tn__end_poll,
	.close = tn__end_close,
};
