/* A folder over HTTP, in a simulated machine: what each request gets, row by
 * row, the same with and without a cache, from memory and from the file. */
#include "serve.h"

#include <tenon/http_files.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <tenon/sim.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define THEN "Wed, 10 Jan 2018 23:32:35 GMT" /* the simulator's beginning */
#define BEFORE "Wed, 10 Jan 2018 23:32:34 GMT"
#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define BR "Accept-Encoding: gzip, br\r\n"

/* {a} stands for the tag of a.txt, in what is expected {b} for a boundary. */
static const struct row {
	const char *name, *method, *path, *fields;
	int status;
	const char *has;  /* fields of the reply, "|" between; "!" before the
			   * name of one that is not there */
	const char *body; /* NULL: a page */
} rows[] = {
	/* RFC 9110 section 8: what there is to know of it. */
	{ "a file (15.3.1)", "GET", "/a.txt", "", 200,
	    "Content-Length: 26|Content-Type: text/plain; charset=utf-8|"
	    "ETag: {a}|Last-Modified: " THEN "|Accept-Ranges: bytes|"
	    "Cache-Control: no-cache|Vary: Accept-Encoding|!Content-Range|"
	    "!Content-Encoding", LETTERS },
	{ "its head (9.3.2)", "HEAD", "/a.txt", "", 200,
	    "Content-Length: 26|Content-Type: text/plain; charset=utf-8|"
	    "ETag: {a}|Last-Modified: " THEN "|Accept-Ranges: bytes|"
	    "Cache-Control: no-cache|Vary: Accept-Encoding", "" },
	{ "an empty one", "GET", "/zero.bin", "", 200,
	    "Content-Length: 0|Content-Type: application/octet-stream|!Vary",
	    "" },
	{ "what is packed already has nothing beside it", "GET", "/p.png", BR,
	    200, "Content-Type: image/png|!Vary|!Content-Encoding", "png" },
	{ "a query is not its name", "GET", "/a.txt?x=1/", "", 200, "ETag: {a}",
	    LETTERS },
	{ "an encoded name", "GET", "/%61%2etxt", "", 200, "ETag: {a}",
	    LETTERS },
	{ "a long way", "GET", "/dir/.././/a.txt", "", 200, "ETag: {a}",
	    LETTERS },

	/* Section 13.1, in the order of section 13.2.2. */
	{ "If-None-Match (13.1.2)", "GET", "/a.txt",
	    "If-None-Match: \"x\", {a}\r\n", 304,
	    "ETag: {a}|Last-Modified: " THEN "|Cache-Control: no-cache|"
	    "Vary: Accept-Encoding|!Content-Type|!Content-Length|"
	    "!Accept-Ranges", "" },
	{ "weakly", "GET", "/a.txt", "If-None-Match: W/{a}\r\n", 304, "", "" },
	{ "any", "GET", "/a.txt", "If-None-Match: *\r\n", 304, "", "" },
	{ "in HEAD", "HEAD", "/a.txt", "If-None-Match: {a}\r\n", 304,
	    "ETag: {a}", "" },
	{ "another", "GET", "/a.txt", "If-None-Match: \"x\"\r\n", 200, "",
	    LETTERS },
	{ "If-Modified-Since (13.1.3)", "GET", "/a.txt",
	    "If-Modified-Since: " THEN "\r\n", 304, "ETag: {a}", "" },
	{ "earlier", "GET", "/a.txt", "If-Modified-Since: " BEFORE "\r\n", 200,
	    "", LETTERS },
	{ "the tag goes before the date", "GET", "/a.txt",
	    "If-None-Match: \"x\"\r\nIf-Modified-Since: " THEN "\r\n", 200, "",
	    LETTERS },
	{ "If-Match (13.1.1)", "GET", "/a.txt", "If-Match: {a}\r\n", 200, "",
	    LETTERS },
	{ "is strong", "GET", "/a.txt", "If-Match: W/{a}\r\n", 412, "!ETag",
	    NULL },
	{ "If-Unmodified-Since (13.1.4)", "GET", "/a.txt",
	    "If-Unmodified-Since: " BEFORE "\r\n", 412, "", NULL },
	{ "If-Match before If-None-Match", "GET", "/a.txt",
	    "If-Match: \"x\"\r\nIf-None-Match: {a}\r\n", 412, "", NULL },
	{ "what is not there has no conditions", "GET", "/none",
	    "If-None-Match: *\r\n", 404, "", NULL },

	/* Section 14 and 15.3.7. */
	{ "a range (14.2)", "GET", "/a.txt", "Range: bytes=0-4\r\n", 206,
	    "Content-Range: bytes 0-4/26|Content-Length: 5|ETag: {a}|"
	    "Content-Type: text/plain; charset=utf-8", "abcde" },
	{ "to the end", "GET", "/a.txt", "Range: bytes=20-\r\n", 206,
	    "Content-Range: bytes 20-25/26", "uvwxyz" },
	{ "beyond it", "GET", "/a.txt", "Range: bytes=20-99\r\n", 206,
	    "Content-Range: bytes 20-25/26", "uvwxyz" },
	{ "the last bytes", "GET", "/a.txt", "Range: bytes=-3\r\n", 206,
	    "Content-Range: bytes 23-25/26", "xyz" },
	{ "all of it", "GET", "/a.txt", "Range: bytes=0-\r\n", 206,
	    "Content-Range: bytes 0-25/26", LETTERS },
	{ "not of HEAD (14.2)", "HEAD", "/a.txt", "Range: bytes=0-4\r\n", 200,
	    "Content-Length: 26|!Content-Range", "" },
	{ "another unit (14.2)", "GET", "/a.txt", "Range: lines=0-4\r\n", 200,
	    "!Content-Range", LETTERS },
	{ "malformed", "GET", "/a.txt", "Range: bytes=4-0\r\n", 200, "",
	    LETTERS },
	{ "behind the end (15.5.17)", "GET", "/a.txt", "Range: bytes=26-\r\n",
	    416, "Content-Range: bytes */26|!ETag", NULL },
	{ "of nothing", "GET", "/zero.bin", "Range: bytes=0-\r\n", 416,
	    "Content-Range: bytes */0", NULL },
	{ "304 before 416 (13.2.2)", "GET", "/a.txt",
	    "Range: bytes=99-\r\nIf-None-Match: {a}\r\n", 304, "", "" },
	{ "If-Range (13.1.5)", "GET", "/a.txt",
	    "Range: bytes=0-4\r\nIf-Range: {a}\r\n", 206, "", "abcde" },
	{ "by date", "GET", "/a.txt",
	    "Range: bytes=0-4\r\nIf-Range: " THEN "\r\n", 206, "", "abcde" },
	{ "not by another one", "GET", "/a.txt",
	    "Range: bytes=0-4\r\nIf-Range: " BEFORE "\r\n", 200,
	    "!Content-Range", LETTERS },
	{ "nor by a weak tag", "GET", "/a.txt",
	    "Range: bytes=0-4\r\nIf-Range: W/{a}\r\n", 200, "", LETTERS },
	{ "nor behind the end", "GET", "/a.txt",
	    "Range: bytes=99-\r\nIf-Range: \"x\"\r\n", 200, "", LETTERS },
	{ "several (15.3.7.2)", "GET", "/ranges.bin",
	    "Range: bytes=0-1, 200-201\r\n", 206,
	    "Content-Type: multipart/byteranges; boundary={b}|"
	    "!Content-Range|Accept-Ranges: bytes",
	    "--{b}\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Range: bytes 0-1/320\r\n\r\nxx\r\n"
	    "--{b}\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Range: bytes 200-201/320\r\n\r\nxx\r\n--{b}--\r\n" },
	{ "in the order asked", "GET", "/ranges.bin",
	    "Range: bytes=-1, 0-0\r\n", 206,
	    "Content-Type: multipart/byteranges; boundary={b}",
	    "--{b}\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Range: bytes 319-319/320\r\n\r\nx\r\n"
	    "--{b}\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Range: bytes 0-0/320\r\n\r\nx\r\n--{b}--\r\n" },
	{ "near ones are one", "GET", "/a.txt", "Range: bytes=0-1, 4-5\r\n",
	    206, "Content-Range: bytes 0-5/26", "abcdef" },
	{ "one of them is there", "GET", "/a.txt", "Range: bytes=0-1,99-\r\n",
	    206, "Content-Range: bytes 0-1/26", "ab" },
	{ "too many are none", "GET", "/a.txt",
	    "Range: bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,"
	    "10-10,11-11,12-12,13-13,14-14,15-15,16-16\r\n", 200, "",
	    LETTERS },

	/* Section 12.5.3: what stands beside it. */
	{ "brotli (8.4.1)", "GET", "/page.html", BR, 200,
	    "Content-Encoding: br|Content-Type: text/html; charset=utf-8|"
	    "Content-Length: 6|Vary: Accept-Encoding|Accept-Ranges: bytes",
	    "BROTLI" },
	{ "zstd", "GET", "/page.html", "Accept-Encoding: gzip, zstd\r\n", 200,
	    "Content-Encoding: zstd", "ZSTD" },
	{ "gzip", "GET", "/page.html", "Accept-Encoding: GZIP\r\n", 200,
	    "Content-Encoding: gzip", "GZIP" },
	{ "by weight", "GET", "/page.html",
	    "Accept-Encoding: br;q=0.5, gzip\r\n", 200,
	    "Content-Encoding: gzip", "GZIP" },
	{ "any", "GET", "/page.html", "Accept-Encoding: *\r\n", 200,
	    "Content-Encoding: br", "BROTLI" },
	{ "none", "GET", "/page.html", "", 200,
	    "!Content-Encoding|Vary: Accept-Encoding", "<p>plain" },
	{ "an empty field", "GET", "/page.html", "Accept-Encoding:\r\n", 200,
	    "!Content-Encoding", "<p>plain" },
	{ "refused", "GET", "/page.html",
	    "Accept-Encoding: br;q=0, gzip;q=0, zstd;q=0\r\n", 200,
	    "!Content-Encoding", "<p>plain" },
	{ "rather plain", "GET", "/page.html",
	    "Accept-Encoding: identity, gzip;q=0.5\r\n", 200,
	    "!Content-Encoding", "<p>plain" },
	{ "what nobody knows", "GET", "/page.html",
	    "Accept-Encoding: compress\r\n", 200, "!Content-Encoding",
	    "<p>plain" },
	{ "its head", "HEAD", "/page.html", BR, 200,
	    "Content-Encoding: br|Content-Length: 6", "" },
	{ "a part of it", "GET", "/page.html", BR "Range: bytes=0-1\r\n", 206,
	    "Content-Encoding: br|Content-Range: bytes 0-1/6", "BR" },
	{ "its tag is another", "GET", "/page.html",
	    BR "If-None-Match: {page}\r\n", 200, "Content-Encoding: br",
	    "BROTLI" },
	{ "and counts", "GET", "/page.html", BR "If-None-Match: {page.br}\r\n",
	    304, "ETag: {page.br}|Vary: Accept-Encoding|!Content-Encoding",
	    "" },
	{ "by its own name it is itself", "GET", "/page.html.gz", BR, 200,
	    "Content-Type: application/gzip|!Content-Encoding|!Vary", "GZIP" },
	{ "an older one is of something else", "GET", "/stale.css", BR, 200,
	    "!Content-Encoding|Vary: Accept-Encoding", "new" },
	{ "an index has them too", "GET", "/dir/", BR, 200,
	    "Content-Encoding: gzip", "INDEX" },

	/* Folders and what is no file. */
	{ "an index", "GET", "/dir/", "", 200,
	    "Content-Type: text/html; charset=utf-8", "<p>index" },
	{ "without its slash (15.4.2)", "GET", "/dir", "", 301,
	    "Location: /dir/", NULL },
	{ "with a query", "GET", "/dir?a=b", "", 301, "Location: /dir/?a=b",
	    NULL },
	{ "not to another host", "GET", "//dir", "", 301, "Location: /dir/",
	    NULL },
	{ "nor in disguise", "GET", "/\\h/../dir", "", 301, "Location: /dir/",
	    NULL },
	{ "its name is encoded", "GET", "/a%20b", "", 301,
	    "Location: /a%20b/", NULL },
	{ "no index", "GET", "/empty/", "", 403, "", NULL },
	{ "nothing (15.5.5)", "GET", "/none", "", 404, "!ETag", NULL },
	{ "beneath a file", "GET", "/a.txt/", "", 404, "", NULL },
	{ "beneath that", "GET", "/a.txt/b", "", 404, "", NULL },
	{ "hidden", "GET", "/.hidden", "", 404, "", NULL },
	{ "beneath what is hidden", "GET", "/.d/x", "", 404, "", NULL },
	{ "hidden by encoding", "GET", "/%2ehidden", "", 404, "", NULL },
	{ "a name with two dots", "GET", "/..a", "", 404, "", NULL },
	{ "out of it", "GET", "/../secret", "", 404, "", NULL },
	{ "out of it, encoded", "GET", "/%2e%2e/secret", "", 404, "", NULL },
	{ "a NUL", "GET", "/a%00.txt", "", 400, "", NULL },
	{ "an encoded slash", "GET", "/dir%2findex.html", "", 400, "", NULL },
	{ "bad encoding", "GET", "/%4", "", 400, "", NULL },

	/* Section 9: methods. */
	{ "POST (15.5.6)", "POST", "/a.txt", "Content-Length: 0\r\n", 405,
	    "Allow: GET, HEAD, OPTIONS", NULL },
	{ "one that nobody knows", "PURGE", "/a.txt", "", 405,
	    "Allow: GET, HEAD, OPTIONS", NULL },
	{ "OPTIONS (9.3.7)", "OPTIONS", "/a.txt", "", 204,
	    "Allow: GET, HEAD, OPTIONS|!Content-Length", "" },

	/* Rules. */
	{ "a rule", "GET", "/assets/x.js", "", 200,
	    "Cache-Control: max-age=9, immutable|X-More: all", "1;" },
	{ "in 304 too (15.4.5)", "GET", "/assets/x.js",
	    "If-None-Match: *\r\n", 304,
	    "Cache-Control: max-age=9, immutable|X-More: all", "" },
	{ "the first of them", "GET", "/assets/y.odd", "", 200,
	    "Cache-Control: max-age=9, immutable|Content-Type: text/odd", "y" },
	{ "none for this one", "GET", "/p.png", "", 200,
	    "X-More: all|Cache-Control: no-cache", "png" },
	{ "no field at all", "GET", "/ranges.bin", "Range: bytes=0-0\r\n", 206,
	    "X-More: all|!Cache-Control", "x" },

	/* From the file whatever the limits: what is large. */
	{ "a large one", "GET", "/large", "Range: bytes=99995-100004\r\n", 206,
	    "Content-Range: bytes 99995-100004/200000", "aaaaabbbbb" },
	{ "parts of it", "GET", "/large", "Range: bytes=0-1,199998-\r\n", 206,
	    "Content-Type: multipart/byteranges; boundary={b}",
	    "--{b}\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Range: bytes 0-1/200000\r\n\r\naa\r\n"
	    "--{b}\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Range: bytes 199998-199999/200000\r\n\r\nbb\r\n"
	    "--{b}--\r\n" },
};

