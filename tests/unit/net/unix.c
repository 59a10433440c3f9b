/* Datagrams, Unix sockets of every type, passing descriptors, and descriptors
 * from elsewhere. */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

static struct tn_socket *
open_socket(int family, int type)
{
	struct tn_socket *s;

	CHECK_INT(tn_socket_open(family, type, 0, &s), 0);
	return s;
}

/* ---- UDP --------------------------------------------------------------- */

static void
test_udp(void)
{
	struct tn_socket *server = check_listen("udp:127.0.0.1:0");
	struct tn_socket *client = open_socket(AF_INET, SOCK_DGRAM);
	struct tn_address to = check_name(server), from, mine;
	struct tn_scope scope;
	char bytes[16];

	CHECK_INT(tn_socket_type(server), SOCK_DGRAM);
	CHECK_INT(tn_socket_sendto(client, "hello", 5, 0, &to), 5);
	CHECK_INT(tn_socket_sendto(client, "", 0, 0, &to), 0);
	CHECK_INT(tn_socket_recvfrom(server, bytes, sizeof(bytes), 0, &from),
	    5);
	mine = check_name(client);
	CHECK_INT(tn_address_port(&from), tn_address_port(&mine));
	CHECK_INT(tn_socket_recvfrom(server, bytes, sizeof(bytes), 0, NULL), 0);
	tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
	CHECK_ERROR((int)tn_socket_recvfrom(server, bytes, 1, 0, &from),
	    -ETIMEDOUT,
	    check_printf("recv on %s: timed out", check_name_text(server)));
	CHECK(tn_scope_close(&scope));

	CHECK_INT(tn_socket_connect(client, &to), 0);
	CHECK_INT(tn_socket_send(client, "one", 3, 0), 3);
	CHECK_INT(tn_socket_recv(server, bytes, 2, 0), 2); /* the rest: lost */
	tn_socket_free(server);
	CHECK_INT(tn_socket_send(client, "two", 3, 0), 3);
	CHECK_INT(tn_socket_recv(client, bytes, 1, 0), -ECONNREFUSED);
	tn_socket_free(client);
}

static void
test_udp_too_long(void)
{
	static const char bytes[70000];
	struct tn_socket *server = check_listen("udp:[::1]:0");
	struct tn_socket *client = open_socket(AF_INET6, SOCK_DGRAM);
	struct tn_address to = check_name(server);

	CHECK_ERROR((int)tn_socket_sendto(client, bytes, sizeof(bytes), 0, &to),
	    -EMSGSIZE,
	    check_printf("send to %s: message too long; a datagram has "
		"to fit as a whole",
		check_name_text(server)));
	tn_socket_free(server);
	tn_socket_free(client);
}

/* ---- Unix -------------------------------------------------------------- */

static void
unix_echo(struct tn_socket *listener, int type)
{
	struct tn_address to = check_name(listener), from;
	struct tn_socket *client = open_socket(AF_UNIX, type), *s;
	char bytes[16], text[TN_ADDRESS_TEXT_MAX];

	CHECK_INT(tn_socket_connect(client, &to), 0);
	CHECK_INT(tn_socket_accept(listener, &s, &from), 0);
	CHECK_TEXT(tn_address_format(&from, text), "unix:");
	CHECK_INT(tn_socket_send(client, "ab", 2, 0), 2);
	CHECK_INT(tn_socket_send(client, "c", 1, 0), 1);
	CHECK_INT(tn_socket_recvfrom(s, bytes, sizeof(bytes), 0, &from),
	    type == SOCK_STREAM ? 3 : 2);
	CHECK_INT(from.storage.ss_family, AF_UNIX);
	tn_socket_free(client);
	if (type != SOCK_STREAM)
		CHECK_INT(tn_socket_recv(s, bytes, sizeof(bytes), 0), 1);
	CHECK_INT(tn_socket_recv(s, bytes, sizeof(bytes), 0), 0);
	tn_socket_free(s);
	tn_socket_free(listener);
}

