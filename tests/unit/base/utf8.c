#include "check.h"

#include <errno.h>
#include <tenon/number.h>

/* RFC 3629 section 4; `used` counts octets, < 0 is an error, and `bad` says
 * after how many octets a malformed sequence is known to be so. */
static const struct row {
	const char *name, *in;
	int used;
	uint32_t code;
	int bad;
} rows[] = {
	{ "ASCII", "A", 1, 'A', 0 },
	{ "DEL", "\x7f", 1, 0x7f, 0 },
	{ "two, least", "\xc2\x80", 2, 0x80, 0 },
	{ "two, most", "\xdf\xbf", 2, 0x7ff, 0 },
	{ "three, least", "\xe0\xa0\x80", 3, 0x800, 0 },
	{ "euro", "\xe2\x82\xac", 3, 0x20ac, 0 },
	{ "before surrogates", "\xed\x9f\xbf", 3, 0xd7ff, 0 },
	{ "after surrogates", "\xee\x80\x80", 3, 0xe000, 0 },
	{ "three, most", "\xef\xbf\xbf", 3, 0xffff, 0 },
	{ "four, least", "\xf0\x90\x80\x80", 4, 0x10000, 0 },
	{ "four, most", "\xf4\x8f\xbf\xbf", 4, 0x10ffff, 0 },
	{ "rest stays", "\xc3\xa9tude", 2, 0xe9, 0 },
	{ "continuation first", "\x80", -EINVAL, 0, 1 },
	{ "overlong two", "\xc0\x80", -EINVAL, 0, 1 },
	{ "overlong C1", "\xc1\xbf", -EINVAL, 0, 1 },
	{ "overlong three", "\xe0\x9f\xbf", -EINVAL, 0, 2 },
	{ "surrogate", "\xed\xa0\x80", -EINVAL, 0, 2 },
	{ "overlong four", "\xf0\x8f\xbf\xbf", -EINVAL, 0, 2 },
	{ "past the end", "\xf4\x90\x80\x80", -EINVAL, 0, 2 },
	{ "F5", "\xf5\x80\x80\x80", -EINVAL, 0, 1 },
	{ "FF", "\xff", -EINVAL, 0, 1 },
	{ "cut by ASCII", "\xe2\x82z", -EINVAL, 0, 3 },
	{ "cut by another", "\xe2\xe2\x82\xac", -EINVAL, 0, 2 },
};

static void
test_row(void **state)
{
	const struct row *t = *state;
	int need = t->used > 0 ? t->used : t->bad;

	for (int cut = 0; cut <= (int)strlen(t->in); cut++) {
		struct tn_slice in = check_exact(tn_slice(t->in, (size_t)cut));
		uint32_t code = 0x55555555;

		assert_int_equal(tn_utf8_decode(in, &code),
		    cut < need ? 0 : t->used);
		assert_int_equal(code,
		    cut >= need && t->used > 0 ? t->code : 0x55555555);
		check_exact_free(in);
	}
	assert_int_equal(tn_utf8_valid(tn_slice_str(t->in)), t->used > 0);
}

/* Each scalar value there and back, and no other. */
static void
test_all(void **state)
{
	for (uint32_t code = 0; code < 0x110100; code++) {
		char bytes[4];
		uint32_t again = 0;
		int n = tn_utf8_encode(code, bytes);

		if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
			assert_int_equal(n, -EINVAL);
			continue;
		}
		assert_in_range(n, 1, 4);
		assert_int_equal(tn_utf8_decode(tn_slice(bytes, (size_t)n),
				     &again),
		    n);
		assert_int_equal(again, code);
	}
	assert_int_equal(tn_utf8_encode(UINT32_MAX, (char[4]){ 0 }), -EINVAL);
}

/* One foreign byte anywhere in a text of any length is seen. */
static void
test_valid(void **state)
{
	char text[40];

	for (size_t len = 0; len < sizeof(text); len++) {
		struct tn_slice in;

		memset(text, 'a', sizeof(text));
		in = check_exact(tn_slice(text, len));
		assert_true(tn_utf8_valid(in));
		check_exact_free(in);
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', sizeof(text));
			text[at] = (char)0xe9;
			assert_false(tn_utf8_valid(tn_slice(text, len)));
		}
	}
	assert_true(tn_utf8_valid(TN_SLICE("grüße, 12345678")));
	assert_false(tn_utf8_valid(TN_SLICE("12345678\xc3")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_valid),
	};

	return CHECK_ROWS(rows, test_row) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
