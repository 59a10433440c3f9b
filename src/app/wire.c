#include <errno.h>
#include <tenon/error.h>

#include "app/wire.h"
#include "app/wire_state.h"

/* ---- to the peer -------------------------------------------------------- */

static int
wire_put(struct app_wire *w, struct tn_slice bytes)
{
	int r = tn_stream_write(w->peer, bytes);

	if (r == 0)
		w->sent += (int64_t)bytes.len;
	w->state->moved = tn_now();
	return r;
}

/* As it is, but LF as CRLF; `*after_cr` from one piece to the next, since a
 * CRLF stays one. */
static int
wire_put_crlf(struct app_wire *w, struct tn_slice text, bool *after_cr)
{
	int r = 0;

	while (text.len > 0 && r == 0) {
		ssize_t end = tn_slice_find(text, '\n');
		size_t n = end < 0 ? text.len : (size_t)end;
		bool has_cr = n > 0 ? text.data[n - 1] == '\r' : *after_cr;

		r = wire_put(w, tn_slice_head(text, n));
		if (r == 0 && end >= 0)
			r = wire_put(w, has_cr ? TN_SLICE("\n") :
						 TN_SLICE("\r\n"));
		*after_cr = has_cr && end < 0;
		text = tn_slice_skip(text, end < 0 ? n : n + 1);
	}
	return r;
}

/* What `in` has next, once it has something: its bytes, 0 at the end. */
static int
wire_ask(struct app_wire *w, struct tn_slice *ret)
{
	int r;

	if (w->state->stop)
		return 0;
	w->state->asking = true;
	r = tn_stream_fill(w->in, 1, ret);
	w->state->asking = false;
	return r;
}

/* Cuts the text where it is to end. */
static void
wire_look_for_escape(struct app_wire *w, struct tn_slice *text)
{
	ssize_t at = w->escape == 0 ? -1 : tn_slice_find(*text, w->escape);

	if (at < 0)
		return;
	w->left = true;
	*text = tn_slice_head(*text, (size_t)at);
}

static int
wire_say_bytes(struct app_wire *w, bool *ret_here)
{
	bool after_cr = false;
	struct tn_slice text;
	int r;

	while ((r = wire_ask(w, &text)) > 0) {
		size_t len = text.len;

		wire_look_for_escape(w, &text);
		r = w->crlf ? wire_put_crlf(w, text, &after_cr) :
			      wire_put(w, text);
		if (r < 0)
			return r;
		tn_stream_consume(w->in, w->left ? text.len + 1 : len);
		if (w->left)
			return 0;
	}
	/* A program that left something unread is gone like any other. */
	if (w->program && r == -ECONNRESET)
		r = 0;
	*ret_here = r < 0;
	return r;
}

/* The next line: 1, or 0 at the end.  What the last one is without its end is
 * a line too, of which `*ret_held` bytes are still in `in`. */
static int
wire_ask_line(struct app_wire *w, struct tn_slice *ret, size_t *ret_held)
{
	int r;

	if (w->state->stop)
		return 0;
	w->state->asking = true;
	r = tn_stream_read_line(w->in, TN_LINE_ANY, APP_WIRE_LINE_MAX, ret);
	if (r == TN_ETRUNCATED) {
		r = tn_stream_fill(w->in, 1, ret);
		*ret_held = r < 0 ? 0 : ret->len;
	}
	w->state->asking = false;
	return r;
}

static int
wire_say_lines(struct app_wire *w, bool *ret_here)
{
	struct tn_slice line;
	size_t held = 0;
	int r;

	while ((r = wire_ask_line(w, &line, &held)) > 0) {
		wire_look_for_escape(w, &line);
		r = wire_put(w, line);
		if (r == 0 && !w->left)
			r = wire_put(w, w->crlf ? TN_SLICE("\r\n") :
						  TN_SLICE("\n"));
		if (r < 0)
			return r;
		tn_stream_consume(w->in, held);
		held = 0;
		if (w->left)
			return 0;
	}
	*ret_here = r < 0;
	return r;
}

static int
wire_say(void *arg)
{
	struct app_wire *w = arg;
	bool here = false;
	int r;

	tn_fiber_name("say");
	r = w->lines ? wire_say_lines(w, &here) : wire_say_bytes(w, &here);
	if (r == 0 && (w->keep_open || w->left || w->state->stop))
		r = tn_stream_flush(w->peer);
	else if (r == 0)
		r = tn_stream_shutdown(w->peer);
	return wire_ended(w->state, WIRE_SAY, r, here);
}

/* ---- from the peer ------------------------------------------------------ */

static int
wire_show(struct app_wire *w, struct tn_slice text)
{
	if (text.len == 0)
		return 0;
	return w->show.write != NULL ? w->show.write(w->out, text) :
				       tn_stream_write(w->out, text);
}

static int
wire_show_lf(struct app_wire *w, struct tn_slice text)
{
	ssize_t at;
	int r = 0;

	while (r == 0 && (at = tn_slice_search(text, TN_SLICE("\r\n"))) >= 0) {
		r = wire_show(w, tn_slice_head(text, (size_t)at));
		text = tn_slice_skip(text, (size_t)at + 1);
		if (r == 0)
			r = wire_show(w, tn_slice_head(text, 1));
		text = tn_slice_skip(text, 1);
	}
	return r < 0 ? r : wire_show(w, text);
}

