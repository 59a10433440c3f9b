/* The steps of a request, in their order and when one fails; one request at a
 * time with tn_server_handle_request(). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <tenon/log.h>
#include "unit/server/check.h"

/* ---- what happened, in words ------------------------------------------- */

static char seen[1024];
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static void
see(const char *what)
{
	pthread_mutex_lock(&seen_lock);
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ", what);
	pthread_mutex_unlock(&seen_lock);
}

static bool
saw(const char *what)
{
	bool found;

	pthread_mutex_lock(&seen_lock);
	found = strstr(seen, what) != NULL;
	pthread_mutex_unlock(&seen_lock);
	return found;
}

static int steps_arg;

static int
step_setup(struct tn_request *rq)
{
	CHECK(rq->arg == &steps_arg);
	CHECK(rq->user == NULL);
	rq->user = &steps_arg;
	see("setup");
	return 0;
}

static int
step_setup_fails(struct tn_request *rq)
{
	see("setup");
	return tn_error_set(TN_EREFUSED, "not today");
}

static int
step_handle(struct tn_request *rq)
{
	CHECK(rq->user == &steps_arg);
	see("handle");
	return check_echo(rq);
}

static int
step_handle_fails(struct tn_request *rq)
{
	see("handle");
	CHECK_INT(tn_stream_write(rq->stream, TN_SLICE("never sent")), 0);
	return tn_error_set(TN_EPROTO, "I do not like \"%s\"", "it");
}

/* What fails here does not change what the handler said. */
static void
step_finish(struct tn_request *rq)
{
	tn_error_set(-EIO, "finish failed too");
	see("finish");
}

static void
step_error(struct tn_request *rq, int error)
{
	see(tn_error_name(error));
	see(tn_error_text());
}

static const struct row {
	const char *name;
	int (*setup)(struct tn_request *);
	int (*handle)(struct tn_request *);
	const char *wanted;
	bool answers;
} rows[] = {
	{ "all good", step_setup, step_handle, "setup handle finish ", true },
	{ "handle fails", step_setup, step_handle_fails,
	    "setup handle TN_EPROTO I do not like \"it\" finish ", false },
	{ "setup fails", step_setup_fails, step_handle,
	    "setup TN_EREFUSED not today ", false },
	{ "nothing to do", NULL, NULL, "finish ", false },
};

static void
test_row(void **state)
{
	const struct row *row = *state;
	const struct tn_server_options options = { .arg = &steps_arg,
		.setup = row->setup, .handle = row->handle,
		.finish = step_finish, .handle_error = step_error };
	struct check_server t = { 0 };
	int fd;

	seen[0] = '\0';
	check_server_start(&t, &options);
	fd = check_call(&t.at);
	if (row->answers) {
		check_say(fd, "hello");
		check_hear(fd, "hello");
		CHECK_INT(shutdown(fd, SHUT_WR), 0);
	}
	check_hear_end(fd);
	CHECK_SOON(tn_server_active(t.server) == 0);
	CHECK_INT(tn_server_total(t.server), 1);
	check_server_stop(&t);
	CHECK_TEXT(seen, row->wanted);
}

/* ---- the request ------------------------------------------------------- */

static int
tell_peer(struct tn_request *rq)
{
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_socket *socket = tn_stream_socket(rq->stream);
	socklen_t size = sizeof(int);
	int nodelay = 0;

	CHECK_INT(tn_server_active(rq->server), 1);
	CHECK_INT(tn_socket_getsockopt(socket, IPPROTO_TCP, TCP_NODELAY,
	    &nodelay, &size), 0);
	CHECK(nodelay);
	return tn_stream_printf(rq->stream, "you are %s",
	    tn_address_format(&rq->peer, text));
}

static void
test_peer(void **state)
{
	const struct tn_server_options options = { .handle = tell_peer };
	struct tn_address me = { .size = sizeof(me.storage) };
	char text[TN_ADDRESS_TEXT_MAX];
	struct check_server t = { 0 };
	int fd;

	check_server_start(&t, &options);
	fd = check_call(&t.at);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&me.storage, &me.size), 0);
	check_hear(fd, check_printf("you are %s", tn_address_format(&me,
	    text)));
	check_hear_end(fd);
	check_server_stop(&t);
}

/* ---- verify_request ---------------------------------------------------- */

static atomic_bool welcome;

static bool
verify(struct tn_server *server, const struct tn_address *peer)
{
	struct tn_ip ip;

	CHECK_INT(tn_address_ip(peer, &ip), 0);
	return atomic_load(&welcome);
}

