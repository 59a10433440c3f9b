#include "check.h"

#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>

static const struct escape_row {
	const char *name, *in, *out;
} escape[] = {
	{ "empty", "", "" },
	{ "plain", "550 don't do that~", "550 don't do that~" },
	{ "controls", "a\r\n\x1b[31m\x7f", "a\\x0d\\x0a\\x1b[31m\\x7f" },
	{ "quote and backslash", "\"\\", "\\x22\\x5c" },
	{ "UTF-8 stays", "grüße €", "grüße €" },
	{ "Latin-1", "Gr\xfc\xdf!", "Gr\\xfc\\xdf!" },
	{ "cut short", "\xe2\x82", "\\xe2\\x82" },
	{ "overlong", "\xc0\xaf", "\\xc0\\xaf" },
	{ "C1", "\xc2\x9b", "\\u{009b}" },
	{ "right to left", "\xe2\x80\xaegpj", "\\u{202e}gpj" },
	{ "isolate", "\xe2\x81\xa6", "\\u{2066}" },
	{ "isolate's end", "\xe2\x81\xa9", "\\u{2069}" },
	{ "left to right mark", "\xe2\x80\x8e", "\\u{200e}" },
	{ "right to left mark", "\xe2\x80\x8f", "\\u{200f}" },
	{ "Arabic letter mark", "\xd8\x9c", "\\u{061c}" },
	{ "embedding", "\xe2\x80\xaa", "\\u{202a}" },
	{ "not hidden", "\xe2\x80\x8d\xe2\x80\xaf\xd8\x9b",
	    "\xe2\x80\x8d\xe2\x80\xaf\xd8\x9b" },
	{ "line separator", "\xe2\x80\xa8", "\\u{2028}" },
};

/* Whole, and cut in two anywhere outside a sequence gives the same. */
static void
test_escape(void **state)
{
	const struct escape_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->in));
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	assert_int_equal(tn_buffer_append_escaped(&b, in), 0);
	assert_string_equal(b.data, t->out);
	assert_int_equal(b.len, strlen(t->out));

	for (size_t cut = 0; cut <= in.len; cut++) {
		if (cut < in.len && (in.data[cut] & 0xc0) == 0x80)
			continue;
		tn_buffer_clear(&b);
		assert_int_equal(tn_buffer_append_escaped(&b,
				     tn_slice_head(in, cut)),
		    0);
		assert_int_equal(tn_buffer_append_escaped(&b,
				     tn_slice_skip(in, cut)),
		    0);
		assert_string_equal(b.data, t->out);
	}
	check_exact_free(in);
}

static void
test_append(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	assert_int_equal(tn_buffer_append(&b, tn_slice(NULL, 0)), 0);
	assert_string_equal(b.data, "");
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(tn_buffer_append_byte(&b, 'x'), 0);
		assert_int_equal(b.len, i + 1);
		assert_true(b.len < b.cap);
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(tn_buffer_append_str(&b, "end"), 0);
	assert_true(tn_slice_ends(tn_buffer_slice(&b), TN_SLICE("xend")));
	tn_buffer_clear(&b);
	assert_string_equal(b.data, "");
	assert_true(b.cap > 1000);
}

static void
test_printf(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	for (int width = 0; width < 300; width++) {
		size_t len = b.len;

		assert_int_equal(tn_buffer_printf(&b, "%*s", width, ""), 0);
		assert_int_equal(b.len, len + (size_t)width);
		assert_int_equal(strlen(b.data), b.len);
	}
	tn_buffer_clear(&b);
	assert_int_equal(tn_buffer_printf(&b, "%d-%s", 42, "x"), 0);
	assert_string_equal(b.data, "42-x");
}

static void
test_limit(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { .max = 10 };
	struct tn_slice bel = TN_SLICE("\a\a\a");

	assert_int_equal(tn_buffer_append_str(&b, "0123456"), 0);
	assert_true(b.cap <= 11);
	assert_int_equal(tn_buffer_append_str(&b, "789A"), TN_ELIMIT);
	assert_non_null(strstr(tn_error_text(), "10 bytes"));
	assert_int_equal(tn_buffer_printf(&b, "%d", 1000), TN_ELIMIT);
	assert_int_equal(tn_buffer_append_escaped(&b, bel), TN_ELIMIT);
	assert_string_equal(b.data, "0123456");
	assert_int_equal(b.len, 7);
	assert_int_equal(tn_buffer_printf(&b, "%d", 789), 0);
	assert_string_equal(b.data, "0123456789");
	assert_int_equal(tn_buffer_append_byte(&b, 'A'), TN_ELIMIT);

	b.max = 5; /* lowered below what there is */
	assert_int_equal(tn_buffer_reserve(&b, 0), TN_ELIMIT);
	tn_buffer_free(&b);
	assert_int_equal(b.max, 5);
	assert_null(b.data);
}

static void
test_huge(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	assert_int_equal(tn_buffer_append_str(&b, "abc"), 0);
	assert_int_equal(tn_buffer_reserve(&b, SIZE_MAX), -ENOMEM);
	assert_int_equal(tn_buffer_reserve(&b, SIZE_MAX - 3), -ENOMEM);
	assert_int_equal(tn_buffer_reserve(&b, PTRDIFF_MAX), -ENOMEM);
	assert_string_equal(b.data, "abc");
}

static void
test_drop(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

	tn_buffer_drop(&b, 3);
	assert_int_equal(tn_buffer_append_str(&b, "abcdef"), 0);
	tn_buffer_drop(&b, 0);
	tn_buffer_drop(&b, 2);
	assert_string_equal(b.data, "cdef");
	tn_buffer_drop(&b, 9);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_drop),
	};

	return CHECK_ROWS(escape, test_escape) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
