/* A folder's listing: names change nothing but the text between the tags and
 * the strings, and the order does not depend on the order before.  The first
 * line is the query, each other one an entry: kind, size, time, name. */
#include <stdio.h>

#include "app/listing.h"
#include "fuzz/fuzz.h"

#define ENTRIES 12

/* ---- entries ----------------------------------------------------------- */

/* What a folder cannot hold: no name, one with a "/" or a NUL, one twice. */
static bool
is_possible(const struct tn_dir_entry *entries, size_t count,
    struct tn_slice name)
{
	if (name.len == 0 || tn_slice_find(name, '/') >= 0 ||
	    tn_slice_find(name, '\0') >= 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (tn_slice_equal(tn_slice_str(entries[i].name), name))
			return false;
	return true;
}

static size_t
read_entries(struct tn_slice in, struct tn_dir_entry *entries)
{
	size_t count = 0;

	while (in.data != NULL && count < ENTRIES) {
		struct tn_slice line = tn_slice_split(&in, '\n');
		struct tn_dir_entry *e = &entries[count];
		uint8_t kind = fuzz_byte(&line), size = fuzz_byte(&line);

		*e = (struct tn_dir_entry){ 0 };
		e->info.kind = kind & 1 ? TN_FILE_DIRECTORY : TN_FILE_REGULAR;
		e->info.size = (int64_t)((uint64_t)size << kind % 56);
		e->info.modified_ns = (int8_t)fuzz_byte(&line) *
		    (TN_SECOND << 26);
		if (is_possible(entries, count, line)) {
			e->name = fuzz_string(line);
			count++;
		}
	}
	return count;
}

/* ---- what is written --------------------------------------------------- */

/* Everything but the text: tags, quotes, and for JSON what is outside of
 * strings. */
static void
skeleton(struct tn_slice text, bool json, struct tn_buffer *out)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (json && c == '"')
			quoted = !quoted;
		if (json && quoted && c == '\\')
			i++;
		else if (json ? !quoted : strchr("<>'\"", c) != NULL)
			fuzz_must(tn_buffer_append_byte(out, c));
	}
	assert(!quoted);
}

static void
render(const struct app_listing *listing, bool json, struct tn_buffer *out)
{
	struct tn_stream *s;
	struct tn_slice text;

	fuzz_must(tn_stream_memory(TN_SLICE(""), &s));
	assert((json ? app_listing_json : app_listing_html)(listing, s) == 0);
	text = tn_stream_output(s);
	assert(tn_utf8_valid(text));
	skeleton(text, json, out);
	tn_stream_free(s);
}

/* As a listing of the same shape in which all are called "x". */
static void
check_rendered(const struct app_listing *listing, bool json)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer ours = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer tame = { 0 };
	struct tn_dir_entry entries[ENTRIES];
	struct app_listing same = *listing;
	char x[] = "x";

	for (size_t i = 0; i < listing->count; i++) {
		entries[i] = listing->entries[i];
		entries[i].name = x;
	}
	same.entries = entries;
	same.name = TN_SLICE("x");
	same.path = same.path.len == 0 ? TN_SLICE("") : TN_SLICE("x/");
	render(listing, json, &ours);
	render(&same, json, &tame);
	assert(tn_slice_equal(tn_buffer_slice(&ours), tn_buffer_slice(&tame)));
}

static void
check_order(struct app_listing *listing)
{
	struct tn_dir_entry twins[ENTRIES];
	struct app_listing other = *listing;
	bool files = false;

	for (size_t i = 0; i < listing->count; i++)
		twins[listing->count - 1 - i] = listing->entries[i];
	other.entries = twins;
	app_listing_order(listing);
	app_listing_order(&other);
	for (size_t i = 0; i < listing->count; i++) {
		assert(listing->entries[i].name == twins[i].name);
		assert(!files ||
		    twins[i].info.kind != TN_FILE_DIRECTORY);
		files = twins[i].info.kind != TN_FILE_DIRECTORY;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size), query;
	struct tn_dir_entry entries[ENTRIES];
	struct app_listing listing = { .entries = entries };
	char *path = NULL;

	if (size > 512)
		return 0;
	query = tn_slice_split(&in, '\n');
	listing.count = read_entries(in, entries);
	app_listing_query(&listing, query);
	check_order(&listing);
	if (listing.count > 0) {
		struct tn_slice name = tn_slice_str(entries[0].name);

		listing.name = name;
		path = fuzz_string(name);
		path[name.len] = '/'; /* in place of the NUL */
		listing.path = tn_slice(path, name.len + 1);
	}
	check_rendered(&listing, false);
	check_rendered(&listing, true);
	free(path);
	while (listing.count > 0)
		free(entries[--listing.count].name);
	return 0;
}
