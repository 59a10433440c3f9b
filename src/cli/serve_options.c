/* The options of tenon serve. */
#include <errno.h>
#include <tenon/address.h>
#include <tenon/error.h>
#include <tenon/network.h>

#include "cli/certificate.h"
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

static int
serve_check_networks(const char *text)
{
	struct tn_networks *networks;
	int r = tn_networks_parse(text, &networks);

	if (r == 0)
		tn_networks_free(networks);
	return r;
}

/* Three or four octal digits; 0 for anything else, and for 000, which would
 * keep everybody out. */
static int
serve_mode(const char *text)
{
	size_t digits = strspn(text, "01234567");
	int mode = 0;

	if (digits < 3 || digits > 4 || text[digits] != '\0')
		return 0;
	for (size_t i = 0; i < digits; i++)
		mode = mode * 8 + (text[i] - '0');
	return mode > 0777 ? 0 : mode;
}

static int
serve_check_mode(const char *text)
{
	if (serve_mode(text) != 0)
		return 0;
	return tn_error_set(-EINVAL, "write it as chmod(1) has it, such as "
	    "660: read and write for owner and group");
}

int
serve_unix_mode(void)
{
	return serve_given.unix_mode != NULL ?
	    serve_mode(serve_given.unix_mode) : 0;
}

static bool
serve_listens_at_unix(void)
{
	for (size_t i = 0; i < serve_given.listen.count; i++) {
		char full[CLI_ADDRESS_SIZE];
		struct tn_endpoint e;

		if (tn_endpoint_parse(cli_address(serve_given.listen.items[i],
		        full), &e) == 0 && e.local)
			return true;
	}
	return false;
}

int
serve_check(void)
{
	const char *name = serve_given.unix_mode != NULL ? "mode" : "owner";

	if ((serve_given.unix_mode != NULL || serve_given.unix_owner != NULL) &&
	    !serve_listens_at_unix())
		return tn_error_set(-EINVAL, "--unix-%s is for a Unix socket; "
		    "add -l unix:/path", name);
	return 0;
}

/* ---- the table ---------------------------------------------------------- */

static const char *const serve_log_formats[] = {
	[SERVE_LOG_COMBINED] = "combined",
	[SERVE_LOG_JSON] = "json",
	NULL,
};

static const char *const serve_forwardings[] = {
	[TN_HTTP_X_FORWARDED] = "x-forwarded",
	[TN_HTTP_FORWARDED] = "forwarded",
	NULL,
};

const struct cli_option serve_options[] = {
	{ .argument = "DIR", .text = &serve_given.folder, .fallback = ".",
	    .check = serve_check_folder,
	    .help = "the folder to share" },

	{ .name = "listen", .letter = 'l', .argument = "ADDRESS",
	    .list = &serve_given.listen, .fallback = "127.0.0.1:8000",
	    .check = cli_check_listen,
	    .help = "where to listen; may be given several times. :8000 is every "
		    "address of this machine, 9000 alone is 127.0.0.1:9000, and "
		    "systemd: or systemd:NAME is a socket that systemd gives" },
	{ .name = "tls", .argument = "CERT,KEY", .text = &serve_given.tls,
	    .check = cli_check_certificate,
	    .help = "speak HTTPS, with the certificate (and those that lead to "
		    "its issuer) in the file CERT and its key in KEY, or both in "
		    "one file; SIGHUP reads them again, unless standard input is "
		    "a terminal. auto makes a certificate for this machine at "
		    "each start, which browsers warn of: compare its fingerprint" },
	{ .name = "unix-mode", .argument = "MODE",
	    .text = &serve_given.unix_mode, .check = serve_check_mode,
	    .help = "permissions of a Unix socket, such as 660 (as umask says)" },
	{ .name = "unix-owner", .argument = "USER[:GROUP]",
	    .text = &serve_given.unix_owner,
	    .help = "whose a Unix socket is; :GROUP changes the group alone" },
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
	{ .name = "no-compression", .flag = &serve_given.no_compression,
	    .help = "send files as they are; a .br, .zst or .gz beside one is "
		    "used all the same" },
	{ .name = "error-page", .argument = "STATUS=FILE",
	    .list = &serve_given.pages, .check = app_errors_check,
	    .help = "a page of your own for an error, such as 404=lost.html, or "
		    "a folder that has a 404.html and so on; may be given "
		    "several times" },

	{ .name = "log", .argument = "FILE", .text = &serve_given.log,
	    .help = "write the access log there, - is standard output, off is "
		    "none (standard output, or off with -q). SIGHUP opens FILE "
		    "again, unless standard input is a terminal: then SIGHUP is "
		    "its end, and ours" },
	{ .name = "log-format", .argument = "FORMAT",
	    .choice = &serve_given.log_format, .choices = serve_log_formats,
	    .fallback = "combined",
	    .help = "combined, as Apache writes it, or json, an object a line" },
	{ .name = "status", .argument = "ADDRESS",
	    .text = &serve_given.status, .check = cli_check_listen,
	    .help = "listen there too, for those who watch: /healthz is 200 "
		    "while requests are taken and 503 when it ends, /metrics "
		    "has numbers as Prometheus reads them" },
	{ .name = "quiet", .letter = 'q', .flag = &serve_given.quiet,
	    .help = "say nothing but errors" },

	{ .name = "proxy-from", .argument = "NETWORKS",
	    .text = &serve_given.proxy_from, .check = serve_check_networks,
	    .help = "proxies that begin each connection with a PROXY header, "
		    "version 1 or 2, such as '10.0.0.0/8, unix'; the client it "
		    "names counts, and who sends none is hung up on" },
	{ .name = "forwarded-from", .argument = "NETWORKS",
	    .text = &serve_given.forwarded_from, .check = serve_check_networks,
	    .help = "proxies that are believed when they write for whom they "
		    "ask; of all others that is passed over" },
	{ .name = "forwarded-field", .argument = "FIELD",
	    .choice = &serve_given.forwarding, .choices = serve_forwardings,
	    .fallback = "x-forwarded",
	    .help = "where they write it: x-forwarded is X-Forwarded-For, -Host "
		    "and -Proto, forwarded the field of RFC 7239" },

	{ .name = "loops", .argument = "N", .number = &serve_given.loops,
	    .max = CLI_LOOPS_MAX,
	    .help = "threads to serve with (one for each core)" },
	{ .name = "connections", .argument = "N",
	    .number = &serve_given.connections, .fallback = "20000", .min = 1,
	    .max = 1 << 24,
	    .help = "how many at once; more have to wait, until one that "
		    "rests between two requests gives way" },
	{ .name = "per-address", .argument = "N",
	    .number = &serve_given.per_address, .min = 1, .max = 1 << 24,
	    .help = "how many at once from one address, or one /64 of IPv6; more "
		    "are hung up on (as many as like)" },
	{ .name = "idle", .argument = "TIME", .span_ms = &serve_given.idle_ms,
	    .fallback = "60s",
	    .help = "how long a connection may rest between two requests" },
	{ .name = "request-time", .argument = "TIME",
	    .span_ms = &serve_given.request_ms, .fallback = "never",
	    .help = "how long a request may take, from its first byte to the "
		    "last of its answer" },
	{ .name = "drain", .argument = "TIME", .span_ms = &serve_given.drain_ms,
	    .fallback = "10s",
	    .help = "how long downloads may take to finish when told to stop" },
	{ .name = "min-rate", .argument = "BYTES", .bytes = &serve_given.rate,
	    .fallback = "500", .max = 1 << 30,
	    .help = "who takes less a second is hung up on; 0 is nobody" },
	{ 0 },
};
