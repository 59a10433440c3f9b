/* HTTP/1.1 on the wire: RFC 9112, with the fields of RFC 9110 that decide
 * where a message ends.  Pure: bytes to structs and back.
 *
 * A reading of a message that two programs can disagree about is refused, not
 * guessed: that is how requests are smuggled. */
#ifndef TN__HTTP_WIRE_H
#define TN__HTTP_WIRE_H

#include <tenon/base.h>
#include <tenon/buffer.h>

/* ---- reading a head ---------------------------------------------------- */

/* The fields that a server or a client asks for by number. */
enum tn__http_name {
	TN__HTTP_OTHER,
	TN__HTTP_ACCEPT,
	TN__HTTP_ACCEPT_ENCODING,
	TN__HTTP_AUTHORIZATION,
	TN__HTTP_CONNECTION,
	TN__HTTP_CONTENT_LENGTH,
	TN__HTTP_CONTENT_TYPE,
	TN__HTTP_COOKIE,
	TN__HTTP_EXPECT,
	TN__HTTP_HOST,
	TN__HTTP_IF_MATCH,
	TN__HTTP_IF_MODIFIED_SINCE,
	TN__HTTP_IF_NONE_MATCH,
	TN__HTTP_IF_RANGE,
	TN__HTTP_IF_UNMODIFIED_SINCE,
	TN__HTTP_LOCATION,
	TN__HTTP_RANGE,
	TN__HTTP_REFERER,
	TN__HTTP_TRANSFER_ENCODING,
	TN__HTTP_UPGRADE,
	TN__HTTP_USER_AGENT,
	TN__HTTP_NAMES /* how many there are */
};

enum tn__http_method { /* RFC 9110 section 9.3, RFC 5789 */
	TN__HTTP_EXTENSION,
	TN__HTTP_CONNECT,
	TN__HTTP_DELETE,
	TN__HTTP_GET,
	TN__HTTP_HEAD,
	TN__HTTP_OPTIONS,
	TN__HTTP_PATCH,
	TN__HTTP_POST,
	TN__HTTP_PUT,
	TN__HTTP_TRACE,
};

enum tn__http_form { /* of the request-target, RFC 9112 section 3.2 */
	TN__HTTP_ORIGIN,
	TN__HTTP_ABSOLUTE,
	TN__HTTP_AUTHORITY,
	TN__HTTP_ASTERISK,
};

enum tn__http_framing { /* of the body, RFC 9112 section 6.3 */
	TN__HTTP_NO_BODY,
	TN__HTTP_LENGTH,      /* content_length bytes, 0 too */
	TN__HTTP_CHUNKED,
	TN__HTTP_UNTIL_CLOSE, /* responses only */
};

/* Bytes of the head, counted from its first. */
struct tn__http_span {
	uint32_t at, len;
};

struct tn__http_field {
	struct tn__http_span name, value; /* value without white space around */
	enum tn__http_name id;
};

struct tn__http_limits {
	uint32_t line_bytes_max;   /* first line with CRLF: 414 */
	uint32_t fields_bytes_max; /* field lines and the empty one: 431 */
	uint32_t fields_max;       /* length of the fields array, > 0: 431 */
};

/* Offsets and limits stay below this. */
#define TN__HTTP_HEAD_BYTES_MAX (UINT32_C(1) << 30)

struct tn__http_head {
	/* What was read; complete once tn__http_head_parse() returned > 0.  A
	 * request that was refused has what came before the fault: spans not
	 * reached are empty, version is 0. */
	struct tn__http_span method, target; /* requests */
	struct tn__http_span path, query;    /* of target; without the "?" */
	struct tn__http_span host;  /* host[:port] the request is meant for: of
				     * the target if it has one, else Host */
	struct tn__http_span reason;         /* responses */
	enum tn__http_method verb;
	enum tn__http_form form;
	int version;             /* 10 or 11 */
	int status;              /* response: its status code;
				  * request refused: the status to answer */
	struct tn__http_field *fields; /* the caller's array */
	uint32_t fields_count;
	uint32_t first[TN__HTTP_NAMES]; /* 1 + index of the first, 0: none */

	/* What it means. */
	enum tn__http_framing framing;
	int64_t content_length;  /* -1 when the head names none */
	bool has_query;
	bool keep_alive;         /* RFC 9112 section 9.3; before framing and
				  * what the server decides itself */
	bool expect_continue;    /* RFC 9110 section 10.1.1 */
	bool upgrade;            /* Upgrade, and Connection says so too */

	/* The parser's own. */
	struct tn__http_limits limits;
	bool response;
	bool connection_close, connection_keep_alive, connection_upgrade;
	bool coding_chunked, coding_unknown;
	enum tn__http_method asked;
	int refused;             /* the error it ended in */
	unsigned phase;
	uint32_t at;             /* next byte to look at */
	uint32_t start;          /* of the present element */
	uint32_t section;        /* where the line or the fields begin */
};

/* Makes ready for a message.  `fields` has limits->fields_max places and must
 * outlive the head; no place is touched before it is needed. */
void tn__http_request_init(struct tn__http_head *h,
    const struct tn__http_limits *limits, struct tn__http_field *fields);
/* `asked` is the method of the request that is answered: it decides whether
 * there is a body. */
void tn__http_response_init(struct tn__http_head *h, enum tn__http_method asked,
    const struct tn__http_limits *limits, struct tn__http_field *fields);

