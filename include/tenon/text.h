/* tenon/text.h - the encodings between protocols and people: percent-encoding,
 * HTML, JSON, and what type a file name promises.
 *
 * What fails leaves the buffer as it was. */
#ifndef TENON_TEXT_H
#define TENON_TEXT_H

#include <tenon/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Decodes %XX (RFC 3986 section 2.1).  -EINVAL for a "%" without two hex
 * digits. */
TN_API TN_CHECK int tn_percent_decode(struct tn_slice text,
    struct tn_buffer *out);
/* Encodes every byte but unreserved ones (RFC 3986 section 2.3) and those of
 * `safe` ("/" for a path). */
TN_API TN_CHECK int tn_percent_encode(struct tn_slice bytes, const char *safe,
    struct tn_buffer *out);

/* A path of a URL to one beneath a folder: decodes, resolves "." and ".."
 * (RFC 3986 section 5.2.4), encoded ones too, drops empty segments and the
 * leading "/".  A trailing "/" is kept; "/" itself becomes "".  TN_EESCAPE when
 * it climbs out, -EINVAL for bad encoding, NUL, or an encoded "/" in it. */
TN_API TN_CHECK int tn_path_from_url(struct tn_slice path,
    struct tn_buffer *out);

/* The next pair of a query or a form, application/x-www-form-urlencoded (URL
 * Standard section 5.1; Python's parse_qsl): "+" is a blank, %XX a byte, any
 * other "%" itself; a name alone has an empty value; empty pairs are passed
 * over.  The buffers are cleared first.  1, 0 behind the last, or -ENOMEM and
 * TN_ELIMIT of a buffer's own limit, with `*rest` as it was. */
TN_API TN_CHECK int tn_query_next(struct tn_slice *rest, struct tn_buffer *name,
    struct tn_buffer *value);
/* And back: NAME=VALUE behind what is there, "&" between (Python's
 * urlencode). */
TN_API TN_CHECK int tn_query_append(struct tn_buffer *out, struct tn_slice name,
    struct tn_slice value);

/* Text for HTML, attributes too: & < > " ' become references; bytes that are
 * not UTF-8 and control characters but HTAB and LF become U+FFFD. */
TN_API TN_CHECK int tn_html_escape(struct tn_slice text, struct tn_buffer *out);

/* A JSON string with its quotes (RFC 8259 section 7); bytes that are not UTF-8
 * become U+FFFD, and what tn_buffer_append_escaped() would not leave as it is,
 * because a terminal obeys it or a person does not see it, is escaped. */
TN_API TN_CHECK int tn_json_string(struct tn_slice text, struct tn_buffer *out);

/* The media type for a file name, by its ending, text types with
 * "; charset=utf-8"; "application/octet-stream" when unknown.  Static. */
TN_API const char *tn_mime_type(struct tn_slice name);

/* The weight, 0 to 1,000, that an Accept field (RFC 9110 section 12.5.1) gives
 * to `type` ("text/html"), or one like it (Accept-Encoding) to a token
 * ("gzip"); an empty field gives 1,000 to all.  Elements that are malformed, or
 * have parameters that `type` has not, count for nothing. */
TN_API int tn_accept_weight(struct tn_slice accept, const char *type);

#ifdef __cplusplus
}
#endif

#endif
