#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <tenon/run.h>
#include <unistd.h>

#include "cli/standard.h"
#include "cli/warn.h"

#define WARN_LINES_MAX 20 /* a second */

/* The lock keeps room that one thread has seen from being used by another; it
 * is never held over a wait. */
static struct {
	pthread_mutex_t lock;
	int fd;         /* stderr, or our own way there */
	tn_time second; /* when it began */
	int lines;      /* in it */
	int64_t hidden; /* since the last line that was shown */
} warn = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO };

/* Where stderr can only be had as a descriptor that waits, it is asked first;
 * PIPE_BUF is what fits into most things that say yes. */
static bool
warn_write(const char *line, size_t size)
{
	struct pollfd p = { .fd = warn.fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && write(warn.fd, line, size) >= 0;
}

void
cli_warn_begin(void)
{
	warn.fd = cli_standard_own(STDERR_FILENO);
}

static bool
warn_line(const char *verb, const char *text)
{
	char line[PIPE_BUF];
	int n = snprintf(line, sizeof(line) - 1, "tenon %s: %s", verb, text);
	size_t size = n < 0 ? 0 : (size_t)n;

	if (size > sizeof(line) - 2)
		size = sizeof(line) - 2;
	line[size++] = '\n';
	return warn_write(line, size);
}

static void
warn_hidden(const char *verb)
{
	char text[48];

	if (warn.hidden == 0)
		return;
	snprintf(text, sizeof(text), "... and %lld more",
	    (long long)warn.hidden);
	if (warn_line(verb, text))
		warn.hidden = 0;
}

void
cli_warn(const char *verb, const char *text)
{
	tn_time now = tn_now();

	pthread_mutex_lock(&warn.lock);
	if (now - warn.second >= TN_SECOND) {
		warn.second = now;
		warn.lines = 0;
	}
	if (warn.lines < WARN_LINES_MAX)
		warn_hidden(verb);
	if (warn.lines < WARN_LINES_MAX && warn_line(verb, text))
		warn.lines++;
	else
		warn.hidden++;
	pthread_mutex_unlock(&warn.lock);
}

void
cli_say(const char *text)
{
	pthread_mutex_lock(&warn.lock);
	warn_write(text, strlen(text));
	pthread_mutex_unlock(&warn.lock);
}

void
cli_warn_end(const char *verb)
{
	pthread_mutex_lock(&warn.lock);
	warn_hidden(verb);
	pthread_mutex_unlock(&warn.lock);
}
