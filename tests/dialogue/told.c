/* What our side has seen: said by the handler or the action, and held against
 * the C= and S= lines. */
#include <errno.h>
#include <stdarg.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "dialogue/talk.h"

static void
told_put(struct talk_ours *ours, struct tn_slice text)
{
	if (text.len > sizeof(ours->told) - ours->told_len) {
		ours->told_full = true;
		return;
	}
	if (text.len > 0)
		memcpy(ours->told + ours->told_len, text.data, text.len);
	ours->told_len += text.len;
}

void
talk_tell(struct talk_ours *ours, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	told_put(ours, tn_slice_str(line));
	told_put(ours, TN_SLICE("\n"));
}

void
talk_tell_bytes(struct talk_ours *ours, const char *what,
    struct tn_slice bytes)
{
	told_put(ours, tn_slice_str(what));
	if (bytes.len > 0)
		told_put(ours, TN_SLICE(" "));
	told_put(ours, bytes);
	told_put(ours, TN_SLICE("\n"));
}

int
talk_tell_error(struct talk_ours *ours, int code)
{
	const char *text = tn_error_code() == code ? tn_error_text() : "";

	talk_tell(ours, "error %s: %s", tn_error_name(code),
	    text[0] == '\0' ? "no words" : text);
	return code;
}

/* ---- the words of the command ------------------------------------------- */

const char *
talk_word(const struct talk_ours *ours, int index)
{
	for (int i = 0; i < ours->command->count; i++)
		if (strchr(ours->command->words[i], '=') == NULL &&
		    index-- == 0)
			return ours->command->words[i];
	return NULL;
}

static int
told_option(struct tn_slice word, const struct talk_option *options,
    size_t count)
{
	struct tn_slice value = word, name = tn_slice_split(&value, '=');

	for (size_t i = 0; i < count; i++)
		if (tn_slice_equal(name, tn_slice_str(options[i].name)) &&
		    tn_parse_int(value, INT64_MIN, INT64_MAX,
			options[i].value) == 0)
			return 0;
	return tn_error_set(-EINVAL, "no option with a number: %.*s",
	    (int)word.len, word.data);
}

int
talk_options(const struct talk_ours *ours, const struct talk_option *options,
    size_t count)
{
	int r = 0;

	for (int i = 0; i < ours->command->count && r == 0; i++)
		if (strchr(ours->command->words[i], '=') != NULL)
			r = told_option(tn_slice_str(ours->command->words[i]),
			    options, count);
	return r;
}

/* ---- held against the talk ---------------------------------------------- */

/* Under faults a side may tell an error, with words, in place of what it should
 * see; but not that its peer broke the protocol, unless that is expected. */
static bool
told_is_error(struct tn_slice line, const struct talk_line *expected)
{
	struct tn_slice more = line, code = tn_slice_split(&more, ':');

	if (!tn_slice_starts(code, TN_SLICE("error ")) ||
	    tn_slice_ends(line, TN_SLICE(": no words")))
		return false;
	return !tn_slice_equal(code, TN_SLICE("error TN_EPROTO")) ||
	    (expected != NULL && expected->parts->pattern == NULL &&
		tn_slice_starts(expected->parts->bytes, code));
}

/* A handler that did not run has nothing to tell, and a server's connection may
 * break unseen; an action always says how it ended. */
static bool
told_is_excused(const struct talk_play *p, const struct talk_line *lines,
    struct tn_slice rest)
{
	struct talk_verdict verdict = talk_compare(lines, rest);
	bool failed = false;

	while (verdict.at < rest.len) {
		rest = tn_slice_skip(rest, verdict.at);
		if (!told_is_error(tn_slice_split(&rest, '\n'), verdict.line))
			return false;
		/* After a request that failed there may be another. */
		failed = true;
		lines = verdict.line;
		do {
			lines = lines == NULL ? NULL : lines->next;
			verdict = talk_compare(lines, rest);
		} while (rest.len > 0 && lines != NULL && verdict.at == 0);
	}
	return failed || p->ours == TALK_SERVER;
}

void
talk_check_told(struct talk_play *p, const struct talk_ours *ours)
{
	const struct talk_line *lines = p->talk->told[p->ours];
	struct tn_slice told = tn_slice(ours->told, ours->told_len);
	struct talk_verdict verdict = talk_compare(lines, told);
	struct tn_slice rest = tn_slice_skip(told, verdict.at);
	const char *who = p->ours == TALK_SERVER ? "server" : "client";
	int number = verdict.line != NULL ? verdict.line->number :
	    p->talk->last;

	if (ours->told_full) {
		(void)talk_fail(p, number, "our %s told more than %d bytes",
		    who, TALK_TOLD_MAX);
		return;
	}
	if (verdict.match == TALK_SAME && rest.len == 0)
		return;
	if (p->delivery.mode == TALK_FAULTS && p->outcome != TALK_FAILED &&
	    told_is_excused(p, lines, told)) {
		p->outcome = TALK_EXCUSED;
		return;
	}
	if (!talk_fail(p, number, "our %s saw something else", who))
		talk_show(p->out, lines, told);
}
