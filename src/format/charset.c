/* Charsets: iconv(3), kept to what it promises.  It is given pieces that end
 * inside a character, must not let through what is not UTF-8, and says by errno
 * only what is wrong. */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include <tenon/charset.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/format.h"

#define CHARSET_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define CHARSET_ROOM 16 /* what one character may become, a shift included */

struct tn_charset {
	iconv_t cd;
	bool encoder, replace;
	bool from_utf8; /* an encoder, or the charset is UTF-8 */
	size_t unit;    /* bytes to pass over when one of them is wrong */
	int64_t at;     /* bytes converted so far */
	char name[TN_CHARSET_NAME_MAX + 1];
	char held[16];  /* a character of which the end is still to come */
	size_t held_len;
};

/* ---- which --------------------------------------------------------------- */

/* Letters and digits with these between them: what else iconv_open() would take
 * ("", "GBK//IGNORE") is no name. */
static bool
charset_is_name(struct tn_slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!tn_is_alpha(name.data[i]) && !tn_is_digit(name.data[i]) &&
		    tn_slice_find(TN_SLICE("-_.:+"), name.data[i]) < 0)
			return false;
	return name.len > 0 && name.len <= TN_CHARSET_NAME_MAX;
}

/* NULL, and errno, when it cannot be. */
static iconv_t
charset_iconv(const char *to, const char *from)
{
	iconv_t cd = iconv_open(to, from);

	/* NOLINTNEXTLINE(performance-no-int-to-ptr): POSIX has it so */
	return cd == (iconv_t)-1 ? NULL : cd;
}

/* A wrong byte of UTF-16 takes its neighbour with it.  How wide such a unit is
 * shows what one letter more becomes. */
static size_t
charset_unit(const char *charset)
{
	char letters[] = "AA", out[64];
	size_t lengths[2] = { 0 };
	iconv_t cd = charset_iconv(charset, "UTF-8");

	if (cd == NULL)
		return 1;
	for (size_t i = 0; i < 2; i++) {
		size_t left = i + 1, room = sizeof(out);
		char *from = letters, *to = out;

		(void)iconv(cd, NULL, NULL, NULL, NULL);
		(void)iconv(cd, &from, &left, &to, &room);
		lengths[i] = sizeof(out) - room;
	}
	iconv_close(cd);
	return lengths[1] > lengths[0] ? lengths[1] - lengths[0] : 1;
}

static int
charset_make(const char *name, bool encoder, enum tn_charset_errors errors,
    struct tn_charset **ret)
{
	struct tn_charset *c = tn__zalloc(sizeof(*c));
	int r;

	if (c == NULL)
		return tn__error_nomem();
	c->cd = encoder ? charset_iconv(name, "UTF-8") :
			  charset_iconv("UTF-8", name);
	if (c->cd == NULL) {
		r = -errno;
		tn__free(c);
		if (r < 0 && r != -EINVAL)
			return tn_error_set(r, "charset %s: %s", name,
			    tn_error_words(r));
		return tn_error_set(-EOPNOTSUPP,
		    "charset %s: this system has none of that name; iconv -l "
		    "lists those it has",
		    name);
	}
	memcpy(c->name, name, strlen(name));
	c->encoder = encoder;
	c->replace = errors == TN_CHARSET_REPLACE;
	c->from_utf8 = encoder || tn_slice_equal_nocase(tn_slice_str(name), "UTF-8") ||
	    tn_slice_equal_nocase(tn_slice_str(name), "UTF8");
	c->unit = c->from_utf8 ? 1 : charset_unit(c->name);
	*ret = c;
	return 0;
}

static int
charset_open(const char *charset, bool encoder, enum tn_charset_errors errors,
    struct tn_charset **ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn_slice name = tn_slice_str(charset);

	if (charset_is_name(name))
		return charset_make(charset, encoder, errors, ret);
	if (tn_buffer_append_escaped(&shown,
		tn_slice_head(name, TN_CHARSET_NAME_MAX)) < 0)
		return tn__error_nomem();
	return tn_error_set(-EINVAL,
	    "charset \"%s\": a name is 1 to %d letters, digits and \"-\" \"_\" "
	    "\".\" \":\" \"+\"",
	    shown.data, TN_CHARSET_NAME_MAX);
}

