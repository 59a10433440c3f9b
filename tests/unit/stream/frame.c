/* Framing: each row with every carrier, and each way of delivering it gives the
 * same; what is written is read as the same. */
#include <tenon/frame.h>

#include "carrier.h"

#define DELIMITER(text) .kind = TN_FRAME_DELIMITER, .delimiter = TN_SLICE(text)
#define LENGTH(bytes) .kind = TN_FRAME_LENGTH, .length_bytes = bytes
#define DECIMAL(text) .kind = TN_FRAME_DECIMAL, .delimiter = TN_SLICE(text)

/* ---- reading ------------------------------------------------------------- */

/* What comes of one read after another: '|' behind each message, then how it
 * ended. */
static const struct read_row {
	const char *name;
	struct tn_framing how;
	struct tn_slice in;
	struct tn_slice messages; /* each followed by '|' */
	int end;            /* 0 at the end of the stream, or the error ... */
	const char *text;   /* ... and its line, where it is ours */
} reads[] = {
#define IN(text) { "" text, sizeof(text) - 1 }
	{ "lines", { 0 }, IN("one\ntwo\r\n\nfour\n"), IN("one|two||four|"), 0,
	    NULL },
	{ "lines: nothing", { 0 }, IN(""), IN(""), 0, NULL },
	{ "lines: the last is cut", { 0 }, IN("one\ntwo"), IN("one|"),
	    TN_ETRUNCATED, "read line: the stream ended inside a line" },
	{ "lines: too long", { .message_bytes_max = 3 }, IN("one\nfour\n"),
	    IN("one|"), TN_ELIMIT, "read line: longer than 3 bytes" },
	{ "lines: no limit", { .message_bytes_max = -1 }, IN("one\n"),
	    IN("one|"), 0, NULL },
	{ "lines: the last is given", { .last_unended = true },
	    IN("one\n\ntwo"), IN("one||two|"), 0, NULL },
	{ "lines: the last is a CR", { .last_unended = true }, IN("one\n\r"),
	    IN("one|\r|"), 0, NULL },
	{ "lines: no last", { .last_unended = true }, IN("one\n"), IN("one|"),
	    0, NULL },
	{ "lines: the last at max",
	    { .last_unended = true, .message_bytes_max = 3 }, IN("one\ntwo"),
	    IN("one|two|"), 0, NULL },
	{ "lines: the last and a CR more",
	    { .last_unended = true, .message_bytes_max = 3 }, IN("two\r"),
	    IN(""), TN_ELIMIT,
	    "read message: longer than 3 bytes, message_bytes_max" },
	{ "lines: the last is too long",
	    { .last_unended = true, .message_bytes_max = 3 }, IN("one\nfour"),
	    IN("one|"), TN_ELIMIT, "read line: longer than 3 bytes" },

	{ "NUL", { DELIMITER("\0") }, IN("one\0\0three\0"), IN("one||three|"),
	    0, NULL },
	{ "CRLF", { DELIMITER("\r\n") }, IN("a\r\nb\nc\rd\r\r\n\r\n"),
	    IN("a|b\nc\rd\r||"), 0, NULL },
	{ "delimiter: nothing", { DELIMITER("\r\n") }, IN(""), IN(""), 0,
	    NULL },
	{ "delimiter: cut", { DELIMITER("\r\n") }, IN("one\r\ntwo"),
	    IN("one|"), TN_ETRUNCATED,
	    "read message: the stream ended before its delimiter" },
	{ "delimiter: cut inside of it", { DELIMITER("\r\n") }, IN("one\r"),
	    IN(""), TN_ETRUNCATED, NULL },
	{ "delimiter: the last is given",
	    { DELIMITER("\r\n"), .last_unended = true }, IN("one\r\ntwo\r"),
	    IN("one|two\r|"), 0, NULL },
	{ "delimiter: no last", { DELIMITER("\r\n"), .last_unended = true },
	    IN("one\r\n"), IN("one|"), 0, NULL },
	{ "delimiter: begins again", { DELIMITER("aab") }, IN("aaab aabaaab"),
	    IN("a| |a|"), 0, NULL },
	{ "delimiter: of one letter", { DELIMITER("--") }, IN("a---b--"),
	    IN("a|-b|"), 0, NULL },
	{ "delimiter: the longest",
	    { DELIMITER("0123456789abcdef0123456789abcdef") },
	    IN("one0123456789abcdef0123456789abcdef"), IN("one|"), 0, NULL },
	{ "delimiter: exactly max",
	    { DELIMITER("\r\n"), .message_bytes_max = 3 },
	    IN("one\r\n\r\ntwo\r\n"), IN("one||two|"), 0, NULL },
	{ "delimiter: one more than max",
	    { DELIMITER("\r\n"), .message_bytes_max = 3 },
	    IN("one\r\nfour\r\n"), IN("one|"), TN_ELIMIT,
	    "read message: longer than 3 bytes, message_bytes_max" },
	{ "delimiter: too long without an end",
	    { DELIMITER("\r\n"), .message_bytes_max = 3 }, IN("four"), IN(""),
	    TN_ELIMIT, NULL },
	{ "delimiter: max and the beginning of one",
	    { DELIMITER("\r\n"), .message_bytes_max = 3 }, IN("one\r"), IN(""),
	    TN_ETRUNCATED, NULL },
	{ "delimiter: max and the beginning of none",
	    { DELIMITER("\r\n"), .message_bytes_max = 3 }, IN("one\r\r\n"),
	    IN(""), TN_ELIMIT, NULL },
	{ "delimiter: the last with a beginning",
	    { DELIMITER("\r\n"), .message_bytes_max = 3, .last_unended = true },
	    IN("one\r"), IN(""), TN_ELIMIT, NULL },

	{ "1 byte", { LENGTH(1) }, IN("\3one\0\3two"), IN("one||two|"), 0,
	    NULL },
	{ "2 bytes", { LENGTH(2) }, IN("\0\3one\0\0\0\3two"),
	    IN("one||two|"), 0, NULL },
	{ "2 bytes, little end first", { LENGTH(2), .little_endian = true },
	    IN("\3\0one\0\0\3\0two"), IN("one||two|"), 0, NULL },
	{ "3 bytes", { LENGTH(3) }, IN("\0\0\3one\0\0\3two"), IN("one|two|"),
	    0, NULL },
	{ "4 bytes", { .kind = TN_FRAME_LENGTH }, IN("\0\0\0\3one\0\0\0\3two"),
	    IN("one|two|"), 0, NULL },
	{ "4 bytes, little end first",
	    { .kind = TN_FRAME_LENGTH, .little_endian = true },
	    IN("\3\0\0\0one\3\0\0\0two"), IN("one|two|"), 0, NULL },
	{ "8 bytes", { LENGTH(8) }, IN("\0\0\0\0\0\0\0\3one"), IN("one|"), 0,
	    NULL },
	{ "8 bytes, little end first", { LENGTH(8), .little_endian = true },
	    IN("\3\0\0\0\0\0\0\0one"), IN("one|"), 0, NULL },
	{ "length: nothing", { LENGTH(2) }, IN(""), IN(""), 0, NULL },
	{ "length: cut inside of it", { LENGTH(2) }, IN("\0\3one\0"),
	    IN("one|"), TN_ETRUNCATED,
	    "read message: the stream ended inside of its length" },
	{ "length: cut behind it", { LENGTH(2) }, IN("\0\3one\0\3"),
	    IN("one|"), TN_ETRUNCATED,
	    "read message: the stream ended after 0 of 3 bytes" },
	{ "length: cut", { LENGTH(2) }, IN("\0\3one\0\3tw"), IN("one|"),
	    TN_ETRUNCATED,
	    "read message: the stream ended after 2 of 3 bytes" },
	{ "length: exactly max", { LENGTH(1), .message_bytes_max = 3 },
	    IN("\3one"), IN("one|"), 0, NULL },
	{ "length: one more than max", { LENGTH(1), .message_bytes_max = 3 },
	    IN("\3one\4four"), IN("one|"), TN_ELIMIT,
	    "read message: 4 bytes long, and message_bytes_max is 3" },
	{ "length: the limit that is there", { .kind = TN_FRAME_LENGTH },
	    IN("\0\1\0\1"), IN(""), TN_ELIMIT,
	    "read message: 65537 bytes long, and message_bytes_max is 65536" },
	{ "length: the most there is", { LENGTH(8), .message_bytes_max = -1 },
	    IN("\377\377\377\377\377\377\377\377x"), IN(""), TN_ELIMIT,
	    "read message: 18446744073709551615 bytes long, and "
	    "message_bytes_max is 9223372036854775807" },
	{ "length: more than is shown",
	    { .kind = TN_FRAME_LENGTH, .message_bytes_max = -1 },
	    IN("\0\17\377\375"), IN(""), TN_ELIMIT,
	    "read message: 1048573 bytes long, but a stream shows at most "
	    "1048576 at once; see tn_frame_read_length()" },

	{ "varint", { .kind = TN_FRAME_VARINT }, IN("\3one\0\3two"),
	    IN("one||two|"), 0, NULL },
	{ "varint: two bytes",
	    { .kind = TN_FRAME_VARINT, .message_bytes_max = 300 },
	    IN("\3one\255\2"), IN("one|"), TN_ELIMIT,
	    "read message: 301 bytes long, and message_bytes_max is 300" },
	{ "varint: wider than need be", { .kind = TN_FRAME_VARINT },
	    IN("\203\200\0one"), IN("one|"), 0, NULL },
	{ "varint: the most there is",
	    { .kind = TN_FRAME_VARINT, .message_bytes_max = -1 },
	    IN("\377\377\377\377\377\377\377\377\377\1"), IN(""), TN_ELIMIT,
	    "read message: 18446744073709551615 bytes long, and "
	    "message_bytes_max is 9223372036854775807" },
	{ "varint: 65 bits", { .kind = TN_FRAME_VARINT },
	    IN("\377\377\377\377\377\377\377\377\377\2"), IN(""), TN_EPROTO,
	    "read message: a length that needs more than 64 bits" },
	{ "varint: 11 bytes", { .kind = TN_FRAME_VARINT },
	    IN("\200\200\200\200\200\200\200\200\200\200\0"), IN(""),
	    TN_EPROTO, NULL },
	{ "varint: cut", { .kind = TN_FRAME_VARINT }, IN("\3one\200"),
	    IN("one|"), TN_ETRUNCATED, NULL },

	{ "decimal", { DECIMAL(" ") }, IN("3 one0 11 hello world"),
	    IN("one||hello world|"), 0, NULL },
	{ "decimal: CRLF", { DECIMAL("\r\n") }, IN("3\r\none3\r\ntwo"),
	    IN("one|two|"), 0, NULL },
	{ "decimal: nothing", { DECIMAL(" ") }, IN(""), IN(""), 0, NULL },
	{ "decimal: cut in the digits", { DECIMAL(" ") }, IN("3 one3"),
	    IN("one|"), TN_ETRUNCATED, NULL },
	{ "decimal: cut in the delimiter", { DECIMAL("\r\n") }, IN("3\r"),
	    IN(""), TN_ETRUNCATED, NULL },
	{ "decimal: cut", { DECIMAL(" ") }, IN("3 on"), IN(""),
	    TN_ETRUNCATED, "read message: the stream ended after 2 of 3 bytes" },
	{ "decimal: no digit", { DECIMAL(" ") }, IN("3 one two"), IN("one|"),
	    TN_EPROTO,
	    "read message: no digit where its length should begin" },
	{ "decimal: a sign", { DECIMAL(" ") }, IN("+3 one"), IN(""), TN_EPROTO,
	    NULL },
	{ "decimal: another delimiter", { DECIMAL(" ") }, IN("3\tone"), IN(""),
	    TN_EPROTO,
	    "read message: something else than the delimiter behind the digits "
	    "of its length" },
	{ "decimal: half a delimiter", { DECIMAL("\r\n") }, IN("3\ronetwo"),
	    IN(""), TN_EPROTO, NULL },
	{ "decimal: begins with 0", { DECIMAL(" ") }, IN("03 one"), IN(""),
	    TN_EPROTO, "read message: a length that begins with 0" },
	{ "decimal: too long", { DECIMAL(" "), .message_bytes_max = 3 },
	    IN("3 one4 four"), IN("one|"), TN_ELIMIT,
	    "read message: 4 bytes long, and message_bytes_max is 3" },
	{ "decimal: the most that is a number", { DECIMAL(" ") },
	    IN("9999999999999999999 x"), IN(""), TN_ELIMIT,
	    "read message: 9999999999999999999 bytes long, and "
	    "message_bytes_max is 65536" },
	{ "decimal: endless", { DECIMAL(" ") }, IN("10000000000000000000"),
	    IN(""), TN_ELIMIT,
	    "read message: a length of more than 19 digits, and "
	    "message_bytes_max is 65536" },

	{ "netstring", { .kind = TN_FRAME_NETSTRING },
	    IN("3:one,0:,12:hello world!,"), IN("one||hello world!|"), 0,
	    NULL },
	{ "netstring: no comma", { .kind = TN_FRAME_NETSTRING },
	    IN("3:one,3:two;"), IN("one|"), TN_EPROTO,
	    "read message: no comma at the end of a netstring" },
	{ "netstring: cut before the comma", { .kind = TN_FRAME_NETSTRING },
	    IN("3:one"), IN(""), TN_ETRUNCATED,
	    "read message: the stream ended after 3 of 3 bytes" },
	{ "netstring: no colon", { .kind = TN_FRAME_NETSTRING }, IN("3,one"),
	    IN(""), TN_EPROTO, NULL },
	{ "netstring: the limit is without the comma",
	    { .kind = TN_FRAME_NETSTRING, .message_bytes_max = 3 },
	    IN("3:one,"), IN("one|"), 0, NULL },

	{ "no such kind", { .kind = (enum tn_framing_kind)6 }, IN("one"),
	    IN(""), -EINVAL, "framing: there is no kind 6" },
	{ "no delimiter", { DELIMITER("") }, IN("one"), IN(""), -EINVAL,
	    "framing: a delimiter of 0 bytes; 1 to 32 there may be" },
	{ "a delimiter too long",
	    { DELIMITER("0123456789abcdef0123456789abcdef0") }, IN("one"),
	    IN(""), -EINVAL,
	    "framing: a delimiter of 33 bytes; 1 to 32 there may be" },
	{ "no delimiter behind digits", { .kind = TN_FRAME_DECIMAL },
	    IN("3one"), IN(""), -EINVAL, NULL },
	{ "a digit behind digits", { DECIMAL("0x") }, IN("3"), IN(""), -EINVAL,
	    "framing: a digit cannot stand behind digits" },
	{ "9 bytes", { LENGTH(9) }, IN("one"), IN(""), -EINVAL,
	    "framing: a length of 9 bytes; 1 to 8 there may be" },
	{ "fewer than none", { LENGTH(-1) }, IN("one"), IN(""), -EINVAL,
	    NULL },
#undef IN
};

