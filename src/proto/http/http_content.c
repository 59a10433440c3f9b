/* The reply to a request for something that can be had in parts, or not at all
 * because the client has it: RFC 9110 sections 13, 14 and 15.3.7. */
#include <errno.h>
#include <tenon/date.h>
#include <tenon/error.h>
#include <tenon/http_files.h>
#include <tenon/number.h>
#include <tenon/run.h>

#include "base/memory.h"
#include "proto/http/content.h"
#include "proto/http/select.h"

/* ---- its fields --------------------------------------------------------- */

/* Lines that were made before. */
static int
content_put(struct tn_http_exchange *x, struct tn_slice lines)
{
	if (x->reply.status != 0)
		return tn_error_set(-EINVAL,
		    "HTTP reply: there was one before, %d", x->reply.status);
	tn__http_put(&x->fields_out, lines);
	if (!x->fields_out.full)
		return 0;
	x->fields_out.full = false;
	return tn_error_set(TN_ELIMIT, "HTTP reply: more than %d bytes of "
	    "fields", TN__HTTP_REPLY_FIELDS);
}

static int
content_put_field(struct tn_http_exchange *x, const char *name,
    struct tn_slice value)
{
	char line[512];
	struct tn__http_out o = { .data = line, .cap = sizeof(line) };

	if (value.len == 0)
		return 0;
	tn__http_put_field(&o, tn_slice_str(name), value);
	if (o.full)
		return tn_error_set(TN_ELIMIT, "HTTP reply: a %s of %zu bytes",
		    name, value.len);
	return content_put(x, tn_slice(line, o.len));
}

/* Of a reply that has it, or a part. */
static int
content_put_fields(struct tn_http_exchange *x,
    const struct tn__http_content *c)
{
	int r = content_put(x, c->shared);

	return r < 0 ? r : content_put(x, c->own);
}

/* "bytes 0-4/10", or "bytes " and "*" for no range. */
static void
content_put_range(struct tn__http_out *o, const struct tn__http_range *range,
    int64_t size)
{
	char digits[TN_UINT_DIGITS];

	tn__http_put(o, TN_SLICE("bytes "));
	if (range == NULL) {
		tn__http_put(o, TN_SLICE("*"));
	} else {
		tn__http_put(o, tn_slice(digits, tn_format_uint(digits,
		    (uint64_t)range->first)));
		tn__http_put(o, TN_SLICE("-"));
		tn__http_put(o, tn_slice(digits, tn_format_uint(digits,
		    (uint64_t)(range->first + range->size - 1))));
	}
	tn__http_put(o, TN_SLICE("/"));
	tn__http_put(o, tn_slice(digits, tn_format_uint(digits,
	    (uint64_t)size)));
}

/* RFC 9110 section 14.4. */
static int
content_field_range(struct tn_http_exchange *x,
    const struct tn__http_content *c, const struct tn__http_range *range)
{
	char text[80];
	struct tn__http_out o = { .data = text, .cap = sizeof(text) };

	content_put_range(&o, range, c->size);
	return content_put_field(x, "Content-Range", tn_slice(text, o.len));
}

/* ---- its bytes ---------------------------------------------------------- */

static struct tn_slice
content_part(const struct tn__http_content *c,
    const struct tn__http_range *range)
{
	struct tn_slice all = tn_slice(c->bytes, (size_t)c->size);

	return tn_slice_head(tn_slice_skip(all, (size_t)range->first),
	    (size_t)range->size);
}

/* One part as the whole body. */
static int
content_send(struct tn_http_exchange *x, int status,
    const struct tn__http_content *c, const struct tn__http_range *range)
{
	int r = content_put_field(x, "Content-Type", c->type);

	if (r < 0)
		return r;
	if (c->file != NULL)
		return tn_http_reply_file(x, status, NULL, c->file,
		    range->first, range->size);
	return tn_http_reply(x, status, NULL, content_part(c, range));
}

/* One part into a body that has begun. */
static int
content_append(struct tn_http_exchange *x, const struct tn__http_content *c,
    const struct tn__http_range *range)
{
	int64_t n;

	if (c->file == NULL)
		return tn_stream_write(&x->reply.stream,
		    content_part(c, range));
	/* Not by the reply's stream, which would hide that it is a socket. */
	n = tn_stream_send_file(x->c->stream, c->file, range->first,
	    range->size);
	if (n < range->size) {
		x->broken = true;
		return n < 0 ? (int)n : tn_error_set(TN_ETRUNCATED,
		    "HTTP reply: the file has become shorter");
	}
	x->reply.sent += n;
	return 0;
}

