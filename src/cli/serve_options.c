/* The options of tenon serve. */
#include <errno.h>
#include <tenon/error.h>

#include "cli/serve.h"

struct serve_given serve_given;

/* ---- checks ------------------------------------------------------------- */

static int
serve_check_folder(const char *text)
{
	if (text[0] == '\0')
		return tn_error_set(-EINVAL,
		    "no folder has an empty name; . is the present one");
	return 0;
}

static int
serve_check_spa(const char *text)
{
	if (text[0] == '\0' || text[0] == '/')
		return tn_error_set(-EINVAL, "write the name of a file in the "
		    "folder, such as index.html or app/index.html");
	return 0;
}

static int
serve_check_cache(const char *text)
{
	struct app_rules rules = { 0 };
	int r = app_rules_add(&rules, text);

	app_rules_free(&rules);
	return r;
}

/* ---- the table ---------------------------------------------------------- */

const struct cli_option serve_options[] = {
	{ .argument = "DIR", .text = &serve_given.folder, .fallback = ".",
	    .check = serve_check_folder,
	    .help = "the folder to share" },

	{ .name = "listen", .letter = 'l', .argument = "ADDRESS",
	    .list = &serve_given.listen, .fallback = "127.0.0.1:8000",
	    .check = cli_check_stream,
	    .help = "where to listen; may be given several times. :8000 is every "
		    "address of this machine, and 9000 alone is 127.0.0.1:9000" },
	{ .name = "host", .argument = "NAME=DIR", .list = &serve_given.hosts,
	    .check = app_site_check,
	    .help = "another folder for who asks for the host NAME, or with "
		    "*.NAME for any beneath it; may be given several times. DIR "
		    "is for all other names" },

	{ .name = "hidden", .flag = &serve_given.hidden,
	    .help = "show and serve names that begin with a dot" },
	{ .name = "no-listing", .flag = &serve_given.no_listing,
	    .help = "do not show what is in a folder" },
	{ .name = "no-index", .flag = &serve_given.no_index,
	    .help = "show folders even if they have an index.html" },
	{ .name = "spa", .argument = "FILE", .text = &serve_given.spa,
	    .without = "index.html", .check = serve_check_spa,
	    .help = "a single-page app: FILE of the folder, index.html if none "
		    "is named, answers for paths that do not exist, unless they "
		    "look like those of files" },
	{ .name = "cache", .argument = "[PATTERN=]VALUE",
	    .list = &serve_given.cache, .check = serve_check_cache,
	    .help = "how long browsers and caches may keep files without asking "
		    "again: 1h, 30d, never, immutable, or a whole Cache-Control "
		    "field. '/assets/*=30d' and '*.css=1h' are for some of them "
		    "only; may be given several times, and the first that fits "
		    "counts" },
	{ .name = "error-page", .argument = "STATUS=FILE",
	    .list = &serve_given.pages, .check = app_errors_check,
	    .help = "a page of your own for an error, such as 404=lost.html, or "
		    "a folder that has a 404.html and so on; may be given "
		    "several times" },

	{ .name = "log", .argument = "FILE", .text = &serve_given.log,
	    .help = "write the access log there, - is standard output, off is "
		    "none (standard output, or off with -q)" },
	{ .name = "quiet", .letter = 'q', .flag = &serve_given.quiet,
	    .help = "say nothing but errors" },

	{ .name = "loops", .argument = "N", .number = &serve_given.loops,
	    .max = CLI_LOOPS_MAX,
	    .help = "threads to serve with (one for each core)" },
	{ .name = "connections", .argument = "N",
	    .number = &serve_given.connections, .fallback = "20000", .min = 1,
	    .max = 1 << 24,
	    .help = "how many at once; more have to wait" },
	{ .name = "idle", .argument = "TIME", .span_ms = &serve_given.idle_ms,
	    .fallback = "60s",
	    .help = "how long a connection may rest between two requests" },
	{ .name = "drain", .argument = "TIME", .span_ms = &serve_given.drain_ms,
	    .fallback = "10s",
	    .help = "how long downloads may take to finish when told to stop" },
	{ .name = "min-rate", .argument = "BYTES", .bytes = &serve_given.rate,
	    .fallback = "500", .max = 1 << 30,
	    .help = "who takes less a second is hung up on; 0 is nobody" },
	{ 0 },
};
