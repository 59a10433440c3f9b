/* The access log of a verb that serves: whoever has a line leaves it here and
 * goes on, and one fiber writes what has gathered.  A reader that is slow, or
 * a disk that is full, costs lines and never a wait. */
#ifndef CLI_ACCESS_LOG_H
#define CLI_ACCESS_LOG_H

#include <pthread.h>
#include <tenon/buffer.h>
#include <tenon/file.h>
#include <tenon/run.h>
#include <tenon/stream.h>

#define CLI_ACCESS_LOG_BYTES (1 << 20) /* of lines that wait to be written */

struct cli_access_log { /* all-zero is closed; fields are private */
	const char *verb;
	struct tn_append *file;
	int fd; /* without a file: standard output, or our own way there */
	struct tn_stream *out;
	struct tn_channel *wake;
	struct tn_group *writer;
	struct tn_buffer taken; /* the writer's */

	pthread_mutex_t lock; /* of what follows; never held over a wait */
	struct tn_buffer gathered;
	struct tn_append *next; /* to write to from now on */
	int64_t lines; /* in it */
	int64_t lost;  /* since the last time that this was said */
	bool trouble;  /* said; its end is not */
	bool ended;
};

/* Starts to write to `file`, which it takes even when it fails, or with NULL to
 * standard output.  Call it inside tn_run(). */
TN_CHECK int cli_access_log_open(struct cli_access_log *log, const char *verb,
    struct tn_append *file);

/* Adds a line, newline included.  Any fiber of any loop may; it never waits. */
void cli_access_log_add(struct cli_access_log *log, struct tn_slice line);

/* Goes on with another file, which it takes: lines added from now on go there,
 * as do those that wait. */
void cli_access_log_replace(struct cli_access_log *log, struct tn_append *file);

/* Writes what is left, within a second.  Nobody may add lines any more. */
void cli_access_log_close(struct cli_access_log *log);

#endif