int
tn_charset_decoder(const char *charset, enum tn_charset_errors errors,
    struct tn_charset **ret)
{
	return charset_open(charset, false, errors, ret);
}

int
tn_charset_encoder(const char *charset, enum tn_charset_errors errors,
    struct tn_charset **ret)
{
	return charset_open(charset, true, errors, ret);
}

void
tn_charset_free(struct tn_charset *c)
{
	if (c == NULL)
		return;
	iconv_close(c->cd);
	tn__free(c);
}

/* ---- one call of iconv --------------------------------------------------- */

static const char *
charset_verb(const struct tn_charset *c)
{
	return c->encoder ? "encode" : "decode";
}

/* The buffer could not take what there was. */
static int
charset_fail_buffer(const struct tn_charset *c, const struct tn_buffer *out,
    int code)
{
	if (code == -ENOMEM)
		return tn__error_nomem();
	return tn_error_set(code, "%s %s: more than %zu bytes",
	    charset_verb(c), c->name, out->max);
}

/* Room for about `n` bytes, in `*ret`.  It may end one character beyond what
 * the buffer may hold, since glibc wants room for those too that it leaves out;
 * no more than that, and it returns 1. */
static int
charset_reserve(const struct tn_charset *c, struct tn_buffer *out, size_t n,
    size_t *ret)
{
	size_t max = out->max, most = SIZE_MAX, room;
	int r;

	if (max > 0 && max - out->len < SIZE_MAX - CHARSET_ROOM)
		most = max - out->len + CHARSET_ROOM;
	out->max = 0;
	r = tn_buffer_reserve(out, n < most ? n : most);
	out->max = max;
	if (r < 0)
		return charset_fail_buffer(c, out, r);
	room = out->cap - 1 - out->len;
	*ret = room < most ? room : most;
	return room >= most;
}

/* What comes out of some charsets is more than UTF-8 has: glibc takes UCS-4
 * above U+10FFFF. */
static int
charset_keep_valid(const struct tn_charset *c, struct tn_buffer *out,
    size_t begin)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer bad = { 0 };
	struct tn_slice rest = tn_slice_skip(tn_buffer_slice(out), begin);
	int r;

	if (c->encoder || c->from_utf8 || tn_utf8_valid(rest))
		return 0;
	if (!c->replace)
		return tn_error_set(-EILSEQ,
		    "decode %s: a character that Unicode does not have",
		    c->name);
	r = tn_buffer_append(&bad, rest);
	out->len = begin;
	for (rest = tn_buffer_slice(&bad); r >= 0 && rest.len > 0;) {
		uint32_t code;
		int n = tn_utf8_decode(rest, &code);

		r = tn_buffer_append(out, n > 0 ?
		    tn_slice_head(rest, (size_t)n) :
		    TN_SLICE(CHARSET_REPLACEMENT));
		rest = tn_slice_skip(rest, n > 0 ? (size_t)n : 1);
	}
	return r < 0 ? charset_fail_buffer(c, out, r) : 0;
}

/* What became of a piece. */
enum {
	CHARSET_CUT,   /* what is left begins a character */
	CHARSET_ALL,   /* nothing is left */
	CHARSET_WRONG, /* what is left begins with what cannot be converted */
};

/* Converts as much of `*in` as can be; NULL data: what the text ends with. */
static int
charset_iconv_all(struct tn_charset *c, struct tn_slice *in,
    struct tn_buffer *out)
{
	size_t want = in->len + CHARSET_ROOM;

