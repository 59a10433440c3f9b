#include <tenon/text.h>

#include "base/hidden.h"
#include "format/format.h"

/* RFC 8259 section 7.  Beyond what it asks for, what a terminal would obey or a
 * person not see is escaped: JSON is written to logs too. */
static const char *
json_substitute(uint32_t code, char scratch[8])
{
	static const char hex[] = "0123456789abcdef";

	switch (code) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	case TN__FORMAT_INVALID:
		return "\xef\xbf\xbd"; /* U+FFFD */
	default:
		if (code >= 0x20 && code != 0x7f && !tn__buffer_is_hidden(code))
			return NULL;
		memcpy(scratch, "\\u", 2);
		for (int i = 0; i < 4; i++)
			scratch[2 + i] = hex[(code >> (12 - 4 * i)) & 15];
		scratch[6] = '\0';
		return scratch;
	}
}

int
tn_json_string(struct tn_slice text, struct tn_buffer *out)
{
	size_t len = out->len;
	int r = tn_buffer_append_byte(out, '"');

	if (r == 0)
		r = tn__format_escape(text, json_substitute, out);
	if (r == 0)
		r = tn_buffer_append_byte(out, '"');
	return r < 0 ? tn__format_undo(out, len, r) : 0;
}
