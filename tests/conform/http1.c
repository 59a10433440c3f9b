/* Runs our codec over the bytes of a case, as whoever reads a connection would:
 * head, body, trailers, and on to the next message. */
#include <assert.h>
#include <tenon/error.h>

#include "conform/corpus.h"
#include "proto/http/wire.h"

#define HTTP1_FIELDS 100
#define HTTP1_BYTES_MAX 65536

/* RFC 9112 section 3.2 refuses a request without Host, which most of llhttp's
 * are, and a target with a fragment, which some have.  What these cases are
 * about would not be seen; so they are given the one and freed of the other. */
#define HTTP1_HOST_LINE TN_SLICE("Host: conform.test\r\n")

struct http1 {
	struct corpus_case *x;
	struct tn_buffer in; /* the bytes of the case, changed where need be */
	size_t at, step;     /* of in; bytes that come at a time */
	struct tn__http_head head;
	struct tn__http_field fields[HTTP1_FIELDS];
	struct http1_message m;
	struct tn_buffer *out, *said;
	bool host_added; /* to the present head */
};

/* ---- in words ------------------------------------------------------------ */

void
http1_field_put(struct tn_buffer *out, struct tn_slice name,
    struct tn_slice value)
{
	put(out, name);
	put(out, TN_SLICE(": "));
	put(out, tn_slice_trim(value));
	put(out, TN_SLICE("\n"));
}

void
http1_message_put(const struct http1_message *m, enum http1_end end,
    struct tn_buffer *out)
{
	if (!m->whole && end != HTTP1_ENDS)
		return;
	if (!m->head) {
		put(out, TN_SLICE("(more of the head is to come)\n"));
		return;
	}
	if (m->status > 0) {
		putf(out, "HTTP/%u.%u %u ", m->version / 10, m->version % 10,
		    m->status);
		put(out, tn_buffer_slice(&m->reason));
	} else {
		put(out, tn_buffer_slice(&m->method));
		put(out, TN_SLICE(" "));
		put(out, tn_buffer_slice(&m->target));
		putf(out, " HTTP/%u.%u", m->version / 10, m->version % 10);
	}
	put(out, TN_SLICE("\n"));
	put(out, tn_buffer_slice(&m->fields));
	putf(out, "(%zu bytes) ", m->body.len);
	put(out, tn_buffer_slice(&m->body));
	put(out, TN_SLICE("\n"));
	put(out, tn_buffer_slice(&m->trailers));
	put(out, m->whole ? TN_SLICE("(whole)\n")
			  : TN_SLICE("(more of the body is to come)\n"));
}

void
http1_end_put(enum http1_end end, struct tn_buffer *out)
{
	static const char *const words[] = {
		[HTTP1_ENDS] = "",
		[HTTP1_REFUSED] = "(refused)\n",
		[HTTP1_UPGRADED] = "(another protocol follows)\n",
		[HTTP1_IGNORED] = "(what follows is ignored)\n",
	};

	put(out, tn_slice_str(words[end]));
}

void
http1_message_free(struct http1_message *m)
{
	tn_buffer_free(&m->method);
	tn_buffer_free(&m->target);
	tn_buffer_free(&m->reason);
	tn_buffer_free(&m->fields);
	tn_buffer_free(&m->body);
	tn_buffer_free(&m->trailers);
	*m = (struct http1_message){ 0 };
}

/* ---- the head ------------------------------------------------------------ */

static struct tn_slice
http1_rest(const struct http1 *h)
{
	return tn_slice_skip(tn_buffer_slice(&h->in), h->at);
}

