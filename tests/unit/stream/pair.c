/* Two ends in one process, in fibers of one loop, of two, and in threads. */
#include "carrier.h"

/* ---- within one thread ------------------------------------------------- */

static void
test_both_ways(void **state)
{
	struct tn_stream *ends[2];
	struct tn_slice got;

	CHECK_INT(tn_stream_pair(0, ends), 0);
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("ping")), 0);
	CHECK_INT(tn_stream_write(ends[1], TN_SLICE("pong!")), 0);
	CHECK_INT(tn_stream_fill(ends[1], 4, &got), 4);
	CHECK_SLICE(got, "ping");
	CHECK_INT(tn_stream_fill(ends[0], 5, &got), 5);
	CHECK_SLICE(got, "pong!");
	tn_stream_consume(ends[0], 5);
	CHECK(ends[0]->in == NULL);
	CHECK(tn_stream_socket(ends[0]) == NULL);

	/* The end is seen once everything was read. */
	CHECK_INT(tn_stream_shutdown(ends[0]), 0);
	CHECK_INT(tn_stream_fill(ends[1], 5, &got), 4);
	tn_stream_consume(ends[1], 4);
	CHECK_INT(tn_stream_fill(ends[1], 1, &got), 0);
	CHECK_INT(tn_stream_write(ends[1], TN_SLICE("more")), 0);
	CHECK_INT(tn_stream_close(ends[1]), 0);
	CHECK_INT(tn_stream_fill(ends[0], 5, &got), 4);
	CHECK_INT(tn_stream_close(ends[0]), 0);
}

static void
test_gone(void **state)
{
	struct tn_stream *ends[2];
	struct tn_slice got;

	CHECK_INT(tn_stream_pair(4, ends), 0);
	tn_stream_free(ends[1]);
	CHECK_INT(tn_stream_fill(ends[0], 1, &got), 0);
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("x")), -EPIPE);
	CHECK_TEXT(tn_error_text(),
	    "write to in-process stream: the other end is closed");
	CHECK_INT(tn_stream_close(ends[0]), -EPIPE);
}

static void
test_timeout(void **state)
{
	struct tn_stream *ends[2];
	struct tn_slice got;
	struct tn_scope scope;

	CHECK_INT(tn_stream_pair(4, ends), 0);
	tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
	CHECK_INT(tn_stream_fill(ends[0], 1, &got), -ETIMEDOUT);
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("12345")), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("5")), -ETIMEDOUT);

	/* Reading goes on where it was. */
	CHECK_INT(tn_stream_write(ends[1], TN_SLICE("late")), 0);
	CHECK_INT(tn_stream_fill(ends[0], 1, &got), 4);
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
}

/* ---- between two ------------------------------------------------------- */

#define AMOUNT 1000000

struct writer {
	struct tn_stream *stream;
	const char *bytes;
	size_t step;
};

static int
writer_run(void *arg)
{
	struct writer *w = arg;
	size_t at = 0;
	int r = 0;

	while (at < AMOUNT && r == 0) {
		struct tn_slice piece = tn_slice_head(
		    tn_slice(w->bytes + at, AMOUNT - at), w->step);

		r = tn_stream_write(w->stream, piece);
		at += piece.len;
	}
	return r < 0 ? r : tn_stream_close(w->stream);
}

static int
reader_check(struct tn_stream *s, const char *bytes, size_t min)
{
	struct tn_slice got;
	size_t at = 0;
	int r;

	while ((r = tn_stream_fill(s, min, &got)) > 0) {
		CHECK(at + got.len <= AMOUNT);
		CHECK(memcmp(got.data, bytes + at, got.len) == 0);
		at += got.len;
		tn_stream_consume(s, got.len);
	}
	CHECK_INT(at, AMOUNT);
	return r;
}

static const struct where {
	const char *name;
	int loops; /* 0: no tn_run() */
	bool thread;
} wheres[] = {
	{ "two fibers of a loop", 1, false },
	{ "two loops", 2, false },
	{ "two threads", 0, true },
	{ "a fiber and a thread", 1, true },
};

static int
converse(const struct where *t)
{
	static const size_t capacities[] = { 1000, 65536 };
	static const size_t steps[] = { 777, 100000 };
	char *bytes = carrier_bytes(AMOUNT);

	for (size_t i = 0; i < 4; i++) {
		struct tn_stream *ends[2];
		struct tn_group *group;
		struct writer w = { .bytes = bytes, .step = steps[i % 2] };

		CHECK_INT(tn_stream_pair(capacities[i / 2], ends), 0);
		w.stream = ends[0];
		CHECK_INT(tn_group_open(&group), 0);
		if (t->thread)
			CHECK_INT(tn_go_thread(group, writer_run, &w), 0);
		else
			CHECK_INT(tn_go_on(group, t->loops - 1, writer_run, &w),
			    0);
		CHECK_INT(reader_check(ends[1], bytes, 1 + i * 500), 0);
		CHECK_INT(tn_group_wait(group), 0);
		tn_group_free(group);
		tn_stream_free(ends[1]);
	}
	free(bytes);
	return 0;
}

static int
converse_main(void *arg)
{
	return converse(arg);
}

static void
test_converse(void **state)
{
	const struct where *t = *state;
	struct tn_run_options options = { .loops = t->loops };

	if (t->loops == 0)
		CHECK_INT(converse(t), 0);
	else
		CHECK_INT(tn_run(converse_main, *state, &options), 0);
}

/* A cancelled reader comes back and frees its end under the writer, who then
 * hears of it. */
static int
wait_for_ever(void *arg)
{
	struct tn_stream *s = arg;
	struct tn_slice got;
	CHECK_INT(tn_stream_fill(s, 1, &got), -ECANCELED);
	CHECK_TEXT(tn_error_text(), "read from in-process stream: cancelled");
	tn_stream_free(s);
	return 0;
}

static int
cancel_main(void *arg)
{
	struct tn_stream *ends[2];
	struct tn_group *group;

	CHECK_INT(tn_stream_pair(10, ends), 0);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go(group, wait_for_ever, ends[0]), 0);
	CHECK_INT(tn_yield(), 0);
	tn_group_cancel(group);
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	CHECK_INT(tn_stream_write(ends[1], TN_SLICE("x")), -EPIPE);
	tn_stream_free(ends[1]);
	return 0;
}

static void
test_cancel(void **state)
{
	CHECK_INT(tn_run(cancel_main, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) +
	    CHECK_ROWS(wheres, test_converse);
}