static void
test_unix_stream(void)
{
	const char *path = check_unique("unix:/tmp/");

	unix_echo(check_listen(path), SOCK_STREAM);
	CHECK_INT(access(path + strlen("unix:"), F_OK), -1);
	unix_echo(check_listen(check_unique("unix:@")), SOCK_STREAM);
}

static void
test_unix_seqpacket(void)
{
	struct tn_socket *s = open_socket(AF_UNIX, SOCK_SEQPACKET), *pair[2];
	struct tn_address a;
	char bytes[8];

	CHECK_INT(tn_address_from_path(tn_slice_str(check_unique("@")), &a),
	    0);
	CHECK_INT(tn_socket_bind(s, &a), 0);
	CHECK_INT(tn_socket_listen(s, 1), 0);
	unix_echo(s, SOCK_SEQPACKET);

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		      pair),
	    0);
	CHECK_INT(tn_socket_type(pair[1]), SOCK_SEQPACKET);
	CHECK_INT(tn_socket_send(pair[0], "abc", 3, 0), 3);
	CHECK_INT(tn_socket_send(pair[0], "de", 2, 0), 2);
	CHECK_INT(tn_socket_recv(pair[1], bytes, 8, 0), 3);
	CHECK_INT(tn_socket_recv(pair[1], bytes, 8, 0), 2);
	tn_socket_free(pair[0]);
	tn_socket_free(pair[1]);
}

static void
test_unix_datagram(void)
{
	struct tn_socket *server = check_listen(check_unique("unixgram:@"));
	struct tn_socket *client = open_socket(AF_UNIX, SOCK_DGRAM);
	struct tn_address to = check_name(server), from, mine;
	char bytes[8], text[TN_ADDRESS_TEXT_MAX];
	struct tn_scope scope;

	CHECK_INT(tn_socket_sendto(client, "x", 1, 0, &to), 1);
	CHECK_INT(tn_socket_recvfrom(server, bytes, 8, 0, &from), 1);
	CHECK_TEXT(tn_address_format(&from, text), "unix:");
	CHECK_INT(tn_address_from_path(tn_slice_str(check_unique("@2")), &mine),
	    0);
	CHECK_INT(tn_socket_bind(client, &mine), 0);
	CHECK_ERROR(tn_socket_bind(client, &mine), -EINVAL,
	    check_printf("bind %s: invalid argument",
		check_unique("unix:@2")));
	CHECK_INT(tn_socket_sendto(client, "x", 1, 0, &to), 1);
	CHECK_INT(tn_socket_recvfrom(server, bytes, 8, 0, &from), 1);
	CHECK(tn_address_equal(&from, &mine));

	/* A full queue: the sender waits. */
	tn_scope_open(&scope, tn_after(20 * TN_MILLISECOND));
	while (tn_socket_sendto(client, "x", 1, 0, &to) == 1)
		;
	CHECK_INT(tn_error_code(), -ETIMEDOUT);
	CHECK_TEXT(tn_error_text(), check_printf("send to %s: timed out",
					check_name_text(server)));
	CHECK(tn_scope_close(&scope));
	tn_socket_free(client);
	tn_socket_free(server);
}

static int
accept_later(void *arg)
{
	struct tn_socket *s;

	CHECK_INT(tn_sleep(20 * TN_MILLISECOND), 0);
	CHECK_INT(tn_socket_accept(arg, &s, NULL), 0);
	tn_socket_free(s);
	return 0;
}

/* A Unix listener whose queue is full answers EAGAIN, and no event comes. */
static void
test_unix_backlog(void)
{
	struct tn_listen_options options = { .backlog = 1 };
	struct tn_group *group = check_group();
	struct tn_socket *listener, *queued[2], *client;
	struct tn_address a;
	struct tn_scope scope;

	CHECK_INT(tn_listen(check_unique("unix:@"), &options, &listener), 0);
	a = check_name(listener);
	for (int i = 0; i < 2; i++) {
		queued[i] = open_socket(AF_UNIX, SOCK_STREAM);
		CHECK_INT(tn_socket_connect(queued[i], &a), 0);
	}
	client = open_socket(AF_UNIX, SOCK_STREAM);
	tn_scope_open(&scope, tn_after(20 * TN_MILLISECOND));
	CHECK_ERROR(tn_socket_connect(client, &a), -ETIMEDOUT,
	    check_printf("connect %s: timed out", check_name_text(listener)));
	CHECK(tn_scope_close(&scope));
	check_go(group, accept_later, listener);
	CHECK_INT(tn_socket_connect(client, &a), 0);
	check_group_end(group);
	tn_socket_free(queued[0]);
	tn_socket_free(queued[1]);
	tn_socket_free(client);
	tn_socket_free(listener);
}

