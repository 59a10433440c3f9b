/* Charsets: each row whole, in two pieces divided at each byte, a byte at
 * a time, failing at each allocation and under every limit. */
#include <tenon/charset.h>

#include "unit/base/check.h"

#define NIHAO "\xe4\xbd\xa0\xe5\xa5\xbd" /* in UTF-8 */
#define WRONG "\xef\xbf\xbd"

/* `text` is that of the error, where it is known beforehand. */
static const struct row {
	const char *name;
	const char *charset;
	bool encode;
	enum tn_charset_errors errors;
	struct tn_slice in, out;
	int code;
	const char *text;
} rows[] = {
#define IN(text) { "" text, sizeof(text) - 1 }
#define NONE { NULL, 0 }
	{ "decode nothing", "GBK", false, 0, IN(""), IN(""), 0, NULL },
	{ "decode GBK", "GBK", false, 0, IN("a\xc4\xe3\xba\xc3!"),
	    IN("a" NIHAO "!"), 0, NULL },
	{ "decode gbk", "gbk", false, 0, IN("\xc4\xe3"), IN("\xe4\xbd\xa0"), 0,
	    NULL },
	{ "decode GB18030, four bytes", "GB18030", false, 0,
	    IN("\x94\x39\xfc\x36"), IN("\xf0\x9f\x98\x80"), 0, NULL },
	{ "decode Latin", "ISO-8859-1", false, 0, IN("caf\xe9"),
	    IN("caf\xc3\xa9"), 0, NULL },
	{ "decode a NUL", "ISO-8859-1", false, 0, IN("a\0b"), IN("a\0b"), 0,
	    NULL },
	{ "decode UTF-16 with its mark", "UTF-16", false, 0,
	    IN("\xfe\xff\0A\x4f\x60"), IN("A\xe4\xbd\xa0"), 0, NULL },
	{ "decode UTF-16, a pair", "UTF-16LE", false, 0,
	    IN("\x3d\xd8\x00\xde"), IN("\xf0\x9f\x98\x80"), 0, NULL },
	{ "decode shifts", "ISO-2022-JP", false, 0, IN("a\33$B$3\33(Bb"),
	    IN("a\xe3\x81\x93" "b"), 0, NULL },
	{ "decode what looks ahead", "BIG5-HKSCS", false, 0,
	    IN("a\x88\x66"), IN("a\xc3\x8a"), 0, NULL },
	{ "decode UTF-8", "UTF-8", false, 0, IN("a" NIHAO), IN("a" NIHAO), 0,
	    NULL },

	{ "decode no GBK", "GBK", false, 0, IN("ab\xff" "c"), NONE, -EILSEQ,
	    "decode GBK: byte 0xff, at 2, is no character" },
	{ "decode no GBK, later", "GBK", false, 0, IN("\xc4\xe3\x81 "), NONE,
	    -EILSEQ, "decode GBK: byte 0x81, at 2, is no character" },
	{ "decode no UTF-8", "UTF-8", false, 0, IN("ab\xed\xa0\x80"), NONE,
	    -EILSEQ, "decode UTF-8: byte 0xed, at 2, is no character" },
	{ "decode beyond Unicode as UTF-8", "UTF8", false, 0,
	    IN("\xf4\x90\x80\x80"), NONE, -EILSEQ, NULL },
	{ "decode beyond Unicode", "UCS-4BE", false, 0, IN("\0\21\0\0\0\0\0A"),
	    NONE, -EILSEQ,
	    "decode UCS-4BE: a character that Unicode does not have" },
	{ "decode half", "GBK", false, 0, IN("a\xc4"), NONE, TN_ETRUNCATED,
	    "decode GBK: the text ends inside a character" },

	{ "replace no GBK", "GBK", false, TN_CHARSET_REPLACE,
	    IN("ab\xff" "c\x81 \xc4\xe3"),
	    IN("ab" WRONG "c" WRONG " \xe4\xbd\xa0"), 0, NULL },
	{ "replace each byte", "UTF-8", false, TN_CHARSET_REPLACE,
	    IN("a\xed\xa0\x80" "b\xff"),
	    IN("a" WRONG WRONG WRONG "b" WRONG), 0, NULL },
	{ "replace half", "GBK", false, TN_CHARSET_REPLACE, IN("a\xc4"),
	    IN("a" WRONG), 0, NULL },
	{ "replace half of UTF-8", "UTF-8", false, TN_CHARSET_REPLACE,
	    IN("a\xe4\xbd"), IN("a" WRONG), 0, NULL },
	{ "replace half a pair", "UTF-16LE", false, TN_CHARSET_REPLACE,
	    IN("\0\xdc" "A\0"), IN(WRONG "A"), 0, NULL },
	{ "replace beyond Unicode", "UCS-4BE", false, TN_CHARSET_REPLACE,
	    IN("\0\0\0A\0\21\0\0\0\0\0B"),
	    IN("A" WRONG WRONG WRONG WRONG "B"), 0, NULL },

	{ "encode nothing", "GBK", true, 0, IN(""), IN(""), 0, NULL },
	{ "encode GBK", "GBK", true, 0, IN("a" NIHAO "!"),
	    IN("a\xc4\xe3\xba\xc3!"), 0, NULL },
	{ "encode UTF-16", "UTF-16LE", true, 0, IN("A\xf0\x9f\x98\x80"),
	    IN("A\0\x3d\xd8\x00\xde"), 0, NULL },
	{ "encode shifts", "ISO-2022-JP", true, 0, IN("a\xe3\x81\x93"),
	    IN("a\33$B$3\33(B"), 0, NULL },
	{ "encode UTF-8", "UTF-8", true, 0, IN(NIHAO), IN(NIHAO), 0, NULL },
	{ "encode what is not there", "ISO-8859-1", true, 0,
	    IN("\xc3\xa9" NIHAO), NONE, -EILSEQ,
	    "encode ISO-8859-1: it does not have U+4F60, at byte 2" },
	{ "encode no UTF-8", "GBK", true, 0, IN("a\xffz"), NONE, -EILSEQ,
	    "encode GBK: byte 0xff, at 1, is no UTF-8" },
	{ "encode half", "GBK", true, 0, IN("a\xe4\xbd"), NONE, TN_ETRUNCATED,
	    "encode GBK: the text ends inside a character" },
	{ "replace what is not there", "ISO-8859-1", true, TN_CHARSET_REPLACE,
	    IN("\xc3\xa9" NIHAO "!"), IN("\xe9?" "?!"), 0, NULL },
	{ "replace no UTF-8", "UTF-16BE", true, TN_CHARSET_REPLACE,
	    IN("a\xff\xe4"), IN("\0a\0?\0?"), 0, NULL },
	{ "encode what glibc leaves out", "ISO-8859-1", true, 0,
	    IN("a\xf3\xa0\x81\x90"), IN("a"), 0, NULL },
	{ "replace in the shift that is", "ISO-2022-JP", true,
	    TN_CHARSET_REPLACE, IN("\xe3\x81\x93\xf0\x9f\x98\x80"),
	    IN("\33$B$3\33(B?"), 0, NULL },
#undef IN
#undef NONE
};

