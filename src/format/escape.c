#include <tenon/number.h>

#include "format/format.h"

int
tn__format_escape(struct tn_slice text, tn__format_substitute *substitute,
    struct tn_buffer *out)
{
	size_t len = out->len, run = 0; /* bytes that stand for themselves */
	int r = 0;

	while (run < text.len && r == 0) {
		uint32_t code = TN__FORMAT_INVALID;
		int n = tn_utf8_decode(tn_slice_skip(text, run), &code);
		size_t used = n > 0 ? (size_t)n : 1;
		char scratch[8];
		const char *instead = substitute(code, scratch);

		if (instead == NULL) {
			run += used;
			continue;
		}
		r = tn_buffer_append(out, tn_slice_head(text, run));
		if (r == 0)
			r = tn_buffer_append_str(out, instead);
		text = tn_slice_skip(text, run + used);
		run = 0;
	}
	if (r == 0)
		r = tn_buffer_append(out, text);
	return r < 0 ? tn__format_undo(out, len, r) : 0;
}
