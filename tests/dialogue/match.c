/* Bytes that came against the lines that were expected. */
#include <tenon/date.h>
#include <tenon/number.h>

#include "dialogue/talk.h"

/* ---- what may vary ------------------------------------------------------ */

struct talk_pattern {
	const char *name, *sample;
	bool (*takes)(char c);
	size_t min, max;
	bool (*is)(struct tn_slice text); /* or NULL */
};

static bool
match_in_line(char c)
{
	return c != '\r' && c != '\n';
}

static bool
match_in_word(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f;
}

static bool
match_hex(char c)
{
	return tn_hex_value(c) >= 0;
}

static bool
match_date(struct tn_slice text)
{
	int64_t when;

	return tn_date_http_parse(text, 0, &when) == 0;
}

static const struct talk_pattern patterns[] = {
	{ "any", "", match_in_line, 0, SIZE_MAX, NULL },
	{ "date", "Sun, 06 Nov 1994 08:49:37 GMT", match_in_line, 29, 29,
	    match_date },
	{ "hex", "1", match_hex, 1, SIZE_MAX, NULL },
	{ "number", "1", tn_is_digit, 1, SIZE_MAX, NULL },
	{ "word", "word", match_in_word, 1, SIZE_MAX, NULL },
};

const struct talk_pattern *
talk_pattern(struct tn_slice name)
{
	for (size_t i = 0; i < TN_COUNT(patterns); i++)
		if (tn_slice_equal(name, tn_slice_str(patterns[i].name)))
			return &patterns[i];
	return NULL;
}

struct tn_slice
talk_pattern_sample(const struct talk_pattern *pattern)
{
	return tn_slice_str(pattern->sample);
}

struct tn_slice
talk_pattern_name(const struct talk_pattern *pattern)
{
	return tn_slice_str(pattern->name);
}

/* ---- a line ------------------------------------------------------------- */

static enum talk_match match_parts(const struct talk_part *part,
    struct tn_slice got, size_t *used);

static enum talk_match
match_bytes(const struct talk_part *part, struct tn_slice got, size_t *used)
{
	struct tn_slice want = part->bytes;

	if (!tn_slice_starts(got, tn_slice_head(want, got.len)))
		return TALK_DIFFERENT;
	if (got.len < want.len)
		return TALK_MORE;
	*used += want.len;
	return match_parts(part->next, tn_slice_skip(got, want.len), used);
}

/* As few bytes as will do. */
static enum talk_match
match_pattern(const struct talk_part *part, struct tn_slice got, size_t *used)
{
	const struct talk_pattern *p = part->pattern;
	enum talk_match best = TALK_DIFFERENT, m;

	for (size_t n = 0;; n++) {
		if (n >= p->min && (p->is == NULL ||
		    p->is(tn_slice_head(got, n)))) {
			size_t more = *used + n;

			m = match_parts(part->next, tn_slice_skip(got, n),
			    &more);
			if (m == TALK_SAME)
				*used = more;
			if (m == TALK_SAME)
				return m;
			if (m == TALK_MORE)
				best = m;
		}
		if (n == got.len)
			return n < p->max ? TALK_MORE : best;
		if (n == p->max || !p->takes(got.data[n]))
			return best;
	}
}

static enum talk_match
match_parts(const struct talk_part *part, struct tn_slice got, size_t *used)
{
	if (part == NULL)
		return TALK_SAME;
	return part->pattern == NULL ? match_bytes(part, got, used)
				     : match_pattern(part, got, used);
}

struct talk_verdict
talk_compare(const struct talk_line *lines, struct tn_slice got)
{
	struct talk_verdict verdict = { .match = TALK_SAME, .line = lines };

	while (verdict.line != NULL && verdict.match == TALK_SAME) {
		size_t used = 0;

		verdict.match = match_parts(verdict.line->parts,
		    tn_slice_skip(got, verdict.at), &used);
		if (verdict.match != TALK_SAME)
			break;
		verdict.at += used;
		verdict.line = verdict.line->next;
	}
	return verdict;
}
