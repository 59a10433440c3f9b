/* Streams over sockets: waiting without a buffer, pushing while waiting, and
 * closing so that nothing is lost. */
#include "carrier.h"

#include <tenon/dial.h>

static void
unix_pair(struct tn_stream *ends[2])
{
	struct tn_socket *sockets[2];

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(tn_stream_from_socket(sockets[i], &ends[i]), 0);
}

/* Two ends of a TCP connection over loopback. */
static void
tcp_pair(struct tn_stream *ends[2])
{
	struct tn_socket *listener, *accepted;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;

	CHECK_INT(tn_listen("127.0.0.1:0", NULL, &listener), 0);
	CHECK_INT(tn_socket_getsockname(listener, &address), 0);
	tn_address_format(&address, text);
	CHECK_INT(tn_dial(text, NULL, &ends[0]), 0);
	CHECK_INT(tn_socket_accept(listener, &accepted, NULL), 0);
	CHECK_INT(tn_stream_from_socket(accepted, &ends[1]), 0);
	tn_socket_free(listener);
}

static void
process_pair(struct tn_stream *ends[2])
{
	CHECK_INT(tn_stream_pair(0, ends), 0);
}

static const struct kind {
	const char *name;
	void (*pair)(struct tn_stream *ends[2]);
	int buffer; /* the least that works well: TCP wants a few segments */
} kinds[] = {
	{ "tcp", tcp_pair, 1 << 18 },
	{ "unix", unix_pair, 4096 },
	{ "in-process", process_pair, 0 },
};

#define SOCKETS 2 /* the first kinds are */

/* Tests run in a fiber and on a plain thread: the code is the same. */
static int
in_loop(int (*test)(void *), const void *arg)
{
	CHECK_INT(test((void *)(uintptr_t)arg), 0);
	return tn_run(test, (void *)(uintptr_t)arg, NULL);
}

static int
kinds_for(const char *name, CMUnitTestFunction test, size_t count)
{
	struct CMUnitTest tests[TN_COUNT(kinds)] = { 0 };

	for (size_t i = 0; i < count; i++) {
		tests[i].name = kinds[i].name;
		tests[i].test_func = test;
		tests[i].initial_state = (void *)(uintptr_t)&kinds[i];
	}
	return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

/* ---- reading and writing ----------------------------------------------- */

static int
talk(void *arg)
{
	const struct kind *t = arg;
	struct tn_stream *ends[2];
	struct tn_slice got;
	struct tn_scope scope;

	t->pair(ends);
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("one\r\n")), 0);
	CHECK_INT(tn_stream_printf(ends[0], "%s\r\n", "two"), 0);

	/* Nothing leaves before the writer waits, for whatever. */
	tn_scope_open(&scope, tn_after(5 * TN_MILLISECOND));
	CHECK_INT(tn_stream_fill(ends[0], 1, &got), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK(strstr(tn_error_text(), "timed out") != NULL);
	CHECK(ends[0]->in == NULL);
	CHECK(ends[0]->out == NULL);

	CHECK_INT(tn_stream_read_line(ends[1], TN_LINE_CRLF, 80, &got), 1);
	CHECK_SLICE(got, "one");
	CHECK_INT(tn_stream_read_line(ends[1], TN_LINE_CRLF, 80, &got), 1);
	CHECK_SLICE(got, "two");
	CHECK(tn_stream_socket(ends[0]) != NULL);
	CHECK_INT(tn_stream_bytes_written(ends[0]), 10);
	CHECK_INT(tn_stream_bytes_read(ends[1]), 10);

	CHECK_INT(tn_stream_shutdown(ends[0]), 0);
	CHECK_INT(tn_stream_fill(ends[1], 1, &got), 0);
	CHECK(ends[1]->in == NULL);
	CHECK_INT(tn_stream_write(ends[1], TN_SLICE("bye")), 0);
	CHECK_INT(tn_stream_flush(ends[1]), 0);
	CHECK_INT(tn_stream_fill(ends[0], 3, &got), 3);
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
	return 0;
}

static void
test_talk(void **state)
{
	CHECK_INT(in_loop(talk, *state), 0);
}

/* ---- two that write before they read ----------------------------------- */

#define ROUNDS 64
#define ROUND_BYTES 30000 /* fits the stream's buffer, not the kernel's */

/* Both write a round, then read one.  Between Unix sockets the kernel holds
 * less than a round: only what is pushed on while each waits to read lets them
 * go on. */
static int
round_trips(void *arg)
{
	struct tn_stream *s = arg;
	char *bytes = carrier_bytes(ROUND_BYTES), *got = malloc(ROUND_BYTES);
	int r = 0;

	for (int i = 0; i < ROUNDS && r == 0; i++) {
		r = tn_stream_write(s, tn_slice(bytes, ROUND_BYTES));
		if (r == 0)
			r = tn_stream_read_exact(s, got, ROUND_BYTES);
		if (r == 0 && memcmp(bytes, got, ROUND_BYTES) != 0)
			r = -EIO;
	}
	free(bytes);
	free(got);
	return r;
}

