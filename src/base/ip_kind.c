/* What an address is for: the special-purpose address registries of RFC 6890
 * as IANA keeps them, multicast, and what is left.  Each row names the document
 * that set the addresses aside; the last column is the registry's "globally
 * reachable", where it has a yes or no. */
#include <tenon/ip_about.h>

#include "base/ip_bits.h"

#define V4(a, b, c, d, size)                                                   \
	{                                                                      \
		{ { a, b, c, d }, 4, "" }, size                                \
	}
#define HALVES(n) (n) >> 8, (n)&0xff
#define V6(a, b, c, d, h, size)                                                \
	{                                                                      \
		{ { HALVES(a), HALVES(b), HALVES(c), HALVES(d), 0, 0, 0, 0, 0, \
			0, HALVES(h) },                                        \
			6, "" },                                               \
		    size                                                       \
	}

/* A network stands before those within it. */
static const struct tn_ip_kind kind_rows[] = {
	{ V4(0, 0, 0, 0, 0), "global", "unicast", "RFC 791", true },
	{ V4(0, 0, 0, 0, 8), "this-network", "this network",
	    "RFC 791 section 3.2", false },
	{ V4(0, 0, 0, 0, 32), "unspecified", "no address, or every one of this "
	    "machine", "RFC 1122 section 3.2.1.3", false },
	{ V4(10, 0, 0, 0, 8), "private", "private use", "RFC 1918 section 3",
	    false },
	{ V4(100, 64, 0, 0, 10), "shared", "between a provider and its "
	    "customers (CGNAT)", "RFC 6598", false },
	{ V4(127, 0, 0, 0, 8), "loopback", "this machine",
	    "RFC 1122 section 3.2.1.3", false },
	{ V4(169, 254, 0, 0, 16), "link-local", "this link only",
	    "RFC 3927", false },
	{ V4(172, 16, 0, 0, 12), "private", "private use",
	    "RFC 1918 section 3", false },
	{ V4(192, 0, 0, 0, 24), "protocol", "set aside for protocols",
	    "RFC 6890 section 2.1", false },
	{ V4(192, 0, 0, 0, 29), "ds-lite", "IPv4 service continuity (DS-Lite)",
	    "RFC 7335", false },
	{ V4(192, 0, 0, 8, 32), "dummy", "source of ICMP when there is none",
	    "RFC 7600", false },
	{ V4(192, 0, 0, 9, 32), "anycast", "the nearest PCP server",
	    "RFC 7723", true },
	{ V4(192, 0, 0, 10, 32), "anycast", "the nearest TURN server",
	    "RFC 8155", true },
	{ V4(192, 0, 0, 170, 31), "nat64-discovery", "finding NAT64 and DNS64",
	    "RFC 7050 section 2.2", false },
	{ V4(192, 0, 2, 0, 24), "documentation", "examples (TEST-NET-1)",
	    "RFC 5737", false },
	{ V4(192, 31, 196, 0, 24), "as112", "sink of needless DNS queries",
	    "RFC 7535", true },
	{ V4(192, 52, 193, 0, 24), "amt", "automatic multicast tunnelling",
	    "RFC 7450", true },
	{ V4(192, 88, 99, 0, 24), "6to4-relay", "the nearest 6to4 relay, "
	    "abandoned", "RFC 7526", false },
	{ V4(192, 168, 0, 0, 16), "private", "private use",
	    "RFC 1918 section 3", false },
	{ V4(192, 175, 48, 0, 24), "as112", "sink of needless DNS queries",
	    "RFC 7534", true },
	{ V4(198, 18, 0, 0, 15), "benchmarking", "tests of devices",
	    "RFC 2544", false },
	{ V4(198, 51, 100, 0, 24), "documentation", "examples (TEST-NET-2)",
	    "RFC 5737", false },
	{ V4(203, 0, 113, 0, 24), "documentation", "examples (TEST-NET-3)",
	    "RFC 5737", false },
	{ V4(224, 0, 0, 0, 4), "multicast", "multicast", "RFC 5771", false },
	{ V4(224, 0, 0, 0, 24), "multicast", "multicast on this link",
	    "RFC 5771 section 4", false },
	{ V4(232, 0, 0, 0, 8), "multicast", "multicast of one source",
	    "RFC 4607", false },
	{ V4(239, 0, 0, 0, 8), "multicast", "multicast within an organisation",
	    "RFC 2365", false },
	{ V4(240, 0, 0, 0, 4), "reserved", "reserved for the future",
	    "RFC 1112 section 4", false },
	{ V4(255, 255, 255, 255, 32), "broadcast", "everybody on this link",
	    "RFC 919 section 7", false },

	{ V6(0, 0, 0, 0, 0, 0), "reserved", "not given out", "RFC 4291",
	    false },
	{ V6(0, 0, 0, 0, 0, 96), "ipv4-compatible", "an IPv4 address, "
	    "abandoned", "RFC 4291 section 2.5.5.1", false },
	{ V6(0, 0, 0, 0, 0, 128), "unspecified", "no address, or every one of "
	    "this machine", "RFC 4291 section 2.5.2", false },
	{ V6(0, 0, 0, 0, 1, 128), "loopback", "this machine",
	    "RFC 4291 section 2.5.3", false },
	{ { { { [10] = 0xff, [11] = 0xff }, 6, "" }, 96 }, "ipv4-mapped",
	    "an IPv4 address", "RFC 4291 section 2.5.5.2", false },
	{ V6(0x64, 0xff9b, 0, 0, 0, 96), "nat64", "an IPv4 address behind a "
	    "translator", "RFC 6052", true },
	{ V6(0x64, 0xff9b, 1, 0, 0, 48), "nat64-local", "IPv4 addresses behind "
	    "a translator of this network", "RFC 8215", false },
	{ V6(0x100, 0, 0, 0, 0, 64), "discard", "thrown away", "RFC 6666",
	    false },
	{ V6(0x100, 0, 0, 1, 0, 64), "dummy", "stands for an IPv6 address "
	    "where there is none", "RFC 9780", false },
	{ V6(0x2000, 0, 0, 0, 0, 3), "global", "unicast",
	    "RFC 4291 section 2.5.4", true },
	{ V6(0x2001, 0, 0, 0, 0, 23), "protocol", "set aside for protocols",
	    "RFC 2928", false },
	{ V6(0x2001, 0, 0, 0, 0, 32), "teredo", "IPv6 through NAT by UDP",
	    "RFC 4380", false },
	{ V6(0x2001, 1, 0, 0, 1, 128), "anycast", "the nearest PCP server",
	    "RFC 7723", true },
	{ V6(0x2001, 1, 0, 0, 2, 128), "anycast", "the nearest TURN server",
	    "RFC 8155", true },
	{ V6(0x2001, 1, 0, 0, 3, 128), "anycast", "the nearest registrar of "
	    "DNS-SD", "RFC 9665", true },
	{ V6(0x2001, 2, 0, 0, 0, 48), "benchmarking", "tests of devices",
	    "RFC 5180", false },
	{ V6(0x2001, 3, 0, 0, 0, 32), "amt", "automatic multicast tunnelling",
	    "RFC 7450", true },
	{ V6(0x2001, 4, 0x112, 0, 0, 48), "as112", "sink of needless DNS "
	    "queries", "RFC 7535", true },
	{ V6(0x2001, 0x10, 0, 0, 0, 28), "orchid", "hashes of keys, abandoned",
	    "RFC 4843", false },
	{ V6(0x2001, 0x20, 0, 0, 0, 28), "orchid", "hashes of keys (ORCHIDv2)",
	    "RFC 7343", true },
	{ V6(0x2001, 0x30, 0, 0, 0, 28), "drone", "remote identification of "
	    "drones", "RFC 9374", true },
	{ V6(0x2001, 0xdb8, 0, 0, 0, 32), "documentation", "examples",
	    "RFC 3849", false },
	{ V6(0x2002, 0, 0, 0, 0, 16), "6to4", "IPv6 through an IPv4 address",
	    "RFC 3056", false },
	{ V6(0x2620, 0x4f, 0x8000, 0, 0, 48), "as112", "sink of needless DNS "
	    "queries", "RFC 7534", true },
	{ V6(0x3fff, 0, 0, 0, 0, 20), "documentation", "examples",
	    "RFC 9637", false },
	{ V6(0x5f00, 0, 0, 0, 0, 16), "srv6", "segments of routes (SRv6)",
	    "RFC 9602", false },
	{ V6(0xfc00, 0, 0, 0, 0, 7), "unique-local", "private use",
	    "RFC 4193", false },
	{ V6(0xfe80, 0, 0, 0, 0, 10), "link-local", "this link only",
	    "RFC 4291 section 2.5.6", false },
	{ V6(0xfec0, 0, 0, 0, 0, 10), "site-local", "private use, abandoned",
	    "RFC 3879", false },
	{ V6(0xff00, 0, 0, 0, 0, 8), "multicast", "multicast",
	    "RFC 4291 section 2.7", false },
	{ V6(0xff01, 0, 0, 0, 0, 16), "multicast", "multicast in this machine",
	    "RFC 4291 section 2.7", false },
	{ V6(0xff02, 0, 0, 0, 0, 16), "multicast", "multicast on this link",
	    "RFC 4291 section 2.7", false },
};

