/* One end of a connection: what it is, when it is ready, and how it ends. */
#include "sim/sim.h"

#define END_STALL_LEAST (5 * TN_SECOND)
#define END_STALL_MOST (90 * TN_SECOND)

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

static void
end_edge(struct tn__end *e)
{
	tn__thing_edge(&e->socket.thing);
}

/* ---- stalls ------------------------------------------------------------ */

/* Whoever holds this end stops reading for a while: nothing seems to be there,
 * what arrives fills the buffers. */
void
tn__end_stall(struct tn__end *e)
{
	tn__event_at(&e->stall, tn__world->now +
	    tn__sim_between(END_STALL_LEAST, END_STALL_MOST));
}

static void
end_stall_over(struct tn__event *event)
{
	end_edge(TN__CONTAINER(event, struct tn__end, stall));
}

bool
tn__end_stalls(const struct tn__end *e)
{
	return tn__heap_contains(&e->stall.node);
}

/* ---- made and unmade --------------------------------------------------- */

struct tn__end *
tn__end_new(int family, int type, int protocol)
{
	struct tn__end *e = tn__sim_zalloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->out_max = e->in_max = TN__END_BUFFER;
	e->local = family == AF_UNIX;
	e->socket.family = family;
	e->socket.type = type;
	e->socket.protocol = protocol;
	e->socket.thing.fd = -1;
	tn__list_init(&e->socket.thing.watches);
	tn__list_init(&e->socket.bound);
	tn__list_init(&e->flow);
	tn__list_init(&e->queue);
	tn__heap_node_init(&e->arrival.node);
	e->arrival.run = tn__end_arrival;
	tn__heap_node_init(&e->reading.node);
	e->reading.run = tn__end_told;
	tn__heap_node_init(&e->stall.node);
	e->stall.run = end_stall_over;
	tn__list_push_back(&tn__world->ends, &e->all);
	return e;
}

struct tn__end *
tn__end_pair(struct tn__end *e, struct tn__boot *boot)
{
	struct tn__end *p = tn__end_new(e->socket.family,
	    e->socket.type, e->socket.protocol);

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

/* What is on its way is gone; but a reset that the network has sent, it goes on
 * to deliver, unless that is to be gone `too`. */
static void
end_purge(struct tn__end *e, bool too)
{
	TN__LIST_FOR(node, &e->flow) {
		struct tn__segment *segment =
		    TN__CONTAINER(node, struct tn__segment, node);

		if (segment->kind == TN__SEGMENT_RST && !too)
			continue;
		tn__list_remove(node);
		tn__free(segment);
	}
	tn__event_cancel(&e->arrival);
	if (!tn__list_empty(&e->flow))
		tn__event_at(&e->arrival,
		    TN__CONTAINER(e->flow.next, struct tn__segment, node)
			->when);
}

void
tn__end_purge(struct tn__end *e)
{
	end_purge(e, true);
}

void
tn__end_free(struct tn__end *e)
{
	tn__end_purge(e);
	tn__event_cancel(&e->reading);
	tn__event_cancel(&e->stall);
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
	tn__event_cancel(&e->stall);
	end_purge(e, false);
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
	tn__sim_socket_unbind(s);
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
	if (e->in_size > 0 && !tn__end_stalls(e))
		bits |= TN__POLL_IN;
	if (e->shut_in || (e->in_ended && !tn__end_stalls(e)))
		bits |= TN__POLL_IN | TN__POLL_ODD;
	if (e->shut_out || tn__end_has_room(e))
		bits |= TN__POLL_OUT;
	return bits;
}

const struct tn__thing_ops tn__end_thing_ops = {
	.state = tn__end_poll,
	.close = tn__end_close,
};
