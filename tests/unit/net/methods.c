/* The methods of Python's socket objects, one test each, as docs/from-python.md
 * lists them; what more there is to say of one stands in a file of its own. */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <tenon/stream.h>

static struct tn_socket *
open_socket(int family, int type)
{
	struct tn_socket *s;

	CHECK_INT(tn_socket_open(family, type, 0, &s), 0);
	return s;
}

static struct tn_address
local_any_port(void)
{
	struct tn_address a;
	struct tn_ip ip;

	CHECK_INT(tn_ip_parse(TN_SLICE("127.0.0.1"), &ip), 0);
	CHECK_INT(tn_address_from_ip(&ip, 0, &a), 0);
	return a;
}

static void
pair_free(struct tn_socket *s[2])
{
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* Two datagram sockets, and the name of the second. */
static struct tn_address
udp_pair(struct tn_socket *ret[2])
{
	struct tn_address any = local_any_port();

	ret[0] = open_socket(AF_INET, SOCK_DGRAM);
	ret[1] = open_socket(AF_INET, SOCK_DGRAM);
	CHECK_INT(tn_socket_bind(ret[0], &any), 0);
	CHECK_INT(tn_socket_bind(ret[1], &any), 0);
	return check_name(ret[1]);
}

/* ---- making, naming ---------------------------------------------------- */

static void
test_socket(void)
{
	struct tn_socket *s = NULL;

	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0, &s),
	    0);
	CHECK_INT(tn_socket_get_inheritable(s), 0);
	CHECK_INT(tn_socket_gettimeout(s), -1);
	tn_socket_free(s);
	CHECK_INT(tn_socket_open(AF_INET, 99, 0, &s), -EINVAL);
}

static void
test_family(void)
{
	struct tn_socket *s = open_socket(AF_UNIX, SOCK_DGRAM);

	CHECK_INT(tn_socket_family(s), AF_UNIX);
	tn_socket_free(s);
}

static void
test_type(void)
{
	struct tn_socket *s = open_socket(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC);

	CHECK_INT(tn_socket_type(s), SOCK_SEQPACKET);
	CHECK(!tn_socket_getblocking(s));
	tn_socket_free(s);
}

static void
test_proto(void)
{
	struct tn_socket *s;

	CHECK_INT(tn_socket_open(AF_INET, SOCK_DGRAM, IPPROTO_UDP, &s), 0);
	CHECK_INT(tn_socket_proto(s), IPPROTO_UDP);
	tn_socket_free(s);
}

static void
test_bind(void)
{
	struct tn_address a = local_any_port();
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);

	CHECK_INT(tn_socket_bind(s, &a), 0);
	CHECK(tn_address_port(&a) == 0);
	a = check_name(s);
	CHECK(tn_address_port(&a) != 0);
	tn_socket_free(s);
}

static void
test_getsockname(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);
	struct tn_address a;
	char text[TN_ADDRESS_TEXT_MAX];

	CHECK_INT(tn_socket_getsockname(s, &a), 0);
	CHECK_TEXT(tn_address_format(&a, text), "0.0.0.0:0");
	CHECK_INT(tn_socket_close(s), 0);
	CHECK_INT(tn_socket_getsockname(s, &a), -EBADF);
	tn_socket_free(s);
}

static void
test_getpeername(void)
{
	struct tn_socket *s[2];
	struct tn_address a, own;

	check_tcp_pair(s);
	own = check_name(s[1]);
	CHECK_INT(tn_socket_getpeername(s[0], &a), 0);
	CHECK(tn_address_equal(&a, &own));
	pair_free(s);
	s[0] = open_socket(AF_INET, SOCK_STREAM);
	CHECK_INT(tn_socket_getpeername(s[0], &a), -ENOTCONN);
	tn_socket_free(s[0]);
}

/* ---- calling and being called ------------------------------------------ */

static void
test_listen(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM), *u;
	struct tn_address a = local_any_port();

	CHECK_INT(tn_socket_bind(s, &a), 0);
	CHECK_INT(tn_socket_listen(s, 5), 0);
	u = open_socket(AF_INET, SOCK_DGRAM);
	CHECK_INT(tn_socket_listen(u, 5), -EOPNOTSUPP);
	tn_socket_free(u);
	tn_socket_free(s);
}