const struct tn_ip_kind *
tn_ip_kind(const struct tn_ip *ip)
{
	const struct tn_ip_kind *best = NULL;

	for (size_t i = 0; i < TN_COUNT(kind_rows); i++) {
		const struct tn_ip_network *n = &kind_rows[i].network;

		if ((n->ip.family == 4) == (ip->family == 4) &&
		    tn__ip_shares(n->ip.bytes, ip->bytes, n->bits))
			best = &kind_rows[i]; /* later ones are narrower */
	}
	return best;
}

const struct tn_ip_kind *
tn_ip_kind_at(size_t index)
{
	return index < TN_COUNT(kind_rows) ? &kind_rows[index] : NULL;
}

/* Where in each kind the four bytes begin, and what they are mixed with. */
static const struct kind_carrier {
	const char *name;
	unsigned char at, mask;
} kind_carriers[] = {
	{ "ipv4-mapped", 12, 0 }, { "ipv4-compatible", 12, 0 },
	{ "nat64", 12, 0 }, { "6to4", 2, 0 },
	{ "teredo", 12, 0xff }, /* RFC 4380 section 4: every bit turned */
};

bool
tn_ip_embedded(const struct tn_ip *ip, struct tn_ip *ret)
{
	const char *name = tn_ip_kind(ip)->name;

	for (size_t i = 0; i < TN_COUNT(kind_carriers); i++) {
		const struct kind_carrier *c = &kind_carriers[i];
		struct tn_ip four = { .family = 4 };

		if (strcmp(c->name, name) != 0)
			continue;
		for (int b = 0; b < 4; b++)
			four.bytes[b] = ip->bytes[c->at + b] ^ c->mask;
		*ret = four;
		return true;
	}
	return false;
}
