#include "unit/base/check.h"

#include <tenon/number.h>
#include <tenon/stream.h>
#include <tenon/text.h>

#include "app/listing.h"

/* ---- order ------------------------------------------------------------- */

#define DIRECTORY { .kind = TN_FILE_DIRECTORY }
#define FILE_OF(bytes, seconds)                           \
	{                                                 \
		.kind = TN_FILE_REGULAR, .size = (bytes), \
		.modified_ns = (seconds)*TN_SECOND        \
	}

static const struct order_row {
	const char *name, *query, *order;
} order_rows[] = {
	{ "by name", "", "adir Bdir file1 file2 File10 file010 zz" },
	{ "by name, turned", "sort=name&order=desc",
	    "Bdir adir zz file010 File10 file2 file1" },
	{ "by size", "sort=size", "adir Bdir file2 zz File10 file1 file010" },
	{ "by size, largest first", "order=desc&sort=size",
	    "adir Bdir file010 file1 File10 zz file2" },
	{ "by time", "sort=modified", "adir Bdir file1 zz File10 file2 file010" },
	{ "by time, newest first", "x&sort=modified&order=desc&",
	    "adir Bdir file010 file2 File10 zz file1" },
	{ "by nothing we know", "sort=colour&order=&sort", "adir Bdir file1" },
};

static void
test_order(void **state)
{
	const struct order_row *row = *state;
	struct tn_dir_entry entries[] = {
		{ (char *)(uintptr_t) "File10", FILE_OF(30, 5), false },
		{ (char *)(uintptr_t) "file010", FILE_OF(50, 9), false },
		{ (char *)(uintptr_t) "zz", FILE_OF(20, 4), false },
		{ (char *)(uintptr_t) "Bdir", DIRECTORY, false },
		{ (char *)(uintptr_t) "file2", FILE_OF(10, 7), false },
		{ (char *)(uintptr_t) "file1", FILE_OF(40, 3), false },
		{ (char *)(uintptr_t) "adir", DIRECTORY, false },
	};
	struct app_listing listing = { .entries = entries,
		.count = TN_COUNT(entries) };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer order = { 0 };

	app_listing_query(&listing, tn_slice_str(row->query));
	app_listing_order(&listing);
	for (size_t i = 0; i < listing.count; i++)
		assert_int_equal(tn_buffer_printf(&order, "%s%s",
		    i > 0 ? " " : "", entries[i].name), 0);
	/* Enough of the order to tell it from the others. */
	order.data[strlen(row->order)] = '\0';
	assert_string_equal(order.data, row->order);
}

/* ---- hostile names ----------------------------------------------------- */

static const struct name_row {
	const char *name, *bytes, *html, *json;
} name_rows[] = {
	{ "plain", "a b.txt", "<a href='./a%20b.txt'>",
	    "\"name\": \"a b.txt\"" },
	{ "markup", "<script>x</script>", "&lt;script&gt;x&lt;/script&gt;",
	    "\"href\": \"./%3Cscript%3Ex%3C/script%3E\"" },
	{ "quotes", "a'b\"c", "href='./a%27b%22c'", "\"name\": \"a'b\\\"c\"" },
	{ "quotes as text", "a'b\"c", "<span>a&#39;b&quot;c</span>",
	    "\"a'b\\\"c\"" },
	{ "line end", "a\nb", "href='./a%0Ab'", "\"name\": \"a\\nb\"" },
	{ "not UTF-8", "a\xff", "href='./a%FF'", "\"href\": \"./a%FF\"" },
	{ "not UTF-8, as text", "a\xff", "<span>a\xef\xbf\xbd</span>",
	    "\"name\": \"a\xef\xbf\xbd\"" },
	{ "percent", "100%25", "href='./100%2525'",
	    "\"href\": \"./100%2525\"" },
	{ "a scheme", "javascript:alert(1)",
	    "href='./javascript%3Aalert%281%29'", "\"href\": \"./javascript%3A" },
	{ "query and fragment", "a?b#c", "href='./a%3Fb%23c'",
	    "\"href\": \"./a%3Fb%23c\"" },
	{ "not Latin", "\xe5\x9b\xbe", "href='./%E5%9B%BE'",
	    "\"name\": \"\xe5\x9b\xbe\"" },
};

typedef int render(const struct app_listing *listing, struct tn_stream *out);

static struct tn_slice
rendered(render *function, const struct app_listing *listing,
    struct tn_stream **ret)
{
	assert_int_equal(tn_stream_memory(TN_SLICE(""), ret), 0);
	assert_int_equal(function(listing, *ret), 0);
	return tn_stream_output(*ret);
}

static void
assert_holds(struct tn_slice text, const char *part)
{
	if (tn_slice_search(text, tn_slice_str(part)) < 0)
		fail_msg("no %s in %.*s", part, (int)text.len, text.data);
}

