/* Replies of 100 to 199: some words ahead of the reply, and the change to
 * another protocol (RFC 9110 sections 7.8 and 15.2). */
#include <errno.h>
#include <tenon/error.h>

#include "proto/http/http.h"

/* The fields from byte `from` on go with it, and are gone. */
static int
interim_write(struct tn_http_exchange *x, int status, const char *protocol,
    size_t from)
{
	struct tn_stream *s = x->c->stream;
	struct tn__http_out o = {
		.data = x->reply_start,
		.cap = sizeof(x->reply_start),
	};
	size_t end = x->fields_out.len;
	int r;

	tn__http_put_status(&o, status);
	if (protocol != NULL) {
		tn__http_put(&o, TN_SLICE("Connection: upgrade\r\n"));
		tn__http_put_field(&o, TN_SLICE("Upgrade"),
		    tn_slice_str(protocol));
	}
	x->fields_out.len = from;
	memcpy(x->reply_fields + end, "\r\n", 2);
	r = tn_stream_write(s, tn_slice(o.data, o.len));
	if (r == 0)
		r = tn_stream_write(s, tn_slice(x->reply_fields + from,
		    end + 2 - from));
	if (r < 0)
		x->broken = true;
	return r;
}

int
tn_http_reply_interim(struct tn_http_exchange *x, int status)
{
	if (x->reply.status != 0)
		return tn_error_set(-EINVAL, "HTTP reply: an interim one comes "
		    "behind %d", x->reply.status);
	if (status < 102 || status > 199)
		return tn_error_set(-EINVAL, "HTTP reply: %d is no interim "
		    "status, 102 to 199", status);
	if (x->head.version >= 11)
		return interim_write(x, status, NULL, x->fields_before);
	x->fields_out.len = x->fields_before;
	return 0;
}

/* ---- another protocol --------------------------------------------------- */

/* Upgrade = #( protocol-name [ "/" protocol-version ] ); a name without a
 * version asks for any. */
static bool
interim_is_asked_for(const struct tn_http_exchange *x, const char *protocol)
{
	for (uint32_t i = 0; x->head.upgrade && i < x->head.fields_count; i++) {
		const struct tn__http_field *field = &x->head.fields[i];
		struct tn_slice list = tn__http_text(x->text, field->value);

		while (field->id == TN__HTTP_UPGRADE && list.data != NULL)
			if (tn_slice_equal_nocase(
			        tn_slice_trim(tn_slice_split(&list, ',')),
			        protocol))
				return true;
	}
	return false;
}

static int
interim_check(struct tn_http_exchange *x, const char *protocol)
{
	struct tn_slice version = tn_slice_str(protocol);
	struct tn_slice name = tn_slice_split(&version, '/');

	if (!tn__http_is_token(name) || name.len > 64 || version.len > 64 ||
	    (version.data != NULL && !tn__http_is_token(version)))
		return tn_error_set(-EINVAL, "HTTP upgrade: a protocol is a "
		    "name, or name/version");
	if (x->reply.status != 0)
		return tn_error_set(-EINVAL, "HTTP upgrade: there was a reply "
		    "before, %d", x->reply.status);
	if (!interim_is_asked_for(x, protocol)) {
		x->upgrade = protocol;
		return tn_error_set(TN_EPROTO, "HTTP upgrade: the client did "
		    "not ask for %s", protocol);
	}
	if (!tn__http_body_skip(x))
		return tn_error_set(TN_EPROTO,
		    "HTTP upgrade: the request has a body");
	return 0;
}

int
tn_http_upgrade(struct tn_http_exchange *x, const char *protocol,
    struct tn_stream **ret)
{
	int r = interim_check(x, protocol);

	if (r < 0)
		return r;
	x->reply.status = 101;
	x->reply.mode = TN__HTTP_REPLY_SWITCHED;
	r = interim_write(x, 101, protocol, 0);
	if (r < 0)
		return r;
	x->switched_out = tn__http_written(x->c);
	x->switched_in = tn_stream_bytes_read(x->c->stream);
	tn_stream_set_pace(x->c->stream, NULL);
	tn__http_endless(x);
	*ret = x->c->stream;
	return 0;
}
