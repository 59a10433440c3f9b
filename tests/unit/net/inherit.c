/* Sockets from elsewhere: by descriptor, as systemd gives them, and those that
 * a program hands down to itself.  Each test is a process that begins with
 * them: this program again, with its name as the argument. */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "net/socket.h"

/* ---- in the process ---------------------------------------------------- */

static const char *
path_of_listener(void)
{
	return getenv("TEST_PATH");
}

static struct tn_socket *
take(const char *address, int fd)
{
	struct tn_socket *s;

	CHECK_INT(tn_listen(address, NULL, &s), 0);
	CHECK_INT(tn_socket_fileno(s), fd);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	return s;
}

static void
by_name(void)
{
	struct tn_socket *s, *t;

	CHECK_INT(tn__inherit_count(), 4);
	s = take("systemd:dns", 4);
	CHECK_INT(tn_socket_type(s), SOCK_DGRAM);
	CHECK_ERROR(tn_listen("systemd:dns", NULL, &t), -ENOENT, "listen "
	    "systemd:dns: none of the 4 sockets that this process was given "
	    "has that name and is left; FileDescriptorName= of the .socket unit "
	    "gives it");
	tn_socket_free(s);
	tn_socket_free(take("systemd:", 3));
	tn_socket_free(take("SystemD:web", 6)); /* the second of that name */
	CHECK_ERROR(tn_listen("systemd:", NULL, &t), -ENOENT, "listen "
	    "systemd:: none of the 4 sockets that this process was given is "
	    "left");
}

/* What was asked for by its address is there already. */
static void
by_address(void)
{
	struct tn_socket *s, *t;
	const char *name;

	s = take("127.0.0.1:0", 3);
	name = check_name_text(s);
	CHECK_INT(tn_listen(name, NULL, &t), -EADDRINUSE); /* it is taken */
	tn_socket_free(s);
	s = take("udp:127.0.0.1:0", 4);
	tn_socket_free(s);

	/* The file is whose that handed it down, while he lives. */
	s = take(check_printf("unix:%s", path_of_listener()), 5);
	tn_socket_free(s);
	CHECK_INT(access(path_of_listener(), F_OK), 0);
}

/* A server's own way with them: it was a blocking one. */
static void
by_descriptor(void)
{
	struct tn_socket *listener = take("fd:3", 3), *s, *t;
	struct tn_address at = check_name(listener);
	char byte;

	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
	CHECK_INT(tn_socket_connect(s, &at), 0);
	CHECK_INT(tn_socket_accept(listener, &t, NULL), 0);
	CHECK_INT(tn_socket_sendall(s, "x", 1, 0), 0);
	CHECK_INT(tn_socket_recv(t, &byte, 1, 0), 1);
	CHECK_INT(tn__socket_try_accept(listener, &t, NULL), -EAGAIN);
	CHECK_ERROR(tn_listen(check_printf("fd:%d", tn_socket_fileno(s)), NULL,
	    &t), -EINVAL, check_printf("listen fd:%d: nobody listens there; "
	    "whoever made the socket has to call listen()",
	    tn_socket_fileno(s)));
	tn_socket_free(t);
	tn_socket_free(s);
	tn_socket_free(listener);
	tn_socket_free(take("fd:4", 4));
}

static void
wrong_descriptors(void)
{
	struct tn_socket *s;
	int pair[2], file = open("/dev/null", O_RDONLY);

	CHECK_ERROR(tn_listen("fd:900", NULL, &s), -EBADF, "listen fd:900: no "
	    "such descriptor; whoever starts this program has to open it, "
	    "without close-on-exec");
	CHECK_ERROR(tn_listen(check_printf("fd:%d", file), NULL, &s),
	    -ENOTSOCK, check_printf("listen fd:%d: it is no socket", file));
	CHECK_INT(fcntl(file, F_GETFL) & O_NONBLOCK, 0); /* left alone */
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_INT(tn_listen(check_printf("fd:%d", pair[0]), NULL, &s),
	    -EPROTOTYPE);
	CHECK_ERROR(tn_listen("fd:x", NULL, &s), -EINVAL,
	    "listen fd: a number has to follow, as in fd:3");
	CHECK_INT(tn_listen("fd:", NULL, &s), -EINVAL);
	CHECK_INT(tn_listen("fd:99999999999", NULL, &s), -EINVAL);
}

