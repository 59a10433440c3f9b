/* Networks: an address lies in one when the bits say so, whatever way the
 * network was written; a list has what its items have.  The first sixteen bytes
 * are an address, the rest is the list. */
#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/network.h>

#include "fuzz/fuzz.h"

static bool
naive_has(const struct tn_ip_network *network, const struct tn_ip *ip)
{
	if (network->ip.family != ip->family)
		return false;
	for (unsigned i = 0; i < network->bits; i++)
		if (((network->ip.bytes[i / 8] ^ ip->bytes[i / 8]) >>
		    (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

/* As an IPv6 address that stands for it. */
static struct tn_ip
mapped(const struct tn_ip *ip)
{
	struct tn_ip six = { .family = 6, .bytes = { [10] = 0xff,
				 [11] = 0xff } };

	memcpy(six.bytes + 12, ip->bytes, 4);
	return six;
}

static void
check_has(const struct tn_ip_network *network, struct tn_ip ip)
{
	struct tn_ip six;

	if (ip.family == 6)
		return; /* random bytes are no mapped address */
	six = mapped(&ip);
	assert(tn_ip_network_has(network, &ip) == naive_has(network, &ip));
	assert(tn_ip_network_has(network, &six) == naive_has(network, &ip));
}

/* The bits of the prefix matter, and no others. */
static void
check_bits(const struct tn_ip_network *network)
{
	unsigned size = network->ip.family == 4 ? 32 : 128;

	for (unsigned i = 0; i < size; i++) {
		struct tn_ip ip = network->ip;

		ip.bytes[i / 8] ^= (unsigned char)(0x80 >> i % 8);
		if (ip.family == 6 &&
		    memcmp(ip.bytes, mapped(&ip).bytes, 12) == 0)
			continue; /* it counts as IPv4 */
		assert(tn_ip_network_has(network, &ip) == (i >= network->bits));
	}
}

static void
check_one(struct tn_slice text, const struct tn_ip *four)
{
	struct tn_ip_network network, again;
	char shown[TN_IP_TEXT_MAX], whole[TN_IP_TEXT_MAX + 8];
	int r;

	memset(&network, 0x55, sizeof(network));
	again = network;
	r = tn_ip_network_parse(text, &network);
	if (r < 0) {
		assert(r == -EINVAL);
		assert(memcmp(&network, &again, sizeof(again)) == 0);
		return;
	}
	assert(network.bits <= (network.ip.family == 4 ? 32 : 128));
	assert(network.ip.zone[0] == '\0');
	assert(tn_ip_network_has(&network, &network.ip));
	snprintf(whole, sizeof(whole), "%s/%d",
	    tn_ip_format(&network.ip, shown), network.bits);
	assert(tn_ip_network_parse(tn_slice_str(whole), &again) == 0);
	assert(again.bits == network.bits &&
	    memcmp(&again.ip, &network.ip, sizeof(again.ip)) == 0);
	check_has(&network, *four);
	check_bits(&network);
}

/* Two halves of a list have together what the whole has. */
static void
check_list(const char *text, const struct tn_ip *ip)
{
	TN_CLEANUP(tn_networks_freep) struct tn_networks *whole = NULL;
	TN_CLEANUP(tn_networks_freep) struct tn_networks *first = NULL;
	TN_CLEANUP(tn_networks_freep) struct tn_networks *second = NULL;
	const char *comma = strchr(text, ',');
	char *head;
	int r = tn_networks_parse(text, &whole);

	if (r < 0) {
		assert(r == -EINVAL && whole == NULL);
		assert(fuzz_is_tame(tn_slice_str(tn_error_text())));
		return;
	}
	if (comma == NULL)
		return;
	head = fuzz_string(tn_slice(text, (size_t)(comma - text)));
	assert(tn_networks_parse(head, &first) == 0);
	assert(tn_networks_parse(comma, &second) == 0);
	assert(tn_networks_has_ip(whole, ip) ==
	    (tn_networks_has_ip(first, ip) ||
		tn_networks_has_ip(second, ip)));
	free(head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	struct tn_ip ip = { .family = 6 }, four = { .family = 4 };
	char *text;

	if (size < sizeof(ip.bytes) || size > 300)
		return 0;
	memcpy(ip.bytes, bytes, sizeof(ip.bytes));
	memcpy(four.bytes, bytes, 4);
	in = tn_slice_skip(in, sizeof(ip.bytes));
	text = fuzz_string(in);
	check_one(in, &four);
	check_list(text, &ip);
	check_list(text, &four);
	free(text);
	return 0;
}
