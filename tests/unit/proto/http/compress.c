/* tn_http_reply_compress(): which replies are compressed, and that they are
 * whole. */
#include "serve.h"

#include <errno.h>
#include <stdlib.h>
#include <tenon/compress.h>

static struct serve serve;
static char text[30000];

/* ---- handlers ------------------------------------------------------------ */

static const struct row {
	const char *name, *head; /* of the request, without its empty line */
	const char *coding;      /* NULL: plain */
	size_t size;
	bool vary;
	const char *field, *value; /* of the handler */
	enum { WHOLE, STREAM, FLUSHES, LENGTH, FAILS, NOT_ASKED,
		EVENTS } how;
	int status;
} rows[] = {
	{ "whole", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "gzip", 300,
	    true },
	{ "large", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "gzip",
	    30000, true },
	{ "short", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", NULL, 255,
	    true },
	{ "short, but who knows", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n",
	    "gzip", 5, true, .how = STREAM },
	{ "nothing at all", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n",
	    "gzip", 0, true, .how = STREAM },
	{ "stream", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "gzip",
	    30000, true, .how = STREAM },
	{ "stream of a length", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n",
	    "gzip", 30000, true, .how = LENGTH },
	{ "flushes", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "gzip",
	    30000, true, .how = FLUSHES },
	{ "gzip first", "GET / HTTP/1.1\r\nAccept-Encoding: zstd, br, gzip\r\n",
	    "gzip", 30000, true },
	{ "br by weight",
	    "GET / HTTP/1.1\r\nAccept-Encoding: br, gzip;q=0.9\r\n", "br",
	    30000, true },
	{ "zstd alone", "GET / HTTP/1.1\r\nAccept-Encoding: zstd\r\n", "zstd",
	    30000, true },
	{ "not asked for", "GET / HTTP/1.1\r\n", NULL, 30000, true },
	{ "not liked", "GET / HTTP/1.1\r\nAccept-Encoding: gzip;q=0\r\n", NULL,
	    30000, true },
	{ "not by the handler", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n",
	    NULL, 30000, false, .how = NOT_ASKED },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n", NULL,
	    30000, true },
	{ "HEAD", "HEAD / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "gzip",
	    30000, true },
	{ "coded before", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "xyz",
	    3000, false, "Content-Encoding", "xyz" },
	{ "a strong etag", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", NULL,
	    3000, false, "ETag", "\"x\"" },
	{ "a weak etag", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "gzip",
	    3000, true, "ETag", "W/\"x\"" },
	{ "events", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", NULL,
	    10, false, .how = EVENTS },
	{ "an error", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "gzip",
	    3000, true, .status = 404 },
	{ "fails before", "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", NULL,
	    0, false, .how = FAILS, .status = 404 },
}, *current;

static int
write_body(struct tn_stream *s, size_t size, bool flush)
{
	int r = 0;

	for (size_t at = 0; at < size && r == 0; at += 1000) {
		r = tn_stream_write(s, tn_slice(text + at,
		    size - at < 1000 ? size - at : 1000));
		if (r == 0 && flush)
			r = tn_stream_flush(s);
	}
	return r;
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	const struct row *row = current;
	int r = 0, status = row->status == 0 ? 200 : row->status;
	struct tn_stream *s;

	if (row->how != NOT_ASKED)
		tn_http_reply_compress(x);
	if (row->field != NULL)
		r = tn_http_reply_field(x, row->field, "%s", row->value);
	if (r < 0 || row->how == FAILS)
		return r < 0 ? r : -ENOENT;
	if (row->how == WHOLE || row->how == NOT_ASKED)
		return tn_http_reply(x, status, "text/plain",
		    tn_slice(text, row->size));
	if (row->how == EVENTS) {
		r = tn_http_events_begin(x, &s);
		return r < 0 ? r : tn_http_event(s, NULL, NULL,
		    tn_slice(text, row->size));
	}
	r = tn_http_reply_begin(x, status, "text/plain",
	    row->how == LENGTH ? (int64_t)row->size : -1, &s);
	return r < 0 ? r : write_body(s, row->size, row->how == FLUSHES);
}

