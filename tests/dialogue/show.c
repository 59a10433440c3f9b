/* Expected and got, side by side. */
#include "dialogue/talk.h"

#define SHOW_WIDTH 35   /* of a column */
#define SHOW_BEFORE 3   /* rows that are the same */
#define SHOW_AFTER 4
#define SHOW_MAX 4096   /* of a line's text */

/* ---- text --------------------------------------------------------------- */

struct show_text {
	char bytes[SHOW_MAX];
	size_t len;
};

static void
show_put(struct show_text *t, struct tn_slice s)
{
	for (size_t i = 0; i < s.len && t->len < SHOW_MAX; i++)
		t->bytes[t->len++] = s.data[i];
}

static void
show_put_byte(struct show_text *t, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";
	const char escaped[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	if (c == '\r')
		show_put(t, TN_SLICE("\\r"));
	else if (c == '\n')
		show_put(t, TN_SLICE("\\n"));
	else if (c == '\t')
		show_put(t, TN_SLICE("\\t"));
	else if (c == '\\')
		show_put(t, TN_SLICE("\\\\"));
	else if (c >= ' ' && c < 0x7f)
		show_put(t, tn_slice(&c, 1));
	else
		show_put(t, tn_slice(escaped, sizeof(escaped)));
}

static void
show_put_bytes(struct show_text *t, struct tn_slice s)
{
	for (size_t i = 0; i < s.len && t->len < SHOW_MAX; i++)
		show_put_byte(t, (unsigned char)s.data[i]);
}

static void
show_expected(struct show_text *t, const struct talk_line *line)
{
	t->len = 0;
	if (line == NULL)
		return;
	for (const struct talk_part *p = line->parts; p != NULL; p = p->next) {
		if (p->pattern == NULL) {
			show_put_bytes(t, p->bytes);
			continue;
		}
		show_put(t, TN_SLICE("{"));
		show_put(t, talk_pattern_name(p->pattern));
		show_put(t, TN_SLICE("}"));
	}
}

/* The bytes up to and with the next LF. */
static struct tn_slice
show_line(struct tn_slice got)
{
	ssize_t end = tn_slice_find(got, '\n');

	return end < 0 ? got : tn_slice_head(got, (size_t)end + 1);
}

/* ---- rows --------------------------------------------------------------- */

/* At most SHOW_WIDTH bytes of it, ".." where there are more. */
static size_t
show_column(FILE *out, const struct show_text *t, size_t from)
{
	struct show_text cell = { .len = 0 };
	size_t len = from < t->len ? t->len - from : 0;
	bool left = from > 0 && len > 0, right;

	if (left)
		show_put(&cell, TN_SLICE(".."));
	right = len > SHOW_WIDTH - cell.len;
	if (right)
		len = SHOW_WIDTH - cell.len - 2;
	show_put(&cell, tn_slice(t->bytes + from, len));
	if (right)
		show_put(&cell, TN_SLICE(".."));
	fprintf(out, "%.*s", (int)cell.len, cell.bytes);
	return cell.len;
}

/* Where both begin to be shown so that the difference can be seen. */
static size_t
show_from(const struct show_text *a, const struct show_text *b)
{
	size_t n = 0;

	if (a->len <= SHOW_WIDTH && b->len <= SHOW_WIDTH)
		return 0;
	while (n < a->len && n < b->len && a->bytes[n] == b->bytes[n])
		n++;
	return n < SHOW_WIDTH - 10 ? 0 : n - 10;
}

static void
show_row(FILE *out, char mark, int number, const struct show_text *want,
    const struct show_text *got)
{
	size_t from = mark == ' ' ? 0 : show_from(want, got), len;

	if (number == 0)
		fprintf(out, "%c      | ", mark);
	else
		fprintf(out, "%c %4d | ", mark, number);
	len = show_column(out, want, from);
	fprintf(out, "%*s |%s", (int)(SHOW_WIDTH - len), "",
	    got->len > 0 ? " " : "");
	(void)show_column(out, got, from);
	fputc('\n', out);
}

/* The rows from `line` and `got` on: the first is where they part. */
static void
show_after(FILE *out, const struct talk_line *line, struct tn_slice got)
{
	struct show_text want, have;

	for (int i = 0; i <= SHOW_AFTER; i++) {
		struct tn_slice next = show_line(got);

		if (i > 0 && line == NULL && next.len == 0)
			return;
		have.len = 0;
		show_expected(&want, line);
		show_put_bytes(&have, next);
		show_row(out, i == 0 ? '>' : ' ',
		    line == NULL ? 0 : line->number, &want, &have);
		line = line == NULL ? NULL : line->next;
		got = tn_slice_skip(got, next.len);
	}
}

void
talk_show(FILE *out, const struct talk_line *lines, struct tn_slice got)
{
	struct talk_verdict verdict = talk_compare(lines, got);
	struct show_text want, have;
	int before = 0;

	want.len = have.len = 0;
	show_put(&want, TN_SLICE("expected"));
	show_put(&have, TN_SLICE("got"));
	show_row(out, ' ', 0, &want, &have);
	for (const struct talk_line *l = lines; l != verdict.line; l = l->next)
		before++;
	for (const struct talk_line *l = lines; l != verdict.line;
	     l = l->next) {
		const struct talk_line one = { NULL, l->parts, l->number };
		size_t len = talk_compare(&one, got).at;

		if (before-- <= SHOW_BEFORE) {
			have.len = 0;
			show_expected(&want, l);
			show_put_bytes(&have, tn_slice_head(got, len));
			show_row(out, ' ', l->number, &want, &have);
		}
		got = tn_slice_skip(got, len);
	}
	show_after(out, verdict.line, got);
}
