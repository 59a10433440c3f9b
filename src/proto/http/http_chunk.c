#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "proto/http/http_class.h"
#include "proto/http/wire.h"

/* chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 * chunk-ext      = *( BWS ";" BWS chunk-ext-name
 *                  [ BWS "=" BWS ( token / quoted-string ) ] )
 * last-chunk     = 1*"0" [ chunk-ext ] CRLF
 * (RFC 9112 section 7.1), behind the last one field lines and an empty line.
 *
 * The framing is a few bytes a chunk and may be cut anywhere, so each byte by
 * its kind takes the decoder from one phase to the next. */
enum chunk_phase {
	CHUNK_BAD,
	CHUNK_SIZE,
	CHUNK_BLANK,        /* white space before ";": extensions begin */
	CHUNK_BEFORE_NAME,
	CHUNK_NAME,
	CHUNK_AFTER_NAME,
	CHUNK_BEFORE_VALUE,
	CHUNK_VALUE,
	CHUNK_QUOTED,
	CHUNK_ESCAPE,       /* behind a backslash */
	CHUNK_AFTER_QUOTED,
	CHUNK_SIZE_LF,
	CHUNK_DATA,         /* left as soon as it is entered */
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER,      /* trailers begin: the first byte of a line */
	CHUNK_TRAILER_NAME,
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_END_LF,
	CHUNK_DONE,
};

enum chunk_kind {
	KIND_OTHER, /* not allowed anywhere */
	KIND_CR,
	KIND_LF,
	KIND_BLANK,
	KIND_SEMICOLON,
	KIND_EQUALS,
	KIND_COLON,
	KIND_QUOTE,
	KIND_BACKSLASH,
	KIND_TOKEN,
	KIND_TEXT, /* other bytes of a field value */
	KINDS,
};

/* clang-format off */
#define CHUNK_TEXT(next)                                                       \
	[KIND_BLANK ... KIND_COLON] = next, [KIND_TOKEN ... KIND_TEXT] = next

/* What is not here is CHUNK_BAD.  White space before the end of a size line is
 * not in the grammar, and recipients differ about it. */
static const unsigned char chunk_next[][KINDS] = {
	[CHUNK_SIZE] = {
		[KIND_CR] = CHUNK_SIZE_LF,
		[KIND_BLANK] = CHUNK_BLANK,
		[KIND_SEMICOLON] = CHUNK_BEFORE_NAME,
	},
	[CHUNK_BLANK] = {
		[KIND_BLANK] = CHUNK_BLANK,
		[KIND_SEMICOLON] = CHUNK_BEFORE_NAME,
	},
	[CHUNK_BEFORE_NAME] = {
		[KIND_BLANK] = CHUNK_BEFORE_NAME,
		[KIND_TOKEN] = CHUNK_NAME,
	},
	[CHUNK_NAME] = {
		[KIND_CR] = CHUNK_SIZE_LF,
		[KIND_BLANK] = CHUNK_AFTER_NAME,
		[KIND_SEMICOLON] = CHUNK_BEFORE_NAME,
		[KIND_EQUALS] = CHUNK_BEFORE_VALUE,
		[KIND_TOKEN] = CHUNK_NAME,
	},
	[CHUNK_AFTER_NAME] = {
		[KIND_BLANK] = CHUNK_AFTER_NAME,
		[KIND_SEMICOLON] = CHUNK_BEFORE_NAME,
		[KIND_EQUALS] = CHUNK_BEFORE_VALUE,
	},
	[CHUNK_BEFORE_VALUE] = {
		[KIND_BLANK] = CHUNK_BEFORE_VALUE,
		[KIND_TOKEN] = CHUNK_VALUE,
		[KIND_QUOTE] = CHUNK_QUOTED,
	},
	[CHUNK_VALUE] = {
		[KIND_CR] = CHUNK_SIZE_LF,
		[KIND_BLANK] = CHUNK_BLANK,
		[KIND_SEMICOLON] = CHUNK_BEFORE_NAME,
		[KIND_TOKEN] = CHUNK_VALUE,
	},
	[CHUNK_QUOTED] = {
		CHUNK_TEXT(CHUNK_QUOTED),
		[KIND_QUOTE] = CHUNK_AFTER_QUOTED,
		[KIND_BACKSLASH] = CHUNK_ESCAPE,
	},
	[CHUNK_ESCAPE] = {
		CHUNK_TEXT(CHUNK_QUOTED),
		[KIND_QUOTE] = CHUNK_QUOTED,
		[KIND_BACKSLASH] = CHUNK_QUOTED,
	},
	[CHUNK_AFTER_QUOTED] = {
		[KIND_CR] = CHUNK_SIZE_LF,
		[KIND_BLANK] = CHUNK_BLANK,
		[KIND_SEMICOLON] = CHUNK_BEFORE_NAME,
	},
	[CHUNK_SIZE_LF] = { [KIND_LF] = CHUNK_DATA },
	[CHUNK_DATA_CR] = { [KIND_CR] = CHUNK_DATA_LF },
	[CHUNK_DATA_LF] = { [KIND_LF] = CHUNK_SIZE },
	[CHUNK_TRAILER] = {
		[KIND_CR] = CHUNK_END_LF,
		[KIND_TOKEN] = CHUNK_TRAILER_NAME,
	},
	[CHUNK_TRAILER_NAME] = {
		[KIND_COLON] = CHUNK_TRAILER_VALUE,
		[KIND_TOKEN] = CHUNK_TRAILER_NAME,
	},
	[CHUNK_TRAILER_VALUE] = {
		CHUNK_TEXT(CHUNK_TRAILER_VALUE),
		[KIND_CR] = CHUNK_TRAILER_LF,
		[KIND_QUOTE] = CHUNK_TRAILER_VALUE,
		[KIND_BACKSLASH] = CHUNK_TRAILER_VALUE,
	},
	[CHUNK_TRAILER_LF] = { [KIND_LF] = CHUNK_TRAILER },
	[CHUNK_END_LF] = { [KIND_LF] = CHUNK_DONE },
};
#undef CHUNK_TEXT
/* clang-format on */

