#include <errno.h>
#include <tenon/number.h>

/* Digits of `base` and nothing else.  A number too large is told from what is
 * no number only once all of it was seen. */
static int
number_parse(struct tn_slice text, unsigned base, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;
	bool fits = true;

	if (text.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		int digit = tn_hex_value(text.data[i]);

		if (digit < 0 || (unsigned)digit >= base)
			return -EINVAL;
		fits = fits && !__builtin_mul_overflow(n, base, &n) &&
		    !__builtin_add_overflow(n, (unsigned)digit, &n);
	}
	if (!fits || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

int
tn_parse_uint(struct tn_slice text, uint64_t max, uint64_t *ret)
{
	return number_parse(text, 10, max, ret);
}

int
tn_parse_hex(struct tn_slice text, uint64_t max, uint64_t *ret)
{
	return number_parse(text, 16, max, ret);
}

int
tn_parse_int(struct tn_slice text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	uint64_t most = (uint64_t)INT64_MAX + negative, n;
	int64_t value;
	int r;

	r = number_parse(tn_slice_skip(text, negative), 10, most, &n);
	if (r < 0)
		return r;
	value = (int64_t)(negative ? 0 - n : n);
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* Cuts the digits off the front of `*text`. */
static struct tn_slice
number_digits(struct tn_slice *text)
{
	struct tn_slice digits = *text;
	size_t n = 0;

	while (n < text->len && tn_is_digit(text->data[n]))
		n++;
	*text = tn_slice_skip(*text, n);
	return tn_slice_head(digits, n);
}

struct number_unit {
	const char *name;
	uint64_t size;
};

static const struct number_unit *
number_unit_find(const struct number_unit *units, size_t count,
    struct tn_slice name)
{
	for (size_t i = 0; i < count; i++)
		if (tn_slice_equal_nocase(name, units[i].name))
			return &units[i];
	return NULL;
}

static const struct number_unit number_sizes[] = {
	{ "", 1 },
	{ "K", UINT64_C(1) << 10 },
	{ "KB", UINT64_C(1) << 10 },
	{ "KiB", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "MB", UINT64_C(1) << 20 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ "GB", UINT64_C(1) << 30 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "T", UINT64_C(1) << 40 },
	{ "TB", UINT64_C(1) << 40 },
	{ "TiB", UINT64_C(1) << 40 },
};

int
tn_parse_size(struct tn_slice text, uint64_t max, uint64_t *ret)
{
	struct tn_slice digits = number_digits(&text);
	const struct number_unit *unit;
	uint64_t n;
	int r;

	unit = number_unit_find(number_sizes, TN_COUNT(number_sizes), text);
	if (unit == NULL)
		return -EINVAL;
	r = tn_parse_uint(digits, UINT64_MAX, &n);
	if (r < 0)
		return r;
	if (__builtin_mul_overflow(n, unit->size, &n) || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

static const struct number_unit number_spans[] = {
	{ "", TN_SECOND },
	{ "ns", 1 },
	{ "us", TN_MICROSECOND },
	{ "ms", TN_MILLISECOND },
	{ "s", TN_SECOND },
	{ "m", 60 * TN_SECOND },
	{ "h", 3600 * TN_SECOND },
	{ "d", 86400 * TN_SECOND },
};

int
tn_parse_span(struct tn_slice text, tn_time *ret)
{
	struct tn_slice whole = number_digits(&text), part = { NULL, 0 };
	const struct number_unit *unit;
	uint64_t n, place;
	int r;

	if (text.len > 0 && text.data[0] == '.') {
		text = tn_slice_skip(text, 1);
		part = number_digits(&text);
		if (part.len == 0)
			return -EINVAL;
	}
	unit = number_unit_find(number_spans, TN_COUNT(number_spans), text);
	if (unit == NULL)
		return -EINVAL;
	r = tn_parse_uint(whole, UINT64_MAX, &n);
	if (r < 0)
		return r;
	if (__builtin_mul_overflow(n, unit->size, &n) || n > INT64_MAX)
		return -ERANGE;

	place = unit->size; /* digits below a nanosecond count for nothing */
	for (size_t i = 0; i < part.len && place > 0; i++) {
		place /= 10;
		n += place * (uint64_t)(part.data[i] - '0');
	}
	if (n > INT64_MAX)
		return -ERANGE;
	*ret = (tn_time)n;
	return 0;
}

size_t
tn_format_uint(char *out, uint64_t n)
{
	char digits[TN_UINT_DIGITS];
	size_t at = sizeof(digits), len;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	len = sizeof(digits) - at;
	memcpy(out, digits + at, len);
	return len;
}

size_t
tn_format_hex(char *out, uint64_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = (size_t)(67 - __builtin_clzll(n | 1)) / 4;

	for (size_t at = len; at > 0; n >>= 4)
		out[--at] = digits[n & 15];
	return len;
}

const char *
tn_format_size(char out[16], uint64_t bytes)
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB",
		" TiB", " PiB", " EiB" };
	uint64_t whole = bytes, tenths = 0, size = 1;
	size_t unit = 0, len;

	while (whole >= 1024) {
		uint64_t rest;

		unit++;
		size *= 1024;
		rest = bytes % size;
		tenths = (rest * 10 + size / 2) / size;
		whole = bytes / size + tenths / 10; /* 1023.96 KiB is 1 MiB */
		tenths %= 10;
	}
	len = tn_format_uint(out, whole);
	if (unit > 0) {
		out[len++] = '.';
		out[len++] = (char)('0' + tenths);
	}
	memcpy(out + len, units[unit], strlen(units[unit]) + 1);
	return out;
}
