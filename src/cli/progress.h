/* A bar for what takes more than a second. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <tenon/buffer.h>

#include "cli/terminal.h"

struct cli_progress {
	FILE *out;
	struct cli_terminal terminal;
	const char *what; /* borrowed */
	tn_time began, shown;
	bool visible;
};

/* Nothing is ever shown where `out` is no terminal. */
void cli_progress_begin(struct cli_progress *p, FILE *out, const char *what);

/* A tn_progress_function; `arg` is the struct cli_progress. */
int cli_progress_step(void *arg, int64_t done, int64_t total);

/* Takes the bar away again. */
void cli_progress_end(struct cli_progress *p);

/* The line as it stands after `elapsed`; `total` is -1 when nobody knows. */
TN_CHECK int cli_progress_line(struct tn_buffer *out, const char *what,
    int64_t done, int64_t total, tn_time elapsed, int width);

#endif
