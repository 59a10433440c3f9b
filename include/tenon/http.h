/* tenon/http.h - HTTP/1.1: RFC 9110 (semantics), RFC 9112 (messages).
 *
 * So far the server: a handler gets an exchange, reads its request and replies
 * once.  Everything about the connection (keep-alive, pipelining, chunking,
 * 100-continue, deadlines, limits) happens around it. */
#ifndef TENON_HTTP_H
#define TENON_HTTP_H

#include <tenon/file.h>
#include <tenon/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the exchange ------------------------------------------------------ */

struct tn_http_exchange; /* one request and its reply */

/* Answers the request.  A negative result before the reply has begun becomes a
 * 500 (TN_EESCAPE and -ENOENT 404, -EACCES 403, TN_ELIMIT 413, -ETIMEDOUT 408,
 * TN_EPROTO 400); after that the connection is closed so that the client sees
 * a truncated body, or reset where only its end would end the body.  0 without
 * a reply gives a 500 too. */
typedef int tn_http_handler(struct tn_http_exchange *x, void *arg);

/* The request.  All slices are good until the handler returns. */
TN_API struct tn_slice tn_http_method(const struct tn_http_exchange *x);
/* The request-target as it came (RFC 9112 section 3.2). */
TN_API struct tn_slice tn_http_target(const struct tn_http_exchange *x);
/* The path of the target, still percent-encoded, "/" at least ("*" for
 * OPTIONS *), and what stands behind "?", without it. */
TN_API struct tn_slice tn_http_path(const struct tn_http_exchange *x);
TN_API struct tn_slice tn_http_query(const struct tn_http_exchange *x);
/* 10 or 11. */
TN_API int tn_http_version(const struct tn_http_exchange *x);
/* The value of the first field of that name (case ignored), data NULL when
 * there is none. */
TN_API struct tn_slice tn_http_field(const struct tn_http_exchange *x,
    const char *name);
/* Field `index` from 0; false behind the last. */
TN_API bool tn_http_field_at(const struct tn_http_exchange *x, size_t index,
    struct tn_slice *ret_name, struct tn_slice *ret_value);

/* What stands for {name} or {name...} in the pattern of the route that
 * answers, percent-decoded: any byte may be in it, "/" and NUL too.  Data NULL
 * when the pattern has no such name. */
TN_API struct tn_slice tn_http_param(const struct tn_http_exchange *x,
    const char *name);

/* Who asks, for what host ("example.org:8080", as it came; empty when HTTP/1.0
 * names none), and whether its connection is encrypted: as the connection and
 * the request say, or else the proxies of options.forwarded_from. */
TN_API const struct tn_address *tn_http_peer(const struct tn_http_exchange *x);
TN_API struct tn_slice tn_http_host(const struct tn_http_exchange *x);
TN_API bool tn_http_is_secure(const struct tn_http_exchange *x);

/* A pointer of the program's own that goes with the request, from hook to
 * handler to hook; NULL at first. */
TN_API void tn_http_set_user(struct tn_http_exchange *x, void *user);
TN_API void *tn_http_user(const struct tn_http_exchange *x);

/* The request's body, which ends where the message says, decoded from chunks;
 * the exchange keeps it.  The first read sends "100 Continue" when the client
 * waits for it.  TN_ELIMIT beyond body_bytes_max, TN_ETRUNCATED when the client
 * left in the middle. */
TN_API struct tn_stream *tn_http_body(struct tn_http_exchange *x);
/* Announced length; -1 when chunked, 0 without a body. */
TN_API int64_t tn_http_body_length(const struct tn_http_exchange *x);

/* The value of the first such field behind a chunked body, once that has been
 * read to its end; data NULL before, and when there is none. */
TN_API struct tn_slice tn_http_trailer(const struct tn_http_exchange *x,
    const char *name);

/* ---- the reply --------------------------------------------------------- */

/* Its status; 0 while it has not begun. */
TN_API int tn_http_status(const struct tn_http_exchange *x);

/* Adds a field to the reply.  Not for Content-Length, Transfer-Encoding,
 * Connection and Date, which the server writes.  -EINVAL for a name that is no
 * token or a value with CR, LF or NUL; TN_ELIMIT beyond 16 KiB of fields. */
TN_API TN_CHECK int tn_http_reply_field(struct tn_http_exchange *x,
    const char *name, const char *format, ...) TN_PRINTF(3, 4);

/* A whole reply from memory; `type` may be NULL. */
TN_API TN_CHECK int tn_http_reply(struct tn_http_exchange *x, int status,
    const char *type, struct tn_slice body);
/* The same with the type "application/json". */
TN_API TN_CHECK int tn_http_reply_json(struct tn_http_exchange *x, int status,
    struct tn_slice text);
/* Elsewhere: 301, 302, 303, 307 or 308 with that Location, a URL or a part of
 * one that is percent-encoded already. */
