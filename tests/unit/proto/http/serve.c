#include "serve.h"

#include <tenon/date.h>
#include <tenon/number.h>

static void
serve_put(struct tn_buffer *b, struct tn_slice text)
{
	assert_int_equal(tn_buffer_append(b, text), 0);
}

/* ---- handlers ---------------------------------------------------------- */

static int
serve_hello(struct tn_http_exchange *x)
{
	return tn_http_reply(x, 200, "text/plain", TN_SLICE("hello"));
}

/* All that a request is. */
static int
serve_info(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_slice name, value, path = tn_http_path(x);
	struct tn_slice method = tn_http_method(x), query = tn_http_query(x);
	struct tn_slice target = tn_http_target(x);
	struct tn_slice host = tn_http_field(x, "hOST");
	struct tn_slice other = tn_http_field(x, "x-other");

	assert_int_equal(tn_buffer_printf(&text, "%.*s|%.*s|%.*s|%.*s|%d|",
	    (int)method.len, method.data, (int)target.len, target.data,
	    (int)path.len, path.data, (int)query.len, query.data,
	    tn_http_version(x)), 0);
	assert_int_equal(tn_buffer_printf(&text, "%.*s|%s|%lld",
	    (int)host.len, host.data, other.data == NULL ? "none" : "some",
	    (long long)tn_http_body_length(x)), 0);
	for (size_t i = 0; tn_http_field_at(x, i, &name, &value); i++)
		assert_int_equal(tn_buffer_printf(&text, "|%.*s=%.*s",
		    (int)name.len, name.data, (int)value.len, value.data), 0);
	return tn_http_reply(x, 200, NULL, tn_buffer_slice(&text));
}

static int
serve_read(struct tn_http_exchange *x, struct tn_buffer *body)
{
	struct tn_stream *in = tn_http_body(x);
	struct tn_slice shown;
	int r;

	while ((r = tn_stream_fill(in, 1, &shown)) > 0) {
		serve_put(body, shown);
		tn_stream_consume(in, shown.len);
	}
	return r;
}

static int
serve_echo(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer body = { 0 };
	int r = serve_read(x, &body);

	return r < 0 ? r : tn_http_reply(x, 200, NULL, tn_buffer_slice(&body));
}

/* Two bytes at a time, which come from different chunks. */
static int
serve_pairs(struct tn_http_exchange *x)
{
	struct tn_stream *in = tn_http_body(x), *out;
	struct tn_slice shown;
	int r = tn_http_reply_begin(x, 200, NULL, -1, &out);

	while (r >= 0 && (r = tn_stream_fill(in, 2, &shown)) > 0) {
		shown = tn_slice_head(shown, 2);
		r = tn_stream_write(out, shown);
		tn_stream_consume(in, shown.len);
	}
	return r;
}

/* Looking is not reading: nobody is asked to send anything. */
static int
serve_peek(struct tn_http_exchange *x)
{
	struct tn_slice shown;
	int r = tn_stream_fill(tn_http_body(x), 0, &shown);

	return r < 0 ? r : serve_hello(x);
}

/* The first byte of a body, and no more. */
static int
serve_first(struct tn_http_exchange *x)
{
	char first;
	int r = tn_stream_read_exact(tn_http_body(x), &first, 1);

	return r < 0 ? r : tn_http_reply(x, 200, NULL, tn_slice(&first, 1));
}

static int
serve_lines(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer body = { 0 };
	struct tn_slice line;
	int r;

	while ((r = tn_stream_read_line(tn_http_body(x), TN_LINE_ANY, 100,
	            &line)) > 0) {
		serve_put(&body, TN_SLICE("<"));
		serve_put(&body, line);
		serve_put(&body, TN_SLICE(">"));
	}
	return r < 0 ? r : tn_http_reply(x, 200, NULL, tn_buffer_slice(&body));
}

/* The query says what is announced, and the rest is always "one" "two". */
static int
serve_stream(struct tn_http_exchange *x)
{
	struct tn_slice query = tn_http_query(x);
	struct tn_stream *out;
	uint64_t length;
	int r = tn_parse_uint(query, 1000, &length);

	r = tn_http_reply_begin(x, 200, NULL, r < 0 ? -1 : (int64_t)length,
	    &out);
	if (r == 0)
		r = tn_stream_write(out, TN_SLICE("one"));
	if (r == 0)
		r = tn_stream_printf(out, "%s", "two");
	return r;
}

/* Goes on until somebody says that it is enough. */
static int
serve_endless(struct tn_http_exchange *x)
{
	struct tn_stream *out;
	int r = tn_http_reply_begin(x, 200, NULL, -1, &out);

	while (r == 0)
		r = tn_stream_write(out, TN_SLICE(X100));
	return r;
}

