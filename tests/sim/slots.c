/* A server with fewer slots than it has callers, on two loops: both of its
 * acceptors wait for a slot at once, and each that comes free wakes one. */
#include <tenon/dial.h>
#include <tenon/server.h>
#include "sim/check.h"

#define SLOTS 2
#define CLIENTS 8
#define ROUNDS 5

static int inside, most;

static int
handle(struct tn_request *rq)
{
	struct tn_slice line;
	int r;

	if (++inside > most)
		most = inside;
	r = tn_sleep((tn_time)tn_sim_random(5) * TN_MILLISECOND);
	if (r == 0)
		r = tn_stream_read_line(rq->stream, TN_LINE_ANY, 100, &line);
	if (r > 0)
		r = tn_stream_printf(rq->stream, "%.*s\n", (int)line.len,
		    line.data);
	inside--;
	return r;
}

static int
main_server(void *arg)
{
	const struct tn_server_options options = {
		.address = ":99", .handle = handle, .connections_max = SLOTS
	};
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;

	CHECK(tn_server_open(&options, &server) == 0);
	return tn_server_serve_forever(server);
}

static int
ask(void)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_slice line;

	CHECK(tn_dial("server.test:99", NULL, &s) == 0);
	CHECK(tn_stream_printf(s, "hello\n") == 0);
	CHECK(tn_stream_read_line(s, TN_LINE_ANY, 100, &line) == 1);
	CHECK(tn_slice_equal(line, TN_SLICE("hello")));
	return tn_stream_close(TN_TAKE(s));
}

static int
run_client(void *arg)
{
	int r = 0;

	for (int i = 0; i < ROUNDS && r == 0; i++)
		r = ask();
	return r;
}

/* Idle in between, so that the acceptors wait for callers again. */
static int
main_here(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;

	CHECK(tn_sim_host("server.test", "192.0.2.1", main_server, NULL) == 0);
	tn_sleep(TN_MILLISECOND);
	CHECK(tn_group_open(&group) == 0);
	for (int i = 0; i < CLIENTS; i++)
		CHECK(tn_go_on(group, i % tn_loop_count(), run_client, NULL) ==
		    0);
	CHECK(tn_group_wait(group) == 0);
	CHECK(inside == 0 && most == SLOTS);
	return 0;
}

static void
test_slots(void **state)
{
	for (uint64_t seed = 0; check_next(&seed, 20);) {
		for (int loops = 2; loops <= 3; loops++) {
			const struct tn_sim_options options = { .loops = loops,
				.time_max_ms = 60000 };

			inside = most = 0;
			check_seed(seed, &options, main_here, NULL, NULL);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
