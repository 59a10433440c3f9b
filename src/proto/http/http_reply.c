/* The head of a reply and the calls that give one: what the server says itself
 * (RFC 9110 section 6.6, RFC 9112 sections 6 and 9) around the handler's
 * fields. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/date.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/run.h>

#include "proto/http/http.h"

/* ---- fields ------------------------------------------------------------- */
/* A client that was told two lengths, or two ends, could believe either. */
static bool
reply_is_ours(struct tn_slice name)
{
	switch (tn__http_name(name)) {
	case TN__HTTP_CONTENT_LENGTH:
	case TN__HTTP_TRANSFER_ENCODING:
	case TN__HTTP_CONNECTION:
		return true;
	default:
		return tn_slice_equal_nocase(name, "date");
	}
}

static int
reply_put(struct tn_http_exchange *x, struct tn_slice name,
    struct tn_slice value)
{
	if (!tn__http_is_value(value))
		return tn_error_set(-EINVAL, "HTTP reply: the value of %.*s "
		    "holds a control character, or begins or ends with white "
		    "space", (int)name.len, name.data);
	tn__http_put_field(&x->fields_out, name, value);
	if (!x->fields_out.full)
		return 0;
	x->fields_out.full = false; /* shorter ones may fit */
	return tn_error_set(TN_ELIMIT, "HTTP reply: %.*s would make more than "
	    "%d bytes of fields", (int)name.len, name.data,
	    TN__HTTP_REPLY_FIELDS);
}

/* The value is printed where the start of the reply will be, or else to memory
 * of its own. */
static int
reply_print(struct tn_http_exchange *x, struct tn_slice name,
    const char *format, va_list arguments)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = {
		.max = TN__HTTP_REPLY_FIELDS,
	};
	va_list again;
	int n, r;

	va_copy(again, arguments);
	n = vsnprintf(x->reply_start, sizeof(x->reply_start), format,
	    arguments);
	if (n >= 0 && (size_t)n < sizeof(x->reply_start)) {
		r = reply_put(x, name, tn_slice(x->reply_start, (size_t)n));
	} else {
		r = tn_buffer_vprintf(&text, format, again);
		if (r < 0)
			tn_error_set(r, "HTTP reply: value of %.*s: %s",
			    (int)name.len, name.data, tn_error_words(r));
		else
			r = reply_put(x, name, tn_buffer_slice(&text));
	}
	va_end(again);
	return r;
}

int
tn__http_reply_check_name(const char *name)
{
	struct tn_slice token = tn_slice_str(name);

	if (!tn__http_is_token(token))
		return tn_error_set(-EINVAL,
		    "HTTP reply: a field name that is no token");
	if (reply_is_ours(token))
		return tn_error_set(-EINVAL, "HTTP reply: %s is the server's "
		    "to write", name);
	return 0;
}

/* What needs no printing goes without. */
int
tn__http_reply_add(struct tn_http_exchange *x, struct tn_slice name,
    const char *format, va_list arguments)
{
	if (strcmp(format, "%s") == 0)
		return reply_put(x, name,
		    tn_slice_str(va_arg(arguments, const char *)));
	if (strchr(format, '%') == NULL)
		return reply_put(x, name, tn_slice_str(format));
	return reply_print(x, name, format, arguments);
}

int
tn_http_reply_field(struct tn_http_exchange *x, const char *name,
    const char *format, ...)
{
	va_list arguments;
	int r = tn__http_reply_check_name(name);

	if (r < 0)
		return r;
	if (x->reply.status != 0)
		return tn_error_set(-EINVAL,
		    "HTTP reply: %s comes behind its head", name);
	va_start(arguments, format);
	r = tn__http_reply_add(x, tn_slice_str(name), format, arguments);
	va_end(arguments);
	return r;
}

/* ---- the head ----------------------------------------------------------- */

/* The Date field, printed once a second. */
static struct tn_slice
reply_date(void)
{
	static _Thread_local struct {
		int64_t second;
		char line[6 + TN_HTTP_DATE_SIZE + 1];
	} date = { .second = INT64_MIN };
	int64_t second = tn_wall_now() / 1000000000;

	if (second != date.second) {
		memcpy(date.line, "Date: ", 6);
		tn_date_http(second, date.line + 6);
		memcpy(date.line + sizeof(date.line) - 2, "\r\n", 2);
		date.second = second;
	}
	return tn_slice(date.line, sizeof(date.line));
}

