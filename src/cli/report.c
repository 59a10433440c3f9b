#include <tenon/text.h>

#include "cli/report.h"

#define REPORT_COLUMN 13 /* where values begin, for a person */

void
cli_report_init(struct cli_report *report, bool json, bool row)
{
	*report = (struct cli_report){
		.terminal = cli_terminal(stdout), .json = json, .row = row
	};
}

static void
report_keep(struct cli_report *report, int r)
{
	if (r < 0 && report->error == 0)
		report->error = r;
}

static void
report_put(struct cli_report *report, const char *text)
{
	report_keep(report, tn_buffer_append_str(&report->line, text));
}

void
cli_report_begin(struct cli_report *report)
{
	tn_buffer_clear(&report->line);
	report->fields = 0;
	if (report->json)
		report_put(report, "{");
	else if (report->answers > 0 && !report->row)
		report_put(report, "\n");
	report->answers++;
}

void
cli_report_end(struct cli_report *report)
{
	if (report->json)
		report_put(report, "}");
	if (report->json || report->row)
		report_put(report, "\n");
	if (report->error == 0)
		fputs(report->line.data, stdout);
}

int
cli_report_done(struct cli_report *report)
{
	tn_buffer_free(&report->line);
	return report->error;
}

/* ---- for a program ------------------------------------------------------ */

static void
report_quoted(struct cli_report *report, const char *text)
{
	report_keep(report, tn_json_string(tn_slice_str(text), &report->line));
}

static void
report_json_key(struct cli_report *report, const char *key)
{
	if (report->fields++ > 0)
		report_put(report, ", ");
	report_quoted(report, key);
	report_put(report, ": ");
}

static void
report_json_list(struct cli_report *report, const struct cli_field *field,
    const struct cli_item *items, size_t count)
{
	report_json_key(report, field->key);
	report_put(report, "[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			report_put(report, ", ");
		if (items[i].json != NULL)
			report_put(report, items[i].json);
		else
			report_quoted(report, items[i].text);
	}
	report_put(report, "]");
}

/* ---- for the rest ------------------------------------------------------- */

static void
report_shown(struct cli_report *report, const char *text)
{
	report_keep(report, cli_show(&report->line, tn_slice_str(text)));
}

/* The same behind a label, in lines that fit. */
static void
report_wrapped(struct cli_report *report, const char *text)
{
	size_t width = (size_t)report->terminal.width - REPORT_COLUMN;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn_slice rest;

	report_keep(report, cli_show(&shown, tn_slice_str(text)));
	rest = tn_buffer_slice(&shown);
	while (rest.len > width) {
		size_t at = width;

		while (at > 0 && rest.data[at] != ' ')
			at--;
		if (at == 0)
			break;
		report_keep(report, tn_buffer_printf(&report->line,
		    "%.*s\n%*s", (int)at, rest.data, REPORT_COLUMN, ""));
		rest = tn_slice_skip(rest, at + 1);
	}
	report_keep(report, tn_buffer_append(&report->line, rest));
}

/* A label, dim, and spaces up to the column of values. */
static void
report_label(struct cli_report *report, const char *label)
{
	int rest = REPORT_COLUMN - (int)strlen(label);

	report_put(report, cli_style(&report->terminal, CLI_DIM));
	report_put(report, label);
	report_put(report, cli_style(&report->terminal, CLI_PLAIN));
	report_keep(report, tn_buffer_printf(&report->line, "%*s",
	    rest > 1 ? rest : 1, ""));
}

/* The first value of an answer is what it is about. */
static void
report_line(struct cli_report *report, const struct cli_field *field,
    bool again, const char *text)
{
	bool first = report->fields++ == 0;

	if (!report->terminal.tty) {
		report_put(report, field->key);
		report_put(report, "\t");
		report_shown(report, text);
		report_put(report, "\n");
		return;
	}
	if (field->label == NULL)
		return;
	report_label(report, again ? "" : field->label);
	if (first)
		report_put(report, cli_style(&report->terminal, CLI_BOLD));
	report_wrapped(report, text);
	if (first)
		report_put(report, cli_style(&report->terminal, CLI_PLAIN));
	report_put(report, "\n");
}

/* A value of a row. */
static void
report_cell(struct cli_report *report, const struct cli_field *field,
    const char *text)
{
	bool first = report->fields++ == 0, tty = report->terminal.tty;
	const char *label = tty ? field->label : NULL;
	int rest = field->width - (int)strlen(text);

	if (!first)
		report_put(report, tty ? "  " : "\t");
	if (label != NULL && label[0] != '\0') {
		report_put(report, cli_style(&report->terminal, CLI_DIM));
		report_put(report, label);
		report_put(report, cli_style(&report->terminal, CLI_PLAIN));
		report_put(report, " ");
	}
	report_shown(report, text);
	if (tty && rest > 0)
		report_keep(report,
		    tn_buffer_printf(&report->line, "%*s", rest, ""));
}

/* ---- both --------------------------------------------------------------- */

void
cli_report_field(struct cli_report *report, const struct cli_field *field,
    const char *text)
{
	if (report->json) {
		report_json_key(report, field->key);
		if (field->bare)
			report_put(report, text);
		else
			report_quoted(report, text);
	} else if (report->row) {
		report_cell(report, field, text);
	} else {
		report_line(report, field, false, text);
	}
}

void
cli_report_list(struct cli_report *report, const struct cli_field *field,
    const struct cli_item *items, size_t count)
{
	if (report->json) {
		report_json_list(report, field, items, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		report_line(report, field, i > 0, items[i].text);
}