static void
test_accept(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s, *t;
	struct tn_address to = check_name(listener), peer, own;

	s = open_socket(AF_INET, SOCK_STREAM);
	CHECK_INT(tn_socket_connect(s, &to), 0);
	CHECK_INT(tn_socket_accept(listener, &t, &peer), 0);
	own = check_name(s);
	CHECK(tn_address_equal(&peer, &own));
	CHECK_INT(tn_socket_get_inheritable(t), 0);
	tn_socket_free(t);
	tn_socket_free(s);
	tn_socket_free(listener);
}

static void
test_connect(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0");
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);
	struct tn_address to = check_name(listener);

	CHECK_INT(tn_socket_connect(s, &to), 0);
	/* connect(2) may say once more that what it began has come to be. */
	(void)!tn_socket_connect(s, &to);
	CHECK_INT(tn_socket_connect(s, &to), -EISCONN);
	tn_socket_free(s);
	tn_socket_free(listener);
}

/* The errno number, and no line of it. */
static void
test_connect_ex(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0");
	struct tn_address to = check_name(listener);
	struct tn_socket *s;

	(void)tn_error_set(-EIO, "the line before");
	s = open_socket(AF_INET, SOCK_STREAM);
	CHECK_INT(tn_socket_connect_ex(s, &to), 0);
	tn_socket_free(s);
	tn_socket_free(listener);
	s = open_socket(AF_INET, SOCK_STREAM);
	CHECK_INT(tn_socket_connect_ex(s, &to), ECONNREFUSED);
	CHECK_TEXT(tn_error_text(), "the line before");
	tn_socket_free(s);
}

/* ---- receiving --------------------------------------------------------- */

static void
test_recv(void)
{
	struct tn_socket *s[2];
	char bytes[8];

	check_tcp_pair(s);
	CHECK_INT(tn_socket_sendall(s[0], "hello", 5, 0), 0);
	CHECK_INT(tn_socket_recv(s[1], bytes, 2, MSG_PEEK), 2);
	CHECK_INT(tn_socket_recv(s[1], bytes, 5, MSG_WAITALL), 5);
	CHECK(memcmp(bytes, "hello", 5) == 0);
	CHECK_INT(tn_socket_shutdown(s[0], SHUT_WR), 0);
	CHECK_INT(tn_socket_recv(s[1], bytes, 5, 0), 0);
	pair_free(s);
}

static void
test_recvfrom(void)
{
	struct tn_address to, from, own;
	struct tn_socket *s[2];
	char bytes[8];

	to = udp_pair(s);
	own = check_name(s[0]);
	CHECK_INT(tn_socket_sendto(s[0], "hello", 5, 0, &to), 5);
	CHECK_INT(tn_socket_recvfrom(s[1], bytes, 8, 0, &from), 5);
	CHECK(tn_address_equal(&from, &own));
	CHECK_INT(tn_socket_sendto(s[0], "", 0, 0, &to), 0);
	CHECK_INT(tn_socket_recvfrom(s[1], bytes, 8, 0, NULL), 0);
	pair_free(s);
}

static void
test_recvmsg(void)
{
	char one[2], two[8];
	struct iovec vectors[] = { { one, 2 }, { two, 8 } };
	struct msghdr message = { .msg_iov = vectors, .msg_iovlen = 2 };
	struct tn_address to;
	struct tn_socket *s[2];

	to = udp_pair(s);
	CHECK_INT(tn_socket_sendto(s[0], "hello", 5, 0, &to), 5);
	CHECK_INT(tn_socket_recvmsg(s[1], &message, 0), 5);
	CHECK(memcmp(one, "he", 2) == 0 && memcmp(two, "llo", 3) == 0);
	CHECK_INT(message.msg_flags, 0);
	message.msg_iovlen = 1;
	CHECK_INT(tn_socket_sendto(s[0], "hello", 5, 0, &to), 5);
	CHECK_INT(tn_socket_recvmsg(s[1], &message, 0), 2);
	CHECK_INT(message.msg_flags, MSG_TRUNC);
	pair_free(s);
}

