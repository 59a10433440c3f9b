/* Connecting: started, waited for, or both. */
#include <tenon/error.h>

#include "net/socket.h"

/* ---- its parts --------------------------------------------------------- */

/* As connect(2) says it. */
static int
connect_call(struct tn_socket *s, const struct tn_address *address)
{
	const struct sockaddr *to = (const struct sockaddr *)&address->storage;
	int r = tn__net()->connect(s->io.fd, to, address->size);

	if (r < 0 && r != -EINPROGRESS && r != -EALREADY && r != -EINTR)
		return r;
	s->accepted = false;
	tn__socket_set_peer(s, to, address->size);
	if (r < 0)
		tn__io_empty(&s->io, TN__IO_WRITE);
	return r;
}

int
tn__socket_connect_start(struct tn_socket *s, const struct tn_address *address)
{
	int r = connect_call(s, address);

	if (r >= 0)
		return 1;
	return r == -EINPROGRESS || r == -EALREADY || r == -EINTR ? 0 : r;
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
connect_queue(struct tn_socket *s, const struct tn_address *address)
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

/* ---- the whole --------------------------------------------------------- */

static int
connect_wait(struct tn_socket *s, const struct tn_address *address)
{
	int r = connect_queue(s, address);

	while (r == 0) {
		r = tn__io_wait(&s->io, TN__IO_WRITE, "connect");
		if (r == 0)
			r = tn__socket_connected(s);
	}
	return r;
}

/* Without an error line; `ret_late` as tn__socket_call_close() says it. */
static int
connect_try(struct tn_socket *s, const struct tn_address *address,
    bool *ret_late)
{
	struct tn__socket_call call;
	int flags = tn__socket_call_open(&call, s, 0);
	int r = tn__io_begin(&s->io, TN__IO_WRITE);

	if (r >= 0 && flags & MSG_DONTWAIT)
		r = connect_call(s, address);
	else if (r >= 0)
		r = connect_wait(s, address);
	*ret_late = tn__socket_call_close(&call);
	return r < 0 ? r : 0;
}

int
tn_socket_connect(struct tn_socket *s, const struct tn_address *address)
{
	char text[TN_ADDRESS_TEXT_MAX], room[TN__SOCKET_LATE_MAX];
	const char *words;
	bool late;
	int r = connect_try(s, address, &late);

	if (r == 0 || r == -EAGAIN || r == -EINPROGRESS || r == -EALREADY)
		return r;
	words = tn__socket_advice(TN__SOCKET_CONNECT, s->family, r);
	return tn_error_set(r, "connect %s: %s",
	    tn_address_format(address, text),
	    tn__socket_late(s, late, r, words, room));
}

int
tn_socket_connect_ex(struct tn_socket *s, const struct tn_address *address)
{
	bool late;

	return -connect_try(s, address, &late);
}
