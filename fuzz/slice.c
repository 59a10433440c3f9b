/* Slices and buffers: as the naive way has it.  The first byte is the one that
 * is looked for, the second says how long the needle is. */
#include "fuzz/fuzz.h"

static ssize_t
find(struct tn_slice s, struct tn_slice needle)
{
	for (size_t i = 0; i + needle.len <= s.len; i++)
		if (tn_slice_equal(tn_slice(s.data + i, needle.len), needle))
			return (ssize_t)i;
	return -1;
}

static void
check_search(struct tn_slice s, struct tn_slice needle)
{
	struct tn_slice tail = tn_slice_skip(s, s.len - needle.len);

	assert(tn_slice_search(s, needle) == find(s, needle));
	assert(tn_slice_starts(s, needle) ==
	    tn_slice_equal(tn_slice_head(s, needle.len), needle));
	assert(tn_slice_ends(s, needle) ==
	    (needle.len <= s.len && tn_slice_equal(tail, needle)));
}

/* The parts, with the byte between them, are the whole again. */
static void
check_split(struct tn_slice s, char byte)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer again = { 0 };
	struct tn_slice rest = s;

	do {
		struct tn_slice part = tn_slice_split(&rest, byte);

		assert(tn_slice_find(part, byte) < 0);
		fuzz_must(tn_buffer_append(&again, part));
		if (rest.data != NULL)
			fuzz_must(tn_buffer_append_byte(&again, byte));
	} while (rest.data != NULL);
	assert(tn_slice_equal(tn_buffer_slice(&again), s));
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
check_trim(struct tn_slice s)
{
	struct tn_slice t = tn_slice_trim(s);

	for (const char *p = s.data; t.len > 0 && p < t.data; p++)
		assert(is_blank(*p));
	for (const char *p = t.data + t.len; t.len > 0 && p < s.data + s.len;
	     p++)
		assert(is_blank(*p));
	for (size_t i = 0; t.len == 0 && i < s.len; i++)
		assert(is_blank(s.data[i]));
	if (t.len > 0)
		assert(!is_blank(t.data[0]) && !is_blank(t.data[t.len - 1]));
}

static void
check_nocase(struct tn_slice s)
{
	char *other = fuzz_string(s);
	bool whole = strlen(other) == s.len;

	for (char *p = other; *p != '\0'; p++)
		if (tn_is_alpha(*p))
			*p ^= 0x20;
	assert(tn_slice_equal_nocase(s, other) == whole);
	if (s.len > 0)
		assert(!tn_slice_equal_nocase(tn_slice_head(s, s.len - 1),
		    other) || !whole);
	free(other);
}

/* Appended in pieces, dropped from the front: never beyond the limit. */
static void
check_buffer(struct tn_slice s, size_t step)
{
	struct tn_buffer b = { .max = s.len / 2 };
	size_t kept = 0;

	for (struct tn_slice rest = s; rest.len > 0;
	     rest = tn_slice_skip(rest, step)) {
		struct tn_slice piece = tn_slice_head(rest, step);
		size_t len = b.len;
		int r = tn_buffer_append(&b, piece);

		assert((r < 0) == (b.max > 0 && len + piece.len > b.max));
		assert(b.len == (r < 0 ? len : len + piece.len));
		assert(b.data == NULL || b.data[b.len] == '\0');
		if (r < 0)
			break;
		kept += piece.len;
	}
	assert(tn_slice_equal(tn_buffer_slice(&b), tn_slice_head(s, kept)));
	tn_buffer_drop(&b, step);
	assert(tn_slice_equal(tn_buffer_slice(&b),
	    tn_slice_skip(tn_slice_head(s, kept), step)));
	tn_buffer_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	char byte = (char)fuzz_byte(&in);
	size_t len = fuzz_byte(&in) % 16;

	if (size > 1024)
		return 0;
	check_search(in, tn_slice_head(in, len));
	check_search(tn_slice_skip(in, len), tn_slice_head(in, len));
	check_search(tn_slice_skip(in, 1), tn_slice_head(in, len));
	assert(tn_slice_find(in, byte) == find(in, tn_slice(&byte, 1)));
	check_split(in, byte);
	check_trim(in);
	check_nocase(in);
	check_buffer(in, len + 1);
	return 0;
}