/* ---- several parts: section 14.6 ---------------------------------------- */

#define CONTENT_PART_HEAD 512

struct content_parts {
	const struct tn__http_content *content;
	const struct tn__http_range *ranges;
	int count;
	char text[2 * TN_HEX_DIGITS]; /* of the boundary */
	struct tn_slice boundary;
};

/* Nobody can put it into a file beforehand. */
static void
content_choose_boundary(struct content_parts *p)
{
	uint64_t random[2];
	size_t len;

	tn__random(random, sizeof(random));
	len = tn_format_hex(p->text, random[0]);
	len += tn_format_hex(p->text + len, random[1]);
	p->boundary = tn_slice(p->text, len);
}

/* What stands before part `index`, and behind the last: its length, 0 when it
 * has no room. */
static size_t
content_delimiter(const struct content_parts *p, int index,
    char out[CONTENT_PART_HEAD])
{
	struct tn__http_out o = { .data = out, .cap = CONTENT_PART_HEAD };

	tn__http_put(&o, index == 0 ? TN_SLICE("--") : TN_SLICE("\r\n--"));
	tn__http_put(&o, p->boundary);
	if (index == p->count) {
		tn__http_put(&o, TN_SLICE("--\r\n"));
		return o.len;
	}
	tn__http_put(&o, TN__HTTP_CRLF);
	if (p->content->type.len > 0)
		tn__http_put_field(&o, TN_SLICE("Content-Type"),
		    p->content->type);
	tn__http_put(&o, TN_SLICE("Content-Range: "));
	content_put_range(&o, &p->ranges[index], p->content->size);
	tn__http_put(&o, TN_SLICE("\r\n\r\n"));
	return o.full ? 0 : o.len;
}

/* Of the whole body: -1 when a head has no room. */
static int64_t
content_parts_length(const struct content_parts *p)
{
	char out[CONTENT_PART_HEAD];
	int64_t length = 0;

	for (int i = 0; i <= p->count; i++) {
		size_t len = content_delimiter(p, i, out);

		if (len == 0)
			return -1;
		length += (int64_t)len;
		length += i < p->count ? p->ranges[i].size : 0;
	}
	return length;
}

static int
content_send_parts(struct tn_http_exchange *x, struct content_parts *p)
{
	char type[80], head[CONTENT_PART_HEAD];
	struct tn__http_out o = { .data = type, .cap = sizeof(type) };
	struct tn_stream *out;
	int64_t length;
	int r;

	content_choose_boundary(p);
	length = content_parts_length(p);
	if (length < 0)
		return tn_error_set(TN_ELIMIT, "HTTP reply: a Content-Type of "
		    "%zu bytes", p->content->type.len);
	tn__http_put(&o, TN_SLICE("multipart/byteranges; boundary="));
	tn__http_put(&o, p->boundary);
	r = content_put_field(x, "Content-Type", tn_slice(type, o.len));
	if (r == 0)
		r = tn_http_reply_begin(x, 206, NULL, length, &out);
	for (int i = 0; i <= p->count && r == 0; i++) {
		r = tn_stream_write(out,
		    tn_slice(head, content_delimiter(p, i, head)));
		if (r == 0 && i < p->count)
			r = content_append(x, p->content, &p->ranges[i]);
	}
	return r;
}

/* ---- what is asked ------------------------------------------------------ */

static bool
content_has_conditions(const struct tn__http_head *h)
{
	return h->first[TN__HTTP_IF_MATCH] != 0 ||
	    h->first[TN__HTTP_IF_MODIFIED_SINCE] != 0 ||
	    h->first[TN__HTTP_IF_NONE_MATCH] != 0 ||
	    h->first[TN__HTTP_IF_UNMODIFIED_SINCE] != 0 ||
	    h->first[TN__HTTP_RANGE] != 0;
}

/* Section 13.2.2: 0 for all of it, the number of ranges, -304, -412 or -416
 * for a reply without. */
static int
content_judge(const struct tn_http_exchange *x,
    const struct tn__http_content *c,
    struct tn__http_range ranges[TN__HTTP_RANGES_MAX])
{
	struct tn__http_validators v = { .etag = c->etag };
	int r;

