#include <tenon/text.h>

#include "app/errors.h"
#include "app/listing.h"
#include "app/page.h"
#include "app/rules.h"
#include "app/share.h"

/* ---- pages for what went wrong ------------------------------------------ */

static const struct share_page {
	int status;
	const char *title, *text;
} share_pages[] = {
	{ 301, "Moved", "This folder is at an address that ends in a slash." },
	{ 400, "Bad request", "The address is not written as one should be." },
	{ 403, "Not allowed", "This may not be read." },
	{ 404, "Not found", "There is nothing at this address." },
	{ 405, "Not possible", "What is shared here can only be read." },
	{ 412, "Not the same", "What is here is not what was expected." },
	{ 416, "No such part", "What is here has no bytes at that place." },
	{ 500, "Something went wrong", "The reason is in the server's log." },
	{ 503, "Busy", "There is too much to do just now; try again soon." },
};

static struct share_page
share_page(int status)
{
	for (size_t i = 0; i < TN_COUNT(share_pages); i++)
		if (share_pages[i].status == status)
			return share_pages[i];
	return (struct share_page){ status, tn_http_status_words(status),
		"This is nothing that can be answered." };
}

static int
share_render_status(struct share_page p, struct tn_stream *out)
{
	struct app_page page = { .out = out };

	app_page_head(&page, tn_slice_str(p.title));
	app_page_printf(&page,
	    "<div class='oops'><p class='code'>%d</p>\n<h1>%s</h1>\n<p>%s</p>\n"
	    "<p><a href='/'>Back to the start</a></p></div>\n",
	    p.status, p.title, p.text);
	app_page_foot(&page);
	return app_page_end(&page);
}

/* Fields of every page that we write ourselves. */
static int
share_page_fields(struct tn_http_exchange *x)
{
	int r = tn_http_reply_field(x, "Content-Security-Policy", "%s",
	    app_page_policy);

	if (r == 0)
		r = tn_http_reply_field(x, "X-Content-Type-Options", "nosniff");
	if (r == 0)
		r = tn_http_reply_field(x, "Referrer-Policy", "same-origin");
	if (r == 0)
		r = tn_http_reply_field(x, "Cache-Control", "no-cache");
	return r;
}

int
app_share_error_page(struct tn_http_exchange *x, int status, void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *out = NULL;
	const struct app_share *share = arg;
	int r = share->errors == NULL || status < 400 ?
	    0 : app_errors_reply(share->errors, x, status);

	if (r != 0)
		return r < 0 ? r : 0;
	r = tn_stream_memory(TN_SLICE(""), &out);
	if (r == 0)
		r = share_render_status(share_page(status), out);
	if (r == 0)
		r = share_page_fields(x);
	if (r < 0)
		return r;
	return tn_http_reply(x, status, "text/html; charset=utf-8",
	    tn_stream_output(out));
}

/* ---- a folder ----------------------------------------------------------- */

/* What is to be shown comes first; the others stay behind it, for
 * tn_dir_list_free(). */
static size_t
share_choose(const struct app_share *share, struct tn_dir_list *list)
{
	size_t shown = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct tn_dir_entry entry = list->entries[i];

		if ((entry.name[0] == '.' && !share->hidden) ||
		    entry.info.kind == TN_FILE_OTHER)
			continue;
		list->entries[i] = list->entries[shown];
		list->entries[shown++] = entry;
	}
	return shown;
}

static int
share_write_listing(struct tn_http_exchange *x, const struct app_share *share,
    struct tn_slice path, struct tn_dir_list *list)
{
	struct tn_slice accept = tn_http_field(x, "Accept");
	bool json = tn_accept_weight(accept, "application/json") >
	    tn_accept_weight(accept, "text/html");
	struct app_listing listing = {
		.name = share->name,
		.path = path,
		.entries = list->entries,
		.count = share_choose(share, list),
		.truncated = list->truncated,
	};
	struct tn_stream *out = NULL;
	int r = share_page_fields(x);

	app_listing_query(&listing, tn_http_query(x));
	app_listing_order(&listing);
	if (r == 0)
		r = tn_http_reply_field(x, "Vary", "Accept");
	tn_http_reply_compress(x); /* no secret is in it */
	if (r == 0)
		r = tn_http_reply_begin(x, 200,
		    json ? "application/json" : "text/html; charset=utf-8", -1,
		    &out);
	if (r < 0)
		return r;
	return json ? app_listing_json(&listing, out) :
		      app_listing_html(&listing, out);
}

static int
share_reply_folder(struct tn_http_exchange *x, struct tn_slice path, void *arg)
{
	const struct app_share *share = arg;
	struct tn_dir_list list;
	int r;

	if (share->no_listing)
		return 403;
	r = tn_dir_list(share->dir, path, APP_SHARE_ENTRIES_MAX, &list);
	if (r == 0) {
		r = share_write_listing(x, share, path, &list);
		tn_dir_list_free(&list);
	}
	return r;
}

/* ---- the request -------------------------------------------------------- */

int
app_share_open(struct app_share *share)
{
	static const struct tn_http_files_rule rules[] = {
		APP_RULE_FOR_ALL,
		{ 0 },
	};
	const struct tn_http_files_options options = {
		.dir = share->dir,
		.index = share->no_index ? "" : NULL,
		.hidden = share->hidden,
		.folder = share_reply_folder,
		.arg = share,
		.no_compress = share->no_compress,
		.fallback = share->fallback,
		.rules = share->rules != NULL ? share->rules : rules,
		/* Who saves a page and reloads it sees what was saved. */
		.cache_ms = 100,
		.cache_idle_ms = 2000,
	};

	return tn_http_files_open(&options, &share->files);
}

void
app_share_close(struct app_share *share)
{
	tn_http_files_free(TN_TAKE(share->files));
}

void
app_share_tidy(struct app_share *share)
{
	tn_http_files_tidy(share->files);
}

int
app_share_handle(struct tn_http_exchange *x, void *arg)
{
	struct app_share *share = arg;
	int r = tn_http_files_reply(x, share->files, tn_slice(NULL, 0));

	return r > 0 ? app_share_error_page(x, r, share) : r;
}
