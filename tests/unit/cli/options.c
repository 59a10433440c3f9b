#include "unit/base/check.h"

#include <tenon/error.h>

#include "cli/cli.h"

static struct {
	bool loud, quiet;
	const char *place, *name, *address;
	struct cli_list words, paths, program;
	int64_t number, bytes, span_ms;
	int colour;
} o;

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct cli_option options[] = {
	{ .argument = "PLACE", .text = &o.place, .required = true,
	    .help = "a" },
	{ .name = "loud", .letter = 'l', .flag = &o.loud, .help = "b" },
	{ .argument = "WORD", .list = &o.words, .help = "c" },
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
	{ .name = "exec", .letter = 'e', .argument = "COMMAND",
	    .list = &o.program, .rest = true, .help = "l" },
	{ 0 },
};

static const struct cli_verb verb = { .name = "try", .options = options };

static int
parse(const char *line, char *text, size_t size)
{
	static char *words[32];
	size_t count = 0;

	snprintf(text, size, "%s", line);
	for (char *word = text; *word != '\0';) {
		words[count++] = word;
		word += strcspn(word, " ");
		if (*word == ' ')
			*word++ = '\0';
	}
	words[count] = NULL;
	memset(&o, 0, sizeof(o));
	return cli_parse(&verb, words);
}

/* ---- what is wrong ----------------------------------------------------- */

static const struct wrong_row {
	const char *name, *line, *text;
} wrong_rows[] = {
	{ "nothing", "", "PLACE is missing" },
	{ "unknown", "x --loudd", "there is no option --loudd; did you mean "
				  "--loud?" },
	{ "unknown and far", "x --umbrella", "there is no option --umbrella" },
	{ "no words left", "x --exec", "--exec: COMMAND is missing" },
	{ "unknown letter", "x -lz", "there is no option -z" },
	{ "flag with a value", "x --loud=1", "--loud \"1\": it takes no value" },
	{ "value missing", "x --name", "--name: NAME is missing" },
	{ "value missing behind a letter", "x -n", "--name: NAME is missing" },
	{ "no number", "x --number=1x", "--number \"1x\": that is no number" },
	{ "number too large", "x --number 11",
	    "--number \"11\": not between -5 and 10" },
	{ "no size", "x --bytes=x",
	    "--bytes \"x\": write a size such as 4096 or 64K" },
	{ "size too small", "x --bytes=0",
	    "--bytes \"0\": not between 1 and 9223372036854775807" },
	{ "no span", "x --span=1y",
	    "--span \"1y\": write a time such as 1.5s, 200ms, 5m or never" },
	{ "no choice", "x -c pink",
	    "--colour \"pink\": choose one of red, green, blue" },
	{ "no stream", "x --address udp:h:1",
	    "--address: an address for datagrams, where a stream is needed; "
	    "write HOST:PORT or unix:/path" },
	{ "no port", "x --address h",
	    "--address: h: a port is missing; write h:PORT" },
	{ "control characters", "x --\x1b[2J", "there is no option --\\x1b[2J" },
};

static void
test_wrong(void **state)
{
	const struct wrong_row *row = *state;
	char text[128];

	assert_int_equal(parse(row->line, text, sizeof(text)), -EINVAL);
	assert_string_equal(tn_error_text(), row->text);
}

/* ---- what is right ----------------------------------------------------- */

static void
test_defaults(void **state)
{
	char text[128];

	assert_int_equal(parse("here", text, sizeof(text)), 0);
	assert_string_equal(o.place, "here");
	assert_string_equal(o.name, "nobody");
	assert_int_equal(o.number, 3);
	assert_int_equal(o.bytes, 0);
	assert_int_equal(o.span_ms, 1500);
	assert_int_equal(o.colour, 1);
	assert_int_equal(o.paths.count, 1);
	assert_string_equal(o.paths.items[0], "/");
	assert_int_equal(o.words.count, 0);
	assert_null(o.address);
	assert_false(o.loud || o.quiet);
}

static void
test_given(void **state)
{
	char text[256];

	assert_int_equal(parse("--number=-5 here -lqnme a --bytes 2K b "
			       "--span=never -cblue -p /x --path=/y "
			       "--address :80 -- -l --",
			     text, sizeof(text)), 0);
	assert_string_equal(o.place, "here");
	assert_true(o.loud && o.quiet);
	assert_string_equal(o.name, "me");
	assert_int_equal(o.number, -5);
	assert_int_equal(o.bytes, 2048);
	assert_int_equal(o.span_ms, -1);
	assert_int_equal(o.colour, 2);
	assert_int_equal(o.paths.count, 2);
	assert_string_equal(o.paths.items[1], "/y");
	assert_string_equal(o.address, ":80");
	assert_int_equal(o.words.count, 4);
	assert_string_equal(o.words.items[0], "a");
	assert_string_equal(o.words.items[1], "b");
	assert_string_equal(o.words.items[2], "-l");
	assert_string_equal(o.words.items[3], "--");
}

/* Whatever they look like, the words of a program are its own. */
static void
test_rest(void **state)
{
	static const char *const given[] = { "x --exec cat --loud -- -h",
		"x -e cat --loud -- -h", "x --exec=cat --loud -- -h",
		"x -ecat --loud -- -h" };
	char text[64];

	for (size_t i = 0; i < TN_COUNT(given); i++) {
		assert_int_equal(parse(given[i], text, sizeof(text)), 0);
		assert_false(o.loud);
		assert_int_equal(o.words.count, 0);
		assert_int_equal(o.program.count, 4);
		assert_string_equal(o.program.items[0], "cat");
		assert_string_equal(o.program.items[3], "-h");
	}
}

static void
test_help(void **state)
{
	char text[64];

	assert_int_equal(parse("--help", text, sizeof(text)), 1);
	assert_int_equal(parse("-lh --nonsense", text, sizeof(text)), 1);
	assert_int_equal(parse("- --span=0", text, sizeof(text)), 0);
	assert_string_equal(o.place, "-");
	assert_int_equal(o.span_ms, 1); /* 0 is the default to the library */
}

static void
test_too_many(void **state)
{
	static char word[] = "w", *words[CLI_LIST_MAX + 3];

	for (size_t i = 0; i <= CLI_LIST_MAX; i++)
		words[i] = word;
	memset(&o, 0, sizeof(o));
	assert_int_equal(cli_parse(&verb, words), 0);
	words[CLI_LIST_MAX + 1] = word;
	memset(&o, 0, sizeof(o));
	assert_int_equal(cli_parse(&verb, words), -EINVAL);
	assert_string_equal(tn_error_text(),
	    "WORD \"w\": 64 of them are the most");
}

static void
test_suggest(void **state)
{
	static const char *const words[] = { "serve", "echo", "echo serve",
		"help", NULL };

	assert_string_equal(cli_suggest("sevre", words), "serve");
	assert_string_equal(cli_suggest("server", words), "serve");
	assert_string_equal(cli_suggest("he", words), "help");
	assert_string_equal(cli_suggest("ecko", words), "echo");
	assert_null(cli_suggest("", words));
	assert_null(cli_suggest("z", words));
	assert_null(cli_suggest("frobnicate", words));
	assert_null(cli_suggest("a word that is longer than any we compare",
	    words));
}

int
main(void)
{
	static const struct CMUnitTest rest[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_suggest),
	};

	return CHECK_ROWS(wrong_rows, test_wrong) +
	    cmocka_run_group_tests(rest, NULL, NULL);
}
