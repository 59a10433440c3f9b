#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/text.h>

#include "format/format.h"

static int
percent_bad(struct tn_slice text)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn_slice start = tn_slice_head(text, 3);

	if (tn_buffer_append_escaped(&shown, start) < 0)
		tn_buffer_clear(&shown);
	return tn_error_set(-EINVAL,
	    "percent-encoding: \"%s\" is no \"%%\" and two hex digits; "
	    "a percent sign itself is \"%%25\"",
	    shown.len > 0 ? shown.data : "");
}

int
tn_percent_decode(struct tn_slice text, struct tn_buffer *out)
{
	size_t len = out->len;
	ssize_t at;
	int r;

	while ((at = tn_slice_find(text, '%')) >= 0) {
		struct tn_slice code = tn_slice_skip(text, (size_t)at);
		int high, low;

		high = code.len < 3 ? -1 : tn_hex_value(code.data[1]);
		low = code.len < 3 ? -1 : tn_hex_value(code.data[2]);
		if (high < 0 || low < 0)
			return tn__format_undo(out, len, percent_bad(code));
		r = tn_buffer_append(out, tn_slice_head(text, (size_t)at));
		if (r == 0)
			r = tn_buffer_append_byte(out,
			    (char)(high << 4 | low));
		if (r < 0)
			return tn__format_undo(out, len, r);
		text = tn_slice_skip(code, 3);
	}
	r = tn_buffer_append(out, text);
	return r < 0 ? tn__format_undo(out, len, r) : 0;
}

/* RFC 3986 section 2.3. */
static bool
percent_is_unreserved(char c)
{
	return tn_is_alpha(c) || tn_is_digit(c) || c == '-' || c == '.' ||
	    c == '_' || c == '~';
}

int
tn_percent_encode(struct tn_slice bytes, const char *safe,
    struct tn_buffer *out)
{
	static const char hex[] = "0123456789ABCDEF";
	struct tn_slice also = tn_slice_str(safe);
	size_t len = out->len;
	int r = tn_buffer_append(out, tn_slice(NULL, 0));

	for (size_t i = 0; i < bytes.len && r == 0; i++) {
		char c = bytes.data[i];
		char code[3] = { '%', hex[(unsigned char)c >> 4],
			hex[c & 15] };

		if (percent_is_unreserved(c) || tn_slice_find(also, c) >= 0)
			r = tn_buffer_append_byte(out, c);
		else
			r = tn_buffer_append(out, tn_slice(code, 3));
	}
	return r < 0 ? tn__format_undo(out, len, r) : 0;
}
