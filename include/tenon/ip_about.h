/* tenon/ip_about.h - all that can be said of an address without asking anybody:
 * the other ways to write it, what kind it is, and networks.  Pure. */
#ifndef TENON_IP_ABOUT_H
#define TENON_IP_ABOUT_H

#include <tenon/ip.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- other ways to write it --------------------------------------------- */

/* Each returns `out`.  Zones are not written. */

/* One number: "2130706433". */
#define TN_IP_DECIMAL_SIZE 40
TN_API const char *tn_ip_decimal(const struct tn_ip *ip,
    char out[TN_IP_DECIMAL_SIZE]);

/* With all its digits, 8 or 32: "0x7f000001". */
#define TN_IP_HEX_SIZE 35
TN_API const char *tn_ip_hex(const struct tn_ip *ip, char out[TN_IP_HEX_SIZE]);

/* "01111111.00000000.00000000.00000001"; IPv6 in eight groups, ":" between. */
#define TN_IP_BINARY_SIZE 136
TN_API const char *tn_ip_binary(const struct tn_ip *ip,
    char out[TN_IP_BINARY_SIZE]);

/* "2001:0db8:0000:..."; IPv4 as ever. */
#define TN_IP_EXPLODED_SIZE 40
TN_API const char *tn_ip_exploded(const struct tn_ip *ip,
    char out[TN_IP_EXPLODED_SIZE]);

/* The name under which the DNS has its names: "1.0.0.127.in-addr.arpa"
 * (RFC 1035 section 3.5), 32 digits and "ip6.arpa" (RFC 3596 section 2.5). */
#define TN_IP_REVERSE_SIZE 73
TN_API const char *tn_ip_reverse(const struct tn_ip *ip,
    char out[TN_IP_REVERSE_SIZE]);

/* Reads what tn_ip_parse() takes and each of the above but the binary one: a
 * number below 2^32 is IPv4 and a larger one IPv6, "0x" with more than 8 digits
 * is IPv6, a reverse name may end in a dot.  -EINVAL. */
TN_API TN_CHECK int tn_ip_parse_any(struct tn_slice text, struct tn_ip *ret);

/* ---- kinds -------------------------------------------------------------- */

/* A row of the special-purpose address registries (RFC 6890), of the multicast
 * addresses, or of what is left of each family. */
struct tn_ip_kind {
	struct tn_ip_network network;
	const char *name;   /* one word or two with "-": "private" */
	const char *about;  /* for a person */
	const char *source; /* "RFC 1918 section 3" */
	bool global;        /* reachable from anywhere, says the registry */
};

/* The narrowest row that has the address; never NULL. */
TN_API const struct tn_ip_kind *tn_ip_kind(const struct tn_ip *ip);

/* All rows, in the order of their addresses; NULL behind the last. */
TN_API const struct tn_ip_kind *tn_ip_kind_at(size_t index);

/* The IPv4 address that an IPv6 one carries: mapped, compatible (RFC 4291
 * section 2.5.5), NAT64's well-known prefix (RFC 6052), 6to4 (RFC 3056), and
 * the client's of Teredo (RFC 4380).  False when it carries none. */
TN_API bool tn_ip_embedded(const struct tn_ip *ip, struct tn_ip *ret);

/* ---- networks ----------------------------------------------------------- */

/* ADDRESS/BITS, or for IPv4 ADDRESS/NETMASK; bits of the address behind the
 * prefix are kept in `*ret_ip` (which may be NULL) and cleared in `*ret`.
 * Unlike in tn_ip_network_parse() the family stays what was written.  -EINVAL,
 * for a zone too, and without a "/". */
TN_API TN_CHECK int tn_ip_prefix_parse(struct tn_slice text,
    struct tn_ip *ret_ip, struct tn_ip_network *ret);

/* Its mask (255.0.0.0), and its last address, IPv4's broadcast. */
TN_API struct tn_ip tn_ip_network_mask(const struct tn_ip_network *network);
TN_API struct tn_ip tn_ip_network_last(const struct tn_ip_network *network);

/* The first and last that a host may have: without the network's own address
 * and the broadcast address; IPv6 without that of any router (RFC 4291 section
 * 2.6.1).  A network of one or two (RFC 3021, RFC 6164) has all of them. */
TN_API void tn_ip_network_hosts(const struct tn_ip_network *network,
    struct tn_ip *ret_first, struct tn_ip *ret_last);

/* How many addresses, 1 to 2^128, in decimal; returns `out`. */
TN_API const char *tn_ip_network_count(const struct tn_ip_network *network,
    char out[TN_IP_DECIMAL_SIZE]);

/* Whether the network has the address, or all of another network; other than
 * tn_ip_network_has() a mapped address is IPv6 like any other. */
TN_API bool tn_ip_network_covers(const struct tn_ip_network *network,
    const struct tn_ip_network *other);

#ifdef __cplusplus
}
#endif

#endif
