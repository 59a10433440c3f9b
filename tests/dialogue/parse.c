/* A talk from its text. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "dialogue/talk.h"

#define PARSE_BYTES_MAX (1 << 20) /* of one step: what a stream can show */
#define PARSE_CUT_EVERY 1000      /* inside of what is repeated */

struct parse_block { /* of the talk's memory */
	struct parse_block *next;
	char bytes[];
};

struct parse {
	struct talk *talk;
	int number; /* of the present line */
	struct talk_step **step_end, *last;
	struct talk_line **line_end, **told_end[2];
	bool silent[2]; /* that side has said its last */
};

static const struct tn_slice parse_none;

static void *
parse_alloc(struct parse *p, size_t size)
{
	struct parse_block *block = calloc(1, sizeof(*block) + size);

	assert(block != NULL);
	block->next = p->talk->memory;
	p->talk->memory = block;
	return block->bytes;
}

static struct tn_slice
parse_copy(struct parse *p, struct tn_slice text)
{
	char *bytes = parse_alloc(p, text.len + 1);

	if (text.len > 0)
		memcpy(bytes, text.data, text.len);
	return tn_slice(bytes, text.len);
}

void
talk_free(struct talk *talk)
{
	struct parse_block *block = talk == NULL ? NULL : talk->memory, *next;

	for (; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	free(talk);
}

static int
parse_fail(const struct parse *p, const char *why, struct tn_slice what)
{
	if (what.len == 0)
		return tn_error_set(-EINVAL, "%s:%d: %s", p->talk->path,
		    p->number, why);
	return tn_error_set(-EINVAL, "%s:%d: %s: %.*s", p->talk->path,
	    p->number, why, (int)what.len, what.data);
}

/* ---- the text of a line ------------------------------------------------- */

/* What follows a backslash; 0 or -EINVAL. */
static int
parse_escape(struct tn_slice *rest, char *ret)
{
	static const char names[] = "rnt\\{}", bytes[] = "\r\n\t\\{}";
	const char *at;
	int high, low;

	if (rest->len >= 3 && rest->data[0] == 'x') {
		high = tn_hex_value(rest->data[1]);
		low = tn_hex_value(rest->data[2]);
		if (high < 0 || low < 0)
			return -EINVAL;
		*ret = (char)(high << 4 | low);
		*rest = tn_slice_skip(*rest, 3);
		return 0;
	}
	at = rest->len == 0 || rest->data[0] == '\0' ? NULL :
	    strchr(names, rest->data[0]);
	if (at == NULL)
		return -EINVAL;
	*ret = bytes[at - names];
	*rest = tn_slice_skip(*rest, 1);
	return 0;
}

/* Plain bytes and escapes as far as one of `stop`, or to the end.  None of them
 * is a NUL: parse_any() refuses those. */
static int
parse_bytes(struct parse *p, struct tn_slice *rest, const char *stop,
    struct tn_buffer *ret)
{
	while (rest->len > 0 && strchr(stop, rest->data[0]) == NULL) {
		struct tn_slice whole = *rest;
		char c = rest->data[0];

		*rest = tn_slice_skip(*rest, 1);
		if (c == '\\' && parse_escape(rest, &c) < 0)
			return parse_fail(p, "no escape is written so",
			    tn_slice_head(whole, 2));
		if (tn_buffer_append_byte(ret, c) < 0)
			return parse_fail(p, "no memory", parse_none);
	}
	return 0;
}

static struct talk_part *
parse_part(struct parse *p, struct talk_part ***end, struct tn_slice bytes)
{
	struct talk_part *part = parse_alloc(p, sizeof(*part));

	part->bytes = parse_copy(p, bytes);
	**end = part;
	*end = &part->next;
	return part;
}

/* {100*x} */
static int
parse_repeat(struct parse *p, struct talk_part ***end, uint64_t times,
    struct tn_slice what)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer all = {
		.max = PARSE_BYTES_MAX,
	};
	int r = 0;

	for (uint64_t i = 0; i < times && r == 0; i++)
		r = tn_buffer_append(&all, what);
	if (r < 0 || what.len == 0 || times == 0)
		return parse_fail(p, "repeated into nothing, or into more than "
		    "1 MiB", parse_none);
	parse_part(p, end, tn_buffer_slice(&all))->repeated = true;
	return 0;
}

