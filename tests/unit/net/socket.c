/* TCP sockets: what they do and what they are called, on a plain thread and in
 * a fiber. */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "net/socket.h"

#define BULK (1 << 20)

/* ---- TCP --------------------------------------------------------------- */

static int
echo_one(void *arg)
{
	struct tn_socket *listener = arg, *s;
	char bytes[5000];
	ssize_t n;

	CHECK_INT(tn_socket_accept(listener, &s, NULL), 0);
	while ((n = tn_socket_recv(s, bytes, sizeof(bytes), 0)) > 0)
		CHECK_INT(tn_socket_sendall(s, bytes, (size_t)n, 0), 0);
	CHECK_INT(n, 0);
	tn_socket_free(s);
	return 0;
}

static int
send_bulk(void *arg)
{
	struct tn_socket *s = arg;
	static unsigned char bytes[BULK];

	for (size_t i = 0; i < BULK; i++)
		bytes[i] = (unsigned char)(i * 7 + (i >> 8));
	CHECK_INT(tn_socket_sendall(s, bytes, BULK, 0), 0);
	CHECK_INT(tn_socket_shutdown(s, SHUT_WR), 0);
	return 0;
}

static void
test_tcp_echo(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s;
	struct tn_address a = check_name(listener), b;
	struct tn_group *group = check_group();
	unsigned char bytes[3000];
	size_t total = 0;
	ssize_t n;

	check_go(group, echo_one, listener);
	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
	CHECK_INT(tn_socket_connect(s, &a), 0);
	CHECK_INT(tn_socket_getpeername(s, &b), 0);
	CHECK(tn_address_equal(&a, &b));
	check_go(group, send_bulk, s);
	while ((n = tn_socket_recv(s, bytes, sizeof(bytes), 0)) > 0)
		for (ssize_t i = 0; i < n; i++, total++)
			CHECK(bytes[i] ==
			    (unsigned char)(total * 7 + (total >> 8)));
	CHECK_INT(n, 0);
	CHECK_INT(total, BULK);
	check_group_end(group);
	tn_socket_free(s);
	tn_socket_free(listener);
}

static void
test_properties(void)
{
	struct tn_socket *s;
	int on = 1, off = 0;
	socklen_t size = sizeof(off);

	CHECK_INT(tn_socket_open(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK,
		      IPPROTO_TCP, &s),
	    0);
	CHECK_INT(tn_socket_family(s), AF_INET6);
	CHECK_INT(tn_socket_type(s), SOCK_STREAM);
	CHECK_INT(tn_socket_proto(s), IPPROTO_TCP);
	CHECK(tn_socket_fileno(s) >= 0);
	CHECK(fcntl(tn_socket_fileno(s), F_GETFD) & FD_CLOEXEC);
	CHECK_INT(tn_socket_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on,
		      sizeof(on)),
	    0);
	CHECK_INT(
	    tn_socket_getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &off, &size), 0);
	CHECK_INT(off, 1);
	CHECK_INT(tn_socket_getsockopt(s, IPPROTO_TCP, 12345, &off, &size),
	    -ENOPROTOOPT);
	CHECK_INT(tn_socket_close(s), 0);
	CHECK_ERROR(tn_socket_close(s), -EBADF, "close: the socket is closed");
	CHECK_INT(tn_socket_fileno(s), -EBADF);
	CHECK_ERROR((int)tn_socket_recv(s, &off, 1, 0), -EBADF,
	    "recv: the socket is closed");
	tn_socket_free(s);
	tn_socket_free(NULL);
	CHECK_ERROR(tn_socket_open(AF_MAX, SOCK_STREAM, 0, &s), -EAFNOSUPPORT,
	    "socket: address family not supported");
}

static void
test_refused(void)
{
	struct tn_address a = { .size = sizeof(struct sockaddr_in) };
	struct tn_socket *s;

	a.storage.ss_family = AF_INET;
	((struct sockaddr_in *)&a.storage)->sin_addr.s_addr =
	    htonl(INADDR_LOOPBACK);
	tn_address_set_port(&a, check_dead_port());
	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
	CHECK_ERROR(tn_socket_connect(s, &a), -ECONNREFUSED,
	    check_printf("connect 127.0.0.1:%u: connection refused; no "
			 "program listens at that port",
		tn_address_port(&a)));
	tn_socket_free(s);
}

static void
test_reset(void)
{
	struct linger now = { 1, 0 };
	struct tn_socket *s[2];
	const char *peer;
	char byte;

	check_tcp_pair(s);
	peer = check_name_text(s[1]);
	CHECK_INT(tn_socket_setsockopt(s[1], SOL_SOCKET, SO_LINGER, &now,
		      sizeof(now)),
	    0);
	tn_socket_free(s[1]);
	CHECK_ERROR((int)tn_socket_recv(s[0], &byte, 1, 0), -ECONNRESET,
	    check_printf("recv from %s: connection reset by the peer", peer));
	CHECK_ERROR((int)tn_socket_send(s[0], "x", 1, 0), -EPIPE,
	    check_printf("send to %s: the other end is closed", peer));
	tn_socket_free(s[0]);
}

