/* One request and its reply, our server and a client in direct style, with
 * every fault on, over many seeds: each run ends in the right answer or in
 * a clear error, without a hang, and the same seed is the same run.
 *
 *     TENON_SIM_SEEDS=1000 sim-http_faults   more of them
 *     TENON_SIM_SEED=17 sim-http_faults      one of them, with its trace */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/file.h>
#include <tenon/http.h>
#include <tenon/number.h>
#include <tenon/resolve.h>
#include <tenon/run.h>
#include <tenon/sim.h>

#define SEEDS 300
#define BODY_BYTES 3000
#define NEWS 5

static char body[BODY_BYTES];

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
	r = tn_net_getaddrinfo("here", "514", AF_INET, SOCK_DGRAM, false, to,
	    TN_COUNT(to));
	if (r > 0 && tn_socket_open(AF_INET, SOCK_DGRAM, 0, &news) == 0) {
		for (int i = 0; i < NEWS; i++)
			(void)!tn_socket_sendto(news, "request", 7, 0, to);
	}
	return 0;
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	int r = tn_dir_open("/srv", &dir);

	if (r == 0)
		r = note_request(dir);
	if (r == 0)
		r = tn_dir_open_file(dir, TN_SLICE("file"), &file);
	return r < 0 ? r :
	    tn_http_reply_file(x, 200, "text/plain", file, 0, BODY_BYTES);
}

/* A server that could not begin tries again, as systemd would have it. */
static int
main_server(void *arg)
{
	const struct tn_http_server_options options = {
		.server.address = ":80",
		.handler = handle,
	};
	int r;

	do {
		TN_CLEANUP(tn_http_server_freep)
		struct tn_http_server *server = NULL;

		r = tn_http_server_open(&options, &server);
		if (r == 0)
			r = tn_server_serve_forever(tn_http_server(server));
		if (r < 0 && r != -ECANCELED)
			tn_sim_note("server: %s", tn_error_text());
	} while (r != -ECANCELED && tn_sleep(TN_SECOND) == 0);
	return 0;
}

/* ---- the client -------------------------------------------------------- */

static int
read_head(struct tn_stream *s, uint64_t *ret_length)
{
	struct tn_slice line, name;
	int status = 0, r;

	while ((r = tn_stream_read_line(s, TN_LINE_CRLF, 1000, &line)) == 1 &&
	    line.len > 0) {
		if (status == 0 && tn_slice_starts(line, TN_SLICE("HTTP/1.1 ")))
			status = atoi(line.data + 9);
		name = tn_slice_split(&line, ':');
		if (tn_slice_equal_nocase(name, "content-length") &&
		    tn_parse_uint(tn_slice_trim(line), 100000, ret_length) < 0)
			return TN_EPROTO;
	}
	return r < 0 ? r : r == 1 ? status :
	    tn_error_set(TN_ETRUNCATED, "the server closed without an answer");
}

static int
get(char *out, uint64_t *ret_length)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	int status, r;

	r = tn_dial("server.test:80", NULL, &s);
	if (r == 0)
		r = tn_stream_printf(s, "GET /file HTTP/1.1\r\n"
		    "Host: server.test\r\nConnection: close\r\n\r\n");
	if (r < 0)
		return r;
	status = read_head(s, ret_length);
	if (status < 0)
		return status;
	if (*ret_length > BODY_BYTES)
		return TN_EPROTO;
	r = tn_stream_read_exact(s, out, *ret_length);
	return r < 0 ? r : status;
}

/* What came of it: an answer that is right, or an error that has words. */
static int
main_client(void *arg)
{
	char got[BODY_BYTES] = { 0 };
	uint64_t length = 0;
	struct tn_scope scope;
	bool *wrong = arg; /* no assertion leaves a fiber well */
	int r = tn_sim_host("server.test", "192.0.2.80", main_server, NULL);

	if (r == 0)
		r = tn_sim_file_write("server.test", "/srv/file",
		    tn_slice(body, sizeof(body)));
	*wrong = r < 0;
	tn_sleep(10 * TN_MILLISECOND);
	tn_scope_open(&scope, tn_after(120 * TN_SECOND));
	r = get(got, &length);
	tn_scope_close(&scope);
	if (r == 200) {
		*wrong = length != BODY_BYTES ||
		    memcmp(got, body, BODY_BYTES) != 0;
	} else if (r < 0) {
		tn_sim_note("client: %s", tn_error_text());
		*wrong = tn_error_text()[0] == '\0' || tn_error_code() != r;
	}
	return r;
}

/* ---- over the seeds ---------------------------------------------------- */

struct sum {
	int64_t answers, errors, refusals, steps;
	int64_t faults[TN_SIM_FAULTS];
	uint64_t hash;
};

static void
run(uint64_t seed, FILE *trace, struct sum *sum)
{
	struct tn_sim_options options = {
		.every_fault = true,
		.loops = 1 + (int)(seed % 2),
		.steps_max = 100000,
		.trace = trace,
	};
	struct tn_sim_result result;
	bool wrong = false;
	int r = tn_sim_run(seed, &options, main_client, &wrong, &result);

	if (wrong || r == TN_ELIMIT || r == TN_EDEADLOCK) {
		fprintf(stderr, "%s\nTENON_SIM_SEED=%" PRIu64
		    " repeats it\n", tn_error_text(), seed);
		fail();
	}
	sum->answers += r == 200;
	sum->refusals += r > 200;
	sum->errors += r < 0;
	sum->steps += result.steps;
	for (int i = 0; i < TN_SIM_FAULTS; i++)
		sum->faults[i] += result.faults[i];
	sum->hash = sum->hash * 31 + result.trace_hash;
}

static uint64_t
number(const char *name, uint64_t otherwise)
{
	uint64_t n = otherwise;

	if (getenv(name) != NULL)
		assert_int_equal(tn_parse_uint(tn_slice_str(getenv(name)),
		    UINT64_MAX, &n), 0);
	return n;
}

static void
test_seeds(void **state)
{
	uint64_t seeds = number("TENON_SIM_SEEDS", SEEDS);
	struct sum first = { 0 }, second = { 0 };

	if (getenv("TENON_SIM_SEED") != NULL) {
		run(number("TENON_SIM_SEED", 0), stderr, &first);
		return;
	}
	for (uint64_t seed = 1; seed <= seeds; seed++)
		run(seed, NULL, &first);
	printf("%" PRIu64 " seeds: %" PRId64 " answers, %" PRId64
	    " refusals, %" PRId64 " errors, %" PRId64 " steps, hash %016"
	    PRIx64 "\n", seeds, first.answers, first.refusals, first.errors,
	    first.steps, first.hash);
	for (int i = 0; i < TN_SIM_FAULTS; i++)
		printf("%8" PRId64 " %s\n", first.faults[i],
		    tn_sim_fault_name((enum tn_sim_fault)i));
	assert_true(first.answers > (int64_t)seeds / 2);

	for (uint64_t seed = 1; seed <= seeds; seed++)
		run(seed, NULL, &second);
	assert_true(first.hash == second.hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_seeds) };

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)('a' + i % 23);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
