/* What an end sends travels as segments, in order, and arrives, is lost and
 * sent again, or finds nobody. */
#include "sim/sim.h"

#define FLOW_RETRY_FIRST (200 * TN_MILLISECOND)
#define FLOW_RETRY_MOST (120 * TN_SECOND)
#define FLOW_GIVE_UP_SYN (127 * TN_SECOND) /* tcp_syn_retries = 6 */

static const char *const flow_kinds[] = {
	[TN__SEGMENT_SYN] = "connect",
	[TN__SEGMENT_SYNACK] = "accept",
	[TN__SEGMENT_ACK] = "connected",
	[TN__SEGMENT_DATA] = "data",
	[TN__SEGMENT_FIN] = "end",
	[TN__SEGMENT_RST] = "reset",
};

static void
flow_trace(const struct tn__end *e, const char *what, size_t size,
    const char *bytes)
{
	char from[TN__PLACE_TEXT], to[TN__PLACE_TEXT], shown[TN__SIM_SHOWN];
	struct tn__machine *m = e->socket.thing.boot->machine;

	tn__socket_text(&e->socket, from);
	if (e->local)
		memcpy(to, from, sizeof(to));
	else
		tn__place_text(&e->socket.remote, m, to);
	if (bytes == NULL)
		tn__sim_trace("%s > %s %s", from, to, what);
	else
		tn__sim_trace("%s > %s %s %zu %s", from, to, what, size,
		    tn__sim_show(bytes, size, shown));
}

static void
flow_arrive_syn(struct tn__end *e, const char *bytes, size_t size)
{
	tn__end_syn(e);
}

static void
flow_arrive_synack(struct tn__end *e, const char *bytes, size_t size)
{
	struct tn__end *p = e->peer;

	if (p->state != TN__END_CONNECTING || p->socket.thing.boot->dead) {
		tn__end_push(p, TN__SEGMENT_RST, NULL, 0);
		return;
	}
	p->state = TN__END_CONNECTED;
	p->socket.connected = true;
	tn__end_push(p, TN__SEGMENT_ACK, NULL, 0);
	tn__thing_edge(&p->socket.thing);
}

static void
flow_arrive_ack(struct tn__end *e, const char *bytes, size_t size)
{
	if (e->peer->listener != NULL &&
	    e->peer->state == TN__END_CONNECTING)
		tn__end_queue(e->peer);
}

static bool
flow_append(struct tn__end *e, const char *bytes, size_t size)
{
	size_t need = e->in_size + size;

	if (e->in_start > 0 && e->in_start + need > e->in_cap) {
		memmove(e->in, e->in + e->in_start, e->in_size);
		e->in_start = 0;
	}
	if (need > e->in_cap) {
		char *in = tn__sim_resize(e->in, need < 4096 ? 4096 : 2 * need);

		if (in == NULL)
			return false;
		e->in = in;
		e->in_cap = need < 4096 ? 4096 : 2 * need;
	}
	memcpy(e->in + e->in_start + e->in_size, bytes, size);
	e->in_size += size;
	return true;
}

/* Nobody is there any more: the sender is told. */
static bool
flow_arrive_late(struct tn__end *p)
{
	if (!tn__end_is_closed(p) && p->state != TN__END_DEAD &&
	    !p->socket.thing.boot->dead)
		return false;
	tn__end_push(p, TN__SEGMENT_RST, NULL, 0);
	return true;
}

static void
flow_arrive_data(struct tn__end *e, const char *bytes, size_t size)
{
	struct tn__end *p = e->peer;

	if (flow_arrive_late(p))
		return;
	if ((p->socket.type == SOCK_SEQPACKET &&
	    !flow_append(p, (const char *)&size, sizeof(size))) ||
	    !flow_append(p, bytes, size)) {
		tn__end_fail(p, ENOMEM);
		return;
	}
	if (!tn__end_stalls(p) && tn__sim_strikes_on(e->far, TN_SIM_STALL))
		tn__end_stall(p);
	tn__thing_edge(&p->socket.thing);
}

static void
flow_arrive_fin(struct tn__end *e, const char *bytes, size_t size)
{
	struct tn__end *p = e->peer;

	if (p->socket.thing.boot->dead && flow_arrive_late(p))
		return;
	p->in_ended = true;
	tn__thing_edge(&p->socket.thing);
}

