/* A thousand connections: spread over the loops, torn off in mid request, and
 * nothing of them left afterwards. */
#include <sys/resource.h>
#include "unit/server/check.h"

#define LOOPS 3
#define CLIENTS 1000

static int clients = CLIENTS;
static int fds[CLIENTS];

/* A loop that has nothing to do takes every caller, as it should: only loops
 * that are busy leave some to others. */
static int
be_busy(struct tn_request *rq)
{
	tn_time until = tn_after(500 * TN_MICROSECOND);

	while (tn_now() < until)
		;
	return 0;
}

static int
tell_loop(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		tn_stream_consume(rq->stream, said.len);
		r = tn_stream_printf(rq->stream, "%d", tn_loop_index());
		if (r < 0)
			break;
	}
	return r;
}

static void
call_all(const struct tn_address *at)
{
	for (int i = 0; i < clients; i++)
		fds[i] = check_call(at);
}

static void
test_spread(void **state)
{
	const struct tn_server_options options = { .setup = be_busy,
		.handle = tell_loop };
	const struct tn_run_options run = { .loops = LOOPS };
	struct check_server t = { .run = &run };
	int counts[LOOPS] = { 0 }, before = check_open_fds();
	char loop;

	check_server_start(&t, &options);
	call_all(&t.at);
	for (int i = 0; i < clients; i++)
		check_say(fds[i], "where?");
	for (int i = 0; i < clients; i++) {
		CHECK_INT(recv(fds[i], &loop, 1, 0), 1);
		CHECK(loop >= '0' && loop < '0' + LOOPS);
		counts[loop - '0']++;
	}
	CHECK_INT(tn_server_active(t.server), clients);
	for (int i = 0; i < clients; i++)
		close(fds[i]);
	CHECK_SOON(tn_server_active(t.server) == 0);
	CHECK_INT(tn_server_total(t.server), clients);
	check_server_stop(&t);
	CHECK_SOON(check_open_fds() == before);
	printf("spread: %d %d %d\n", counts[0], counts[1], counts[2]);
	for (int i = 0; i < LOOPS; i++)
		CHECK(counts[i] > 0);
}

/* Reads a whole number of blocks, and writes more than anybody takes. */
static int
handle_blocks(struct tn_request *rq)
{
	static const char block[32768];
	char first[64];
	int r;

	while ((r = tn_stream_read_exact(rq->stream, first,
		    sizeof(first))) == 0) {
		r = tn_stream_write(rq->stream, tn_slice(block,
		    sizeof(block)));
		if (r < 0)
			break;
	}
	return r;
}

/* A third each: before a word, in the middle of one, and over an answer that
 * was not read. */
static void
torn_off(enum tn_server_kind kind, int loops)
{
	const struct tn_server_options options = { .handle = handle_blocks,
		.kind = kind, .loops = loops, .connections_max = 400 };
	struct check_server t = { 0 };
	int before = check_open_fds();
	char words[64];

	memset(words, 'w', sizeof(words));
	check_server_start(&t, &options);
	for (int i = 0; i < clients; i++) {
		fds[i] = check_call(&t.at);
		if (i % 3 != 0)
			CHECK_INT(send(fds[i], words, i % 3 == 1 ? 10 : 64, 0),
			    i % 3 == 1 ? 10 : 64);
		if (i >= 300)
			check_reset(fds[i - 300]);
	}
	for (int i = clients - 300; i < clients; i++)
		check_reset(fds[i]);
	/* Those that were reset in the backlog may never be accepted. */
	CHECK_SOON(tn_server_active(t.server) == 0);
	check_server_stop(&t);
	CHECK_SOON(check_open_fds() == before);
}

static void
test_torn_off(void **state)
{
	torn_off(TN_SERVER_FIBER, 1);
	torn_off(TN_SERVER_FIBER, LOOPS);
	torn_off(TN_SERVER_THREADING, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_torn_off),
	};
	struct rlimit limit;

	tn_loop_count(); /* the thread has its descriptor now */
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 2 * CLIENTS + 100)
		clients = ((int)limit.rlim_cur - 100) / 2;
	return cmocka_run_group_tests_name("server/many", tests, NULL, NULL);
}
