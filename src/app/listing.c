#include <stdio.h>
#include <stdlib.h>
#include <tenon/date.h>
#include <tenon/number.h>
#include <tenon/text.h>

#include "app/listing.h"
#include "app/page.h"

/* ---- order -------------------------------------------------------------- */

static const struct listing_column {
	const char *key, *heading, *class_name;
} listing_columns[] = {
	[APP_SORT_NAME] = { "name", "Name", "name" },
	[APP_SORT_SIZE] = { "size", "Size", "size" },
	[APP_SORT_MODIFIED] = { "modified", "Modified", "when" },
};

void
app_listing_query(struct app_listing *listing, struct tn_slice query)
{
	while (query.data != NULL) {
		struct tn_slice value = tn_slice_split(&query, '&');
		struct tn_slice key = tn_slice_split(&value, '=');

		if (tn_slice_equal(key, TN_SLICE("order")))
			listing->descending =
			    tn_slice_equal(value, TN_SLICE("desc"));
		if (!tn_slice_equal(key, TN_SLICE("sort")))
			continue;
		for (size_t i = 0; i < TN_COUNT(listing_columns); i++)
			if (tn_slice_equal(value,
				tn_slice_str(listing_columns[i].key)))
				listing->sort = (enum app_listing_sort)i;
	}
}

/* Digits of equal value compare by their number of zeros in the end, in
 * listing_compare_names(). */
static int
listing_compare_digits(const char **a, const char **b)
{
	const char *x = *a + strspn(*a, "0"), *y = *b + strspn(*b, "0");
	size_t m = strspn(x, "0123456789"), n = strspn(y, "0123456789");

	*a = x + m;
	*b = y + n;
	if (m != n)
		return m < n ? -1 : 1;
	return memcmp(x, y, m);
}

static int
listing_compare_names(const char *a, const char *b)
{
	const char *x = a, *y = b;
	int r = 0;

	while (r == 0 && *x != '\0' && *y != '\0') {
		if (tn_is_digit(*x) && tn_is_digit(*y)) {
			r = listing_compare_digits(&x, &y);
		} else {
			r = (unsigned char)tn_lower(*x++) -
			    (unsigned char)tn_lower(*y++);
		}
	}
	if (r == 0)
		r = (*x != '\0') - (*y != '\0');
	return r != 0 ? r : strcmp(a, b);
}

static int
listing_compare(const void *x, const void *y, void *arg)
{
	const struct tn_dir_entry *a = x, *b = y;
	const struct app_listing *listing = arg;
	int64_t m = 0, n = 0;

	if (a->info.kind != b->info.kind)
		return a->info.kind == TN_FILE_DIRECTORY ? -1 : 1;
	if (listing->sort == APP_SORT_SIZE &&
	    a->info.kind != TN_FILE_DIRECTORY) {
		m = a->info.size;
		n = b->info.size;
	} else if (listing->sort == APP_SORT_MODIFIED) {
		m = a->info.modified_ns;
		n = b->info.modified_ns;
	}
	if (m != n)
		return (m < n) != listing->descending ? -1 : 1;
	m = listing_compare_names(a->name, b->name);
	return listing->sort == APP_SORT_NAME && listing->descending ? (int)-m :
								       (int)m;
}

void
app_listing_order(struct app_listing *listing)
{
	if (listing->count > 1)
		qsort_r(listing->entries, listing->count,
		    sizeof(*listing->entries), listing_compare, listing);
}

/* ---- what both forms show ----------------------------------------------- */

static int64_t
listing_seconds(const struct tn_file_info *info)
{
	int64_t ns = info->modified_ns;

	return ns / TN_SECOND - (ns % TN_SECOND < 0);
}

#define LISTING_TIME_SIZE 32

static const char *
listing_time(const struct tn_file_info *info, char out[LISTING_TIME_SIZE])
{
	struct tn_date d;

	tn_date_utc(listing_seconds(info), &d);
	snprintf(out, LISTING_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    d.year, d.month, d.day, d.hour, d.minute, d.second);
	return out;
}

/* A relative reference: "./" keeps a colon in the name from making a scheme. */
static void
listing_href(struct app_page *page, const struct tn_dir_entry *entry)
{
	app_page_put(page, "./");
	app_page_path(page, tn_slice_str(entry->name));
	if (entry->info.kind == TN_FILE_DIRECTORY)
		app_page_put(page, "/");
}

