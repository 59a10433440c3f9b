/* The inside of the HTTP server: a connection, the exchange that is under way
 * on it, and the two streams of that exchange. */
#ifndef TN__HTTP_H
#define TN__HTTP_H

#include <stdarg.h>
#include <tenon/http.h>
#include <tenon/log.h>
#include <tenon/network.h>
#include <tenon/run.h>

#include "proto/http/route.h"
#include "proto/http/wire.h"
#include "stream/stream.h"

struct tn_http_server {
	struct tn_http_server_options options; /* with the defaults filled in */
	struct tn__http_limits limits;
	struct tn_server *server;
	struct tn_networks *proxies; /* of options.forwarded_from */
	char *name; /* "Server: NAME", its CRLF too, or NULL */
	struct tn_slice name_line;
};

/* It lies on the stack of its fiber while nothing happens: keep it small. */
struct tn__http_connection {
	struct tn_http_server *server;
	struct tn_stream *stream;
	const struct tn_address *peer;
	struct tn_request *request; /* for handle_error(); never NULL */
	bool accepted; /* by the server underneath: it knows the request */
	int64_t requests;
};

/* ---- the request's body: http_body.c ------------------------------------ */

struct tn__http_body {
	struct tn_stream stream; /* what tn_http_body() gives */
	struct tn_http_exchange *x;
	struct tn__http_chunk chunk;
	struct tn_buffer trailers; /* "Name: value CRLF" each */
	int64_t left;  /* of the announced length */
	int64_t came;  /* in chunks begun so far */
	int error;     /* the message is broken, and with it the connection */
	bool begun;    /* it was read from: the client was told to send it */
};

void tn__http_body_init(struct tn_http_exchange *x);
/* Nothing of it is still to come. */
bool tn__http_body_is_over(const struct tn_http_exchange *x);
/* The client waits for "100 Continue" to send it, or will not send it at all. */
bool tn__http_body_is_awaited(const struct tn_http_exchange *x);
/* Whether what is left of it is little enough to be read and dropped. */
bool tn__http_body_is_short(const struct tn_http_exchange *x);
/* Does that: true when the next request begins right behind. */
bool tn__http_body_skip(struct tn_http_exchange *x);
/* Gives back what it holds. */
void tn__http_body_drop(struct tn_http_exchange *x);

/* ---- the reply: http_reply.c, http_reply_body.c ------------------------- */

enum tn__http_reply_mode {
	TN__HTTP_REPLY_COUNTED,
	TN__HTTP_REPLY_CHUNKED,
	TN__HTTP_REPLY_UNTIL_CLOSE,
	TN__HTTP_REPLY_DROPPED, /* HEAD, 204, 304 */
	TN__HTTP_REPLY_SWITCHED, /* 101: the stream is the connection's */
};

struct tn__http_reply {
	struct tn_stream stream; /* what tn_http_reply_begin() gives */
	struct tn_http_exchange *x;
	enum tn__http_reply_mode mode;
	int status;     /* 0: it has not begun */
	int64_t length; /* announced, or -1 */
	int64_t sent;   /* of the body */
	int64_t dropped; /* of it, where there is none; */
	tn_time drop_until; /* when not even that goes on; */
	bool over;      /* and its writer was told */
	bool held;      /* the head is known, but not yet written */
	bool compress;  /* if the client would have it so, by ... */
	struct tn_stream *encoder; /* ... this, when that was decided */
};

void tn__http_reply_init(struct tn_http_exchange *x);
/* Writes the head, unless it was. */
int tn__http_reply_release(struct tn_http_exchange *x);
/* Whether a program may write such a field; and writes it. */
int tn__http_reply_check_name(const char *name);
int tn__http_reply_add(struct tn_http_exchange *x, struct tn_slice name,
    const char *format, va_list arguments);
/* What the body is written to. */
struct tn_stream *tn__http_reply_stream(struct tn_http_exchange *x);
/* It was asked to be compressed: decides, adds the fields, and unless that is
 * not to be leaves -1 as the length: http_compress.c. */
int tn__http_compress(struct tn_http_exchange *x, int status,
    int64_t *length);
