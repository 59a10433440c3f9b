/* The end of a server: who is in flight finishes, who waits in the backlog is
 * served, who is idle or silent is sent home, and all of it within its time. */
#include "stream/stream.h"
#include "unit/server/check.h"

static const struct kind {
	const char *name;
	enum tn_server_kind kind;
	int loops;
} kinds[] = {
	{ "fiber", TN_SERVER_FIBER, 1 },
	{ "fiber, three loops", TN_SERVER_FIBER, 3 },
	{ "serial", TN_SERVER_SERIAL, 1 },
	{ "threading", TN_SERVER_THREADING, 1 },
};

static const struct kind *kind; /* of this test */

static void
start(struct check_server *t, struct tn_server_options options)
{
	options.kind = kind->kind;
	options.loops = kind->loops;
	*t = (struct check_server){ 0 };
	check_server_start(t, &options);
}

/* Answers every piece after 200 ms, whatever it is. */
static int
handle_slow(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = tn_sleep(200 * TN_MILLISECOND);
		if (r < 0)
			break;
		r = tn_stream_printf(rq->stream, "%.*s done%s", (int)said.len,
		    said.data, tn_server_draining(rq->server) ? ", bye" : "");
		if (r < 0)
			break;
		tn_stream_consume(rq->stream, said.len);
	}
	return r;
}

/* ---- in flight --------------------------------------------------------- */

static void
test_in_flight(void)
{
	struct check_server t;
	int fd, r;

	start(&t, (struct tn_server_options){ .handle = handle_slow });
	fd = check_call(&t.at);
	check_say(fd, "work");
	CHECK_SOON(tn_server_active(t.server) == 1);
	usleep(20000);
	CHECK(!tn_server_draining(t.server));
	tn_server_shutdown(t.server);
	CHECK(tn_server_draining(t.server));

	/* New ones are refused long before it is done; where one is served at
	 * a time they are not, as the backlog has to be served before. */
	for (r = 0; r >= 0 && kind->kind != TN_SERVER_SERIAL;) {
		usleep(2000);
		r = check_try_call(&t.at, SOCK_STREAM);
		if (r >= 0)
			close(r);
	}
	CHECK(r == 0 || r == -ECONNREFUSED);
	CHECK(tn_server_active(t.server) > 0);
	check_hear(fd, "work done, bye");
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
	check_hear_end(fd);
	check_server_end(&t);
}

static void
test_backlog(void)
{
	const struct tn_server_options options = { .handle = handle_slow,
		.connections_max = 1 };
	struct check_server t;
	int fds[3];

	start(&t, options);
	for (int i = 0; i < 3; i++) {
		fds[i] = check_call(&t.at);
		check_say(fds[i], check_printf("%d", i));
		CHECK_INT(shutdown(fds[i], SHUT_WR), 0);
	}
	CHECK_SOON(tn_server_active(t.server) == 1);
	tn_server_shutdown(t.server);
	for (int i = 0; i < 3; i++) {
		/* The first one was answered perhaps before. */
		check_hear(fds[i], check_printf("%d done", i));
		while (recv(fds[i], &(char){ 0 }, 1, 0) > 0)
			;
		close(fds[i]);
	}
	CHECK_INT(tn_server_total(t.server), 3);
	check_server_end(&t);
}

/* ---- idle, silent ------------------------------------------------------ */

static void
test_idle(void)
{
	const struct tn_server_options options = { .handle = check_echo_idle };
	struct check_server t;
	tn_time began;
	int fd;

	start(&t, options);
	fd = check_call(&t.at);
	check_say(fd, "one");
	check_hear(fd, "one");
	usleep(20000);
	began = tn_now();
	tn_server_shutdown(t.server);
	check_hear_end(fd);
	check_server_end(&t);
	CHECK(check_ms_since(began) < 900);

	/* Busy when it was shut down, idle afterwards. */
	start(&t, options);
	fd = check_call(&t.at);
	check_say(fd, "slow");
	CHECK_SOON(tn_server_active(t.server) == 1);
	usleep(50000);
	began = tn_now();
	tn_server_shutdown(t.server);
	check_hear(fd, "slow");
	check_hear_end(fd);
	check_server_end(&t);
	CHECK(check_ms_since(began) < 900);
}

/* What an idle client had sent before it could know is answered. */
static void
test_under_way(void)
{
	struct check_server t;
	tn_time began;
	int fd;

	start(&t, (struct tn_server_options){ .handle = check_echo_idle });
	fd = check_call(&t.at);
	check_say(fd, "one");
	check_hear(fd, "one");
	usleep(20000);
	began = tn_now();
	tn_server_shutdown(t.server);
	for (int i = 0; i < 4; i++) { /* each has its own time */
		usleep(100000);
		check_say(fd, "more");
		check_hear(fd, "more");
	}
	check_hear_end(fd);
	check_server_end(&t);
	CHECK(check_ms_since(began) >= 640);
	CHECK(check_ms_since(began) < 1500);
}

