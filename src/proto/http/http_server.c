/* The server: its options, and the life of a connection, which is spent waiting
 * for the next request on a stack as shallow as can be. */
#include <errno.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/http.h"
#include "server/server.h"

/* ---- a connection ------------------------------------------------------- */

void
tn__http_hurry(struct tn__http_connection *c, bool hurry)
{
	const struct tn_http_server_options *o = &c->server->options;
	struct tn_pace pace = { .idle_ms = o->idle_ms };

	if (hurry) {
		pace.rate_min = o->rate_min;
		pace.rate_grace_ms = o->rate_grace_ms;
	}
	tn_stream_set_pace(c->stream, &pace);
}

/* Before its first request a connection is not idle: somebody has just come. */
static void
server_idle(struct tn__http_connection *c, bool idle)
{
	if (!c->accepted)
		return;
	tn__request_spare(c->request, idle);
	if (c->requests > 0)
		tn_request_idle(c->request, idle);
}

/* Waits for the first byte of a request.  > 0, 0 when none will come, or the
 * error. */
static int
server_wait(struct tn__http_connection *c)
{
	struct tn_slice shown;
	int r = tn_stream_fill(c->stream, 0, &shown); /* sent ahead */

	if (r != 0)
		return r;
	tn__http_hurry(c, false);
	server_idle(c, true);
	r = tn_stream_fill(c->stream, 1, &shown);
	server_idle(c, false);
	/* Between two messages no end comes too early (RFC 9112 section 9.8).
	 */
	return r == -ETIMEDOUT || r == TN_ETRUNCATED ? 0 : r;
}

static int
server_converse(struct tn__http_connection *c)
{
	int r;

	do {
		r = server_wait(c);
		if (r > 0)
			r = tn__http_exchange(c);
	} while (r > 0);
	return r;
}

static int
server_handle(struct tn_request *request)
{
	struct tn__http_connection c = {
		.server = request->arg,
		.stream = request->stream,
		.peer = &request->peer,
		.request = request,
		.accepted = true,
	};

	return server_converse(&c);
}

int
tn_http_serve_stream(struct tn_http_server *server, struct tn_stream *stream,
    const struct tn_address *peer)
{
	struct tn_request request = {
		.server = server->server,
		.stream = stream,
		.arg = server,
	};
	struct tn__http_connection c = {
		.server = server,
		.stream = stream,
		.peer = &request.peer,
		.request = &request,
	};
	int r;

	if (peer != NULL)
		request.peer = *peer;
	r = server_converse(&c);
	if (r == 0)
		return tn_stream_close(stream);
	tn_stream_free(stream);
	return r;
}

/* ---- the server --------------------------------------------------------- */

/* 0 stands for `normal`, and anything out of range for the end of it. */
static int64_t
server_option(int64_t value, int64_t normal, int64_t max)
{
	if (value == 0)
		value = normal;
	return value < 0 || value > max ? max : value;
}

static void
server_defaults(struct tn_http_server *server)
{
	/* A head has to fit in what a stream can show. */
	const int64_t line_max = TN__STREAM_FILL_MAX / 4;
	const int64_t fields_bytes_max = TN__STREAM_FILL_MAX / 2;
	struct tn_http_server_options *o = &server->options;

	o->line_bytes_max = server_option(o->line_bytes_max, 8192, line_max);
	o->fields_bytes_max = server_option(o->fields_bytes_max, 65536,
	    fields_bytes_max);
	o->fields_max = server_option(o->fields_max, 100, 10000);
	o->body_bytes_max = server_option(o->body_bytes_max, 1 << 20,
	    INT64_MAX);
	/* One at a time: who holds the line keeps all others waiting. */
	o->requests_max = server_option(o->requests_max,
	    o->server.kind == TN_SERVER_SERIAL ? 1 : INT64_MAX, INT64_MAX);
	if (o->header_ms == 0)
		o->header_ms = 10000;
	if (o->idle_ms == 0)
		o->idle_ms = 60000;
	if (o->rate_min == 0)
		o->rate_min = 500;
	if (o->rate_min < 0)
		o->rate_min = 0;
	if (o->rate_grace_ms == 0)
		o->rate_grace_ms = 5000;

	server->limits = (struct tn__http_limits){
		.line_bytes_max = (uint32_t)o->line_bytes_max,
		.fields_bytes_max = (uint32_t)o->fields_bytes_max,
		.fields_max = (uint32_t)o->fields_max,
	};
}

/* The Server field does not change: it is written once. */
static int
server_name(struct tn_http_server *server, const char *name)
{
	struct tn__http_out line = { 0 };

	server->options.name = NULL;
	if (name == NULL || name[0] == '\0')
		return 0;
	if (strlen(name) > 128 || !tn__http_is_value(tn_slice_str(name)))
		return tn_error_set(-EINVAL, "HTTP server: its name is no text "
		    "of at most 128 bytes that a field may hold");
	line.cap = strlen("Server: \r\n") + strlen(name);
	line.data = server->name = tn__alloc(line.cap);
	if (line.data == NULL)
		return tn__error_nomem();
	tn__http_put_field(&line, TN_SLICE("Server"), tn_slice_str(name));
	server->name_line = tn_slice(line.data, line.len);
	return 0;
}

static int
server_proxies(struct tn_http_server *server, const char *from)
{
	int r = from == NULL ? 0 : tn_networks_parse(from, &server->proxies);

	server->options.forwarded_from = NULL; /* the caller's */
	return r < 0 ? tn_error_prefix("HTTP server: forwarded_from") : 0;
}

int
tn_http_server_open(const struct tn_http_server_options *options,
    struct tn_http_server **ret)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	struct tn_server_options below;
	int r;

	if (options == NULL ||
	    (options->handler == NULL && options->routes == NULL))
		return tn_error_set(-EINVAL,
		    "HTTP server: a handler is needed, or routes");
	r = options->routes == NULL ? 0 :
				      tn__http_routes_check(options->routes);
	if (r < 0)
		return r;
	server = tn__zalloc(sizeof(*server));
	if (server == NULL)
		return tn__error_nomem();
	server->options = *options;
	server_defaults(server);
	r = server_name(server, options->name);
	if (r == 0)
		r = server_proxies(server, options->forwarded_from);
	if (r < 0)
		return r;

	below = options->server;
	below.setup = NULL;
	below.handle = server_handle;
	below.finish = NULL;
	below.arg = server;
	r = tn_server_open(&below, &server->server);
	if (r < 0)
		return r;
	*ret = TN_TAKE(server);
	return 0;
}

struct tn_server *
tn_http_server(struct tn_http_server *server)
{
	return server->server;
}

void
tn_http_server_free(struct tn_http_server *server)
{
	if (server == NULL)
		return;
	tn_server_free(server->server);
	tn_networks_free(server->proxies);
	tn__free(server->name);
	tn__free(server);
}
