/* The rules of readiness: one test for each case in which a loop could lose an
 * edge and hang.  A hang ends in the deadline of main's scope. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tenon/channel.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include <tenon/offload.h>
#include <tenon/run.h>
#include <tenon/signals.h>
#include <unistd.h>
#include "rt/internal.h"
#include "unit/rt/check.h"

/* What net/ does around every call, in its plainest form. */
static ssize_t
io_recv(struct tn__io *io, void *out, size_t size)
{
	for (;;) {
		int r = tn__io_begin(io, TN__IO_READ);

		if (r < 0)
			return r;
		if (r > 0) {
			ssize_t n = recv(io->fd, out, size, 0);

			if (n >= 0 && (size_t)n < size)
				tn__io_short(io);
			if (n >= 0 || errno != EAGAIN)
				return n < 0 ? -errno : n;
			tn__io_empty(io, TN__IO_READ);
		}
		r = tn__io_wait(io, TN__IO_READ, "recv");
		if (r < 0)
			return r;
	}
}

static ssize_t
io_read(struct tn__io *io, void *out, size_t size)
{
	for (;;) {
		int r = tn__io_begin(io, TN__IO_READ);

		if (r < 0)
			return r;
		if (r > 0) {
			ssize_t n = read(io->fd, out, size);

			if (n >= 0 || errno != EAGAIN)
				return n < 0 ? -errno : n;
			tn__io_empty(io, TN__IO_READ);
		}
		r = tn__io_wait(io, TN__IO_READ, "read");
		if (r < 0)
			return r;
	}
}

static void
io_end(struct tn__io *io)
{
	int fd = tn__io_close(io);

	if (fd >= 0)
		close(fd);
}

static void
tcp_pair(int ret[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (void *)&at, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&at, &size), 0);
	ret[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(ret[1], (void *)&at, size), 0);
	ret[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(ret[0] >= 0);
	close(listener);
}

/* Runs `fn(arg)` as a fiber of its own until it is parked for good. */
static void
go_and_settle(struct tn_group *g, int (*fn)(void *), void *arg)
{
	assert_int_equal(tn_go(g, fn, arg), 0);
	assert_int_equal(tn_sleep(2 * TN_MILLISECOND), 0);
}

struct reader {
	struct tn__io io;
	char got[64];
	ssize_t total;
	ssize_t want;
	ssize_t (*read)(struct tn__io *, void *, size_t);
	size_t size;
	ssize_t result;
};

static int
reader(void *arg)
{
	struct reader *t = arg;

	while (t->total < t->want) {
		t->result = t->read(&t->io, t->got + t->total, t->size);
		if (t->result <= 0)
			return (int)t->result;
		t->total += t->result;
	}
	return 0;
}

/* ---- plain TCP: the hint ----------------------------------------------- */

