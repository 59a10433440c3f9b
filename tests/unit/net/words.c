/* What is said when a call about an address fails: each reason apart, and what
 * to do about it.  The kernel's answers are made up here, so that every one
 * comes. */
#include "fake.h"

#include <tenon/resolve.h>

static int words_code; /* what the kernel says */

static int
fail_address(int fd, const struct sockaddr *address, socklen_t size)
{
	return words_code;
}

static int
fail_listen(int fd, int backlog)
{
	return words_code;
}

static ssize_t
fail_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return words_code;
}

static int
call_bind(struct tn_socket *s, const struct tn_address *a)
{
	return tn_socket_bind(s, a);
}

static int
call_connect(struct tn_socket *s, const struct tn_address *a)
{
	return tn_socket_connect(s, a);
}

static int
call_send(struct tn_socket *s, const struct tn_address *a)
{
	return (int)tn_socket_sendto(s, "x", 1, 0, a);
}

static int
call_listen(struct tn_socket *s, const struct tn_address *a)
{
	return tn_socket_listen(s, 1);
}

static const char inet[] = "127.0.0.1:80", local[] = "unix:/run/x";

static const struct words {
	const char *name;
	int (*call)(struct tn_socket *s, const struct tn_address *a);
	const char *address;
	int code;
	const char *text;
} words[] = {
	{ "port in use", call_bind, inet, -EADDRINUSE,
	    "bind 127.0.0.1:80: address already in use; stop the other program "
	    "or choose another port" },
	{ "path in use", call_bind, local, -EADDRINUSE,
	    "bind unix:/run/x: address already in use; stop the other program "
	    "or choose another path" },
	{ "low port", call_bind, inet, -EACCES,
	    "bind 127.0.0.1:80: permission denied; ports below 1024 are for "
	    "root and CAP_NET_BIND_SERVICE: choose a higher one" },
	{ "no such address here", call_bind, inet, -EADDRNOTAVAIL,
	    "bind 127.0.0.1:80: no such address on this machine; 0.0.0.0 and "
	    "[::] stand for all it has" },
	{ "no directory", call_bind, local, -ENOENT,
	    "bind unix:/run/x: no such directory; make it first" },
	{ "bound already", call_bind, inet, -EINVAL,
	    "bind 127.0.0.1:80: invalid argument; a socket is bound once, to "
	    "an address of its own family" },
	{ "port in use, found late", call_listen, inet, -EADDRINUSE,
	    "listen on 0.0.0.0:0: address already in use; stop the other "
	    "program or choose another port" },

	{ "refused", call_connect, inet, -ECONNREFUSED,
	    "connect 127.0.0.1:80: connection refused; no program listens at "
	    "that port" },
	{ "no network", call_connect, inet, -ENETUNREACH,
	    "connect 127.0.0.1:80: no route to that network; see whether this "
	    "machine is connected, and has addresses of that family" },
	{ "no host", call_connect, inet, -EHOSTUNREACH,
	    "connect 127.0.0.1:80: host unreachable; it is off, or a router on "
	    "the way refuses" },
	{ "silence", call_connect, inet, -ETIMEDOUT,
	    "connect 127.0.0.1:80: timed out; the host is off, or a firewall "
	    "drops what is sent to it" },
	{ "forbidden", call_connect, inet, -EPERM,
	    "connect 127.0.0.1:80: not permitted; a firewall on this machine "
	    "forbids it" },
	{ "broadcast", call_connect, inet, -EACCES,
	    "connect 127.0.0.1:80: permission denied; a broadcast address "
	    "needs SO_BROADCAST, and a firewall may forbid others" },
	{ "no local port", call_connect, inet, -EADDRNOTAVAIL,
	    "connect 127.0.0.1:80: no such address, or no local port is left "
	    "to call it from" },
	{ "other family", call_connect, inet, -EAFNOSUPPORT,
	    "connect 127.0.0.1:80: the address is of another family than the "
	    "socket" },
	{ "nobody at the path", call_connect, local, -ECONNREFUSED,
	    "connect unix:/run/x: connection refused; the program that made "
	    "that socket has ended" },
	{ "no such path", call_connect, local, -ENOENT,
	    "connect unix:/run/x: no such socket; start the server, or see "
	    "whether the path is right" },
	{ "not ours to call", call_connect, local, -EACCES,
	    "connect unix:/run/x: permission denied; this user has to be able "
	    "to write to that socket and to enter its directory" },
	{ "other type", call_connect, local, -EPROTOTYPE,
	    "connect unix:/run/x: that socket is of another type than this "
	    "one" },
	{ "what has no advice", call_connect, inet, -ENOBUFS,
	    "connect 127.0.0.1:80: no buffer space" },

	{ "too long", call_send, inet, -EMSGSIZE,
	    "send to 127.0.0.1:80: message too long; a datagram has to fit as "
	    "a whole" },
	{ "nowhere to send", call_send, inet, -ENETUNREACH,
	    "send to 127.0.0.1:80: no route to that network; see whether this "
	    "machine is connected, and has addresses of that family" },
	{ "no such receiver", call_send, local, -ENOENT,
	    "send to unix:/run/x: no such socket; start the server, or see "
	    "whether the path is right" },
};

