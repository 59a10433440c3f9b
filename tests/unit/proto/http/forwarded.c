/* Whom proxies name, and whom of them one believes: RFC 7239. */
#include "unit/base/check.h"

#include <stdio.h>
#include <tenon/address.h>

#include "proto/http/forwarded.h"

#define FOR "X-Forwarded-For: "
#define PROTO "X-Forwarded-Proto: "
#define XHOST "X-Forwarded-Host: "
#define F "Forwarded: "

static const struct row {
	const char *name, *fields;
	const char *want; /* "PEER HOST s", "-" for what is not told */
} xs[] = {
	{ "nothing", "", "- - -" },
	{ "one", FOR "1.2.3.4", "1.2.3.4:0 - -" },
	{ "its port", FOR "1.2.3.4:567", "1.2.3.4:567 - -" },
	{ "IPv6", FOR "2001:db8::1", "[2001:db8::1]:0 - -" },
	{ "IPv6 and a port", FOR "[2001:db8::1]:5", "[2001:db8::1]:5 - -" },
	{ "the last one", FOR "6.6.6.6, 1.2.3.4", "1.2.3.4:0 - -" },
	{ "the last line", FOR "6.6.6.6\r\n" FOR "1.2.3.4", "1.2.3.4:0 - -" },
	{ "behind a trusted one", FOR "1.2.3.4, 10.0.0.9", "1.2.3.4:0 - -" },
	{ "behind trusted ones on lines of their own",
	    FOR "6.6.6.6, 1.2.3.4\r\n" FOR "10.0.0.9\r\n" FOR "10.0.0.8, ::1",
	    "1.2.3.4:0 - -" },
	{ "mapped", FOR "1.2.3.4, ::ffff:10.0.0.9", "1.2.3.4:0 - -" },
	{ "trusted ones only", FOR "10.0.0.7, 10.0.0.9", "10.0.0.7:0 - -" },
	{ "empty elements", FOR ",, 1.2.3.4 ,,10.0.0.9,", "1.2.3.4:0 - -" },
	{ "no address ends it", FOR "1.2.3.4, x, 10.0.0.9",
	    "10.0.0.9:0 - -" },
	{ "no address at all", FOR "example.org", "- - -" },
	{ "a port that is none", FOR "1.2.3.4:70000", "- - -" },
	{ "a zone", FOR "fe80::1%lo", "- - -" },
	{ "quotes", FOR "\"1.2.3.4\"", "- - -" },
	{ "a quote that has no end", FOR "1.2.3.4, \"10.0.0.9", "- - -" },
	{ "unknown", FOR "unknown", "- - -" },
	{ "encrypted", FOR "1.2.3.4\r\n" PROTO "https", "1.2.3.4:0 - s" },
	{ "in capitals", FOR "1.2.3.4\r\n" PROTO "HTTPS", "1.2.3.4:0 - s" },
	{ "not encrypted", FOR "1.2.3.4\r\n" PROTO "http", "1.2.3.4:0 - -" },
	{ "what the proxy says, not the client",
	    FOR "6.6.6.6, 1.2.3.4\r\n" PROTO "https, http", "1.2.3.4:0 - -" },
	{ "each hop has its own", FOR "1.2.3.4, 10.0.0.9\r\n"
	    PROTO "https, http\r\n" XHOST "a, b", "1.2.3.4:0 a s" },
	{ "one for all hops", FOR "1.2.3.4, 10.0.0.9\r\n" PROTO "https\r\n"
	    XHOST "a", "1.2.3.4:0 a s" },
	{ "without addresses", PROTO "https\r\n" XHOST "a:8080", "- a:8080 s" },
	{ "a host that is none", FOR "1.2.3.4\r\n" XHOST "a b",
	    "1.2.3.4:0 - -" },
	{ "a quote of the client's", FOR "6.6.6.6\", 1.2.3.4",
	    "1.2.3.4:0 - -" },
	{ "Forwarded is the client's", F "for=6.6.6.6;proto=https", "- - -" },
}, forwarded[] = {
	{ "nothing", "", "- - -" },
	{ "one (4)", F "for=1.2.3.4", "1.2.3.4:0 - -" },
	{ "capitals", F "For=1.2.3.4;PROTO=https", "1.2.3.4:0 - s" },
	{ "all there is", F "for=\"1.2.3.4:567\";by=203.0.113.43;"
	    "host=\"example.org:8080\";proto=https",
	    "1.2.3.4:567 example.org:8080 s" },
	{ "IPv6 (6.1)", F "for=\"[2001:db8::1]\"", "[2001:db8::1]:0 - -" },
	{ "an obfuscated port (6.3)", F "for=\"1.2.3.4:_x\"",
	    "1.2.3.4:0 - -" },
	{ "behind a trusted one", F "for=6.6.6.6, for=1.2.3.4;host=a\r\n"
	    F "for=10.0.0.9;host=b;proto=https", "1.2.3.4:0 a -" },
	{ "an obfuscated node (6.3)",
	    F "for=6.6.6.6, for=_hidden;proto=https, for=10.0.0.9",
	    "10.0.0.9:0 - s" },
	{ "unknown (6.2)", F "for=unknown;host=a", "- a -" },
	{ "no node", F "proto=https", "- - s" },
	{ "pairs of others, empty ones, blanks",
	    F ";secret=\"a,b\";;for=1.2.3.4 ; proto=https;", "1.2.3.4:0 - s" },
	{ "a comma in a quoted string", F "x=\"a, for=6.6.6.6\";for=1.2.3.4",
	    "1.2.3.4:0 - -" },
	{ "a quote inside", F "x=\"a\\\", for=6.6.6.6;y=\"", "- - -" },
	{ "a string without its end", F "for=1.2.3.4, for=\"10.0.0.9",
	    "- - -" },
	{ "a string that the client did not end",
	    F "for=\"6.6.6.6, for=1.2.3.4", "1.2.3.4:0 - -" },
	{ "the same, and one of the proxy's",
	    F "for=\"6.6.6.6, for=\"1.2.3.4:567\"", "1.2.3.4:567 - -" },
	{ "a quote escaped twice", F "x=\"a\\\\\", for=1.2.3.4",
	    "1.2.3.4:0 - -" },
	{ "no pair ends it", F "for=1.2.3.4, nonsense, for=10.0.0.9",
	    "10.0.0.9:0 - -" },
	{ "a value that is none", F "for=1.2.3.4;host=a:b", "- - -" },
	{ "an address unquoted", F "for=[2001:db8::1]", "- - -" },
	{ "X-Forwarded-For is the client's", FOR "6.6.6.6", "- - -" },
};

