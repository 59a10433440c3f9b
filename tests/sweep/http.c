/* The HTTP server: over a pair and over a listener, with a handler of its own
 * and with the one that shares a folder. */
#include <tenon/buffer.h>
#include <tenon/dial.h>
#include <tenon/http.h>

#include "app/share.h"
#include "sweep/folder.h"
#include "sweep/sweep.h"

#define FILE_BYTES (200 * 1024) /* by sendfile, in more than one call */

static struct tn_http_server *server;
static struct tn_stream *ends[2];
static const char *said;            /* all requests, one behind the other */
static struct tn_buffer expected;   /* the replies when nothing fails */
static bool reply_may_lack;         /* something in the middle */

/* ---- replies ----------------------------------------------------------- */

/* Without the lines that change with the clock, and those of a server that
 * gives the connection up. */
static int
reply_undate(struct tn_slice in, struct tn_buffer *out)
{
	int r = 0;

	while (in.len > 0 && r == 0) {
		ssize_t end = tn_slice_find(in, '\n');
		struct tn_slice line =
		    tn_slice_head(in, end < 0 ? in.len : (size_t)end + 1);

		if (!tn_slice_starts(line, TN_SLICE("Date: ")) &&
		    !tn_slice_starts(line, TN_SLICE("Connection: ")))
			r = tn_buffer_append(out, line);
		in = tn_slice_skip(in, line.len);
	}
	return r;
}

/* Where `got` stops being what was expected, another reply has to begin there:
 * an error of the server's. */
static bool
reply_other_status(struct tn_slice got, size_t same)
{
	size_t from = same > 12 ? same - 12 : 0;

	for (size_t i = from; i <= same; i++)
		if (tn_slice_starts(tn_slice_skip(got, i), TN_SLICE("HTTP/1.1 ")))
			return true;
	return false;
}

static int
reply_check(struct tn_slice got)
{
	struct tn_slice want = tn_buffer_slice(&expected);
	size_t same = 0;

	if (want.len == 0)
		return tn_buffer_append(&expected, got);
	while (same < got.len && same < want.len &&
	    got.data[same] == want.data[same])
		same++;
	if (same == got.len && same == want.len)
		return 0;
	SWEEP_CHECK(same == got.len || reply_other_status(got, same) ||
	    (reply_may_lack && got.len < want.len));
	return tn_error_set(TN_ETRUNCATED,
	    "replies: as expected for %zu of %zu bytes", same, want.len);
}

/* ---- the client -------------------------------------------------------- */

static int
ask(struct tn_stream *s)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer all = { 0 }, text = { 0 };
	struct tn_slice got;
	int r = tn_stream_write(s, tn_slice_str(said));

	while (r >= 0 && (r = tn_stream_fill(s, 1, &got)) > 0) {
		r = tn_buffer_append(&all, got);
		tn_stream_consume(s, got.len);
	}
	sweep_outside = true; /* what is left belongs to the test */
	if (r == 0)
		r = reply_undate(tn_buffer_slice(&all), &text);
	if (r == 0)
		r = reply_check(tn_buffer_slice(&text));
	sweep_outside = false;
	return r;
}

static int
ask_pair(void)
{
	int r = ask(ends[1]);

	tn_stream_free(TN_TAKE(ends[1]));
	return r;
}

static int
serve_pair(void)
{
	static const struct tn_address nobody;

	/* What the server says to a broken connection is its own affair: the
	 * client knows whether it got an answer. */
	(void)tn_http_serve_stream(server, TN_TAKE(ends[0]), &nobody);
	return 0;
}

static int
ask_listener(void)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r;

	tn_server_address(tn_http_server(server), &at);
	r = tn_dial(tn_address_format(&at, text), NULL, &s);
	if (r == 0)
		r = ask(s);
	tn_server_shutdown(tn_http_server(server));
	return r;
}

static int
serve_listener(void)
{
	return tn_server_serve_forever(tn_http_server(server));
}

/* ---- handlers ---------------------------------------------------------- */