/* ---- passing descriptors ----------------------------------------------- */

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void
send_fd(struct tn_socket *s, int fd)
{
	char byte = '!';
	struct iovec vector = { &byte, 1 };
	union control control = { .header = {
				      .cmsg_len = CMSG_LEN(sizeof(int)),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS,
				  } };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	CHECK_INT(tn_socket_sendmsg(s, &message, 0), 1);
}

static int
recv_fd(struct tn_socket *s)
{
	char byte;
	struct iovec vector = { &byte, 1 };
	union control control;
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	CHECK_INT(tn_socket_recvmsg(s, &message, 0), 1);
	CHECK_INT(byte, '!');
	CHECK(CMSG_FIRSTHDR(&message) != NULL);
	CHECK_INT(control.header.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

static void
test_pass_descriptor(void)
{
	struct tn_socket *s[2], *tcp[2], *passed;
	char bytes[4];
	int fd;

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	check_tcp_pair(tcp);
	send_fd(s[0], tn_socket_fileno(tcp[1]));
	tn_socket_free(tcp[1]);
	fd = recv_fd(s[1]);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(tn_socket_from_fd(fd, &passed), 0);
	CHECK_INT(tn_socket_family(passed), AF_INET);
	CHECK_INT(tn_socket_proto(passed), IPPROTO_TCP);
	CHECK_INT(tn_socket_sendall(passed, "hi", 2, 0), 0);
	CHECK_INT(tn_socket_recv(tcp[0], bytes, 4, 0), 2);
	tn_socket_free(passed);
	tn_socket_free(tcp[0]);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* ---- what a short read leaves behind ----------------------------------- */

struct left {
	struct tn_socket *s[2];
	int flags; /* of the first calls */
};

/* Woken once, it finds by itself what each call left: no edge tells of that
 * again. */
static int
recv_left(void *arg)
{
	struct left *left = arg;
	struct tn_socket *s = left->s[1];
	struct tn_scope scope;
	char bytes[100];

	tn_scope_open(&scope, tn_after(5 * TN_SECOND));
	CHECK_INT(tn_socket_recv(s, bytes, sizeof(bytes), left->flags), 1);
	CHECK_INT(tn_socket_recvfrom(s, bytes, sizeof(bytes), left->flags,
		      NULL),
	    1);
	CHECK_INT(tn_socket_recv(s, bytes, sizeof(bytes), 0), 1);
	CHECK(!tn_scope_close(&scope));
	return 0;
}

static void
left_check(struct left *left, void (*send)(struct tn_socket *))
{
	struct tn_group *group = check_group();

	check_go(group, recv_left, left);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	send(left->s[0]);
	check_group_end(group);
	tn_socket_free(left->s[0]);
	tn_socket_free(left->s[1]);
}

static void
send_three(struct tn_socket *s)
{
	for (int i = 0; i < 3; i++)
		CHECK_INT(tn_socket_send(s, "x", 1, 0), 1);
}

/* A read ends where a descriptor comes with the bytes. */
static void
send_three_fds(struct tn_socket *s)
{
	for (int i = 0; i < 3; i++)
		send_fd(s, STDERR_FILENO);
}

static void
send_once(struct tn_socket *s)
{
	CHECK_INT(tn_socket_send(s, "x", 1, 0), 1);
}

static void
test_left(void)
{
	struct left fds = { 0 }, datagrams = { 0 }, udp = { 0 };
	struct left peek = { .flags = MSG_PEEK };
	struct tn_address to;

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, fds.s), 0);
	left_check(&fds, send_three_fds);
	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_DGRAM, 0, datagrams.s), 0);
	left_check(&datagrams, send_three);
	udp.s[0] = open_socket(AF_INET, SOCK_DGRAM);
	udp.s[1] = check_listen("udp:127.0.0.1:0");
	to = check_name(udp.s[1]);
	CHECK_INT(tn_socket_connect(udp.s[0], &to), 0);
	left_check(&udp, send_three);
	check_tcp_pair(peek.s);
	left_check(&peek, send_once);
}