static int
serve_first_reply(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer body = { 0 };
	struct tn_stream *out;
	int r = tn_http_reply_begin(x, 200, NULL, -1, &out);

	if (r == 0)
		r = tn_stream_write(out, TN_SLICE("early"));
	return r == 0 ? serve_read(x, &body) : r;
}

static int
serve_halfway(struct tn_http_exchange *x)
{
	struct tn_stream *out;
	int r = tn_http_reply_begin(x, 200, NULL, -1, &out);

	if (r == 0)
		r = tn_stream_write(out, TN_SLICE("half"));
	return r < 0 ? r : tn_error_set(-EIO, "the other half is lost");
}

static int
serve_fail(struct tn_http_exchange *x)
{
	static const struct {
		const char *name;
		int code;
	} rows[] = {
		{ "ENOENT", -ENOENT },
		{ "EESCAPE", TN_EESCAPE },
		{ "EACCES", -EACCES },
		{ "ELIMIT", TN_ELIMIT },
		{ "ETIMEDOUT", -ETIMEDOUT },
		{ "EPROTO", TN_EPROTO },
		{ "EIO", -EIO },
		{ "silent", -EXDEV },
		{ "ETRUNCATED", TN_ETRUNCATED },
	};

	assert_int_equal(tn_http_reply_field(x, "ETag", "\"x\""), 0);
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (tn_slice_equal_nocase(tn_http_query(x), rows[i].name))
			return rows[i].code == -EXDEV
			    ? -EXDEV
			    : tn_error_set(rows[i].code, "secret");
	return 0;
}

static int
serve_status(struct tn_http_exchange *x)
{
	uint64_t status;
	int r = tn_parse_uint(tn_http_query(x), 1000, &status);

	return r < 0 ? r : tn_http_reply_status(x, (int)status);
}

static int
serve_fields(struct tn_http_exchange *x)
{
	char long_text[600];

	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(tn_http_reply_field(x, "A", "literal"), 0);
	assert_int_equal(tn_http_reply_field(x, "B", "%s", "string"), 0);
	assert_int_equal(tn_http_reply_field(x, "C", "%d-%c", 7, 'x'), 0);
	assert_int_equal(tn_http_reply_field(x, "D", "%s", ""), 0);
	assert_int_equal(tn_http_reply_field(x, "E", "%s.", long_text), 0);
	return tn_http_reply(x, 200, "a/b", tn_slice(NULL, 0));
}

static int
serve_bad_fields(struct tn_http_exchange *x)
{
	static const struct {
		const char *name, *format;
		char c;
	} rows[] = {
		{ "", "v" },
		{ "A B", "v" },
		{ "A:", "v" },
		{ "A\r\nB", "v" },
		{ "\xc3\xa9", "v" },
		{ "A", "v\r\nB: w" },
		{ "A", "v\n" },
		{ "A", "%c", '\r' },
		{ "A", "x%cy", '\0' },
		{ "A", " v" },
		{ "A", "v\t" },
		{ "A", "x%cy", '\x7f' },
		{ "content-length", "5" },
		{ "Transfer-Encoding", "chunked" },
		{ "CONNECTION", "close" },
		{ "date", "now" },
	};
	char huge[TN__POOL_BYTES];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		assert_int_equal(tn_http_reply_field(x, rows[i].name,
		    rows[i].format, rows[i].c), -EINVAL);
#pragma GCC diagnostic pop
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(tn_http_reply_field(x, "H", "%s", huge), TN_ELIMIT);
	assert_int_equal(tn_http_reply_field(x, "H", "%s.", huge), TN_ELIMIT);
	assert_int_equal(tn_http_reply(x, 200, "a\r\nb", tn_slice(NULL, 0)),
	    -EINVAL);
	assert_int_equal(tn_http_reply(x, 100, NULL, tn_slice(NULL, 0)),
	    -EINVAL);
	assert_int_equal(tn_http_reply_status(x, 600), -EINVAL);
	return tn_http_reply(x, 200, NULL, TN_SLICE("all refused"));
}

static int
serve_twice(struct tn_http_exchange *x)
{
	assert_int_equal(serve_hello(x), 0);
	assert_int_equal(serve_hello(x), -EINVAL);
	assert_int_equal(tn_http_reply_status(x, 404), -EINVAL);
	assert_int_equal(tn_http_reply_field(x, "A", "b"), -EINVAL);
	return 0;
}

