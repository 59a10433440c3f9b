/* Charsets: what is decoded is UTF-8, in any pieces the same, within its limit;
 * strict is the same as replacing or fails; what a charset of all of Unicode
 * takes comes back.  The first byte chooses the charset and the pieces. */
#include <errno.h>
#include <tenon/charset.h>
#include <tenon/error.h>

#include "fuzz/fuzz.h"

/* The first ones have all of Unicode. */
#define WHOLE 6
static const char *const names[] = { "UTF-8", "GB18030", "UTF-16LE", "UTF-16",
	"UTF-32BE", "UTF-7", "GBK", "UCS-4LE", "ISO-8859-1", "ISO-2022-JP",
	"ISO-2022-KR", "BIG5-HKSCS", "EUC-JISX0213", "SHIFT_JIS", "CP1258",
	"IBM037" };

/* `out` is whole or as it was. */
static int
in_pieces(const char *name, bool encode, enum tn_charset_errors errors,
    struct tn_slice in, size_t step, struct tn_buffer *out)
{
	TN_CLEANUP(tn_charset_freep) struct tn_charset *c = NULL;
	int r;

	fuzz_must(encode ? tn_charset_encoder(name, errors, &c) :
			   tn_charset_decoder(name, errors, &c));
	do {
		size_t before = out->len;

		r = tn_charset_convert(c, tn_slice_head(in, step), out);
		assert(r == 0 || (out->len == before && tn_error_code() == r));
		in = tn_slice_skip(in, step);
	} while (r == 0 && in.len > 0);
	return r < 0 ? r : tn_charset_finish(c, out);
}

static int
whole(const char *name, bool encode, enum tn_charset_errors errors,
    struct tn_slice in, struct tn_buffer *out)
{
	size_t before = out->len;
	int r = encode ? tn_charset_encode(name, errors, in, out) :
			 tn_charset_decode(name, errors, in, out);

	assert(r == 0 || out->len == before);
	return r;
}

static void
check_limit(const char *name, bool encode, struct tn_slice in, size_t len)
{
	struct tn_buffer small = { .max = len - 1 }, exact = { .max = len };

	if (len > 1)
		assert(whole(name, encode, TN_CHARSET_REPLACE, in, &small) ==
		    TN_ELIMIT);
	if (len > 0)
		assert(whole(name, encode, TN_CHARSET_REPLACE, in, &exact) ==
		    0);
	tn_buffer_free(&small);
	tn_buffer_free(&exact);
}

static void
check_charset(const char *name, bool encode, struct tn_slice in, size_t step)
{
	struct tn_buffer all = { 0 }, pieces = { 0 }, strict = { 0 };
	int r;

	assert(whole(name, encode, TN_CHARSET_REPLACE, in, &all) == 0);
	assert(in_pieces(name, encode, TN_CHARSET_REPLACE, in, step,
		   &pieces) == 0);
	assert(tn_slice_equal(tn_buffer_slice(&all),
	    tn_buffer_slice(&pieces)));
	assert(encode || tn_utf8_valid(tn_buffer_slice(&all)));
	check_limit(name, encode, in, all.len);

	r = whole(name, encode, TN_CHARSET_STRICT, in, &strict);
	assert(r == 0 || r == -EILSEQ || r == TN_ETRUNCATED);
	assert(r < 0 || tn_slice_equal(tn_buffer_slice(&all),
			    tn_buffer_slice(&strict)));
	tn_buffer_clear(&pieces);
	assert(in_pieces(name, encode, TN_CHARSET_STRICT, in, step, &pieces) ==
	    r);
	tn_buffer_free(&all);
	tn_buffer_free(&pieces);
	tn_buffer_free(&strict);
}

/* glibc drops U+E0000 to U+E007F, and the mark at the beginning of a text. */
static bool
comes_back(struct tn_slice text)
{
	static const struct tn_slice tags[] = { { "\xf3\xa0\x80", 3 },
		{ "\xf3\xa0\x81", 3 }, { "\xef\xbb\xbf", 3 } };

	for (size_t i = 0; i < TN_COUNT(tags); i++)
		if (tn_slice_search(text, tags[i]) >= 0)
			return false;
	return tn_utf8_valid(text);
}

static void
check_round(const char *name, struct tn_slice text)
{
	struct tn_buffer there = { 0 }, back = { 0 };

	assert(whole(name, true, TN_CHARSET_STRICT, text, &there) == 0);
	assert(whole(name, false, TN_CHARSET_STRICT, tn_buffer_slice(&there),
		   &back) == 0);
	assert(tn_slice_equal(tn_buffer_slice(&back), text));
	tn_buffer_free(&there);
	tn_buffer_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	uint8_t first = fuzz_byte(&in);
	size_t which = first % TN_COUNT(names), step = 1 + first / 16u % 5;

	if (size > 512)
		return 0;
	check_charset(names[which], false, in, step);
	check_charset(names[which], true, in, step);
	if (which < WHOLE && comes_back(in))
		check_round(names[which], in);
	return 0;
}