/* What is in braces: {date}, {any:sample}, {100*x}. */
static int
parse_braces(struct parse *p, struct talk_part ***end, struct tn_slice *rest)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer what = { 0 };
	struct tn_slice whole = *rest, name;
	const struct talk_pattern *pattern;
	bool sampled, repeated;
	uint64_t times;
	size_t len = 0;

	*rest = tn_slice_skip(*rest, 1);
	while (len < rest->len && strchr(":*}", rest->data[len]) == NULL)
		len++;
	name = tn_slice_head(*rest, len);
	*rest = tn_slice_skip(*rest, len);
	sampled = rest->len > 0 && rest->data[0] == ':';
	repeated = rest->len > 0 && rest->data[0] == '*';
	if (sampled || repeated)
		*rest = tn_slice_skip(*rest, 1);
	if (parse_bytes(p, rest, "{}", &what) < 0)
		return -EINVAL;
	if (rest->len > 0 && rest->data[0] == '{')
		return parse_fail(p, "a brace inside of braces; write \\{",
		    whole);
	if (rest->len == 0)
		return parse_fail(p, "a brace that is not closed", whole);
	*rest = tn_slice_skip(*rest, 1);

	if (repeated && tn_parse_uint(name, PARSE_BYTES_MAX, &times) == 0)
		return parse_repeat(p, end, times, tn_buffer_slice(&what));
	pattern = repeated ? NULL : talk_pattern(name);
	if (pattern == NULL)
		return parse_fail(p, "no such pattern", name);
	parse_part(p, end, sampled ? tn_buffer_slice(&what)
				   : talk_pattern_sample(pattern))
	    ->pattern = pattern;
	return 0;
}

/* A line ends as `ending` says unless a lone backslash is its last. */
static int
parse_line(struct parse *p, struct tn_slice text, struct tn_slice ending,
    struct talk_line **ret)
{
	struct talk_line *line = parse_alloc(p, sizeof(*line));
	struct talk_part **end = &line->parts;
	size_t backslashes = 0;
	int r = 0;

	line->number = p->number;
	while (backslashes < text.len &&
	    text.data[text.len - 1 - backslashes] == '\\')
		backslashes++;
	if (backslashes % 2 == 1)
		text.len--;
	while (text.len > 0 && r == 0) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer bytes = { 0 };

		if (text.data[0] == '{') {
			r = parse_braces(p, &end, &text);
			continue;
		}
		r = parse_bytes(p, &text, "{", &bytes);
		if (r == 0)
			(void)parse_part(p, &end, tn_buffer_slice(&bytes));
	}
	if (backslashes % 2 == 0)
		(void)parse_part(p, &end, ending);
	*ret = line;
	return r;
}

/* ---- steps -------------------------------------------------------------- */

static struct talk_step *
parse_step(struct parse *p, enum talk_kind kind, enum talk_side side)
{
	struct talk_step *step = parse_alloc(p, sizeof(*step));

	step->kind = kind;
	step->side = side;
	step->number = p->number;
	*p->step_end = step;
	p->step_end = &step->next;
	p->last = step;
	p->line_end = &step->lines;
	return step;
}

/* Lines of one side that follow each other are one step. */
static int
parse_say(struct parse *p, enum talk_side side, struct tn_slice text)
{
	struct talk_line *line;
	int r = parse_line(p, text, TN_SLICE("\r\n"), &line);

	if (r < 0)
		return r;
	if (p->silent[side])
		return parse_fail(p, "this side has said its last above",
		    parse_none);
	if (p->last == NULL || p->last->kind != TALK_SAY ||
	    p->last->side != side)
		(void)parse_step(p, TALK_SAY, side);
	*p->line_end = line;
	p->line_end = &line->next;
	return 0;
}

static int
parse_told(struct parse *p, enum talk_side side, struct tn_slice text)
{
	struct talk_line *line;
	int r = parse_line(p, text, TN_SLICE("\n"), &line);

	if (r < 0)
		return r;
	*p->told_end[side] = line;
	p->told_end[side] = &line->next;
	return 0;
}

static int
parse_end(struct parse *p, enum talk_side side, struct tn_slice how)
{
	static const struct {
		const char *name;
		enum talk_kind kind;
	} rows[] = {
		{ "close", TALK_CLOSE },
		{ "reset", TALK_RESET },
		{ "shut", TALK_SHUT },
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		if (!tn_slice_equal(how, tn_slice_str(rows[i].name)))
			continue;
		(void)parse_step(p, rows[i].kind, side);
		p->silent[side] = true;
		if (rows[i].kind == TALK_RESET)
			p->silent[!side] = true;
		return 0;
	}
	return parse_fail(p, "close, shut or reset, but not", how);
}

