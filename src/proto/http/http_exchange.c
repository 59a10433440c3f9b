/* One request and its reply: read, judged, answered, recorded. */
#include <errno.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/http.h"

_Static_assert(sizeof(struct tn_http_exchange) <= TN__POOL_BYTES,
    "an exchange fits in one buffer of the pool");

/* ---- made and given back ------------------------------------------------ */

static int
exchange_init(struct tn_http_exchange *x, struct tn__http_connection *c)
{
	const struct tn__http_limits *limits = &c->server->limits;

	memset(x, 0, offsetof(struct tn_http_exchange, peer_far));
	x->c = c;
	x->peer = c->peer;
	if (limits->fields_max > TN_COUNT(x->fields)) {
		x->fields_own = tn__alloc(limits->fields_max *
		    sizeof(*x->fields_own));
		if (x->fields_own == NULL)
			return tn__error_nomem();
	}
	tn__http_request_init(&x->head, limits,
	    x->fields_own == NULL ? x->fields : x->fields_own);
	tn__http_reply_init(x);
	x->timed = c->server->options.request_ms > 0;
	if (x->timed || c->server->options.record != NULL)
		x->began = tn_now();
	if (c->server->options.record != NULL)
		x->wall_ns = tn_wall_now();
	return 0;
}

static void
exchange_free(struct tn_http_exchange *x)
{
	tn__http_body_drop(x);
	tn__http_compress_drop(x);
	tn__free(x->fields_own);
	tn__free(x->text_own);
	tn__free(x->params_own);
	tn__stream_buffer_put(x);
}

/* ---- reading the head --------------------------------------------------- */

/* Answers what never reaches the handler; the end of the connection. */
static int
exchange_refuse(struct tn_http_exchange *x, int status)
{
	x->broken = true;
	if (x->body.x == NULL) { /* an error page may look at it */
		x->head.framing = TN__HTTP_NO_BODY;
		tn__http_body_init(x);
	}
	tn__http_log(x, TN_LOG_DEBUG, "http.refused");
	if (tn_http_reply_status(x, status) == 0 &&
	    tn__http_reply_end(x) == 0)
		tn__http_record(x);
	return 0;
}

/* Reads until the head is whole: its bytes, 0 when the client left before, or
 * the error, x->head.status telling whether the head's own. */
static int
exchange_receive(struct tn_http_exchange *x)
{
	size_t want;
	int r;

	do {
		want = x->text.len + 1;
		r = tn_stream_fill(x->c->stream, want, &x->text);
		if (r < 0 || (size_t)r < want)
			return r < 0 ? r : 0;
		r = tn__http_head_parse(&x->head, x->text);
	} while (r == 0);
	return r;
}

/* The head comes in pieces: now it has a deadline. */
static int
exchange_receive_late(struct tn_http_exchange *x)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	bool whole = x->timed && o->request_ms < o->header_ms;
	int64_t limit_ms = whole ? o->request_ms : o->header_ms;
	struct tn_scope scope;
	int r;

	tn_stream_set_pace(x->c->stream, NULL); /* this is the only limit */
	tn_scope_open(&scope, tn_after(tn__http_span(limit_ms)));
	r = exchange_receive(x);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT) {
		/* Waiting showed what is there no more. */
		if (tn_stream_fill(x->c->stream, 0, &x->text) < 0)
			x->text = tn_slice(NULL, 0);
		x->head.status = 408;
		tn_error_set(r, "HTTP request: its head did not come within "
		    "%s, %lld", whole ? "request_ms" : "header_ms",
		    (long long)limit_ms);
	}
	return r;
}

/* Keeps the head where the body cannot overwrite it. */
static int
exchange_keep_text(struct tn_http_exchange *x, size_t len)
{
	x->text_kept = x->text_inside;
	if (len > sizeof(x->text_inside))
		x->text_kept = x->text_own = tn__alloc(len);
	if (x->text_kept == NULL)
		return tn__error_nomem();
	memcpy(x->text_kept, x->text.data, len);
	x->text = tn_slice(x->text_kept, len);
	tn_stream_consume(x->c->stream, len);
	return 0;
}

/* What the head alone forbids. */
static int
exchange_judge(struct tn_http_exchange *x)
{
	int64_t max = x->c->server->options.body_bytes_max;

	if (x->head.verb == TN__HTTP_CONNECT) {
		tn_error_set(-EOPNOTSUPP, "HTTP request: CONNECT asks for a "
		    "proxy, which this is not");
		return 501;
	}
	if (x->head.content_length > max) {
		tn_error_set(TN_ELIMIT, "HTTP request: a body of %lld bytes; "
		    "body_bytes_max is %lld",
		    (long long)x->head.content_length, (long long)max);
		return 413;
	}
	return 0;
}

/* 1: the request is there; 0: there is none, and what had to be said was said;
 * or the error of the connection. */
static int
exchange_read(struct tn_http_exchange *x)
{
	int status, r;

	r = tn_stream_fill(x->c->stream, 0, &x->text);
	if (r > 0)
		r = tn__http_head_parse(&x->head, x->text);
	if (r == 0)
		r = exchange_receive_late(x);
	if (r < 0 && x->head.status != 0)
		return exchange_refuse(x, x->head.status);
	if (r <= 0)
		return r;

	r = exchange_keep_text(x, (size_t)r);
	if (r < 0)
		return exchange_refuse(x, 503);
	tn__http_body_init(x);
	tn__http_forwarded_take(x);
	status = exchange_judge(x);
	return status == 0 ? 1 : exchange_refuse(x, status);
}

/* RFC 9112 section 9.6: a client that said "close" sends no further request,
 * and where none can be under way closing need not wait for it. */
static bool
exchange_was_last(const struct tn_http_exchange *x)
{
	return !x->head.keep_alive && !x->broken &&
	    x->head.framing == TN__HTTP_NO_BODY;
}

/* Kept out of the frame in which a connection waits. */
__attribute__((noinline)) int
tn__http_exchange(struct tn__http_connection *c)
{
	struct tn_http_exchange *x = tn__stream_buffer_get();
	int r;

	if (x == NULL)
		return tn__error_nomem();
	c->requests++;
	r = exchange_init(x, c);
	if (r == 0)
		r = exchange_read(x);
	if (r > 0) {
		r = tn__http_answer(x);
		if (x->reply.status != 0 && !x->reply.held)
			tn__http_record(x);
		c->stream->quiet = exchange_was_last(x);
		if (r == 0)
			r = x->keep && !x->broken && tn__http_body_skip(x);
	}
	exchange_free(x);
	return r;
}
