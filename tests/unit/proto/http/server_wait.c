/* The server and a client that takes its time: deadlines, what is sent when,
 * and what happens when memory runs out. */
#include "serve.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <unistd.h>

#include "proto/http/http.h"

/* ---- two fibers and a pair of streams ---------------------------------- */

struct talk {
	struct serve serve;
	struct tn_stream *client, *far;
	int result; /* of the server */
};

static int
talk_serve(void *arg)
{
	struct talk *t = arg;

	t->result = tn_http_serve_stream(t->serve.server, t->far, NULL);
	return 0;
}

static void
talk_send(struct talk *t, const char *text)
{
	assert_int_equal(tn_stream_write(t->client, tn_slice_str(text)), 0);
}

/* As much as is expected, and no more for now. */
static void
talk_expect(struct talk *t, const char *text)
{
	struct tn_slice shown;
	size_t len = strlen(text);

	assert_int_equal(tn_stream_fill(t->client, len, &shown), (int)len);
	assert_memory_equal(shown.data, text, len);
	tn_stream_consume(t->client, len);
}

static void
talk_expect_end(struct talk *t)
{
	struct tn_slice shown;

	assert_int_equal(tn_stream_fill(t->client, 1, &shown), 0);
}

static void
talk_expect_status(struct talk *t, const char *line)
{
	struct tn_slice got;

	assert_int_equal(tn_stream_read_line(t->client, TN_LINE_CRLF, 100,
	    &got), 1);
	assert_int_equal(got.len, strlen(line));
	assert_memory_equal(got.data, line, got.len);
}

static void
talk_open(struct talk *t, struct tn_http_server_options *options,
    size_t capacity, struct tn_group **ret)
{
	struct tn_stream *ends[2];

	memset(t, 0, sizeof(*t));
	serve_open(&t->serve, options);
	assert_int_equal(tn_stream_pair(capacity, ends), 0);
	t->client = ends[0];
	t->far = ends[1];
	t->result = 1;
	assert_int_equal(tn_group_open(ret), 0);
	assert_int_equal(tn_go(*ret, talk_serve, t), 0);
}

static void
talk_close(struct talk *t, struct tn_group *group)
{
	tn_stream_free(t->client);
	assert_int_equal(tn_group_wait(group), 0);
	tn_group_free(group);
	serve_close(&t->serve);
}

static int
test_in_run(void *arg)
{
	(*(void (*const *)(void))arg)();
	return 0;
}

static void
test_run(void **state)
{
	assert_int_equal(tn_run(test_in_run, *state, NULL), 0);
}

/* ---- deadlines --------------------------------------------------------- */

static void
test_late_head(void)
{
	struct tn_http_server_options options = { .header_ms = 50 };
	struct tn_group *group;
	struct talk t;

	talk_open(&t, &options, 0, &group);
	tn_sleep(70 * TN_MILLISECOND); /* it counts from the first byte */
	talk_send(&t, "GET /hello ");
	talk_expect_status(&t, "HTTP/1.1 408 Request Timeout");
	assert_true(tn_stream_skip(t.client, 1000) > 0);
	assert_string_equal(t.serve.log.data, "GET /hello 0 408 80;");
	talk_close(&t, group);
	assert_int_equal(t.result, 0);
}

static void
test_idle(void)
{
	struct tn_http_server_options options = { .idle_ms = 50 };
	struct tn_group *group;
	struct talk t;

	talk_open(&t, &options, 0, &group);
	talk_expect_end(&t);
	talk_close(&t, group);
	assert_int_equal(t.result, 0);
}

static void
test_slow_body(void)
{
	struct tn_http_server_options options = { .rate_min = 100000,
		.rate_grace_ms = 50 };
	struct tn_group *group;
	struct talk t;

	talk_open(&t, &options, 0, &group);
	talk_send(&t, "POST /echo HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 10\r\n\r\nhello");
	talk_expect_status(&t, "HTTP/1.1 408 Request Timeout");
	talk_close(&t, group);
	assert_int_equal(t.result, 0);
}

