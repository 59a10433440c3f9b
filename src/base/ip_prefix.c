/* Networks as a person counts them: mask, last address, hosts. */
#include <errno.h>
#include <tenon/ip_about.h>
#include <tenon/number.h>

#include "base/ip_bits.h"

/* ---- bits --------------------------------------------------------------- */

/* The bits from `from` on become `one`. */
static void
prefix_fill(struct tn_ip *ip, unsigned from, bool one)
{
	for (size_t i = from; i < 8 * tn__ip_size(ip); i++) {
		unsigned char bit = (unsigned char)(0x80U >> i % 8);

		if (one)
			ip->bytes[i / 8] |= bit;
		else
			ip->bytes[i / 8] &= (unsigned char)~bit;
	}
}

/* One up, or one down; never past an end here. */
static void
prefix_step(struct tn_ip *ip, bool up)
{
	for (size_t i = tn__ip_size(ip); i-- > 0;) {
		if (up ? ++ip->bytes[i] != 0 : ip->bytes[i]-- != 0)
			return;
	}
}

/* ---- reading ------------------------------------------------------------ */

/* "255.255.0.0": ones, then zeros. */
static int
prefix_mask_bits(const struct tn_ip *mask)
{
	struct tn_ip_network network = { .ip = { .family = 4 } };
	struct tn_ip wanted;

	while (network.bits < 32 &&
	    (mask->bytes[network.bits / 8] << network.bits % 8 & 0x80) != 0)
		network.bits++;
	wanted = tn_ip_network_mask(&network);
	return memcmp(wanted.bytes, mask->bytes, 4) == 0 ? network.bits :
	                                                   -EINVAL;
}

static int
prefix_bits(struct tn_slice text, const struct tn_ip *ip)
{
	struct tn_ip mask;
	uint64_t bits;

	if (ip->family == 4 && tn_ip_parse(text, &mask) == 0)
		return mask.family == 4 ? prefix_mask_bits(&mask) : -EINVAL;
	if (text.len > 3 || (text.len > 1 && text.data[0] == '0') ||
	    tn_parse_uint(text, 8 * tn__ip_size(ip), &bits) < 0)
		return -EINVAL;
	return (int)bits;
}

int
tn_ip_prefix_parse(struct tn_slice text, struct tn_ip *ret_ip,
    struct tn_ip_network *ret)
{
	struct tn_slice address = tn_slice_split(&text, '/');
	struct tn_ip_network network;
	struct tn_ip ip;
	int bits;

	if (text.data == NULL || tn_ip_parse(address, &ip) < 0 ||
	    ip.zone[0] != '\0')
		return -EINVAL;
	bits = prefix_bits(text, &ip);
	if (bits < 0)
		return -EINVAL;
	network = (struct tn_ip_network){ ip, (unsigned char)bits };
	prefix_fill(&network.ip, network.bits, false);
	if (ret_ip != NULL)
		*ret_ip = ip;
	*ret = network;
	return 0;
}

/* ---- what is in it ------------------------------------------------------ */

struct tn_ip
tn_ip_network_mask(const struct tn_ip_network *network)
{
	struct tn_ip mask = { .family = network->ip.family };

	prefix_fill(&mask, 0, true);
	prefix_fill(&mask, network->bits, false);
	return mask;
}

struct tn_ip
tn_ip_network_last(const struct tn_ip_network *network)
{
	struct tn_ip last = network->ip;

	prefix_fill(&last, network->bits, true);
	return last;
}

void
tn_ip_network_hosts(const struct tn_ip_network *network,
    struct tn_ip *ret_first, struct tn_ip *ret_last)
{
	bool small = network->bits + 1U >= 8 * tn__ip_size(&network->ip);

	*ret_first = network->ip;
	*ret_last = tn_ip_network_last(network);
	if (small)
		return;
	prefix_step(ret_first, true);
	if (network->ip.family == 4)
		prefix_step(ret_last, false);
}

const char *
tn_ip_network_count(const struct tn_ip_network *network,
    char out[TN_IP_DECIMAL_SIZE])
{
	size_t exponent = 8 * tn__ip_size(&network->ip) - network->bits;
	unsigned char bytes[17] = { 0 };

	bytes[16 - exponent / 8] = (unsigned char)(1U << exponent % 8);
	return tn__ip_decimal(bytes, sizeof(bytes), out);
}

bool
tn_ip_network_covers(const struct tn_ip_network *network,
    const struct tn_ip_network *other)
{
	return network->ip.family == other->ip.family &&
	    network->bits <= other->bits &&
	    tn__ip_shares(network->ip.bytes, other->ip.bytes, network->bits);
}
