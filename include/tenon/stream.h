/* tenon/stream.h - bytes that come and go, whatever carries them.
 *
 * Reading: tn_stream_fill() shows what has arrived, tn_stream_consume() takes
 * some of it; everything else is made of these two.  Writing collects; whatever
 * a fiber wrote is sent before it waits for anything, so nobody needs to flush
 * and answers to pipelined requests leave together.
 *
 * Calls return >= 0 or < 0: -ETIMEDOUT and -ECANCELED as every wait, TN_ELIMIT,
 * TN_ETRUNCATED, -EPIPE when the peer is gone, or what the system said.  A
 * failed write is final: every later write returns the same error, reads stay
 * usable.  A stream belongs to one reading and one writing fiber at a time. */
#ifndef TENON_STREAM_H
#define TENON_STREAM_H

#include <tenon/base.h>
#include <tenon/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_stream;

/* ---- making ------------------------------------------------------------ */

/* Takes the socket (SOCK_STREAM).  -EINVAL when its timeout is 0; another one
 * is that of each wait. */
TN_API TN_CHECK int tn_stream_from_socket(struct tn_socket *socket,
    struct tn_stream **ret);

/* A terminal, pipe or file of somebody else's (stdin): O_NONBLOCK is left as it
 * is, and closing the stream does not close it. */
TN_API TN_CHECK int tn_stream_from_fd(int fd, struct tn_stream **ret);

/* Reads from a copy of `input`; what is written collects in memory and
 * tn_stream_output() shows it: without data (NULL) when nothing was written,
 * not even no bytes. */
TN_API TN_CHECK int tn_stream_memory(struct tn_slice input,
    struct tn_stream **ret);
TN_API struct tn_slice tn_stream_output(const struct tn_stream *memory);

/* Two ends of one pipe inside the process, each `capacity` bytes (0 = 64 KiB)
 * ahead of its reader. */
TN_API TN_CHECK int tn_stream_pair(size_t capacity, struct tn_stream *ret[2]);

/* Reads at most `limit` bytes of `below`, which is borrowed, then ends.
 * Writing goes through. */
TN_API TN_CHECK int tn_stream_limit(struct tn_stream *below, int64_t limit,
    struct tn_stream **ret);

/* ---- reading ----------------------------------------------------------- */

/* Waits until at least `min` bytes are there and shows all that are, in
 * `*ret`, good until the next call on the stream.  Returns their number, which
 * is below `min` only when the stream ended; 0 when it ended with nothing left.
 * TN_ELIMIT when `min` is above the stream's buffer limit (1 MiB). */
TN_API TN_CHECK int tn_stream_fill(struct tn_stream *s, size_t min,
    struct tn_slice *ret);

/* Takes the first `n` of the bytes shown. */
TN_API void tn_stream_consume(struct tn_stream *s, size_t n);

/* At most `size` bytes, at least one; 0 at the end. */
TN_API TN_CHECK ssize_t tn_stream_read(struct tn_stream *s, void *ret,
    size_t size);

/* Exactly `size` bytes; TN_ETRUNCATED when the stream ends before. */
TN_API TN_CHECK int tn_stream_read_exact(struct tn_stream *s, void *ret,
    size_t size);

enum tn_line_policy {
	TN_LINE_CRLF, /* CRLF ends a line; a bare CR or LF is TN_EPROTO */
	TN_LINE_ANY,  /* LF ends a line; a CR right before it goes with it */
};

/* One line without its end, at most `max` bytes of it, in `*ret`, good until
 * the next call on the stream.  Returns 1; 0 when the stream ended before the
 * first byte; TN_ETRUNCATED when it ended inside a line; TN_ELIMIT when the
 * line is longer than `max` (nothing consumed); TN_EPROTO as said above. */
TN_API TN_CHECK int tn_stream_read_line(struct tn_stream *s,
    enum tn_line_policy policy, size_t max, struct tn_slice *ret);

