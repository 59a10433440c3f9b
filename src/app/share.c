#include <errno.h>
#include <string.h>
#include <tenon/date.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <tenon/text.h>

#include "app/listing.h"
#include "app/page.h"
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
	{ 500, "Something went wrong", "The reason is in the server's log." },
	{ 503, "Busy", "There is too much to do just now; try again soon." },
};

static const struct share_page *
share_page(int status)
{
	static const struct share_page *other = &share_pages[5];

	for (size_t i = 0; i < TN_COUNT(share_pages); i++)
		if (share_pages[i].status == status)
			return &share_pages[i];
	return other;
}

static int
share_render_status(const struct share_page *p, struct tn_stream *out)
{
	struct app_page page = { .out = out };

	app_page_head(&page, tn_slice_str(p->title));
	app_page_printf(&page,
	    "<div class='oops'><p class='code'>%d</p>\n<h1>%s</h1>\n<p>%s</p>\n"
	    "<p><a href='/'>Back to the start</a></p></div>\n",
	    p->status, p->title, p->text);
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

static int
share_reply_status(struct tn_http_exchange *x, int status)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *out = NULL;
	int r = tn_stream_memory(TN_SLICE(""), &out);

	if (r == 0)
		r = share_render_status(share_page(status), out);
	if (r == 0)
		r = share_page_fields(x);
	if (r < 0)
		return r;
	return tn_http_reply(x, status, "text/html; charset=utf-8",
	    tn_stream_output(out));
}

/* What a failure to open or read means to the client. */
static int
share_reply_error(struct tn_http_exchange *x, int code)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ TN_EESCAPE, 404 }, /* not even that it exists */
		{ -ENOENT, 404 },
		{ -ENOTDIR, 404 },
		{ -ELOOP, 404 },
		{ -ENAMETOOLONG, 404 },
		{ -EINVAL, 400 },
		{ -EACCES, 403 },
		{ -EPERM, 403 },
		{ -EAGAIN, 503 },
		{ -EMFILE, 503 },
		{ -ENFILE, 503 },
		{ -ENOMEM, 503 },
	};

	struct tn_log_field why = { "error", tn_error_text() };

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (rows[i].code == code)
			return share_reply_status(x, rows[i].status);
	tn_log(TN_LOG_ERROR, "share.read", &why, 1);
	return share_reply_status(x, 500);
}

/* ---- a file ------------------------------------------------------------- */

#define SHARE_ETAG_SIZE (3 * TN_HEX_DIGITS + 5)

/* Another file, size or time makes another tag.  A file system's clock stands
 * still for a few milliseconds; within those a change of the same length would
 * go unseen. */
static void
share_etag(const struct tn_file_info *info, char out[SHARE_ETAG_SIZE])
{
	out[0] = '"';
	out += 1 + tn_format_hex(out + 1, info->inode);
	out[0] = '-';
	out += 1 + tn_format_hex(out + 1, (uint64_t)info->size);
	out[0] = '-';
	out += 1 + tn_format_hex(out + 1, (uint64_t)info->modified_ns);
	memcpy(out, "\"", 2);
}

/* RFC 9110 section 13.1.2: a list of tags, compared without their "W/". */
static bool
share_tag_listed(struct tn_slice list, const char *etag)
{
	while (list.data != NULL) {
		struct tn_slice tag =
		    tn_slice_trim(tn_slice_split(&list, ','));

		if (tn_slice_starts(tag, TN_SLICE("W/")))
			tag = tn_slice_skip(tag, 2);
		if (tn_slice_equal(tag, TN_SLICE("*")) ||
		    tn_slice_equal(tag, tn_slice_str(etag)))
			return true;
	}
	return false;
}

/* RFC 9110 section 13.2.2: with a tag, the date does not count. */
static bool
share_not_modified(const struct tn_http_exchange *x, const char *etag,
    int64_t modified, int64_t now)
{
	struct tn_slice tags = tn_http_field(x, "If-None-Match");
	struct tn_slice since = tn_http_field(x, "If-Modified-Since");
	int64_t seconds;

	if (tags.data != NULL)
		return share_tag_listed(tags, etag);
	return since.data != NULL &&
	    tn_date_http_parse(since, now, &seconds) == 0 &&
	    modified <= seconds;
}

static int
share_reply_file(struct tn_http_exchange *x, struct tn_file *file,
    struct tn_slice name)
{
	char etag[SHARE_ETAG_SIZE], date[TN_HTTP_DATE_SIZE];
	int64_t now = tn_wall_now() / TN_SECOND, modified;
	struct tn_file_info info;
	int r;

