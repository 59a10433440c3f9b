/* The inside of a socket, for net/ and for the stream on top of it. */
#ifndef TN__NET_SOCKET_H
#define TN__NET_SOCKET_H

#include <errno.h>
#include <netinet/in.h>
#include <tenon/socket.h>
#include "net/host.h"
#include "rt/rt.h"

struct tn__socket_path; /* listen.c: the file of a Unix listener */

struct tn_socket {
	struct tn__io io;
	short family;
	unsigned char type;
	bool accepted : 1; /* the peer called us */
	bool borrowed : 1; /* the descriptor is another socket's */
	int proto;
	/* Whom we are connected to, so that an error can still say it when the
	 * kernel has forgotten; family 0 when unknown. */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;
	struct tn__socket_path *path;
};

static inline bool
tn__is_inet(int family)
{
	return family == AF_INET || family == AF_INET6;
}

/* Takes `fd` (-errno: what the call that made it said); `verb` is what was
 * attempted.  Closes it when it fails. */
int tn__socket_new(int fd, int family, int type, int proto, const char *verb,
    struct tn_socket **ret);
void tn__socket_set_peer(struct tn_socket *s, const struct sockaddr *peer,
    socklen_t size);

/* The same listener for another loop: each waits for itself and one of them is
 * woken.  `s` has to outlive `*ret`, which never closes the descriptor. */
int tn__socket_share(struct tn_socket *s, struct tn_socket **ret);

/* What is known of the two ends; false when it has no name. */
bool tn__socket_local(const struct tn_socket *s, struct tn_address *ret);
bool tn__socket_peer(const struct tn_socket *s, struct tn_address *ret);

/* "tcp 127.0.0.1:80 <- 127.0.0.1:51234", for tn_dump(). */
void tn__socket_describe(const struct tn__io *io, char *out, size_t size);

/* Sets the error line, "recv from 10.0.0.1:80: timed out", and returns `code`.
 * `verb` is "recv", `toward` "from", or NULL when
 * the local end says more. */
int tn__socket_fail(const struct tn_socket *s, int code, const char *verb,
    const char *toward);

/* tn_error_words(), with what to do where a socket knows more. */
const char *tn__socket_words(int code);

/* 1 when connected, 0 when it is on its way: wait for writing and ask
 * tn__socket_connected().  Without an error line. */
int tn__socket_connect_start(struct tn_socket *s,
    const struct tn_address *address);
int tn__socket_connected(struct tn_socket *s);

/* tn_socket_accept() without waiting: -EAGAIN, without an error line, when
 * nobody is there. */
int tn__socket_try_accept(struct tn_socket *s, struct tn_socket **ret,
    struct tn_address *ret_peer);

/* Without waiting, fairness or an error line: for a pusher.  Bytes, -EAGAIN
 * (then writing waits for room), or -errno. */
ssize_t tn__socket_try_sendmsg(struct tn_socket *s,
    const struct msghdr *message, int flags);
ssize_t tn__socket_try_sendfile(struct tn_socket *s, int file,
    int64_t *offset, size_t size);

/* Removes the file of a Unix listener, if it is still the one it made. */
void tn__socket_path_remove(struct tn_socket *s);

/* tn_listen() for what tn_endpoint_parse() took apart. */
int tn__listen_endpoint(const struct tn_endpoint *endpoint,
    const struct tn_listen_options *options, struct tn_socket **ret);

#endif