/* How much of it need not wait for what comes behind. */
static size_t
wire_whole(const struct app_wire *w, struct tn_slice text)
{
	size_t whole = w->show.whole != NULL ? w->show.whole(text) : text.len;

	if (w->crlf && whole == text.len && tn_slice_ends(text, TN_SLICE("\r")))
		whole--;
	return whole;
}

/* Until the peer is done; `*ret_here` when it failed on this side. */
static int
wire_hear_all(struct app_wire *w, bool *ret_here)
{
	struct wire_state *s = w->state;
	struct tn_slice text;
	int r;

	while ((r = tn_stream_fill(w->peer, s->held + 1, &text)) > 0) {
		/* Nothing new: that was the end, and what was held is all. */
		size_t whole = text.len > s->held ? wire_whole(w, text) :
						    text.len;
		struct tn_slice shown = tn_slice_head(text, whole);

		s->moved = tn_now();
		s->held = text.len - whole;
		r = w->crlf ? wire_show_lf(w, shown) : wire_show(w, shown);
		*ret_here = r < 0;
		if (r < 0)
			return r;
		tn_stream_consume(w->peer, whole);
		w->received += (int64_t)whole;
	}
	return r;
}

/* What came before a failure is shown too, what was held back included. */
static int
wire_hear_rest(struct app_wire *w)
{
	struct tn_slice text;
	int r = 0;

	if (w->state->held > 0)
		r = tn_stream_fill(w->peer, 1, &text);
	if (r > 0)
		r = wire_show(w, text);
	if (r < 0)
		return r;
	return w->program ? tn_stream_shutdown(w->out) :
			    tn_stream_flush(w->out);
}

static int
wire_hear(void *arg)
{
	struct app_wire *w = arg;
	bool here = false;
	int r, rest;

	tn_fiber_name("hear");
	r = wire_hear_all(w, &here);
	rest = here || r == -ECANCELED ? 0 : wire_hear_rest(w);
	if (rest < 0) {
		here = true;
		r = rest;
	}
	return wire_ended(w->state, WIRE_HEAR, r, here);
}

/* ---- both --------------------------------------------------------------- */

/* How often to look whether somebody who was sending waits to be told more. */
#define WIRE_LOOK_SPAN (100 * TN_MILLISECOND)
/* For a peer that takes nothing any more. */
#define WIRE_LAST_SPAN TN_SECOND

/* The peer is done: says what there is to say.  Whoever feeds `in` has the time
 * until nothing has moved for `linger_ms`; a peer that takes its time to read
 * does not count. */
static int
wire_say_rest(struct app_wire *w)
{
	struct wire_state *s = w->state;
	int r = 0;

	while (r == 0 && !s->ended[WIRE_SAY]) {
		bool late = w->linger_ms == 0 ||
		    wire_limit(s, w->linger_ms) <= tn_now();

		if (late && (s->asking || w->linger_ms == 0))
			wire_stop_saying(s);
		r = wire_wait(s, tn_after(WIRE_LOOK_SPAN));
		if (r != -ETIMEDOUT)
			continue;
		if (wire_limit(s, w->idle_ms) <= tn_now())
			return wire_idle(w->idle_ms);
		r = 0;
	}
	return r < 0 ? r : wire_result(s, WIRE_SAY);
}

/* Nothing can be said to it any more; what it has said itself is on its way. */
static int
wire_hear_last(struct app_wire *w)
{
	struct wire_state *s = w->state;
	int r = 0;

	while (r == 0 && !s->ended[WIRE_HEAR]) {
		r = wire_wait(s, s->moved + WIRE_LAST_SPAN);
		if (r == -ETIMEDOUT && s->moved + WIRE_LAST_SPAN > tn_now())
			r = 0;
	}
	return r < 0 && r != -ETIMEDOUT ? r : wire_result(s, WIRE_SAY);
}

/* Whether there is nothing to wait for even though the peer may go on. */
static bool
wire_is_over(const struct app_wire *w)
{
	const struct wire_state *s = w->state;

	return w->left || s->results[WIRE_SAY] < 0 ||
	    (w->program && s->ended[WIRE_SAY]);
}

/* As long as nothing is over that ends it all. */
static int
wire_both(struct app_wire *w)
{
	struct wire_state *s = w->state;
	int r;

	while (!s->ended[WIRE_HEAR] && !wire_is_over(w)) {
		r = wire_wait(s, wire_limit(s, w->idle_ms));
		if (r == -ETIMEDOUT && wire_limit(s, w->idle_ms) > tn_now())
			continue; /* it moved meanwhile */
		if (r < 0)
			return r == -ETIMEDOUT ? wire_idle(w->idle_ms) : r;
	}
	if (w->left)
		return 0;
	if (s->results[WIRE_SAY] < 0 && !s->ended[WIRE_HEAR])
		return s->here[WIRE_SAY] ? wire_result(s, WIRE_SAY) :
					   wire_hear_last(w);
	if (!s->ended[WIRE_HEAR])
		return 0; /* the program's own end */
	w->deaf = s->here[WIRE_HEAR] && (w->program ||
	    s->results[WIRE_HEAR] == -EPIPE);
	/* What a program said before it stopped listening is still to come. */
	if (w->deaf)
		return w->program ? wire_say_rest(w) : 0;
	r = wire_result(s, WIRE_HEAR);
	return r < 0 ? r : wire_say_rest(w);
}

int
app_wire_run(struct app_wire *w)
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
