/* A second server, for those who watch the first: /healthz says whether it
 * takes requests, /metrics what it has done. */
#include <tenon/error.h>
#include <tenon/run.h>

#include "app/metrics.h"
#include "cli/serve.h"

static struct {
	struct app_metrics metrics;
	int64_t began_ns;
	struct tn_http_server *http;
} serve_status;

void
serve_status_count(const struct tn_http_record *record)
{
	app_metrics_add(&serve_status.metrics, record);
}

/* ---- answers ------------------------------------------------------------ */

static int
serve_status_health(struct tn_http_exchange *x, void *arg)
{
	const struct serve_state *s = arg;
	bool well = true;
	int r = tn_http_reply_field(x, "Cache-Control", "no-store");

	for (size_t i = 0; i < s->count; i++)
		well = well && !tn_server_draining(s->servers[i]);
	if (r < 0)
		return r;
	return well ?
	    tn_http_reply(x, 200, "text/plain", TN_SLICE("ok\n")) :
	    tn_http_reply(x, 503, "text/plain", TN_SLICE("ending\n"));
}

static int
serve_status_metrics(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	const struct serve_state *s = arg;
	struct tn_server_counters sum = { 0 };
	int r;

	for (size_t i = 0; i < s->count; i++) {
		struct tn_server_counters one;

		tn_server_counters(s->servers[i], &one);
		app_metrics_sum(&sum, &one);
	}
	r = app_metrics_print(&serve_status.metrics, &sum,
	    serve_status.began_ns, &text);
	if (r == 0)
		r = tn_http_reply_field(x, "Cache-Control", "no-store");
	return r < 0 ? r : tn_http_reply(x, 200, APP_METRICS_TYPE,
	    tn_buffer_slice(&text));
}

/* ---- the server --------------------------------------------------------- */

int
serve_status_open(struct serve_state *s)
{
	char full[CLI_ADDRESS_SIZE];
	static struct tn_http_route routes[] = {
		{ "GET", "/healthz", serve_status_health, NULL },
		{ "GET", "/metrics", serve_status_metrics, NULL },
		{ 0 },
	};
	struct tn_http_server_options options = {
		.server = {
			.connections_max = 64, /* it should not need many */
			.drain_ms = 1000,
		},
		.routes = routes,
		.idle_ms = serve_given.idle_ms,
		.request_ms = 10000,
		.name = "tenon",
	};
	int r;

	if (serve_given.status == NULL)
		return 0;
	for (size_t i = 0; routes[i].pattern != NULL; i++)
		routes[i].arg = s;
	serve_status.began_ns = tn_wall_now();
	options.server.address = cli_address(serve_given.status, full);
	r = tn_http_server_open(&options, &serve_status.http);
	return r < 0 ? tn_error_prefix("--status") : 0;
}

struct tn_server *
serve_status_server(void)
{
	return serve_status.http == NULL ?
	    NULL : tn_http_server(serve_status.http);
}

void
serve_status_close(void)
{
	tn_http_server_free(TN_TAKE(serve_status.http));
}
