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
	const char *folder, *log, *spa;
	struct cli_list listen, cache, pages, hosts;
	bool hidden, no_listing, no_index, quiet;
	int64_t loops, connections, idle_ms, drain_ms, rate;
};

extern struct serve_given serve_given;
extern const struct cli_option serve_options[];

/* ---- what runs ---------------------------------------------------------- */

struct serve_state {
	struct app_site site;
	struct app_rules rules;
	const char *folder; /* for people */
	struct tn_http_server *http[CLI_LIST_MAX];
	struct tn_server *servers[CLI_LIST_MAX];
	size_t count;
};

/* ---- the access log: serve_log.c ---------------------------------------- */

/* Whether there is one at all. */
bool serve_log_wanted(void);

/* Before tn_run(), so that a log that cannot be written is told at once; then
 * inside of it. */
TN_CHECK int serve_log_prepare(void);
TN_CHECK int serve_log_open(void);
void serve_log_close(void);

void serve_log_add(const struct tn_http_record *record);

/* ---- words: serve_say.c ------------------------------------------------- */

/* Where it is, for people or a line each; `arg` is the struct serve_state. */
void serve_say(void *arg);

#endif
