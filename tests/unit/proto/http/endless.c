/* Replies that last: events, other protocols, and how both end; and request_ms,
 * which ends all others. */
#include "serve.h"

#include <tenon/dial.h>
#include <tenon/run.h>

/* ---- a server and a client on one loop ---------------------------------- */

static const struct kind {
	const char *name;
	enum tn_server_kind kind;
} kinds[] = {
	{ "fiber", TN_SERVER_FIBER },
	{ "threading", TN_SERVER_THREADING },
};

struct live {
	struct serve serve; /* its log */
	struct tn_group *group;
	struct tn_stream *client;
	char address[TN_ADDRESS_TEXT_MAX];
};

static const struct kind *kind; /* of this test */

static int
live_serve(void *arg)
{
	struct live *l = arg;

	return tn_server_serve_forever(tn_http_server(l->serve.server));
}

static void
live_call(struct live *l, const char *text)
{
	assert_int_equal(tn_dial(l->address, NULL, &l->client), 0);
	assert_int_equal(tn_stream_write(l->client, tn_slice_str(text)), 0);
}

static void
live_open(struct live *l, struct tn_http_server_options *options)
{
	struct tn_address at;

	memset(l, 0, sizeof(*l));
	options->server.kind = kind->kind;
	options->requests_max = 100;
	serve_open(&l->serve, options);
	tn_server_address(tn_http_server(l->serve.server), &at);
	tn_address_format(&at, l->address);
	assert_int_equal(tn_group_open(&l->group), 0);
	assert_int_equal(tn_go(l->group, live_serve, l), 0);
}

/* Soon, that is long before drain_ms. */
static void
live_close(struct live *l, const char *log)
{
	tn_time began = tn_now();

	tn_stream_free(l->client);
	if (!tn_server_draining(tn_http_server(l->serve.server)))
		tn_server_shutdown(tn_http_server(l->serve.server));
	assert_int_equal(tn_group_wait(l->group), 0);
	assert_true(tn_now() - began < 5 * TN_SECOND);
	tn_group_free(l->group);
	if (log != NULL)
		assert_string_equal(l->serve.log.data, log);
	assert_null(l->serve.errors.data);
	serve_close(&l->serve);
}

static void
live_expect(struct live *l, const char *text)
{
	size_t len = strlen(text);
	struct tn_slice shown;

	assert_int_equal(tn_stream_fill(l->client, len, &shown) >= (int)len, 1);
	assert_memory_equal(shown.data, text, len);
	tn_stream_consume(l->client, len);
}

static void
live_expect_status(struct live *l, const char *line)
{
	struct tn_slice got;

	assert_int_equal(tn_stream_read_line(l->client, TN_LINE_CRLF, 1000,
	    &got), 1);
	assert_int_equal(got.len, strlen(line));
	assert_memory_equal(got.data, line, got.len);
}

static void
live_skip_head(struct live *l)
{
	struct tn_slice line;

	do
		assert_int_equal(tn_stream_read_line(l->client, TN_LINE_CRLF,
		    1000, &line), 1);
	while (line.len > 0);
}

static void
live_expect_end(struct live *l)
{
	struct tn_slice shown;

	assert_int_equal(tn_stream_fill(l->client, 1, &shown), 0);
}

/* ---- handlers ----------------------------------------------------------- */

static int64_t ended; /* what the last handler returned */

static int
events(struct tn_http_exchange *x, void *arg)
{
	struct tn_stream *out;
	int r = tn_http_events_begin(x, &out);

	if (r == 0)
		r = tn_http_event(out, "tick", "1", TN_SLICE("a\nb"));
	while (r == 0)
		r = tn_sleep(100 * TN_SECOND);
	ended = r;
	return r;
}

static int
echo(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice said;
	struct tn_stream *s;
	int r = tn_http_reply_field(x, "X", "y");

	if (r == 0)
		r = tn_http_upgrade(x, "echo", &s);
	while (r >= 0 && (r = tn_stream_fill(s, 1, &said)) > 0) {
		r = tn_stream_write(s, said);
		tn_stream_consume(s, said.len);
	}
	if (r == 0)
		r = tn_stream_write(s, TN_SLICE("bye"));
	return r;
}

static int
slow(struct tn_http_exchange *x, void *arg)
{
	int r = tn_sleep(100 * TN_SECOND);

	return r < 0 ? r : tn_http_reply_status(x, 200);
}

static int
hello(struct tn_http_exchange *x, void *arg)
{
	return tn_http_reply(x, 200, NULL, TN_SLICE("hello"));
}

static int
take(struct tn_http_exchange *x, void *arg)
{
	int64_t n = tn_stream_skip(tn_http_body(x), -1);

	return n < 0 ? (int)n : tn_http_reply_status(x, 200);
}

