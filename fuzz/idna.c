/* Names of hosts: what comes out is ASCII without what ends a host in a URL, or
 * all of it was ASCII before; once more it is the same; within its limit. */
#include <tenon/error.h>
#include <tenon/idna.h>

#include "fuzz/fuzz.h"

static bool
is_plain(struct tn_slice text, bool strict)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x80)
			return false;
		if (strict && (c <= ' ' || c == 0x7f ||
		    memchr("#/:<>?@[\\]^|%", c, 13) != NULL))
			return false;
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	struct tn_buffer out = { 0 }, again = { 0 };
	int r = tn_idna_to_ascii(in, &out);

	if (r < 0) {
		assert(out.len == 0 && tn_error_code() == r);
		assert(is_plain(tn_slice_str(tn_error_text()), false) ||
		    tn_utf8_valid(tn_slice_str(tn_error_text())));
		tn_buffer_free(&out);
		return 0;
	}
	assert(out.len > 0);
	assert(tn_slice_find(tn_buffer_slice(&out), ' ') < 0);
	assert(is_plain(tn_buffer_slice(&out), !is_plain(in, false)));
	if (out.len <= TN_IDNA_BYTES_MAX) {
		assert(tn_idna_to_ascii(tn_buffer_slice(&out), &again) == 0);
		assert(tn_slice_equal(tn_buffer_slice(&out),
		    tn_buffer_slice(&again)));
	}
	again.max = out.len - 1;
	tn_buffer_clear(&again);
	if (again.max > 0)
		assert(tn_idna_to_ascii(in, &again) == TN_ELIMIT);
	tn_buffer_free(&out);
	tn_buffer_free(&again);
	return 0;
}
