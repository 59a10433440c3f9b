/* Chunked bodies: RFC 9112 section 7.1. */
#include "unit/base/check.h"

#include <tenon/buffer.h>
#include <tenon/error.h>

#include "proto/http/wire.h"

static const struct tn__http_chunk_limits limits = {
	.extension_bytes_max = 16,
	.trailer_bytes_max = 24,
	.trailers_max = 3,
};

struct chunk {
	struct tn__http_chunk c;
	struct tn_buffer body, trailers;
};

static void
chunk_init(struct chunk *t)
{
	tn_buffer_clear(&t->body);
	tn_buffer_clear(&t->trailers);
	tn__http_chunk_init(&t->c, &limits, &t->trailers);
}

static void
chunk_free(struct chunk *t)
{
	tn_buffer_free(&t->body);
	tn_buffer_free(&t->trailers);
}

/* Decodes `in`; the bytes used, or an error. */
static ssize_t
chunk_decode(struct chunk *t, struct tn_slice in)
{
	struct tn_slice rest = in;

	while (rest.len > 0 && !t->c.done) {
		ssize_t n = tn__http_chunk_parse(&t->c, rest);
		struct tn_slice piece;

		if (n < 0)
			return n;
		rest = tn_slice_skip(rest, (size_t)n);
		piece = tn_slice_head(rest, (size_t)t->c.left);
		t->c.left -= piece.len;
		rest = tn_slice_skip(rest, piece.len);
		assert_int_equal(tn_buffer_append(&t->body, piece), 0);
	}
	return (ssize_t)(in.len - rest.len);
}

/* The same, `step` bytes at a time, each piece without a byte to spare. */
static ssize_t
chunk_pieces(struct chunk *t, struct tn_slice in, size_t step)
{
	ssize_t used = 0;

	for (size_t at = 0; at < in.len && !t->c.done; at += step) {
		struct tn_slice piece = check_exact(
		    tn_slice_head(tn_slice_skip(in, at), step));
		ssize_t n = chunk_decode(t, piece);

		check_exact_free(piece);
		if (n < 0)
			return n;
		used += n;
	}
	return used;
}

static const struct good_row {
	const char *name, *in, *body, *trailers;
} good[] = {
	{ "nothing", "0\r\n\r\n", "", "" },
	{ "zeros", "0000000000000000\r\n\r\n", "", "" },
	{ "one", "3\r\nabc\r\n0\r\n\r\n", "abc", "" },
	{ "two", "3\r\nabc\r\n2\r\n\r\n\r\n0\r\n\r\n", "abc\r\n", "" },
	{ "capitals and zeros", "00A\r\n0123456789\r\n00a\r\n0123456789\r\n00\r\n"
	    "\r\n", "01234567890123456789", "" },
	{ "an extension", "1;a\r\nx\r\n0;b\r\n\r\n", "x", "" },
	{ "with a value", "1;a=b\r\nx\r\n0;c=d\r\n\r\n", "x", "" },
	{ "quoted and escaped", "1;a=\";\\\"\\\\=:\"\r\nx\r\n0\r\n\r\n", "x",
	    "" },
	{ "white space before it", "1 \t; \ta = \"\" ;b\r\nx\r\n0\r\n\r\n", "x",
	    "" },
	{ "a trailer", "0\r\na: b\r\n\r\n", "", "a: b\r\n" },
	{ "trailers", "0\r\na:\r\nb:\tc \"\\;=:\xff\r\n\r\n", "",
	    "a:\r\nb:\tc \"\\;=:\xff\r\n" },
};

static void
test_good(void **state)
{
	const struct good_row *t = *state;
	struct tn_slice in = tn_slice_str(t->in);
	struct chunk c = { 0 };

	for (size_t cut = 0; cut < in.len; cut++) {
		chunk_init(&c);
		assert_int_equal(chunk_decode(&c, tn_slice_head(in, cut)), cut);
		assert_false(c.c.done);
	}
	for (size_t step = 1; step <= in.len; step++) {
		chunk_init(&c);
		assert_int_equal(chunk_pieces(&c, in, step), in.len);
		assert_true(c.c.done);
		assert_true(tn_slice_equal(tn_buffer_slice(&c.body),
		    tn_slice_str(t->body)));
		assert_true(tn_slice_equal(tn_buffer_slice(&c.trailers),
		    tn_slice_str(t->trailers)));
	}
	chunk_free(&c);
}

