/* What may wait: accept, connect, receive and send.  Each is a loop of one
 * shape: io_enter(), one call through the table, io_again(). */
#include <assert.h>
#include <tenon/error.h>

#include "net/socket.h"

/* Until the call is worth trying.  Who passes MSG_DONTWAIT always gets a try
 * and never waits. */
static inline int
io_enter(struct tn_socket *s, enum tn__io_direction direction, int flags,
    const char *what)
{
	int r;

	while ((r = tn__io_begin(&s->io, direction)) == 0) {
		if (flags & MSG_DONTWAIT)
			return 0;
		r = tn__io_wait(&s->io, direction, what);
		if (r < 0)
			break;
	}
	return r;
}

/* True when the call has to be made again. */
static inline bool
io_again(struct tn_socket *s, enum tn__io_direction direction, int flags,
    ssize_t n)
{
	if (n >= 0)
		return false;
	if (n != -EAGAIN)
		return n == -EINTR;
	tn__io_empty(&s->io, direction);
	return !(flags & MSG_DONTWAIT);
}

/* "Not now" is the answer MSG_DONTWAIT asks for, no failure to tell of. */
static ssize_t
io_fail(const struct tn_socket *s, ssize_t code, const char *verb,
    const char *toward)
{
	if (code == -EAGAIN)
		return code;
	return tn__socket_fail(s, (int)code, verb, toward);
}

/* ---- receiving --------------------------------------------------------- */

/* The descriptor may be somebody's blocking one, so every call says DONTWAIT;
 * that takes the sense out of MSG_WAITALL, which is done here. */
static ssize_t
io_recv_all(struct tn_socket *s, char *out, size_t size, int flags)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = tn_socket_recv(s, out + done, size - done, flags);
		if (n < 0 && done == 0)
			return n;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t
tn_socket_recv(struct tn_socket *s, void *ret, size_t size, int flags)
{
	const struct tn__net_ops *net = tn__net();
	ssize_t n;

	if (flags & MSG_WAITALL && s->type == SOCK_STREAM &&
	    !(flags & (MSG_DONTWAIT | MSG_PEEK | MSG_OOB)))
		return io_recv_all(s, ret, size, flags & ~MSG_WAITALL);
	do {
		n = io_enter(s, TN__IO_READ, flags, "recv");
		if (n < 0)
			break;
		n = net->recv(s->io.fd, ret, size, flags | MSG_DONTWAIT);
	} while (io_again(s, TN__IO_READ, flags, n));

	if (n < 0)
		return io_fail(s, n, "recv", "from");
	if (n > 0 && (size_t)n < size && (flags & ~MSG_DONTWAIT) == 0)
		tn__io_short(&s->io);
	return n;
}

ssize_t
tn_socket_recvmsg(struct tn_socket *s, struct msghdr *message, int flags)
{
	const struct tn__net_ops *net = tn__net();
	ssize_t n;

	do {
		n = io_enter(s, TN__IO_READ, flags, "recv");
		if (n < 0)
			break;
		n = net->recvmsg(s->io.fd, message, flags | MSG_DONTWAIT);
	} while (io_again(s, TN__IO_READ, flags, n));

	return n < 0 ? io_fail(s, n, "recv", "from") : n;
}

ssize_t
tn_socket_recvfrom(struct tn_socket *s, void *ret, size_t size, int flags,
    struct tn_address *ret_from)
{
	struct tn_address from = { 0 };
	struct iovec vector = { ret, size };
	struct msghdr message = {
		.msg_name = &from.storage,
		.msg_namelen = sizeof(from.storage),
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	ssize_t n = tn_socket_recvmsg(s, &message, flags);

