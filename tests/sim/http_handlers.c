/* What a handler does beyond one reply, under every fault at once: routes, a
 * feed of events whose reader comes back for what it missed, another protocol
 * on the same connection, and a server that drains every half minute while
 * they go on.  Over many seeds nothing is answered wrongly, no event is lost or
 * comes twice, what is echoed is what was said, and a drain takes no longer
 * than it may. */
#include <string.h>
#include <tenon/dial.h>
#include <tenon/http.h>
#include <tenon/number.h>
#include "sim/check.h"

#define SEEDS 150
#define EVENTS 40 /* of the feed, one a second */
#define WORDS 30  /* of the echo */
#define SUMS 20
#define ROUNDS 30 /* at most, each of which may fail */
#define DRAIN_SPAN (14 * TN_SECOND) /* drain_ms, the last words, lingering */

/* ---- the server --------------------------------------------------------- */

static int
answer_sum(struct tn_http_exchange *x, void *arg)
{
	uint64_t a, b;
	char text[64];

	if (tn_parse_uint(tn_http_param(x, "a"), 1000, &a) < 0 ||
	    tn_parse_uint(tn_http_param(x, "b"), 1000, &b) < 0)
		return -ENOENT;
	(void)snprintf(text, sizeof(text), "{\"sum\":%" PRIu64 "}", a + b);
	return tn_http_reply_json(x, 200, tn_slice_str(text));
}

/* Behind the last event that its reader has. */
static int
answer_feed(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice last = tn_http_field(x, "Last-Event-ID");
	uint64_t n = 0;
	struct tn_stream *out;
	char id[TN_UINT_DIGITS + 1];
	int r;

	if (last.data != NULL && tn_parse_uint(last, EVENTS, &n) < 0)
		return tn_http_reply_status(x, 400);
	r = tn_http_events_begin(x, &out);
	while (r == 0 && n < EVENTS) {
		id[tn_format_uint(id, ++n)] = '\0';
		r = tn_http_event(out, NULL, id, tn_slice_str(id));
		if (r == 0)
			r = tn_sleep(TN_SECOND);
	}
	return r;
}

static int
answer_echo(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice said;
	struct tn_stream *s;
	int r = tn_http_upgrade(x, "echo", &s);

	while (r >= 0 && (r = tn_stream_fill(s, 1, &said)) > 0) {
		r = tn_stream_write(s, said);
		tn_stream_consume(s, said.len);
	}
	return r;
}

static const struct tn_http_route routes[] = {
	{ "GET", "server.test/sum/{a}/{b}", answer_sum, NULL },
	{ "GET", "/feed/", answer_feed, NULL },
	{ "GET", "/echo", answer_echo, NULL },
	{ 0 },
};

static int
shut_down(void *server)
{
	int r = tn_sleep(30 * TN_SECOND);

	if (r == 0)
		tn_server_shutdown(server);
	return r;
}

/* Serves half a minute and drains: CHECK_FAILED when that takes too long. */
static int
serve(void)
{
	const struct tn_http_server_options options = {
		.server.address = ":80",
		.routes = routes,
		.request_ms = 30000,
	};
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	tn_time began = tn_now();
	int r = tn_http_server_open(&options, &server);

	if (r == 0)
		r = tn_group_open(&group);
	if (r == 0)
		r = tn_go(group, shut_down, tn_http_server(server));
	if (r == 0)
		r = tn_server_serve_forever(tn_http_server(server));
	CHECK(r != 0 || tn_now() - began < 30 * TN_SECOND + DRAIN_SPAN);
	return r;
}

static bool failed; /* the server did, as CHECK() says it */

static int
main_server(void *arg)
{
	int r;

	do {
		r = serve();
		if (r < 0 && r != -ECANCELED)
			tn_sim_note("ended: %s", tn_error_text());
		failed |= r == CHECK_FAILED;
	} while (r != -ECANCELED && tn_sleep(TN_SECOND) == 0);
	return 0;
}

