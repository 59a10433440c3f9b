/* Messages of a stream: what the obvious reading of the whole text says,
 * however the bytes come; and what is written is read as the same, or refused.
 * The first byte chooses the kind and the pieces, the second the longest
 * message and the rest of how. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/frame.h>

#include "fuzz/carrier.h"

/* What one read makes of the text: a message, and what it takes away. */
struct reference {
	int code; /* 1, 0, or the error */
	size_t begin, len, used;
};

/* ---- the obvious reading ------------------------------------------------- */

static bool
stands_at(struct tn_slice in, size_t at, struct tn_slice what)
{
	return tn_slice_starts(tn_slice_skip(in, at), what);
}

/* The message has no end: `in` is all there is. */
static struct reference
reference_last(struct tn_slice in, const struct tn_framing *how, size_t max)
{
	if (in.len == 0)
		return (struct reference){ 0 };
	if (!how->last_unended)
		return (struct reference){ .code = TN_ETRUNCATED };
	if (in.len > max)
		return (struct reference){ .code = TN_ELIMIT };
	return (struct reference){ 1, 0, in.len, in.len };
}

static struct reference
reference_line(struct tn_slice in, const struct tn_framing *how, size_t max)
{
	size_t n = 0, len;

	while (n < in.len && in.data[n] != '\n')
		n++;
	len = n > 0 && in.data[n - 1] == '\r' ? n - 1 : n;
	if (len > max)
		return (struct reference){ .code = TN_ELIMIT };
	if (n == in.len)
		return reference_last(in, how, max);
	return (struct reference){ 1, 0, len, n + 1 };
}

static struct reference
reference_delimiter(struct tn_slice in, const struct tn_framing *how,
    size_t max)
{
	size_t n = 0;

	/* It begins at the first place from which all that is there fits. */
	while (n < in.len &&
	    !stands_at(in, n, tn_slice_head(how->delimiter, in.len - n)))
		n++;
	if (n > max)
		return (struct reference){ .code = TN_ELIMIT };
	if (in.len - n < how->delimiter.len)
		return reference_last(in, how, max);
	return (struct reference){ 1, 0, n, n + how->delimiter.len };
}

/* A message of `len` bytes and `tail` more, behind `begin`. */
static struct reference
reference_counted(struct tn_slice in, size_t begin, unsigned __int128 len,
    struct tn_slice tail, size_t max)
{
	size_t end;

	if (len > max)
		return (struct reference){ .code = TN_ELIMIT };
	end = begin + (size_t)len;
	if (in.len < end + tail.len)
		return (struct reference){ .code = TN_ETRUNCATED };
	if (!stands_at(in, end, tail))
		return (struct reference){ .code = TN_EPROTO };
	return (struct reference){ 1, begin, (size_t)len, end + tail.len };
}

static struct reference
reference_binary(struct tn_slice in, const struct tn_framing *how, size_t max)
{
	size_t n = (size_t)how->length_bytes;
	unsigned __int128 len = 0;

	if (in.len < n)
		return (struct reference){
			.code = in.len == 0 ? 0 : TN_ETRUNCATED };
	for (size_t i = 0; i < n; i++)
		len |= (unsigned __int128)(unsigned char)in.data[i] <<
		    8 * (how->little_endian ? i : n - 1 - i);
	return reference_counted(in, n, len, TN_SLICE(""), max);
}

static struct reference
reference_varint(struct tn_slice in, size_t max)
{
	unsigned __int128 len = 0;
	size_t n = 0;

	for (; n < in.len; n++) {
		len |= (unsigned __int128)(in.data[n] & 0x7f) << 7 * n;
		if (n == 9 && (len >> 64 > 0 || (in.data[n] & 0x80) != 0))
			return (struct reference){ .code = TN_EPROTO };
		if ((in.data[n] & 0x80) == 0)
			return reference_counted(in, n + 1, len, TN_SLICE(""),
			    max);
	}
	return (struct reference){ .code = n == 0 ? 0 : TN_ETRUNCATED };
}

static struct reference
reference_digits(struct tn_slice in, struct tn_slice behind,
    struct tn_slice tail, size_t max)
{
	unsigned __int128 len = 0;
	size_t n = 0;

