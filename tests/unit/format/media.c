/* Which type a name promises, and which one an Accept field prefers. */
#include "unit/base/check.h"

#include <tenon/text.h>

#define OCTETS "application/octet-stream"

static const struct type_row {
	const char *name, *type;
} types[] = {
	{ "index.html", "text/html; charset=utf-8" },
	{ "INDEX.HTML", "text/html; charset=utf-8" },
	{ "3.3gp", "video/3gpp" },
	{ "a.zst", "application/zstd" },
	{ "a.tar.gz", "application/gzip" },
	{ "/x.css/a.js", "text/javascript; charset=utf-8" },
	{ "a.svg", "image/svg+xml" },
	{ "a.json", "application/json" },
	{ "a.webmanifest", "application/manifest+json" },
	{ "a.woff2", "font/woff2" },
	{ "a.c", "text/x-c; charset=utf-8" },
	{ "", OCTETS },
	{ ".", OCTETS },
	{ "..", OCTETS },
	{ "a.", OCTETS },
	{ "html", OCTETS },
	{ ".html", OCTETS },
	{ "/a/.html", OCTETS },
	{ "a.html/b", OCTETS },
	{ "a.htmlx", OCTETS },
	{ "a.ht", OCTETS },
	{ "a.0", OCTETS },
	{ "a.zzzzzz", OCTETS },
	{ "a.webmanifestwebmanifest", OCTETS },
	{ "a.\xff", OCTETS },
};

static void
test_type(void **state)
{
	const struct type_row *t = *state;
	struct tn_slice name = check_exact(tn_slice_str(t->name));

	assert_string_equal(tn_mime_type(name), t->type);
	check_exact_free(name);
}

static const struct accept_row {
	const char *name, *type; /* the name is the field */
	int weight;
} accepts[] = {
	{ "", "text/html", 1000 },
	{ " \t", "text/html", 1000 },
	{ "text/html", "text/html", 1000 },
	{ "TEXT/html", "text/HTML", 1000 },
	{ "text/html", "text/plain", 0 },
	{ "text/*", "text/plain", 1000 },
	{ "text/*", "image/png", 0 },
	{ "*/*;q=0.1", "image/png", 100 },
	{ "text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "text/html", 700 },
	{ "text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "text/plain", 300 },
	{ "text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "image/jpeg", 500 },
	{ "text/html;q=0, */*", "text/html", 0 },
	{ "*/*, text/html;q=0", "text/html", 0 },
	{ "a/b;q=0.2, a/b;q=0.4", "a/b", 400 },
	{ "a/b;q=0.4, a/b;q=0.2", "a/b", 400 },
	{ "text/html ; Q=0.25 ,x/y", "text/html", 250 },
	{ "text/html;;q=0.25", "text/html", 250 },
	{ "text/html;q=0.123", "text/html", 123 },
	{ "text/html;q=1.000", "text/html", 1000 },
	{ "text/html;q=1.", "text/html", 1000 },
	{ "text/html;q=0.", "text/html", 0 },
	{ "text/html;q=0.5;ext=1", "text/html", 500 },
	/* narrower than what is asked for */
	{ "text/html;level=1", "text/html", 0 },
	{ "text/html;level=1;q=0.9, text/html;q=0.4", "text/html", 400 },
	{ "text/html;a=\"q=1,text/html\", */*;q=0.2", "text/html", 200 },
	{ "text/html;a=\"\\\",\";q=1, */*;q=0.2", "text/html", 200 },
	/* malformed elements */
	{ "text/html;q=1.001, */*;q=0.2", "text/html", 200 },
	{ "text/html;q=2, */*;q=0.2", "text/html", 200 },
	{ "text/html;q=0.1234, */*;q=0.2", "text/html", 200 },
	{ "text/html;q=-1, */*;q=0.2", "text/html", 200 },
	{ "text/html;q=, */*;q=0.2", "text/html", 200 },
	{ "text/html;q, */*;q=0.2", "text/html", 200 },
	{ "text/html;q=.5, */*;q=0.2", "text/html", 200 },
	{ "text/html;q=05, */*;q=0.2", "text/html", 200 },
	{ ",,,", "text/html", 0 },
	{ "/*", "text/html", 0 },
	{ "text", "text/html", 0 },
	{ "text/html/*", "text/html", 0 },
	{ "\"", "text/html", 0 },
	/* Accept-Encoding */
	{ "gzip, deflate, br;q=0.8", "br", 800 },
	{ "gzip, deflate", "br", 0 },
	{ "gzip;q=0, *;q=0.1", "br", 100 },
	{ "gzip;q=0, *;q=0.1", "gzip", 0 },
};

static void
test_accept(void **state)
{
	const struct accept_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->name));

	assert_int_equal(tn_accept_weight(in, t->type), t->weight);
	check_exact_free(in);
}

int
main(void)
{
	return CHECK_ROWS(types, test_type) +
	    CHECK_ROWS(accepts, test_accept);
}
