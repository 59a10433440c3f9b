/* Percent-encoding, paths, HTML and JSON: each row whole, failing at every
 * allocation, and under every limit. */
#include "unit/base/check.h"

#include <errno.h>
#include <tenon/error.h>
#include <tenon/text.h>

static int
encode_path(struct tn_slice in, struct tn_buffer *out)
{
	return tn_percent_encode(in, "/", out);
}

static int
encode_all(struct tn_slice in, struct tn_buffer *out)
{
	return tn_percent_encode(in, NULL, out);
}

/* `out` NULL: `code` is returned. */
static const struct row {
	const char *name;
	int (*call)(struct tn_slice, struct tn_buffer *);
	struct tn_slice in;
	const char *out;
	int code;
} rows[] = {
#define IN(text) { text, sizeof(text) - 1 }
	{ "decode nothing", tn_percent_decode, IN(""), "", 0 },
	{ "decode plain", tn_percent_decode, IN("a+b"), "a+b", 0 },
	{ "decode", tn_percent_decode, IN("%41%2f%fF%25x%"
	    "20"), "A/\xff%x ", 0 },
	{ "decode once", tn_percent_decode, IN("%2541"), "%41", 0 },
	{ "decode no digit", tn_percent_decode, IN("a%4g"), NULL, -EINVAL },
	{ "decode no digits", tn_percent_decode, IN("%%41"), NULL, -EINVAL },
	{ "decode half", tn_percent_decode, IN("abc%4"), NULL, -EINVAL },
	{ "decode the sign", tn_percent_decode, IN("%41%"), NULL, -EINVAL },

	{ "encode nothing", encode_all, IN(""), "", 0 },
	{ "encode unreserved", encode_all, IN("AZaz09-._~"), "AZaz09-._~", 0 },
	{ "encode the rest", encode_all, IN("/ %+\0\xff"),
	    "%2F%20%25%2B%00%FF", 0 },
	{ "encode a path", encode_path, IN("/a b/\xc3\xbc?"), "/a%20b/%C3%BC%3F",
	    0 },

	{ "path of nothing", tn_path_from_url, IN(""), "", 0 },
	{ "path /", tn_path_from_url, IN("/"), "", 0 },
	{ "path //", tn_path_from_url, IN("//"), "", 0 },
	{ "path /a", tn_path_from_url, IN("/a"), "a", 0 },
	{ "path a", tn_path_from_url, IN("a"), "a", 0 },
	{ "path /a/", tn_path_from_url, IN("/a/"), "a/", 0 },
	{ "path //a///b//", tn_path_from_url, IN("//a///b//"), "a/b/", 0 },
	{ "path /a%20b/%c3%bc", tn_path_from_url, IN("/a%20b/%c3%bc"),
	    "a b/\xc3\xbc", 0 },
	{ "path /.", tn_path_from_url, IN("/."), "", 0 },
	{ "path /a/.", tn_path_from_url, IN("/a/."), "a/", 0 },
	{ "path /./a", tn_path_from_url, IN("/./a"), "a", 0 },
	{ "path /a/..", tn_path_from_url, IN("/a/.."), "", 0 },
	{ "path /a/../", tn_path_from_url, IN("/a/../"), "", 0 },
	{ "path /a/b/..", tn_path_from_url, IN("/a/b/.."), "a/", 0 },
	{ "path /a/b/../c", tn_path_from_url, IN("/a/b/../c"), "a/c", 0 },
	{ "path /a/b/../../c", tn_path_from_url, IN("/a/b/../../c"), "c", 0 },
	{ "path /a//..", tn_path_from_url, IN("/a//.."), "", 0 },
	{ "path encoded dots", tn_path_from_url, IN("/a/%2e%2E/%2e/b"), "b", 0 },
	{ "path dots that are a name", tn_path_from_url,
	    IN("/.../..a/.b/c."), ".../..a/.b/c.", 0 },
	{ "path decoded once", tn_path_from_url, IN("/%252e%252e"), "%2e%2e",
	    0 },
	{ "path with a backslash", tn_path_from_url, IN("/a\\..\\b"),
	    "a\\..\\b", 0 },
	{ "path /..", tn_path_from_url, IN("/.."), NULL, TN_EESCAPE },
	{ "path ..", tn_path_from_url, IN(".."), NULL, TN_EESCAPE },
	{ "path /a/../..", tn_path_from_url, IN("/a/../.."), NULL, TN_EESCAPE },
	{ "path /a/../../a", tn_path_from_url, IN("/a/../../a"), NULL,
	    TN_EESCAPE },
	{ "path /./../a", tn_path_from_url, IN("/./../a"), NULL, TN_EESCAPE },
	{ "path //../a", tn_path_from_url, IN("//../a"), NULL, TN_EESCAPE },
	{ "path encoded climb", tn_path_from_url, IN("/%2E%2e/a"), NULL,
	    TN_EESCAPE },
	{ "path half encoded climb", tn_path_from_url, IN("/.%2e"), NULL,
	    TN_EESCAPE },
	{ "path with a slash", tn_path_from_url, IN("/a%2fb"), NULL, -EINVAL },
	{ "path with a climb in a name", tn_path_from_url, IN("/..%2f.."),
	    NULL, -EINVAL },
	{ "path with a NUL", tn_path_from_url, IN("/a%00"), NULL, -EINVAL },
	{ "path with a plain NUL", tn_path_from_url, IN("/a\0b"), NULL,
	    -EINVAL },
	{ "path badly encoded", tn_path_from_url, IN("/a/%"), NULL, -EINVAL },

	{ "HTML of nothing", tn_html_escape, IN(""), "", 0 },
	{ "HTML", tn_html_escape, IN("<a href=\"x\">Q&A's</a>"),
	    "&lt;a href=&quot;x&quot;&gt;Q&amp;A&#39;s&lt;/a&gt;", 0 },
	{ "HTML lines", tn_html_escape, IN("a\tb\nc\rd"),
	    "a\tb\nc\xef\xbf\xbd" "d", 0 },
	{ "HTML controls", tn_html_escape, IN("\0\x1f\x7f\xc2\x80\xc2\x9f"),
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 0 },
	{ "HTML UTF-8", tn_html_escape, IN("\xc2\xa0\xe2\x82\xac"),
	    "\xc2\xa0\xe2\x82\xac", 0 },
	{ "HTML not UTF-8", tn_html_escape, IN("a\xff\xe2\x82"),
	    "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 0 },
	{ "HTML overlong", tn_html_escape, IN("\xc0\xbc"),
	    "\xef\xbf\xbd\xef\xbf\xbd", 0 },

	{ "JSON of nothing", tn_json_string, IN(""), "\"\"", 0 },
	{ "JSON", tn_json_string, IN("say \"\\\" /\x7f"),
	    "\"say \\\"\\\\\\\" /\\u007f\"", 0 },
	{ "JSON hidden", tn_json_string, IN("\xc2\x9b \xe2\x80\xae \xe2\x80\xa8"),
	    "\"\\u009b \\u202e \\u2028\"", 0 },
	{ "JSON short escapes", tn_json_string, IN("\b\f\n\r\t"),
	    "\"\\b\\f\\n\\r\\t\"", 0 },
	{ "JSON controls", tn_json_string, IN("\0\x1f\x0b"),
	    "\"\\u0000\\u001f\\u000b\"", 0 },
	{ "JSON UTF-8", tn_json_string, IN("\xf0\x9f\x98\x80"),
	    "\"\xf0\x9f\x98\x80\"", 0 },
	{ "JSON not UTF-8", tn_json_string, IN("\x80\xed\xa0\x80"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 0 },
#undef IN
};

#define BEFORE "before " /* what the buffer holds already */

static void
expect(struct tn_buffer *b, const char *appended)
{
	assert_int_equal(b->len, strlen(BEFORE) + strlen(appended));
	assert_memory_equal(b->data, BEFORE, strlen(BEFORE));
	assert_string_equal(b->data + strlen(BEFORE), appended);
}

static void
test_row(void **state)
{
	const struct row *t = *state;
	struct tn_slice in = check_exact(t->in);
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	assert_int_equal(t->call(in, &b), t->code);
	assert_int_equal(b.len, t->out == NULL ? 0 : strlen(t->out));
	tn_buffer_free(&b);

	assert_int_equal(tn_buffer_append_str(&b, BEFORE), 0);
	assert_int_equal(t->call(in, &b), t->code);
	expect(&b, t->code == 0 ? t->out : "");
	if (t->code < 0)
		assert_int_equal(tn_error_code(), t->code);
	check_exact_free(in);
}

/* Whatever fails, and when: as before. */
static void
test_failing(void **state)
{
	const struct row *t = *state;
	int r = -ENOMEM;

	for (int n = 0; r == -ENOMEM; n++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

		assert_int_equal(tn_buffer_append_str(&b, BEFORE), 0);
		assert_true(b.cap > b.len);
		b.cap = b.len + 1; /* the next byte needs memory */
		check_fail_after(n);
		r = t->call(t->in, &b);
		check_fail_after(-1);
		if (r < 0)
			expect(&b, "");
	}
	assert_int_equal(r, t->code);

	for (size_t room = 0; t->out != NULL && room < strlen(t->out); room++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = {
			.max = strlen(BEFORE) + room,
		};

		assert_int_equal(tn_buffer_append_str(&b, BEFORE), 0);
		r = t->call(t->in, &b);
		assert_true(r == TN_ELIMIT);
		expect(&b, "");
	}
}

int
main(void)
{
	return CHECK_ROWS(rows, test_row) + CHECK_ROWS(rows, test_failing);
}
