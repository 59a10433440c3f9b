/* Lines: a pure search that goes on where it stopped, and the loop around it
 * that asks for more. */
#include <string.h>

#include <tenon/error.h>

#include "stream/stream.h"

struct line {
	size_t looked; /* bytes known not to end the line */
	size_t len;    /* of the line, once found */
	size_t used;   /* with its end */
};

static const char *
line_chr(struct tn_slice s, char byte)
{
	return s.len == 0 ? NULL : memchr(s.data, byte, s.len);
}

/* Returns 1 when the line ends inside `in`, 0 when that is not known yet,
 * TN_ELIMIT, TN_EPROTO.  The answer depends on the bytes alone, never on how
 * they came in pieces: whichever of "too long" and "malformed" stands first in
 * them is reported. */
static int
line_find_any(struct tn_slice in, size_t max, struct line *line)
{
	const char *lf = line_chr(tn_slice_skip(in, line->looked), '\n');
	size_t len = lf == NULL ? in.len : (size_t)(lf - in.data);

	line->looked = len;
	line->used = len + 1;
	if (len > 0 && in.data[len - 1] == '\r')
		len--; /* perhaps the LF is still to come */
	line->len = len;
	if (len > max)
		return TN_ELIMIT;
	return lf != NULL;
}

static int
line_find_crlf(struct tn_slice in, size_t max, struct line *line)
{
	struct tn_slice fresh = tn_slice_skip(in, line->looked);
	const char *end = line_chr(fresh, '\n');
	const char *cr;

	if (end != NULL)
		fresh.len = (size_t)(end - fresh.data);
	cr = line_chr(fresh, '\r');
	if (cr != NULL)
		end = cr;
	line->len = end == NULL ? in.len : (size_t)(end - in.data);
	line->used = line->len + 2;
	line->looked = line->len;
	if (line->len > max)
		return TN_ELIMIT;
	if (end == NULL || (cr != NULL && line->used > in.len))
		return 0;
	return cr != NULL && cr[1] == '\n' ? 1 : TN_EPROTO;
}

static int
line_fail(int code, size_t max)
{
	switch (code) {
	case TN_ELIMIT:
		return tn_error_set(code,
		    "read line: longer than %zu bytes", max);
	case TN_EPROTO:
		return tn_error_set(code,
		    "read line: CR or LF alone, where CRLF ends a line");
	default:
		return tn_error_set(code,
		    "read line: the stream ended inside a line");
	}
}

int
tn_stream_read_line(struct tn_stream *s, enum tn_line_policy policy,
    size_t max, struct tn_slice *ret)
{
	struct line line = { 0 };
	struct tn_slice in = { NULL, 0 };
	size_t min;
	int r, found;

	do {
		min = in.len + 1;
		r = tn_stream_fill(s, min, &in);
		if (r < 0)
			return r;
		found = policy == TN_LINE_CRLF
		    ? line_find_crlf(in, max, &line)
		    : line_find_any(in, max, &line);
		if (found < 0)
			return line_fail(found, max);
	} while (found == 0 && in.len >= min);

	if (found == 0)
		return in.len == 0 ? 0 : line_fail(TN_ETRUNCATED, max);
	tn__stream_hold(s);
	tn_stream_consume(s, line.used);
	*ret = tn_slice(in.data, line.len);
	return 1;
}
