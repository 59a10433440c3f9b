/* tenon echo serve: send back what comes. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/server.h>

#include "app/echo.h"
#include "cli/access_log.h"
#include "cli/certificate.h"
#include "cli/charset.h"
#include "cli/cli.h"
#include "cli/serving.h"
#include "cli/terminal.h"
#include "cli/warn.h"

/* ---- options ------------------------------------------------------------ */

static const char *const echo_kinds[] = { "fiber", "serial", "thread", "fork",
	NULL };

_Static_assert(TN_SERVER_FIBER == 0 && TN_SERVER_SERIAL == 1 &&
	TN_SERVER_THREADING == 2 && TN_SERVER_FORKING == 3,
    "the choices are in the order of enum tn_server_kind");

static struct {
	const char *address, *charset, *tls;
	bool stamp, show, quiet;
	int kind;
	int64_t backlog, loops, connections, idle_ms;
} echo;

static const struct cli_option echo_options[] = {
	{ .argument = "ADDRESS", .text = &echo.address, .required = true,
	    .check = cli_check_address,
	    .help = "where to listen: HOST:PORT, udp:HOST:PORT, unix:/PATH or "
		    "unixgram:/PATH; 9000 alone is 127.0.0.1:9000, and port 0 "
		    "any that is free" },
	{ .name = "stamp", .letter = 's', .flag = &echo.stamp,
	    .help = "put the time before each piece: [Wed Jan 10 23:32:35 2018] "
		    "hello" },
	{ .name = "show", .flag = &echo.show,
	    .help = "write each piece on standard output too, in a line behind "
		    "its sender's address" },
	{ .name = "charset", .argument = "NAME", .text = &echo.charset,
	    .check = cli_check_charset,
	    .help = "what clients write, such as GBK: the stamp is in it and "
		    "parts no character, and what is shown is right" },
	{ .name = "tls", .argument = "CERT,KEY", .text = &echo.tls,
	    .check = cli_check_certificate,
	    .help = "speak TLS with the certificate and key of these files, "
		    "read again at SIGHUP; with auto, made up at the start for "
		    "this machine" },
	{ .name = "kind", .argument = "KIND", .choice = &echo.kind,
	    .choices = echo_kinds, .fallback = "fiber",
	    .help = "what serves a connection: a fiber, a thread or a process "
		    "(fork) of its own, or all the same one (serial)" },
	{ .name = "backlog", .argument = "N", .number = &echo.backlog,
	    .fallback = "1024", .min = 1, .max = 65535,
	    .help = "how many may wait to be accepted" },
	{ .name = "connections", .argument = "N", .number = &echo.connections,
	    .min = 1, .max = 1 << 24, .help = "how many at once" },
	{ .name = "idle", .argument = "TIME", .span_ms = &echo.idle_ms,
	    .fallback = "never", .help = "who is silent longer is hung up on" },
	{ .name = "loops", .argument = "N", .number = &echo.loops,
	    .fallback = "1", .min = 1, .max = CLI_LOOPS_MAX,
	    .help = "threads to serve fibers with" },
	{ .name = "quiet", .letter = 'q', .flag = &echo.quiet,
	    .help = "say nothing but errors" },
	{ 0 },
};

static const struct cli_example echo_examples[] = {
	{ "tenon echo serve 127.0.0.1:21567 --stamp",
	    "The tutorials' server: each piece comes back with the time." },
	{ "tenon echo serve udp:127.0.0.1:21567",
	    "Each datagram comes back." },
	{ "tenon echo serve 9900 --charset GBK --show",
	    "See what clients say that write GBK." },
	{ 0 },
};

/* ---- what is shown ------------------------------------------------------ */

static struct cli_access_log echo_log; /* of what is said */

static void
echo_show(void *arg, const struct tn_address *peer, struct tn_slice text)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };
	char from[TN_ADDRESS_TEXT_MAX];
	int r;

	(void)arg;
	if (tn_slice_ends(text, TN_SLICE("\n")))
		text.len--;
	r = tn_buffer_printf(&line, "%s ", tn_address_format(peer, from));
	if (r == 0)
		r = tn_buffer_append_escaped(&line, text);
	if (r == 0)
		r = tn_buffer_append_byte(&line, '\n');
	if (r == 0)
		cli_access_log_add(&echo_log, tn_buffer_slice(&line));
}

/* ---- running ------------------------------------------------------------ */

static struct tn_tls *echo_tls; /* or NULL */