static void
check(const struct row *t, enum tn_http_forwarding by)
{
	const struct tn__http_limits limits = { 100, 100000, 100 };
	TN_CLEANUP(tn_networks_freep) struct tn_networks *trusted = NULL;
	struct tn__http_field fields[100];
	struct tn__http_forwarded said;
	struct tn__http_head h;
	char head[2000], text[TN_ADDRESS_TEXT_MAX], got[600];
	struct tn_slice in;
	int n = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: h\r\n"
	    "%s%s\r\n", t->fields, t->fields[0] == '\0' ? "" : "\r\n");

	assert_int_equal(tn_networks_parse("10.0.0.0/8, ::1", &trusted), 0);
	tn__http_request_init(&h, &limits, fields);
	in = check_exact(tn_slice(head, (size_t)n));
	assert_int_equal(tn__http_head_parse(&h, in), n);
	tn__http_forwarded_read(&h, in, by, trusted, &said);
	snprintf(got, sizeof(got), "%s %.*s %s", said.peer.size == 0 ? "-" :
	    tn_address_format(&said.peer, text),
	    said.host.data == NULL ? 1 : (int)said.host.len,
	    said.host.data == NULL ? "-" : said.host.data,
	    said.secure ? "s" : "-");
	assert_string_equal(got, t->want);
	check_exact_free(in);
}

static void
test_x(void **state)
{
	check(*state, TN_HTTP_X_FORWARDED);
}

static void
test_forwarded(void **state)
{
	check(*state, TN_HTTP_FORWARDED);
}

/* A list without end is followed so far; and looked at once. */
static void
test_many(void **state)
{
	char fields[1500] = F;
	struct row row = { "", fields, "10.0.0.9:0 - -" };

	for (int i = 0; i < 80; i++)
		strcat(fields, "for=10.0.0.9,");
	check(&row, TN_HTTP_FORWARDED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_many) };

	return CHECK_ROWS(xs, test_x) +
	    CHECK_ROWS(forwarded, test_forwarded) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
