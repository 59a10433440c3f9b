/* Numbers: exactly what is all digits is taken, for the value that strtoull()
 * sees there, and a number that is written reads as itself. */
#include <errno.h>

#include "fuzz/fuzz.h"

#define UNTOUCHED UINT64_C(0x5555555555555555)

static const uint64_t maxima[] = { 0, 9, 255, 65535, UINT32_MAX, INT64_MAX,
	UINT64_MAX };

/* What libc makes of it. */
static int
reference(const char *text, size_t len, const char *digits, int base,
    uint64_t max, uint64_t *ret)
{
	unsigned long long n;

	if (len == 0 || strspn(text, digits) != len)
		return -EINVAL;
	errno = 0;
	n = strtoull(text, NULL, base);
	if (errno == ERANGE || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

static void
check_unsigned(struct tn_slice in, const char *text)
{
	for (size_t i = 0; i < TN_COUNT(maxima); i++) {
		uint64_t ours = UNTOUCHED, libc = UNTOUCHED;

		assert(tn_parse_uint(in, maxima[i], &ours) ==
		    reference(text, in.len, "0123456789", 10, maxima[i],
			&libc));
		assert(ours == libc);
		ours = libc = UNTOUCHED;
		assert(tn_parse_hex(in, maxima[i], &ours) ==
		    reference(text, in.len, "0123456789abcdefABCDEF", 16,
			maxima[i], &libc));
		assert(ours == libc);
	}
}

static void
check_signed(struct tn_slice in, const char *text)
{
	bool negative = text[0] == '-';
	uint64_t most = (uint64_t)INT64_MAX + negative, libc = 0;
	int64_t n = (int64_t)UNTOUCHED;
	int r = tn_parse_int(in, INT64_MIN, INT64_MAX, &n);

	assert(r == reference(text + negative, in.len - negative,
		"0123456789", 10, most, &libc));
	assert(n == (r < 0 ? (int64_t)UNTOUCHED :
			     (int64_t)(negative ? 0 - libc : libc)));
	r = tn_parse_int(in, -5, 10, &n);
	assert(r < 0 || (n >= -5 && n <= 10));
}

/* Digits, then a unit; a larger limit never refuses what a smaller took. */
static void
check_people(struct tn_slice in, const char *text)
{
	uint64_t bytes = UNTOUCHED, digits;
	tn_time span = (tn_time)UNTOUCHED;
	char shown[16];
	int r = tn_parse_size(in, UINT64_MAX, &bytes);

	assert(r == 0 || bytes == UNTOUCHED);
	if (tn_parse_uint(in, UINT64_MAX, &digits) == 0)
		assert(r == 0 && bytes == digits);
	if (r == 0) {
		digits = strtoull(text, NULL, 10);
		assert(digits == 0 ? bytes == 0 : bytes % digits == 0);
		assert(tn_parse_size(in, bytes, &bytes) == 0);
		if (bytes > 0)
			assert(tn_parse_size(in, bytes - 1, &digits) ==
			    -ERANGE);
		assert(strlen(tn_format_size(shown, bytes)) < sizeof(shown));
	}
	r = tn_parse_span(in, &span);
	assert(r == 0 ? span >= 0 : span == (tn_time)UNTOUCHED);
	if (r == 0)
		assert(tn_is_digit(text[0]));
}

static void
check_writing(uint64_t n)
{
	char text[TN_UINT_DIGITS], shown[16];
	size_t len = tn_format_uint(text, n);
	uint64_t back = ~n;

	assert(len >= 1 && len <= sizeof(text));
	assert(tn_parse_uint(tn_slice(text, len), n, &back) == 0 && back == n);
	assert(strlen(tn_format_size(shown, n)) < sizeof(shown));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	char *text = fuzz_string(in);
	uint64_t n = 0;

	check_unsigned(in, text);
	check_signed(in, text);
	check_people(in, text);
	if (size > 0)
		memcpy(&n, bytes, size < sizeof(n) ? size : sizeof(n));
	check_writing(n);
	free(text);
	return 0;
}
