/* The read side of a stream, by script: with limits stacked upon it, against
 * a model that holds all the bytes.  The first byte says how many bytes of
 * script follow, the second in what pieces the rest arrives. */
#include <tenon/error.h>

#include "fuzz/carrier.h"

#define DEPTH 4

struct model {
	struct tn_slice all;
	size_t at;
	struct tn_stream *streams[DEPTH]; /* the carrier, and limits on it */
	size_t ends[DEPTH];               /* where each of them ends */
	int depth;
};

/* What can still be read at the top. */
static struct tn_slice
model_rest(const struct model *m)
{
	size_t end = m->ends[m->depth - 1];

	return tn_slice_skip(tn_slice_head(m->all, end), m->at);
}

static struct tn_stream *
model_top(const struct model *m)
{
	return m->streams[m->depth - 1];
}

static void
model_took(struct model *m, size_t n)
{
	m->at += n;
	assert(tn_stream_bytes_read(m->streams[0]) == (int64_t)m->at);
}

static void
do_fill(struct model *m, size_t min, bool consume)
{
	struct tn_slice rest = model_rest(m), shown;
	int n = tn_stream_fill(model_top(m), min, &shown);

	assert(n >= 0 && (size_t)n == shown.len && shown.len <= rest.len);
	assert(shown.len >= (min < rest.len ? min : rest.len));
	assert(tn_slice_equal(shown, tn_slice_head(rest, shown.len)));
	if (consume) {
		n = n > 0 ? 1 + n / 2 : 0;
		tn_stream_consume(model_top(m), (size_t)n);
		model_took(m, (size_t)n);
	}
}

static void
do_read(struct model *m, size_t size)
{
	struct tn_slice rest = model_rest(m);
	char *out = malloc(size + 1);
	ssize_t n = tn_stream_read(model_top(m), out, size);

	assert(n >= 0 && (size_t)n <= size && (size_t)n <= rest.len);
	assert((n == 0) == (size == 0 || rest.len == 0));
	assert(n == 0 || memcmp(out, rest.data, (size_t)n) == 0);
	model_took(m, (size_t)n);
	free(out);
}

static void
do_read_exact(struct model *m, size_t size)
{
	struct tn_slice rest = model_rest(m);
	char *out = malloc(size + 1);
	int r = tn_stream_read_exact(model_top(m), out, size);

	assert(r == (size <= rest.len ? 0 : TN_ETRUNCATED));
	assert(r < 0 || size == 0 || memcmp(out, rest.data, size) == 0);
	model_took(m, r < 0 ? 0 : size);
	free(out);
}

static void
do_line(struct model *m, size_t max)
{
	struct tn_slice rest = model_rest(m), line;
	ssize_t lf = tn_slice_find(rest, '\n');
	int r = tn_stream_read_line(model_top(m), TN_LINE_ANY, max, &line);

	assert(r <= 1);
	if (r == 1) {
		assert(lf >= 0 && line.len <= max);
		assert(tn_slice_equal(line, tn_slice_head(rest, line.len)));
		model_took(m, (size_t)lf + 1);
	} else {
		assert(r == TN_ELIMIT || lf < 0);
		model_took(m, 0);
	}
}

static void
do_skip(struct model *m, size_t max)
{
	size_t rest = model_rest(m).len;
	int64_t n = tn_stream_skip(model_top(m), (int64_t)max);

	assert(n == (rest > max ? TN_ELIMIT : (int64_t)rest));
	model_took(m, rest > max ? max : rest);
}

static void
do_limit(struct model *m, size_t limit)
{
	size_t end = m->ends[m->depth - 1];

	if (m->depth == DEPTH)
		return;
	fuzz_must(tn_stream_limit(model_top(m), (int64_t)limit,
	    &m->streams[m->depth]));
	m->ends[m->depth] = limit < end - m->at ? m->at + limit : end;
	m->depth++;
}

static void
do_one(struct model *m, uint8_t op)
{
	size_t n = op / 8;

	switch (op % 8) {
	case 0:
		do_fill(m, n, false);
		break;
	case 1:
		do_fill(m, n, true);
		break;
	case 2:
		do_read(m, n);
		break;
	case 3:
		do_read_exact(m, n);
		break;
	case 4:
		do_line(m, n);
		break;
	case 5:
		do_skip(m, n);
		break;
	case 6:
		do_limit(m, 2 * n);
		break;
	default:
		if (m->depth > 1)
			tn_stream_free(m->streams[--m->depth]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice script = tn_slice(bytes, size);
	struct model m = { .depth = 1 };
	size_t len = fuzz_byte(&script), step = fuzz_byte(&script) + 1u;

	if (size > 1024)
		return 0;
	m.all = tn_slice_skip(script, len);
	m.ends[0] = m.all.len;
	m.streams[0] = fuzz_carrier(m.all, step, NULL);
	script = tn_slice_head(script, len);
	for (size_t i = 0; i < script.len; i++)
		do_one(&m, (uint8_t)script.data[i]);
	while (m.depth > 0)
		tn_stream_free(m.streams[--m.depth]);
	return 0;
}
