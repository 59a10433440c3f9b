/* HTTP talks: our server with a handler that the talk names. */
#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/http_files.h>
#include <tenon/number.h>

#include "dialogue/http.h"

#define HTTP_BIG 200000 /* more than what is on its way at once */

/* ---- handlers ----------------------------------------------------------- */

/* The whole body, told. */
static int
http_read(struct tn_http_exchange *x, struct talk_ours *ours,
    struct tn_buffer *ret)
{
	struct tn_stream *body = tn_http_body(x);
	struct tn_slice shown;
	int r;

	while ((r = tn_stream_fill(body, 1, &shown)) > 0) {
		r = tn_buffer_append(ret, shown);
		tn_stream_consume(body, shown.len);
		if (r < 0)
			r = tn_error_set(r, "no memory for the body");
		if (r < 0)
			break;
	}
	if (r < 0)
		return talk_tell_error(ours, r);
	if (tn_http_body_length(x) != 0)
		talk_tell_bytes(ours, "body", tn_buffer_slice(ret));
	return 0;
}

/* Says the body back. */
static int
http_echo(struct tn_http_exchange *x, struct talk_ours *ours)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer body = { 0 };
	int r = http_read(x, ours, &body);

	return r < 0 ? r : tn_http_reply(x, 200, NULL, tn_buffer_slice(&body));
}

/* Does not look at the body. */
static int
http_hello(struct tn_http_exchange *x, struct talk_ours *ours)
{
	return tn_http_reply(x, 200, "text/plain", TN_SLICE("hello"));
}

/* Two writes, of a length that is announced, or -1. */
static int
http_write(struct tn_http_exchange *x, int64_t length)
{
	struct tn_stream *out;
	int r = tn_http_reply_begin(x, 200, NULL, length, &out);

	if (r == 0)
		r = tn_stream_write(out, TN_SLICE("one"));
	if (r == 0)
		r = tn_stream_write(out, TN_SLICE("two"));
	return r;
}

static int
http_stream(struct tn_http_exchange *x, struct talk_ours *ours)
{
	return http_write(x, -1);
}

static int
http_counted(struct tn_http_exchange *x, struct talk_ours *ours)
{
	return http_write(x, 6);
}

/* Breaks its promise. */
static int
http_short(struct tn_http_exchange *x, struct talk_ours *ours)
{
	return http_write(x, 9);
}

/* Fails when half is said. */
static int
http_half(struct tn_http_exchange *x, struct talk_ours *ours)
{
	int r = http_write(x, -1);

	return r < 0 ? r : tn_error_set(-EIO, "the other half is lost");
}

/* Answers, and reads the body afterwards. */
static int
http_early(struct tn_http_exchange *x, struct talk_ours *ours)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer body = { 0 };
	struct tn_stream *out;
	int r = tn_http_reply_begin(x, 200, NULL, -1, &out);

	if (r == 0)
		r = tn_stream_write(out, TN_SLICE("early"));
	return r < 0 ? r : http_read(x, ours, &body);
}

static int
http_slow(struct tn_http_exchange *x, struct talk_ours *ours)
{
	int r = tn_sleep(30 * TN_SECOND);

	return r < 0 ? r : http_hello(x, ours);
}

static int
http_big(struct tn_http_exchange *x, struct talk_ours *ours)
{
	static char body[HTTP_BIG];

	memset(body, 'x', sizeof(body));
	return tn_http_reply(x, 200, NULL, tn_slice(body, sizeof(body)));
}

/* 200 bytes of which there may be parts. */
static int
http_letters(struct tn_http_exchange *x, struct talk_ours *ours)
{
	char bytes[200];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 26);
	return tn_http_reply_content(x,
	    &(struct tn_http_content){ .bytes = tn_slice(bytes, sizeof(bytes)),
		.type = "text/plain",
		.etag = "\"v1\"" });
}

/* "status 404" */
static int
http_status(struct tn_http_exchange *x, struct talk_ours *ours)
{
	const char *word = talk_word(ours, 1);
	uint64_t status;

	if (word == NULL || tn_parse_uint(tn_slice_str(word), 599, &status) < 0)
		return tn_error_set(-EINVAL, "which status?");
	return tn_http_reply_status(x, (int)status);
}

