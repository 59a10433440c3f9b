#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <tenon/number.h>

/* Each parser behind one face; `least` is for parse_int only. */
typedef int parse_function(struct tn_slice text, int64_t least, uint64_t most,
    uint64_t *ret);

static int
parse_uint(struct tn_slice text, int64_t least, uint64_t most, uint64_t *ret)
{
	return tn_parse_uint(text, most, ret);
}

static int
parse_hex(struct tn_slice text, int64_t least, uint64_t most, uint64_t *ret)
{
	return tn_parse_hex(text, most, ret);
}

static int
parse_int(struct tn_slice text, int64_t least, uint64_t most, uint64_t *ret)
{
	return tn_parse_int(text, least, (int64_t)most, (int64_t *)ret);
}

static int
parse_size(struct tn_slice text, int64_t least, uint64_t most, uint64_t *ret)
{
	return tn_parse_size(text, most, ret);
}

static int
parse_span(struct tn_slice text, int64_t least, uint64_t most, uint64_t *ret)
{
	return tn_parse_span(text, (int64_t *)ret);
}

#define MAX UINT64_MAX
#define IMIN INT64_MIN
#define IMAX INT64_MAX
#define NS(n) UINT64_C(n)

static const struct parse_row {
	const char *name;
	parse_function *parse;
	const char *in;
	int64_t least;
	uint64_t most;
	int r;
	uint64_t value;
} parse[] = {
	{ "uint empty", parse_uint, "", 0, MAX, -EINVAL, 0 },
	{ "uint zero", parse_uint, "0", 0, MAX, 0, 0 },
	{ "uint zeros", parse_uint, "0000000000000000000000007", 0, 9, 0, 7 },
	{ "uint max", parse_uint, "18446744073709551615", 0, MAX, 0, MAX },
	{ "uint max + 1", parse_uint, "18446744073709551616", 0, MAX, -ERANGE },
	{ "uint far", parse_uint, "99999999999999999999999", 0, MAX, -ERANGE },
	{ "uint limit", parse_uint, "65535", 0, 65535, 0, 65535 },
	{ "uint past limit", parse_uint, "65536", 0, 65535, -ERANGE },
	{ "uint sign", parse_uint, "+1", 0, MAX, -EINVAL },
	{ "uint minus", parse_uint, "-1", 0, MAX, -EINVAL },
	{ "uint blank", parse_uint, " 1", 0, MAX, -EINVAL },
	{ "uint tail", parse_uint, "1 ", 0, MAX, -EINVAL },
	{ "uint letter", parse_uint, "1a", 0, MAX, -EINVAL },
	{ "uint far, no number", parse_uint, "99999999999999999999x", 0, MAX,
	    -EINVAL },
	{ "hex", parse_hex, "fF0", 0, MAX, 0, 0xff0 },
	{ "hex max", parse_hex, "ffffffffffffffff", 0, MAX, 0, MAX },
	{ "hex 65 bits", parse_hex, "10000000000000000", 0, MAX, -ERANGE },
	{ "hex prefix", parse_hex, "0x1", 0, MAX, -EINVAL },
	{ "hex g", parse_hex, "g", 0, MAX, -EINVAL },
	{ "int", parse_int, "-42", IMIN, IMAX, 0, (uint64_t)-42 },
	{ "int min", parse_int, "-9223372036854775808", IMIN, IMAX, 0,
	    (uint64_t)IMIN },
	{ "int min - 1", parse_int, "-9223372036854775809", IMIN, IMAX,
	    -ERANGE },
	{ "int max", parse_int, "9223372036854775807", IMIN, IMAX, 0, IMAX },
	{ "int max + 1", parse_int, "9223372036854775808", IMIN, IMAX,
	    -ERANGE },
	{ "int minus zero", parse_int, "-0", IMIN, IMAX, 0, 0 },
	{ "int below", parse_int, "-6", -5, 5, -ERANGE },
	{ "int above", parse_int, "6", -5, 5, -ERANGE },
	{ "int minus alone", parse_int, "-", IMIN, IMAX, -EINVAL },
	{ "int two signs", parse_int, "--1", IMIN, IMAX, -EINVAL },
	{ "int plus", parse_int, "+1", IMIN, IMAX, -EINVAL },
	{ "size plain", parse_size, "812", 0, MAX, 0, 812 },
	{ "size K", parse_size, "4k", 0, MAX, 0, 4096 },
	{ "size MiB", parse_size, "64MiB", 0, MAX, 0, 64 << 20 },
	{ "size GB", parse_size, "1GB", 0, MAX, 0, 1 << 30 },
	{ "size T", parse_size, "1T", 0, MAX, 0, UINT64_C(1) << 40 },
	{ "size overflow", parse_size, "16777216T", 0, MAX, -ERANGE },
	{ "size limit", parse_size, "1K", 0, 1023, -ERANGE },
	{ "size no digits", parse_size, "K", 0, MAX, -EINVAL },
	{ "size unknown", parse_size, "1X", 0, MAX, -EINVAL },
	{ "size Ki", parse_size, "1Ki", 0, MAX, -EINVAL },
	{ "size blank", parse_size, "1 K", 0, MAX, -EINVAL },
	{ "span", parse_span, "90", 0, MAX, 0, NS(90000000000) },
	{ "span zero", parse_span, "0", 0, MAX, 0, 0 },
	{ "span s", parse_span, "1.5s", 0, MAX, 0, NS(1500000000) },
	{ "span ms", parse_span, "200ms", 0, MAX, 0, NS(200000000) },
	{ "span us", parse_span, "7us", 0, MAX, 0, 7000 },
	{ "span ns", parse_span, "7ns", 0, MAX, 0, 7 },
	{ "span m", parse_span, "5m", 0, MAX, 0, NS(300000000000) },
	{ "span h", parse_span, "2h", 0, MAX, 0, NS(7200000000000) },
	{ "span d", parse_span, "1d", 0, MAX, 0, NS(86400000000000) },
	{ "span third", parse_span, "0.333333333999s", 0, MAX, 0, 333333333 },
	{ "span quarter", parse_span, "1.25h", 0, MAX, 0, NS(4500000000000) },
	{ "span longest", parse_span, "9223372036.854775807", 0, MAX, 0, IMAX },
	{ "span too long", parse_span, "9223372036.854775808", 0, MAX,
	    -ERANGE },
	{ "span overflow", parse_span, "99999999999999d", 0, MAX, -ERANGE },
	{ "span point alone", parse_span, "1.s", 0, MAX, -EINVAL },
	{ "span no whole", parse_span, ".5s", 0, MAX, -EINVAL },
	{ "span two points", parse_span, "1.2.3", 0, MAX, -EINVAL },
	{ "span minus", parse_span, "-1s", 0, MAX, -EINVAL },
	{ "span unit", parse_span, "1 s", 0, MAX, -EINVAL },
	{ "span unknown", parse_span, "1y", 0, MAX, -EINVAL },
};

