#include <assert.h>
#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "proto/http/http_class.h"
#include "proto/http/http_head.h"

/* A head is read in phases.  Each looks at the bytes from h->at on and returns
 * WIRE_NEXT with h->phase set, WIRE_MORE when the bytes ran out inside it, or a
 * refusal.  h->start is where its element began. */
enum { WIRE_MORE, WIRE_NEXT };

enum wire_phase {
	WIRE_EMPTY,      /* perhaps an empty line before a request */
	WIRE_EMPTY_LF,
	WIRE_METHOD,
	WIRE_TARGET,
	WIRE_VERSION,    /* of a request, with CR */
	WIRE_VERSION_SP, /* of a response, with SP */
	WIRE_CODE,
	WIRE_REASON,
	WIRE_LINE_LF,
	WIRE_NAME,       /* the first phase of the fields */
	WIRE_BLANK,      /* before a value */
	WIRE_VALUE,
	WIRE_VALUE_LF,
	WIRE_END_LF,
	WIRE_DONE,
};

int
tn__http_refuse(struct tn__http_head *h, struct tn_slice in, uint32_t at,
    int code, int status, const char *why)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn_slice context = tn_slice_head(in, (size_t)at + 1);

	if (context.len > 40)
		context = tn_slice_skip(context, context.len - 40);
	if (tn_buffer_append_escaped(&shown, context) < 0)
		tn_buffer_clear(&shown);
	h->status = status;
	h->refused = code;
	return tn_error_set(code, "HTTP %s: %s; it came to \"%s\"",
	    h->response ? "response" : "request", why,
	    shown.len > 0 ? shown.data : "");
}

/* 400 for the byte at h->at. */
static int
wire_bad(struct tn__http_head *h, struct tn_slice in, const char *why)
{
	return tn__http_refuse(h, in, h->at, TN_EPROTO, 400, why);
}

/* The byte at h->at is not CR: says what else it is. */
static int
wire_bad_end(struct tn__http_head *h, struct tn_slice in, const char *why)
{
	return wire_bad(h, in,
	    in.data[h->at] == '\n' ? "a line ends in CRLF, not in LF" : why);
}

static struct tn__http_span
wire_span(uint32_t from, uint32_t to)
{
	struct tn__http_span span = { from, to - from };

	return span;
}

/* The next element begins after `skip` bytes more. */
static int
wire_next(struct tn__http_head *h, enum wire_phase phase, uint32_t skip)
{
	h->at += skip;
	h->start = h->at;
	h->phase = phase;
	return WIRE_NEXT;
}

/* Moves h->at over bytes of `class`; true when another byte stands there. */
static bool
wire_over(struct tn__http_head *h, struct tn_slice in, int class)
{
	uint32_t at = h->at;

	while (at < in.len && tn__http_is(in.data[at], class))
		at++;
	h->at = at;
	return at < in.len;
}

static int
wire_lf(struct tn__http_head *h, struct tn_slice in, enum wire_phase next)
{
	if (h->at >= in.len)
		return WIRE_MORE;
	if (in.data[h->at] != '\n')
		return wire_bad(h, in, "a CR without LF");
	return wire_next(h, next, 1);
}

/* ---- the first line ---------------------------------------------------- */

static int
wire_empty(struct tn__http_head *h, struct tn_slice in)
{
	if (in.len == 0)
		return WIRE_MORE;
	if (in.data[0] == '\r')
		return wire_next(h, WIRE_EMPTY_LF, 1);
	return wire_next(h, WIRE_METHOD, 0);
}

static int
wire_empty_lf(struct tn__http_head *h, struct tn_slice in)
{
	int r = wire_lf(h, in, WIRE_METHOD);

	if (r == WIRE_NEXT)
		h->section = h->at;
	return r;
}

static int
wire_method(struct tn__http_head *h, struct tn_slice in)
{
	if (!wire_over(h, in, TN__HTTP_TOKEN))
		return WIRE_MORE;
	if (in.data[h->at] != ' ' || h->at == h->start)
		return wire_bad_end(h, in, "a method is a token and one space");
	h->method = wire_span(h->start, h->at);
	h->verb = tn__http_method(tn__http_text(in, h->method));
	return wire_next(h, WIRE_TARGET, 1);
}

static int
wire_target(struct tn__http_head *h, struct tn_slice in)
{
	char c;

	if (!wire_over(h, in, TN__HTTP_TARGET))
		return WIRE_MORE;
	c = in.data[h->at];
	if (c == '\r')
		return wire_bad(h, in, "no HTTP version behind the target");
	if (c == '#')
		return wire_bad(h, in, "a fragment is not sent in a target");
	if (c != ' ' || h->at == h->start)
		return wire_bad_end(h, in,
		    "a byte that a request-target must percent-encode");
	h->target = wire_span(h->start, h->at);
	return wire_next(h, WIRE_VERSION, 1);
}

