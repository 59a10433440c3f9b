/* Networks: a prefix and how many of its bits count. */
#include <errno.h>
#include <tenon/ip.h>
#include <tenon/number.h>

#include "base/ip_bits.h"

#define NETWORK_MAPPED_BITS 96 /* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */

/* An IPv4 address that came as an IPv6 one. */
static struct tn_ip
network_plain(const struct tn_ip *ip)
{
	static const unsigned char mapped[16] = { [10] = 0xff, [11] = 0xff };
	struct tn_ip plain = { .family = 4 };

	if (ip->family != 6 ||
	    !tn__ip_shares(ip->bytes, mapped, NETWORK_MAPPED_BITS))
		return *ip;
	memcpy(plain.bytes, ip->bytes + 12, 4);
	return plain;
}

static bool
network_ends_in_zeros(const struct tn_ip *ip, unsigned bits, unsigned size)
{
	struct tn_ip zero = *ip;

	for (unsigned i = bits; i < size; i++)
		zero.bytes[i / 8] &= (unsigned char)~(0x80U >> i % 8);
	return memcmp(zero.bytes, ip->bytes, sizeof(zero.bytes)) == 0;
}

int
tn_ip_network_parse(struct tn_slice text, struct tn_ip_network *ret)
{
	struct tn_slice address = tn_slice_split(&text, '/');
	struct tn_ip_network network;
	unsigned size;
	uint64_t bits;

	if (tn_ip_parse(address, &network.ip) < 0 ||
	    network.ip.zone[0] != '\0')
		return -EINVAL;
	size = network.ip.family == 4 ? 32 : 128;
	bits = size;
	if (text.data != NULL &&
	    (text.len > 3 || (text.len > 1 && text.data[0] == '0') ||
	        tn_parse_uint(text, size, &bits) < 0))
		return -EINVAL;
	if (!network_ends_in_zeros(&network.ip, (unsigned)bits, size))
		return -EINVAL;
	if (size == 128 && bits >= NETWORK_MAPPED_BITS) {
		network.ip = network_plain(&network.ip);
		if (network.ip.family == 4)
			bits -= NETWORK_MAPPED_BITS;
	}
	network.bits = (unsigned char)bits;
	*ret = network;
	return 0;
}

bool
tn_ip_network_has(const struct tn_ip_network *network, const struct tn_ip *ip)
{
	struct tn_ip plain = network_plain(ip);

	return plain.family == network->ip.family &&
	    tn__ip_shares(plain.bytes, network->ip.bytes, network->bits);
}
