/* Framing: pure searches for the end of a message, or for what stands before
 * it, and the loops around them that ask for more. */
#include <errno.h>
#include <string.h>

#include <tenon/error.h>
#include <tenon/frame.h>
#include <tenon/number.h>

#include "stream/stream.h"

#define FRAME_BYTES_MAX 65536
#define FRAME_LENGTH_DIGITS 19 /* any number of so many fits in 64 bits */
#define FRAME_VARINT_BYTES 10
/* The longest of what stands before a message. */
#define FRAME_HEAD_BYTES (TN_UINT_DIGITS + TN_FRAME_DELIMITER_MAX)

/* ---- how ----------------------------------------------------------------- */

static int64_t
frame_max(const struct tn_framing *how)
{
	if (how->message_bytes_max == 0)
		return FRAME_BYTES_MAX;
	return how->message_bytes_max < 0 ? INT64_MAX : how->message_bytes_max;
}

static int
frame_length_bytes(const struct tn_framing *how)
{
	return how->length_bytes == 0 ? 4 : how->length_bytes;
}

static bool
frame_has_length(const struct tn_framing *how)
{
	return how->kind >= TN_FRAME_LENGTH;
}

/* What stands behind digits. */
static struct tn_slice
frame_separator(const struct tn_framing *how)
{
	return how->kind == TN_FRAME_NETSTRING ? TN_SLICE(":") : how->delimiter;
}

static int
frame_check(const struct tn_framing *how)
{
	bool decimal = how->kind == TN_FRAME_DECIMAL;
	struct tn_slice end = how->delimiter;

	if ((unsigned)how->kind > TN_FRAME_NETSTRING)
		return tn_error_set(-EINVAL, "framing: there is no kind %d",
		    (int)how->kind);
	if (how->length_bytes < 0 || how->length_bytes > 8)
		return tn_error_set(-EINVAL,
		    "framing: a length of %d bytes; 1 to 8 there may be",
		    how->length_bytes);
	if (!decimal && how->kind != TN_FRAME_DELIMITER)
		return 0;
	if (end.len == 0 || end.len > TN_FRAME_DELIMITER_MAX)
		return tn_error_set(-EINVAL,
		    "framing: a delimiter of %zu bytes; 1 to %d there may be",
		    end.len, TN_FRAME_DELIMITER_MAX);
	if (decimal && tn_is_digit(end.data[0]))
		return tn_error_set(-EINVAL,
		    "framing: a digit cannot stand behind digits");
	return 0;
}

/* `*how` as it is meant. */
static int
frame_begin(const struct tn_framing **how)
{
	static const struct tn_framing lines = { 0 };

	if (*how == NULL)
		*how = &lines;
	return frame_check(*how);
}

/* ---- reading: up to a delimiter ------------------------------------------ */

static int
frame_fail_longer(const struct tn_framing *how)
{
	return tn_error_set(TN_ELIMIT,
	    "read message: longer than %lld bytes, message_bytes_max",
	    (long long)frame_max(how));
}

static int
frame_fail_unended(void)
{
	return tn_error_set(TN_ETRUNCATED,
	    "read message: the stream ended before its delimiter");
}

/* How many bytes at the end of `in` may be the beginning of the delimiter. */
static size_t
frame_begun(struct tn_slice in, struct tn_slice end)
{
	size_t n = end.len - 1 < in.len ? end.len - 1 : in.len;

	while (n > 0 && !tn_slice_ends(in, tn_slice_head(end, n)))
		n--;
	return n;
}

/* Returns 1 with the message's length when its end is inside `in`, 0 with what
 * is known of it when it is not, TN_ELIMIT.  The answer depends on the bytes
 * alone, never on how they came in pieces. */
static int
frame_find(struct tn_slice in, const struct tn_framing *how, size_t *len)
{
	struct tn_slice end = how->delimiter;
	ssize_t at = tn_slice_search(tn_slice_skip(in, *len), end);

	if (at < 0)
		*len = in.len - frame_begun(in, end);
	else
		*len += (size_t)at;
	if ((uint64_t)*len > (uint64_t)frame_max(how))
		return TN_ELIMIT;
	return at >= 0;
}

static void
frame_take(struct tn_stream *s, size_t used)
{
	tn__stream_hold(s);
	tn_stream_consume(s, used);
}

/* The stream has ended behind `rest`, with which no message ends. */
static int
frame_read_last(struct tn_stream *s, const struct tn_framing *how,
    struct tn_slice rest, struct tn_slice *ret)
{
	if (rest.len == 0)
		return 0;
	if (!how->last_unended)
		return frame_fail_unended();
	if ((uint64_t)rest.len > (uint64_t)frame_max(how))
		return frame_fail_longer(how);
	frame_take(s, rest.len);
	*ret = rest;
	return 1;
}

