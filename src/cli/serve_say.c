/* What tenon serve says when it is there. */
#include "cli/certificate.h"
#include "cli/serve.h"
#include "cli/serving.h"
#include "cli/terminal.h"

struct serve_words {
	FILE *out;
	struct cli_terminal terminal;
	const char *folder;
	bool first, reachable, tls;
};

static void
serve_say_address(void *arg, const struct tn_address *address, bool loopback)
{
	struct serve_words *w = arg;
	char text[TN_ADDRESS_TEXT_MAX];
	bool local = address->storage.ss_family == AF_UNIX;
	const char *scheme = w->tls ? "https://" : "http://";

	tn_address_format(address, text);
	w->reachable = w->reachable || !loopback;
	if (!w->terminal.tty) {
		fprintf(w->out, "Sharing %s at %s%s%s\n", w->folder,
		    local ? "" : scheme, text, local ? "" : "/");
		return;
	}
	fprintf(w->out, "  %s  %s%s%s%s%s\n", w->first ? "Open   " : "       ",
	    cli_style(&w->terminal, CLI_LINK), local ? "" : scheme, text,
	    local ? "" : "/", cli_style(&w->terminal, CLI_PLAIN));
	w->first = false;
}

static void
serve_say_status(const struct serve_words *w)
{
	const struct tn_server *server = serve_status_server();
	struct tn_address address;
	char text[TN_ADDRESS_TEXT_MAX];

	if (server == NULL)
		return;
	tn_server_address(server, &address);
	tn_address_format(&address, text);
	fprintf(w->out, "%s%s%s%s\n", w->terminal.tty ? "  Status   " :
	    "Status at ", address.storage.ss_family == AF_UNIX ? "" : "http://",
	    text, address.storage.ss_family == AF_UNIX ? "" : "/metrics");
}

void
serve_say(void *arg)
{
	const struct serve_state *s = arg;
	/* Standard output is for the log when that was asked for. */
	bool log = serve_given.log != NULL && strcmp(serve_given.log, "-") == 0;
	struct serve_words w = {
		.out = log ? stderr : stdout, .folder = s->folder,
		.first = true, .tls = s->tls != NULL,
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
	cli_certificate_say(w.out, s->tls);
	serve_say_status(&w);
	if (w.terminal.tty)
		fprintf(w.out, "\n  %s\n  Press Ctrl-C to stop.\n\n",
		    w.reachable ?
			"Everybody who can reach this machine can read it." :
			"Only this machine can reach it; with -l :8000 others "
			"can too.");
	fflush(w.out);
}
