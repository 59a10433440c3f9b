/* Request heads: RFC 9112 sections 2, 3, 5, 6 and 9. */
#include "head.h"

#define H "Host: h\r\n"
#define END "\r\n"
#define GET "GET / HTTP/1.1\r\n" H
#define POST "POST / HTTP/1.1\r\n" H

static const struct good_row {
	const char *name, *in, *text;
} good[] = {
	{ "shortest", "GET / HTTP/1.0\r\n\r\n", "GET / @ 1.0 none close" },
	{ "with Host", GET END, "GET / @h 1.1 none keep [Host=h]" },
	{ "empty line before it (2.2)", "\r\n" GET END,
	    "GET / @h 1.1 none keep [Host=h]" },
	{ "any token is a method (9110 9.1)",
	    "M-SEARCH!#$%&'*+.^_`|~ / HTTP/1.0\r\n\r\n",
	    "M-SEARCH!#$%&'*+.^_`|~ / @ 1.0 none close" },
	{ "methods are case-sensitive (9110 9.1)",
	    "connect / HTTP/1.0\r\n\r\n", "connect / @ 1.0 none close" },

	{ "path and query (3.2.1)", "GET /a/b?c=d?e HTTP/1.0\r\n\r\n",
	    "GET /a/b ?c=d?e @ 1.0 none close" },
	{ "empty query", "GET /? HTTP/1.0\r\n\r\n",
	    "GET / ? @ 1.0 none close" },
	{ "what browsers leave as it is",
	    "GET /[a]{b}|c^`d\\ HTTP/1.0\r\n\r\n",
	    "GET /[a]{b}|c^`d\\ @ 1.0 none close" },
	{ "absolute form (3.2.2)",
	    "GET http://a.example:80/p?q HTTP/1.1\r\n" H END,
	    "GET absolute /p ?q @a.example:80 1.1 none keep [Host=h]" },
	{ "absolute form, any case", "GET HTTPS://[::1]:/ HTTP/1.0\r\n\r\n",
	    "GET absolute / @[::1]: 1.0 none close" },
	{ "absolute form without a path (3.2.1)",
	    "GET http://a HTTP/1.0\r\n\r\n",
	    "GET absolute / @a 1.0 none close" },
	{ "absolute form with a query only", "GET http://a?b HTTP/1.0\r\n\r\n",
	    "GET absolute / ?b @a 1.0 none close" },
	{ "OPTIONS of a server (3.2.4)", "OPTIONS http://a HTTP/1.0\r\n\r\n",
	    "OPTIONS absolute * @a 1.0 none close" },
	{ "asterisk form (3.2.4)", "OPTIONS * HTTP/1.1\r\n" H END,
	    "OPTIONS asterisk * @h 1.1 none keep [Host=h]" },
	{ "authority form (3.2.3)", "CONNECT a:443 HTTP/1.1\r\n" H END,
	    "CONNECT authority  @a:443 1.1 none keep [Host=h]" },

	{ "Host may be empty (3.2)", "GET / HTTP/1.1\r\nHost:\r\n\r\n",
	    "GET / @ 1.1 none keep [Host=]" },
	{ "Host with a port", "GET / HTTP/1.1\r\nHost: a-b.c_d:65535\r\n\r\n",
	    "GET / @a-b.c_d:65535 1.1 none keep [Host=a-b.c_d:65535]" },
	{ "Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n",
	    "GET / @a: 1.1 none keep [Host=a:]" },
	{ "Host of IPv6", "GET / HTTP/1.1\r\nhOST: [2001:db8::1]:80\r\n\r\n",
	    "GET / @[2001:db8::1]:80 1.1 none keep "
	    "[hOST=[2001:db8::1]:80]" },
	{ "Host of IPv4", "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n",
	    "GET / @127.0.0.1:80 1.1 none keep [Host=127.0.0.1:80]" },
	{ "Host with percent-encoding (3986 3.2.2)",
	    "GET / HTTP/1.1\r\nHost: %41!$&'()*+,;=\r\n\r\n",
	    "GET / @%41!$&'()*+,;= 1.1 none keep [Host=%41!$&'()*+,;=]" },

	{ "white space around a value (5)",
	    "GET / HTTP/1.0\r\na:b\r\nc:\t d \te\t \r\nf:\r\ng: \t\r\n\r\n",
	    "GET / @ 1.0 none close [a=b] [c=d \te] [f=] [g=]" },
	{ "any bytes but controls in a value (9110 5.5)",
	    "GET / HTTP/1.0\r\nabcdefgh: \x80\xff\"(),/:;<=>?@[\\]{}\r\n\r\n",
	    "GET / @ 1.0 none close [abcdefgh=\x80\xff\"(),/:;<=>?@[\\]{}]" },
	{ "a tab in a long value",
	    "GET / HTTP/1.0\r\na: 12345678\t12345678abcdefgh\r\n\r\n",
	    "GET / @ 1.0 none close [a=12345678\t12345678abcdefgh]" },

	{ "Content-Length (6.2)", POST "Content-Length: 5\r\n\r\n",
	    "POST / @h 1.1 5 keep [Host=h] [Content-Length=5]" },
	{ "the longest Content-Length",
	    POST "content-length: 9223372036854775807\r\n\r\n",
	    "POST / @h 1.1 9223372036854775807 keep [Host=h] "
	    "[content-length=9223372036854775807]" },
	{ "Content-Length 0", GET "Content-Length: 0\r\n\r\n",
	    "GET / @h 1.1 0 keep [Host=h] [Content-Length=0]" },
	{ "chunked (6.1)", POST "Transfer-Encoding: chunked\r\n\r\n",
	    "POST / @h 1.1 chunked keep [Host=h] "
	    "[Transfer-Encoding=chunked]" },
	{ "chunked in capitals (7)",
	    POST "TRANSFER-ENCODING:\tCHUNKED\t\r\n\r\n",
	    "POST / @h 1.1 chunked keep [Host=h] "
	    "[TRANSFER-ENCODING=CHUNKED]" },
	{ "names that only look alike",
	    GET "Content-Lengths: 5\r\nXontent-Length: 6\r\n\r\n",
	    "GET / @h 1.1 none keep [Host=h] [Content-Lengths=5] "
	    "[Xontent-Length=6]" },

	{ "1.1 closes when told (9.3)", GET "Connection: close\r\n\r\n",
	    "GET / @h 1.1 none close [Host=h] [Connection=close]" },
	{ "1.0 stays when told (9.3)",
	    "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
	    "GET / @ 1.0 none keep [Connection=Keep-Alive]" },
	{ "close outweighs keep-alive",
	    GET "Connection: keep-alive\r\nConnection: x,,Close\r\n\r\n",
	    "GET / @h 1.1 none close [Host=h] [Connection=keep-alive] "
	    "[Connection=x,,Close]" },
	{ "upgrade (9110 7.8)",
	    GET "Connection: x , upgrade\r\nUpgrade: websocket\r\n\r\n",
	    "GET / @h 1.1 none keep upgrade [Host=h] "
	    "[Connection=x , upgrade] [Upgrade=websocket]" },
	{ "Upgrade that Connection does not name",
	    GET "Upgrade: websocket\r\n\r\n",
	    "GET / @h 1.1 none keep [Host=h] [Upgrade=websocket]" },
	{ "1.0 cannot upgrade (9110 7.8)",
	    "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
	    "GET / @ 1.0 none close [Connection=upgrade] [Upgrade=x]" },
	{ "100-continue (9110 10.1.1)",
	    POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
	    "POST / @h 1.1 1 keep continue [Host=h] [Expect=100-Continue] "
	    "[Content-Length=1]" },
	{ "Expect is nothing to 1.0 (9110 10.1.1)",
	    "POST / HTTP/1.0\r\nExpect: 100-continue, x\r\n\r\n",
	    "POST / @ 1.0 none close [Expect=100-continue, x]" },

	{ "as many fields as allowed",
	    "GET / HTTP/1.0\r\n1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n"
	    "\r\n",
	    "GET / @ 1.0 none close [1=] [2=] [3=] [4=] [5=] [6=] [7=] [8=]" },
};

