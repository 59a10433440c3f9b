/* What is said of addresses: every form reads as the address it was written
 * from, inet_aton() takes what libc does, a network is the naive one. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <tenon/inet.h>
#include <tenon/ip_about.h>

#include "fuzz/fuzz.h"

/* ---- inet_aton ---------------------------------------------------------- */

/* glibc stops at white space, whatever stands behind it. */
static void
check_aton(struct tn_slice in)
{
	unsigned char ours[4] = "abc", untouched[4] = "abc";
	char *text = fuzz_string(in);
	struct in_addr theirs;
	int r = tn_net_inet_aton(text, ours);

	assert(r == 0 || r == -EINVAL);
	if (strpbrk(text, " \t\n\v\f\r") != NULL)
		assert(r < 0);
	else
		assert(inet_aton(text, &theirs) == (r == 0));
	assert(memcmp(ours, r == 0 ? (const void *)&theirs : untouched, 4) ==
	    0);
	free(text);
}

/* ---- forms -------------------------------------------------------------- */

static void
check_read(const char *text, const struct tn_ip *ip)
{
	struct tn_ip again;
	char *exact = fuzz_string(tn_slice_str(text));

	assert(tn_ip_parse_any(tn_slice_str(exact), &again) == 0);
	assert(again.family == ip->family);
	assert(memcmp(again.bytes, ip->bytes, sizeof(ip->bytes)) == 0);
	free(exact);
}

/* A small number is IPv4, be it of an IPv6 address or not. */
static void
check_forms(const struct tn_ip *ip)
{
	static const unsigned char zero[12];
	char decimal[TN_IP_DECIMAL_SIZE], hex[TN_IP_HEX_SIZE];
	char exploded[TN_IP_EXPLODED_SIZE], reverse[TN_IP_REVERSE_SIZE];
	char binary[TN_IP_BINARY_SIZE];
	size_t bits = ip->family == 4 ? 32 : 128, at = 0;

	check_read(tn_ip_hex(ip, hex), ip);
	check_read(tn_ip_exploded(ip, exploded), ip);
	check_read(tn_ip_reverse(ip, reverse), ip);
	tn_ip_decimal(ip, decimal);
	if (ip->family == 4 || memcmp(ip->bytes, zero, sizeof(zero)) != 0)
		check_read(decimal, ip);
	tn_ip_binary(ip, binary);
	for (const char *c = binary; *c != '\0'; c++) {
		if (*c == '.' || *c == ':')
			continue;
		assert((*c == '1') ==
		    ((ip->bytes[at / 8] >> (7 - at % 8) & 1) != 0));
		at++;
	}
	assert(at == bits);
}

static void
check_kind(const struct tn_ip *ip)
{
	const struct tn_ip_kind *kind = tn_ip_kind(ip), *other;
	struct tn_ip_network one = { *ip, ip->family == 4 ? 32 : 128 };
	struct tn_ip four = { .family = 9 };

	assert(tn_ip_network_covers(&kind->network, &one));
	for (size_t i = 0; (other = tn_ip_kind_at(i)) != NULL; i++)
		assert(other->network.bits <= kind->network.bits ||
		    !tn_ip_network_covers(&other->network, &one));
	assert(tn_ip_is_any(ip) == (strcmp(kind->name, "unspecified") == 0));
	if (strcmp(kind->name, "loopback") == 0)
		assert(tn_ip_is_loopback(ip));
	assert(tn_ip_embedded(ip, &four) == (four.family == 4));
	assert(ip->family == 6 || four.family == 9);
}

static void
check_any(struct tn_slice in)
{
	struct tn_ip ip, untouched;
	int r;

	memset(&ip, 0x55, sizeof(ip));
	untouched = ip;
	r = tn_ip_parse_any(in, &ip);
	if (r < 0) {
		assert(r == -EINVAL);
		assert(memcmp(&ip, &untouched, sizeof(ip)) == 0);
		return;
	}
	assert(ip.family == 4 || ip.family == 6);
	if (tn_slice_starts(in, TN_SLICE("0x")))
		assert(ip.family == 6 || in.len <= 10);
	check_forms(&ip);
	check_kind(&ip);
}

/* ---- networks ----------------------------------------------------------- */

static bool
bit_of(const struct tn_ip *ip, unsigned at)
{
	return (ip->bytes[at / 8] >> (7 - at % 8) & 1) != 0;
}

static void
check_ends(const struct tn_ip_network *network, const struct tn_ip *ip)
{
	unsigned size = ip->family == 4 ? 32 : 128;
	struct tn_ip mask = tn_ip_network_mask(network);
	struct tn_ip last = tn_ip_network_last(network);

	for (unsigned i = 0; i < size; i++) {
		bool inside = i < network->bits;

		assert(bit_of(&mask, i) == inside);
		assert(bit_of(&network->ip, i) == (inside && bit_of(ip, i)));
		assert(bit_of(&last, i) == (!inside || bit_of(ip, i)));
	}
}

static void
check_hosts(const struct tn_ip_network *network)
{
	struct tn_ip_network ends[2] = { *network, *network };
	char text[TN_IP_TEXT_MAX + 8], shown[TN_IP_TEXT_MAX];
	struct tn_ip_network again;

	tn_ip_network_hosts(network, &ends[0].ip, &ends[1].ip);
	assert(memcmp(ends[0].ip.bytes, ends[1].ip.bytes, 16) <= 0);
	for (int i = 0; i < 2; i++) {
		ends[i].bits = network->ip.family == 4 ? 32 : 128;
		assert(tn_ip_network_covers(network, &ends[i]));
	}
	snprintf(text, sizeof(text), "%s/%u",
	    tn_ip_format(&network->ip, shown), network->bits);
	assert(tn_ip_prefix_parse(tn_slice_str(text), NULL, &again) == 0);
	assert(memcmp(&again, network, sizeof(again)) == 0);
}

/* A netmask was one as it would be written. */
static void
check_mask(const struct tn_ip_network *network, struct tn_slice written)
{
	struct tn_ip mask = tn_ip_network_mask(network);
	char text[TN_IP_TEXT_MAX];

	assert(network->ip.family == 4);
	assert(tn_slice_equal(tn_slice_str(tn_ip_format(&mask, text)),
	    written));
}

static void
check_prefix(struct tn_slice in)
{
	struct tn_ip_network network, strict;
	struct tn_slice behind = in;
	struct tn_ip ip;
	int r = tn_ip_prefix_parse(in, &ip, &network);

	assert(r == 0 || r == -EINVAL);
	/* What has no bits behind its prefix is a network to both. */
	if (r < 0) {
		assert(tn_slice_find(in, '/') < 0 ||
		    tn_ip_network_parse(in, &strict) < 0);
		return;
	}
	(void)tn_slice_split(&behind, '/');
	if (tn_slice_find(behind, '.') >= 0)
		check_mask(&network, behind);
	check_ends(&network, &ip);
	check_hosts(&network);
	check_kind(&ip);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	struct tn_ip ip = { .family = 6 };

	if (size > 128)
		return 0;
	check_aton(in);
	check_any(in);
	check_prefix(in);
	if (size < sizeof(ip.bytes))
		return 0;
	memcpy(ip.bytes, bytes, sizeof(ip.bytes));
	check_forms(&ip);
	check_kind(&ip);
	return 0;
}
