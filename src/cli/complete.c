/* What the shell may offer behind the words so far, from the same tables.
 * packaging/completions/ has the shells' side. */
#include "cli/cli.h"

/* The word of `name` at place `index`, empty behind the last. */
static struct tn_slice
complete_word_at(const char *name, size_t index)
{
	struct tn_slice rest = tn_slice_str(name), word = TN_SLICE("");

	for (size_t i = 0; i <= index; i++) {
		if (rest.data == NULL)
			return TN_SLICE("");
		word = tn_slice_split(&rest, ' ');
	}
	return word;
}

static bool
complete_verb_fits(const struct cli_verb *verb, char *const *words,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!tn_slice_equal(complete_word_at(verb->name, i),
			tn_slice_str(words[i])))
			return false;
	return tn_slice_starts(complete_word_at(verb->name, count),
	    tn_slice_str(words[count]));
}

/* The next words of verbs; several verbs may share one. */
static void
complete_verbs(FILE *out, char *const *words, size_t count)
{
	struct tn_slice last = TN_SLICE("");

	for (size_t i = 0; cli_verbs[i] != NULL; i++) {
		struct tn_slice word =
		    complete_word_at(cli_verbs[i]->name, count);

		if (word.len == 0 || tn_slice_equal(word, last) ||
		    !complete_verb_fits(cli_verbs[i], words, count))
			continue;
		fprintf(out, "%.*s\n", (int)word.len, word.data);
		last = word;
	}
}

static void
complete_option_names(FILE *out, const struct cli_verb *verb,
    const char *word)
{
	struct tn_slice begun = tn_slice_str(word + 2);

	for (const struct cli_option *o = verb->options; o->help != NULL; o++)
		if (o->name != NULL &&
		    tn_slice_starts(tn_slice_str(o->name), begun))
			fprintf(out, "--%s\n", o->name);
	if (tn_slice_starts(TN_SLICE("help"), begun))
		fputs("--help\n", out);
}

/* The choices of the option that stands right before the last word. */
static void
complete_choices(FILE *out, const struct cli_verb *verb, const char *before,
    const char *word)
{
	for (const struct cli_option *o = verb->options; o->help != NULL; o++) {
		bool meant = o->name != NULL && before[0] == '-' &&
		    (before[1] == '-' ? strcmp(before + 2, o->name) == 0 :
					before[1] == o->letter);

		for (size_t i = 0;
		     meant && o->choices != NULL && o->choices[i] != NULL; i++)
			if (tn_slice_starts(tn_slice_str(o->choices[i]),
				tn_slice_str(word)))
				fprintf(out, "%s\n", o->choices[i]);
	}
}

void
cli_complete(FILE *out, char *const *words)
{
	const struct cli_verb *verb;
	size_t count = 0, named = 0;
	const char *word;

	while (words[count] != NULL)
		count++;
	if (count == 0)
		return;
	word = words[--count];
	verb = cli_verb_find(words, &named);
	if (verb == NULL || named >= count)
		complete_verbs(out, words, count);
	if (verb != NULL && strncmp(word, "--", 2) == 0)
		complete_option_names(out, verb, word);
	else if (verb != NULL && count > named)
		complete_choices(out, verb, words[count - 1], word);
	if (verb == &cli_verb_help && count >= named)
		complete_verbs(out, words + named, count - named);
}
