/* Streams over descriptors of somebody else's: pipes, a terminal, files. */
#include "carrier.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int
in_loop(int (*test)(void *))
{
	CHECK_INT(test(NULL), 0);
	return tn_run(test, NULL, NULL);
}

/* ---- pipes ------------------------------------------------------------- */

static int
pipe_talk(void *arg)
{
	struct tn_stream *in, *out;
	struct tn_scope scope;
	struct tn_slice got;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(tn_stream_from_fd(fds[0], &in), 0);
	CHECK_INT(tn_stream_from_fd(fds[1], &out), 0);

	tn_scope_open(&scope, tn_after(5 * TN_MILLISECOND));
	CHECK_INT(tn_stream_fill(in, 1, &got), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK(in->in == NULL);

	/* Pushed when the fiber waits for the other end. */
	CHECK_INT(tn_stream_write(out, TN_SLICE("hello\n")), 0);
	CHECK_INT(tn_stream_read_line(in, TN_LINE_ANY, 80, &got), 1);
	CHECK_SLICE(got, "hello");

	/* The flags of a descriptor that others share stay as they are, and
	 * freeing the stream does not close it. */
	CHECK_INT(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_INT(tn_stream_close(out), 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	close(fds[1]);
	CHECK_INT(tn_stream_fill(in, 2, &got), 1);
	tn_stream_consume(in, 1);
	CHECK_INT(tn_stream_fill(in, 1, &got), 0);
	tn_stream_free(in);
	CHECK_INT(close(fds[0]), 0);
	return 0;
}

static void
test_pipe(void **state)
{
	CHECK_INT(in_loop(pipe_talk), 0);
}

/* A megabyte through a blocking pipe, both ends on one loop: neither a read nor
 * a write may block it. */
#define PIPE_BYTES ((size_t)1 << 20)

static int
pipe_writer(void *arg)
{
	char *bytes = carrier_bytes(PIPE_BYTES);
	int r = tn_stream_write(arg, tn_slice(bytes, PIPE_BYTES));

	free(bytes);
	return r < 0 ? r : tn_stream_flush(arg);
}

static int
pipe_pour(void *arg)
{
	struct tn_stream *in, *out;
	struct tn_group *group;
	char *got = malloc(PIPE_BYTES), *bytes = carrier_bytes(PIPE_BYTES);
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(tn_stream_from_fd(fds[0], &in), 0);
	CHECK_INT(tn_stream_from_fd(fds[1], &out), 0);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go(group, pipe_writer, out), 0);
	CHECK_INT(tn_stream_read_exact(in, got, PIPE_BYTES), 0);
	CHECK(memcmp(got, bytes, PIPE_BYTES) == 0);
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	tn_stream_free(in);
	tn_stream_free(out);
	close(fds[0]);
	close(fds[1]);
	free(got);
	free(bytes);
	return 0;
}

static void
test_pipe_pour(void **state)
{
	CHECK_INT(tn_run(pipe_pour, NULL, NULL), 0);
}

/* One that never waits takes as much as fits at once, and the loop goes on when
 * it takes no more; one that came to wait gets no more than it said it would
 * take. */
static int
pipe_nonblocking(void *arg)
{
	char *bytes = carrier_bytes(65536);
	struct tn_scope scope;
	struct tn_stream *out;
	int fds[2], held = 0;

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(fcntl(fds[1], F_SETPIPE_SZ, 65536), 65536);
	CHECK_INT(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	CHECK_INT(tn_stream_from_fd(fds[1], &out), 0);
	CHECK_INT(tn_stream_write(out, tn_slice(bytes, 60000)), 0);
	CHECK_INT(tn_stream_flush(out), 0);
	CHECK_INT(tn_stream_write(out, tn_slice(bytes, 30000)), 0);
	tn_scope_open(&scope, tn_after(TN_MILLISECOND));
	CHECK_INT(tn_stream_flush(out), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK_INT(ioctl(fds[0], FIONREAD, &held), 0);
	CHECK(held >= 60000);
	CHECK_INT(read(fds[0], bytes, 8192), 8192);

	CHECK_INT(fcntl(fds[1], F_SETFL, 0), 0);
	tn_scope_open(&scope, tn_after(TN_MILLISECOND));
	CHECK_INT(tn_stream_flush(out), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	tn_stream_free(out);
	close(fds[0]);
	close(fds[1]);
	free(bytes);
	return 0;
}

static void
test_pipe_nonblocking(void **state)
{
	CHECK_INT(tn_run(pipe_nonblocking, NULL, NULL), 0);
}

/* What is left of a full pipe is pushed on while the fiber waits elsewhere. */
static int
pipe_later(void *arg)
{
	int *fds = arg;
	char got[4096];
	size_t at = 0;
	ssize_t n;

	while (at < 65536 + 30000) {
		n = read(fds[0], got, sizeof(got));
		if (n <= 0)
			return -EIO;
		at += (size_t)n;
		if (tn_sleep(TN_MILLISECOND) < 0)
			return -EIO;
	}
	return 0;
}

static int
pipe_pushed(void *arg)
{
	char *bytes = carrier_bytes(65536);
	struct tn_stream *out;
	struct tn_group *group;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(tn_stream_from_fd(fds[1], &out), 0);
	CHECK_INT(tn_stream_write(out, tn_slice(bytes, 65536)), 0);
	CHECK_INT(tn_stream_write(out, tn_slice(bytes, 30000)), 0);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go_thread(group, pipe_later, fds), 0);
	CHECK_INT(tn_group_wait(group), 0);
	CHECK(out->out == NULL);
	tn_group_free(group);
	tn_stream_free(out);
	close(fds[0]);
	close(fds[1]);
	free(bytes);
	return 0;
}

static void
test_pipe_pushed(void **state)
{
	CHECK_INT(in_loop(pipe_pushed), 0);
}

/* A reader that left makes an error, not a signal; a handler of the program's
 * own for it stays in force. */
static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
	signals++;
}

static int
pipe_broken(void *arg)
{
	struct tn_stream *out;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	close(fds[0]);
	CHECK_INT(tn_stream_from_fd(fds[1], &out), 0);
	CHECK_INT(tn_stream_write(out, TN_SLICE("x")), 0);
	CHECK_INT(tn_stream_flush(out), -EPIPE);
	CHECK(strstr(tn_error_text(), "write to descriptor ") != NULL);
	CHECK_INT(tn_stream_close(out), -EPIPE);
	close(fds[1]);
	return 0;
}

static void
test_pipe_broken(void **state)
{
	signal(SIGPIPE, count_signal);
	CHECK_INT(in_loop(pipe_broken), 0);
	CHECK_INT(signals, 0);
	raise(SIGPIPE);
	CHECK_INT(signals, 1);
	signal(SIGPIPE, SIG_DFL);
}

/* ---- terminals --------------------------------------------------------- */

/* Both ways on one descriptor, with pauses. */
static int
terminal_talk(void *arg)
{
	struct termios raw;
	struct tn_stream *master, *slave;
	struct tn_slice got;
	int fds[2];

	CHECK_INT(openpty(&fds[0], &fds[1], NULL, NULL, NULL), 0);
	CHECK_INT(tcgetattr(fds[1], &raw), 0);
	cfmakeraw(&raw);
	CHECK_INT(tcsetattr(fds[1], TCSANOW, &raw), 0);
	CHECK_INT(tn_stream_from_fd(fds[0], &master), 0);
	CHECK_INT(tn_stream_from_fd(fds[1], &slave), 0);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(tn_stream_printf(master, "ask %d\n", i), 0);
		CHECK_INT(tn_stream_read_line(slave, TN_LINE_ANY, 80, &got), 1);
		CHECK_INT(tn_stream_printf(slave, "%.*s!\n", (int)got.len,
		    got.data), 0);
		CHECK_INT(tn_stream_read_line(master, TN_LINE_ANY, 80, &got),
		    1);
		CHECK_INT(got.data[got.len - 1], '!');
	}
	CHECK_INT(tn_stream_close(slave), 0);
	CHECK_INT(tn_stream_close(master), 0);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static void
test_terminal(void **state)
{
	CHECK_INT(in_loop(terminal_talk), 0);
}

/* While one fiber waits to read, what another has written is pushed on, and
 * neither event takes the other one's place. */
#define TERMINAL_BYTES ((size_t)30000)

static int
terminal_reader(void *arg)
{
	char got[10];

	return tn_stream_read_exact(arg, got, sizeof(got));
}

static int
terminal_far_end(void *arg)
{
	int fd = *(int *)arg;
	char got[1000];
	size_t at = 0;
	ssize_t n;

	for (int i = 0; at < TERMINAL_BYTES; i++) {
		if (i < 10 && write(fd, "x", 1) != 1)
			return -EIO;
		if (tn_sleep(TN_MILLISECOND) < 0)
			return -EIO;
		n = read(fd, got, sizeof(got));
		if (n <= 0)
			return -EIO;
		at += (size_t)n;
	}
	return 0;
}

static int
terminal_both(void *arg)
{
	char *bytes = malloc(TERMINAL_BYTES);
	struct termios raw;
	struct tn_group *group;
	struct tn_stream *s;
	int fds[2];

	memset(bytes, 'y', TERMINAL_BYTES);
	CHECK_INT(openpty(&fds[0], &fds[1], NULL, NULL, NULL), 0);
	CHECK_INT(tcgetattr(fds[1], &raw), 0);
	cfmakeraw(&raw);
	CHECK_INT(tcsetattr(fds[1], TCSANOW, &raw), 0);
	CHECK_INT(tn_stream_from_fd(fds[1], &s), 0);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go(group, terminal_reader, s), 0);
	CHECK_INT(tn_yield(), 0);
	CHECK_INT(tn_stream_write(s, tn_slice(bytes, TERMINAL_BYTES)), 0);
	CHECK_INT(tn_go_thread(group, terminal_far_end, &fds[0]), 0);
	CHECK_INT(tn_group_wait(group), 0);
	CHECK(s->out == NULL);
	tn_group_free(group);
	tn_stream_free(s);
	close(fds[0]);
	close(fds[1]);
	free(bytes);
	return 0;
}

static void
test_terminal_both(void **state)
{
	CHECK_INT(tn_run(terminal_both, NULL, NULL), 0);
}

/* ---- files ------------------------------------------------------------- */

static int
file_talk(void *arg)
{
	char path[] = "/tmp/tenon-fd-XXXXXX";
	char *bytes = carrier_bytes(100000), *got = malloc(100000);
	int fd = mkstemp(path);
	struct tn_stream *s;

	CHECK(fd >= 0);
	unlink(path);
	CHECK_INT(tn_stream_from_fd(fd, &s), 0);
	CHECK_INT(tn_stream_printf(s, "%s\n", "head"), 0);
	CHECK_INT(tn_stream_write(s, tn_slice(bytes, 100000)), 0);
	CHECK_INT(tn_stream_bytes_written(s), 100005);
	CHECK_INT(tn_stream_close(s), 0);

	/* At the descriptor's own position. */
	CHECK_INT(lseek(fd, 5, SEEK_SET), 5);
	CHECK_INT(tn_stream_from_fd(fd, &s), 0);
	CHECK_INT(tn_stream_read_exact(s, got, 100000), 0);
	CHECK(memcmp(got, bytes, 100000) == 0);
	CHECK_INT(tn_stream_read(s, got, 1), 0);
	tn_stream_free(s);
	close(fd);
	free(bytes);
	free(got);
	return 0;
}

static void
test_file(void **state)
{
	CHECK_INT(in_loop(file_talk), 0);
}

/* Neither a file nor anything that poll knows. */
static int
null_talk(void *arg)
{
	struct tn_stream *s;
	struct tn_slice got;
	int fd = open("/dev/null", O_RDWR);

	CHECK(fd >= 0);
	CHECK_INT(tn_stream_from_fd(fd, &s), 0);
	CHECK_INT(tn_stream_fill(s, 1, &got), 0);
	CHECK_INT(tn_stream_write(s, TN_SLICE("gone")), 0);
	CHECK_INT(tn_stream_flush(s), 0);
	CHECK_INT(tn_stream_close(s), 0);
	close(fd);
	return 0;
}

static void
test_null(void **state)
{
	CHECK_INT(in_loop(null_talk), 0);
}

static void
test_refused(void **state)
{
	struct tn_stream *s = NULL;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	CHECK_INT(tn_stream_from_fd(-1, &s), -EBADF);
	CHECK_INT(tn_stream_from_fd(fd, &s), -EISDIR);
	CHECK(s == NULL);
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	CHECK_INT(tn_stream_from_fd(fd, &s), 0);
	CHECK_INT(tn_stream_write(s, TN_SLICE("x")), 0);
	CHECK_INT(tn_stream_flush(s), -EBADF);
	tn_stream_free(s);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_pipe_pour),
		cmocka_unit_test(test_pipe_nonblocking),
		cmocka_unit_test(test_pipe_pushed),
		cmocka_unit_test(test_pipe_broken),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_terminal_both),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
