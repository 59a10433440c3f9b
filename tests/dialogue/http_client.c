/* A client in direct style over the wire codec: what a talk needs until the
 * library has its own. */
#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/dial.h>
#include <tenon/error.h>

#include "dialogue/http.h"
#include "proto/http/wire.h"

#define CLIENT_FIELDS 100
#define CLIENT_CONTINUE TN_SECOND /* RFC 9110 section 10.1.1: not for ever */

struct client {
	struct talk_ours *ours;
	struct tn_stream *stream;
	struct tn__http_head head;
	struct tn__http_field fields[CLIENT_FIELDS];
	const char *method, *target, *body;
	int64_t times, chunked, expect, timeout_ms, body_bytes_max;
	char got[TALK_TOLD_MAX];
	size_t got_len;
};

/* ---- the request -------------------------------------------------------- */

static int
client_write_head(struct client *c)
{
	struct tn_stream *s = c->stream;
	int r = tn_stream_printf(s, "%s %s HTTP/1.1\r\nHost: server.test\r\n",
	    c->method, c->target);

	if (r == 0 && c->expect != 0)
		r = tn_stream_printf(s, "Expect: 100-continue\r\n");
	if (r == 0 && c->chunked != 0)
		r = tn_stream_printf(s, "Transfer-Encoding: chunked\r\n");
	else if (r == 0 && c->body != NULL)
		r = tn_stream_printf(s, "Content-Length: %zu\r\n",
		    strlen(c->body));
	return r < 0 ? r : tn_stream_write(s, TN__HTTP_CRLF);
}

static int
client_write_body(struct client *c)
{
	char head[TN__HTTP_CHUNK_HEAD_MAX];
	struct tn_slice body = tn_slice_str(c->body);
	int r = 0;

	if (c->chunked != 0)
		r = tn_stream_write(c->stream,
		    tn_slice(head, tn__http_chunk_head(head, body.len)));
	if (r == 0)
		r = tn_stream_write(c->stream, body);
	if (r == 0 && c->chunked != 0)
		r = tn_stream_write(c->stream, TN_SLICE("\r\n0\r\n\r\n"));
	return r;
}

/* ---- the body ----------------------------------------------------------- */

/* Takes at most `max` of what is there: > 0, or 0 at the end. */
static int
client_take(struct client *c, uint64_t max)
{
	struct tn_slice shown;
	int r = tn_stream_fill(c->stream, 1, &shown);

	if (r <= 0)
		return r;
	if (shown.len > max)
		shown = tn_slice_head(shown, (size_t)max);
	if (shown.len > (uint64_t)c->body_bytes_max - c->got_len)
		return tn_error_set(TN_ELIMIT, "HTTP response: the body is "
		    "longer than body_bytes_max, %lld bytes",
		    (long long)c->body_bytes_max);
	memcpy(c->got + c->got_len, shown.data, shown.len);
	c->got_len += shown.len;
	tn_stream_consume(c->stream, shown.len);
	return (int)shown.len;
}

static int
client_truncated(void)
{
	return tn_error_set(TN_ETRUNCATED,
	    "HTTP response: the server left in the middle of the body");
}

static int
client_take_counted(struct client *c, uint64_t left)
{
	int r;

	for (; left > 0; left -= (uint64_t)r) {
		r = client_take(c, left);
		if (r <= 0)
			return r < 0 ? r : client_truncated();
	}
	return 0;
}

static int
client_take_chunks(struct client *c, struct tn_buffer *trailers)
{
	static const struct tn__http_chunk_limits limits = { 100, 1000, 10 };
	struct tn__http_chunk chunk;
	struct tn_slice shown;
	int r = 0;

	tn__http_chunk_init(&chunk, &limits, trailers);
	while (r == 0 && !chunk.done) {
		ssize_t used;

		r = tn_stream_fill(c->stream, 1, &shown);
		if (r <= 0)
			return r < 0 ? r : client_truncated();
		used = tn__http_chunk_parse(&chunk, shown);
		if (used < 0)
			return (int)used;
		tn_stream_consume(c->stream, (size_t)used);
		r = client_take_counted(c, chunk.left);
		chunk.left = 0;
	}
	return r;
}