static void
test_name(void **state)
{
	const struct name_row *row = *state;
	struct tn_dir_entry entry = { (char *)(uintptr_t)row->bytes,
		FILE_OF(1536, 1515627155), false };
	struct app_listing listing = {
		.name = TN_SLICE("Photos"), .entries = &entry, .count = 1
	};
	TN_CLEANUP(tn_stream_freep) struct tn_stream *html = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *json = NULL;
	struct tn_slice text = rendered(app_listing_html, &listing, &html);

	assert_true(tn_utf8_valid(text));
	assert_holds(text, row->html);
	assert_true(tn_slice_search(text, TN_SLICE("<script")) < 0);
	assert_holds(text, "datetime='2018-01-10T23:32:35Z'");
	assert_holds(text, "1.5 KiB");

	text = rendered(app_listing_json, &listing, &json);
	assert_true(tn_utf8_valid(text));
	assert_holds(text, row->json);
	assert_holds(text, "\"size\": 1536, \"modified\": "
			   "\"2018-01-10T23:32:35Z\"");
}

/* ---- the page ---------------------------------------------------------- */

static const struct page_row {
	const char *name, *path, *part;
} page_rows[] = {
	{ "the root has no parent", "", "<h1>Ph&amp;os</h1>" },
	{ "title of the root", "", "<title>Ph&amp;os</title>" },
	{ "title of a folder", "a/<b>/", "<title>&lt;b&gt;</title>" },
	{ "first crumb", "a/b/", "<h1><a href='../../'>Ph&amp;os</a>" },
	{ "next crumb", "a/b/", "<a href='../'>a</a>" },
	{ "last crumb", "a/b/", "<wbr>b</h1>" },
	{ "up", "a/", "<a href='../'><svg aria-hidden='true'>"
		      "<use href='#up'/></svg>" },
	{ "empty", "a/", "Nothing in this folder yet." },
	{ "empty root", "", "Nothing in this folder yet." },
	{ "sorted by name", "a/", "aria-sort='ascending'>"
				  "<a href='?sort=name&amp;order=desc'>" },
	{ "may be sorted by size", "a/", "<a href='?sort=size&amp;order=asc'>" },
};

static void
test_page(void **state)
{
	const struct page_row *row = *state;
	struct app_listing listing = { .name = TN_SLICE("Ph&os"),
		.path = tn_slice_str(row->path) };
	TN_CLEANUP(tn_stream_freep) struct tn_stream *out = NULL;
	struct tn_slice text = rendered(app_listing_html, &listing, &out);

	assert_holds(text, row->part);
	assert_true((tn_slice_search(text, TN_SLICE("Parent folder")) >= 0) ==
	    (row->path[0] != '\0'));
	assert_true(tn_slice_starts(text, TN_SLICE("<!doctype html>")));
}

static void
test_folders(void **state)
{
	struct tn_dir_entry entries[] = {
		{ (char *)(uintptr_t) "in", DIRECTORY, false },
		{ (char *)(uintptr_t) "out.tar", FILE_OF(512, -1), false },
		{ (char *)(uintptr_t) "x.png", FILE_OF(512, 0), true },
	};
	struct app_listing listing = {
		.entries = entries, .count = 3, .truncated = true
	};
	TN_CLEANUP(tn_stream_freep) struct tn_stream *html = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *json = NULL;
	struct tn_slice text = rendered(app_listing_html, &listing, &html);

	assert_holds(text, "1 folder, 2 files, 1.0 KiB");
	assert_holds(text, "<tr class='folder'><td class='name'>"
			   "<a href='./in/'>");
	assert_holds(text, "href='#archive'");
	assert_holds(text, "href='#image'");
	assert_holds(text, "1969-12-31T23:59:59Z");
	assert_holds(text, "Only the first 3 are shown.");

	text = rendered(app_listing_json, &listing, &json);
	assert_holds(text, "\"truncated\": true");
	assert_holds(text, "{\"name\": \"in\", \"kind\": \"directory\", "
			   "\"modified\": \"1970-01-01T00:00:00Z\", "
			   "\"href\": \"./in/\"}");
}

/* A stream that fails ends the work, and its error is the result. */
static void
test_failing(void **state)
{
	struct tn_dir_entry entry = { (char *)(uintptr_t) "a",
		FILE_OF(1, 1), false };
	struct app_listing listing = { .entries = &entry, .count = 1 };
	TN_CLEANUP(tn_stream_freep) struct tn_stream *out = NULL;

	for (int n = 0; n < 3; n++) {
		assert_int_equal(tn_stream_memory(TN_SLICE(""), &out), 0);
		check_fail_after(n);
		assert_int_equal(app_listing_html(&listing, out), -ENOMEM);
		assert_int_equal(app_listing_json(&listing, out), -ENOMEM);
		check_fail_after(-1);
		tn_stream_free(TN_TAKE(out));
	}
}

int
main(void)
{
	static const struct CMUnitTest rest[] = {
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_failing),
	};

	return CHECK_ROWS(order_rows, test_order) +
	    CHECK_ROWS(name_rows, test_name) +
	    CHECK_ROWS(page_rows, test_page) +
	    cmocka_run_group_tests(rest, NULL, NULL);
}