TN_API TN_CHECK int tn_http_reply_redirect(struct tn_http_exchange *x,
    int status, const char *location);
/* The status's own words as a short page, or options.error_page. */
TN_API TN_CHECK int tn_http_reply_status(struct tn_http_exchange *x,
    int status);
/* A stream for the body: `length` bytes, or -1 when not known (chunked for
 * HTTP/1.1, each write a chunk; until close for 1.0).  For HEAD, 204 and 304
 * what is written goes nowhere, and fails with -EPIPE beyond 64 KiB or a
 * second: a body without an end would have none there either.  To return that
 * is a good end.  The exchange keeps the stream; fewer or more than `length` is
 * an error that closes the connection. */
TN_API TN_CHECK int tn_http_reply_begin(struct tn_http_exchange *x, int status,
    const char *type, int64_t length, struct tn_stream **ret);

/* The reply to come, from tn_http_reply(), _json() or _begin(), is compressed
 * when the client would have it so and it is not known to be below 256 bytes.
 * It then goes in chunks whatever its length, and a stream of it gathers until
 * tn_stream_flush().  Plain stays what has a field that speaks of its bytes
 * (Content-Encoding, Content-Range, Accept-Ranges, a strong ETag), what comes
 * from tn_http_reply_file(), events, and what goes to HTTP/1.0.
 *
 * Only for what holds no secret, or nothing that a stranger could have put into
 * the request: who sees the lengths of many encrypted replies, and has his own
 * guesses repeated in them, reads out a token or an address that stands in the
 * same reply (BREACH).  So nothing is compressed by itself. */
TN_API void tn_http_reply_compress(struct tn_http_exchange *x);
/* `size` bytes of a file from `offset` on as the whole body, by sendfile where
 * that pays. */
TN_API TN_CHECK int tn_http_reply_file(struct tn_http_exchange *x, int status,
    const char *type, struct tn_file *file, int64_t offset, int64_t size);

/* Adds a field behind the body, of a reply that was begun with length -1 and
 * has not ended (RFC 9110 section 6.5); who could not see it, with HTTP/1.0 or
 * HEAD, gets none.  Errors as of tn_http_reply_field(), and -EINVAL for a body
 * of known length or a field that means nothing there. */
TN_API TN_CHECK int tn_http_reply_trailer(struct tn_http_exchange *x,
    const char *name, const char *format, ...) TN_PRINTF(3, 4);

/* A reply ahead of the reply: 103 "Early Hints" (RFC 8297), or another of 102
 * to 199, with the fields added since the last; those of options.before wait
 * for the reply itself.  HTTP/1.0 knows no such thing and gets none. */
TN_API TN_CHECK int tn_http_reply_interim(struct tn_http_exchange *x,
    int status);

/* 101: from now on the connection speaks `protocol` ("websocket", or
 * "name/version"), on a stream that the exchange keeps.  It ends with the
 * handler.  No limit of the server's holds any more, so set those you want
 * (tn_stream_set_pace()); a draining server ends its reading.  TN_EPROTO when
 * the client did not ask for it: returned by the handler that becomes 426. */
TN_API TN_CHECK int tn_http_upgrade(struct tn_http_exchange *x,
    const char *protocol, struct tn_stream **ret);

/* "Not Found" for 404; "Unknown" for a number without a name. */
TN_API const char *tn_http_status_words(int status);

/* ---- server-sent events: HTML Standard section 9.2 --------------------- */

/* Begins a reply of events, which lasts until the handler returns or its client
 * has left: from then on each wait of this fiber, for anything at all, is
 * cancelled (-ECANCELED), as it is once the server drains; to return that is a
 * good end.  request_ms does not count; only a client that does not read for
 * idle_ms is too slow. */
TN_API TN_CHECK int tn_http_events_begin(struct tn_http_exchange *x,
    struct tn_stream **ret);
/* One event, sent before the fiber waits next.  `event` and `id` may be NULL,
 * and are one line; lines of `data` may end in any way.  Nothing at all is a
 * comment that keeps proxies from closing: send one every 15 seconds or so.
 * Whoever comes back names the last id in the field Last-Event-ID. */
TN_API TN_CHECK int tn_http_event(struct tn_stream *stream, const char *event,
    const char *id, struct tn_slice data);

/* ---- routes ------------------------------------------------------------ */

/* A table of them ends in a row of zeros.  Patterns are
 *
 *     [HOST]/literal/{name}/{rest...}
 *
 * {name} is one segment that is not empty; {rest...}, or a "/" at the end, is
 * everything beneath; {$} at the end is that "/" and nothing beneath.  HOST is a
 * name, or "*." and a name: whatever ends so.  Literals are compared with the
 * decoded path, segment by segment.  The most special pattern answers, by host
 * first, whatever the order of the rows; a path with "." or ".." in it, or with
 * bad encoding, is nobody's.
 *
 * Where only other methods would answer the reply is 405, to OPTIONS 204, with
 * Allow; where only the path with "/" behind it would, 301 (308 for a method
 * that is neither GET nor HEAD) to there.  What no row answers at all goes to
 * options.handler. */
