/* tenon/socket.h - sockets, as BSD and Python name them.
 *
 * Calls block the calling fiber or thread until done, until a deadline passes
 * (-ETIMEDOUT) or until it is cancelled (-ECANCELED).  A socket belongs to the
 * loop of its first wait.  One fiber may read while another writes; a second
 * one in the same direction gets -EBUSY. */
#ifndef TENON_SOCKET_H
#define TENON_SOCKET_H

#include <sys/socket.h>
#include <sys/uio.h>
#include <tenon/address.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_socket;

/* AF_UNIX, AF_INET, AF_INET6, ...; SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET.
 * -ENOMEM, or what socket(2) says. */
TN_API TN_CHECK int tn_socket_open(int family, int type, int proto,
    struct tn_socket **ret);
TN_API TN_CHECK int tn_socket_pair(int family, int type, int proto,
    struct tn_socket *ret[2]);

/* Takes a descriptor from elsewhere; on failure it stays the caller's.  Its
 * O_NONBLOCK is left as it is: without it accept() and connect() may block the
 * thread, receiving and sending never do. */
TN_API TN_CHECK int tn_socket_from_fd(int fd, struct tn_socket **ret);

/* As bind(2) and listen(2); tn_listen() does both, and more. */
TN_API TN_CHECK int tn_socket_bind(struct tn_socket *s,
    const struct tn_address *address);
TN_API TN_CHECK int tn_socket_listen(struct tn_socket *s, int backlog);

/* Waits for a connection.  `ret_peer` may be NULL.  Beside waits' errors those
 * of accept(2); a connection that died in the queue is passed over.  After
 * -EMFILE, -ENFILE, -ENOBUFS or -ENOMEM it still waits in the queue. */
TN_API TN_CHECK int tn_socket_accept(struct tn_socket *s,
    struct tn_socket **ret, struct tn_address *ret_peer);

/* Waits until it is connected, or says why it is not: -ECONNREFUSED,
 * -EHOSTUNREACH, -ETIMEDOUT, ...  For datagrams it sets the peer at once. */
TN_API TN_CHECK int tn_socket_connect(struct tn_socket *s,
    const struct tn_address *address);

/* Bytes received, 0 at the end of a stream (or for an empty datagram).  With
 * MSG_DONTWAIT, here and below, -EAGAIN instead of waiting, without an error
 * line.  MSG_WAITALL on a stream: fewer than `size` only at its end or before
 * an error, which the next call then returns.  Received descriptors are
 * CLOEXEC. */
TN_API TN_CHECK ssize_t tn_socket_recv(struct tn_socket *s, void *ret,
    size_t size, int flags);
/* `ret_from` may be NULL; it has no port or path on a stream or when the sender
 * has no name. */
TN_API TN_CHECK ssize_t tn_socket_recvfrom(struct tn_socket *s, void *ret,
    size_t size, int flags, struct tn_address *ret_from);
TN_API TN_CHECK ssize_t tn_socket_recvmsg(struct tn_socket *s,
    struct msghdr *message, int flags);

/* Bytes sent, perhaps fewer than `size`; SIGPIPE never comes. */
TN_API TN_CHECK ssize_t tn_socket_send(struct tn_socket *s, const void *bytes,
    size_t size, int flags);
TN_API TN_CHECK ssize_t tn_socket_sendto(struct tn_socket *s,
    const void *bytes, size_t size, int flags, const struct tn_address *to);
TN_API TN_CHECK ssize_t tn_socket_sendmsg(struct tn_socket *s,
    const struct msghdr *message, int flags);

/* All of it, or an error; how much went out before an error is unknown. */
TN_API TN_CHECK int tn_socket_sendall(struct tn_socket *s, const void *bytes,
    size_t size, int flags);

/* Waits until a read or write would make progress. */
TN_API TN_CHECK int tn_socket_wait_readable(struct tn_socket *s);
TN_API TN_CHECK int tn_socket_wait_writable(struct tn_socket *s);

/* The two ends, and options, as the system calls of these names; `*size` is the
 * room before and what was written after. */
TN_API TN_CHECK int tn_socket_getsockname(const struct tn_socket *s,
    struct tn_address *ret);
TN_API TN_CHECK int tn_socket_getpeername(const struct tn_socket *s,
    struct tn_address *ret);
