#include "unit/base/check.h"

#include <stdio.h>

#include "cli/terminal.h"

static const struct show_row {
	const char *name, *text, *shown;
} show_rows[] = {
	{ "empty", "", "" },
	{ "plain", "a \"b\" \\ c\tand\n\n", "a \"b\" \\ c\tand\n\n" },
	{ "not ASCII", "\xe5\x9b\xbe", "\xe5\x9b\xbe" },
	{ "clears the screen", "a\x1b[2J\n", "a\\x1b[2J\n" },
	{ "returns", "\r$ rm", "\\x0d$ rm" },
	{ "not UTF-8", "\xff", "\\xff" },
	{ "turns the direction", "\xe2\x80\xae", "\\u{202e}" },
};

static void
test_show(void **state)
{
	const struct show_row *row = *state;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };

	assert_int_equal(cli_show(&out, tn_slice_str(row->text)), 0);
	assert_string_equal(out.data == NULL ? "" : out.data, row->shown);
}

static const struct wrap_row {
	const char *name, *text;
	int at, indent, width;
	const char *out;
} wrap_rows[] = {
	{ "fits", "one two", 0, 0, 7, "one two\n" },
	{ "does not", "one two", 0, 0, 6, "one\ntwo\n" },
	{ "indented", "one two three", 4, 4, 11, "one two\n    three\n" },
	{ "a long word", "a longest b", 0, 2, 4, "a\n  longest\n  b\n" },
	{ "paragraphs", "one two\n\nthree", 0, 0, 20, "one two\n\nthree\n" },
	{ "nothing", "", 0, 0, 20, "\n" },
};

static void
test_wrap(void **state)
{
	const struct wrap_row *row = *state;
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	cli_wrap(out, row->text, row->at, row->indent, row->width);
	fclose(out);
	assert_string_equal(text, row->out);
}

/* What is no terminal gets no colour and the usual width. */
static void
test_file(void **state)
{
	FILE *out = tmpfile();
	struct cli_terminal t;

	assert_non_null(out);
	t = cli_terminal(out);
	assert_false(t.tty || t.colour);
	assert_int_equal(t.width, 80);
	assert_string_equal(cli_style(&t, CLI_BOLD), "");
	t.colour = true;
	assert_string_equal(cli_style(&t, CLI_PLAIN), "\033[0m");
	fclose(out);
}

int
main(void)
{
	static const struct CMUnitTest rest[] = { cmocka_unit_test(test_file) };

	return CHECK_ROWS(show_rows, test_show) +
	    CHECK_ROWS(wrap_rows, test_wrap) +
	    cmocka_run_group_tests(rest, NULL, NULL);
}
