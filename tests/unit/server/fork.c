/* A process each: what becomes of children that crash, of those that do not
 * end, and of a server that may not fork. */
#include <fcntl.h>
#include <tenon/log.h>
#include "unit/server/check.h"

/* ---- children that crash ----------------------------------------------- */

static int
handle_word(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	r = tn_stream_fill(rq->stream, 1, &said);
	if (r <= 0)
		return r;
	switch (said.data[0]) {
	case 'c': /* crash */
		signal(SIGABRT, SIG_DFL);
		abort();
	case 'p': /* pid */
		return tn_stream_printf(rq->stream, "%d", getpid());
	case 's': /* slow */
		r = tn_sleep(200 * TN_MILLISECOND);
		return r < 0 ? r : tn_stream_write(rq->stream, said);
	case 'u': /* unwilling */
		signal(SIGTERM, SIG_IGN);
		for (int i = 0; i < 200; i++) /* should nobody end it */
			usleep(100000);
		return 0;
	default:
		return tn_error_set(TN_EPROTO, "no such word");
	}
}

static void
test_crash(void **state)
{
	const struct tn_server_options options = { .handle = handle_word,
		.kind = TN_SERVER_FORKING, .connections_max = 4 };
	struct check_process p;
	char pids[2][16] = { "", "" };
	int fd;

	check_process_start(&p, &options);
	for (int i = 0; i < 12; i++) { /* more than there are slots */
		fd = check_call(&p.at);
		check_say(fd, i % 2 == 0 ? "crash" : "bad word");
		check_hear_end(fd);
	}
	for (int i = 0; i < 2; i++) {
		fd = check_call(&p.at);
		check_say(fd, "pid");
		CHECK(recv(fd, pids[i], sizeof(pids[i]) - 1, MSG_WAITALL) > 0);
		check_hear_end(fd);
	}
	CHECK(strcmp(pids[0], pids[1]) != 0);
	check_process_stop(&p); /* which looks for zombies */
}

/* Others do not hold its descriptor: when one ends its client hears so, however
 * long the rest goes on. */
static void
test_apart(void **state)
{
	const struct tn_server_options options = { .handle = handle_word,
		.kind = TN_SERVER_FORKING };
	struct check_process p;
	int fds[8];

	check_process_start(&p, &options);
	CHECK_INT(kill(p.pid, SIGSTOP), 0);
	for (int i = 0; i < 8; i++)
		fds[i] = check_call(&p.at);
	CHECK_INT(kill(p.pid, SIGCONT), 0);
	for (int i = 8; i-- > 0;) { /* those forked before are still there */
		check_say(fds[i], "bad word");
		check_hear_end(fds[i]);
	}
	check_process_stop(&p);
}

/* ---- drain ------------------------------------------------------------- */

static void
test_drain(void **state)
{
	const struct tn_server_options options = { .handle = handle_word,
		.kind = TN_SERVER_FORKING };
	struct check_process p;
	int fd;

	check_process_start(&p, &options);
	fd = check_call(&p.at);
	check_say(fd, "slow");
	usleep(50000);
	check_process_shutdown(&p);
	check_hear(fd, "slow");
	check_hear_end(fd);
	check_process_end(&p);
}

/* A child hears of it while it waits for its client. */
static void
test_drain_child(void **state)
{
	static const struct {
		int (*handle)(struct tn_request *rq);
		const char *say;
		bool before; /* it was answered before the shutdown */
		int64_t least_ms, most_ms;
	} rows[] = {
		{ check_echo_idle, "one", true, 240, 900 },
		{ check_echo_idle, "slow", false, 0, 900 },
		{ check_echo, "", true, 990, 5000 }, /* silent so far */
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		const struct tn_server_options options = {
			.handle = rows[i].handle, .kind = TN_SERVER_FORKING };
		struct check_process p;
		tn_time began;
		int fd;

		check_process_start(&p, &options);
		fd = check_call(&p.at);
		check_say(fd, rows[i].say);
		if (rows[i].before)
			check_hear(fd, rows[i].say);
		usleep(50000);
		began = tn_now();
		check_process_shutdown(&p);
		if (!rows[i].before)
			check_hear(fd, rows[i].say);
		check_hear_end(fd);
		check_process_end(&p);
		CHECK(check_ms_since(began) >= rows[i].least_ms);
		CHECK(check_ms_since(began) < rows[i].most_ms);
	}
}

