#include <tenon/number.h>

#include "proto/http/http_class.h"
#include "proto/http/wire.h"

/* The names of one length; `name` is written in lower case. */
struct name_row {
	const char *name;
	enum tn__http_name id;
};

#define NAME_ROWS 3 /* the most that share a length */

static const struct name_row name_rows[][NAME_ROWS] = {
	[4] = { { "host", TN__HTTP_HOST } },
	[5] = { { "range", TN__HTTP_RANGE } },
	[6] = { { "accept", TN__HTTP_ACCEPT }, { "cookie", TN__HTTP_COOKIE },
	    { "expect", TN__HTTP_EXPECT } },
	[7] = { { "referer", TN__HTTP_REFERER },
	    { "upgrade", TN__HTTP_UPGRADE } },
	[8] = { { "if-match", TN__HTTP_IF_MATCH },
	    { "if-range", TN__HTTP_IF_RANGE },
	    { "location", TN__HTTP_LOCATION } },
	[10] = { { "connection", TN__HTTP_CONNECTION },
	    { "user-agent", TN__HTTP_USER_AGENT } },
	[12] = { { "content-type", TN__HTTP_CONTENT_TYPE } },
	[13] = { { "authorization", TN__HTTP_AUTHORIZATION },
	    { "if-none-match", TN__HTTP_IF_NONE_MATCH } },
	[14] = { { "content-length", TN__HTTP_CONTENT_LENGTH } },
	[15] = { { "accept-encoding", TN__HTTP_ACCEPT_ENCODING } },
	[17] = { { "if-modified-since", TN__HTTP_IF_MODIFIED_SINCE },
	    { "transfer-encoding", TN__HTTP_TRANSFER_ENCODING } },
	[19] = { { "if-unmodified-since", TN__HTTP_IF_UNMODIFIED_SINCE } },
};

/* Bit 0x20 makes an upper case letter a lower case one, and no other byte of a
 * token becomes a letter or "-" by it. */
static bool
name_is(struct tn_slice token, const char *lower)
{
	for (size_t i = 0; i < token.len; i++)
		if ((token.data[i] | 0x20) != lower[i])
			return false;
	return true;
}

enum tn__http_name
tn__http_name(struct tn_slice name)
{
	const struct name_row *row;

	if (name.len >= TN_COUNT(name_rows))
		return TN__HTTP_OTHER;
	row = name_rows[name.len];
	for (int i = 0; i < NAME_ROWS && row[i].name != NULL; i++)
		if (name_is(name, row[i].name))
			return row[i].id;
	return TN__HTTP_OTHER;
}

enum tn__http_method
tn__http_method(struct tn_slice name)
{
	static const struct tn_slice methods[] = {
		[TN__HTTP_CONNECT] = TN_SLICE("CONNECT"),
		[TN__HTTP_DELETE] = TN_SLICE("DELETE"),
		[TN__HTTP_GET] = TN_SLICE("GET"),
		[TN__HTTP_HEAD] = TN_SLICE("HEAD"),
		[TN__HTTP_OPTIONS] = TN_SLICE("OPTIONS"),
		[TN__HTTP_PATCH] = TN_SLICE("PATCH"),
		[TN__HTTP_POST] = TN_SLICE("POST"),
		[TN__HTTP_PUT] = TN_SLICE("PUT"),
		[TN__HTTP_TRACE] = TN_SLICE("TRACE"),
	};

	for (unsigned i = 1; i < TN_COUNT(methods); i++)
		if (tn_slice_equal(name, methods[i]))
			return (enum tn__http_method)i;
	return TN__HTTP_EXTENSION;
}

struct tn_slice
tn__http_field(const struct tn__http_head *h, struct tn_slice head,
    const char *name)
{
	for (uint32_t i = 0; i < h->fields_count; i++)
		if (tn_slice_equal_nocase(
		        tn__http_text(head, h->fields[i].name), name))
			return tn__http_text(head, h->fields[i].value);
	return tn_slice(NULL, 0);
}

bool
tn__http_is_token(struct tn_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!tn__http_is(text.data[i], TN__HTTP_TOKEN))
			return false;
	return text.len > 0;
}

bool
tn__http_is_value(struct tn_slice text)
{
	return tn__http_value_run(text) == text.len &&
	    tn_slice_trim(text).len == text.len;
}