static void
test_good(void **state)
{
	const struct good_row *t = *state;
	struct tn_slice in = tn_slice_str(t->in);
	struct head head;

	for (size_t cut = 0; cut < in.len; cut++) {
		head_init(&head, false, TN__HTTP_EXTENSION);
		assert_int_equal(head_whole(&head, tn_slice_head(in, cut)), 0);
	}
	for (size_t step = 1; step <= in.len; step++) {
		head_init(&head, false, TN__HTTP_EXTENSION);
		assert_int_equal(head_pieces(&head, in, step), in.len);
		assert_string_equal(head.text, t->text);
	}
}

/* What follows the head is not looked at. */
static void
test_pipelined(void **state)
{
	static const char in[] = GET END "\n\rno HTTP";
	struct head head;

	head_init(&head, false, TN__HTTP_EXTENSION);
	assert_int_equal(head_whole(&head, tn_slice(in, sizeof(in) - 1)),
	    sizeof(GET END) - 1);
}

#define ROW_400 TN_EPROTO, 400

static const struct bad_row {
	const char *name, *in;
	int code, status;
} bad[] = {
	/* RFC 9112 section 2.2: lines end in CRLF, and nothing is skipped */
	{ "LF ends the first line", "GET / HTTP/1.1\n" H END, ROW_400 },
	{ "LF behind the target", "GET /\n", ROW_400 },
	{ "LF behind the method", "GET\n", ROW_400 },
	{ "LF ends a field", "GET / HTTP/1.1\r\nHost: h\n\r\n", ROW_400 },
	{ "LF ends an empty field", "GET / HTTP/1.1\r\na:\nb: c\r\n", ROW_400 },
	{ "LF ends the head", GET "\n", ROW_400 },
	{ "LF before the request", "\nGET / HTTP/1.1\r\n", ROW_400 },
	{ "CR ends the first line", "GET / HTTP/1.1\rHost: h\r\n", ROW_400 },
	{ "CR ends a field", "GET / HTTP/1.1\r\na: b\rc: d\r\n", ROW_400 },
	{ "CR ends an empty field", "GET / HTTP/1.1\r\na:\rc: d\r\n", ROW_400 },
	{ "CR CR LF", "GET / HTTP/1.1\r\na: b\r\r\n", ROW_400 },
	{ "CR at the end", GET "\rX", ROW_400 },
	{ "CR before the request", "\rGET / HTTP/1.1\r\n", ROW_400 },
	{ "two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\n", ROW_400 },
	{ "white space before it", " GET / HTTP/1.1\r\n", ROW_400 },
	{ "white space before the first field",
	    "GET / HTTP/1.1\r\n Host: h\r\n", ROW_400 },
	{ "a TLS hello", "\x16\x03\x01", ROW_400 },

	/* RFC 9112 section 3 and 9110 section 9.1: the first line */
	{ "no method", " / HTTP/1.1\r\n", ROW_400 },
	{ "a method that is no token", "G(T / HTTP/1.1\r\n", ROW_400 },
	{ "a method with a NUL", "G", ROW_400 }, /* the NUL is added below */
	{ "two spaces before the target", "GET  / HTTP/1.1\r\n", ROW_400 },
	{ "a tab before the target", "GET\t/ HTTP/1.1\r\n", ROW_400 },
	{ "two spaces before the version", "GET /  HTTP/1.1\r\n", ROW_400 },
	{ "a tab before the version", "GET /\tHTTP/1.1\r\n", ROW_400 },
	{ "a space behind the version", "GET / HTTP/1.1 \r\n", ROW_400 },
	{ "a target with a space", "GET /a b HTTP/1.1\r\n", ROW_400 },
	{ "HTTP/0.9", "GET /\r\n", ROW_400 },
	{ "no target", "GET HTTP/1.1\r\n", ROW_400 },

	/* RFC 9112 section 2.3: the version */
	{ "http/1.1", "GET / http/1.1\r\n", ROW_400 },
	{ "HTTP/1.", "GET / HTTP/1.\r\n", ROW_400 },
	{ "HTTP/1.10", "GET / HTTP/1.10\r\n", ROW_400 },
	{ "HTTP/01.1", "GET / HTTP/01.1\r\n", ROW_400 },
	{ "HTTP/1,1", "GET / HTTP/1,1\r\n", ROW_400 },
	{ "HTTP/x.1", "GET / HTTP/x.1\r\n", ROW_400 },
	{ "HTTPS/1.1", "GET / HTTPS/1.1\r\n", ROW_400 },
	{ "RTSP/1.0", "OPTIONS /x RTSP/1.0\r\n", ROW_400 },
	{ "HTTP/1.2", "GET / HTTP/1.2\r\n", -EOPNOTSUPP, 505 },
	{ "HTTP/0.9 by name", "GET / HTTP/0.9\r\n", -EOPNOTSUPP, 505 },
	{ "HTTP/2.1", "GET / HTTP/2.1\r\n", -EOPNOTSUPP, 505 },
	{ "HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -EOPNOTSUPP,
	    505 },

	/* RFC 9112 section 3.2: the target */
	{ "a fragment", "GET /a#b HTTP/1.1\r\n", ROW_400 },
	{ "not ASCII", "GET /\xc3\xbc HTTP/1.1\r\n", ROW_400 },
	{ "a quote", "GET /\" HTTP/1.1\r\n", ROW_400 },
	{ "an angle", "GET /<b> HTTP/1.1\r\n", ROW_400 },
	{ "a DEL", "GET /\x7f HTTP/1.1\r\n", ROW_400 },
	{ "neither form", "GET a HTTP/1.1\r\n", ROW_400 },
	{ "another scheme", "GET ftp://a/ HTTP/1.1\r\n", ROW_400 },
	{ "half a scheme", "GET http:/a HTTP/1.1\r\n", ROW_400 },
	{ "no host in a target", "GET http:///a HTTP/1.1\r\n", ROW_400 },
	{ "a port only in a target", "GET http://:80/ HTTP/1.1\r\n", ROW_400 },
	{ "a user in a target (9110 4.2.4)", "GET http://u@a/ HTTP/1.1\r\n",
	    ROW_400 },
	{ "a port too large", "GET http://a:65536/ HTTP/1.1\r\n", ROW_400 },
	{ "asterisk to GET (3.2.4)", "GET * HTTP/1.1\r\n", ROW_400 },
	{ "asterisk and more", "OPTIONS *a HTTP/1.1\r\n", ROW_400 },
	{ "CONNECT to a path (3.2.3)", "CONNECT / HTTP/1.1\r\n", ROW_400 },
	{ "CONNECT without port (9110 9.3.6)", "CONNECT a HTTP/1.1\r\n",
	    ROW_400 },
	{ "CONNECT with an empty port", "CONNECT a: HTTP/1.1\r\n", ROW_400 },
	{ "CONNECT without host", "CONNECT :443 HTTP/1.1\r\n", ROW_400 },
	{ "authority to GET", "GET a:80 HTTP/1.1\r\n", ROW_400 },

	/* RFC 9112 section 5: fields */
	{ "space before the colon (5.1)", "GET / HTTP/1.1\r\nHost : h\r\n",
	    ROW_400 },
	{ "tab before the colon (5.1)", "GET / HTTP/1.1\r\nHost\t: h\r\n",
	    ROW_400 },
	{ "no name", "GET / HTTP/1.1\r\n: h\r\n", ROW_400 },
	{ "no colon", "GET / HTTP/1.1\r\nHost\r\n", ROW_400 },
	{ "a name with a space", "GET / HTTP/1.1\r\na b: c\r\n", ROW_400 },
	{ "a name that is no token", "GET / HTTP/1.1\r\na@: c\r\n", ROW_400 },
	{ "a name that is not ASCII", "GET / HTTP/1.1\r\n\xe4: c\r\n",
	    ROW_400 },
	{ "a folded field (5.2)", GET "a: b\r\n c\r\n\r\n", ROW_400 },
	{ "folded by a tab (5.2)", GET "a: b\r\n\tc\r\n\r\n", ROW_400 },
	{ "a DEL in a value (9110 5.5)", GET "a: b\x7f" "c\r\n", ROW_400 },
	{ "an ESC in a value", GET "a: 12345678\x1b[0m\r\n", ROW_400 },
	{ "a form feed before a value", GET "a: \x0c" "b\r\n", ROW_400 },

	/* RFC 9112 section 3.2: Host */
	{ "no Host", "GET / HTTP/1.1\r\na: b\r\n\r\n", ROW_400 },
	{ "no Host, absolute form", "GET http://a/ HTTP/1.1\r\n\r\n", ROW_400 },
	{ "two Hosts", GET "Host: h\r\n\r\n", ROW_400 },
	{ "two Hosts in 1.0", "GET / HTTP/1.0\r\n" H H END, ROW_400 },
	{ "a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
	    ROW_400 },
	{ "a Host list", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ROW_400 },
	{ "a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
	    ROW_400 },
	{ "a Host that is a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n",
	    ROW_400 },
	{ "a Host with a bad port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n",
	    ROW_400 },
	{ "a Host with a signed port", "GET / HTTP/1.1\r\nHost: a:+80\r\n\r\n",
	    ROW_400 },
	{ "a Host with two ports", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n",
	    ROW_400 },
	{ "a Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
	    ROW_400 },
	{ "a Host with IPv4 in brackets",
	    "GET / HTTP/1.1\r\nHost: [127.0.0.1]\r\n\r\n", ROW_400 },
	{ "a Host with a zone", "GET / HTTP/1.1\r\nHost: [fe80::1%lo]\r\n\r\n",
	    ROW_400 },
	{ "a Host behind brackets", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n",
	    ROW_400 },
	{ "a Host with bad encoding", "GET / HTTP/1.1\r\nHost: a%4g\r\n\r\n",
	    ROW_400 },
	{ "a Host cut in its encoding", "GET / HTTP/1.1\r\nHost: a%4\r\n\r\n",
	    ROW_400 },
	{ "a Host that is not ASCII", "GET / HTTP/1.1\r\nHost: \xe4\r\n\r\n",
	    ROW_400 },

	/* RFC 9112 section 6.3, RFC 9110 section 8.6: Content-Length */
	{ "two Content-Lengths", POST "Content-Length: 5\r\n"
	    "Content-Length: 6\r\n\r\n", ROW_400 },
	{ "the same twice", POST "Content-Length: 5\r\n"
	    "Content-Length: 5\r\n\r\n", ROW_400 },
	{ "a list of lengths", POST "Content-Length: 5, 5\r\n\r\n", ROW_400 },
	{ "an empty length", POST "Content-Length:\r\n\r\n", ROW_400 },
	{ "+5", POST "Content-Length: +5\r\n\r\n", ROW_400 },
	{ "-5", POST "Content-Length: -5\r\n\r\n", ROW_400 },
	{ "5 6", POST "Content-Length: 5 6\r\n\r\n", ROW_400 },
	{ "0x5", POST "Content-Length: 0x5\r\n\r\n", ROW_400 },
	{ "5.0", POST "Content-Length: 5.0\r\n\r\n", ROW_400 },
	{ "2^63", POST "Content-Length: 9223372036854775808\r\n\r\n", ROW_400 },
	{ "2^64 + 5", POST "Content-Length: 18446744073709551621\r\n\r\n",
	    ROW_400 },
	{ "twenty digits", POST "Content-Length: 00000000000000000005\r\n\r\n",
	    ROW_400 },

	/* RFC 9112 section 6.1: Transfer-Encoding */
	{ "with Content-Length", POST "Content-Length: 5\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", ROW_400 },
	{ "with Content-Length behind it", POST
	    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
	    ROW_400 },
	{ "in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n", ROW_400 },
	{ "chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n",
	    ROW_400 },
	{ "chunked on two lines", POST "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", ROW_400 },
	{ "chunked not last", POST "Transfer-Encoding: chunked, gzip\r\n\r\n",
	    ROW_400 },
	{ "chunked not last, two lines", POST "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: identity\r\n\r\n", ROW_400 },
	{ "no chunked (6.3)", POST "Transfer-Encoding: gzip\r\n\r\n", ROW_400 },
	{ "identity", POST "Transfer-Encoding: identity\r\n\r\n", ROW_400 },
	{ "chunkedchunked", POST "Transfer-Encoding: chunkedchunked\r\n\r\n",
	    ROW_400 },
	{ "xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", ROW_400 },
	{ "chunked in quotes", POST "Transfer-Encoding: \"chunked\"\r\n\r\n",
	    ROW_400 },
	{ "chunked with a parameter", POST
	    "Transfer-Encoding: chunked;a=b\r\n\r\n", ROW_400 },
	{ "nothing", POST "Transfer-Encoding:\r\n\r\n", ROW_400 },
	{ "an empty element", POST "Transfer-Encoding: ,chunked\r\n\r\n",
	    ROW_400 },
	{ "an empty element behind it", POST
	    "Transfer-Encoding: chunked,\r\n\r\n", ROW_400 },
	{ "a vertical tab", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n",
	    ROW_400 },
	{ "an unknown coding", POST
	    "Transfer-Encoding: gzip;q=\"1\", chunked\r\n\r\n", -EOPNOTSUPP,
	    501 },
	{ "an unknown coding, two lines", POST "Transfer-Encoding: gzip\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", -EOPNOTSUPP, 501 },

	/* RFC 9110 section 10.1.1 */
	{ "an unknown expectation", POST "Expect: a-miracle\r\n\r\n",
	    -EOPNOTSUPP, 417 },
	{ "one of two unknown", POST "Expect: 100-continue, b\r\n\r\n",
	    -EOPNOTSUPP, 417 },

	/* RFC 9112 section 3, RFC 6585 section 5: limits */
	{ "no end of a target",
	    "GET /34567890123456789012345678901234567890123456789012345678901234"
	    "5678901234567890", TN_ELIMIT, 414 },
	{ "a method without end",
	    "GETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGETGET"
	    "GETGETGETGETGETGET", TN_ELIMIT, 414 },
	{ "a field too many",
	    "GET / HTTP/1.0\r\n1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n"
	    "9:\r\n\r\n", TN_ELIMIT, 431 },
	{ "a value too long", "GET / HTTP/1.0\r\na: "
	    "0123456789012345678901234567890123456789012345678901234567890123456"
	    "0123456789012345678901234567890123456789012345678901234567890123456"
	    "0123456789012345678901234567890123456789012345678901234567890123456"
	    "\r\n\r\n", TN_ELIMIT, 431 },
	{ "a name too long", "GET / HTTP/1.0\r\n"
	    "0123456789012345678901234567890123456789012345678901234567890123456"
	    "0123456789012345678901234567890123456789012345678901234567890123456"
	    "0123456789012345678901234567890123456789012345678901234567890123456"
	    ": a\r\n\r\n", TN_ELIMIT, 431 },
};

