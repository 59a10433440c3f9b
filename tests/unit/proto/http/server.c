/* The server on requests as bytes: RFC 9112 sections 2 to 9, RFC 9110 sections
 * 6, 9, 10 and 15. */
#include "serve.h"

static const struct serve_row connections[] = {
	{ "nothing", "", "", "" },
	{ "keep-alive is the default (9.3)", GET("/hello") GET("/hello"),
	    HELLO HELLO, "GET /hello 11 200 5;GET /hello 11 200 5;" },
	{ "the client closes (9.6)",
	    "GET /hello HTTP/1.1\r\n" HOST "Connection: x, close\r\n\r\n"
	    GET("/hello"), HELLO_CLOSE, "GET /hello 11 200 5;" },
	{ "1.0 closes", "GET /hello HTTP/1.0\r\n\r\n" GET("/hello"),
	    HELLO_CLOSE, "GET /hello 10 200 5;" },
	{ "1.0 keeps alive when asked (C.2.2)",
	    "GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
	    "GET /hello HTTP/1.0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
	    "Content-Length: 5\r\n" TYPE "hello" HELLO_CLOSE,
	    "GET /hello 10 200 5;GET /hello 10 200 5;" },
	{ "close beats keep-alive",
	    "GET /hello HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
	    HELLO_CLOSE, "GET /hello 10 200 5;" },
	{ "pipelined, with bodies between (9.3.2)",
	    GET("/hello") POST("/echo", LENGTH("3")) "abc"
	    POST("/echo", CHUNKED) "2\r\nde\r\n0\r\n\r\n" GET("/hello"),
	    HELLO OK("3") "\r\nabc" OK("2") "\r\nde" HELLO,
	    "GET /hello 11 200 5;POST /echo 11 200 3;POST /echo 11 200 2;"
	    "GET /hello 11 200 5;" },
	{ "empty lines between (2.2)",
	    GET("/hello") "\r\n" GET("/hello"), HELLO HELLO,
	    "GET /hello 11 200 5;GET /hello 11 200 5;" },
	{ "a client that leaves in the head", "GET /hello HTTP/1.1\r\nHo", "",
	    "" },
	{ "requests_max", GET("/hello") GET("/hello") GET("/hello")
	    GET("/hello") GET("/hello") GET("/hello"),
	    HELLO HELLO HELLO HELLO HELLO_CLOSE,
	    "GET /hello 11 200 5;GET /hello 11 200 5;GET /hello 11 200 5;"
	    "GET /hello 11 200 5;GET /hello 11 200 5;" },
	{ "agent and referer",
	    "GET /hello HTTP/1.1\r\n" HOST "User-Agent: a/1\r\n"
	    "Referer: r\r\n\r\n", HELLO, "GET /hello 11 200 5a/1r;" },
};

static const struct serve_row requests[] = {
	{ "all that there is to ask",
	    "GET /info?a=b&c HTTP/1.1\r\nX-Other:\r\n" HOST "\r\n",
	    OK("55") "\r\nGET|/info?a=b&c|/info|a=b&c|11|h|some|0|X-Other=|"
	    "Host=h", "GET /info?a=b&c 11 200 55;" },
	{ "absolute form (3.2.2)",
	    "GET http://x/info HTTP/1.1\r\n" HOST "\r\n",
	    OK("43") "\r\nGET|http://x/info|/info||11|h|none|0|Host=h",
	    "GET http://x/info 11 200 43;" },
	{ "asterisk form (3.2.4)", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
	    OK("31") "\r\nOPTIONS|*|*||11|h|none|0|Host=h",
	    "OPTIONS * 11 200 31;" },
	{ "a length", "PUT /info HTTP/1.0\r\n" LENGTH("0") "\r\n",
	    OK_CLOSE("44") "\r\nPUT|/info|/info||10||none|0|Content-Length=0",
	    "PUT /info 10 200 44;" },
	{ "no length known", "PUT /info HTTP/1.1\r\n" HOST CHUNKED "\r\n"
	    "0\r\n\r\n", OK("62") "\r\nPUT|/info|/info||11|h|none|-1|Host=h|"
	    "Transfer-Encoding=chunked", "PUT /info 11 200 62;" },
	{ "CONNECT", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", "{501!}",
	    "CONNECT a:1 11 501 80;" },
	{ "a handler that knows no such path", GET("/nowhere"), "{404}",
	    "GET /nowhere 11 404 68;" },
};

