/* What a terminal can show, and showing it. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdio.h>
#include <tenon/buffer.h>

struct cli_terminal {
	bool tty;
	bool colour; /* a tty, and neither NO_COLOR nor a dumb one */
	int width;   /* columns, 80 when it does not say */
};

struct cli_terminal cli_terminal(FILE *file);

enum cli_style {
	CLI_PLAIN, /* back to it */
	CLI_BOLD,
	CLI_DIM,
	CLI_LINK,
};

/* What switches the terminal to a style; "" without colour. */
const char *cli_style(const struct cli_terminal *terminal,
    enum cli_style style);

/* Text of a stranger for a terminal: what could move the cursor or turn the
 * direction of writing is escaped, lines and tabs stay. */
TN_CHECK int cli_show(struct tn_buffer *out, struct tn_slice text);

/* How much of `text` can be shown as it comes: not the beginning of a character
 * whose rest is still to come. */
size_t cli_whole(struct tn_slice text);

/* Writes paragraphs no wider than `width`, each line after the first behind
 * `indent` spaces; the first begins at column `at`.  Ends with a line end. */
void cli_wrap(FILE *out, const char *text, int at, int indent, int width);

#endif
