/* tenon/idna.h - names of hosts in any letters (RFC 5890), as they go over the
 * wire.
 *
 * By UTS #46 as browsers do it, without the transitional mapping: upper case
 * and other widths are mapped, what is nobody's letter is refused, rules for
 * right-to-left labels and for joiners are checked; "faß.test" is one name and
 * "fass.test" another.  By ICU, whose version says which letters there are.
 *
 * Look-ups, connections and TLS do this by themselves.  In a build without ICU
 * tn_has("idna") is false, and only names in ASCII are taken. */
#ifndef TENON_IDNA_H
#define TENON_IDNA_H

#include <tenon/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Longer ones are refused: TN_ELIMIT. */
#define TN_IDNA_BYTES_MAX 1024

/* Appends the host's name, which is UTF-8, in ASCII: "bücher.test" becomes
 * "xn--bcher-kva.test".  A name in ASCII is only put into lower case, whatever
 * it is, unless it has spaces or control characters: "xn--..." too; how long
 * labels may be is DNS's affair.  What comes of
 * other letters never has a space, "/", "@", "%" or what else ends a host in an
 * URL, but it may be an IP address.  -EINVAL for what is no name, -EILSEQ for
 * what is no UTF-8, -EOPNOTSUPP without ICU. */
TN_API TN_CHECK int tn_idna_to_ascii(struct tn_slice host,
    struct tn_buffer *out);

#ifdef __cplusplus
}
#endif

#endif