/* ---- the page ----------------------------------------------------------- */

/* Cuts the next segment off a path that ends in "/". */
static struct tn_slice
listing_segment(struct tn_slice *path)
{
	struct tn_slice segment = tn_slice_split(path, '/');

	if (path->len == 0)
		path->data = NULL;
	return segment;
}

/* The way down to here; every step but the last leads back up. */
static void
listing_crumbs(struct app_page *page, const struct app_listing *listing)
{
	struct tn_slice rest = listing->path;
	size_t depth = 0;

	for (size_t i = 0; i < rest.len; i++)
		depth += rest.data[i] == '/';
	app_page_put(page, "<h1>");
	for (size_t i = depth;; i--) {
		struct tn_slice step =
		    i == depth ? listing->name : listing_segment(&rest);

		if (i > 0)
			app_page_put(page, "<a href='");
		for (size_t up = 0; up < i; up++)
			app_page_put(page, "../");
		if (i > 0)
			app_page_put(page, "'>");
		app_page_text(page, step);
		if (i == 0)
			break;
		app_page_put(page, "</a><span class='slash'>/</span><wbr>");
	}
	app_page_put(page, "</h1>\n");
}

static void
listing_count(struct app_page *page, size_t count, const char *one)
{
	app_page_printf(page, "%zu %s%s", count, one, count == 1 ? "" : "s");
}

static void
listing_sum(struct app_page *page, const struct app_listing *listing)
{
	size_t folders = 0, files;
	uint64_t bytes = 0;
	char size[16];

	for (size_t i = 0; i < listing->count; i++)
		if (listing->entries[i].info.kind == TN_FILE_DIRECTORY)
			folders++;
		else
			bytes += (uint64_t)listing->entries[i].info.size;
	files = listing->count - folders;
	app_page_put(page, "<p class='sum'>");
	if (folders > 0)
		listing_count(page, folders, "folder");
	if (folders > 0 && files > 0)
		app_page_put(page, ", ");
	if (files > 0) {
		listing_count(page, files, "file");
		app_page_printf(page, ", %s", tn_format_size(size, bytes));
	}
	app_page_put(page, "</p>\n");
}

/* A heading sorts by its column, or turns the order round. */
static void
listing_heading(struct app_page *page, const struct app_listing *listing,
    enum app_listing_sort sort)
{
	const struct listing_column *c = &listing_columns[sort];
	bool now = listing->sort == sort;
	const char *order = listing->descending ? "desc" : "asc";

	app_page_printf(page, "<th scope='col' class='%s'", c->class_name);
	if (now)
		app_page_printf(page, " aria-sort='%sending'", order);
	app_page_printf(page, "><a href='?sort=%s&amp;order=%s'>%s", c->key,
	    now && !listing->descending ? "desc" : "asc", c->heading);
	if (now)
		app_page_printf(page,
		    "<svg aria-hidden='true'><use href='#%s'/></svg>", order);
	app_page_put(page, "</a></th>\n");
}

static const char *
listing_icon(const struct tn_dir_entry *entry)
{
	static const struct {
		const char *prefix, *icon;
	} icons[] = {
		{ "image/", "image" },
		{ "audio/", "sound" },
		{ "video/", "film" },
		{ "text/", "text" },
		{ "application/json", "text" },
		{ "application/pdf", "text" },
		{ "application/zip", "archive" },
		{ "application/gzip", "archive" },
		{ "application/x-tar", "archive" },
		{ "application/x-7z", "archive" },
		{ "application/x-xz", "archive" },
		{ "application/x-bzip", "archive" },
		{ "application/zstd", "archive" },
	};
	const char *type;

	if (entry->info.kind == TN_FILE_DIRECTORY)
		return "folder";
	type = tn_mime_type(tn_slice_str(entry->name));
	for (size_t i = 0; i < TN_COUNT(icons); i++)
		if (tn_slice_starts(tn_slice_str(type),
			tn_slice_str(icons[i].prefix)))
			return icons[i].icon;
	return "file";
}