static void
check_reads(const struct read_row *t, struct tn_stream *s)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer got = { 0 };
	struct tn_slice message = { "untouched", 9 };
	const char *kept = message.data;
	int64_t used;
	int r;

	CHECK_INT(tn_buffer_append_str(&got, ""), 0);
	while ((r = tn_frame_read(s, &t->how, &message)) > 0) {
		CHECK_INT(r, 1);
		CHECK_INT(tn_buffer_append(&got, message), 0);
		CHECK_INT(tn_buffer_append_byte(&got, '|'), 0);
		kept = message.data;
	}
	CHECK_INT(r, t->end);
	CHECK(tn_slice_equal(tn_buffer_slice(&got), t->messages));
	CHECK(message.data == kept);
	if (r < 0)
		CHECK_INT(tn_error_code(), r);
	if (t->text != NULL)
		CHECK_TEXT(tn_error_text(), t->text);

	/* A failure takes nothing and comes again. */
	used = tn_stream_bytes_read(s);
	CHECK_INT(tn_frame_read(s, &t->how, &message), r);
	CHECK_INT(tn_stream_bytes_read(s), used);
}

static void
test_read(void **state)
{
	const struct read_row *t = *state;
	struct tn_stream *s, *limit;

	CHECK_INT(tn_stream_memory(t->in, &s), 0);
	check_reads(t, s);
	tn_stream_free(s);

	for (size_t piece = 0; piece <= t->in.len + 1; piece++) {
		struct carrier_plan plan = {
			.in = t->in, .piece = piece, .hesitate = piece % 2 == 1,
		};

		s = carrier_new(&plan);
		check_reads(t, s);
		CHECK(!carrier_of(s)->held_while_waiting);
		tn_stream_free(s);

		s = carrier_new(&plan);
		CHECK_INT(tn_stream_limit(s, (int64_t)t->in.len, &limit), 0);
		check_reads(t, limit);
		tn_stream_free(limit);
		tn_stream_free(s);
	}
}

