/* Routes of HTTP: who answers does not depend on the order of the table, how
 * two patterns stand to each other is what paths say, and what stands for a
 * name is a part of the path.  The first line is host and path, each other one
 * a pattern. */
#include <errno.h>
#include <tenon/error.h>

#include "fuzz/fuzz.h"
#include "proto/http/route.h"

#define ROUTES 5

static int
handler(struct tn_http_exchange *x, void *arg)
{
	return 0;
}

static void
check_pair(const struct tn_http_route *a, const struct tn_http_route *b,
    const struct tn__http_target *target)
{
	static const enum tn__http_relation turned[] = {
		[TN__HTTP_APART] = TN__HTTP_APART,
		[TN__HTTP_SAME] = TN__HTTP_SAME,
		[TN__HTTP_INSIDE] = TN__HTTP_OUTSIDE,
		[TN__HTTP_OUTSIDE] = TN__HTTP_INSIDE,
		[TN__HTTP_CROSS] = TN__HTTP_CROSS,
	};
	struct tn_http_route one[] = { *a, { 0 } }, other[] = { *b, { 0 } };
	enum tn__http_relation relation =
	    tn__http_route_compare(a->pattern, b->pattern);
	bool first, second;

	one->method = other->method = NULL;
	first = tn__http_route_find(one, target) != NULL;
	second = tn__http_route_find(other, target) != NULL;
	assert(tn__http_route_compare(b->pattern, a->pattern) ==
	    turned[relation]);
	if (first && second)
		assert(relation != TN__HTTP_APART);
	if (relation == TN__HTTP_SAME)
		assert(first == second);
}

static void
check_parts(const struct tn_http_route *route,
    const struct tn__http_target *target)
{
	const char *open = strchr(route->pattern, '{');
	const char *end = open == NULL ? NULL : strpbrk(open, ".}");
	struct tn_slice part;
	char *name;

	if (open == NULL || open[1] == '$')
		return;
	name = fuzz_string(tn_slice(open + 1, (size_t)(end - open) - 1));
	part = tn__http_route_part(route->pattern, target->path, name);
	assert(part.data != NULL);
	assert(part.data >= target->path.data &&
	    part.data + part.len <= target->path.data + target->path.len);
	if (*end == '}')
		assert(part.len > 0 && tn_slice_find(part, '/') < 0);
	free(name);
}

static void
check_table(const struct tn_http_route *routes, size_t count,
    const struct tn__http_target *target)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer allow = { 0 };
	struct tn_http_route back[ROUTES + 1] = { { 0 } };
	const struct tn_http_route *best, *again;

	for (size_t i = 0; i < count; i++) {
		back[count - 1 - i] = routes[i];
		for (size_t j = 0; j < count; j++)
			check_pair(&routes[i], &routes[j], target);
	}
	best = tn__http_route_find(routes, target);
	again = tn__http_route_find(back, target);
	assert((best == NULL) == (again == NULL));
	fuzz_must(tn__http_route_methods(routes, target, &allow));
	if (best == NULL)
		return;
	assert(strcmp(best->pattern, again->pattern) == 0);
	assert(best->method == again->method);
	assert((best->method == NULL) || allow.len > 0);
	check_parts(best, target);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const methods[] = { "GET", NULL, "PUT", "HEAD" };
	struct tn_slice in = tn_slice(bytes, size), line;
	struct tn_http_route routes[ROUTES + 1] = { { 0 } };
	struct tn__http_target target = { .method = TN_SLICE("GET") };
	char *patterns[ROUTES];
	size_t count = 0;
	ssize_t slash;

	if (size > 400)
		return 0;
	line = tn_slice_split(&in, '\n');
	slash = tn_slice_find(line, '/');
	target.host = tn_slice_head(line, slash < 0 ? 0 : (size_t)slash);
	target.path = tn_slice_skip(line, target.host.len);
	while (in.data != NULL && count < ROUTES) {
		line = tn_slice_split(&in, '\n');
		routes[count].method = methods[fuzz_byte(&line) & 3];
		routes[count].handler = handler;
		patterns[count] = fuzz_string(line);
		routes[count].pattern = patterns[count];
		count++;
	}
	if (tn__http_routes_check(routes) == 0)
		check_table(routes, count, &target);
	while (count > 0)
		free(patterns[--count]);
	return 0;
}