/* "fail ENOENT" */
static int
http_fail(struct tn_http_exchange *x, struct talk_ours *ours)
{
	static const int codes[] = { -ENOENT, -EACCES, -EIO, -ETIMEDOUT,
		TN_EESCAPE, TN_ELIMIT, TN_EPROTO };
	const char *word = talk_word(ours, 1);

	for (size_t i = 0; word != NULL && i < TN_COUNT(codes); i++)
		if (strcmp(tn_error_name(codes[i]), word) == 0)
			return tn_error_set(codes[i], "failed on purpose");
	return tn_error_set(-EINVAL, "which error?");
}

static const struct http_handler {
	const char *name;
	int (*run)(struct tn_http_exchange *x, struct talk_ours *ours);
	int words; /* that it takes for itself, its name included */
} handlers[] = {
	{ "big", http_big, 1 },
	{ "counted", http_counted, 1 },
	{ "early", http_early, 1 },
	{ "echo", http_echo, 1 },
	{ "fail", http_fail, 2 },
	{ "half", http_half, 1 },
	{ "hello", http_hello, 1 },
	{ "letters", http_letters, 1 },
	{ "short", http_short, 1 },
	{ "slow", http_slow, 1 },
	{ "status", http_status, 2 },
	{ "stream", http_stream, 1 },
};

/* What the remaining words ask for: a part of the request, or a field. */
static void
http_tell(struct tn_http_exchange *x, struct talk_ours *ours,
    const char *what)
{
	struct tn_slice value = tn_http_field(x, what);

	if (strcmp(what, "path") == 0)
		value = tn_http_path(x);
	else if (strcmp(what, "query") == 0)
		value = tn_http_query(x);
	if (strcmp(what, "version") == 0)
		talk_tell(ours, "version %d", tn_http_version(x));
	else if (strcmp(what, "length") == 0)
		talk_tell(ours, "length %lld",
		    (long long)tn_http_body_length(x));
	else if (value.data == NULL)
		talk_tell(ours, "no %s", what);
	else
		talk_tell_bytes(ours, what, value);
}

static int
http_handle(struct tn_http_exchange *x, void *arg)
{
	struct talk_ours *ours = arg;
	const struct http_handler *h = ours->user;
	struct tn_slice method = tn_http_method(x), target = tn_http_target(x);
	const char *word;

	talk_tell(ours, "%.*s %.*s", (int)method.len, method.data,
	    (int)target.len, target.data);
	for (int i = h->words; (word = talk_word(ours, i)) != NULL; i++)
		http_tell(x, ours, word);
	return h->run(x, ours);
}

/* ---- serving ------------------------------------------------------------ */

static const struct http_handler *
http_handler(const char *name)
{
	for (size_t i = 0; i < TN_COUNT(handlers); i++)
		if (name != NULL && strcmp(handlers[i].name, name) == 0)
			return &handlers[i];
	return NULL;
}

static int
http_serve(struct talk_ours *ours)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	struct tn_http_server_options o = {
		.server.address = ours->address,
		.handler = http_handle,
		.arg = ours,
	};
	const struct talk_option options[] = {
		{ "body_bytes_max", &o.body_bytes_max },
		{ "fields_bytes_max", &o.fields_bytes_max },
		{ "fields_max", &o.fields_max },
		{ "header_ms", &o.header_ms },
		{ "idle_ms", &o.idle_ms },
		{ "line_bytes_max", &o.line_bytes_max },
		{ "rate_grace_ms", &o.rate_grace_ms },
		{ "rate_min", &o.rate_min },
		{ "requests_max", &o.requests_max },
	};
	int r = talk_options(ours, options, TN_COUNT(options));

	ours->user = (void *)http_handler(talk_word(ours, 0));
	if (r == 0 && ours->user == NULL)
		r = tn_error_set(-EINVAL, "no handler is called %s",
		    talk_word(ours, 0));
	if (r == 0)
		r = tn_http_server_open(&o, &server);
	if (r < 0)
		return r;
	ours->server = tn_http_server(server);
	return tn_server_serve_forever(ours->server);
}

/* What our server may say when a fault has struck it; that it will end the
 * connection says one that a fault has ended. */
static bool
http_excuses(struct tn_slice line)
{
	static const char *const lines[] = {
		"HTTP/1.1 408 Request Timeout\r",
		"HTTP/1.1 500 Internal Server Error\r",
		"HTTP/1.1 503 Service Unavailable\r",
		"Connection: close\r",
	};

	for (size_t i = 0; i < TN_COUNT(lines); i++)
		if (tn_slice_starts(tn_slice_str(lines[i]), line))
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	static const struct talk_protocol http = {
		.name = "http",
		.serve = http_serve,
		.call = http_call,
		.excuses = http_excuses,
	};

	return talk_main(&http, argc, argv);
}
