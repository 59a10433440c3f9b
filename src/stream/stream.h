/* The inside of a stream: what a carrier (socket, memory, TLS) and a filter
 * (limit, chunked) implement, and what they find in stream.c and write.c. */
#ifndef TN__STREAM_H
#define TN__STREAM_H

#include <tenon/stream.h>
#include "rt/rt.h"

/* The most that tn_stream_fill() may be asked for. */
#define TN__STREAM_FILL_MAX ((size_t)1 << 20)

/* A carrier implements recv and send; it gets buffering, pushing and lingering
 * from stream.c, write.c and close.c.  One whose bytes lie in memory anyway
 * implements fill and consume instead of recv, or write instead of send.  A
 * filter implements fill and consume when it can show bytes of `below`, recv
 * when it decodes, and write when it encodes; without write what is written
 * goes to `below` as it is. */
#define TN__STREAM_WORDS_MAX 80

struct tn__stream_ops {
	const char *kind; /* what an error calls it ... */
	/* ... unless it has a name, such as its peer's address. */
	void (*name)(struct tn_stream *s, char out[TN_ADDRESS_TEXT_MAX]);
	/* What it knows of why a wait failed, in `room` or not; or NULL. */
	const char *(*words)(struct tn_stream *s, int code,
	    char room[TN__STREAM_WORDS_MAX]);

	/* Closing with unread bytes inside would lose bytes already sent. */
	bool lingers;

	/* Waits until recv would make progress; NULL: recv may wait. */
	int (*ready)(struct tn_stream *s);
	/* Bytes, 0 at the end, -errno.  With `ready` it never waits: -EAGAIN
	 * and -EINTR ask for ready() again, every other error is final.  A
	 * filter's without `ready`, or one that `tells`, sets the text of its
	 * errors. */
	ssize_t (*recv)(struct tn_stream *s, void *out, size_t size);
	bool tells;
	bool secure; /* nobody on the way reads it */

	/* As tn_stream_fill and tn_stream_consume. */
	int (*fill)(struct tn_stream *s, size_t min, struct tn_slice *ret);
	void (*consume)(struct tn_stream *s, size_t n);

	/* Sends the vectors without waiting; bytes, -EAGAIN, -EINTR, or an
	 * error, which is final.  Wants `io` and `room` beside it. */
	ssize_t (*send)(struct tn_stream *s, const struct iovec *vectors,
	    int count, int flags);
	/* The descriptor that recv and send are calls on, where what they say
	 * of its readiness is kept; a send that gave -EAGAIN waits there, and
	 * is given the same bytes again, perhaps with more behind them.  A
	 * filter over a carrier may have these three too, with the carrier's
	 * io: what its recv says is then nothing about that. */
	struct tn__io *(*io)(struct tn_stream *s);
	/* Waits until send would make progress. */
	int (*room)(struct tn_stream *s);
	/* Without waiting; bytes or -EAGAIN, -EOPNOTSUPP: use a buffer. */
	ssize_t (*sendfile)(struct tn_stream *s, int file, int64_t *offset,
	    size_t size);

	/* As tn_stream_write: a filter that encodes into `below`, a carrier
	 * that needs no buffer. */
	int (*write)(struct tn_stream *s, struct tn_slice bytes);
	bool wants_empty; /* writes of no bytes too: nothing else is one */

	/* Filters that gather what is written: all of it goes to `below`. */
	int (*flush)(struct tn_stream *s);

	/* No more will be written.  Carrier: half-close, everything was sent.
	 * Filter: writes its end marker into `below`. */
	int (*shutdown)(struct tn_stream *s);
	/* Releases what the kind owns; not the struct. */
	void (*release)(struct tn_stream *s);
};

/* tn_stream_set_pace(); 0: no such limit. */
struct tn__stream_pace {
	int64_t idle_ms, rate_min;
	tn_time grace;
	tn_time left;  /* it may be waited for so long; while it is, ... */
	tn_time until; /* ... until then */
	unsigned waiting;  /* a reader, a writer */
	int64_t in, out;   /* bytes that have been counted */
	enum { TN__PACE_FINE, TN__PACE_IDLE, TN__PACE_RATE } late;
};

