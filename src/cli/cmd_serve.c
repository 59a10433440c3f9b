/* tenon serve: share a folder over HTTP. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <tenon/http.h>

#include "app/share.h"
#include "cli/access_log.h"
#include "cli/cli.h"
#include "cli/serving.h"
#include "cli/terminal.h"
#include "cli/warn.h"

/* ---- options ------------------------------------------------------------ */

static struct {
	const char *folder, *log;
	struct cli_list listen;
	bool hidden, no_listing, no_index, quiet;
	int64_t loops, connections, idle_ms, drain_ms, rate;
} serve;

static int
serve_check_folder(const char *text)
{
	if (text[0] == '\0')
		return tn_error_set(-EINVAL,
		    "no folder has an empty name; . is the present one");
	return 0;
}

static const struct cli_option serve_options[] = {
	{ .argument = "DIR", .text = &serve.folder, .fallback = ".",
	    .check = serve_check_folder,
	    .help = "the folder to share" },
	{ .name = "listen", .letter = 'l', .argument = "ADDRESS",
	    .list = &serve.listen, .fallback = "127.0.0.1:8000",
	    .check = cli_check_stream,
	    .help = "where to listen; may be given several times. :8000 is every "
		    "address of this machine, and 9000 alone is 127.0.0.1:9000" },
	{ .name = "hidden", .flag = &serve.hidden,
	    .help = "show and serve names that begin with a dot" },
	{ .name = "no-listing", .flag = &serve.no_listing,
	    .help = "do not show what is in a folder" },
	{ .name = "no-index", .flag = &serve.no_index,
	    .help = "show folders even if they have an index.html" },
	{ .name = "log", .argument = "FILE", .text = &serve.log,
	    .help = "write the access log there, - is standard output, off is "
		    "none (standard output, or off with -q)" },
	{ .name = "quiet", .letter = 'q', .flag = &serve.quiet,
	    .help = "say nothing but errors" },
	{ .name = "loops", .argument = "N", .number = &serve.loops,
	    .max = CLI_LOOPS_MAX,
	    .help = "threads to serve with (one for each core)" },
	{ .name = "connections", .argument = "N", .number = &serve.connections,
	    .fallback = "20000", .min = 1, .max = 1 << 24,
	    .help = "how many at once; more have to wait" },
	{ .name = "idle", .argument = "TIME", .span_ms = &serve.idle_ms,
	    .fallback = "60s",
	    .help = "how long a connection may rest between two requests" },
	{ .name = "drain", .argument = "TIME", .span_ms = &serve.drain_ms,
	    .fallback = "10s",
	    .help = "how long downloads may take to finish when told to stop" },
	{ .name = "min-rate", .argument = "BYTES", .bytes = &serve.rate,
	    .fallback = "500", .max = 1 << 30,
	    .help = "who takes less a second is hung up on; 0 is nobody" },
	{ 0 },
};

static const struct cli_example serve_examples[] = {
	{ "tenon serve",
	    "The present folder, for programs and people on this machine." },
	{ "tenon serve -l :8000 ~/Photos",
	    "A folder for everybody who can reach this machine." },
	{ "tenon serve -l 9000 --log access.log public",
	    "On another port, with the access log in a file." },
	{ 0 },
};

/* ---- the access log ----------------------------------------------------- */

static struct cli_access_log serve_log;

static void
serve_record(void *arg, const struct tn_http_record *record)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };

	if (app_share_log_line(record, &line) == 0)
		cli_access_log_add(&serve_log, tn_buffer_slice(&line));
}

/* The operator's own path, so links in it are followed wherever they lead. */
static int
serve_log_open(const char *given, struct tn_append **ret)
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

/* ---- saying where it is ------------------------------------------------- */

struct serve_state {
	struct app_share share;
	const char *folder; /* for people */
	bool log;
	struct tn_append *log_file;
	struct tn_http_server *http[CLI_LIST_MAX];
	struct tn_server *servers[CLI_LIST_MAX];
	size_t count;
};

struct serve_words {
	FILE *out;
	struct cli_terminal terminal;
	const char *folder;
	bool first, reachable;
};

static void
serve_say_address(void *arg, const struct tn_address *address, bool loopback)
{
	struct serve_words *w = arg;
	char text[TN_ADDRESS_TEXT_MAX];
	bool local = address->storage.ss_family == AF_UNIX;

	tn_address_format(address, text);
	w->reachable = w->reachable || !loopback;
	if (!w->terminal.tty) {
		fprintf(w->out, "Sharing %s at %s%s%s\n", w->folder,
		    local ? "" : "http://", text, local ? "" : "/");
		return;
	}
	fprintf(w->out, "  %s  %s%s%s%s%s\n", w->first ? "Open   " : "       ",
	    cli_style(&w->terminal, CLI_LINK), local ? "" : "http://", text,
	    local ? "" : "/", cli_style(&w->terminal, CLI_PLAIN));
	w->first = false;
}

