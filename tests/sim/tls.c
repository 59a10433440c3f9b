/* TLS under every fault: each call gets the right answer or an error in words,
 * nothing hangs, no byte is wrong, and a seed is the same run again. */
#include <openssl/rand.h>
#include <string.h>
#include <tenon/dial.h>
#include <tenon/server.h>
#include <tenon/tls.h>
#include "sim/check.h"

#define SEEDS 60
#define TWICE 10 /* so many of them are played twice */
#define CALLS 10
#define ANSWER 40000

static struct tn_tls *server_tls, *client_tls;
static struct {
	int64_t good, failed, resumed;
	uint64_t hash;
} sum;
static bool gentle;
static char bytes[ANSWER];

/* ---- the server ---------------------------------------------------------- */

/* Twice what was said, and a long answer. */
static int
handle(struct tn_request *rq)
{
	struct tn_slice line;
	int r = 1;

	while (r > 0) {
		r = tn_stream_read_line(rq->stream, TN_LINE_ANY, 100, &line);
		if (r <= 0)
			break;
		r = tn_stream_write(rq->stream, line);
		if (r == 0)
			r = tn_stream_write(rq->stream, tn_slice(bytes,
			    ANSWER));
		r = r < 0 ? r : 1;
	}
	return r;
}

static int
serve_once(void)
{
	const struct tn_server_options options = { .address = ":443",
		.handle = handle, .idle_ms = 30000, .tls = server_tls };
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server);

	return r < 0 ? r : tn_server_serve_forever(server);
}

static int
main_server(void *arg)
{
	int r;

	do
		r = serve_once();
	while (r != -ECANCELED && tn_sleep(TN_SECOND) == 0);
	return 0;
}

/* ---- its clients --------------------------------------------------------- */

static int
ask(struct tn_stream *s, int n)
{
	static char got[ANSWER]; /* one client at a time reads */
	char line[32];
	int len = snprintf(line, sizeof(line), "question %d", n);
	int r = tn_stream_printf(s, "%s\n", line);

	if (r == 0)
		r = tn_stream_read_exact(s, got, (size_t)len);
	if (r < 0)
		return r;
	CHECK(memcmp(got, line, (size_t)len) == 0);
	r = tn_stream_read_exact(s, got, ANSWER);
	if (r < 0)
		return r;
	CHECK(memcmp(got, bytes, ANSWER) == 0);
	return 0;
}

static int
call(void)
{
	const struct tn_dial_options options = { .tls = client_tls };
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_tls_info info;
	int r = tn_dial("tls:192.0.2.80:443", &options, &s);

	for (int i = 0; r == 0 && i < 3; i++)
		r = ask(s, i);
	if (r == 0) {
		CHECK(tn_tls_info(s, &info) == 0);
		sum.resumed += info.resumed;
	}
	if (r == 0)
		r = tn_stream_close(TN_TAKE(s));
	return r;
}

static int
main_client(void *arg)
{
	for (int i = 0; i < CALLS; i++) {
		struct tn_scope scope;
		int r;

		tn_scope_open(&scope, tn_after(120 * TN_SECOND));
		r = call();
		CHECK(!tn_scope_close(&scope) || !gentle);
		if (r == CHECK_FAILED)
			return r;
		if (r < 0 && gentle)
			fprintf(stderr, "%s\n", tn_error_text());
		CHECK(r == 0 || !gentle);
		CHECK(r == 0 || tn_error_text()[0] != '\0');
		sum.good += r == 0;
		sum.failed += r < 0;
	}
	*(bool *)arg = true;
	return 0;
}

/* ---- the world ----------------------------------------------------------- */

static int
make_tls(struct tn_buffer *cert, struct tn_buffer *key)
{
	static const char *const names[] = { "192.0.2.80", NULL };
	struct tn_tls_certificate shown;
	struct tn_tls_options options = {
		.server = true, .certificates = &shown, .certificate_count = 1
	};
	int r = tn_tls_self_signed(names, 3650, cert, key);

	shown = (struct tn_tls_certificate){
		.cert_pem = tn_buffer_slice(cert),
		.key_pem = tn_buffer_slice(key),
	};
	if (r == 0 && server_tls == NULL)
		r = tn_tls_open(&options, &server_tls);
	options = (struct tn_tls_options){ .ca_pem = tn_buffer_slice(cert) };
	return r < 0 ? r : tn_tls_open(&options, &client_tls);
}

