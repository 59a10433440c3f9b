/* The families beside TCP and UDP, where this kernel has them. */
#include "check.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/tipc.h>

/* The test is skipped when the kernel knows nothing of the family; each is run
 * for itself, so that the others are not. */
static struct tn_socket *
open_or_skip(int family, int type, int proto)
{
	struct tn_socket *s = NULL;
	int r = tn_socket_open(family, type, proto, &s);

	if (r == -EAFNOSUPPORT || r == -EPROTONOSUPPORT || r == -EPERM ||
	    r == -EACCES)
		skip();
	CHECK_INT(r, 0);
	return s;
}

static void
skip_without(int family, int type, int proto)
{
	tn_socket_free(open_or_skip(family, type, proto));
}

static void
pair_free(struct tn_socket *s[2])
{
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* ---- AF_NETLINK -------------------------------------------------------- */

struct route_query {
	struct nlmsghdr header;
	struct rtmsg message;
};

/* The messages of one packet: 1 when it was the last. */
static int
route_packet(const char *bytes, size_t size, unsigned *ret_count)
{
	struct nlmsghdr header;
	size_t step;

	for (; size >= sizeof(header); bytes += step, size -= step) {
		memcpy(&header, bytes, sizeof(header));
		CHECK(header.nlmsg_len >= sizeof(header) &&
		    header.nlmsg_len <= size);
		if (header.nlmsg_type == NLMSG_DONE)
			return 1;
		CHECK(header.nlmsg_type != NLMSG_ERROR);
		CHECK_INT(header.nlmsg_seq, 7);
		(*ret_count)++;
		step = NLMSG_ALIGN(header.nlmsg_len);
		if (step > size)
			step = size;
	}
	return 0;
}

/* rtnetlink(7): a dump of the routes, asked of the kernel by hand. */
static void
netlink_routes(void)
{
	const struct route_query query = {
		.header = {
			.nlmsg_len = sizeof(query),
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 7,
		},
	};
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct tn_socket *s = open_or_skip(AF_NETLINK, SOCK_RAW,
	    NETLINK_ROUTE);
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address to, from;
	static char bytes[65536];
	unsigned count = 0;
	ssize_t n;

	CHECK_INT(tn_socket_settimeout(s, 10 * TN_SECOND), 0);
	CHECK_INT(tn_address_from_sockaddr(&kernel, sizeof(kernel), &to), 0);
	CHECK_TEXT(tn_address_format(&to, text), "netlink:0");
	CHECK_INT(tn_socket_sendto(s, &query, sizeof(query), 0, &to),
	    sizeof(query));
	do {
		n = tn_socket_recvfrom(s, bytes, sizeof(bytes), 0, &from);
		CHECK(n > 0);
		CHECK_INT(from.storage.ss_family, AF_NETLINK);
		CHECK(tn_address_equal(&from, &to));
	} while (route_packet(bytes, (size_t)n, &count) == 0);
	CHECK(count > 0); /* the loopback's at least */
	CHECK_INT(tn_socket_family(s), AF_NETLINK);
	CHECK_INT(tn_socket_proto(s), NETLINK_ROUTE);
	tn_socket_free(s);
}

/* ---- AF_TIPC ----------------------------------------------------------- */

/* tipc(7): a service with a number instead of a port; on this node only. */
static void
tipc_echo(void)
{
	const struct sockaddr_tipc name = {
		.family = AF_TIPC,
		.addrtype = TIPC_ADDR_NAME,
		.scope = TIPC_NODE_SCOPE,
		.addr.name.name = { 18888, (unsigned)getpid() },
	};
	struct tn_socket *server = open_or_skip(AF_TIPC, SOCK_SEQPACKET, 0);
	struct tn_socket *s[2];
	struct tn_address to;
	char bytes[8];

	CHECK_INT(tn_address_from_sockaddr(&name, sizeof(name), &to), 0);
	CHECK_INT(tn_socket_bind(server, &to), 0);
	CHECK_INT(tn_socket_listen(server, 4), 0);
	s[0] = open_or_skip(AF_TIPC, SOCK_SEQPACKET, 0);
	CHECK_INT(tn_socket_settimeout(s[0], 10 * TN_SECOND), 0);
	CHECK_INT(tn_socket_connect(s[0], &to), 0);
	CHECK_INT(tn_socket_accept(server, &s[1], NULL), 0);
	CHECK_INT(tn_socket_send(s[0], "hello", 5, 0), 5);
	CHECK_INT(tn_socket_recv(s[1], bytes, 8, 0), 5);
	pair_free(s);
	tn_socket_free(server);
}

/* ---- SOCK_SEQPACKET, abstract names ------------------------------------ */

/* Messages keep their ends, what does not fit is cut off and said, and the
 * stream of them has an end. */
static void
unix_seqpacket(void)
{
	struct tn_socket *s[2];
	char bytes[4];
	struct iovec vector = { bytes, 4 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	CHECK_INT(tn_socket_send(s[0], "ab", 2, 0), 2);
	CHECK_INT(tn_socket_send(s[0], "cdefgh", 6, 0), 6);
	CHECK_INT(tn_socket_recv(s[1], bytes, 4, 0), 2);
	CHECK_INT(tn_socket_recvmsg(s[1], &message, 0), 4);
	CHECK(message.msg_flags & MSG_TRUNC);
	CHECK(memcmp(bytes, "cdef", 4) == 0);
	tn_socket_free(s[0]);
	CHECK_INT(tn_socket_recv(s[1], bytes, 4, 0), 0);
	tn_socket_free(s[1]);
}

/* No file, gone with its socket, and a NUL is a byte like any other. */
static void
unix_abstract(void)
{
	const char *text = check_unique("@families");
	char name[64] = { 0 };
	size_t size = strlen(text) + 3;
	struct tn_socket *server, *other, *client;
	struct tn_address at, peer;

	memcpy(name, text, strlen(text));
	memcpy(name + strlen(text), "\0b", 3);
	CHECK_INT(tn_address_from_path(tn_slice(name, size), &at), 0);
	CHECK_INT(tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &server), 0);
	CHECK_INT(tn_socket_bind(server, &at), 0);
	CHECK_INT(tn_socket_listen(server, 4), 0);
	CHECK_INT(tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &other), 0);
	CHECK_INT(tn_socket_bind(other, &at), -EADDRINUSE);
	CHECK_INT(tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &client), 0);
	CHECK_INT(tn_socket_connect(client, &at), 0);
	CHECK_INT(tn_socket_getpeername(client, &peer), 0);
	CHECK(tn_address_equal(&peer, &at));
	tn_socket_free(server);
	CHECK_INT(tn_socket_bind(other, &at), 0);
	tn_socket_free(other);
	tn_socket_free(client);
}