static void
serve_say(void *arg)
{
	const struct serve_state *s = arg;
	/* Standard output is for the log when that was asked for. */
	bool log = serve.log != NULL && strcmp(serve.log, "-") == 0;
	struct serve_words w = {
		.out = log ? stderr : stdout, .folder = s->folder, .first = true
	};

	w.terminal = cli_terminal(w.out);
	if (w.terminal.tty)
		fprintf(w.out, "\n  Sharing  %s%s%s\n",
		    cli_style(&w.terminal, CLI_BOLD), w.folder,
		    cli_style(&w.terminal, CLI_PLAIN));
	for (size_t i = 0; i < s->count; i++) {
		struct tn_address address;

		tn_server_address(s->servers[i], &address);
		cli_serve_addresses(&address, serve_say_address, &w);
	}
	if (w.terminal.tty)
		fprintf(w.out, "\n  %s\n  Press Ctrl-C to stop.\n\n",
		    w.reachable ?
			"Everybody who can reach this machine can read it." :
			"Only this machine can reach it; with -l :8000 others "
			"can too.");
	fflush(w.out);
}

/* ---- the servers -------------------------------------------------------- */

static struct app_share *serve_shared;

static void
serve_tidy(struct tn_server *server)
{
	app_share_tidy(serve_shared);
}

static int
serve_open(struct serve_state *s)
{
	struct tn_http_server_options options = {
		.server = {
			.service_actions = serve_tidy,
			.poll_ms = 1000,
			.connections_max = serve.connections,
			.drain_ms = serve.drain_ms,
		},
		.handler = app_share_handle,
		.arg = &s->share,
		.error_page = app_share_error_page,
		.record = s->log ? serve_record : NULL,
		.name = "tenon",
		.idle_ms = serve.idle_ms,
		.rate_min = serve.rate == 0 ? -1 : serve.rate,
	};
	char full[CLI_ADDRESS_SIZE];

	serve_shared = &s->share;
	for (; s->count < serve.listen.count; s->count++) {
		int r;

		options.server.address =
		    cli_address(serve.listen.items[s->count], full);
		r = tn_http_server_open(&options, &s->http[s->count]);
		if (r < 0)
			return r;
		s->servers[s->count] = tn_http_server(s->http[s->count]);
	}
	return 0;
}

static int
serve_main(void *arg)
{
	struct serve_state *s = arg;
	int r = app_share_open(&s->share);

	if (r == 0)
		r = serve_open(s);
	if (r == 0 && s->log)
		r = cli_access_log_open(&serve_log, "serve", s->log_file);
	if (r == 0)
		r = cli_serve(&(struct cli_serving){
		    .servers = s->servers,
		    .count = s->count,
		    .quiet = serve.quiet,
		    .say = serve.quiet ? NULL : serve_say,
		    .arg = s,
		});
	while (s->count > 0)
		tn_http_server_free(s->http[--s->count]);
	app_share_close(&s->share);
	cli_access_log_close(&serve_log);
	cli_warn_end("serve");
	return r;
}

/* ---- the folder --------------------------------------------------------- */

/* What to call it: the whole path for the person who shares it, its last part
 * for those it is shared with. */
static int
serve_name_folder(struct tn_buffer *shown, struct tn_slice *ret_name)
{
	static char path[PATH_MAX];
	struct tn_slice name;

	if (realpath(serve.folder, path) == NULL)
		snprintf(path, sizeof(path), "%s", serve.folder);
	name = tn_slice_str(path);
	for (struct tn_slice rest = name; rest.data != NULL;)
		name = tn_slice_split(&rest, '/');
	*ret_name = name.len > 0 ? name : TN_SLICE("/");
	return cli_show(shown, tn_slice_str(path));
}

static int
serve_run(void)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_append_freep) struct tn_append *log = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn_run_options run = {
		.loops = serve.loops == 0 ? -1 : (int)serve.loops,
		.stall_ms = 500,
	};
	struct serve_state s = {
		.share = {
			.hidden = serve.hidden,
			.no_listing = serve.no_listing,
			.no_index = serve.no_index,
		},
		.log = serve.log != NULL ? strcmp(serve.log, "off") != 0 :
					   !serve.quiet,
	};
	int r = tn_dir_open(serve.folder, &dir);

	if (r == 0 && s.log && serve.log != NULL && strcmp(serve.log, "-") != 0)
		r = serve_log_open(serve.log, &log);
	if (r == 0)
		r = serve_name_folder(&shown, &s.share.name);
	if (r == 0)
		r = tn_overflow_report();
	if (r == 0) {
		s.share.dir = dir;
		s.folder = shown.data;
		s.log_file = log;
		cli_serve_log("serve");
		r = tn_run(serve_main, &s, &run);
	}
	return r < 0 ? cli_fail("serve", r) : CLI_DONE;
}

const struct cli_verb cli_verb_serve = {
	.name = "serve",
	.group = "Share",
	.summary = "share a folder on http://127.0.0.1:8000/",
	.about =
	    "Shares a folder over HTTP, for any browser: pages that list what is "
	    "in it, and the files. Nothing outside of the folder can be reached, "
	    "and nothing in it changed.\n\n"
	    "Only this machine can connect unless -l says otherwise. Ctrl-C, "
	    "SIGTERM or the end of the terminal lets downloads finish; a second "
	    "Ctrl-C or SIGTERM does not. SIGQUIT shows what every connection is "
	    "waiting for.\n\n"
	    "A program that prefers application/json gets listings as JSON.",
	.options = serve_options,
	.examples = serve_examples,
	.run = serve_run,
};
