/* What sockets of all kinds do in a world, as they would on Linux. */
#include <netinet/in.h>
#include <tenon/dial.h>
#include <tenon/socket.h>
#include "sim/check.h"

/* ---- UDP --------------------------------------------------------------- */

static int
main_mirror(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address from;
	char packet[70000];
	ssize_t n;

	CHECK(tn_listen("udp::9", NULL, &s) == 0);
	while ((n = tn_socket_recvfrom(s, packet, sizeof(packet), 0, &from)) >=
	    0)
		CHECK(tn_socket_sendto(s, packet, (size_t)n, 0, &from) == n);
	return (int)n;
}

static int
udp_connect(const char *address, struct tn_socket **ret)
{
	struct tn_address to;
	struct tn_ip ip;
	int r = tn_ip_parse(tn_slice_str(address), &ip);

	if (r == 0)
		r = tn_address_from_ip(&ip, 9, &to);
	if (r == 0)
		r = tn_socket_open(to.storage.ss_family, SOCK_DGRAM, 0, ret);
	return r < 0 ? r : tn_socket_connect(*ret, &to);
}

static int
main_udp(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL, *none = NULL;
	static char packet[65508];
	char got[10];
	struct tn_scope scope;

	CHECK(tn_sim_host("mirror.test", "192.0.2.9", main_mirror, NULL) == 0);
	tn_sleep(TN_MILLISECOND);
	CHECK(udp_connect("192.0.2.9", &s) == 0);
	CHECK(tn_socket_send(s, "hello", 5, 0) == 5);
	CHECK(tn_socket_recv(s, got, sizeof(got), MSG_PEEK) == 5);
	CHECK(tn_socket_recv(s, got, sizeof(got), 0) == 5);
	CHECK(memcmp(got, "hello", 5) == 0);

	CHECK(tn_socket_send(s, packet, 65508, 0) == -EMSGSIZE);
	CHECK(tn_socket_send(s, packet, 65507, 0) == 65507);
	CHECK(tn_socket_recv(s, got, sizeof(got), MSG_TRUNC) == 65507);
	CHECK(tn_socket_recv(s, got, sizeof(got), MSG_DONTWAIT) == -EAGAIN);

	CHECK(udp_connect("127.0.0.1", &none) == 0); /* nobody is there */
	CHECK(tn_socket_send(none, "x", 1, 0) == 1);
	CHECK(tn_socket_recv(none, got, 1, 0) == -ECONNREFUSED);

	CHECK(tn_socket_send(s, "", 0, 0) == 0);
	CHECK(tn_socket_recv(s, got, sizeof(got), 0) == 0);
	tn_scope_open(&scope, tn_after(TN_SECOND));
	CHECK(tn_socket_recv(s, got, sizeof(got), 0) == -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	return 0;
}

/* Lost, twice and in another order: all of it happens. */
static int
main_udp_faults(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int seen[500] = { 0 }, last = -1, twice = 0, back = 0, lost = 0, i;

	CHECK(tn_sim_host("mirror.test", "2001:db8::9", main_mirror, NULL) ==
	    0);
	tn_sleep(TN_MILLISECOND);
	CHECK(udp_connect("2001:db8::9", &s) == 0);
	for (i = 0; i < 500; i++)
		CHECK(tn_socket_send(s, &i, sizeof(i), 0) == sizeof(i));
	tn_sleep(10 * TN_SECOND);
	while (tn_socket_recv(s, &i, sizeof(i), MSG_DONTWAIT) > 0) {
		CHECK(i >= 0 && i < 500);
		back += i < last;
		twice += seen[i]++ == 1;
		last = i;
	}
	for (i = 0; i < 500; i++)
		lost += seen[i] == 0;
	CHECK(back > 10 && twice > 10 && lost > 10);
	return 0;
}

static void
test_udp(void **state)
{
	const struct tn_sim_options faults = {
		.rates = { [TN_SIM_LOSE] = 100000,
		    [TN_SIM_DUPLICATE] = 100000,
		    [TN_SIM_REORDER] = 100000 }
	};

	check_seeds(10, NULL, main_udp);
	check_seeds(10, &faults, main_udp_faults);
}

/* ---- Unix -------------------------------------------------------------- */

static int
unix_echo(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	char byte;

	CHECK(tn_socket_accept(arg, &s, NULL) == 0);
	while (tn_socket_recv(s, &byte, 1, 0) == 1)
		CHECK(tn_socket_send(s, &byte, 1, 0) == 1);
	return 0;
}

static int
unix_stream(const char *address)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *l = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	char got[5];

	CHECK(tn_listen(address, NULL, &l) == 0);
	CHECK(tn_group_open(&group) == 0);
	CHECK(tn_go(group, unix_echo, l) == 0);
	CHECK(tn_dial(address, NULL, &s) == 0);
	CHECK(tn_stream_write(s, TN_SLICE("hello")) == 0);
	CHECK(tn_stream_read_exact(s, got, 5) == 0);
	CHECK(memcmp(got, "hello", 5) == 0);
	CHECK(tn_stream_close(TN_TAKE(s)) == 0);
	return tn_group_wait(group);
}

