/* The HTTP server, connection by connection: however the bytes are divided, the
 * client gets the same, and each reply it gets is one that can be told from the
 * next.  The first byte chooses how the handler treats bodies. */
#include <tenon/http.h>

#include "fuzz/carrier.h"
#include "proto/http/wire.h"

static unsigned choice;

static int
handler(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice shown, method = tn_http_method(x);
	size_t min = choice % 4;
	struct tn_stream *out;
	int r;

	r = tn_http_reply_field(x, "Method", "%.*s", (int)method.len,
	    method.data);
	if (r == 0 && choice & 8) /* all of the body first, then no reply */
		return (int)tn_stream_skip(tn_http_body(x), -1);
	if (r == 0)
		r = tn_http_reply_begin(x, choice & 16 ? 404 : 200, NULL,
		    choice & 4 ? tn_http_body_length(x) : -1, &out);
	while (r == 0 && min > 0) {
		r = tn_stream_fill(tn_http_body(x), min, &shown);
		if (r <= 0)
			break;
		shown = tn_slice_head(shown, min);
		r = tn_stream_write(out, shown);
		tn_stream_consume(tn_http_body(x), shown.len);
	}
	return r;
}

static struct tn_buffer
serve(struct tn_http_server *server, struct tn_slice in, size_t step)
{
	struct tn_buffer out = { 0 };

	(void)tn_http_serve_stream(server, fuzz_carrier(in, step, &out), NULL);
	return out;
}

/* Whether the client was told to go on depends on when its bytes came. */
static void
drop_continue(struct tn_buffer *b)
{
	struct tn_slice told = TN_SLICE("HTTP/1.1 100 Continue\r\n\r\n");
	ssize_t at;

	while ((at = tn_slice_search(tn_buffer_slice(b), told)) >= 0) {
		size_t end = (size_t)at + told.len;

		memmove(b->data + at, b->data + end, b->len - end);
		b->len -= told.len;
	}
}

/* In pieces as whole; not at the first try when the hour has changed. */
static bool
same(struct tn_http_server *server, struct tn_slice in, size_t step)
{
	struct tn_buffer whole = serve(server, in, SIZE_MAX);
	struct tn_buffer pieces = serve(server, in, step);
	bool equal;

	drop_continue(&whole);
	drop_continue(&pieces);
	equal = tn_slice_equal(tn_buffer_slice(&whole),
	    tn_buffer_slice(&pieces));
	tn_buffer_free(&whole);
	tn_buffer_free(&pieces);
	return equal;
}

static void
check_replies(struct tn_slice in)
{
	struct tn__http_limits limits = { 1000, 20000, 8 };
	struct tn__http_field fields[8];
	struct tn__http_head h;
	int n;

	tn__http_response_init(&h, TN__HTTP_GET, &limits, fields);
	n = tn__http_head_parse(&h, in);
	assert(in.len == 0 || n > 0);
	if (n > 0 && h.status != 100)
		assert(h.status >= 200 && h.status < 506);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct tn_http_server *server;
	struct tn_http_server_options options = { .handler = handler,
		.line_bytes_max = 200, .fields_bytes_max = 500,
		.fields_max = 8, .body_bytes_max = 1000 };
	struct tn_buffer whole;
	struct tn_slice in = tn_slice(bytes, size);

	if (size == 0 || size > 4096)
		return 0;
	if (server == NULL && tn_http_server_open(&options, &server) < 0)
		abort();
	choice = bytes[0];
	in = tn_slice_skip(in, 1);

	whole = serve(server, in, SIZE_MAX);
	check_replies(tn_buffer_slice(&whole));
	tn_buffer_free(&whole);
	for (size_t step = 1; step < 8; step += 3)
		assert(same(server, in, step) || same(server, in, step));
	return 0;
}
