/* Response heads: RFC 9112 sections 4 and 6.3. */
#include "head.h"

#define OK "HTTP/1.1 200 OK\r\n"

static const struct good_row {
	const char *name, *in;
	enum tn__http_method asked;
	const char *text;
} good[] = {
	{ "until close", OK "\r\n", TN__HTTP_GET,
	    "200 \"OK\" 1.1 until close close" },
	{ "no reason", "HTTP/1.0 404 \r\n\r\n", TN__HTTP_GET,
	    "404 \"\" 1.0 until close close" },
	{ "no space before no reason", "HTTP/1.1 301\r\n\r\n", TN__HTTP_GET,
	    "301 \"\" 1.1 until close close" },
	{ "a reason of many words", "HTTP/1.1 999 a \t\xe4 b\r\n\r\n",
	    TN__HTTP_GET, "999 \"a \t\xe4 b\" 1.1 until close close" },
	{ "length", OK "Content-Length: 3\r\n\r\n", TN__HTTP_GET,
	    "200 \"OK\" 1.1 3 keep [Content-Length=3]" },
	{ "chunked", OK "Transfer-Encoding: chunked\r\n\r\n", TN__HTTP_GET,
	    "200 \"OK\" 1.1 chunked keep [Transfer-Encoding=chunked]" },
	{ "1.0 keeps alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
	    "Content-Length: 0\r\n\r\n", TN__HTTP_GET,
	    "200 \"OK\" 1.0 0 keep [Connection=keep-alive] "
	    "[Content-Length=0]" },
	{ "to HEAD", OK "Content-Length: 3\r\n\r\n", TN__HTTP_HEAD,
	    "200 \"OK\" 1.1 none keep [Content-Length=3]" },
	{ "to HEAD, chunked", OK "Transfer-Encoding: chunked\r\n\r\n",
	    TN__HTTP_HEAD,
	    "200 \"OK\" 1.1 none keep [Transfer-Encoding=chunked]" },
	{ "204", "HTTP/1.1 204 No Content\r\n\r\n", TN__HTTP_GET,
	    "204 \"No Content\" 1.1 none keep" },
	{ "304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
	    TN__HTTP_GET,
	    "304 \"Not Modified\" 1.1 none keep [Content-Length=3]" },
	{ "100", "HTTP/1.1 100 Continue\r\n\r\n", TN__HTTP_POST,
	    "100 \"Continue\" 1.1 none keep" },
	{ "101", "HTTP/1.1 101 \r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
	    TN__HTTP_GET, "101 \"\" 1.1 none keep upgrade "
	    "[Connection=upgrade] [Upgrade=x]" },
	{ "a tunnel", OK "\r\n", TN__HTTP_CONNECT,
	    "200 \"OK\" 1.1 none keep" },
	{ "no tunnel", "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n",
	    TN__HTTP_CONNECT, "403 \"No\" 1.1 2 keep [Content-Length=2]" },
	{ "Expect and Host mean nothing",
	    OK "Expect: x\r\nHost: /\r\nHost: a\r\n\r\n", TN__HTTP_GET,
	    "200 \"OK\" 1.1 until close close [Expect=x] [Host=/] [Host=a]" },
};

static void
test_good(void **state)
{
	const struct good_row *t = *state;
	struct tn_slice in = tn_slice_str(t->in);
	struct head head;

	for (size_t cut = 0; cut < in.len; cut++) {
		head_init(&head, true, t->asked);
		assert_int_equal(head_whole(&head, tn_slice_head(in, cut)), 0);
	}
	for (size_t step = 1; step <= in.len; step++) {
		head_init(&head, true, t->asked);
		assert_int_equal(head_pieces(&head, in, step), in.len);
		assert_string_equal(head.text, t->text);
	}
}

static const struct bad_row {
	const char *name, *in;
	int code;
} bad[] = {
	{ "an empty line before it", "\r\n" OK, TN_EPROTO },
	{ "ICY", "ICY 200 OK\r\n", TN_EPROTO },
	{ "HTTPER", "HTTPER/1.1 200 OK\r\n", TN_EPROTO },
	{ "a tab", "HTTP/1.1\t200 OK\r\n", TN_EPROTO },
	{ "two spaces", "HTTP/1.1  200 OK\r\n", TN_EPROTO },
	{ "one digit", "HTTP/1.1 2 OK\r\n", TN_EPROTO },
	{ "four digits", "HTTP/1.1 2000 OK\r\n", TN_EPROTO },
	{ "below 100", "HTTP/1.1 099 OK\r\n", TN_EPROTO },
	{ "no status", "HTTP/1.1\r\n", TN_EPROTO },
	{ "HTTP/2.0", "HTTP/2.0 200 OK\r\n", -EOPNOTSUPP },
	{ "LF behind the reason", "HTTP/1.1 200 OK\n\n", TN_EPROTO },
	{ "LF behind the status", "HTTP/1.1 200\n\n", TN_EPROTO },
	{ "CR in the reason", "HTTP/1.1 200 OK\ra: b\r\n", TN_EPROTO },
	{ "ESC in the reason", "HTTP/1.1 200 O\x1bK\r\n", TN_EPROTO },
	{ "a folded field", OK "a: b\r\n c\r\n", TN_EPROTO },
	{ "a space before the first field", OK " a: b\r\n", TN_EPROTO },
	{ "two lengths", OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
	    TN_EPROTO },
	{ "length and chunked",
	    OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
	    TN_EPROTO },
	{ "chunked in 1.0",
	    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    TN_EPROTO },
	{ "chunked twice", OK "Transfer-Encoding: chunked, chunked\r\n\r\n",
	    TN_EPROTO },
	{ "an unknown coding", OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
	    -EOPNOTSUPP },
	{ "an unknown coding alone", OK "Transfer-Encoding: gzip\r\n\r\n",
	    -EOPNOTSUPP },
	{ "a long reason", "HTTP/1.1 200 0123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890\r\n", TN_ELIMIT },
};

static void
test_bad(void **state)
{
	const struct bad_row *t = *state;
	struct tn_slice in = tn_slice_str(t->in);
	struct head head;

	for (size_t step = 1; step <= in.len; step++) {
		head_init(&head, true, TN__HTTP_GET);
		assert_int_equal(head_pieces(&head, in, step), t->code);
		assert_true(tn_slice_starts(tn_slice_str(tn_error_text()),
		    TN_SLICE("HTTP response: ")));
	}
}

int
main(void)
{
	return CHECK_ROWS(good, test_good) + CHECK_ROWS(bad, test_bad);
}