static int
main_unix(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_socket *pair[2];
	char got[10];
	int r = unix_stream("unix:/run/echo");

	if (r == 0)
		r = unix_stream("unix:@echo");
	if (r == 0)
		r = unix_stream("unix:/run/echo");
	CHECK(r == 0);
	CHECK(tn_dial("unix:/run/echo", NULL, &s) == -ENOENT);

	CHECK(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(tn_socket_send(pair[0], "abc", 3, 0) == 3);
	CHECK(tn_socket_shutdown(pair[0], SHUT_WR) == 0);
	CHECK(tn_socket_recv(pair[1], got, 10, 0) == 3);
	CHECK(tn_socket_recv(pair[1], got, 10, 0) == 0);
	tn_socket_free(pair[0]);
	CHECK(tn_socket_send(pair[1], "x", 1, 0) == -EPIPE);
	tn_socket_free(pair[1]);

	CHECK(tn_socket_pair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	for (int i = 0; i < 11; i++)
		CHECK(tn_socket_send(pair[0], "ab", 2, 0) == 2);
	CHECK(tn_socket_send(pair[0], "ab", 2, MSG_DONTWAIT) == -EAGAIN);
	CHECK(tn_socket_recv(pair[1], got, 1, 0) == 1);
	CHECK(tn_socket_send(pair[0], "ab", 2, 0) == 2);
	tn_socket_free(pair[0]);
	tn_socket_free(pair[1]);
	CHECK(tn_socket_open(AF_NETLINK, SOCK_DGRAM, 0, pair) == -EOPNOTSUPP);
	return 0;
}

static void
test_unix(void **state)
{
	check_seeds(10, NULL, main_unix);
}

/* ---- TCP --------------------------------------------------------------- */

static int
connected(struct tn_socket *ret[2])
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *l = NULL;
	struct tn_address address;

	CHECK(tn_listen("127.0.0.1:0", NULL, &l) == 0);
	CHECK(tn_socket_getsockname(l, &address) == 0);
	CHECK(tn_socket_open(AF_INET, SOCK_STREAM, 0, &ret[0]) == 0);
	CHECK(tn_socket_connect(ret[0], &address) == 0);
	return tn_socket_accept(l, &ret[1], NULL);
}

static int
free_both(struct tn_socket *s[2])
{
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
	return 0;
}

static int
main_tcp(void *arg)
{
	struct tn_socket *s[2];
	static char bytes[300000];
	struct tn_address a, b;
	ssize_t n, all = 0;
	char got[10];

	/* Half-closed, the other way stays open. */
	CHECK(connected(s) == 0);
	CHECK(tn_socket_getpeername(s[0], &a) == 0);
	CHECK(tn_socket_getsockname(s[1], &b) == 0);
	CHECK(tn_address_equal(&a, &b));
	CHECK(tn_socket_send(s[0], "abc", 3, 0) == 3);
	CHECK(tn_socket_shutdown(s[0], SHUT_WR) == 0);
	CHECK(tn_socket_send(s[0], "d", 1, 0) == -EPIPE);
	CHECK(tn_socket_recv(s[1], got, 10, MSG_PEEK) == 3);
	CHECK(tn_socket_recv(s[1], got, 10, 0) == 3);
	CHECK(tn_socket_recv(s[1], got, 10, 0) == 0);
	CHECK(tn_socket_send(s[1], "efg", 3, 0) == 3);
	CHECK(tn_socket_recv(s[0], got, 10, 0) == 3);
	free_both(s);

	/* Closed over unread bytes: a reset, once; then the end. */
	CHECK(connected(s) == 0);
	CHECK(tn_socket_send(s[0], "abc", 3, 0) == 3);
	CHECK(tn_socket_recv(s[1], got, 1, MSG_PEEK) == 1);
	CHECK(tn_socket_close(s[1]) == 0);
	CHECK(tn_socket_recv(s[0], got, 10, 0) == -ECONNRESET);
	CHECK(tn_socket_recv(s[0], got, 10, 0) == 0);
	CHECK(tn_socket_send(s[0], "d", 1, 0) == -EPIPE);
	free_both(s);

	/* Buffers fill, and empty again. */
	CHECK(connected(s) == 0);
	while ((n = tn_socket_send(s[0], bytes, 5000, MSG_DONTWAIT)) > 0)
		all += n;
	CHECK(n == -EAGAIN && all >= 65536 && all <= 262144);
	CHECK(tn_socket_recv(s[1], bytes, (size_t)all, MSG_WAITALL) == all);
	CHECK(tn_socket_send(s[0], bytes, 5000, 0) == 5000);
	return free_both(s);
}

/* Both ends hear of it, though the one hears before what it sent, and the reset
 * behind that, has arrived. */
static int
main_tcp_reset(void *arg)
{
	struct tn_socket *s[2];
	struct tn_scope scope;
	char got[10];
	ssize_t n;

	CHECK(connected(s) == 0);
	CHECK(tn_socket_send(s[0], "abcdef", 6, 0) == 6);
	tn_scope_open(&scope, tn_after(60 * TN_SECOND));
	CHECK(tn_socket_recv(s[0], got, 10, 0) == -ECONNRESET);
	while ((n = tn_socket_recv(s[1], got, 10, 0)) > 0)
		;
	CHECK(n == -ECONNRESET);
	CHECK(!tn_scope_close(&scope));
	return free_both(s);
}

static void
test_tcp_reset(void **state)
{
	const struct tn_sim_options faults = {
		.rates = { [TN_SIM_RESET] = 1000000,
		    [TN_SIM_DELAY] = 1000000 }
	};

	check_seeds(10, &faults, main_tcp_reset);
}

static void
test_tcp(void **state)
{
	const struct tn_sim_options faults = {
		.rates = { [TN_SIM_SPURIOUS] = 300000, [TN_SIM_DELAY] = 300000 }
	};

	check_seeds(10, NULL, main_tcp);
	check_seeds(10, &faults, main_tcp);
}

/* ---- time, and what there is not --------------------------------------- */

/* By the world's clock, and the earlier of two. */
static int
main_timeout(void *arg)
{
	struct tn_socket *s[2];
	struct tn_scope scope;
	tn_time start;
	char byte;

	CHECK(connected(s) == 0);
	CHECK(tn_socket_settimeout(s[0], 90 * TN_SECOND) == 0);
	tn_scope_open(&scope, tn_after(100 * TN_SECOND));
	start = tn_now();
	CHECK(tn_socket_recv(s[0], &byte, 1, 0) == -ETIMEDOUT);
	CHECK((tn_now() - start) / TN_SECOND == 90);
	CHECK(tn_socket_recv(s[0], &byte, 1, 0) == -ETIMEDOUT);
	CHECK((tn_now() - start) / TN_SECOND == 100);
	CHECK(tn_scope_close(&scope));
	CHECK(tn_socket_setblocking(s[0], false) == 0);
	CHECK(tn_socket_recv(s[0], &byte, 1, 0) == -EAGAIN);
	CHECK((tn_now() - start) / TN_SECOND == 100);
	return free_both(s);
}

/* Descriptors are numbers of the world's own. */
static int
main_without(void *arg)
{
	struct tn_socket *s[2], *copy;
	int fd, count;
	char byte;
	size_t room = 1;

	CHECK(tn_net_has_ipv6());
	CHECK(tn_socket_open(AF_NETLINK, SOCK_RAW, 0, s) == -EOPNOTSUPP);
	CHECK(tn_socket_open(AF_TIPC, SOCK_RDM, 0, s) == -EOPNOTSUPP);
	CHECK(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	fd = tn_socket_fileno(s[0]);
	CHECK(tn_socket_send_fds(s[0], "x", 1, &fd, 1, 0) == -EOPNOTSUPP);
	CHECK(tn_socket_send_fds(s[0], "x", 1, NULL, 0, 0) == 1);
	CHECK(tn_socket_recv_fds(s[1], &byte, 1, &fd, &room, 0, NULL) == 1);
	CHECK(room == 0);
	CHECK(tn_socket_dup(s[0], &copy) == -EOPNOTSUPP);
	CHECK(tn_socket_ioctl(s[0], 0, &count) == -EOPNOTSUPP);
	CHECK(tn_socket_get_inheritable(s[0]) == 0);
	CHECK(tn_socket_set_inheritable(s[0], false) == 0);
	CHECK(tn_socket_set_inheritable(s[0], true) == -EOPNOTSUPP);
	return free_both(s);
}

static void
test_timeout(void **state)
{
	check_seeds(10, NULL, main_timeout);
}

static void
test_without(void **state)
{
	check_seeds(1, NULL, main_without);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tcp_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
