/* Percent-encoding, paths, HTML, JSON, types and Accept: each on the same text,
 * and what holds of every result. */
#include <assert.h>
#include <tenon/number.h>
#include <tenon/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_percent(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer code = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer back = { 0 };
	int r = tn_percent_encode(in, "/", &code);

	assert(r == 0);
	r = tn_percent_decode(tn_buffer_slice(&code), &back);
	assert(r == 0 && tn_slice_equal(tn_buffer_slice(&back), in));

	tn_buffer_clear(&back);
	r = tn_percent_decode(in, &back);
	assert(back.len <= in.len && (r == 0 || back.len == 0));
}

/* No part of it is empty, "." or "..", so it leads nowhere but down. */
static void
check_path(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	int r = tn_path_from_url(in, &out);
	struct tn_slice rest = tn_buffer_slice(&out);

	assert(r == 0 || out.len == 0);
	assert(out.len <= in.len);
	while (rest.len > 0) {
		struct tn_slice part = tn_slice_split(&rest, '/');

		assert(part.len > 0 && tn_slice_find(part, '\0') < 0);
		assert(!tn_slice_equal(part, TN_SLICE(".")));
		assert(!tn_slice_equal(part, TN_SLICE("..")));
	}
}

static void
check_html(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	int r = tn_html_escape(in, &out);

	assert(r == 0 && tn_utf8_valid(tn_buffer_slice(&out)));
	for (size_t i = 0; i < out.len; i++)
		assert(strchr("<>\"'", out.data[i]) == NULL);
}

static void
check_json(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	int r = tn_json_string(in, &out);

	assert(r == 0 && tn_utf8_valid(tn_buffer_slice(&out)));
	assert(out.len >= 2 && out.data[0] == '"');
	for (size_t i = 1; i < out.len - 1; i++) {
		assert((unsigned char)out.data[i] >= 0x20);
		assert(out.data[i] != '"');
		if (out.data[i] == '\\')
			i++;
	}
	assert(out.data[out.len - 1] == '"');
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	int weight = tn_accept_weight(in, "text/html");

	assert(weight >= 0 && weight <= 1000);
	assert(strchr(tn_mime_type(in), '/') != NULL);
	check_percent(in);
	check_path(in);
	check_html(in);
	check_json(in);
	return 0;
}