/* The two streams only go one way each. */
static int
serve_misuse(struct tn_http_exchange *x)
{
	struct tn_slice shown = TN_SLICE("x");
	struct tn_stream *out;

	assert_int_equal(tn_stream_write(tn_http_body(x), shown), -EPIPE);
	assert_int_equal(tn_http_reply_begin(x, 200, NULL, -1, &out), 0);
	assert_int_equal(tn_stream_fill(out, 1, &shown), 0);
	assert_int_equal(tn_stream_write(out, TN_SLICE("end")), 0);
	assert_int_equal(tn_stream_shutdown(out), 0);
	assert_int_equal(tn_stream_write(out, TN_SLICE("more")), -EPIPE);
	return 0;
}

int
serve_handler(struct tn_http_exchange *x, void *arg)
{
	static const struct {
		const char *path;
		int (*handle)(struct tn_http_exchange *x);
	} rows[] = {
		{ "/hello", serve_hello },
		{ "/info", serve_info },
		{ "*", serve_info },
		{ "/echo", serve_echo },
		{ "/pairs", serve_pairs },
		{ "/peek", serve_peek },
		{ "/first", serve_first },
		{ "/lines", serve_lines },
		{ "/stream", serve_stream },
		{ "/endless", serve_endless },
		{ "/early", serve_first_reply },
		{ "/halfway", serve_halfway },
		{ "/fail", serve_fail },
		{ "/status", serve_status },
		{ "/fields", serve_fields },
		{ "/twice", serve_twice },
		{ "/bad-fields", serve_bad_fields },
		{ "/misuse", serve_misuse },
	};

	assert_non_null(arg);
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (tn_slice_equal_nocase(tn_http_path(x), rows[i].path))
			return rows[i].handle(x);
	return -ENOENT;
}

/* ---- the wire ---------------------------------------------------------- */

struct serve_wire {
	struct tn_stream stream;
	struct serve *serve;
	struct tn_slice in;
	size_t step;
};

static ssize_t
serve_wire_recv(struct tn_stream *s, void *out, size_t size)
{
	struct serve_wire *wire = (struct serve_wire *)s;
	struct tn_slice now = tn_slice_head(wire->in, wire->step);

	now = tn_slice_head(now, size);
	if (now.len > 0)
		memcpy(out, now.data, now.len);
	wire->in = tn_slice_skip(wire->in, now.len);
	return (ssize_t)now.len;
}

static ssize_t
serve_wire_send(struct tn_stream *s, const struct iovec *vectors, int count,
    int flags)
{
	struct serve *serve = ((struct serve_wire *)s)->serve;
	ssize_t n = 0;

	for (int i = 0; i < count; i++) {
		serve_put(&serve->out, tn_slice(vectors[i].iov_base,
		    vectors[i].iov_len));
		n += (ssize_t)vectors[i].iov_len;
	}
	serve->sends++;
	return n;
}

static int
serve_wire_room(struct tn_stream *s)
{
	return 0;
}

static void
serve_wire_release(struct tn_stream *s)
{
	((struct serve_wire *)s)->serve->quiet = s->quiet;
}

static const struct tn__stream_ops serve_wire_ops = {
	.kind = "test wire",
	.recv = serve_wire_recv,
	.send = serve_wire_send,
	.room = serve_wire_room,
	.release = serve_wire_release,
};

int
serve_bytes(struct serve *serve, struct tn_slice in, size_t step)
{
	struct tn_stream *s;
	struct serve_wire *wire;

	tn_buffer_clear(&serve->out);
	tn_buffer_clear(&serve->log);
	tn_buffer_clear(&serve->errors);
	serve->sends = 0;
	assert_int_equal(tn__stream_new(&serve_wire_ops, sizeof(*wire), NULL,
	    &s), 0);
	wire = (struct serve_wire *)s;
	wire->serve = serve;
	wire->in = in;
	wire->step = step;
	return tn_http_serve_stream(serve->server, s, serve->peer);
}

/* ---- the server -------------------------------------------------------- */

static struct serve *serve_current;

static void
serve_record(void *arg, const struct tn_http_record *record)
{
	struct serve *serve = arg;

	assert_true(record->took >= 0);
	assert_true(record->wall_ns > INT64_C(1500000000000000000));
	assert_int_equal(tn_buffer_printf(&serve->log,
	    "%.*s %.*s %d %d %lld", (int)record->method.len,
	    record->method.data, (int)record->target.len, record->target.data,
	    record->version, record->status, (long long)record->bytes), 0);
	if (record->user_agent.data != NULL)
		serve_put(&serve->log, record->user_agent);
	if (record->referer.data != NULL)
		serve_put(&serve->log, record->referer);
	serve_put(&serve->log, TN_SLICE(";"));
}

