/* The other ways to write an address, and reading them. */
#include <errno.h>
#include <tenon/ip_about.h>
#include <tenon/number.h>

#include "base/ip_bits.h"

static const char forms_digits[] = "0123456789abcdef";

/* ---- writing ------------------------------------------------------------ */

const char *
tn__ip_decimal(const unsigned char *bytes, size_t size, char *out)
{
	unsigned char left[17];
	char digits[TN_IP_DECIMAL_SIZE];
	size_t count = 0, n = 0;
	bool more = true;

	memcpy(left, bytes, size);
	while (more) { /* divide by ten, what remains is a digit */
		unsigned rest = 0;

		more = false;
		for (size_t i = 0; i < size; i++) {
			unsigned value = rest << 8 | left[i];

			left[i] = (unsigned char)(value / 10);
			rest = value % 10;
			more = more || left[i] != 0;
		}
		digits[count++] = forms_digits[rest];
	}
	while (count > 0)
		out[n++] = digits[--count];
	out[n] = '\0';
	return out;
}

const char *
tn_ip_decimal(const struct tn_ip *ip, char out[TN_IP_DECIMAL_SIZE])
{
	return tn__ip_decimal(ip->bytes, tn__ip_size(ip), out);
}

/* Two digits a byte, and `between` after every second byte but the last. */
static char *
forms_hex(const struct tn_ip *ip, char between, char *out)
{
	size_t size = tn__ip_size(ip);

	for (size_t i = 0; i < size; i++) {
		*out++ = forms_digits[ip->bytes[i] >> 4];
		*out++ = forms_digits[ip->bytes[i] & 0xf];
		if (between != '\0' && i % 2 == 1 && i + 1 < size)
			*out++ = between;
	}
	*out = '\0';
	return out;
}

const char *
tn_ip_hex(const struct tn_ip *ip, char out[TN_IP_HEX_SIZE])
{
	memcpy(out, "0x", 2);
	forms_hex(ip, '\0', out + 2);
	return out;
}

const char *
tn_ip_binary(const struct tn_ip *ip, char out[TN_IP_BINARY_SIZE])
{
	size_t bits = 8 * tn__ip_size(ip);
	size_t group = ip->family == 4 ? 8 : 16;
	char *end = out;

	for (size_t i = 0; i < bits; i++) {
		if (i > 0 && i % group == 0)
			*end++ = ip->family == 4 ? '.' : ':';
		*end++ = (ip->bytes[i / 8] >> (7 - i % 8) & 1) != 0 ? '1' : '0';
	}
	*end = '\0';
	return out;
}

const char *
tn_ip_exploded(const struct tn_ip *ip, char out[TN_IP_EXPLODED_SIZE])
{
	struct tn_ip plain = *ip;
	char text[TN_IP_TEXT_MAX];

	plain.zone[0] = '\0';
	if (ip->family != 4)
		forms_hex(ip, ':', out);
	else
		memcpy(out, tn_ip_format(&plain, text), TN_IP_EXPLODED_SIZE);
	return out;
}

const char *
tn_ip_reverse(const struct tn_ip *ip, char out[TN_IP_REVERSE_SIZE])
{
	char *end = out;

	for (size_t i = tn__ip_size(ip); i-- > 0;) {
		if (ip->family == 4) {
			end += tn_format_uint(end, ip->bytes[i]);
			*end++ = '.';
			continue;
		}
		*end++ = forms_digits[ip->bytes[i] & 0xf];
		*end++ = '.';
		*end++ = forms_digits[ip->bytes[i] >> 4];
		*end++ = '.';
	}
	if (ip->family == 4)
		memcpy(end, "in-addr.arpa", sizeof("in-addr.arpa"));
	else
		memcpy(end, "ip6.arpa", sizeof("ip6.arpa"));
	return out;
}

/* ---- reading ------------------------------------------------------------ */