static void
none(void)
{
	struct tn_socket *s;

	CHECK_INT(tn__inherit_count(), 0);
	CHECK(tn__inherit_name(3).data == NULL);
	CHECK_ERROR(tn_listen("systemd:web", NULL, &s), -ENOENT, "listen "
	    "systemd:web: this process was given no sockets (LISTEN_FDS); a "
	    ".socket unit gives them, or systemd-socket-activate -l 8000 "
	    "PROGRAM");
	CHECK_INT(tn_listen("127.0.0.1:0", NULL, &s), 0);
	CHECK(tn_socket_fileno(s) > 6);
	tn_socket_free(s);
}

/* ---- starting it ------------------------------------------------------- */

static int
make_inet(int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);

	CHECK_INT(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		CHECK_INT(listen(fd, 10), 0);
	return fd;
}

static int
make_unix(const char *path)
{
	struct tn_address at;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK_INT(tn_address_from_path(tn_slice_str(path), &at), 0);
	unlink(path);
	CHECK_INT(bind(fd, (struct sockaddr *)&at.storage, at.size), 0);
	CHECK_INT(listen(fd, 10), 0);
	return fd;
}

static const struct row {
	const char *name;
	void (*test)(void);
	const char *count;
	bool other_pid;
} rows[] = {
	{ "by name", by_name, "4", false },
	{ "by address", by_address, "4", false },
	{ "by descriptor", by_descriptor, NULL, false },
	{ "wrong descriptors", wrong_descriptors, "4", false },
	{ "none", none, NULL, false },
	{ "not for us", none, "4", true },
	{ "a strange number", none, "4x", false },
};

static void
exec_row(const struct row *row, const int fds[4])
{
	char pid[16];

	for (int i = 0; i < 4; i++) /* out of the way of their places */
		CHECK(dup2(fds[i], 100 + i) >= 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(dup2(100 + i, 3 + i), 3 + i);
	snprintf(pid, sizeof(pid), "%d", row->other_pid ? getppid() : getpid());
	setenv("LISTEN_PID", pid, 1);
	if (row->count != NULL)
		setenv("LISTEN_FDS", row->count, 1);
	setenv("LISTEN_FDNAMES", "web:dns:handed-down:web", 1);
	execl("/proc/self/exe", "inherit", row->name, NULL);
	abort();
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	const char *path = check_unique("/tmp/");
	int fds[4] = { make_inet(SOCK_STREAM), make_inet(SOCK_DGRAM),
		make_unix(path), make_inet(SOCK_STREAM) };
	int status = -1;
	pid_t pid;

	setenv("TEST_PATH", path, 1);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		exec_row(row, fds);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	CHECK_INT(unlink(path), 0);
}

/* ---- a file handed down ------------------------------------------------ */

/* It goes when who handed it down is no more. */
static void
test_heir(void **state)
{
	const char *path = check_unique("/tmp/");

	for (int i = 0; i < 2; i++) {
		int fd = make_unix(path);
		struct tn_socket *s;

		CHECK_INT(tn_listen(check_printf("fd:%d", fd), NULL, &s), 0);
		CHECK_INT(tn__path_keep(s, path, i == 0 ? getppid() : getpid()),
		    0);
		tn_socket_free(s);
		CHECK_INT(access(path, F_OK), i == 0 ? 0 : -1);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_heir) };

	for (size_t i = 0; argc > 1 && i < TN_COUNT(rows); i++)
		if (strcmp(argv[1], rows[i].name) == 0) {
			rows[i].test();
			return 0;
		}
	return CHECK_ROWS(rows, test_row) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
