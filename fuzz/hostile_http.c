/* The HTTP server and a hostile peer, in a simulated network: hostile.h has
 * the peer's script.  What it hears are replies that can be told from each
 * other, each with the status that the server has on record; whoever else asks
 * gets the file. */
#include <errno.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/http.h>
#include <tenon/run.h>
#include <tenon/sim.h>

#include "app/share.h"
#include "fuzz/hostile.h"
#include "proto/http/wire.h"

#define BIG_BYTES 150000 /* more than the buffers on the way hold */

static struct tn_server *serving;
static char big[BIG_BYTES];
static bool big_wanted; /* it takes longer than the rest of a short world */

/* ---- what the server has on record ------------------------------------- */

#define RECORDS 512

static struct record {
	uint16_t port;
	int status;
	enum tn__http_method method;
} records[RECORDS];
static size_t record_count;

static void
note_record(void *arg, const struct tn_http_record *record)
{
	struct tn_buffer line = { 0 };
	char peer[TN_ADDRESS_TEXT_MAX];
	bool theirs = tn_slice_starts(
	    tn_slice_str(tn_address_format(record->peer, peer)),
	    TN_SLICE("[::ffff:" HOSTILE_ADDRESS "]:"));

	if (theirs && record_count < RECORDS)
		records[record_count++] = (struct record){
			.port = tn_address_port(record->peer),
			.status = record->status,
			.method = tn__http_method(record->method),
		};
	if (app_share_log_line(record, &line) == 0)
		assert(fuzz_is_tame(tn_slice_head(tn_buffer_slice(&line),
		    line.len - 1)));
	tn_buffer_free(&line);
}

/* The next one of that connection, from `*at` on. */
static const struct record *
next_record(uint16_t port, size_t *at)
{
	while (*at < record_count && records[*at].port != port)
		++*at;
	return *at < record_count ? &records[(*at)++] : NULL;
}

/* ---- the server -------------------------------------------------------- */

static int
echo(struct tn_http_exchange *x)
{
	struct tn_stream *out;
	int64_t n;
	int r = tn_http_reply_begin(x, 200, "text/plain",
	    tn_http_body_length(x), &out);

	if (r < 0)
		return r;
	n = tn_stream_copy(out, tn_http_body(x), NULL);
	return n < 0 ? (int)n : 0;
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	assert(tn_address_port(tn_http_peer(x)) != 0);
	if (tn_slice_equal(tn_http_path(x), TN_SLICE("/echo")))
		return echo(x);
	return app_share_handle(x, arg);
}

static int
main_server(void *arg)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	struct app_share share = { .name = TN_SLICE("srv") };
	const struct tn_http_server_options options = {
		.server.address = ":80",
		.server.connections_max = 6,
		.handler = handle,
		.arg = &share,
		.record = note_record,
		.line_bytes_max = 200,
		.fields_bytes_max = 500,
		.fields_max = 8,
		.body_bytes_max = 5000,
	};
	int r;

	tn_sleep(TN_MILLISECOND); /* until its files are there */
	r = tn_dir_open("/srv", &dir);
	share.dir = dir;
	if (r == 0)
		r = app_share_open(&share);
	if (r == 0)
		r = tn_http_server_open(&options, &server);
	if (r == 0) {
		serving = tn_http_server(server);
		r = tn_server_serve_forever(serving);
		serving = NULL;
	}
	app_share_close(&share);
	return r;
}

static int
files(void)
{
	int r = tn_sim_file_write(HOSTILE_SERVER, "/srv/file",
	    TN_SLICE("the right answer"));

	if (r == 0 && big_wanted)
		r = tn_sim_file_write(HOSTILE_SERVER, "/srv/big",
		    tn_slice(big, sizeof(big)));
	if (r == 0)
		r = tn_sim_file_write(HOSTILE_SERVER, "/srv/a/.hidden",
		    TN_SLICE("never shown"));
	return r == 0 ? tn_sim_file_write(HOSTILE_SERVER, "/secret",
	    TN_SLICE("never shown")) : r;
}

/* ---- somebody who asks ------------------------------------------------- */