/* However it is divided: the same code, status and words. */
static void
refused(struct tn_slice in, int code, int status)
{
	struct head head;
	char words[512];

	head_init(&head, false, TN__HTTP_EXTENSION);
	assert_int_equal(head_whole(&head, in), code);
	assert_int_equal(head_whole(&head, in), code); /* for good */
	assert_int_equal(head.h.status, status);
	assert_int_equal(tn_error_code(), code);
	snprintf(words, sizeof(words), "%s", tn_error_text());

	for (size_t step = 1; step < in.len; step++) {
		head_init(&head, false, TN__HTTP_EXTENSION);
		assert_int_equal(head_pieces(&head, in, step), code);
		assert_int_equal(head.h.status, status);
		assert_string_equal(tn_error_text(), words);
	}
}

static void
test_bad(void **state)
{
	const struct bad_row *t = *state;
	struct tn_slice in = tn_slice_str(t->in);

	/* C's own end of string is the NUL that stands for one. */
	if (strstr(t->name, "NUL") != NULL)
		in.len++;
	refused(in, t->code, t->status);
}

/* A head whose first line has `line` bytes and whose fields have `fields`, both
 * with every CRLF. */
static struct tn_slice
limits_head(char out[512], int line, int fields)
{
	int n = snprintf(out, 512, "GET /%0*d HTTP/1.0\r\n"
	    "a: 1\r\nb: %0*d\r\n\r\n", line - 16, 0, fields - 13, 0);

	return tn_slice(out, (size_t)n);
}

