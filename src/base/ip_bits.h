/* The bytes of an address as what they are: a number, and bits. */
#ifndef TN__BASE_IP_BITS_H
#define TN__BASE_IP_BITS_H

#include <tenon/ip.h>

static inline size_t
tn__ip_size(const struct tn_ip *ip)
{
	return ip->family == 4 ? 4 : 16;
}

/* A number of up to 17 bytes, the highest first, in decimal. */
const char *tn__ip_decimal(const unsigned char *bytes, size_t size, char *out);

/* Whether the first `bits` of both are the same. */
static inline bool
tn__ip_shares(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	    (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

#endif