#define BEFORE "before " /* what the buffer holds already */

static void
expect(const struct tn_buffer *b, struct tn_slice appended)
{
	struct tn_slice all = tn_buffer_slice(b);

	CHECK(tn_slice_starts(all, TN_SLICE(BEFORE)));
	all = tn_slice_skip(all, strlen(BEFORE));
	CHECK(tn_slice_equal(all, appended));
	CHECK_INT(b->data[b->len], 0);
}

static int
call_whole(const struct row *t, struct tn_slice in, struct tn_buffer *b)
{
	return t->encode ?
	    tn_charset_encode(t->charset, t->errors, in, b) :
	    tn_charset_decode(t->charset, t->errors, in, b);
}

static int
open_row(const struct row *t, struct tn_charset **ret)
{
	return t->encode ? tn_charset_encoder(t->charset, t->errors, ret) :
			   tn_charset_decoder(t->charset, t->errors, ret);
}

static void
test_whole(void **state)
{
	const struct row *t = *state;
	struct tn_slice in = check_exact(t->in);
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	CHECK_INT(tn_buffer_append_str(&b, BEFORE), 0);
	CHECK_INT(call_whole(t, in, &b), t->code);
	expect(&b, t->out);
	if (t->code < 0)
		CHECK_INT(tn_error_code(), t->code);
	if (t->text != NULL)
		CHECK_TEXT(tn_error_text(), t->text);
	check_exact_free(in);
}

/* Of `step` bytes each, the first of `first`. */
static void
check_pieces(const struct row *t, struct tn_charset *c, size_t first,
    size_t step)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
	struct tn_slice rest = t->in;
	int r;

	CHECK_INT(tn_buffer_append_str(&b, BEFORE), 0);
	do {
		struct tn_slice piece = check_exact(tn_slice_head(rest,
		    first));

		r = tn_charset_convert(c, piece, &b);
		check_exact_free(piece);
		rest = tn_slice_skip(rest, first);
		first = step;
		CHECK(tn_charset_pending(c) < 16);
	} while (r == 0 && rest.len > 0);
	if (r == 0)
		r = tn_charset_finish(c, &b);
	CHECK_INT(r, t->code);
	if (r == 0)
		expect(&b, t->out);
	else if (t->text != NULL)
		CHECK_TEXT(tn_error_text(), t->text);
	CHECK_INT(tn_charset_pending(c), 0);
}

/* The same converter again and again: it is as new after each text, and after
 * each failure. */
static void
test_pieces(void **state)
{
	const struct row *t = *state;
	TN_CLEANUP(tn_charset_freep) struct tn_charset *c = NULL;

	CHECK_INT(open_row(t, &c), 0);
	for (size_t at = 0; at <= t->in.len; at++)
		check_pieces(t, c, at, t->in.len + 1);
	check_pieces(t, c, 1, 1);
}

