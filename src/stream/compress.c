/* A filter that compresses what is written.  The codec gathers; what it gives
 * goes below at once, where it gathers again. */
#include <errno.h>
#include <tenon/compress.h>
#include <tenon/error.h>

#include "base/error.h"
#include "stream/coding.h"
#include "stream/stream.h"

struct compress {
	struct tn_stream stream;
	const struct tn__coding *coding;
	struct tn__coder *coder;
	bool flushed; /* nothing was written since */
};

static int
compress_step(struct tn_stream *s, enum tn__coder_step step,
    struct tn_slice bytes)
{
	struct compress *c = (struct compress *)s;
	char *buffer = tn__pool_get();
	int done = 0, r = 0;

	if (buffer == NULL)
		return tn__error_nomem();
	while (done == 0 && r == 0) {
		struct tn__coder_io io = {
			.in = bytes, .out = buffer, .room = TN__POOL_BYTES
		};

		done = c->coder->ops->step(c->coder, step, &io);
		bytes = io.in;
		r = done < 0 ? tn__coder_fail(c->coder, done, "compress",
		        c->coding->name) :
		    tn_stream_write(s->below, tn_slice(buffer,
		        TN__POOL_BYTES - io.room));
	}
	tn__pool_put(buffer);
	return r;
}

static int
compress_write(struct tn_stream *s, struct tn_slice bytes)
{
	((struct compress *)s)->flushed = false;
	return compress_step(s, TN__CODER_RUN, bytes);
}

static int
compress_flush(struct tn_stream *s)
{
	struct compress *c = (struct compress *)s;

	if (c->flushed)
		return 0;
	c->flushed = true;
	return compress_step(s, TN__CODER_FLUSH, TN_SLICE(""));
}

static int
compress_shutdown(struct tn_stream *s)
{
	return compress_step(s, TN__CODER_END, TN_SLICE(""));
}

static int
compress_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	return tn_stream_fill(s->below, min, ret);
}

static void
compress_consume(struct tn_stream *s, size_t n)
{
	tn_stream_consume(s->below, n);
}

static void
compress_release(struct tn_stream *s)
{
	tn__coder_free(((struct compress *)s)->coder);
}

static const struct tn__stream_ops compress_ops = {
	.kind = "compressing stream",
	.fill = compress_fill,
	.consume = compress_consume,
	.write = compress_write,
	.flush = compress_flush,
	.shutdown = compress_shutdown,
	.release = compress_release,
};

int
tn_stream_compress(struct tn_stream *below, const char *name,
    const struct tn_compress_options *options, struct tn_stream **ret)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	int level = options == NULL ? 0 : options->level;
	const struct tn__coding *coding;
	struct compress *c;
	int r = tn__coding_find(name, &coding);

	if (r < 0)
		return r;
	if (level < 0 || level > coding->level_max)
		return tn_error_set(-EINVAL, "compress %s: its levels are 1 to "
		    "%d, not %d", coding->name, coding->level_max, level);
	r = tn__stream_new(&compress_ops, sizeof(*c), below, &s);
	if (r < 0)
		return r;
	c = (struct compress *)s;
	c->coding = coding;
	c->flushed = true;
	r = coding->encoder(level > 0 ? level : coding->level, 0, &c->coder);
	if (r < 0)
		return tn__error_nomem();
	*ret = TN_TAKE(s);
	return 0;
}
