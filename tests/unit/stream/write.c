/* Writing: what is collected, what is sent at once, what is pushed, and errors
 * that stay. */
#include "carrier.h"

#include <stdio.h>

static int
push(struct tn_stream *s)
{
	struct tn__io *io = NULL;
	int r = s->pusher.push(&s->pusher, &io);

	CHECK(io == (r == 0 ? &carrier_of(s)->io : NULL));
	return r;
}

static bool
pushes(struct tn_stream *s)
{
	return !tn__list_empty(&s->pusher.node);
}

static size_t
held(struct tn_stream *s)
{
	return s->out_end - s->out_start;
}

/* ---- every size through every carrier ---------------------------------- */

static const struct write_row {
	const char *name;
	struct carrier_plan plan;
} rows[] = {
	{ "takes all", { .out_piece = 0 } },
	{ "one byte at a time", { .out_piece = 1 } },
	{ "pieces of 1,000", { .out_piece = 1000 } },
	{ "room for 4,096 at a time", { .room = 4096 } },
	{ "room for 50,000, pieces of 7,000", { .out_piece = 7000,
						  .room = 50000 } },
	{ "room for 1 at a time", { .room = 1 } },
};

static void
test_sizes(void **state)
{
	static const size_t sizes[] = { 1, 64, 8191, 8192, 8193, 32767, 32768,
		32769, 50000, 100000 };
	const struct write_row *t = *state;
	char *bytes = carrier_bytes(100000);

	for (size_t i = 0; i < TN_COUNT(sizes) * TN_COUNT(sizes); i++) {
		size_t first = sizes[i / TN_COUNT(sizes)];
		size_t second = sizes[i % TN_COUNT(sizes)];
		struct tn_stream *s = carrier_new(&t->plan);
		struct tn_slice sent;

		CHECK_INT(tn_stream_write(s, tn_slice(bytes, first)), 0);
		CHECK_INT(tn_stream_write(s, tn_slice(bytes, second)), 0);
		CHECK(pushes(s) == (s->out != NULL));
		CHECK_INT(tn_stream_flush(s), 0);
		CHECK(!pushes(s));
		CHECK(s->out == NULL);
		CHECK_INT(tn_stream_bytes_written(s), first + second);

		sent = carrier_sent(s);
		CHECK_INT(sent.len, first + second);
		CHECK(memcmp(sent.data, bytes, first) == 0);
		CHECK(memcmp(sent.data + first, bytes, second) == 0);
		tn_stream_free(s);
	}
	free(bytes);
}

/* ---- when what is sent ------------------------------------------------- */

/* Small writes make one send, in the push before the fiber waits. */
static void
test_collects(void **state)
{
	struct tn_stream *s = carrier_new(&(struct carrier_plan){ 0 });

	for (int i = 0; i < 100; i++)
		CHECK_INT(tn_stream_write(s, TN_SLICE("0123456789")), 0);
	CHECK_INT(carrier_of(s)->sends, 0);
	CHECK_INT(carrier_of(s)->rooms, 0);
	CHECK_INT(held(s), 1000);
	CHECK_INT(tn_stream_bytes_written(s), 0);

	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	CHECK_INT(carrier_of(s)->sends, 1);
	CHECK_INT(carrier_sent(s).len, 1000);
	CHECK(!pushes(s));
	CHECK(s->out == NULL);
	CHECK_INT(tn_stream_bytes_written(s), 1000);

	CHECK_INT(tn_stream_write(s, tn_slice(NULL, 0)), 0);
	CHECK(s->out == NULL);
	tn_stream_free(s);
}

/* A large write is not copied: what was collected leaves in the same call. */
static void
test_gathers(void **state)
{
	char *bytes = carrier_bytes(40000);
	struct tn_stream *s = carrier_new(&(struct carrier_plan){ 0 });

	CHECK_INT(tn_stream_write(s, tn_slice(bytes, 8192)), 0);
	CHECK_INT(carrier_of(s)->sends, 1);
	CHECK(s->out == NULL);

	CHECK_INT(tn_stream_write(s, TN_SLICE("head")), 0);
	CHECK_INT(tn_stream_write(s, tn_slice(bytes, 40000)), 0);
	CHECK_INT(carrier_of(s)->sends, 2);
	CHECK_INT(carrier_sent(s).len, 8192 + 4 + 40000);
	CHECK(s->out == NULL);
	CHECK(!pushes(s));

	/* It fits behind what was collected: no reason to send. */
	CHECK_INT(tn_stream_write(s, TN_SLICE("head")), 0);
	CHECK_INT(tn_stream_write(s, tn_slice(bytes, 20000)), 0);
	CHECK_INT(carrier_of(s)->sends, 2);
	CHECK_INT(held(s), 20004);
	tn_stream_free(s);
	free(bytes);
}

