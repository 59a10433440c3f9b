#include <tenon/number.h>
#include <tenon/run.h>

#include "cli/progress.h"

#define PROGRESS_PATIENCE TN_SECOND
#define PROGRESS_PAUSE (100 * TN_MILLISECOND)
#define PROGRESS_BAR_MAX 40
#define PROGRESS_REST 66 /* columns of a line without its name and bar */

static int
progress_bar(struct tn_buffer *out, int64_t done, int64_t total, int width)
{
	/* Neither product nor quotient can leave its range this way. */
	int filled = (int)((double)done / (double)total * width);
	int r = tn_buffer_append_str(out, "  [");

	for (int i = 0; i < width && r == 0; i++)
		r = tn_buffer_append_byte(out, i < filled ? '=' : ' ');
	return r < 0 ? r : tn_buffer_append_byte(out, ']');
}

static int
progress_left(struct tn_buffer *out, int64_t done, int64_t total,
    tn_time elapsed)
{
	double seconds = (double)elapsed / TN_SECOND;
	double left = (double)(total - done) / (double)done * seconds;

	if (left > 359999) /* 99:59:59 */
		return 0;
	if (left >= 3600)
		return tn_buffer_printf(out, "  %d:%02d:%02d left",
		    (int)left / 3600, (int)left / 60 % 60, (int)left % 60);
	return tn_buffer_printf(out, "  %d:%02d left", (int)left / 60,
	    (int)left % 60);
}

int
cli_progress_line(struct tn_buffer *out, const char *what, int64_t done,
    int64_t total, tn_time elapsed, int width)
{
	char size[16], all[16], rate[16];
	double seconds = (double)elapsed / TN_SECOND;
	bool known = total > 0 && done <= total;
	int bar = width - (int)strlen(what) - PROGRESS_REST, r;

	r = tn_buffer_printf(out, "%s", what);
	if (r == 0 && known && bar >= 10)
		r = progress_bar(out, done, total,
		    bar < PROGRESS_BAR_MAX ? bar : PROGRESS_BAR_MAX);
	if (r == 0 && known)
		r = tn_buffer_printf(out, "  %d%%",
		    (int)((double)done / (double)total * 100));
	if (r == 0)
		r = tn_buffer_printf(out, "  %s%s%s",
		    tn_format_size(size, (uint64_t)done), known ? " of " : "",
		    known ? tn_format_size(all, (uint64_t)total) : "");
	if (r == 0 && seconds > 0)
		r = tn_buffer_printf(out, "  %s/s",
		    tn_format_size(rate, (uint64_t)((double)done / seconds)));
	if (r == 0 && known && done > 0 && done < total)
		r = progress_left(out, done, total, elapsed);
	return r;
}

void
cli_progress_begin(struct cli_progress *p, FILE *out, const char *what)
{
	*p = (struct cli_progress){
		.out = out, .terminal = cli_terminal(out), .what = what
	};
	p->began = p->shown = tn_now();
}

int
cli_progress_step(void *arg, int64_t done, int64_t total)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };
	struct cli_progress *p = arg;
	tn_time now = tn_now();

	if (!p->terminal.tty || now - p->began < PROGRESS_PATIENCE ||
	    now - p->shown < PROGRESS_PAUSE)
		return 0;
	if (cli_progress_line(&line, p->what, done, total, now - p->began,
		p->terminal.width) < 0)
		return 0;
	/* Back to the first column, the line, and what was there wiped off; a
	 * line that wraps could not be taken back. */
	fprintf(p->out, "\r%.*s\033[K", p->terminal.width - 1, line.data);
	fflush(p->out);
	p->shown = now;
	p->visible = true;
	return 0;
}

void
cli_progress_end(struct cli_progress *p)
{
	if (!p->visible)
		return;
	fputs("\r\033[K", p->out);
	fflush(p->out);
	p->visible = false;
}