static void
test_limits(void **state)
{
	char out[512];
	int line = (int)head_limits.line_bytes_max;
	int fields = (int)head_limits.fields_bytes_max;
	struct tn_slice in = limits_head(out, line, fields);
	struct head head;

	for (size_t step = 1; step <= in.len; step++) {
		head_init(&head, false, TN__HTTP_EXTENSION);
		assert_int_equal(head_pieces(&head, in, step), line + fields);
	}
	refused(limits_head(out, line + 1, fields), TN_ELIMIT, 414);
	refused(limits_head(out, line, fields + 1), TN_ELIMIT, 431);
}

/* A NUL is refused wherever it stands (RFC 9110 section 5.5), and so is every
 * other control character but HTAB, which may stand in a value. */
static void
test_controls(void **state)
{
	static const char in[] = GET "abcdefghij: 0123456789\r\n\r\n";

	for (size_t at = 0; at < sizeof(in) - 1; at++)
		for (int c = 0; c < 0x20; c++) {
			char copy[sizeof(in)];
			struct head head;

			memcpy(copy, in, sizeof(in));
			copy[at] = (char)c;
			head_init(&head, false, TN__HTTP_EXTENSION);
			if (copy[at] == in[at] || c == '\t' ||
			    (c == '\r' && at == 0))
				continue;
			if (tn__http_head_parse(&head.h,
				tn_slice(copy, sizeof(in) - 1)) >= 0)
				fail_msg("%02x at %zu", (unsigned)c, at);
			assert_int_equal(head.h.status, 400);
		}
}