/* ---- the folder --------------------------------------------------------- */

static const struct tn_http_files_rule rules[] = {
	{ "/assets/*", "Cache-Control", "max-age=9, immutable" },
	{ "*.odd", "cache-control", "never" },
	{ "*.odd", "Content-Type", "text/odd" },
	{ "/r*n*s.b*n", "Cache-Control", "" },
	{ "*", "X-More", "all" },
	{ 0 },
};

static struct tn_dir *folder;
static struct tn_http_files *files;

static void
folder_file(const char *path, const char *text)
{
	CHECK_INT(tn_sim_file_write("here", path, tn_slice_str(text)), 0);
}

static void
folder_fill(void)
{
	static const char *const all[][2] = {
		{ "/secret", "never" },
		{ "/srv/a.txt", LETTERS },
		{ "/srv/zero.bin", "" },
		{ "/srv/p.png", "png" },
		{ "/srv/p.png.br", "BROTLI" },
		{ "/srv/page.html", "<p>plain" },
		{ "/srv/page.html.br", "BROTLI" },
		{ "/srv/page.html.gz", "GZIP" },
		{ "/srv/page.html.zst", "ZSTD" },
		{ "/srv/stale.css.br", "old" },
		{ "/srv/dir/index.html", "<p>index" },
		{ "/srv/dir/index.html.gz", "INDEX" },
		{ "/srv/a b/x", "" },
		{ "/srv/empty/x", "" },
		{ "/srv/.hidden", "never" },
		{ "/srv/.d/x", "never" },
		{ "/srv/..a", "never" },
		{ "/srv/assets/x.js", "1;" },
		{ "/srv/assets/y.odd", "y" },
		{ "/srv/ranges.bin", X32 X32 X32 X32 X32 X32 X32 X32 X32 X32 },
	};
	static char large[200001];

	memset(large, 'a', 100000);
	memset(large + 100000, 'b', 100000);
	for (size_t i = 0; i < TN_COUNT(all); i++)
		folder_file(all[i][0], all[i][1]);
	folder_file("/srv/large", large);
	CHECK_INT(tn_sleep(5 * TN_SECOND), 0);
	folder_file("/srv/stale.css", "new");
	CHECK_INT(tn_sleep(5 * TN_SECOND), 0);
	CHECK_INT(tn_dir_open("/srv", &folder), 0);
}

