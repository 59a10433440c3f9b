/* Accept and its kin: the weight is in its range and does not depend on
 * letters' case, on white space around, or on the order of the elements. */
#include <tenon/text.h>

#include "fuzz/fuzz.h"

static const char *const types[] = { "text/html", "application/json", "gzip",
	"", "*" };

static void
check_case(struct tn_slice in, const char *type, int weight)
{
	char *other = fuzz_string(in);

	for (size_t i = 0; i < in.len; i++)
		if (tn_is_alpha(other[i]))
			other[i] ^= 0x20;
	assert(tn_accept_weight(tn_slice(other, in.len), type) == weight);
	free(other);
}

static void
check_reversed(struct tn_slice in, const char *type, int weight)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	size_t end = in.len, at = end;

	while (at > 0) {
		if (in.data[--at] != ',')
			continue;
		fuzz_must(tn_buffer_append(&out,
		    tn_slice(in.data + at + 1, end - at - 1)));
		fuzz_must(tn_buffer_append_byte(&out, ','));
		end = at;
	}
	fuzz_must(tn_buffer_append(&out, tn_slice_head(in, end)));
	assert(tn_accept_weight(tn_buffer_slice(&out), type) == weight);
}

static void
check_around(struct tn_slice in, const char *type, int weight)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };

	fuzz_must(tn_buffer_printf(&out, " \t%.*s\r\n ", (int)in.len,
	    in.len == 0 ? "" : in.data));
	if (tn_slice_find(in, '\0') < 0)
		assert(tn_accept_weight(tn_buffer_slice(&out), type) ==
		    weight);
}

/* One element more that says it all, or forbids. */
static void
check_more(struct tn_slice in, int weight)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };

	fuzz_must(tn_buffer_append_str(&out, "text/html, "));
	fuzz_must(tn_buffer_append(&out, in));
	assert(tn_accept_weight(tn_buffer_slice(&out), "text/html") == 1000);
	tn_buffer_clear(&out);
	fuzz_must(tn_buffer_append_str(&out, "a/b;q=0 , */*;q=0,"));
	fuzz_must(tn_buffer_append(&out, in));
	if (tn_slice_trim(in).len > 0)
		assert(tn_accept_weight(tn_buffer_slice(&out), "text/html") ==
		    weight);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);

	if (size > 512)
		return 0;
	for (size_t i = 0; i < TN_COUNT(types); i++) {
		int weight = tn_accept_weight(in, types[i]);

		assert(weight >= 0 && weight <= 1000);
		check_case(in, types[i], weight);
		check_around(in, types[i], weight);
		if (size > 0 && tn_slice_find(in, '"') < 0)
			check_reversed(in, types[i], weight);
	}
	check_more(in, tn_accept_weight(in, "text/html"));
	return 0;
}
