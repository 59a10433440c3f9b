/* What has happened so far, as numbers, and as the text that Prometheus reads
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include <stdatomic.h>
#include <tenon/buffer.h>
#include <tenon/http.h>

#define APP_METRICS_CLASSES 5 /* 1xx to 5xx */
#define APP_METRICS_TIMES 10  /* how long requests took, up to ... */

struct app_metrics { /* all-zero is nothing yet; any thread adds */
	_Atomic int64_t answers[APP_METRICS_CLASSES];
	_Atomic int64_t times[APP_METRICS_TIMES + 1]; /* and longer */
	_Atomic int64_t nanoseconds; /* of all requests */
	_Atomic int64_t body_in, body_out;
};

void app_metrics_add(struct app_metrics *metrics,
    const struct tn_http_record *record);

/* Counters of several servers as if they were one. */
void app_metrics_sum(struct tn_server_counters *sum,
    const struct tn_server_counters *one);

#define APP_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* `began_ns` is when the process did, by the wall clock. */
TN_CHECK int app_metrics_print(const struct app_metrics *metrics,
    const struct tn_server_counters *counters, int64_t began_ns,
    struct tn_buffer *out);

#endif