static void
serve_error(struct tn_request *request, int error)
{
	assert_non_null(request->stream);
	assert_int_equal(error, tn_error_code());
	assert_int_equal(tn_buffer_printf(&serve_current->errors, "%s\n",
	    tn_error_text()), 0);
}

static void
serve_default(int64_t *option, int64_t value)
{
	if (*option == 0)
		*option = value;
}

void
serve_open(struct serve *serve, struct tn_http_server_options *options)
{
	memset(serve, 0, sizeof(*serve));
	serve_current = serve;
	options->arg = serve;
	options->record = serve_record;
	options->server.handle_error = serve_error;
	if (options->handler == NULL && options->routes == NULL)
		options->handler = serve_handler;
	serve_default(&options->line_bytes_max, 100);
	serve_default(&options->fields_bytes_max, 300);
	serve_default(&options->fields_max, 6);
	serve_default(&options->body_bytes_max, 1000);
	assert_int_equal(tn_http_server_open(options, &serve->server), 0);
}

void
serve_close(struct serve *serve)
{
	tn_http_server_free(serve->server);
	tn_buffer_free(&serve->out);
	tn_buffer_free(&serve->log);
	tn_buffer_free(&serve->errors);
}

/* ---- what is expected -------------------------------------------------- */

static void
serve_page(int status, bool closes, struct tn_slice fields,
    struct tn_buffer *ret)
{
	const char *words = tn_http_status_words(status);
	char page[200];
	int n = snprintf(page, sizeof(page), "<!doctype html>\n"
	    "<title>%d %s</title>\n<h1>%d %s</h1>\n", status, words, status,
	    words);

	assert_int_equal(tn_buffer_printf(ret, "HTTP/1.1 %d %s\r\n%s"
	    "Content-Length: %d\r\n%.*s"
	    "Content-Type: text/html; charset=utf-8\r\n\r\n%s", status, words,
	    closes ? "Connection: close\r\n" : "", n, (int)fields.len,
	    fields.data, page), 0);
}

void
serve_expand(const char *text, struct tn_buffer *ret)
{
	struct tn_slice fields;
	const char *brace, *end;

	for (; (brace = strchr(text, '{')) != NULL; text = end + 1) {
		serve_put(ret, tn_slice(text, (size_t)(brace - text)));
		end = strchr(brace, '}');
		fields = tn_slice(brace, (size_t)(end - brace));
		(void)tn_slice_split(&fields, '|');
		serve_page(atoi(brace + 1), brace[4] == '!', fields, ret);
	}
	serve_put(ret, tn_slice_str(text));
}

void
serve_undate(struct tn_buffer *text)
{
	const size_t len = strlen("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	struct tn_slice date;
	int64_t seconds;
	ssize_t at;

	while ((at = tn_slice_search(tn_buffer_slice(text),
	            TN_SLICE("\r\nDate: "))) >= 0) {
		size_t begin = (size_t)at + 2;

		assert_true(begin + len <= text->len);
		date = tn_slice(text->data + begin + 6, len - 8);
		assert_int_equal(tn_date_http_parse(date, 0, &seconds), 0);
		memmove(text->data + begin, text->data + begin + len,
		    text->len - begin - len + 1);
		text->len -= len;
	}
}

static void
serve_check_text(const struct tn_buffer *got, const char *want)
{
	assert_string_equal(got->data == NULL ? "" : got->data, want);
}

static void
serve_check_step(struct serve *serve, const struct serve_row *t, size_t step)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer want = { 0 };
	const char *out = t->out;

	assert_int_equal(serve_bytes(serve, tn_slice_str(t->in), step), 0);
	serve_undate(&serve->out);
	/* Between two pieces the server may have waited for the body. */
	if (t->out_waited != NULL && (step == 1 || (step < strlen(t->in) &&
	    strstr(serve->out.data, "100 Continue") != NULL)))
		out = t->out_waited;
	serve_expand(out, &want);
	serve_check_text(&serve->out, want.data);
	if (t->log != NULL)
		serve_check_text(&serve->log, t->log);
	if (t->error == NULL)
		serve_check_text(&serve->errors, "");
	else
		assert_true(tn_slice_starts(tn_buffer_slice(&serve->errors),
		    tn_slice_str(t->error)));
}

void
serve_check(struct serve *serve, const struct serve_row *t)
{
	serve_check_step(serve, t, SIZE_MAX);
	for (size_t step = 1; step < strlen(t->in); step++)
		serve_check_step(serve, t, step);
}
