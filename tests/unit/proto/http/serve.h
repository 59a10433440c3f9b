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

struct serve {
	struct tn_http_server *server;
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

/* Replaces each "{404}" by that page, "{404!}" by one that closes, and takes
 * "Date: ...\r\n" out. */
void serve_expand(const char *text, struct tn_buffer *ret);
void serve_undate(struct tn_buffer *text);

int serve_handler(struct tn_http_exchange *x, void *arg);

#endif