/* What a blocked carrier did not take is kept as far as it fits; only what does
 * not is waited for. */
static void
test_blocked(void **state)
{
	struct carrier_plan plan = { .room = 10000 };
	char *bytes = carrier_bytes(100000);
	struct tn_stream *s = carrier_new(&plan);

	CHECK_INT(tn_stream_write(s, tn_slice(bytes, 30000)), 0);
	CHECK_INT(carrier_of(s)->rooms, 1);
	CHECK_INT(held(s), 20000);
	CHECK(pushes(s));

	CHECK_INT(push(s), 0);
	CHECK_INT(held(s), 20000);
	carrier_of(s)->left = 5000;
	CHECK_INT(push(s), 0);
	CHECK_INT(held(s), 15000);

	/* 15,000 of 32,768 are taken, so 18,000 more wait for room once. */
	CHECK_INT(tn_stream_write(s, tn_slice(bytes, 18000)), 0);
	CHECK_INT(carrier_of(s)->rooms, 2);
	CHECK_INT(held(s), 15000 + 18000 - 10000);

	carrier_of(s)->left = 100000;
	CHECK_INT(push(s), 1);
	CHECK(s->out == NULL);
	CHECK_INT(carrier_sent(s).len, 48000);
	CHECK(memcmp(carrier_sent(s).data, bytes, 30000) == 0);
	CHECK(memcmp(carrier_sent(s).data + 30000, bytes, 18000) == 0);
	tn_stream_free(s);
	free(bytes);
}

/* ---- errors ------------------------------------------------------------ */

static const struct error_row {
	const char *name;
	size_t at;    /* send fails after so many bytes */
	size_t size;  /* of each of the writes */
	int good;     /* of them succeed */
} errors[] = {
	{ "small, at once", 0, 100, 327 },
	{ "small, later", 40000, 100, 727 },
	{ "large, at once", 0, 10000, 0 },
	{ "large, later", 15000, 10000, 4 },
	{ "huge", 15000, 70000, 0 },
};

static void
test_sticky(void **state)
{
	const struct error_row *t = *state;
	struct carrier_plan plan = { .in = TN_SLICE("in"),
		.out_fail_at = t->at, .out_fail = -ECONNRESET };
	char *bytes = carrier_bytes(t->size);
	struct tn_stream *s = carrier_new(&plan);
	struct tn_slice got;
	int good = 0;

	while (tn_stream_write(s, tn_slice(bytes, t->size)) == 0)
		good++;
	CHECK_INT(good, t->good);
	CHECK_INT(carrier_sent(s).len, t->at);
	CHECK_INT(tn_stream_bytes_written(s), t->at);

	/* It stays, whatever the carrier would say now; reads go on. */
	carrier_of(s)->plan.out_fail = 0;
	for (int i = 0; i < 2; i++) {
		CHECK_INT(tn_error_set(-ENOENT, "other"), -ENOENT);
		CHECK_INT(tn_stream_write(s, TN_SLICE("x")), -ECONNRESET);
		CHECK_TEXT(tn_error_text(), "write to test carrier: "
		    "connection reset by the peer");
		CHECK_INT(tn_stream_printf(s, "x"), -ECONNRESET);
		CHECK_INT(tn_stream_flush(s), -ECONNRESET);
		CHECK_INT(tn_stream_shutdown(s), -ECONNRESET);
		CHECK_INT(tn_error_code(), -ECONNRESET);
	}
	CHECK(s->out == NULL);
	CHECK(!pushes(s));
	CHECK_INT(carrier_sent(s).len, t->at);
	CHECK_INT(tn_stream_fill(s, 1, &got), 2);
	CHECK_INT(tn_stream_close(s), -ECONNRESET);
	free(bytes);
}