/* A body that comes slowly and has no end. */
static int
drip(struct tn_http_exchange *x, void *arg)
{
	struct tn_stream *out;
	int r = tn_http_reply_begin(x, 200, NULL, -1, &out);

	while (r == 0) {
		r = tn_stream_write(out, TN_SLICE("drop"));
		if (r == 0)
			r = tn_sleep(10 * TN_MILLISECOND);
	}
	return r;
}

static const struct tn_http_route routes[] = {
	{ "GET", "/drip", drip, NULL },
	{ "GET", "/events", events, NULL },
	{ NULL, "/echo", echo, NULL },
	{ "GET", "/slow", slow, NULL },
	{ "GET", "/hello", hello, NULL },
	{ "POST", "/take", take, NULL },
	{ 0 },
};

#define TICK "23\r\nevent: tick\nid: 1\ndata: a\ndata: b\n\n\r\n"
#define ASK "GET /echo HTTP/1.1\r\n" HOST "Connection: upgrade\r\n"            \
	"Upgrade: other, ECHO\r\n\r\n"

/* ---- events ------------------------------------------------------------- */

static void
test_client_leaves(void)
{
	struct tn_http_server_options options = { .routes = routes };
	struct live l;

	live_open(&l, &options);
	live_call(&l, GET("/events"));
	live_expect_status(&l, "HTTP/1.1 200 OK");
	live_skip_head(&l);
	live_expect(&l, TICK);
	/* What it says meanwhile does not matter. */
	assert_int_equal(tn_stream_write(l.client, TN_SLICE(GET("/events"))),
	    0);
	assert_int_equal(tn_sleep(20 * TN_MILLISECOND), 0);
	assert_int_equal(tn_server_active(tn_http_server(l.serve.server)), 1);
	ended = 0;
	assert_int_equal(tn_stream_shutdown(l.client), 0);
	live_expect(&l, "0\r\n\r\n");
	live_expect_end(&l);
	assert_int_equal(ended, -ECANCELED);
	live_close(&l, "GET /events 11 200 35;");
}

static void
test_events_drain(void)
{
	struct tn_http_server_options options = { .routes = routes };
	struct live l;

	live_open(&l, &options);
	live_call(&l, GET("/events"));
	live_skip_head(&l);
	live_expect(&l, TICK);
	tn_server_shutdown(tn_http_server(l.serve.server));
	live_expect(&l, "0\r\n\r\n");
	live_expect_end(&l);
	live_close(&l, "GET /events 11 200 35;");
}

static void
test_events_of_head(void)
{
	struct tn_http_server_options options = { .routes = routes };
	struct live l;

	live_open(&l, &options);
	live_call(&l, "HEAD /events HTTP/1.1\r\n" HOST "\r\n");
	live_skip_head(&l);
	live_expect_end(&l);
	live_close(&l, "HEAD /events 11 200 0;");
}

/* Nor does a client that asked for the head keep any other handler. */
static void
test_drip_of_head(void)
{
	struct tn_http_server_options options = { .routes = routes };
	struct live l;

	live_open(&l, &options);
	live_call(&l, "HEAD /drip HTTP/1.1\r\n" HOST
	    "Connection: close\r\n\r\n");
	live_skip_head(&l);
	live_expect_end(&l);
	live_close(&l, "HEAD /drip 11 200 0;");
}

