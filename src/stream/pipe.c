/* A stream over our end of a pipe whose other end a program has.  No other
 * process has ours, so it is nonblocking, unlike the descriptors of fd.c. */
#include <errno.h>
#include "stream/host.h"
#include "stream/process.h"
#include "stream/stream.h"

struct stream_pipe {
	struct tn_stream stream;
	struct tn__io io;
	bool writes;
};

struct tn__io *
tn__pipe_io(struct tn_stream *s)
{
	return &((struct stream_pipe *)s)->io;
}

void
tn__pipe_end(struct tn_stream *s)
{
	int fd = tn__io_close(tn__pipe_io(s));

	if (fd >= 0)
		tn__stream_fd_close(fd);
}

static int
pipe_wait(struct tn_stream *s, enum tn__io_direction direction)
{
	int r = tn__io_begin(tn__pipe_io(s), direction);

	if (r != 0)
		return r < 0 ? r : 0;
	return tn__stream_wait(s, tn__pipe_io(s), direction);
}

static int
pipe_ready(struct tn_stream *s)
{
	return pipe_wait(s, TN__IO_READ);
}

static ssize_t
pipe_recv(struct tn_stream *s, void *out, size_t size)
{
	return tn__stream_fd_read(tn__pipe_io(s)->fd, out, size);
}

static int
pipe_room(struct tn_stream *s)
{
	return pipe_wait(s, TN__IO_WRITE);
}

static ssize_t
pipe_send(struct tn_stream *s, const struct iovec *vectors, int count,
    int flags)
{
	return tn__stream_fd_write(tn__pipe_io(s)->fd, vectors[0].iov_base,
	    vectors[0].iov_len);
}

static int
pipe_shutdown(struct tn_stream *s)
{
	if (((struct stream_pipe *)s)->writes)
		tn__pipe_end(s);
	return 0;
}

static const struct tn__stream_ops pipe_ops = {
	.kind = "pipe of a program",
	.ready = pipe_ready,
	.recv = pipe_recv,
	.send = pipe_send,
	.io = tn__pipe_io,
	.room = pipe_room,
	.shutdown = pipe_shutdown,
	.release = tn__pipe_end,
};

int
tn__pipe_open(int fd, bool writes, struct tn_stream **ret)
{
	struct tn_stream *s;
	int r = tn__stream_new(&pipe_ops, sizeof(struct stream_pipe), NULL, &s);

	if (r < 0)
		return r;
	tn__io_init(tn__pipe_io(s), fd, 0);
	((struct stream_pipe *)s)->writes = writes;
	*ret = s;
	return 0;
}
