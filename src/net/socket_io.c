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

/* The end of every call.  "Not now" is the answer that MSG_DONTWAIT and a socket
 * without time ask for, no failure to tell of. */
static ssize_t
io_end(const struct tn_socket *s, struct tn__socket_call *call, ssize_t n,
    const char *verb, const char *toward)
{
	bool late = tn__socket_call_close(call);
	char room[TN__SOCKET_LATE_MAX];
	int code = (int)n;

	if (n >= 0 || n == -EAGAIN)
		return n;
	return tn__socket_fail_words(s, code, verb, toward,
	    tn__socket_late(s, late, code, tn__socket_words(code), room));
}

/* ---- receiving --------------------------------------------------------- */

static ssize_t
io_recv(struct tn_socket *s, void *out, size_t size, int flags)
{
	const struct tn__net_ops *net = tn__net();
	ssize_t n;

	do {
		n = io_enter(s, TN__IO_READ, flags, "recv");
		if (n < 0)
			break;
		n = net->recv(s->io.fd, out, size, flags | MSG_DONTWAIT);
	} while (io_again(s, TN__IO_READ, flags, n));

	if (n > 0 && (size_t)n < size && (flags & ~MSG_DONTWAIT) == 0)
		tn__io_short(&s->io);
	return n;
}

/* The descriptor may be somebody's blocking one, so every call says DONTWAIT;
 * that takes the sense out of MSG_WAITALL, which is done here. */
static ssize_t
io_recv_all(struct tn_socket *s, char *out, size_t size, int flags)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = io_recv(s, out + done, size - done, flags);
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
	struct tn__socket_call call;
	ssize_t n;

	flags = tn__socket_call_open(&call, s, flags);
	if (flags & MSG_WAITALL && s->type == SOCK_STREAM &&
	    !(flags & (MSG_DONTWAIT | MSG_PEEK | MSG_OOB)))
		n = io_recv_all(s, ret, size, flags & ~MSG_WAITALL);
	else
		n = io_recv(s, ret, size, flags);
	return io_end(s, &call, n, "recv", "from");
}

ssize_t
tn_socket_recvmsg(struct tn_socket *s, struct msghdr *message, int flags)
{
	const struct tn__net_ops *net = tn__net();
	struct tn__socket_call call;
	ssize_t n;

	flags = tn__socket_call_open(&call, s, flags);
	do {
		n = io_enter(s, TN__IO_READ, flags, "recv");
		if (n < 0)
			break;
		n = net->recvmsg(s->io.fd, message, flags | MSG_DONTWAIT);
	} while (io_again(s, TN__IO_READ, flags, n));
	return io_end(s, &call, n, "recv", "from");
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

static ssize_t
io_send(struct tn_socket *s, const void *bytes, size_t size, int flags)
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
	return n;
}

ssize_t
tn_socket_send(struct tn_socket *s, const void *bytes, size_t size, int flags)
{
	struct tn__socket_call call;
	ssize_t n;

	flags = tn__socket_call_open(&call, s, flags);
	n = io_send(s, bytes, size, flags);
	return io_end(s, &call, n, "send", "to");
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
	struct tn__socket_call call;
	ssize_t n;

	flags = tn__socket_call_open(&call, s, flags);
	n = io_sendmsg(s, message, flags);
	return io_end(s, &call, n, "send", "to");
}

static ssize_t
io_sendto_fail(const struct tn_socket *s, int code, bool late,
    const struct tn_address *to)
{
	char text[TN_ADDRESS_TEXT_MAX], room[TN__SOCKET_LATE_MAX];
	const char *words = tn__socket_advice(TN__SOCKET_SEND, s->family, code);

	return tn_error_set(code, "send to %s: %s", tn_address_format(to, text),
	    tn__socket_late(s, late, code, words, room));
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
	struct tn__socket_call call;
	ssize_t n;
	bool late;

	flags = tn__socket_call_open(&call, s, flags);
	n = io_sendmsg(s, &message, flags);
	late = tn__socket_call_close(&call);
	return n >= 0 || n == -EAGAIN ? n :
	    io_sendto_fail(s, (int)n, late, to);
}

/* One timeout covers the whole, as in Python since 3.5. */
int
tn_socket_sendall(struct tn_socket *s, const void *bytes, size_t size,
    int flags)
{
	struct tn_slice left = tn_slice(bytes, size);
	struct tn__socket_call call;
	ssize_t n;

	flags = tn__socket_call_open(&call, s, flags);
	do {
		n = io_send(s, left.data, left.len, flags);
		if (n >= 0)
			left = tn_slice_skip(left, (size_t)n);
	} while (n >= 0 && left.len > 0);
	n = io_end(s, &call, n, "send", "to");
	return n < 0 ? (int)n : 0;
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
		return fd == -EAGAIN ? fd :
		    tn__socket_fail(s, fd, "accept", NULL);
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
	struct tn__socket_call call;
	int flags = tn__socket_call_open(&call, s, 0), r;

	do {
		r = io_enter(s, TN__IO_READ, flags, "accept");
		if (r >= 0)
			r = tn__socket_try_accept(s, ret, ret_peer);
	} while (r == -EAGAIN && !(flags & MSG_DONTWAIT));
	return (int)io_end(s, &call, r, "accept", NULL);
}
