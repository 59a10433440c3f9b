/* Framed messages under every fault: what was one message is one at the other
 * end, whatever is done to the bytes between, or there is an error in words;
 * nothing hangs. */
#include <string.h>
#include <tenon/dial.h>
#include <tenon/frame.h>
#include <tenon/server.h>
#include "sim/check.h"

#define SEEDS 100
#define CALLS 12
#define MESSAGES 8
#define MESSAGE_MAX 70000

static const struct tn_framing framings[] = {
	{ .kind = TN_FRAME_LINE, .message_bytes_max = MESSAGE_MAX },
	{ .kind = TN_FRAME_DELIMITER, .delimiter = { "\r\n", 2 },
	    .message_bytes_max = MESSAGE_MAX },
	{ .kind = TN_FRAME_DELIMITER, .delimiter = { "\0", 1 },
	    .message_bytes_max = MESSAGE_MAX },
	{ .kind = TN_FRAME_LENGTH, .length_bytes = 3,
	    .message_bytes_max = MESSAGE_MAX },
	{ .kind = TN_FRAME_LENGTH, .length_bytes = 8, .little_endian = true,
	    .message_bytes_max = MESSAGE_MAX },
	{ .kind = TN_FRAME_VARINT, .message_bytes_max = MESSAGE_MAX },
	{ .kind = TN_FRAME_DECIMAL, .delimiter = { " ", 1 },
	    .message_bytes_max = MESSAGE_MAX },
	{ .kind = TN_FRAME_NETSTRING, .message_bytes_max = MESSAGE_MAX },
};

static struct {
	int64_t good, failed, messages;
} sum;
static bool gentle;
static char bytes[MESSAGE_MAX + MESSAGES];

/* ---- the server ---------------------------------------------------------- */

/* The first byte says how the rest of the connection is framed; each message
 * goes back.  It may be of a size that no piece has. */
static int
handle(struct tn_request *rq)
{
	const struct tn_framing *how;
	struct tn_slice message;
	char first;
	int r = tn_stream_read_exact(rq->stream, &first, 1);

	if (r < 0)
		return r;
	how = &framings[first - '0'];
	while ((r = tn_frame_read(rq->stream, how, &message)) > 0) {
		r = tn_frame_write(rq->stream, how, message);
		if (r < 0)
			break;
	}
	return r;
}

static int
serve_once(void)
{
	const struct tn_server_options options = {
		.address = ":7", .handle = handle, .idle_ms = 30000
	};
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

/* Message `n` of a call: its beginning says which it is. */
static struct tn_slice
message_of(uint64_t call, int n)
{
	static const size_t sizes[] = { 0, 1, 9, 200, 3000, 32768, 66000 };

	return tn_slice(bytes + n, sizes[(call + (uint64_t)n * 5) %
	    TN_COUNT(sizes)]);
}

struct sender {
	struct tn_stream *s;
	const struct tn_framing *how;
	uint64_t call;
};

static int
send_all(void *arg)
{
	const struct sender *sender = arg;
	int r = 0;

	for (int i = 0; r == 0 && i < MESSAGES; i++)
		r = tn_frame_write(sender->s, sender->how,
		    message_of(sender->call, i));
	return r < 0 ? r : tn_stream_shutdown(sender->s);
}

static int
hear_all(const struct sender *sender)
{
	struct tn_slice message;
	int n = 0, r;

	while ((r = tn_frame_read(sender->s, sender->how, &message)) > 0) {
		CHECK(n < MESSAGES);
		CHECK(tn_slice_equal(message, message_of(sender->call, n)));
		n++;
		sum.messages++;
	}
	/* A server without memory hangs up between two messages, too. */
	if (r == 0 && n < MESSAGES)
		r = tn_error_set(TN_ETRUNCATED, "%d of %d messages", n,
		    MESSAGES);
	return r;
}

static int
call(uint64_t number)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	struct sender sender = { .call = number };
	uint64_t how = tn_sim_random(TN_COUNT(framings));
	int r = tn_dial("192.0.2.80:7", NULL, &s), sent;

	if (r == 0)
		r = tn_group_open(&group);
	if (r == 0)
		r = tn_stream_printf(s, "%d", (int)how);
	sender.s = s;
	sender.how = &framings[how];
	if (r == 0)
		r = tn_go(group, send_all, &sender);
	if (r < 0)
		return r;
	r = hear_all(&sender);
	if (r < 0)
		tn_group_cancel(group);
	sent = tn_group_wait(group);
	return r < 0 ? r : sent;
}

static int
main_client(void *arg)
{
	for (uint64_t i = 0; i < CALLS; i++) {
		struct tn_scope scope;
		int r;

		tn_scope_open(&scope, tn_after(300 * TN_SECOND));
		r = call(i);
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
main_here(void *arg)
{
	bool done = false;

	CHECK(tn_sim_host("server.test", "192.0.2.80", main_server, NULL) == 0);
	CHECK(tn_sleep(TN_SECOND) == 0);
	CHECK(tn_sim_host("client.test", "192.0.2.10", main_client, &done) ==
	    0);
	while (!done)
		CHECK(tn_sleep(TN_SECOND) == 0);
	CHECK(tn_sleep(100 * TN_SECOND) == 0); /* until all have gone */
	return 0;
}

static void
run_seeds(const struct tn_sim_options *base)
{
	uint64_t seeds = check_number("TENON_SIM_SEEDS", SEEDS);

	memset(&sum, 0, sizeof(sum));
	for (uint64_t seed = 0; check_next(&seed, seeds);) {
		struct tn_sim_options options = *base;

		options.time_max_ms = 24 * 3600 * 1000;
		options.steps_max = 4000000;
		check_seed(seed, &options, main_here, NULL, NULL);
	}
	printf("%" PRId64 " calls: %" PRId64 " whole; %" PRId64 " messages\n",
	    sum.good + sum.failed, sum.good, sum.messages);
	if (getenv("TENON_SIM_SEED") == NULL)
		assert_true(sum.good > sum.failed);
}

static void
test_pieces(void **state)
{
	const struct tn_sim_options options = {
		.rates = { [TN_SIM_SHORT_READ] = 300000,
		    [TN_SIM_SHORT_WRITE] = 300000,
		    [TN_SIM_SPURIOUS] = 50000 },
	};

	gentle = true;
	run_seeds(&options);
}

static void
test_every_fault(void **state)
{
	const struct tn_sim_options options = { .every_fault = true };

	gentle = false;
	run_seeds(&options);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_every_fault),
	};

	/* No delimiter stands in them. */
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('0' + (i * 31 + i / 251 * 7) % 75);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
