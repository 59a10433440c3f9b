/* Which of a program's routes answers a request.  Pure, without memory of its
 * own: patterns are read where they stand.
 *
 *     [HOST]/literal/{name}/{rest...}
 *
 * A {name} is one segment that is not empty; {rest...} and a "/" at the end are
 * everything beneath, the "/" itself included; {$} at the end is the "/" and
 * nothing beneath.  HOST is a name, or "*." and a name: whatever ends so.
 * Literals compare with the request's path decoded, segment by segment; a path
 * with "." or ".." among its segments, encoded or not, or with a "%" that
 * encodes nothing, is nobody's. */
#ifndef TN__HTTP_ROUTE_H
#define TN__HTTP_ROUTE_H

#include <tenon/buffer.h>
#include <tenon/http.h>

/* Looks at rows up to the one of zeros.  -EINVAL with words for a pattern that
 * is none, and for two of which neither is the more special one. */
int tn__http_routes_check(const struct tn_http_route *routes);

/* How two patterns stand to each other: no request is taken by both, the same
 * ones are, all that the first takes the second takes too, the other way
 * round, or some are taken by both and each takes others. */
enum tn__http_relation {
	TN__HTTP_APART,
	TN__HTTP_SAME,
	TN__HTTP_INSIDE, /* the first is the more special one */
	TN__HTTP_OUTSIDE,
	TN__HTTP_CROSS,
};

/* By host first: what is said of a host is meant for it. */
enum tn__http_relation tn__http_route_compare(const char *a, const char *b);

struct tn__http_target {
	struct tn_slice method;
	struct tn_slice host; /* [:port] and case are passed over */
	struct tn_slice path; /* still encoded */
};

/* The most special route that answers: by host, then by path, then one that
 * names the method.  NULL when there is none. */
const struct tn_http_route *tn__http_route_find(
    const struct tn_http_route *routes, const struct tn__http_target *target);

/* What an Allow field says of that host and path: "GET, HEAD, OPTIONS"; nothing
 * when no route answers it whatever the method.  -ENOMEM. */
int tn__http_route_methods(const struct tn_http_route *routes,
    const struct tn__http_target *target, struct tn_buffer *out);

/* The part of `path`, which `pattern` took, that stands for {name} or
 * {name...}, still encoded; data NULL when the pattern has none of that
 * name. */
struct tn_slice tn__http_route_part(const char *pattern,
    struct tn_slice path, const char *name);

/* That part decoded, into `out`, which has room for part.len bytes: how many
 * they became. */
size_t tn__http_route_decode(struct tn_slice part, char *out);

#endif