/* Reads on and throws away, at most `max` bytes, until the end: the number, or
 * TN_ELIMIT. */
TN_API TN_CHECK int64_t tn_stream_skip(struct tn_stream *s, int64_t max);

/* ---- writing ----------------------------------------------------------- */

/* Collects the bytes, or formats as printf(3) does; waits only when more has
 * gathered than fits.  0, or the error that ended writing. */
TN_API int tn_stream_write(struct tn_stream *s, struct tn_slice bytes);
TN_API int tn_stream_printf(struct tn_stream *s, const char *format, ...)
    TN_PRINTF(2, 3);

/* Waits until everything written has been handed to the system. */
TN_API int tn_stream_flush(struct tn_stream *s);

/* Progress of a copy: bytes so far, and in all or -1.  A negative result stops
 * the copy and becomes its result. */
typedef int tn_progress_function(void *arg, int64_t done, int64_t total);

struct tn_copy_options {                /* all-zero is valid */
	int64_t bytes_max;              /* stop after; 0 = until the end */
	int64_t total;                  /* for progress; 0 = unknown */
	tn_progress_function *progress; /* every 64 KiB or more, and last */
	void *progress_arg;
	uint64_t reserved[8];
};

/* Reads `from` to its end and writes it to `to`; the bytes copied. */
TN_API TN_CHECK int64_t tn_stream_copy(struct tn_stream *to,
    struct tn_stream *from, const struct tn_copy_options *options);

struct tn_file;

/* `size` bytes of an open file from `offset` on, by sendfile(2) where the
 * stream allows it and through a buffer elsewhere.  The bytes sent, fewer when
 * the file has become shorter. */
TN_API TN_CHECK int64_t tn_stream_send_file(struct tn_stream *s,
    struct tn_file *file, int64_t offset, int64_t size);

/* How slow a peer may be. */
struct tn_pace {
	int64_t idle_ms;       /* longest single wait; 0 and -1 = none */
	int64_t rate_min;      /* bytes a second, both directions together;
				* 0 = none */
	int64_t rate_grace_ms; /* how far it may fall behind; 5,000 */
};

/* From now on a wait on this stream for its peer ends with -ETIMEDOUT when it
 * lasts longer than `idle_ms`, or when the peer is too slow: it may be waited
 * for `rate_grace_ms` and for as long as the bytes since this call need at
 * `rate_min`.  Of the time that received bytes buy no more than `rate_grace_ms`
 * is saved, so that nobody may drip because he was fast before.  The text says
 * which.  NULL: never.  On a filter it concerns the stream at the bottom. */
TN_API void tn_stream_set_pace(struct tn_stream *s,
    const struct tn_pace *pace);

/* ---- the end ----------------------------------------------------------- */

/* Flushes, then says that no more comes (FIN); reading goes on. */
TN_API int tn_stream_shutdown(struct tn_stream *s);

/* Flushes, half-closes, reads on until the peer is done too (at most 64 KiB
 * and 2 seconds, so that the last bytes arrive and no RST overtakes them), then
 * closes and frees.  Returns the first error of all this; the stream is gone
 * in any case.  A filter ends itself and leaves open what it borrows.  NULL is
 * fine. */
TN_API int tn_stream_close(struct tn_stream *s);

/* Drops what was not sent, closes and frees at once; never waits. */
TN_API void tn_stream_free(struct tn_stream *s);
TN_DEFINE_CLEANUP(struct tn_stream, tn_stream_free) /* tn_stream_freep */

/* The socket at the bottom, or NULL; the stream keeps it. */
TN_API struct tn_socket *tn_stream_socket(struct tn_stream *s);

/* Bytes that went through so far: taken by the reader; handed to the system, or
 * by a filter to the stream below. */
TN_API int64_t tn_stream_bytes_read(const struct tn_stream *s);
TN_API int64_t tn_stream_bytes_written(const struct tn_stream *s);

#ifdef __cplusplus
}
#endif

#endif
