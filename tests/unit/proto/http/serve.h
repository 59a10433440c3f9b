/* A server without sockets: requests as bytes in pieces of some size, replies
 * as bytes, and a handler that does what the path says. */
#ifndef TESTS_UNIT_HTTP_SERVE_H
#define TESTS_UNIT_HTTP_SERVE_H

#include "unit/base/check.h"

#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/http.h>

#include "stream/stream.h"

#define HOST "Host: h\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define POST(path, fields) "POST " path " HTTP/1.1\r\n" HOST fields "\r\n"
#define OK(length) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n"
#define OK_CLOSE(length)                                                       \
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " length "\r\n"
#define OK_CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_CHUNKED_CLOSE                                                       \
	"HTTP/1.1 200 OK\r\nConnection: close\r\n"                             \
	"Transfer-Encoding: chunked\r\n\r\n"
#define TYPE "Content-Type: text/plain\r\n\r\n"
#define HELLO OK("5") TYPE "hello"
#define HELLO_CLOSE OK_CLOSE("5") TYPE "hello"
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define EXPECT "Expect: 100-continue\r\n"
#define LENGTH(n) "Content-Length: " n "\r\n"

struct serve {
	struct tn_http_server *server;
	const struct tn_address *peer; /* of the connections; or NULL */
	struct tn_buffer out;    /* what the client got */
	struct tn_buffer log;    /* "GET /path 11 200 5;" a request */
	struct tn_buffer errors; /* what handle_error() was told, a line each */
	int sends;
	bool quiet; /* the client had said that nothing more comes */
};

/* The limits are small ones; options->handler and the like are filled in. */
void serve_open(struct serve *serve, struct tn_http_server_options *options);
void serve_close(struct serve *serve);

/* One connection on which `in` comes, `step` bytes at a time, and then the end;
 * what was got, logged and said about errors is in `serve` afterwards. */
int serve_bytes(struct serve *serve, struct tn_slice in, size_t step);

struct serve_row {
	const char *name, *in, *out;
	const char *log;        /* NULL: whatever it is */
	const char *error;      /* what handle_error() got, begins so */
	const char *out_waited; /* when the body was waited for */
};

/* The row's connection all at once, then in pieces of every size. */
void serve_check(struct serve *serve, const struct serve_row *row);

/* Replaces each "{404}" by that page, "{404!}" by one that closes, "{404|A: b
 * CRLF}" by one with such a field, and takes "Date: ...\r\n" out. */
void serve_expand(const char *text, struct tn_buffer *ret);
void serve_undate(struct tn_buffer *text);

int serve_handler(struct tn_http_exchange *x, void *arg);

#endif
