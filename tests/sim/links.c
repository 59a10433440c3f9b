/* What connections do when the way is narrow, the queue is full, or whoever
 * is at the other end does not do his part. */
#include <string.h>
#include <tenon/dial.h>
#include <tenon/socket.h>
#include "sim/check.h"
#include "sim/echo.h"

static char sent[100000], got[sizeof(sent)];

/* ---- narrow ways ------------------------------------------------------- */

/* A whole echo, and how long it takes. */
static int
echo_time(const char *address, size_t size, tn_time *ret)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	tn_time before = tn_now();

	CHECK(tn_dial(address, NULL, &s) == 0);
	CHECK(tn_stream_write(s, tn_slice(sent, size)) == 0);
	CHECK(tn_stream_read_exact(s, got, size) == 0);
	CHECK(memcmp(sent, got, size) == 0);
	*ret = tn_now() - before;
	return 0;
}

static int
echo_slow(void *arg)
{
	return echo_time("slow.test:7", 50000, arg);
}

static int
main_links(void *arg)
{
	struct tn_group *group;
	tn_time fast, slow, both[2];

	CHECK(tn_sim_host("slow.test", "192.0.2.7", echo_main, NULL) == 0);
	CHECK(tn_sim_host("fast.test", "192.0.2.8", echo_main, NULL) == 0);
	CHECK(tn_sim_link("here", "slow.test", 100000, 10000) == 0);
	CHECK(tn_sim_link("here", "here", 0, 0) == -EINVAL);
	CHECK(tn_sim_link("here", "fast.test", -2, 0) == -EINVAL);
	tn_sleep(TN_MILLISECOND);
	CHECK(echo_time("fast.test:7", 50000, &fast) == 0);
	CHECK(fast < TN_SECOND);

	/* Five seconds there, and the way back is another line. */
	CHECK(echo_slow(&slow) == 0);
	CHECK(slow > 5 * TN_SECOND && slow < 7 * TN_SECOND);

	/* Two share it. */
	CHECK(tn_group_open(&group) == 0);
	CHECK(tn_go(group, echo_slow, &both[0]) == 0);
	CHECK(tn_go(group, echo_slow, &both[1]) == 0);
	CHECK(tn_group_wait(group) == 0);
	tn_group_free(group);
	slow = both[0] > both[1] ? both[0] : both[1];
	CHECK(slow > 10 * TN_SECOND && slow < 14 * TN_SECOND);
	return 0;
}

static void
test_links(void **state)
{
	check_seeds(10, NULL, main_links);
}

/* ---- a queue that fills ------------------------------------------------ */

static int
connect_time(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	tn_time before = tn_now();

	CHECK(tn_dial("127.0.0.1:9", NULL, &s) == 0);
	*(tn_time *)arg = tn_now() - before;
	tn_sleep(100 * TN_SECOND);
	return 0;
}

