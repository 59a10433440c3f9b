#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "net/host.h"
#include "rt/rt.h"
#include "sim/memory_host.h"

#define FDS_MAX 256
#define FD_FIRST (1 << 24) /* far from the kernel's */
#define PIPE_BYTES 4096    /* small, so that writers have to wait */

struct end {
	bool used, listening, connected, shut;
	int peer; /* index, -1 once it is gone */
	bool ended; /* the peer shut or closed */
	char bytes[PIPE_BYTES]; /* on their way to this end */
	size_t count;
	struct sockaddr_in name, peer_name;
	int queue[32]; /* of a listener: ends that wait for accept */
	int queued;
	bool watched;
	uint64_t data;
	unsigned events; /* edges not yet reported */
};

static struct end ends[FDS_MAX];
static tn_time now;
static size_t chunk;
static long calls;
static uint16_t next_port;

static struct end *
end_of(int fd)
{
	int i = fd - FD_FIRST;

	calls++;
	return i >= 0 && i < FDS_MAX && ends[i].used ? &ends[i] : NULL;
}

static void
end_edge(int index, unsigned events)
{
	if (index >= 0)
		ends[index].events |= events;
}

static int
end_new(void)
{
	for (int i = 0; i < FDS_MAX; i++) {
		if (ends[i].used)
			continue;
		memset(&ends[i], 0, sizeof(ends[i]));
		ends[i].used = true;
		ends[i].peer = -1;
		return i;
	}
	return -EMFILE;
}

/* ---- net/ -------------------------------------------------------------- */

static int
memory_socket(int family, int type, int protocol)
{
	int i;

	calls++;
	if (family != AF_INET || type != SOCK_STREAM)
		return -EAFNOSUPPORT;
	i = end_new();
	return i < 0 ? i : FD_FIRST + i;
}

static int
memory_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	struct end *e = end_of(fd);

	memcpy(&e->name, address, sizeof(e->name));
	if (e->name.sin_port == 0)
		e->name.sin_port = htons(++next_port);
	return 0;
}

static int
memory_listen(int fd, int backlog)
{
	end_of(fd)->listening = true;
	return 0;
}

static int
memory_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct end *e = end_of(fd);
	struct sockaddr_in to;

	memcpy(&to, address, sizeof(to));
	for (int i = 0; i < FDS_MAX; i++) {
		struct end *l = &ends[i];
		int far;

		if (!l->used || !l->listening || l->queued == 32 ||
		    l->name.sin_port != to.sin_port)
			continue;
		far = end_new();
		if (far < 0)
			return far;
		e->name = to;
		e->name.sin_port = htons(++next_port);
		e->peer_name = ends[far].name = to;
		ends[far].peer_name = e->name;
		ends[far].peer = (int)(e - ends);
		ends[far].connected = e->connected = true;
		e->peer = far;
		l->queue[l->queued++] = far;
		end_edge(i, TN__POLL_IN);
		return 0;
	}
	return -ECONNREFUSED;
}

static int
memory_name(const struct sockaddr_in *name, struct sockaddr *ret,
    socklen_t *size)
{
	if (ret == NULL)
		return 0;
	memcpy(ret, name, *size < sizeof(*name) ? *size : sizeof(*name));
	*size = sizeof(*name);
	return 0;
}

static int
memory_accept(int fd, struct sockaddr *ret, socklen_t *size)
{
	struct end *l = end_of(fd);
	int far;

	if (l->queued == 0)
		return -EAGAIN;
	far = l->queue[0];
	memmove(l->queue, l->queue + 1, (size_t)--l->queued * sizeof(int));
	memory_name(&ends[far].peer_name, ret, size);
	return FD_FIRST + far;
}

static ssize_t
memory_recv(int fd, void *out, size_t size, int flags)
{
	struct end *e = end_of(fd);
	size_t n = e->count < size ? e->count : size;

	if (n == 0)
		return e->ended || e->peer < 0 ? 0 : -EAGAIN;
	if (chunk > 0 && n > chunk)
		n = chunk;
	memcpy(out, e->bytes, n);
	memmove(e->bytes, e->bytes + n, e->count - n);
	e->count -= n;
	if (e->count > 0) /* a short read with more behind it: say so */
		end_edge((int)(e - ends), TN__POLL_IN);
	end_edge(e->peer, TN__POLL_OUT);
	return (ssize_t)n;
}

static ssize_t
memory_send(int fd, const void *bytes, size_t size, int flags)
{
	struct end *e = end_of(fd), *far;
	size_t room;

	if (e->peer < 0 || e->shut)
		return -EPIPE;
	far = &ends[e->peer];
	room = PIPE_BYTES - far->count;
	if (room == 0)
		return -EAGAIN;
	if (size > room)
		size = room;
	if (chunk > 0 && size > chunk)
		size = chunk;
	memcpy(far->bytes + far->count, bytes, size);
	far->count += size;
	end_edge(e->peer, TN__POLL_IN);
	return (ssize_t)size;
}

static ssize_t
memory_sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t total = 0;

	for (size_t i = 0; i < message->msg_iovlen; i++) {
		const struct iovec *v = &message->msg_iov[i];
		ssize_t n;

		if (v->iov_len == 0)
			continue;
		n = memory_send(fd, v->iov_base, v->iov_len, flags);
		if (n < 0)
			return total > 0 ? total : n;
		total += n;
		if ((size_t)n < v->iov_len)
			break;
	}
	return total;
}