/* ---- clients ------------------------------------------------------------ */

struct sum { /* of all seeds */
	int64_t done, rounds, worlds;
};

struct client {
	struct tn_stream *s;
	int64_t rounds;
	int64_t done; /* events, words, sums */
	bool finished;
};

/* Asks on a connection of its own; the status, or an error. */
static int
ask(struct client *c, const char *request)
{
	struct tn_slice line;
	int status = 0, r;

	tn_stream_free(TN_TAKE(c->s));
	r = tn_dial("server.test:80", NULL, &c->s);
	if (r == 0)
		r = tn_stream_write(c->s, tn_slice_str(request));
	if (r < 0)
		return r;
	while ((r = tn_stream_read_line(c->s, TN_LINE_CRLF, 1000, &line)) ==
	    1 && line.len > 0)
		if (status == 0 && tn_slice_starts(line, TN_SLICE("HTTP/1.1 ")))
			status = atoi(line.data + 9);
	return r == 1 ? status : r < 0 ? r : TN_ETRUNCATED;
}

/* When a network or a server is in trouble. */
static bool
may_be(int status, int wanted)
{
	return status < 0 || status == wanted || status == 408 ||
	    status >= 500;
}

static int
round_sum(struct client *c)
{
	int64_t a = (int64_t)tn_sim_random(500), b = c->done;
	char request[200], want[64], got[64];
	int r;

	(void)snprintf(request, sizeof(request), "GET /sum/%" PRId64
	    "/%%%02d HTTP/1.1\r\nHost: server.test\r\n\r\n", a,
	    30 + (int)(b % 10));
	(void)snprintf(want, sizeof(want), "{\"sum\":%" PRId64 "}",
	    a + b % 10);
	r = ask(c, request);
	if (r < 0)
		return r;
	CHECK(may_be(r, 200));
	if (r != 200)
		return -EAGAIN;
	r = tn_stream_read_exact(c->s, got, strlen(want));
	if (r < 0)
		return r;
	CHECK(memcmp(got, want, strlen(want)) == 0);
	c->finished = ++c->done == SUMS;
	return 0;
}

/* Each event is one chunk; each is the next one. */
static int
take_event(struct client *c)
{
	uint64_t size;
	char want[64];
	struct tn_slice line, shown;
	int r = tn_stream_read_line(c->s, TN_LINE_CRLF, 100, &line);

	if (r <= 0)
		return r;
	CHECK(tn_parse_hex(line, 1000, &size) == 0);
	if (size == 0)
		return 0;
	r = tn_stream_fill(c->s, (size_t)size + 2, &shown);
	if (r < (int)size + 2)
		return r < 0 ? r : TN_ETRUNCATED;
	(void)snprintf(want, sizeof(want), "id: %" PRId64 "\ndata: %" PRId64
	    "\n\n\r\n", c->done + 1, c->done + 1);
	CHECK(strlen(want) == size + 2 &&
	    memcmp(want, shown.data, size + 2) == 0);
	tn_stream_consume(c->s, (size_t)size + 2);
	c->finished = ++c->done == EVENTS;
	return 1;
}

static int
round_feed(struct client *c)
{
	char request[200];
	int r;

	(void)snprintf(request, sizeof(request), "GET /feed HTTP/1.1\r\n"
	    "Host: h\r\n\r\n");
	r = ask(c, request);
	if (r < 0)
		return r;
	CHECK(may_be(r, 301));
	(void)snprintf(request, sizeof(request), "GET /feed/ HTTP/1.1\r\n"
	    "Host: h\r\nLast-Event-ID: %" PRId64 "\r\n\r\n", c->done);
	r = ask(c, request);
	CHECK(may_be(r, 200));
	if (r < 0 || r != 200)
		return r < 0 ? r : -EAGAIN;
	do
		r = take_event(c);
	while (r > 0 && !c->finished && tn_sim_random(20) != 0);
	return r < 0 ? r : 0;
}