/* ---- sending ----------------------------------------------------------- */

static void
test_send(void)
{
	static char bytes[1 << 20];
	struct tn_socket *s[2];
	ssize_t n;

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_INT(tn_socket_setblocking(s[0], false), 0);
	n = tn_socket_send(s[0], bytes, sizeof(bytes), 0);
	CHECK(n > 0 && n < (ssize_t)sizeof(bytes)); /* what fits */
	CHECK_INT(tn_socket_send(s[0], bytes, sizeof(bytes), 0), -EAGAIN);
	tn_socket_free(s[1]);
	CHECK_INT(tn_socket_send(s[0], bytes, 1, 0), -EPIPE);
	tn_socket_free(s[0]);
}

static int
drain(void *arg)
{
	static char bytes[65536];
	int64_t total = 0;
	ssize_t n;

	while ((n = tn_socket_recv(arg, bytes, sizeof(bytes), 0)) > 0)
		total += n;
	CHECK_INT(n, 0);
	CHECK_INT(total, 1 << 20);
	return 0;
}

static void
test_sendall(void)
{
	static char bytes[1 << 20];
	struct tn_group *group = check_group();
	struct tn_socket *s[2];

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	check_go(group, drain, s[1]);
	CHECK_INT(tn_socket_sendall(s[0], bytes, sizeof(bytes), 0), 0);
	CHECK_INT(tn_socket_shutdown(s[0], SHUT_WR), 0);
	check_group_end(group);
	pair_free(s);
}

static void
test_sendto(void)
{
	struct tn_socket *s[2];
	struct tn_address to = udp_pair(s);
	char bytes[8];

	CHECK_INT(tn_socket_sendto(s[0], "hello", 5, 0, &to), 5);
	CHECK_INT(tn_socket_recv(s[1], bytes, 8, 0), 5);
	CHECK_INT(tn_socket_send(s[0], "hello", 5, 0), -EDESTADDRREQ);
	pair_free(s);
}

static void
test_sendmsg(void)
{
	char one[] = "he", two[] = "llo", bytes[8];
	struct iovec vectors[] = { { one, 2 }, { two, 3 } };
	struct msghdr message = { .msg_iov = vectors, .msg_iovlen = 2 };
	struct tn_socket *s[2];

	check_tcp_pair(s);
	CHECK_INT(tn_socket_sendmsg(s[0], &message, 0), 5);
	CHECK_INT(tn_socket_recv(s[1], bytes, 5, MSG_WAITALL), 5);
	CHECK(memcmp(bytes, "hello", 5) == 0);
	pair_free(s);
}

/* ---- options ----------------------------------------------------------- */

static void
test_setsockopt(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);
	int on = 1;

	CHECK_INT(tn_socket_setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &on,
		      sizeof(on)),
	    0);
	CHECK_INT(tn_socket_setsockopt(s, SOL_SOCKET, 9999, &on, sizeof(on)),
	    -ENOPROTOOPT);
	tn_socket_free(s);
}

static void
test_getsockopt(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_DGRAM);
	socklen_t size = sizeof(int);
	int type = 0;

	CHECK_INT(tn_socket_getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &size),
	    0);
	CHECK_INT(type, SOCK_DGRAM);
	CHECK_INT(size, sizeof(int));
	tn_socket_free(s);
}

static void
test_ioctl(void)
{
	struct tn_socket *s[2];
	int count = -1;

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_INT(tn_socket_sendall(s[0], "hello", 5, 0), 0);
	CHECK_INT(tn_socket_ioctl(s[1], FIONREAD, &count), 0);
	CHECK_INT(count, 5);
	CHECK_ERROR(tn_socket_ioctl(s[1], FIONBIO, &count), -EINVAL,
	    "ioctl FIONBIO: tn_socket_setblocking() is how it is said here");
	CHECK_INT(tn_socket_ioctl(s[1], 0x5678, &count), -ENOTTY);
	CHECK_INT(tn_socket_close(s[1]), 0);
	CHECK_ERROR(tn_socket_ioctl(s[1], FIONREAD, &count), -EBADF,
	    "ioctl: the socket is closed");
	pair_free(s);
}

