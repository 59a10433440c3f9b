/* Fill and consume, and what is made of them. */
#include "carrier.h"

#include "base/memory.h"

#define INPUT "The quick brown fox jumps over the lazy dog."

static const struct delivery {
	const char *name;
	struct carrier_plan plan;
} deliveries[] = {
	{ "whole", { .piece = 0 } },
	{ "one byte at a time", { .piece = 1 } },
	{ "three, with pauses", { .piece = 3, .hesitate = true } },
	{ "seven", { .piece = 7 } },
};

static struct tn_stream *
deliver(const struct delivery *t, struct tn_slice in)
{
	struct carrier_plan plan = t->plan;

	plan.in = in;
	return carrier_new(&plan);
}

static void
test_fill(void **state)
{
	size_t len = sizeof(INPUT) - 1;

	for (size_t min = 0; min <= len + 5; min++) {
		struct tn_stream *s = deliver(*state, TN_SLICE(INPUT));
		size_t at = 0, want;
		struct tn_slice got;
		int r;

		while ((r = tn_stream_fill(s, min, &got)) > 0) {
			want = len - at < min ? len - at : min;
			assert_int_equal((size_t)r, got.len);
			assert_true(got.len >= want);
			assert_memory_equal(got.data, &INPUT[at], got.len);
			want = got.len < 5 ? got.len : 5;
			tn_stream_consume(s, want);
			at += want;
		}
		assert_int_equal(r, 0);
		assert_int_equal(got.len, 0);
		assert_int_equal(at, min == 0 ? 0 : len);
		assert_int_equal(tn_stream_bytes_read(s), at);
		assert_null(s->in);
		assert_false(carrier_of(s)->held_while_waiting);
		tn_stream_free(s);
	}
}

