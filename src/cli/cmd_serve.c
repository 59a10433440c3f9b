/* tenon serve: share a folder over HTTP. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "cli/certificate.h"
#include "cli/serve.h"
#include "cli/serving.h"
#include "cli/terminal.h"
#include "cli/warn.h"

/* ---- the servers -------------------------------------------------------- */

static void
serve_record(void *arg, const struct tn_http_record *record)
{
	(void)arg;
	serve_log_add(record);
	if (serve_given.status != NULL)
		serve_status_count(record);
}

static struct app_site *serve_site;

static void
serve_tidy(struct tn_server *server)
{
	(void)server;
	app_site_tidy(serve_site);
}

static int
serve_open_servers(struct serve_state *s)
{
	struct tn_http_server_options options = {
		.server = {
			.service_actions = serve_tidy,
			.poll_ms = 1000,
			.listen = {
				.unix_mode = serve_unix_mode(),
				.unix_owner = serve_given.unix_owner,
			},
			.connections_max = serve_given.connections,
			.peer_connections_max = serve_given.per_address,
			.drain_ms = serve_given.drain_ms,
			.proxy_from = serve_given.proxy_from,
			.tls = s->tls,
		},
		.handler = app_site_handle,
		.arg = &s->site,
		.error_page = app_site_error_page,
		.record = serve_log_wanted() || serve_given.status != NULL ?
		    serve_record : NULL,
		.name = "tenon",
		.forwarded_from = serve_given.forwarded_from,
		.forwarding = (enum tn_http_forwarding)serve_given.forwarding,
		.request_ms = serve_given.request_ms,
		.idle_ms = serve_given.idle_ms,
		.rate_min = serve_given.rate == 0 ? -1 : serve_given.rate,
	};
	char full[CLI_ADDRESS_SIZE];

	serve_site = &s->site;
	for (; s->count < serve_given.listen.count; s->count++) {
		int r;

		options.server.address =
		    cli_address(serve_given.listen.items[s->count], full);
		r = tn_http_server_open(&options, &s->http[s->count]);
		if (r < 0)
			return r;
		s->servers[s->count] = tn_http_server(s->http[s->count]);
	}
	return 0;
}

/* ---- the folders -------------------------------------------------------- */

/* Every time the same: each of a list, with the option's name before what it
 * says is wrong. */
static int
serve_add_each(const struct cli_list *list, const char *option, void *to,
    int (*add)(void *to, const char *given))
{
	for (size_t i = 0; i < list->count; i++)
		if (add(to, list->items[i]) < 0)
			return tn_error_prefix("%s", option);
	return 0;
}

static int
serve_add_rule(void *to, const char *given)
{
	return app_rules_add(to, given);
}

static int
serve_add_page(void *to, const char *given)
{
	return app_errors_add(to, given);
}

static int
serve_add_host(void *to, const char *given)
{
	return app_site_add(to, given);
}

/* The page of --spa has to be in every folder. */
static int
serve_check_fallback(struct tn_dir *dir, const char *name)
{
	struct tn_file_info info;
	int r = tn_dir_stat(dir, tn_slice_str(serve_given.spa), &info);

	if (r == 0 && info.kind == TN_FILE_REGULAR)
		return 0;
	return tn_error_set(r < 0 ? r : -EINVAL, "--spa: %s has no file %s; "
	    "--spa=FILE names another", name, serve_given.spa);
}

static int
serve_check_fallbacks(const struct serve_state *s)
{
	const struct app_site *site = &s->site;
	int r;

	if (serve_given.spa == NULL)
		return 0;
	r = serve_check_fallback(site->share.dir, s->folder);
	for (size_t i = 0; r == 0 && i < site->count; i++)
		r = serve_check_fallback(site->hosts[i].dir,
		    site->hosts[i].name.data);
	return r;
}

static int
serve_open_site(struct serve_state *s)
{
	int r = serve_add_each(&serve_given.cache, "--cache", &s->rules,
	    serve_add_rule);

	if (r == 0)
		r = serve_add_each(&serve_given.pages, "--error-page",
		    &s->site.errors, serve_add_page);
	if (r == 0)
		r = serve_add_each(&serve_given.hosts, "--host", &s->site,
		    serve_add_host);
	if (r == 0)
		r = serve_check_fallbacks(s);
	if (s->rules.count > 0)
		s->site.share.rules = s->rules.rows;
	return r < 0 ? r : app_site_open(&s->site);
}

/* What to call it: the whole path for the person who shares it, its last part
 * for those it is shared with. */