static void
test_flags(void)
{
	struct tn_socket *s[2];
	char bytes[8] = "";

	check_tcp_pair(s);
	CHECK_INT(tn_socket_recv(s[0], bytes, 8, MSG_DONTWAIT), -EAGAIN);
	CHECK_INT(tn_socket_sendall(s[1], "abcd", 4, 0), 0);
	CHECK_INT(tn_socket_wait_readable(s[0]), 0);
	CHECK_INT(tn_socket_recv(s[0], bytes, 2, MSG_PEEK), 2);
	CHECK_INT(tn_socket_recv(s[0], bytes, 3, MSG_WAITALL), 3);
	CHECK(memcmp(bytes, "abc", 3) == 0);
	CHECK_INT(tn_socket_recv(s[0], bytes, 8, MSG_DONTWAIT), 1);
	CHECK_INT(tn_socket_shutdown(s[1], SHUT_WR), 0);
	CHECK_INT(tn_socket_recv(s[0], bytes, 8, MSG_WAITALL), 0);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

static int
send_pieces(void *arg)
{
	struct tn_socket *s = arg;

	for (int i = 0; i < 5; i++) {
		CHECK_INT(tn_socket_sendall(s, "1234567890", 10, 0), 0);
		CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	}
	return 0;
}

static void
test_waitall(void)
{
	struct tn_group *group = check_group();
	struct tn_socket *s[2];
	char bytes[50];

	check_tcp_pair(s);
	check_go(group, send_pieces, s[1]);
	CHECK_INT(tn_socket_recv(s[0], bytes, 50, MSG_WAITALL), 50);
	check_group_end(group);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* ---- what it is called ------------------------------------------------- */

static void
test_describe(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s[2], *u;
	char out[200];

	listener->io.describe(&listener->io, out, sizeof(out));
	CHECK_TEXT(out, check_printf("tcp %s", check_name_text(listener)));
	check_tcp_pair(s);
	s[0]->io.describe(&s[0]->io, out, sizeof(out));
	CHECK_TEXT(out, check_printf("tcp %s -> %s", check_name_text(s[0]),
			    check_name_text(s[1])));
	s[1]->io.describe(&s[1]->io, out, sizeof(out));
	CHECK_TEXT(out, check_printf("tcp %s <- %s", check_name_text(s[1]),
			    check_name_text(s[0])));
	s[1]->io.describe(&s[1]->io, out, 8);
	CHECK_TEXT(out, "tcp 127");
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
	tn_socket_free(listener);
	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	s[0]->io.describe(&s[0]->io, out, sizeof(out));
	CHECK_TEXT(out, "unnamed");
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
	u = check_listen(check_unique("unix:@"));
	u->io.describe(&u->io, out, sizeof(out));
	CHECK_TEXT(out, check_unique("unix:@"));
	tn_socket_free(u);
}

/* ---- sendfile ---------------------------------------------------------- */

static void
test_sendfile(void)
{
	char name[] = "/tmp/tenon-test-XXXXXX", bytes[8];
	int file = mkstemp(name);
	struct linger now = { 1, 0 };
	struct tn_socket *s[2];
	int64_t offset = 2;

	CHECK(file >= 0);
	CHECK_INT(unlink(name), 0);
	CHECK_INT(write(file, "0123456789", 10), 10);
	check_tcp_pair(s);
	CHECK_INT(tn__socket_try_sendfile(s[0], file, &offset, 5), 5);
	CHECK_INT(offset, 7);
	CHECK_INT(tn_socket_recv(s[1], bytes, 5, MSG_WAITALL), 5);
	CHECK(memcmp(bytes, "23456", 5) == 0);

	/* Nobody at the other end: an error, not SIGPIPE. */
	CHECK_INT(tn_socket_setsockopt(s[1], SOL_SOCKET, SO_LINGER, &now,
		      sizeof(now)),
	    0);
	tn_socket_free(s[1]);
	CHECK_INT(tn_socket_wait_readable(s[0]), 0);
	CHECK_INT(tn__socket_try_sendfile(s[0], file, &offset, 1), -ECONNRESET);
	CHECK_INT(tn__socket_try_sendfile(s[0], file, &offset, 1), -EPIPE);
	CHECK_INT(offset, 7);
	tn_socket_free(s[0]);
	close(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_properties),
		CHECK_BOTH(test_tcp_echo),
		CHECK_BOTH(test_refused),
		CHECK_BOTH(test_reset),
		CHECK_BOTH(test_flags),
		CHECK_BOTH(test_waitall),
		CHECK_BOTH(test_describe),
		CHECK_BOTH(test_sendfile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