/* What is too long is known by its first byte too many, not at the end. */
static void
test_soon(void **state)
{
	static const struct {
		struct tn_framing how;
		struct tn_slice in;
		size_t known; /* so many bytes are enough */
	} rows[] = {
		{ { .message_bytes_max = 3 }, TN_SLICE("four"), 4 },
		{ { DELIMITER("\r\n"), .message_bytes_max = 3 },
		    TN_SLICE("four"), 4 },
		{ { DELIMITER("\r\n"), .message_bytes_max = 3 },
		    TN_SLICE("one\rx"), 5 },
		{ { LENGTH(1), .message_bytes_max = 3 }, TN_SLICE("\4four"),
		    1 },
		{ { DECIMAL(" "), .message_bytes_max = 3 }, TN_SLICE("4 four"),
		    2 },
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		struct carrier_plan plan = { .in = rows[i].in, .piece = 1,
			.fail_at = rows[i].known, .fail = -ECONNRESET };
		struct tn_stream *s = carrier_new(&plan);
		struct tn_slice message;

		CHECK_INT(tn_frame_read(s, &rows[i].how, &message), TN_ELIMIT);
		tn_stream_free(s);
	}
}

/* ---- writing ------------------------------------------------------------- */

static const struct write_row {
	const char *name;
	struct tn_framing how;
	struct tn_slice message;
	struct tn_slice out; /* nothing: it is refused ... */
	int code;            /* ... with this ... */
	const char *text;
} writes[] = {
#define IN(text) { "" text, sizeof(text) - 1 }
	{ "line", { 0 }, IN("one"), IN("one\n"), 0, NULL },
	{ "empty line", { 0 }, IN(""), IN("\n"), 0, NULL },
	{ "line with a CR", { 0 }, IN("one\rtwo"), IN("one\rtwo\n"), 0, NULL },
	{ "two lines", { 0 }, IN("one\ntwo"), IN(""), -EINVAL,
	    "write message: its delimiter stands in it; it would be read as "
	    "two" },
	{ "line and CR", { 0 }, IN("one\r"), IN(""), -EINVAL,
	    "write message: a CR at the end of a line would be taken for part "
	    "of its end" },
	{ "line too long", { .message_bytes_max = 3 }, IN("four"), IN(""),
	    TN_ELIMIT,
	    "write message: 4 bytes long, and message_bytes_max is 3" },
	{ "CRLF", { DELIMITER("\r\n") }, IN("a\nb\rc"), IN("a\nb\rc\r\n"), 0,
	    NULL },
	{ "CRLF behind CR", { DELIMITER("\r\n") }, IN("a\r"), IN("a\r\r\n"), 0,
	    NULL },
	{ "CRLF inside", { DELIMITER("\r\n") }, IN("a\r\nb"), IN(""), -EINVAL,
	    NULL },
	{ "NUL", { DELIMITER("\0") }, IN("one"), IN("one\0"), 0, NULL },
	{ "NUL inside", { DELIMITER("\0") }, IN("one\0two"), IN(""), -EINVAL,
	    NULL },
	{ "begun before", { DELIMITER("--") }, IN("a-"), IN(""), -EINVAL,
	    NULL },
	{ "begun before, longer", { DELIMITER("abcab") }, IN("xabc"), IN(""),
	    -EINVAL, NULL },
	{ "begun before, and not it", { DELIMITER("abcab") }, IN("xab"),
	    IN("xababcab"), 0, NULL },
	{ "shorter than the delimiter", { DELIMITER("aaa") }, IN("a"), IN(""),
	    -EINVAL, NULL },
	{ "1 byte", { LENGTH(1) }, IN("one"), IN("\3one"), 0, NULL },
	{ "1 byte of none", { LENGTH(1) }, IN(""), IN("\0"), 0, NULL },
	{ "2 bytes", { LENGTH(2) }, IN("one"), IN("\0\3one"), 0, NULL },
	{ "3 bytes, little end first", { LENGTH(3), .little_endian = true },
	    IN("one"), IN("\3\0\0one"), 0, NULL },
	{ "4 bytes", { .kind = TN_FRAME_LENGTH }, IN("one"),
	    IN("\0\0\0\3one"), 0, NULL },
	{ "8 bytes", { LENGTH(8) }, IN("one"), IN("\0\0\0\0\0\0\0\3one"), 0,
	    NULL },
	{ "varint", { .kind = TN_FRAME_VARINT }, IN("one"), IN("\3one"), 0,
	    NULL },
	{ "decimal", { DECIMAL(" ") }, IN("one 3 two"), IN("9 one 3 two"), 0,
	    NULL },
	{ "netstring", { .kind = TN_FRAME_NETSTRING }, IN("one,"),
	    IN("4:one,,"), 0, NULL },
	{ "netstring of none", { .kind = TN_FRAME_NETSTRING }, IN(""),
	    IN("0:,"), 0, NULL },
	{ "length too long", { LENGTH(1), .message_bytes_max = 3 }, IN("four"),
	    IN(""), TN_ELIMIT, NULL },
	{ "no such kind", { .kind = (enum tn_framing_kind) - 1 }, IN("one"),
	    IN(""), -EINVAL, NULL },
#undef IN
};