static void
small_buffer(const struct kind *t, struct tn_stream *s)
{
	CHECK_INT(tn_socket_setsockopt(tn_stream_socket(s), SOL_SOCKET,
	    SO_SNDBUF, &t->buffer, sizeof(t->buffer)), 0);
}

static int
both_write(const struct kind *t, bool threads)
{
	struct tn_stream *ends[2];
	struct tn_group *group;

	t->pair(ends);
	CHECK_INT(tn_group_open(&group), 0);
	for (int i = 0; i < 2; i++) {
		small_buffer(t, ends[i]);
		CHECK_INT(threads ? tn_go_thread(group, round_trips, ends[i]) :
		    tn_go(group, round_trips, ends[i]), 0);
	}
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	for (int i = 0; i < 2; i++) {
		CHECK(ends[i]->in == NULL);
		CHECK(ends[i]->out == NULL);
		CHECK_INT(tn_stream_bytes_written(ends[i]), ROUNDS *
		    ROUND_BYTES);
		CHECK_INT(tn_stream_bytes_read(ends[i]), ROUNDS * ROUND_BYTES);
		tn_stream_free(ends[i]);
	}
	return 0;
}

static int
both_write_fibers(void *arg)
{
	return both_write(arg, false);
}

static void
test_both_write(void **state)
{
	CHECK_INT(tn_run(both_write_fibers, *state, NULL), 0);
	CHECK_INT(both_write(*state, true), 0);
}

/* One fiber reads while another writes, megabytes each way. */
#define STREAM_BYTES ((size_t)8 << 20)

static int
pour(void *arg)
{
	char *bytes = carrier_bytes(50000);
	int r = 0;

	for (size_t at = 0; at < STREAM_BYTES && r == 0; at += 50000)
		r = tn_stream_write(arg,
		    tn_slice(bytes, STREAM_BYTES - at < 50000
			    ? STREAM_BYTES - at
			    : 50000));
	free(bytes);
	return r < 0 ? r : tn_stream_shutdown(arg);
}

static int
drink(void *arg)
{
	return tn_stream_skip(arg, -1) == (int64_t)STREAM_BYTES ? 0 : -EIO;
}

static int
pour_both(void *arg)
{
	const struct kind *t = arg;
	struct tn_stream *ends[2];
	struct tn_group *group;

	t->pair(ends);
	CHECK_INT(tn_group_open(&group), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(tn_go(group, pour, ends[i]), 0);
		CHECK_INT(tn_go(group, drink, ends[i]), 0);
	}
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	for (int i = 0; i < 2; i++)
		tn_stream_free(ends[i]);
	return 0;
}

static void
test_pour(void **state)
{
	CHECK_INT(tn_run(pour_both, *state, NULL), 0);
}

/* ---- the end ----------------------------------------------------------- */

/* The peer sends on while we close: a close over unread bytes would reset the
 * connection and destroy the answer on its way. */
struct late {
	struct tn_stream *stream;
	size_t size;
	bool answered;
};

static int
late_writer(void *arg)
{
	struct late *late = arg;
	char *bytes = carrier_bytes(late->size);
	struct tn_slice got;
	int r = tn_stream_write(late->stream, tn_slice(bytes, late->size));

	free(bytes);
	if (r == 0)
		r = tn_stream_flush(late->stream);
	if (r == 0)
		r = tn_sleep(20 * TN_MILLISECOND);
	if (r == 0)
		r = tn_stream_fill(late->stream, 6, &got);
	late->answered = r == 6 && memcmp(got.data, "answer", 6) == 0;
	tn_stream_free(late->stream);
	return r < 0 ? r : 0;
}

static int
close_lingers(void *arg)
{
	const struct kind *t = arg;
	struct tn_stream *ends[2];
	struct tn_group *group;
	struct late late = { .size = 30000 };

	t->pair(ends);
	late.stream = ends[1];
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go_thread(group, late_writer, &late), 0);
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("answer")), 0);
	CHECK_INT(tn_stream_close(ends[0]), 0);
	CHECK_INT(tn_group_wait(group), 0);
	CHECK(late.answered);
	tn_group_free(group);
	return 0;
}

static void
test_close_lingers(void **state)
{
	CHECK_INT(in_loop(close_lingers, *state), 0);
}

/* It lingers two seconds and no longer, which is no failure; the line about an
 * earlier one stays. */
