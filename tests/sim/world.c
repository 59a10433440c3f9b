/* Worlds without faults: servers and clients on machines of their own. */
#include <string.h>
#include <tenon/dial.h>
#include <tenon/http.h>
#include "net/socket.h"
#include "sim/check.h"
#include "sim/echo.h"

/* ---- servers ----------------------------------------------------------- */

static int
handle_http(struct tn_http_exchange *x, void *arg)
{
	return tn_http_reply(x, 200, "text/plain", tn_http_path(x));
}

static int
main_http_server(void *arg)
{
	const struct tn_http_server_options options = { .server.address = ":80",
		.handler = handle_http };
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;

	CHECK(tn_http_server_open(&options, &server) == 0);
	return tn_server_serve_forever(tn_http_server(server));
}

/* ---- clients ----------------------------------------------------------- */

#define ECHO_BYTES 300000 /* more than all buffers between hold */

static int
talk(struct tn_stream *s, char *said, char *heard)
{
	memset(said, 'a' + (int)tn_sim_random(26), ECHO_BYTES);
	for (size_t at = 0; at < ECHO_BYTES; at += 1000)
		CHECK(tn_stream_write(s, tn_slice(said + at, 1000)) == 0);
	CHECK(tn_stream_read_exact(s, heard, ECHO_BYTES) == 0);
	CHECK(memcmp(said, heard, ECHO_BYTES) == 0);
	return 0;
}

static int
client_echo(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	char *both;
	int r;

	CHECK(tn_dial("server.test:7", NULL, &s) == 0);
	both = malloc(2 * ECHO_BYTES);
	r = talk(s, both, both + ECHO_BYTES);
	free(both);
	return r < 0 ? r : tn_stream_close(TN_TAKE(s));
}

static int
client_http(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_slice line;
	char body[4];

	CHECK(tn_dial("server.test:80", NULL, &s) == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(tn_stream_printf(s, "GET /abc HTTP/1.1\r\n"
		    "Host: server.test\r\n\r\n") == 0);
		CHECK(tn_stream_read_line(s, TN_LINE_CRLF, 200, &line) == 1);
		CHECK(tn_slice_equal(line, TN_SLICE("HTTP/1.1 200 OK")));
		do
			CHECK(tn_stream_read_line(s, TN_LINE_CRLF, 200,
			    &line) == 1);
		while (line.len > 0);
		CHECK(tn_stream_read_exact(s, body, 4) == 0);
		CHECK(memcmp(body, "/abc", 4) == 0);
	}
	return tn_stream_close(TN_TAKE(s));
}

/* Asks for the end, says more all the same, and does not go.  The server's end
 * has come with the reply; what it hears then it takes, until it has waited
 * long enough. */
static int
client_stays(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	tn_time ended, gone;
	int r;

	CHECK(tn_dial("server.test:80", NULL, &s) == 0);
	CHECK(tn_stream_printf(s, "GET /abc HTTP/1.1\r\nHost: server.test\r\n"
	    "Connection: close\r\n\r\nand more") == 0);
	CHECK(tn_stream_flush(s) == 0);
	CHECK(tn_stream_skip(s, -1) > 0);
	ended = tn_now();
	do {
		CHECK(tn_now() - ended < 10 * TN_SECOND);
		CHECK(tn_sleep(100 * TN_MILLISECOND) == 0);
		r = tn_stream_write(s, TN_SLICE("x"));
		if (r == 0)
			r = tn_stream_flush(s);
	} while (r == 0);
	gone = tn_now() - ended;
	CHECK(r == -EPIPE || r == -ECONNRESET);
	CHECK(gone >= 1900 * TN_MILLISECOND && gone <= 2300 * TN_MILLISECOND);
	return 0;
}

#define CLIENTS 10

static int
clients(int (*client)(void *))
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;

	CHECK(tn_group_open(&group) == 0);
	for (int i = 0; i < CLIENTS; i++)
		CHECK(tn_go_on(group, i % tn_loop_count(), client, NULL) == 0);
	return tn_group_wait(group);
}

static int
main_echo(void *arg)
{
	CHECK(tn_sim_host("server.test", "192.0.2.7", echo_main, NULL) == 0);
	tn_sleep(TN_MILLISECOND);
	return clients(client_echo);
}

static int
main_http(void *arg)
{
	CHECK(tn_sim_host("server.test", "192.0.2.80", main_http_server,
	    NULL) == 0);
	tn_sleep(TN_MILLISECOND);
	return clients(client_http);
}

static int
main_stays(void *arg)
{
	CHECK(tn_sim_host("server.test", "192.0.2.80", main_http_server,
	    NULL) == 0);
	tn_sleep(TN_MILLISECOND);
	return clients(client_stays);
}

static uint64_t
run(uint64_t seed, int loops, int (*main)(void *))
{
	const struct tn_sim_options options = { .loops = loops };
	struct tn_sim_result result;

	check_seed(seed, &options, main, NULL, &result);
	assert_true(result.steps > 10);
	assert_true(result.time_ns > 0);
	return result.trace_hash;
}

static void
test_echo(void **state)
{
	for (uint64_t seed = 0; check_next(&seed, 5);) {
		run(seed, 0, main_echo);
		run(seed, 3, main_echo);
	}
}

static void
test_http(void **state)
{
	for (uint64_t seed = 0; check_next(&seed, 20);) {
		run(seed, 0, main_http);
		run(seed, 4, main_http);
	}
}

