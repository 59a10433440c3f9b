/* Bodies of several parts: RFC 2046 section 5.1, and what a part of a form says
 * about itself: RFC 7578 section 4. */
#ifndef TN__MULTIPART_H
#define TN__MULTIPART_H

#include <tenon/buffer.h>

/* ---- between the parts ------------------------------------------------- */

#define TN__MULTIPART_BOUNDARY_MAX 70

enum tn__multipart_found {
	TN__MULTIPART_NONE,
	TN__MULTIPART_NEXT, /* another part begins */
	TN__MULTIPART_LAST, /* none does */
};

/* Looks for the delimiter, at each byte once.  Of what was looked at the first
 * `data` bytes are the part's, the `held` ones behind it may be a delimiter, or
 * once `found` says so are the whole line, with the CRLF before and behind it.
 * Whoever takes bytes away counts `data` down. */
struct tn__multipart_scan {
	size_t data, held;
	enum tn__multipart_found found;
	unsigned phase, matched;
	unsigned len;
	char delimiter[4 + TN__MULTIPART_BOUNDARY_MAX]; /* CRLF "--" boundary */
};

/* The boundary that a Content-Type names, of any multipart type.  TN_EPROTO. */
int tn__multipart_open(struct tn__multipart_scan *s, struct tn_slice type);

/* What comes now is a preamble, or the body of a part: a delimiter may stand at
 * its very beginning. */
void tn__multipart_begin(struct tn__multipart_scan *s);

/* Looks at what follows; TN_EPROTO. */
int tn__multipart_look(struct tn__multipart_scan *s, struct tn_slice more);

/* Nothing follows: the last delimiter need not end in CRLF. */
enum tn__multipart_found tn__multipart_end(struct tn__multipart_scan *s);

/* ---- a part ------------------------------------------------------------ */

/* "Name: value", a line without its end; a folded one is TN_EPROTO. */
int tn__multipart_field(struct tn_slice line, struct tn_slice *ret_name,
    struct tn_slice *ret_value);

/* Data is NULL when there is none; everything decoded, NUL behind it. */
struct tn__multipart_disposition {
	struct tn_slice kind;     /* "form-data", as it came, without NUL */
	struct tn_slice name, filename;
};

/* Reads a Content-Disposition as browsers write it: %22, %0D and %0A in quotes
 * are what they stand for, any other "%" is itself, and a backslash counts
 * only before a quote or a backslash.  filename* is RFC 8187's.  A filename is
 * without what stands before its last slash, either one.  `text` keeps what
 * was decoded and is cleared first.  TN_EPROTO, -ENOMEM. */
int tn__multipart_disposition(struct tn_slice value, struct tn_buffer *text,
    struct tn__multipart_disposition *ret);

/* Whether a Content-Type is this one ("multipart/form-data"), whatever its
 * parameters. */
bool tn__multipart_is_type(struct tn_slice value, const char *type);

#endif
