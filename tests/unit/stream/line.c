/* Lines: each row with every carrier, and each way of delivering it gives the
 * same. */
#include "carrier.h"

/* What comes of one read_line after another: '|' behind each line, then how it
 * ended. */
static const struct line_row {
	const char *name;
	enum tn_line_policy policy;
	size_t max;
	const char *in;
	const char *lines; /* each followed by '|' */
	int end;           /* 0 at the end of the stream, or the error */
} lines[] = {
	{ "nothing", TN_LINE_CRLF, 80, "", "", 0 },
	{ "one", TN_LINE_CRLF, 80, "one\r\n", "one|", 0 },
	{ "three and an empty one", TN_LINE_CRLF, 80,
	    "one\r\ntwo\r\n\r\nfour\r\n", "one|two||four|", 0 },
	{ "exactly max", TN_LINE_CRLF, 5, "12345\r\nabcde\r\n",
	    "12345|abcde|", 0 },
	{ "one more than max", TN_LINE_CRLF, 5, "12345\r\n123456\r\n",
	    "12345|", TN_ELIMIT },
	{ "too long without an end", TN_LINE_CRLF, 5, "123456", "",
	    TN_ELIMIT },
	{ "max without an end", TN_LINE_CRLF, 5, "12345", "", TN_ETRUNCATED },
	{ "max of none", TN_LINE_CRLF, 0, "\r\n\r\nx\r\n", "||", TN_ELIMIT },
	{ "ends inside", TN_LINE_CRLF, 80, "one\r\ntw", "one|",
	    TN_ETRUNCATED },
	{ "ends between CR and LF", TN_LINE_CRLF, 80, "one\r", "",
	    TN_ETRUNCATED },
	{ "CR at max ends there", TN_LINE_CRLF, 3, "one\r", "",
	    TN_ETRUNCATED },
	{ "bare LF", TN_LINE_CRLF, 80, "one\ntwo\r\n", "", TN_EPROTO },
	{ "LF first", TN_LINE_CRLF, 80, "\n", "", TN_EPROTO },
	{ "bare CR", TN_LINE_CRLF, 80, "one\rtwo\r\n", "", TN_EPROTO },
	{ "CR CR LF", TN_LINE_CRLF, 80, "one\r\r\n", "", TN_EPROTO },
	{ "malformed before too long", TN_LINE_CRLF, 5, "123\r45678\r\n", "",
	    TN_EPROTO },
	{ "too long before malformed", TN_LINE_CRLF, 5, "123456\r78\r\n", "",
	    TN_ELIMIT },
	{ "malformed after max", TN_LINE_CRLF, 5, "12345\n", "", TN_EPROTO },
	{ "NUL is a byte", TN_LINE_CRLF, 80, "\xff\x01\x7f\r\n",
	    "\xff\x01\x7f|", 0 },

	{ "any: nothing", TN_LINE_ANY, 80, "", "", 0 },
	{ "any: both ends", TN_LINE_ANY, 80, "one\ntwo\r\n\n\r\nfive\n",
	    "one|two|||five|", 0 },
	{ "any: CR inside", TN_LINE_ANY, 80, "one\rtwo\n\r\r\n",
	    "one\rtwo|\r|", 0 },
	{ "any: exactly max", TN_LINE_ANY, 5, "12345\n12345\r\n",
	    "12345|12345|", 0 },
	{ "any: max and CR more", TN_LINE_ANY, 5, "12345\r\r\n", "",
	    TN_ELIMIT },
	{ "any: one more than max", TN_LINE_ANY, 5, "123456\n", "",
	    TN_ELIMIT },
	{ "any: too long without an end", TN_LINE_ANY, 5, "1234567", "",
	    TN_ELIMIT },
	{ "any: max, CR, end", TN_LINE_ANY, 5, "12345\r", "", TN_ETRUNCATED },
	{ "any: ends inside", TN_LINE_ANY, 80, "one\ntw", "one|",
	    TN_ETRUNCATED },
};

static void
check_lines(const struct line_row *t, struct tn_stream *s)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer got = { 0 };
	struct tn_slice line = { "untouched", 9 };
	const char *kept = line.data;
	int64_t used;
	int r;

	CHECK_INT(tn_buffer_append_str(&got, ""), 0);
	while ((r = tn_stream_read_line(s, t->policy, t->max, &line)) > 0) {
		CHECK_INT(r, 1);
		CHECK_INT(tn_buffer_append(&got, line), 0);
		CHECK_INT(tn_buffer_append_byte(&got, '|'), 0);
		kept = line.data;
	}
	CHECK_INT(r, t->end);
	CHECK_TEXT(got.data, t->lines);
	CHECK(line.data == kept);
	if (r < 0)
		CHECK_INT(tn_error_code(), r);

	/* A failure takes nothing and comes again. */
	used = tn_stream_bytes_read(s);
	CHECK_INT(tn_stream_read_line(s, t->policy, t->max, &line), r);
	CHECK_INT(tn_stream_bytes_read(s), used);
}

