/* Streams over descriptors of somebody else's.  A terminal or a pipe is shared
 * with other processes, so its O_NONBLOCK is not ours to set: it is asked
 * before every call, and no call is larger than what an answer promises.  A
 * regular file is always ready and may block all the same: it is read and
 * written by a worker. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>

#include <tenon/error.h>
#include <tenon/offload.h>

#include "os/host.h"
#include "stream/host.h"
#include "stream/stream.h"

struct stream_fd {
	struct tn_stream stream;
	struct tn__io io;
};

static struct tn__io *
fd_io(struct tn_stream *s)
{
	return &((struct stream_fd *)s)->io;
}

static void
fd_describe(const struct tn__io *io, char *out, size_t size)
{
	snprintf(out, size, "descriptor %d", io->fd);
}

static void
fd_name(struct tn_stream *s, char out[TN_ADDRESS_TEXT_MAX])
{
	fd_describe(fd_io(s), out, TN_ADDRESS_TEXT_MAX);
}

/* The descriptor goes on without us. */
static void
fd_release(struct tn_stream *s)
{
	tn__io_close(fd_io(s));
}

/* ---- terminals and pipes ------------------------------------------------ */

/* 1 when a call would go through now, 0 when it would block.  Who cannot be
 * told (-ENOMEM) must not try: the loop would stand still. */
static int
fd_poll(struct tn_stream *s, short events)
{
	struct tn__host *host = tn__host();
	struct pollfd p = { .fd = fd_io(s)->fd, .events = events };

	return host->poll(host, &p, 1, 0);
}

static int
fd_wait(struct tn_stream *s, enum tn__io_direction direction, short events)
{
	int r = tn__io_begin(fd_io(s), direction);

	if (r < 0)
		return r;
	r = fd_poll(s, events);
	if (r != 0)
		return r < 0 ? r : 0;
	tn__io_empty(fd_io(s), direction);
	return tn__stream_wait(s, fd_io(s), direction);
}

static int
fd_ready(struct tn_stream *s)
{
	return fd_wait(s, TN__IO_READ, POLLIN);
}

static ssize_t
fd_recv(struct tn_stream *s, void *out, size_t size)
{
	return tn__stream_fd_read(fd_io(s)->fd, out, size);
}

static int
fd_room(struct tn_stream *s)
{
	return fd_wait(s, TN__IO_WRITE, POLLOUT);
}

static ssize_t
fd_send(struct tn_stream *s, const struct iovec *vectors, int count, int flags)
{
	size_t size = vectors[0].iov_len;
	int r = fd_poll(s, POLLOUT);

	assert(count > 0);
	if (r <= 0)
		return r < 0 ? r : -EAGAIN;
	/* poll(2) says that so much fits, and no more.  Whether that matters is
	 * asked each time: the flag is everybody's who has the descriptor. */
	if (size > PIPE_BUF && tn__stream_fd_blocks(fd_io(s)->fd))
		size = PIPE_BUF;
	return tn__stream_fd_write(fd_io(s)->fd, vectors[0].iov_base, size);
}

static const struct tn__stream_ops fd_ops = {
	.kind = "descriptor",
	.name = fd_name,
	.ready = fd_ready,
	.recv = fd_recv,
	.send = fd_send,
	.io = fd_io,
	.room = fd_room,
	.release = fd_release,
};

/* ---- regular files ------------------------------------------------------ */

struct fd_job {
	int fd;
	char *out; /* NULL: writes `bytes` */
	size_t size;
	struct tn_slice bytes;
	ssize_t done;
};

static int
fd_job_run(void *arg)
{
	struct fd_job *job = arg;

	job->done = job->out != NULL
	    ? tn__stream_fd_read(job->fd, job->out, job->size)
	    : tn__stream_fd_write(job->fd, job->bytes.data, job->bytes.len);
	return 0;
}

/* What was done counts, even if the time was over when it was: the file's
 * position has moved. */
static ssize_t
fd_job_do(struct fd_job *job)
{
	int unused, r;

	job->done = -EINPROGRESS;
	r = tn_offload(fd_job_run, job, &unused);
	return job->done == -EINPROGRESS ? r : job->done;
}

static ssize_t
fd_file_recv(struct tn_stream *s, void *out, size_t size)
{
	struct fd_job job = { .fd = fd_io(s)->fd, .out = out, .size = size };

	return fd_job_do(&job);
}

static int
fd_file_write(struct tn_stream *s, struct tn_slice bytes)
{
	ssize_t n;

	do {
		struct fd_job job = { .fd = fd_io(s)->fd, .bytes = bytes };

		n = fd_job_do(&job);
		if (n <= 0)
			return tn__stream_fail(s, n < 0 ? (int)n : -EIO,
			    "write to");
		bytes = tn_slice_skip(bytes, (size_t)n);
	} while (bytes.len > 0);
	return 0;
}

static const struct tn__stream_ops fd_file_ops = {
	.kind = "file",
	.name = fd_name,
	.recv = fd_file_recv,
	.write = fd_file_write,
	.release = fd_release,
};

int
tn_stream_from_fd(int fd, struct tn_stream **ret)
{
	struct tn_file_info info;
	struct tn_stream *s;
	int r = tn__os()->stat(fd, &info);

	if (r < 0)
		return tn_error_set(r, "stream over descriptor %d: %s", fd,
		    tn_error_words(r));
	if (info.kind == TN_FILE_DIRECTORY)
		return tn_error_set(-EISDIR,
		    "stream over descriptor %d: it is a directory", fd);
	r = tn__stream_new(
	    info.kind == TN_FILE_REGULAR ? &fd_file_ops : &fd_ops,
	    sizeof(struct stream_fd), NULL, &s);
	if (r < 0)
		return r;
	tn__io_init(fd_io(s), fd, TN__IO_FOREIGN);
	fd_io(s)->describe = fd_describe;
	*ret = s;
	return 0;
}