/* ---- tags --------------------------------------------------------------- */

static void
tag_of(const char *path, const char *coding, struct tn_buffer *ret)
{
	struct tn_file_info info;

	CHECK_INT(tn_dir_stat(folder, tn_slice_str(path), &info), 0);
	CHECK_INT(tn_buffer_printf(ret, "\"%llx-%llx-%llx-%llx%s\"",
	    (unsigned long long)info.inode, (unsigned long long)info.size,
	    (unsigned long long)info.modified_ns,
	    (unsigned long long)info.changed_ns, coding), 0);
}

static void
tag_expand(const char *text, struct tn_slice boundary, struct tn_buffer *ret)
{
	tn_buffer_clear(ret);
	for (; *text != '\0'; text++) {
		if (strncmp(text, "{a}", 3) == 0)
			tag_of("a.txt", "", ret);
		else if (strncmp(text, "{page}", 6) == 0)
			tag_of("page.html", "", ret);
		else if (strncmp(text, "{page.br}", 9) == 0)
			tag_of("page.html.br", "-br", ret);
		else if (strncmp(text, "{b}", 3) == 0)
			CHECK_INT(tn_buffer_append(ret, boundary), 0);
		else
			CHECK_INT(tn_buffer_append_byte(ret, *text), 0);
		if (*text == '{')
			text = strchr(text, '}');
	}
}

