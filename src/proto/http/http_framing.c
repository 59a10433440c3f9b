#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "proto/http/http_class.h"
#include "proto/http/http_head.h"

/* A refusal on account of `field`. */
static int
framing_bad(struct tn__http_head *h, struct tn_slice in,
    const struct tn__http_field *field, int code, int status, const char *why)
{
	return tn__http_refuse(h, in, field->value.at + field->value.len - 1,
	    code, status, why);
}

/* Cuts the first element off a list (RFC 9110 section 5.6.1), without white
 * space around it. */
static struct tn_slice
framing_element(struct tn_slice *list)
{
	return tn_slice_trim(tn_slice_split(list, ','));
}

static bool
framing_again(const struct tn__http_head *h, uint32_t index)
{
	return h->first[h->fields[index].id] != index + 1;
}

/* RFC 9112 section 3.2. */
static int
framing_host(struct tn__http_head *h, struct tn_slice in, uint32_t index)
{
	struct tn__http_field *field = &h->fields[index];

	if (h->response)
		return 0;
	if (framing_again(h, index))
		return framing_bad(h, in, field, TN_EPROTO, 400,
		    "more than one Host");
	if (!tn__http_is_host(tn__http_text(in, field->value)))
		return framing_bad(h, in, field, TN_EPROTO, 400,
		    "Host is no host and port");
	if (h->form == TN__HTTP_ORIGIN || h->form == TN__HTTP_ASTERISK)
		h->host = field->value;
	return 0;
}

/* RFC 9110 section 8.6 allows to take "5, 5" and a repeated "5" for 5, or to
 * refuse them.  No honest sender writes them, so they are refused. */
static int
framing_length(struct tn__http_head *h, struct tn_slice in, uint32_t index)
{
	struct tn__http_field *field = &h->fields[index];
	struct tn_slice text = tn__http_text(in, field->value);
	uint64_t length;

	if (framing_again(h, index))
		return framing_bad(h, in, field, TN_EPROTO, 400,
		    "more than one Content-Length");
	if (text.len > 19 || tn_parse_uint(text, INT64_MAX, &length) < 0)
		return framing_bad(h, in, field, TN_EPROTO, 400,
		    "Content-Length is no number of bytes");
	h->content_length = (int64_t)length;
	return 0;
}

/* RFC 9112 section 6.1.  Over all lines together "chunked" stands last and
 * once; what else there is we do not decode.  Empty elements are no use to
 * anybody but a smuggler. */
static int
framing_codings(struct tn__http_head *h, struct tn_slice in, uint32_t index)
{
	struct tn__http_field *field = &h->fields[index];
	struct tn_slice list = tn__http_text(in, field->value);

	do {
		struct tn_slice parameters = framing_element(&list);
		struct tn_slice coding =
		    tn_slice_trim(tn_slice_split(&parameters, ';'));

		if (!tn__http_is_token(coding))
			return framing_bad(h, in, field, TN_EPROTO, 400,
			    "Transfer-Encoding is no list of codings");
		if (h->coding_chunked)
			return framing_bad(h, in, field, TN_EPROTO, 400,
			    "a transfer coding behind \"chunked\"");
		h->coding_chunked = tn_slice_equal_nocase(coding, "chunked");
		if (h->coding_chunked && parameters.data != NULL)
			return framing_bad(h, in, field, TN_EPROTO, 400,
			    "\"chunked\" has no parameters");
		h->coding_unknown |= !h->coding_chunked;
	} while (list.data != NULL);
	return 0;
}

/* RFC 9110 section 7.6.1: tokens that concern this connection only. */
static int
framing_connection(struct tn__http_head *h, struct tn_slice in, uint32_t index)
{
	struct tn_slice list = tn__http_text(in, h->fields[index].value);

	do {
		struct tn_slice option = framing_element(&list);

		if (tn_slice_equal_nocase(option, "close"))
			h->connection_close = true;
		else if (tn_slice_equal_nocase(option, "keep-alive"))
			h->connection_keep_alive = true;
		else if (tn_slice_equal_nocase(option, "upgrade"))
			h->connection_upgrade = true;
	} while (list.data != NULL);
	return 0;
}

