/* What a server allows: so many at once, so slow, so long; and how it lives
 * without descriptors. */
#include <pthread.h>
#include <sys/resource.h>
#include <tenon/log.h>
#include "server/server.h"
#include "unit/server/check.h"

/* ---- so many at once --------------------------------------------------- */

static const struct kind {
	const char *name;
	enum tn_server_kind kind;
	int loops;
} kinds[] = {
	{ "fiber", TN_SERVER_FIBER, 1 },
	{ "fiber, three loops", TN_SERVER_FIBER, 3 },
	{ "threading", TN_SERVER_THREADING, 1 },
};

static atomic_int at_once, at_once_most;

static int
handle_counted(struct tn_request *rq)
{
	int now = atomic_fetch_add(&at_once, 1) + 1;
	int most = atomic_load(&at_once_most);
	int r;

	while (now > most &&
	    !atomic_compare_exchange_weak(&at_once_most, &most, now))
		;
	r = check_echo(rq);
	atomic_fetch_sub(&at_once, 1);
	return r;
}

static bool
silent(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void
test_connections_max(void **state)
{
	const struct kind *kind = *state;
	const struct tn_server_options options = { .handle = handle_counted,
		.kind = kind->kind, .loops = kind->loops,
		.connections_max = 2 };
	struct check_server t = { 0 };
	int fds[7];

	atomic_store(&at_once_most, 0);
	check_server_start(&t, &options);
	for (int i = 0; i < 7; i++) {
		fds[i] = check_call(&t.at);
		check_say(fds[i], "me");
	}
	for (int i = 0; i < 7; i++) {
		check_hear(fds[i], "me");
		usleep(10000);
		CHECK(i >= 5 || silent(fds[6]));
		CHECK(tn_server_active(t.server) <= 2);
		close(fds[i]);
	}
	CHECK_SOON(tn_server_active(t.server) == 0);
	CHECK_INT(tn_server_total(t.server), 7);
	CHECK_INT(atomic_load(&at_once_most), 2);
	check_server_stop(&t);
}

/* Datagrams count too: what does not fit waits in the kernel. */
static int
handle_counted_packet(struct tn_request *rq)
{
	int r = tn_sleep(20 * TN_MILLISECOND);

	return r < 0 ? r : handle_counted(rq);
}

static void
test_datagrams_max(void **state)
{
	const struct tn_server_options options = { .address = "udp:127.0.0.1:0",
		.handle = handle_counted_packet,
		.connections_max = 2 };
	struct check_server t = { 0 };
	int fd;

	atomic_store(&at_once_most, 0);
	check_server_start(&t, &options);
	fd = check_try_call(&t.at, SOCK_DGRAM);
	for (int i = 0; i < 7; i++)
		check_say(fd, "me");
	for (int i = 0; i < 7; i++) {
		CHECK(tn_server_active(t.server) <= 2);
		check_hear(fd, "me");
	}
	close(fd);
	check_server_stop(&t);
}

static int
handle_length(struct tn_request *rq)
{
	struct tn_slice said;
	int n = tn_stream_fill(rq->stream, 1, &said);

	return tn_stream_printf(rq->stream, "%d bytes", n);
}

static void
test_datagram_bytes_max(void **state)
{
	const struct tn_server_options options = { .address = "udp:127.0.0.1:0",
		.handle = handle_length,
		.datagram_bytes_max = 5 };
	struct check_server t = { 0 };
	int fd;

	check_server_start(&t, &options);
	fd = check_try_call(&t.at, SOCK_DGRAM);
	check_say(fd, "longer than that");
	check_hear(fd, "5 bytes");
	check_say(fd, "hello");
	check_hear(fd, "5 bytes");
	close(fd);
	check_server_stop(&t);
}

/* ---- so slow, so long -------------------------------------------------- */

static char complaint[512];
static int complaint_code;
static pthread_mutex_t complaint_lock = PTHREAD_MUTEX_INITIALIZER;

static void
complain(struct tn_request *rq, int error)
{
	pthread_mutex_lock(&complaint_lock);
	snprintf(complaint, sizeof(complaint), "%s", tn_error_text());
	complaint_code = error;
	pthread_mutex_unlock(&complaint_lock);
}

static int
handle_flood(struct tn_request *rq)
{
	static const char block[4096];
	int r;

	do
		r = tn_stream_write(rq->stream, tn_slice(block, sizeof(block)));
	while (r == 0);
	return r;
}

static const struct row {
	const char *name;
	int (*handle)(struct tn_request *);
	int64_t idle_ms, connection_ms, rate_min, rate_grace_ms;
	bool talks; /* a byte every 10 ms */
	const char *wanted;
	int64_t ms; /* it takes this long at least */
} rows[] = {
	{ "silent", check_echo, 100, 0, 0, 0, false,
	    "timed out: nothing moved for 100 ms (idle_ms)", 100 },
	{ "does not read", handle_flood, 100, 0, 0, 0, false,
	    "timed out: nothing moved for 100 ms (idle_ms)", 100 },
	{ "too long", check_echo, 0, 150, 0, 0, true,
	    "connection longer than 150 ms (connection_ms): ", 150 },
	{ "too slow", check_echo, 0, 0, 1000, 100, true,
	    "timed out: fewer than 1000 bytes a second (rate_min)", 100 },
	{ "silent, and too slow for it", check_echo, 0, 0, 1, 100, false,
	    "timed out: fewer than 1 bytes a second (rate_min)", 100 },
};

static void
test_slow(void **state)
{
	const struct row *row = *state;
	struct tn_server_options options = { .handle = row->handle,
		.handle_error = complain, .idle_ms = row->idle_ms,
		.connection_ms = row->connection_ms, .rate_min = row->rate_min,
		.rate_grace_ms = row->rate_grace_ms };
	static const enum tn_server_kind both[] = { TN_SERVER_FIBER,
		TN_SERVER_THREADING };
	struct check_server t;
	tn_time began;
	int fd;

	for (size_t i = 0; i < TN_COUNT(both); i++) {
		options.kind = both[i];
		t = (struct check_server){ 0 };
		complaint_code = 0;
		check_server_start(&t, &options);
		began = tn_now();
		fd = check_call(&t.at);
		while (row->talks && tn_server_total(t.server) +
		    tn_server_active(t.server) != 1) {
			if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
				break;
			usleep(10000);
			CHECK(check_ms_since(began) < 10000);
		}
		CHECK_SOON(tn_server_total(t.server) == 1 &&
		    tn_server_active(t.server) == 0);
		CHECK(check_ms_since(began) >= row->ms);
		CHECK(check_ms_since(began) < 5000);
		close(fd);
		check_server_stop(&t);
		CHECK_INT(complaint_code, -ETIMEDOUT);
		if (strstr(complaint, row->wanted) == NULL)
			CHECK_TEXT(complaint, row->wanted);
	}
}

/* Fast enough: none of the limits concerns it. */
static void
test_lively(void **state)
{
	const struct tn_server_options options = { .handle = check_echo,
		.idle_ms = 200, .rate_min = 100, .rate_grace_ms = 200 };
	struct check_server t = { 0 };
	int fd;

	check_server_start(&t, &options);
	fd = check_call(&t.at);
	for (int i = 0; i < 25; i++) {
		check_say(fd, "0123456789");
		check_hear(fd, "0123456789");
		usleep(20000);
	}
	close(fd);
	check_server_stop(&t);
}

/* ---- no threads -------------------------------------------------------- */

static atomic_int refusals;

static int
start_scarce(struct tn_group *group, int (*fn)(void *), void *arg)
{
	if (atomic_fetch_sub(&refusals, 1) > 0)
		return tn_error_set(-EAGAIN, "start a thread: none left");
	return tn_go(group, fn, arg);
}

/* Who cannot be served for want of a thread keeps no place of those who can. */
static void
test_start_fails(void **state)
{
	const struct tn_server_options options = { .handle = check_echo,
		.connections_max = 2 };
	struct check_server t = { 0 };
	struct tn__server_kind scarce_kind;
	int fd;

	CHECK_INT(tn_server_open(&options, &t.server), 0);
	scarce_kind = *t.server->kind;
	scarce_kind.start = start_scarce;
	t.server->kind = &scarce_kind;
	tn_server_address(t.server, &t.at);
	t.group = check_group();
	atomic_store(&refusals, 2);
	CHECK_INT(tn_go_thread(t.group, check_server_thread, &t), 0);
	for (int i = 0; i < 2; i++)
		check_hear_end(check_call(&t.at));
	fd = check_call(&t.at);
	check_say(fd, "room again");
	check_hear(fd, "room again");
	close(fd);
	check_server_stop(&t);
}

/* ---- no descriptors ---------------------------------------------------- */

static atomic_int scarce;

static void
log_scarce(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	if (strcmp(event, "accept.emfile") != 0)
		return;
	CHECK(strstr(fields[0].value, "too many open files") != NULL);
	atomic_fetch_add(&scarce, 1);
}

#define EMFILE_CLIENTS 20
#define EMFILE_ROOM 8

/* In a process of its own, whose limit nobody else needs. */
static int
emfile_serve(int tell)
{
	const struct tn_server_options options = { .handle = check_echo };
	struct check_server t = { 0 };
	struct rlimit limit;
	int fd;

	tn_log_set(log_scarce, NULL);
	check_server_start(&t, &options);
	CHECK_INT(tn_server_total(t.server), 0);
	usleep(50000); /* it has its own descriptors */
	fd = dup(0);
	close(fd);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)fd + EMFILE_ROOM;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_INT(write(tell, &t.at, sizeof(t.at)), sizeof(t.at));
	CHECK_SOON(tn_server_total(t.server) == EMFILE_CLIENTS);
	CHECK_SOON(tn_server_active(t.server) == 0);
	CHECK(atomic_load(&scarce) >= 1 && atomic_load(&scarce) <= 4);
	check_server_stop(&t);
	return 0;
}