	for (;; want *= 2) {
		char *from = (char *)(uintptr_t)in->data, *to;
		size_t left = in->len, room = 0, n;
		int most = charset_reserve(c, out, want, &room), error;

		if (most < 0)
			return most;
		to = out->data + out->len;
		n = iconv(c->cd, in->data == NULL ? NULL : &from, &left, &to,
		    &room);
		error = n == (size_t)-1 ? errno : 0;
		c->at += (int64_t)(in->len - left);
		*in = tn_slice_skip(*in, in->len - left);
		out->len = (size_t)(to - out->data);
		out->data[out->len] = '\0';
		if ((out->max > 0 && out->len > out->max) ||
		    (error == E2BIG && most > 0))
			return charset_fail_buffer(c, out, TN_ELIMIT);
		if (error == 0 && n > 0 && c->encoder && !c->replace)
			return CHARSET_WRONG; /* musl puts a "*" there */
		if (error == 0 || error == EINVAL)
			return error == 0 ? CHARSET_ALL : CHARSET_CUT;
		if (error != E2BIG)
			return CHARSET_WRONG;
	}
}

static int
charset_run(struct tn_charset *c, struct tn_slice *in, struct tn_buffer *out)
{
	size_t begin = out->len;
	int done = charset_iconv_all(c, in, out), r;

	if (done < 0)
		return done;
	r = charset_keep_valid(c, out, begin);
	return r < 0 ? r : done;
}

/* ---- pieces -------------------------------------------------------------- */

/* How much of it is UTF-8, in whole characters. */
static struct tn_slice
charset_utf8(struct tn_slice in)
{
	size_t good = 0;
	uint32_t code;
	int n;

	while (good < in.len &&
	    (n = tn_utf8_decode(tn_slice_skip(in, good), &code)) > 0)
		good += (size_t)n;
	return tn_slice_head(in, good);
}

static int
charset_fail(const struct tn_charset *c, struct tn_slice in)
{
	unsigned byte = in.len == 0 ? 0 : (unsigned char)in.data[0];
	long long at = (long long)c->at;
	uint32_t code;

	if (in.len == 0) /* musl's "*" */
		return tn_error_set(-EILSEQ,
		    "encode %s: before byte %lld is a character that it does "
		    "not have",
		    c->name, at);
	if (c->encoder && tn_utf8_decode(in, &code) > 0)
		return tn_error_set(-EILSEQ,
		    "encode %s: it does not have U+%04X, at byte %lld",
		    c->name, (unsigned)code, at);
	return tn_error_set(-EILSEQ, "%s %s: byte 0x%02x, at %lld, is no %s",
	    charset_verb(c), c->name, byte, at,
	    c->encoder ? "UTF-8" : "character");
}

static int
charset_put_replacement(struct tn_charset *c, struct tn_buffer *out)
{
	struct tn_slice mark = TN_SLICE("?");
	int64_t at = c->at;
	int r;

	if (c->encoder) {
		r = charset_run(c, &mark, out);
		c->at = at;
		return r < 0 ? r : 0;
	}
	r = tn_buffer_append(out, TN_SLICE(CHARSET_REPLACEMENT));
	return r < 0 ? charset_fail_buffer(c, out, r) : 0;
}

/* What `*in` begins with cannot be converted. */
static int
charset_pass(struct tn_charset *c, struct tn_slice *in, struct tn_buffer *out)
{
	size_t n = c->unit;
	uint32_t code;
	int len;

	if (!c->replace || in->len == 0)
		return charset_fail(c, *in);
	len = c->encoder ? tn_utf8_decode(*in, &code) : 0;
	if (len > 0)
		n = (size_t)len;
	if (n > in->len)
		n = in->len;
	c->at += (int64_t)n;
	*in = tn_slice_skip(*in, n);
	return charset_put_replacement(c, out);
}

/* Converts what `*in` begins with, up to what cannot be converted. */
static int
charset_some(struct tn_charset *c, struct tn_slice *in, struct tn_buffer *out)
{
	struct tn_slice good;
	uint32_t code;
	size_t len;
	int r;

	if (!c->from_utf8)
		return charset_run(c, in, out);
	good = charset_utf8(*in);
	len = good.len;
	r = len == 0 ? CHARSET_ALL : charset_run(c, &good, out);
	*in = tn_slice_skip(*in, len - good.len);
	if (r != CHARSET_ALL || in->len == 0)
		return r;
	return tn_utf8_decode(*in, &code) == 0 ? CHARSET_CUT : CHARSET_WRONG;
}