static const struct bad_row {
	const char *name, *in;
	int code, status;
} bad[] = {
	{ "no size", "\r\n", TN_EPROTO, 400 },
	{ "no size but an extension", ";a\r\n", TN_EPROTO, 400 },
	{ "no hexadecimal", "g\r\n", TN_EPROTO, 400 },
	{ "0x", "0x1\r\n", TN_EPROTO, 400 },
	{ "a sign", "+1\r\n", TN_EPROTO, 400 },
	{ "minus", "-1\r\n", TN_EPROTO, 400 },
	{ "white space before", " 1\r\n", TN_EPROTO, 400 },
	{ "white space behind", "1 \r\n", TN_EPROTO, 400 },
	{ "bare LF smuggles", "5\n", TN_EPROTO, 400 },
	{ "bare CR", "5\rabcde", TN_EPROTO, 400 },
	{ "2^63", "8000000000000000\r\n", TN_EPROTO, 400 },
	{ "sixty-five bits", "10000000000000000\r\n", TN_EPROTO, 400 },
	{ "2^64 + 1", "10000000000000001\r\n", TN_EPROTO, 400 },
	{ "seventeen zeros", "00000000000000000\r\n", TN_EPROTO, 400 },
	{ "data too long", "1\r\nxy\r\n", TN_EPROTO, 400 },
	{ "data without CR", "1\r\nx\n", TN_EPROTO, 400 },
	{ "data without LF", "1\r\nx\r1", TN_EPROTO, 400 },
	{ "data without CRLF", "1\r\nx0\r\n", TN_EPROTO, 400 },
	{ "an empty extension", "1;\r\n", TN_EPROTO, 400 },
	{ "two semicolons", "1;;a\r\n", TN_EPROTO, 400 },
	{ "an empty value", "1;a=\r\n", TN_EPROTO, 400 },
	{ "two values", "1;a=b=c\r\n", TN_EPROTO, 400 },
	{ "a value behind white space", "1;a b\r\n", TN_EPROTO, 400 },
	{ "white space before the end", "1;a=b \r\n", TN_EPROTO, 400 },
	{ "white space behind a name", "1;a \r\n", TN_EPROTO, 400 },
	{ "white space behind quotes", "1;a=\"b\" \r\n", TN_EPROTO, 400 },
	{ "LF ends an extension", "1;a\n", TN_EPROTO, 400 },
	{ "CR in an extension", "1;a\rb", TN_EPROTO, 400 },
	{ "CRLF in quotes", "1;a=\"\r\n\"", TN_EPROTO, 400 },
	{ "an escaped LF", "1;a=\"\\\n\"", TN_EPROTO, 400 },
	{ "behind quotes", "1;a=\"b\"c\r\n", TN_EPROTO, 400 },
	{ "no token", "1;a@b\r\n", TN_EPROTO, 400 },
	{ "LF ends the last size", "0\n\r\n", TN_EPROTO, 400 },
	{ "LF ends the body", "0\r\n\n", TN_EPROTO, 400 },
	{ "CR ends the body", "0\r\n\rx", TN_EPROTO, 400 },
	{ "a trailer without a name", "0\r\n: b\r\n", TN_EPROTO, 400 },
	{ "a trailer without a colon", "0\r\na\r\n", TN_EPROTO, 400 },
	{ "a space before its colon", "0\r\na : b\r\n", TN_EPROTO, 400 },
	{ "a folded trailer", "0\r\na: b\r\n c\r\n", TN_EPROTO, 400 },
	{ "LF ends a trailer", "0\r\na: b\n", TN_EPROTO, 400 },
	{ "CR ends a trailer", "0\r\na: b\rc", TN_EPROTO, 400 },
	{ "ESC in a trailer", "0\r\na: \x1b\r\n", TN_EPROTO, 400 },
	{ "the next request", "0\r\nGET / HTTP/1.1\r\n", TN_EPROTO, 400 },
	{ "extensions too long", "1;abcdefghijklmnopq\r\n", TN_ELIMIT, 400 },
	{ "extensions too long together",
	    "1;abcdef\r\nx\r\n1;abcdef\r\nx\r\n1;abcdef\r\nx\r\n", TN_ELIMIT,
	    400 },
	{ "trailers too long", "0\r\na: 3456789012345678901234\r\n\r\n",
	    TN_ELIMIT, 431 },
	{ "trailers too many", "0\r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n", TN_ELIMIT,
	    431 },
};