static void
test_emfile(void **state)
{
	int fds[EMFILE_CLIENTS], ends[2], status = -1, pid;
	const char *preload = getenv("LD_PRELOAD");
	struct tn_address at;

	/* There what is over the limit is accepted, closed and then refused. */
	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		skip();
	CHECK_INT(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		exit(emfile_serve(ends[1]));
	close(ends[1]);
	CHECK_INT(read(ends[0], &at, sizeof(at)), sizeof(at));
	for (int i = 0; i < EMFILE_CLIENTS; i++) {
		fds[i] = check_call(&at);
		check_say(fds[i], "squeeze in");
	}
	usleep(300000);
	CHECK(silent(fds[EMFILE_CLIENTS - 1]));
	for (int i = 0; i < EMFILE_CLIENTS; i++) {
		check_hear(fds[i], "squeeze in");
		close(fds[i]);
	}
	close(ends[0]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

int
main(void)
{
	enum { FIXED = 5 };
	struct CMUnitTest tests[FIXED + TN_COUNT(kinds) + TN_COUNT(rows)] = {
		/* First: its child must be alone. */
		cmocka_unit_test(test_emfile),
		cmocka_unit_test(test_datagrams_max),
		cmocka_unit_test(test_datagram_bytes_max),
		cmocka_unit_test(test_lively),
		cmocka_unit_test(test_start_fails),
	};

	for (size_t i = 0; i < TN_COUNT(kinds); i++)
		tests[FIXED + i] = (struct CMUnitTest){ .name = kinds[i].name,
			.test_func = test_connections_max,
			.initial_state = (void *)(uintptr_t)&kinds[i] };
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		tests[FIXED + TN_COUNT(kinds) + i] =
		    (struct CMUnitTest){ .name = rows[i].name,
			    .test_func = test_slow,
			    .initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("server/limits", tests, NULL, NULL);
}