static void
test_verify(void **state)
{
	const struct tn_server_options options = { .handle = check_echo,
		.verify_request = verify, .connections_max = 1 };
	struct check_server t = { 0 };
	int fd;

	atomic_store(&welcome, false);
	check_server_start(&t, &options);
	for (int i = 0; i < 3; i++)
		check_hear_end(check_call(&t.at));
	CHECK_INT(tn_server_total(t.server), 0);
	atomic_store(&welcome, true);
	fd = check_call(&t.at);
	check_say(fd, "hello");
	check_hear(fd, "hello");
	close(fd);
	check_server_stop(&t);
}

/* ---- errors without a handler of theirs go to the log ------------------ */

static enum tn_log_level log_level;

static void
log_one(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	log_level = level;
	see(event);
	for (size_t i = 0; i < count; i++) {
		see(fields[i].key);
		see(fields[i].value);
	}
}

static int
handle_fails(struct tn_request *rq)
{
	return tn_error_set(TN_EPROTO, "what was that?");
}

static int
handle_truncated(struct tn_request *rq)
{
	char eight[8];

	return tn_stream_read_exact(rq->stream, eight, sizeof(eight));
}

static void
log_once(int (*handle)(struct tn_request *), enum tn_log_level level,
    const char *text)
{
	const struct tn_server_options options = { .handle = handle };
	struct check_server t = { 0 };
	int fd;

	seen[0] = '\0';
	check_server_start(&t, &options);
	fd = check_call(&t.at);
	check_say(fd, "bye");
	close(fd);
	CHECK_SOON(saw(text));
	check_server_stop(&t);
	CHECK(strncmp(seen, "server.handler peer 127.0.0.1:", 30) == 0);
	CHECK_INT(log_level, level);
}

static void
test_log(void **state)
{
	tn_log_set(log_one, NULL);
	log_once(handle_fails, TN_LOG_WARNING, "error what was that?");
	log_once(handle_truncated, TN_LOG_DEBUG, "ended after 3 of 8 bytes");
	tn_log_set(NULL, NULL);
}

/* ---- one request at a time --------------------------------------------- */

static void
on_timeout(struct tn_server *server)
{
	see("timeout");
}

static void
handle_one(const char *address, int type)
{
	struct tn_server_options options = {
		.address = address, .handle = check_echo, .timeout_ms = 20
	};
	struct tn_server *server;
	struct pollfd listener = { .events = POLLIN };
	struct tn_address at;
	int fd;

	CHECK_INT(tn_server_open(&options, &server), 0);
	CHECK_INT(tn_server_handle_request(server), -ETIMEDOUT);
	tn_server_free(server);

	options.handle_timeout = on_timeout;
	seen[0] = '\0';
	CHECK_INT(tn_server_open(&options, &server), 0);
	tn_server_address(server, &at);
	listener.fd = tn_server_fileno(server);
	CHECK_INT(tn_server_handle_request(server), 0);
	CHECK_TEXT(seen, "timeout ");
	for (int i = 0; i < 3; i++) {
		fd = check_try_call(&at, type);
		CHECK(fd >= 0);
		check_say(fd, "one");
		CHECK_INT(poll(&listener, 1, 10000), 1);
		if (type == SOCK_STREAM)
			CHECK_INT(shutdown(fd, SHUT_WR), 0);
		CHECK_INT(tn_server_handle_request(server), 0);
		check_hear(fd, "one");
		close(fd);
	}
	CHECK_INT(tn_server_total(server), 3);
	CHECK_INT(tn_server_active(server), 0);

	/* Nobody is served after it was shut down. */
	tn_server_shutdown(server);
	CHECK_INT(tn_server_serve_forever(server), 0);
	CHECK_ERROR(tn_server_serve_forever(server), -EBADF,
	    "serve: it was shut down");
	CHECK_INT(tn_server_handle_request(server), -EBADF);
	CHECK_INT(tn_server_fileno(server), -EBADF);
	tn_server_free(server);
}

static void
handle_request(void)
{
	handle_one("127.0.0.1:0", SOCK_STREAM);
	handle_one("udp:127.0.0.1:0", SOCK_DGRAM);
}

/* A second one in the same listener is sent away, and does not disturb the
 * first. */
static int
handle_in_fiber(void *arg)
{
	CHECK_INT(tn_server_handle_request(arg), 0);
	return 0;
}

static void
handle_request_twice(void)
{
	const struct tn_server_options options = { .handle = check_echo };
	struct tn_server *server;
	struct tn_address at;
	struct tn_group *group;
	int fd;

	if (tn_loop_index() < 0)
		return;
	CHECK_INT(tn_server_open(&options, &server), 0);
	tn_server_address(server, &at);
	group = check_group();
	CHECK_INT(tn_go(group, handle_in_fiber, server), 0);
	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	CHECK_INT(tn_server_handle_request(server), -EBUSY);
	fd = check_call(&at);
	check_say(fd, "still here");
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
	check_group_end(group);
	check_hear(fd, "still here");
	close(fd);
	CHECK_INT(tn_server_total(server), 1);
	tn_server_free(server);
}

