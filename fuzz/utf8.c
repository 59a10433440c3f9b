/* UTF-8, decoded and escaped: as a decoder has it that goes by the bits of
 * RFC 3629; what was escaped is tame, and the same again once unescaped. */
#include <errno.h>
#include <stdio.h>

#include "fuzz/fuzz.h"

#define UNTOUCHED UINT32_C(0x55555555)

/* 1 to 4, 0 for what is cut off, -EINVAL: the slow and obvious way. */
static int
reference(struct tn_slice text, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t low, high, c;
	int len, has = 1;

	if (text.len == 0)
		return 0;
	c = (unsigned char)text.data[0];
	len = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 :
	    c < 0xf8 ? 4 : 0;
	if (len == 0)
		return -EINVAL;
	c &= len == 1 ? 0x7fu : 0x7fu >> len;
	for (; has < len && (size_t)has < text.len; has++) {
		if ((text.data[has] & 0xc0) != 0x80)
			return -EINVAL;
		c = c << 6 | ((unsigned char)text.data[has] & 0x3fu);
	}
	/* All that it may still become. */
	low = c << 6 * (len - has);
	high = low | ((1u << 6 * (len - has)) - 1);
	if (high < least[len] || low > 0x10ffff ||
	    (low >= 0xd800 && high <= 0xdfff))
		return -EINVAL;
	if (has < len)
		return 0;
	*ret = c;
	return len;
}

static void
check_decode(struct tn_slice in)
{
	bool valid = true;

	for (struct tn_slice rest = in; rest.len > 0;) {
		uint32_t ours = UNTOUCHED, theirs = UNTOUCHED;
		int n = tn_utf8_decode(rest, &ours);
		char again[4];

		assert(n == reference(rest, &theirs) && ours == theirs);
		if (n > 0) {
			assert(tn_utf8_encode(ours, again) == n);
			assert(memcmp(again, rest.data, (size_t)n) == 0);
		}
		for (int cut = 0; cut < n; cut++)
			assert(tn_utf8_decode(tn_slice_head(rest, (size_t)cut),
			    &theirs) == 0);
		valid = valid && n > 0;
		rest = tn_slice_skip(rest, n > 0 ? (size_t)n : 1);
	}
	assert(tn_utf8_valid(in) == valid);
}

static void
check_encode(uint32_t code)
{
	char out[4];
	uint32_t back = UNTOUCHED;
	int n = tn_utf8_encode(code, out);

	assert((n < 0) == (code > 0x10ffff || (code >> 11) == 0x1b));
	if (n > 0)
		assert(tn_utf8_decode(tn_slice(out, (size_t)n), &back) == n &&
		    back == code);
}

/* Takes \xNN and \u{NNNN} back. */
static void
unescape(struct tn_slice text, struct tn_buffer *out)
{
	while (text.len > 0) {
		size_t used = 1;
		unsigned code;
		char utf8[4];

		if (sscanf(text.data, "\\x%2x", &code) == 1) {
			used = 4;
			fuzz_must(tn_buffer_append_byte(out, (char)code));
		} else if (sscanf(text.data, "\\u{%4x}", &code) == 1) {
			used = 8;
			fuzz_must(tn_buffer_append(out, tn_slice(utf8,
			    (size_t)tn_utf8_encode(code, utf8))));
		} else {
			fuzz_must(tn_buffer_append(out,
			    tn_slice_head(text, 1)));
		}
		text = tn_slice_skip(text, used);
	}
}

static void
check_escaped(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer back = { 0 };
	struct tn_buffer small = { .max = in.len / 2 + 1 };
	struct tn_slice shown;

	fuzz_must(tn_buffer_append_escaped(&out, in));
	shown = tn_buffer_slice(&out);
	assert(fuzz_is_tame(shown) && tn_slice_find(shown, '"') < 0);
	assert(shown.len >= in.len && shown.len <= 4 * in.len);
	unescape(shown, &back);
	assert(tn_slice_equal(tn_buffer_slice(&back), in));

	/* A limit leaves nothing behind. */
	if (tn_buffer_append_escaped(&small, in) < 0)
		assert(small.len == 0);
	assert(small.len <= small.max);
	tn_buffer_free(&small);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	uint32_t code = 0;

	if (size > 2048)
		return 0;
	check_decode(in);
	if (size >= sizeof(code))
		memcpy(&code, bytes, sizeof(code));
	check_encode(code % 0x120000);
	check_escaped(in);
	return 0;
}