static int
http1_head_read(struct http1 *h)
{
	static const struct tn__http_limits limits = { HTTP1_BYTES_MAX,
		HTTP1_BYTES_MAX, HTTP1_FIELDS };
	struct tn_slice in = http1_rest(h);
	bool skip = h->x->notes & HTTP1_SKIP_BODY;
	int used = 0;

	if (h->x->notes & HTTP1_RESPONSE)
		tn__http_response_init(&h->head,
		    skip ? TN__HTTP_HEAD : TN__HTTP_GET, &limits, h->fields);
	else
		tn__http_request_init(&h->head, &limits, h->fields);
	for (size_t n = 0; used == 0 && n < in.len;) {
		n = in.len - n < h->step ? in.len : n + h->step;
		used = tn__http_head_parse(&h->head, tn_slice_head(in, n));
	}
	return used;
}

/* `text` in place of `n` bytes, `at` behind where the message begins. */
static void
http1_change(struct http1 *h, size_t at, size_t n, struct tn_slice text)
{
	struct tn_buffer in = { 0 };

	at += h->at;
	assert(at + n <= h->in.len);
	put(&in, tn_slice_head(tn_buffer_slice(&h->in), at));
	put(&in, text);
	put(&in, tn_slice_skip(tn_buffer_slice(&h->in), at + n));
	tn_buffer_free(&h->in);
	h->in = in;
}

/* What was refused, without what hides its fault; false when there is none. */
static bool
http1_change_head(struct http1 *h)
{
	const struct tn__http_head *head = &h->head;
	struct tn_slice fault = tn_slice_skip(http1_rest(h), head->at);

	if (head->response)
		return false;
	if (head->method.len > 0 && head->target.len == 0 &&
	    tn_slice_starts(fault, TN_SLICE("#"))) {
		ssize_t end = tn_slice_find(fault, ' ');

		h->x->notes |= HTTP1_FRAGMENT;
		http1_change(h, head->at, end < 0 ? fault.len : (size_t)end,
		    TN_SLICE(""));
		return true;
	}
	if (head->version < 11 || head->first[TN__HTTP_HOST] > 0 ||
	    h->host_added)
		return false;
	h->x->notes |= HTTP1_HOST;
	h->host_added = true;
	http1_change(h, head->target.at + head->target.len +
	    sizeof(" HTTP/1.1\r\n") - 1, 0, HTTP1_HOST_LINE);
	return true;
}

static int
http1_head(struct http1 *h)
{
	int used;

	h->host_added = false;
	do
		used = http1_head_read(h);
	while (used < 0 && http1_change_head(h));
	return used;
}

static void
http1_head_keep(struct http1 *h, struct tn_slice text)
{
	const struct tn__http_head *head = &h->head;

	h->m.head = true;
	h->m.version = (unsigned)head->version;
	h->m.status = head->response ? (unsigned)head->status : 0;
	put(&h->m.method, tn__http_text(text, head->method));
	put(&h->m.target, tn__http_text(text, head->target));
	put(&h->m.reason, tn__http_text(text, head->reason));
	for (uint32_t i = h->host_added; i < head->fields_count; i++)
		http1_field_put(&h->m.fields,
		    tn__http_text(text, head->fields[i].name),
		    tn__http_text(text, head->fields[i].value));
}

/* ---- the body ------------------------------------------------------------ */

static void
http1_body_take(struct http1 *h, uint64_t n)
{
	struct tn_slice taken = tn_slice_head(http1_rest(h), n);

	put(&h->m.body, taken);
	h->at += taken.len;
}

static void
http1_trailers_keep(struct http1 *h, struct tn_slice lines)
{
	while (lines.len > 0) {
		struct tn_slice value = tn_slice_split(&lines, '\n');
		struct tn_slice name = tn_slice_split(&value, ':');

		http1_field_put(&h->m.trailers, name, value);
	}
}

/* Bytes up to the next of the body, or to the end of it. */
static int
http1_chunk_read(struct http1 *h, struct tn__http_chunk *chunk)
{
	ssize_t used;

	while (!chunk->done && chunk->left == 0 && h->at < h->in.len) {
		used = tn__http_chunk_parse(chunk,
		    tn_slice_head(http1_rest(h), h->step));
		if (used < 0)
			return (int)used;
		h->at += (size_t)used;
	}
	return 0;
}