static int
serve_name_folder(struct tn_buffer *shown, struct tn_slice *ret_name)
{
	static char path[PATH_MAX];
	struct tn_slice name;

	if (realpath(serve_given.folder, path) == NULL)
		snprintf(path, sizeof(path), "%s", serve_given.folder);
	name = tn_slice_str(path);
	for (struct tn_slice rest = name; rest.data != NULL;)
		name = tn_slice_split(&rest, '/');
	*ret_name = name.len > 0 ? name : TN_SLICE("/");
	return cli_show(shown, tn_slice_str(path));
}

/* ---- SIGHUP ------------------------------------------------------------- */

static void
serve_hangup(void *arg)
{
	const struct serve_state *s = arg;

	if (serve_log_can_reopen())
		serve_log_reopen();
	if (cli_certificate_can_reload(serve_given.tls))
		cli_certificate_reload("serve", s->tls);
}

/* ---- running ------------------------------------------------------------ */

static int
serve_open_certificate(struct serve_state *s)
{
	static const char *const protocols[] = { "http/1.1", NULL };

	return cli_certificate_open(&(struct cli_certificate){
		.given = serve_given.tls,
		.listen = serve_given.listen.items,
		.listen_count = serve_given.listen.count,
		.alpn = protocols,
	    },
	    &s->tls);
}

static int
serve_main(void *arg)
{
	struct serve_state *s = arg;
	int r = serve_open_site(s);

	if (r == 0)
		r = serve_open_certificate(s);
	if (r == 0)
		r = serve_open_servers(s);
	if (r == 0)
		r = serve_status_open(s);
	if (r == 0)
		r = serve_log_open();
	if (r == 0)
		r = cli_serve(&(struct cli_serving){
		    .verb = "serve",
		    .servers = s->servers,
		    .count = s->count,
		    .beside = serve_status_server(),
		    .quiet = serve_given.quiet,
		    .say = serve_given.quiet ? NULL : serve_say,
		    .hangup = serve_log_can_reopen() ||
		        cli_certificate_can_reload(serve_given.tls) ?
		        serve_hangup : NULL,
		    .arg = s,
		});
	serve_status_close();
	while (s->count > 0)
		tn_http_server_free(s->http[--s->count]);
	tn_tls_free(TN_TAKE(s->tls));
	app_site_close(&s->site);
	app_rules_free(&s->rules);
	serve_log_close();
	cli_warn_end("serve");
	return r;
}

static int
serve_run(void)
{
	static struct serve_state s;
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn_run_options run = {
		.loops = serve_given.loops == 0 ? -1 : (int)serve_given.loops,
		.stall_ms = 500,
	};
	int r = serve_check();

	if (r < 0)
		return cli_usage("serve");
	r = tn_dir_open(serve_given.folder, &dir);
	s.site.share = (struct app_share){
		.dir = dir,
		.hidden = serve_given.hidden,
		.no_listing = serve_given.no_listing,
		.no_index = serve_given.no_index,
		.no_compress = serve_given.no_compression,
		.fallback = serve_given.spa,
	};
	if (r == 0)
		r = serve_log_prepare();
	if (r == 0)
		r = serve_name_folder(&shown, &s.site.share.name);
	if (r == 0)
		r = tn_overflow_report();
	if (r == 0) {
		s.folder = shown.data;
		cli_serve_limits();
		cli_serve_log("serve");
		r = tn_run(serve_main, &s, &run);
	}
	return r < 0 ? cli_fail("serve", r) : CLI_DONE;
}

/* ---- the verb ----------------------------------------------------------- */

static const struct cli_example serve_examples[] = {
	{ "tenon serve",
	    "The present folder, for programs and people on this machine." },
	{ "tenon serve -l :8000 ~/Photos",
	    "A folder for everybody who can reach this machine." },
	{ "tenon serve -l 9000 --log access.log public",
	    "On another port, with the access log in a file." },
	{ "tenon serve --spa --cache '/assets/*=immutable' --cache 0 dist",
	    "A single-page app, whose assets have names that change." },
	{ "tenon serve -l :8443 --tls auto ~/Photos",
	    "Encrypted, with a certificate of its own." },
	{ "tenon serve -l unix:/run/site --proxy-from unix --status 9100 public",
	    "Behind a proxy that speaks PROXY, watched by Prometheus." },
	{ 0 },
};

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
	    "Ctrl-C or SIGTERM does not. SIGUSR2 starts the command again, "
	    "perhaps in a newer version, which takes over the listening sockets: "
	    "nobody is refused, and should it not come up this one goes on. "
	    "SIGQUIT shows what every connection is waiting for.\n\n"
	    "As a service of systemd it says when it is ready and listens at "
	    "the sockets that it is given; -l systemd: takes those of a .socket "
	    "unit.\n\n"
	    "A program that prefers application/json gets listings as JSON.",
	.options = serve_options,
	.examples = serve_examples,
	.run = serve_run,
};