/* Whatever is refused ends the connection: the GET behind it never runs. */
#define REFUSED(name, in, status, log)                                         \
	{ name, in GET("/hello"), "{" status "!}", log ";" }

static const struct serve_row refused[] = {
	REFUSED("no request line", "hello\r\n\r\n", "400", "  0 400 72"),
	REFUSED("TLS to a plain port", "\x16\x03\x01\x02\r\n\r\n", "400",
	    "  0 400 72"),
	REFUSED("bare LF (2.2)", "GET / HTTP/1.1\nHost: h\n\n", "400",
	    "GET / 0 400 72"),
	REFUSED("a space in the target", "GET /a b HTTP/1.1\r\n\r\n", "400",
	    "GET /a 0 400 72"),
	REFUSED("no Host (3.2)", "GET / HTTP/1.1\r\n\r\n", "400",
	    "GET / 11 400 72"),
	REFUSED("two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400",
	    "GET / 11 400 72"),
	REFUSED("a space before the colon (5.1)",
	    "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400", "GET / 11 400 72"),
	REFUSED("a folded line (5.2)",
	    "GET / HTTP/1.1\r\n" HOST " more\r\n\r\n", "400",
	    "GET / 11 400 72"),
	REFUSED("NUL in a value", "GET / HTTP/1.1\r\nHost: \x01\r\n\r\n",
	    "400", "GET / 11 400 72"),
	REFUSED("HTTP/2 (2.5)", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505",
	    "PRI * 0 505 102"),
	REFUSED("HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", "505",
	    "GET / 0 505 102"),
	REFUSED("a long line", "GET /" X100 " HTTP/1.1\r\n\r\n", "414",
	    "GET  0 414 74"),
	REFUSED("a long field", "GET / HTTP/1.1\r\nA: " X100 X100 X100
	    "\r\n\r\n", "431", "GET / 11 431 112"),
	REFUSED("many fields", "GET / HTTP/1.1\r\n"
	    "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n", "431",
	    "GET / 11 431 112"),
	REFUSED("an expectation nobody knows (9110 10.1.1)",
	    POST("/echo", "Expect: tea\r\n"), "417", "POST /echo 11 417 86"),
	REFUSED("a long body", POST("/echo", LENGTH("1001")), "413",
	    "POST /echo 11 413 84"),
	REFUSED("a long body that is only announced",
	    POST("/echo", EXPECT LENGTH("1001")), "413",
	    "POST /echo 11 413 84"),

	/* Two readings, and a request hidden in the difference (11.2). */
	REFUSED("both lengths (6.1)", POST("/echo", LENGTH("4") CHUNKED)
	    "0\r\n\r\n", "400", "POST /echo 11 400 72"),
	REFUSED("two lengths (6.3)", POST("/echo", LENGTH("4") LENGTH("5"))
	    "abcd", "400", "POST /echo 11 400 72"),
	REFUSED("a list of lengths", POST("/echo", LENGTH("4, 4")) "abcd",
	    "400", "POST /echo 11 400 72"),
	REFUSED("a length with a sign", POST("/echo", LENGTH("+4")) "abcd",
	    "400", "POST /echo 11 400 72"),
	REFUSED("a length in hex", POST("/echo", LENGTH("0x4")) "abcd", "400",
	    "POST /echo 11 400 72"),
	REFUSED("chunked twice", POST("/echo", CHUNKED CHUNKED) "0\r\n\r\n",
	    "400", "POST /echo 11 400 72"),
	REFUSED("chunked with a shadow",
	    POST("/echo", "Transfer-Encoding: chunked, identity\r\n"), "400",
	    "POST /echo 11 400 72"),
	REFUSED("chunked misspelt",
	    POST("/echo", "Transfer-Encoding: xchunked\r\n"), "400",
	    "POST /echo 11 400 72"),
	REFUSED("a coding nobody knows",
	    POST("/echo", "Transfer-Encoding: gzip, chunked\r\n"), "501",
	    "POST /echo 11 501 80"),
	REFUSED("chunks in 1.0",
	    "POST /echo HTTP/1.0\r\n" CHUNKED "\r\n0\r\n\r\n", "400",
	    "POST /echo 10 400 72"),
	REFUSED("a chunk size that is none", POST("/echo", CHUNKED)
	    "5 \r\nhello\r\n0\r\n\r\n", "400", "POST /echo 11 400 72"),
	REFUSED("a chunk longer than it says", POST("/echo", CHUNKED)
	    "3\r\nhello\r\n0\r\n\r\n", "400", "POST /echo 11 400 72"),
	REFUSED("a bare LF behind a size", POST("/echo", CHUNKED)
	    "5\nhello\r\n0\r\n\r\n", "400", "POST /echo 11 400 72"),
	REFUSED("a huge chunk", POST("/echo", CHUNKED)
	    "10000000000000000\r\n", "400", "POST /echo 11 400 72"),
	REFUSED("chunks beyond body_bytes_max", POST("/echo", CHUNKED)
	    "3e0\r\n" X100 X100 X100 X100 X100 X100 X100 X100 X100 X10 X10 X10
	    X10 X10 X10 X10 X10 X10 "xx\r\n9\r\n", "413",
	    "POST /echo 11 413 84"),
};

