/* Delimiters and the heads of parts: RFC 2046 section 5.1.1, RFC 7578. */
#include "unit/base/check.h"

#include <tenon/error.h>

#include "format/multipart.h"

/* ---- delimiters ---------------------------------------------------------- */

#define TYPE TN_SLICE("multipart/x; boundary=b")

/* The parts in [], the last delimiter as !, the same where none was found. */
static const struct scan_row {
	const char *name, *in, *out;
} scan_rows[] = {
	{ "one part", "--b\r\nx\r\n--b--", "[][x]!" },
	{ "CRLF behind the last", "--b\r\nx\r\n--b--\r\nepilogue", "[][x]!" },
	{ "a preamble", "pre\r\namble\r\n--b\r\nx\r\n--b--",
	    "[pre\r\namble][x]!" },
	{ "an empty line before", "\r\n--b\r\nx\r\n--b--", "[][x]!" },
	{ "padding", "--b \t\r\nx\r\n--b-- \t \r\n", "[][x]!" },
	{ "padding at the end", "--b\r\nx\r\n--b-- \t ", "[][x]!" },
	{ "two", "--b\r\nx\r\n--b\r\ny\r\n--b--", "[][x][y]!" },
	{ "empty parts", "--b\r\n\r\n--b\r\n--b\r\n\r\n\r\n--b--",
	    "[][][][\r\n]!" },
	{ "none but the last", "--b--", "[]!" },
	{ "nothing", "", "" },
	{ "no last one", "--b\r\nx\r\n--b\r\n", "[][x]" },
	{ "only dashes missing", "--b\r\nx\r\n--b-", "[]" },
	{ "another boundary begins so", "--b\r\n--bc\r\n--b-c\r\n--b--c\r\n"
	    "--b c\r\n--b--", "[][--bc\r\n--b-c\r\n--b--c\r\n--b c]!" },
	{ "not at the beginning of a line", "--b\r\nx--b\r\n--b--",
	    "[][x--b]!" },
	{ "LF alone", "--b\nx\n--b--\n\r\n--b--", "[--b\nx\n--b--\n]!" },
	{ "CR alone", "--b\r--b\r\r\n--b--", "[--b\r--b\r]!" },
	{ "LF before", "--b\r\nx\n--b\r\n\r\n--b--", "[][x\n--b\r\n]!" },
	{ "CR CR LF", "--b\r\nx\r\r\n--b--", "[][x\r]!" },
	{ "CR CR LF behind", "--b\r\nx\r\n--b\r\r\n--b--", "[][x\r\n--b\r]!" },
	{ "CRLF CRLF", "--b\r\nx\r\n\r\n--b--", "[][x\r\n]!" },
	{ "all but", "--b\r\n\r\r\n-\r\n--\r\n--\r\n--b--",
	    "[][\r\r\n-\r\n--\r\n--]!" },
	{ "three dashes", "--b\r\n---b\r\n---b--\r\n--b--",
	    "[][---b\r\n---b--]!" },
};

/* Takes what is known of a part after each piece. */
static void
scan_pieces(struct tn_slice in, size_t step, struct tn_buffer *out)
{
	struct tn__multipart_scan s;
	struct tn_buffer part = { 0 };
	size_t looked = 0, taken = 0;

	CHECK_INT(tn__multipart_open(&s, TYPE), 0);
	tn_buffer_clear(out);
	while (s.found != TN__MULTIPART_LAST) {
		bool end = looked == in.len;
		size_t before = s.data + s.held;

		CHECK_INT(tn__multipart_look(&s, tn_slice_head(
		    tn_slice_skip(in, looked), step)), 0);
		looked += s.data + s.held - before;
		if (end && tn__multipart_end(&s) == TN__MULTIPART_NONE)
			break;
		CHECK_INT(tn_buffer_append(&part, tn_slice_head(
		    tn_slice_skip(in, taken), s.data)), 0);
		taken += s.data;
		s.data = 0;
		if (s.found == TN__MULTIPART_NONE)
			continue;
		taken += s.held;
		CHECK_INT(taken, looked);
		CHECK_INT(tn_buffer_printf(out, "[%s]%s",
		    part.data == NULL ? "" : part.data,
		    s.found == TN__MULTIPART_LAST ? "!" : ""), 0);
		tn_buffer_clear(&part);
		if (s.found == TN__MULTIPART_NEXT)
			tn__multipart_begin(&s);
	}
	CHECK(out->data == NULL || out->len == strlen(out->data));
	tn_buffer_free(&part);
}

