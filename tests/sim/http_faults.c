/* A conversation with our HTTP server under every fault at once: several
 * clients in direct style that keep their connections, try again and store
 * files; a server that asks another host and sends news to a third; and at the
 * end a crash.  Over many seeds each request ends in the right answer or in a
 * clear error, nothing hangs or leaks, what was confirmed is on the disk, and
 * the same seed is the same run.
 *
 *     TENON_SIM_SEEDS=1000 ./dev test sim/http-faults   more of them
 *     TENON_SIM_SEED=17 ./dev test sim/http-faults      one, with its trace */
#include <string.h>
#include <tenon/dial.h>
#include <tenon/file.h>
#include <tenon/http.h>
#include <tenon/number.h>
#include <tenon/resolve.h>
#include "sim/check.h"
#include "sim/echo.h"

#define SEEDS 160
#define CLIENTS 4
#define REQUESTS 12 /* of each client */
#define TRIES 4     /* of each request */
#define NEWS 2      /* for each request the server sees */
#define UPLOAD_MAX 70000
#define FILE_BYTES 150000 /* more than the buffers between two ends hold */

static char bytes[FILE_BYTES];

static struct tn_slice
upload(unsigned number)
{
	return tn_slice(bytes + number % 23, 100 + number * 1597 % UPLOAD_MAX);
}

/* ---- the server -------------------------------------------------------- */

/* Each request is a line in a file, and news for whoever listens. */
static int
note_request(struct tn_dir *dir)
{
	TN_CLEANUP(tn_append_freep) struct tn_append *log = NULL;
	TN_CLEANUP(tn_socket_freep) struct tn_socket *news = NULL;
	struct tn_address to[4];
	int r = tn_append_open(dir, TN_SLICE("log"), 0600, &log);

	if (r == 0)
		r = tn_append_write(log, TN_SLICE("a request\n"));
	if (r < 0)
		return r;
	if (tn_net_getaddrinfo("news.test", "514", AF_INET, SOCK_DGRAM, false,
	    to, TN_COUNT(to)) > 0 &&
	    tn_socket_open(AF_INET, SOCK_DGRAM, 0, &news) == 0) {
		for (int i = 0; i < NEWS; i++)
			(void)!tn_socket_sendto(news, "request", 7, 0, to);
	}
	return 0;
}

static int
answer_file(struct tn_http_exchange *x, struct tn_dir *dir)
{
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	struct tn_file_info info;
	int r = tn_dir_open_file(dir, TN_SLICE("file"), &file);

	if (r < 0)
		return r;
	tn_file_info(file, &info);
	return tn_http_reply_file(x, 200, "text/plain", file, 0, info.size);
}

/* 201 is a promise: the whole file is on the disk under its name. */
static int
store_file(struct tn_http_exchange *x, struct tn_dir *dir)
{
	TN_CLEANUP(tn_replace_freep) struct tn_replace *file = NULL;
	struct tn_stream *body = tn_http_body(x);
	struct tn_slice path = tn_slice_skip(tn_http_path(x), 1), some;
	int r = tn_replace_open(dir, path, 0600, &file);

	while (r == 0 && (r = tn_stream_fill(body, 1, &some)) > 0) {
		r = tn_replace_write(file, some);
		tn_stream_consume(body, some.len);
	}
	if (r == 0)
		r = tn_replace_commit(TN_TAKE(file), false);
	return r < 0 ? r : tn_http_reply(x, 201, NULL, path);
}

/* What another host says to what was asked. */
static int
answer_back(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_slice asked = tn_http_path(x);
	char said[64];
	int r = tn_dial("back.test:7", NULL, &s);

	if (r == 0)
		r = tn_stream_write(s, asked);
	if (r == 0)
		r = tn_stream_read_exact(s, said, asked.len);
	return r < 0 ? r : tn_http_reply(x, 200, "text/plain",
	    tn_slice(said, asked.len));
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	int r = tn_dir_open("/srv", &dir);

	if (r == 0)
		r = note_request(dir);
	if (r < 0)
		return r;
	if (tn_slice_equal(tn_http_method(x), TN_SLICE("PUT")))
		return store_file(x, dir);
	return tn_slice_starts(tn_http_path(x), TN_SLICE("/file"))
	    ? answer_file(x, dir) : answer_back(x);
}