static int
handle_chunks(struct tn_http_exchange *x)
{
	struct tn_stream *body;
	int r = tn_http_reply_begin(x, 200, "text/plain", -1, &body);

	for (int i = 0; i < 5 && r == 0; i++) {
		r = tn_stream_printf(body, "chunk %d\n", i);
		if (r == 0)
			r = tn_stream_flush(body);
	}
	return r;
}

static int
handle_echo(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer all = { 0 };
	struct tn_slice got;
	int r;

	while ((r = tn_stream_fill(tn_http_body(x), 1, &got)) > 0) {
		r = tn_buffer_append(&all, got);
		if (r < 0)
			return r;
		tn_stream_consume(tn_http_body(x), got.len);
	}
	return r < 0 ? r :
	    tn_http_reply(x, 200, "text/plain", tn_buffer_slice(&all));
}

static int
handle_file(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	int r = tn_dir_open(folder_path, &dir);

	if (r == 0)
		r = tn_dir_open_file(dir, TN_SLICE("file"), &file);
	return r < 0 ? r :
	    tn_http_reply_file(x, 200, NULL, file, 0, FILE_BYTES);
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice path = tn_http_path(x);
	int r;

	if (tn_slice_equal(path, TN_SLICE("/chunks")))
		return handle_chunks(x);
	if (tn_slice_equal(path, TN_SLICE("/echo")))
		return handle_echo(x);
	if (tn_slice_equal(path, TN_SLICE("/file")))
		return handle_file(x);
	r = tn_http_reply_field(x, "X-Sweep", "%d", 1);
	return r < 0 ? r : tn_http_reply(x, 200, "text/plain", TN_SLICE("hi"));
}

static int
http_run(tn_http_handler *handler, void *arg, const char *requests, bool pair)
{
	struct tn_http_server_options options = {
		.server = { .drain_ms = 200 },
		.handler = handler,
		.arg = arg,
		.name = "sweep",
	};
	int r = tn_http_server_open(&options, &server);

	said = requests;
	if (r == 0 && pair)
		r = tn_stream_pair(0, ends);
	if (r == 0)
		r = pair ? sweep_both(serve_pair, ask_pair) :
			   sweep_both(serve_listener, ask_listener);
	tn_stream_free(TN_TAKE(ends[0]));
	tn_stream_free(TN_TAKE(ends[1]));
	tn_http_server_free(TN_TAKE(server));
	return r;
}

/* ---- scenarios --------------------------------------------------------- */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define EVERYTHING                                                             \
	GET("/")                                                               \
	GET("/chunks")                                                         \
	"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"      \
	"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"      \
	"Expect: 100-continue\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"          \
	GET("/file")                                                           \
	LAST("/")

static int
run_pair(void)
{
	return http_run(handle, NULL, EVERYTHING, true);
}

static int
run_listener(void)
{
	return http_run(handle, NULL, EVERYTHING, false);
}

static int
share_run(const char *requests)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	struct app_share share = { .name = TN_SLICE("folder") };
	int r = tn_dir_open(folder_path, &dir);

	share.dir = dir;
	if (r == 0)
		r = app_share_open(&share);
	if (r == 0)
		r = http_run(app_share_handle, &share, requests, false);
	app_share_close(&share);
	return r;
}

static int
run_share(void)
{
	return share_run(GET("/file") GET("/missing") LAST("/small.txt"));
}

/* An entry that cannot be looked at is not listed. */
static int
run_listing(void)
{
	reply_may_lack = true;
	return share_run(LAST("/"));
}

static int
http_begin(void)
{
	static char text[FILE_BYTES];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	if (folder_begin() != 0 || folder_file("small.txt", "small\n", 6) != 0)
		return -1;
	return folder_file("file", text, sizeof(text));
}

static int
http_end(void)
{
	sweep_outside = true;
	tn_buffer_free(&expected);
	return folder_end();
}

static const struct sweep_scenario scenarios[] = {
	{ "pair", run_pair, http_begin, http_end },
	{ "listener", run_listener, http_begin, http_end },
	{ "share", run_share, http_begin, http_end },
	{ "listing", run_listing, http_begin, http_end },
};

int
main(void)
{
	return sweep_main("http", scenarios, TN_COUNT(scenarios));
}
