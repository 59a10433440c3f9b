/* The timeout of a socket, the default one, and the deadline of a scope around
 * them. */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <tenon/stream.h>

#define SHORT (30 * TN_MILLISECOND)
#define LONG (20 * TN_SECOND)

static const char short_words[] =
    "timed out after 30 ms, the timeout of the socket";

static void
pair_open(int type, struct tn_socket *ret[2])
{
	CHECK_INT(tn_socket_pair(AF_UNIX, type, 0, ret), 0);
}

static void
pair_free(struct tn_socket *s[2])
{
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* Sends until nothing more fits. */
static void
fill(struct tn_socket *s)
{
	static char bytes[65536];

	while (tn_socket_send(s, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

/* ---- each call --------------------------------------------------------- */

static ssize_t
call_recv(struct tn_socket *s)
{
	char byte;

	return tn_socket_recv(s, &byte, 1, 0);
}

static ssize_t
call_recv_all(struct tn_socket *s)
{
	char bytes[9];

	return tn_socket_recv(s, bytes, 9, MSG_WAITALL);
}

static ssize_t
call_recvfrom(struct tn_socket *s)
{
	struct tn_address from;
	char byte;

	return tn_socket_recvfrom(s, &byte, 1, 0, &from);
}

static ssize_t
call_recvmsg(struct tn_socket *s)
{
	char byte;
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	return tn_socket_recvmsg(s, &message, 0);
}

static ssize_t
call_recv_fds(struct tn_socket *s)
{
	size_t count = 1;
	char byte;
	int fd;

	return tn_socket_recv_fds(s, &byte, 1, &fd, &count, 0, NULL);
}

static ssize_t
call_send(struct tn_socket *s)
{
	return tn_socket_send(s, "x", 1, 0);
}

static ssize_t
call_sendall(struct tn_socket *s)
{
	return tn_socket_sendall(s, "x", 1, 0);
}

static ssize_t
call_sendmsg(struct tn_socket *s)
{
	char byte = 'x';
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	return tn_socket_sendmsg(s, &message, 0);
}

static ssize_t
call_accept(struct tn_socket *s)
{
	struct tn_socket *accepted;

	return tn_socket_accept(s, &accepted, NULL);
}

static const struct call {
	const char *name;
	ssize_t (*call)(struct tn_socket *s);
	const char *verb;
} calls[] = {
	{ "recv", call_recv, "recv" },
	{ "recv MSG_WAITALL", call_recv_all, "recv" },
	{ "recvfrom", call_recvfrom, "recv" },
	{ "recvmsg", call_recvmsg, "recv" },
	{ "recv_fds", call_recv_fds, "recv" },
	{ "send", call_send, "send" },
	{ "sendall", call_sendall, "send" },
	{ "sendmsg", call_sendmsg, "send" },
	{ "accept", call_accept, "accept" },
};

static void
call_times_out(const struct call *row, struct tn_socket *s, const char *where)
{
	const char *text = check_printf("%s%s: %s", row->verb, where,
	    short_words);
	tn_time start = tn_now();
	struct tn_scope scope;

	CHECK_INT(tn_socket_settimeout(s, SHORT), 0);
	CHECK_ERROR((int)row->call(s), -ETIMEDOUT, text);
	CHECK(check_ms_since(start) >= 29 && check_ms_since(start) < 5000);

	/* Inside a longer scope, which is not the one. */
	tn_scope_open(&scope, tn_after(LONG));
	CHECK_ERROR((int)row->call(s), -ETIMEDOUT, text);
	CHECK(!tn_scope_close(&scope));

	/* A shorter one is, and the line does not claim otherwise. */
	CHECK_INT(tn_socket_settimeout(s, LONG), 0);
	tn_scope_open(&scope, tn_after(SHORT));
	CHECK_ERROR((int)row->call(s), -ETIMEDOUT,
	    check_printf("%s%s: timed out", row->verb, where));
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_deadline(), TN_NEVER);

	CHECK_INT(tn_socket_settimeout(s, 0), 0);
	CHECK_INT(row->call(s), -EAGAIN);
	CHECK_INT(tn_socket_settimeout(s, -1), 0);
}

static void
test_calls(void)
{
	for (size_t i = 0; i < TN_COUNT(calls); i++) {
		struct tn_socket *s[2], *listener;

		if (calls[i].call == call_accept) {
			listener = check_listen("127.0.0.1:0");
			call_times_out(&calls[i], listener,
			    check_printf(" on %s", check_name_text(listener)));
			tn_socket_free(listener);
			continue;
		}
		pair_open(SOCK_STREAM, s);
		fill(s[0]);
		call_times_out(&calls[i], s[0], "");
		pair_free(s);
	}
}

/* Datagrams say whom. */
static void
test_sendto(void)
{
	struct tn_socket *to = check_listen(check_unique("unixgram:@")), *s;
	struct tn_address name = check_name(to);
	int i = 0;

	CHECK_INT(tn_socket_open(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, &s),
	    0);
	while (i < 100000 && tn_socket_sendto(s, "x", 1, 0, &name) == 1)
		i++;
	CHECK_INT(tn_socket_sendto(s, "x", 1, 0, &name), -EAGAIN);
	tn_socket_free(s);
	tn_socket_free(to);
}

/* ---- the whole of a call ----------------------------------------------- */

static int
read_slowly(void *arg)
{
	static char bytes[1024];
	ssize_t n;

	do {
		n = tn_socket_recv(arg, bytes, sizeof(bytes), 0);
		if (tn_sleep(2 * TN_MILLISECOND) < 0)
			break;
	} while (n > 0);
	return 0;
}

/* Each piece goes out in time, and all of them do not. */
static void
test_sendall_whole(void)
{
	static char bytes[4 << 20];
	struct tn_group *group = check_group();
	struct tn_socket *s[2];
	tn_time start;

	pair_open(SOCK_STREAM, s);
	check_go(group, read_slowly, s[1]);
	CHECK_INT(tn_socket_settimeout(s[0], 5 * SHORT), 0);
	start = tn_now();
	CHECK_ERROR(tn_socket_sendall(s[0], bytes, sizeof(bytes), 0),
	    -ETIMEDOUT,
	    "send: timed out after 150 ms, the timeout of the socket");
	CHECK(check_ms_since(start) >= 149 && check_ms_since(start) < 5000);
	tn_group_cancel(group);
	tn_group_free(group);
	pair_free(s);
}

/* What had come is returned; the timeout is the next call's. */
static void
test_waitall_part(void)
{
	struct tn_socket *s[2];
	char bytes[9];

	pair_open(SOCK_STREAM, s);
	CHECK_INT(tn_socket_settimeout(s[0], SHORT), 0);
	CHECK_INT(tn_socket_sendall(s[1], "abc", 3, 0), 0);
	CHECK_INT(tn_socket_recv(s[0], bytes, 9, MSG_WAITALL), 3);
	CHECK_INT(tn_socket_recv(s[0], bytes, 9, MSG_WAITALL), -ETIMEDOUT);
	pair_free(s);
}

static int
send_late(void *arg)
{
	CHECK_INT(tn_sleep(SHORT), 0);
	CHECK_INT(tn_socket_sendall(arg, "x", 1, 0), 0);
	return 0;
}

static void
test_in_time(void)
{
	struct tn_group *group = check_group();
	struct tn_socket *s[2];

	pair_open(SOCK_STREAM, s);
	CHECK_INT(tn_socket_settimeout(s[0], LONG), 0);
	check_go(group, send_late, s[1]);
	CHECK_INT(call_recv(s[0]), 1);
	check_group_end(group);

	/* Waiting for it is not a call of the timeout's. */
	group = check_group();
	CHECK_INT(tn_socket_setblocking(s[0], false), 0);
	CHECK_INT(call_recv(s[0]), -EAGAIN);
	check_go(group, send_late, s[1]);
	CHECK_INT(tn_socket_wait_readable(s[0]), 0);
	CHECK_INT(call_recv(s[0]), 1);
	check_group_end(group);
	pair_free(s);
}

/* ---- connecting -------------------------------------------------------- */

/* A Unix listener whose queue is full answers nobody. */
static void
test_connect(void)
{
	struct tn_socket *listener, *callers[4], *s;
	struct tn_address to;
	size_t n = 0;

	CHECK_INT(tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &listener), 0);
	CHECK_INT(tn_address_from_path(
		      tn_slice_str(check_unique("@full")), &to),
	    0);
	CHECK_INT(tn_socket_bind(listener, &to), 0);
	CHECK_INT(tn_socket_listen(listener, 0), 0);
	CHECK_INT(tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &s), 0);
	CHECK_INT(tn_socket_settimeout(s, SHORT), 0);
	while (tn_socket_connect(s, &to) == 0) {
		callers[n++] = s;
		CHECK(n < TN_COUNT(callers));
		CHECK_INT(tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &s), 0);
		CHECK_INT(tn_socket_settimeout(s, SHORT), 0);
	}
	CHECK_TEXT(tn_error_text(), check_printf("connect %s: %s",
	    check_unique("unix:@full"), short_words));
	CHECK_INT(tn_socket_connect_ex(s, &to), ETIMEDOUT);
	CHECK_INT(tn_socket_setblocking(s, false), 0);
	CHECK_INT(tn_socket_connect(s, &to), -EAGAIN);
	CHECK_INT(tn_socket_connect_ex(s, &to), EAGAIN);
	tn_socket_free(s);
	while (n > 0)
		tn_socket_free(callers[--n]);
	tn_socket_free(listener);
}