static int
main_server(void *arg)
{
	const struct tn_http_server_options options = {
		.server.address = ":80",
		.handler = handle,
	};
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	int r = tn_http_server_open(&options, &server);

	return r < 0 ? r : tn_server_serve_forever(tn_http_server(server));
}

/* Thanks for the news, which nobody hears. */
static int
main_news(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address from;
	char news[16];
	ssize_t n = 0;
	int r = tn_listen("udp::514", NULL, &s);

	while (r == 0 && n >= 0) {
		n = tn_socket_recvfrom(s, news, sizeof(news), 0, &from);
		if (n > 0)
			(void)!tn_socket_sendto(s, "thanks", 6, 0, &from);
	}
	return r < 0 ? r : (int)n;
}

/* A program that ended is started again, as by systemd. */
static int
main_again(void *arg)
{
	int (*const *program)(void *) = arg;
	int r;

	do {
		r = (*program)(NULL);
		if (r < 0 && r != -ECANCELED)
			tn_sim_note("ended: %s", tn_error_text());
	} while (r != -ECANCELED && tn_sleep(TN_SECOND) == 0);
	return 0;
}

static int (*const program_server)(void *) = main_server;
static int (*const program_back)(void *) = echo_main;
static int (*const program_news)(void *) = main_news;

/* ---- a client ---------------------------------------------------------- */

/* The tries of all seeds, and the requests that were answered in the end. */
struct sum {
	bool gentle; /* nothing happens that may keep anybody from an answer */
	int64_t right, refused, errors, requests, answered, steps;
	int64_t faults[TN_SIM_FAULTS];
	uint64_t hash;
};

struct client {
	unsigned index;
	struct tn_stream *s; /* kept from request to request */
	bool stored[REQUESTS];
	struct sum *sum;
};

static int
read_head(struct client *c, uint64_t *ret_length)
{
	struct tn_slice line, name;
	uint64_t status = 0;
	bool last = false;
	int r;

	*ret_length = 0;
	while ((r = tn_stream_read_line(c->s, TN_LINE_CRLF, 1000, &line)) ==
	    1 && line.len > 0) {
		if (status == 0 &&
		    (!tn_slice_starts(line, TN_SLICE("HTTP/1.1 ")) ||
			tn_parse_uint(tn_slice_head(tn_slice_skip(line, 9), 3),
			    999, &status) < 0))
			return tn_error_set(TN_EPROTO, "a strange status");
		name = tn_slice_split(&line, ':');
		last |= tn_slice_equal_nocase(name, "connection");
		if (tn_slice_equal_nocase(name, "content-length") &&
		    tn_parse_uint(tn_slice_trim(line), FILE_BYTES,
		    ret_length) < 0)
			return tn_error_set(TN_EPROTO, "a strange length");
	}
	if (r == 1 && last)
		tn_sim_note("the last answer of this connection");
	return r < 0 ? r : r == 1 ? (int)status :
	    tn_error_set(TN_ETRUNCATED, "the server closed without an answer");
}

static int
read_body(struct client *c, uint64_t length, struct tn_slice expected)
{
	struct tn_slice some;
	int r;

	CHECK(length == expected.len);
	while (expected.len > 0) {
		r = tn_stream_fill(c->s, 1, &some);
		if (r <= 0)
			return r < 0 ? r : tn_error_set(TN_ETRUNCATED,
			    "the server closed in the middle of an answer");
		if (some.len > expected.len)
			some.len = expected.len;
		CHECK(memcmp(some.data, expected.data, some.len) == 0);
		tn_stream_consume(c->s, some.len);
		expected = tn_slice_skip(expected, some.len);
	}
	return 0;
}

/* The status; or an error. */
static int
ask(struct client *c, const char *target, struct tn_slice body,
    struct tn_slice expected)
{
	uint64_t length;
	int r = 0, status;