/* Converts it but for the beginning of a character at its end, which is left in
 * `*in`. */
static int
charset_piece(struct tn_charset *c, struct tn_slice *in, struct tn_buffer *out)
{
	int r;

	while (in->len > 0) {
		r = charset_some(c, in, out);
		if (r == CHARSET_CUT)
			return 0;
		if (r == CHARSET_WRONG)
			r = charset_pass(c, in, out);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Keeps what is left of a piece; no character is longer than there is room. */
static int
charset_keep(struct tn_charset *c, struct tn_slice rest, struct tn_buffer *out)
{
	int r = 0;

	while (rest.len >= sizeof(c->held)) {
		r = charset_pass(c, &rest, out);
		if (r == 0)
			r = charset_piece(c, &rest, out);
		if (r < 0)
			return r;
	}
	if (rest.len > 0)
		memmove(c->held, rest.data, rest.len);
	c->held_len = rest.len;
	return 0;
}

static int
charset_convert(struct tn_charset *c, struct tn_slice piece,
    struct tn_buffer *out)
{
	struct tn_slice held;
	int r;

	while (c->held_len > 0 && piece.len > 0) {
		c->held[c->held_len++] = piece.data[0];
		piece = tn_slice_skip(piece, 1);
		held = tn_slice(c->held, c->held_len);
		r = charset_piece(c, &held, out);
		if (r == 0)
			r = charset_keep(c, held, out);
		if (r < 0)
			return r;
	}
	if (piece.len == 0)
		return 0;
	r = charset_piece(c, &piece, out);
	return r < 0 ? r : charset_keep(c, piece, out);
}

static int
charset_finish(struct tn_charset *c, struct tn_buffer *out)
{
	struct tn_slice none = { NULL, 0 };
	int r = 0;

	if (c->held_len > 0 && !c->replace)
		return tn_error_set(TN_ETRUNCATED,
		    "%s %s: the text ends inside a character", charset_verb(c),
		    c->name);
	if (c->held_len > 0)
		r = charset_put_replacement(c, out);
	if (r == 0)
		r = charset_run(c, &none, out);
	return r < 0 ? r : 0;
}

static void
charset_reset(struct tn_charset *c)
{
	(void)iconv(c->cd, NULL, NULL, NULL, NULL);
	c->held_len = 0;
	c->at = 0;
}

int
tn_charset_convert(struct tn_charset *c, struct tn_slice piece,
    struct tn_buffer *out)
{
	size_t begin = out->len;
	int r = charset_convert(c, piece, out);

	if (r < 0)
		charset_reset(c);
	return r < 0 ? tn__format_undo(out, begin, r) : 0;
}

int
tn_charset_finish(struct tn_charset *c, struct tn_buffer *out)
{
	size_t begin = out->len;
	int r = charset_finish(c, out);

	charset_reset(c);
	return r < 0 ? tn__format_undo(out, begin, r) : 0;
}

size_t
tn_charset_pending(const struct tn_charset *c)
{
	return c->held_len;
}

/* ---- whole texts --------------------------------------------------------- */

static int
charset_whole(const char *charset, bool encoder, enum tn_charset_errors errors,
    struct tn_slice text, struct tn_buffer *out)
{
	TN_CLEANUP(tn_charset_freep) struct tn_charset *c = NULL;
	size_t begin = out->len;
	int r = charset_open(charset, encoder, errors, &c);

	if (r == 0)
		r = tn_charset_convert(c, text, out);
	if (r == 0)
		r = tn_charset_finish(c, out);
	return r < 0 ? tn__format_undo(out, begin, r) : 0;
}

int
tn_charset_decode(const char *charset, enum tn_charset_errors errors,
    struct tn_slice text, struct tn_buffer *out)
{
	return charset_whole(charset, false, errors, text, out);
}

int
tn_charset_encode(const char *charset, enum tn_charset_errors errors,
    struct tn_slice text, struct tn_buffer *out)
{
	return charset_whole(charset, true, errors, text, out);
}
