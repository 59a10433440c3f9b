/* Descriptors that travel with bytes: each arrives once and for all, or is
 * closed; none is left behind. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>

static int
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

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

/* `count` pipes' writing ends. */
static void
send_pipes(struct tn_socket *s, const char *bytes, size_t count,
    int ret_readers[])
{
	int writers[TN_SOCKET_FDS_MAX], ends[2];

	for (size_t i = 0; i < count; i++) {
		CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
		ret_readers[i] = ends[0];
		writers[i] = ends[1];
	}
	CHECK_INT(tn_socket_send_fds(s, bytes, strlen(bytes), writers, count,
		      0),
	    strlen(bytes));
	for (size_t i = 0; i < count; i++)
		close(writers[i]);
}

/* Only the reader is left: everybody else has closed the writing end. */
static void
check_hung_up(int reader)
{
	char byte;

	CHECK_INT(read(reader, &byte, 1), 0);
	close(reader);
}

/* ---- what arrives ------------------------------------------------------ */

static const struct passing {
	const char *name;
	int type;
	size_t sent, room, come;
	int flags;
} passings[] = {
	{ "one", SOCK_STREAM, 1, 1, 1, 0 },
	{ "room for more", SOCK_STREAM, 2, 9, 2, 0 },
	{ "one of two", SOCK_STREAM, 2, 1, 1, MSG_CTRUNC },
	{ "two of five", SOCK_DGRAM, 5, 2, 2, MSG_CTRUNC },
	{ "three of four", SOCK_SEQPACKET, 4, 3, 3, MSG_CTRUNC },
	{ "no room", SOCK_SEQPACKET, 3, 0, 0, MSG_CTRUNC },
	{ "none sent", SOCK_STREAM, 0, 4, 0, 0 },
	{ "as many as go", SOCK_DGRAM, TN_SOCKET_FDS_MAX, TN_SOCKET_FDS_MAX,
	    TN_SOCKET_FDS_MAX, 0 },
};

static void
pass(const struct passing *row)
{
	int readers[TN_SOCKET_FDS_MAX], fds[TN_SOCKET_FDS_MAX];
	size_t count = row->room;
	struct tn_socket *s[2];
	int flags = -1;
	char bytes[8];

	pair_open(row->type, s);
	send_pipes(s[0], "hello", row->sent, readers);
	CHECK_INT(tn_socket_recv_fds(s[1], bytes, sizeof(bytes), fds, &count,
		      0, &flags),
	    5);
	CHECK(memcmp(bytes, "hello", 5) == 0);
	CHECK_INT(count, row->come);
	CHECK_INT(flags & MSG_CTRUNC, row->flags);
	for (size_t i = 0; i < count; i++) {
		CHECK_INT(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		CHECK_INT(write(fds[i], "x", 1), 1);
		CHECK_INT(read(readers[i], bytes, 1), 1);
		close(fds[i]);
	}
	for (size_t i = 0; i < row->sent; i++)
		check_hung_up(readers[i]);
	pair_free(s);
}

static void
test_passing(void)
{
	pass(&passings[0]); /* what a thread opens once for all is open now */
	for (size_t i = 0; i < TN_COUNT(passings); i++) {
		int before = descriptors();

		pass(&passings[i]);
		CHECK_INT(descriptors(), before);
	}
}

/* Who asked for none has none. */
static void
test_plain_recv(void)
{
	struct tn_socket *s[2];
	int reader;
	char byte;

	pair_open(SOCK_STREAM, s);
	send_pipes(s[0], "a", 1, &reader);
	CHECK_INT(tn_socket_recv(s[1], &byte, 1, 0), 1);
	check_hung_up(reader);
	pair_free(s);
}

/* Those of two messages do not run together, though the bytes of a stream
 * do. */
static void
test_two_messages(void)
{
	int readers[2], fds[8];
	struct tn_socket *s[2];
	size_t count = 8;
	char bytes[8];

	pair_open(SOCK_STREAM, s);
	send_pipes(s[0], "ab", 1, &readers[0]);
	send_pipes(s[0], "cd", 1, &readers[1]);
	CHECK_INT(tn_socket_recv_fds(s[1], bytes, 8, fds, &count, 0, NULL), 2);
	CHECK_INT(count, 1);
	close(fds[0]);
	check_hung_up(readers[0]);
	count = 8;
	CHECK_INT(tn_socket_recv_fds(s[1], bytes, 8, fds, &count, 0, NULL), 2);
	CHECK_INT(count, 1);
	close(fds[0]);
	check_hung_up(readers[1]);
	count = 8;
	tn_socket_free(s[0]);
	CHECK_INT(tn_socket_recv_fds(s[1], bytes, 8, fds, &count, 0, NULL), 0);
	CHECK_INT(count, 0);
	tn_socket_free(s[1]);
}

/* A socket goes over a socket, and works at the other end. */
static void
test_socket(void)
{
	struct tn_socket *way[2], *s[2], *got;
	size_t count = 1;
	char bytes[4];
	int fd;

	pair_open(SOCK_SEQPACKET, way);
	check_tcp_pair(s);
	fd = tn_socket_fileno(s[0]);
	CHECK_INT(tn_socket_send_fds(way[0], "", 0, &fd, 1, 0), 0);
	tn_socket_free(s[0]);
	CHECK_INT(tn_socket_recv_fds(way[1], bytes, 4, &fd, &count, 0, NULL),
	    0);
	CHECK_INT(count, 1);
	CHECK_INT(tn_socket_from_fd(fd, &got), 0);
	CHECK_INT(tn_socket_send(got, "abc", 3, 0), 3);
	CHECK_INT(tn_socket_recv(s[1], bytes, 4, 0), 3);
	tn_socket_free(got);
	tn_socket_free(s[1]);
	pair_free(way);
}

/* ---- what is refused --------------------------------------------------- */

static void
test_refused(void)
{
	int fds[TN_SOCKET_FDS_MAX + 1] = { -1 };
	struct tn_socket *s[2], *tcp[2];
	size_t count = 1;
	char byte;

	pair_open(SOCK_STREAM, s);
	check_tcp_pair(tcp);
	CHECK_ERROR((int)tn_socket_send_fds(tcp[0], "x", 1, fds, 1, 0),
	    -EOPNOTSUPP,
	    "send_fds: descriptors travel over Unix sockets only");
	CHECK_ERROR((int)tn_socket_recv_fds(tcp[0], &byte, 1, fds, &count, 0,
			NULL),
	    -EOPNOTSUPP,
	    "recv_fds: descriptors travel over Unix sockets only");
	CHECK_ERROR((int)tn_socket_send_fds(s[0], "x", 1, fds,
			TN_COUNT(fds), 0),
	    -EINVAL, "send_fds: 254 descriptors, but at most 253 go together");
	CHECK_ERROR((int)tn_socket_send_fds(s[0], "", 0, fds, 1, 0), -EINVAL,
	    "send_fds: on a stream they go with at least one byte");
	CHECK_INT(tn_socket_send_fds(s[0], "x", 1, fds, 1, 0), -EBADF);
	CHECK_INT(tn_socket_recv_fds(s[1], &byte, 1, fds, &count, MSG_DONTWAIT,
		      NULL),
	    -EAGAIN);
	CHECK_INT(count, 1);
	pair_free(s);
	pair_free(tcp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_passing),
		CHECK_BOTH(test_plain_recv),
		CHECK_BOTH(test_two_messages),
		CHECK_BOTH(test_socket),
		CHECK_BOTH(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
