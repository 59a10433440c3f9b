/* What the tests of descriptors share: calls as net/ makes them, a fiber that
 * reads, and rows that run in a loop and, where it makes sense, on a thread.  A
 * hang ends in the deadline of main's scope. */
#ifndef TESTS_UNIT_RT_IO_H
#define TESTS_UNIT_RT_IO_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <tenon/run.h>
#include <unistd.h>
#include "rt/internal.h"
#include "unit/rt/check.h"

/* What net/ does around every call, in its plainest form. */
static inline ssize_t
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

static inline ssize_t
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

static inline void
io_end(struct tn__io *io)
{
	int fd = tn__io_close(io);

	if (fd >= 0)
		close(fd);
}

static inline void
tcp_pair(int ret[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(listener, (void *)&at, size), 0);
	CHECK_INT(listen(listener, 1), 0);
	CHECK_INT(getsockname(listener, (void *)&at, &size), 0);
	ret[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(connect(ret[1], (void *)&at, size), 0);
	ret[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	CHECK(ret[0] >= 0);
	close(listener);
}

/* Runs `fn(arg)` as a fiber of its own until it is parked for good. */
static inline void
go_and_settle(struct tn_group *g, int (*fn)(void *), void *arg)
{
	CHECK_INT(tn_go(g, fn, arg), 0);
	CHECK_INT(tn_sleep(2 * TN_MILLISECOND), 0);
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

static inline int
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

/* ---- rows -------------------------------------------------------------- */

struct io_row {
	const char *name;
	int (*main)(void *);
	bool thread; /* there too */
};

static inline int
io_row_main(void *arg)
{
	const struct io_row *row = arg;
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(10 * TN_SECOND));
	r = row->main(NULL);
	CHECK(!tn_scope_close(&scope));
	return r;
}

static inline void
io_row_test(void **state)
{
	CHECK_INT(tn_run(io_row_main, *state, NULL), 0);
	if (((const struct io_row *)*state)->thread)
		CHECK_INT(io_row_main(*state), 0);
}

#endif