static int
frame_read_delimiter(struct tn_stream *s, const struct tn_framing *how,
    struct tn_slice *ret)
{
	struct tn_slice in = { NULL, 0 };
	size_t len = 0, min;
	int r, found;

	do {
		min = in.len + 1;
		r = tn_stream_fill(s, min, &in);
		if (r < 0)
			return r;
		found = frame_find(in, how, &len);
		if (found < 0)
			return frame_fail_longer(how);
	} while (found == 0 && in.len >= min);

	if (found == 0)
		return frame_read_last(s, how, in, ret);
	frame_take(s, len + how->delimiter.len);
	*ret = tn_slice(in.data, len);
	return 1;
}

static int
frame_read_line(struct tn_stream *s, const struct tn_framing *how,
    struct tn_slice *ret)
{
	int64_t max = frame_max(how);
	struct tn_slice rest;
	int r = tn_stream_read_line(s, TN_LINE_ANY,
	    (uint64_t)max < SIZE_MAX ? (size_t)max : SIZE_MAX, ret);

	if (r != TN_ETRUNCATED || !how->last_unended)
		return r;
	r = tn_stream_fill(s, 1, &rest);
	return r < 0 ? r : frame_read_last(s, how, rest, ret);
}

/* ---- reading: a length before it ----------------------------------------- */

struct frame_head {
	uint64_t length; /* of the message */
	size_t used;     /* by what stands before it */
};

static int
frame_parse_binary(const struct tn_framing *how, struct tn_slice in,
    struct frame_head *ret)
{
	size_t n = (size_t)frame_length_bytes(how);
	uint64_t length = 0;

	if (in.len < n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		size_t at = how->little_endian ? n - 1 - i : i;

		length = length << 8 | (unsigned char)in.data[at];
	}
	*ret = (struct frame_head){ length, n };
	return 1;
}

static int
frame_parse_varint(const struct tn_framing *how, struct tn_slice in,
    struct frame_head *ret)
{
	uint64_t length = 0;

	for (unsigned i = 0; i < in.len; i++) {
		unsigned char byte = (unsigned char)in.data[i];

		if (i == FRAME_VARINT_BYTES - 1 && byte > 1)
			return tn_error_set(TN_EPROTO,
			    "read message: a length that needs more than 64 "
			    "bits");
		length |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*ret = (struct frame_head){ length, i + 1 };
			return 1;
		}
	}
	return 0;
}

/* The digits are counted before anybody knows what is behind them: they need
 * not end. */
static int
frame_count_digits(const struct tn_framing *how, struct tn_slice in)
{
	int n = 0;

	while ((size_t)n < in.len && tn_is_digit(in.data[n])) {
		if (n == 1 && in.data[0] == '0')
			return tn_error_set(TN_EPROTO,
			    "read message: a length that begins with 0");
		if (n == FRAME_LENGTH_DIGITS)
			return tn_error_set(TN_ELIMIT,
			    "read message: a length of more than %d digits, "
			    "and message_bytes_max is %lld",
			    n, (long long)frame_max(how));
		n++;
	}
	return n;
}

static int
frame_parse_decimal(const struct tn_framing *how, struct tn_slice in,
    struct frame_head *ret)
{
	struct tn_slice end = frame_separator(how), rest;
	int n = frame_count_digits(how, in), r;
	uint64_t length;

	if (n < 0)
		return n;
	rest = tn_slice_skip(in, (size_t)n);
	if (rest.len > 0 && n == 0)
		return tn_error_set(TN_EPROTO,
		    "read message: no digit where its length should begin");
	if (!tn_slice_starts(rest, tn_slice_head(end, rest.len)))
		return tn_error_set(TN_EPROTO,
		    "read message: something else than the delimiter behind "
		    "the digits of its length");
	if (rest.len < end.len)
		return 0;
	r = tn_parse_uint(tn_slice_head(in, (size_t)n), UINT64_MAX, &length);
	if (r < 0)
		return tn_error_set(r, "read message: no length");
	*ret = (struct frame_head){ length, (size_t)n + end.len };
	return 1;
}

/* 1 when the length stands at the beginning of `in`, 0 when more has to come,
 * or the error, whose text is set. */
static int
frame_parse(const struct tn_framing *how, struct tn_slice in,
    struct frame_head *ret)
{
	switch (how->kind) {
	case TN_FRAME_LENGTH:
		return frame_parse_binary(how, in, ret);
	case TN_FRAME_VARINT:
		return frame_parse_varint(how, in, ret);
	default:
		return frame_parse_decimal(how, in, ret);
	}
}

