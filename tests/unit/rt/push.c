/* What a fiber wrote goes out while it waits for something else. */
#include <fcntl.h>
#include "unit/rt/io.h"

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
	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_loop_count() > 0 ? tn_go(g, drain, &ends[1]) :
	    tn_go_thread(g, drain, &ends[1]), 0);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK_INT(push.left, 0);
	CHECK(tn__list_empty(&push.pusher.node));
	tn_group_free(g);
	io_end(&ends[0]);
	io_end(&ends[1]);
	return 0;
}

static const struct io_row rows[] = {
	{ "push while waiting", push_main, true },
};

int
main(void)
{
	return CHECK_ROWS(rows, io_row_test);
}
