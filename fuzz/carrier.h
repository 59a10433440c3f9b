/* A stream whose bytes come in pieces of a given size, and whose writes
 * collect. */
#ifndef TN_FUZZ_CARRIER_H
#define TN_FUZZ_CARRIER_H

#include "fuzz/fuzz.h"
#include "stream/stream.h"

struct fuzz_carrier {
	struct tn_stream stream;
	struct tn_slice in;
	size_t step;
	struct tn_buffer *out; /* NULL: nobody writes */
};

static ssize_t
fuzz_carrier_recv(struct tn_stream *s, void *out, size_t size)
{
	struct fuzz_carrier *c = (struct fuzz_carrier *)s;
	struct tn_slice now = tn_slice_head(tn_slice_head(c->in, c->step),
	    size);

	if (now.len > 0)
		memcpy(out, now.data, now.len);
	c->in = tn_slice_skip(c->in, now.len);
	return (ssize_t)now.len;
}

static int
fuzz_carrier_write(struct tn_stream *s, struct tn_slice bytes)
{
	return tn_buffer_append(((struct fuzz_carrier *)s)->out, bytes);
}

static inline struct tn_stream *
fuzz_carrier(struct tn_slice in, size_t step, struct tn_buffer *out)
{
	static const struct tn__stream_ops ops = {
		.kind = "fuzzed carrier",
		.recv = fuzz_carrier_recv,
		.write = fuzz_carrier_write,
	};
	struct fuzz_carrier *c;
	struct tn_stream *s;

	fuzz_must(tn__stream_new(&ops, sizeof(*c), NULL, &s));
	c = (struct fuzz_carrier *)s;
	c->in = in;
	c->step = step;
	c->out = out;
	return s;
}

#endif
