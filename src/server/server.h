/* The inside of a server.  Acceptors, one for each loop that serves, take
 * callers (a connection, or a datagram) and start each one as the server's kind
 * says; a connection is a caller while it is handled.  Whoever starts one has
 * taken a slot before, and the connection gives it back. */
#ifndef TN__SERVER_H
#define TN__SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <tenon/channel.h>
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
	struct tn_channel *ended;   /* a message when one ended, if wanted */
	atomic_bool wanted;

	pthread_mutex_t lock;       /* of the next four */
	struct tn_group *accepting; /* the acceptors; NULL: not serving */
	struct tn__acceptor *acceptors;
	int acceptor_count;
	bool shutdown_called;

	atomic_bool draining;
	struct tn__flag drained[2]; /* tells children to end when idle, and
				     * when unheard; -1: it does not fork */
	atomic_llong active, total;
	_Atomic tn_time scarce_logged;
	int backlog_left; /* callers that drain still takes */
};

/* On its way from an acceptor to where it is handled. */
struct tn__caller {
	struct tn_server *server;
	struct tn__acceptor *acceptor; /* NULL: tn_server_handle_request() */
	struct tn_stream *stream;
	struct tn_address peer;
};

/* Lives on the stack of who handles it. */
struct tn__connection {
	struct tn_request request; /* first: a request is a connection */
	struct tn__acceptor *acceptor;
	struct tn_stream *carrier; /* what request.stream was at first */
	tn_time deadline;
	struct tn__list node; /* in its acceptor's list, or in none */
	atomic_bool idle;
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

/* ---- connection.c ------------------------------------------------------ */

/* Handles a caller, which it takes, from setup to close; always 0. */
int tn__connection_main(void *caller);

/* How the kinds handle it: here, or (child.c) in a child. */
int tn__connection_serve(struct tn__connection *connection);
int tn__child_serve(struct tn__connection *connection);

/* Tells handle_error, or the log. */
void tn__connection_error(struct tn__connection *connection, int error);

/* No more part of what drains; before its stream is gone. */
void tn__connection_leave(struct tn__connection *connection);

/* A draining server wants its connections to end: no more is read from those
 * that are between two requests and, with `unheard`, from those that have not
 * said anything yet. */
void tn__connections_end(struct tn__acceptor *acceptor, bool unheard);

/* ---- serve.c ----------------------------------------------------------- */

/* An acceptor failed: as tn_server_shutdown(), which may still come. */
void tn__server_stop(struct tn_server *server);

#endif