/* ---- answers that a datagram cannot carry ------------------------------ */

static int
handle_packet(struct tn_request *rq)
{
	static char much[65536];
	struct tn_slice said;
	int r = tn_stream_fill(rq->stream, 1, &said);

	if (said.data[0] == 'm') /* much */
		return tn_stream_write(rq->stream,
		    tn_slice(much, sizeof(much)));
	if (said.data[0] == 'f') { /* fail, after all */
		r = tn_stream_write(rq->stream, TN_SLICE("never sent"));
		return r < 0 ? r : tn_error_set(TN_EPROTO, "on second thoughts");
	}
	return tn_stream_write(rq->stream, said);
}

static void
test_replies(void **state)
{
	struct tn_server_options options = { .address = "udp:127.0.0.1:0",
		.handle = handle_packet, .handle_error = step_error };
	const struct sockaddr *to;
	struct check_server t = { 0 };
	int fd;

	seen[0] = '\0';
	check_server_start(&t, &options);
	fd = check_try_call(&t.at, SOCK_DGRAM);
	check_say(fd, "much");
	check_say(fd, "fail");
	check_say(fd, "hello");
	check_hear(fd, "hello");
	close(fd);
	check_server_stop(&t);
	CHECK(saw("EMSGSIZE reply of 65536 bytes to 127.0.0.1:"));
	CHECK(saw("TN_EPROTO on second thoughts"));

	/* A Unix client that nobody can answer. */
	seen[0] = '\0';
	options.address = check_printf("unixgram:@tenon-replies-%d", getpid());
	t = (struct check_server){ 0 };
	check_server_start(&t, &options);
	to = (const struct sockaddr *)&t.at.storage;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK_INT(sendto(fd, "hello", 5, 0, to, t.at.size), 5);
	CHECK_SOON(saw("EDESTADDRREQ reply of 5 bytes to unix:: the sender has "
	    "no address"));
	close(fd);
	check_server_stop(&t);
}

/* ---- service_actions --------------------------------------------------- */

static atomic_int services;

static void
service(struct tn_server *server)
{
	if (atomic_fetch_add(&services, 1) == 4)
		tn_server_shutdown(server);
}

static void
service_actions(void)
{
	const struct tn_server_options options = { .poll_ms = 5,
		.service_actions = service };
	struct tn_server *server;
	tn_time start = tn_now();

	atomic_store(&services, 0);
	CHECK_INT(tn_server_open(&options, &server), 0);
	CHECK_INT(tn_server_serve_forever(server), 0);
	CHECK_INT(atomic_load(&services), 5);
	CHECK(check_ms_since(start) >= 25);
	tn_server_free(server);
}

/* ---- a caller's mistakes ----------------------------------------------- */

static void
test_mistakes(void **state)
{
	struct tn_server_options options = { .kind = (enum tn_server_kind)7 };
	struct tn_server *server = NULL;

	CHECK_ERROR(tn_server_open(&options, &server), -EINVAL,
	    "server: no such kind as 7");
	options = (struct tn_server_options){ .datagram_bytes_max = 70000 };
	CHECK_ERROR(tn_server_open(&options, &server), -EINVAL,
	    "server: datagram_bytes_max 70000; 1 to 65536");
	options = (struct tn_server_options){ .address = "nonsense:port:x" };
	CHECK_INT(tn_server_open(&options, &server), -EINVAL);
	options = (struct tn_server_options){ .address = "tls:127.0.0.1:0" };
	CHECK_INT(tn_server_open(&options, &server), -EOPNOTSUPP);
	CHECK(server == NULL);
	tn_server_free(NULL);
	CHECK_INT(strlen(tn_ctime_now()), 24);
}

int
main(void)
{
	enum { FIXED = 8 };
	struct CMUnitTest tests[FIXED + TN_COUNT(rows)] = {
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_log),
		CHECK_BOTH(handle_request),
		CHECK_BOTH(handle_request_twice),
		cmocka_unit_test(test_replies),
		CHECK_BOTH(service_actions),
		cmocka_unit_test(test_mistakes),
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		tests[FIXED + i].name = rows[i].name;
		tests[FIXED + i].test_func = test_row;
		tests[FIXED + i].initial_state = (void *)(uintptr_t)&rows[i];
	}
	return cmocka_run_group_tests_name("server/request", tests, NULL, NULL);
}
