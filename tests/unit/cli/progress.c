#include "unit/base/check.h"

#include <stdio.h>

#include "cli/progress.h"

#define MIB ((int64_t)1 << 20)

static const struct line_row {
	const char *name;
	int64_t done, total;
	tn_time elapsed;
	int width;
	const char *line;
} line_rows[] = {
	{ "half", 50 * MIB, 100 * MIB, 10 * TN_SECOND, 80,
	    "up  [======      ]  50%  50.0 MiB of 100.0 MiB  5.0 MiB/s"
	    "  0:10 left" },
	{ "narrow", 50 * MIB, 100 * MIB, 10 * TN_SECOND, 40,
	    "up  50%  50.0 MiB of 100.0 MiB  5.0 MiB/s  0:10 left" },
	{ "done", 100 * MIB, 100 * MIB, 10 * TN_SECOND, 40,
	    "up  100%  100.0 MiB of 100.0 MiB  10.0 MiB/s" },
	{ "nothing yet", 0, 100 * MIB, TN_SECOND, 40,
	    "up  0%  0 B of 100.0 MiB  0 B/s" },
	{ "no end known", 50 * MIB, -1, 10 * TN_SECOND, 80,
	    "up  50.0 MiB  5.0 MiB/s" },
	{ "more than was announced", 50 * MIB, MIB, 10 * TN_SECOND, 80,
	    "up  50.0 MiB  5.0 MiB/s" },
	{ "no time", 50 * MIB, -1, 0, 80, "up  50.0 MiB" },
	{ "hours", 10 * MIB, 10000 * MIB, 10 * TN_SECOND, 40,
	    "up  0%  10.0 MiB of 9.8 GiB  1.0 MiB/s  2:46:30 left" },
	{ "for ever", 1, INT64_MAX, 10 * TN_SECOND, 40,
	    "up  0%  1 B of 8.0 EiB  0 B/s" },
};

static void
test_line(void **state)
{
	const struct line_row *row = *state;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };

	assert_int_equal(cli_progress_line(&line, "up", row->done, row->total,
	    row->elapsed, row->width), 0);
	assert_string_equal(line.data, row->line);
}

/* No terminal, no bar, however long it takes. */
static void
test_file(void **state)
{
	struct cli_progress p;
	FILE *out = tmpfile();

	assert_non_null(out);
	cli_progress_begin(&p, out, "up");
	p.began -= 10 * TN_SECOND;
	p.shown = p.began;
	assert_int_equal(cli_progress_step(&p, 1, 2), 0);
	assert_int_equal(ftell(out), 0);
	p.terminal.tty = true;
	assert_int_equal(cli_progress_step(&p, 1, 2), 0);
	assert_true(ftell(out) > 0 && p.visible);
	cli_progress_end(&p);
	assert_false(p.visible);
	fclose(out);
}

int
main(void)
{
	static const struct CMUnitTest rest[] = { cmocka_unit_test(test_file) };

	return CHECK_ROWS(line_rows, test_line) +
	    cmocka_run_group_tests(rest, NULL, NULL);
}
