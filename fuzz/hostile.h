/* A peer that does what its script says, on a simulated host of its own.  The
 * script is text, so that one can be read, written and mended by hand: each
 * line is a command, a letter and what follows it.
 *
 *     >TEXT  sends the text and CRLF      .TEXT  sends the text
 *     n      sends LF alone               *NTEXT sends it 16 times N
 *     wN     waits N times 10 ms          WN     waits N seconds
 *     uN     waits N times 0.1 ms
 *     gN     reads for N times 10 ms, at most 64 KiB
 *     h      half-closes                  c      closes
 *     r      resets                       b      tiny buffers from here on
 *     o      opens one more connection    0 to 7 speaks on that one
 *     p      cuts the way to the server   m      mends it
 *     dTEXT  a datagram to the server     x      goes away at once
 *     z      loses its power
 *
 * With TENON_SIM_TRACE in the environment the world's trace goes to stderr.
 * N is a byte, counted from "0".  Any other line is sent with CRLF.  In the end
 * the way is mended and each connection is half-closed and read to its end,
 * which has to come. */
#ifndef TN_FUZZ_HOSTILE_H
#define TN_FUZZ_HOSTILE_H

#include "fuzz/fuzz.h"

#define HOSTILE_ENDS 8

struct tn_socket;

struct hostile_end {
	struct tn_socket *socket; /* NULL once closed */
	uint16_t port;            /* its own */
	char *heard; /* in memory that no fault strikes */
	size_t heard_len;
};

struct hostile {
	struct tn_slice script;
	const char *host, *port; /* of the server */
	struct tn_socket *datagrams;
	struct hostile_end ends[HOSTILE_ENDS];
	int count, now;  /* of ends */
	bool tiny, cut, begun, done;
	int64_t waited;
	size_t sent;
};

/* For tn_sim_host(); `arg` is the struct hostile. */
int hostile_main(void *arg);

/* Once the world has ended. */
void hostile_free(struct hostile *h);

/* What a world with a hostile peer looks like. */
#define HOSTILE_NAME "hostile.test"
#define HOSTILE_ADDRESS "192.0.2.66"
#define HOSTILE_SERVER "server.test"
#define HOSTILE_SERVER_ADDRESS "192.0.2.80"

struct hostile_setup {
	int (*main_server)(void *arg); /* its files are there; */
	void *server_arg;              /* sets `*server` while it serves */
	struct tn_server **server;
	int (*ask)(void); /* well-behaved: 0 is the right answer */
	int (*files)(void); /* of the server; may be NULL */
	/* What the peer heard, once the world has ended. */
	void (*check)(const struct hostile *h);
};

/* Runs a world: the server, the hostile peer, and somebody who asks meanwhile
 * and afterwards.  The first byte of `in` chooses the faults, the second the
 * seed; the rest is the script.  Asserts that the world ends, that who asks is
 * served, that the server holds no connection in the end, and that all this
 * happens in the same way again. */
void hostile_run(const struct hostile_setup *setup, struct tn_slice in);

#endif