/* Kinds embed it as their first member. */
struct tn_stream {
	const struct tn__stream_ops *ops;
	struct tn_stream *below; /* filters; NULL for carriers */
	struct tn__pusher pusher;

	char *in;              /* borrowed from the pool while it holds bytes */
	uint32_t in_start, in_end, in_size;
	uint32_t out_start, out_end;
	char *out;             /* likewise, of TN__POOL_BYTES */
	int read_error;        /* sticky: a socket tells its error only once */
	int write_error;       /* sticky */
	bool owns_below, ended, shut, in_own /* `in` is ours, not the pool's */;
	bool held;             /* a line still points into the empty buffer */
	bool quiet;            /* its peer said that it sends nothing more */
	int64_t bytes_in, bytes_out;
	struct tn__stream_pace pace; /* of carriers */
};

/* `n` bytes have gone out; another thread may look how many. */
static inline void
tn__stream_count_out(struct tn_stream *s, int64_t n)
{
	__atomic_store_n(&s->bytes_out, s->bytes_out + n, __ATOMIC_RELAXED);
}

/* A new stream of `size` bytes (the kind's struct), zeroed, with ops set. */
int tn__stream_new(const struct tn__stream_ops *ops, size_t size,
    struct tn_stream *below, struct tn_stream **ret);

/* Sets "VERB NAME: words of the code" and returns the code. */
int tn__stream_fail(struct tn_stream *s, int code, const char *verb);

/* Where a carrier waits for its peer: tn__io_wait() as the pace allows, or the
 * same as a scope around some other wait.  Not around ready() and room() whole:
 * what need not wait need not know the time. */
int tn__stream_wait(struct tn_stream *s, struct tn__io *io,
    enum tn__io_direction direction);
void tn__stream_pace_open(struct tn_stream *s, struct tn_scope *scope);
void tn__stream_pace_close(struct tn_stream *s, struct tn_scope *scope);
/* The text when the peer was too slow; -ETIMEDOUT. */
int tn__stream_pace_fail(struct tn_stream *s, const char *verb,
    const char *name);

/* Carriers: receives until `min` bytes are in the buffer or the stream ended.
 * 0 or the error, which gets no text yet. */
int tn__stream_receive(struct tn_stream *s, size_t min);

/* tn__lookout_open() on the socket at the bottom: who serves a stream that only
 * writes is cancelled once its peer has half-closed, or when reading was shut
 * down here.  What the peer sends is dropped; nobody else may read. */
void tn__stream_lookout_open(struct tn_stream *s, struct tn__lookout *lookout);
void tn__stream_lookout_fire(struct tn__lookout *lookout);
void tn__stream_lookout_close(struct tn__lookout *lookout);

/* What was shown stays readable until the next fill although it is consumed;
 * stands before the consume. */
void tn__stream_hold(struct tn_stream *s);

/* Gives `in` back, whatever it holds. */
void tn__stream_drop_in(struct tn_stream *s);
void tn__stream_drop_out(struct tn_stream *s);

/* The pusher of every stream: sends from the out buffer without waiting; the
 * other for what is closed right behind it, so that the last bytes and the FIN
 * leave in one packet. */
int tn__stream_push(struct tn__pusher *pusher, struct tn__io **ret_io);
void tn__stream_push_last(struct tn_stream *s);

/* Carriers with send: waits until the out buffer is sent.  `flags` is 0 or
 * MSG_MORE. */
int tn__stream_drain(struct tn_stream *s, int flags);

/* The write side is broken from now on: sets the text, returns the code. */
int tn__stream_break(struct tn_stream *s, int code);

/* A buffer as streams use them, of TN__POOL_BYTES, for a protocol's state while
 * something is under way; NULL: out of memory. */
void *tn__stream_buffer_get(void);
void tn__stream_buffer_put(void *buffer);

extern const struct tn__stream_ops tn__stream_socket_ops;

#endif