/* What a peer sent is shown so that it does no harm. */
static void
test_words(void **state)
{
	struct head head;

	head_init(&head, false, TN__HTTP_EXTENSION);
	assert_int_equal(tn__http_head_parse(&head.h,
	    TN_SLICE("GET / HTTP/1.1\r\na: \x1b[2J\r\n")), TN_EPROTO);
	assert_string_equal(tn_error_text(),
	    "HTTP request: a control character in a field value; it came to "
	    "\"GET / HTTP/1.1\\x0d\\x0aa: \\x1b\"");

	head_init(&head, false, TN__HTTP_EXTENSION);
	check_fail_after(0);
	assert_int_equal(tn__http_head_parse(&head.h, TN_SLICE("\n")),
	    TN_EPROTO);
	check_fail_after(-1);
	assert_int_equal(head.h.status, 400);
}

static const struct name_row {
	const char *name;
	enum tn__http_name id;
} names[] = {
	{ "Accept", TN__HTTP_ACCEPT },
	{ "Accept-Encoding", TN__HTTP_ACCEPT_ENCODING },
	{ "Authorization", TN__HTTP_AUTHORIZATION },
	{ "Connection", TN__HTTP_CONNECTION },
	{ "Content-Length", TN__HTTP_CONTENT_LENGTH },
	{ "Content-Type", TN__HTTP_CONTENT_TYPE },
	{ "Cookie", TN__HTTP_COOKIE },
	{ "Expect", TN__HTTP_EXPECT },
	{ "Host", TN__HTTP_HOST },
	{ "If-Match", TN__HTTP_IF_MATCH },
	{ "If-Modified-Since", TN__HTTP_IF_MODIFIED_SINCE },
	{ "If-None-Match", TN__HTTP_IF_NONE_MATCH },
	{ "If-Range", TN__HTTP_IF_RANGE },
	{ "If-Unmodified-Since", TN__HTTP_IF_UNMODIFIED_SINCE },
	{ "Location", TN__HTTP_LOCATION },
	{ "Range", TN__HTTP_RANGE },
	{ "Referer", TN__HTTP_REFERER },
	{ "Transfer-Encoding", TN__HTTP_TRANSFER_ENCODING },
	{ "Upgrade", TN__HTTP_UPGRADE },
	{ "User-Agent", TN__HTTP_USER_AGENT },
};