/* Two fit into a queue of one, as on Linux; the third tries again. */
static int
main_backlog(void *arg)
{
	const struct tn_listen_options options = { .backlog = 1 };
	TN_CLEANUP(tn_socket_freep) struct tn_socket *l = NULL, *a = NULL;
	struct tn_group *group;
	tn_time took[3] = { 0 };
	int late = 0;

	CHECK(tn_listen("127.0.0.1:9", &options, &l) == 0);
	CHECK(tn_group_open(&group) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(tn_go(group, connect_time, &took[i]) == 0);
	tn_sleep(5 * TN_SECOND);
	CHECK((took[0] == 0) + (took[1] == 0) + (took[2] == 0) == 1);
	CHECK(tn_socket_accept(l, &a, NULL) == 0);
	tn_sleep(20 * TN_SECOND);
	for (int i = 0; i < 3; i++) {
		CHECK(took[i] > 0);
		late += took[i] > 5 * TN_SECOND;
	}
	CHECK(late == 1);
	CHECK(tn_group_wait(group) == 0);
	tn_group_free(group);
	return 0;
}

static void
test_backlog(void **state)
{
	check_seeds(10, NULL, main_backlog);
}

/* ---- a peer that stops reading ----------------------------------------- */

static int
read_all(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	ssize_t n;

	CHECK(tn_socket_accept(arg, &s, NULL) == 0);
	while ((n = tn_socket_recv(s, got, sizeof(got), 0)) > 0)
		;
	return (int)n;
}

/* What is written meanwhile waits in the buffers until they are full. */
static int
main_stall(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *l = NULL, *s = NULL;
	const char *address = arg;
	struct tn_group *group;
	struct tn_address to;
	tn_time before = tn_now();
	ssize_t n, all = 0;

	CHECK(tn_listen(address, NULL, &l) == 0);
	CHECK(tn_socket_getsockname(l, &to) == 0);
	CHECK(tn_group_open(&group) == 0);
	CHECK(tn_go(group, read_all, l) == 0);
	CHECK(tn_socket_open(to.storage.ss_family, SOCK_STREAM, 0, &s) == 0);
	CHECK(tn_socket_connect(s, &to) == 0);
	CHECK(tn_socket_send(s, "x", 1, 0) == 1);
	tn_sleep(TN_SECOND);
	while ((n = tn_socket_send(s, sent, 5000, MSG_DONTWAIT)) > 0)
		all += n;
	CHECK(n == -EAGAIN && all >= 65536 && all < 262144);
	CHECK(tn_now() - before < 2 * TN_SECOND);
	CHECK(tn_socket_send(s, sent, 5000, 0) == 5000);
	CHECK(tn_now() - before > 5 * TN_SECOND);
	CHECK(tn_socket_shutdown(s, SHUT_WR) == 0);
	CHECK(tn_group_wait(group) == 0);
	tn_group_free(group);
	return 0;
}

static void
test_stall(void **state)
{
	const struct tn_sim_options always = { .rates = {
						   [TN_SIM_STALL] = 1000000 } };
	char tcp[] = "127.0.0.1:9", local[] = "unix:/run/s";

	for (uint64_t seed = 0; check_next(&seed, 10);) {
		check_seed(seed, &always, main_stall, tcp, NULL);
		check_seed(seed, &always, main_stall, local, NULL);
	}
}

/* ---- resets ------------------------------------------------------------ */

/* What arrives is what was sent, up to some byte. */
static int
main_resets(void *arg)
{
	int resets = 0;

	for (int round = 0; round < 100; round++) {
		struct tn_socket *pair[2];
		ssize_t n = 0, all = 0;
		int r = tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, pair);

		CHECK(r == 0);
		CHECK(tn_socket_send(pair[0], sent, 1000, 0) == 1000);
		while (all < 1000 && (n = tn_socket_recv(pair[1], got + all,
		    1000, 0)) > 0)
			all += n;
		resets += n == -ECONNRESET;
		CHECK(n == -ECONNRESET || all == 1000);
		CHECK(memcmp(sent, got, (size_t)all) == 0);
		tn_socket_free(pair[0]);
		tn_socket_free(pair[1]);
	}
	CHECK(resets > 20 && resets < 80);
	return 0;
}

static void
test_resets(void **state)
{
	const struct tn_sim_options half = { .rates = { [TN_SIM_RESET] = 500000,
						 [TN_SIM_SHORT_READ] =
						     500000 } };

	check_seeds(10, &half, main_resets);
}

/* ---- packets in sequence ----------------------------------------------- */

static int
main_packets(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *l = NULL, *a = NULL,
	    *b = NULL, *stream = NULL;
	struct tn_address to;
	ssize_t n, packets = 0;

	CHECK(tn_socket_open(AF_UNIX, SOCK_SEQPACKET, 0, &l) == 0);
	CHECK(tn_address_from_path(TN_SLICE("/run/packets"), &to) == 0);
	CHECK(tn_socket_bind(l, &to) == 0);
	CHECK(tn_socket_listen(l, 5) == 0);
	CHECK(tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &stream) == 0);
	CHECK(tn_socket_connect(stream, &to) == -EPROTOTYPE);
	CHECK(tn_socket_open(AF_UNIX, SOCK_SEQPACKET, 0, &a) == 0);
	CHECK(tn_socket_connect(a, &to) == 0);
	CHECK(tn_socket_accept(l, &b, NULL) == 0);

	/* Each by itself, and what does not fit is gone. */
	CHECK(tn_socket_send(a, "abc", 3, 0) == 3);
	CHECK(tn_socket_send(a, "defghi", 6, 0) == 6);
	CHECK(tn_socket_send(a, "j", 1, 0) == 1);
	CHECK(tn_socket_recv(b, got, 10, MSG_PEEK) == 3);
	CHECK(tn_socket_recv(b, got, 10, 0) == 3);
	CHECK(tn_socket_recv(b, got, 2, 0) == 2);
	CHECK(memcmp(got, "de", 2) == 0);
	CHECK(tn_socket_recv(b, got, 10, 0) == 1);

	CHECK(tn_socket_send(a, sent, sizeof(sent), 0) == -EMSGSIZE);
	while ((n = tn_socket_send(a, sent, 1000, MSG_DONTWAIT)) == 1000)
		packets++;
	CHECK(n == -EAGAIN && packets > 50);
	while (packets-- > 0)
		CHECK(tn_socket_recv(b, got, sizeof(got), 0) == 1000);
	tn_socket_free(TN_TAKE(a));
	CHECK(tn_socket_recv(b, got, 10, 0) == 0);
	return 0;
}

static void
test_packets(void **state)
{
	const struct tn_sim_options faults = {
		.rates = { [TN_SIM_SHORT_READ] = 500000,
		    [TN_SIM_SHORT_WRITE] = 500000,
		    [TN_SIM_SPURIOUS] = 500000 }
	};

	check_seeds(10, &faults, main_packets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_backlog),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_packets),
	};

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)('a' + i % 23);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
