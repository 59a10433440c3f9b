/* What the targets share.  What a target asserts is what it is for: a crash
 * alone finds little. */
#ifndef TN_FUZZ_H
#define TN_FUZZ_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/number.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* For what fails only when the machine has no memory. */
static inline void
fuzz_must(int r)
{
	if (r < 0)
		abort();
}

/* Cuts the first byte off; 0 when there is none. */
static inline uint8_t
fuzz_byte(struct tn_slice *in)
{
	uint8_t byte = in->len > 0 ? (uint8_t)in->data[0] : 0;

	*in = tn_slice_skip(*in, 1);
	return byte;
}

/* A C string of its own size, up to the first NUL: reading beyond it is
 * seen.  free() it. */
static inline char *
fuzz_string(struct tn_slice text)
{
	char *string = malloc(text.len + 1);

	if (string == NULL)
		abort();
	if (text.len > 0)
		memcpy(string, text.data, text.len);
	string[text.len] = '\0';
	return string;
}

/* Does nothing in it move a cursor, ring a bell or turn the text round? */
static inline bool
fuzz_is_tame(struct tn_slice text)
{
	while (text.len > 0) {
		uint32_t c;
		int n = tn_utf8_decode(text, &c);

		if (n <= 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) ||
		    (c >= 0x2028 && c <= 0x202e) ||
		    (c >= 0x2066 && c <= 0x2069))
			return false;
		text = tn_slice_skip(text, (size_t)n);
	}
	return true;
}

#endif
