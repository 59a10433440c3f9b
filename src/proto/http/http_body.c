/* The body of a request: a stream over the connection that ends where the
 * message says.  An announced length is shown where it lies; chunks are joined
 * in a buffer of their own. */
#include <errno.h>
#include <string.h>
#include <tenon/error.h>

#include "base/error.h"
#include "proto/http/http.h"

/* What the handler left is read and dropped up to here; beyond, a new
 * connection is cheaper. */
#define BODY_SKIP_BYTES 65536

#define BODY_EXTENSION_BYTES 4096
#define BODY_TRAILER_BYTES 8192
#define BODY_TRAILERS 64

/* The message is broken: nobody knows where the next one would begin. */
static int
body_break(struct tn__http_body *b, int code)
{
	b->error = code;
	b->x->broken = true;
	return code;
}

static int
body_truncated(struct tn__http_body *b)
{
	return body_break(b, tn_error_set(TN_ETRUNCATED,
	    "HTTP request: the client left in the middle of the body"));
}

/* RFC 9110 section 10.1.1: a client that asked for it sends the body once it is
 * told to go on, which stands before the final answer or not at all. */
static int
body_continue(struct tn__http_body *b)
{
	struct tn_slice shown;
	int r;

	if (b->x->reply.status != 0 && !b->x->reply.held)
		return body_break(b, tn_error_set(-EINVAL,
		    "HTTP request: the reply began before the body was read, "
		    "so the client will not send it"));
	r = tn_stream_fill(b->stream.below, 0, &shown);
	if (r != 0)
		return r < 0 ? r : 0; /* it did not wait */
	return tn_stream_write(b->stream.below,
	    TN_SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Stands before each read that may wait. */
static int
body_begin(struct tn__http_body *b)
{
	if (b->error < 0)
		return tn_error_set(b->error,
		    "HTTP request: the body could not be read before");
	if (b->begun)
		return 0;
	b->begun = true;
	tn__http_hurry(b->x->c, true);
	return b->x->head.expect_continue ? body_continue(b) : 0;
}

/* ---- an announced length ------------------------------------------------ */

static int
body_length_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	struct tn__http_body *b = (struct tn__http_body *)s;
	struct tn_slice shown = { NULL, 0 };
	int r;

	if (b->left > 0) {
		if ((uint64_t)b->left < min)
			min = (size_t)b->left;
		r = min == 0 ? 0 : body_begin(b);
		if (r < 0)
			return r;
		r = tn_stream_fill(s->below, min, &shown);
		if (r < 0)
			return r;
		if (shown.len < min)
			return body_truncated(b);
		if ((uint64_t)b->left < shown.len)
			shown.len = (size_t)b->left;
	}
	*ret = shown;
	return (int)shown.len;
}

static void
body_length_consume(struct tn_stream *s, size_t n)
{
	struct tn__http_body *b = (struct tn__http_body *)s;

	b->left -= (int64_t)n;
	tn_stream_consume(s->below, n);
}

static const struct tn__stream_ops body_length_ops = {
	.kind = "HTTP body",
	.fill = body_length_fill,
	.consume = body_length_consume,
};

/* ---- chunks ------------------------------------------------------------- */

/* One step through the framing. */
static int
body_chunk_parse(struct tn__http_body *b, struct tn_slice shown)
{
	int64_t max = b->x->c->server->options.body_bytes_max;
	ssize_t used = tn__http_chunk_parse(&b->chunk, shown);

	if (used < 0)
		return body_break(b, (int)used);
	tn_stream_consume(b->stream.below, (size_t)used);
	if (b->chunk.left > (uint64_t)(max - b->came))
		return body_break(b, tn_error_set(TN_ELIMIT,
		    "HTTP request: the body is longer than body_bytes_max, "
		    "%lld bytes", (long long)max));
	b->came += (int64_t)b->chunk.left;
	return 0;
}

/* Waits for bytes of a chunk, or for the end of the last. */
static int
body_chunk_ready(struct tn_stream *s)
{
	struct tn__http_body *b = (struct tn__http_body *)s;
	struct tn_slice shown;
	int r;

	while (!b->chunk.done) {
		r = tn_stream_fill(s->below, 1, &shown);
		if (r < 0)
			return r;
		if (r == 0)
			return body_truncated(b);
		if (b->chunk.left > 0)
			return 0;
		r = body_chunk_parse(b, shown);
		if (r < 0)
			return r;
	}
	return 0;
}

static ssize_t
body_chunk_recv(struct tn_stream *s, void *out, size_t size)
{
	struct tn__http_body *b = (struct tn__http_body *)s;
	struct tn_slice shown;
	int r = tn_stream_fill(s->below, 0, &shown);

	if (r < 0)
		return r;
	if (size > b->chunk.left)
		size = (size_t)b->chunk.left;
	shown = tn_slice_head(shown, size);
	if (shown.len == 0)
		return 0;
	memcpy(out, shown.data, shown.len);
	tn_stream_consume(s->below, shown.len);
	b->chunk.left -= shown.len;
	return (ssize_t)shown.len;
}

/* Not left to the stream, which would put words of its own over those that say
 * what is wrong with the chunk. */
static int
body_chunk_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	struct tn__http_body *b = (struct tn__http_body *)s;
	int r = s->ended || min == 0 ? 0 : body_begin(b);

	if (r == 0 && s->in_end - s->in_start < min) {
		s->held = false;
		r = tn__stream_receive(s, min);
		if (r == -ENOMEM)
			r = tn__error_nomem();
	}
	if (r < 0)
		return r;
	*ret = s->in == NULL ? tn_slice(NULL, 0)
			     : tn_slice(s->in + s->in_start,
				   s->in_end - s->in_start);
	return (int)ret->len;
}