static void
test_close_limits(void **state)
{
	const struct kind *t = *state;
	struct tn_pace pace = { .idle_ms = 10 };
	char *bytes = carrier_bytes(100000);
	struct tn_stream *ends[2];
	tn_time began = tn_now(), span;

	t->pair(ends);
	tn_stream_set_pace(ends[0], &pace);
	CHECK_INT(tn_error_set(-ENOENT, "other"), -ENOENT);
	CHECK_INT(tn_stream_close(ends[0]), 0);
	span = tn_now() - began;
	CHECK(span >= 2 * TN_SECOND && span < 10 * TN_SECOND);
	CHECK_TEXT(tn_error_text(), "other");
	tn_stream_free(ends[1]);

	/* Nor more than 64 KiB. */
	began = tn_now();
	t->pair(ends);
	CHECK_INT(tn_stream_write(ends[1], tn_slice(bytes, 100000)), 0);
	CHECK_INT(tn_stream_close(ends[0]), 0);
	CHECK(tn_now() - began < 2 * TN_SECOND);
	tn_stream_free(ends[1]);
	free(bytes);
}

/* A peer that said that nothing more comes is not waited for, unless it sent
 * something all the same. */
static void
test_close_quiet(void **state)
{
	const struct kind *t = *state;
	struct tn_stream *ends[2];
	struct tn_slice got;
	struct tn_scope scope;
	tn_time began = tn_now();

	t->pair(ends);
	ends[0]->quiet = true;
	assert_int_equal(tn_stream_write(ends[0], TN_SLICE("answer")), 0);
	assert_int_equal(tn_stream_close(ends[0]), 0);
	assert_true(tn_now() - began < TN_SECOND);
	assert_int_equal(tn_stream_fill(ends[1], 7, &got), 6);
	assert_memory_equal(got.data, "answer", 6);
	tn_stream_free(ends[1]);

	t->pair(ends);
	ends[0]->quiet = true;
	assert_int_equal(tn_stream_write(ends[1], TN_SLICE("more")), 0);
	assert_int_equal(tn_stream_flush(ends[1]), 0);
	assert_int_equal(tn_stream_fill(ends[0], 1, &got), 4);
	tn_scope_open(&scope, tn_after(20 * TN_MILLISECOND));
	assert_int_equal(tn_stream_close(ends[0]), -ETIMEDOUT);
	assert_true(tn_scope_close(&scope));
	tn_stream_free(ends[1]);
}

static int
close_fails(void *arg)
{
	const struct kind *t = arg;
	char *bytes = carrier_bytes(32768);
	struct tn_stream *ends[2];
	struct tn_scope scope;
	int r;

	/* What does not go out in time. */
	t->pair(ends);
	small_buffer(t, ends[0]);
	tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
	do
		r = tn_stream_write(ends[0], tn_slice(bytes, 32768));
	while (r == 0);
	CHECK_INT(r, -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_stream_close(ends[0]), -ETIMEDOUT);
	tn_stream_free(ends[1]);

	/* The peer is gone. */
	t->pair(ends);
	CHECK_INT(tn_stream_write(ends[1], TN_SLICE("x")), 0);
	CHECK_INT(tn_stream_flush(ends[1]), 0);
	tn_stream_free(ends[0]);
	do {
		r = tn_stream_write(ends[1], tn_slice(bytes, 32768));
		if (r == 0)
			r = tn_sleep(TN_MILLISECOND);
	} while (r == 0);
	CHECK(r == -EPIPE || r == -ECONNRESET);
	CHECK_INT(tn_stream_close(ends[1]), r);
	free(bytes);
	return 0;
}

static void
test_close_fails(void **state)
{
	CHECK_INT(in_loop(close_fails, *state), 0);
}

/* A reset is an error each time one reads, never an end. */
static int
reset(void *arg)
{
	struct linger hard = { .l_onoff = 1 };
	struct tn_stream *ends[2];
	struct tn_slice got;

	tcp_pair(ends);
	CHECK_INT(tn_socket_setsockopt(tn_stream_socket(ends[0]), SOL_SOCKET,
	    SO_LINGER, &hard, sizeof(hard)), 0);
	tn_stream_free(ends[0]);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(tn_stream_fill(ends[1], 1, &got), -ECONNRESET);
		CHECK_INT(tn_error_code(), -ECONNRESET);
		CHECK(strstr(tn_error_text(), "read from 127.0.0.1:") != NULL);
	}
	CHECK_INT(tn_stream_close(ends[1]), -EPIPE);
	return 0;
}

static void
test_reset(void **state)
{
	CHECK_INT(in_loop(reset, NULL), 0);
}

static void
test_datagram(void **state)
{
	struct tn_socket *socket;
	struct tn_stream *s;

	CHECK_INT(tn_socket_open(AF_INET, SOCK_DGRAM, 0, &socket), 0);
	CHECK_INT(tn_stream_from_socket(socket, &s), -EINVAL);
	tn_socket_free(socket);
}

