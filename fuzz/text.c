/* HTML and JSON: text that was escaped stays inside its element, attribute or
 * string, and reads as the same; and the type of a file name. */
#include <tenon/text.h>

#include "fuzz/fuzz.h"

static const struct reference {
	const char *name, *stands_for;
} html[] = {
	{ "&amp;", "&" },
	{ "&lt;", "<" },
	{ "&gt;", ">" },
	{ "&quot;", "\"" },
	{ "&#39;", "'" },
	{ NULL, NULL },
}, json[] = {
	{ "\\\"", "\"" },
	{ "\\\\", "\\" },
	{ "\\b", "\b" },
	{ "\\f", "\f" },
	{ "\\n", "\n" },
	{ "\\r", "\r" },
	{ "\\t", "\t" },
	{ NULL, NULL },
};

/* Takes the references back; `*text` begins with one. */
static char
resolve(const struct reference *table, struct tn_slice *text)
{
	for (; table->name != NULL; table++) {
		size_t len = strlen(table->name);

		if (!tn_slice_starts(*text, tn_slice_str(table->name)))
			continue;
		*text = tn_slice_skip(*text, len);
		return table->stands_for[0];
	}
	assert(tn_slice_starts(*text, TN_SLICE("\\u00")) && text->len >= 6);
	*text = tn_slice_skip(*text, 6);
	return (char)(tn_hex_value(text->data[-2]) * 16 +
	    tn_hex_value(text->data[-1]));
}

/* `text`, taken back, is `in` wherever that was good text. */
static void
check_back(const struct reference *table, struct tn_slice text,
    struct tn_slice in)
{
	static const char replaced[] = "\xef\xbf\xbd";

	while (text.len > 0) {
		uint32_t code;
		int n = tn_utf8_decode(in, &code);
		struct tn_slice shown = tn_slice_head(text, 3);
		char c = text.data[0];

		assert(in.len > 0);
		if (c == table->name[0]) {
			c = resolve(table, &text);
			assert(c == in.data[0]);
			in = tn_slice_skip(in, 1);
			continue;
		}
		if (n <= 0 || (table == html && (code < 0x20 ||
		    (code >= 0x7f && code <= 0x9f)) && code != '\t' &&
		    code != '\n')) {
			assert(tn_slice_equal(shown, tn_slice_str(replaced)));
			text = tn_slice_skip(text, 3);
			in = tn_slice_skip(in, n > 0 ? (size_t)n : 1);
			continue;
		}
		assert(tn_slice_equal(tn_slice_head(text, (size_t)n),
		    tn_slice_head(in, (size_t)n)));
		text = tn_slice_skip(text, (size_t)n);
		in = tn_slice_skip(in, (size_t)n);
	}
	assert(in.len == 0);
}

static void
check_html(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };

	fuzz_must(tn_html_escape(in, &out));
	assert(tn_utf8_valid(tn_buffer_slice(&out)));
	for (size_t i = 0; i < out.len; i++)
		assert(strchr("<>\"'", out.data[i]) == NULL);
	check_back(html, tn_buffer_slice(&out), in);
}

static void
check_json(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };

	fuzz_must(tn_json_string(in, &out));
	assert(tn_utf8_valid(tn_buffer_slice(&out)));
	assert(out.len >= 2 && out.data[0] == '"' &&
	    out.data[out.len - 1] == '"');
	for (size_t i = 1; i < out.len - 1; i++) {
		assert((unsigned char)out.data[i] >= 0x20);
		assert(out.data[i] != '"');
		if (out.data[i] == '\\')
			i++;
	}
	check_back(json, tn_slice(out.data + 1, out.len - 2), in);
}

/* A limit leaves what was there. */
static void
check_limit(struct tn_slice in)
{
	struct tn_buffer out = { .max = in.len / 2 + 1 };

	if (tn_html_escape(in, &out) < 0)
		assert(out.len == 0);
	tn_buffer_clear(&out);
	if (tn_json_string(in, &out) < 0)
		assert(out.len == 0);
	tn_buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);

	if (size > 1024)
		return 0;
	assert(strchr(tn_mime_type(in), '/') != NULL);
	check_html(in);
	check_json(in);
	check_limit(in);
	return 0;
}