static void
test_scan(void **state)
{
	const struct scan_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->in));
	struct tn_buffer out = { 0 };

	for (size_t step = 1; step <= in.len + 1; step++) {
		scan_pieces(in, step, &out);
		CHECK_TEXT(out.data == NULL ? "" : out.data, t->out);
	}
	tn_buffer_free(&out);
	check_exact_free(in);
}

/* The rule, said the slow way: the end of a delimiter that begins at `at`, or
 * 0. */
static size_t
slow_delimiter(struct tn_slice in, size_t at, bool first, bool *last)
{
	struct tn_slice rest = tn_slice_skip(in, at);
	size_t len = rest.len;

	if (!first && !tn_slice_starts(rest, TN_SLICE("\r\n")))
		return 0;
	rest = tn_slice_skip(rest, first ? 0 : 2);
	if (!tn_slice_starts(rest, TN_SLICE("--b")))
		return 0;
	rest = tn_slice_skip(rest, 3);
	*last = tn_slice_starts(rest, TN_SLICE("--"));
	if (*last)
		rest = tn_slice_skip(rest, 2);
	while (rest.len > 0 && rest.data[0] == ' ')
		rest = tn_slice_skip(rest, 1);
	if (*last && rest.len == 0)
		return at + len;
	return tn_slice_starts(rest, TN_SLICE("\r\n"))
	    ? at + len - rest.len + 2 : 0;
}

static void
slow_scan(struct tn_slice in, struct tn_buffer *out)
{
	size_t begin = 0;
	bool last = false;

	tn_buffer_clear(out);
	for (size_t at = 0; at <= in.len && !last; at++) {
		size_t end = 0;

		if (at == begin)
			end = slow_delimiter(in, at, true, &last);
		if (end == 0)
			end = slow_delimiter(in, at, false, &last);
		if (end == 0) {
			last = false;
			continue;
		}
		CHECK_INT(tn_buffer_printf(out, "[%.*s]%s", (int)(at - begin),
		    in.data + begin, last ? "!" : ""), 0);
		begin = end;
		at = end - 1;
	}
}

static void
test_random(void **state)
{
	static const char *const words[] = { "\r", "\n", "\r\n", "-", "--",
		"b", " ", "x", "\r\n--b", "--\r\n" };
	struct tn_buffer in = { 0 }, fast = { 0 }, slow = { 0 };
	uint64_t seed = 1;
	int found = 0;

	for (int i = 0; i < 100000; i++) {
		tn_buffer_clear(&in);
		for (uint64_t n = check_random(&seed) % 16; n > 0; n--)
			CHECK_INT(tn_buffer_append_str(&in,
			    words[check_random(&seed) % TN_COUNT(words)]), 0);
		scan_pieces(tn_buffer_slice(&in),
		    1 + check_random(&seed) % 8, &fast);
		slow_scan(tn_buffer_slice(&in), &slow);
		if (!tn_slice_equal(tn_buffer_slice(&fast),
		        tn_buffer_slice(&slow)))
			CHECK_TEXT(fast.data, slow.data);
		found += fast.len > 0;
	}
	CHECK(found > 10000);
	tn_buffer_free(&in);
	tn_buffer_free(&fast);
	tn_buffer_free(&slow);
}

static void
test_padding(void **state)
{
	struct tn__multipart_scan s;
	int r = 0, blanks = 0;

	CHECK_INT(tn__multipart_open(&s, TYPE), 0);
	CHECK_INT(tn__multipart_look(&s, TN_SLICE("--b")), 0);
	while (r == 0 && blanks++ < 1000)
		r = tn__multipart_look(&s, TN_SLICE(" "));
	CHECK_INT(r, TN_EPROTO);
	CHECK(blanks > 150 && blanks < 300);
}

/* ---- boundaries ---------------------------------------------------------- */

#define X10 "xxxxxxxxxx"
#define X70 X10 X10 X10 X10 X10 X10 X10

static const struct type_row {
	const char *name; /* the input */
	const char *boundary; /* NULL: TN_EPROTO */
} type_rows[] = {
	{ "multipart/form-data; boundary=abc", "abc" },
	{ "Multipart/Mixed;BOUNDARY=abc", "abc" },
	{ "multipart/mixed; charset=utf-8; boundary=\"a b\" ; x=y", "a b" },
	{ "multipart/mixed; boundary=a=b", "a=b" },
	{ "multipart/mixed; boundary=*****;", "*****" },
	{ "multipart/mixed; boundary=\"(')+_,-./:=?\"", "(')+_,-./:=?" },
	{ "multipart/mixed; boundary=" X70, X70 },
	{ "multipart/mixed; boundary=" X70 "x", NULL },
	{ "multipart/mixed", NULL },
	{ "multipart/mixed; boundary", NULL },
	{ "multipart/mixed; boundary=", NULL },
	{ "multipart/mixed; boundary=\"\"", NULL },
	{ "multipart/mixed; boundary=\"a ", NULL },
	{ "multipart/mixed; boundary=\"a \"", NULL },
	{ "multipart/mixed; boundary=\"a\"b", NULL },
	{ "multipart/mixed; boundary=a b", NULL },
	{ "multipart/mixed; boundary=a; boundary=a", NULL },
	{ "multipart/mixed; boundary=\"a\\\"b\"", NULL },
	{ "multipart/mixed; boundary=\xc3\xa4", NULL },
	{ "text/plain; boundary=a", NULL },
	{ "multipart", NULL },
	{ "", NULL },
};

