/* tenon/server.h - servers, as Python's socketserver has them: one handler,
 * served one at a time, by a process each, a thread each, or a fiber each. */
#ifndef TENON_SERVER_H
#define TENON_SERVER_H

#include <tenon/run.h>
#include <tenon/stream.h>
#include <tenon/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_server;

enum tn_server_kind {
	TN_SERVER_FIBER, /* a fiber each, on every loop; the default */
	TN_SERVER_SERIAL, /* one at a time */
	TN_SERVER_THREADING,
	TN_SERVER_FORKING, /* -EBUSY when other threads of ours run */
};

/* One connection, or one datagram, on its way through a handler.  When it
 * returns >= 0 the stream is closed in good order (tn_stream_close()), or the
 * one datagram sent; after an error it is dropped. */
struct tn_request {
	struct tn_server *server;
	struct tn_stream *stream; /* the connection; for a datagram what came,
				   * and what is written goes back as one, an
				   * empty one when that was no bytes.  The
				   * server's; a stream that took it (TLS) may
				   * be put in its place */
	struct tn_address peer;   /* who asks; behind a proxy of `proxy_from`
				   * the client that it names */
	void *arg;                /* tn_server_options.arg */
	void *user;               /* the handler's own, NULL at first */
};

/* Every step may be NULL.  Results < 0 are errors; `finish` runs whenever
 * `setup` succeeded. */
struct tn_server_options {      /* all-zero is valid; 0 = default */
	const char *address;    /* as tenon/address.h; "127.0.0.1:0" */
	struct tn_listen_options listen;
	enum tn_server_kind kind;
	int loops;              /* when tn_server_serve_forever() must start
				 * them itself: -1 = one a core; default 1 */

	int (*setup)(struct tn_request *request);
	int (*handle)(struct tn_request *request);
	void (*finish)(struct tn_request *request);
	/* False: the connection is closed unheard.  Behind a proxy `peer` is
	 * the client. */
	bool (*verify_request)(struct tn_server *server,
	    const struct tn_address *peer);
	/* A handler, or the close after it, ended with `error` (its line is
	 * tn_error_text()); called before `finish`, and in a child where there
	 * is one.  In the parent, and without a stream, with -ECHILD when a
	 * signal ended the child.  Default: the log, event "server.handler"; a
	 * peer that went away and a cancelled handler at debug level. */
	void (*handle_error)(struct tn_request *request, int error);
	/* tn_server_handle_request() saw nobody within `timeout_ms`. */
	void (*handle_timeout)(struct tn_server *server);
	/* About every `poll_ms` while serving. */
	void (*service_actions)(struct tn_server *server);
	void *arg;

	int64_t connections_max;    /* at once; more wait in the backlog, and
				     * meanwhile HTTP hangs up on who rests
				     * between two requests; 20,000
				     * (threads 1,000; forking 40, as Python;
				     * serial always 1); -1 = unlimited */
	int64_t peer_connections_max; /* of one address, for IPv6 of its /64,
				     * at once; more are closed at once.  Unix
				     * sockets have no address and no such
				     * limit; 0 and -1 = none */
	int64_t timeout_ms;         /* of handle_request(); 0 and -1 = none */
	int64_t poll_ms;            /* 500 */
	int64_t idle_ms;            /* longest single wait of a connection for
				     * its peer; 0 and -1 = none */
	int64_t connection_ms;      /* longest life of one; 0 and -1 = none */
	int64_t rate_min;           /* least bytes a second while it waits for
				     * the peer, as struct tn_pace has it;
				     * 0 = none */
	int64_t rate_grace_ms;      /* 5,000 */
	int64_t drain_ms;           /* after shutdown: time for what is in
				     * flight before it is cancelled; 10,000 */
	int64_t datagram_bytes_max; /* 65,507; longer ones are cut.  One that
				     * claims to come from the server itself
				     * is dropped, and so are replies beyond
				     * 64 that find no room */

	/* Networks, as tenon/network.h reads them, of proxies that begin each
	 * connection with a PROXY header, version 1 or 2 (HAProxy's
	 * proxy-protocol.txt): "10.0.0.0/8, unix".  The client it names takes
	 * the proxy's place as `peer`; without a name (LOCAL, UNKNOWN) that
	 * stays.  A connection from there without a good header is closed, and
	 * the log told (event "server.proxy").  From others such a header is
	 * what they say first, and trusted by nobody.  For streams only. */
	const char *proxy_from;     /* NULL and "" = nobody */
	int64_t proxy_ms;           /* until the header has to be there; 5,000;
				     * -1 = none */

	/* Each connection speaks TLS as these options say: `setup`, and all
	 * that comes after it, has the TLS stream.  One whose handshake fails,
	 * or takes longer than handshake_ms, is closed, and the log told (event
	 * "server.tls", at info level).  For streams only; `address` may then
	 * begin with "tls:".  The server is one owner more. */
	struct tn_tls *tls;         /* NULL = in the clear */
	uint64_t reserved[8];
};

/* Binds and listens.  The options' strings are not needed any more afterwards.
 * What tn_listen() returns, or -ENOMEM, -EINVAL. */
TN_API TN_CHECK int tn_server_open(const struct tn_server_options *options,
    struct tn_server **ret);