/* ---- descriptors from elsewhere ---------------------------------------- */

static int
send_later(void *arg)
{
	CHECK_INT(tn_sleep(10 * TN_MILLISECOND), 0);
	CHECK_INT(tn_socket_sendall(arg, "later", 5, 0), 0);
	return 0;
}

/* Somebody's blocking descriptor stays blocking and yet stops no loop. */
static void
test_foreign(void)
{
	struct tn_group *group = check_group();
	struct tn_socket *s[2];
	struct tn_scope scope;
	char bytes[8];
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(tn_socket_from_fd(fds[i], &s[i]), 0);
	check_go(group, send_later, s[1]);
	for (int i = 0; i < 5; i++)
		CHECK_INT(tn_socket_recv(s[0], bytes, 1, 0), 1);
	check_group_end(group);
	CHECK_INT(tn_socket_recv(s[0], bytes, 1, MSG_DONTWAIT), -EAGAIN);
	tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
	CHECK_ERROR((int)tn_socket_recv(s[0], bytes, 1, 0), -ETIMEDOUT,
	    "recv: timed out");
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_socket_sendall(s[1], "a", 1, 0), 0);
	CHECK_INT(tn_socket_wait_readable(s[0]), 0);
	CHECK_INT(tn_socket_recv(s[0], bytes, 8, 0), 1);

	CHECK(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
	CHECK_INT(tn_socket_detach(s[1]), fds[1]);
	CHECK_INT(write(fds[1], "b", 1), 1);
	CHECK_INT(tn_socket_recv(s[0], bytes, 8, 0), 1);
	CHECK_INT(close(fds[1]), 0);
	CHECK_INT(tn_socket_recv(s[0], bytes, 8, 0), 0);
	CHECK_INT(tn_socket_close(s[0]), 0);
	CHECK_ERROR(tn_socket_detach(s[0]), -EBADF,
	    "detach: the socket is closed");
}

static void
test_foreign_listener(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct tn_socket *listener, *client, *s;
	struct tn_address a;
	struct tn_scope scope;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK_INT(bind(fd, (struct sockaddr *)&un, sizeof(sa_family_t)), 0);
	CHECK_INT(listen(fd, 5), 0);
	CHECK_INT(tn_socket_from_fd(fd, &listener), 0);
	a = check_name(listener);
	tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
	CHECK_INT(tn_socket_accept(listener, &s, NULL), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	client = open_socket(AF_UNIX, SOCK_STREAM);
	CHECK_INT(tn_socket_connect(client, &a), 0);
	CHECK_INT(tn_socket_accept(listener, &s, NULL), 0);
	CHECK(fcntl(tn_socket_fileno(s), F_GETFL) & O_NONBLOCK);
	tn_socket_free(s);
	tn_socket_free(client);
	tn_socket_free(listener);
}

static void
test_no_socket(void)
{
	struct tn_socket *s;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_ERROR(tn_socket_from_fd(fds[0], &s), -ENOTSOCK,
	    check_printf("descriptor %d as a socket: not a socket", fds[0]));
	CHECK_INT(close(fds[0]), 0);
	CHECK_INT(close(fds[1]), 0);
	CHECK_INT(tn_socket_from_fd(-1, &s), -EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_udp),
		CHECK_BOTH(test_udp_too_long),
		CHECK_BOTH(test_unix_stream),
		CHECK_BOTH(test_unix_seqpacket),
		CHECK_BOTH(test_unix_datagram),
		CHECK_BOTH(test_unix_backlog),
		CHECK_BOTH(test_pass_descriptor),
		CHECK_BOTH(test_left),
		CHECK_BOTH(test_foreign),
		CHECK_BOTH(test_foreign_listener),
		CHECK_BOTH(test_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