	if (c->s == NULL)
		r = tn_dial("server.test:80", NULL, &c->s);
	if (r == 0)
		r = tn_stream_printf(c->s, "%s %s HTTP/1.1\r\n"
		    "Host: server.test\r\nContent-Length: %zu\r\n\r\n",
		    body.len > 0 ? "PUT" : "GET", target, body.len);
	if (r == 0)
		r = tn_stream_write(c->s, body);
	if (r < 0)
		return r;
	status = read_head(c, &length);
	if (status != (body.len > 0 ? 201 : 200))
		return status;
	r = read_body(c, length, expected);
	return r < 0 ? r : status;
}

/* One try: 1 answered, 0 not; CHECK_FAILED when it was no way to answer. */
static int
try(struct client *c, const char *target, struct tn_slice body,
    struct tn_slice expected)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(60 * TN_SECOND));
	r = ask(c, target, body, expected);
	tn_scope_close(&scope);
	if (r == 200 || r == 201) {
		c->sum->right++;
		return 1;
	}
	CHECK(!c->sum->gentle);
	tn_stream_free(TN_TAKE(c->s));
	if (r < 0) {
		tn_sim_note("client %u: %s", c->index, tn_error_text());
		c->sum->errors++;
		CHECK(r != CHECK_FAILED);
		CHECK(tn_error_text()[0] != '\0' && tn_error_code() == r);
		return 0;
	}
	tn_sim_note("client %u: status %d", c->index, r);
	c->sum->refused++;
	CHECK(r >= 400 && r < 600);
	return 0;
}

static int
request(struct client *c, unsigned number)
{
	const unsigned mine = c->index * REQUESTS + number;
	struct tn_slice body = { 0 }, expected;
	char target[32];
	int r = 0;

	switch (tn_sim_random(3)) {
	case 0:
		(void)snprintf(target, sizeof(target), "/file");
		expected = tn_slice(bytes, FILE_BYTES);
		break;
	case 1:
		(void)snprintf(target, sizeof(target), "/back/%u", number);
		expected = tn_slice_str(target);
		break;
	default:
		(void)snprintf(target, sizeof(target), "/up/%u", mine);
		body = upload(mine);
		expected = tn_slice_str(target + 1);
	}
	c->sum->requests++;
	for (int i = 0; i < TRIES && r == 0; i++) {
		r = try(c, target, body, expected);
		if (r == 0)
			tn_sleep(TN_SECOND << i);
	}
	c->sum->answered += r == 1;
	c->stored[number] = r == 1 && body.len > 0;
	return r < 0 ? r : 0;
}

static int
run_client(void *arg)
{
	struct client *c = arg;
	int r = 0;

	for (unsigned i = 0; i < REQUESTS && r == 0; i++) {
		if (tn_sim_random(3) == 0) /* or the connection is kept */
			tn_stream_free(TN_TAKE(c->s));
		r = request(c, i);
	}
	tn_stream_free(TN_TAKE(c->s));
	return r;
}

/* ---- a world ----------------------------------------------------------- */

/* After a crash there is what was confirmed, and nothing by halves. */
static int
check_disk(const struct client *c, unsigned number)
{
	unsigned mine = c->index * REQUESTS + number;
	struct tn_buffer got = { 0 };
	char path[32];
	bool fine;
	int r;

	(void)snprintf(path, sizeof(path), "/srv/up/%u", mine);
	do
		r = tn_sim_file_read("server.test", path, &got);
	while (r == -ENOMEM);
	fine = r == 0 ? tn_slice_equal(tn_buffer_slice(&got), upload(mine))
	    : r == -ENOENT && !c->stored[number];
	tn_buffer_free(&got);
	CHECK(fine);
	return 0;
}

static int
run_clients(struct client *clients)
{
	struct tn_group *group;
	int r;

	while ((r = tn_group_open(&group)) == -ENOMEM)
		;
	for (int i = 0; i < CLIENTS && r == 0; i++) {
		do
			r = tn_go_on(group, i % tn_loop_count(), run_client,
			    &clients[i]);
		while (r == -ENOMEM);
	}
	CHECK(r == 0);
	r = tn_group_wait(group);
	tn_group_free(group);
	return r;
}