/* ---- IPv6 -------------------------------------------------------------- */

static void
has_ipv6(void)
{
	struct tn_socket *s;
	int r = tn_listen("tcp:[::1]:0", NULL, &s);

	CHECK_INT(tn_net_has_ipv6(), r == 0);
	if (r == 0)
		tn_socket_free(s);
}

static int
refuse_socket(int family, int type, int proto)
{
	return family == AF_INET6 ? -EAFNOSUPPORT :
	    tn__net_linux.socket(family, type, proto);
}

static void
has_no_ipv6(void)
{
	CHECK(!tn_net_has_ipv6());
}

/* ---- each on a thread and in a fiber ----------------------------------- */

static void
test_netlink(void **state)
{
	check_function *function = netlink_routes;

	skip_without(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	function();
	CHECK_INT(tn_run(check_main, &function, NULL), 0);
}

static void
test_tipc(void **state)
{
	check_function *function = tipc_echo;

	skip_without(AF_TIPC, SOCK_SEQPACKET, 0);
	function();
	CHECK_INT(tn_run(check_main, &function, NULL), 0);
}

static void
test_has_no_ipv6(void **state)
{
	struct tn__net_ops net = tn__net_linux;

	net.socket = refuse_socket;
	check_both_with(has_no_ipv6, &net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_netlink),
		cmocka_unit_test(test_tipc),
		CHECK_BOTH(unix_seqpacket),
		CHECK_BOTH(unix_abstract),
		CHECK_BOTH(has_ipv6),
		cmocka_unit_test(test_has_no_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
