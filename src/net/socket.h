/* The inside of a socket, for net/ and for the stream on top of it. */
#ifndef TN__NET_SOCKET_H
#define TN__NET_SOCKET_H

#include <errno.h>
#include <netinet/in.h>
#include <tenon/socket.h>
#include "net/host.h"
#include "rt/rt.h"

struct tn__socket_path; /* path.c: the file of a Unix listener */

struct tn_socket {
	struct tn__io io;
	short family;
	unsigned char type;
	bool accepted : 1; /* the peer called us */
	bool borrowed : 1; /* the descriptor is another socket's */
	int proto;
	tn_time timeout; /* of each call; 0: do not wait, -1: no limit */
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
 * `verb` is "recv", `toward` "from", or NULL when the local end says more. */
int tn__socket_fail(const struct tn_socket *s, int code, const char *verb,
    const char *toward);
int tn__socket_fail_words(const struct tn_socket *s, int code,
    const char *verb, const char *toward, const char *words);

/* tn_error_words(), with what to do where a socket knows more. */
const char *tn__socket_words(int code);

/* Likewise, for a call about an address of this family. */
enum tn__socket_verb {
	TN__SOCKET_BIND = 1, /* and listen() */
	TN__SOCKET_CONNECT = 2,
	TN__SOCKET_SEND = 4,
};
const char *tn__socket_advice(enum tn__socket_verb verb, int family, int code);

/* ---- socket_timeout.c -------------------------------------------------- */

/* The socket's timeout around one call: a scope like any other, so that the
 * earliest deadline wins and each knows whether it was the one. */
struct tn__socket_call {
	struct tn_scope scope;
	bool timed;
};

/* The flags to go on with. */
static inline int
tn__socket_call_open(struct tn__socket_call *call, const struct tn_socket *s,
    int flags)
{
	call->timed = s->timeout > 0 && !(flags & MSG_DONTWAIT);
	if (call->timed)
		tn_scope_open(&call->scope, tn_after(s->timeout));
	return s->timeout == 0 ? flags | MSG_DONTWAIT : flags;
}

/* Whether it was the socket's own timeout that ended the call. */
static inline bool
tn__socket_call_close(struct tn__socket_call *call)
{
	return call->timed && tn_scope_close(&call->scope);
}

/* Room for "timed out after 250 ms, the timeout of the socket", and that; for
 * any other `code`, and when it was not `late`, `words`. */
#define TN__SOCKET_LATE_MAX 80
const char *tn__socket_late(const struct tn_socket *s, bool late, int code,
    const char *words, char out[TN__SOCKET_LATE_MAX]);

/* That of new sockets. */
tn_time tn__socket_default_timeout(void);

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

/* ---- path.c ------------------------------------------------------------ */

/* Who may use a Unix socket. */
struct tn__path_access {
	unsigned mode;       /* 0: as umask says */
	int64_t user, group; /* -1: as it is */
};

/* "USER", "USER:GROUP", ":GROUP", names or numbers. */
int tn__path_owner(const char *text, struct tn__path_access *ret);

/* The path in the address, or NULL when it has none. */
const char *tn__path_of(const struct tn_address *address);

/* Binds to a path, and remembers the file.  Without an error line. */
int tn__path_bind(struct tn_socket *s, const struct tn_address *address,
    const struct tn__path_access *access);

/* From now on the file at `path` is the socket's, which removes it in the end
 * unless process `heir_of` is its parent even then (0: nobody). */
int tn__path_keep(struct tn_socket *s, const char *path, pid_t heir_of);

/* Removes the file of a Unix listener, if it is still the one it made; or only
 * forgets it. */
void tn__socket_path_remove(struct tn_socket *s);
void tn__socket_path_forget(struct tn_socket *s);

/* ---- inherit.c --------------------------------------------------------- */

/* Sockets that were open when this process began: their first descriptor, most
 * of them, and what those are called that a program of ours hands down when it
 * starts itself again. */
#define TN__INHERIT_FIRST 3
#define TN__INHERIT_MAX 1000
#define TN__INHERIT_HANDED_DOWN TN_SLICE("handed-down")

/* How many this process was given, and the name of one, data NULL when it was
 * not given. */
int tn__inherit_count(void);
struct tn_slice tn__inherit_name(int fd);

/* Takes descriptor `fd`, which must be listening or of datagrams. */
int tn__inherit_take(int fd, struct tn_socket **ret);

/* Takes one that was given for this address, if any: 1; 0 when there is none,
 * or an error. */
int tn__inherit_find(const struct tn_address *address, int type,
    struct tn_socket **ret);

/* Takes the first that is left of those of this name, "" of any. */
int tn__inherit_named(const char *name, struct tn_socket **ret);

/* ---- listen.c ---------------------------------------------------------- */

/* tn_listen() for what tn_endpoint_parse() took apart. */
int tn__listen_endpoint(const struct tn_endpoint *endpoint,
    const struct tn_listen_options *options, struct tn_socket **ret);

#endif
