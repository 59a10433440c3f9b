/* The access log of tenon serve. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <unistd.h>

#include "cli/access_log.h"
#include "cli/serve.h"
#include "cli/warn.h"

static struct {
	struct cli_access_log log;
	struct tn_append *file; /* until the log has taken it */
} serve_log;

bool
serve_log_wanted(void)
{
	return serve_given.log != NULL ? strcmp(serve_given.log, "off") != 0 :
					 !serve_given.quiet;
}

/* The operator's own path, so links in it are followed wherever they lead. */
static int
serve_log_open_file(const char *given, struct tn_append **ret)
{
	static char path[PATH_MAX];
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer parent = { 0 };
	struct tn_file_info info;
	const char *slash, *name;
	int r;

	if (realpath(given, path) == NULL) /* to be made */
		snprintf(path, sizeof(path), "%s", given);
	slash = strrchr(path, '/');
	name = slash == NULL ? path : slash + 1;
	r = tn_buffer_append(&parent, tn_slice(path, (size_t)(name - path)));
	if (r == 0)
		r = tn_dir_open(slash == NULL ? "." : parent.data, &dir);
	if (r == 0 && tn_dir_stat(dir, tn_slice_str(name), &info) == 0 &&
	    info.kind == TN_FILE_OTHER)
		r = tn_error_set(-EINVAL, "%s: not a regular file", given);
	if (r == 0)
		r = tn_append_open(dir, tn_slice_str(name), 0666, ret);
	return r < 0 ? tn_error_prefix("--log") : 0;
}

/* "-" is standard output, and none of its own. */
static bool
serve_log_has_file(void)
{
	return serve_log_wanted() && serve_given.log != NULL &&
	    strcmp(serve_given.log, "-") != 0;
}

int
serve_log_prepare(void)
{
	return serve_log_has_file() ?
	    serve_log_open_file(serve_given.log, &serve_log.file) : 0;
}

int
serve_log_open(void)
{
	return serve_log_wanted() ?
	    cli_access_log_open(&serve_log.log, "serve",
	        TN_TAKE(serve_log.file)) : 0;
}

/* Who rotates logs has a file and no terminal, whose end is SIGHUP too. */
bool
serve_log_can_reopen(void)
{
	return serve_log_has_file() && !isatty(STDIN_FILENO);
}

void
serve_log_reopen(void)
{
	struct tn_append *file = NULL;

	if (serve_log_open_file(serve_given.log, &file) == 0)
		cli_access_log_replace(&serve_log.log, file);
	else /* the old one goes on */
		cli_warn("serve", tn_error_text());
}

void
serve_log_close(void)
{
	cli_access_log_close(&serve_log.log);
	tn_append_free(TN_TAKE(serve_log.file));
}

void
serve_log_add(const struct tn_http_record *record)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };

	if (serve_log_wanted() &&
	    (serve_given.log_format == SERVE_LOG_JSON ? app_share_log_json :
		app_share_log_line)(record, &line) == 0)
		cli_access_log_add(&serve_log.log, tn_buffer_slice(&line));
}
