/* One request and its reply: read, judged, answered, recorded. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <tenon/error.h>
#include <tenon/log.h>
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

	memset(x, 0, offsetof(struct tn_http_exchange, fields));
	x->c = c;
	if (limits->fields_max > TN_COUNT(x->fields)) {
		x->fields_own = tn__alloc(limits->fields_max *
		    sizeof(*x->fields_own));
		if (x->fields_own == NULL)
			return tn__error_nomem();
	}
	tn__http_request_init(&x->head, limits,
	    x->fields_own == NULL ? x->fields : x->fields_own);
	tn__http_reply_init(x);
	if (c->server->options.record != NULL) {
		x->began = tn_now();
		x->wall_ns = tn_wall_now();
	}
	return 0;
}

static void
exchange_free(struct tn_http_exchange *x)
{
	tn__http_body_drop(x);
	tn__free(x->fields_own);
	tn__free(x->text_own);
	tn__stream_buffer_put(x);
}

/* ---- telling ------------------------------------------------------------ */

static void
exchange_record(const struct tn_http_exchange *x)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	struct tn_http_record record;

	if (o->record == NULL)
		return;
	record = (struct tn_http_record){
		.peer = x->c->peer,
		.method = tn__http_text(x->text, x->head.method),
		.target = tn__http_text(x->text, x->head.target),
		.referer = tn__http_known(&x->head, x->text, TN__HTTP_REFERER),
		.user_agent = tn__http_known(&x->head, x->text,
		    TN__HTTP_USER_AGENT),
		.version = x->head.version,
		.status = x->reply.status,
		.bytes = x->reply.sent,
		.took = tn_now() - x->began,
		.wall_ns = x->wall_ns,
	};
	o->record(o->arg, &record);
}

static void
exchange_log(const struct tn_http_exchange *x, enum tn_log_level level,
    const char *event)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer target = { 0 };
	char peer[TN_ADDRESS_TEXT_MAX];
	struct tn_log_field fields[] = {
		{ "peer", tn_address_format(x->c->peer, peer) },
		{ "target", "" },
		{ "error", tn_error_text() },
	};

	if (tn_buffer_append_escaped(&target,
	        tn__http_text(x->text, x->head.target)) == 0)
		fields[1].value = target.data;
	tn_log(level, event, fields, TN_COUNT(fields));
}

/* The handler failed with `code`, and the connection did not. */
static void
exchange_report(struct tn_http_exchange *x, int code)
{
	const struct tn_http_server_options *o = &x->c->server->options;

	if (tn_error_code() != code) /* it left no line */
		tn_error_set(code, "HTTP handler: %s", tn_error_words(code));
	if (o->server.handle_error != NULL)
		o->server.handle_error(x->c->request, code);
	else
		exchange_log(x,
		    code == -ECANCELED ? TN_LOG_DEBUG : TN_LOG_WARNING,
		    "http.handler");
}

/* ---- reading the head --------------------------------------------------- */

/* Answers what never reaches the handler; the end of the connection. */
static int
exchange_refuse(struct tn_http_exchange *x, int status)
{
	x->broken = true;
	exchange_log(x, TN_LOG_DEBUG, "http.refused");
	if (tn_http_reply_status(x, status) == 0)
		exchange_record(x);
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

static tn_time
exchange_span(int64_t ms)
{
	return ms > TN_NEVER / TN_MILLISECOND ? -1 : ms * TN_MILLISECOND;
}

/* The head comes in pieces: now it has a deadline. */
static int
exchange_receive_late(struct tn_http_exchange *x)
{
	int64_t limit_ms = x->c->server->options.header_ms;
	struct tn_scope scope;
	int r;

	tn_stream_set_pace(x->c->stream, NULL); /* this is the only limit */
	tn_scope_open(&scope, tn_after(exchange_span(limit_ms)));
	r = exchange_receive(x);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT) {
		/* Waiting showed what is there no more. */
		if (tn_stream_fill(x->c->stream, 0, &x->text) < 0)
			x->text = tn_slice(NULL, 0);
		x->head.status = 408;
		tn_error_set(r, "HTTP request: its head did not come within "
		    "header_ms, %lld", (long long)limit_ms);
	}
	return r;
}