/* "HTTP/1.1" and `end`: RFC 9112 section 2.3; 9 stands for a digit. */
static int
wire_version(struct tn__http_head *h, struct tn_slice in, char end,
    enum wire_phase next)
{
	static const char pattern[] = "HTTP/9.9";

	if (in.len - h->at >= 8 && h->at == h->start &&
	    memcmp(in.data + h->at, "HTTP/1.1", 8) == 0)
		h->at += 8;
	for (; h->at < in.len && h->at - h->start < 8; h->at++) {
		char c = in.data[h->at], want = pattern[h->at - h->start];

		if (want == '9' ? !tn_is_digit(c) : c != want)
			return wire_bad(h, in, "no \"HTTP/1.1\" where the "
			    "version should be");
	}
	if (h->at >= in.len)
		return WIRE_MORE;
	if (in.data[h->at] != end)
		return wire_bad_end(h, in, "no end behind the HTTP version");
	return wire_next(h, next, 1);
}

/* status-code = 3DIGIT, RFC 9112 section 4.  The space behind it is often left
 * out together with the reason, which harms nobody. */
static int
wire_code(struct tn__http_head *h, struct tn_slice in)
{
	for (; h->at < in.len && h->at - h->start < 3; h->at++) {
		char c = in.data[h->at];

		if (!tn_is_digit(c) || (h->at == h->start && c == '0'))
			return wire_bad(h, in, "a status is three digits");
		h->status = h->status * 10 + (c - '0');
	}
	if (h->at >= in.len)
		return WIRE_MORE;
	if (in.data[h->at] == '\r')
		return wire_next(h, WIRE_LINE_LF, 1);
	if (in.data[h->at] != ' ')
		return wire_bad_end(h, in, "a status is three digits");
	return wire_next(h, WIRE_REASON, 1);
}

static int
wire_reason(struct tn__http_head *h, struct tn_slice in)
{
	if (!wire_over(h, in, TN__HTTP_VALUE))
		return WIRE_MORE;
	if (in.data[h->at] != '\r')
		return wire_bad_end(h, in, "a control character in the reason");
	h->reason = wire_span(h->start, h->at);
	return wire_next(h, WIRE_LINE_LF, 1);
}

/* The line is whole: now its parts can be judged together. */
static int
wire_line_lf(struct tn__http_head *h, struct tn_slice in)
{
	uint32_t at = h->response ? h->section
				  : h->target.at + h->target.len + 1;
	int r = wire_lf(h, in, WIRE_NAME);

	if (r <= 0)
		return r;
	h->section = h->at;
	at += 5; /* "HTTP/" */
	if (in.data[at] != '1' || in.data[at + 2] > '1')
		return tn__http_refuse(h, in, at + 2, -EOPNOTSUPP, 505,
		    "only HTTP/1.0 and HTTP/1.1 are spoken here");
	h->version = 10 + (in.data[at + 2] - '0');
	if (h->response)
		return WIRE_NEXT;
	r = tn__http_target_parse(h, in);
	return r < 0 ? r : WIRE_NEXT;
}

/* ---- the fields -------------------------------------------------------- */

/* The byte where a name or its colon should be is neither. */
static int
wire_bad_name(struct tn__http_head *h, struct tn_slice in)
{
	char c = in.data[h->at];
	bool blank = c == ' ' || c == '\t';

	if (blank && h->at > h->start)
		return wire_bad(h, in, "white space between a field name and "
		    "its colon");
	if (blank && h->fields_count == 0)
		return wire_bad(h, in, "white space before the first field");
	if (blank)
		return wire_bad(h, in, "a folded field; folding is obsolete");
	if (h->at == h->start && c == ':')
		return wire_bad(h, in, "a field without a name");
	return wire_bad_end(h, in, "a field name is a token and a colon");
}

static int
wire_name(struct tn__http_head *h, struct tn_slice in)
{
	struct tn__http_field *field;

	if (!wire_over(h, in, TN__HTTP_TOKEN))
		return WIRE_MORE;
	if (h->at == h->start && in.data[h->at] == '\r')
		return wire_next(h, WIRE_END_LF, 1);
	if (h->at == h->start || in.data[h->at] != ':')
		return wire_bad_name(h, in);
	if (h->fields_count >= h->limits.fields_max)
		return tn__http_refuse(h, in, h->at, TN_ELIMIT, 431,
		    "more fields than fields_max allows");
	field = &h->fields[h->fields_count];
	field->name = wire_span(h->start, h->at);
	field->id = tn__http_name(tn__http_text(in, field->name));
	return wire_next(h, WIRE_BLANK, 1);
}

static int
wire_blank(struct tn__http_head *h, struct tn_slice in)
{
	uint32_t at = h->at;

	while (at < in.len && (in.data[at] == ' ' || in.data[at] == '\t'))
		at++;
	h->at = at;
	return at < in.len ? wire_next(h, WIRE_VALUE, 0) : WIRE_MORE;
}