static int
parse_command(struct parse *p, enum talk_side side, struct tn_slice line)
{
	struct talk_command *command = &p->talk->commands[side];

	if (command->number != 0)
		return parse_fail(p, "a second line of this kind",
		    parse_none);
	command->number = p->number;
	while (line.data != NULL) {
		struct tn_slice word = tn_slice_split(&line, ' ');

		if (word.len == 0)
			continue;
		if (command->count == TALK_WORDS)
			return parse_fail(p, "too many words",
			    parse_none);
		command->words[command->count++] = parse_copy(p, word).data;
	}
	return command->count > 0 ? 0 :
	    parse_fail(p, "of what?", parse_none);
}

static int
parse_wait(struct parse *p, struct tn_slice text)
{
	tn_time span;

	if (tn_parse_span(tn_slice_trim(text), &span) < 0)
		return parse_fail(p, "no span of time", text);
	parse_step(p, TALK_WAIT, TALK_CLIENT)->span = span;
	return 0;
}

static int
parse_any(struct parse *p, struct tn_slice line)
{
	struct tn_slice rest = line, word = tn_slice_split(&rest, ' ');
	enum talk_side side = line.len > 0 && line.data[0] == 'S' ?
	    TALK_SERVER : TALK_CLIENT;

	if (tn_slice_find(line, '\0') >= 0)
		return parse_fail(p, "a NUL byte; write \\x00", parse_none);
	if (tn_slice_trim(line).len == 0 || line.data[0] == '#')
		return 0;
	if (word.len == 2 && strchr("CS", word.data[0]) != NULL &&
	    strchr(":=", word.data[1]) != NULL)
		return word.data[1] == ':' ? parse_say(p, side, rest)
					   : parse_told(p, side, rest);
	if (word.len == 1 && strchr("CS", word.data[0]) != NULL)
		return parse_end(p, side, tn_slice_trim(rest));
	if (tn_slice_equal(word, TN_SLICE("server")))
		return parse_command(p, TALK_SERVER, rest);
	if (tn_slice_equal(word, TN_SLICE("client")))
		return parse_command(p, TALK_CLIENT, rest);
	if (tn_slice_equal(word, TN_SLICE("wait")))
		return parse_wait(p, rest);
	if (tn_slice_equal(word, TN_SLICE("tls")) && rest.data == NULL)
		return parse_step(p, TALK_TLS, TALK_CLIENT), 0;
	return parse_fail(p, "no line begins so", word);
}

/* ---- what the runner will say ------------------------------------------- */

static size_t
parse_lay(struct talk_step *step, char *bytes, char *cuts)
{
	size_t at = 0;

	for (struct talk_line *l = step->lines; l != NULL; l = l->next) {
		for (struct talk_part *q = l->parts; q != NULL; q = q->next) {
			size_t len = q->bytes.len;

			if (bytes != NULL && len > 0)
				memcpy(bytes + at, q->bytes.data, len);
			for (size_t i = 0; bytes != NULL && i < len; i++)
				cuts[at + i] = !q->repeated || i < 2 ||
				    i + 1 == len || i % PARSE_CUT_EVERY == 0;
			at += len;
		}
	}
	return at;
}

static int
parse_finish(struct parse *p)
{
	struct talk *talk = p->talk;

	talk->last = p->number;
	if (talk->commands[TALK_SERVER].number == 0 &&
	    talk->commands[TALK_CLIENT].number == 0)
		return parse_fail(p, "neither a server nor a client line",
		    parse_none);
	if (talk->steps == NULL)
		return parse_fail(p, "nobody says anything", parse_none);
	for (struct talk_step *s = talk->steps; s != NULL; s = s->next) {
		size_t len = parse_lay(s, NULL, NULL);
		char *bytes = parse_alloc(p, len + 1);
		char *cuts = parse_alloc(p, len + 1);

		p->number = s->number;
		if (len > PARSE_BYTES_MAX)
			return parse_fail(p, "more than 1 MiB in one step",
			    parse_none);
		(void)parse_lay(s, bytes, cuts);
		s->bytes = tn_slice(bytes, len);
		s->cuts = cuts;
	}
	return 0;
}

int
talk_parse(const char *path, struct tn_slice text, struct talk **ret)
{
	struct talk *talk = calloc(1, sizeof(*talk));
	struct parse p = { .talk = talk };
	int r = 0;

	assert(talk != NULL);
	p.step_end = &talk->steps;
	for (int side = 0; side < 2; side++)
		p.told_end[side] = &talk->told[side];
	talk->path = parse_copy(&p, tn_slice_str(path)).data;
	while (text.data != NULL && r == 0) {
		struct tn_slice line = tn_slice_split(&text, '\n');

		if (text.data == NULL && line.len == 0)
			break;
		p.number++;
		r = parse_any(&p, line);
	}
	if (r == 0)
		r = parse_finish(&p);
	if (r < 0)
		talk_free(talk);
	else
		*ret = talk;
	return r;
}