/* ---- time; timeout.c has more ------------------------------------------ */

static void
test_setblocking(void)
{
	struct tn_socket *s[2];
	char byte;

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_INT(tn_socket_setblocking(s[0], false), 0);
	CHECK_INT(tn_socket_recv(s[0], &byte, 1, 0), -EAGAIN);
	CHECK_INT(tn_socket_setblocking(s[0], true), 0);
	CHECK_INT(tn_socket_gettimeout(s[0]), -1);
	pair_free(s);
}

static void
test_getblocking(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);

	CHECK(tn_socket_getblocking(s));
	CHECK_INT(tn_socket_settimeout(s, 1), 0);
	CHECK(tn_socket_getblocking(s));
	CHECK_INT(tn_socket_settimeout(s, 0), 0);
	CHECK(!tn_socket_getblocking(s));
	tn_socket_free(s);
}

static void
test_settimeout(void)
{
	struct tn_socket *s[2];
	char byte;

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_INT(tn_socket_settimeout(s[0], 1500 * TN_MICROSECOND), 0);
	CHECK_ERROR((int)tn_socket_recv(s[0], &byte, 1, 0), -ETIMEDOUT,
	    "recv: timed out after 1500 us, the timeout of the socket");
	pair_free(s);
}

static void
test_gettimeout(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);

	CHECK_INT(tn_socket_settimeout(s, 3 * TN_SECOND), 0);
	CHECK_INT(tn_socket_gettimeout(s), 3 * TN_SECOND);
	tn_socket_free(s);
}

/* ---- the descriptor ---------------------------------------------------- */

static void
test_fileno(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);

	CHECK(fcntl(tn_socket_fileno(s), F_GETFD) >= 0);
	CHECK_INT(tn_socket_close(s), 0);
	CHECK_INT(tn_socket_fileno(s), -EBADF);
	tn_socket_free(s);
}

/* What one does the other sees; closing one ends nothing. */
static void
test_dup(void)
{
	struct tn_socket *s[2], *copy;
	struct tn_address a, b;
	char byte;

	check_tcp_pair(s);
	CHECK_INT(tn_socket_settimeout(s[0], TN_SECOND), 0);
	CHECK_INT(tn_socket_dup(s[0], &copy), 0);
	CHECK_INT(tn_socket_gettimeout(copy), TN_SECOND);
	CHECK_INT(tn_socket_get_inheritable(copy), 0);
	CHECK(tn_socket_fileno(copy) != tn_socket_fileno(s[0]));
	a = check_name(s[0]);
	b = check_name(copy);
	CHECK(tn_address_equal(&a, &b));
	CHECK_INT(tn_socket_close(s[0]), 0);
	CHECK_INT(tn_socket_send(copy, "x", 1, 0), 1);
	CHECK_INT(tn_socket_recv(s[1], &byte, 1, 0), 1);
	tn_socket_free(copy);
	CHECK_INT(tn_socket_recv(s[1], &byte, 1, 0), 0);
	CHECK_ERROR(tn_socket_dup(s[0], &copy), -EBADF,
	    "dup: the socket is closed");
	pair_free(s);
}

static void
test_fromfd(void)
{
	struct tn_socket *s;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	CHECK_INT(tn_net_fromfd(fds[0], &s), 0);
	CHECK(tn_socket_fileno(s) != fds[0]);
	CHECK_INT(tn_socket_type(s), SOCK_DGRAM);
	tn_socket_free(s);
	CHECK(fcntl(fds[0], F_GETFD) >= 0);
	close(fds[0]);
	close(fds[1]);
	CHECK_ERROR(tn_net_fromfd(-1, &s), -EBADF,
	    "fromfd of descriptor -1: the socket is closed");
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(tn_net_fromfd(fds[0], &s), -ENOTSOCK);
	close(fds[0]);
	close(fds[1]);
}

