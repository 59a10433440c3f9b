/* tenon/socket.h - sockets, as BSD and Python name them.
 *
 * Calls block the calling fiber or thread until done, until a deadline or the
 * socket's own timeout passes (-ETIMEDOUT) or until it is cancelled
 * (-ECANCELED).  A socket belongs to the loop of its first wait.  One fiber may
 * read while another writes; a second one in the same direction gets -EBUSY.
 *
 * docs/from-python.md has Python's methods one by one. */
#ifndef TENON_SOCKET_H
#define TENON_SOCKET_H

#include <sys/socket.h>
#include <sys/uio.h>
#include <tenon/address.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_socket;

/* AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, ...; SOCK_STREAM, SOCK_DGRAM,
 * SOCK_SEQPACKET, ...; with SOCK_NONBLOCK its timeout is 0 whatever the default
 * is.  Always CLOEXEC.  -ENOMEM, or what socket(2) says. */
TN_API TN_CHECK int tn_socket_open(int family, int type, int proto,
    struct tn_socket **ret);
TN_API TN_CHECK int tn_socket_pair(int family, int type, int proto,
    struct tn_socket *ret[2]);

/* Whether IPv6 is there and switched on: a socket can be bound to ::1. */
TN_API bool tn_net_has_ipv6(void);

/* Takes a descriptor from elsewhere; on failure it stays the caller's.  Its
 * O_NONBLOCK is left as it is: without it accept() and connect() may block the
 * thread, receiving and sending never do. */
TN_API TN_CHECK int tn_socket_from_fd(int fd, struct tn_socket **ret);

/* The same for a copy of the descriptor, which stays the caller's in any
 * case. */
TN_API TN_CHECK int tn_net_fromfd(int fd, struct tn_socket **ret);

/* Another socket for the same end, with the same timeout: what one reads the
 * other does not; the connection ends when both are closed.  -EOPNOTSUPP in a
 * simulated world. */
TN_API TN_CHECK int tn_socket_dup(const struct tn_socket *s,
    struct tn_socket **ret);

/* ---- timeouts ---------------------------------------------------------- */

/* How long each call on the socket may wait: -1, as long as it takes; 0, not at
 * all; or a span such as 2 * TN_SECOND, after which it fails with -ETIMEDOUT.
 * For tn_socket_sendall() and MSG_WAITALL it is that of the whole call.
 *
 * Without time a call that would wait fails with -EAGAIN, and connect() with
 * -EINPROGRESS, without an error line.
 *
 * It is a deadline like that of a scope (tenon/run.h) around the call: the
 * earliest wins, tn_scope_close() tells whether it was the scope's, and the
 * error line says when it was the socket's.  A stream over the socket keeps to
 * it in each of its waits; tn_socket_wait_readable() and its like do not, since
 * they are what one waits with.
 *
 * A blocking descriptor that came by tn_socket_from_fd() becomes nonblocking
 * when the timeout is not -1.  -EINVAL below -1, -EBUSY for such a descriptor
 * while somebody waits in it. */
TN_API TN_CHECK int tn_socket_settimeout(struct tn_socket *s,
    tn_time timeout);
TN_API tn_time tn_socket_gettimeout(const struct tn_socket *s);

/* true: timeout -1; false: 0.  Whether it is not 0. */
TN_API TN_CHECK int tn_socket_setblocking(struct tn_socket *s, bool blocking);
TN_API bool tn_socket_getblocking(const struct tn_socket *s);

/* The timeout that new sockets of this process begin with, accepted ones
 * included; -1 at first. */
TN_API TN_CHECK int tn_net_setdefaulttimeout(tn_time timeout);
TN_API tn_time tn_net_getdefaulttimeout(void);

/* ---- bind, accept, connect --------------------------------------------- */

/* As bind(2) and listen(2), with what to do about it when they fail;
 * tn_listen() does both, and more. */
TN_API TN_CHECK int tn_socket_bind(struct tn_socket *s,
    const struct tn_address *address);
