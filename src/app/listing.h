/* What is in a folder, as a page or as JSON.  Pure: from entries to bytes. */
#ifndef APP_LISTING_H
#define APP_LISTING_H

#include <tenon/file.h>
#include <tenon/stream.h>

enum app_listing_sort {
	APP_SORT_NAME,
	APP_SORT_SIZE,
	APP_SORT_MODIFIED,
};

struct app_listing { /* borrows everything */
	struct tn_slice name; /* of what is shared, for people */
	struct tn_slice path; /* beneath it, decoded: "" or "a/b/" */
	struct tn_dir_entry *entries;
	size_t count;
	bool truncated; /* there are more than these */
	enum app_listing_sort sort;
	bool descending;
};

/* Reads "sort=size&order=desc"; what it does not know it passes over. */
void app_listing_query(struct app_listing *listing, struct tn_slice query);

/* Folders first, then by what was asked for, then by name as people count:
 * "file 9" before "file 10", and case only where nothing else differs. */
void app_listing_order(struct app_listing *listing);

TN_CHECK int app_listing_html(const struct app_listing *listing,
    struct tn_stream *out);

/* {"path": "/a/", "truncated": false, "entries": [{"name", "kind": "directory"
 * or "file", "size": of files, "modified": ISO 8601, "href"}]} */
TN_CHECK int app_listing_json(const struct app_listing *listing,
    struct tn_stream *out);

#endif