static int
http1_chunked(struct http1 *h)
{
	static const struct tn__http_chunk_limits limits = { HTTP1_BYTES_MAX,
		HTTP1_BYTES_MAX, HTTP1_FIELDS };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer trailers = { 0 };
	struct tn__http_chunk chunk;
	size_t before;
	int e;

	tn__http_chunk_init(&chunk, &limits, &trailers);
	while (h->at < h->in.len && !chunk.done) {
		e = http1_chunk_read(h, &chunk);
		if (e < 0)
			return e;
		before = h->at;
		http1_body_take(h, chunk.left);
		chunk.left -= h->at - before;
	}
	http1_trailers_keep(h, tn_buffer_slice(&trailers));
	h->m.whole = chunk.done;
	return 0;
}

/* What the meta says to leave out is left out; and a CONNECT that is granted
 * has no body whatever it says: RFC 9110 section 9.3.6. */
static int
http1_body(struct http1 *h)
{
	uint64_t length = (uint64_t)h->head.content_length;

	if (h->x->notes & HTTP1_SKIP_BODY || h->head.verb == TN__HTTP_CONNECT) {
		h->m.whole = true;
		return 0;
	}
	switch (h->head.framing) {
	case TN__HTTP_NO_BODY:
		h->m.whole = true;
		break;
	case TN__HTTP_LENGTH:
		http1_body_take(h, length);
		h->m.whole = h->m.body.len == length;
		break;
	case TN__HTTP_CHUNKED:
		return http1_chunked(h);
	case TN__HTTP_UNTIL_CLOSE:
		http1_body_take(h, h->in.len);
		break;
	}
	return 0;
}

/* ---- the connection ------------------------------------------------------ */

/* White space between messages is none. */
static bool
http1_is_over(const struct http1 *h)
{
	return tn_slice_trim(http1_rest(h)).len == 0;
}

static enum http1_end
http1_message(struct http1 *h)
{
	int used = http1_head(h), e;

	if (used < 0)
		return HTTP1_REFUSED;
	if (used == 0) {
		h->at = h->in.len;
		return HTTP1_ENDS;
	}
	http1_head_keep(h, tn_slice_head(http1_rest(h), (size_t)used));
	h->at += (size_t)used;
	e = http1_body(h);
	if (e < 0)
		return HTTP1_REFUSED;
	if (h->m.whole &&
	    (h->head.upgrade || h->head.verb == TN__HTTP_CONNECT))
		return HTTP1_UPGRADED;
	if (h->m.whole && !h->head.keep_alive && !http1_is_over(h))
		return HTTP1_IGNORED;
	return HTTP1_ENDS;
}

static void
http1_connection(struct corpus_case *x, size_t step, struct tn_buffer *out,
    struct tn_buffer *said)
{
	struct http1 h = { .x = x, .step = step, .out = out, .said = said };
	enum http1_end end = HTTP1_ENDS;

	put(&h.in, tn_buffer_slice(&x->given));
	while (end == HTTP1_ENDS && !http1_is_over(&h)) {
		end = http1_message(&h);
		if (end == HTTP1_REFUSED)
			putf(said, "%s", tn_error_text());
		http1_message_put(&h.m, end, out);
		http1_message_free(&h.m);
	}
	http1_end_put(end, out);
	tn_buffer_free(&h.in);
}

void
http1_run(struct corpus_case *x, struct corpus_outcome *ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer pieces = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer said = { 0 };

	http1_connection(x, SIZE_MAX, &ret->got, &ret->said);
	http1_connection(x, 1, &pieces, &said);
	if (!tn_slice_equal(tn_buffer_slice(&ret->got),
	        tn_buffer_slice(&pieces))) {
		put(&ret->got, TN_SLICE("but a byte at a time\n"));
		put(&ret->got, tn_buffer_slice(&pieces));
	}
}
