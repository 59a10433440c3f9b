/* What a socket is called, in errors and to tn_dump(). */
#include <stdio.h>
#include <tenon/error.h>

#include "net/socket.h"

/* The unnamed end of a Unix pair has a family and nothing else. */
static bool
socket_named(const struct tn_address *address)
{
	return address->size > sizeof(sa_family_t);
}

bool
tn__socket_local(const struct tn_socket *s, struct tn_address *ret)
{
	ret->size = sizeof(ret->storage);
	return s->io.fd >= 0 &&
	    tn__net()->getsockname(s->io.fd, (struct sockaddr *)&ret->storage,
		&ret->size) >= 0 &&
	    socket_named(ret);
}

bool
tn__socket_peer(const struct tn_socket *s, struct tn_address *ret)
{
	if (s->peer.any.sa_family != 0) {
		ret->size = s->peer.any.sa_family == AF_INET6 ?
		    sizeof(s->peer.v6) :
		    sizeof(s->peer.v4);
		memcpy(&ret->storage, &s->peer, ret->size);
		return true;
	}
	ret->size = sizeof(ret->storage);
	return s->io.fd >= 0 &&
	    tn__net()->getpeername(s->io.fd, (struct sockaddr *)&ret->storage,
		&ret->size) >= 0 &&
	    socket_named(ret);
}

void
tn__socket_set_peer(struct tn_socket *s, const struct sockaddr *peer,
    socklen_t size)
{
	memset(&s->peer, 0, sizeof(s->peer));
	if (tn__is_inet(s->family) && size <= sizeof(s->peer) &&
	    peer->sa_family == s->family)
		memcpy(&s->peer, peer, size);
}

static const char *
socket_kind(const struct tn_socket *s)
{
	if (!tn__is_inet(s->family))
		return ""; /* the address begins with "unix:" */
	switch (s->type) {
	case SOCK_STREAM:
		return "tcp ";
	case SOCK_DGRAM:
		return "udp ";
	default:
		return "raw ";
	}
}

void
tn__socket_describe(const struct tn__io *io, char *out, size_t size)
{
	const struct tn_socket *s = TN__CONTAINER(io, struct tn_socket, io);
	char local[TN_ADDRESS_TEXT_MAX] = "unnamed";
	char peer[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;

	if (tn__socket_local(s, &address))
		tn_address_format(&address, local);
	if (tn__socket_peer(s, &address))
		snprintf(out, size, "%s%s %s %s", socket_kind(s), local,
		    s->accepted ? "<-" : "->",
		    tn_address_format(&address, peer));
	else
		snprintf(out, size, "%s%s", socket_kind(s), local);
}

const char *
tn__socket_words(int code)
{
	switch (code) {
	case -EBADF:
		return "the socket is closed";
	case -EBUSY:
		return "another fiber waits in it, or it belongs to another "
		       "loop: release it there first";
	case -EMFILE:
		return "too many open files; raise the limit (ulimit -n)";
	case -ENOSPC:
		return "too many descriptors are watched; raise the sysctl "
		       "fs.epoll.max_user_watches";
	default:
		return tn_error_words(code);
	}
}

int
tn__socket_fail(const struct tn_socket *s, int code, const char *verb,
    const char *toward)
{
	const char *words = tn__socket_words(code);
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;

	if (toward != NULL && tn__socket_peer(s, &address))
		return tn_error_set(code, "%s %s %s: %s", verb, toward,
		    tn_address_format(&address, text), words);
	if (tn__socket_local(s, &address))
		return tn_error_set(code, "%s on %s: %s", verb,
		    tn_address_format(&address, text), words);
	return tn_error_set(code, "%s: %s", verb, words);
}
