/* A filter that shows what compressed bytes below it stand for.  They are a
 * stranger's, and a few of them can stand for very many. */
#include <errno.h>
#include <tenon/compress.h>
#include <tenon/error.h>

#include "base/error.h"
#include "stream/coding.h"
#include "stream/stream.h"

#define DECOMPRESS_BYTES_MAX ((int64_t)256 << 20)
#define DECOMPRESS_RATIO_MAX 200
/* So much may come out whatever went in: short texts of one word repeated are
 * nobody's bomb. */
#define DECOMPRESS_RATIO_FREE ((int64_t)1 << 20)

struct decompress {
	struct tn_stream stream;
	const struct tn__coding *coding;
	struct tn__coder *coder;
	int64_t bytes_max, ratio_max;
	int64_t in, out; /* bytes so far */
	bool full;   /* it may have more to give without another byte */
	bool ending; /* a member or frame is over */
	bool over;   /* and no other follows */
	int error; /* final */
};

static int
decompress_fail(struct decompress *d, int code)
{
	d->error = code;
	return code;
}

/* Over a limit?  The bytes that are already out were below it. */
static int
decompress_check(struct decompress *d)
{
	const char *name = d->coding->name;

	if (d->out > d->bytes_max)
		return tn_error_set(TN_ELIMIT, "decompress %s: more than "
		    "bytes_max, %lld, come out", name, (long long)d->bytes_max);
	if (d->out > DECOMPRESS_RATIO_FREE && d->out / d->ratio_max >= d->in)
		return tn_error_set(TN_ELIMIT, "decompress %s: %lld bytes come "
		    "out of %lld; ratio_max is %lld", name, (long long)d->out,
		    (long long)d->in, (long long)d->ratio_max);
	return 0;
}

/* The end of one member or frame: does another follow? */
static int
decompress_end(struct decompress *d)
{
	struct tn_slice begin;
	int r;

	if (d->coding->continues != NULL) {
		r = tn_stream_fill(d->stream.below, d->coding->continues_bytes,
		    &begin);
		if (r < 0)
			return r;
		if (d->coding->continues(begin)) {
			d->coder->ops->reset(d->coder);
			return 0;
		}
	}
	d->over = true;
	return 0;
}

/* One step, with what is there: the bytes that came out, or an error. */
static ssize_t
decompress_step(struct decompress *d, struct tn_slice in, char *out,
    size_t size)
{
	struct tn__coder_io io = { .in = in, .out = out, .room = size };
	int r = d->coder->ops->step(d->coder, TN__CODER_RUN, &io);
	size_t came = size - io.room;

	tn_stream_consume(d->stream.below, in.len - io.in.len);
	d->in += (int64_t)(in.len - io.in.len);
	d->out += (int64_t)came;
	d->full = io.room == 0;
	d->ending = r > 0;
	if (r >= 0)
		r = decompress_check(d);
	else
		tn__coder_fail(d->coder, r, "decompress", d->coding->name);
	return r < 0 ? decompress_fail(d, r) : (ssize_t)came;
}

static ssize_t
decompress_recv(struct tn_stream *s, void *out, size_t size)
{
	struct decompress *d = (struct decompress *)s;
	struct tn_slice in = { NULL, 0 };
	ssize_t n = 0;
	int r;

	if (d->error < 0)
		return tn_error_set(d->error, "decompress %s: it failed "
		    "before: %s", d->coding->name, tn_error_words(d->error));
	while (n == 0 && !d->over) {
		if (d->ending) {
			r = decompress_end(d);
			if (r < 0)
				return r;
			d->ending = false;
			continue;
		}
		r = tn_stream_fill(s->below, d->full ? 0 : 1, &in);
		if (r < 0)
			return r;
		if (r == 0 && !d->full)
			return decompress_fail(d, tn_error_set(TN_ETRUNCATED,
			    "decompress %s: it ends too early, after %lld "
			    "bytes", d->coding->name, (long long)d->in));
		n = decompress_step(d, in, out, size);
	}
	return n;
}

static void
decompress_release(struct tn_stream *s)
{
	tn__coder_free(((struct decompress *)s)->coder);
}

static const struct tn__stream_ops decompress_ops = {
	.kind = "decompressing stream",
	.recv = decompress_recv,
	.release = decompress_release,
};

/* 0 stands for `normal`, -1 for none. */
static int64_t
decompress_limit(int64_t option, int64_t normal)
{
	return option == 0 ? normal : option < 0 ? INT64_MAX : option;
}

int
tn_stream_decompress(struct tn_stream *below, const char *name,
    const struct tn_decompress_options *options, struct tn_stream **ret)
{
	static const struct tn_decompress_options defaults = { 0 };
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	const struct tn__coding *coding;
	struct decompress *d;
	int r = tn__coding_find(name, &coding);

	if (r < 0)
		return r;
	if (options == NULL)
		options = &defaults;
	r = tn__stream_new(&decompress_ops, sizeof(*d), below, &s);
	if (r < 0)
		return r;
	d = (struct decompress *)s;
	d->coding = coding;
	d->bytes_max = decompress_limit(options->bytes_max,
	    DECOMPRESS_BYTES_MAX);
	d->ratio_max = decompress_limit(options->ratio_max,
	    DECOMPRESS_RATIO_MAX);
	r = coding->decoder(&d->coder);
	if (r < 0)
		return tn__error_nomem();
	*ret = TN_TAKE(s);
	return 0;
}