static int
memory_getsockopt(int fd, int level, int name, void *out, socklen_t *size)
{
	memset(out, 0, *size);
	return end_of(fd) == NULL ? -EBADF : 0;
}

static int
memory_setsockopt(int fd, int level, int name, const void *value,
    socklen_t size)
{
	return end_of(fd) == NULL ? -EBADF : 0;
}

static int
memory_getsockname(int fd, struct sockaddr *ret, socklen_t *size)
{
	return memory_name(&end_of(fd)->name, ret, size);
}

static int
memory_getpeername(int fd, struct sockaddr *ret, socklen_t *size)
{
	struct end *e = end_of(fd);

	return e->connected ? memory_name(&e->peer_name, ret, size) : -ENOTCONN;
}

static void
memory_end_peer(struct end *e)
{
	if (e->peer < 0)
		return;
	ends[e->peer].ended = true;
	end_edge(e->peer, TN__POLL_IN | TN__POLL_ODD);
}

static int
memory_shutdown(int fd, int how)
{
	struct end *e = end_of(fd);

	if (how != SHUT_WR) {
		e->ended = true;
		end_edge((int)(e - ends), TN__POLL_IN | TN__POLL_ODD);
	}
	if (how != SHUT_RD) {
		e->shut = true;
		memory_end_peer(e);
	}
	return 0;
}

static int
memory_close(int fd)
{
	struct end *e = end_of(fd);

	memory_end_peer(e);
	if (e->peer >= 0) {
		ends[e->peer].peer = -1;
		end_edge(e->peer, TN__POLL_OUT | TN__POLL_ODD);
	}
	e->used = false;
	return 0;
}

static const struct tn__net_ops memory_net = {
	.socket = memory_socket,
	.bind = memory_bind,
	.listen = memory_listen,
	.accept = memory_accept,
	.connect = memory_connect,
	.recv = memory_recv,
	.send = memory_send,
	.sendmsg = memory_sendmsg,
	.getsockopt = memory_getsockopt,
	.setsockopt = memory_setsockopt,
	.getsockname = memory_getsockname,
	.getpeername = memory_getpeername,
	.shutdown = memory_shutdown,
	.close = memory_close,
};

/* ---- rt/ --------------------------------------------------------------- */

static tn_time
memory_now(struct tn__host *host)
{
	return now;
}

static int64_t
memory_wall_now(struct tn__host *host)
{
	/* 2018-01-10T23:32:35Z and what has passed since. */
	return (int64_t)1515627155 * TN_SECOND + now;
}

static int
memory_poller_open(struct tn__host *host, struct tn__poller **ret)
{
	*ret = (struct tn__poller *)(void *)ends; /* there is only one */
	return 0;
}

static void
memory_poller_free(struct tn__poller *poller)
{
}

static int
memory_poller_add(struct tn__poller *poller, int fd, unsigned bits,
    uint64_t data)
{
	struct end *e = end_of(fd);

	e->watched = true;
	e->data = data;
	if (e->count > 0 || e->queued > 0 || e->ended)
		e->events |= TN__POLL_IN;
	if (e->connected)
		e->events |= TN__POLL_OUT;
	return 0;
}

static int
memory_poller_rearm(struct tn__poller *poller, int fd, unsigned bits,
    uint64_t data)
{
	return memory_poller_add(poller, fd, bits, data);
}

static void
memory_poller_remove(struct tn__poller *poller, int fd)
{
	end_of(fd)->watched = false;
}

/* When nothing is ready, time is what passes next. */
static int
memory_poller_wait(struct tn__poller *poller, struct tn__poll_event *events,
    int count, tn_time deadline)
{
	int n = 0;

	for (int i = 0; i < FDS_MAX && n < count; i++) {
		if (!ends[i].used || !ends[i].watched || ends[i].events == 0)
			continue;
		events[n].data = ends[i].data;
		events[n++].bits = ends[i].events;
		ends[i].events = 0;
	}
	if (n > 0 || deadline <= now)
		return n;
	if (deadline == TN_NEVER)
		return -EDEADLK; /* nothing can ever happen again */
	now = deadline;
	return 0;
}

static void
memory_poller_wake(struct tn__poller *poller)
{
}

static int
memory_poll(struct tn__host *host, struct pollfd *fds, size_t count,
    tn_time deadline)
{
	return -ENOSYS; /* only fibers live here */
}

static struct tn__host memory_host = {
	.now = memory_now,
	.wall_now = memory_wall_now,
	.poller_open = memory_poller_open,
	.poller_free = memory_poller_free,
	.poller_add = memory_poller_add,
	.poller_rearm = memory_poller_rearm,
	.poller_remove = memory_poller_remove,
	.poller_wait = memory_poller_wait,
	.poller_wake = memory_poller_wake,
	.poll = memory_poll,
	.net = &memory_net,
};

/* ---- for the test ------------------------------------------------------ */

void
memory_host_begin(void)
{
	memset(ends, 0, sizeof(ends));
	now = TN_SECOND;
	chunk = 0;
	calls = 0;
	next_port = 1024;
	tn__host_set(&memory_host);
}

void
memory_host_end(void)
{
	tn__host_set(NULL);
}

void
memory_host_chunk(size_t bytes)
{
	chunk = bytes;
}

int
memory_host_open_count(void)
{
	int count = 0;

	for (int i = 0; i < FDS_MAX; i++)
		count += ends[i].used;
	return count;
}

long
memory_host_calls(void)
{
	return calls;
}