/* In any case, and not with any one byte changed. */
static void
test_name(void **state)
{
	const struct name_row *t = *state;
	char copy[32] = "";
	size_t len = strlen(t->name);

	assert_int_equal(TN_COUNT(names), TN__HTTP_NAMES - 1);
	for (size_t i = 0; i < len; i++) {
		memcpy(copy, t->name, len);
		copy[i] ^= 0x20;
		if (copy[i] != '\r')
			assert_int_equal(tn__http_name(tn_slice(copy, len)),
			    t->id);
		copy[i] = '~';
		assert_int_equal(tn__http_name(tn_slice(copy, len)),
		    TN__HTTP_OTHER);
	}
	assert_int_equal(tn__http_name(tn_slice(t->name, len - 1)),
	    TN__HTTP_OTHER);
	assert_int_equal(tn__http_name(tn_slice(t->name, len)), t->id);
}

static void
test_look_up(void **state)
{
	static const char in[] = GET "a: 1\r\nA: 2\r\naccept: x\r\n\r\n";
	struct tn_slice all = tn_slice(in, sizeof(in) - 1);
	struct head head;

	head_init(&head, false, TN__HTTP_EXTENSION);
	assert_true(tn__http_head_parse(&head.h, all) > 0);
	assert_int_equal(head.h.verb, TN__HTTP_GET);
	assert_true(tn_slice_equal(tn__http_field(&head.h, all, "A"),
	    TN_SLICE("1")));
	assert_true(tn_slice_equal(tn__http_known(&head.h, all,
	    TN__HTTP_ACCEPT), TN_SLICE("x")));
	assert_null(tn__http_field(&head.h, all, "b").data);
	assert_null(tn__http_known(&head.h, all, TN__HTTP_RANGE).data);
	/* Asked again, it has nothing to do. */
	assert_int_equal(tn__http_head_parse(&head.h, all), all.len);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_look_up),
	};

	return CHECK_ROWS(good, test_good) + CHECK_ROWS(bad, test_bad) +
	    CHECK_ROWS(names, test_name) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