/* The fiber that served is not cancelled once the events are over. */
static void
test_fiber_goes_on(void)
{
	struct tn_http_server_options options = { .routes = routes };
	struct tn_socket *ends[2];
	struct tn_stream *far, *near;
	struct serve serve;

	assert_int_equal(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(tn_stream_from_socket(ends[0], &near), 0);
	assert_int_equal(tn_stream_from_socket(ends[1], &far), 0);
	assert_int_equal(tn_stream_write(near, TN_SLICE(GET("/events"))), 0);
	assert_int_equal(tn_stream_shutdown(near), 0);
	serve_open(&serve, &options);
	assert_int_equal(tn_http_serve_stream(serve.server, far, NULL), 0);
	assert_false(tn_cancelled());
	assert_int_equal(tn_sleep(1), 0);
	tn_stream_free(near);
	serve_close(&serve);
}

/* ---- another protocol --------------------------------------------------- */

static void
test_upgrade(void)
{
	struct tn_http_server_options options = {
		.routes = routes, .request_ms = 40, .idle_ms = 40
	};
	struct live l;

	live_open(&l, &options);
	live_call(&l, ASK "hello");
	live_expect(&l, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Connection: upgrade\r\nUpgrade: echo\r\nX: y\r\n\r\nhello");
	assert_int_equal(tn_sleep(80 * TN_MILLISECOND), 0);
	assert_int_equal(tn_stream_write(l.client, TN_SLICE("again")), 0);
	live_expect(&l, "again");
	assert_int_equal(tn_stream_shutdown(l.client), 0);
	live_expect(&l, "bye");
	live_expect_end(&l);
	live_close(&l, "GET /echo 11 101 13;");
}

static void
test_upgrade_drain(void)
{
	struct tn_http_server_options options = { .routes = routes };
	struct live l;

	live_open(&l, &options);
	live_call(&l, ASK);
	live_skip_head(&l);
	assert_int_equal(tn_stream_write(l.client, TN_SLICE("x")), 0);
	live_expect(&l, "x");
	tn_server_shutdown(tn_http_server(l.serve.server));
	live_expect(&l, "bye");
	live_expect_end(&l);
	live_close(&l, "GET /echo 11 101 4;");
}

/* ---- room for others ---------------------------------------------------- */

/* Who rests, or never said a word, gives way, however long it might. */
static void
test_room(void)
{
	struct tn_http_server_options options = {
		.routes = routes, .idle_ms = -1, .server.connections_max = 2
	};
	struct tn_stream *first, *silent;
	struct live l;

	live_open(&l, &options);
	live_call(&l, GET("/hello"));
	live_skip_head(&l);
	first = TN_TAKE(l.client);
	live_call(&l, "");
	silent = TN_TAKE(l.client);
	live_call(&l, GET("/hello"));
	live_expect_status(&l, "HTTP/1.1 200 OK");
	tn_stream_free(l.client);
	l.client = first;
	live_expect(&l, "hello");
	live_expect_end(&l);
	tn_stream_free(l.client);
	l.client = silent;
	live_expect_end(&l);
	live_close(&l, "GET /hello 11 200 5;GET /hello 11 200 5;");
}

/* Events rest too, but somebody listens. */
static void
test_no_room(void)
{
	struct tn_http_server_options options = { .routes = routes,
		.server.connections_max = 1 };
	struct tn_stream *listener;
	struct live l;

	live_open(&l, &options);
	live_call(&l, GET("/events"));
	live_skip_head(&l);
	live_expect(&l, TICK);
	listener = TN_TAKE(l.client);
	live_call(&l, GET("/hello"));
	assert_int_equal(tn_sleep(TN_SECOND), 0);
	assert_int_equal(tn_server_total(tn_http_server(l.serve.server)), 1);
	assert_int_equal(tn_stream_shutdown(listener), 0);
	live_expect_status(&l, "HTTP/1.1 200 OK");
	tn_stream_free(listener);
	live_close(&l, "GET /events 11 200 35;GET /hello 11 200 5;");
}

/* ---- request_ms --------------------------------------------------------- */

static void
check_late(const char *in, const char *line, const char *error)
{
	struct tn_http_server_options options = {
		.routes = routes, .request_ms = 40, .idle_ms = 20000
	};
	struct live l;

	live_open(&l, &options);
	live_call(&l, in);
	live_expect_status(&l, line);
	live_skip_head(&l);
	assert_true(tn_stream_skip(l.client, 1000) > 0);
	if (error == NULL)
		assert_null(l.serve.errors.data);
	else
		assert_true(tn_slice_starts(tn_buffer_slice(&l.serve.errors),
		    tn_slice_str(error)));
	tn_buffer_free(&l.serve.errors);
	live_close(&l, NULL);
}

static void
test_late(void)
{
	check_late("GET /slow HTTP/1.1\r\n", "HTTP/1.1 408 Request Timeout",
	    NULL);
	check_late(GET("/slow"), "HTTP/1.1 503 Service Unavailable",
	    "longer than 40 ms (request_ms): ");
	check_late(POST("/take", LENGTH("5")) "abc",
	    "HTTP/1.1 408 Request Timeout", NULL);
}

static void
test_events_are_not_late(void)
{
	struct tn_http_server_options options = { .routes = routes,
		.request_ms = 40 };
	struct live l;

	live_open(&l, &options);
	live_call(&l, GET("/events"));
	live_skip_head(&l);
	live_expect(&l, TICK);
	assert_int_equal(tn_sleep(80 * TN_MILLISECOND), 0);
	assert_int_equal(tn_server_active(tn_http_server(l.serve.server)), 1);
	tn_server_shutdown(tn_http_server(l.serve.server));
	live_expect(&l, "0\r\n\r\n");
	live_expect_end(&l);
	live_close(&l, "GET /events 11 200 35;");
}

/* ---- as bytes ----------------------------------------------------------- */

static const struct serve_row asked[] = {
	{ "no upgrade asked for", GET("/echo") GET("/echo"),
	    "{426|Connection: upgrade\r\nUpgrade: echo\r\n}"
	    "{426|Connection: upgrade\r\nUpgrade: echo\r\n}", NULL },
	{ "another protocol", "GET /echo HTTP/1.1\r\n" HOST
	    "Connection: upgrade\r\nUpgrade: echo/2, other\r\n\r\n",
	    "{426|Connection: upgrade\r\nUpgrade: echo\r\n}", NULL },
	{ "not in Connection (9110 7.8)",
	    "GET /echo HTTP/1.1\r\n" HOST "Upgrade: echo\r\n\r\n",
	    "{426|Connection: upgrade\r\nUpgrade: echo\r\n}", NULL },
	{ "not by 1.0", "GET /echo HTTP/1.0\r\nConnection: upgrade\r\n"
	    "Upgrade: echo\r\n\r\n",
	    "{426!|Connection: upgrade\r\nUpgrade: echo\r\n}", NULL },
	{ "upgraded", ASK "hello",
	    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
	    "Upgrade: echo\r\nX: y\r\n\r\nhellobye", "GET /echo 11 101 8;" },
	{ "a body before", "GET /echo HTTP/1.1\r\n" HOST LENGTH("3")
	    "Connection: upgrade\r\nUpgrade: echo\r\n\r\nabchello",
	    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
	    "Upgrade: echo\r\nX: y\r\n\r\nhellobye", "GET /echo 11 101 8;" },
};

static void
test_asked(void **state)
{
	struct tn_http_server_options options = { .routes = routes };
	struct serve serve;

	serve_open(&serve, &options);
	serve_check(&serve, *state);
	serve_close(&serve);
}

static const struct event {
	const char *name; /* what is written */
	const char *event, *id, *data;
} event_rows[] = {
	{ "data: a\n\n", NULL, NULL, "a" },
	{ "event: e\nid: i\ndata: a\n\n", "e", "i", "a" },
	{ "data: a\ndata: b\ndata: c\ndata: \ndata: d\n\n", NULL, NULL,
	    "a\nb\r\nc\r\rd" },
	{ "data: a\ndata: \n\n", NULL, NULL, "a\n" },
	{ "data:  a\n\n", NULL, NULL, " a" },
	{ "id: i\n\n", NULL, "i", NULL },
	{ ":\n\n", NULL, NULL, NULL },
	{ ":\n\n", NULL, NULL, "" },
};

static void
test_event(void **state)
{
	const struct event *t = *state;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_slice data = tn_slice_str(t->data);

	assert_int_equal(tn_stream_memory(tn_slice(NULL, 0), &s), 0);
	assert_int_equal(tn_http_event(s, t->event, t->id, data), 0);
	assert_int_equal(tn_stream_output(s).len, strlen(t->name));
	assert_memory_equal(tn_stream_output(s).data, t->name,
	    strlen(t->name));
}

/* Longer than what is gathered, at every length around it. */
static void
test_long_event(void **state)
{
	char data[3000], want[3100];
	struct tn_stream *s;

	memset(data, 'x', sizeof(data));
	for (size_t len = 1000; len < sizeof(data); len += 1 + len / 1050) {
		size_t n = (size_t)snprintf(want, sizeof(want),
		    "event: e\ndata: %.*s\n\n", (int)len, data);

		assert_int_equal(tn_stream_memory(tn_slice(NULL, 0), &s), 0);
		assert_int_equal(tn_http_event(s, "e", NULL,
		    tn_slice(data, len)), 0);
		assert_int_equal(tn_stream_output(s).len, n);
		assert_memory_equal(tn_stream_output(s).data, want, n);
		tn_stream_free(s);
	}
	assert_int_equal(tn_stream_memory(tn_slice(NULL, 0), &s), 0);
	assert_int_equal(tn_http_event(s, "a\nb", NULL, TN_SLICE("x")),
	    -EINVAL);
	assert_int_equal(tn_http_event(s, NULL, "a\r", TN_SLICE("x")),
	    -EINVAL);
	assert_int_equal(tn_stream_output(s).len, 0);
	tn_stream_free(s);
}

static int
run_all(void *arg)
{
	test_client_leaves();
	test_events_drain();
	test_events_of_head();
	test_drip_of_head();
	test_upgrade();
	test_upgrade_drain();
	test_room();
	test_no_room();
	test_late();
	test_events_are_not_late();
	test_fiber_goes_on();
	return 0;
}

static void
test_kind(void **state)
{
	kind = *state;
	assert_int_equal(tn_run(run_all, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_event),
	};

	return CHECK_ROWS(kinds, test_kind) + CHECK_ROWS(asked, test_asked) +
	    CHECK_ROWS(event_rows, test_event) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