static void
test_line(void **state)
{
	const struct line_row *t = *state;
	struct tn_slice in = tn_slice_str(t->in);
	struct tn_stream *s, *limit;

	CHECK_INT(tn_stream_memory(in, &s), 0);
	check_lines(t, s);
	tn_stream_free(s);

	for (size_t piece = 0; piece <= in.len + 1; piece++) {
		struct carrier_plan plan = {
			.in = in, .piece = piece, .hesitate = piece % 2 == 1,
		};

		s = carrier_new(&plan);
		check_lines(t, s);
		CHECK(!carrier_of(s)->held_while_waiting);
		tn_stream_free(s);

		s = carrier_new(&plan);
		CHECK_INT(tn_stream_limit(s, (int64_t)in.len, &limit), 0);
		check_lines(t, limit);
		tn_stream_free(limit);
		tn_stream_free(s);
	}
}

/* The line stays readable although it was the last of the buffer, through
 * a filter too, until the next call. */
static void
test_line_stays(void **state)
{
	struct carrier_plan plan = { .in = TN_SLICE("one\r\ntwo\r\n"),
		.piece = 5 };
	struct tn_stream *s = carrier_new(&plan), *limit;
	struct tn_slice line;
	char *buffer;

	CHECK_INT(tn_stream_limit(s, 10, &limit), 0);
	CHECK_INT(tn_stream_read_line(limit, TN_LINE_CRLF, 80, &line), 1);
	buffer = s->in;
	CHECK(line.data == buffer);
	CHECK_SLICE(line, "one");
	CHECK_INT(tn_stream_read_line(limit, TN_LINE_CRLF, 80, &line), 1);
	CHECK_SLICE(line, "two");
	CHECK_INT(tn_stream_read_line(limit, TN_LINE_CRLF, 80, &line), 0);
	CHECK(s->in == NULL);
	CHECK(!carrier_of(s)->held_while_waiting);
	tn_stream_free(limit);
	tn_stream_free(s);
}

/* Lines as long as a stream can show, in any pieces, and no longer. */
static void
test_line_long(void **state)
{
	size_t len = TN__STREAM_FILL_MAX - 2;
	char *bytes = malloc(len + 3);
	static const size_t pieces[] = { 0, 1000, 32768, 65537 };

	memset(bytes, 'x', len);
	memcpy(bytes + len, "\r\n", 3);
	for (size_t i = 0; i < TN_COUNT(pieces); i++) {
		struct carrier_plan plan = { .in = tn_slice(bytes, len + 2),
			.piece = pieces[i] };
		struct tn_stream *s = carrier_new(&plan);
		struct tn_slice line;

		CHECK_INT(tn_stream_read_line(s, TN_LINE_CRLF, SIZE_MAX, &line),
		    1);
		CHECK_INT(line.len, len);
		CHECK_INT(tn_stream_read_line(s, TN_LINE_CRLF, SIZE_MAX, &line),
		    0);
		CHECK(s->in == NULL);
		tn_stream_free(s);
	}
	memcpy(bytes + len, "xx", 3);
	for (size_t i = 0; i < TN_COUNT(pieces); i++) {
		struct carrier_plan plan = { .in = tn_slice(bytes, len + 2),
			.piece = pieces[i] };
		struct tn_stream *s = carrier_new(&plan);
		struct tn_slice line;

		CHECK_INT(tn_stream_read_line(s, TN_LINE_CRLF, SIZE_MAX, &line),
		    TN_ELIMIT);
		tn_stream_free(s);
	}
	free(bytes);
}

/* A byte that arrives is looked at once: a line of 1 MiB, a byte at a time,
 * takes about as long as filling the buffer does. */
static tn_time
slow_line(struct tn_slice in, bool line)
{
	struct carrier_plan plan = { .in = in, .piece = 1 };
	struct tn_stream *s = carrier_new(&plan);
	tn_time began = tn_now();
	struct tn_slice got = { NULL, 0 };

	if (line)
		CHECK_INT(tn_stream_read_line(s, TN_LINE_CRLF, SIZE_MAX, &got),
		    1);
	while (!line && got.len < in.len)
		CHECK(tn_stream_fill(s, got.len + 1, &got) > 0);
	began = tn_now() - began;
	tn_stream_free(s);
	return began;
}

static void
test_line_slow(void **state)
{
	size_t len = TN__STREAM_FILL_MAX;
	char *bytes = malloc(len);
	struct tn_slice in;

	memset(bytes, '\t', len - 2);
	memcpy(bytes + len - 2, "\r\n", 2);
	in = tn_slice(bytes, len);
	CHECK(slow_line(in, true) < 10 * slow_line(in, false) + TN_SECOND);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_stays),
		cmocka_unit_test(test_line_long),
		cmocka_unit_test(test_line_slow),
	};

	return CHECK_ROWS(lines, test_line) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
