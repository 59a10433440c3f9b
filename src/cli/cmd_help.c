/* tenon help [VERB]: --help, asked for the other way round. */
#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>

#include "cli/cli.h"

static struct cli_list help_words;

static const struct cli_option help_options[] = {
	{ .argument = "VERB", .list = &help_words,
	    .help = "the verb to explain, one or two words" },
	{ 0 },
};

static int
help_run(void)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	char *words[CLI_LIST_MAX + 1] = { NULL };
	const struct cli_verb *verb;
	size_t named = 0;

	for (size_t i = 0; i < help_words.count; i++)
		words[i] = (char *)(uintptr_t)help_words.items[i];
	if (words[0] == NULL) {
		cli_help(stdout);
		return CLI_DONE;
	}
	verb = cli_verb_find(words, &named);
	if (verb != NULL && named == help_words.count) {
		cli_help_verb(stdout, verb);
		return CLI_DONE;
	}
	if (tn_buffer_append_escaped(&shown,
		tn_slice_head(tn_slice_str(words[named]), 64)) == 0)
		tn_error_set(-EINVAL, "there is no verb \"%s\"", shown.data);
	return cli_usage("help");
}

const struct cli_verb cli_verb_help = {
	.name = "help",
	.group = "About",
	.summary = "this, or all about one verb",
	.about = "Explains a verb, or lists them all.",
	.options = help_options,
	.run = help_run,
};
