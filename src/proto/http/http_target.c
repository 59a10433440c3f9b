#include <tenon/error.h>
#include <tenon/ip.h>
#include <tenon/number.h>

#include "proto/http/http_class.h"
#include "proto/http/http_head.h"

/* ":" and a port, which may be empty where `needed` is false. */
static bool
target_is_port(struct tn_slice text, bool needed)
{
	uint64_t port;

	if (text.len == 0)
		return !needed;
	if (text.data[0] != ':')
		return false;
	text = tn_slice_skip(text, 1);
	if (text.len == 0)
		return !needed;
	return text.len <= 5 && tn_parse_uint(text, UINT16_MAX, &port) == 0;
}

/* Length of the IP literal in brackets at the start, 0 when it is none.  A zone
 * means something on one machine only and has no place in a message. */
static size_t
target_ip_literal(struct tn_slice text)
{
	ssize_t end = tn_slice_find(text, ']');
	struct tn_slice inside;
	struct tn_ip ip;

	if (end < 0)
		return 0;
	inside = tn_slice_skip(tn_slice_head(text, (size_t)end), 1);
	if (tn_slice_find(inside, '%') >= 0 || tn_ip_parse(inside, &ip) < 0 ||
	    ip.family != 6)
		return 0;
	return (size_t)end + 1;
}

/* Length of the reg-name at the start (RFC 3986 section 3.2.2), which an IPv4
 * address is too. */
static size_t
target_regname(struct tn_slice text)
{
	size_t n = 0;

	for (;;) {
		if (n < text.len && tn__http_is(text.data[n], TN__HTTP_REGNAME))
			n++;
		else if (text.len - n >= 3 && text.data[n] == '%' &&
		    tn_hex_value(text.data[n + 1]) >= 0 &&
		    tn_hex_value(text.data[n + 2]) >= 0)
			n += 3;
		else
			return n;
	}
}

static bool
target_is_host(struct tn_slice text, bool port_needed)
{
	bool literal = text.len > 0 && text.data[0] == '[';
	size_t n = literal ? target_ip_literal(text) : target_regname(text);

	return n > 0 && target_is_port(tn_slice_skip(text, n), port_needed);
}

bool
tn__http_is_host(struct tn_slice text)
{
	return text.len == 0 || target_is_host(text, false);
}

bool
tn__http_is_authority(struct tn_slice text)
{
	return target_is_host(text, true);
}

/* Cuts what begins at `at` and ends with the target into path and query. */
static void
target_cut(struct tn__http_head *h, struct tn_slice in, uint32_t at)
{
	uint32_t end = h->target.at + h->target.len;
	struct tn_slice rest = tn_slice_skip(tn_slice_head(in, end), at);
	ssize_t mark = tn_slice_find(rest, '?');

	h->path.at = at;
	h->path.len = mark < 0 ? end - at : (uint32_t)mark;
	h->has_query = mark >= 0;
	if (mark >= 0) {
		h->query.at = at + (uint32_t)mark + 1;
		h->query.len = end - h->query.at;
	}
}

static int
target_bad(struct tn__http_head *h, struct tn_slice in, const char *why)
{
	return tn__http_refuse(h, in, h->target.at + h->target.len - 1,
	    TN_EPROTO, 400, why);
}

/* absolute-form, RFC 9112 section 3.2.2: "http://host:port/path?query".  User
 * names are refused as RFC 9110 section 4.2.4 asks. */
static int
target_absolute(struct tn__http_head *h, struct tn_slice in)
{
	struct tn_slice text = tn__http_text(in, h->target);
	uint32_t skip, n = 0;

	if (tn_slice_equal_nocase(tn_slice_head(text, 7), "http://"))
		skip = 7;
	else if (tn_slice_equal_nocase(tn_slice_head(text, 8), "https://"))
		skip = 8;
	else
		return target_bad(h, in, "a target begins with \"/\", "
		    "\"http://\" or \"https://\"");
	text = tn_slice_skip(text, skip);
	while (n < text.len && text.data[n] != '/' && text.data[n] != '?')
		n++;
	if (!target_is_host(tn_slice_head(text, n), false))
		return target_bad(h, in, "no valid host in the target");
	h->form = TN__HTTP_ABSOLUTE;
	h->host.at = h->target.at + skip;
	h->host.len = n;
	target_cut(h, in, h->host.at + n);
	return 0;
}

int
tn__http_target_parse(struct tn__http_head *h, struct tn_slice in)
{
	struct tn_slice text = tn__http_text(in, h->target);

	if (h->verb == TN__HTTP_CONNECT) {
		if (!tn__http_is_authority(text))
			return target_bad(h, in,
			    "the target of CONNECT is host:port");
		h->form = TN__HTTP_AUTHORITY;
		h->host = h->target;
		return 0;
	}
	if (text.data[0] == '/') {
		h->form = TN__HTTP_ORIGIN;
		target_cut(h, in, h->target.at);
		return 0;
	}
	if (tn_slice_equal(text, TN_SLICE("*"))) {
		if (h->verb != TN__HTTP_OPTIONS)
			return target_bad(h, in,
			    "the target \"*\" is for OPTIONS only");
		h->form = TN__HTTP_ASTERISK;
		h->path = h->target;
		return 0;
	}
	return target_absolute(h, in);
}

struct tn_slice
tn__http_path(const struct tn__http_head *h, struct tn_slice head)
{
	if (h->form != TN__HTTP_ABSOLUTE || h->path.len > 0)
		return tn__http_text(head, h->path);
	/* RFC 9112 section 3.2.4: "OPTIONS http://host" is OPTIONS *. */
	return h->verb == TN__HTTP_OPTIONS && !h->has_query ? TN_SLICE("*")
							    : TN_SLICE("/");
}