static void
test_connect_nonblocking(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s;
	struct tn_address to = check_name(listener);
	int error = -1, r;
	socklen_t size = sizeof(error);

	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
	CHECK_INT(tn_socket_setblocking(s, false), 0);
	r = tn_socket_connect(s, &to);
	CHECK(r == -EINPROGRESS || r == 0);
	CHECK_INT(tn_socket_wait_writable(s), 0);
	CHECK_INT(tn_socket_getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size),
	    0);
	CHECK_INT(error, 0);
	r = tn_socket_connect_ex(s, &to);
	CHECK(r == 0 || r == EISCONN);
	CHECK_INT(tn_socket_connect_ex(s, &to), EISCONN);
	tn_socket_free(s);
	tn_socket_free(listener);
}

/* ---- what it is -------------------------------------------------------- */

static void
test_values(void)
{
	struct tn_socket *s;

	CHECK_INT(tn_socket_open(AF_INET, SOCK_DGRAM, 0, &s), 0);
	CHECK_INT(tn_socket_gettimeout(s), -1);
	CHECK(tn_socket_getblocking(s));
	CHECK_INT(tn_socket_setblocking(s, false), 0);
	CHECK_INT(tn_socket_gettimeout(s), 0);
	CHECK(!tn_socket_getblocking(s));
	CHECK_INT(tn_socket_settimeout(s, 5 * TN_SECOND), 0);
	CHECK_INT(tn_socket_gettimeout(s), 5 * TN_SECOND);
	CHECK(tn_socket_getblocking(s));
	CHECK_ERROR(tn_socket_settimeout(s, -2), -EINVAL,
	    "settimeout: a timeout is -1 (none), 0 (do not wait) or a span, "
	    "not -2");
	CHECK_INT(tn_socket_gettimeout(s), 5 * TN_SECOND);
	CHECK_INT(tn_socket_setblocking(s, true), 0);
	CHECK_INT(tn_socket_gettimeout(s), -1);
	CHECK_INT(tn_socket_settimeout(s, TN_NEVER), 0);
	CHECK_INT(tn_socket_close(s), 0);
	CHECK_ERROR(tn_socket_settimeout(s, 1), -EBADF,
	    "settimeout: the socket is closed");
	tn_socket_free(s);
}