static int
main_here(void *arg)
{
	static const struct {
		const char *name, *address;
		int (*const *program)(void *);
	} hosts[] = {
		{ "server.test", "192.0.2.80", &program_server },
		{ "back.test", "192.0.2.7", &program_back },
		{ "news.test", "192.0.2.14", &program_news },
	};
	struct client clients[CLIENTS] = { 0 };
	int r = 0;

	for (size_t i = 0; i < TN_COUNT(hosts); i++)
		CHECK(tn_sim_host(hosts[i].name, hosts[i].address, main_again,
		    (void *)(uintptr_t)hosts[i].program) == 0);
	CHECK(tn_sim_name("server.test", "2001:db8::80") == 0);
	CHECK(tn_sim_file_write("server.test", "/srv/file",
	    tn_slice(bytes, FILE_BYTES)) == 0);
	CHECK(tn_sim_file_write("server.test", "/srv/up/none",
	    TN_SLICE("")) == 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = (struct client){ .index = i, .sum = arg };
	tn_sleep(10 * TN_MILLISECOND);
	r = run_clients(clients);
	if (r < 0)
		return r;
	CHECK(tn_sim_crash("server.test", TN_SECOND) == 0);
	for (unsigned i = 0; i < CLIENTS * REQUESTS && r == 0; i++)
		r = check_disk(&clients[i / REQUESTS], i % REQUESTS);
	return r;
}

/* ---- over the seeds ---------------------------------------------------- */

static struct sum
run_seeds(uint64_t seeds, const struct tn_sim_options *base)
{
	struct sum sum = { .gentle = !base->every_fault };

	for (uint64_t seed = 0; check_next(&seed, seeds);) {
		struct tn_sim_options options = *base;
		struct tn_sim_result result;

		options.loops = 1 + (int)(seed % 2);
		options.time_max_ms = 24 * 3600 * 1000;
		options.steps_max = 1000000;
		check_seed(seed, &options, main_here, &sum, &result);
		sum.steps += result.steps;
		for (int i = 0; i < TN_SIM_FAULTS; i++)
			sum.faults[i] += result.faults[i];
		sum.hash = sum.hash * 31 + result.trace_hash;
	}
	return sum;
}

/* What the kernel and the network may do on any day: no excuse for anything
 * but the right answer at once. */
static void
test_gentle(void **state)
{
	const struct tn_sim_options options = {
		.rates = { [TN_SIM_SHORT_READ] = 200000,
		    [TN_SIM_SHORT_WRITE] = 200000,
		    [TN_SIM_SPURIOUS] = 50000,
		    [TN_SIM_DELAY] = 5000,
		    [TN_SIM_LOSE] = 20000,
		    [TN_SIM_DUPLICATE] = 20000,
		    [TN_SIM_REORDER] = 50000,
		    [TN_SIM_CLOCK_JUMP] = 50000 },
	};
	uint64_t seeds = check_number("TENON_SIM_SEEDS", SEEDS) / 4;
	struct sum sum = run_seeds(seeds, &options);

	assert_true(sum.answered == sum.requests && sum.requests > 0);
}

static void
test_seeds(void **state)
{
	const struct tn_sim_options options = { .every_fault = true };
	uint64_t seeds = check_number("TENON_SIM_SEEDS", SEEDS);
	struct sum first = run_seeds(seeds, &options);
	int64_t tries = first.right + first.refused + first.errors;

	if (getenv("TENON_SIM_SEED") != NULL)
		return;
	printf("%" PRIu64 " seeds, %" PRId64 " steps, hash %016" PRIx64 "\n"
	    "%" PRId64 " tries: %" PRId64 "%% answered, %" PRId64
	    "%% refused, %" PRId64 "%% a clear error\n"
	    "%" PRId64 " requests: %.1f%% answered in the end\n", seeds,
	    first.steps, first.hash, tries, first.right * 100 / tries,
	    first.refused * 100 / tries, first.errors * 100 / tries,
	    first.requests, (double)first.answered * 100 /
	    (double)first.requests);
	for (int i = 0; i < TN_SIM_FAULTS; i++) {
		printf("%8" PRId64 " %s\n", first.faults[i],
		    tn_sim_fault_name((enum tn_sim_fault)i));
		assert_true(first.faults[i] >= (int64_t)seeds);
	}
	assert_true(first.right > tries * 7 / 10);
	assert_true(first.answered > first.requests * 9 / 10);
	assert_true(run_seeds(seeds, &options).hash == first.hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gentle),
		cmocka_unit_test(test_seeds),
	};

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 23);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
