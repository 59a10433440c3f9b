/* Other ways to write an address, kinds, networks. */
#include "check.h"

#include <tenon/ip_about.h>

static struct tn_ip
ip_of(const char *text)
{
	struct tn_ip ip;

	assert_int_equal(tn_ip_parse(tn_slice_str(text), &ip), 0);
	return ip;
}

/* ---- writing ------------------------------------------------------------ */

static const struct form_row {
	const char *name, *decimal, *hex, *exploded, *reverse;
} forms[] = {
	{ "127.0.0.1", "2130706433", "0x7f000001", "127.0.0.1",
	    "1.0.0.127.in-addr.arpa" },
	{ "0.0.0.0", "0", "0x00000000", "0.0.0.0", "0.0.0.0.in-addr.arpa" },
	{ "255.255.255.255", "4294967295", "0xffffffff", "255.255.255.255",
	    "255.255.255.255.in-addr.arpa" },
	{ "151.101.76.223", "2539998431", "0x97654cdf", "151.101.76.223",
	    "223.76.101.151.in-addr.arpa" },
	{ "::1", "1", "0x00000000000000000000000000000001",
	    "0000:0000:0000:0000:0000:0000:0000:0001",
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "ip6.arpa" },
	{ "2001:db8::567:89ab", "42540766411282592856903984951744498091",
	    "0x20010db80000000000000000056789ab",
	    "2001:0db8:0000:0000:0000:0000:0567:89ab",
	    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	    "ip6.arpa" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "340282366920938463463374607431768211455",
	    "0xffffffffffffffffffffffffffffffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f."
	    "ip6.arpa" },
};

static void
reads_as(const char *text, const struct tn_ip *wanted)
{
	struct tn_slice in = check_exact(tn_slice_str(text));
	struct tn_ip ip;

	assert_int_equal(tn_ip_parse_any(in, &ip), 0);
	assert_memory_equal(&ip, wanted, sizeof(ip));
	check_exact_free(in);
}

static void
test_form(void **state)
{
	const struct form_row *t = *state;
	struct tn_ip ip = ip_of(t->name);
	char decimal[TN_IP_DECIMAL_SIZE], hex[TN_IP_HEX_SIZE];
	char exploded[TN_IP_EXPLODED_SIZE], reverse[TN_IP_REVERSE_SIZE];
	char dot[TN_IP_REVERSE_SIZE + 1];

	assert_string_equal(tn_ip_decimal(&ip, decimal), t->decimal);
	assert_string_equal(tn_ip_hex(&ip, hex), t->hex);
	assert_string_equal(tn_ip_exploded(&ip, exploded), t->exploded);
	assert_string_equal(tn_ip_reverse(&ip, reverse), t->reverse);

	snprintf(dot, sizeof(dot), "%s.", reverse);
	reads_as(t->name, &ip);
	reads_as(hex, &ip);
	reads_as(exploded, &ip);
	reads_as(reverse, &ip);
	reads_as(dot, &ip);
	if (strcmp(t->name, "::1") != 0) /* 1 is 0.0.0.1 */
		reads_as(decimal, &ip);
}

static void
test_binary(void **state)
{
	struct tn_ip four = ip_of("10.0.255.1"), six = ip_of("8001::f");
	char text[TN_IP_BINARY_SIZE];

	(void)state;
	assert_string_equal(tn_ip_binary(&four, text),
	    "00001010.00000000.11111111.00000001");
	assert_string_equal(tn_ip_binary(&six, text),
	    "1000000000000001:0000000000000000:0000000000000000:"
	    "0000000000000000:0000000000000000:0000000000000000:"
	    "0000000000000000:0000000000001111");
}