static void
words_one(const struct words *row)
{
	bool unix_path = row->address == local;
	struct tn_socket *s;
	struct tn_address a;
	struct tn_ip ip;

	if (unix_path) {
		CHECK_INT(tn_address_from_path(TN_SLICE("/run/x"), &a), 0);
	} else {
		CHECK_INT(tn_ip_parse(TN_SLICE("127.0.0.1"), &ip), 0);
		CHECK_INT(tn_address_from_ip(&ip, 80, &a), 0);
	}
	CHECK_INT(tn_socket_open(unix_path ? AF_UNIX : AF_INET,
		      row->call == call_send ? SOCK_DGRAM : SOCK_STREAM, 0, &s),
	    0);
	words_code = row->code;
	CHECK_ERROR(row->call(s, &a), row->code, row->text);
	tn_socket_free(s);
}

static void
words_all(void)
{
	for (size_t i = 0; i < TN_COUNT(words); i++)
		words_one(&words[i]);
}

static void
test_words(void **state)
{
	struct tn__net_ops net = tn__net_linux;

	net.bind = net.connect = fail_address;
	net.listen = fail_listen;
	net.sendmsg = fail_sendmsg;
	check_both_with(words_all, &net);
}

/* ---- names ------------------------------------------------------------- */

static void
look_ups(void)
{
	static const char *const none[] = { NULL };
	struct tn_socket *s;

	fake_addresses = none;
	CHECK_ERROR(tn_net_create_connection("nobody.test", "80", NULL, &s),
	    TN_EGAI_NONAME, "look up nobody.test: no such host");
	fake_error = TN_EGAI_NODATA;
	CHECK_ERROR(tn_net_create_connection("host.test", "80",
			&(struct tn_connect_options){ .family = AF_INET6 }, &s),
	    TN_EGAI_NODATA,
	    "look up host.test: host has no address of this family");
	fake_error = TN_EGAI_AGAIN;
	CHECK_ERROR(tn_net_create_connection("host.test", "80", NULL, &s),
	    TN_EGAI_AGAIN, "look up host.test: the name server did not answer; check the "
	    "network and /etc/resolv.conf, or try again later");
	fake_error = 0;
}

static void
test_look_ups(void **state)
{
	struct tn__net_ops net = fake_net();

	check_both_with(look_ups, &net);
}

/* ---- the kernel's own -------------------------------------------------- */

/* bind(2) says so itself while another listens. */
static void
in_use(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s;
	struct tn_address a = check_name(listener);

	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
	CHECK_ERROR(tn_socket_bind(s, &a), -EADDRINUSE,
	    check_printf("bind %s: address already in use; stop the other "
			 "program or choose another port",
		check_name_text(listener)));
	tn_socket_free(s);
	tn_socket_free(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_look_ups),
		CHECK_BOTH(in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