/* Written it is what it should be, and read it is what it was. */
static void
test_write(void **state)
{
	const struct write_row *t = *state;
	struct tn_slice empty = { NULL, 0 }, back;
	struct tn_stream *s, *again;

	CHECK_INT(tn_stream_memory(empty, &s), 0);
	CHECK_INT(tn_frame_write(s, &t->how, t->message), t->code);
	if (t->text != NULL)
		CHECK_TEXT(tn_error_text(), t->text);
	CHECK(tn_slice_equal(tn_stream_output(s), t->out));
	if (t->code == 0) {
		CHECK_INT(tn_stream_memory(tn_stream_output(s), &again), 0);
		CHECK_INT(tn_frame_read(again, &t->how, &back), 1);
		CHECK(tn_slice_equal(back, t->message));
		CHECK_INT(tn_frame_read(again, &t->how, &back), 0);
		tn_stream_free(again);
	}
	tn_stream_free(s);
}

static void
test_null(void **state)
{
	struct tn_slice empty = { NULL, 0 }, line;
	struct tn_stream *s;

	CHECK_INT(tn_stream_memory(TN_SLICE("one\n"), &s), 0);
	CHECK_INT(tn_frame_read(s, NULL, &line), 1);
	CHECK_SLICE(line, "one");
	CHECK_INT(tn_frame_write(s, NULL, empty), 0);
	CHECK_SLICE(tn_stream_output(s), "\n");
	tn_stream_free(s);
}