static const struct bad_row {
	const char *name;
} bad[] = {
	{ "" },
	{ "0x" },
	{ "0x1g" },
	{ "0x100000000000000000000000000000000" },
	{ "0x000000000000000000000000000000001" },
	{ "340282366920938463463374607431768211456" },
	{ "0000000000000000000000000000000000000001" },
	{ "1a" },
	{ "-1" },
	{ "127.1" },
	{ ".in-addr.arpa" },
	{ "in-addr.arpa" },
	{ "." },
	{ "0.0.127.in-addr.arpa" },
	{ "1.1.0.0.127.in-addr.arpa" },
	{ "01.0.0.127.in-addr.arpa" },
	{ "256.0.0.127.in-addr.arpa" },
	{ "1..0.127.in-addr.arpa" },
	{ ".1.0.0.127.in-addr.arpa" },
	{ "1.0.0.127.in-addr.arpa.." },
	{ "1.0.0.127.ip6.arpa" },
	{ "11.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	  "ip6.arpa" },
};

static void
test_bad(void **state)
{
	const struct bad_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->name));
	struct tn_ip ip, twin;

	memset(&ip, 0x55, sizeof(ip));
	twin = ip;
	assert_int_equal(tn_ip_parse_any(in, &ip), -EINVAL);
	assert_memory_equal(&ip, &twin, sizeof(ip));
	check_exact_free(in);
}

static void
test_random(void **state)
{
	uint64_t random = 3;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct tn_ip ip = { .family = i % 2 ? 4 : 6 };
		char text[TN_IP_BINARY_SIZE];

		for (int b = 0; b < (ip.family == 4 ? 4 : 16); b++)
			ip.bytes[b] = (unsigned char)check_random(&random);
		ip.bytes[0] |= 1;
		reads_as(tn_ip_decimal(&ip, text), &ip);
		reads_as(tn_ip_hex(&ip, text), &ip);
		reads_as(tn_ip_exploded(&ip, text), &ip);
		reads_as(tn_ip_reverse(&ip, text), &ip);
	}
}

/* ---- kinds -------------------------------------------------------------- */

static const struct kind_row {
	const char *name, *kind;
	bool global;
	const char *embedded;
} kinds[] = {
	{ "151.101.76.223", "global", true, NULL },
	{ "0.0.0.0", "unspecified", false, NULL },
	{ "0.0.0.1", "this-network", false, NULL },
	{ "10.255.255.255", "private", false, NULL },
	{ "11.0.0.0", "global", true, NULL },
	{ "100.63.255.255", "global", true, NULL },
	{ "100.64.0.0", "shared", false, NULL },
	{ "100.127.255.255", "shared", false, NULL },
	{ "100.128.0.0", "global", true, NULL },
	{ "127.9.9.9", "loopback", false, NULL },
	{ "169.254.1.1", "link-local", false, NULL },
	{ "172.15.255.255", "global", true, NULL },
	{ "172.31.255.255", "private", false, NULL },
	{ "192.0.0.1", "ds-lite", false, NULL },
	{ "192.0.0.9", "anycast", true, NULL },
	{ "192.0.0.11", "protocol", false, NULL },
	{ "192.0.0.171", "nat64-discovery", false, NULL },
	{ "192.0.2.1", "documentation", false, NULL },
	{ "192.88.99.1", "6to4-relay", false, NULL },
	{ "192.168.255.1", "private", false, NULL },
	{ "198.19.255.255", "benchmarking", false, NULL },
	{ "198.20.0.0", "global", true, NULL },
	{ "203.0.113.7", "documentation", false, NULL },
	{ "224.0.0.251", "multicast", false, NULL },
	{ "239.1.1.1", "multicast", false, NULL },
	{ "240.0.0.1", "reserved", false, NULL },
	{ "255.255.255.255", "broadcast", false, NULL },
	{ "::", "unspecified", false, NULL },
	{ "::1", "loopback", false, NULL },
	{ "::192.0.2.1", "ipv4-compatible", false, "192.0.2.1" },
	{ "::ffff:10.1.2.3", "ipv4-mapped", false, "10.1.2.3" },
	{ "64:ff9b::192.0.2.33", "nat64", true, "192.0.2.33" },
	{ "64:ff9b:1::1", "nat64-local", false, NULL },
	{ "100::1", "discard", false, NULL },
	{ "2001:0:4136:e378:8000:63bf:3fff:fdd2", "teredo", false,
	    "192.0.2.45" },
	{ "2001:1ff::", "protocol", false, NULL },
	{ "2001:200::", "global", true, NULL },
	{ "2001:2::1", "benchmarking", false, NULL },
	{ "2001:20::1", "orchid", true, NULL },
	{ "2001:db8::1", "documentation", false, NULL },
	{ "2002:c000:201::1", "6to4", false, "192.0.2.1" },
	{ "2606:4700:4700::1111", "global", true, NULL },
	{ "3fff:fff::", "documentation", false, NULL },
	{ "3fff:1000::", "global", true, NULL },
	{ "4000::", "reserved", false, NULL },
	{ "5f00::1", "srv6", false, NULL },
	{ "fbff::", "reserved", false, NULL },
	{ "fd00::1", "unique-local", false, NULL },
	{ "fe80::1%eth0", "link-local", false, NULL },
	{ "fec0::1", "site-local", false, NULL },
	{ "ff02::1", "multicast", false, NULL },
};

