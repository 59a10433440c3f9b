/* man/tenon.1, in mdoc(7), from the tables that parse and help. */
#include "cli/cli.h"

/* ---- escaping ----------------------------------------------------------- */

/* What roff would take for its own: a backslash, a hyphen that is a minus, and
 * a line that begins like a request. */
static void
manual_text(FILE *out, const char *text)
{
	bool start = true;

	for (; *text != '\0'; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
		start = *text == '\n';
	}
	fputc('\n', out);
}

/* Paragraphs, an empty line between. */
static void
manual_paragraphs(FILE *out, const char *text)
{
	struct tn_slice rest = tn_slice_str(text);

	while (rest.data != NULL) {
		struct tn_slice line = tn_slice_split(&rest, '\n');
		char paragraph[2048];

		if (line.len == 0) {
			fputs(".Pp\n", out);
			continue;
		}
		snprintf(paragraph, sizeof(paragraph), "%.*s", (int)line.len,
		    line.data);
		manual_text(out, paragraph);
	}
}

/* ---- a verb ------------------------------------------------------------- */

/* " Ar FILE" behind the name of an option; "[=FILE]" where it may be left out. */
static void
manual_argument(FILE *out, const struct cli_option *o)
{
	if (o->without != NULL)
		fprintf(out, " Ns Op Ns = Ns Ar %s", o->argument);
	else if (o->argument != NULL)
		fprintf(out, " Ar %s", o->argument);
}

static void
manual_synopsis(FILE *out, const struct cli_verb *verb)
{
	fprintf(out, ".Nm\n.Cm %s\n", verb->name);
	for (const struct cli_option *o = verb->options; o->help != NULL; o++)
		if (o->name != NULL) {
			fprintf(out, ".Op Fl \\-%s", o->name);
			manual_argument(out, o);
			fputc('\n', out);
		}
	for (const struct cli_option *o = verb->options; o->help != NULL; o++)
		if (o->name == NULL)
			fprintf(out, ".%sAr %s%s\n", o->required ? "" : "Op ",
			    o->argument, o->list != NULL ? " ..." : "");
}

/* The help of an option is the beginning of a sentence. */
static void
manual_sentence(FILE *out, const char *help)
{
	char text[512];

	snprintf(text, sizeof(text), "%s.", help);
	if (text[0] >= 'a' && text[0] <= 'z')
		text[0] = (char)(text[0] - 'a' + 'A');
	manual_text(out, text);
}

static void
manual_option(FILE *out, const struct cli_option *o)
{
	fputs(".It", out);
	if (o->letter != 0)
		fprintf(out, " Fl %c ,", o->letter);
	if (o->name != NULL)
		fprintf(out, " Fl \\-%s", o->name);
	manual_argument(out, o);
	fputc('\n', out);
	manual_sentence(out, o->help);
	if (o->fallback != NULL)
		fprintf(out, "The default is\n.Ql %s%s .\n",
		    o->fallback[0] == '.' ? "\\&" : "", o->fallback);
}

static void
manual_verb(FILE *out, const struct cli_verb *verb)
{
	fprintf(out, ".Ss tenon %s\n", verb->name);
	manual_paragraphs(out, verb->about);
	if (verb->options->help != NULL) {
		fputs(".Bl -tag -width Ds\n", out);
		for (const struct cli_option *o = verb->options;
		     o->help != NULL; o++)
			manual_option(out, o);
		fputs(".El\n", out);
	}
	if (verb->examples == NULL)
		return;
	fputs(".Pp\nExamples:\n.Bl -tag -width Ds\n", out);
	for (const struct cli_example *e = verb->examples; e->command != NULL;
	     e++) {
		fputs(".It Li ", out);
		manual_text(out, e->command);
		manual_text(out, e->what);
	}
	fputs(".El\n", out);
}

/* ---- the page ----------------------------------------------------------- */

static const char manual_before[] =
    ".\\\" Written by tenon __manual; change the tables in src/cli/ instead.\n"
    ".Dd November 20, 2026\n"
    ".Dt TENON 1\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm tenon\n"
    ".Nd sockets, servers and the protocols of the internet\n"
    ".Sh SYNOPSIS\n";

static const char manual_between[] =
    ".Sh DESCRIPTION\n"
    "The first words are a verb; each has options of its own, which\n"
    ".Nm\n"
    ".Ar verb\n"
    ".Fl \\-help\n"
    "lists.\n"
    "Output is for people on a terminal and plain lines elsewhere.\n"
    "Servers listen on 127.0.0.1 unless told otherwise.\n";

static const char manual_after[] =
    ".Sh ADDRESSES\n"
    ".Bl -tag -width Ds\n"
    ".It Ar HOST : Ns Ar PORT , Li [ Ns Ar V6 Ns Li ]: Ns Ar PORT\n"
    "A name or an address, and a port or the name of a service.\n"
    "Without a host it is every address of this machine to a server,\n"
    "and this machine to a client.\n"
    ".Li tcp:\\&\n"
    "may stand before it, and\n"
    ".Li udp:\\&\n"
    "for datagrams.\n"
    ".It Li unix: Ns Ar PATH , Li unix:@ Ns Ar NAME\n"
    "A socket of this machine, in the file system or the abstract name space;\n"
    ".Li unixgram:\\&\n"
    "for datagrams.\n"
    ".El\n"
    ".Sh ENVIRONMENT\n"
    ".Bl -tag -width Ds\n"
    ".It Ev NO_COLOR\n"
    "If set and not empty, no colours are used.\n"
    ".El\n"
    ".Sh EXIT STATUS\n"
    ".Bl -tag -width Ds\n"
    ".It 0\n"
    "Done.\n"
    ".It 1\n"
    "Failed; one line on standard error says what, on what, and why.\n"
    ".It 2\n"
    "The command line was wrong.\n"
    ".It 124\n"
    "A time limit passed.\n"
    ".El\n"
    "\n";

void
cli_manual(FILE *out)
{
	fputs(manual_before, out);
	for (size_t i = 0; cli_verbs[i] != NULL; i++)
		manual_synopsis(out, cli_verbs[i]);
	fputs(manual_between, out);
	fputs(".Sh VERBS\n", out);
	for (size_t i = 0; cli_verbs[i] != NULL; i++)
		manual_verb(out, cli_verbs[i]);
	fwrite(manual_after, 1, sizeof(manual_after) - 2, out);
}
