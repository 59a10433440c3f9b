#include <inttypes.h>
#include <stdio.h>

#include "app/metrics.h"

static const struct metrics_time {
	tn_time upto;
	const char *seconds;
} metrics_times[APP_METRICS_TIMES] = {
	{ TN_MILLISECOND, "0.001" },
	{ 5 * TN_MILLISECOND, "0.005" },
	{ 10 * TN_MILLISECOND, "0.01" },
	{ 50 * TN_MILLISECOND, "0.05" },
	{ 100 * TN_MILLISECOND, "0.1" },
	{ 500 * TN_MILLISECOND, "0.5" },
	{ TN_SECOND, "1" },
	{ 5 * TN_SECOND, "5" },
	{ 10 * TN_SECOND, "10" },
	{ 60 * TN_SECOND, "60" },
};

/* ---- counting ----------------------------------------------------------- */

/* Numbers that nothing else depends on: no order is asked for. */
static void
metrics_count(_Atomic int64_t *to, int64_t n)
{
	atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static int64_t
metrics_read(const _Atomic int64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

void
app_metrics_add(struct app_metrics *metrics,
    const struct tn_http_record *record)
{
	int class = record->status / 100;
	size_t i = 0;

	if (class >= 1 && class <= APP_METRICS_CLASSES)
		metrics_count(&metrics->answers[class - 1], 1);
	while (i < APP_METRICS_TIMES && record->took > metrics_times[i].upto)
		i++;
	metrics_count(&metrics->times[i], 1);
	metrics_count(&metrics->nanoseconds, record->took);
	metrics_count(&metrics->body_in, record->bytes_in);
	metrics_count(&metrics->body_out, record->bytes);
}

void
app_metrics_sum(struct tn_server_counters *sum,
    const struct tn_server_counters *one)
{
	sum->accepted += one->accepted;
	sum->total += one->total;
	sum->active += one->active;
	sum->refused_peer += one->refused_peer;
	sum->refused_verify += one->refused_verify;
	sum->refused_proxy += one->refused_proxy;
	sum->refused_tls += one->refused_tls;
	sum->scarce += one->scarce;
	sum->bytes_read += one->bytes_read;
	sum->bytes_written += one->bytes_written;
}

/* ---- printing ----------------------------------------------------------- */

/* What fails is kept, and nothing is written from then on. */
struct metrics_text {
	struct tn_buffer *out;
	int error;
};

/* The lines about a metric, before its values. */
static void
metrics_head(struct metrics_text *t, const char *name, const char *type,
    const char *help)
{
	if (t->error == 0)
		t->error = tn_buffer_printf(t->out,
		    "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
metrics_value(struct metrics_text *t, const char *name, const char *labels,
    int64_t value)
{
	if (t->error == 0)
		t->error = tn_buffer_printf(t->out, "%s%s %" PRId64 "\n", name,
		    labels, value);
}

static void
metrics_seconds(struct metrics_text *t, const char *name, int64_t ns)
{
	if (t->error == 0)
		t->error = tn_buffer_printf(t->out,
		    "%s %" PRId64 ".%09" PRId64 "\n", name, ns / TN_SECOND,
		    ns % TN_SECOND);
}

static void
metrics_print_answers(struct metrics_text *t, const struct app_metrics *metrics)
{
	metrics_head(t, "tenon_http_requests_total", "counter",
	    "Requests answered, by the class of the status.");
	for (int i = 0; i < APP_METRICS_CLASSES; i++) {
		char label[] = "{code=\"1xx\"}";

		label[7] = (char)('1' + i);
		metrics_value(t, "tenon_http_requests_total", label,
		    metrics_read(&metrics->answers[i]));
	}
	metrics_head(t, "tenon_http_body_bytes_total", "counter",
	    "Bytes of bodies, of requests (in) and replies (out).");
	metrics_value(t, "tenon_http_body_bytes_total", "{direction=\"in\"}",
	    metrics_read(&metrics->body_in));
	metrics_value(t, "tenon_http_body_bytes_total", "{direction=\"out\"}",
	    metrics_read(&metrics->body_out));
}

/* A histogram's buckets each have those below in them; its count is the last
 * one, so that they agree whatever is counted meanwhile. */
static void
metrics_print_times(struct metrics_text *t, const struct app_metrics *metrics)
{
	const char *name = "tenon_http_request_duration_seconds";
	int64_t count = 0;

	metrics_head(t, name, "histogram", "From a request's first byte to the "
	    "last of its answer.");
	for (int i = 0; i <= APP_METRICS_TIMES; i++) {
		char label[32];

		count += metrics_read(&metrics->times[i]);
		snprintf(label, sizeof(label), "{le=\"%s\"}",
		    i < APP_METRICS_TIMES ? metrics_times[i].seconds : "+Inf");
		metrics_value(t, "tenon_http_request_duration_seconds_bucket",
		    label, count);
	}
	metrics_seconds(t, "tenon_http_request_duration_seconds_sum",
	    metrics_read(&metrics->nanoseconds));
	metrics_value(t, "tenon_http_request_duration_seconds_count", "",
	    count);
}

static void
metrics_print_refused(struct metrics_text *t,
    const struct tn_server_counters *c)
{
	const char *name = "tenon_connections_refused_total";

	metrics_head(t, name, "counter", "Connections closed unheard, by the "
	    "reason: one address had too many, no good PROXY header, or no "
	    "TLS handshake.");
	metrics_value(t, name, "{reason=\"address\"}", c->refused_peer);
	metrics_value(t, name, "{reason=\"proxy\"}", c->refused_proxy);
	metrics_value(t, name, "{reason=\"tls\"}", c->refused_tls);
}

static void
metrics_print_server(struct metrics_text *t, const struct tn_server_counters *c)
{
	const struct {
		const char *name, *type, *help;
		int64_t value;
	} rows[] = {
		{ "tenon_connections_accepted_total", "counter",
		    "Connections that came.", c->accepted },
		{ "tenon_connections", "gauge",
		    "Connections that there are now.", c->active },
		{ "tenon_accept_pauses_total", "counter",
		    "Times that accepting paused, because descriptors, memory "
		    "or threads were wanting.", c->scarce },
		{ "tenon_network_read_bytes_total", "counter",
		    "Bytes from the network.", c->bytes_read },
		{ "tenon_network_written_bytes_total", "counter",
		    "Bytes to the network.", c->bytes_written },
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		metrics_head(t, rows[i].name, rows[i].type, rows[i].help);
		metrics_value(t, rows[i].name, "", rows[i].value);
	}
	metrics_print_refused(t, c);
}

int
app_metrics_print(const struct app_metrics *metrics,
    const struct tn_server_counters *counters, int64_t began_ns,
    struct tn_buffer *out)
{
	struct metrics_text t = { .out = out };
	char label[64];

	metrics_print_answers(&t, metrics);
	metrics_print_times(&t, metrics);
	metrics_print_server(&t, counters);
	metrics_head(&t, "process_start_time_seconds", "gauge",
	    "When the process began, since 1970.");
	metrics_seconds(&t, "process_start_time_seconds", began_ns);
	metrics_head(&t, "tenon_build_info", "gauge",
	    "Always 1; the version is in the label.");
	snprintf(label, sizeof(label), "{version=\"%s\"}", tn_version());
	metrics_value(&t, "tenon_build_info", label, 1);
	return t.error;
}
