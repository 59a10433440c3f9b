/* Percent-encoding, and paths of URLs: what is decoded stays decoded, and no
 * path leads anywhere but down. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/text.h>

#include "fuzz/fuzz.h"

#define BEFORE TN_SLICE("before")

static void
check_encode(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer code = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer back = { 0 };

	fuzz_must(tn_percent_encode(in, "/", &code));
	assert(code.len >= in.len && code.len <= 3 * in.len);
	for (size_t i = 0; i < code.len; i++)
		assert(tn_is_alpha(code.data[i]) ||
		    tn_is_digit(code.data[i]) ||
		    strchr("-._~/%", code.data[i]) != NULL);
	assert(tn_percent_decode(tn_buffer_slice(&code), &back) == 0);
	assert(tn_slice_equal(tn_buffer_slice(&back), in));
}

/* Each "%" has its two digits, or nothing is decoded at all. */
static void
check_decode(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	struct tn_slice got;
	size_t at = 0;
	int r;

	fuzz_must(tn_buffer_append(&out, BEFORE));
	r = tn_percent_decode(in, &out);
	assert(tn_slice_starts(tn_buffer_slice(&out), BEFORE));
	got = tn_slice_skip(tn_buffer_slice(&out), BEFORE.len);
	if (r < 0) {
		assert(r == -EINVAL && got.len == 0);
		assert(fuzz_is_tame(tn_slice_str(tn_error_text())));
		return;
	}
	for (size_t i = 0; i < in.len; i++, at++) {
		int c = (unsigned char)in.data[i];

		if (c == '%') {
			assert(in.len - i > 2);
			c = tn_hex_value(in.data[i + 1]) * 16 +
			    tn_hex_value(in.data[i + 2]);
			i += 2;
		}
		assert(c == (unsigned char)got.data[at]);
	}
	assert(at == got.len);
}

static void
check_parts(struct tn_slice path)
{
	bool folder = tn_slice_ends(path, TN_SLICE("/"));

	if (folder)
		path.len--;
	while (path.data != NULL && (path.len > 0 || folder)) {
		struct tn_slice part = tn_slice_split(&path, '/');

		assert(part.len > 0 && tn_slice_find(part, '\0') < 0);
		assert(!tn_slice_equal(part, TN_SLICE(".")));
		assert(!tn_slice_equal(part, TN_SLICE("..")));
	}
}

static void
check_path(struct tn_slice in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer code = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer again = { 0 };
	struct tn_slice path;
	int r;

	fuzz_must(tn_buffer_append(&out, BEFORE));
	r = tn_path_from_url(in, &out);
	assert(tn_slice_starts(tn_buffer_slice(&out), BEFORE));
	path = tn_slice_skip(tn_buffer_slice(&out), BEFORE.len);
	if (r < 0) {
		assert((r == -EINVAL || r == TN_EESCAPE) && path.len == 0);
		return;
	}
	assert(path.len <= in.len);
	check_parts(path);

	/* Resolved once, resolved for good. */
	fuzz_must(tn_percent_encode(path, "/", &code));
	assert(tn_path_from_url(tn_buffer_slice(&code), &again) == 0);
	assert(tn_slice_equal(tn_buffer_slice(&again), path));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);

	if (size > 1024)
		return 0;
	check_encode(in);
	check_decode(in);
	check_path(in);
	return 0;
}
