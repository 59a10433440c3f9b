/* A stream over a socket: waiting and sending apart, so that who waits to read
 * holds no buffer and who pushes never waits. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>

#include <tenon/error.h>

#include "net/socket.h"
#include "stream/stream.h"

struct stream_socket {
	struct tn_stream stream;
	struct tn_socket *socket;
	bool late; /* its own timeout ended the last wait */
};

static struct tn_socket *
socket_of(struct tn_stream *s)
{
	return ((struct stream_socket *)s)->socket;
}

static struct tn__io *
socket_io(struct tn_stream *s)
{
	return &socket_of(s)->io;
}

static int
socket_wait(struct tn_stream *s, enum tn__io_direction direction)
{
	int r = tn__io_begin(socket_io(s), direction);
	struct tn__socket_call call;

	if (r != 0)
		return r < 0 ? r : 0;
	(void)tn__socket_call_open(&call, socket_of(s), 0);
	r = tn__stream_wait(s, socket_io(s), direction);
	((struct stream_socket *)s)->late = tn__socket_call_close(&call);
	return r;
}

static int
socket_ready(struct tn_stream *s)
{
	return socket_wait(s, TN__IO_READ);
}

static ssize_t
socket_recv(struct tn_stream *s, void *out, size_t size)
{
	return tn__net()->recv(socket_io(s)->fd, out, size, MSG_DONTWAIT);
}

static int
socket_room(struct tn_stream *s)
{
	return socket_wait(s, TN__IO_WRITE);
}

static ssize_t __attribute__((noinline))
socket_sendmsg(struct tn_stream *s, const struct iovec *vectors, int count,
    int flags)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)vectors,
		.msg_iovlen = (size_t)count,
	};

	return tn__socket_try_sendmsg(socket_of(s), &message, flags);
}

/* One piece is the commonest, and send(2) costs less than sendmsg(2).
 *
 * Out of memory the connection lives, but what was to be sent never will be:
 * who waits for the answer meanwhile has to be told, as a reset would. */
static ssize_t
socket_send(struct tn_stream *s, const struct iovec *vectors, int count,
    int flags)
{
	int fd = socket_io(s)->fd;
	ssize_t n;

	if (count > 1)
		n = socket_sendmsg(s, vectors, count, flags);
	else
		n = tn__net()->send(fd, vectors->iov_base, vectors->iov_len,
		    flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -ENOBUFS || n == -ENOMEM)
		(void)tn__net()->shutdown(fd, SHUT_RD);
	return n;
}

/* -EINVAL: a file that cannot be mapped, which may be read all the same. */
static ssize_t
socket_sendfile(struct tn_stream *s, int file, int64_t *offset, size_t size)
{
	ssize_t n = tn__socket_try_sendfile(socket_of(s), file, offset, size);

	return n == -EINVAL || n == -ENOSYS ? -EOPNOTSUPP : n;
}

static int
socket_shutdown(struct tn_stream *s)
{
	int r = tn_socket_shutdown(socket_of(s), SHUT_WR);

	/* Reset meanwhile: what was sent last may be lost. */
	return r == -ENOTCONN ? tn__stream_break(s, -EPIPE) : r;
}

static void
socket_release(struct tn_stream *s)
{
	tn_socket_free(socket_of(s));
}

static void
socket_name(struct tn_stream *s, char out[TN_ADDRESS_TEXT_MAX])
{
	struct tn_address address;

	if (tn__socket_peer(socket_of(s), &address) ||
	    tn__socket_local(socket_of(s), &address))
		tn_address_format(&address, out);
}

/* Told once: the next time it may be somebody else's deadline. */
static const char *
socket_words(struct tn_stream *s, int code, char room[TN__STREAM_WORDS_MAX])
{
	bool late = ((struct stream_socket *)s)->late;

	static_assert(TN__STREAM_WORDS_MAX >= TN__SOCKET_LATE_MAX, "room");
	((struct stream_socket *)s)->late = false;
	return tn__socket_late(socket_of(s), late, code, tn_error_words(code),
	    room);
}

const struct tn__stream_ops tn__stream_socket_ops = {
	.kind = "unnamed socket",
	.name = socket_name,
	.words = socket_words,
	.lingers = true,
	.ready = socket_ready,
	.recv = socket_recv,
	.send = socket_send,
	.io = socket_io,
	.room = socket_room,
	.sendfile = socket_sendfile,
	.shutdown = socket_shutdown,
	.release = socket_release,
};

int
tn_stream_from_socket(struct tn_socket *socket, struct tn_stream **ret)
{
	struct tn_stream *s;
	int r;

	if (tn_socket_type(socket) != SOCK_STREAM)
		return tn_error_set(-EINVAL,
		    "stream over a socket: only SOCK_STREAM has one");
	if (!tn_socket_getblocking(socket))
		return tn_error_set(-EINVAL, "stream over a socket: it has a "
		    "timeout of 0, and a stream has to wait; "
		    "tn_socket_setblocking() it first");
	r = tn__stream_new(&tn__stream_socket_ops,
	    sizeof(struct stream_socket), NULL, &s);
	if (r < 0)
		return r;
	((struct stream_socket *)s)->socket = socket;
	*ret = s;
	return 0;
}

struct tn_socket *
tn_stream_socket(struct tn_stream *s)
{
	while (s->below != NULL)
		s = s->below;
	return s->ops == &tn__stream_socket_ops ? socket_of(s) : NULL;
}