	if (n < 0 || ret_from == NULL)
		return n;
	from.size = message.msg_namelen;
	if (from.size == 0) { /* a stream, or nobody with a name */
		from.storage.ss_family = (sa_family_t)s->family;
		from.size = sizeof(sa_family_t);
	}
	*ret_from = from;
	return n;
}

/* ---- sending ----------------------------------------------------------- */

ssize_t
tn_socket_send(struct tn_socket *s, const void *bytes, size_t size, int flags)
{
	const struct tn__net_ops *net = tn__net();
	ssize_t n;

	do {
		n = io_enter(s, TN__IO_WRITE, flags, "send");
		if (n < 0)
			break;
		n = net->send(s->io.fd, bytes, size,
		    flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (io_again(s, TN__IO_WRITE, flags, n));

	return n < 0 ? io_fail(s, n, "send", "to") : n;
}

static ssize_t
io_sendmsg(struct tn_socket *s, const struct msghdr *message, int flags)
{
	const struct tn__net_ops *net = tn__net();
	ssize_t n;

	do {
		n = io_enter(s, TN__IO_WRITE, flags, "send");
		if (n < 0)
			break;
		n = net->sendmsg(s->io.fd, message,
		    flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (io_again(s, TN__IO_WRITE, flags, n));
	return n;
}

ssize_t
tn_socket_sendmsg(struct tn_socket *s, const struct msghdr *message, int flags)
{
	ssize_t n = io_sendmsg(s, message, flags);

	return n < 0 ? io_fail(s, n, "send", "to") : n;
}

ssize_t
tn_socket_sendto(struct tn_socket *s, const void *bytes, size_t size,
    int flags, const struct tn_address *to)
{
	struct tn_address name = *to; /* msg_name is not const */
	struct iovec vector = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = {
		.msg_name = &name.storage,
		.msg_namelen = name.size,
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	ssize_t n = io_sendmsg(s, &message, flags);
	char text[TN_ADDRESS_TEXT_MAX];

	if (n >= 0 || n == -EAGAIN)
		return n;
	return tn_error_set((int)n, "send to %s: %s",
	    tn_address_format(to, text), tn__socket_words((int)n));
}

int
tn_socket_sendall(struct tn_socket *s, const void *bytes, size_t size,
    int flags)
{
	struct tn_slice left = tn_slice(bytes, size);

	do {
		ssize_t n = tn_socket_send(s, left.data, left.len, flags);

		if (n < 0)
			return (int)n;
		left = tn_slice_skip(left, (size_t)n);
	} while (left.len > 0);
	return 0;
}

/* ---- without waiting --------------------------------------------------- */

ssize_t
tn__socket_try_sendmsg(struct tn_socket *s, const struct msghdr *message,
    int flags)
{
	ssize_t n;

	do
		n = tn__net()->sendmsg(s->io.fd, message,
		    flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	while (io_again(s, TN__IO_WRITE, MSG_DONTWAIT, n));
	return n;
}

/* A foreign blocking socket has no MSG_DONTWAIT here; its owner uses send. */
ssize_t
tn__socket_try_sendfile(struct tn_socket *s, int file, int64_t *offset,
    size_t size)
{
	ssize_t n;

	if (s->io.flags & TN__IO_FOREIGN)
		return -EOPNOTSUPP;
	do
		n = tn__net()->sendfile(s->io.fd, file, offset, size);
	while (io_again(s, TN__IO_WRITE, MSG_DONTWAIT, n));
	return n;
}

/* ---- readiness alone --------------------------------------------------- */

/* What stands in io->ready only means that trying is worth it; whoever will
 * not try has to ask. */
static bool
io_poll(const struct tn_socket *s, short events)
{
	struct pollfd p = { .fd = s->io.fd, .events = events };
	struct tn__host *host = tn__host();

	return host->poll(host, &p, 1, 0) != 0;
}

static int
io_wait_for(struct tn_socket *s, enum tn__io_direction direction, short events,
    const char *what)
{
	int r;

	do {
		r = tn__io_begin(&s->io, direction);
		if (r > 0) {
			if (io_poll(s, events))
				return 0;
			tn__io_empty(&s->io, direction); /* woken for nothing */
		}
		if (r >= 0)
			r = tn__io_wait(&s->io, direction, what);
	} while (r >= 0);
	return tn__socket_fail(s, r, what, NULL);
}

int
tn_socket_wait_readable(struct tn_socket *s)
{
	return io_wait_for(s, TN__IO_READ, POLLIN, "wait to read");
}

int
tn_socket_wait_writable(struct tn_socket *s)
{
	return io_wait_for(s, TN__IO_WRITE, POLLOUT, "wait to write");
}

/* ---- accept ------------------------------------------------------------ */

/* accept(2): errors of a connection that died in the queue, which say nothing
 * about the listener.  Not EPERM and EOPNOTSUPP, which may stay for ever. */
static bool
io_accept_passes(int error)
{
	static const int passed[] = { ECONNABORTED, EPROTO, ENOPROTOOPT,
		ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET,
		ETIMEDOUT };

	for (size_t i = 0; i < TN_COUNT(passed); i++)
		if (error == -passed[i])
			return true;
	return false;
}

/* After EMFILE and its like the connection is still there, so the listener
 * stays ready: whoever tries again has it at once. */
int
tn__socket_try_accept(struct tn_socket *s, struct tn_socket **ret,
    struct tn_address *ret_peer)
{
	const struct tn__net_ops *net = tn__net();
	struct tn_address peer;
	struct tn_socket *accepted;
	int fd, r;

	do {
		memset(&peer, 0, sizeof(peer));
		peer.size = sizeof(peer.storage);
		fd = net->accept(s->io.fd, (struct sockaddr *)&peer.storage,
		    &peer.size);
	} while (io_again(s, TN__IO_READ, MSG_DONTWAIT, fd) ||
	    io_accept_passes(fd));

	if (fd < 0)
		return (int)io_fail(s, fd, "accept", NULL);
	r = tn__socket_new(fd, s->family, s->type, s->proto, "accept",
	    &accepted);
	if (r < 0)
		return r;
	tn__socket_set_peer(accepted, (const struct sockaddr *)&peer.storage,
	    peer.size);
	accepted->accepted = true;
	*ret = accepted;
	if (ret_peer != NULL)
		*ret_peer = peer;
	return 0;
}

int
tn_socket_accept(struct tn_socket *s, struct tn_socket **ret,
    struct tn_address *ret_peer)
{
	int r;

	do {
		r = io_enter(s, TN__IO_READ, 0, "accept");
		if (r < 0)
			return tn__socket_fail(s, r, "accept", NULL);
		r = tn__socket_try_accept(s, ret, ret_peer);
	} while (r == -EAGAIN);
	return r;
}

/* ---- connect ----------------------------------------------------------- */

int
tn__socket_connect_start(struct tn_socket *s, const struct tn_address *address)
{
	const struct sockaddr *to = (const struct sockaddr *)&address->storage;
	int r = tn__net()->connect(s->io.fd, to, address->size);

	if (r < 0 && r != -EINPROGRESS && r != -EALREADY && r != -EINTR)
		return r;
	s->accepted = false;
	tn__socket_set_peer(s, to, address->size);
	if (r >= 0)
		return 1;
	tn__io_empty(&s->io, TN__IO_WRITE);
	return 0;
}

/* That the socket is writable may be old news, from before connect(); only a
 * peer's name proves that it is connected. */
int
tn__socket_connected(struct tn_socket *s)
{
	const struct tn__net_ops *net = tn__net();
	struct sockaddr_storage peer;
	socklen_t size = sizeof(int);
	int error = 0, r;

	r = net->getsockopt(s->io.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (r < 0 || error != 0)
		return r < 0 ? r : -error;
	size = sizeof(peer);
	r = net->getpeername(s->io.fd, (struct sockaddr *)&peer, &size);
	if (r == -ENOTCONN) {
		tn__io_empty(&s->io, TN__IO_WRITE);
		return 0;
	}
	return r < 0 ? r : 1;
}

/* A Unix listener with a full queue says EAGAIN, and no event tells when there
 * is room: try again, with 1 ms to 64 ms between. */
static int
io_connect_queue(struct tn_socket *s, const struct tn_address *address)
{
	tn_time pause = TN_MILLISECOND;
	int r;

	while ((r = tn__socket_connect_start(s, address)) == -EAGAIN &&
	    s->family == AF_UNIX) {
		r = tn_sleep(pause);
		if (r < 0)
			return r;
		if (pause < 64 * TN_MILLISECOND)
			pause *= 2;
	}
	return r;
}

static int
io_connect(struct tn_socket *s, const struct tn_address *address)
{
	int r = tn__io_begin(&s->io, TN__IO_WRITE);

	if (r < 0)
		return r;
	r = io_connect_queue(s, address);
	while (r == 0) {
		r = tn__io_wait(&s->io, TN__IO_WRITE, "connect");
		if (r == 0)
			r = tn__socket_connected(s);
	}
	return r;
}

int
tn_socket_connect(struct tn_socket *s, const struct tn_address *address)
{
	int r = io_connect(s, address);
	char text[TN_ADDRESS_TEXT_MAX];

	if (r < 0)
		return tn_error_set(r, "connect %s: %s",
		    tn_address_format(address, text), tn__socket_words(r));
	return 0;
}
