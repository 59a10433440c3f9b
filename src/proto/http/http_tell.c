/* What others hear of an exchange: the access log, the log, handle_error(). */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include <tenon/run.h>

#include "proto/http/http.h"

/* Of the bodies, or of what the connection was given over to. */
static int64_t
tell_bytes(const struct tn_http_exchange *x)
{
	return x->reply.mode != TN__HTTP_REPLY_SWITCHED ? x->reply.sent :
	    tn__http_written(x->c) - x->switched_out;
}

static int64_t
tell_bytes_in(const struct tn_http_exchange *x)
{
	if (x->reply.mode != TN__HTTP_REPLY_SWITCHED)
		return tn_stream_bytes_read(&x->body.stream);
	return tn_stream_bytes_read(x->c->stream) - x->switched_in;
}

void
tn__http_record(const struct tn_http_exchange *x)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	struct tn_http_record record;

	if (o->record == NULL)
		return;
	record = (struct tn_http_record){
		.peer = tn_http_peer(x),
		.method = tn__http_text(x->text, x->head.method),
		.target = tn__http_text(x->text, x->head.target),
		.referer = tn__http_known(&x->head, x->text, TN__HTTP_REFERER),
		.user_agent = tn__http_known(&x->head, x->text,
		    TN__HTTP_USER_AGENT),
		.version = x->head.version,
		.status = x->reply.status,
		.bytes = tell_bytes(x),
		.took = tn_now() - x->began,
		.wall_ns = x->wall_ns,
		.host = tn_http_host(x),
		.route = x->route == NULL ? NULL : x->route->pattern,
		.bytes_in = tell_bytes_in(x),
		.secure = tn_http_is_secure(x),
	};
	o->record(o->arg, &record);
}

void
tn__http_log(const struct tn_http_exchange *x, enum tn_log_level level,
    const char *event)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer target = { 0 };
	char peer[TN_ADDRESS_TEXT_MAX];
	struct tn_log_field fields[] = {
		{ "peer", tn_address_format(tn_http_peer(x), peer) },
		{ "target", "" },
		{ "error", tn_error_text() },
	};

	if (tn_buffer_append_escaped(&target,
	        tn__http_text(x->text, x->head.target)) == 0)
		fields[1].value = target.data;
	tn_log(level, event, fields, TN_COUNT(fields));
}

void
tn__http_report(struct tn_http_exchange *x, int code)
{
	const struct tn_http_server_options *o = &x->c->server->options;

	if (tn_error_code() != code) /* it left no line */
		tn_error_set(code, "HTTP handler: %s", tn_error_words(code));
	if (o->server.handle_error != NULL)
		o->server.handle_error(x->c->request, code);
	else
		tn__http_log(x,
		    code == -ECANCELED ? TN_LOG_DEBUG : TN_LOG_WARNING,
		    "http.handler");
}