/* It is asked to end after drain_ms, and ended a second later. */
static void
test_unwilling(void **state)
{
	const struct tn_server_options options = { .handle = handle_word,
		.kind = TN_SERVER_FORKING, .drain_ms = 100 };
	struct check_process p;
	tn_time began;
	int fds[2];

	check_process_start(&p, &options);
	fds[0] = check_call(&p.at);
	check_say(fds[0], "unwilling");
	fds[1] = check_call(&p.at); /* says nothing, and listens to SIGTERM */
	usleep(50000);
	began = tn_now();
	check_process_shutdown(&p);
	check_hear_end(fds[0]);
	check_hear_end(fds[1]);
	check_process_end(&p);
	CHECK(check_ms_since(began) >= 1050);
	CHECK(check_ms_since(began) < 8000);
}

/* The port is the parent's alone: without it nobody listens any more, and who
 * is in flight goes on. */
static void
test_orphan(void **state)
{
	const struct tn_server_options options = { .handle = handle_word,
		.kind = TN_SERVER_FORKING };
	struct check_process p;
	int fd, status;

	check_process_start(&p, &options);
	fd = check_call(&p.at);
	check_say(fd, "slow");
	usleep(50000);
	CHECK_INT(kill(p.pid, SIGKILL), 0);
	CHECK_INT(waitpid(p.pid, &status, 0), p.pid);
	CHECK_INT(check_try_call(&p.at, SOCK_STREAM), -ECONNREFUSED);
	check_hear(fd, "slow");
	check_hear_end(fd);
	close(p.control);
}

/* ---- what is told about it --------------------------------------------- */

static void
tell_log(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	int fd = *(int *)arg;

	dprintf(fd, "%s %s\n", event, count == 2 ? fields[1].value : "?");
}

static void
test_told(void **state)
{
	const struct tn_server_options options = { .handle = handle_word,
		.kind = TN_SERVER_FORKING };
	struct check_process p;
	char line[256] = "";
	int ends[2], fd;

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	tn_log_set(tell_log, &ends[1]);
	check_process_start(&p, &options);
	tn_log_set(NULL, NULL);
	fd = check_call(&p.at);
	check_say(fd, "bad word");
	check_hear_end(fd);
	CHECK(read(ends[0], line, sizeof(line) - 1) > 0);
	CHECK_TEXT(line, "server.handler no such word\n");

	fd = check_call(&p.at);
	check_say(fd, "crash");
	check_hear_end(fd);
	memset(line, 0, sizeof(line));
	CHECK(read(ends[0], line, sizeof(line) - 1) > 0);
	CHECK(strncmp(line, "server.handler child ", 21) == 0);
	CHECK(strstr(line, ": ended by signal 6\n") != NULL);
	check_process_stop(&p);
	close(ends[0]);
	close(ends[1]);
}

/* ---- may not ----------------------------------------------------------- */

static int
serve_once(void *arg)
{
	return tn_server_serve_forever(arg);
}

static int
stay(void *arg)
{
	return tn_sleep(3600 * TN_SECOND);
}

static void
test_refused(void **state)
{
	const struct tn_server_options options = { .handle = check_echo,
		.kind = TN_SERVER_FORKING };
	const struct tn_run_options two = { .loops = 2 };
	struct tn_server *server;
	struct tn_group *group;

	CHECK_INT(tn_server_open(&options, &server), 0);
	CHECK_ERROR(tn_run(serve_once, server, &two), -EBUSY, "fork: another "
	    "loop or thread of this library runs, and a child would not have "
	    "it; use one loop and no threads, or another kind of server");
	group = check_group();
	CHECK_INT(tn_go_thread(group, stay, NULL), 0);
	CHECK_INT(tn_server_serve_forever(server), -EBUSY);
	tn_group_free(group);
	tn_server_free(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_drain_child),
		cmocka_unit_test(test_unwilling),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_refused), /* last: it has threads */
	};

	return cmocka_run_group_tests_name("server/fork", tests, NULL, NULL);
}
