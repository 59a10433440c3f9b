/* Chunked bodies: however the bytes are divided the result is the same, and
 * a decoded body, written again, reads as the same.  The first byte chooses
 * the limits. */
#include <tenon/error.h>

#include "fuzz/fuzz.h"
#include "proto/http/wire.h"

struct result {
	struct tn_buffer body, trailers;
	size_t used;
	int error, status;
	bool done;
};

static const struct tn__http_chunk_limits wide = { 256, 1024, 16 };
static const struct tn__http_chunk_limits narrow = { 8, 16, 2 };

/* One piece; what is left over stays in `*in`. */
static int
decode_piece(struct tn__http_chunk *c, struct tn_slice *in, struct result *r)
{
	while (in->len > 0 && !c->done) {
		ssize_t n = tn__http_chunk_parse(c, *in);
		struct tn_slice data;

		if (n < 0)
			return (int)n;
		assert((size_t)n <= in->len);
		*in = tn_slice_skip(*in, (size_t)n);
		data = tn_slice_head(*in, (size_t)c->left);
		assert(n > 0 || data.len > 0);
		c->left -= data.len;
		*in = tn_slice_skip(*in, data.len);
		if (tn_buffer_append(&r->body, data) < 0)
			abort();
	}
	return 0;
}

static struct result
decode(const struct tn__http_chunk_limits *limits, struct tn_slice in,
    size_t step)
{
	struct result r = { 0 };
	struct tn__http_chunk c;

	tn__http_chunk_init(&c, limits, &r.trailers);
	for (size_t at = 0; at < in.len && !c.done && r.error == 0;
	     at += step) {
		struct tn_slice piece =
		    tn_slice_head(tn_slice_skip(in, at), step);
		size_t len = piece.len;

		r.error = decode_piece(&c, &piece, &r);
		r.used += len - piece.len;
	}
	r.done = c.done;
	r.status = c.status;
	assert(r.trailers.len <= limits->trailer_bytes_max);
	return r;
}

static void
release(struct result *r)
{
	tn_buffer_free(&r->body);
	tn_buffer_free(&r->trailers);
}

static void
check_same(const struct result *a, const struct result *b)
{
	assert(a->error == b->error && a->status == b->status);
	assert(a->done == b->done);
	assert(tn_slice_equal(tn_buffer_slice(&a->body),
	    tn_buffer_slice(&b->body)));
	assert(tn_slice_equal(tn_buffer_slice(&a->trailers),
	    tn_buffer_slice(&b->trailers)));
}

static void
append(struct tn_buffer *out, struct tn_slice bytes)
{
	if (tn_buffer_append(out, bytes) < 0)
		abort();
}

static void
encode_again(struct result *r)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	char head[TN__HTTP_CHUNK_HEAD_MAX];
	struct result again;

	if (r->body.len > 0) {
		append(&out, tn_slice(head,
		    tn__http_chunk_head(head, r->body.len)));
		append(&out, tn_buffer_slice(&r->body));
		append(&out, TN__HTTP_CRLF);
	}
	append(&out, TN_SLICE("0\r\n"));
	append(&out, tn_buffer_slice(&r->trailers));
	append(&out, TN__HTTP_CRLF);
	again = decode(&wide, tn_buffer_slice(&out), out.len);
	assert(again.done && again.used == out.len);
	check_same(r, &again);
	release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct tn__http_chunk_limits *limits;
	struct tn_slice in = tn_slice(bytes, size);
	struct result whole, pieces;

	if (size < 2 || size > 4096)
		return 0;
	limits = bytes[0] & 1 ? &narrow : &wide;
	in = tn_slice_skip(in, 1);
	whole = decode(limits, in, in.len);
	pieces = decode(limits, in, bytes[0] & 2 ? 3 : 1);
	check_same(&whole, &pieces);
	assert(whole.error < 0 || whole.used == pieces.used);
	if (whole.done)
		encode_again(&whole);
	release(&whole);
	release(&pieces);
	return 0;
}
