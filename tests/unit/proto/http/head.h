/* Heads as one line of text, and parsed in pieces: for the tests of the head
 * parser. */
#ifndef TESTS_UNIT_HTTP_HEAD_H
#define TESTS_UNIT_HTTP_HEAD_H

#include "unit/base/check.h"

#include <stdio.h>
#include <tenon/error.h>

#include "proto/http/wire.h"

#define HEAD_FIELDS 8

struct head {
	struct tn__http_head h;
	struct tn__http_field fields[HEAD_FIELDS];
	char text[1024];        /* see head_describe() */
};

static const struct tn__http_limits head_limits = {
	.line_bytes_max = 80,
	.fields_bytes_max = 200,
	.fields_max = HEAD_FIELDS,
};

static inline void
head_init(struct head *head, bool response, enum tn__http_method asked)
{
	if (response)
		tn__http_response_init(&head->h, asked, &head_limits,
		    head->fields);
	else
		tn__http_request_init(&head->h, &head_limits, head->fields);
}

static inline const char *
head_framing(const struct tn__http_head *h)
{
	static char length[32];

	switch (h->framing) {
	case TN__HTTP_NO_BODY:
		return "none";
	case TN__HTTP_CHUNKED:
		return "chunked";
	case TN__HTTP_UNTIL_CLOSE:
		return "until close";
	case TN__HTTP_LENGTH:
		break;
	}
	snprintf(length, sizeof(length), "%lld",
	    (long long)h->content_length);
	return length;
}

#define HEAD_TEXT(slice) (int)(slice).len, (slice).data

/* "GET /path ?query @host 1.1 none keep", then the fields, each as
 * " [name=value]". */
static inline void
head_describe(struct head *head, struct tn_slice in)
{
	static const char *const forms[] = { "", "absolute ", "authority ",
		"asterisk " };
	const struct tn__http_head *h = &head->h;
	char *out = head->text;
	size_t size = sizeof(head->text), n = 0;

	if (h->response) {
		n += (size_t)snprintf(out + n, size - n, "%d \"%.*s\"",
		    h->status, HEAD_TEXT(tn__http_text(in, h->reason)));
	} else {
		n += (size_t)snprintf(out + n, size - n, "%.*s %s%.*s",
		    HEAD_TEXT(tn__http_text(in, h->method)), forms[h->form],
		    HEAD_TEXT(tn__http_path(h, in)));
		if (h->has_query)
			n += (size_t)snprintf(out + n, size - n, " ?%.*s",
			    HEAD_TEXT(tn__http_text(in, h->query)));
		n += (size_t)snprintf(out + n, size - n, " @%.*s",
		    HEAD_TEXT(tn__http_text(in, h->host)));
	}
	n += (size_t)snprintf(out + n, size - n, " 1.%d %s %s%s%s",
	    h->version - 10, head_framing(h), h->keep_alive ? "keep" : "close",
	    h->expect_continue ? " continue" : "", h->upgrade ? " upgrade" : "");
	for (uint32_t i = 0; i < h->fields_count; i++)
		n += (size_t)snprintf(out + n, size - n, " [%.*s=%.*s]",
		    HEAD_TEXT(tn__http_text(in, h->fields[i].name)),
		    HEAD_TEXT(tn__http_text(in, h->fields[i].value)));
}

/* All at once, from memory that ends where `in` does. */
static inline int
head_whole(struct head *head, struct tn_slice in)
{
	struct tn_slice exact = check_exact(in);
	int r = tn__http_head_parse(&head->h, exact);

	if (r > 0)
		head_describe(head, exact);
	check_exact_free(exact);
	return r;
}

/* `step` bytes at a time, elsewhere in memory each time. */
static inline int
head_pieces(struct head *head, struct tn_slice in, size_t step)
{
	int r = 0;

	for (size_t len = step; r == 0 && len < in.len + step; len += step)
		r = head_whole(head, tn_slice_head(in, len));
	return r;
}

#endif
