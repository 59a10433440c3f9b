/* --charset: text that is UTF-8 here and something else on the wire. */
#ifndef CLI_CHARSET_H
#define CLI_CHARSET_H

#include <tenon/charset.h>
#include <tenon/stream.h>

/* For cli_option.check. */
int cli_check_charset(const char *text);

/* Writes what `text` becomes; without a converter, itself. */
TN_CHECK int cli_charset_write(struct tn_stream *to, struct tn_charset *c,
    struct tn_slice text);

/* And what a text ends with. */
TN_CHECK int cli_charset_end(struct tn_stream *to, struct tn_charset *c);

/* tn_stream_copy() of a text, without its end. */
TN_CHECK int64_t cli_charset_copy(struct tn_stream *to, struct tn_charset *c,
    struct tn_stream *from, const struct tn_copy_options *options);

#endif
