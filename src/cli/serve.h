/* What the files of `tenon serve` share. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include <tenon/file.h>
#include <tenon/http.h>

#include "app/rules.h"
#include "app/site.h"
#include "cli/cli.h"

/* ---- what was asked for: serve_options.c -------------------------------- */

struct serve_given {
	const char *folder, *log, *spa, *status;
	const char *tls;
	const char *proxy_from, *forwarded_from, *unix_mode, *unix_owner;
	struct cli_list listen, cache, pages, hosts;
	bool hidden, no_listing, no_index, no_compression, quiet;
	int log_format; /* enum serve_log_format */
	int forwarding; /* enum tn_http_forwarding */
	int64_t loops, connections, per_address, rate;
	int64_t idle_ms, request_ms, drain_ms;
};

enum serve_log_format {
	SERVE_LOG_COMBINED,
	SERVE_LOG_JSON,
};

extern struct serve_given serve_given;
extern const struct cli_option serve_options[];

/* What no option can tell by itself; inside of serve_run(). */
TN_CHECK int serve_check(void);
/* The number behind --unix-mode, 0 without it. */
int serve_unix_mode(void);

/* ---- what runs ---------------------------------------------------------- */

struct serve_state {
	struct app_site site;
	struct app_rules rules;
	const char *folder; /* for people */
	struct tn_http_server *http[CLI_LIST_MAX];
	struct tn_server *servers[CLI_LIST_MAX];
	size_t count;
	struct tn_tls *tls; /* or NULL */
};

/* ---- the access log: serve_log.c ---------------------------------------- */

/* Whether there is one at all. */
bool serve_log_wanted(void);

/* Before tn_run(), so that a log that cannot be written is told at once; then
 * inside of it. */
TN_CHECK int serve_log_prepare(void);
TN_CHECK int serve_log_open(void);
void serve_log_close(void);

/* Whether SIGHUP opens the file again, and doing so. */
bool serve_log_can_reopen(void);
void serve_log_reopen(void);

void serve_log_add(const struct tn_http_record *record);

/* ---- the server for those who watch: serve_status.c --------------------- */

/* All do nothing without --status. */
TN_CHECK int serve_status_open(struct serve_state *s);
void serve_status_close(void);
struct tn_server *serve_status_server(void); /* or NULL */

void serve_status_count(const struct tn_http_record *record);

/* ---- words: serve_say.c ------------------------------------------------- */

/* Where it is, for people or a line each; `arg` is the struct serve_state. */
void serve_say(void *arg);

#endif