static int
wire_value(struct tn__http_head *h, struct tn_slice in)
{
	struct tn__http_field *field = &h->fields[h->fields_count];
	uint32_t end;

	h->at += (uint32_t)tn__http_value_run(tn_slice_skip(in, h->at));
	if (h->at >= in.len)
		return WIRE_MORE;
	if (in.data[h->at] != '\r')
		return wire_bad_end(h, in,
		    "a control character in a field value");
	for (end = h->at; end > h->start; end--)
		if (in.data[end - 1] != ' ' && in.data[end - 1] != '\t')
			break;
	field->value = wire_span(h->start, end);
	return wire_next(h, WIRE_VALUE_LF, 1);
}

static int
wire_value_lf(struct tn__http_head *h, struct tn_slice in)
{
	uint32_t index = h->fields_count;
	enum tn__http_name id = h->fields[index].id;
	int r = wire_lf(h, in, WIRE_NAME);

	if (r <= 0)
		return r;
	h->fields_count++;
	if (h->first[id] == 0)
		h->first[id] = h->fields_count;
	r = tn__http_field_read(h, in, index);
	return r < 0 ? r : WIRE_NEXT;
}

/* ---- the whole --------------------------------------------------------- */

static int
wire_step(struct tn__http_head *h, struct tn_slice in)
{
	switch ((enum wire_phase)h->phase) {
	case WIRE_EMPTY:
		return wire_empty(h, in);
	case WIRE_EMPTY_LF:
		return wire_empty_lf(h, in);
	case WIRE_METHOD:
		return wire_method(h, in);
	case WIRE_TARGET:
		return wire_target(h, in);
	case WIRE_VERSION:
		return wire_version(h, in, '\r', WIRE_LINE_LF);
	case WIRE_VERSION_SP:
		return wire_version(h, in, ' ', WIRE_CODE);
	case WIRE_CODE:
		return wire_code(h, in);
	case WIRE_REASON:
		return wire_reason(h, in);
	case WIRE_LINE_LF:
		return wire_line_lf(h, in);
	case WIRE_NAME:
		return wire_name(h, in);
	case WIRE_BLANK:
		return wire_blank(h, in);
	case WIRE_VALUE:
		return wire_value(h, in);
	case WIRE_VALUE_LF:
		return wire_value_lf(h, in);
	case WIRE_END_LF:
		return wire_lf(h, in, WIRE_DONE);
	case WIRE_DONE:
		break;
	}
	return WIRE_MORE;
}

/* The end of what the present section may fill.  No phase sees beyond it, so a
 * fault behind a limit is never found before the limit is. */
static size_t
wire_reach(const struct tn__http_head *h)
{
	return (size_t)h->section +
	    (h->phase < WIRE_NAME ? h->limits.line_bytes_max
				  : h->limits.fields_bytes_max);
}

static int
wire_too_long(struct tn__http_head *h, struct tn_slice in)
{
	bool line = h->phase < WIRE_NAME;

	return tn__http_refuse(h, in, h->at, TN_ELIMIT, line ? 414 : 431,
	    line ? "the first line is longer than line_bytes_max"
		 : "the fields are longer than fields_bytes_max");
}

int
tn__http_head_parse(struct tn__http_head *h, struct tn_slice in)
{
	size_t reach;
	int r;

	if (h->refused < 0 || h->phase == WIRE_DONE)
		return h->refused < 0 ? h->refused : (int)h->at;
	do {
		reach = wire_reach(h);
		r = wire_step(h, tn_slice_head(in, reach));
	} while (r == WIRE_NEXT && h->phase != WIRE_DONE);

	if (r == WIRE_MORE && h->at >= reach)
		return wire_too_long(h, tn_slice_head(in, reach));
	if (r == WIRE_NEXT)
		r = tn__http_head_finish(h, tn_slice_head(in, h->at));
	else if (r == WIRE_MORE)
		return 0;
	return r < 0 ? r : (int)h->at;
}

static void
wire_init(struct tn__http_head *h, const struct tn__http_limits *limits,
    struct tn__http_field *fields)
{
	assert(limits->line_bytes_max > 0 && limits->fields_bytes_max > 0);
	assert(fields != NULL && limits->fields_max > 0);
	assert(limits->line_bytes_max < TN__HTTP_HEAD_BYTES_MAX / 2);
	assert(limits->fields_bytes_max < TN__HTTP_HEAD_BYTES_MAX / 2);
	*h = (struct tn__http_head){ 0 };
	h->limits = *limits;
	h->fields = fields;
	h->content_length = -1;
}

void
tn__http_request_init(struct tn__http_head *h,
    const struct tn__http_limits *limits, struct tn__http_field *fields)
{
	wire_init(h, limits, fields);
	h->phase = WIRE_EMPTY;
}

void
tn__http_response_init(struct tn__http_head *h, enum tn__http_method asked,
    const struct tn__http_limits *limits, struct tn__http_field *fields)
{
	wire_init(h, limits, fields);
	h->response = true;
	h->asked = asked;
	h->phase = WIRE_VERSION_SP;
}