static void
test_kind(void **state)
{
	const struct kind_row *t = *state;
	struct tn_ip ip = ip_of(t->name), four;
	const struct tn_ip_kind *kind = tn_ip_kind(&ip);
	char text[TN_IP_TEXT_MAX];

	assert_string_equal(kind->name, t->kind);
	assert_int_equal(kind->global, t->global);
	assert_int_equal(tn_ip_embedded(&ip, &four), t->embedded != NULL);
	if (t->embedded != NULL)
		assert_string_equal(tn_ip_format(&four, text), t->embedded);
}

/* Each row is what it finds for its first and its last address, unless a
 * narrower one is there; networks come before what is in them. */
static void
test_table(void **state)
{
	const struct tn_ip_kind *kind;
	size_t i;

	(void)state;
	for (i = 0; (kind = tn_ip_kind_at(i)) != NULL; i++) {
		struct tn_ip ends[2] = { kind->network.ip,
			tn_ip_network_last(&kind->network) };
		struct tn_ip_network again;
		char text[TN_IP_TEXT_MAX], whole[TN_IP_TEXT_MAX + 8];

		assert_true(strncmp(kind->source, "RFC ", 4) == 0);
		snprintf(whole, sizeof(whole), "%s/%d",
		    tn_ip_format(&kind->network.ip, text), kind->network.bits);
		assert_int_equal(tn_ip_prefix_parse(tn_slice_str(whole), NULL,
				     &again),
		    0);
		assert_memory_equal(&again, &kind->network, sizeof(again));
		for (int end = 0; end < 2; end++) {
			const struct tn_ip_kind *found =
			    tn_ip_kind(&ends[end]);

			assert_true(found >= kind);
			assert_true(tn_ip_network_covers(&kind->network,
			    &found->network));
		}
		for (size_t before = 0; before < i; before++)
			assert_false(tn_ip_network_covers(&kind->network,
			    &tn_ip_kind_at(before)->network));
	}
	assert_true(i > 50);
}

/* ---- networks ----------------------------------------------------------- */