static void
test_type(void **state)
{
	const struct type_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->name));
	struct tn__multipart_scan s;
	int r = tn__multipart_open(&s, in);

	CHECK_INT(r, t->boundary == NULL ? TN_EPROTO : 0);
	if (t->boundary != NULL)
		CHECK(tn_slice_equal(tn_slice(s.delimiter + 4, s.len - 4),
		    tn_slice_str(t->boundary)));
	check_exact_free(in);
}

static void
test_is_type(void **state)
{
	CHECK(tn__multipart_is_type(TN_SLICE("Text/Plain"), "text/plain"));
	CHECK(tn__multipart_is_type(TN_SLICE("text/plain; a=b"),
	    "text/plain"));
	CHECK(tn__multipart_is_type(TN_SLICE("text/plain ;a=b"),
	    "text/plain"));
	CHECK(!tn__multipart_is_type(TN_SLICE("text/plainer"), "text/plain"));
	CHECK(!tn__multipart_is_type(tn_slice(NULL, 0), "text/plain"));
}

/* ---- what a part says about itself --------------------------------------- */

static const struct disposition_row {
	const char *name; /* the input */
	const char *out;  /* kind|name|filename, "-" for none; NULL: TN_EPROTO */
} disposition_rows[] = {
	{ "form-data; name=\"a\"", "form-data|a|-" },
	{ "form-data; name=\"a\"; filename=\"b.txt\"", "form-data|a|b.txt" },
	{ "form-data; name=a; filename=b.txt", "form-data|a|b.txt" },
	{ "Form-Data;NAME=\"a\" ;FileName=\"b\" ;", "Form-Data|a|b" },
	{ "form-data", "form-data|-|-" },
	{ "attachment; filename=b; size=12; other=\"x;y\"",
	    "attachment|-|b" },
	{ "form-data; name=\"\"; filename=\"\"", "form-data||" },

	/* What browsers write: the HTML standard, section 4.10.21.8. */
	{ "form-data; name=\"a%22b%0D%0Ac\"", "form-data|a\"b\r\nc|-" },
	{ "form-data; name=\"100%25 %2 %0d %\"", "form-data|100%25 %2 %0d %|-" },
	{ "form-data; name=\"\xe2\x98\x83\"; filename=\"\xe2\x98\x83.txt\"",
	    "form-data|\xe2\x98\x83|\xe2\x98\x83.txt" },
	{ "form-data; name=\"a\"; filename=\"b;c=d, e.txt\"",
	    "form-data|a|b;c=d, e.txt" },

	/* What others do: a quoted-pair, but never a lost backslash. */
	{ "form-data; name=\"a\\\"b\\\\c\\d\"", "form-data|a\"b\\c\\d|-" },
	{ "form-data; name=\"a\\\\\"", "form-data|a\\|-" },
	{ "form-data; name=\"a\\\"", NULL },

	/* Never more than a name. */
	{ "form-data; name=a; filename=\"C:\\dir\\b.txt\"",
	    "form-data|a|b.txt" },
	{ "form-data; name=a; filename=\"../../etc/passwd\"",
	    "form-data|a|passwd" },
	{ "form-data; name=a; filename=\"..\"", "form-data|a|" },
	{ "form-data; name=a; filename=\".\"", "form-data|a|" },
	{ "form-data; name=a; filename=\"x/..\"", "form-data|a|" },
	{ "form-data; name=a; filename=\"x/\"", "form-data|a|" },
	{ "form-data; name=a; filename=\"..\\..\\x\"", "form-data|a|x" },
	{ "form-data; name=a; filename=\"...\"", "form-data|a|..." },
	{ "form-data; name=\"a/b\"", "form-data|a/b|-" },

	/* RFC 8187, which RFC 7578 section 4.2 forbids and some send. */
	{ "form-data; name=a; filename*=UTF-8''%e2%82%ac%20b.txt",
	    "form-data|a|\xe2\x82\xac b.txt" },
	{ "form-data; name=a; filename=x; filename*=utf-8'en'b",
	    "form-data|a|b" },
	{ "form-data; name=a; filename*=\"utf-8'en'b\"; filename=x",
	    "form-data|a|b" },
	{ "form-data; name=a; filename*=utf-8''..%2fb", "form-data|a|b" },
	{ "form-data; name=a; filename*=utf-8''%2e%2e", "form-data|a|" },
	{ "form-data; name=a; filename*=iso-8859-1''b", NULL },
	{ "form-data; name=a; filename*=b", NULL },
	{ "form-data; name=a; filename*=utf-8'b", NULL },
	{ "form-data; name=a; filename*=utf-8''%ff", NULL },
	{ "form-data; name=a; filename*=utf-8''%00", NULL },
	{ "form-data; name=a; filename*=utf-8''%0", NULL },

	{ "form-data; name", NULL },
	{ "form-data; name=", NULL },
	{ "form-data; =a", NULL },
	{ "form-data; name =a", NULL },
	{ "form-data; name=\"a", NULL },
	{ "form-data; name=\"a\"b", NULL },
	{ "form-data; name=a b", NULL },
	{ "form-data; name=a\"b\"", NULL },
	{ "form-data; name=a; name=a", NULL },
	{ "form-data; filename=a; FILENAME=a", NULL },
	{ "form-data name=a", NULL },
	{ "; name=a", NULL },
	{ "", NULL },
};

