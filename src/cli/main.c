/* tenon VERB ...: finds the verb, reads its options, runs it. */
#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>

#include "cli/cli.h"
#include "cli/standard.h"

const struct cli_verb *const cli_verbs[] = {
	&cli_verb_serve,
	&cli_verb_connect,
	&cli_verb_listen,
	&cli_verb_echo,
	&cli_verb_echo_serve,
	&cli_verb_host,
	&cli_verb_ip,
	&cli_verb_port,
	&cli_verb_order,
	&cli_verb_sockopt,
	&cli_verb_help,
	NULL,
};

/* ---- verbs -------------------------------------------------------------- */

/* How many of `words` a verb's name is made of, 0 when they are others. */
static size_t
main_words_of(const struct cli_verb *verb, char *const *words)
{
	struct tn_slice rest = tn_slice_str(verb->name);
	size_t count = 0;

	while (rest.data != NULL) {
		struct tn_slice word = tn_slice_split(&rest, ' ');

		if (words[count] == NULL ||
		    !tn_slice_equal(word, tn_slice_str(words[count])))
			return 0;
		count++;
	}
	return count;
}

const struct cli_verb *
cli_verb_find(char *const *words, size_t *ret_words)
{
	const struct cli_verb *best = NULL;

	for (size_t i = 0; cli_verbs[i] != NULL; i++) {
		size_t count = main_words_of(cli_verbs[i], words);

		if (count > (best == NULL ? 0 : *ret_words)) {
			best = cli_verbs[i];
			*ret_words = count;
		}
	}
	return best;
}

/* ---- ending ------------------------------------------------------------- */

static void
main_say(const char *verb, const char *hint)
{
	const char *text = tn_error_text(), *space = verb[0] != '\0' ? " " : "";

	fflush(stdout);
	fprintf(stderr, "tenon%s%s: %s", space, verb,
	    text[0] != '\0' ? text : "failed");
	if (hint != NULL)
		fprintf(stderr, " (tenon%s%s %s)", space, verb, hint);
	fputc('\n', stderr);
}

int
cli_fail(const char *verb, int code)
{
	if (tn_error_text()[0] == '\0')
		tn_error_set(code, "%s", tn_error_words(code));
	main_say(verb, NULL);
	return code == -ETIMEDOUT ? CLI_TIMED_OUT : CLI_FAILED;
}

int
cli_usage(const char *verb)
{
	main_say(verb, "--help");
	return CLI_USAGE;
}

/* ---- the command -------------------------------------------------------- */

char **cli_arguments;

/* What may stand where a verb would but is none. */
static const struct main_word {
	const char *word;
	void (*print)(FILE *out);
} main_words[] = {
	{ "--help", cli_help },
	{ "-h", cli_help },
	{ "--version", cli_version },
	{ "-V", cli_version },
	{ "version", cli_version },
	{ "__manual", cli_manual },
};

static int
main_unknown(const char *word)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	const char *names[CLI_LIST_MAX] = { NULL }, *meant = NULL;
	const char *what = word[0] == '-' ? "option" : "verb";
	size_t count = 0;

	for (size_t i = 0; word[0] == '-' && i < TN_COUNT(main_words); i++)
		if (strncmp(main_words[i].word, "--", 2) == 0)
			names[count++] = main_words[i].word;
	for (size_t i = 0;
	     word[0] != '-' && cli_verbs[i] != NULL && count + 1 < CLI_LIST_MAX;
	     i++)
		names[count++] = cli_verbs[i]->name;
	if (tn_buffer_append_escaped(&shown,
		tn_slice_head(tn_slice_str(word), 64)) == 0)
		meant = cli_suggest(shown.data, names);
	if (meant != NULL)
		tn_error_set(-EINVAL,
		    "there is no %s \"%s\"; did you mean \"%s\"?", what,
		    shown.data, meant);
	else
		tn_error_set(-EINVAL, "there is no %s \"%s\"", what,
		    shown.data);
	return cli_usage("");
}

static int
main_verb(const struct cli_verb *verb, char *const *words)
{
	int r = cli_parse(verb, words);

	if (r < 0)
		return cli_usage(verb->name);
	if (r > 0) {
		cli_help_verb(stdout, verb);
		return CLI_DONE;
	}
	return verb->run();
}

static int
main_dispatch(char *const *words)
{
	const struct cli_verb *verb;
	size_t named = 0;

	if (words[0] == NULL) {
		cli_help(stderr);
		return CLI_USAGE;
	}
	for (size_t i = 0; i < TN_COUNT(main_words); i++)
		if (strcmp(words[0], main_words[i].word) == 0) {
			main_words[i].print(stdout);
			return CLI_DONE;
		}
	if (strcmp(words[0], "__complete") == 0) {
		cli_complete(stdout, words + 1);
		return CLI_DONE;
	}
	verb = cli_verb_find(words, &named);
	if (verb == NULL)
		return main_unknown(words[0]);
	return main_verb(verb, words + named);
}

int
main(int argc, char **argv)
{
	int status;

	cli_arguments = argv;
	cli_standard_fill();
	status = main_dispatch(argc > 0 ? argv + 1 : argv);
	/* A full disk behind stdout is a failure like any other. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_DONE) {
		fputs("tenon: standard output: it could not all be written\n",
		    stderr);
		status = CLI_FAILED;
	}
	return status;
}