TN_API TN_CHECK int tn_socket_listen(struct tn_socket *s, int backlog);

/* Waits for a connection.  `ret_peer` may be NULL.  Beside waits' errors those
 * of accept(2); a connection that died in the queue is passed over.  After
 * -EMFILE, -ENFILE, -ENOBUFS or -ENOMEM it still waits in the queue. */
TN_API TN_CHECK int tn_socket_accept(struct tn_socket *s,
    struct tn_socket **ret, struct tn_address *ret_peer);

/* Waits until it is connected, or says why it is not: -ECONNREFUSED,
 * -EHOSTUNREACH, -ETIMEDOUT, ...  For datagrams it sets the peer at once.
 *
 * With timeout 0: -EINPROGRESS when it is on its way.  Once the socket is
 * writable SO_ERROR, or this call again, says what came of it. */
TN_API TN_CHECK int tn_socket_connect(struct tn_socket *s,
    const struct tn_address *address);

/* The same, but the answer is an errno number as in Python, 0 or above, and no
 * error line is written: for who tries much and expects little.
 * tn_error_words(-n) has the words. */
TN_API TN_CHECK int tn_socket_connect_ex(struct tn_socket *s,
    const struct tn_address *address);

/* ---- receive and send -------------------------------------------------- */

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

/* Descriptors that go along with the bytes over a Unix socket, any type of it.
 * On a stream they go with the first byte, so `size` is 1 at least; when fewer
 * bytes than that went out, all descriptors have, and tn_socket_send() sends
 * the rest.  They stay the sender's too.  -EOPNOTSUPP over other sockets and in
 * a simulated world; -EINVAL when they are too many. */
#define TN_SOCKET_FDS_MAX 253 /* the kernel's own limit */
TN_API TN_CHECK ssize_t tn_socket_send_fds(struct tn_socket *s,
    const void *bytes, size_t size, const int *fds, size_t count, int flags);

/* `*count` is the room in `ret_fds` before and how many came after; they are
 * the caller's, to close too, and CLOEXEC.  Those for which there is no room
 * are closed, which MSG_CTRUNC in `*ret_flags` (may be NULL) tells: so a peer
 * cannot make anybody keep more than was asked for.  tn_socket_recv() and its
 * like receive none.  On failure `*count` is as it was, and nothing came. */
TN_API TN_CHECK ssize_t tn_socket_recv_fds(struct tn_socket *s, void *ret,
    size_t size, int *ret_fds, size_t *count, int flags, int *ret_flags);

/* Waits until a read or write would make progress, whatever the socket's
 * timeout. */
TN_API TN_CHECK int tn_socket_wait_readable(struct tn_socket *s);
TN_API TN_CHECK int tn_socket_wait_writable(struct tn_socket *s);

/* ---- about it ---------------------------------------------------------- */

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

/* As ioctl(2): FIONREAD and an int for the bytes that can be read, SIOCOUTQ for
 * those not yet acknowledged, and the like.  What it returned, 0 or above.
 * -EINVAL for FIONBIO, which is tn_socket_setblocking(); -EOPNOTSUPP in a
 * simulated world. */
TN_API TN_CHECK int tn_socket_ioctl(struct tn_socket *s, unsigned long request,
    void *argument);

/* Whether programs that this one starts have the descriptor too: 1, or 0 as
 * every socket begins. */
TN_API TN_CHECK int tn_socket_get_inheritable(const struct tn_socket *s);
TN_API TN_CHECK int tn_socket_set_inheritable(struct tn_socket *s,
    bool inheritable);

/* ---- the end ----------------------------------------------------------- */

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

/* ---- by address -------------------------------------------------------- */

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
 * failed.  A default timeout above 0 is that of the race as a whole; it is
 * waited for with 0 too, since nobody could wait for it later. */
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
	/* What an override of Python's server_bind() is for: called with each
	 * new socket before it is bound, say to set options.  An error (its
	 * line tn_error_text()) ends tn_listen(). */
	int (*before_bind)(struct tn_socket *s, void *arg);
	void *arg;
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
