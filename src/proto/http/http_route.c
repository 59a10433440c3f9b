#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "proto/http/route.h"

/* ---- patterns ----------------------------------------------------------- */

enum route_kind { ROUTE_LITERAL, ROUTE_ONE, ROUTE_REST, ROUTE_END };

struct route_segment {
	enum route_kind kind;
	struct tn_slice text; /* of a literal; else the name, perhaps empty */
};

/* Cuts HOST off. */
static struct tn_slice
route_host(struct tn_slice *pattern)
{
	ssize_t slash = tn_slice_find(*pattern, '/');
	struct tn_slice host = tn_slice_head(*pattern, (size_t)slash);

	*pattern = tn_slice_skip(*pattern, (size_t)slash);
	return host;
}

/* The next segment of a pattern that begins with "/"; false at its end. */
static bool
route_next(struct tn_slice *pattern, struct route_segment *ret)
{
	struct tn_slice rest = tn_slice_skip(*pattern, 1);
	size_t len = 0;

	if (pattern->len == 0)
		return false;
	while (len < rest.len && rest.data[len] != '/')
		len++;
	*pattern = tn_slice_skip(rest, len);
	rest = tn_slice_head(rest, len);
	ret->kind = len == 0 ? ROUTE_REST : ROUTE_LITERAL;
	ret->text = rest;
	if (len < 2 || rest.data[0] != '{')
		return true;
	ret->text = tn_slice(rest.data + 1, len - 2);
	ret->kind = ROUTE_ONE;
	if (tn_slice_equal(ret->text, TN_SLICE("$")))
		ret->kind = ROUTE_END;
	if (tn_slice_ends(ret->text, TN_SLICE("..."))) {
		ret->text.len -= 3;
		ret->kind = ROUTE_REST;
	}
	return true;
}

/* ---- against a path ----------------------------------------------------- */

