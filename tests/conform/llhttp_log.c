/* llhttp's log, such as
 *     off=0 len=3 span[method]="PUT"
 *     off=42 headers complete method=4 v=1/1 flags=20 content_length=3
 *     off=56 error code=11 reason="Content-Length overflow"
 * said as http1.c says what our codec made of the same bytes. */
#include <tenon/error.h>
#include <tenon/number.h>

#include "conform/corpus.h"

/* What else its errors mean than refusing. */
enum { LOG_DATA_AFTER_CLOSE = 5, LOG_UPGRADE = 22, LOG_HTTP2 = 23 };

struct log {
	const struct corpus *c;
	struct tn_slice given, line; /* the rest of the present line */
	unsigned number;             /* its */
	uint64_t off, len;
	struct http1_message m; /* the present message */
	struct tn_buffer name, value, version;
	struct tn_buffer *out;
	enum http1_end end;
	bool began;
};

static bool
log_take(struct log *l, const char *words)
{
	struct tn_slice prefix = tn_slice_str(words);

	if (!tn_slice_starts(l->line, prefix))
		return false;
	l->line = tn_slice_skip(l->line, prefix.len);
	return true;
}

/* `words` and a number behind them. */
static bool
log_number(struct log *l, const char *words, uint64_t max, uint64_t *ret)
{
	size_t n = 0;

	if (!log_take(l, words))
		return false;
	while (n < l->line.len && tn_is_digit(l->line.data[n]))
		n++;
	if (tn_parse_uint(tn_slice_head(l->line, n), max, ret) < 0)
		return false;
	l->line = tn_slice_skip(l->line, n);
	return true;
}

/* ---- spans ------------------------------------------------------------- */

/* Where a log says what a span holds in plain ASCII, it has to hold that. */
static bool
log_agrees(const struct log *l, struct tn_slice span)
{
	struct tn_slice text = l->line;

	if (tn_slice_equal(text, TN_SLICE("cr")))
		return tn_slice_equal(span, TN_SLICE("\r"));
	if (tn_slice_equal(text, TN_SLICE("lf")))
		return tn_slice_equal(span, TN_SLICE("\n"));
	if (text.len < 2 || text.data[0] != '"' ||
	    text.data[text.len - 1] != '"')
		return false;
	text = tn_slice(text.data + 1, text.len - 2);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\\' || (unsigned char)text.data[i] > 126)
			return true;
	return tn_slice_equal(text, span);
}

static struct tn_buffer *
log_place(struct log *l, struct tn_slice kind)
{
	struct {
		const char *kind;
		struct tn_buffer *place;
	} places[] = {
		{ "method", &l->m.method },
		{ "url", &l->m.target },
		{ "protocol", &l->version },
		{ "version", &l->version },
		{ "status", &l->m.reason },
		{ "header_field", &l->name },
		{ "header_value", &l->value },
		{ "body", &l->m.body },
	};

	for (size_t i = 0; i < TN_COUNT(places); i++)
		if (tn_slice_equal(kind, tn_slice_str(places[i].kind)))
			return places[i].place;
	return NULL;
}

/* Behind "off=N len=": 'span[KIND]="TEXT"'. */
static int
log_span(struct log *l)
{
	struct tn_slice span, kind;
	struct tn_buffer *place;

	if (!log_number(l, "len=", UINT32_MAX, &l->len) ||
	    !log_take(l, " span["))
		return corpus_bad(l->c, l->number, "a span without a kind");
	kind = tn_slice_split(&l->line, ']');
	if (!log_take(l, "="))
		return corpus_bad(l->c, l->number, "a span without its text");
	if (l->off > l->given.len || l->len > l->given.len - l->off)
		return corpus_bad(l->c, l->number,
		    "a span beyond the %zu bytes of the case", l->given.len);
	span = tn_slice_head(tn_slice_skip(l->given, l->off), l->len);
	if (!log_agrees(l, span))
		return corpus_bad(l->c, l->number,
		    "the bytes of the case are not what the span says");
	place = log_place(l, kind);
	if (place != NULL)
		put(place, span);
	return 0;
}

/* ---- events ------------------------------------------------------------ */

static void
log_field(struct log *l)
{
	http1_field_put(l->m.head ? &l->m.trailers : &l->m.fields,
	    tn_buffer_slice(&l->name), tn_buffer_slice(&l->value));
	tn_buffer_clear(&l->name);
	tn_buffer_clear(&l->value);
}

static int
log_head(struct log *l)
{
	uint64_t number, major, minor;

	if (log_number(l, " status=", 999, &number))
		l->m.status = (unsigned)number;
	else if (!log_number(l, " method=", 999, &number))
		return corpus_bad(l->c, l->number, "a head of what?");
	if (!log_number(l, " v=", 9, &major) ||
	    !log_number(l, "/", 9, &minor))
		return corpus_bad(l->c, l->number, "a head without version");
	l->m.version = (unsigned)(major * 10 + minor);
	l->m.head = true;
	return 0;
}

static void
log_message(struct log *l)
{
	if (l->began)
		http1_message_put(&l->m, l->end, l->out);
	http1_message_free(&l->m);
	l->began = false;
}

static int
log_error(struct log *l)
{
	uint64_t code;

	if (!log_number(l, " code=", 999, &code))
		return corpus_bad(l->c, l->number, "an error without a code");
	l->end = code == LOG_DATA_AFTER_CLOSE         ? HTTP1_IGNORED
	    : code == LOG_UPGRADE || code == LOG_HTTP2 ? HTTP1_UPGRADED
						       : HTTP1_REFUSED;
	return 0;
}

static int
log_event(struct log *l)
{
	if (log_take(l, "message begin")) {
		log_message(l);
		l->began = true;
	} else if (log_take(l, "header_value complete")) {
		log_field(l);
	} else if (log_take(l, "headers complete")) {
		return log_head(l);
	} else if (log_take(l, "message complete")) {
		l->m.whole = true;
	} else if (log_take(l, "error")) {
		return log_error(l);
	} else if (!tn_slice_ends(l->line, TN_SLICE(" complete")) &&
	    !tn_slice_equal(l->line, TN_SLICE("reset")) &&
	    !tn_slice_equal(l->line, TN_SLICE("skip body")) &&
	    !tn_slice_starts(l->line, TN_SLICE("chunk header len="))) {
		return corpus_bad(l->c, l->number, "an event of no kind");
	}
	return 0;
}

static int
log_line(struct log *l)
{
	if (l->line.len == 0)
		return 0;
	if (!log_number(l, "off=", UINT32_MAX, &l->off) || !log_take(l, " "))
		return corpus_bad(l->c, l->number, "no line of a log");
	return tn_slice_starts(l->line, TN_SLICE("len=")) ? log_span(l)
							  : log_event(l);
}

int
llhttp_expect(const struct corpus *c, struct corpus_case *x,
    struct tn_slice log, unsigned line)
{
	struct log l = { .c = c, .given = tn_buffer_slice(&x->given),
		.number = line, .out = &x->expected };
	int e = 0;

	for (; e == 0 && log.data != NULL; l.number++) {
		l.line = tn_slice_trim(tn_slice_split(&log, '\n'));
		e = log_line(&l);
	}
	log_message(&l);
	if (x->notes & HTTP1_LENIENT) {
		tn_buffer_clear(&x->expected);
		l.end = HTTP1_REFUSED;
	}
	http1_end_put(l.end, &x->expected);
	tn_buffer_free(&l.name);
	tn_buffer_free(&l.value);
	tn_buffer_free(&l.version);
	return e;
}