/* Shows what stands before a message and takes nothing: 1, 0 at the end of the
 * stream. */
static int
frame_read_head(struct tn_stream *s, const struct tn_framing *how,
    struct tn_slice *in, struct frame_head *ret)
{
	int64_t max = frame_max(how);
	size_t min;
	int r, found;

	do {
		min = in->len + 1;
		r = tn_stream_fill(s, min, in);
		if (r < 0)
			return r;
		found = frame_parse(how, *in, ret);
		if (found < 0)
			return found;
	} while (found == 0 && in->len >= min);

	if (found == 0 && in->len == 0)
		return 0;
	if (found == 0)
		return tn_error_set(TN_ETRUNCATED,
		    "read message: the stream ended inside of its length");
	if (ret->length > (uint64_t)max)
		return tn_error_set(TN_ELIMIT,
		    "read message: %llu bytes long, and message_bytes_max is "
		    "%lld",
		    (unsigned long long)ret->length, (long long)max);
	return 1;
}

/* Waits for the message of which `in` shows the beginning.  Memory follows what
 * has come: to promise much costs us nothing. */
static int
frame_fill(struct tn_stream *s, const struct frame_head *head, size_t all,
    struct tn_slice *in)
{
	size_t want = 0;
	int r;

	while (want < all) {
		want = in->len < TN__POOL_BYTES ? TN__POOL_BYTES : 2 * in->len;
		if (want > all)
			want = all;
		r = tn_stream_fill(s, want, in);
		if (r < 0)
			return r;
		if (in->len < want)
			return tn_error_set(TN_ETRUNCATED,
			    "read message: the stream ended after %zu of %llu "
			    "bytes",
			    tn_slice_skip(*in, head->used).len,
			    (unsigned long long)head->length);
	}
	return 0;
}

static int
frame_read_counted(struct tn_stream *s, const struct tn_framing *how,
    struct tn_slice *ret)
{
	bool comma = how->kind == TN_FRAME_NETSTRING;
	struct tn_slice in = { NULL, 0 };
	struct frame_head head = { 0 };
	size_t all;
	int r = frame_read_head(s, how, &in, &head);

	if (r <= 0)
		return r;
	if (head.length > TN__STREAM_FILL_MAX - head.used - comma)
		return tn_error_set(TN_ELIMIT,
		    "read message: %llu bytes long, but a stream shows at most "
		    "%zu at once; see tn_frame_read_length()",
		    (unsigned long long)head.length, TN__STREAM_FILL_MAX);
	all = head.used + (size_t)head.length + comma;
	r = frame_fill(s, &head, all, &in);
	if (r < 0)
		return r;
	if (comma && in.data[all - 1] != ',')
		return tn_error_set(TN_EPROTO,
		    "read message: no comma at the end of a netstring");
	frame_take(s, all);
	*ret = tn_slice(in.data + head.used, (size_t)head.length);
	return 1;
}

int
tn_frame_read(struct tn_stream *s, const struct tn_framing *how,
    struct tn_slice *ret)
{
	int r = frame_begin(&how);

	if (r < 0)
		return r;
	if (how->kind == TN_FRAME_LINE)
		return frame_read_line(s, how, ret);
	if (how->kind == TN_FRAME_DELIMITER)
		return frame_read_delimiter(s, how, ret);
	return frame_read_counted(s, how, ret);
}

static int
frame_check_length(const struct tn_framing *how)
{
	if (!frame_has_length(how))
		return tn_error_set(-EINVAL,
		    "framing: with a delimiter there is no length");
	return 0;
}

int
tn_frame_read_length(struct tn_stream *s, const struct tn_framing *how,
    int64_t *ret)
{
	struct tn_slice in = { NULL, 0 };
	struct frame_head head = { 0 };
	int r = frame_begin(&how);

	if (r == 0)
		r = frame_check_length(how);
	if (r < 0)
		return r;
	r = frame_read_head(s, how, &in, &head);
	if (r <= 0)
		return r;
	tn_stream_consume(s, head.used);
	*ret = (int64_t)head.length;
	return 1;
}

/* ---- writing ------------------------------------------------------------- */

/* Would the delimiter be found before the end?  It need not stand in the
 * message whole: with "--" behind it "a-" is "a", and then "-". */
static bool
frame_ends_early(struct tn_slice message, struct tn_slice end)
{
	char seam[2 * TN_FRAME_DELIMITER_MAX];
	size_t tail = message.len < end.len - 1 ? message.len : end.len - 1;

	if (tn_slice_search(message, end) >= 0)
		return true;
	if (tail == 0)
		return false;
	memcpy(seam, message.data + message.len - tail, tail);
	memcpy(seam + tail, end.data, end.len);
	return tn_slice_search(tn_slice(seam, tail + end.len), end) <
	    (ssize_t)tail;
}