/* Takes a byte, decoded; -1 for what is badly encoded. */
static int
route_byte(struct tn_slice *text)
{
	unsigned char c = (unsigned char)text->data[0];
	int high, low;

	if (c != '%') {
		*text = tn_slice_skip(*text, 1);
		return c;
	}
	if (text->len < 3)
		return -1;
	high = tn_hex_value(text->data[1]);
	low = tn_hex_value(text->data[2]);
	*text = tn_slice_skip(*text, 3);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool
route_is(struct tn_slice encoded, struct tn_slice literal)
{
	while (encoded.len > 0 && literal.len > 0) {
		if (route_byte(&encoded) != (unsigned char)literal.data[0])
			return false;
		literal = tn_slice_skip(literal, 1);
	}
	return encoded.len == 0 && literal.len == 0;
}

/* Takes a "/" and what follows up to the next. */
static struct tn_slice
route_path_next(struct tn_slice *path)
{
	struct tn_slice segment = tn_slice_skip(*path, 1);
	size_t len = 0;

	while (len < segment.len && segment.data[len] != '/')
		len++;
	*path = tn_slice_skip(segment, len);
	return tn_slice_head(segment, len);
}

static bool
route_is_encoded(struct tn_slice path)
{
	while (path.len > 0)
		if (route_byte(&path) < 0)
			return false;
	return true;
}

/* Whether a path may be asked for at all. */
static bool
route_path_valid(struct tn_slice path)
{
	if (!tn_slice_starts(path, TN_SLICE("/")) || !route_is_encoded(path))
		return false;
	while (path.len > 0) {
		struct tn_slice segment = route_path_next(&path);

		if (route_is(segment, TN_SLICE(".")) ||
		    route_is(segment, TN_SLICE("..")))
			return false;
	}
	return true;
}

/* Whether a pattern without its host takes the path.  With a name, `*ret_part`
 * is what stands for it. */
static bool
route_takes(struct tn_slice pattern, struct tn_slice path, const char *name,
    struct tn_slice *ret_part)
{
	struct tn_slice wanted = tn_slice_str(name);
	struct route_segment s;

	while (route_next(&pattern, &s)) {
		struct tn_slice before = path, part;

		if (path.len == 0)
			return false;
		part = route_path_next(&path);
		if (s.kind == ROUTE_REST)
			part = tn_slice_skip(before, 1);
		if (name != NULL && s.kind >= ROUTE_ONE &&
		    tn_slice_equal(s.text, wanted))
			*ret_part = part;
		if (s.kind == ROUTE_REST)
			return true;
		if (s.kind == ROUTE_END)
			return part.len == 0 && path.len == 0;
		if (s.kind == ROUTE_ONE ? part.len == 0 :
					  !route_is(part, s.text))
			return false;
	}
	return path.len == 0;
}

struct tn_slice
tn__http_route_part(const char *pattern, struct tn_slice path,
    const char *name)
{
	struct tn_slice rest = tn_slice_str(pattern);
	struct tn_slice part = { NULL, 0 };

	(void)route_host(&rest);
	(void)route_takes(rest, path, name, &part);
	return part;
}

size_t
tn__http_route_decode(struct tn_slice part, char *out)
{
	size_t n = 0;

	while (part.len > 0)
		out[n++] = (char)route_byte(&part);
	return n;
}

/* ---- against a host ----------------------------------------------------- */

/* Without the port, and without the dot at the end of a full name. */
static struct tn_slice
route_host_name(struct tn_slice host)
{
	size_t len = host.len;

	while (len > 0 && tn_is_digit(host.data[len - 1]))
		len--;
	if (len > 0 && host.data[len - 1] == ':')
		host.len = len - 1;
	if (tn_slice_ends(host, TN_SLICE(".")))
		host.len--;
	return host;
}

static bool
route_same_name(struct tn_slice a, struct tn_slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (tn_lower(a.data[i]) != tn_lower(b.data[i]))
			return false;
	return true;
}

static bool
route_host_takes(struct tn_slice pattern, struct tn_slice name)
{
	if (pattern.len == 0)
		return true;
	if (pattern.data[0] != '*')
		return route_same_name(pattern, name);
	pattern = tn_slice_skip(pattern, 1); /* ".name" */
	return name.len > pattern.len &&
	    route_same_name(pattern, tn_slice_skip(name,
	        name.len - pattern.len));
}

/* ---- which is the more special one -------------------------------------- */

static enum tn__http_relation
route_relation(bool inside, bool outside)
{
	return inside && outside ? TN__HTTP_SAME :
	    inside ? TN__HTTP_INSIDE :
	    outside ? TN__HTTP_OUTSIDE : TN__HTTP_CROSS;
}

static enum tn__http_relation
route_compare_hosts(struct tn_slice a, struct tn_slice b)
{
	bool a_any = a.len > 0 && a.data[0] == '*';
	bool b_any = b.len > 0 && b.data[0] == '*';
	bool inside, outside;

	if (a.len == 0 || b.len == 0)
		return route_relation(b.len == 0, a.len == 0);
	if (route_same_name(a, b))
		return TN__HTTP_SAME;
	/* "*.a.b" lies within "*.b". */
	inside = b_any && route_host_takes(b, tn_slice_skip(a, a_any ? 1 : 0));
	outside = a_any && route_host_takes(a, tn_slice_skip(b, b_any ? 1 : 0));
	return inside || outside ? route_relation(inside, outside) :
				   TN__HTTP_APART;
}

/* One segment of each, of kinds that are not literals both. */
static void
route_compare_kinds(enum route_kind a, enum route_kind b, bool *inside,
    bool *outside)
{
	if (a == ROUTE_LITERAL || (a == ROUTE_ONE && b == ROUTE_REST))
		*outside = false;
	else if (b == ROUTE_LITERAL || (b == ROUTE_ONE && a == ROUTE_REST))
		*inside = false;
}

static enum tn__http_relation
route_compare_paths(struct tn_slice a, struct tn_slice b)
{
	bool inside = true, outside = true;
	struct route_segment x, y;

	for (;;) {
		bool more_a = route_next(&a, &x), more_b = route_next(&b, &y);

		if (!more_a && !more_b)
			return route_relation(inside, outside);
		if (!more_a || !more_b)
			return TN__HTTP_APART;
		if (x.kind == ROUTE_LITERAL && y.kind == ROUTE_LITERAL) {
			if (!tn_slice_equal(x.text, y.text))
				return TN__HTTP_APART;
			continue;
		}
		if ((x.kind == ROUTE_END) != (y.kind == ROUTE_END)) {
			if (x.kind == ROUTE_REST)
				return route_relation(false, outside);
			if (y.kind == ROUTE_REST)
				return route_relation(inside, false);
			return TN__HTTP_APART;
		}
		route_compare_kinds(x.kind, y.kind, &inside, &outside);
		/* A rest takes whatever follows in the other, and more. */
		if (x.kind == ROUTE_REST && y.kind == ROUTE_REST)
			return route_relation(inside, outside);
		if (x.kind == ROUTE_REST)
			return route_relation(false, outside);
		if (y.kind == ROUTE_REST)
			return route_relation(inside, false);
	}
}

/* By host first: what is said of a host is meant for it. */
enum tn__http_relation
tn__http_route_compare(const char *first, const char *second)
{
	struct tn_slice a = tn_slice_str(first), b = tn_slice_str(second);
	enum tn__http_relation hosts;
	struct tn_slice host = route_host(&a);

	hosts = route_compare_hosts(host, route_host(&b));
	return hosts == TN__HTTP_SAME ? route_compare_paths(a, b) : hosts;
}

/* ---- finding ------------------------------------------------------------ */

static bool
route_has_method(const struct tn_http_route *route, struct tn_slice method)
{
	struct tn_slice own = tn_slice_str(route->method);

	return route->method == NULL || tn_slice_equal(own, method) ||
	    (tn_slice_equal(own, TN_SLICE("GET")) &&
	        tn_slice_equal(method, TN_SLICE("HEAD")));
}

static bool
route_has_path(const struct tn_http_route *route,
    const struct tn__http_target *target)
{
	struct tn_slice pattern = tn_slice_str(route->pattern);
	struct tn_slice host = route_host(&pattern);

	return route_host_takes(host, route_host_name(target->host)) &&
	    route_takes(pattern, target->path, NULL, NULL);
}

/* Whether `a` rather than `b` answers what both would.  HEAD may have a route
 * of its own beside GET. */
static bool
route_before(const struct tn_http_route *a, const struct tn_http_route *b,
    struct tn_slice method)
{
	enum tn__http_relation relation =
	    tn__http_route_compare(a->pattern, b->pattern);

	if (relation != TN__HTTP_SAME)
		return relation == TN__HTTP_INSIDE;
	return b->method == NULL || tn_slice_equal(tn_slice_str(a->method),
	    method);
}

const struct tn_http_route *
tn__http_route_find(const struct tn_http_route *routes,
    const struct tn__http_target *target)
{
	const struct tn_http_route *best = NULL;

	if (!route_path_valid(target->path))
		return NULL;
	for (const struct tn_http_route *r = routes; r->pattern != NULL; r++)
		if (route_has_method(r, target->method) &&
		    route_has_path(r, target) &&
		    (best == NULL || route_before(r, best, target->method)))
			best = r;
	return best;
}

/* Whether one of the routes before `end` answers that method there. */
static bool
route_offered(const struct tn_http_route *routes,
    const struct tn_http_route *end, const char *method,
    const struct tn__http_target *target)
{
	for (const struct tn_http_route *r = routes; r != end; r++)
		if (r->method != NULL && strcmp(r->method, method) == 0 &&
		    route_has_path(r, target))
			return true;
	return false;
}

static int
route_offer(const char *method, size_t start, struct tn_buffer *out)
{
	return tn_buffer_printf(out, "%s%s", out->len > start ? ", " : "",
	    method);
}

int
tn__http_route_methods(const struct tn_http_route *routes,
    const struct tn__http_target *target, struct tn_buffer *out)
{
	const struct tn_http_route *i = routes;
	size_t start = out->len;
	int r = 0;

	if (!route_path_valid(target->path))
		return 0;
	for (; r == 0 && i->pattern != NULL; i++)
		if (i->method != NULL && route_has_path(i, target) &&
		    !route_offered(routes, i, i->method, target))
			r = route_offer(i->method, start, out);
	if (r == 0 && route_offered(routes, i, "GET", target) &&
	    !route_offered(routes, i, "HEAD", target))
		r = route_offer("HEAD", start, out);
	if (r == 0 && out->len > start &&
	    !route_offered(routes, i, "OPTIONS", target))
		r = route_offer("OPTIONS", start, out);
	return r;
}
