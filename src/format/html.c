#include <tenon/text.h>

#include "format/format.h"

#define HTML_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static const char *
html_substitute(uint32_t code, char scratch[8])
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
		return NULL;
	case TN__FORMAT_INVALID:
		return HTML_REPLACEMENT;
	default:
		return code < 0x20 || (code >= 0x7f && code <= 0x9f)
		    ? HTML_REPLACEMENT
		    : NULL;
	}
}

int
tn_html_escape(struct tn_slice text, struct tn_buffer *out)
{
	return tn__format_escape(text, html_substitute, out);
}
