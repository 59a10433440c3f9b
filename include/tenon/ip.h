/* tenon/ip.h - IP address literals, pure: no look-up, no socket.
 * IPv4 dotted decimal (four parts, no leading zeros: RFC 6943 section 3.1.1),
 * IPv6 as RFC 4291 section 2.2 reads and RFC 5952 writes, zones as RFC 4007. */
#ifndef TENON_IP_H
#define TENON_IP_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_ip {
	unsigned char bytes[16]; /* network order; IPv4 uses the first 4 */
	unsigned char family;    /* 4 or 6 */
	char zone[16];           /* interface name or number, "" = none */
};

#define TN_IP_TEXT_MAX 64 /* longest text with zone and NUL */

/* 0, or -EINVAL when `text` is no literal of either family. */
TN_API TN_CHECK int tn_ip_parse(struct tn_slice text, struct tn_ip *ret);

/* The canonical text (RFC 5952; the zone behind "%"); returns `out`. */
TN_API const char *tn_ip_format(const struct tn_ip *ip,
    char out[TN_IP_TEXT_MAX]);

/* 127/8, ::1 and ::ffff:127.0.0.0/104. */
TN_API bool tn_ip_is_loopback(const struct tn_ip *ip);

/* 0.0.0.0 and ::. */
TN_API bool tn_ip_is_any(const struct tn_ip *ip);

/* The addresses that begin with the same bits. */
struct tn_ip_network {
	struct tn_ip ip;    /* what follows the prefix is 0; no zone */
	unsigned char bits; /* of the prefix: at most 32, for IPv6 128 */
};

/* "10.0.0.0/8", "2001:db8::/32" (RFC 4632 section 3.1, RFC 4291 section 2.3);
 * an address without a prefix is a network of one.  What lies within
 * ::ffff:0:0/96 becomes IPv4.  -EINVAL, for bits that are set behind the prefix
 * and for a zone too. */
TN_API TN_CHECK int tn_ip_network_parse(struct tn_slice text,
    struct tn_ip_network *ret);

/* An IPv4 address in ::ffff:0:0/96 counts as what it is; zones do not. */
TN_API bool tn_ip_network_has(const struct tn_ip_network *network,
    const struct tn_ip *ip);

/* "HOST:PORT", "[v6]:PORT", "HOST", "[v6]", ":PORT": cuts without copying.
 * A bare IPv6 literal is a host.  `*ret_port` is empty when there was none.
 * -EINVAL for anything else. */
TN_API TN_CHECK int tn_ip_split_port(struct tn_slice text,
    struct tn_slice *ret_host, struct tn_slice *ret_port);

#ifdef __cplusplus
}
#endif

#endif
