/* The inside of a server.  Acceptors, one for each loop that serves, take
 * callers (a connection, or a datagram) and start each one as the server's kind
 * says; a connection is a caller while it is handled.  Whoever starts one has
 * taken a slot before, and the connection gives it back. */
#ifndef TN__SERVER_H
#define TN__SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <tenon/channel.h>
#include <tenon/network.h>
#include <tenon/server.h>
#include "base/list.h"
#include "rt/rt.h"

struct tn__connection;

/* What differs between the four kinds. */
struct tn__server_kind {
	int64_t connections_max; /* default */
	bool one_at_a_time;
	bool every_loop;
	bool forks;
	/* Starts fn(arg) as a member of the group. */
	int (*start)(struct tn_group *group, int (*fn)(void *), void *arg);
	/* Handles it there: >= 0, or the error, of which was told. */
	int (*serve)(struct tn__connection *connection);
};

/* A drain begins, lets go of those who stay idle, and of those who never said a
 * word. */
enum { TN__DRAIN_BEGINS, TN__DRAIN_IDLE, TN__DRAIN_UNHEARD, TN__DRAIN_STEPS };

/* How many connections each address has. */
struct tn__peer;
struct tn__peers {
	pthread_mutex_t lock; /* of the table */
	struct tn__peer *rows;
	size_t used, cap;
	uint64_t seed;
	uint32_t max; /* 0: nobody asks */
};

/* Admits one connection of an address, and is given back at its end. */
struct tn__ticket {
	uint64_t peer;
	bool counted; /* it is one of so many */
};

/* On the loop that accepts. */
struct tn__acceptor {
	struct tn_server *server;
	struct tn_socket *listener; /* the server's, or this loop's share */
	struct tn_group *group;     /* of what it started */
	pthread_mutex_t lock;       /* of ... */
	struct tn__list connections; /* ... those that run, and may be told to
				      * come to an end */
};

struct tn_server {
	struct tn_server_options options; /* defaults filled in */
	const struct tn__server_kind *kind;
	struct tn_address address;
	struct tn_socket *listener; /* closed once drained */
	char *packet;               /* datagrams are received here */
	atomic_int replies_waiting; /* datagrams that found no room */
	struct tn__semaphore slots; /* how many more may be at once */
	struct tn_networks *proxies;
	struct tn__peers peers;
	struct tn_channel *ended;   /* a message when one ended, if wanted */
	atomic_bool wanted;

	pthread_mutex_t lock;       /* of the next four */
	struct tn_group *accepting; /* the acceptors; NULL: not serving */
	struct tn__acceptor *acceptors;
	int acceptor_count;
	bool shutdown_called;

	atomic_bool draining;
	struct tn__flag drained[TN__DRAIN_STEPS]; /* tell children how far it
						   * is; -1: it does not fork */
	atomic_bool impatient; /* who becomes idle is sent home at once */
	atomic_llong accepted, active, total, scarce;
	atomic_llong refused_peer, refused_verify, refused_proxy, refused_tls;
	atomic_llong bytes_read, bytes_written; /* of those that have ended */
	_Atomic tn_time scarce_logged, peer_logged, proxy_logged;
	_Atomic tn_time room_made; /* when those were last looked at who rest */
	int backlog_left; /* callers that drain still takes */
};

/* On its way from an acceptor to where it is handled. */
struct tn__caller {
	struct tn_server *server;
	struct tn__acceptor *acceptor; /* NULL: tn_server_handle_request() */
	struct tn_stream *stream;
	struct tn_address peer;
	struct tn__ticket ticket;
	bool proxied; /* a PROXY header has to come first */
};

/* How a connection stands to a drain. */
enum tn__idle {
	TN__BUSY,
	TN__IDLE,     /* between two requests */
	TN__LINGERED, /* and a drain has given it its time */
};

/* And to those for whom there is no room. */
enum tn__spare {
	TN__NEEDED,
	TN__SPARE,  /* it waits for a request */
	TN__SPARED, /* and was found so before */
};

