/* tenon/sockopt.h - socket options by name: what each is, and its value as
 * text.
 *
 * For a program that knows an option there are tn_socket_getsockopt() and
 * tn_socket_setsockopt(); this is for one that is told it by a person.  The
 * table has the usual options of socket(7), ip(7), ipv6(7), tcp(7), udp(7) and
 * unix(7). */
#ifndef TENON_SOCKOPT_H
#define TENON_SOCKOPT_H

#include <tenon/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

enum tn_sockopt_kind {
	TN_SOCKOPT_BOOL,   /* "on", "off"; 1 and 0 are read too */
	TN_SOCKOPT_NUMBER, /* an int: one of `words` where there are some, else
			    * of `unit`; "1448" */
	TN_SOCKOPT_SPAN,   /* a struct timeval: seconds, "2.5"; "0" = none */
	TN_SOCKOPT_LINGER, /* a struct linger: seconds, or "off" */
	TN_SOCKOPT_TEXT,   /* "eth0" */
};

struct tn_sockopt_word { /* a value that has a name: "AF_INET6" */
	const char *word;
	int value;
};

enum { /* flags: who may set it, and on what sockets it is */
	TN_SOCKOPT_READ_ONLY = 1,
	TN_SOCKOPT_ROOT = 2,      /* needs CAP_NET_ADMIN or CAP_NET_RAW */
	TN_SOCKOPT_CONNECTED = 4, /* there only once connected */
	TN_SOCKOPT_INET = 16,     /* IPv4 */
	TN_SOCKOPT_INET6 = 32,
	TN_SOCKOPT_UNIX = 64,
	TN_SOCKOPT_STREAM = 128,
	TN_SOCKOPT_DGRAM = 256,
};

struct tn_sockopt {
	const char *name;    /* "SO_RCVBUF" */
	int level, number;   /* of getsockopt(2) */
	enum tn_sockopt_kind kind;
	unsigned flags;
	const char *unit;    /* "bytes"; NULL without */
	const char *initial; /* of a new socket; NULL where that depends */
	const char *about;   /* a sentence or two */
	const struct tn_sockopt_word *words; /* NULL-terminated; or NULL */
};

/* The options one by one, all static; NULL behind the last. */
TN_API const struct tn_sockopt *tn_sockopt_at(size_t index);
/* By its whole name, in any case; NULL for none. */
TN_API const struct tn_sockopt *tn_sockopt_find(const char *name);
/* Whether sockets of this family and type (SOCK_STREAM, SOCK_DGRAM) have it. */
TN_API bool tn_sockopt_applies(const struct tn_sockopt *option, int family,
    int type);

#define TN_SOCKOPT_TEXT_MAX 64 /* of a value, with its NUL */

/* The value that `s` has, as text, or as a number where it is one (BOOL and
 * NUMBER; -EINVAL for others).  What getsockopt(2) says on failure:
 * -ENOPROTOOPT for one that this kernel or socket has not, -ENOTCONN.  A NULL
 * option, what tn_sockopt_find() returns for nonsense, is -ENOPROTOOPT too. */
TN_API TN_CHECK int tn_sockopt_get(const struct tn_socket *s,
    const struct tn_sockopt *option, char ret[TN_SOCKOPT_TEXT_MAX]);
TN_API TN_CHECK int tn_sockopt_get_number(const struct tn_socket *s,
    const struct tn_sockopt *option, int *ret);

/* Sets it from text: what tn_sockopt_get() writes, and the forms above.
 * -EINVAL for a text that is no such value, or that the kernel does not take;
 * -EROFS for what is only read; -EPERM for what needs more rights.  Read it
 * again to see what came of it: the kernel doubles SO_SNDBUF and SO_RCVBUF,
 * and cuts them to its own limits without a word. */
TN_API TN_CHECK int tn_sockopt_set(struct tn_socket *s,
    const struct tn_sockopt *option, const char *text);

#ifdef __cplusplus
}
#endif

#endif
