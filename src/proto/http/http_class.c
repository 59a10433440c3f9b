#include <string.h>

#include "proto/http/http_class.h"

#define K TN__HTTP_TOKEN
#define V TN__HTTP_VALUE
#define T TN__HTTP_TARGET
#define H TN__HTTP_REGNAME

/* A target may hold what RFC 3986 allows, and beyond that \ ^ ` { | }, which
 * browsers leave as they are in a query.  What every browser encodes (" < >)
 * and what begins a fragment (#) is refused, and so are spaces, control
 * characters and bytes that are not ASCII. */
const unsigned char tn__http_class[256] = {
	['\t'] = V,
	[' '] = V,
	['!'] = K | V | T | H,
	['"'] = V,
	['#'] = K | V,
	['$'] = K | V | T | H,
	['%'] = K | V | T,
	['&'] = K | V | T | H,
	['\''] = K | V | T | H,
	['('] = V | T | H,
	[')'] = V | T | H,
	['*'] = K | V | T | H,
	['+'] = K | V | T | H,
	[','] = V | T | H,
	['-'] = K | V | T | H,
	['.'] = K | V | T | H,
	['/'] = V | T,
	['0' ... '9'] = K | V | T | H,
	[':'] = V | T,
	[';'] = V | T | H,
	['<'] = V,
	['='] = V | T | H,
	['>'] = V,
	['?'] = V | T,
	['@'] = V | T,
	['A' ... 'Z'] = K | V | T | H,
	['['] = V | T,
	['\\'] = V | T,
	[']'] = V | T,
	['^'] = K | V | T,
	['_'] = K | V | T | H,
	['`'] = K | V | T,
	['a' ... 'z'] = K | V | T | H,
	['{'] = V | T,
	['|'] = K | V | T,
	['}'] = V | T,
	['~'] = K | V | T | H,
	[0x80 ... 0xff] = V, /* obs-text */
};

/* True when one of eight bytes is a control character (HTAB too). */
static bool
class_has_control(const char *bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, del;

	memcpy(&x, bytes, sizeof(x));
	del = x ^ (0x7f * ones);
	return (((x - 0x20 * ones) & ~x) | ((del - ones) & ~del)) &
	    (0x80 * ones);
}

size_t
tn__http_value_run(struct tn_slice text)
{
	size_t n = 0;

	while (text.len - n >= 8 && !class_has_control(text.data + n))
		n += 8;
	while (n < text.len && tn__http_is(text.data[n], TN__HTTP_VALUE))
		n++;
	return n;
}
