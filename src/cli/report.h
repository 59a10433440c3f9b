/* Answers: a line a field for a person, "KEY<TAB>VALUE" lines for a pipe, an
 * object a line for a program. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/terminal.h"

struct cli_report {
	struct cli_terminal terminal;
	bool json;
	bool row; /* the fields of an answer on one line, TABs between */
	size_t answers, fields;
	struct tn_buffer line;
	int error; /* the first */
};

struct cli_field {
	const char *key;   /* "first_host", in JSON and in a pipe */
	const char *label; /* "first host", for a person; NULL = not shown to
			    * one; in a row what stands before it */
	int width;         /* of the value in a row, 0 = as it is */
	bool bare;         /* a number, true or false */
};

struct cli_item { /* of a list */
	const char *text;
	const char *json; /* NULL: the text, quoted */
};

void cli_report_init(struct cli_report *report, bool json, bool row);

/* Texts may be a stranger's.  Failures are kept until the end. */
void cli_report_begin(struct cli_report *report);
void cli_report_field(struct cli_report *report, const struct cli_field *field,
    const char *text);
void cli_report_list(struct cli_report *report, const struct cli_field *field,
    const struct cli_item *items, size_t count);
void cli_report_end(struct cli_report *report);

/* 0, or what has failed on the way. */
int cli_report_done(struct cli_report *report);

#endif
