/* What is written: RFC 9112 sections 3, 4 and 5, and the words of a status. */
#include "unit/base/check.h"

#include <tenon/http.h>

#include "proto/http/wire.h"

static void
print_all(struct tn__http_out *o)
{
	tn__http_put_status(o, 404);
	tn__http_put_field(o, TN_SLICE("Date"),
	    TN_SLICE("Sun, 06 Nov 1994 08:49:37 GMT"));
	tn__http_put_field(o, TN_SLICE("Empty"), tn_slice(NULL, 0));
	tn__http_put_number(o, TN_SLICE("Content-Length"), 1024);
	tn__http_put(o, TN_SLICE("A: b\r\n"));
	tn__http_put_end(o);
}

static const char printed[] = "HTTP/1.1 404 Not Found\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Empty: \r\n"
    "Content-Length: 1024\r\n"
    "A: b\r\n"
    "\r\n";

/* Exactly as much room as is needed, and every amount that is too little. */
static void
test_response(void **state)
{
	size_t len = sizeof(printed) - 1;

	for (size_t cap = 0; cap <= len; cap++) {
		char *data = malloc(cap > 0 ? cap : 1);
		struct tn__http_out o = { data, 0, cap, false };

		print_all(&o);
		assert_int_equal(o.full, cap < len);
		assert_true(o.len <= cap);
		assert_memory_equal(data, printed, o.len);
		assert_true(o.full || o.len == len);
		free(data);
	}
}

/* What did not fit is not followed by what would. */
static void
test_full(void **state)
{
	char data[10];
	struct tn__http_out o = { data, 0, sizeof(data), false };

	tn__http_put(&o, TN_SLICE("12345678901"));
	tn__http_put(&o, TN_SLICE("1"));
	assert_true(o.full);
	assert_int_equal(o.len, 0);
}

static void
test_request(void **state)
{
	char data[64];
	struct tn__http_out o = { data, 0, sizeof(data), false };

	tn__http_put_request(&o, TN_SLICE("GET"), TN_SLICE("/a?b"));
	tn__http_put_field(&o, TN_SLICE("Host"), TN_SLICE("h"));
	tn__http_put_end(&o);
	assert_true(tn_slice_equal(tn_slice(o.data, o.len),
	    TN_SLICE("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n")));
}

static const struct words_row {
	const char *name;
	int status;
} words[] = {
	{ "Continue", 100 },
	{ "Early Hints", 103 },
	{ "Unknown", 104 },
	{ "OK", 200 },
	{ "Partial Content", 206 },
	{ "IM Used", 226 },
	{ "Unknown", 225 },
	{ "Use Proxy", 305 },
	{ "Unknown", 306 },
	{ "Permanent Redirect", 308 },
	{ "Not Found", 404 },
	{ "Content Too Large", 413 },
	{ "Expectation Failed", 417 },
	{ "Unknown", 418 },
	{ "Misdirected Request", 421 },
	{ "Unprocessable Content", 422 },
	{ "Upgrade Required", 426 },
	{ "Unknown", 427 },
	{ "Precondition Required", 428 },
	{ "Too Many Requests", 429 },
	{ "Request Header Fields Too Large", 431 },
	{ "Unavailable For Legal Reasons", 451 },
	{ "Unknown", 452 },
	{ "Internal Server Error", 500 },
	{ "HTTP Version Not Supported", 505 },
	{ "Network Authentication Required", 511 },
	{ "Unknown", 512 },
	{ "Unknown", 600 },
	{ "Unknown", 99 },
	{ "Unknown", 0 },
	{ "Unknown", -404 },
	{ "Unknown", -1 },
};

static void
test_words(void **state)
{
	const struct words_row *t = *state;

	assert_string_equal(tn_http_status_words(t->status), t->name);
}

static const struct text_row {
	const char *name, *text;
	bool token, value;
} texts[] = {
	{ "nothing", "", false, true },
	{ "a name", "Host", true, true },
	{ "every tchar", "!#$%&'*+-.^_`|~09azAZ", true, true },
	{ "a colon", "a:", false, true },
	{ "a space inside", "a b", false, true },
	{ "a space before", " a", false, false },
	{ "a tab behind", "a\t", false, false },
	{ "a tab inside", "a\tb", false, true },
	{ "CR", "a\r", false, false },
	{ "LF", "a\nb", false, false },
	{ "DEL", "\x7f", false, false },
	{ "UTF-8", "\xc3\xa4", false, true },
};

static void
test_text(void **state)
{
	const struct text_row *t = *state;

	assert_int_equal(tn__http_is_token(tn_slice_str(t->text)), t->token);
	assert_int_equal(tn__http_is_value(tn_slice_str(t->text)), t->value);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_request),
	};

	return CHECK_ROWS(words, test_words) + CHECK_ROWS(texts, test_text) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
