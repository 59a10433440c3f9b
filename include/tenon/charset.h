/* tenon/charset.h - text in other charsets than UTF-8, whole or in pieces, by
 * iconv(3).
 *
 * Which charsets there are is libc's to say (`iconv -l` lists them); names are
 * those of IANA's registry, "GBK", "ISO-8859-1", in any case.  Text that comes
 * out of here as UTF-8 is valid UTF-8, whatever went in; that it is safe to
 * show does not follow (tn_buffer_append_escaped()).
 *
 * How long the result may become is the `max` of the buffer it goes to;
 * TN_ELIMIT otherwise.  When something fails the buffer is as it was. */
#ifndef TENON_CHARSET_H
#define TENON_CHARSET_H

#include <tenon/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of bytes that are no character, and of characters that the
 * charset has not. */
enum tn_charset_errors {
	TN_CHARSET_STRICT,  /* -EILSEQ, and the text says which and where */
	TN_CHARSET_REPLACE, /* U+FFFD for each byte; "?" for each character */
};

#define TN_CHARSET_NAME_MAX 40

/* ---- whole texts ------------------------------------------------------- */

/* Appends `text`, which is in the charset, as UTF-8; or the other way round.
 * TN_ETRUNCATED when it ends inside a character and may not be replaced; for a
 * charset that is unknown here -EOPNOTSUPP, for what is no name -EINVAL. */
TN_API TN_CHECK int tn_charset_decode(const char *charset,
    enum tn_charset_errors errors, struct tn_slice text, struct tn_buffer *out);
TN_API TN_CHECK int tn_charset_encode(const char *charset,
    enum tn_charset_errors errors, struct tn_slice text, struct tn_buffer *out);

/* ---- in pieces --------------------------------------------------------- */

struct tn_charset;

/* From the charset to UTF-8, or from UTF-8 to the charset.  The first use of
 * a charset in a program may read its tables from disk. */
TN_API TN_CHECK int tn_charset_decoder(const char *charset,
    enum tn_charset_errors errors, struct tn_charset **ret);
TN_API TN_CHECK int tn_charset_encoder(const char *charset,
    enum tn_charset_errors errors, struct tn_charset **ret);

/* Appends what the next piece becomes.  A piece may end anywhere: the beginning
 * of a character is kept for the next.  After a failure it is as newly made. */
TN_API TN_CHECK int tn_charset_convert(struct tn_charset *c,
    struct tn_slice piece, struct tn_buffer *out);

/* The text ends here: TN_ETRUNCATED, or a replacement, when that is inside a
 * character; appends what a charset with shifts ends with.  Then it is as newly
 * made. */
TN_API TN_CHECK int tn_charset_finish(struct tn_charset *c,
    struct tn_buffer *out);

/* How many bytes of the last pieces are kept, since they are the beginning of
 * a character. */
TN_API size_t tn_charset_pending(const struct tn_charset *c);

TN_API void tn_charset_free(struct tn_charset *c);
TN_DEFINE_CLEANUP(struct tn_charset, tn_charset_free) /* tn_charset_freep */

#ifdef __cplusplus
}
#endif

#endif