/* A push that fails says nothing then: the line belongs to somebody else. */
static void
test_push_fails(void **state)
{
	struct carrier_plan plan = { .out_fail = -EPIPE };
	struct tn_stream *s = carrier_new(&plan);

	CHECK_INT(tn_stream_write(s, TN_SLICE("x")), 0);
	CHECK_INT(tn_error_set(-ENOENT, "other"), -ENOENT);
	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	CHECK_TEXT(tn_error_text(), "other");
	CHECK(s->out == NULL);
	CHECK(!pushes(s));
	CHECK_INT(tn_stream_flush(s), -EPIPE);
	CHECK_INT(tn_error_code(), -EPIPE);
	CHECK_INT(tn_stream_close(s), -EPIPE);
}

/* A wait that ends leaves a flush to be tried again, and ends a write. */
static void
test_wait_fails(void **state)
{
	struct carrier_plan plan = { .room_fail = -ETIMEDOUT };
	char *bytes = carrier_bytes(40000);
	struct tn_stream *s = carrier_new(&plan);

	CHECK_INT(tn_stream_write(s, TN_SLICE("x")), 0);
	CHECK_INT(tn_stream_flush(s), -ETIMEDOUT);
	CHECK_TEXT(tn_error_text(), "write to test carrier: timed out");
	CHECK(pushes(s));
	carrier_of(s)->plan.room_fail = 0;
	CHECK_INT(tn_stream_flush(s), 0);
	CHECK_SLICE(carrier_sent(s), "x");

	carrier_of(s)->plan.room_fail = -ECANCELED;
	CHECK_INT(tn_stream_write(s, tn_slice(bytes, 40000)), -ECANCELED);
	carrier_of(s)->plan.room_fail = 0;
	CHECK_INT(tn_stream_write(s, TN_SLICE("x")), -ECANCELED);
	tn_stream_free(s);
	free(bytes);
}

/* Closing needs no wait where everything goes out without one. */
static void
test_close_cancelled(void **state)
{
	struct carrier_plan plan = { .room_fail = -ECANCELED };
	struct tn_stream *s = carrier_new(&plan);

	CHECK_INT(tn_stream_write(s, TN_SLICE("last words")), 0);
	CHECK_INT(tn_stream_close(s), 0);

	plan.room = 4;
	s = carrier_new(&plan);
	CHECK_INT(tn_stream_write(s, TN_SLICE("last words")), 0);
	CHECK_INT(tn_stream_close(s), -ECANCELED);
	CHECK_INT(tn_error_code(), -ECANCELED);
	CHECK_INT(tn_stream_close(NULL), 0);
}

static void
test_after_shutdown(void **state)
{
	struct tn_stream *s = carrier_new(&(struct carrier_plan){ 0 });

	CHECK_INT(tn_stream_write(s, TN_SLICE("x")), 0);
	CHECK_INT(tn_stream_shutdown(s), 0);
	CHECK_SLICE(carrier_sent(s), "x");
	CHECK_INT(tn_stream_shutdown(s), 0);
	CHECK_INT(tn_stream_write(s, TN_SLICE("y")), -EPIPE);
	CHECK_TEXT(tn_error_text(),
	    "write: the stream was shut down for writing before");
	CHECK_INT(tn_stream_flush(s), 0);
	CHECK_INT(tn_stream_close(s), 0);
}

/* ---- printf ------------------------------------------------------------ */

static void
test_printf(void **state)
{
	char expected[2000];

	for (int width = 0; width < 1500; width++) {
		struct tn_stream *s = carrier_new(&(struct carrier_plan){ 0 });
		int len = snprintf(expected, sizeof(expected), "%*d|%s|%c",
		    width, width, "text", '!');

		CHECK_INT(tn_stream_printf(s, "%*d|%s|%c", width, width, "text",
		    '!'), 0);
		CHECK_INT(tn_stream_flush(s), 0);
		CHECK_INT(carrier_sent(s).len, len);
		CHECK_SLICE(carrier_sent(s), expected);
		tn_stream_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collects),
		cmocka_unit_test(test_gathers),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_push_fails),
		cmocka_unit_test(test_wait_fails),
		cmocka_unit_test(test_close_cancelled),
		cmocka_unit_test(test_after_shutdown),
		cmocka_unit_test(test_printf),
	};

	return CHECK_ROWS(rows, test_sizes) + CHECK_ROWS(errors, test_sticky) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
