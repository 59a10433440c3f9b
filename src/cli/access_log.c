#include <errno.h>
#include <tenon/channel.h>
#include <tenon/error.h>
#include <unistd.h>

#include "cli/access_log.h"
#include "cli/standard.h"
#include "cli/warn.h"

/* What is wrong is said once, and once more when it is over. */
static void
access_log_warn(struct cli_access_log *log, const char *what, int64_t lost)
{
	char text[512];

	if (lost > 0)
		snprintf(text, sizeof(text), "access log: %s%lld line%s lost",
		    what, (long long)lost, lost == 1 ? "" : "s");
	else
		snprintf(text, sizeof(text), "access log: %s", what);
	cli_warn(log->verb, text);
}

/* ---- adding ------------------------------------------------------------- */

void
cli_access_log_add(struct cli_access_log *log, struct tn_slice line)
{
	bool first, full, say;

	pthread_mutex_lock(&log->lock);
	if (log->ended) {
		pthread_mutex_unlock(&log->lock);
		return;
	}
	first = log->gathered.len == 0;
	full = tn_buffer_append(&log->gathered, line) < 0;
	*(full ? &log->lost : &log->lines) += 1;
	say = full && !log->trouble;
	log->trouble = log->trouble || full;
	pthread_mutex_unlock(&log->lock);

	if (say)
		access_log_warn(log, "the reader does not keep up; lines are "
		    "dropped", 0);
	/* -EAGAIN: it has been told and has not come yet. */
	if (first && !full && tn_channel_try_send(log->wake, "") < 0)
		return;
}

void
cli_access_log_replace(struct cli_access_log *log, struct tn_append *file)
{
	struct tn_append *unused;

	pthread_mutex_lock(&log->lock);
	unused = log->next;
	log->next = file;
	pthread_mutex_unlock(&log->lock);
	tn_append_free(unused);
	/* -EAGAIN: it has been told and has not come yet. */
	if (tn_channel_try_send(log->wake, "") < 0)
		return;
}

/* ---- writing ------------------------------------------------------------ */

static int
access_log_put(struct cli_access_log *log, struct tn_slice lines)
{
	int r = 0;

	if (log->file != NULL)
		return tn_append_write(log->file, lines);
	if (log->out == NULL)
		r = tn_stream_from_fd(log->fd, &log->out);
	if (r == 0)
		r = tn_stream_write(log->out, lines);
	if (r == 0)
		r = tn_stream_flush(log->out);
	if (r < 0) { /* final to a stream: the next lines try a new one */
		tn_stream_free(log->out);
		log->out = NULL;
	}
	return r;
}

/* What to think of the `lines` that were written with the result `r`, when
 * `lost_before` had been lost until then. */
static void
access_log_judge(struct cli_access_log *log, int r, int64_t lines,
    int64_t lost_before)
{
	bool gone = log->file == NULL && r == -EPIPE, say = false;
	int64_t lost = 0;

	pthread_mutex_lock(&log->lock);
	if (r < 0) {
		log->lost += lines;
		log->ended = gone;
		say = !log->trouble && r != -ECANCELED;
		log->trouble = log->trouble || say;
	} else if (log->trouble && log->lost == lost_before) {
		lost = log->lost;
		log->lost = 0;
		log->trouble = false;
	}
	pthread_mutex_unlock(&log->lock);

	if (gone)
		access_log_warn(log, "nobody reads it any more", 0);
	else if (say)
		access_log_warn(log, tn_error_text(), 0);
	if (lost > 0)
		access_log_warn(log, "it works again; ", lost);
}

static void
access_log_write(struct cli_access_log *log)
{
	struct tn_buffer empty = log->taken;
	struct tn_append *next;
	int64_t lines, lost;

	pthread_mutex_lock(&log->lock);
	next = TN_TAKE(log->next);
	log->taken = log->gathered;
	log->gathered = empty;
	lines = log->lines;
	log->lines = 0;
	lost = log->lost;
	pthread_mutex_unlock(&log->lock);
	if (next != NULL) {
		tn_append_free(log->file);
		log->file = next;
	}
	if (lines > 0)
		access_log_judge(log,
		    access_log_put(log, tn_buffer_slice(&log->taken)), lines,
		    lost);
	tn_buffer_clear(&log->taken);
}

static int
access_log_run(void *arg)
{
	struct cli_access_log *log = arg;
	char unused;
	int r;

	tn_fiber_name("access log");
	do {
		r = tn_channel_recv(log->wake, &unused);
		if (r >= 0)
			access_log_write(log);
	} while (r > 0);
	return r;
}

/* ---- beginning and ending ----------------------------------------------- */

int
cli_access_log_open(struct cli_access_log *log, const char *verb,
    struct tn_append *file)
{
	int r;

	*log = (struct cli_access_log){
		.verb = verb,
		.file = file,
		.fd = cli_standard_own(STDOUT_FILENO),
		.taken = { .max = CLI_ACCESS_LOG_BYTES },
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.gathered = { .max = CLI_ACCESS_LOG_BYTES },
	};
	r = tn_channel_open(1, 1, &log->wake);
	if (r == 0)
		r = tn_group_open(&log->writer);
	if (r == 0)
		r = tn_go(log->writer, access_log_run, log);
	return r;
}

void
cli_access_log_close(struct cli_access_log *log)
{
	struct tn_scope scope;

	if (log->wake != NULL)
		tn_channel_close(log->wake);
	if (log->writer != NULL) {
		tn_scope_open(&scope, tn_after(TN_SECOND));
		tn_group_wait(log->writer);
		tn_scope_close(&scope);
		tn_group_free(log->writer);
	}
	if (log->lost + log->lines > 0 && !log->ended)
		access_log_warn(log, "the end; ", log->lost + log->lines);
	tn_stream_free(log->out);
	tn_append_free(log->next);
	tn_append_free(log->file);
	cli_standard_release(log->fd);
	tn_channel_free(log->wake);
	tn_buffer_free(&log->taken);
	tn_buffer_free(&log->gathered);
	*log = (struct cli_access_log){ 0 };
}
