/* tenon/dial.h - a stream to an address. */
#ifndef TENON_DIAL_H
#define TENON_DIAL_H

#include <tenon/stream.h>
#include <tenon/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_dial_options {               /* all-zero is valid; 0 = default */
	int64_t timeout_ms;            /* look-up included; 30,000; -1 = none */
	struct tn_connect_options connect;
	struct tn_tls *tls; /* for "tls:"; NULL = default options; borrowed */
	uint64_t reserved[8];
};

/* "HOST:PORT", "tcp:...", "unix:/path": see tenon/address.h.  Addresses of a
 * host are raced (RFC 8305) and the error names each.  With "tls:" before
 * HOST:PORT it speaks TLS there, as a client of HOST (tenon/tls.h), and the
 * handshake is part of `timeout_ms`.  -EOPNOTSUPP for that in a build without
 * TLS and for "udp:", which is no stream. */
TN_API TN_CHECK int tn_dial(const char *address,
    const struct tn_dial_options *options, struct tn_stream **ret);

#ifdef __cplusplus
}
#endif

#endif