static void
test_read(void **state)
{
	struct tn_stream *s = deliver(*state, TN_SLICE(INPUT));
	char got[sizeof(INPUT)];
	size_t at = 0;
	ssize_t n;

	assert_int_equal(tn_stream_read(s, got, 0), 0);
	while ((n = tn_stream_read(s, got + at, 4)) > 0) {
		assert_true(n <= 4);
		at += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(at, sizeof(INPUT) - 1);
	assert_memory_equal(got, INPUT, at);
	assert_int_equal(tn_stream_read(s, got, 4), 0);
	tn_stream_free(s);
}

static void
test_read_exact(void **state)
{
	struct tn_stream *s = deliver(*state, TN_SLICE(INPUT));
	char got[sizeof(INPUT)];

	assert_int_equal(tn_stream_read_exact(s, got, 4), 0);
	assert_memory_equal(got, "The ", 4);
	assert_int_equal(tn_stream_read_exact(s, got, sizeof(INPUT) - 5 - 1),
	    0);
	assert_memory_equal(got, &INPUT[4], sizeof(INPUT) - 5 - 1);

	/* One byte is left, and stays when two are wanted. */
	assert_int_equal(tn_stream_read_exact(s, got, 2), TN_ETRUNCATED);
	assert_string_equal(tn_error_text(),
	    "read: the stream ended after 1 of 2 bytes");
	assert_int_equal(tn_stream_read_exact(s, got, 1), 0);
	assert_int_equal(got[0], '.');
	assert_int_equal(tn_stream_read_exact(s, got, 0), 0);
	assert_int_equal(tn_stream_read_exact(s, got, 1), TN_ETRUNCATED);
	tn_stream_free(s);
}

static void
test_skip(void **state)
{
	int64_t len = sizeof(INPUT) - 1;

	for (int64_t max = -1; max <= len + 1; max++) {
		struct tn_stream *s = deliver(*state, TN_SLICE(INPUT));
		int64_t n = tn_stream_skip(s, max);

		if (max < 0 || max >= len) {
			assert_int_equal(n, len);
		} else {
			assert_int_equal(n, TN_ELIMIT);
			assert_int_equal(tn_stream_bytes_read(s), max);
		}
		tn_stream_free(s);
	}
}

/* ---- large ------------------------------------------------------------- */

/* `min` up to the limit, through the pool's buffer and larger ones of its own,
 * which are given back too. */
static void
test_large(void **state)
{
	size_t len = TN__STREAM_FILL_MAX + 100;
	char *bytes = carrier_bytes(len);
	static const size_t mins[] = { 1, 32767, 32768, 32769, 65536, 65537,
		TN__STREAM_FILL_MAX - 1, TN__STREAM_FILL_MAX };
	static const size_t pieces[] = { 0, 4096, 40000 };

	for (size_t i = 0; i < TN_COUNT(mins) * TN_COUNT(pieces); i++) {
		size_t min = mins[i / TN_COUNT(pieces)], at = 0;
		struct carrier_plan plan = { .in = tn_slice(bytes, len),
			.piece = pieces[i % TN_COUNT(pieces)] };
		struct tn_stream *s = carrier_new(&plan);
		struct tn_slice got;
		int r;

		while ((r = tn_stream_fill(s, min, &got)) > 0) {
			assert_true(got.len >= min || at + got.len == len);
			assert_memory_equal(got.data, bytes + at, got.len);
			if (got.len > 1000)
				got.len -= got.len / 3;
			tn_stream_consume(s, got.len);
			at += got.len;
		}
		assert_int_equal(r, 0);
		assert_int_equal(at, len);
		assert_null(s->in);
		tn_stream_free(s);
	}
	free(bytes);
}

static void
test_too_large(void **state)
{
	struct tn_slice got = { "untouched", 9 };
	struct tn_stream *s;

	assert_int_equal(tn_stream_memory(TN_SLICE("x"), &s), 0);
	assert_int_equal(tn_stream_fill(s, TN__STREAM_FILL_MAX + 1, &got),
	    TN_ELIMIT);
	assert_int_equal(tn_error_code(), TN_ELIMIT);
	assert_slice(got, "untouched");
	assert_int_equal(tn_stream_fill(s, TN__STREAM_FILL_MAX, &got), 1);
	tn_stream_free(s);
}

/* ---- failures ---------------------------------------------------------- */

/* What came before the error can be read; the error, which a socket tells only
 * once, comes again and again, and never turns into an end. */
static void
test_error(void **state)
{
	struct carrier_plan plan = { .in = TN_SLICE(INPUT), .piece = 4,
		.fail_at = 9, .fail = -ECONNRESET };
	struct tn_stream *s = carrier_new(&plan);
	struct tn_slice got = { NULL, 0 };
	char bytes[9];

	assert_int_equal(tn_stream_fill(s, 10, &got), -ECONNRESET);
	assert_null(got.data);
	assert_string_equal(tn_error_text(),
	    "read from test carrier: connection reset by the peer");
	carrier_of(s)->plan.fail = 0;
	assert_int_equal(tn_stream_read_exact(s, bytes, 9), 0);
	assert_memory_equal(bytes, INPUT, 9);
	assert_null(s->in);
	assert_int_equal(tn_stream_fill(s, 1, &got), -ECONNRESET);
	assert_int_equal(tn_error_code(), -ECONNRESET);
	assert_null(s->in);

	/* The other direction does not mind. */
	assert_int_equal(tn_stream_write(s, TN_SLICE("bye")), 0);
	assert_int_equal(tn_stream_flush(s), 0);
	assert_slice(carrier_sent(s), "bye");
	tn_stream_free(s);
}

static int memory_left;

static void *
memory_alloc(size_t size)
{
	return memory_left-- > 0 ? malloc(size) : NULL;
}

static void *
memory_resize(void *pointer, size_t size)
{
	return memory_left-- > 0 ? realloc(pointer, size) : NULL;
}

/* Out of memory at each allocation in turn: an error, nothing lost. */
static void
test_memory(void **state)
{
	static const struct tn__memory_ops ops = { memory_alloc, memory_resize,
		free };
	char *bytes = carrier_bytes(100000);

	for (int left = 0; left < 4; left++) {
		struct carrier_plan plan = { .in = tn_slice(bytes, 100000) };
		struct tn_stream *s = carrier_new(&plan);
		struct tn_slice got;
		void *pool[64];
		int r;

		/* The pool's buffers must be gone for it to ask. */
		for (size_t i = 0; i < TN_COUNT(pool); i++)
			pool[i] = tn__pool_get();
		memory_left = left;
		tn__memory_set(&ops);
		r = tn_stream_fill(s, 1, &got);
		assert_int_equal(r, left < 1 ? -ENOMEM : 32768);
		r = tn_stream_fill(s, 99999, &got);
		assert_true(r == (left < 2 ? -ENOMEM : 100000));
		tn__memory_set(NULL);
		for (size_t i = 0; i < TN_COUNT(pool); i++)
			tn__pool_put(pool[i]);
		assert_int_equal(tn_stream_fill(s, 100000, &got), 100000);
		assert_memory_equal(got.data, bytes, got.len);
		tn_stream_free(s);
	}
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_memory),
	};

	return CHECK_ROWS(deliveries, test_fill) +
	    CHECK_ROWS(deliveries, test_read) +
	    CHECK_ROWS(deliveries, test_read_exact) +
	    CHECK_ROWS(deliveries, test_skip) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