static void
test_parse(void **state)
{
	const struct parse_row *t = *state;
	const uint64_t before = UINT64_C(0x5555555555555555);
	size_t len = strlen(t->in);

	for (size_t cut = 0; cut <= len; cut++) {
		struct tn_slice in = check_exact(tn_slice(t->in, cut));
		uint64_t value = before;
		int r = t->parse(in, t->least, t->most, &value);

		if (cut == len)
			assert_int_equal(r, t->r);
		assert_true(r == 0 || r == -EINVAL || r == -ERANGE);
		if (r < 0)
			assert_int_equal(value, before);
		else if (cut == len)
			assert_int_equal(value, t->value);
		check_exact_free(in);
	}
}

static const struct format_row {
	const char *name; /* as a size */
	uint64_t n;
	const char *decimal;
} format[] = {
	{ "0 B", 0, "0" },
	{ "812 B", 812, "812" },
	{ "1023 B", 1023, "1023" },
	{ "1.0 KiB", 1024, "1024" },
	{ "1.5 KiB", 1536, "1536" },
	{ "1023.9 KiB", 1048524, "1048524" },
	{ "1.0 MiB", 1048525, "1048525" },
	{ "1.4 MiB", 1468006, "1468006" },
	{ "16.0 EiB", UINT64_MAX, "18446744073709551615" },
	{ "8.0 EiB", UINT64_C(1) << 63, "9223372036854775808" },
};

static void
test_format(void **state)
{
	const struct format_row *t = *state;
	char size[16], decimal[TN_UINT_DIGITS], hex[TN_HEX_DIGITS];
	size_t len = tn_format_uint(decimal, t->n);
	char expected[TN_HEX_DIGITS + 1];

	assert_ptr_equal(tn_format_size(size, t->n), size);
	assert_string_equal(size, t->name);
	assert_true(tn_slice_equal(tn_slice(decimal, len),
	    tn_slice_str(t->decimal)));
	snprintf(expected, sizeof(expected), "%" PRIx64, t->n);
	len = tn_format_hex(hex, t->n);
	assert_true(tn_slice_equal(tn_slice(hex, len),
	    tn_slice_str(expected)));
}

static void
test_letters(void **state)
{
	const struct tn_slice digits = TN_SLICE("0123456789abcdefABCDEF");

	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		ssize_t at = tn_slice_find(digits, c);

		assert_int_equal(tn_is_digit(c), at >= 0 && at < 10);
		assert_int_equal(tn_hex_value(c), at < 16 ? at : at - 6);
		assert_int_equal(tn_is_alpha(c),
		    (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z'));
		assert_int_equal((unsigned char)tn_lower(c),
		    i >= 'A' && i <= 'Z' ? i + 32 : i);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letters),
	};

	return CHECK_ROWS(parse, test_parse) + CHECK_ROWS(format, test_format) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