static int
client_read_body(struct client *c)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer trailers = { 0 };
	int r = 0;

	c->got_len = 0;
	switch (c->head.framing) {
	case TN__HTTP_NO_BODY:
		return 0;
	case TN__HTTP_LENGTH:
		r = client_take_counted(c, (uint64_t)c->head.content_length);
		break;
	case TN__HTTP_CHUNKED:
		r = client_take_chunks(c, &trailers);
		break;
	case TN__HTTP_UNTIL_CLOSE:
		while ((r = client_take(c, UINT64_MAX)) > 0)
			;
		break;
	}
	if (r < 0)
		return r;
	talk_tell_bytes(c->ours, "body", tn_slice(c->got, c->got_len));
	if (trailers.len > 0)
		talk_tell_bytes(c->ours, "trailers",
		    tn_buffer_slice(&trailers));
	return 0;
}

/* ---- the response ------------------------------------------------------- */

/* The next head, told: its status, or why there is none. */
static int
client_read_head(struct client *c)
{
	static const struct tn__http_limits limits = { 1000, 8000,
		CLIENT_FIELDS };
	struct tn_slice text = { NULL, 0 }, reason;
	int r;

	tn__http_response_init(&c->head, tn__http_method(tn_slice_str(
	    c->method)), &limits, c->fields);
	do {
		size_t want = text.len + 1;

		r = tn_stream_fill(c->stream, want, &text);
		if (r < 0)
			return r;
		if ((size_t)r < want)
			return tn_error_set(TN_ETRUNCATED, "HTTP response: "
			    "the server closed %s", r == 0 ?
			    "without one" : "in the middle of its head");
		r = tn__http_head_parse(&c->head, text);
	} while (r == 0);
	if (r < 0)
		return r;
	reason = tn__http_text(text, c->head.reason);
	talk_tell(c->ours, "%d %.*s", c->head.status, (int)reason.len,
	    reason.data);
	tn_stream_consume(c->stream, (size_t)r);
	return c->head.status;
}

/* Whether to send the body: 1; or an answer came that makes it needless: 0. */
static int
client_await_continue(struct client *c)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(CLIENT_CONTINUE));
	r = client_read_head(c);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		return 1;
	return r < 0 ? r : r == 100;
}

/* 1: another request may follow. */
static int
client_exchange(struct client *c)
{
	int r = client_write_head(c), go_on = 1;

	if (r == 0 && c->expect != 0)
		r = go_on = client_await_continue(c);
	if (r >= 0 && go_on == 1 && c->body != NULL)
		r = client_write_body(c);
	while (r >= 0 && go_on == 1 && (r = client_read_head(c)) > 0 &&
	    r < 200 && r != 101)
		;
	if (r >= 0)
		r = client_read_body(c);
	return r < 0 ? r : c->head.keep_alive && go_on == 1 &&
	    c->head.framing != TN__HTTP_UNTIL_CLOSE;
}

static int
client_talk(struct client *c)
{
	int r = tn_dial(c->ours->address, NULL, &c->stream);

	for (int64_t i = 0; i < c->times && r >= 0; i++) {
		r = client_exchange(c);
		if (r == 0 && i + 1 < c->times)
			talk_tell(c->ours, "not kept alive");
		if (r == 0)
			break;
	}
	if (r < 0)
		tn_stream_free(c->stream);
	else
		(void)tn_stream_close(c->stream);
	return r;
}

int
http_call(struct talk_ours *ours)
{
	static struct client c;
	const struct talk_option options[] = {
		{ "body_bytes_max", &c.body_bytes_max },
		{ "chunked", &c.chunked },
		{ "expect", &c.expect },
		{ "timeout_ms", &c.timeout_ms },
		{ "times", &c.times },
	};
	struct tn_scope scope;
	int r;

	c = (struct client){ .ours = ours, .times = 1,
		.body_bytes_max = TALK_TOLD_MAX, .timeout_ms = 600000 };
	r = talk_options(ours, options, TN_COUNT(options));
	c.method = talk_word(ours, 0);
	c.target = talk_word(ours, 1);
	c.body = talk_word(ours, 2);
	if (r == 0 && (c.target == NULL || c.body_bytes_max > TALK_TOLD_MAX))
		r = tn_error_set(-EINVAL, "client METHOD TARGET [BODY]");
	if (r < 0)
		return r;
	tn_scope_open(&scope, tn_after(c.timeout_ms * TN_MILLISECOND));
	r = client_talk(&c);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		r = tn_error_set(r, "%s %s: no answer within timeout_ms, %lld",
		    c.method, c.target, (long long)c.timeout_ms);
	return r;
}