	for (; n < in.len && tn_is_digit(in.data[n]); n++) {
		if (n > 0 && in.data[0] == '0')
			return (struct reference){ .code = TN_EPROTO };
		if (n == 19)
			return (struct reference){ .code = TN_ELIMIT };
		len = 10 * len + (unsigned)(in.data[n] - '0');
	}
	if (in.len == 0)
		return (struct reference){ 0 };
	if (n == 0 ||
	    !stands_at(in, n, tn_slice_head(behind, in.len - n)))
		return (struct reference){ .code = TN_EPROTO };
	if (in.len - n < behind.len)
		return (struct reference){ .code = TN_ETRUNCATED };
	return reference_counted(in, n + behind.len, len, tail, max);
}

static struct reference
reference(struct tn_slice in, const struct tn_framing *how)
{
	size_t max = (size_t)how->message_bytes_max;

	switch (how->kind) {
	case TN_FRAME_LINE:
		return reference_line(in, how, max);
	case TN_FRAME_DELIMITER:
		return reference_delimiter(in, how, max);
	case TN_FRAME_LENGTH:
		return reference_binary(in, how, max);
	case TN_FRAME_VARINT:
		return reference_varint(in, max);
	case TN_FRAME_DECIMAL:
		return reference_digits(in, how->delimiter, TN_SLICE(""), max);
	default:
		return reference_digits(in, TN_SLICE(":"), TN_SLICE(","), max);
	}
}

/* ---- reading ------------------------------------------------------------- */

static void
check_reads(struct tn_slice in, const struct tn_framing *how, size_t step)
{
	struct tn_stream *s = fuzz_carrier(in, step, NULL);
	struct reference want;

	do {
		struct tn_slice message = TN_SLICE("untouched");
		int64_t before = tn_stream_bytes_read(s);
		int r = tn_frame_read(s, how, &message);

		want = reference(in, how);
		assert(r == want.code);
		assert(tn_stream_bytes_read(s) == before + (int64_t)want.used);
		assert(tn_slice_equal(message, r == 1 ?
		    tn_slice_head(tn_slice_skip(in, want.begin), want.len) :
		    TN_SLICE("untouched")));
		assert(r >= 0 || tn_error_code() == r);
		in = tn_slice_skip(in, want.used);
	} while (want.code == 1);
	tn_stream_free(s);
}

/* ---- writing ------------------------------------------------------------- */

/* Twice what was written is twice what is read. */
static void
check_write(struct tn_slice message, const struct tn_framing *how, size_t step)
{
	struct tn_buffer out = { 0 };
	struct tn_slice got, none = { NULL, 0 };
	struct tn_stream *to = fuzz_carrier(none, 1, &out), *from;
	int r = tn_frame_write(to, how, message);

	if (r == 0)
		fuzz_must(tn_frame_write(to, how, message));
	else
		assert(tn_error_code() == r && out.len == 0);
	assert(r == 0 || r == TN_ELIMIT || r == -EINVAL);
	assert(r != -EINVAL || how->kind <= TN_FRAME_DELIMITER);
	assert((r == TN_ELIMIT) ==
	    (message.len > (size_t)how->message_bytes_max ||
		(how->kind == TN_FRAME_LENGTH && how->length_bytes == 1 &&
		    message.len > 255)));
	from = fuzz_carrier(tn_buffer_slice(&out), step, NULL);
	for (int i = 0; r == 0 && i < 2; i++) {
		assert(tn_frame_read(from, how, &got) == 1);
		assert(tn_slice_equal(got, message));
	}
	assert(tn_frame_read(from, how, &got) == 0);
	tn_stream_free(to);
	tn_stream_free(from);
	tn_buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct tn_slice ends[] = { { "\r\n", 2 }, { "\0", 1 },
		{ "aab", 3 }, { "----", 4 } };
	struct tn_slice in = tn_slice(bytes, size);
	uint8_t kind = fuzz_byte(&in), rest = fuzz_byte(&in);
	struct tn_framing how = {
		.kind = (enum tn_framing_kind)(kind % 6),
		.delimiter = ends[rest % 4],
		.length_bytes = 1 + rest % 8,
		.little_endian = (rest & 8) != 0,
		.last_unended = (rest & 8) != 0,
		.message_bytes_max = (rest & 16) != 0 ? 300 : 1 + rest / 32,
	};

	if (size > 2048)
		return 0;
	check_reads(in, &how, 1 + kind / 6);
	check_reads(in, &how, SIZE_MAX);
	check_write(in, &how, 1 + kind / 6);
	return 0;
}