/* ---- what came ----------------------------------------------------------- */

static void
unchunk(struct tn_slice in, struct tn_buffer *out)
{
	size_t size = 1;

	while (size > 0) {
		size = strtoul(in.data, NULL, 16);
		in = tn_slice_skip(in,
		    (size_t)tn_slice_search(in, TN_SLICE("\r\n")) + 2);
		CHECK(in.len >= size + 2);
		CHECK_INT(tn_buffer_append(out, tn_slice_head(in, size)), 0);
		in = tn_slice_skip(in, size + 2);
	}
	CHECK_INT(in.len, 0);
}

static void
check_coded(const char *coding, struct tn_slice bytes, struct tn_slice want)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	struct tn_stream *memory, *s;
	struct tn_slice got;
	int r;

	CHECK_INT(tn_stream_memory(bytes, &memory), 0);
	CHECK_INT(tn_stream_decompress(memory, coding, NULL, &s), 0);
	while ((r = tn_stream_fill(s, 1, &got)) > 0) {
		CHECK_INT(tn_buffer_append(&out, got), 0);
		tn_stream_consume(s, got.len);
	}
	CHECK_INT(r, 0);
	CHECK(tn_slice_equal(tn_buffer_slice(&out), want));
	CHECK_INT(tn_stream_fill(memory, 1, &got), 0);
	tn_stream_free(s);
	tn_stream_free(memory);
}

static void
check_reply(const struct row *row, struct tn_slice all)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer body = { 0 };
	ssize_t end = tn_slice_search(all, TN_SLICE("\r\n\r\n"));
	struct tn_slice head = tn_slice_head(all, (size_t)end + 2);
	struct tn_slice want = tn_slice(text, row->size);
	char line[64] = "";

	CHECK(end > 0);
	if (row->coding != NULL)
		snprintf(line, sizeof(line), "Content-Encoding: %s\r\n",
		    row->coding);
	CHECK(tn_slice_search(head, tn_slice_str(line)) >= 0);
	CHECK_INT(tn_slice_search(head, TN_SLICE("Content-Encoding")) >= 0,
	    row->coding != NULL);
	CHECK_INT(tn_slice_search(head,
	    TN_SLICE("Vary: Accept-Encoding\r\n")) >= 0, row->vary);
	snprintf(line, sizeof(line), "HTTP/1.1 %d ",
	    row->status == 0 ? 200 : row->status);
	CHECK(tn_slice_starts(head, tn_slice_str(line)));

	all = tn_slice_skip(all, (size_t)end + 4);
	if (tn_slice_search(head, TN_SLICE("chunked")) >= 0) {
		unchunk(all, &body);
		all = tn_buffer_slice(&body);
	}
	if (tn_slice_starts(tn_slice_str(row->head), TN_SLICE("HEAD")))
		CHECK_INT(all.len, 0);
	else if (row->coding != NULL && row->vary)
		check_coded(row->coding, all, want);
	else if (row->how == WHOLE)
		CHECK(tn_slice_equal(all, want));
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct tn_http_server_options server = { .handler = handle };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer in = { 0 };

	if (row->coding != NULL && row->vary &&
	    (!tn_has("gzip") || !tn_has("brotli") || !tn_has("zstd")))
		return;
	current = row;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "words and other words. "[i % 23];
	serve_open(&serve, &server);
	CHECK_INT(tn_buffer_printf(&in, "%sHost: h\r\nConnection: close\r\n"
	    "\r\n", row->head), 0);
	CHECK_INT(serve_bytes(&serve, tn_buffer_slice(&in), SIZE_MAX), 0);
	check_reply(row, tn_buffer_slice(&serve.out));
	CHECK_INT(serve_bytes(&serve, tn_buffer_slice(&in), 1), 0);
	check_reply(row, tn_buffer_slice(&serve.out));
	serve_close(&serve);
}

int
main(void)
{
	return CHECK_ROWS(rows, test_row);
}