/* Whatever fails, and when: as before. */
static void
test_failing(void **state)
{
	const struct row *t = *state;
	struct tn_slice none = { NULL, 0 };
	int r = -ENOMEM;

	for (int n = 0; r == -ENOMEM; n++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

		CHECK_INT(tn_buffer_append_str(&b, BEFORE), 0);
		b.cap = b.len + 1; /* the next byte needs memory */
		check_fail_after(n);
		r = call_whole(t, t->in, &b);
		check_fail_after(-1);
		if (r < 0)
			expect(&b, none);
	}
	CHECK_INT(r, t->code);

	for (size_t room = 1; t->code == 0 && room < t->out.len; room++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = {
			.max = strlen(BEFORE) + room,
		};

		CHECK_INT(tn_buffer_append_str(&b, BEFORE), 0);
		CHECK_INT(call_whole(t, t->in, &b), TN_ELIMIT);
		expect(&b, none);
	}
}

/* What fits exactly is no limit. */
static void
test_fits(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { .max = 3 };

	CHECK_INT(tn_charset_decode("GBK", 0, TN_SLICE("\xc4\xe3"), &b), 0);
	CHECK_INT(b.len, 3);
	CHECK_ERROR(tn_charset_decode("GBK", 0, TN_SLICE("a"), &b), TN_ELIMIT,
	    "decode GBK: more than 3 bytes");
}

/* Room is found little by little, and the limit is none before it is there. */
static void
test_grows(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	for (size_t n = 1; n < sizeof(letters); n++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = {
			.max = 4 * n,
		};

		CHECK_INT(tn_charset_encode("UTF-32BE", 0,
		    tn_slice(letters, n), &b), 0);
		CHECK_INT(b.len, 4 * n);
	}
}

/* A long text is not held up by how much room there is at first. */
static void
test_long(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer in = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer back = { 0 };

	for (int i = 0; i < 20000; i++)
		CHECK_INT(tn_buffer_append_str(&in, NIHAO), 0);
	CHECK_INT(tn_charset_encode("GBK", 0, tn_buffer_slice(&in), &out), 0);
	CHECK_INT(out.len, 80000);
	CHECK_INT(tn_charset_decode("GBK", 0, tn_buffer_slice(&out), &back),
	    0);
	CHECK(tn_slice_equal(tn_buffer_slice(&back), tn_buffer_slice(&in)));
}

static void
test_pending(void **state)
{
	TN_CLEANUP(tn_charset_freep) struct tn_charset *c = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	CHECK_INT(tn_charset_decoder("GB18030", 0, &c), 0);
	CHECK_INT(tn_charset_pending(c), 0);
	CHECK_INT(tn_charset_convert(c, TN_SLICE("a\x94\x39"), &b), 0);
	CHECK_INT(tn_charset_pending(c), 2);
	CHECK_INT(tn_charset_convert(c, TN_SLICE("\xfc"), &b), 0);
	CHECK_INT(tn_charset_pending(c), 3);
	CHECK_INT(tn_charset_convert(c, TN_SLICE("\x36"), &b), 0);
	CHECK_INT(tn_charset_pending(c), 0);
	CHECK_TEXT(b.data, "a\xf0\x9f\x98\x80");
	tn_charset_free(NULL);
}

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *text;
	} names[] = {
		{ "klingon", -EOPNOTSUPP,
		    "charset klingon: this system has none of that name; iconv "
		    "-l lists those it has" },
		{ "GBK//IGNORE", -EINVAL,
		    "charset \"GBK//IGNORE\": a name is 1 to 40 letters, digits "
		    "and \"-\" \"_\" \".\" \":\" \"+\"" },
		{ "", -EINVAL, NULL },
		{ NULL, -EINVAL, NULL },
		{ "../../x", -EINVAL, NULL },
		{ "\33[2J", -EINVAL,
		    "charset \"\\x1b[2J\": a name is 1 to 40 letters, digits "
		    "and \"-\" \"_\" \".\" \":\" \"+\"" },
		{ "a234567890123456789012345678901234567890", -EOPNOTSUPP,
		    NULL },
		{ "a2345678901234567890123456789012345678901", -EINVAL, NULL },
	};
	struct tn_charset *c = NULL;

	for (size_t i = 0; i < TN_COUNT(names); i++) {
		CHECK_INT(tn_charset_decoder(names[i].name, 0, &c),
		    names[i].code);
		CHECK_INT(tn_charset_encoder(names[i].name, 0, &c),
		    names[i].code);
		if (names[i].text != NULL)
			CHECK_TEXT(tn_error_text(), names[i].text);
		CHECK(c == NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_names),
	};

	return CHECK_ROWS(rows, test_whole) + CHECK_ROWS(rows, test_pieces) +
	    CHECK_ROWS(rows, test_failing) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