static const struct prefix_row {
	const char *name, *ip, *network, *mask, *last, *first_host, *last_host,
	    *count;
} prefixes[] = {
	{ "10.1.2.3/8", "10.1.2.3", "10.0.0.0", "255.0.0.0", "10.255.255.255",
	    "10.0.0.1", "10.255.255.254", "16777216" },
	{ "192.168.1.77/255.255.255.192", "192.168.1.77", "192.168.1.64",
	    "255.255.255.192", "192.168.1.127", "192.168.1.65",
	    "192.168.1.126", "64" },
	{ "0.0.0.0/0", "0.0.0.0", "0.0.0.0", "0.0.0.0", "255.255.255.255",
	    "0.0.0.1", "255.255.255.254", "4294967296" },
	{ "1.2.3.4/0.0.0.0", "1.2.3.4", "0.0.0.0", "0.0.0.0",
	    "255.255.255.255", "0.0.0.1", "255.255.255.254", "4294967296" },
	{ "192.0.2.5/30", "192.0.2.5", "192.0.2.4", "255.255.255.252",
	    "192.0.2.7", "192.0.2.5", "192.0.2.6", "4" },
	{ "192.0.2.5/31", "192.0.2.5", "192.0.2.4", "255.255.255.254",
	    "192.0.2.5", "192.0.2.4", "192.0.2.5", "2" },
	{ "192.0.2.5/32", "192.0.2.5", "192.0.2.5", "255.255.255.255",
	    "192.0.2.5", "192.0.2.5", "192.0.2.5", "1" },
	{ "2001:db8::1:2/64", "2001:db8::1:2", "2001:db8::",
	    "ffff:ffff:ffff:ffff::", "2001:db8::ffff:ffff:ffff:ffff",
	    "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff",
	    "18446744073709551616" },
	{ "::/0", "::", "::", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "340282366920938463463374607431768211456" },
	{ "fe80::3/127", "fe80::3", "fe80::2",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "fe80::3", "fe80::2",
	    "fe80::3", "2" },
	{ "::ffff:10.0.0.1/104", "::ffff:10.0.0.1", "::ffff:10.0.0.0",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ff00:0", "::ffff:10.255.255.255",
	    "::ffff:10.0.0.1", "::ffff:10.255.255.255", "16777216" },
	{ .name = "10.0.0.0" },
	{ .name = "10.0.0.0/" },
	{ .name = "10.0.0.0/33" },
	{ .name = "10.0.0.0/08" },
	{ .name = "10.0.0.0/255.0.255.0" },
	{ .name = "10.0.0.0/0.255.255.255" },
	{ .name = "10.0.0.0/ffff::" },
	{ .name = "10.0.0.0/8/8" },
	{ .name = "::/129" },
	{ .name = "::/255.0.0.0" },
	{ .name = "fe80::1%lo/64" },
	{ .name = "/8" },
	{ .name = "x/8" },
};

static void
is_text(const struct tn_ip *ip, const char *wanted)
{
	char text[TN_IP_TEXT_MAX];

	assert_string_equal(tn_ip_format(ip, text), wanted);
}

static void
test_prefix(void **state)
{
	const struct prefix_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->name));
	struct tn_ip ip, first, last, mask, end;
	struct tn_ip_network network;
	char text[TN_IP_DECIMAL_SIZE];
	int r = tn_ip_prefix_parse(in, &ip, &network);

	check_exact_free(in);
	assert_int_equal(r, t->ip == NULL ? -EINVAL : 0);
	if (r < 0)
		return;
	mask = tn_ip_network_mask(&network);
	end = tn_ip_network_last(&network);
	tn_ip_network_hosts(&network, &first, &last);
	is_text(&ip, t->ip);
	is_text(&network.ip, t->network);
	is_text(&mask, t->mask);
	is_text(&end, t->last);
	is_text(&first, t->first_host);
	is_text(&last, t->last_host);
	assert_string_equal(tn_ip_network_count(&network, text), t->count);
}

static const struct cover_row {
	const char *name, *other;
	bool covers;
} covers[] = {
	{ "10.0.0.0/8", "10.1.0.0/16", true },
	{ "10.0.0.0/8", "10.0.0.0/8", true },
	{ "10.0.0.0/8", "10.0.0.0/7", false },
	{ "10.0.0.0/8", "11.0.0.0/16", false },
	{ "0.0.0.0/0", "::/0", false },
	{ "::ffff:0:0/96", "::ffff:10.0.0.0/104", true },
	{ "10.0.0.0/8", "::ffff:10.0.0.0/104", false },
	{ "2001:db8::/33", "2001:db8:8000::/34", false },
};

static void
test_cover(void **state)
{
	const struct cover_row *t = *state;
	struct tn_ip_network a, b;

	assert_int_equal(tn_ip_prefix_parse(tn_slice_str(t->name), NULL, &a),
	    0);
	assert_int_equal(tn_ip_prefix_parse(tn_slice_str(t->other), NULL, &b),
	    0);
	assert_int_equal(tn_ip_network_covers(&a, &b), t->covers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_table),
	};

	return CHECK_ROWS(forms, test_form) + CHECK_ROWS(bad, test_bad) +
	    CHECK_ROWS(kinds, test_kind) + CHECK_ROWS(prefixes, test_prefix) +
	    CHECK_ROWS(covers, test_cover) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