static int
round_echo(struct client *c)
{
	char word[32], got[32];
	int r = ask(c, "GET /echo HTTP/1.1\r\nHost: h\r\n"
	    "Connection: upgrade\r\nUpgrade: echo\r\n\r\n");

	CHECK(may_be(r, 101));
	if (r < 0 || r != 101)
		return r < 0 ? r : -EAGAIN;
	do {
		size_t len = (size_t)snprintf(word, sizeof(word),
		    "word %" PRId64 ";", c->done);

		r = tn_stream_write(c->s, tn_slice(word, len));
		if (r == 0)
			r = tn_stream_read_exact(c->s, got, len);
		if (r < 0)
			return r;
		CHECK(memcmp(got, word, len) == 0);
		c->finished = ++c->done == WORDS;
		r = tn_sleep((tn_time)tn_sim_random(3000) * TN_MILLISECOND);
	} while (r == 0 && !c->finished);
	return r;
}

struct task {
	int (*round)(struct client *c);
	struct sum *sum;
};

static int
run_client(void *arg)
{
	const struct task *task = arg;
	struct client c = { 0 };
	struct tn_scope scope;
	int r = 0;

	for (; c.rounds < ROUNDS && !c.finished && r != CHECK_FAILED;
	     c.rounds++) {
		tn_scope_open(&scope, tn_after(600 * TN_SECOND));
		r = task->round(&c);
		if (tn_scope_close(&scope))
			r = tn_error_set(CHECK_FAILED, "a round that hung");
		if (r < 0)
			tn_sim_note("a round: %s", tn_error_text());
		tn_stream_free(TN_TAKE(c.s));
		tn_sleep((tn_time)tn_sim_random(4000) * TN_MILLISECOND);
	}
	task->sum->rounds += c.rounds;
	task->sum->done += c.finished;
	task->sum->worlds++;
	return r == CHECK_FAILED ? r : 0;
}

static int
main_here(void *arg)
{
	const struct task tasks[] = {
		{ round_sum, arg },
		{ round_feed, arg },
		{ round_echo, arg },
		{ round_feed, arg },
	};
	struct tn_group *group;
	int r;

	failed = false;
	CHECK(tn_sim_host("server.test", "192.0.2.80", main_server, NULL) ==
	    0);
	tn_sleep(10 * TN_MILLISECOND);
	while ((r = tn_group_open(&group)) == -ENOMEM)
		;
	for (size_t i = 0; i < TN_COUNT(tasks) && r == 0; i++) {
		do
			r = tn_go(group, run_client,
			    (void *)(uintptr_t)&tasks[i]);
		while (r == -ENOMEM);
	}
	if (r == 0)
		r = tn_group_wait(group);
	tn_group_free(group);
	CHECK(!failed);
	return r;
}

/* ---- over the seeds ----------------------------------------------------- */

static void
test_seeds(void **state)
{
	const bool *every = *state;
	uint64_t seeds = check_number("TENON_SIM_SEEDS", SEEDS);
	struct sum sum = { 0 };

	for (uint64_t seed = 0; check_next(&seed, seeds);) {
		const struct tn_sim_options options = {
			.every_fault = *every,
			.loops = 1 + (int)(seed % 2),
			.time_max_ms = 24 * 3600 * 1000,
		};

		check_seed(seed, &options, main_here, &sum, NULL);
	}
	printf("%" PRId64 " of %" PRId64 " came to their end, in %" PRId64
	    " rounds\n", sum.done, sum.worlds, sum.rounds);
	if (!*every)
		assert_int_equal(sum.done, sum.worlds);
	assert_true(sum.done * 10 > sum.worlds * 8);
}

int
main(void)
{
	static bool none = false, every = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_seeds, &none),
		cmocka_unit_test_prestate(test_seeds, &every),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