/* ---- pace -------------------------------------------------------------- */

static int
idle(void *arg)
{
	const struct kind *t = arg;
	struct tn_pace pace = { .idle_ms = 20 };
	struct tn_stream *ends[2], *s;
	struct tn_slice got;
	struct tn_scope scope;

	t->pair(ends);
	CHECK_INT(tn_stream_limit(ends[0], 100, &s), 0);
	tn_stream_set_pace(s, &pace);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(tn_stream_fill(s, 1, &got), -ETIMEDOUT);
		CHECK(strstr(tn_error_text(),
		    "timed out: nothing moved for 20 ms (idle_ms)") != NULL);
	}

	/* What a scope of the caller's ends is not the peer's fault. */
	pace.idle_ms = 5000;
	tn_stream_set_pace(s, &pace);
	for (int ms = 0; ms < 2; ms++) {
		tn_scope_open(&scope, tn_after(ms * TN_MILLISECOND));
		CHECK_INT(tn_stream_fill(s, 1, &got), -ETIMEDOUT);
		CHECK(tn_scope_close(&scope));
		CHECK(strstr(tn_error_text(), "idle_ms") == NULL);
	}

	CHECK_INT(tn_stream_write(ends[1], TN_SLICE("x")), 0);
	CHECK_INT(tn_stream_flush(ends[1]), 0);
	CHECK_INT(tn_stream_fill(s, 1, &got), 1);
	tn_stream_free(s);
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
	return 0;
}

static void
test_idle(void **state)
{
	CHECK_INT(in_loop(idle, *state), 0);
}

/* A byte every 5 ms are 200 a second. */
static int
trickle(void *arg)
{
	int r = 0;

	for (int i = 0; i < 60 && r >= 0; i++) {
		r = tn_stream_write(arg, TN_SLICE("x"));
		if (r >= 0)
			r = tn_stream_flush(arg);
		if (r >= 0)
			r = tn_sleep(5 * TN_MILLISECOND);
	}
	return 0;
}

static int
rate(const struct kind *t, int64_t rate_min, int expected)
{
	struct tn_pace pace = { .idle_ms = 20000,
		.rate_min = rate_min,
		.rate_grace_ms = expected < 0 ? 50 : 10000 };
	struct tn_stream *ends[2];
	struct tn_group *group;
	struct tn_slice got;
	tn_time began = tn_now();

	t->pair(ends);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go_thread(group, trickle, ends[1]), 0);
	tn_stream_set_pace(ends[0], &pace);
	CHECK_INT(tn_stream_fill(ends[0], 50, &got), expected);
	if (expected < 0) {
		CHECK(strstr(tn_error_text(), "(rate_min)") != NULL);
		CHECK(tn_now() - began >= 50 * TN_MILLISECOND);
	}
	tn_group_free(group);
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
	return 0;
}

static int
rates(void *arg)
{
	CHECK_INT(rate(arg, 10, 50), 0);
	CHECK_INT(rate(arg, 10000, -ETIMEDOUT), 0);
	return rate(arg, INT64_MAX, -ETIMEDOUT);
}

static void
test_rate(void **state)
{
	CHECK_INT(in_loop(rates, *state), 0);
}

/* A peer that takes nothing. */
static int
idle_write(void *arg)
{
	const struct kind *t = arg;
	struct tn_pace pace = { .idle_ms = 20 };
	char *bytes = carrier_bytes(100000);
	struct tn_stream *ends[2];
	int r;

	t->pair(ends);
	tn_stream_set_pace(ends[0], &pace);
	do
		r = tn_stream_write(ends[0], tn_slice(bytes, 100000));
	while (r == 0);
	CHECK_INT(r, -ETIMEDOUT);
	CHECK(strstr(tn_error_text(), "(idle_ms)") != NULL);
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
	free(bytes);
	return 0;
}

static void
test_idle_write(void **state)
{
	CHECK_INT(in_loop(idle_write, *state), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_datagram),
	};

	return kinds_for("talk", test_talk, SOCKETS) +
	    kinds_for("both write", test_both_write, SOCKETS) +
	    kinds_for("pour", test_pour, SOCKETS) +
	    kinds_for("close lingers", test_close_lingers, SOCKETS) +
	    kinds_for("close limits", test_close_limits, SOCKETS) +
	    kinds_for("close quiet", test_close_quiet, SOCKETS) +
	    kinds_for("idle", test_idle, TN_COUNT(kinds)) +
	    kinds_for("rate", test_rate, TN_COUNT(kinds)) +
	    kinds_for("idle write", test_idle_write, TN_COUNT(kinds)) +
	    kinds_for("close fails", test_close_fails, SOCKETS) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
