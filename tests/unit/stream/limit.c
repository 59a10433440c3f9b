/* A limit on another stream, and what goes through it. */
#include "carrier.h"

#define INPUT "0123456789abcdefghij"
#define INPUT_LEN ((int64_t)sizeof(INPUT) - 1)

static const struct limit_row {
	const char *name;
	struct carrier_plan plan;
} rows[] = {
	{ "whole", { .piece = 0 } },
	{ "one byte at a time", { .piece = 1 } },
	{ "three, with pauses", { .piece = 3, .hesitate = true } },
};

/* Each limit with each `min`: never a byte beyond, and below goes on exactly
 * behind it. */
static void
check_limit(const struct limit_row *t, int64_t limit, size_t min, size_t step)
{
	struct carrier_plan plan = t->plan;
	struct tn_stream *below, *s;
	int64_t end = limit < INPUT_LEN ? limit : INPUT_LEN, at = 0;
	struct tn_slice got;
	int r;

	plan.in = TN_SLICE(INPUT);
	below = carrier_new(&plan);
	CHECK_INT(tn_stream_limit(below, limit, &s), 0);
	while ((r = tn_stream_fill(s, min, &got)) > 0) {
		CHECK_INT(r, got.len);
		CHECK(at + r <= end);
		CHECK(got.len >= min || at + r == end);
		CHECK(memcmp(got.data, &INPUT[at], got.len) == 0);
		tn_stream_consume(s, step < got.len ? step : got.len);
		at += (int64_t)(step < got.len ? step : got.len);
	}
	CHECK_INT(r, 0);
	CHECK_INT(at, end);
	CHECK_INT(tn_stream_bytes_read(s), end);
	tn_stream_free(s);

	CHECK_INT(tn_stream_bytes_read(below), end);
	r = tn_stream_fill(below, 20, &got);
	CHECK_INT(r, INPUT_LEN - end);
	if (r > 0)
		CHECK(memcmp(got.data, &INPUT[end], got.len) == 0);
	tn_stream_free(below);
}

static void
test_limit(void **state)
{
	for (int64_t limit = 0; limit <= INPUT_LEN + 1; limit++)
		for (size_t min = 1; min <= 22; min += 3)
			for (size_t step = 1; step <= 21; step += 5)
				check_limit(*state, limit, min, step);
}

/* Slices of the buffer below, not copies. */
static void
test_no_copy(void **state)
{
	struct carrier_plan plan = { .in = TN_SLICE(INPUT) };
	struct tn_stream *below = carrier_new(&plan), *outer, *s;
	struct tn_slice got, inner;

	CHECK_INT(tn_stream_fill(below, 1, &got), INPUT_LEN);
	CHECK_INT(tn_stream_limit(below, 10, &outer), 0);
	CHECK_INT(tn_stream_limit(outer, 5, &s), 0);
	CHECK_INT(tn_stream_fill(s, 1, &inner), 5);
	CHECK(inner.data == got.data);
	tn_stream_consume(s, 2);
	CHECK_INT(tn_stream_fill(outer, 1, &inner), 8);
	CHECK(inner.data == got.data + 2);
	CHECK_INT(tn_stream_fill(s, 5, &inner), 3);
	tn_stream_free(s);
	tn_stream_free(outer);
	tn_stream_free(below);
}

static void
test_errors(void **state)
{
	struct carrier_plan plan = {
		.in = TN_SLICE(INPUT), .fail_at = 4, .fail = -ECONNRESET
	};
	struct tn_stream *below = carrier_new(&plan), *s;
	struct tn_slice got;

	CHECK_INT(tn_stream_limit(below, -1, &s), -EINVAL);
	CHECK_INT(tn_stream_limit(below, INT64_MAX, &s), 0);
	CHECK_INT(tn_stream_fill(s, 5, &got), -ECONNRESET);
	CHECK_INT(tn_stream_fill(s, TN__STREAM_FILL_MAX + 1, &got), TN_ELIMIT);
	CHECK_INT(tn_stream_fill(s, 4, &got), 4);
	tn_stream_free(s);
	tn_stream_free(below);
}

/* What is written goes below, as do flush and shutdown; closing the filter
 * leaves below open unless it owns it. */
static void
test_write(void **state)
{
	struct tn_stream *below = carrier_new(&(struct carrier_plan){ 0 }), *s;

	CHECK_INT(tn_stream_limit(below, 0, &s), 0);
	CHECK_INT(tn_stream_write(s, TN_SLICE("one ")), 0);
	CHECK_INT(tn_stream_bytes_written(s), 4);
	CHECK_INT(carrier_of(below)->sends, 0);
	CHECK_INT(tn_stream_flush(s), 0);
	CHECK_SLICE(carrier_sent(below), "one ");
	CHECK_INT(tn_stream_close(s), 0);

	CHECK_INT(tn_stream_limit(below, 0, &s), 0);
	CHECK_INT(tn_stream_write(s, TN_SLICE("two")), 0);
	CHECK_INT(tn_stream_shutdown(s), 0);
	CHECK_SLICE(carrier_sent(below), "one two");
	CHECK_INT(tn_stream_write(s, TN_SLICE("x")), -EPIPE);
	CHECK_INT(tn_stream_write(below, TN_SLICE("x")), -EPIPE);
	CHECK(tn_stream_socket(s) == NULL);

	s->owns_below = true;
	CHECK_INT(tn_stream_close(s), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_copy),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_write),
	};

	return CHECK_ROWS(rows, test_limit) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
