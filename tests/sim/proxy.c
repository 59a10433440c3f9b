/* A server behind a proxy under every fault: whoever it hears is the client
 * that the proxy named, who does not speak the PROXY protocol is never heard,
 * and every connection is counted exactly once. */
#include <tenon/dial.h>
#include <tenon/stream.h>
#include "server/server.h"
#include "sim/check.h"

#define SEEDS 200
#define CALLS 20

/* Of all seeds. */
struct sum {
	int64_t served, not_served, heard, wrong;
	int64_t accepted, total, refused_peer, refused_proxy;
};

static struct sum sum;
static bool gentle; /* the network does nothing that may end a connection */

/* ---- the server -------------------------------------------------------- */

/* "CLIENT:PORT" is what each caller says first, so what is right is known. */
static int
handle(struct tn_request *rq)
{
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_slice line;
	int r = tn_stream_read_line(rq->stream, TN_LINE_ANY, 100, &line);

	if (r <= 0)
		return r;
	tn_address_format(&rq->peer, text);
	if (tn_slice_equal(line, tn_slice_str(text)))
		sum.heard++;
	else
		sum.wrong++;
	return tn_stream_write(rq->stream, TN_SLICE("fine\n"));
}

/* When it has ended nothing of its callers is left. */
static int
count(struct tn_server *server)
{
	struct tn_server_counters c;

	tn_server_counters(server, &c);
	CHECK(c.active == 0 && server->peers.used == 0);
	CHECK(c.total + c.refused_peer + c.refused_proxy <= c.accepted);
	sum.accepted += c.accepted;
	sum.total += c.total;
	sum.refused_peer += c.refused_peer;
	sum.refused_proxy += c.refused_proxy;
	return 0;
}

static int
serve_once(void)
{
	const struct tn_server_options options = {
		.address = ":80",
		.handle = handle,
		.idle_ms = 30000,
		.proxy_from = "192.0.2.200",
		.proxy_ms = 1500,
		.peer_connections_max = 1,
	};
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server), counted;

	if (r < 0)
		return r;
	r = tn_server_serve_forever(server);
	counted = count(server);
	return counted < 0 ? counted : r;
}

static int
main_server(void *arg)
{
	int r;

	do
		r = serve_once();
	while (r != -ECANCELED && r != CHECK_FAILED &&
	    tn_sleep(TN_SECOND) == 0);
	if (r == CHECK_FAILED)
		sum.wrong++;
	return 0;
}

/* ---- the proxy --------------------------------------------------------- */

static int
say_header(struct tn_stream *s, unsigned client, bool *ret_bad)
{
	char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\1"
	    "\0\x50";

	*ret_bad = false;
	switch (tn_sim_random(4)) {
	case 0:
		v2[19] = (char)client;
		return tn_stream_write(s, tn_slice(v2, sizeof(v2) - 1));
	case 1:
		*ret_bad = true;
		return tn_stream_printf(s, "GET / HTTP/1.1\r\n");
	default:
		return tn_stream_printf(s, "PROXY TCP4 192.0.2.%u 192.0.2.2 1 "
		    "80\r\n", client);
	}
}

/* 1 when it was served, 0 when that cannot be expected. */
static int
call(void)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	unsigned client = 1 + (unsigned)tn_sim_random(5);
	struct tn_slice line;
	bool bad = false;
	int r = tn_dial("server.test:80", NULL, &s);

	if (r == 0)
		r = say_header(s, client, &bad);
	if (r == 0 && tn_sim_random(8) == 0)
		return 0; /* and is gone */
	if (r == 0 && tn_sim_random(4) == 0)
		r = tn_sleep((tn_time)tn_sim_random(3) * TN_SECOND);
	if (r == 0)
		r = tn_stream_printf(s, "192.0.2.%u:1\n", client);
	if (r == 0)
		r = tn_stream_read_line(s, TN_LINE_ANY, 100, &line);
	CHECK(r != 1 || !bad);
	return r;
}

static int
call_often(void *arg)
{
	for (int i = 0; i < CALLS; i++) {
		struct tn_scope scope;
		int r;

		tn_scope_open(&scope, tn_after(60 * TN_SECOND));
		r = call();
		CHECK(!tn_scope_close(&scope) || !gentle);
		if (r == CHECK_FAILED)
			return r;
		sum.served += r > 0;
		sum.not_served += r <= 0;
	}
	return 0;
}

static int
call_together(struct tn_group *group)
{
	for (int i = 0; i < 4; i++) {
		int r;

		while ((r = tn_go(group, call_often, NULL)) == -ENOMEM)
			;
		if (r < 0)
			return r;
	}
	return tn_group_wait(group);
}

static int
main_proxy(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r;

	while ((r = tn_group_open(&group)) == -ENOMEM)
		;
	if (r == 0)
		r = call_together(group);
	*(int *)arg = r < 0 ? r : 1;
	return r;
}

/* ---- the world --------------------------------------------------------- */

static int
main_here(void *arg)
{
	int done = 0;

	CHECK(tn_sim_host("server.test", "192.0.2.80", main_server, NULL) == 0);
	CHECK(tn_sleep(TN_SECOND) == 0);
	CHECK(tn_sim_host("proxy.test", "192.0.2.200", main_proxy, &done) == 0);
	while (done == 0)
		CHECK(tn_sleep(TN_SECOND) == 0);
	CHECK(done == 1);
	CHECK(tn_sleep(100 * TN_SECOND) == 0); /* until all have gone */
	return 0;
}

static void
run_seeds(uint64_t seeds, const struct tn_sim_options *base)
{
	sum = (struct sum){ 0 };
	gentle = !base->every_fault;
	for (uint64_t seed = 0; check_next(&seed, seeds);) {
		struct tn_sim_options options = *base;

		options.loops = 1 + (int)(seed % 2);
		options.time_max_ms = 24 * 3600 * 1000;
		check_seed(seed, &options, main_here, NULL, NULL);
	}
	printf("%" PRId64 " calls: %" PRId64 " served; %" PRId64 " accepted: %"
	    PRId64 " heard, %" PRId64 " over the limit, %" PRId64 " without a "
	    "header\n", sum.served + sum.not_served, sum.served, sum.accepted,
	    sum.heard, sum.refused_peer, sum.refused_proxy);
	assert_true(sum.wrong == 0);
	assert_true(sum.served <= sum.heard && sum.heard <= sum.total);
	if (getenv("TENON_SIM_SEED") == NULL)
		assert_true(sum.served > 0 && sum.refused_peer > 0 &&
		    sum.refused_proxy > 0);
}

static void
test_gentle(void **state)
{
	const struct tn_sim_options options = {
		.rates = { [TN_SIM_SHORT_READ] = 300000,
		    [TN_SIM_SHORT_WRITE] = 300000,
		    [TN_SIM_SPURIOUS] = 50000,
		    [TN_SIM_CLOCK_JUMP] = 50000 },
	};
	uint64_t seeds = check_number("TENON_SIM_SEEDS", SEEDS);

	run_seeds(seeds, &options);
	assert_true(sum.accepted >= sum.served + sum.not_served ||
	    getenv("TENON_SIM_SEED") != NULL);
}

static void
test_seeds(void **state)
{
	const struct tn_sim_options options = { .every_fault = true };

	run_seeds(check_number("TENON_SIM_SEEDS", SEEDS), &options);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gentle),
		cmocka_unit_test(test_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