/* Reads on.  `in` is everything received of this message so far: its start
 * never changes, it only grows, though it may have moved.  Reading goes on
 * where it stopped.  Returns the bytes of the head, its empty line included
 * (> 0), 0 when more is needed, or with an error text TN_EPROTO (400),
 * TN_ELIMIT (414, 431), -EOPNOTSUPP (417, 501, 505); h->status is what to
 * answer, and then the connection must be closed; the error stays.  The result
 * does not depend on how the bytes were divided.  One empty line before a
 * request belongs to it (section 2.2). */
int tn__http_head_parse(struct tn__http_head *h, struct tn_slice in);

static inline struct tn_slice
tn__http_text(struct tn_slice head, struct tn__http_span span)
{
	return tn_slice_head(tn_slice_skip(head, span.at), span.len);
}

/* The value of the first such field; data NULL when there is none. */
static inline struct tn_slice
tn__http_known(const struct tn__http_head *h, struct tn_slice head,
    enum tn__http_name id)
{
	if (h->first[id] == 0)
		return tn_slice(NULL, 0);
	return tn__http_text(head, h->fields[h->first[id] - 1].value);
}

/* The same by any name, case ignored. */
struct tn_slice tn__http_field(const struct tn__http_head *h,
    struct tn_slice head, const char *name);

/* The path still encoded: "/" at least, "*" for OPTIONS of the whole server,
 * empty for CONNECT. */
struct tn_slice tn__http_path(const struct tn__http_head *h,
    struct tn_slice head);

/* GET for "GET"; methods are case-sensitive. */
enum tn__http_method tn__http_method(struct tn_slice name);
/* TN__HTTP_HOST for "hOST"; `name` is a token. */
enum tn__http_name tn__http_name(struct tn_slice name);

/* RFC 9110 sections 5.6.2 and 5.5.  A value may be empty and may not begin or
 * end with white space. */
bool tn__http_is_token(struct tn_slice text);
bool tn__http_is_value(struct tn_slice text);
/* uri-host [ ":" port ]: RFC 9110 section 7.2; empty is valid. */
bool tn__http_is_host(struct tn_slice text);

/* ---- reading chunks: RFC 9112 section 7.1 ------------------------------ */

struct tn__http_chunk_limits {
	uint32_t extension_bytes_max; /* of all chunks together */
	uint32_t trailer_bytes_max;   /* lines and the empty one */
	uint32_t trailers_max;
};

struct tn__http_chunk {
	uint64_t left; /* body bytes that come next; the reader takes from it */
	bool done;     /* the message has ended */
	int status;    /* after an error: what to answer; 400, 431, 500 */
	/* Where the trailer lines are kept, checked, each with its CRLF; NULL:
	 * they are dropped.  The caller's. */
	struct tn_buffer *trailers;

	struct tn__http_chunk_limits limits; /* from here on private */
	uint32_t extension_bytes, trailer_bytes, trailers_count;
	uint64_t size;
	int refused; /* the error it ended in */
	unsigned phase, digits;
};

void tn__http_chunk_init(struct tn__http_chunk *c,
    const struct tn__http_chunk_limits *limits, struct tn_buffer *trailers);

/* Reads framing, as far as the next body bytes or the end of the message, and
 * returns how many bytes of `in` that was; they are done with.  Then either
 * c->left > 0, and that many body bytes follow (the caller subtracts what it
 * takes and calls again at 0), or c->done, or all of `in` was used and more is
 * needed.  Otherwise, and from then on, TN_EPROTO, TN_ELIMIT or -ENOMEM with an
 * error text. */
ssize_t tn__http_chunk_parse(struct tn__http_chunk *c, struct tn_slice in);

/* ---- writing ----------------------------------------------------------- */

/* "1A\r\n" for 26; what follows is the body bytes and TN__HTTP_CRLF.  `size` is
 * not 0: that is TN__HTTP_CHUNK_END.  Returns the bytes written. */
#define TN__HTTP_CHUNK_HEAD_MAX 18
size_t tn__http_chunk_head(char out[TN__HTTP_CHUNK_HEAD_MAX], uint64_t size);
#define TN__HTTP_CRLF TN_SLICE("\r\n")
#define TN__HTTP_CHUNK_END TN_SLICE("0\r\n\r\n")

/* Memory of the caller that a head is written into.  What does not fit sets
 * `full`, is left out whole, and so is all that follows: ask once, at the
 * end. */
struct tn__http_out {
	char *data;
	size_t len, cap;
	bool full;
};

void tn__http_put(struct tn__http_out *o, struct tn_slice bytes);
/* "HTTP/1.1 200 OK\r\n"; `status` has three digits. */
void tn__http_put_status(struct tn__http_out *o, int status);
/* "GET /path HTTP/1.1\r\n". */
void tn__http_put_request(struct tn__http_out *o, struct tn_slice method,
    struct tn_slice target);
/* "Name: value\r\n".  Both must be valid: see tn__http_is_token and _value. */
void tn__http_put_field(struct tn__http_out *o, struct tn_slice name,
    struct tn_slice value);
void tn__http_put_number(struct tn__http_out *o, struct tn_slice name,
    uint64_t value);
/* The empty line. */
static inline void
tn__http_put_end(struct tn__http_out *o)
{
	tn__http_put(o, TN__HTTP_CRLF);
}

#endif
