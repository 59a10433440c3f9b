/* application/x-www-form-urlencoded: the URL Standard, section 5. */
#include <errno.h>
#include <tenon/number.h>
#include <tenon/text.h>

#include "format/format.h"

/* A "%" without two hex digits stands for itself. */
static int
query_decode(struct tn_slice text, struct tn_buffer *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < text.len; i++) {
		char c = text.data[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%' && text.len - i > 2) {
			int high = tn_hex_value(text.data[i + 1]);
			int low = tn_hex_value(text.data[i + 2]);

			if (high >= 0 && low >= 0) {
				c = (char)(high << 4 | low);
				i += 2;
			}
		}
		r = tn_buffer_append_byte(out, c);
	}
	return r;
}

int
tn_query_next(struct tn_slice *rest, struct tn_buffer *name,
    struct tn_buffer *value)
{
	struct tn_slice pair = { NULL, 0 }, left = *rest, before;
	int r;

	while (pair.len == 0 && left.data != NULL)
		pair = tn_slice_split(&left, '&');
	if (pair.len == 0) {
		*rest = left;
		return 0;
	}
	tn_buffer_clear(name);
	tn_buffer_clear(value);
	before = tn_slice_split(&pair, '=');
	r = query_decode(before, name);
	if (r == 0)
		r = query_decode(pair, value);
	if (r < 0)
		return r;
	*rest = left;
	return 1;
}

/* What stands for itself: section 5.2. */
static bool
query_is_plain(char c)
{
	return tn_is_alpha(c) || tn_is_digit(c) || c == '*' || c == '-' ||
	    c == '.' || c == '_';
}

static int
query_encode(struct tn_slice text, struct tn_buffer *out)
{
	static const char hex[] = "0123456789ABCDEF";
	int r = 0;

	for (size_t i = 0; r == 0 && i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		char code[3] = { '%', hex[c >> 4], hex[c & 0xf] };

		if (c == ' ')
			r = tn_buffer_append_byte(out, '+');
		else if (query_is_plain((char)c))
			r = tn_buffer_append_byte(out, (char)c);
		else
			r = tn_buffer_append(out, tn_slice(code, 3));
	}
	return r;
}

int
tn_query_append(struct tn_buffer *out, struct tn_slice name,
    struct tn_slice value)
{
	size_t len = out->len;
	int r = len == 0 ? 0 : tn_buffer_append_byte(out, '&');

	if (r == 0)
		r = query_encode(name, out);
	if (r == 0)
		r = tn_buffer_append_byte(out, '=');
	if (r == 0)
		r = query_encode(value, out);
	return r < 0 ? tn__format_undo(out, len, r) : 0;
}
