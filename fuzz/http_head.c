/* Heads of HTTP messages: however the bytes are divided the result is the same,
 * and what was accepted, written again, reads as the same.  The first byte says
 * what kind of head it is. */
#include <tenon/error.h>

#include "fuzz/fuzz.h"
#include "proto/http/wire.h"

#define FIELDS 16
#define BYTES 1024

/* Bits of the first byte; bits 2 and 4 choose the method asked. */
#define KIND_RESPONSE 1
#define KIND_SMALL 8  /* small limits */
#define KIND_STEP 16  /* three bytes at a time instead of one */

struct head {
	struct tn__http_head h;
	struct tn__http_field fields[FIELDS];
	int used;
};

static void
init(struct head *head, uint8_t kind)
{
	const struct tn__http_limits limits = {
		.line_bytes_max = kind & KIND_SMALL ? 32 : BYTES,
		.fields_bytes_max = kind & KIND_SMALL ? 64 : 2 * BYTES,
		.fields_max = kind & KIND_SMALL ? 2 : FIELDS,
	};
	static const enum tn__http_method asked[] = { TN__HTTP_GET,
		TN__HTTP_HEAD, TN__HTTP_CONNECT, TN__HTTP_POST };

	if (kind & KIND_RESPONSE)
		tn__http_response_init(&head->h, asked[kind >> 1 & 3], &limits,
		    head->fields);
	else
		tn__http_request_init(&head->h, &limits, head->fields);
}

static void
parse(struct head *head, uint8_t kind, struct tn_slice in, size_t step)
{
	init(head, kind);
	head->used = 0;
	for (size_t len = step; head->used == 0 && len < in.len + step;
	     len += step)
		head->used = tn__http_head_parse(&head->h,
		    tn_slice_head(in, len));
}

static void
check_span(struct tn__http_span span, struct tn_slice head)
{
	assert(span.at <= head.len && span.len <= head.len - span.at);
}

static void
check_fields(const struct tn__http_head *h, struct tn_slice head)
{
	for (uint32_t i = 0; i < h->fields_count; i++) {
		check_span(h->fields[i].name, head);
		check_span(h->fields[i].value, head);
		assert(tn__http_is_token(
		    tn__http_text(head, h->fields[i].name)));
		assert(tn__http_is_value(
		    tn__http_text(head, h->fields[i].value)));
	}
}

static void
check_same_text(struct tn_slice a, struct tn__http_span in_a, struct tn_slice b,
    struct tn__http_span in_b)
{
	assert(tn_slice_equal(tn__http_text(a, in_a), tn__http_text(b, in_b)));
}

/* That two heads say the same. */
static void
check_same(const struct head *a, struct tn_slice text_a, const struct head *b,
    struct tn_slice text_b)
{
	const struct tn__http_head *x = &a->h, *y = &b->h;

	check_same_text(text_a, x->method, text_b, y->method);
	check_same_text(text_a, x->target, text_b, y->target);
	check_same_text(text_a, x->path, text_b, y->path);
	check_same_text(text_a, x->query, text_b, y->query);
	check_same_text(text_a, x->host, text_b, y->host);
	check_same_text(text_a, x->reason, text_b, y->reason);
	assert(x->verb == y->verb && x->form == y->form);
	assert(x->version == y->version && x->status == y->status);
	assert(x->framing == y->framing);
	assert(x->content_length == y->content_length);
	assert(x->has_query == y->has_query);
	assert(x->keep_alive == y->keep_alive);
	assert(x->expect_continue == y->expect_continue);
	assert(x->upgrade == y->upgrade);
	assert(x->fields_count == y->fields_count);
	for (uint32_t i = 0; i < x->fields_count; i++) {
		check_same_text(text_a, a->fields[i].name, text_b,
		    b->fields[i].name);
		check_same_text(text_a, a->fields[i].value, text_b,
		    b->fields[i].value);
	}
}

static void
print_line(struct tn__http_out *o, const struct tn__http_head *h,
    struct tn_slice in)
{
	char status[3];

	if (!h->response) {
		tn__http_put(o, tn__http_text(in, h->method));
		tn__http_put(o, TN_SLICE(" "));
		tn__http_put(o, tn__http_text(in, h->target));
		tn__http_put(o, TN_SLICE(" "));
	}
	tn__http_put(o, h->version == 10 ? TN_SLICE("HTTP/1.0")
					 : TN_SLICE("HTTP/1.1"));
	if (h->response) {
		status[0] = (char)('0' + h->status / 100);
		status[1] = (char)('0' + h->status / 10 % 10);
		status[2] = (char)('0' + h->status % 10);
		tn__http_put(o, TN_SLICE(" "));
		tn__http_put(o, tn_slice(status, 3));
		tn__http_put(o, TN_SLICE(" "));
		tn__http_put(o, tn__http_text(in, h->reason));
	}
	tn__http_put_end(o);
}

static void
print_again(const struct head *head, uint8_t kind, struct tn_slice in)
{
	static char data[8 * BYTES];
	struct tn__http_out o = { data, 0, sizeof(data), false };
	struct head again;

	print_line(&o, &head->h, in);
	for (uint32_t i = 0; i < head->h.fields_count; i++)
		tn__http_put_field(&o,
		    tn__http_text(in, head->fields[i].name),
		    tn__http_text(in, head->fields[i].value));
	tn__http_put_end(&o);
	assert(!o.full);
	parse(&again, kind, tn_slice(o.data, o.len), o.len);
	assert(again.used == (int)o.len);
	check_same(head, in, &again, tn_slice(o.data, o.len));
}

static void
check_accepted(const struct head *head, uint8_t kind, struct tn_slice in)
{
	struct tn_slice text = tn_slice_head(in, (size_t)head->used);
	const struct tn__http_head *h = &head->h;
	struct head less;

	assert((size_t)head->used <= in.len);
	check_fields(h, text);
	check_span(h->target, text);
	check_span(h->path, text);
	check_span(h->query, text);
	check_span(h->host, text);
	assert(h->response || tn__http_is_host(tn__http_text(in, h->host)));
	assert(h->framing != TN__HTTP_LENGTH || h->content_length >= 0);
	parse(&less, kind, tn_slice_head(text, text.len - 1), text.len);
	assert(less.used == 0);
	if (!(kind & KIND_SMALL))
		print_again(head, kind, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	struct head whole, pieces;
	uint8_t kind;

	if (size < 2 || size > 2 * BYTES)
		return 0;
	kind = bytes[0];
	in = tn_slice_skip(in, 1);
	parse(&whole, kind, in, in.len);
	parse(&pieces, kind, in, kind & KIND_STEP ? 3 : 1);
	assert(whole.used == pieces.used);
	if (whole.used != 0)
		check_same(&whole, in, &pieces, in);
	if (whole.used > 0)
		check_accepted(&whole, kind, in);
	return 0;
}
