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

/* ---- about an address -------------------------------------------------- */

enum { SOCKET_INET = 1, SOCKET_LOCAL = 2, SOCKET_ANY = 3 };

/* What a person can do about it. */
static const struct socket_advice {
	int code;
	unsigned verbs, families;
	const char *words;
} socket_advices[] = {
	{ -EADDRINUSE, TN__SOCKET_BIND, SOCKET_INET,
	    "address already in use; stop the other program or choose another "
	    "port" },
	{ -EADDRINUSE, TN__SOCKET_BIND, SOCKET_LOCAL,
	    "address already in use; stop the other program or choose another "
	    "path" },
	{ -EADDRNOTAVAIL, TN__SOCKET_BIND, SOCKET_INET,
	    "no such address on this machine; 0.0.0.0 and [::] stand for all "
	    "it has" },
	{ -EACCES, TN__SOCKET_BIND, SOCKET_INET,
	    "permission denied; ports below 1024 are for root and "
	    "CAP_NET_BIND_SERVICE: choose a higher one" },
	{ -EACCES, TN__SOCKET_BIND, SOCKET_LOCAL,
	    "permission denied; the directory has to be writable for this "
	    "user" },
	{ -EPERM, TN__SOCKET_BIND, SOCKET_LOCAL,
	    "operation not permitted; only root may give a socket to another "
	    "user, or to a group that this one is not in" },
	{ -ENOENT, TN__SOCKET_BIND, SOCKET_LOCAL,
	    "no such directory; make it first" },
	{ -EEXIST, TN__SOCKET_BIND, SOCKET_LOCAL,
	    "a file that is no socket has that name; remove it or choose "
	    "another path" },
	{ -EINVAL, TN__SOCKET_BIND, SOCKET_INET,
	    "invalid argument; a socket is bound once, to an address of its "
	    "own family" },

	{ -ECONNREFUSED, TN__SOCKET_CONNECT, SOCKET_INET,
	    "connection refused; no program listens at that port" },
	{ -ECONNREFUSED, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_LOCAL,
	    "connection refused; the program that made that socket has "
	    "ended" },
	{ -ENOENT, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_LOCAL,
	    "no such socket; start the server, or see whether the path is "
	    "right" },
	{ -EACCES, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_LOCAL,
	    "permission denied; this user has to be able to write to that "
	    "socket and to enter its directory" },
	{ -EPROTOTYPE, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_LOCAL,
	    "that socket is of another type than this one" },
	{ -ENETUNREACH, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_INET,
	    "no route to that network; see whether this machine is connected, "
	    "and has addresses of that family" },
	{ -EHOSTUNREACH, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_INET,
	    "host unreachable; it is off, or a router on the way refuses" },
	{ -ETIMEDOUT, TN__SOCKET_CONNECT, SOCKET_INET,
	    "timed out; the host is off, or a firewall drops what is sent to "
	    "it" },
	{ -EACCES, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_INET,
	    "permission denied; a broadcast address needs SO_BROADCAST, and a "
	    "firewall may forbid others" },
	{ -EPERM, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_INET,
	    "not permitted; a firewall on this machine forbids it" },
	{ -EADDRNOTAVAIL, TN__SOCKET_CONNECT, SOCKET_INET,
	    "no such address, or no local port is left to call it from" },
	{ -EAFNOSUPPORT, TN__SOCKET_CONNECT | TN__SOCKET_SEND, SOCKET_ANY,
	    "the address is of another family than the socket" },
	{ -EMSGSIZE, TN__SOCKET_SEND, SOCKET_ANY,
	    "message too long; a datagram has to fit as a whole" },
};

const char *
tn__socket_advice(enum tn__socket_verb verb, int family, int code)
{
	unsigned bit = tn__is_inet(family) ? SOCKET_INET :
	    family == AF_UNIX ? SOCKET_LOCAL : 0;

	for (size_t i = 0; i < TN_COUNT(socket_advices); i++) {
		const struct socket_advice *advice = &socket_advices[i];

		if (advice->code == code && advice->verbs & verb &&
		    advice->families & bit)
			return advice->words;
	}
	return tn__socket_words(code);
}

/* ---- the line ---------------------------------------------------------- */

int
tn__socket_fail_words(const struct tn_socket *s, int code, const char *verb,
    const char *toward, const char *words)
{
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

int
tn__socket_fail(const struct tn_socket *s, int code, const char *verb,
    const char *toward)
{
	return tn__socket_fail_words(s, code, verb, toward,
	    tn__socket_words(code));
}