static int
frame_check_message(const struct tn_framing *how, struct tn_slice message)
{
	bool line = how->kind == TN_FRAME_LINE;
	struct tn_slice end = line ? TN_SLICE("\n") : how->delimiter;

	if (frame_has_length(how))
		return 0;
	if (frame_ends_early(message, end))
		return tn_error_set(-EINVAL,
		    "write message: its delimiter stands in it; it would be "
		    "read as two");
	if (line && tn_slice_ends(message, TN_SLICE("\r")))
		return tn_error_set(-EINVAL,
		    "write message: a CR at the end of a line would be taken "
		    "for part of its end");
	return 0;
}

static int
frame_check_size(const struct tn_framing *how, uint64_t length)
{
	uint64_t max = (uint64_t)frame_max(how), most = UINT64_MAX;
	int bytes = frame_length_bytes(how);

	if (how->kind == TN_FRAME_LENGTH && bytes < 8)
		most = ((uint64_t)1 << (8 * bytes)) - 1;
	if (length > max)
		return tn_error_set(TN_ELIMIT,
		    "write message: %llu bytes long, and message_bytes_max is "
		    "%llu",
		    (unsigned long long)length, (unsigned long long)max);
	if (length > most)
		return tn_error_set(TN_ELIMIT,
		    "write message: %llu bytes long, and a length of %d "
		    "byte%s says %llu at most",
		    (unsigned long long)length, bytes, bytes == 1 ? "" : "s",
		    (unsigned long long)most);
	return 0;
}

static size_t
frame_print_binary(const struct tn_framing *how, uint64_t length, char *out)
{
	int n = frame_length_bytes(how);

	for (int i = 0; i < n; i++) {
		int at = how->little_endian ? i : n - 1 - i;

		out[at] = (char)(length >> (8 * i) & 0xff);
	}
	return (size_t)n;
}

static size_t
frame_print_varint(uint64_t length, char *out)
{
	size_t n = 0;

	for (; length >= 0x80; length >>= 7)
		out[n++] = (char)((length & 0x7f) | 0x80);
	out[n++] = (char)length;
	return n;
}

static size_t
frame_print_decimal(const struct tn_framing *how, uint64_t length, char *out)
{
	struct tn_slice end = frame_separator(how);
	size_t n = tn_format_uint(out, length);

	memcpy(out + n, end.data, end.len);
	return n + end.len;
}

static int
frame_write_head(struct tn_stream *s, const struct tn_framing *how,
    uint64_t length)
{
	char head[FRAME_HEAD_BYTES];
	size_t n = how->kind == TN_FRAME_LENGTH
	    ? frame_print_binary(how, length, head)
	    : how->kind == TN_FRAME_VARINT
	    ? frame_print_varint(length, head)
	    : frame_print_decimal(how, length, head);

	return tn_stream_write(s, tn_slice(head, n));
}

/* What stands behind a message. */
static int
frame_write_tail(struct tn_stream *s, const struct tn_framing *how)
{
	switch (how->kind) {
	case TN_FRAME_LINE:
		return tn_stream_write(s, TN_SLICE("\n"));
	case TN_FRAME_DELIMITER:
		return tn_stream_write(s, how->delimiter);
	case TN_FRAME_NETSTRING:
		return tn_stream_write(s, TN_SLICE(","));
	default:
		return 0;
	}
}

int
tn_frame_write(struct tn_stream *s, const struct tn_framing *how,
    struct tn_slice message)
{
	int r = frame_begin(&how);

	if (r == 0)
		r = frame_check_size(how, message.len);
	if (r == 0)
		r = frame_check_message(how, message);
	if (r == 0 && frame_has_length(how))
		r = frame_write_head(s, how, message.len);
	if (r == 0)
		r = tn_stream_write(s, message);
	return r < 0 ? r : frame_write_tail(s, how);
}

int
tn_frame_write_length(struct tn_stream *s, const struct tn_framing *how,
    int64_t length)
{
	int r = frame_begin(&how);

	if (r == 0)
		r = frame_check_length(how);
	if (r == 0 && length < 0)
		r = tn_error_set(-EINVAL,
		    "write message: %lld bytes are fewer than none",
		    (long long)length);
	if (r == 0)
		r = frame_check_size(how, (uint64_t)length);
	return r < 0 ? r : frame_write_head(s, how, (uint64_t)length);
}
