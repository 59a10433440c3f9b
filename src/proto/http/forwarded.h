/* What proxies say of the client they ask for: Forwarded (RFC 7239), or the
 * older X-Forwarded-For, -Proto and -Host.  Pure.
 *
 * Each proxy adds at the end of the list whom it was asked by, so the last
 * element is our peer's word, and each one before it the word of whom the next
 * names.  It is believed as long as that one is in `trusted`; the first element
 * may be anything that a client made up. */
#ifndef TN__HTTP_FORWARDED_H
#define TN__HTTP_FORWARDED_H

#include <tenon/http.h>
#include <tenon/network.h>

#include "proto/http/wire.h"

#define TN__HTTP_FORWARDED_HOPS 32 /* no more are followed */

struct tn__http_forwarded {
	struct tn_address peer; /* size 0: not told */
	struct tn_slice host;   /* data NULL: not told */
	bool secure;
};

/* Reads from the last element on.  The peer of the connection is trusted. */
void tn__http_forwarded_read(const struct tn__http_head *h,
    struct tn_slice head, enum tn_http_forwarding by,
    const struct tn_networks *trusted, struct tn__http_forwarded *ret);

#endif