/* What is in the last four bytes alone is IPv4, unless `six`. */
static void
forms_from_number(const unsigned char bytes[16], bool six, struct tn_ip *ret)
{
	static const unsigned char zero[12];
	struct tn_ip ip = { .family = 6 };

	if (six || memcmp(bytes, zero, sizeof(zero)) != 0) {
		memcpy(ip.bytes, bytes, 16);
	} else {
		ip.family = 4;
		memcpy(ip.bytes, bytes + 12, 4);
	}
	*ret = ip;
}

/* Digits of a base into 16 bytes, the number's end at their end. */
static int
forms_number(struct tn_slice text, unsigned base, unsigned char bytes[16])
{
	memset(bytes, 0, 16);
	if (text.len == 0)
		return -EINVAL;
	for (size_t at = 0; at < text.len; at++) {
		int digit = tn_hex_value(text.data[at]);
		unsigned carry = (unsigned)digit;

		if (digit < 0 || carry >= base)
			return -EINVAL;
		for (int i = 15; i >= 0; i--) {
			carry += bytes[i] * base;
			bytes[i] = (unsigned char)carry;
			carry >>= 8;
		}
		if (carry != 0)
			return -EINVAL;
	}
	return 0;
}

/* Cuts the last label off. */
static struct tn_slice
forms_last_label(struct tn_slice *text)
{
	struct tn_slice label;
	size_t at = text->len;

	while (at > 0 && text->data[at - 1] != '.')
		at--;
	label = tn_slice_skip(*text, at);
	*text = tn_slice_head(*text, at > 0 ? at - 1 : 0);
	return label;
}

/* The labels before "in-addr.arpa" or "ip6.arpa". */
static int
forms_labels(struct tn_slice text, struct tn_ip *ret)
{
	struct tn_ip ip = *ret;
	bool four = ip.family == 4;
	uint64_t n;

	if (tn_slice_starts(text, TN_SLICE(".")))
		return -EINVAL;
	for (int i = 0; i < (four ? 4 : 32); i++) {
		struct tn_slice label = forms_last_label(&text);

		if (label.len > (four ? 3 : 1) ||
		    (label.len > 1 && label.data[0] == '0'))
			return -EINVAL;
		if ((four ? tn_parse_uint(label, 255, &n) :
		            tn_parse_hex(label, 15, &n)) < 0)
			return -EINVAL;
		if (four)
			ip.bytes[i] = (unsigned char)n;
		else
			ip.bytes[i / 2] |=
			    (unsigned char)(n << 4 * (1 - i % 2));
	}
	if (text.len > 0)
		return -EINVAL;
	*ret = ip;
	return 0;
}

static bool
forms_take_end(struct tn_slice *text, const char *end)
{
	size_t len = strlen(end);

	if (text->len <= len ||
	    !tn_slice_equal_nocase(tn_slice_skip(*text, text->len - len), end))
		return false;
	*text = tn_slice_head(*text, text->len - len);
	return true;
}

static int
forms_reverse(struct tn_slice text, struct tn_ip *ret)
{
	struct tn_ip ip = { .family = 4 };
	int r;

	(void)forms_take_end(&text, ".");
	if (!forms_take_end(&text, ".in-addr.arpa")) {
		ip.family = 6;
		if (!forms_take_end(&text, ".ip6.arpa"))
			return -EINVAL;
	}
	r = forms_labels(text, &ip);
	if (r == 0)
		*ret = ip;
	return r;
}

int
tn_ip_parse_any(struct tn_slice text, struct tn_ip *ret)
{
	unsigned char bytes[16];
	struct tn_slice digits = tn_slice_skip(text, 2);

	if (tn_ip_parse(text, ret) == 0 || forms_reverse(text, ret) == 0)
		return 0;
	if (tn_slice_starts(text, TN_SLICE("0x")) ||
	    tn_slice_starts(text, TN_SLICE("0X"))) {
		if (digits.len > 32 || forms_number(digits, 16, bytes) < 0)
			return -EINVAL;
		forms_from_number(bytes, digits.len > 8, ret);
		return 0;
	}
	if (text.len >= TN_IP_DECIMAL_SIZE || forms_number(text, 10, bytes) < 0)
		return -EINVAL;
	forms_from_number(bytes, false, ret);
	return 0;
}