/* ---- replies ------------------------------------------------------------ */

struct reply {
	struct tn_slice head, body; /* the head with its first and last CRLF */
	struct tn_slice boundary;
};

static struct reply
reply_read(struct tn_slice out)
{
	struct reply reply = { .body = out };
	ssize_t end = tn_slice_search(out, TN_SLICE("\r\n\r\n")), at;

	CHECK(end > 0);
	reply.head = tn_slice_head(out, (size_t)end + 2);
	reply.body = tn_slice_skip(out, (size_t)end + 4);
	at = tn_slice_search(reply.head, TN_SLICE("boundary="));
	if (at > 0) {
		reply.boundary = tn_slice_skip(reply.head, (size_t)at + 9);
		reply.boundary = tn_slice_split(&reply.boundary, '\r');
		CHECK(reply.boundary.len > 10);
	}
	return reply;
}

/* One of the `has` of a row. */
static void
reply_check_field(const struct reply *reply, struct tn_slice field)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };
	bool absent = field.data[0] == '!';

	CHECK_INT(tn_buffer_printf(&line, "\r\n%.*s%s",
	    (int)field.len - absent, field.data + absent, absent ? ":" : "\r\n"), 0);
	if ((tn_slice_search(reply->head, tn_buffer_slice(&line)) < 0) !=
	    absent)
		check_string(__FILE__, __LINE__, absent ? "not there" : "there",
		    tn_slice_head(reply->head, reply->head.len).data,
		    line.data);
}

