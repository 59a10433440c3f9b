/* llhttp's tests: Markdown, in which a heading names a case, a comment says
 * what it is, a block of http is the bytes and a block of log what llhttp made
 * of them. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "conform/corpus.h"

/* What llhttp takes when a flag asks it to, and why it may be refused.  RFC
 * 9112 demands it or leaves the choice, and then we choose to refuse. */
static const struct {
	const char *flag, *section;
} lenient[] = {
	{ "all", "all of these" },
	{ "chunked-length", "6.1: a server MAY reject both fields together" },
	{ "headers", "5.1, 5.2: folded lines, a space before the colon" },
	{ "optional-cr-before-lf", "2.2: a recipient MAY take a bare LF" },
	{ "optional-crlf-after-chunk", "7.1: CRLF ends the data of a chunk" },
	{ "optional-lf-after-cr", "2.2: a bare CR is invalid" },
	{ "spaces-after-chunk-size", "7.1: no white space before that CRLF" },
	{ "transfer-encoding", "6.3: chunked is the last coding, or 400" },
};

struct llhttp {
	struct corpus *c;
	struct tn_slice rest, line; /* what is left; the present line */
	unsigned number;            /* its */
	struct tn_slice heading, meta, http;
	unsigned meta_line, http_line;
};

static bool
llhttp_next(struct llhttp *m)
{
	if (m->rest.len == 0)
		return false;
	m->line = tn_slice_split(&m->rest, '\n');
	m->number++;
	if (tn_slice_ends(m->line, TN_SLICE("\r")))
		m->line.len--;
	return true;
}

/* ---- what kind of case -------------------------------------------------- */

static int
llhttp_type(struct llhttp *m, struct tn_slice type, unsigned *notes)
{
	struct tn_slice rest = type;
	struct tn_slice kind = tn_slice_split(&rest, '-');

	if (tn_slice_equal(kind, TN_SLICE("response")))
		*notes |= HTTP1_RESPONSE;
	else if (!tn_slice_equal(kind, TN_SLICE("request")))
		return corpus_bad(m->c, m->meta_line,
		    "the type is neither request nor response");
	if (rest.data == NULL)
		return 0;
	*notes |= HTTP1_LENIENT;
	for (size_t i = 0; i < TN_COUNT(lenient); i++)
		if (tn_slice_starts(rest, TN_SLICE("lenient-")) &&
		    tn_slice_equal(tn_slice_skip(rest, 8),
		        tn_slice_str(lenient[i].flag)))
			return 0;
	return corpus_bad(m->c, m->meta_line, "a type that is not known");
}

/* noScan is about how llhttp was built. */
static int
llhttp_meta(struct llhttp *m, const struct tree *t, unsigned *notes)
{
	uint32_t type = tree_get(t, 1, "type");
	uint32_t skip = tree_get(t, 1, "skipBody");
	int others = (type > 0) + (skip > 0) + (tree_get(t, 1, "noScan") > 0);
	uint32_t node = t->nodes[1].first;

	for (; node != 0; node = t->nodes[node].next)
		others--;
	if (type == 0 || others != 0)
		return corpus_bad(m->c, m->meta_line, "the meta has to be "
		    "type, and perhaps noScan and skipBody");
	if (skip > 0 && t->nodes[skip].truth)
		*notes |= HTTP1_SKIP_BODY;
	return llhttp_type(m, tree_text(t, type), notes);
}

static int
llhttp_meta_read(struct llhttp *m, unsigned *notes)
{
	struct tree tree;
	int e = tree_json(&tree, m->c->path, m->meta);

	if (e < 0)
		return corpus_bad(m->c, m->meta_line, "the meta is no JSON");
	e = llhttp_meta(m, &tree, notes);
	tree_free(&tree);
	return e;
}

/* ---- the bytes ---------------------------------------------------------- */