/* The reply does not fit in what the peer has room for, and it never reads. */
static void
test_unread_reply(void)
{
	struct tn_http_server_options options = { .rate_min = 100000,
		.rate_grace_ms = 50 };
	struct tn_group *group;
	struct talk t;

	talk_open(&t, &options, 10, &group);
	talk_send(&t, "GET /hello ");
	talk_send(&t, "HTTP/1.1\r\n");
	talk_send(&t, "Host: h\r\n\r\n");
	assert_int_equal(tn_group_wait(group), 0);
	assert_int_equal(t.result, -ETIMEDOUT);
	talk_close(&t, group);
}

/* ---- in turn ----------------------------------------------------------- */

static void
test_continue(void)
{
	struct tn_http_server_options options = { 0 };
	struct tn_group *group;
	struct talk t;

	talk_open(&t, &options, 0, &group);
	talk_send(&t, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: "
	    "100-continue\r\nContent-Length: 5\r\n\r\n");
	talk_expect(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	talk_send(&t, "hello");
	talk_expect_status(&t, "HTTP/1.1 200 OK");
	talk_close(&t, group);
}

/* What was written so far arrives although the handler waits for more. */
static void
test_both_ways(void)
{
	struct tn_http_server_options options = { 0 };
	struct tn_slice line;
	struct tn_group *group;
	struct talk t;

	talk_open(&t, &options, 0, &group);
	talk_send(&t, "POST /pairs HTTP/1.1\r\nHost: h\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
	do
		assert_int_equal(tn_stream_read_line(t.client, TN_LINE_CRLF,
		    100, &line), 1);
	while (line.len > 0);
	talk_expect(&t, "2\r\nab\r\n");
	talk_send(&t, "2\r\ncd\r\n");
	talk_expect(&t, "2\r\ncd\r\n");
	talk_send(&t, "0\r\n\r\n");
	talk_expect(&t, "0\r\n\r\n");
	talk_close(&t, group);
	assert_int_equal(t.result, 0);
}

/* Refused while it still sends; what it sends is taken until it has read. */
static void
test_early_answer(void)
{
	struct tn_http_server_options options = { 0 };
	struct tn_group *group;
	struct talk t;

	talk_open(&t, &options, 0, &group);
	talk_send(&t, "POST /echo HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 2000\r\n\r\nand so on");
	talk_expect_status(&t, "HTTP/1.1 413 Content Too Large");
	assert_true(tn_stream_skip(t.client, 1000) > 0);
	talk_close(&t, group);
	assert_int_equal(t.result, 0);
}

/* ---- what leaves together ---------------------------------------------- */

#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"

static void
test_one_send(void **state)
{
	struct tn_http_server_options options = { 0 };
	struct serve serve;

	serve_open(&serve, &options);
	assert_int_equal(serve_bytes(&serve, TN_SLICE(GET_HELLO), SIZE_MAX), 0);
	assert_int_equal(serve.sends, 1);
	assert_int_equal(serve_bytes(&serve,
	    TN_SLICE(GET_HELLO GET_HELLO GET_HELLO), SIZE_MAX), 0);
	assert_int_equal(serve.sends, 1);
	serve_close(&serve);
}

/* ---- the last request -------------------------------------------------- */

#define HEAD(fields) "GET /hello HTTP/1.1\r\nHost: h\r\n" fields "\r\n"

/* Whether closing need not wait for what the client may yet send. */
static void
test_quiet(void **state)
{
	static const struct {
		const char *in;
		bool quiet;
	} rows[] = {
		{ HEAD("Connection: close\r\n"), true },
		{ "GET /hello HTTP/1.0\r\n\r\n", true },
		{ HEAD("") HEAD("Connection: close\r\n"), true },
		{ HEAD(""), false },
		{ "POST /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		  "Content-Length: 1\r\n\r\nx", false },
		{ "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", false },
	};
	struct tn_http_server_options options = { 0 };
	struct serve serve;

	serve_open(&serve, &options);
	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		assert_int_equal(serve_bytes(&serve, tn_slice_str(rows[i].in),
		    SIZE_MAX), 0);
		assert_int_equal(serve.quiet, rows[i].quiet);
	}
	serve_close(&serve);
}

/* ---- files ------------------------------------------------------------- */

static struct tn_file *file;

static int
file_handler(struct tn_http_exchange *x, void *arg)
{
	uint64_t size;

	assert_int_equal(tn_parse_uint(tn_http_query(x), 100, &size), 0);
	assert_int_equal(tn_http_reply_file(x, 200, NULL, file, -1, 5),
	    -EINVAL);
	return tn_http_reply_file(x, 206, "a/b", file, 2, (int64_t)size);
}

#define FILE_HEAD(length)                                                      \
	"HTTP/1.1 206 Partial Content\r\nContent-Length: " length "\r\n"       \
	"Content-Type: a/b\r\n\r\n"

static void
test_file(void **state)
{
	struct tn_http_server_options options = { .handler = file_handler };
	char folder[] = "/tmp/tenon-http-XXXXXX", path[64];
	struct tn_dir *dir;
	struct serve serve;
	int fd;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	assert_int_equal(tn_dir_open(folder, &dir), 0);
	assert_int_equal(tn_dir_open_file(dir, TN_SLICE("file"), &file), 0);

	serve_open(&serve, &options);
	assert_int_equal(serve_bytes(&serve,
	    TN_SLICE("GET /?5 HTTP/1.1\r\nHost: h\r\n\r\n"
	        "HEAD /?5 HTTP/1.1\r\nHost: h\r\n\r\n"
	        "GET /?9 HTTP/1.1\r\nHost: h\r\n\r\n"
	        "GET /?5 HTTP/1.1\r\nHost: h\r\n\r\n"), SIZE_MAX), 0);
	serve_undate(&serve.out);
	assert_string_equal(serve.out.data, FILE_HEAD("5") "23456"
	    FILE_HEAD("5") FILE_HEAD("9") "23456789");
	assert_string_equal(serve.log.data, "GET /?5 11 206 5;"
	    "HEAD /?5 11 206 0;GET /?9 11 206 8;");
	assert_true(tn_slice_starts(tn_buffer_slice(&serve.errors),
	    TN_SLICE("HTTP reply: only 8 of the 9 bytes")));
	serve_close(&serve);

	tn_file_free(file);
	tn_dir_free(dir);
	unlink(path);
	rmdir(folder);
}

/* ---- options ----------------------------------------------------------- */

static void
test_options(void **state)
{
	struct tn_http_server_options options = { .handler = serve_handler,
		.name = "tenon/1" };
	struct tn_http_server *server;
	struct serve serve;
	char name[200];

	serve_open(&serve, &options);
	assert_int_equal(serve_bytes(&serve, TN_SLICE(GET_HELLO), SIZE_MAX), 0);
	serve_undate(&serve.out);
	assert_string_equal(serve.out.data, "HTTP/1.1 200 OK\r\n"
	    "Server: tenon/1\r\nContent-Length: 5\r\n"
	    "Content-Type: text/plain\r\n\r\nhello");
	serve_close(&serve);

	options.name = NULL;
	options.server.kind = TN_SERVER_SERIAL;
	serve_open(&serve, &options);
	assert_int_equal(serve_bytes(&serve, TN_SLICE(GET_HELLO GET_HELLO),
	    SIZE_MAX), 0);
	serve_undate(&serve.out);
	assert_string_equal(serve.out.data, "HTTP/1.1 200 OK\r\n"
	    "Connection: close\r\nContent-Length: 5\r\n"
	    "Content-Type: text/plain\r\n\r\nhello");
	serve_close(&serve);

	options.name = "a\r\nb";
	assert_int_equal(tn_http_server_open(&options, &server), -EINVAL);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	options.name = name;
	assert_int_equal(tn_http_server_open(&options, &server), -EINVAL);
	options.name = NULL;
	options.handler = NULL;
	assert_int_equal(tn_http_server_open(&options, &server), -EINVAL);
	assert_int_equal(tn_http_server_open(NULL, &server), -EINVAL);
	tn_http_server_free(NULL);
}

/* Heads too long, and fields too many, for what is borrowed. */
static void
test_large_head(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer in = { 0 };
	struct tn_http_server_options options = {
		.line_bytes_max = -1, .fields_bytes_max = -1, .fields_max = 2000
	};
	struct serve serve;

	assert_int_equal(tn_buffer_append_str(&in, "GET /hello?"), 0);
	for (int i = 0; i < 30000; i++)
		assert_int_equal(tn_buffer_append_byte(&in, 'x'), 0);
	assert_int_equal(tn_buffer_append_str(&in,
	    " HTTP/1.1\r\nHost: h\r\n"), 0);
	for (int i = 0; i < 1999; i++)
		assert_int_equal(tn_buffer_printf(&in, "Field-%d: value\r\n",
		    i), 0);
	assert_int_equal(tn_buffer_append_str(&in, "\r\n"), 0);

	serve_open(&serve, &options);
	assert_int_equal(serve_bytes(&serve, tn_buffer_slice(&in), SIZE_MAX),
	    0);
	assert_true(tn_slice_starts(tn_buffer_slice(&serve.out),
	    TN_SLICE("HTTP/1.1 200 OK\r\n")));
	assert_int_equal(serve_bytes(&serve, tn_buffer_slice(&in), 997), 0);
	assert_true(tn_slice_starts(tn_buffer_slice(&serve.out),
	    TN_SLICE("HTTP/1.1 200 OK\r\n")));
	serve_close(&serve);
}

/* The n-th allocation fails, for every n: an error or an answer, no leak. */
static int
memory_handler(struct tn_http_exchange *x, void *arg)
{
	struct tn_stream *out;
	int64_t n;
	int r = tn_http_reply_field(x, "A", "%s%s", "b", "c");

	if (r == 0)
		r = tn_http_reply_begin(x, 200, NULL, -1, &out);
	if (r < 0)
		return r;
	n = tn_stream_copy(out, tn_http_body(x), NULL);
	return n < 0 ? (int)n : 0;
}

static void
test_memory(void **state)
{
	static const char in[] = "POST / HTTP/1.1\r\nHost: h\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" GET_HELLO;
	struct tn_http_server_options options = { .handler = memory_handler,
		.fields_max = 1000 };
	struct serve serve;

	serve_open(&serve, &options);
	serve.server->options.record = NULL; /* these allocate too */
	serve.server->options.server.handle_error = NULL;
	for (int n = 0; n < 60; n++) {
		struct tn_stream *s;

		assert_int_equal(tn_stream_memory(tn_slice_str(in), &s), 0);
		check_fail_after(n);
		(void)tn_http_serve_stream(serve.server, s, NULL);
		check_fail_after(-1);
	}
	serve_close(&serve);
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} rows[] = {
		{ "a head that comes too slowly", test_late_head },
		{ "nothing comes", test_idle },
		{ "a body that comes too slowly", test_slow_body },
		{ "a reply that nobody reads", test_unread_reply },
		{ "100-continue", test_continue },
		{ "a body and its reply at once", test_both_ways },
		{ "refused halfway", test_early_answer },
	};
	struct CMUnitTest runs[TN_COUNT(rows)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_send),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_large_head),
		cmocka_unit_test(test_memory),
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		runs[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = test_run,
			.initial_state = (void *)(uintptr_t)&rows[i].run,
		};
	return cmocka_run_group_tests_name("with a client", runs, NULL, NULL) +
	    cmocka_run_group_tests_name("alone", tests, NULL, NULL);
}
