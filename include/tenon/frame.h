/* tenon/frame.h - messages on a stream of bytes.
 *
 * A stream has no borders: two sends may arrive as one piece and one send as
 * two.  A struct tn_framing says how both sides mark where a message ends, so
 * that what was one message is read as one, whatever the network did to it.
 *
 * Messages are shown where they lie in the stream's buffer and copied nowhere.
 * What fails while reading has taken nothing from the stream, so after
 * -ETIMEDOUT the call may be made again.  What is refused while writing has
 * sent nothing. */
#ifndef TENON_FRAME_H
#define TENON_FRAME_H

#include <tenon/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

enum tn_framing_kind {
	TN_FRAME_LINE,      /* LF ends it, a CR right before goes with it; is
			     * written with LF */
	TN_FRAME_DELIMITER, /* bytes of your choice end it */
	TN_FRAME_LENGTH,    /* its length is before it, in binary */
	TN_FRAME_VARINT,    /* the same, seven bits a byte, the least first, as
			     * Protocol Buffers has it */
	TN_FRAME_DECIMAL,   /* the same in digits, without leading zeros, and
			     * the delimiter behind them (RFC 6587 section
			     * 3.4.1: " ") */
	TN_FRAME_NETSTRING, /* "5:hello," */
};

#define TN_FRAME_DELIMITER_MAX 32

struct tn_framing {                 /* all-zero is valid: lines */
	enum tn_framing_kind kind;
	struct tn_slice delimiter;  /* of DELIMITER, TN_SLICE("\r\n"), and of
				     * DECIMAL, no digit first; 1 to 32 bytes */
	int length_bytes;           /* of LENGTH: 1 to 8; 4 */
	bool little_endian;         /* of LENGTH: least byte first */
	bool last_unended;          /* of LINE and DELIMITER: the end of the
				     * stream ends a message too, as a person
				     * expects of what was typed.  Otherwise it
				     * was cut short */
	int64_t message_bytes_max;  /* both ways; 64 KiB; -1 = unlimited */
	uint64_t reserved[8];
};

/* One message without what marks it, in `*ret`, good until the stream is read
 * again.  Returns 1; 0 when the stream ended before the first byte of one;
 * TN_ETRUNCATED when it ended inside; TN_ELIMIT when it is longer than
 * message_bytes_max, or than a stream can show at once (1 MiB), as soon as that
 * is known; TN_EPROTO for what is no length.  `how` NULL: lines. */
TN_API TN_CHECK int tn_frame_read(struct tn_stream *s,
    const struct tn_framing *how, struct tn_slice *ret);

/* Writes one message.  -EINVAL when what ends it stands in it already: the
 * other side would read two.  TN_ELIMIT when it is longer than
 * message_bytes_max, or than its length can say. */
TN_API TN_CHECK int tn_frame_write(struct tn_stream *s,
    const struct tn_framing *how, struct tn_slice message);

/* For messages that need not be in memory whole, of a kind with a length:
 * reads, or writes, what stands before the message.  Returns as the above, with
 * -EINVAL for the other kinds.  The message itself is the caller's to read,
 * with tn_stream_limit() for instance, or to write, to its last byte, and so is
 * the comma behind a netstring. */
TN_API TN_CHECK int tn_frame_read_length(struct tn_stream *s,
    const struct tn_framing *how, int64_t *ret);
TN_API TN_CHECK int tn_frame_write_length(struct tn_stream *s,
    const struct tn_framing *how, int64_t length);

#ifdef __cplusplus
}
#endif

#endif