/* What the head says of the body is so. */
static void
reply_check_length(const struct reply *reply, bool dropped)
{
	ssize_t at = tn_slice_search(reply->head,
	    TN_SLICE("\r\nContent-Length: "));
	struct tn_slice rest = tn_slice_skip(reply->head, (size_t)at + 18);
	uint64_t length;

	if (at < 0 || dropped)
		return;
	CHECK_INT(tn_parse_uint(tn_slice_split(&rest, '\r'), UINT64_MAX,
	    &length), 0);
	CHECK_INT(length, reply->body.len);
}

static void
check_reply(const struct row *row, struct tn_slice out)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct reply reply = reply_read(out);
	struct tn_slice rest;
	char status[32];

	snprintf(status, sizeof(status), "HTTP/1.1 %d ", row->status);
	if (!tn_slice_starts(out, tn_slice_str(status)))
		check_string(__FILE__, __LINE__, "status", out.data, status);
	tag_expand(row->has, reply.boundary, &text);
	rest = tn_buffer_slice(&text);
	while (rest.len > 0)
		reply_check_field(&reply, tn_slice_split(&rest, '|'));
	reply_check_length(&reply, strcmp(row->method, "HEAD") == 0);
	if (row->body == NULL)
		return;
	tag_expand(row->body, reply.boundary, &text);
	CHECK_INT(reply.body.len, text.len);
	CHECK(tn_slice_equal(reply.body, tn_buffer_slice(&text)));
}

/* ---- asking ------------------------------------------------------------- */

static int
handle(struct tn_http_exchange *x, void *arg)
{
	return tn_http_files_handle(x, files);
}

