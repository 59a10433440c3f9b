/* Who answers a request: the hook before, a route, the handler behind them; and
 * what is said when nobody did. */
#include <errno.h>
#include <sys/socket.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/http.h"

/* ---- routes ------------------------------------------------------------- */

/* Parameters are decoded into memory as long as the path, each where it stands
 * encoded: so asking for one again finds it there. */
static int
answer_make_room(struct tn_http_exchange *x, struct tn_slice path)
{
	size_t used = x->text_own == NULL ? x->text.len : 0;

	if (tn_slice_find(path, '%') < 0)
		return 0;
	if (path.len <= sizeof(x->text_inside) - used)
		x->params = x->text_inside + used;
	else
		x->params = x->params_own = tn__alloc(path.len);
	return x->params == NULL ? tn__error_nomem() : 0;
}

struct tn_slice
tn_http_param(const struct tn_http_exchange *x, const char *name)
{
	struct tn_slice path = tn_http_path(x), part;
	char *out;

	if (x->route == NULL)
		return tn_slice(NULL, 0);
	part = tn__http_route_part(x->route->pattern, path, name);
	if (part.len == 0 || x->params == NULL)
		return part;
	out = x->params + (part.data - path.data);
	return tn_slice(out, tn__http_route_decode(part, out));
}

/* RFC 9110 section 9.3.7: what OPTIONS asks is what 405 has to say
 * (section 15.5.6).  1 when it was said, 0 when there is nothing to say. */
static int
answer_methods(struct tn_http_exchange *x, const struct tn__http_target *target)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer allow = { 0 };
	int r = tn__http_route_methods(x->c->server->options.routes, target,
	    &allow);

	if (r < 0)
		return tn__error_nomem();
	if (allow.len == 0)
		return 0;
	r = tn_http_reply_field(x, "Allow", "%s", allow.data);
	if (r == 0)
		r = tn_http_reply_status(x,
		    x->head.verb == TN__HTTP_OPTIONS ? 204 : 405);
	return r < 0 ? r : 1;
}

/* Whether the path with "/" behind it has a route.  What follows the path in
 * our copy of the head, " " or "?", gives its place meanwhile. */
static bool
answer_is_folder(struct tn_http_exchange *x,
    const struct tn__http_target *target)
{
	struct tn__http_target folder = *target;
	char *end, kept;
	bool found;

	if (x->head.path.len == 0 || target->path.data[0] != '/')
		return false;
	end = x->text_kept + x->head.path.at + x->head.path.len;
	kept = *end;
	*end = '/';
	folder.path.len++;
	found = tn__http_route_find(x->c->server->options.routes, &folder) !=
	    NULL;
	*end = kept;
	return found;
}

static int
answer_folder(struct tn_http_exchange *x, struct tn_slice path)
{
	bool plain = x->head.verb == TN__HTTP_GET ||
	    x->head.verb == TN__HTTP_HEAD;
	struct tn_slice query = tn_http_query(x);
	int r = tn_http_reply_field(x, "Location", "%.*s/%s%.*s",
	    (int)path.len, path.data, x->head.has_query ? "?" : "",
	    (int)query.len, query.data);

	return r < 0 ? r : tn_http_reply_status(x, plain ? 301 : 308);
}

/* No route answers: what the table says nevertheless, then the handler. */
static int
answer_unrouted(struct tn_http_exchange *x,
    const struct tn__http_target *target)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	int r = o->routes == NULL ? 0 : answer_methods(x, target);

	if (r != 0)
		return r;
	if (o->routes != NULL && answer_is_folder(x, target))
		return answer_folder(x, target->path);
	if (o->handler != NULL)
		return o->handler(x, o->arg);
	return tn_http_reply_status(x,
	    x->head.form == TN__HTTP_ASTERISK ? 204 : 404);
}

static int
answer_route(struct tn_http_exchange *x)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	const struct tn__http_target target = {
		.method = tn_http_method(x),
		.host = tn_http_host(x),
		.path = tn_http_path(x),
	};
	int r;

	if (o->routes != NULL)
		x->route = tn__http_route_find(o->routes, &target);
	if (x->route == NULL)
		return answer_unrouted(x, &target);
	r = answer_make_room(x, target.path);
	return r < 0 ? r : x->route->handler(x, x->route->arg);
}

/* ---- and when that fails ------------------------------------------------ */

