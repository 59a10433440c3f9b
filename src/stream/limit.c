/* The first bytes of another stream, shown where they lie. */
#include <errno.h>

#include <tenon/error.h>

#include "stream/stream.h"

struct limit {
	struct tn_stream stream;
	int64_t left;
};

static int
limit_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	const struct limit *limit = (const struct limit *)s;
	size_t left = limit->left < (int64_t)TN__STREAM_FILL_MAX
	    ? (size_t)limit->left
	    : TN__STREAM_FILL_MAX;
	int r = tn_stream_fill(s->below, min < left ? min : left, ret);

	if (r < 0)
		return r;
	*ret = tn_slice_head(*ret, left);
	return (int)ret->len;
}

static void
limit_consume(struct tn_stream *s, size_t n)
{
	struct limit *limit = (struct limit *)s;

	limit->left -= (int64_t)n;
	tn_stream_consume(s->below, n);
}

static const struct tn__stream_ops limit_ops = {
	.kind = "limited stream",
	.fill = limit_fill,
	.consume = limit_consume,
};

int
tn_stream_limit(struct tn_stream *below, int64_t limit, struct tn_stream **ret)
{
	struct tn_stream *s;
	int r;

	if (limit < 0)
		return tn_error_set(-EINVAL,
		    "limit: %lld bytes are fewer than none", (long long)limit);
	r = tn__stream_new(&limit_ops, sizeof(struct limit), below, &s);
	if (r < 0)
		return r;
	((struct limit *)s)->left = limit;
	*ret = s;
	return 0;
}