	if (!content_has_conditions(&x->head))
		return 0;
	v.now = tn_wall_now() / TN_SECOND;
	v.modified = c->modified < v.now ? c->modified : v.now;
	r = tn__http_condition(&x->head, x->text, &v);
	if (r != 0)
		return r == 304 ? -304 : -412;
	if (!tn__http_range_counts(&x->head, x->text, &v))
		return 0;
	r = tn__http_ranges(tn__http_known(&x->head, x->text, TN__HTTP_RANGE),
	    c->size, ranges);
	return r == -ERANGE ? -416 : r;
}

static int
content_reply_nothing(struct tn_http_exchange *x,
    const struct tn__http_content *c, int status)
{
	int r;

	if (status == 412)
		return status;
	if (status == 416) { /* section 15.5.17 */
		r = content_field_range(x, c, NULL);
		return r < 0 ? r : status;
	}
	r = content_put(x, c->shared);
	return r < 0 ? r : tn_http_reply(x, status, NULL, TN_SLICE(""));
}

int
tn__http_content_reply(struct tn_http_exchange *x,
    const struct tn__http_content *c)
{
	struct tn__http_range ranges[TN__HTTP_RANGES_MAX];
	const struct tn__http_range all = { 0, c->size };
	int count = content_judge(x, c, ranges), r;

	if (count < 0)
		return content_reply_nothing(x, c, -count);
	r = content_put_fields(x, c);
	if (r < 0)
		return r;
	if (count == 0)
		return content_send(x, 200, c, &all);
	if (count > 1)
		return content_send_parts(x, &(struct content_parts){
			.content = c, .ranges = ranges, .count = count });
	r = content_field_range(x, c, &ranges[0]);
	return r < 0 ? r : content_send(x, 206, c, &ranges[0]);
}

int
tn__http_content_page(struct tn_http_exchange *x, int status,
    const struct tn__http_content *c)
{
	const struct tn__http_range all = { 0, c->size };

	return content_send(x, status, c, &all);
}

/* ---- a handler's own ---------------------------------------------------- */

/* The lines that follow from what is given. */
static int
content_lines(const struct tn_http_content *given, int64_t modified,
    struct tn__http_out *o)
{
	struct tn_slice etag = tn_slice_str(given->etag);
	char date[TN_HTTP_DATE_SIZE];

	if (etag.len > 0) {
		if (!tn__http_is_etag(etag))
			return tn_error_set(-EINVAL, "HTTP reply: an etag is "
			    "\"...\" or W/\"...\", with its quotes");
		tn__http_put_field(o, TN_SLICE("ETag"), etag);
	}
	if (modified >= 0)
		tn__http_put_field(o, TN_SLICE("Last-Modified"),
		    tn_slice_str(tn_date_http(modified, date)));
	return o->full ? tn_error_set(TN_ELIMIT,
	    "HTTP reply: an etag of %zu bytes", etag.len) : 0;
}

int
tn_http_reply_content(struct tn_http_exchange *x,
    const struct tn_http_content *given)
{
	char lines[512];
	struct tn__http_out o = { .data = lines, .cap = sizeof(lines) };
	struct tn__http_content c = {
		.file = given->file,
		.bytes = given->bytes.data,
		.size = (int64_t)given->bytes.len,
		.etag = tn_slice_str(given->etag),
		.modified = -1,
		.type = tn_slice_str(given->type),
		.own = TN_SLICE("Accept-Ranges: bytes\r\n"),
	};
	struct tn_file_info info;
	int64_t now = tn_wall_now() / TN_SECOND;
	int r;

	if (!tn__http_is_value(c.type))
		return tn_error_set(-EINVAL, "HTTP reply: a type that no field "
		    "can hold");
	if (given->modified_ns > 0)
		c.modified = given->modified_ns / TN_SECOND;
	if (c.modified > now) /* section 8.8.2.1 */
		c.modified = now;
	if (given->file != NULL) {
		tn_file_info(given->file, &info);
		c.size = info.size;
	}
	r = content_lines(given, c.modified, &o);
	if (r < 0)
		return r;
	c.shared = tn_slice(lines, o.len);
	r = tn__http_content_reply(x, &c);
	return r > 0 ? tn_http_reply_status(x, r) : r;
}
