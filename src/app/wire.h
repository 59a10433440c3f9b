/* A wire: what is said here goes to a peer, and what the peer says comes here,
 * until the peer is done. */
#ifndef APP_WIRE_H
#define APP_WIRE_H

#include <tenon/socket.h>
#include <tenon/stream.h>

#define APP_WIRE_LINE_MAX 65536 /* bytes of one line, without its end */

/* How what comes is shown; all-zero writes it as it is. */
struct app_wire_show {
	/* How much of `text` can be shown before more has come. */
	size_t (*whole)(struct tn_slice text);
	int (*write)(struct tn_stream *out, struct tn_slice text);
};

struct app_wire { /* all-zero but for the streams is valid */
	struct tn_stream *in, *out; /* here; borrowed */
	struct tn_stream *peer;     /* borrowed; close it afterwards */
	struct app_wire_show show;

	/* Whole lines are sent, with a line end each, the last one too. */
	bool lines;
	/* LF goes out as CRLF, and CRLF comes in as LF. */
	bool crlf;
	/* The end of `in` is not told to the peer. */
	bool keep_open;
	/* `in` and `out` are the two directions of a program: it is told of the
	 * end of what the peer says, and its own end is that of it all. */
	bool program;
	char escape; /* the byte of `in` at which it ends; 0 = none */

	/* Once the peer is done: how long to wait for `in` to say more, which
	 * a peer that only has nothing to say itself may still read.  0 = not
	 * at all, -1 = until it ends. */
	int64_t linger_ms;
	int64_t idle_ms; /* how long nothing may move; 0 and -1 = for ever */

	/* What came of it, also after a failure. */
	int64_t sent, received;
	bool left; /* at `escape` */
	bool deaf; /* nobody reads `out` any more */

	/* private */
	struct wire_state *state;
};

/* Waits for the end: 0 when the peer is done, with `left`, or with `deaf`.
 * -ETIMEDOUT after `idle_ms`, TN_ELIMIT for a line longer than
 * APP_WIRE_LINE_MAX, -ECANCELED, or what the streams say; what the peer said
 * before it failed has come here.  Inside of tn_run(). */
TN_CHECK int app_wire_run(struct app_wire *wire);

/* ---- datagrams ---------------------------------------------------------- */

struct app_wire_datagrams { /* all-zero but for streams and socket is valid */
	struct tn_stream *in, *out;
	struct tn_socket *socket; /* connected to its peer, or `anybody` */
	struct app_wire_show show;

	/* Each line is a datagram, without its end, instead of what one read
	 * brings; and what comes gets a line end where it has none. */
	bool lines;
	/* They come from whoever sends some, and go to who did last. */
	bool anybody;
	/* What others sent before the socket was connected is passed over;
	 * borrowed, NULL = there is none. */
	const struct tn_address *only;
	char escape;

	/* How long to wait for more to come once `in` has ended; 0 = not at
	 * all, -1 = for ever. */
	int64_t linger_ms;
	int64_t idle_ms;

	/* Called before a datagram is shown, may be NULL. */
	void (*heard)(void *arg, const struct tn_address *from, size_t size);
	void *arg;

	int64_t sent, received;           /* bytes */
	int64_t sent_count, received_count; /* datagrams */
	bool left, deaf;

	struct tn_address last; /* who sent last */

	/* private */
	struct wire_state *state;
};

/* The same: 0 when `in` has ended and nothing more comes. */
TN_CHECK int app_wire_run_datagrams(struct app_wire_datagrams *wire);

#endif
