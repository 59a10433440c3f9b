/* Preconditions in their order: RFC 9110 section 13. */
#include "unit/base/check.h"

#include <stdio.h>
#include <tenon/date.h>

#include "proto/http/select.h"

#define NOW 784111877 /* a minute and forty seconds after MODIFIED */
#define MODIFIED 784111777
#define SAME "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLIER "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATER "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct row {
	const char *name; /* the fields */
	int status;
	const char *method, *etag; /* NULL: GET, "\"a\"" */
} rows[] = {
	{ "", 0, NULL, NULL },
	{ "If-Match: \"a\"", 0, NULL, NULL },
	{ "If-Match: \"b\"", 412, NULL, NULL },
	{ "If-Match: \"b\", \"a\"", 0, NULL, NULL },
	{ "If-Match: \"b\",\"a\"", 0, NULL, NULL },
	{ "If-Match: *", 0, NULL, NULL },
	{ "If-Match: *", 0, NULL, "" },
	{ "If-Match: \"a\"", 412, NULL, "" },
	{ "If-Match: W/\"a\"", 412, NULL, NULL },
	{ "If-Match: \"a\"", 412, NULL, "W/\"a\"" },
	{ "If-Match: W/\"a\"", 412, NULL, "W/\"a\"" },
	{ "If-Match: a", 412, NULL, NULL },
	{ "If-Match:", 412, NULL, NULL },
	{ "If-Match: \"a\"\r\nIf-Unmodified-Since: " EARLIER, 0, NULL, NULL },
	{ "If-Unmodified-Since: " SAME, 0, NULL, NULL },
	{ "If-Unmodified-Since: " LATER, 0, NULL, NULL },
	{ "If-Unmodified-Since: " EARLIER, 412, NULL, NULL },
	{ "If-Unmodified-Since: yesterday", 0, NULL, NULL },
	{ "If-None-Match: \"a\"", 304, NULL, NULL },
	{ "If-None-Match: \"a\"", 304, "HEAD", NULL },
	{ "If-None-Match: \"a\"", 412, "PUT", NULL },
	{ "If-None-Match: *", 304, NULL, NULL },
	{ "If-None-Match: *", 412, "PUT", NULL },
	{ "If-None-Match: W/\"a\"", 304, NULL, NULL },
	{ "If-None-Match: \"a\"", 304, NULL, "W/\"a\"" },
	{ "If-None-Match: \"b\"", 0, NULL, NULL },
	{ "If-None-Match: \"a,b\"", 0, NULL, NULL },
	{ "If-None-Match: \"x,\", \"a\"", 304, NULL, NULL },
	{ "If-None-Match: \"a", 0, NULL, NULL },
	{ "If-None-Match: \"\"", 304, NULL, "\"\"" },
	{ "If-None-Match: \"b\"\r\nIf-None-Match: \"a\"", 304, NULL, NULL },
	{ "If-None-Match: \"b\"\r\nIf-None-Match: \"c\"", 0, NULL, NULL },
	{ "If-Match: \"b\"\r\nIf-Match: \"a\"", 0, NULL, NULL },
	{ "If-Match: \"b\"\r\nX: y\r\nIf-Match: \"c\"", 412, NULL, NULL },
	{ "If-None-Match: \"b\"\r\nIf-Modified-Since: " SAME, 0, NULL, NULL },
	{ "If-Modified-Since: " SAME, 304, NULL, NULL },
	{ "If-Modified-Since: " LATER, 304, NULL, NULL },
	{ "If-Modified-Since: " EARLIER, 0, NULL, NULL },
	{ "If-Modified-Since: " SAME, 0, "POST", NULL },
	{ "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", 304, NULL,
	    NULL },
	{ "If-Modified-Since: Sun Nov  6 08:49:37 1994", 304, NULL, NULL },
	{ "If-Modified-Since: 784111777", 0, NULL, NULL },
	{ "If-Match: \"a\"\r\nIf-None-Match: \"a\"", 304, NULL, NULL },
	{ "If-Match: \"b\"\r\nIf-None-Match: \"a\"", 412, NULL, NULL },
};

/* The fields' values may move: the head keeps no pointers. */
struct parsed {
	struct tn__http_head head;
	struct tn__http_field fields[8];
	char text[512];
	struct tn_slice slice;
};

static void
parse(struct parsed *p, const char *method, const char *fields)
{
	const struct tn__http_limits limits = { 100, 400, 8 };
	int n = snprintf(p->text, sizeof(p->text),
	    "%s / HTTP/1.1\r\nHost: h\r\n%s%s\r\n",
	    method == NULL ? "GET" : method, fields,
	    fields[0] == '\0' ? "" : "\r\n");

	p->slice = tn_slice(p->text, (size_t)n);
	tn__http_request_init(&p->head, &limits, p->fields);
	assert_int_equal(tn__http_head_parse(&p->head, p->slice), n);
}

static void
test_condition(void **state)
{
	const struct row *t = *state;
	struct tn__http_validators v = {
		.etag = tn_slice_str(t->etag == NULL ? "\"a\"" : t->etag),
		.modified = MODIFIED,
		.now = NOW,
	};
	struct parsed p;

	parse(&p, t->method, t->name);
	assert_int_equal(tn__http_condition(&p.head, p.slice, &v), t->status);
}

static const struct range_row {
	const char *name; /* the fields */
	bool counts;
	const char *method, *etag;
	int64_t now; /* 0: NOW */
} range_rows[] = {
	{ "Range: bytes=0-", true, NULL, NULL, 0 },
	{ "Range: bytes=0-", false, "HEAD", NULL, 0 },
	{ "Range: bytes=0-", false, "POST", NULL, 0 },
	{ "If-Range: \"a\"", false, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range: \"a\"", true, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range: \"b\"", false, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range: W/\"a\"", false, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range: \"a\"", false, NULL, "W/\"a\"", 0 },
	{ "Range: bytes=0-\r\nIf-Range: " SAME, true, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range: " SAME, false, NULL, NULL, MODIFIED },
	{ "Range: bytes=0-\r\nIf-Range: " LATER, false, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range: " EARLIER, false, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range: *", false, NULL, NULL, 0 },
	{ "Range: bytes=0-\r\nIf-Range:", false, NULL, NULL, 0 },
};

static void
test_range(void **state)
{
	const struct range_row *t = *state;
	struct tn__http_validators v = {
		.etag = tn_slice_str(t->etag == NULL ? "\"a\"" : t->etag),
		.modified = MODIFIED,
		.now = t->now == 0 ? NOW : t->now,
	};
	struct parsed p;

	parse(&p, t->method, t->name);
	assert_int_equal(tn__http_range_counts(&p.head, p.slice, &v),
	    t->counts);
}

/* Without a date the fields that compare one do not count. */
static void
test_no_date(void **state)
{
	struct tn__http_validators v = { .modified = -1, .now = NOW };
	struct parsed p;

	parse(&p, NULL, "If-Unmodified-Since: " EARLIER);
	assert_int_equal(tn__http_condition(&p.head, p.slice, &v), 0);
	parse(&p, NULL, "If-Modified-Since: " LATER);
	assert_int_equal(tn__http_condition(&p.head, p.slice, &v), 0);
	parse(&p, NULL, "Range: bytes=0-\r\nIf-Range: " SAME);
	assert_false(tn__http_range_counts(&p.head, p.slice, &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_date) };

	return CHECK_ROWS(rows, test_condition) +
	    CHECK_ROWS(range_rows, test_range) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
