/* The rules of readiness: one test for each case in which a loop could lose an
 * edge and hang. */
#include <fcntl.h>
#include <stdlib.h>
#include "unit/rt/io.h"

/* ---- plain TCP: the hint ----------------------------------------------- */

static int
hint_main(void *arg)
{
	struct reader t = { .want = 12, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	CHECK_INT(write(fds[1], "four", 4), 4);
	CHECK_INT(tn_sleep(2 * TN_MILLISECOND), 0);
	CHECK_INT(t.total, 4);
	CHECK(!t.io.ready[TN__IO_READ]); /* a short read: empty */
	CHECK_INT(write(fds[1], "eightoct", 8), 8);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK_INT(t.total, 12);
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
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	CHECK_INT(write(fds[1], "last", 4), 4);
	close(fds[1]);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK_INT(t.total, 4);
	CHECK_INT(t.result, 0);
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
	CHECK_INT(write(fds[1], "abc", 3), 3);
	CHECK_INT(send(fds[1], "!", 1, MSG_OOB), 1);
	CHECK_INT(write(fds[1], "def", 3), 3);
	usleep(2000);
	CHECK_INT(tn__io_register(&t.io, TN__IO_READ), 0);
	tn__io_empty(&t.io, TN__IO_READ);
	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go(g, reader, &t), 0);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK_INT(t.total, 6);
	CHECK(memcmp(t.got, "abcdef", 6) == 0);
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

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	tn__io_init(&t.io, fds[0], 0);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &zero, sizeof(int));
	CHECK_INT(write(fds[1], "abc", 3), 3);
	CHECK_INT(sendmsg(fds[1], &m, 0), 3);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK_INT(t.total, 6);
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

	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	tn__io_init(&t.io, fds[0], 0);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	for (int i = 0; i < 5; i++) /* several behind one edge */
		CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(tn_group_wait(g), 0);
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

	CHECK_INT(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	tn__io_init(&t.io, fds[0], 0);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	CHECK_INT(write(fds[1], "ab", 2), 2);
	CHECK_INT(write(fds[1], "cd", 2), 2);
	CHECK_INT(tn_group_wait(g), 0);
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
	CHECK(slave >= 0);
	tn__io_init(&t.io, slave, 0);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	CHECK_INT(write(master, "line\nmore\n", 10), 10);
	CHECK_INT(tn_group_wait(g), 0);
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
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	for (int i = 0; i < 60; i++)
		CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

/* ---- fairness ---------------------------------------------------------- */

struct turns {
	bool stop;
	int count;
};

static int
turner(void *arg)
{
	struct turns *t = arg;

	for (; !t->stop; t->count++)
		CHECK_INT(tn_yield(), 0);
	return 0;
}

/* Who moves much at a time has no longer turns. */
static int
large_main(void *arg)
{
	struct turns others = { 0 };
	struct tn_group *g;
	struct tn__io io;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&io, fds[0], TN__IO_HINT);
	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go(g, turner, &others), 0);
	for (int i = 0; i < 16; i++) {
		CHECK_INT(tn__io_begin(&io, TN__IO_WRITE), 1);
		tn__io_moved(1 << 20);
	}
	CHECK(others.count >= 14);
	others.stop = true;
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&io);
	close(fds[1]);
	return 0;
}

/* A crowd that is busy does not keep anybody long for whom something came. */
static int
crowd_main(void *arg)
{
	struct reader t = { .want = 1, .read = io_recv, .size = 1 };
	struct turns crowd = { 0 };
	struct tn_group *readers, *g;
	int fds[2], before;

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	CHECK_INT(tn_group_open(&readers), 0);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(readers, reader, &t);
	for (int i = 0; i < 300; i++)
		CHECK_INT(tn_go(g, turner, &crowd), 0);
	CHECK_INT(tn_sleep(2 * TN_MILLISECOND), 0);
	before = crowd.count;
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(tn_group_wait(readers), 0);
	CHECK(crowd.count - before < 4 * 300);
	crowd.stop = true;
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	tn_group_free(readers);
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

	CHECK_INT(pipe2(fds, O_CLOEXEC), 0); /* blocking */
	tn__io_init(&t.io, fds[0], TN__IO_FOREIGN);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	CHECK_INT(write(fds[1], "abcd", 4), 4);
	CHECK_INT(tn_sleep(2 * TN_MILLISECOND), 0);
	CHECK_INT(t.total, 4);
	CHECK_INT(write(fds[1], "ef", 2), 2);
	CHECK_INT(tn_sleep(2 * TN_MILLISECOND), 0);
	CHECK_INT(write(fds[1], "gh", 2), 2);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
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

	CHECK(fd >= 0);
	unlink(name);
	CHECK_INT(pwrite(fd, "file", 4, 0), 4);
	tn__io_init(&io, fd, TN__IO_FOREIGN);
	CHECK_INT(io_read(&io, got, sizeof(got)), 4);
	CHECK_INT(io.refused, tn_loop_count() > 0);
	io_end(&io);
	return 0;
}

static const struct io_row rows[] = {
	{ "the hint on TCP", hint_main, false },
	{ "the hint and a FIN", hint_fin_main, false },
	{ "urgent data", urgent_main, false },
	{ "Unix control data", unix_control_main, false },
	{ "datagrams", datagram_main, false },
	{ "pipe", pipe_main, false },
	{ "terminal", tty_main, false },
	{ "fairness keeps the ready bit", fairness_main, false },
	{ "large pieces are fair", large_main, false },
	{ "a crowd is fair", crowd_main, false },
	{ "foreign descriptor", foreign_main, false },
	{ "regular file", regular_main, true },
};

int
main(void)
{
	return CHECK_ROWS(rows, io_row_test);
}