/* Lengths around each size that a length has, there and back. */
static void
test_sizes(void **state)
{
	static const int64_t sizes[] = { 0, 1, 127, 128, 255, 256, 16383, 16384,
		65535, 65536, 16777215, 16777216, 4294967295, 4294967296,
		INT64_MAX };
	static const struct tn_framing hows[] = {
		{ LENGTH(1), .message_bytes_max = -1 },
		{ LENGTH(2), .message_bytes_max = -1 },
		{ LENGTH(3), .message_bytes_max = -1, .little_endian = true },
		{ LENGTH(4), .message_bytes_max = -1 },
		{ LENGTH(8), .message_bytes_max = -1, .little_endian = true },
		{ .kind = TN_FRAME_VARINT, .message_bytes_max = -1 },
		{ DECIMAL("\r\n"), .message_bytes_max = -1 },
		{ .kind = TN_FRAME_NETSTRING, .message_bytes_max = -1 },
	};

	for (size_t i = 0; i < TN_COUNT(hows) * TN_COUNT(sizes); i++) {
		const struct tn_framing *how = &hows[i / TN_COUNT(sizes)];
		int64_t size = sizes[i % TN_COUNT(sizes)], back = -1;
		bool fits = how->kind != TN_FRAME_LENGTH ||
		    how->length_bytes == 8 ||
		    size >> (8 * how->length_bytes) == 0;
		struct tn_slice empty = { NULL, 0 };
		struct tn_stream *s, *again;

		CHECK_INT(tn_stream_memory(empty, &s), 0);
		CHECK_INT(tn_frame_write_length(s, how, size),
		    fits ? 0 : TN_ELIMIT);
		CHECK_INT(tn_stream_memory(tn_stream_output(s), &again), 0);
		CHECK_INT(tn_frame_read_length(again, how, &back), fits);
		CHECK_INT(back, fits ? size : -1);
		CHECK_INT(tn_frame_read_length(again, how, &back), 0);
		tn_stream_free(again);
		tn_stream_free(s);
	}
}

