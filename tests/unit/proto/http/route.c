/* Which route answers, whatever the order of the table. */
#include "unit/base/check.h"

#include <tenon/error.h>

#include "proto/http/route.h"

static int
handler(struct tn_http_exchange *x, void *arg)
{
	return 0;
}

#define ROUTE(method, pattern) { method, pattern, handler, NULL }

static struct tn_http_route table[] = {
	ROUTE("GET", "/{$}"),
	ROUTE("GET", "/users"),
	ROUTE("GET", "/users/{id}"),
	ROUTE("DELETE", "/users/{id}"),
	ROUTE("HEAD", "/users/me"),
	ROUTE("GET", "/users/me"),
	ROUTE("GET", "/users/{id}/posts/{post}"),
	ROUTE(NULL, "/files/{path...}"),
	ROUTE("GET", "/files/new"),
	ROUTE("PUT", "/files/{path...}"),
	ROUTE("GET", "/static/"),
	ROUTE("GET", "/caf\xc3\xa9/a b"),
	ROUTE(NULL, "api.example.org/"),
	ROUTE("GET", "api.example.org/v1/{what}"),
	ROUTE(NULL, "*.example.org/"),
	ROUTE(NULL, "*.deep.example.org/"),
	{ 0 },
};

static const struct row {
	const char *name; /* method, host and path; NULL host below */
	const char *pattern; /* NULL: none */
	const char *method; /* of the route; NULL: any */
	const char *param, *part; /* still encoded */
} rows[] = {
	{ "GET h /", "/{$}", "GET", NULL, NULL },
	{ "GET h //", NULL, NULL, NULL, NULL },
	{ "HEAD h /", "/{$}", "GET", NULL, NULL },
	{ "POST h /", NULL, NULL, NULL, NULL },
	{ "GET h /users", "/users", "GET", NULL, NULL },
	{ "GET h /Users", NULL, NULL, NULL, NULL },
	{ "GET h /users/", NULL, NULL, NULL, NULL },
	{ "GET h /%75sers", "/users", "GET", NULL, NULL },
	{ "GET h /%75ser%", NULL, NULL, NULL, NULL },
	{ "GET h /user%7", NULL, NULL, NULL, NULL },
	{ "GET h /users/7%zz", NULL, NULL, NULL, NULL },
	{ "GET h /files/a%4", NULL, NULL, NULL, NULL },
	{ "GET h /users/7", "/users/{id}", "GET", "id", "7" },
	{ "GET h /users/a%2Fb", "/users/{id}", "GET", "id", "a%2Fb" },
	{ "DELETE h /users/7", "/users/{id}", "DELETE", "id", "7" },
	{ "PATCH h /users/7", NULL, NULL, NULL, NULL },
	{ "get h /users/7", NULL, NULL, NULL, NULL },
	{ "GET h /users/me", "/users/me", "GET", "id", NULL },
	{ "HEAD h /users/me", "/users/me", "HEAD", NULL, NULL },
	{ "DELETE h /users/me", "/users/{id}", "DELETE", "id", "me" },
	{ "GET h /users/7/posts/9", "/users/{id}/posts/{post}", "GET", "post",
	    "9" },
	{ "GET h /users/7/posts", NULL, NULL, NULL, NULL },
	{ "GET h /users//posts/9", NULL, NULL, NULL, NULL },
	{ "GET h /users/7/posts/9/", NULL, NULL, NULL, NULL },
	{ "GET h /files/a/b", "/files/{path...}", NULL, "path", "a/b" },
	{ "GET h /files/", "/files/{path...}", NULL, "path", "" },
	{ "GET h /files/a//b/", "/files/{path...}", NULL, "path", "a//b/" },
	{ "GET h /files", NULL, NULL, NULL, NULL },
	{ "GET h /files/new", "/files/new", "GET", NULL, NULL },
	{ "POST h /files/new", "/files/{path...}", NULL, "path", "new" },
	{ "PUT h /files/new", "/files/{path...}", "PUT", "path", "new" },
	{ "GET h /files/../users", NULL, NULL, NULL, NULL },
	{ "GET h /files/%2E%2e/users", NULL, NULL, NULL, NULL },
	{ "GET h /files/./a", NULL, NULL, NULL, NULL },
	{ "GET h /files/..a", "/files/{path...}", NULL, "path", "..a" },
	{ "GET h /static/a/b.css", "/static/", "GET", NULL, NULL },
	{ "GET h /caf%C3%A9/a%20b", "/caf\xc3\xa9/a b", "GET", NULL, NULL },
	{ "OPTIONS h *", NULL, NULL, NULL, NULL },
	{ "GET api.example.org /x", "api.example.org/", NULL, NULL, NULL },
	{ "GET API.Example.org:8080 /x", "api.example.org/", NULL, NULL,
	    NULL },
	{ "GET api.example.org. /users", "api.example.org/", NULL, NULL,
	    NULL },
	{ "GET api.example.org /v1/a", "api.example.org/v1/{what}", "GET",
	    "what", "a" },
	{ "PUT api.example.org /v1/a", "api.example.org/", NULL, NULL, NULL },
	{ "GET www.example.org /v1/a", "*.example.org/", NULL, NULL, NULL },
	{ "GET a.deep.example.org /", "*.deep.example.org/", NULL, NULL,
	    NULL },
	{ "GET example.org /users", "/users", "GET", NULL, NULL },
	{ "GET [::1]:80 /users", "/users", "GET", NULL, NULL },
};

