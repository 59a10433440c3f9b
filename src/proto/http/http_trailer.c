/* Fields behind a body (RFC 9110 section 6.5). */
#include <errno.h>
#include <stdarg.h>
#include <tenon/error.h>

#include "proto/http/http.h"

/* ---- of the request ----------------------------------------------------- */

struct tn_slice
tn_http_trailer(const struct tn_http_exchange *x, const char *name)
{
	struct tn_slice rest = tn_buffer_slice(&x->body.trailers);

	if (!x->body.chunk.done)
		return tn_slice(NULL, 0);
	while (rest.len > 0) {
		struct tn_slice value = tn_slice_split(&rest, '\n');

		if (tn_slice_equal_nocase(tn_slice_split(&value, ':'), name))
			return tn_slice_trim(value);
	}
	return tn_slice(NULL, 0);
}

/* ---- of the reply ------------------------------------------------------- */

/* Those that tell how to read the message, or what to do with it before its end
 * (section 6.5.1). */
static bool
trailer_is_forbidden(const char *name)
{
	static const char *const names[] = { "authorization", "cache-control",
		"content-encoding", "content-range", "content-type", "host",
		"location", "retry-after", "set-cookie", "te", "trailer",
		"upgrade", "vary", "www-authenticate" };

	for (size_t i = 0; i < TN_COUNT(names); i++)
		if (tn_slice_equal_nocase(tn_slice_str(name), names[i]))
			return true;
	return false;
}

int
tn_http_reply_trailer(struct tn_http_exchange *x, const char *name,
    const char *format, ...)
{
	va_list arguments;
	int r = tn__http_reply_check_name(name);

	if (r == 0 && trailer_is_forbidden(name))
		r = tn_error_set(-EINVAL, "HTTP reply: %s means nothing behind "
		    "the body", name);
	if (r == 0 && (x->reply.status == 0 || x->reply.stream.shut ||
	        x->reply.mode == TN__HTTP_REPLY_COUNTED))
		r = tn_error_set(-EINVAL, "HTTP reply: only one that was begun "
		    "without a length, and has not ended, has trailers");
	if (r == 0)
		r = tn__http_reply_release(x);
	if (r < 0)
		return r;
	va_start(arguments, format);
	r = tn__http_reply_add(x, tn_slice_str(name), format, arguments);
	va_end(arguments);
	if (x->reply.mode != TN__HTTP_REPLY_CHUNKED)
		x->fields_out.len = 0;
	return r;
}

/* The last chunk, then the trailers, where the fields of the head were before,
 * and the empty line. */
int
tn__http_trailers_write(struct tn_http_exchange *x)
{
	struct tn_stream *s = x->c->stream;
	int r;

	if (x->fields_out.len == 0)
		return tn_stream_write(s, TN__HTTP_CHUNK_END);
	memcpy(x->reply_fields + x->fields_out.len, "\r\n", 2);
	r = tn_stream_write(s, TN_SLICE("0\r\n"));
	return r < 0 ? r : tn_stream_write(s, tn_slice(x->reply_fields,
	    x->fields_out.len + 2));
}