/* Where it listens; the port the kernel chose is filled in. */
TN_API void tn_server_address(const struct tn_server *server,
    struct tn_address *ret);

/* The listener's descriptor, for a loop of the caller's own that waits until
 * tn_server_handle_request() has something to do; -EBADF after a shutdown. */
TN_API TN_CHECK int tn_server_fileno(const struct tn_server *server);

/* Takes one connection and handles it here.  0 also when handle_timeout was
 * called; an error of the wait otherwise. */
TN_API TN_CHECK int tn_server_handle_request(struct tn_server *server);

/* Serves until tn_server_shutdown(), then takes what waits in the backlog,
 * closes the listener, lets what is in flight finish within `drain_ms`, cancels
 * the rest, and returns 0; or the error that ended it.  Out of descriptors it
 * waits and goes on (event "accept.emfile").  On a thread without a loop it
 * starts its own tn_run(), with `loops` for fibers and one for the other kinds.
 * A wait of the caller's own that ends (-ECANCELED, -ETIMEDOUT) cancels what is
 * in flight; the server may then serve again.  -EBADF after a shutdown. */
TN_API TN_CHECK int tn_server_serve_forever(struct tn_server *server);

/* Asks serve_forever to end; any fiber or thread may, and it does not wait.  A
 * second call cancels what is still in flight at once.  Children get SIGTERM
 * when they are cancelled and, a second later, SIGKILL. */
TN_API void tn_server_shutdown(struct tn_server *server);

/* True since shutdown: a handler should come to its end. */
TN_API bool tn_server_draining(const struct tn_server *server);

/* Says that this connection is between two requests (or no more): a draining
 * server ends its reading then, and after a second that of one which has said
 * nothing yet.  A child hears of it when it waits, but not in a tn_run() of its
 * own. */
TN_API void tn_request_idle(struct tn_request *request, bool idle);

/* Connections being handled, and handled since the start. */
TN_API int64_t tn_server_active(const struct tn_server *server);
TN_API int64_t tn_server_total(const struct tn_server *server);

/* What has happened so far.  All only grow but `active`. */
struct tn_server_counters {
	int64_t accepted;       /* connections and datagrams that came */
	int64_t total;          /* of these were handled, or are: `active` */
	int64_t active;
	int64_t refused_peer;   /* over peer_connections_max */
	int64_t refused_verify; /* by verify_request() */
	int64_t refused_proxy;  /* without a good PROXY header */
	int64_t refused_tls;    /* whose handshake failed; part of `total`,
				 * and those in children are not among these */
	int64_t scarce;         /* times that descriptors, memory or threads
				 * were wanting, and accepting paused */
	int64_t bytes_read;     /* from and to the network; what children
				 * moved is not in it */
	int64_t bytes_written;
	uint64_t reserved[7];
};

/* Any thread; costs those who serve nothing, and the caller a look at each
 * connection. */
TN_API void tn_server_counters(struct tn_server *server,
    struct tn_server_counters *ret);

/* Python's server_close(): the listener, if it is still open, and the memory.
 * It must not be serving.  NULL is fine. */
TN_API void tn_server_free(struct tn_server *server);
TN_DEFINE_CLEANUP(struct tn_server, tn_server_free) /* tn_server_freep */

/* ---- as a service ------------------------------------------------------ */

/* What sd_notify(3) does: tells who supervises this process (NOTIFY_SOCKET, a
 * path or an @name) "READY=1", "STOPPING=1", "STATUS=...", without waiting.  1
 * when it was told, 0 when there is nobody to tell, or why it could not be. */
TN_API int tn_systemd_notify(const char *state);

/* A fiber's function, for tn_go(): says "WATCHDOG=1" in time as long as its
 * loop turns, until it is cancelled.  Returns 0 at once when nobody asks for
 * that (WATCHDOG_USEC). */
TN_API int tn_systemd_watchdog(void *unused);

struct tn_handover_options {
	char *const *argv; /* the program, looked for as execvp(3) does, and
			    * its arguments; ends in NULL */
	int64_t ready_ms;  /* until it has to be ready; 60,000; -1 = no limit */
	uint64_t reserved[8];
};

/* Starts a program, this one again perhaps in a newer version, and gives it the
 * listeners of all these servers (LISTEN_FDS): there tn_listen() finds them by
 * the address that it is asked for, or by the name that systemd gave.  Waits
 * until it says tn_systemd_notify("READY=1"), or sd_notify() does; meanwhile
 * these servers serve on.
 *
 * Its process number: when these servers are shut down now, nobody was refused.
 * Our supervisor has been told who the main process is, and should hear nothing
 * more from this one.  Otherwise -ECHILD with how it ended, -ETIMEDOUT when it
 * was not ready in time, or why it could not be started: it is gone then, and
 * nothing has changed.  Any kind of server may be handed over, and its files of
 * Unix sockets are. */
TN_API TN_CHECK int tn_server_handover(struct tn_server *const *servers,
    size_t count, const struct tn_handover_options *options);

/* tn_date_ctime() (tenon/date.h) of the present instant, for handlers that
 * stamp what they answer.  The string belongs to the thread and changes at the
 * next call. */
TN_API const char *tn_ctime_now(void);

#ifdef __cplusplus
}
#endif

#endif