static void
put_or_dash(struct tn_buffer *out, struct tn_slice text)
{
	CHECK(text.data == NULL || text.data[text.len] == '\0');
	CHECK_INT(tn_buffer_append(out, text.data == NULL ? TN_SLICE("-")
							  : text), 0);
}

static void
test_disposition(void **state)
{
	const struct disposition_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->name));
	struct tn_buffer text = { 0 }, out = { 0 };
	struct tn__multipart_disposition d;

	CHECK_INT(tn__multipart_disposition(in, &text, &d),
	    t->out == NULL ? TN_EPROTO : 0);
	if (t->out != NULL) {
		CHECK_INT(tn_buffer_append(&out, d.kind), 0);
		CHECK_INT(tn_buffer_append_byte(&out, '|'), 0);
		put_or_dash(&out, d.name);
		CHECK_INT(tn_buffer_append_byte(&out, '|'), 0);
		put_or_dash(&out, d.filename);
		CHECK_TEXT(out.data, t->out);
	}
	/* No beginning of it reads too far. */
	for (size_t len = 0; len < in.len; len++) {
		struct tn_slice part = check_exact(tn_slice_head(in, len));
		int r = tn__multipart_disposition(part, &text, &d);

		CHECK(r == 0 || r == TN_EPROTO);
		check_exact_free(part);
	}
	tn_buffer_free(&text);
	tn_buffer_free(&out);
	check_exact_free(in);
}

static const struct field_row {
	const char *name; /* the input */
	const char *out;  /* name|value */
} field_rows[] = {
	{ "A: b", "A|b" },
	{ "A:b", "A|b" },
	{ "Content-Type:\t text/plain  ", "Content-Type|text/plain" },
	{ "A:", "A|" },
	{ "A: b: c", "A|b: c" },
	{ "A: \xc3\xa4", "A|\xc3\xa4" },
	{ "A", NULL },
	{ "A b: c", NULL },
	{ "A : b", NULL },
	{ " A: b", NULL },
	{ ": b", NULL },
	{ "--b", NULL },
	{ "", NULL },
	{ "A: b\x01", NULL },
	{ "A: \x7f", NULL },
};

static void
test_field(void **state)
{
	const struct field_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->name)), name, value;
	char out[64];

	CHECK_INT(tn__multipart_field(in, &name, &value),
	    t->out == NULL ? TN_EPROTO : 0);
	if (t->out != NULL) {
		(void)snprintf(out, sizeof(out), "%.*s|%.*s", (int)name.len,
		    name.data, (int)value.len, value.data);
		CHECK_TEXT(out, t->out);
	}
	check_exact_free(in);
}

static void
test_no_memory(void **state)
{
	struct tn__multipart_disposition d;
	struct tn_buffer text = { 0 };

	check_fail_after(0);
	CHECK_INT(tn__multipart_disposition(TN_SLICE("form-data; name=a"),
	    &text, &d), -ENOMEM);
	check_fail_after(-1);
	tn_buffer_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_is_type),
		cmocka_unit_test(test_no_memory),
	};

	return CHECK_ROWS(scan_rows, test_scan) +
	    CHECK_ROWS(type_rows, test_type) +
	    CHECK_ROWS(disposition_rows, test_disposition) +
	    CHECK_ROWS(field_rows, test_field) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