TN_API TN_CHECK int tn_socket_getsockopt(const struct tn_socket *s, int level,
    int name, void *ret, socklen_t *size);
TN_API TN_CHECK int tn_socket_setsockopt(struct tn_socket *s, int level,
    int name, const void *value, socklen_t size);

/* SHUT_RD, SHUT_WR, SHUT_RDWR. */
TN_API TN_CHECK int tn_socket_shutdown(struct tn_socket *s, int how);

/* The descriptor, -EBADF once closed. */
TN_API int tn_socket_fileno(const struct tn_socket *s);
TN_API int tn_socket_family(const struct tn_socket *s);
TN_API int tn_socket_type(const struct tn_socket *s);
TN_API int tn_socket_proto(const struct tn_socket *s);

/* Gives the descriptor away and frees the socket; the fd is the caller's.
 * -EBADF when it was closed; the socket is freed all the same. */
TN_API TN_CHECK int tn_socket_detach(struct tn_socket *s);

/* Lets the next wait bind it to another loop; nobody may be waiting. */
TN_API void tn_socket_release(struct tn_socket *s);

/* Closes at once, waking whoever waits with -EBADF; the memory stays until
 * tn_socket_free().  Returns what close(2) said, -EBADF the second time. */
TN_API int tn_socket_close(struct tn_socket *s);

/* Closes and frees.  Nobody may be waiting in it.  NULL is fine. */
TN_API void tn_socket_free(struct tn_socket *s);
TN_DEFINE_CLEANUP(struct tn_socket, tn_socket_free) /* tn_socket_freep */

struct tn_connect_options {          /* all-zero is valid; 0 = default */
	int family;                  /* AF_UNSPEC: both */
	int64_t attempt_delay_ms;    /* between attempts; 250 (RFC 8305 section
				      * 5), at least 10; -1: each only when
				      * those before have failed */
	int addresses_max;           /* tried at most; 16; 32 and -1 = 32 */
	const struct tn_address *source; /* bind to it first; NULL = any */
	uint64_t reserved[8];
};

/* A TCP connection to a host (NULL or "": this machine): looks it up, then
 * races its addresses, families taking turns (RFC 8305).  When all fail the
 * code is the first one's and the text names every address and why each
 * failed. */
TN_API TN_CHECK int tn_net_create_connection(const char *host,
    const char *port, const struct tn_connect_options *options,
    struct tn_socket **ret);

struct tn_listen_options {      /* all-zero is valid; 0 = default */
	int backlog;            /* 1024 */
	bool no_reuse_address;  /* SO_REUSEADDR is set unless this */
	bool reuse_port;        /* SO_REUSEPORT */
	bool v6_only;           /* [::] takes IPv4 too unless this */
	int unix_mode;          /* of a Unix socket's file; 0 = as umask says */
	const char *unix_owner; /* and whose it is: "USER", "USER:GROUP" or
				 * ":GROUP", names or numbers; NULL = whose
				 * this process is */
	uint64_t reserved[8];
};

/* A listening socket (SOCK_STREAM) or a bound one (SOCK_DGRAM) for an address
 * as tenon/address.h writes it, or for
 *
 *     fd:N            descriptor N, which listens already (or is of datagrams)
 *     systemd:        what systemd gave this process (LISTEN_FDS,
 *     systemd:NAME    sd_listen_fds(3)): the first that is left, or the first
 *                     of this name
 *
 * These become nonblocking and close-on-exec, and the options do not concern
 * them.  The same is done when this process was given a socket that is bound to
 * the very address: it is taken, and nothing is bound.
 *
 * A Unix path on which nobody listens any more is taken over, and the file is
 * removed when the socket is closed.  Of a host with several addresses the
 * first that this machine has.  -EADDRINUSE with what to do about it, -EACCES,
 * -EPERM, -EEXIST when a path is no socket, TN_EGAI_*, -EOPNOTSUPP for "tls:",
 * -EBADF, -ENOTSOCK, -EPROTOTYPE and -EINVAL for a descriptor at which nobody
 * can listen, -ENOENT when no such socket was given or the owner is nobody that
 * this machine knows. */
TN_API TN_CHECK int tn_listen(const char *address,
    const struct tn_listen_options *options, struct tn_socket **ret);

#ifdef __cplusplus
}
#endif

#endif