static void
test_silent(void)
{
	struct check_server t;
	tn_time began;
	int fd;

	start(&t, (struct tn_server_options){ .handle = check_echo });
	fd = check_call(&t.at);
	CHECK_SOON(tn_server_active(t.server) == 1);
	began = tn_now();
	tn_server_shutdown(t.server);
	check_hear_end(fd);
	check_server_end(&t);
	CHECK(check_ms_since(began) >= 990);
	CHECK(check_ms_since(began) < 5000);
}

/* ---- out of time ------------------------------------------------------- */

static atomic_int cancelled;

/* Never ends by itself; says good-bye when it has to. */
static int
handle_stubborn(struct tn_request *rq)
{
	int r = tn_sleep(3600 * TN_SECOND);

	CHECK(tn_cancelled());
	CHECK_INT(r, -ECANCELED);
	atomic_fetch_add(&cancelled, 1);
	return tn_stream_write(rq->stream, TN_SLICE("cut short"));
}

static void
no_error(struct tn_request *rq, int error)
{
	CHECK_INT(error, 0);
}

/* It came to a good end, so it is closed like any other. */
static void
test_cancelled(void)
{
	const struct tn_server_options options = {
		.handle = handle_stubborn,
		.handle_error = no_error,
		.drain_ms = 100,
	};
	struct check_server t;
	tn_time began;
	int fd;

	atomic_store(&cancelled, 0);
	start(&t, options);
	fd = check_call(&t.at);
	CHECK_SOON(tn_server_active(t.server) == 1);
	began = tn_now();
	tn_server_shutdown(t.server);
	check_hear(fd, "cut short");
	CHECK(check_ms_since(began) >= 95);
	check_hear_end(fd);
	check_server_end(&t);
	CHECK_INT(atomic_load(&cancelled), 1);
	CHECK(check_ms_since(began) < 3000);
}

static size_t
held(const struct tn_stream *s)
{
	return s->out_end - s->out_start;
}

static atomic_bool stuck;

/* Has bytes left to send when it is told to end, and nobody takes them. */
static int
handle_unread(struct tn_request *rq)
{
	static const char bytes[4000];
	int size = 4096, r = 0;

	CHECK_INT(tn_socket_setsockopt(tn_stream_socket(rq->stream), SOL_SOCKET,
		      SO_SNDBUF, &size, sizeof(size)),
	    0);
	while (r == 0 && held(rq->stream) < 24000) {
		r = tn_stream_write(rq->stream, tn_slice(bytes, sizeof(bytes)));
		if (r == 0)
			r = tn_sleep(10 * TN_MILLISECOND); /* sends it */
	}
	CHECK_INT(r, 0);
	atomic_store(&stuck, true);
	CHECK_INT(tn_sleep(3600 * TN_SECOND), -ECANCELED);
	CHECK(held(rq->stream) > 0);
	return 0;
}

static void
test_unread(void)
{
	const struct tn_server_options options = { .handle = handle_unread,
		.drain_ms = 500 };
	struct check_server t;
	tn_time began;
	int fd;

	atomic_store(&stuck, false);
	start(&t, options);
	fd = check_call(&t.at);
	CHECK_SOON(atomic_load(&stuck));
	began = tn_now();
	tn_server_shutdown(t.server);
	CHECK_SOON(tn_server_active(t.server) == 0);
	check_server_end(&t);
	CHECK(check_ms_since(began) >= 1400);
	CHECK(check_ms_since(began) < 5000);
	close(fd);
}

static void
test_twice(void)
{
	const struct tn_server_options options = { .handle = handle_stubborn,
		.drain_ms = -1 };
	struct check_server t;
	tn_time began;
	int fd;

	start(&t, options);
	fd = check_call(&t.at);
	CHECK_SOON(tn_server_active(t.server) == 1);
	began = tn_now();
	tn_server_shutdown(t.server);
	usleep(50000);
	CHECK_INT(tn_server_active(t.server), 1);
	tn_server_shutdown(t.server);
	check_hear(fd, "cut short");
	check_hear_end(fd);
	check_server_end(&t);
	CHECK(check_ms_since(began) < 3000);
}

/* ---- from the inside, before the start, again -------------------------- */