static int
hint_main(void *arg)
{
	struct reader t = { .want = 12, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	assert_int_equal(write(fds[1], "four", 4), 4);
	assert_int_equal(tn_sleep(2 * TN_MILLISECOND), 0);
	assert_int_equal(t.total, 4);
	assert_false(t.io.ready[TN__IO_READ]); /* a short read: empty */
	assert_int_equal(write(fds[1], "eightoct", 8), 8);
	assert_int_equal(tn_group_wait(g), 0);
	assert_int_equal(t.total, 12);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

/* The peer's FIN comes with its last bytes in one edge: the short read must not
 * be taken for "nothing more". */
static int
hint_fin_main(void *arg)
{
	struct reader t = { .want = 60, .read = io_recv, .size = 32 };
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	assert_int_equal(write(fds[1], "last", 4), 4);
	close(fds[1]);
	assert_int_equal(tn_group_wait(g), 0);
	assert_int_equal(t.total, 4);
	assert_int_equal(t.result, 0);
	tn_group_free(g);
	io_end(&t.io);
	return 0;
}

/* Urgent data makes a read stop short with more behind it. */
static int
urgent_main(void *arg)
{
	struct reader t = { .want = 6, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(send(fds[1], "!", 1, MSG_OOB), 1);
	assert_int_equal(write(fds[1], "def", 3), 3);
	usleep(2000);
	assert_int_equal(tn__io_register(&t.io, TN__IO_READ), 0);
	tn__io_empty(&t.io, TN__IO_READ);
	assert_int_equal(tn_group_open(&g), 0);
	assert_int_equal(tn_go(g, reader, &t), 0);
	assert_int_equal(tn_group_wait(g), 0);
	assert_int_equal(t.total, 6);
	assert_memory_equal(t.got, "abcdef", 6);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

/* ---- no hint: everything else is read until EAGAIN --------------------- */

/* On a Unix stream a read stops short before bytes that carry a descriptor. */
static int
unix_control_main(void *arg)
{
	struct reader t = { .want = 6, .read = io_recv, .size = 8 };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char def[] = "def";
	struct iovec v = { def, 3 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct tn_group *g;
	int fds[2], zero = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	tn__io_init(&t.io, fds[0], 0);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &zero, sizeof(int));
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(sendmsg(fds[1], &m, 0), 3);
	assert_int_equal(tn_group_wait(g), 0);
	assert_int_equal(t.total, 6);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

static int
datagram_main(void *arg)
{
	struct reader t = { .want = 5, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	tn__io_init(&t.io, fds[0], 0);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	for (int i = 0; i < 5; i++) /* several behind one edge */
		assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

static int
pipe_main(void *arg)
{
	struct reader t = { .want = 4, .read = io_read, .size = 3 };
	struct tn_group *g;
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	tn__io_init(&t.io, fds[0], 0);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	assert_int_equal(write(fds[1], "ab", 2), 2);
	assert_int_equal(write(fds[1], "cd", 2), 2);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

/* A terminal gives one line a read; the second waits without a new edge. */
static int
tty_main(void *arg)
{
	struct reader t = { .want = 10, .read = io_read, .size = 32 };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	struct tn_group *g;

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return 0; /* no terminals here */
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK |
	    O_CLOEXEC);
	assert_true(slave >= 0);
	tn__io_init(&t.io, slave, 0);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	assert_int_equal(write(master, "line\nmore\n", 10), 10);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&t.io);
	close(master);
	return 0;
}

/* A fiber that yields for fairness in the middle of a full buffer keeps its
 * ready bit: no edge will come for what is already there. */
static int
fairness_main(void *arg)
{
	struct reader t = { .want = 60, .read = io_recv, .size = 1 };
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	for (int i = 0; i < 60; i++)
		assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

/* ---- descriptors of others --------------------------------------------- */

static int
foreign_main(void *arg)
{
	struct reader t = { .want = 8, .read = io_read, .size = 4 };
	struct tn_group *g;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0); /* blocking */
	tn__io_init(&t.io, fds[0], TN__IO_FOREIGN);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	assert_int_equal(write(fds[1], "abcd", 4), 4);
	assert_int_equal(tn_sleep(2 * TN_MILLISECOND), 0);
	assert_int_equal(t.total, 4);
	assert_int_equal(write(fds[1], "ef", 2), 2);
	assert_int_equal(tn_sleep(2 * TN_MILLISECOND), 0);
	assert_int_equal(write(fds[1], "gh", 2), 2);
	assert_int_equal(tn_group_wait(g), 0);
	assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

static int
regular_main(void *arg)
{
	char name[] = "/tmp/tenon-io-XXXXXX", got[4];
	int fd = mkstemp(name);
	struct tn__io io;

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(pwrite(fd, "file", 4, 0), 4);
	tn__io_init(&io, fd, TN__IO_FOREIGN);
	assert_int_equal(io_read(&io, got, sizeof(got)), 4);
	assert_int_equal(io.refused, tn_loop_count() > 0);
	io_end(&io);
	return 0;
}

/* ---- ownership --------------------------------------------------------- */

static int
owner_main(void *arg)
{
	struct reader t = { .want = 1, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2];
	char c;

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	assert_int_equal(io_recv(&t.io, &c, 1), -EBUSY);
	io_end(&t.io); /* wakes the reader */
	assert_int_equal(tn_group_wait(g), -EBADF);
	assert_int_equal(io_recv(&t.io, &c, 1), -EBADF);
	tn_group_free(g);
	close(fds[1]);
	return 0;
}

static int
other_loop(void *arg)
{
	struct reader *t = arg;
	char c;

	if (t->io.loop != NULL)
		return (int)io_recv(&t->io, &c, 1);
	return reader(t);
}

static struct reader released = { .want = 1, .read = io_recv, .size = 8 };

static int
release_main(void *arg)
{
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&released.io, fds[0], TN__IO_HINT);
	assert_int_equal(tn__io_register(&released.io, TN__IO_READ), 0);
	tn__io_empty(&released.io, TN__IO_READ);
	assert_int_equal(tn_group_open(&g), 0);
	assert_int_equal(tn_go_on(g, 1, other_loop, &released), 0);
	assert_int_equal(tn_group_wait(g), -EBUSY);
	tn_group_free(g);

	tn__io_release(&released.io);
	assert_int_equal(tn_group_open(&g), 0);
	assert_int_equal(tn_go_on(g, 1, other_loop, &released), 0);
	assert_int_equal(tn_sleep(2 * TN_MILLISECOND), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	close(fds[1]);
	return 0;
}

static void
test_release(void **state)
{
	struct tn_run_options two = { .loops = 2 };

	assert_int_equal(tn_run(release_main, NULL, &two), 0);
	assert_null(released.io.loop); /* the loop is gone, the rest is not */
	io_end(&released.io);
}

static int
outlive_main(void *arg)
{
	char c;
	struct tn_scope scope;

	tn_scope_open(&scope, tn_after(2 * TN_MILLISECOND));
	assert_int_equal(io_recv(arg, &c, 1), -ETIMEDOUT);
	assert_true(tn_scope_close(&scope));
	return 0;
}

static void
test_outlives_its_loop(void **state)
{
	struct tn__io io;
	int fds[2];
	char c;

	tcp_pair(fds);
	tn__io_init(&io, fds[0], TN__IO_HINT);
	assert_int_equal(tn_run(outlive_main, &io, NULL), 0);
	assert_null(io.loop);
	assert_int_equal(tn_run(outlive_main, &io, NULL), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(io_recv(&io, &c, 1), 1); /* on this plain thread */
	io_end(&io);
	close(fds[1]);
}

/* Two events come in one batch; who handles the first closes the second, whose
 * place in the table is taken anew.  The stale event must not reach it. */
struct replaced {
	struct tn__io first, second, newcomer;
	int fresh;
};

static int
replace_second(void *arg)
{
	struct replaced *t = arg;
	char c;

	if (io_recv(&t->first, &c, 1) != 1)
		return -EIO;
	close(tn__io_close(&t->second));
	tn__io_init(&t->newcomer, t->fresh, TN__IO_HINT);
	return tn__io_register(&t->newcomer, TN__IO_READ);
}

static int
wait_second(void *arg)
{
	struct replaced *t = arg;
	char c;
	ssize_t n = io_recv(&t->second, &c, 1);

	return n == -EBADF || n == 1 ? 0 : -EIO;
}

static int
stale_main(void *arg)
{
	struct replaced t = { 0 };
	uint64_t data;
	struct tn_group *g;
	int a[2], b[2], c[2];

	tcp_pair(a);
	tcp_pair(b);
	tcp_pair(c);
	tn__io_init(&t.first, a[0], TN__IO_HINT);
	tn__io_init(&t.second, b[0], TN__IO_HINT);
	t.fresh = c[0];
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, replace_second, &t);
	go_and_settle(g, wait_second, &t);
	data = (uint64_t)tn__loop()->slots[t.second.slot].generation << 32 |
	    t.second.slot;
	assert_int_equal(write(a[1], "x", 1), 1);
	assert_int_equal(tn_group_wait(g), 0);
	assert_int_equal(t.newcomer.slot, (uint32_t)data); /* the same place */
	tn__io_empty(&t.newcomer, TN__IO_READ);
	tn__io_event(tn__loop(), data, TN__POLL_IN);
	assert_false(t.newcomer.ready[TN__IO_READ]);
	tn_group_free(g);
	io_end(&t.first);
	io_end(&t.newcomer);
	close(a[1]);
	close(b[1]);
	close(c[1]);
	return 0;
}

/* ---- pushing ----------------------------------------------------------- */

struct push {
	struct tn__pusher pusher;
	struct tn__io *io;
	size_t left;
};

static int
push_bytes(struct tn__pusher *p, struct tn__io **ret)
{
	struct push *push = TN__CONTAINER(p, struct push, pusher);
	static const char bytes[65536];

	while (push->left > 0) {
		size_t n = push->left < sizeof(bytes) ? push->left :
		    sizeof(bytes);
		ssize_t sent = send(push->io->fd, bytes, n,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN) {
			tn__io_empty(push->io, TN__IO_WRITE);
			*ret = push->io;
			return 0;
		}
		if (sent < 0)
			return -errno;
		push->left -= (size_t)sent;
	}
	return 1;
}

#define PUSHED (8u << 20)

static int
drain(void *arg)
{
	static char sink[65536];
	size_t total = 0;
	ssize_t n;

	while (total < PUSHED) {
		n = io_recv(arg, sink, sizeof(sink));
		if (n <= 0)
			return -EIO;
		total += (size_t)n;
	}
	return 0;
}

/* A fiber that sleeps still gets rid of megabytes it wrote before. */
static int
push_main(void *arg)
{
	struct tn__io ends[2];
	struct push push = { .io = &ends[0], .left = PUSHED };
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	tn__io_init(&ends[0], fds[0], TN__IO_HINT);
	tn__io_init(&ends[1], fds[1], TN__IO_HINT);
	tn__pusher_init(&push.pusher, push_bytes);
	tn__pusher_add(&push.pusher);
	tn__pusher_add(&push.pusher); /* once is enough */
	assert_int_equal(tn_group_open(&g), 0);
	assert_int_equal(tn_loop_count() > 0 ? tn_go(g, drain, &ends[1]) :
	    tn_go_thread(g, drain, &ends[1]), 0);
	assert_int_equal(tn_group_wait(g), 0);
	assert_int_equal(push.left, 0);
	assert_true(tn__list_empty(&push.pusher.node));
	tn_group_free(g);
	io_end(&ends[0]);
	io_end(&ends[1]);
	return 0;
}

/* ---- signals, forks, reports ------------------------------------------- */

static int
signal_main(void *arg)
{
	static const int numbers[] = { SIGUSR1, SIGHUP };
	struct tn_signals *signals, *other;

	assert_int_equal(tn_signals_open(numbers, 2, &signals), 0);
	assert_int_equal(tn_signals_open(numbers, 1, &other), -EBUSY);
	raise(SIGHUP);
	assert_int_equal(tn_signals_wait(signals), SIGHUP);
	raise(SIGUSR1);
	raise(SIGHUP);
	assert_int_equal(tn_signals_wait(signals) +
	    tn_signals_wait(signals), SIGUSR1 + SIGHUP);
	tn_signals_free(signals);
	return 0;
}

/* The child leaves; the parent still hears what comes on a descriptor that both
 * had and that the child closed. */
static int
fork_main(void *arg)
{
	struct reader t = { .want = 1, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2], status;
	pid_t child;

	if (!tn__rt_may_fork())
		fail_msg("a single loop without workers may fork");
	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	assert_int_equal(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	child = fork();
	if (child == 0) {
		struct tn_scope scope;
		char c;

		tn__rt_forked();
		if (tn_loop_count() != 0 || tn__io_close(&t.io) != fds[0])
			_exit(2);
		close(fds[0]);
		/* A plain thread now: timed waits and offloads work. */
		tn_scope_open(&scope, tn_after(TN_MILLISECOND));
		tn__io_init(&t.io, fds[1], 0);
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
		if (io_recv(&t.io, &c, 1) != -ETIMEDOUT ||
		    !tn_scope_close(&scope))
			_exit(3);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

static int
not_alone_main(void *arg)
{
	assert_int_equal(tn__rt_may_fork(), tn_loop_count() == 1);
	return 0;
}

static void
test_may_fork(void **state)
{
	struct tn_run_options two = { .loops = 2 };

	assert_true(tn__rt_may_fork());
	assert_int_equal(tn_run(not_alone_main, NULL, NULL), 0);
	assert_int_equal(tn_run(not_alone_main, NULL, &two), 0);
}

static int
stay(void *arg)
{
	return tn_sleep(3600 * TN_SECOND);
}

/* A thread counts before it has done anything. */
static void
test_may_fork_beside_a_thread(void **state)
{
	struct tn_group *g;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(tn_group_open(&g), 0);
		assert_int_equal(tn_go_thread(g, stay, NULL), 0);
		assert_false(tn__rt_may_fork());
		tn_group_free(g);
		assert_true(tn__rt_may_fork());
	}
}

static atomic_int stalls;

static void
count_stall(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	if (strcmp(event, "fiber.stall") == 0 &&
	    strcmp(fields[0].value, "hog") == 0)
		atomic_fetch_add(&stalls, 1);
}

static int
stall_main(void *arg)
{
	tn_fiber_name("hog");
	usleep(150000);
	assert_int_equal(tn_sleep(50 * TN_MILLISECOND), 0); /* no stall */
	return 0;
}

static void
test_stall(void **state)
{
	struct tn_run_options options = { .stall_ms = 30 };

	tn_log_set(count_stall, NULL);
	assert_int_equal(tn_run(stall_main, NULL, &options), 0);
	tn_log_set(NULL, NULL);
	assert_true(atomic_load(&stalls) >= 1); /* more on a busy machine */
}

static void
test_sigpipe(void **state)
{
	sigset_t pending;

	assert_int_equal(sigpending(&pending), 0);
	assert_false(sigismember(&pending, SIGPIPE));
}

static int
sigpipe_main(void *arg)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1); /* masked in a loop */
	assert_int_equal(errno, EPIPE);
	close(fds[1]);
	return 0;
}

/* ---- the same test in a loop and, where it makes sense, on a thread ---- */

static const struct row {
	const char *name;
	int (*main)(void *);
	bool thread;
} rows[] = {
	{ "the hint on TCP", hint_main, false },
	{ "the hint and a FIN", hint_fin_main, false },
	{ "urgent data", urgent_main, false },
	{ "Unix control data", unix_control_main, false },
	{ "datagrams", datagram_main, false },
	{ "pipe", pipe_main, false },
	{ "terminal", tty_main, false },
	{ "fairness keeps the ready bit", fairness_main, false },
	{ "foreign descriptor", foreign_main, false },
	{ "regular file", regular_main, true },
	{ "close wakes, a second reader is refused", owner_main, false },
	{ "a stale event", stale_main, false },
	{ "push while waiting", push_main, true },
	{ "signals", signal_main, true },
	{ "fork", fork_main, false },
	{ "SIGPIPE", sigpipe_main, false },
};

static int
bounded_main(void *arg)
{
	const struct row *row = arg;
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(10 * TN_SECOND));
	r = row->main(NULL);
	assert_false(tn_scope_close(&scope));
	return r;
}

static void
test_row(void **state)
{
	assert_int_equal(tn_run(bounded_main, *state, NULL), 0);
	if (((const struct row *)*state)->thread)
		assert_int_equal(bounded_main(*state), 0);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_outlives_its_loop),
		cmocka_unit_test(test_may_fork),
		cmocka_unit_test(test_may_fork_beside_a_thread),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_sigpipe),
	};
	struct CMUnitTest tests[TN_COUNT(rows) + TN_COUNT(more)];

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	memcpy(tests + TN_COUNT(rows), more, sizeof(more));
	return cmocka_run_group_tests_name("rt/io", tests, NULL, NULL);
}