static void
test_inheritable(void)
{
	struct tn_socket *s = open_socket(AF_INET, SOCK_STREAM);

	CHECK_INT(tn_socket_set_inheritable(s, true), 0);
	CHECK_INT(tn_socket_get_inheritable(s), 1);
	CHECK_INT(fcntl(tn_socket_fileno(s), F_GETFD), 0);
	CHECK_INT(tn_socket_set_inheritable(s, false), 0);
	CHECK_INT(tn_socket_get_inheritable(s), 0);
	CHECK_INT(tn_socket_close(s), 0);
	CHECK_INT(tn_socket_get_inheritable(s), -EBADF);
	tn_socket_free(s);
}

/* ---- the end ----------------------------------------------------------- */

static void
test_shutdown(void)
{
	struct tn_socket *s[2];
	char byte;

	check_tcp_pair(s);
	CHECK_INT(tn_socket_shutdown(s[0], SHUT_WR), 0);
	CHECK_INT(tn_socket_recv(s[1], &byte, 1, 0), 0);
	CHECK_INT(tn_socket_send(s[1], "x", 1, 0), 1);
	CHECK_INT(tn_socket_recv(s[0], &byte, 1, 0), 1);
	CHECK_INT(tn_socket_send(s[0], "x", 1, 0), -EPIPE);
	pair_free(s);
}

static void
test_close(void)
{
	struct tn_socket *s[2];
	char byte;

	check_tcp_pair(s);
	CHECK_INT(tn_socket_close(s[0]), 0);
	CHECK_INT(tn_socket_recv(s[1], &byte, 1, 0), 0);
	CHECK_INT(tn_socket_close(s[0]), -EBADF);
	pair_free(s);
}

static void
test_detach(void)
{
	struct tn_socket *s[2];
	char byte;
	int fd;

	check_tcp_pair(s);
	fd = tn_socket_detach(s[0]);
	CHECK(fd >= 0);
	CHECK_INT(write(fd, "x", 1), 1);
	CHECK_INT(tn_socket_recv(s[1], &byte, 1, 0), 1);
	close(fd);
	tn_socket_free(s[1]);
}

static void
test_makefile(void)
{
	struct tn_stream *stream;
	struct tn_socket *s[2];
	struct tn_slice line;
	char bytes[8];

	check_tcp_pair(s);
	CHECK_INT(tn_stream_from_socket(s[0], &stream), 0);
	CHECK_INT(tn_socket_sendall(s[1], "one\ntwo", 7, 0), 0);
	CHECK_INT(tn_stream_fill(stream, 7, &line), 7);
	CHECK(memcmp(line.data, "one\ntwo", 7) == 0);
	CHECK_INT(tn_stream_write(stream, TN_SLICE("three")), 0);
	CHECK_INT(tn_stream_close(stream), 0);
	CHECK_INT(tn_socket_recv(s[1], bytes, 8, MSG_WAITALL), 5);
	tn_socket_free(s[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_socket),
		CHECK_BOTH(test_family),
		CHECK_BOTH(test_type),
		CHECK_BOTH(test_proto),
		CHECK_BOTH(test_bind),
		CHECK_BOTH(test_getsockname),
		CHECK_BOTH(test_getpeername),
		CHECK_BOTH(test_listen),
		CHECK_BOTH(test_accept),
		CHECK_BOTH(test_connect),
		CHECK_BOTH(test_connect_ex),
		CHECK_BOTH(test_recv),
		CHECK_BOTH(test_recvfrom),
		CHECK_BOTH(test_recvmsg),
		CHECK_BOTH(test_send),
		CHECK_BOTH(test_sendall),
		CHECK_BOTH(test_sendto),
		CHECK_BOTH(test_sendmsg),
		CHECK_BOTH(test_setsockopt),
		CHECK_BOTH(test_getsockopt),
		CHECK_BOTH(test_ioctl),
		CHECK_BOTH(test_setblocking),
		CHECK_BOTH(test_getblocking),
		CHECK_BOTH(test_settimeout),
		CHECK_BOTH(test_gettimeout),
		CHECK_BOTH(test_fileno),
		CHECK_BOTH(test_dup),
		CHECK_BOTH(test_fromfd),
		CHECK_BOTH(test_inheritable),
		CHECK_BOTH(test_shutdown),
		CHECK_BOTH(test_close),
		CHECK_BOTH(test_detach),
		CHECK_BOTH(test_makefile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