/* RFC 9112 section 9.3; and a body that nobody will read is in the way. */
static bool
reply_may_keep(const struct tn_http_exchange *x)
{
	const struct tn__http_connection *c = x->c;

	return x->head.keep_alive && !x->broken && !x->last &&
	    x->reply.mode != TN__HTTP_REPLY_UNTIL_CLOSE &&
	    c->requests < c->server->options.requests_max &&
	    tn__http_body_is_short(x) &&
	    !tn_server_draining(c->server->server);
}

/* RFC 9112 section 6: how the client learns where the body ends. */
static void
reply_decide(struct tn_http_exchange *x, int status, int64_t length)
{
	struct tn__http_reply *reply = &x->reply;

	reply->status = status;
	reply->length = length < 0 ? -1 : length;
	reply->held = true;
	if (x->head.verb == TN__HTTP_HEAD || status == 204 || status == 304)
		reply->mode = TN__HTTP_REPLY_DROPPED;
	else if (length >= 0)
		reply->mode = TN__HTTP_REPLY_COUNTED;
	else if (x->head.version >= 11)
		reply->mode = TN__HTTP_REPLY_CHUNKED;
	else
		reply->mode = TN__HTTP_REPLY_UNTIL_CLOSE;
}

static struct tn_slice
reply_start(struct tn_http_exchange *x)
{
	const struct tn__http_reply *reply = &x->reply;
	struct tn__http_out o = {
		.data = x->reply_start,
		.cap = sizeof(x->reply_start),
	};

	tn__http_put_status(&o, reply->status);
	tn__http_put(&o, reply_date());
	tn__http_put(&o, x->c->server->name_line);
	if (!x->keep)
		tn__http_put(&o, TN_SLICE("Connection: close\r\n"));
	else if (x->head.version < 11)
		tn__http_put(&o, TN_SLICE("Connection: keep-alive\r\n"));
	if (reply->mode == TN__HTTP_REPLY_CHUNKED)
		tn__http_put(&o, TN_SLICE("Transfer-Encoding: chunked\r\n"));
	else if (reply->length >= 0 && reply->status != 204 &&
	    reply->status != 304)
		tn__http_put_number(&o, TN_SLICE("Content-Length"),
		    (uint64_t)reply->length);
	return tn_slice(o.data, o.len);
}

int
tn_http_status(const struct tn_http_exchange *x)
{
	return x->reply.status;
}

static int
reply_check(struct tn_http_exchange *x, int status)
{
	if (x->reply.status != 0)
		return tn_error_set(-EINVAL,
		    "HTTP reply: there was one before, %d", x->reply.status);
	if (status < 200 || status > 599)
		return tn_error_set(-EINVAL,
		    "HTTP reply: %d is no final status, 200 to 599", status);
	return 0;
}

/* Says what the head will be. */
static int
reply_head(struct tn_http_exchange *x, int status, const char *type,
    int64_t length)
{
	int r = reply_check(x, status);

	if (r == 0 && type != NULL)
		r = reply_put(x, TN_SLICE("Content-Type"), tn_slice_str(type));
	if (r == 0 && x->reply.compress)
		r = tn__http_compress(x, status, &length);
	if (r == 0)
		reply_decide(x, status, length);
	return r;
}

int
tn__http_reply_release(struct tn_http_exchange *x)
{
	int r;

	if (!x->reply.held)
		return 0;
	x->reply.held = false;
	x->keep = reply_may_keep(x);
	tn__http_hurry(x->c, true);
	r = tn_stream_write(x->c->stream, reply_start(x));
	if (r == 0) {
		memcpy(x->reply_fields + x->fields_out.len, "\r\n", 2);
		r = tn_stream_write(x->c->stream,
		    tn_slice(x->reply_fields, x->fields_out.len + 2));
		x->fields_out.len = 0; /* room for trailers */
	}
	if (r < 0)
		x->broken = true;
	return r;
}

/* ---- whole replies ------------------------------------------------------ */