static void
test_refused(void **state)
{
	const struct tn_framing one = { LENGTH(1) };
	struct tn_stream *s;
	char bytes[256] = "";
	int64_t length;

	CHECK_INT(tn_stream_memory(TN_SLICE("\3one"), &s), 0);
	CHECK_ERROR(tn_frame_write(s, &one, tn_slice(bytes, 256)), TN_ELIMIT,
	    "write message: 256 bytes long, and a length of 1 byte says 255 at "
	    "most");
	CHECK_ERROR(tn_frame_write_length(s, NULL, 3), -EINVAL,
	    "framing: with a delimiter there is no length");
	CHECK_ERROR(tn_frame_write_length(s, &one, -3), -EINVAL,
	    "write message: -3 bytes are fewer than none");
	CHECK_INT(tn_frame_read_length(s, NULL, &length), -EINVAL);
	CHECK_INT(tn_stream_output(s).len, 0);
	CHECK_INT(tn_stream_bytes_read(s), 0);

	/* The message is what is left. */
	CHECK_INT(tn_frame_read_length(s, &one, &length), 1);
	CHECK_INT(length, 3);
	CHECK_INT(tn_stream_read_exact(s, bytes, 3), 0);
	CHECK_INT(memcmp(bytes, "one", 3), 0);
	tn_stream_free(s);
}