/* Nor does the server wait for it longer than two seconds. */
static void
test_stays(void **state)
{
	for (uint64_t seed = 0; check_next(&seed, 5);)
		run(seed, 2, main_stays);
}

/* The same seed is the same run, another one is another. */
static void
test_repeat(void **state)
{
	uint64_t first = run(1, 2, main_http);

	assert_true(run(1, 2, main_http) == first);
	assert_true(run(2, 2, main_http) != first);
	assert_true(run(1, 2, main_http) == first);
}

/* ---- what the clock and the driver do ---------------------------------- */

static int
main_sleep(void *arg)
{
	tn_time before = tn_now();

	CHECK(tn_sleep(1800 * TN_SECOND) == 0);
	CHECK(tn_now() - before >= 1800 * TN_SECOND);
	CHECK(tn_now() - before < 1801 * TN_SECOND);
	return 17;
}

static void
test_clock(void **state)
{
	struct tn_sim_result result;

	assert_int_equal(tn_sim_run(3, NULL, main_sleep, NULL, &result), 17);
	assert_true(result.time_ns >= 1800 * TN_SECOND);
	assert_true(result.steps < 100);
}

static int
main_wait_for_ever(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL, *c = NULL;

	CHECK(tn_listen("127.0.0.1:1234", NULL, &s) == 0);
	return tn_socket_accept(s, &c, NULL);
}

static void
test_deadlock(void **state)
{
	struct tn_sim_options options = { .trace = tmpfile() };
	char text[2000];
	size_t n;

	assert_int_equal(tn_sim_run(3, &options, main_wait_for_ever, NULL,
	    NULL), TN_EDEADLOCK);
	rewind(options.trace);
	n = fread(text, 1, sizeof(text) - 1, options.trace);
	text[n] = '\0';
	fclose(options.trace);
	assert_non_null(strstr(text, "deadlock"));
	assert_non_null(strstr(text, "waits: accept tcp 127.0.0.1:1234"));
	assert_non_null(strstr(tn_error_text(), "seed 3"));
	assert_non_null(strstr(tn_error_text(), "waits: accept tcp"));
	assert_non_null(strstr(tn_error_text(), "end of the trace"));
	assert_int_equal(tn_sim_run(3, NULL, main_wait_for_ever, NULL, NULL),
	    TN_EDEADLOCK);
	assert_non_null(strstr(tn_error_text(), "options.trace"));
}

/* As if the runtime had forgotten that there is something to read: a deadline
 * would hide it, the driver does not. */
static int
main_forget(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *a = NULL, *b = NULL;
	struct tn_socket *pair[2];
	struct tn_scope scope;
	char byte;

	CHECK(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	a = pair[0];
	b = pair[1];
	tn_scope_open(&scope, tn_after(TN_SECOND));
	CHECK(tn_socket_recv(b, &byte, 1, 0) == -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK(tn_socket_send(a, "xy", 2, 0) == 2);
	CHECK(tn_socket_recv(b, &byte, 1, 0) == 1);
	tn_yield();
	tn__io_empty(&b->io, TN__IO_READ);
	tn_scope_open(&scope, tn_after(TN_SECOND));
	(void)!tn_socket_recv(b, &byte, 1, 0);
	CHECK(!tn_scope_close(&scope));
	return 0;
}

static void
test_forget(void **state)
{
	assert_int_equal(tn_sim_run(3, NULL, main_forget, NULL, NULL),
	    TN_EDEADLOCK);
	assert_non_null(strstr(tn_error_text(), "lost wake-up"));
	assert_non_null(strstr(tn_error_text(), "on here fiber 1 main "
	    "waits: recv"));
}

static int
main_spin(void *arg)
{
	int r;

	while ((r = tn_yield()) == 0)
		;
	return r;
}

static int
main_sleep_long(void *arg)
{
	return tn_sleep(3600 * TN_SECOND);
}

static void
test_limits(void **state)
{
	struct tn_sim_options steps = { .steps_max = 1000 };
	struct tn_sim_options span = { .time_max_ms = 1000 };

	assert_int_equal(tn_sim_run(3, &steps, main_spin, NULL, NULL),
	    TN_ELIMIT);
	assert_non_null(strstr(tn_error_text(), "steps_max"));
	assert_int_equal(tn_sim_run(3, &span, main_sleep_long, NULL, NULL),
	    TN_ELIMIT);
	assert_non_null(strstr(tn_error_text(), "time_max_ms; on here fiber 1 main "
	    "waits: sleep"));
}

static int
main_nobody(void *arg)
{
	struct tn_stream *s;
	tn_time before = tn_now();

	CHECK(tn_dial("here:1", NULL, &s) == -ECONNREFUSED);
	CHECK(tn_dial("nobody.test:1", NULL, &s) == TN_EGAI_NONAME);
	CHECK(tn_dial("198.51.100.9:1", NULL, &s) == -EHOSTUNREACH);
	CHECK(tn_sim_name_fails("broken.test", TN_EGAI_FAIL) == 0);
	CHECK(tn_dial("broken.test:1", NULL, &s) == TN_EGAI_FAIL);
	CHECK(tn_now() - before < 5 * TN_SECOND);
	CHECK(tn_sim_run(1, NULL, main_sleep, NULL, NULL) == -EBUSY);
	CHECK(tn_run(main_sleep, NULL, NULL) == -EBUSY);
	return 0;
}

static void
test_nobody(void **state)
{
	run(5, 0, main_nobody);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_stays),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_deadlock),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
