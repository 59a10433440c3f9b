/* The stream a handler writes its reply's body to: it counts, or makes chunks,
 * or lets everything disappear. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "proto/http/http.h"

/* What comes beyond either into a body that nobody gets is as good as endless,
 * and its writer would not stop by itself. */
#define REPLY_DROP_BYTES 65536
#define REPLY_DROP_SPAN TN_SECOND

/* RFC 9112 section 7.1: what was written at once becomes one chunk. */
static int
reply_write_chunk(struct tn_stream *below, struct tn_slice bytes)
{
	char head[TN__HTTP_CHUNK_HEAD_MAX];
	size_t len = tn__http_chunk_head(head, bytes.len);
	int r;

	r = tn_stream_write(below, tn_slice(head, len));
	if (r == 0)
		r = tn_stream_write(below, bytes);
	if (r == 0)
		r = tn_stream_write(below, TN__HTTP_CRLF);
	return r;
}

/* Into nowhere, where no write ever fails or waits because of the client. */
static int
reply_drop(struct tn__http_reply *reply, size_t len)
{
	if (reply->dropped == 0)
		reply->drop_until = tn_after(REPLY_DROP_SPAN);
	if (len <= (size_t)(REPLY_DROP_BYTES - reply->dropped) &&
	    tn_now() < reply->drop_until) {
		reply->dropped += (int64_t)len;
		return 0;
	}
	reply->over = true;
	return tn_error_set(-EPIPE,
	    "HTTP reply: it has no body, and all else was sent");
}

static int
reply_write(struct tn_stream *s, struct tn_slice bytes)
{
	struct tn__http_reply *reply = (struct tn__http_reply *)s;
	int r = tn__http_reply_release(reply->x);

	if (r < 0)
		return r;
	switch (reply->mode) {
	case TN__HTTP_REPLY_DROPPED:
		return reply_drop(reply, bytes.len);
	case TN__HTTP_REPLY_COUNTED:
		if (bytes.len > (uint64_t)(reply->length - reply->sent))
			r = tn_error_set(-EINVAL, "HTTP reply: more than the "
			    "%lld bytes that were announced",
			    (long long)reply->length);
		else
			r = tn_stream_write(s->below, bytes);
		break;
	case TN__HTTP_REPLY_CHUNKED:
		r = reply_write_chunk(s->below, bytes);
		break;
	case TN__HTTP_REPLY_UNTIL_CLOSE:
	case TN__HTTP_REPLY_SWITCHED:
		r = tn_stream_write(s->below, bytes);
		break;
	}
	if (r < 0)
		reply->x->broken = true;
	else
		reply->sent += (int64_t)bytes.len;
	return r;
}

/* Without the last chunk, or with fewer bytes than announced, the client sees
 * that something is missing: then this never comes. */
static int
reply_shutdown(struct tn_stream *s)
{
	struct tn__http_reply *reply = (struct tn__http_reply *)s;
	int r = tn__http_reply_release(reply->x);

	if (r < 0)
		return r;
	if (reply->mode == TN__HTTP_REPLY_CHUNKED)
		r = tn__http_trailers_write(reply->x);
	else if (reply->mode == TN__HTTP_REPLY_COUNTED &&
	    reply->sent < reply->length)
		r = tn_error_set(TN_ETRUNCATED, "HTTP reply: only %lld of the "
		    "%lld bytes that were announced", (long long)reply->sent,
		    (long long)reply->length);
	if (r < 0)
		reply->x->broken = true;
	return r;
}

/* There is nothing to read from it. */
static int
reply_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	*ret = tn_slice(NULL, 0);
	return 0;
}

static const struct tn__stream_ops reply_ops = {
	.kind = "HTTP reply",
	.fill = reply_fill,
	.write = reply_write,
	.shutdown = reply_shutdown,
};

void
tn__http_reply_init(struct tn_http_exchange *x)
{
	struct tn__http_reply *reply = &x->reply;

	reply->x = x;
	reply->stream.ops = &reply_ops;
	reply->stream.below = x->c->stream;
	tn__pusher_init(&reply->stream.pusher, NULL); /* it keeps nothing */
	x->fields_out.data = x->reply_fields;
	x->fields_out.cap = TN__HTTP_REPLY_FIELDS;
}

struct tn_stream *
tn__http_reply_stream(struct tn_http_exchange *x)
{
	return x->reply.encoder != NULL ? x->reply.encoder : &x->reply.stream;
}

int
tn__http_reply_end(struct tn_http_exchange *x)
{
	struct tn_stream *s = &x->reply.stream;
	int r = tn_stream_close(TN_TAKE(x->reply.encoder));

	if (r < 0 || s->shut)
		return r;
	s->shut = true;
	return reply_shutdown(s);
}
