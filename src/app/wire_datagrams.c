#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>

#include "app/wire.h"
#include "app/wire_state.h"

#define WIRE_DATAGRAM_MAX 65536 /* more than UDP can carry (RFC 768) */

/* ---- to the peer -------------------------------------------------------- */

static int
wire_send(struct app_wire_datagrams *w, struct tn_slice text)
{
	ssize_t n;

	if (w->anybody && w->last.size == 0)
		return tn_error_set(-EDESTADDRREQ, "nobody has sent anything "
		    "yet, so there is nobody to send this to");
	n = w->anybody ? tn_socket_sendto(w->socket, text.data, text.len, 0,
	    &w->last) : tn_socket_send(w->socket, text.data, text.len, 0);
	if (n < 0)
		return (int)n;
	w->sent += n;
	w->sent_count++;
	w->state->moved = tn_now();
	return 0;
}

/* The next datagram to send: 1, or 0 at the end; `*ret_take` bytes of `in` go
 * with it. */
static int
wire_next(struct app_wire_datagrams *w, struct tn_slice *ret, size_t *ret_take)
{
	int r = TN_ETRUNCATED;

	if (w->lines)
		r = tn_stream_read_line(w->in, TN_LINE_ANY, WIRE_DATAGRAM_MAX,
		    ret);
	*ret_take = 0;
	if (r != TN_ETRUNCATED)
		return r;
	r = tn_stream_fill(w->in, 1, ret);
	*ret_take = r < 0 ? 0 : ret->len;
	return r;
}

/* With nobody to talk to, what is typed waits until there is somebody. */
static int
wire_say_datagrams(struct app_wire_datagrams *w, bool *ret_here)
{
	struct tn_slice text;
	size_t take;
	int r;

	while ((r = wire_next(w, &text, &take)) > 0) {
		ssize_t at = w->escape == 0 ? -1 :
					      tn_slice_find(text, w->escape);

		if (at >= 0) {
			w->left = true;
			text = tn_slice_head(text, (size_t)at);
		}
		r = w->left && text.len == 0 ? 0 : wire_send(w, text);
		if (r < 0 || w->left)
			return r;
		tn_stream_consume(w->in, take);
	}
	*ret_here = r < 0;
	return r;
}

static int
wire_say(void *arg)
{
	struct app_wire_datagrams *w = arg;
	bool here = false;
	int r;

	tn_fiber_name("say");
	r = wire_say_datagrams(w, &here);
	return wire_ended(w->state, WIRE_SAY, r, here);
}

/* ---- from the peer ------------------------------------------------------ */

/* Whole: a datagram is all there is to it. */
static int
wire_show(struct app_wire_datagrams *w, struct tn_slice text)
{
	int r = w->show.write != NULL ? w->show.write(w->out, text) :
					tn_stream_write(w->out, text);

	if (r == 0 && w->lines && !tn_slice_ends(text, TN_SLICE("\n")))
		r = tn_stream_write(w->out, TN_SLICE("\n"));
	/* One after another, as they came: a reader that is gone is noticed. */
	return r < 0 ? r : tn_stream_flush(w->out);
}

static int
wire_hear_datagrams(struct app_wire_datagrams *w, char *room, bool *ret_here)
{
	for (;;) {
		struct tn_address from = { 0 };
		ssize_t n = tn_socket_recvfrom(w->socket, room,
		    WIRE_DATAGRAM_MAX, 0, &from);
		int r;

		if (n < 0)
			return (int)n;
		if (w->only != NULL && !tn_address_equal(&from, w->only))
			continue;
		w->last = from;
		w->received += n;
		w->received_count++;
		w->state->moved = tn_now();
		if (w->heard != NULL)
			w->heard(w->arg, &from, (size_t)n);
		r = wire_show(w, tn_slice(room, (size_t)n));
		if (r < 0) {
			*ret_here = true;
			return r;
		}
	}
}

static int
wire_hear(void *arg)
{
	struct app_wire_datagrams *w = arg;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer room = { 0 };
	bool here = false;
	int r;

	tn_fiber_name("hear");
	r = tn_buffer_reserve(&room, WIRE_DATAGRAM_MAX);
	if (r == 0)
		r = wire_hear_datagrams(w, room.data, &here);
	return wire_ended(w->state, WIRE_HEAR, r, here);
}

/* ---- both --------------------------------------------------------------- */

/* Until when to wait, as things are. */
static tn_time
wire_patience(const struct app_wire_datagrams *w)
{
	const struct wire_state *s = w->state;
	tn_time idle = wire_limit(s, w->idle_ms);
	tn_time linger = w->linger_ms == 0 ? 0 : wire_limit(s, w->linger_ms);

	return s->ended[WIRE_SAY] && linger < idle ? linger : idle;
}

static int
wire_both(struct app_wire_datagrams *w)
{
	struct wire_state *s = w->state;
	int r = 0;

	while (!s->ended[WIRE_HEAR] && !w->left && s->results[WIRE_SAY] == 0) {
		r = wire_wait(s, wire_patience(w));
		if (r == -ETIMEDOUT && wire_patience(w) > tn_now())
			continue; /* it moved meanwhile */
		if (r == -ETIMEDOUT && s->ended[WIRE_SAY] &&
		    wire_limit(s, w->idle_ms) > tn_now())
			return 0;
		if (r < 0)
			return r == -ETIMEDOUT ? wire_idle(w->idle_ms) : r;
	}
	if (w->left)
		return 0;
	if (!s->ended[WIRE_HEAR])
		return wire_result(s, WIRE_SAY);
	w->deaf = s->here[WIRE_HEAR] && s->results[WIRE_HEAR] == -EPIPE;
	return w->deaf ? 0 : wire_result(s, WIRE_HEAR);
}

int
app_wire_run_datagrams(struct app_wire_datagrams *w)
{
	struct wire_state state = { 0 };
	int r;

	w->state = &state;
	r = wire_open(&state, wire_say, wire_hear, w);
	if (r == 0)
		r = wire_both(w);
	wire_close(&state);
	w->state = NULL;
	return r;
}