static int
ask_on(struct tn_stream *s)
{
	struct tn_slice line;
	char body[16];
	int r = tn_stream_printf(s, "GET /file HTTP/1.1\r\n"
	    "Host: server.test\r\nConnection: close\r\n\r\n");

	if (r == 0)
		r = tn_stream_read_line(s, TN_LINE_CRLF, 200, &line);
	if (r == 1 && !tn_slice_equal(line, TN_SLICE("HTTP/1.1 200 OK")))
		r = tn_error_set(TN_EPROTO, "not the answer");
	while (r == 1 && line.len > 0)
		r = tn_stream_read_line(s, TN_LINE_CRLF, 200, &line);
	if (r == 0)
		r = tn_error_set(TN_ETRUNCATED, "no answer");
	if (r > 0)
		r = tn_stream_read_exact(s, body, sizeof(body));
	if (r == 0)
		assert(memcmp(body, "the right answer", 16) == 0);
	return r;
}

/* All places may be taken until the others have used up their patience. */
static int
ask(void)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(1800 * TN_SECOND));
	r = tn_dial("server.test:80", NULL, &s);
	if (r == 0)
		r = ask_on(s);
	tn_scope_close(&scope);
	return r;
}

/* ---- what the peer heard ----------------------------------------------- */

/* The body that a head announces; -1 when it is cut off. */
static ssize_t
body_bytes(const struct tn__http_head *h, struct tn_slice in)
{
	const struct tn__http_chunk_limits limits = { 64, 64, 4 };
	struct tn__http_chunk c;
	size_t at = 0;

	if (h->framing == TN__HTTP_NO_BODY)
		return 0;
	if (h->framing == TN__HTTP_UNTIL_CLOSE)
		return (ssize_t)in.len;
	if (h->framing == TN__HTTP_LENGTH)
		return (uint64_t)h->content_length <= in.len
		    ? (ssize_t)h->content_length : -1;
	tn__http_chunk_init(&c, &limits, NULL);
	while (at < in.len && !c.done) {
		ssize_t n = tn__http_chunk_parse(&c, tn_slice_skip(in, at));

		assert(n >= 0); /* our own chunks */
		at += (size_t)n;
		n = (ssize_t)tn_slice_head(tn_slice_skip(in, at),
		    (size_t)c.left)
			.len;
		at += (size_t)n;
		c.left -= (uint64_t)n;
	}
	return c.done ? (ssize_t)at : -1;
}

/* One reply off the front; false when it is the last that can be told. */
static bool
check_reply(struct tn_slice *in, const struct record *record)
{
	const struct tn__http_limits limits = { 1000, 20000, 32 };
	struct tn__http_field fields[32];
	struct tn__http_head h;
	ssize_t body;
	int n;

	tn__http_response_init(&h, record == NULL ? TN__HTTP_GET :
						    record->method,
	    &limits, fields);
	n = tn__http_head_parse(&h, *in);
	assert(n >= 0);
	if (n == 0) /* cut off by a reset or a limit */
		return false;
	*in = tn_slice_skip(*in, (size_t)n);
	if (h.status == 100)
		return check_reply(in, record);
	assert(h.status >= 200 && h.status < 506);
	assert(record == NULL || record->status == h.status);
	body = body_bytes(&h, *in);
	*in = tn_slice_skip(*in, body < 0 ? in->len : (size_t)body);
	return body >= 0;
}

static void
check(const struct hostile *h)
{
	for (int i = 0; i < h->count; i++) {
		const struct hostile_end *e = &h->ends[i];
		struct tn_slice in = tn_slice(e->heard, e->heard_len);
		size_t at = 0;

		assert(tn_slice_search(in, TN_SLICE("never shown")) < 0);
		while (in.len > 0 && check_reply(&in,
		    next_record(e->port, &at)))
			;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct hostile_setup setup = {
		.main_server = main_server,
		.server = &serving,
		.ask = ask,
		.files = files,
		.check = check,
	};

	struct tn_slice in = tn_slice(bytes, size);

	memset(big, 'x', sizeof(big));
	big_wanted = tn_slice_search(in, TN_SLICE("/big")) >= 0;
	record_count = 0;
	hostile_run(&setup, in);
	return 0;
}