	tn_file_info(file, &info);
	modified = info.modified_ns / TN_SECOND;
	if (modified > now) /* section 8.8.2.1 */
		modified = now;
	share_etag(&info, etag);
	r = tn_http_reply_field(x, "ETag", "%s", etag);
	if (r == 0)
		r = tn_http_reply_field(x, "Last-Modified", "%s",
		    tn_date_http(modified, date));
	/* Kept, but asked about each time: what is shared may change. */
	if (r == 0)
		r = tn_http_reply_field(x, "Cache-Control", "no-cache");
	if (r < 0)
		return r;
	if (share_not_modified(x, etag, modified, now))
		return tn_http_reply(x, 304, NULL, TN_SLICE(""));
	r = tn_http_reply_field(x, "X-Content-Type-Options", "nosniff");
	if (r < 0)
		return r;
	return tn_http_reply_file(x, 200, tn_mime_type(name), file, 0,
	    info.size);
}

/* ---- a folder ----------------------------------------------------------- */

/* To the same address with a "/" behind it, on this origin: made of the path as
 * resolved, so that it can not begin with two slashes and lead elsewhere. */
static int
share_reply_slash(struct tn_http_exchange *x, struct tn_slice path)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer to = { 0 };
	struct tn_slice query = tn_http_query(x);
	int r = tn_buffer_append_byte(&to, '/');

	if (r == 0)
		r = tn_percent_encode(path, "/", &to);
	if (r == 0)
		r = tn_buffer_append_byte(&to, '/');
	if (r == 0 && query.len > 0)
		r = tn_buffer_append_byte(&to, '?');
	if (r == 0)
		r = tn_buffer_append(&to, query);
	if (r == 0)
		r = tn_http_reply_field(x, "Location", "%s", to.data);
	return r < 0 ? r : share_reply_status(x, 301);
}

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
share_reply_listing(struct tn_http_exchange *x, const struct app_share *share,
    struct tn_slice path)
{
	struct tn_dir_list list;
	int r;

	r = tn_dir_list(share->dir, path, APP_SHARE_ENTRIES_MAX, &list);
	if (r < 0)
		return share_reply_error(x, r);
	if (share->no_listing)
		r = share_reply_status(x, 403);
	else
		r = share_write_listing(x, share, path, &list);
	tn_dir_list_free(&list);
	return r;
}

static int
share_reply_folder(struct tn_http_exchange *x, const struct app_share *share,
    struct tn_buffer *path)
{
	TN_CLEANUP(tn_file_freep) struct tn_file *index = NULL;
	size_t len = path->len;
	int r = -ENOENT;

	if (!share->no_index) {
		r = tn_buffer_append_str(path, "index.html");
		if (r == 0)
			r = tn_dir_open_file(share->dir,
			    tn_buffer_slice(path), &index);
	}
	if (r == 0)
		return share_reply_file(x, index, tn_buffer_slice(path));
	if (r == -ENOENT || r == -EISDIR)
		return share_reply_listing(x, share,
		    tn_slice(path->data, len));
	return share_reply_error(x, r);
}

/* ---- the request -------------------------------------------------------- */

/* Does a name on the way begin with a "."? */
static bool
share_is_hidden(struct tn_slice path)
{
	while (path.data != NULL)
		if (tn_slice_starts(tn_slice_split(&path, '/'), TN_SLICE(".")))
			return true;
	return false;
}

static int
share_reply_path(struct tn_http_exchange *x, const struct app_share *share)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	struct tn_slice p;
	int r = tn_path_from_url(tn_http_path(x), &path);

	if (r < 0)
		return share_reply_error(x, r);
	p = tn_buffer_slice(&path);
	if (!share->hidden && share_is_hidden(p))
		return share_reply_status(x, 404);
	if (p.len == 0 || tn_slice_ends(p, TN_SLICE("/")))
		return share_reply_folder(x, share, &path);
	r = tn_dir_open_file(share->dir, p, &file);
	if (r == -EISDIR)
		return share_reply_slash(x, p);
	if (r < 0)
		return share_reply_error(x, r);
	return share_reply_file(x, file, p);
}

int
app_share_handle(struct tn_http_exchange *x, void *arg)
{
	const struct app_share *share = arg;
	struct tn_slice method = tn_http_method(x);
	int r;

	if (tn_slice_equal(method, TN_SLICE("GET")) ||
	    tn_slice_equal(method, TN_SLICE("HEAD")))
		return share_reply_path(x, share);
	r = tn_http_reply_field(x, "Allow", "GET, HEAD, OPTIONS");
	if (r < 0)
		return r;
	if (tn_slice_equal(method, TN_SLICE("OPTIONS")))
		return tn_http_reply(x, 204, NULL, TN_SLICE(""));
	return share_reply_status(x, 405);
}
