/* body-part      = what stands between two delimiters
 * delimiter      = CRLF "--" boundary
 * close          = delimiter "--"
 * behind either: *( SP / HTAB ) CRLF, or the end behind the last
 * (RFC 2046 section 5.1.1; the CRLF belongs to the delimiter, not to the part).
 *
 * Nothing but its beginning has a CR in it, so what is no delimiter after all
 * can begin another one only at the byte that said so: the scanner never goes
 * back.
 *
 * A line that goes on in another way is no delimiter.  The RFC would take every
 * line that begins with one, but then a boundary that begins as another one
 * could not be inside it, and nobody reads it so. */
#include <tenon/error.h>
#include <tenon/number.h>

#include "format/multipart.h"

/* White space behind a delimiter: mail gateways may have padded a line. */
#define MULTIPART_PADDING_MAX 200

enum multipart_phase {
	PHASE_NO,      /* this is no delimiter */
	PHASE_MATCH,   /* so far it is what it should be */
	PHASE_BEHIND,  /* all of it has come */
	PHASE_DASH,    /* "-" behind it */
	PHASE_PADDING,
	PHASE_LF,
	PHASE_LAST,    /* "--" behind it, and padding */
	PHASE_LAST_LF,
	PHASE_FOUND,
};

void
tn__multipart_begin(struct tn__multipart_scan *s)
{
	s->data = s->held = 0;
	s->found = TN__MULTIPART_NONE;
	s->phase = PHASE_MATCH;
	s->matched = 2; /* the line before it ended in CRLF */
}

static unsigned
multipart_match(struct tn__multipart_scan *s, char c)
{
	if (c != s->delimiter[s->matched])
		return PHASE_NO;
	return ++s->matched == s->len ? PHASE_BEHIND : PHASE_MATCH;
}

static unsigned
multipart_padding(char c, unsigned same, unsigned end)
{
	if (c == ' ' || c == '\t')
		return same;
	return c == '\r' ? end : PHASE_NO;
}

static unsigned
multipart_next(struct tn__multipart_scan *s, char c)
{
	switch (s->phase) {
	case PHASE_MATCH:
		return multipart_match(s, c);
	case PHASE_BEHIND:
		if (c == '-')
			return PHASE_DASH;
		return multipart_padding(c, PHASE_PADDING, PHASE_LF);
	case PHASE_PADDING:
		return multipart_padding(c, PHASE_PADDING, PHASE_LF);
	case PHASE_DASH:
		return c == '-' ? PHASE_LAST : PHASE_NO;
	case PHASE_LAST:
		return multipart_padding(c, PHASE_LAST, PHASE_LAST_LF);
	default: /* PHASE_LF, PHASE_LAST_LF */
		return c == '\n' ? PHASE_FOUND : PHASE_NO;
	}
}

static void
multipart_byte(struct tn__multipart_scan *s, char c)
{
	unsigned next = multipart_next(s, c);

	if (next == PHASE_NO) {
		s->data += s->held;
		s->held = s->matched = 0;
		s->phase = PHASE_MATCH;
		if (multipart_match(s, c) == PHASE_NO) {
			s->data++;
			return;
		}
		next = PHASE_MATCH;
	}
	if (next == PHASE_FOUND)
		s->found = s->phase == PHASE_LF ? TN__MULTIPART_NEXT
						: TN__MULTIPART_LAST;
	s->held++;
	s->phase = next;
}

/* What cannot begin a delimiter is passed over at once. */
static size_t
multipart_run(struct tn_slice in)
{
	const char *cr = memchr(in.data, '\r', in.len);

	return cr == NULL ? in.len : (size_t)(cr - in.data);
}

int
tn__multipart_look(struct tn__multipart_scan *s, struct tn_slice more)
{
	while (more.len > 0 && s->found == TN__MULTIPART_NONE) {
		size_t run = s->phase == PHASE_MATCH && s->matched == 0
		    ? multipart_run(more)
		    : 0;

		s->data += run;
		more = tn_slice_skip(more, run);
		if (more.len == 0)
			break;
		multipart_byte(s, more.data[0]);
		more = tn_slice_skip(more, 1);
		if (s->held > s->len + MULTIPART_PADDING_MAX)
			return tn_error_set(TN_EPROTO,
			    "multipart: too many blanks behind a boundary");
	}
	return 0;
}

enum tn__multipart_found
tn__multipart_end(struct tn__multipart_scan *s)
{
	if (s->phase == PHASE_LAST)
		s->found = TN__MULTIPART_LAST;
	return s->found;
}