static struct serve serve;

static void
ask(const struct row *row)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer fields = { 0 };

	tag_expand(row->fields, tn_slice(NULL, 0), &fields);
	CHECK_INT(tn_buffer_printf(&text, "%s %s HTTP/1.1\r\nHost: h\r\n"
	    "%sConnection: close\r\n\r\n", row->method, row->path,
	    fields.len > 0 ? fields.data : ""), 0);
	CHECK_INT(serve_bytes(&serve, tn_buffer_slice(&text), SIZE_MAX), 0);
	check_reply(row, tn_buffer_slice(&serve.out));
}

static void
open_files(const struct tn_http_files_options *given)
{
	struct tn_http_files_options options = *given;
	struct tn_http_server_options server = {
		.handler = handle,
		.line_bytes_max = 1000,
		.fields_bytes_max = 1000,
	};

	options.dir = folder;
	if (options.rules == NULL)
		options.rules = rules;
	CHECK_INT(tn_http_files_open(&options, &files), 0);
	serve_open(&serve, &server);
}

static void
close_files(void)
{
	serve_close(&serve);
	tn_http_files_free(TN_TAKE(files));
}

/* Each time twice: found, and found again. */
static int
row_run(void *arg)
{
	static const struct tn_http_files_options settings[] = {
		{ .cache_ms = 1000 },
		{ .cache_ms = -1 },
		{ .cache_file_max = -1 },
		{ .cache_bytes_max = 1 },
		{ .cache_files_max = 1 },
	};

	folder_fill();
	for (size_t i = 0; i < TN_COUNT(settings); i++) {
		open_files(&settings[i]);
		ask(arg);
		ask(arg);
		close_files();
	}
	tn_dir_free(folder);
	return 0;
}

static void
simulate(int (*run)(void *arg), void *arg)
{
	struct tn_sim_result result;

	CHECK_INT(tn_sim_run(1, NULL, run, arg, &result), 0);
	CHECK_INT(result.left_open, 0);
}

static void
test_row(void **state)
{
	simulate(row_run, *state);
}

/* ---- options ------------------------------------------------------------ */

struct option_row {
	const char *name;
	struct tn_http_files_options options;
	const struct row *asked;
	size_t count;
};

static int
folder_handler(struct tn_http_exchange *x, struct tn_slice path, void *arg)
{
	if (tn_slice_equal(path, TN_SLICE("empty/")))
		return tn_http_reply(x, 200, "text/x", TN_SLICE("empty"));
	if (tn_slice_equal(path, TN_SLICE("dir/")))
		return tn_error_set(-EACCES, "not this one");
	return tn_slice_equal(path, TN_SLICE("")) ? 204 : -EIO;
}

static const struct row hidden_rows[] = {
	{ "", "GET", "/.hidden", "", 200, "", "never" },
	{ "", "GET", "/.d/x", "", 200, "", "never" },
	{ "", "GET", "/../secret", "", 404, "", NULL },
};

static const struct row folder_rows[] = {
	{ "", "GET", "/empty/", "", 200, "Content-Type: text/x", "empty" },
	{ "", "GET", "/", "", 204, "", "" },
	{ "", "GET", "/dir/", "", 403, "", NULL },
	{ "", "GET", "/a%20b/", "", 500, "", NULL },
	{ "", "GET", "/none/", "", 404, "", NULL },
	{ "", "GET", "/dir/index.html", "", 200, "", "<p>index" },
};

static const struct row fallback_rows[] = {
	{ "", "GET", "/", "", 403, "", NULL },
	{ "", "GET", "/made/up", "", 200, "!Vary: Accept|"
	    "Content-Type: text/html; charset=utf-8", "<p>plain" },
	{ "", "GET", "/made/up", BR, 200, "Content-Encoding: br", "BROTLI" },
	{ "", "GET", "/made/up/", "", 200, "", "<p>plain" },
	{ "", "GET", "/made.up/x", "If-None-Match: {page}\r\n", 304, "", "" },
	{ "", "GET", "/chunk.js", "Accept: */*\r\n", 404, "", NULL },
	{ "", "GET", "/john.doe", "Accept: text/html, */*;q=0.8\r\n", 200,
	    "Vary: Accept", "<p>plain" },
	{ "", "GET", "/a.txt", "", 200, "", LETTERS },
	{ "", "GET", "/.hidden", "", 404, "", NULL },
	{ "", "GET", "/../x", "", 404, "", NULL },
};