/* It will not be, whatever was asked or begun. */
void tn__http_compress_drop(struct tn_http_exchange *x);
/* The end of a chunked body: http_trailer.c. */
int tn__http_trailers_write(struct tn_http_exchange *x);
/* Ends the body: 0, or an error when it is not what was announced. */
int tn__http_reply_end(struct tn_http_exchange *x);

/* ---- the exchange: http_exchange.c -------------------------------------- */

#define TN__HTTP_FIELDS_INSIDE 256
#define TN__HTTP_TEXT_INSIDE 8192
#define TN__HTTP_REPLY_FIELDS 16384
#define TN__HTTP_REPLY_START 512

/* Borrowed from the pool when the first byte of a request is there, and given
 * back before the connection waits for the next. */
struct tn_http_exchange {
	struct tn__http_connection *c;
	struct tn__http_head head;
	struct tn_slice text; /* of the head */
	char *text_kept;      /* the same, once it is our copy */
	struct tn__http_field *fields_own; /* when there may be many */
	char *text_own;                    /* when it is long */
	const struct tn_address *peer; /* the connection's, or peer_far */
	struct tn_slice host;          /* that was forwarded, data NULL: none */
	bool secure;
	const struct tn_http_route *route; /* that answers, if one does */
	char *params, *params_own; /* decoded, in place of the path's bytes */
	void *user;
	tn_time began;
	int64_t wall_ns;
	const char *upgrade; /* the protocol that was not asked for */
	int64_t switched_in, switched_out; /* the connection's bytes then */
	bool last;    /* no request may follow the reply */
	bool keep;    /* the reply said that another request may follow */
	bool broken;  /* but now it may not */
	struct tn__http_body body;
	struct tn__http_reply reply;
	struct tn__http_out fields_out; /* the reply's, into reply_fields */
	size_t fields_before; /* bytes that the hook of that name put there */
	bool paging;          /* the error page is being made */
	bool timed, late;     /* request_ms counts, and it has passed */
	bool looking;

	/* From here on as it was found. */
	struct tn_address peer_far;
	struct tn_scope scope;  /* of request_ms, if timed */
	struct tn__lookout lookout; /* of the client, if looking */
	struct tn__http_field fields[TN__HTTP_FIELDS_INSIDE];
	char text_inside[TN__HTTP_TEXT_INSIDE];
	char reply_start[TN__HTTP_REPLY_START];
	char reply_fields[TN__HTTP_REPLY_FIELDS + 2]; /* and the empty line */
};

/* Reads one request, whose first byte has come, has it answered, and leaves the
 * connection at the next.  1: there may be a next; 0: close. */
int tn__http_exchange(struct tn__http_connection *c);

/* Takes from the fields what the proxies that are believed say:
 * http_forwarded.c. */
void tn__http_forwarded_take(struct tn_http_exchange *x);

/* Has the request answered, well or with an error: 0, or the connection's
 * error: http_answer.c. */
int tn__http_answer(struct tn_http_exchange *x);

/* From now on the exchange lasts as long as it lasts: http_events.c. */
void tn__http_endless(struct tn_http_exchange *x);
/* After the handler: the result of it, seen as the end of events. */
int tn__http_events_end(struct tn_http_exchange *x, int r);

/* ---- telling: http_tell.c ----------------------------------------------- */

void tn__http_record(const struct tn_http_exchange *x);
void tn__http_log(const struct tn_http_exchange *x, enum tn_log_level level,
    const char *event);
/* The handler failed with `code`, and the connection did not. */
void tn__http_report(struct tn_http_exchange *x, int code);

/* ---- the connection: http_server.c -------------------------------------- */

/* From now on the peer has to keep the least rate, and after false only not to
 * be silent for too long. */
void tn__http_hurry(struct tn__http_connection *c, bool hurry);

/* An option in milliseconds as tn_after() takes it. */
static inline tn_time
tn__http_span(int64_t ms)
{
	return ms > TN_NEVER / TN_MILLISECOND ? -1 : ms * TN_MILLISECOND;
}

/* What was written to it so far, sent or not. */
static inline int64_t
tn__http_written(const struct tn__http_connection *c)
{
	return c->stream->bytes_out +
	    (c->stream->out_end - c->stream->out_start);
}

#endif