/* RFC 9110 section 10.1.1; to HTTP/1.0 the field means nothing. */
static int
framing_expect(struct tn__http_head *h, struct tn_slice in, uint32_t index)
{
	struct tn__http_field *field = &h->fields[index];
	struct tn_slice list = tn__http_text(in, field->value);

	if (h->response || h->version < 11)
		return 0;
	do {
		struct tn_slice expectation = framing_element(&list);

		if (tn_slice_equal_nocase(expectation, "100-continue"))
			h->expect_continue = true;
		else if (expectation.len > 0)
			return framing_bad(h, in, field, -EOPNOTSUPP, 417,
			    "an expectation that is not \"100-continue\"");
	} while (list.data != NULL);
	return 0;
}

int
tn__http_field_read(struct tn__http_head *h, struct tn_slice in, uint32_t index)
{
	switch (h->fields[index].id) {
	case TN__HTTP_HOST:
		return framing_host(h, in, index);
	case TN__HTTP_CONTENT_LENGTH:
		return framing_length(h, in, index);
	case TN__HTTP_TRANSFER_ENCODING:
		return framing_codings(h, in, index);
	case TN__HTTP_CONNECTION:
		return framing_connection(h, in, index);
	case TN__HTTP_EXPECT:
		return framing_expect(h, in, index);
	default:
		return 0;
	}
}

/* RFC 9112 section 6.3: responses that end with their head whatever it says. */
static bool
framing_is_bodiless(const struct tn__http_head *h)
{
	return h->response &&
	    (h->asked == TN__HTTP_HEAD || h->status / 100 == 1 ||
	        h->status == 204 || h->status == 304 ||
	        (h->asked == TN__HTTP_CONNECT && h->status / 100 == 2));
}

/* The rest of section 6.3. */
static int
framing_decide(struct tn__http_head *h, struct tn_slice in)
{
	bool chunked = h->coding_chunked, unknown = h->coding_unknown;
	uint32_t index = h->first[TN__HTTP_TRANSFER_ENCODING];
	const struct tn__http_field *field = &h->fields[index - (index > 0)];

	if (index > 0 && h->version < 11)
		return framing_bad(h, in, field, TN_EPROTO, 400,
		    "Transfer-Encoding in HTTP/1.0");
	if (index > 0 && h->content_length >= 0)
		return framing_bad(h, in, field, TN_EPROTO, 400,
		    "Transfer-Encoding and Content-Length");
	if (framing_is_bodiless(h))
		h->framing = TN__HTTP_NO_BODY;
	else if (unknown && (chunked || h->response))
		return framing_bad(h, in, field, -EOPNOTSUPP, 501,
		    "a transfer coding that is not known here");
	else if (unknown)
		return framing_bad(h, in, field, TN_EPROTO, 400,
		    "the last transfer coding is not \"chunked\"");
	else if (chunked)
		h->framing = TN__HTTP_CHUNKED;
	else if (h->content_length >= 0)
		h->framing = TN__HTTP_LENGTH;
	else if (h->response)
		h->framing = TN__HTTP_UNTIL_CLOSE;
	return 0;
}

/* RFC 9112 section 9.3 and RFC 9110 section 7.8. */
static void
framing_connection_decide(struct tn__http_head *h)
{
	h->keep_alive = !h->connection_close &&
	    (h->version >= 11 || h->connection_keep_alive) &&
	    h->framing != TN__HTTP_UNTIL_CLOSE;
	h->upgrade = h->version >= 11 && h->connection_upgrade &&
	    h->first[TN__HTTP_UPGRADE] > 0;
}

int
tn__http_head_finish(struct tn__http_head *h, struct tn_slice in)
{
	int r;

	if (!h->response && h->version >= 11 && h->first[TN__HTTP_HOST] == 0)
		return tn__http_refuse(h, in, (uint32_t)in.len - 1, TN_EPROTO,
		    400, "no Host, which HTTP/1.1 needs");
	r = framing_decide(h, in);
	if (r == 0)
		framing_connection_decide(h);
	return r;
}