static const struct row plain_rows[] = {
	{ "", "GET", "/page.html", BR, 200, "!Vary|!Content-Encoding",
	    "<p>plain" },
};

static const struct row gone_rows[] = {
	{ "", "GET", "/made-up", "", 404, "", NULL },
};

#define OPTION(name, rows, ...) { name, { __VA_ARGS__ }, rows, TN_COUNT(rows) }

static const struct option_row option_rows[] = {
	OPTION("hidden", hidden_rows, .hidden = true),
	OPTION("a handler for folders", folder_rows, .folder = folder_handler,
	    .index = ""),
	OPTION("a fallback", fallback_rows, .fallback = "page.html"),
	OPTION("a fallback that is not there", gone_rows, .fallback = "gone"),
	OPTION("a fallback that is no file", gone_rows, .fallback = "dir"),
	OPTION("no siblings", plain_rows, .no_precompressed = true),
};

static int
option_run(void *arg)
{
	const struct option_row *row = arg;

	folder_fill();
	open_files(&row->options);
	for (size_t i = 0; i < 2 * row->count; i++)
		ask(&row->asked[i % row->count]);
	close_files();
	tn_dir_free(folder);
	return 0;
}

static void
test_option(void **state)
{
	simulate(option_run, *state);
}

/* Beneath a path of the server's, which the redirection keeps. */
static const struct row route_rows[] = {
	{ "", "GET", "/at/a.txt", "", 200, "ETag: {a}", LETTERS },
	{ "", "GET", "/at/%61.txt", "", 200, "ETag: {a}", LETTERS },
	{ "", "GET", "/at/dir", "", 301, "Location: /at/dir/", NULL },
	{ "", "GET", "/at/dir/", "", 200, "", "<p>index" },
	{ "", "GET", "/at/dir%2findex.html", "", 200, "", "<p>index" },
	{ "", "GET", "/at//a.txt", "", 200, "", LETTERS },
	{ "", "GET", "/at/", "", 403, "", NULL },
	{ "", "GET", "/at/a%00.txt", "", 400, "", NULL },
	{ "", "GET", "/at/x%2f..%2f..%2fsecret", "", 404, "", NULL },
	{ "", "GET", "/at/.hidden", "", 404, "", NULL },
	{ "", "GET", "/a.txt", "", 404, "", NULL },
	{ "", "POST", "/at/a.txt", "Content-Length: 0\r\n", 405,
	    "Allow: GET, HEAD, OPTIONS", NULL },
};

static int
route_run(void *arg)
{
	struct tn_http_files_options options = { 0 };
	struct tn_http_route routes[] = {
		{ "GET", "/at/{path...}", tn_http_files_handle, NULL },
		{ 0 },
	};
	struct tn_http_server_options server = { .routes = routes };

	folder_fill();
	options.dir = folder;
	CHECK_INT(tn_http_files_open(&options, &files), 0);
	routes[0].arg = files;
	serve_open(&serve, &server);
	for (size_t i = 0; i < TN_COUNT(route_rows); i++)
		ask(&route_rows[i]);
	close_files();
	tn_dir_free(folder);
	return 0;
}

static void
test_route(void **state)
{
	simulate(route_run, NULL);
}

/* ---- contents of a handler's own ---------------------------------------- */

static struct tn_file *own_file;

static int
own_handle(struct tn_http_exchange *x, void *arg)
{
	const struct tn_http_content bytes = {
		.bytes = TN_SLICE(LETTERS),
		.type = "text/x",
		.etag = "\"v1\"",
		.modified_ns = 1515627155 * TN_SECOND,
	};
	const struct tn_http_content file = { .file = own_file };
	const struct tn_http_content bad[] = { { .etag = "v1" },
		{ .etag = "\"v1\" " }, { .type = "a\r\nb" } };

	for (size_t i = 0; i < TN_COUNT(bad); i++)
		CHECK_INT(tn_http_reply_content(x, &bad[i]), -EINVAL);
	CHECK_INT(tn_http_reply_field(x, "X-Own", "%d", 1), 0);
	return tn_http_reply_content(x,
	    tn_slice_equal(tn_http_path(x), TN_SLICE("/file")) ? &file :
								 &bytes);
}

