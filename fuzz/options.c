/* The command line: what was understood, written out again, is understood as
 * the same; what was not is said in words that can do no harm.  The words are
 * the lines of the input. */
#include <inttypes.h>
#include <stdio.h>
#include <tenon/error.h>

#include "cli/cli.h"
#include "fuzz/fuzz.h"

#define WORDS 32

struct values {
	bool loud, quiet;
	const char *place, *name, *address;
	struct cli_list words, paths;
	int64_t number, bytes, span_ms;
	int colour;
};

static struct values o;

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct cli_option options[] = {
	{ .argument = "PLACE", .text = &o.place, .required = true,
	    .help = "a" },
	{ .argument = "WORD", .list = &o.words, .help = "b" },
	{ .name = "loud", .letter = 'l', .flag = &o.loud, .help = "c" },
	{ .name = "quiet", .letter = 'q', .flag = &o.quiet, .help = "d" },
	{ .name = "name", .letter = 'n', .argument = "NAME", .text = &o.name,
	    .fallback = "nobody", .help = "e" },
	{ .name = "number", .argument = "N", .number = &o.number,
	    .fallback = "3", .min = -5, .max = 10, .help = "f" },
	{ .name = "bytes", .argument = "SIZE", .bytes = &o.bytes, .min = 1,
	    .help = "g" },
	{ .name = "span", .argument = "TIME", .span_ms = &o.span_ms,
	    .fallback = "1.5s", .help = "h" },
	{ .name = "colour", .letter = 'c', .argument = "COLOUR",
	    .choice = &o.colour, .choices = colours, .fallback = "green",
	    .help = "i" },
	{ .name = "path", .letter = 'p', .argument = "PATH", .list = &o.paths,
	    .fallback = "/", .help = "j" },
	{ .name = "address", .argument = "ADDRESS", .text = &o.address,
	    .check = cli_check_stream, .help = "k" },
	{ 0 },
};

static const struct cli_verb verb = { .name = "try", .options = options };

static int
parse(char *const *words)
{
	memset(&o, 0, sizeof(o));
	return cli_parse(&verb, words);
}

/* ---- written out ------------------------------------------------------- */

struct line {
	char *words[2 * CLI_LIST_MAX + 16];
	size_t count;
};

static void __attribute__((format(printf, 2, 3)))
put(struct line *line, const char *format, ...)
{
	struct tn_buffer word = { 0 };
	va_list arguments;

	va_start(arguments, format);
	fuzz_must(tn_buffer_vprintf(&word, format, arguments));
	va_end(arguments);
	line->words[line->count++] = fuzz_string(tn_buffer_slice(&word));
	tn_buffer_free(&word);
}

static void
put_all(struct line *line, const struct values *v)
{
	if (v->loud)
		put(line, "--loud");
	if (v->quiet)
		put(line, "-q");
	put(line, "-n");
	put(line, "%s", v->name);
	put(line, "--number=%" PRId64, v->number);
	if (v->bytes > 0)
		put(line, "--bytes=%" PRId64, v->bytes);
	if (v->span_ms < 0)
		put(line, "--span=never");
	else
		put(line, "--span=%" PRId64 "ms", v->span_ms);
	put(line, "-c%s", colours[v->colour]);
	if (v->address != NULL)
		put(line, "--address=%s", v->address);
	for (size_t i = 0; i < v->paths.count; i++)
		put(line, "--path=%s", v->paths.items[i]);
	put(line, "--");
	put(line, "%s", v->place);
	for (size_t i = 0; i < v->words.count; i++)
		put(line, "%s", v->words.items[i]);
}

static void
check_list(const struct cli_list *a, const struct cli_list *b)
{
	assert(a->count == b->count && a->count <= CLI_LIST_MAX);
	for (size_t i = 0; i < a->count; i++)
		assert(strcmp(a->items[i], b->items[i]) == 0);
}

static void
check_accepted(void)
{
	const struct values v = o;
	struct line line = { .count = 0 };

	assert(v.number >= -5 && v.number <= 10 && v.bytes >= 0);
	assert(v.colour >= 0 && v.colour < 3 && v.span_ms != 0);
	put_all(&line, &v);
	assert(parse(line.words) == 0);
	assert(o.loud == v.loud && o.quiet == v.quiet);
	assert(strcmp(o.place, v.place) == 0 && strcmp(o.name, v.name) == 0);
	assert((o.address == NULL) == (v.address == NULL));
	assert(o.address == NULL || strcmp(o.address, v.address) == 0);
	assert(o.number == v.number && o.bytes == v.bytes);
	assert(o.span_ms == v.span_ms && o.colour == v.colour);
	check_list(&o.paths, &v.paths);
	check_list(&o.words, &v.words);
	while (line.count > 0)
		free(line.words[--line.count]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice rest = tn_slice(bytes, size);
	char *words[WORDS + 1];
	size_t count = 0;
	int r;

	while (rest.data != NULL && count < WORDS)
		words[count++] = fuzz_string(tn_slice_split(&rest, '\n'));
	words[count] = NULL;
	r = parse(words);
	assert(r <= 1);
	if (r == 0)
		check_accepted();
	else if (r < 0)
		assert(tn_error_code() == r && tn_error_text()[0] != '\0' &&
		    fuzz_is_tame(tn_slice_str(tn_error_text())));
	while (count > 0)
		free(words[--count]);
	return 0;
}
