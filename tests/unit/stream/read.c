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
			CHECK_INT((size_t)r, got.len);
			CHECK(got.len >= want);
			CHECK(memcmp(got.data, &INPUT[at], got.len) == 0);
			want = got.len < 5 ? got.len : 5;
			tn_stream_consume(s, want);
			at += want;
		}
		CHECK_INT(r, 0);
		CHECK_INT(got.len, 0);
		CHECK_INT(at, min == 0 ? 0 : len);
		CHECK_INT(tn_stream_bytes_read(s), at);
		CHECK(s->in == NULL);
		CHECK(!carrier_of(s)->held_while_waiting);
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

	CHECK_INT(tn_stream_read(s, got, 0), 0);
	while ((n = tn_stream_read(s, got + at, 4)) > 0) {
		CHECK(n <= 4);
		at += (size_t)n;
	}
	CHECK_INT(n, 0);
	CHECK_INT(at, sizeof(INPUT) - 1);
	CHECK(memcmp(got, INPUT, at) == 0);
	CHECK_INT(tn_stream_read(s, got, 4), 0);
	tn_stream_free(s);
}

static void
test_read_exact(void **state)
{
	struct tn_stream *s = deliver(*state, TN_SLICE(INPUT));
	char got[sizeof(INPUT)];

	CHECK_INT(tn_stream_read_exact(s, got, 4), 0);
	CHECK(memcmp(got, "The ", 4) == 0);
	CHECK_INT(tn_stream_read_exact(s, got, sizeof(INPUT) - 5 - 1), 0);
	CHECK(memcmp(got, &INPUT[4], sizeof(INPUT) - 5 - 1) == 0);

	/* One byte is left, and stays when two are wanted. */
	CHECK_INT(tn_stream_read_exact(s, got, 2), TN_ETRUNCATED);
	CHECK_TEXT(tn_error_text(),
	    "read: the stream ended after 1 of 2 bytes");
	CHECK_INT(tn_stream_read_exact(s, got, 1), 0);
	CHECK_INT(got[0], '.');
	CHECK_INT(tn_stream_read_exact(s, got, 0), 0);
	CHECK_INT(tn_stream_read_exact(s, got, 1), TN_ETRUNCATED);
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
			CHECK_INT(n, len);
		} else {
			CHECK_INT(n, TN_ELIMIT);
			CHECK_INT(tn_stream_bytes_read(s), max);
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
			CHECK(got.len >= min || at + got.len == len);
			CHECK(memcmp(got.data, bytes + at, got.len) == 0);
			if (got.len > 1000)
				got.len -= got.len / 3;
			tn_stream_consume(s, got.len);
			at += got.len;
		}
		CHECK_INT(r, 0);
		CHECK_INT(at, len);
		CHECK(s->in == NULL);
		tn_stream_free(s);
	}
	free(bytes);
}

static void
test_too_large(void **state)
{
	struct tn_slice got = { "untouched", 9 };
	struct tn_stream *s;

	CHECK_INT(tn_stream_memory(TN_SLICE("x"), &s), 0);
	CHECK_INT(tn_stream_fill(s, TN__STREAM_FILL_MAX + 1, &got), TN_ELIMIT);
	CHECK_INT(tn_error_code(), TN_ELIMIT);
	CHECK_SLICE(got, "untouched");
	CHECK_INT(tn_stream_fill(s, TN__STREAM_FILL_MAX, &got), 1);
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

	CHECK_INT(tn_stream_fill(s, 10, &got), -ECONNRESET);
	CHECK(got.data == NULL);
	CHECK_TEXT(tn_error_text(),
	    "read from test carrier: connection reset by the peer");
	carrier_of(s)->plan.fail = 0;
	CHECK_INT(tn_stream_read_exact(s, bytes, 9), 0);
	CHECK(memcmp(bytes, INPUT, 9) == 0);
	CHECK(s->in == NULL);
	CHECK_INT(tn_stream_fill(s, 1, &got), -ECONNRESET);
	CHECK_INT(tn_error_code(), -ECONNRESET);
	CHECK(s->in == NULL);

	/* The other direction does not mind. */
	CHECK_INT(tn_stream_write(s, TN_SLICE("bye")), 0);
	CHECK_INT(tn_stream_flush(s), 0);
	CHECK_SLICE(carrier_sent(s), "bye");
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
		CHECK_INT(r, left < 1 ? -ENOMEM : 32768);
		r = tn_stream_fill(s, 99999, &got);
		CHECK(r == (left < 2 ? -ENOMEM : 100000));
		tn__memory_set(NULL);
		for (size_t i = 0; i < TN_COUNT(pool); i++)
			tn__pool_put(pool[i]);
		CHECK_INT(tn_stream_fill(s, 100000, &got), 100000);
		CHECK(memcmp(got.data, bytes, got.len) == 0);
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