/* The address as `tenon echo` takes it. */
static void
echo_announce(void *arg)
{
	struct tn_address address;
	struct tn_endpoint asked;
	char text[TN_ADDRESS_TEXT_MAX];
	const char *shown = text, *scheme = echo_tls == NULL ? "" : "tls:";

	tn_server_address(arg, &address);
	tn_address_format(&address, text);
	if (tn_endpoint_parse(echo.address, &asked) == 0 &&
	    asked.type == SOCK_DGRAM) {
		scheme = asked.local ? "unixgram:" : "udp:";
		shown += asked.local ? strlen("unix:") : 0;
	}
	printf("Echo at %s%s\n", scheme, shown);
	cli_certificate_say(stdout, echo_tls);
	if (cli_terminal(stdout).tty)
		puts("Press Ctrl-C to stop.");
	fflush(stdout);
}

static void
echo_hangup(void *arg)
{
	(void)arg;
	cli_certificate_reload("echo serve", echo_tls);
}

static int
echo_serve(struct tn_server *server)
{
	return cli_serve(&(struct cli_serving){
	    .verb = "echo serve",
	    .servers = &server,
	    .count = 1,
	    .quiet = echo.quiet,
	    .say = echo.quiet ? NULL : echo_announce,
	    .hangup = cli_certificate_can_reload(echo.tls) ? echo_hangup :
							     NULL,
	    .arg = server,
	});
}

static int
echo_main(void *arg)
{
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	struct app_echo how = {
		.stamp = echo.stamp,
		.charset = echo.charset,
		.show = echo.show ? echo_show : NULL,
	};
	struct tn_server_options options = {
		.address = echo.address,
		.listen = { .backlog = (int)echo.backlog },
		.kind = (enum tn_server_kind)echo.kind,
		.handle = echo.stamp ? app_echo_handle_stamped :
				       app_echo_handle,
		.arg = &how,
		.connections_max = echo.connections,
		.idle_ms = echo.idle_ms,
	};
	int r = cli_certificate_open(&(struct cli_certificate){
		.given = echo.tls,
		.listen = &echo.address,
		.listen_count = 1,
	    },
	    &echo_tls);

	options.tls = echo_tls;
	if (echo.show || (echo.stamp && echo.charset != NULL))
		options.handle = app_echo_handle_text;
	if (r == 0 && echo.show)
		r = cli_access_log_open(&echo_log, "echo serve", NULL);
	if (r == 0)
		r = tn_server_open(&options, &server);
	if (r == 0)
		r = echo_serve(server);
	if (echo.show)
		cli_access_log_close(&echo_log);
	tn_tls_free(TN_TAKE(echo_tls));
	return r;
}

/* What no option can tell by itself. */
static int
echo_check(void)
{
	bool fork = echo.kind == TN_SERVER_FORKING;
	struct tn_endpoint e;
	int r = tn_endpoint_parse(echo.address, &e);

	if (r < 0)
		return r;
	/* A process has to be alone when it forks, and hears nothing more of
	 * its child. */
	if (fork && echo.loops > 1)
		return tn_error_set(-EINVAL, "--kind fork goes with one loop");
	if (fork && echo.show)
		return tn_error_set(-EINVAL,
		    "--kind fork does not go with --show");
	if (echo.tls != NULL && (e.local || e.type == SOCK_DGRAM))
		return tn_error_set(-EINVAL,
		    "--tls goes with TCP: an address of HOST:PORT");
	return 0;
}

static int
echo_run(void)
{
	struct tn_run_options run = { .loops = (int)echo.loops };
	static char full[CLI_ADDRESS_SIZE];
	int r = tn_overflow_report();

	echo.address = cli_address(echo.address, full);

	if (r == 0 && echo_check() < 0)
		return cli_usage("echo serve");
	cli_serve_limits();
	cli_serve_log("echo serve");
	if (r == 0)
		r = tn_run(echo_main, NULL, &run);
	cli_warn_end("echo serve");
	return r < 0 ? cli_fail("echo serve", r) : CLI_DONE;
}

const struct cli_verb cli_verb_echo_serve = {
	.name = "echo serve",
	.group = "Try a connection",
	.summary = "send back whatever comes",
	.about = "Listens and sends back what comes: over TCP and Unix sockets "
		 "each piece as it is received, over UDP each datagram. With "
		 "--charset a piece also ends where a character does.",
	.options = echo_options,
	.examples = echo_examples,
	.run = echo_run,
};