static void
test_find(void **state)
{
	const struct row *t = *state;
	struct tn_slice rest = tn_slice_str(t->name);
	struct tn__http_target target;
	const struct tn_http_route *route;

	target.method = tn_slice_split(&rest, ' ');
	target.host = tn_slice_split(&rest, ' ');
	target.path = check_exact(rest);
	route = tn__http_route_find(table, &target);
	if (t->pattern == NULL) {
		assert_null(route);
	} else {
		assert_non_null(route);
		assert_string_equal(route->pattern, t->pattern);
		assert_string_equal(route->method == NULL ? "" : route->method,
		    t->method == NULL ? "" : t->method);
	}
	if (t->param != NULL) {
		struct tn_slice part = tn__http_route_part(route->pattern,
		    target.path, t->param);

		assert_int_equal(part.data == NULL, t->part == NULL);
		assert_true(tn_slice_equal(part, tn_slice_str(t->part)));
	}
	check_exact_free(target.path);
}

static const struct allow_row {
	const char *name; /* the path */
	const char *methods;
} allow[] = {
	{ "/", "GET, HEAD, OPTIONS" },
	{ "/users/7", "GET, DELETE, HEAD, OPTIONS" },
	{ "/users/me", "DELETE, GET, HEAD, OPTIONS" },
	{ "/files/x", "PUT, OPTIONS" },
	{ "/nowhere", "" },
	{ "/users/..", "" },
};

/* As a set: the order is the table's. */
static void
test_allow(void **state)
{
	const struct allow_row *t = *state;
	struct tn__http_target target = { .host = TN_SLICE("h"),
		.path = tn_slice_str(t->name) };
	struct tn_slice rest = tn_slice_str(t->methods);
	struct tn_buffer out = { 0 };

	assert_int_equal(tn__http_route_methods(table, &target, &out), 0);
	assert_int_equal(out.len, rest.len);
	while (rest.data != NULL)
		assert_true(tn_slice_search(tn_buffer_slice(&out),
		    tn_slice_trim(tn_slice_split(&rest, ','))) >= 0);
	tn_buffer_free(&out);
}

static const struct bad_row {
	const char *name; /* the pattern */
	const char *other; /* beside it; NULL: the pattern itself is none */
} bad[] = {
	{ "", NULL },
	{ "users", NULL },
	{ "/a//b", NULL },
	{ "/a/../b", NULL },
	{ "/a/./b", NULL },
	{ "/{}", NULL },
	{ "/{a", NULL },
	{ "/a{b}", NULL },
	{ "/{a}b", NULL },
	{ "/{a b}", NULL },
	{ "/{...}", NULL },
	{ "/{a...}/b", NULL },
	{ "/{$}/b", NULL },
	{ "/{a}/{a}", NULL },
	{ "/{a}/{a...}", NULL },
	{ "host:80/", NULL },
	{ "*/", NULL },
	{ "*.*.org/", NULL },
	{ "a*.org/", NULL },
	{ "ho st/", NULL },
	{ "/a/{b}", "/{a}/b" },
	{ "/a/{b}", "/a/{c}" },
	{ "/a/", "/a/{b...}" },
	{ "/a/{x}/c", "/a/b/{y...}" },
	{ "/{x}/b/{z...}", "/a/{y}/c" },
	{ "a.org/", "A.org/" },
	{ "*.a.org/b", "*.A.org/b" },
};

static void
test_bad(void **state)
{
	const struct bad_row *t = *state;
	struct tn_http_route routes[] = {
		ROUTE("GET", t->name), ROUTE("GET", t->other), { 0 },
	};

	assert_int_equal(tn__http_routes_check(routes), -EINVAL);
	assert_non_null(strstr(tn_error_text(), "HTTP route"));
	if (t->other != NULL)
		assert_non_null(strstr(tn_error_text(), t->other));
}

static void
test_good(void **state)
{
	struct tn_http_route routes[] = {
		ROUTE("GET", "/a/{b}"), ROUTE("PUT", "/a/{c}"),
		ROUTE(NULL, "/a/{b...}"), ROUTE(NULL, "/"), ROUTE("GET", "/"),
		ROUTE(NULL, "/{$}"), ROUTE(NULL, "/a/{$}"),
		ROUTE("GET", "/a/{b}/{$}"), ROUTE("GET", "/{x}/b/c/d"),
		ROUTE(NULL, "x.org/a/{b}"), ROUTE(NULL, "*.org/{a}/b"),
		{ 0 },
	};
	struct tn_http_route no_handler[] = { { "GET", "/", NULL, NULL },
		{ 0 } };
	struct tn_http_route no_method[] = { ROUTE("G T", "/"), { 0 } };

	assert_int_equal(tn__http_routes_check(table), 0);
	assert_int_equal(tn__http_routes_check(routes), -EINVAL);
	routes[8] = (struct tn_http_route){ 0 };
	assert_int_equal(tn__http_routes_check(routes), 0);
	assert_int_equal(tn__http_routes_check(no_handler), -EINVAL);
	assert_int_equal(tn__http_routes_check(no_method), -EINVAL);
}

/* The answers do not depend on the order of the rows. */
static int
turn_table(void)
{
	for (size_t i = 0, j = TN_COUNT(table) - 2; i < j; i++, j--) {
		struct tn_http_route row = table[i];

		table[i] = table[j];
		table[j] = row;
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good) };
	int failed = CHECK_ROWS(rows, test_find) +
	    CHECK_ROWS(allow, test_allow) + CHECK_ROWS(bad, test_bad) +
	    cmocka_run_group_tests(tests, NULL, NULL);

	return failed + turn_table() + CHECK_ROWS(rows, test_find) +
	    CHECK_ROWS(allow, test_allow);
}