/* Keeps the head where the body cannot overwrite it. */
static int
exchange_keep_text(struct tn_http_exchange *x, size_t len)
{
	char *text = x->text_inside;

	if (len > sizeof(x->text_inside))
		text = x->text_own = tn__alloc(len);
	if (text == NULL)
		return tn__error_nomem();
	memcpy(text, x->text.data, len);
	x->text = tn_slice(text, len);
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
	status = exchange_judge(x);
	return status == 0 ? 1 : exchange_refuse(x, status);
}

/* ---- answering ---------------------------------------------------------- */

/* What the client is told of a handler's result; 500 for all others. */
static int
exchange_status(const struct tn_http_exchange *x, int code)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ -ENOENT, 404 },
		{ TN_EESCAPE, 404 },
		{ -EACCES, 403 },
		{ TN_ELIMIT, 413 },
		{ -ETIMEDOUT, 408 },
		{ TN_EPROTO, 400 },
		{ -EMEDIUMTYPE, 415 },
	};

	if (code == TN_ETRUNCATED && x->body.error == code)
		return 400;
	if (code == -ECANCELED && tn_cancelled())
		return 503;
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (rows[i].code == code)
			return rows[i].status;
	return 500;
}

/* The handler failed with `code` before it said anything. */
static void
exchange_fail(struct tn_http_exchange *x, int code)
{
	int status = exchange_status(x, code);

	if (status >= 500)
		exchange_report(x, code);
	if (status == 408 || status == 503)
		x->broken = true;
	x->reply.status = 0;
	x->fields_out.len = 0; /* they were about something else */
	if (tn_http_reply_status(x, status) < 0)
		x->broken = true;
}

/* What fails now is the connection, or failed the handler because of it: then
 * there is nobody to tell, and the server underneath hears of it. */
static bool
exchange_is_lost(const struct tn_http_exchange *x)
{
	const struct tn_stream *s = x->c->stream;

	return s->write_error < 0 || s->read_error < 0;
}

/* RFC 9112 section 8: a body that ends with the connection would seem whole if
 * the connection ended in good order. */
static bool
exchange_must_reset(const struct tn_http_exchange *x)
{
	return x->reply.mode == TN__HTTP_REPLY_UNTIL_CLOSE &&
	    x->reply.status != 0 && !x->reply.held;
}

static void
exchange_reset(struct tn_http_exchange *x)
{
	const struct linger linger = { .l_onoff = 1 };
	struct tn_socket *socket = tn_stream_socket(x->c->stream);

	if (socket != NULL)
		(void)!tn_socket_setsockopt(socket, SOL_SOCKET, SO_LINGER,
		    &linger, sizeof(linger));
}

/* 0, or an error that ends the connection at once. */
static int
exchange_answer(struct tn_http_exchange *x)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	int r = o->handler(x, o->arg);

	if (r >= 0 && x->reply.status != 0)
		r = tn__http_reply_end(x);
	else if (r >= 0)
		r = tn_error_set(-EPROTO,
		    "HTTP handler: it returned without a reply");
	if (r >= 0)
		return 0;
	if (exchange_must_reset(x)) {
		exchange_reset(x);
		return r;
	}
	if (exchange_is_lost(x))
		return r;
	if (x->reply.status == 0 || x->reply.held) {
		exchange_fail(x, r);
		return 0;
	}
	x->broken = true;
	exchange_report(x, r);
	return 0;
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
		r = exchange_answer(x);
		if (x->reply.status != 0 && !x->reply.held)
			exchange_record(x);
		c->stream->quiet = exchange_was_last(x);
		if (r == 0)
			r = x->keep && !x->broken && tn__http_body_skip(x);
	}
	exchange_free(x);
	return r;
}
