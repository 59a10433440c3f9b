#include <stdlib.h>
#include <sys/ioctl.h>
#include <tenon/number.h>
#include <unistd.h>

#include "cli/terminal.h"

#define TERMINAL_WIDTH 80

struct cli_terminal
cli_terminal(FILE *file)
{
	struct cli_terminal t = { .width = TERMINAL_WIDTH };
	const char *no_colour = getenv("NO_COLOR"), *type = getenv("TERM");
	struct winsize size;

	t.tty = isatty(fileno(file)) == 1;
	if (t.tty && ioctl(fileno(file), TIOCGWINSZ, &size) == 0 &&
	    size.ws_col >= 40)
		t.width = size.ws_col;
	/* no-color.org: set and not empty, whatever it says. */
	t.colour = t.tty && (no_colour == NULL || no_colour[0] == '\0') &&
	    type != NULL && strcmp(type, "dumb") != 0;
	return t;
}

const char *
cli_style(const struct cli_terminal *terminal, enum cli_style style)
{
	static const char *const codes[] = {
		[CLI_PLAIN] = "\033[0m",
		[CLI_BOLD] = "\033[1m",
		[CLI_DIM] = "\033[2m",
		[CLI_LINK] = "\033[1;36m",
	};

	return terminal->colour ? codes[style] : "";
}

/* tn_buffer_append_escaped() is for text between quotes on one line.  What it
 * escapes for the sake of those is harmless on a terminal. */
int
cli_show(struct tn_buffer *out, struct tn_slice text)
{
	static const char harmless[] = "\n\t\"\\";
	int r = 0;

	while (text.len > 0 && r == 0) {
		size_t n = 0;

		while (n < text.len && memchr(harmless, text.data[n],
		    sizeof(harmless) - 1) == NULL)
			n++;
		r = tn_buffer_append_escaped(out, tn_slice_head(text, n));
		text = tn_slice_skip(text, n);
		if (r == 0 && text.len > 0)
			r = tn_buffer_append_byte(out, text.data[0]);
		text = tn_slice_skip(text, 1);
	}
	return r;
}

size_t
cli_whole(struct tn_slice text)
{
	uint32_t code;

	for (size_t n = 1; n <= 3 && n <= text.len; n++)
		if (tn_utf8_decode(tn_slice_skip(text, text.len - n),
			&code) == 0)
			return text.len - n;
	return text.len;
}

void
cli_wrap(FILE *out, const char *text, int at, int indent, int width)
{
	struct tn_slice rest = tn_slice_str(text);
	bool first = true;

	while (rest.data != NULL) {
		struct tn_slice paragraph = tn_slice_split(&rest, '\n');

		while (paragraph.data != NULL) {
			struct tn_slice word = tn_slice_split(&paragraph, ' ');
			int len = (int)word.len;

			if (!first && at + 1 + len > width) {
				fprintf(out, "\n%*s", indent, "");
				at = indent;
			} else if (!first && len > 0) {
				fputc(' ', out);
				at++;
			}
			fprintf(out, "%.*s", len, word.data);
			at += len;
			first = false;
		}
		fputc('\n', out);
		if (rest.data != NULL && rest.len > 0)
			fprintf(out, "%*s", indent, "");
		at = indent;
		first = true;
	}
}