static int
handle_shutdown(struct tn_request *rq)
{
	tn_server_shutdown(rq->server);
	return tn_stream_write(rq->stream, TN_SLICE("as you wish"));
}

static void
test_from_handler(void)
{
	struct check_server t;
	int fd;

	start(&t, (struct tn_server_options){ .handle = handle_shutdown });
	fd = check_call(&t.at);
	check_hear(fd, "as you wish");
	check_hear_end(fd);
	check_server_end(&t);
}

/* What was accepted before it began to serve is served. */
static void
test_before(void)
{
	const struct tn_server_options options = {
		.handle = check_echo, .kind = kind->kind, .loops = kind->loops
	};
	struct tn_server *server;
	struct tn_address at;
	int fd;

	CHECK_INT(tn_server_open(&options, &server), 0);
	tn_server_address(server, &at);
	fd = check_call(&at);
	check_say(fd, "anybody there?");
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
	tn_server_shutdown(server);
	CHECK_INT(tn_server_serve_forever(server), 0);
	check_hear(fd, "anybody there?");
	check_hear_end(fd);
	CHECK_INT(check_try_call(&at, SOCK_STREAM), -ECONNREFUSED);
	tn_server_free(server);
}

static int
handle_forever(struct tn_request *rq)
{
	return tn_sleep(3600 * TN_SECOND);
}

/* A caller that cannot wait any more takes it all down, and may come back. */
static void
test_interrupted(void)
{
	const struct tn_server_options options = { .handle = handle_forever,
		.kind = kind->kind, .loops = kind->loops };
	struct tn_server *server;
	struct tn_scope scope;
	struct tn_address at;
	int fd;

	CHECK_INT(tn_server_open(&options, &server), 0);
	tn_server_address(server, &at);
	for (int i = 0; i < 2; i++) {
		fd = check_call(&at);
		tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
		CHECK_INT(tn_server_serve_forever(server), -ETIMEDOUT);
		tn_scope_close(&scope);
		CHECK(strstr(tn_error_text(), "timed out") != NULL);
		check_hear_end(fd);
	}
	CHECK_INT(tn_server_active(server), 0);
	CHECK_INT(tn_server_total(server), 2);
	tn_server_free(server);
}

static void
test_restart(void)
{
	struct tn_server_options options = {
		.handle = check_echo, .kind = kind->kind, .loops = kind->loops
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct check_server t = { 0 };
	int fds[3];

	check_server_start(&t, &options);
	options.address = tn_address_format(&t.at, text);
	for (int i = 0; i < 3; i++) {
		fds[i] = check_call(&t.at);
		check_say(fds[i], "hello");
		check_hear(fds[i], "hello");
		CHECK_INT(shutdown(fds[i], SHUT_WR), 0);
		tn_server_shutdown(t.server);
		check_hear_end(fds[i]); /* the server's end is in TIME_WAIT */
		check_server_end(&t);
		t = (struct check_server){ 0 };
		check_server_start(&t, &options);
	}
	fds[0] = check_call(&t.at);
	check_say(fds[0], "hello");
	check_hear(fds[0], "hello");
	CHECK_INT(tn_server_serve_forever(t.server), -EBUSY);
	close(fds[0]);
	check_server_stop(&t);
}

/* ---- all of them, for each kind ---------------------------------------- */

static const struct row {
	const char *name;
	void (*test)(void);
} rows[] = {
	{ "what is in flight finishes", test_in_flight },
	{ "the backlog is served", test_backlog },
	{ "idle ones are sent home", test_idle },
	{ "but not too early", test_under_way },
	{ "silent ones too, after a second", test_silent },
	{ "the rest is cancelled", test_cancelled },
	{ "nor does who never reads hold it up", test_unread },
	{ "at once the second time", test_twice },
	{ "shut down by a handler", test_from_handler },
	{ "shut down before it served", test_before },
	{ "interrupted", test_interrupted },
	{ "restarted at once", test_restart },
};

static void
test_row(void **state)
{
	const struct row *row = *state;
	int fds = check_open_fds();

	for (size_t i = 0; i < TN_COUNT(kinds); i++) {
		kind = &kinds[i];
		row->test();
		/* Threads that have ended may still be closing theirs. */
		CHECK_SOON(check_open_fds() == fds);
	}
}

int
main(void)
{
	struct CMUnitTest tests[TN_COUNT(rows)] = { 0 };

	tn_loop_count(); /* the thread has its descriptor now */
	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		tests[i].name = rows[i].name;
		tests[i].test_func = test_row;
		tests[i].initial_state = (void *)(uintptr_t)&rows[i];
	}
	return cmocka_run_group_tests_name("server/drain", tests, NULL, NULL);
}
