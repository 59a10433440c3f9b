/* --help and --version, for a person at a terminal. */
#include <tenon/buffer.h>

#include "cli/cli.h"
#include "cli/terminal.h"

#define HELP_WIDTH_MAX 96
#define HELP_COLUMN 26 /* where explanations begin */

static int
help_width(const struct cli_terminal *t)
{
	return t->width < HELP_WIDTH_MAX ? t->width - 1 : HELP_WIDTH_MAX;
}

/* "  LEFT            RIGHT", RIGHT wrapped in its column. */
static void
help_row(FILE *out, const struct cli_terminal *t, const char *left,
    const char *right)
{
	int len = (int)strlen(left);

	fprintf(out, "  %s%s%s", cli_style(t, CLI_BOLD), left,
	    cli_style(t, CLI_PLAIN));
	if (len + 4 > HELP_COLUMN)
		fprintf(out, "\n%*s", HELP_COLUMN, "");
	else
		fprintf(out, "%*s", HELP_COLUMN - 2 - len, "");
	cli_wrap(out, right, HELP_COLUMN, HELP_COLUMN, help_width(t));
}

static void
help_heading(FILE *out, const struct cli_terminal *t, const char *heading)
{
	fprintf(out, "\n%s%s%s\n", cli_style(t, CLI_BOLD), heading,
	    cli_style(t, CLI_PLAIN));
}

/* "serve [DIR]": a verb with its arguments by place. */
static const char *
help_synopsis(const struct cli_verb *verb, bool options, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%s", verb->name);

	if (options && n < size)
		n += (size_t)snprintf(out + n, size - n, " [OPTIONS]");
	for (const struct cli_option *o = verb->options; o->help != NULL; o++)
		if (o->name == NULL && n < size)
			n += (size_t)snprintf(out + n, size - n, " %s%s%s%s",
			    o->required ? "" : "[", o->argument,
			    o->list != NULL ? "..." : "",
			    o->required ? "" : "]");
	return out;
}

/* ---- the whole command -------------------------------------------------- */

static void
help_group(FILE *out, const struct cli_terminal *t, size_t first)
{
	const char *group = cli_verbs[first]->group;
	char left[128];

	help_heading(out, t, group);
	for (size_t i = first; cli_verbs[i] != NULL; i++)
		if (strcmp(cli_verbs[i]->group, group) == 0)
			help_row(out, t,
			    help_synopsis(cli_verbs[i], false, left,
				sizeof(left)),
			    cli_verbs[i]->summary);
}

void
cli_help(FILE *out)
{
	struct cli_terminal t = cli_terminal(out);

	fprintf(out,
	    "%stenon%s - sockets, servers and the protocols of the internet\n"
	    "\nusage: tenon VERB [OPTIONS] [ARGUMENTS]\n",
	    cli_style(&t, CLI_BOLD), cli_style(&t, CLI_PLAIN));
	for (size_t i = 0; cli_verbs[i] != NULL; i++) {
		const char *group = cli_verbs[i]->group;
		size_t first = 0;

		while (strcmp(cli_verbs[first]->group, group) != 0)
			first++;
		if (first == i)
			help_group(out, &t, i);
	}
	help_row(out, &t, "--version", "which version this is, and what it can");
	help_heading(out, &t, "Addresses");
	help_row(out, &t, "HOST:PORT [V6]:PORT",
	    "a name or an address, and a port or the name of a service; "
	    ":PORT is every address of this machine to a server");
	help_row(out, &t, "unix:/PATH unix:@NAME", "a socket on this machine");
	help_row(out, &t, "udp:HOST:PORT",
	    "datagrams; unixgram:/PATH those on this machine");
	fprintf(out, "\nTry %stenon serve%s to share the present folder.\n",
	    cli_style(&t, CLI_BOLD), cli_style(&t, CLI_PLAIN));
}

/* ---- one verb ----------------------------------------------------------- */

/* "-l, --listen ADDRESS", "    --spa[=FILE]" */
static void
help_name(const struct cli_option *o, char *out, size_t size)
{
	char letter[] = "    ";
	bool may = o->without != NULL;

	if (o->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	if (o->name == NULL)
		snprintf(out, size, "%s", o->argument);
	else if (o->argument == NULL)
		snprintf(out, size, "%s--%s", letter, o->name);
	else
		snprintf(out, size, "%s--%s%s%s%s", letter, o->name,
		    may ? "[=" : " ", o->argument, may ? "]" : "");
}

static void
help_option(FILE *out, const struct cli_terminal *t,
    const struct cli_option *o)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer right = { 0 };
	char left[64];
	int r;

	help_name(o, left, sizeof(left));
	r = o->fallback != NULL ?
	    tn_buffer_printf(&right, "%s (default %s)", o->help, o->fallback) :
	    tn_buffer_append_str(&right, o->help);
	help_row(out, t, left, r < 0 ? o->help : right.data);
}

static void
help_options(FILE *out, const struct cli_terminal *t,
    const struct cli_verb *verb, bool named)
{
	for (const struct cli_option *o = verb->options; o->help != NULL; o++)
		if ((o->name != NULL) == named)
			help_option(out, t, o);
}

void
cli_help_verb(FILE *out, const struct cli_verb *verb)
{
	struct cli_terminal t = cli_terminal(out);
	char line[128];

	fprintf(out, "usage: %stenon %s%s\n\n", cli_style(&t, CLI_BOLD),
	    help_synopsis(verb, true, line, sizeof(line)),
	    cli_style(&t, CLI_PLAIN));
	cli_wrap(out, verb->about, 0, 0, help_width(&t));
	fputc('\n', out);
	help_options(out, &t, verb, false);
	help_heading(out, &t, "Options");
	help_options(out, &t, verb, true);
	help_row(out, &t, "-h, --help", "this");
	if (verb->examples == NULL)
		return;
	help_heading(out, &t, "Examples");
	for (const struct cli_example *e = verb->examples; e->command != NULL;
	     e++)
		fprintf(out, "  %s%s%s\n      %s\n", cli_style(&t, CLI_BOLD),
		    e->command, cli_style(&t, CLI_PLAIN), e->what);
}

/* ---- version ------------------------------------------------------------ */

void
cli_version(FILE *out)
{
	/* Every name that tn_has() may say yes to. */
	static const char *const features[] = { "asm-fibers", "ucontext-fibers",
		"guard-install", "tls", "gzip", "brotli", "zstd", "icu", "psl",
		"expat" };

	fprintf(out, "tenon %s\nfeatures:", tn_version());
	for (size_t i = 0; i < TN_COUNT(features); i++)
		if (tn_has(features[i]))
			fprintf(out, " %s", features[i]);
	fputc('\n', out);
}