/* ---- in the buffer ------------------------------------------------------- */

/* The message stays readable although it was the last of the buffer, and it
 * was not copied. */
static void
test_stays(void **state)
{
	const struct tn_framing how = { LENGTH(1) };
	struct carrier_plan plan = { .in = TN_SLICE("\3one\3two"), .piece = 4 };
	struct tn_stream *s = carrier_new(&plan), *limit;
	struct tn_slice message;

	CHECK_INT(tn_stream_limit(s, 8, &limit), 0);
	CHECK_INT(tn_frame_read(limit, &how, &message), 1);
	CHECK(message.data == s->in + 1);
	CHECK_SLICE(message, "one");
	CHECK_INT(tn_frame_read(limit, &how, &message), 1);
	CHECK_SLICE(message, "two");
	CHECK_INT(tn_frame_read(limit, &how, &message), 0);
	CHECK(s->in == NULL);
	tn_stream_free(limit);
	tn_stream_free(s);
}

/* As long as a stream can show, and no longer. */
static void
test_long(void **state)
{
	static const struct tn_framing hows[] = {
		{ DELIMITER("\r\n"), .message_bytes_max = -1 },
		{ .kind = TN_FRAME_LENGTH, .message_bytes_max = -1 },
		{ .kind = TN_FRAME_NETSTRING, .message_bytes_max = -1 },
	};
	static const size_t marks[] = { 2, 4, 9 };
	static const size_t pieces[] = { 0, 1000, 32768, 65537 };
	struct tn_slice empty = { NULL, 0 };
	char *bytes = malloc(TN__STREAM_FILL_MAX);

	memset(bytes, 'x', TN__STREAM_FILL_MAX);
	for (size_t i = 0; i < TN_COUNT(hows) * TN_COUNT(pieces) * 2; i++) {
		size_t kind = i / 2 % TN_COUNT(hows);
		size_t len = TN__STREAM_FILL_MAX - marks[kind] + i % 2;
		struct tn_stream *out, *s;
		struct tn_slice message;
		struct carrier_plan plan;

		CHECK_INT(tn_stream_memory(empty, &out), 0);
		CHECK_INT(tn_frame_write(out, &hows[kind],
		    tn_slice(bytes, len)), 0);
		plan = (struct carrier_plan){ .in = tn_stream_output(out),
			.piece = pieces[i / 2 / TN_COUNT(hows)] };
		s = carrier_new(&plan);
		CHECK_INT(tn_frame_read(s, &hows[kind], &message),
		    i % 2 == 0 ? 1 : TN_ELIMIT);
		if (i % 2 == 0)
			CHECK(tn_slice_equal(message, tn_slice(bytes, len)));
		tn_stream_free(s);
		tn_stream_free(out);
	}
	free(bytes);
}

/* Who promises a lot and sends nothing gets no memory for it. */
static void
test_promise(void **state)
{
	const struct tn_framing how = { .kind = TN_FRAME_LENGTH,
		.message_bytes_max = 1 << 20 };
	struct carrier_plan plan = { .in = TN_SLICE("\0\15\0\0abc"),
		.fail_at = 7, .fail = -ECONNRESET };
	struct tn_stream *s = carrier_new(&plan);
	struct tn_slice message;

	CHECK_INT(tn_frame_read(s, &how, &message), -ECONNRESET);
	CHECK_INT(s->in_size, TN__POOL_BYTES);
	tn_stream_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_soon),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_stays),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_promise),
	};

	return CHECK_ROWS(reads, test_read) + CHECK_ROWS(writes, test_write) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