static const struct serve_row bodies[] = {
	{ "of a length", POST("/echo", LENGTH("5")) "hello" GET("/hello"),
	    OK("5") "\r\nhello" HELLO,
	    "POST /echo 11 200 5;GET /hello 11 200 5;" },
	{ "in chunks", POST("/echo", CHUNKED)
	    "3\r\nhel\r\n002;x=\"y\"\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
	    GET("/hello"), OK("5") "\r\nhello" HELLO,
	    "POST /echo 11 200 5;GET /hello 11 200 5;" },
	{ "joined across chunks", POST("/pairs", CHUNKED)
	    "1\r\na\r\n1\r\nb\r\n3\r\ncde\r\n0\r\n\r\n" GET("/hello"),
	    OK_CHUNKED "2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n" HELLO,
	    "POST /pairs 11 200 5;GET /hello 11 200 5;" },
	{ "lines across chunks", POST("/lines", CHUNKED)
	    "3\r\na\nb\r\n2\r\nc\n\r\n0\r\n\r\n" GET("/hello"),
	    OK("7") "\r\n<a><bc>" HELLO,
	    "POST /lines 11 200 7;GET /hello 11 200 5;" },
	{ "lines of a length", POST("/lines", LENGTH("4")) "a\nb\n"
	    GET("/hello"), OK("6") "\r\n<a><b>" HELLO,
	    "POST /lines 11 200 6;GET /hello 11 200 5;" },
	{ "none", POST("/echo", ""), OK("0") "\r\n", "POST /echo 11 200 0;" },
	{ "none, said so", POST("/echo", LENGTH("0")) GET("/hello"),
	    OK("0") "\r\n" HELLO,
	    "POST /echo 11 200 0;GET /hello 11 200 5;" },
	{ "with a GET (9110 9.3.1)", "GET /echo HTTP/1.1\r\n" HOST LENGTH("2")
	    "\r\nab" GET("/hello"), OK("2") "\r\nab" HELLO,
	    "GET /echo 11 200 2;GET /hello 11 200 5;" },
	{ "that nobody read is skipped", POST("/hello", LENGTH("5")) "GET /"
	    GET("/hello"), HELLO HELLO,
	    "POST /hello 11 200 5;GET /hello 11 200 5;" },
	{ "that nobody read, in chunks", POST("/hello", CHUNKED)
	    "5\r\nGET /\r\n0\r\n\r\n" GET("/hello"), HELLO HELLO,
	    "POST /hello 11 200 5;GET /hello 11 200 5;" },
	{ "half read, the rest skipped", POST("/first", LENGTH("5")) "hello"
	    GET("/hello"), OK("1") "\r\nh" HELLO,
	    "POST /first 11 200 1;GET /hello 11 200 5;" },
	{ "half read, in chunks", POST("/first", CHUNKED)
	    "4\r\nhell\r\n1\r\no\r\n0\r\n\r\n" GET("/hello"),
	    OK("1") "\r\nh" HELLO,
	    "POST /first 11 200 1;GET /hello 11 200 5;" },
	{ "broken behind what was read", POST("/first", CHUNKED)
	    "4\r\nhell\r\nx" GET("/hello"), OK("1") "\r\nh",
	    "POST /first 11 200 1;" },
	{ "cut short", POST("/echo", LENGTH("9")) "hello", "{400!}",
	    "POST /echo 11 400 72;" },
	{ "cut short in a chunk", POST("/echo", CHUNKED) "9\r\nhello",
	    "{400!}", "POST /echo 11 400 72;" },
	{ "cut short behind a chunk", POST("/echo", CHUNKED)
	    "5\r\nhello\r\n", "{400!}", "POST /echo 11 400 72;" },

	{ "100-continue, and the body was there", POST("/echo", EXPECT
	    LENGTH("5")) "hello" GET("/hello"), OK("5") "\r\nhello" HELLO,
	    "POST /echo 11 200 5;GET /hello 11 200 5;", NULL,
	    "HTTP/1.1 100 Continue\r\n\r\n" OK("5") "\r\nhello" HELLO },
	{ "100-continue, in chunks", POST("/echo", EXPECT CHUNKED)
	    "5\r\nhello\r\n0\r\n\r\n" GET("/hello"), OK("5") "\r\nhello" HELLO,
	    "POST /echo 11 200 5;GET /hello 11 200 5;", NULL,
	    "HTTP/1.1 100 Continue\r\n\r\n" OK("5") "\r\nhello" HELLO },
	{ "100-continue and nobody reads", POST("/hello", EXPECT LENGTH("5"))
	    GET("/hello"), HELLO_CLOSE, "POST /hello 11 200 5;" },
	{ "100-continue and somebody looks", POST("/peek", EXPECT CHUNKED)
	    GET("/hello"), HELLO_CLOSE, "POST /peek 11 200 5;" },
	{ "100-continue and somebody looks, of a length",
	    POST("/peek", EXPECT LENGTH("5")), HELLO_CLOSE,
	    "POST /peek 11 200 5;" },
	{ "100-continue and no body", POST("/hello", EXPECT LENGTH("0"))
	    GET("/hello"), HELLO HELLO,
	    "POST /hello 11 200 5;GET /hello 11 200 5;" },
	{ "100-continue when the reply began, but not on the wire",
	    POST("/pairs", EXPECT LENGTH("2")) "ab" GET("/hello"),
	    OK_CHUNKED "2\r\nab\r\n0\r\n\r\n" HELLO,
	    "POST /pairs 11 200 2;GET /hello 11 200 5;", NULL,
	    "HTTP/1.1 100 Continue\r\n\r\n" OK_CHUNKED
	    "2\r\nab\r\n0\r\n\r\n" HELLO },
	{ "100-continue, then a failure instead of a reply",
	    POST("/pairs", EXPECT CHUNKED) "x\r\n", "{400!}",
	    "POST /pairs 11 400 72;", NULL,
	    "HTTP/1.1 100 Continue\r\n\r\n{400!}" },
	{ "100-continue and nobody reads or writes",
	    POST("/stream", EXPECT LENGTH("5")), OK_CHUNKED_CLOSE
	    "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
	    "POST /stream 11 200 6;" },
	{ "100-continue after the reply began", POST("/early", EXPECT
	    LENGTH("5")) "hello", OK_CHUNKED_CLOSE "5\r\nearly\r\n",
	    "POST /early 11 200 5;", "HTTP request: the reply began before" },
	{ "100-continue means nothing to 1.0", "POST /echo HTTP/1.0\r\n"
	    EXPECT LENGTH("5") "\r\nhello", OK_CLOSE("5") "\r\nhello",
	    "POST /echo 10 200 5;" },
	{ "the reply begins before the body was read",
	    POST("/early", LENGTH("5")) "hello" GET("/hello"),
	    OK_CHUNKED "5\r\nearly\r\n0\r\n\r\n" HELLO,
	    "POST /early 11 200 5;GET /hello 11 200 5;" },
};

