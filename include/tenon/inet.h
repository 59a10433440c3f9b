/* tenon/inet.h - byte orders, and addresses as bytes: BSD's conversions, pure.
 *
 * tenon/ip.h is what the library itself uses; these are for whoever comes with
 * the bytes of a packet or a sockaddr in hand. */
#ifndef TENON_INET_H
#define TENON_INET_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From this machine's order to the network's, which is big-endian (RFC 1700),
 * and back: the same function twice, under the names people know. */
static inline uint16_t
tn_net_htons(uint16_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap16(n);
#else
	return n;
#endif
}

static inline uint32_t
tn_net_htonl(uint32_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap32(n);
#else
	return n;
#endif
}

static inline uint64_t
tn_net_htonll(uint64_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(n);
#else
	return n;
#endif
}

static inline uint16_t
tn_net_ntohs(uint16_t n)
{
	return tn_net_htons(n);
}

static inline uint32_t
tn_net_ntohl(uint32_t n)
{
	return tn_net_htonl(n);
}

static inline uint64_t
tn_net_ntohll(uint64_t n)
{
	return tn_net_htonll(n);
}

/* IPv4 as BSD has always read it: one to four parts, each decimal, octal behind
 * "0" or hexadecimal behind "0x", the last of them filling what the others
 * leave ("127.1", "0x7f000001", "10.0.257").  Blanks and words behind it, which
 * libc lets pass, are refused.  -EINVAL.  For a program's own input such forms
 * are a trap ("010.0.0.1" is 8.0.0.1): tn_ip_parse() takes none of them. */
TN_API TN_CHECK int tn_net_inet_aton(const char *text, unsigned char ret[4]);

/* "127.0.0.1"; `out` has 16 bytes; returns `out`. */
#define TN_INET_SIZE 16
TN_API const char *tn_net_inet_ntoa(const unsigned char bytes[4],
    char out[TN_INET_SIZE]);

/* A literal of AF_INET, 4 bytes, or AF_INET6, 16; four decimal parts, and no
 * zone.  -EINVAL when it is none, -EAFNOSUPPORT for another family. */
TN_API TN_CHECK int tn_net_inet_pton(int family, const char *text,
    unsigned char *ret);

/* And back, in the form of RFC 5952.  -ENOBUFS when it does not fit into `size`
 * bytes (16 for any IPv4, 46 for any IPv6). */
TN_API TN_CHECK int tn_net_inet_ntop(int family, const unsigned char *bytes,
    char *ret, size_t size);

#ifdef __cplusplus
}
#endif

#endif