static void
test_default(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s[2], *u;
	struct tn_address to = check_name(listener);
	char port[8];

	CHECK_INT(tn_net_getdefaulttimeout(), -1);
	CHECK_ERROR(tn_net_setdefaulttimeout(-7), -EINVAL,
	    "setdefaulttimeout: a timeout is -1 (none), 0 (do not wait) or a "
	    "span, not -7");
	CHECK_INT(tn_net_setdefaulttimeout(SHORT), 0);
	CHECK_INT(tn_net_getdefaulttimeout(), SHORT);
	CHECK_INT(tn_socket_gettimeout(listener), -1);
	snprintf(port, sizeof(port), "%u", tn_address_port(&to));
	CHECK_INT(tn_net_create_connection("127.0.0.1", port, NULL, &s[0]), 0);
	CHECK_INT(tn_socket_accept(listener, &s[1], NULL), 0);
	CHECK_INT(tn_socket_gettimeout(s[0]), SHORT);
	CHECK_INT(tn_socket_gettimeout(s[1]), SHORT);
	CHECK_INT(call_recv(s[1]), -ETIMEDOUT);
	CHECK_INT(tn_socket_open(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0, &u),
	    0);
	CHECK_INT(tn_socket_gettimeout(u), 0);
	pair_free(s);
	tn_socket_free(u);

	CHECK_INT(tn_net_setdefaulttimeout(0), 0);
	pair_open(SOCK_STREAM, s);
	CHECK_INT(call_recv(s[0]), -EAGAIN);
	pair_free(s);
	CHECK_INT(tn_net_create_connection("127.0.0.1", port, NULL, &s[0]), 0);
	CHECK(!tn_socket_getblocking(s[0]));
	tn_socket_free(s[0]);
	CHECK_INT(tn_net_setdefaulttimeout(-1), 0);
	tn_socket_free(listener);
}