/* One escape at the start of `text`; returns its length, 0 when it is none. */
static size_t
llhttp_escape(struct tn_slice text, char *ret)
{
	static const char names[] = "rntf", bytes[] = "\r\n\t\f";
	const char *known;
	size_t n = 2;
	unsigned value = 0;

	if (text.len < 2 || text.data[0] != '\\' || text.data[1] == '\0')
		return 0;
	known = strchr(names, text.data[1]);
	if (known != NULL) {
		*ret = bytes[known - names];
		return 2;
	}
	if (text.data[1] != 'x')
		return 0;
	for (; n < 4 && n < text.len; n++) {
		int digit = tn_hex_value(text.data[n]);

		if (digit < 0)
			break;
		value = value << 4 | (unsigned)digit;
	}
	if (n == 2)
		return 0;
	*ret = (char)value;
	return n;
}

/* A line ends in CRLF, but in nothing where a backslash is its last byte, or it
 * is the last of the block. */
static void
llhttp_unescape(struct tn_slice block, struct tn_buffer *out)
{
	while (block.len > 0) {
		char c = block.data[0];
		size_t n = llhttp_escape(block, &c);

		if (n == 0 && tn_slice_starts(block, TN_SLICE("\\\n")))
			n = 2;
		else if (n == 0 && c == '\n')
			put(out, TN_SLICE("\r\n"));
		else
			put(out, tn_slice(&c, 1));
		block = tn_slice_skip(block, n > 0 ? n : 1);
	}
}

/* ---- the file ----------------------------------------------------------- */

/* Up to the fence at its end; m->line is the one at its start.  Without the
 * last LF. */
static int
llhttp_block(struct llhttp *m, struct tn_slice *ret)
{
	const char *start = m->rest.data;
	unsigned number = m->number;

	while (llhttp_next(m)) {
		if (!tn_slice_equal(m->line, TN_SLICE("```")))
			continue;
		*ret = tn_slice(start, (size_t)(m->line.data - start));
		ret->len -= ret->len > 0;
		return 0;
	}
	return corpus_bad(m->c, number, "a block that does not end");
}

static int
llhttp_case(struct llhttp *m, struct tn_slice log, unsigned line)
{
	struct corpus_case *x = corpus_add(m->c, m->heading, m->http_line);
	int e = llhttp_meta_read(m, &x->notes);

	if (e < 0)
		return e;
	llhttp_unescape(m->http, &x->given);
	m->http.data = m->meta.data = NULL;
	return llhttp_expect(m->c, x, log, line);
}

static int
llhttp_log(struct llhttp *m)
{
	unsigned line = m->number + 1;
	struct tn_slice log = { NULL, 0 };
	int e;

	if (m->http.data == NULL)
		return corpus_bad(m->c, m->number, "a log of no http");
	if (m->meta.data == NULL)
		return corpus_bad(m->c, m->http_line, "http without a meta");
	e = llhttp_block(m, &log);
	return e < 0 ? e : llhttp_case(m, log, line);
}

static int
llhttp_line(struct llhttp *m)
{
	struct tn_slice line = tn_slice_trim(m->line);
	ssize_t at;

	if (tn_slice_starts(line, TN_SLICE("#"))) {
		while (tn_slice_starts(line, TN_SLICE("#")))
			line = tn_slice_skip(line, 1);
		m->heading = tn_slice_trim(line);
	} else if (tn_slice_starts(line, TN_SLICE("<!-- meta="))) {
		at = tn_slice_search(line, TN_SLICE("-->"));
		if (at < 0)
			return corpus_bad(m->c, m->number,
			    "a meta that does not end");
		m->meta = tn_slice_skip(tn_slice_head(line, (size_t)at), 10);
		m->meta_line = m->number;
	} else if (tn_slice_equal(line, TN_SLICE("```http"))) {
		if (m->http.data != NULL)
			return corpus_bad(m->c, m->http_line,
			    "http without a log");
		m->http_line = m->number;
		return llhttp_block(m, &m->http);
	} else if (tn_slice_equal(line, TN_SLICE("```log"))) {
		return llhttp_log(m);
	}
	return 0;
}

bool
llhttp_is(const struct format *f, const struct corpus *c)
{
	return tn_slice_search(c->text, TN_SLICE("\n```http")) >= 0;
}

int
llhttp_read(const struct format *f, struct corpus *c)
{
	struct llhttp m = { .c = c, .rest = c->text };
	int e = 0;

	while (e == 0 && llhttp_next(&m))
		e = llhttp_line(&m);
	if (e == 0 && m.http.data != NULL)
		e = corpus_bad(c, m.http_line, "http without a log");
	return e;
}