static const struct tn__stream_ops body_chunk_ops = {
	.kind = "HTTP body",
	.fill = body_chunk_fill,
	.ready = body_chunk_ready,
	.recv = body_chunk_recv,
};

/* ---- for the exchange --------------------------------------------------- */

void
tn__http_body_init(struct tn_http_exchange *x)
{
	static const struct tn__http_chunk_limits limits = {
		.extension_bytes_max = BODY_EXTENSION_BYTES,
		.trailer_bytes_max = BODY_TRAILER_BYTES,
		.trailers_max = BODY_TRAILERS,
	};
	struct tn__http_body *b = &x->body;

	b->x = x;
	b->stream.below = x->c->stream;
	b->stream.shut = true; /* nothing is written to it */
	tn__pusher_init(&b->stream.pusher, NULL);
	if (x->head.framing == TN__HTTP_CHUNKED) {
		b->stream.ops = &body_chunk_ops;
		tn__http_chunk_init(&b->chunk, &limits, &b->trailers);
	} else {
		b->stream.ops = &body_length_ops;
		b->left = x->head.framing == TN__HTTP_LENGTH
		    ? x->head.content_length
		    : 0;
	}
}

bool
tn__http_body_is_over(const struct tn_http_exchange *x)
{
	return x->head.framing == TN__HTTP_CHUNKED ? x->body.chunk.done
						   : x->body.left == 0;
}

bool
tn__http_body_is_awaited(const struct tn_http_exchange *x)
{
	return x->head.expect_continue && !x->body.begun &&
	    !tn__http_body_is_over(x);
}

bool
tn__http_body_is_short(const struct tn_http_exchange *x)
{
	return !tn__http_body_is_awaited(x) &&
	    x->body.left <= BODY_SKIP_BYTES;
}

bool
tn__http_body_skip(struct tn_http_exchange *x)
{
	return tn__http_body_is_over(x) ||
	    tn_stream_skip(&x->body.stream, BODY_SKIP_BYTES) >= 0;
}

void
tn__http_body_drop(struct tn_http_exchange *x)
{
	tn__stream_drop_in(&x->body.stream);
	tn_buffer_free(&x->body.trailers);
}

struct tn_stream *
tn_http_body(struct tn_http_exchange *x)
{
	return &x->body.stream;
}

int64_t
tn_http_body_length(const struct tn_http_exchange *x)
{
	switch (x->head.framing) {
	case TN__HTTP_LENGTH:
		return x->head.content_length;
	case TN__HTTP_CHUNKED:
		return -1;
	default:
		return 0;
	}
}