static void
listing_row(struct app_page *page, const struct tn_dir_entry *entry)
{
	bool folder = entry->info.kind == TN_FILE_DIRECTORY;
	char time[LISTING_TIME_SIZE], local[TN_LOG_DATE_SIZE], size[16];

	/* "10/Jan/2018:23:32:35 +0100" has all a person wants to see. */
	tn_date_log(listing_seconds(&entry->info), local);
	app_page_put(page,
	    folder ? "<tr class='folder'><td class='name'><a href='" :
		     "<tr><td class='name'><a href='");
	listing_href(page, entry);
	app_page_printf(page,
	    "'><svg aria-hidden='true'><use href='#%s'/></svg><span>",
	    listing_icon(entry));
	app_page_text(page, tn_slice_str(entry->name));
	app_page_printf(page,
	    "</span></a></td><td class='size'>%s</td><td class='when'>"
	    "<time datetime='%s'>%.2s %.3s %.4s, %.5s</time></td></tr>\n",
	    folder ? "" : tn_format_size(size, (uint64_t)entry->info.size),
	    listing_time(&entry->info, time), local, local + 3, local + 7,
	    local + 12);
}

static void
listing_table(struct app_page *page, const struct app_listing *listing)
{
	app_page_put(page, "<table>\n<thead><tr>\n");
	for (size_t i = 0; i < TN_COUNT(listing_columns); i++)
		listing_heading(page, listing, (enum app_listing_sort)i);
	app_page_put(page, "</tr></thead>\n<tbody>\n");
	if (listing->path.len > 0)
		app_page_put(page,
		    "<tr class='up'><td class='name'><a href='../'>"
		    "<svg aria-hidden='true'><use href='#up'/></svg>"
		    "<span>Parent folder</span></a></td>"
		    "<td class='size'></td><td class='when'></td></tr>\n");
	for (size_t i = 0; i < listing->count && page->error == 0; i++)
		listing_row(page, &listing->entries[i]);
	app_page_put(page, "</tbody>\n</table>\n");
}

int
app_listing_html(const struct app_listing *listing, struct tn_stream *out)
{
	struct app_page page = { .out = out };
	struct tn_slice rest = listing->path, here = listing->name;

	while (rest.len > 0)
		here = listing_segment(&rest);
	app_page_head(&page, here);
	listing_crumbs(&page, listing);
	listing_sum(&page, listing);
	app_page_put(&page, "<div class='card'>\n");
	if (listing->count > 0 || listing->path.len > 0)
		listing_table(&page, listing);
	if (listing->count == 0)
		app_page_put(&page,
		    "<p class='empty'>Nothing in this folder yet.</p>\n");
	if (listing->truncated)
		app_page_printf(&page,
		    "<p class='more'>Only the first %zu are shown.</p>\n",
		    listing->count);
	app_page_put(&page, "</div>\n");
	app_page_foot(&page);
	return app_page_end(&page);
}

/* ---- JSON --------------------------------------------------------------- */

static void
listing_json_entry(struct app_page *page, const struct tn_dir_entry *entry)
{
	char time[LISTING_TIME_SIZE];

	app_page_put(page, "\n{\"name\": ");
	app_page_json(page, tn_slice_str(entry->name));
	if (entry->info.kind == TN_FILE_DIRECTORY)
		app_page_put(page, ", \"kind\": \"directory\"");
	else
		app_page_printf(page, ", \"kind\": \"file\", \"size\": %lld",
		    (long long)entry->info.size);
	app_page_printf(page, ", \"modified\": \"%s\", \"href\": \"",
	    listing_time(&entry->info, time));
	/* Percent-encoded it holds nothing that JSON would escape. */
	listing_href(page, entry);
	app_page_put(page, "\"}");
}

int
app_listing_json(const struct app_listing *listing, struct tn_stream *out)
{
	struct app_page page = { .out = out };

	app_page_put(&page, "{\"path\": \"/");
	app_page_path(&page, listing->path);
	app_page_printf(&page, "\", \"truncated\": %s, \"entries\": [",
	    listing->truncated ? "true" : "false");
	for (size_t i = 0; i < listing->count && page.error == 0; i++) {
		if (i > 0)
			app_page_put(&page, ",");
		listing_json_entry(&page, &listing->entries[i]);
	}
	app_page_put(&page, "\n]}\n");
	return app_page_end(&page);
}