/* Inside of the world, whose clock counts; whatever memory fails meanwhile. */
static int
open_tls(void)
{
	int r;

	do {
		struct tn_buffer cert = { 0 }, key = { 0 };

		tn_tls_free(TN_TAKE(server_tls));
		r = make_tls(&cert, &key);
		tn_buffer_free(&cert);
		tn_buffer_free(&key);
	} while (r == -ENOMEM);
	return r;
}

static int
main_here(void *arg)
{
	bool done = false;

	CHECK(open_tls() == 0);
	CHECK(tn_sim_host("server.test", "192.0.2.80", main_server, NULL) == 0);
	CHECK(tn_sleep(TN_SECOND) == 0);
	CHECK(tn_sim_host("client.test", "192.0.2.10", main_client, &done) ==
	    0);
	while (!done)
		CHECK(tn_sleep(TN_SECOND) == 0);
	CHECK(tn_sleep(100 * TN_SECOND) == 0); /* until all have gone */
	return 0;
}

static uint64_t
run_seed(uint64_t seed, const struct tn_sim_options *options)
{
	struct tn_sim_result result;

	check_seed(seed, options, main_here, NULL, &result);
	tn_tls_free(TN_TAKE(server_tls));
	tn_tls_free(TN_TAKE(client_tls));
	return result.trace_hash;
}

static void
run_seeds(const struct tn_sim_options *base)
{
	uint64_t seeds = check_number("TENON_SIM_SEEDS", SEEDS);

	memset(&sum, 0, sizeof(sum));
	for (uint64_t seed = 0; check_next(&seed, seeds);) {
		struct tn_sim_options options = *base;
		uint64_t hash;

		options.time_max_ms = 24 * 3600 * 1000;
		hash = run_seed(seed, &options);
		sum.hash = sum.hash * 31 + hash;
		if (seed <= TWICE)
			assert_true(run_seed(seed, &options) == hash);
	}
	printf("%" PRId64 " calls: %" PRId64 " answered, %" PRId64 " of them in "
	    "a session taken up again; hash %016" PRIx64 "\n",
	    sum.good + sum.failed, sum.good, sum.resumed, sum.hash);
	if (getenv("TENON_SIM_SEED") == NULL)
		assert_true(sum.good > 0 && sum.resumed > 0);
}

static void
test_gentle(void **state)
{
	const struct tn_sim_options options = {
		.rates = { [TN_SIM_SHORT_READ] = 300000,
		    [TN_SIM_SHORT_WRITE] = 300000,
		    [TN_SIM_SPURIOUS] = 50000 },
	};

	gentle = true;
	run_seeds(&options);
}

/* The clock stays: a jump of years would let the certificate expire. */
static void
test_every_fault(void **state)
{
	const struct tn_sim_options options = { .every_fault = true,
		.rates = { [TN_SIM_CLOCK_JUMP] = -1 } };

	gentle = false;
	run_seeds(&options);
}

/* Inside, OpenSSL's random numbers are the seed's, ... */
static int
main_random(void *arg)
{
	CHECK(open_tls() == 0);
	CHECK(RAND_bytes(arg, 16) == 1);
	return 0;
}

/* ... and outside the machine's. */
static void
test_random(void **state)
{
	unsigned char inside[3][16], outside[2][16];

	for (int i = 0; i < 3; i++) {
		assert_int_equal(tn_sim_run(i == 0 ? 2 : 1, NULL, main_random,
		    inside[i], NULL), 0);
		tn_tls_free(TN_TAKE(server_tls));
		tn_tls_free(TN_TAKE(client_tls));
		assert_int_equal(RAND_bytes(outside[i % 2], 16), 1);
	}
	assert_memory_not_equal(inside[0], inside[1], 16);
	assert_memory_equal(inside[1], inside[2], 16);
	assert_memory_not_equal(outside[0], outside[1], 16);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_gentle),
		cmocka_unit_test(test_every_fault),
	};

	for (size_t i = 0; i < ANSWER; i++)
		bytes[i] = (char)(i * 31 + i / 251 * 7);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