int
tn_http_reply(struct tn_http_exchange *x, int status, const char *type,
    struct tn_slice body)
{
	int r = reply_head(x, status, type, (int64_t)body.len);

	if (r == 0)
		r = tn__http_reply_release(x);
	return r < 0 ? r : tn_stream_write(tn__http_reply_stream(x), body);
}

int
tn_http_reply_json(struct tn_http_exchange *x, int status, struct tn_slice text)
{
	return tn_http_reply(x, status, "application/json", text);
}

int
tn_http_reply_redirect(struct tn_http_exchange *x, int status,
    const char *location)
{
	int r;

	if (status < 301 || status > 308 || (status > 303 && status < 307))
		return tn_error_set(-EINVAL, "HTTP reply: %d is no redirection "
		    "(301, 302, 303, 307 and 308 are)", status);
	r = tn_http_reply_field(x, "Location", "%s", location);
	return r < 0 ? r : tn_http_reply_status(x, status);
}

static int
reply_page(struct tn_http_exchange *x, int status)
{
	char text[256];
	struct tn__http_out page = { .data = text, .cap = sizeof(text) };
	char number[TN_UINT_DIGITS];
	struct tn_slice digits = { number, 0 };
	struct tn_slice words = tn_slice_str(tn_http_status_words(status));

	if (status == 204 || status == 205 || status == 304)
		return tn_http_reply(x, status, NULL, tn_slice(NULL, 0));
	digits.len = tn_format_uint(number, (uint64_t)status);
	tn__http_put(&page, TN_SLICE("<!doctype html>\n<title>"));
	for (int i = 0; i < 2; i++) {
		tn__http_put(&page, digits);
		tn__http_put(&page, TN_SLICE(" "));
		tn__http_put(&page, words);
		tn__http_put(&page, i == 0 ? TN_SLICE("</title>\n<h1>")
					   : TN_SLICE("</h1>\n"));
	}
	return tn_http_reply(x, status, "text/html; charset=utf-8",
	    tn_slice(page.data, page.len));
}

/* Asks the program for its page; what that adds and then does not send is
 * forgotten. */
static int
reply_own_page(struct tn_http_exchange *x, int status)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	size_t fields = x->fields_out.len;
	int r;

	x->paging = true;
	r = o->error_page(x, status, o->arg);
	x->paging = false;
	if (x->reply.status != 0)
		return r < 0 ? r : 0;
	if (r < 0)
		tn__http_report(x, r);
	x->fields_out.len = fields;
	return reply_page(x, status);
}

int
tn_http_reply_status(struct tn_http_exchange *x, int status)
{
	int r = reply_check(x, status);

	if (r < 0)
		return r;
	return status >= 400 && !x->paging &&
	    x->c->server->options.error_page != NULL ?
	    reply_own_page(x, status) : reply_page(x, status);
}

int
tn_http_reply_begin(struct tn_http_exchange *x, int status, const char *type,
    int64_t length, struct tn_stream **ret)
{
	int r = reply_head(x, status, type, length);

	/* A client that waits for "100 Continue" may yet get it, when the
	 * handler reads before it writes. */
	if (r == 0 && !tn__http_body_is_awaited(x))
		r = tn__http_reply_release(x);
	if (r < 0)
		return r;
	*ret = tn__http_reply_stream(x);
	return 0;
}

int
tn_http_reply_file(struct tn_http_exchange *x, int status, const char *type,
    struct tn_file *file, int64_t offset, int64_t size)
{
	int64_t n;
	int r;

	if (offset < 0 || size < 0 || offset > INT64_MAX - size)
		return tn_error_set(-EINVAL, "HTTP reply: no file has %lld "
		    "bytes at %lld", (long long)size, (long long)offset);
	x->reply.compress = false;
	r = reply_head(x, status, type, size);
	if (r == 0)
		r = tn__http_reply_release(x);
	if (r < 0 || x->reply.mode == TN__HTTP_REPLY_DROPPED)
		return r;

	/* Not by the reply's stream, which would hide that it is a socket. */
	n = tn_stream_send_file(x->c->stream, file, offset, size);
	if (n < 0) {
		x->broken = true;
		return (int)n;
	}
	x->reply.sent = n;
	return tn__http_reply_end(x);
}
