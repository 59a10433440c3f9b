#include <errno.h>
#include <tenon/number.h>

/* RFC 3629 section 4, the table of well-formed sequences: by first byte, how
 * many bytes follow and what the second one may be. */
static const struct utf8_row {
	unsigned char first, last; /* range of the first byte */
	unsigned char more; /* bytes that follow */
	unsigned char low, high; /* range of the second byte */
} utf8_rows[] = {
	{ 0xc2, 0xdf, 1, 0x80, 0xbf },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf }, /* below: overlong */
	{ 0xe1, 0xec, 2, 0x80, 0xbf },
	{ 0xed, 0xed, 2, 0x80, 0x9f }, /* above: surrogates */
	{ 0xee, 0xef, 2, 0x80, 0xbf },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf }, /* below: overlong */
	{ 0xf1, 0xf3, 3, 0x80, 0xbf },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f }, /* above: past U+10FFFF */
};

static int
utf8_decode_row(struct tn_slice text, const struct utf8_row *row, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)text.data;
	unsigned char low = row->low, high = row->high;
	uint32_t code = p[0] & (0x3fu >> row->more);

	for (size_t i = 1; i <= row->more; i++) {
		if (i == text.len)
			return 0;
		if (p[i] < low || p[i] > high)
			return -EINVAL;
		code = code << 6 | (p[i] & 0x3fu);
		low = 0x80;
		high = 0xbf;
	}
	*ret = code;
	return row->more + 1;
}

int
tn_utf8_decode(struct tn_slice text, uint32_t *ret)
{
	unsigned char first;

	if (text.len == 0)
		return 0;
	first = (unsigned char)text.data[0];
	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	for (size_t i = 0; i < TN_COUNT(utf8_rows); i++)
		if (first >= utf8_rows[i].first && first <= utf8_rows[i].last)
			return utf8_decode_row(text, &utf8_rows[i], ret);
	return -EINVAL;
}

int
tn_utf8_encode(uint32_t code, char out[4])
{
	int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return -EINVAL;
	if (more == 0) {
		out[0] = (char)code;
		return 1;
	}
	out[0] = (char)((0xf00u >> (more + 1) & 0xffu) | code >> 6 * more);
	for (int i = 1; i <= more; i++)
		out[i] = (char)(0x80u | (code >> 6 * (more - i) & 0x3fu));
	return more + 1;
}

/* How many of the first bytes are ASCII, eight at a time. */
static size_t
utf8_ascii(struct tn_slice text)
{
	size_t n = 0;
	uint64_t eight;

	for (; text.len - n >= sizeof(eight); n += sizeof(eight)) {
		memcpy(&eight, text.data + n, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return n;
}

bool
tn_utf8_valid(struct tn_slice text)
{
	uint32_t code;

	while (text.len > 0) {
		size_t ascii = utf8_ascii(text);
		int n;

		text = tn_slice_skip(text, ascii);
		if (text.len == 0)
			break;
		n = tn_utf8_decode(text, &code);
		if (n <= 0)
			return false;
		text = tn_slice_skip(text, (size_t)n);
	}
	return true;
}