static void
flow_arrive_rst(struct tn__end *e, const char *bytes, size_t size)
{
	struct tn__end *p = e->peer;

	tn__end_fail(p, p->state == TN__END_CONNECTING ? ECONNREFUSED :
	    p->in_ended && !p->local ? EPIPE : ECONNRESET);
}

static void (*const flow_arrive[])(struct tn__end *e, const char *bytes,
    size_t size) = {
	[TN__SEGMENT_SYN] = flow_arrive_syn,
	[TN__SEGMENT_SYNACK] = flow_arrive_synack,
	[TN__SEGMENT_ACK] = flow_arrive_ack,
	[TN__SEGMENT_DATA] = flow_arrive_data,
	[TN__SEGMENT_FIN] = flow_arrive_fin,
	[TN__SEGMENT_RST] = flow_arrive_rst,
};

/* Lost: once more, later and later, until it is given up. */
static void
flow_retry(struct tn__end *e, struct tn__segment *segment)
{
	struct tn__machine *m = e->socket.thing.boot->machine;
	bool syn = segment->kind == TN__SEGMENT_SYN;
	tn_time now = tn__world->now;

	if (e->lost_since == 0) {
		e->lost_since = now;
		e->backoff = syn ? TN_SECOND : FLOW_RETRY_FIRST;
		flow_trace(e, "lost", 0, NULL);
	} else if (now - e->lost_since >
	    (syn ? FLOW_GIVE_UP_SYN : TN__END_GIVE_UP)) {
		flow_trace(e, "given up", 0, NULL);
		tn__end_fail(e, ETIMEDOUT);
		tn__end_purge(e);
		tn__end_let_go(e);
		return;
	} else if (e->backoff < FLOW_RETRY_MOST) {
		e->backoff *= 2;
	}
	segment->cuts = tn__way_cuts(m, e->far);
	tn__event_at(&e->arrival, now + e->backoff);
}

void
tn__end_arrival(struct tn__event *event)
{
	struct tn__end *e = TN__CONTAINER(event, struct tn__end, arrival);
	struct tn__machine *m = e->socket.thing.boot->machine;
	struct tn__segment *segment =
	    TN__CONTAINER(e->flow.next, struct tn__segment, node);

	if (tn__way_cut(m, e->far) ||
	    segment->cuts != tn__way_cuts(m, e->far)) {
		flow_retry(e, segment);
		return;
	}
	e->lost_since = 0;
	tn__list_remove(&segment->node);
	if (!tn__list_empty(&e->flow))
		tn__event_at(event,
		    TN__CONTAINER(e->flow.next, struct tn__segment, node)
			->when);
	flow_arrive[segment->kind](e, segment->bytes, segment->size);
	tn__free(segment);
	tn__end_let_go(e);
}

static tn_time
flow_when(struct tn__end *e, enum tn__segment_kind kind, size_t size)
{
	struct tn__machine *m = e->socket.thing.boot->machine;
	tn_time when = tn__way_line(m, e->far, size);

	when += tn__way_latency(m, e->far);
	if (kind <= TN__SEGMENT_DATA && tn__sim_strikes_on(m, TN_SIM_DELAY))
		when += tn__sim_between(200 * TN_MILLISECOND, 3 * TN_SECOND);
	if (when < e->arrival_last)
		when = e->arrival_last;
	e->arrival_last = when;
	return when;
}

void
tn__end_push(struct tn__end *e, enum tn__segment_kind kind, const char *bytes,
    size_t size)
{
	struct tn__segment *segment;

	flow_trace(e, flow_kinds[kind], size, bytes);
	if (e->local) {
		if (e->peer != NULL)
			flow_arrive[kind](e, bytes, size);
		return;
	}
	segment = tn__sim_zalloc(sizeof(*segment) + size);
	if (segment == NULL) {
		tn__end_fail(e, ENOMEM);
		return;
	}
	segment->kind = kind;
	segment->cuts = tn__way_cuts(e->socket.thing.boot->machine, e->far);
	segment->when = flow_when(e, kind, size);
	segment->size = size;
	if (size > 0)
		memcpy(segment->bytes, bytes, size);
	tn__list_push_back(&e->flow, &segment->node);
	if (e->flow.next == &segment->node)
		tn__event_at(&e->arrival, segment->when);
}
