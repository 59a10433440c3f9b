/* A stream that reads from a copy of some bytes and collects what is written:
 * for tests, and wherever a function wants a stream and there is none. */
#include <assert.h>
#include <limits.h>

#include <tenon/buffer.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "stream/stream.h"

struct memory {
	struct tn_stream stream;
	char *input;            /* NULL when there is none */
	struct tn_slice unread; /* of it */
	struct tn_buffer output;
};

static int
memory_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	const struct memory *memory = (const struct memory *)s;

	*ret = tn_slice_head(memory->unread, INT_MAX);
	return (int)ret->len;
}

static void
memory_consume(struct tn_stream *s, size_t n)
{
	struct memory *memory = (struct memory *)s;

	assert(n <= memory->unread.len);
	memory->unread = tn_slice_skip(memory->unread, n);
}

static int
memory_write(struct tn_stream *s, struct tn_slice bytes)
{
	struct memory *memory = (struct memory *)s;
	int r = tn_buffer_append(&memory->output, bytes);

	return r < 0 ? tn__error_nomem() : 0;
}

static void
memory_release(struct tn_stream *s)
{
	struct memory *memory = (struct memory *)s;

	tn__free(memory->input);
	tn_buffer_free(&memory->output);
}

static const struct tn__stream_ops memory_ops = {
	.kind = "memory",
	.fill = memory_fill,
	.consume = memory_consume,
	.write = memory_write,
	.wants_empty = true,
	.release = memory_release,
};

int
tn_stream_memory(struct tn_slice input, struct tn_stream **ret)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct memory *memory;
	int r;

	r = tn__stream_new(&memory_ops, sizeof(struct memory), NULL, &s);
	if (r < 0)
		return r;
	memory = (struct memory *)s;
	if (input.len > 0) {
		memory->input = tn__strndup(input);
		if (memory->input == NULL)
			return tn__error_nomem();
		memory->unread = tn_slice(memory->input, input.len);
	}
	*ret = TN_TAKE(s);
	return 0;
}

struct tn_slice
tn_stream_output(const struct tn_stream *s)
{
	assert(s->ops == &memory_ops);
	return tn_buffer_slice(&((const struct memory *)s)->output);
}