static const struct serve_row replies[] = {
	{ "HEAD (9110 9.3.2)", "HEAD /hello HTTP/1.1\r\n" HOST "\r\n"
	    GET("/hello"), OK("5") TYPE HELLO,
	    "HEAD /hello 11 200 0;GET /hello 11 200 5;" },
	{ "HEAD of a stream", "HEAD /stream?6 HTTP/1.1\r\n" HOST "\r\n"
	    GET("/hello"), OK("6") "\r\n" HELLO,
	    "HEAD /stream?6 11 200 0;GET /hello 11 200 5;" },
	{ "HEAD of a stream that is too short",
	    "HEAD /stream?9 HTTP/1.1\r\n" HOST "\r\n" GET("/hello"),
	    OK("9") "\r\n" HELLO,
	    "HEAD /stream?9 11 200 0;GET /hello 11 200 5;" },
	{ "HEAD of chunks", "HEAD /stream HTTP/1.1\r\n" HOST "\r\n"
	    GET("/hello"), "HTTP/1.1 200 OK\r\n\r\n" HELLO,
	    "HEAD /stream 11 200 0;GET /hello 11 200 5;" },
	{ "HEAD of a body without an end",
	    "HEAD /endless HTTP/1.1\r\n" HOST "\r\n" GET("/hello"),
	    "HTTP/1.1 200 OK\r\n\r\n" HELLO,
	    "HEAD /endless 11 200 0;GET /hello 11 200 5;" },
	{ "HEAD in 1.0 keeps alive", "HEAD /stream HTTP/1.0\r\n"
	    "Connection: keep-alive\r\n\r\n" GET("/hello"),
	    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n" HELLO,
	    "HEAD /stream 10 200 0;GET /hello 11 200 5;" },
	{ "HEAD of an error", "HEAD / HTTP/1.1\r\n" HOST "\r\n" GET("/hello"),
	    "HTTP/1.1 404 Not Found\r\nContent-Length: 68\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n\r\n" HELLO,
	    "HEAD / 11 404 0;GET /hello 11 200 5;" },
	{ "HEAD refused", "HEAD / HTTP/1.1\r\n\r\n",
	    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
	    "Content-Length: 72\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n\r\n",
	    "HEAD / 11 400 0;" },
	{ "a stream of a length", GET("/stream?6") GET("/hello"),
	    OK("6") "\r\nonetwo" HELLO,
	    "GET /stream?6 11 200 6;GET /hello 11 200 5;" },
	{ "chunks (7.1)", GET("/stream") GET("/hello"),
	    OK_CHUNKED "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" HELLO,
	    "GET /stream 11 200 6;GET /hello 11 200 5;" },
	{ "until the end in 1.0", "GET /stream HTTP/1.0\r\n"
	    "Connection: keep-alive\r\n\r\n" GET("/hello"),
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo",
	    "GET /stream 10 200 6;" },
	{ "shorter than announced", GET("/stream?7") GET("/hello"),
	    OK("7") "\r\nonetwo", "GET /stream?7 11 200 6;",
	    "HTTP reply: only 6 of the 7 bytes" },
	{ "longer than announced", GET("/stream?5") GET("/hello"),
	    OK("5") "\r\none", "GET /stream?5 11 200 3;",
	    "HTTP reply: more than the 5 bytes" },
	{ "a failure halfway", GET("/halfway") GET("/hello"),
	    OK_CHUNKED "4\r\nhalf\r\n", "GET /halfway 11 200 4;",
	    "the other half is lost" },
	{ "no content (9110 15.3.5)", GET("/status?204") GET("/hello"),
	    "HTTP/1.1 204 No Content\r\n\r\n" HELLO,
	    "GET /status?204 11 204 0;GET /hello 11 200 5;" },
	{ "reset content", GET("/status?205"),
	    "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
	    "GET /status?205 11 205 0;" },
	{ "not modified", GET("/status?304"),
	    "HTTP/1.1 304 Not Modified\r\n\r\n", "GET /status?304 11 304 0;" },
	{ "a status with a page", GET("/status?405"), "{405}",
	    "GET /status?405 11 405 86;" },
	{ "a status without a name", GET("/status?599"), "{599}",
	    "GET /status?599 11 599 64;" },
	{ "a status that is none", GET("/status?600"), "{500}",
	    "GET /status?600 11 500 92;", "HTTP reply: 600 is no final" },
	{ "fields", GET("/fields"), OK("0") "A: literal\r\nB: string\r\n"
	    "C: 7-x\r\nD: \r\nE: " X100 X100 X100 X100 X100 X10 X10 X10 X10
	    X10 X10 X10 X10 X10 "xxxxxxxxx.\r\nContent-Type: a/b\r\n\r\n",
	    "GET /fields 11 200 0;" },
	{ "fields that are none", GET("/bad-fields"),
	    OK("11") "\r\nall refused", "GET /bad-fields 11 200 11;" },
	{ "only one", GET("/twice") GET("/hello"), HELLO HELLO,
	    "GET /twice 11 200 5;GET /hello 11 200 5;" },
	{ "streams that go one way", POST("/misuse", LENGTH("1")) "x"
	    GET("/hello"), OK_CHUNKED "3\r\nend\r\n0\r\n\r\n" HELLO,
	    "POST /misuse 11 200 3;GET /hello 11 200 5;" },

	{ "fails: no such file", GET("/fail?ENOENT") GET("/hello"),
	    "{404}" HELLO,
	    "GET /fail?ENOENT 11 404 68;GET /hello 11 200 5;" },
	{ "fails: outside", GET("/fail?EESCAPE"), "{404}",
	    "GET /fail?EESCAPE 11 404 68;" },
	{ "fails: no access", GET("/fail?EACCES"), "{403}",
	    "GET /fail?EACCES 11 403 68;" },
	{ "fails: a limit", GET("/fail?ELIMIT"), "{413}",
	    "GET /fail?ELIMIT 11 413 84;" },
	{ "fails: too late", GET("/fail?ETIMEDOUT") GET("/hello"), "{408!}",
	    "GET /fail?ETIMEDOUT 11 408 80;" },
	{ "fails: the client's fault", GET("/fail?EPROTO"), "{400}",
	    "GET /fail?EPROTO 11 400 72;" },
	{ "fails: our own fault, and says nothing about it",
	    GET("/fail?EIO") GET("/hello"), "{500}" HELLO,
	    "GET /fail?EIO 11 500 92;GET /hello 11 200 5;", "secret" },
	{ "fails and says nothing at all", GET("/fail?silent"), "{500}",
	    "GET /fail?silent 11 500 92;",
	    "HTTP handler: " },
	{ "fails: truncated, but not the request", GET("/fail?ETRUNCATED"),
	    "{500}", "GET /fail?ETRUNCATED 11 500 92;", "secret" },
	{ "does not answer", GET("/fail") GET("/hello"), "{500}" HELLO,
	    "GET /fail 11 500 92;GET /hello 11 200 5;", "HTTP handler: it" },
};

static void
test_row(void **state)
{
	const struct serve_row *t = *state;
	struct tn_http_server_options options = { .requests_max = 5 };
	struct serve serve;

	serve_open(&serve, &options);
	serve_check(&serve, t);
	serve_close(&serve);
}

int
main(void)
{
	return CHECK_ROWS(connections, test_row) +
	    CHECK_ROWS(requests, test_row) + CHECK_ROWS(refused, test_row) +
	    CHECK_ROWS(bodies, test_row) + CHECK_ROWS(replies, test_row);
}