/* What the client is told of a handler's result; 500 for all others. */
static int
answer_status(const struct tn_http_exchange *x, int code)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ -ENOENT, 404 },
		{ TN_EESCAPE, 404 },
		{ -EACCES, 403 },
		{ TN_ELIMIT, 413 },
		{ -ETIMEDOUT, 408 },
		{ TN_EPROTO, 400 },
		{ -EMEDIUMTYPE, 415 },
	};

	if (code == TN_ETRUNCATED && x->body.error == code)
		return 400;
	if (code == -ECANCELED && tn_cancelled())
		return 503;
	if (x->late && tn__http_body_is_over(x))
		return 503; /* nobody waits for the client */
	if (code == TN_EPROTO && x->upgrade != NULL)
		return 426;
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (rows[i].code == code)
			return rows[i].status;
	return 500;
}

/* The handler failed with `code` before it said anything. */
static void
answer_fail(struct tn_http_exchange *x, int code)
{
	int status = answer_status(x, code);

	if (status >= 500)
		tn__http_report(x, code);
	if (status == 408 || status == 503)
		x->broken = true;
	x->reply.status = 0;
	tn__http_compress_drop(x);
	x->fields_out.len = x->fields_before; /* others were about its reply */
	if (status == 426) { /* RFC 9110 section 15.5.22 */
		tn__http_put_field(&x->fields_out, TN_SLICE("Connection"),
		    TN_SLICE("upgrade"));
		tn__http_put_field(&x->fields_out, TN_SLICE("Upgrade"),
		    tn_slice_str(x->upgrade));
	}
	if (tn_http_reply_status(x, status) < 0 || tn__http_reply_end(x) < 0)
		x->broken = true;
}

/* What fails now is the connection, or failed the handler because of it: then
 * there is nobody to tell, and the server underneath hears of it. */
static bool
answer_is_lost(const struct tn_http_exchange *x)
{
	const struct tn_stream *s = x->c->stream;

	return s->write_error < 0 || s->read_error < 0;
}

/* RFC 9112 section 8: a body that ends with the connection would seem whole if
 * the connection ended in good order. */
static bool
answer_must_reset(const struct tn_http_exchange *x)
{
	return x->reply.mode == TN__HTTP_REPLY_UNTIL_CLOSE &&
	    x->reply.status != 0 && !x->reply.held;
}

static void
answer_reset(struct tn_http_exchange *x)
{
	const struct linger linger = { .l_onoff = 1 };
	struct tn_socket *socket = tn_stream_socket(x->c->stream);

	if (socket != NULL)
		(void)!tn_socket_setsockopt(socket, SOL_SOCKET, SO_LINGER,
		    &linger, sizeof(linger));
}

/* 0, or an error that ends the connection at once. */
static int
answer_settle(struct tn_http_exchange *x, int r)
{
	if (r >= 0)
		return 0;
	if (answer_must_reset(x)) {
		answer_reset(x);
		return r;
	}
	if (answer_is_lost(x))
		return r;
	if (x->reply.status == 0 || x->reply.held) {
		answer_fail(x, r);
		return 0;
	}
	x->broken = true;
	tn__http_report(x, r);
	return 0;
}

/* ---- all of it ---------------------------------------------------------- */

static int
answer_run(struct tn_http_exchange *x)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	int r = o->before == NULL ? 0 : o->before(x, o->arg);

	if (r == 0) {
		x->fields_before = x->fields_out.len;
		r = answer_route(x);
	}
	r = tn__http_events_end(x, r);
	if (r == -EPIPE && x->reply.over)
		r = 0; /* all that the client asked for was sent */
	if (r >= 0 && x->reply.status != 0)
		r = tn__http_reply_end(x);
	else if (r >= 0)
		r = tn_error_set(-EPROTO,
		    "HTTP handler: it returned without a reply");
	return r;
}

/* Within request_ms, which began with the head. */
static int
answer_run_timed(struct tn_http_exchange *x)
{
	int64_t limit_ms = x->c->server->options.request_ms;
	tn_time spent = tn_now() - x->began;
	int r;

	tn_scope_open(&x->scope, tn_after(tn__http_span(limit_ms)) - spent);
	r = answer_run(x);
	x->late = tn_scope_close(&x->scope) && r == -ETIMEDOUT;
	if (x->late)
		tn_error_prefix("longer than %lld ms (request_ms)",
		    (long long)limit_ms);
	return r;
}

int
tn__http_answer(struct tn_http_exchange *x)
{
	const struct tn_http_server_options *o = &x->c->server->options;
	int r = x->timed ? answer_run_timed(x) : answer_run(x);

	r = answer_settle(x, r);
	if (o->after != NULL)
		o->after(x, o->arg);
	return r;
}
