/* The proof of the seams: the echo server and the HTTP server answer clients on
 * a machine that is a few arrays.  If this is hard to write, they are wrong. */
#include <string.h>
#include <tenon/dial.h>
#include <tenon/http.h>
#include <unistd.h>
#include "sim/check.h"
#include "sim/echo.h"
#include "sim/memory_host.h"

/* ---- the two servers --------------------------------------------------- */

static int
handle_http(struct tn_http_exchange *x, void *arg)
{
	return tn_http_reply(x, 200, "text/plain", tn_http_path(x));
}

static int
serve(void *arg)
{
	return tn_server_serve_forever(arg);
}

/* ---- their clients ----------------------------------------------------- */

struct client {
	struct tn_server *server;
	int number;
};

static int
client_dial(struct client *c, struct tn_stream **ret)
{
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;

	tn_server_address(c->server, &address);
	return tn_dial(tn_address_format(&address, text), NULL, ret);
}

/* Says more than the two buffers between hold, a piece at a time. */
static int
client_echo(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	char said[3000], heard[3000];

	CHECK(client_dial(arg, &s) == 0);
	for (int round = 0; round < 5; round++) {
		memset(said, 'a' + ((struct client *)arg)->number + round,
		    sizeof(said));
		CHECK(tn_stream_write(s, tn_slice(said, sizeof(said))) == 0);
		CHECK(tn_stream_read_exact(s, heard, sizeof(heard)) == 0);
		CHECK(memcmp(said, heard, sizeof(said)) == 0);
	}
	return tn_stream_close(TN_TAKE(s));
}

static int
client_http(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	int number = ((struct client *)arg)->number;
	char body[32], got[32];
	struct tn_slice line;
	int n, length = -1;

	CHECK(client_dial(arg, &s) == 0);
	for (int round = 0; round < 3; round++) {
		n = snprintf(body, sizeof(body), "/%d/%d", number, round);
		CHECK(tn_stream_printf(s, "GET %s HTTP/1.1\r\n"
		    "Host: here\r\n\r\n", body) == 0);
		CHECK(tn_stream_read_line(s, TN_LINE_CRLF, 200, &line) == 1);
		CHECK(tn_slice_equal(line, TN_SLICE("HTTP/1.1 200 OK")));
		do {
			CHECK(tn_stream_read_line(s, TN_LINE_CRLF, 200,
			    &line) == 1);
			if (tn_slice_starts(line, TN_SLICE("Content-Length: ")))
				length = line.data[16] - '0';
		} while (line.len > 0);
		CHECK(length == n);
		CHECK(tn_stream_read_exact(s, got, (size_t)n) == 0);
		CHECK(memcmp(got, body, (size_t)n) == 0);
	}
	return tn_stream_close(TN_TAKE(s));
}

/* ---- one world --------------------------------------------------------- */

#define CLIENTS 20

static int
world(struct tn_server *server, int (*client)(void *))
{
	struct client clients[CLIENTS];
	TN_CLEANUP(tn_group_freep) struct tn_group *serving = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *calling = NULL;

	CHECK(tn_group_open(&serving) == 0);
	CHECK(tn_group_open(&calling) == 0);
	CHECK(tn_go(serving, serve, server) == 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ server, i };
		CHECK(tn_go(calling, client, &clients[i]) == 0);
	}
	CHECK(tn_group_wait(calling) == 0);
	CHECK(tn_server_total(server) == CLIENTS);
	tn_server_shutdown(server);
	CHECK(tn_group_wait(serving) == 0);
	return 0;
}

static int
main_echo(void *arg)
{
	const struct tn_server_options options = { .handle = echo_handle };
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;

	CHECK(tn_server_open(&options, &server) == 0);
	return world(server, client_echo);
}

static int
main_http(void *arg)
{
	struct tn_http_server_options options = { 0 };
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;

	options.handler = handle_http;
	CHECK(tn_http_server_open(&options, &server) == 0);
	return world(tn_http_server(server), client_http);
}

static int
kernel_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += dup2(fd, fd) == fd;
	return count;
}

static void
test_world(int (*main)(void *))
{
	static const size_t chunks[] = { 0, 1, 7, 1000 };
	int before;

	tn_now(); /* the thread's own descriptor, if it wants one */
	assert_int_equal(tn_run(main == main_echo ? main_echo : main_http,
	    NULL, NULL), 0);
	before = kernel_descriptors();
	for (size_t i = 0; i < TN_COUNT(chunks); i++) {
		memory_host_begin();
		memory_host_chunk(chunks[i]);
		assert_int_equal(tn_run(main, NULL, NULL), 0);
		assert_int_equal(memory_host_open_count(), 0);
		assert_true(memory_host_calls() > CLIENTS * 10);
		memory_host_end();
		assert_int_equal(kernel_descriptors(), before);
	}
}

static void
test_echo(void **state)
{
	test_world(main_echo);
}

static void
test_http(void **state)
{
	test_world(main_http);
}

/* An hour passes at once, and nothing that could ever happen is said so. */
static int
main_sleep(void *arg)
{
	tn_time before = tn_now();

	CHECK(tn_sleep(3600 * TN_SECOND) == 0);
	CHECK(tn_now() - before == 3600 * TN_SECOND);
	return 0;
}

static void
test_time(void **state)
{
	memory_host_begin();
	assert_int_equal(tn_run(main_sleep, NULL, NULL), 0);
	memory_host_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests_name("seams", tests, NULL, NULL);
}