static const struct row own_rows[] = {
	{ "", "GET", "/", "", 200, "ETag: \"v1\"|Last-Modified: " THEN "|"
	    "Content-Type: text/x|Accept-Ranges: bytes|X-Own: 1", LETTERS },
	{ "", "HEAD", "/", "", 200, "ETag: \"v1\"|Content-Length: 26", "" },
	{ "", "GET", "/", "If-None-Match: \"v1\"\r\n", 304,
	    "ETag: \"v1\"|!Accept-Ranges|!Content-Type", "" },
	{ "", "POST", "/", "If-Match: \"v2\"\r\nContent-Length: 0\r\n", 412,
	    "", NULL },
	{ "", "GET", "/", "Range: bytes=1-2\r\nIf-Range: \"v1\"\r\n", 206,
	    "Content-Range: bytes 1-2/26", "bc" },
	{ "", "GET", "/", "Range: bytes=26-\r\n", 416,
	    "Content-Range: bytes */26", NULL },
	{ "", "GET", "/file", "", 200, "!ETag|!Last-Modified|!Content-Type",
	    LETTERS },
	{ "", "GET", "/file", "Range: bytes=0-0,-1\r\n", 206,
	    "Content-Range: bytes 0-25/26", LETTERS },
};

static int
own_run(void *arg)
{
	struct tn_http_server_options server = { .handler = own_handle };

	folder_fill();
	CHECK_INT(tn_dir_open_file(folder, TN_SLICE("a.txt"), &own_file), 0);
	serve_open(&serve, &server);
	for (size_t i = 0; i < TN_COUNT(own_rows); i++)
		ask(&own_rows[i]);
	close_files();
	tn_file_free(own_file);
	tn_dir_free(folder);
	return 0;
}

static void
test_own(void **state)
{
	simulate(own_run, NULL);
}

/* ---- pages for errors --------------------------------------------------- */

static int
page_handle(struct tn_http_exchange *x, void *arg)
{
	return -ENOENT;
}

static int
page_error(struct tn_http_exchange *x, int status, void *arg)
{
	return tn_http_files_page(x, status, files, status == 404 ?
	    TN_SLICE("page.html") : TN_SLICE("none"));
}

static const struct row page_rows[] = {
	{ "", "GET", "/x", BR "Range: bytes=0-1\r\n", 404,
	    "Content-Type: text/html; charset=utf-8|!ETag|!Cache-Control|"
	    "!Content-Encoding|!Accept-Ranges", "<p>plain" },
	{ "", "GET", "/x", "If-None-Match: *\r\n", 404, "", "<p>plain" },
	{ "", "HEAD", "/x", "", 404, "Content-Length: 8", "" },
	{ "", "CONNECT", "x:1", "", 501, "", NULL },
};

static int
page_run(void *arg)
{
	struct tn_http_files_options options = { 0 };
	struct tn_http_server_options server = { .handler = page_handle,
		.error_page = page_error };

	folder_fill();
	options.dir = folder;
	CHECK_INT(tn_http_files_open(&options, &files), 0);
	serve_open(&serve, &server);
	for (size_t i = 0; i < TN_COUNT(page_rows); i++)
		ask(&page_rows[i]);
	close_files();
	tn_dir_free(folder);
	return 0;
}

static void
test_page(void **state)
{
	simulate(page_run, NULL);
}

/* ---- what is refused ---------------------------------------------------- */

static int
refused_run(void *arg)
{
	static const struct tn_http_files_rule bad[][2] = {
		{ { "*", "A B", "x" } },
		{ { "*", "A", "x\r\ny" } },
		{ { "*", "A", NULL } },
		{ { NULL, "A", "x" } },
		{ { "a.txt", "A", "x" } },
		{ { "*", "content-length", "1" } },
		{ { "*", "ETag", "\"x\"" } },
	};
	struct tn_http_files_options options = { 0 };

	CHECK_ERROR(tn_http_files_open(NULL, &files), -EINVAL,
	    "HTTP files: a folder is needed");
	CHECK_INT(tn_http_files_open(&options, &files), -EINVAL);
	CHECK_INT(tn_dir_open("/", &folder), 0);
	options.dir = folder;
	for (size_t i = 0; i < TN_COUNT(bad); i++) {
		options.rules = bad[i];
		CHECK_INT(tn_http_files_open(&options, &files), -EINVAL);
	}
	tn_dir_free(folder);
	return 0;
}

static void
test_refused(void **state)
{
	simulate(refused_run, NULL);
}

/* ------------------------------------------------------------------------ */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_route),
	};
	int failed = 0;

	failed += CHECK_ROWS(rows, test_row);
	failed += CHECK_ROWS(option_rows, test_option);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed;
}
