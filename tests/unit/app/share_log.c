#include "unit/base/check.h"

#include "app/share.h"

static const struct log_row {
	const char *name, *method, *target, *referer, *agent;
	int version, status;
	const char *line; /* from behind the date on */
} log_rows[] = {
	{ "usual", "GET", "/a%20b", "http://x/", "curl/7", 11, 200,
	    "\"GET /a%20b HTTP/1.1\" 200 42 \"http://x/\" \"curl/7\"\n" },
	{ "without fields", "HEAD", "/", "", "", 10, 404,
	    "\"HEAD / HTTP/1.0\" 404 42 \"-\" \"-\"\n" },
	{ "quotes and line ends", "GET", "/\"\n", "a\"b", "\r\n[x]", 11, 400,
	    "\"GET /\\x22\\x0a HTTP/1.1\" 400 42 \"a\\x22b\" "
	    "\"\\x0d\\x0a[x]\"\n" },
	{ "terminal", "GET", "/\x1b[2J", "\xff", "\xe2\x80\xae", 11, 200,
	    "\"GET /\\x1b[2J HTTP/1.1\" 200 42 \"\\xff\" \"\\u{202e}\"\n" },
	{ "method", "G\x1bT\"", "/", "", "", 11, 400,
	    "\"G\\x1bT\\x22 / HTTP/1.1\" 400 42 \"-\" \"-\"\n" },
	{ "no request", "", "", "", "", 0, 408, "\"-\" 408 42 \"-\" \"-\"\n" },
	{ "not even a target", "GET", "", "", "", 0, 400,
	    "\"GET\" 400 42 \"-\" \"-\"\n" },
	{ "half a request", "GET", "/x", "", "", 0, 400,
	    "\"GET /x\" 400 42 \"-\" \"-\"\n" },
};

static void
test_line(void **state)
{
	const struct log_row *row = *state;
	static const struct tn_ip ip = { { 192, 0, 2, 7 }, 4, "" };
	struct tn_address peer;
	struct tn_http_record record = {
		.peer = &peer,
		.method = tn_slice_str(row->method),
		.target = tn_slice_str(row->target),
		.referer = tn_slice_str(row->referer),
		.user_agent = tn_slice_str(row->agent),
		.version = row->version,
		.status = row->status,
		.bytes = 42,
	};
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };

	assert_int_equal(tn_address_from_ip(&ip, 1234, &peer), 0);
	assert_int_equal(app_share_log_line(&record, &line), 0);
	assert_true(tn_slice_starts(tn_buffer_slice(&line),
	    TN_SLICE("192.0.2.7 - - [")));
	assert_string_equal(strstr(line.data, "] ") + 2, row->line);
	assert_int_equal(strcspn(line.data, "\n"), line.len - 1);
}

static const struct peer_row {
	const char *address, *shown;
} peer_rows[] = {
	{ "192.0.2.7", "192.0.2.7" },
	{ "::ffff:192.0.2.7", "192.0.2.7" },
	{ "2001:db8::7", "2001:db8::7" },
	{ "64:ff9b::c000:207", "64:ff9b::c000:207" },
	{ "::1", "::1" },
	{ NULL, "unix" },
};

static void
test_peers(void **state)
{
	for (size_t i = 0; i < TN_COUNT(peer_rows); i++) {
		const struct peer_row *row = &peer_rows[i];
		TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };
		struct tn_address peer = { 0 };
		struct tn_http_record record = {
			.peer = row->address == NULL ? NULL : &peer,
		};
		struct tn_ip ip;

		if (row->address != NULL) {
			assert_int_equal(tn_ip_parse(tn_slice_str(row->address),
			    &ip), 0);
			assert_int_equal(tn_address_from_ip(&ip, 1, &peer), 0);
		}
		assert_int_equal(app_share_log_line(&record, &line), 0);
		assert_int_equal(strcspn(line.data, " "), strlen(row->shown));
		assert_memory_equal(line.data, row->shown, strlen(row->shown));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_peers) };

	return CHECK_ROWS(log_rows, test_line) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
