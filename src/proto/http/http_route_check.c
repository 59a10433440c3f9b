/* A table of routes, looked at once: what is no pattern, and what leaves open
 * who answers. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "proto/http/route.h"
#include "proto/http/wire.h"

static int
check_bad(const struct tn_http_route *route, const char *why)
{
	return tn_error_set(-EINVAL, "HTTP route \"%s\": %s", route->pattern,
	    why);
}

static const char *
check_host(struct tn_slice host)
{
	if (tn_slice_starts(host, TN_SLICE("*.")))
		host = tn_slice_skip(host, 2);
	else if (host.len == 0)
		return NULL;
	if (host.len == 0 || tn_slice_find(host, ':') >= 0 ||
	    tn_slice_find(host, '*') >= 0 || !tn__http_is_host(host))
		return "its host is no name, or \"*.\" and a name, without a "
		       "port";
	return NULL;
}

/* Whether a name stands in one of the segments before `end` too. */
static bool
check_repeated(struct tn_slice path, const char *end, struct tn_slice name)
{
	struct tn_slice rest = tn_slice(path.data, (size_t)(end - path.data));

	while (rest.data != NULL) {
		struct tn_slice s = tn_slice_split(&rest, '/');

		if (s.len < 2 || s.data[0] != '{')
			continue;
		s = tn_slice(s.data + 1, s.len - 2);
		if (tn_slice_ends(s, TN_SLICE("...")))
			s.len -= 3;
		if (tn_slice_equal(s, name))
			return true;
	}
	return false;
}

static const char *
check_segment(struct tn_slice path, struct tn_slice s, bool last)
{
	struct tn_slice name;

	if (s.len == 0)
		return last ? NULL : "an empty segment is never asked for";
	if (s.data[0] != '{') {
		if (tn_slice_equal(s, TN_SLICE(".")) ||
		    tn_slice_equal(s, TN_SLICE("..")))
			return "\".\" and \"..\" are never asked for";
		return tn_slice_find(s, '{') < 0 && tn_slice_find(s, '}') < 0 ?
		    NULL : "a {name} is a whole segment";
	}
	if (s.data[s.len - 1] != '}')
		return "a { without its }";
	name = tn_slice(s.data + 1, s.len - 2);
	if (tn_slice_equal(name, TN_SLICE("$")))
		return last ? NULL : "{$} stands at the end only";
	if (tn_slice_ends(name, TN_SLICE("..."))) {
		name.len -= 3;
		if (!last)
			return "{name...} stands at the end only";
	}
	if (name.len == 0)
		return "a {} without a name";
	for (size_t i = 0; i < name.len; i++)
		if (!tn_is_alpha(name.data[i]) && !tn_is_digit(name.data[i]) &&
		    name.data[i] != '_')
			return "a name is letters, digits and \"_\"";
	return check_repeated(path, s.data, name) ?
	    "it has a name twice" : NULL;
}

static int
check_route(const struct tn_http_route *route)
{
	struct tn_slice path = tn_slice_str(route->pattern);
	ssize_t slash = tn_slice_find(path, '/');
	struct tn_slice rest;
	const char *why;

	if (route->handler == NULL)
		return check_bad(route, "it has no handler");
	if (route->method != NULL &&
	    !tn__http_is_token(tn_slice_str(route->method)))
		return check_bad(route, "its method is no token");
	if (slash < 0)
		return check_bad(route, "it has no \"/\"");
	why = check_host(tn_slice_head(path, (size_t)slash));
	path = rest = tn_slice_skip(path, (size_t)slash + 1);
	while (why == NULL && rest.data != NULL) {
		struct tn_slice s = tn_slice_split(&rest, '/');

		why = check_segment(path, s, rest.data == NULL);
	}
	return why == NULL ? 0 : check_bad(route, why);
}

static bool
check_share_method(const struct tn_http_route *a,
    const struct tn_http_route *b)
{
	return a->method == NULL || b->method == NULL ?
	    a->method == b->method : strcmp(a->method, b->method) == 0;
}

int
tn__http_routes_check(const struct tn_http_route *routes)
{
	for (const struct tn_http_route *a = routes; a->pattern != NULL; a++) {
		int r = check_route(a);

		if (r < 0)
			return r;
		for (const struct tn_http_route *b = routes; b < a; b++) {
			enum tn__http_relation relation =
			    tn__http_route_compare(a->pattern, b->pattern);

			if (relation == TN__HTTP_CROSS)
				return tn_error_set(-EINVAL, "HTTP routes "
				    "\"%s\" and \"%s\": both answer some path, "
				    "and neither is the more special one",
				    b->pattern, a->pattern);
			if (relation == TN__HTTP_SAME &&
			    check_share_method(a, b))
				return tn_error_set(-EINVAL, "HTTP routes "
				    "\"%s\" and \"%s\": they answer the same",
				    b->pattern, a->pattern);
		}
	}
	return 0;
}