/* Lives on the stack of who handles it. */
struct tn__connection {
	struct tn_request request; /* first: a request is a connection */
	struct tn__acceptor *acceptor;
	struct tn_stream *carrier; /* what request.stream was at first */
	struct tn__ticket ticket;
	atomic_llong header_bytes; /* a proxy's, and not its client's */
	tn_time deadline;
	struct tn__list node; /* in its acceptor's list, or in none */
	atomic_int idle;  /* enum tn__idle */
	atomic_int spare; /* enum tn__spare */
};

/* ---- accept.c ---------------------------------------------------------- */

/* Accepts until it is cancelled: an acceptor's fiber. */
int tn__accept_main(void *acceptor);

/* Takes one caller and starts it, waiting for a slot but not for a caller.  0
 * when nobody was there, 1 to go on, or an error that ends it. */
int tn__accept_one(struct tn__acceptor *acceptor);

/* Takes one caller, waiting for it: 1; 0 when verify_request() refused it. */
int tn__accept_wait(struct tn_server *server, struct tn__caller **ret);

void tn__caller_free(struct tn__caller *caller);

/* ---- admit.c ----------------------------------------------------------- */

/* Asks verify_request() and the limit of each address: 1 with a ticket, 0 when
 * it was refused, -ENOMEM. */
int tn__admit(struct tn_server *server, const struct tn_address *peer,
    struct tn__ticket *ret);
void tn__admit_end(struct tn_server *server, struct tn__ticket *ticket);

/* The same behind a proxy: its header is read first, and whom it names is the
 * peer from then on.  0 also without a good one. */
int tn__admit_proxied(struct tn__connection *connection);

/* ---- peers.c ----------------------------------------------------------- */

void tn__peers_init(struct tn__peers *peers, int64_t max);
void tn__peers_destroy(struct tn__peers *peers);

/* What stands for the address: itself, for IPv6 its /64; false when it is of
 * neither family. */
bool tn__peers_key(const struct tn_address *address, uint64_t *ret);

/* One more, or TN_ELIMIT, -ENOMEM; and one fewer. */
int tn__peers_enter(struct tn__peers *peers, uint64_t key);
void tn__peers_leave(struct tn__peers *peers, uint64_t key);

/* ---- connection.c ------------------------------------------------------ */

/* Handles a caller, which it takes, from setup to close; always 0. */
int tn__connection_main(void *caller);

/* How the kinds handle it: here, or (child.c) in a child. */
int tn__connection_serve(struct tn__connection *connection);
int tn__child_serve(struct tn__connection *connection);

/* Tells handle_error, or the log. */
void tn__connection_error(struct tn__connection *connection, int error);

/* No more part of what drains, and its bytes are counted; before its stream is
 * gone. */
void tn__connection_leave(struct tn__connection *connection);

/* Adds up the bytes of those that run; the acceptor's lock is held. */
void tn__connections_bytes(const struct tn__acceptor *acceptor,
    struct tn_server_counters *counters);

/* A draining server wants its connections to end: no more is read from those
 * that were idle at the last call already and, with `unheard`, from those that
 * have not said anything yet. */
void tn__connections_end(struct tn__acceptor *acceptor, bool unheard);

/* Says that this connection waits for a request, the first one too, and so
 * makes room for others when there are no slots or descriptors left.  Until
 * then it is needed. */
void tn__request_spare(struct tn_request *request, bool spare);

/* No more is read from those that were spare at the last call already. */
void tn__connections_spare(struct tn__acceptor *acceptor);

/* ---- server.c ---------------------------------------------------------- */

/* Whether to log what may happen at any rate: once a second. */
bool tn__server_seldom(_Atomic tn_time *last);

/* ---- systemd.c --------------------------------------------------------- */

/* Where the program that was handed over to finds whom its supervisor listens
 * to; NOTIFY_SOCKET is then only how it says that it is ready. */
#define TN__SYSTEMD_ORIGIN "TENON_NOTIFY_SOCKET"

/* Who supervises us; NULL or "": nobody. */
const char *tn__systemd_socket(void);

/* ---- serve.c ----------------------------------------------------------- */

/* An acceptor failed: as tn_server_shutdown(), which may still come. */
void tn__server_stop(struct tn_server *server);

#endif