/* ---- a descriptor from elsewhere --------------------------------------- */

static void
test_foreign(void)
{
	struct tn_socket *s, *copy;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(tn_socket_from_fd(fds[0], &s), 0);
	CHECK_INT(write(fds[1], "a", 1), 1);
	CHECK_INT(call_recv(s), 1); /* once in the poller, level-triggered */
	CHECK_INT(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_INT(tn_socket_settimeout(s, SHORT), 0);
	CHECK_INT(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_INT(call_recv(s), -ETIMEDOUT);
	CHECK_INT(write(fds[1], "a", 1), 1);
	CHECK_INT(call_recv(s), 1);

	CHECK_INT(tn_socket_dup(s, &copy), 0);
	CHECK_INT(tn_socket_gettimeout(copy), SHORT);
	tn_socket_free(copy);
	tn_socket_free(s);
	close(fds[1]);
}

/* The descriptor of a socket that could not be made is still the caller's. */
static void
test_foreign_default(void)
{
	struct tn_socket *s;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(tn_net_setdefaulttimeout(SHORT), 0);
	CHECK_INT(tn_socket_from_fd(fds[0], &s), 0);
	CHECK_INT(tn_net_setdefaulttimeout(-1), 0);
	CHECK_INT(tn_socket_gettimeout(s), SHORT);
	CHECK_INT(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_INT(call_recv(s), -ETIMEDOUT);
	tn_socket_free(s);
	close(fds[1]);
}

/* ---- a stream ---------------------------------------------------------- */

static void
test_stream(void)
{
	struct tn_stream *stream;
	struct tn_socket *s[2];
	struct tn_scope scope;
	struct tn_slice got;

	pair_open(SOCK_STREAM, s);
	CHECK_INT(tn_socket_setblocking(s[0], false), 0);
	CHECK_ERROR(tn_stream_from_socket(s[0], &stream), -EINVAL,
	    "stream over a socket: it has a timeout of 0, and a stream has to "
	    "wait; tn_socket_setblocking() it first");
	CHECK_INT(tn_socket_settimeout(s[0], SHORT), 0);
	CHECK_INT(tn_stream_from_socket(s[0], &stream), 0);
	tn_scope_open(&scope, tn_after(LONG));
	CHECK_ERROR((int)tn_stream_fill(stream, 1, &got), -ETIMEDOUT,
	    check_printf("read from unnamed socket: %s", short_words));
	CHECK(!tn_scope_close(&scope));
	tn_scope_open(&scope, tn_after(0));
	CHECK_ERROR((int)tn_stream_fill(stream, 1, &got), -ETIMEDOUT,
	    "read from unnamed socket: timed out");
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_socket_sendall(s[1], "abc", 3, 0), 0);
	CHECK_INT(tn_stream_fill(stream, 3, &got), 3);
	tn_stream_free(stream);
	tn_socket_free(s[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_calls),
		CHECK_BOTH(test_sendto),
		CHECK_BOTH(test_sendall_whole),
		CHECK_BOTH(test_waitall_part),
		CHECK_BOTH(test_in_time),
		CHECK_BOTH(test_connect),
		CHECK_BOTH(test_connect_nonblocking),
		CHECK_BOTH(test_values),
		CHECK_BOTH(test_default),
		CHECK_BOTH(test_foreign),
		CHECK_BOTH(test_foreign_default),
		CHECK_BOTH(test_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