static enum chunk_kind
chunk_kind(char byte)
{
	switch (byte) {
	case '\r':
		return KIND_CR;
	case '\n':
		return KIND_LF;
	case ' ':
	case '\t':
		return KIND_BLANK;
	case ';':
		return KIND_SEMICOLON;
	case '=':
		return KIND_EQUALS;
	case ':':
		return KIND_COLON;
	case '"':
		return KIND_QUOTE;
	case '\\':
		return KIND_BACKSLASH;
	default:
		return tn__http_is(byte, TN__HTTP_TOKEN) ? KIND_TOKEN :
		    tn__http_is(byte, TN__HTTP_VALUE) ? KIND_TEXT : KIND_OTHER;
	}
}

static int
chunk_bad(struct tn__http_chunk *c, char byte)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	const char *where = c->phase < CHUNK_SIZE_LF ? "size line" :
	    c->phase < CHUNK_TRAILER ? "end of a chunk" : "trailer";

	if (tn_buffer_append_escaped(&shown, tn_slice(&byte, 1)) < 0)
		tn_buffer_clear(&shown);
	c->status = 400;
	return tn_error_set(TN_EPROTO,
	    "HTTP chunked body: \"%s\" has no place in the %s",
	    shown.len > 0 ? shown.data : "", where);
}

static int
chunk_huge(struct tn__http_chunk *c)
{
	c->status = 400;
	return tn_error_set(TN_EPROTO,
	    "HTTP chunked body: a chunk of 2^63 bytes or more");
}

static int
chunk_limit(struct tn__http_chunk *c, int status, const char *what)
{
	c->status = status;
	return tn_error_set(TN_ELIMIT,
	    "HTTP chunked body: more than %s allows", what);
}

/* Counts the byte against the limit of what it is part of. */
static int
chunk_count(struct tn__http_chunk *c, enum chunk_phase next)
{
	if (c->phase >= CHUNK_TRAILER) {
		if (c->trailer_bytes++ >= c->limits.trailer_bytes_max)
			return chunk_limit(c, 431, "trailer_bytes_max");
		if (c->phase == CHUNK_TRAILER && next == CHUNK_TRAILER_NAME &&
		    c->trailers_count++ >= c->limits.trailers_max)
			return chunk_limit(c, 431, "trailers_max");
	} else if (next >= CHUNK_BLANK && next <= CHUNK_AFTER_QUOTED) {
		if (c->extension_bytes++ >= c->limits.extension_bytes_max)
			return chunk_limit(c, 400, "extension_bytes_max");
	}
	return 0;
}

/* A trailer line's byte, for who wants it. */
static int
chunk_keep(struct tn__http_chunk *c, enum chunk_phase next, char byte)
{
	int r;

	if (c->trailers == NULL || c->phase < CHUNK_TRAILER ||
	    next >= CHUNK_END_LF)
		return 0;
	r = tn_buffer_append_byte(c->trailers, byte);
	if (r < 0)
		c->status = r == TN_ELIMIT ? 431 : 500;
	return r;
}

/* A digit of the size; sixteen of them fit.  False when it is none. */
static bool
chunk_digit(struct tn__http_chunk *c, char byte)
{
	int digit = tn_hex_value(byte);

	if (c->phase != CHUNK_SIZE || digit < 0 || c->digits == 16)
		return false;
	c->size = c->size << 4 | (unsigned)digit;
	c->digits++;
	return true;
}

static int
chunk_step(struct tn__http_chunk *c, char byte)
{
	enum chunk_phase next = chunk_next[c->phase][chunk_kind(byte)];
	int r;

	if (next == CHUNK_BAD || (c->phase == CHUNK_SIZE && c->digits == 0))
		return chunk_bad(c, byte);
	if (c->size > INT64_MAX)
		return chunk_huge(c);
	r = chunk_count(c, next);
	if (r < 0)
		return r;
	r = chunk_keep(c, next, byte);
	if (r < 0)
		return r;

	if (next == CHUNK_DATA) {
		c->left = c->size;
		next = c->size > 0 ? CHUNK_DATA_CR : CHUNK_TRAILER;
	} else if (next == CHUNK_SIZE) {
		c->size = 0;
		c->digits = 0;
	}
	c->done = next == CHUNK_DONE;
	c->phase = next;
	return 0;
}

ssize_t
tn__http_chunk_parse(struct tn__http_chunk *c, struct tn_slice in)
{
	size_t used = 0;

	while (used < in.len && c->left == 0 && !c->done && c->refused == 0) {
		char byte = in.data[used++];

		if (!chunk_digit(c, byte))
			c->refused = chunk_step(c, byte);
	}
	return c->refused < 0 ? c->refused : (ssize_t)used;
}

void
tn__http_chunk_init(struct tn__http_chunk *c,
    const struct tn__http_chunk_limits *limits, struct tn_buffer *trailers)
{
	*c = (struct tn__http_chunk){ 0 };
	c->limits = *limits;
	c->trailers = trailers;
	c->phase = CHUNK_SIZE;
}