struct tn_http_route {
	const char *method; /* NULL = any; a GET answers HEAD too */
	const char *pattern;
	tn_http_handler *handler;
	void *arg;
};

/* ---- the server -------------------------------------------------------- */

/* One line for the access log, once per answered request. */
struct tn_http_record {
	const struct tn_address *peer;  /* as tn_http_peer() */
	struct tn_slice method, target; /* as they came; escape them */
	struct tn_slice referer, user_agent;
	int version;                    /* 10, 11; 0: it never came so far */
	int status;
	int64_t bytes;                  /* of the body sent */
	tn_time took;
	int64_t wall_ns;                /* when the request line had come */
	struct tn_slice host;           /* as tn_http_host() */
	const char *route;              /* the pattern; NULL: none */
	int64_t bytes_in;               /* of the body that were read */
	bool secure;                    /* as tn_http_is_secure() */
};

/* Where proxies write for whom they ask. */
enum tn_http_forwarding {
	TN_HTTP_X_FORWARDED, /* X-Forwarded-For, -Proto and -Host */
	TN_HTTP_FORWARDED,   /* Forwarded, RFC 7239 */
};

struct tn_http_server_options {     /* all-zero is valid; 0 = default */
	/* setup, handle, finish and arg are not used, and idle_ms, rate_min
	 * and rate_grace_ms are those below. */
	struct tn_server_options server;
	/* Rows up to one of zeros, borrowed.  -EINVAL with words for a pattern
	 * that is none, and for two that both answer some path of which neither
	 * is the more special one. */
	const struct tn_http_route *routes;
	tn_http_handler *handler;       /* for what is left; NULL = 404 */
	void *arg;                      /* of this handler, and of the hooks */
	/* Before a request is answered: 0 to go on, 1 when it has replied, or a
	 * handler's error.  Fields it adds go with whatever becomes the reply.
	 * And after the reply, also when there is none because the connection
	 * failed: whenever `before` was called, or would have been. */
	int (*before)(struct tn_http_exchange *x, void *arg);
	void (*after)(struct tn_http_exchange *x, void *arg);
	/* Makes the reply where the server would make a short page (400 and
	 * above): its own refusals, tn_http_reply_status() and what handlers
	 * return.  When it makes none, or fails, the short page is sent.  Of a
	 * request that could not be read the method or the path may be
	 * empty. */
	int (*error_page)(struct tn_http_exchange *x, int status, void *arg);
	void (*record)(void *arg, const struct tn_http_record *record);
	const char *name;               /* Server field; NULL = none */
	/* Proxies that are believed, as tn_networks_parse() reads them: "::1,
	 * 10.0.0.0/8, unix"; NULL = none.  What they forwarded is read from the
	 * last to the first as long as one of them wrote it; what is malformed
	 * ends that.  `forwarding` names the field that they do write: a client
	 * can send the other one through them. */
	const char *forwarded_from;
	enum tn_http_forwarding forwarding;

	int64_t line_bytes_max;         /* request line; 8 KiB: 414 */
	int64_t fields_bytes_max;       /* all field lines; 64 KiB: 431 */
	int64_t fields_max;             /* their number; 100: 431 */
	int64_t body_bytes_max;         /* 1 MiB: 413; -1 unlimited */
	int64_t header_ms;              /* from first byte to last of the head;
					 * 10,000: 408 */
	int64_t idle_ms;                /* between two requests; 60,000 */
	int64_t rate_min;               /* bytes a second a body must come in,
					 * or a reply go out; 500; -1 off */
	int64_t rate_grace_ms;          /* 5,000 */
	int64_t request_ms;             /* from the first byte of a request to
					 * the last of its reply: 408, or 503
					 * when we are what it waits for; 0 and
					 * -1 = none */
	int64_t requests_max;           /* on one connection; unlimited, 1 for
					 * TN_SERVER_SERIAL */
	uint64_t reserved[8];
};

struct tn_http_server;

/* As tn_server_open(). */
TN_API TN_CHECK int tn_http_server_open(
    const struct tn_http_server_options *options, struct tn_http_server **ret);
/* The server underneath, for its address, serve_forever and shutdown. */
TN_API struct tn_server *tn_http_server(struct tn_http_server *server);
TN_API void tn_http_server_free(struct tn_http_server *server);
TN_DEFINE_CLEANUP(struct tn_http_server, tn_http_server_free)

/* Serves one connection that came some other way; takes the stream. */
TN_API int tn_http_serve_stream(struct tn_http_server *server,
    struct tn_stream *stream, const struct tn_address *peer);

#ifdef __cplusplus
}
#endif

#endif