static void
test_bad(void **state)
{
	const struct bad_row *t = *state;
	struct tn_slice in = tn_slice_str(t->in);
	struct chunk c = { 0 };
	char words[512] = "";

	for (size_t step = 1; step <= in.len; step++) {
		chunk_init(&c);
		assert_int_equal(chunk_pieces(&c, in, step), t->code);
		assert_int_equal(tn__http_chunk_parse(&c.c,
		    TN_SLICE("0\r\n\r\n")), t->code);
		assert_int_equal(c.c.status, t->status);
		assert_int_equal(tn_error_code(), t->code);
		if (step > 1)
			assert_string_equal(tn_error_text(), words);
		memcpy(words, tn_error_text(), strlen(tn_error_text()) + 1);
	}
	chunk_free(&c);
}

/* Sizes up to 2^63 - 1, extensions and trailers as long as allowed. */
static void
test_edges(void **state)
{
	struct chunk c = { 0 };
	struct tn_slice in = TN_SLICE("7FFFffffFFFFffff\r\nabc");
	ssize_t n;

	chunk_init(&c);
	n = tn__http_chunk_parse(&c.c, in);
	assert_int_equal(n, 18);
	assert_true(c.c.left == INT64_MAX);
	/* With body bytes to come there is no framing to read. */
	assert_int_equal(tn__http_chunk_parse(&c.c, in), 0);

	chunk_init(&c);
	in = TN_SLICE("1;abcdef\r\nx\r\n1;abcdefgh\r\nx\r\n0\r\n"
	    "a: 34567890123456789\r\n\r\nGET");
	n = chunk_decode(&c, in);
	assert_int_equal(n, in.len - 3);
	assert_true(c.c.done);
	assert_int_equal(tn__http_chunk_parse(&c.c, in), 0);
	chunk_free(&c);
}

/* Nobody wants the trailers, or there is no room for them. */
static void
test_trailers(void **state)
{
	struct tn_slice in = TN_SLICE("0\r\na: b\r\n\r\n");
	TN_CLEANUP(tn_buffer_free) struct tn_buffer small = { .max = 3 };
	struct tn__http_chunk c;

	tn__http_chunk_init(&c, &limits, NULL);
	assert_int_equal(tn__http_chunk_parse(&c, in), in.len);
	assert_true(c.done);

	tn__http_chunk_init(&c, &limits, &small);
	assert_int_equal(tn__http_chunk_parse(&c, in), TN_ELIMIT);
	assert_int_equal(c.status, 431);

	tn_buffer_free(&small);
	small.max = 0;
	tn__http_chunk_init(&c, &limits, &small);
	check_fail_after(0);
	assert_int_equal(tn__http_chunk_parse(&c, in), -ENOMEM);
	check_fail_after(-1);
	assert_int_equal(c.status, 500);
}

static const struct head_row {
	const char *name;
	uint64_t size;
} heads[] = {
	{ "1", 1 },
	{ "f", 15 },
	{ "10", 16 },
	{ "1a", 26 },
	{ "ffff", 65535 },
	{ "7fffffffffffffff", INT64_MAX },
	{ "ffffffffffffffff", UINT64_MAX },
};

static void
test_head(void **state)
{
	const struct head_row *t = *state;
	char out[TN__HTTP_CHUNK_HEAD_MAX];
	size_t n = tn__http_chunk_head(out, t->size);

	assert_int_equal(n, strlen(t->name) + 2);
	assert_memory_equal(out, t->name, n - 2);
	assert_memory_equal(out + n - 2, "\r\n", 2);
}

/* What is written reads back, for every length of size. */
static void
test_round(void **state)
{
	char out[TN__HTTP_CHUNK_HEAD_MAX];
	struct tn__http_chunk c;

	for (unsigned bits = 0; bits < 63; bits++)
		for (uint64_t low = 0; low < 2; low++) {
			uint64_t size = UINT64_C(1) << bits | low;
			size_t n = tn__http_chunk_head(out, size);

			tn__http_chunk_init(&c, &limits, NULL);
			assert_int_equal(tn__http_chunk_parse(&c,
			    tn_slice(out, n)), n);
			assert_true(c.left == size);
		}
	tn__http_chunk_init(&c, &limits, NULL);
	assert_int_equal(tn__http_chunk_parse(&c, TN__HTTP_CHUNK_END), 5);
	assert_true(c.done);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_trailers),
		cmocka_unit_test(test_round),
	};

	return CHECK_ROWS(good, test_good) + CHECK_ROWS(bad, test_bad) +
	    CHECK_ROWS(heads, test_head) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
