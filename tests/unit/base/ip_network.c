#include "check.h"

#include <tenon/ip.h>

/* `out` is the prefix as text, NULL when `in` is no network. */
static const struct parse_row {
	const char *name, *in, *out;
	int bits;
} parse[] = {
	{ "v4", "10.0.0.0/8", "10.0.0.0", 8 },
	{ "v4 all", "0.0.0.0/0", "0.0.0.0", 0 },
	{ "v4 one", "192.0.2.1", "192.0.2.1", 32 },
	{ "v4 one, said", "192.0.2.1/32", "192.0.2.1", 32 },
	{ "v4 inside a byte", "172.16.0.0/12", "172.16.0.0", 12 },
	{ "v4 too long", "10.0.0.0/33", NULL, 0 },
	{ "v4 bits behind", "10.0.0.1/8", NULL, 0 },
	{ "v4 bit right behind", "172.24.0.0/12", NULL, 0 },
	{ "v4 short", "10/8", NULL, 0 },
	{ "v4 no bits", "10.0.0.0/", NULL, 0 },
	{ "v4 mask", "10.0.0.0/255.0.0.0", NULL, 0 },
	{ "v4 zero before", "10.0.0.0/08", NULL, 0 },
	{ "v4 four digits", "10.0.0.0/0008", NULL, 0 },
	{ "v4 two", "10.0.0.0/8/8", NULL, 0 },
	{ "v4 sign", "10.0.0.0/+8", NULL, 0 },
	{ "v6", "2001:db8::/32", "2001:db8::", 32 },
	{ "v6 all", "::/0", "::", 0 },
	{ "v6 one", "::1", "::1", 128 },
	{ "v6 inside a byte", "fe80::/10", "fe80::", 10 },
	{ "v6 too long", "::/129", NULL, 0 },
	{ "v6 bits behind", "2001:db8::1/32", NULL, 0 },
	{ "v6 zone", "fe80::%eth0/10", NULL, 0 },
	{ "mapped", "::ffff:10.0.0.0/104", "10.0.0.0", 8 },
	{ "mapped, all of it", "::ffff:0.0.0.0/96", "0.0.0.0", 0 },
	{ "wider than mapped", "::/95", "::", 95 },
	{ "empty", "", NULL, 0 },
	{ "slash", "/", NULL, 0 },
	{ "bits only", "/8", NULL, 0 },
	{ "name", "localhost/8", NULL, 0 },
};

static void
test_parse(void **state)
{
	const struct parse_row *t = *state;
	struct tn_ip_network network, twin;
	char text[TN_IP_TEXT_MAX];
	struct tn_slice in = check_exact(tn_slice_str(t->in));
	int r;

	memset(&network, 0x55, sizeof(network));
	memset(&twin, 0x55, sizeof(twin));
	r = tn_ip_network_parse(in, &network);
	check_exact_free(in);
	assert_int_equal(r, t->out == NULL ? -EINVAL : 0);
	if (r < 0) {
		assert_memory_equal(&network, &twin, sizeof(network));
		return;
	}
	assert_string_equal(tn_ip_format(&network.ip, text), t->out);
	assert_int_equal(network.bits, t->bits);
}

static const struct has_row {
	const char *name; /* the network */
	const char *ip;
	bool has;
} has[] = {
	{ "10.0.0.0/8", "10.255.0.1", true },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
	{ "10.0.0.0/8", "::10.1.2.3", false },
	{ "172.16.0.0/12", "172.31.255.255", true },
	{ "172.16.0.0/12", "172.32.0.0", false },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.0", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "::1", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false },
	{ "::/0", "::ffff:192.0.2.1", false },
	{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
	{ "fe80::/10", "febf::1%eth0", true },
	{ "fe80::/10", "fec0::1", false },
	{ "::1", "::1", true },
	{ "::1", "::", false },
};

static void
test_has(void **state)
{
	const struct has_row *t = *state;
	struct tn_ip_network network;
	struct tn_ip ip;

	assert_int_equal(tn_ip_network_parse(tn_slice_str(t->name), &network),
	    0);
	assert_int_equal(tn_ip_parse(tn_slice_str(t->ip), &ip), 0);
	assert_int_equal(tn_ip_network_has(&network, &ip), t->has);
}

int
main(void)
{
	return CHECK_ROWS(parse, test_parse) + CHECK_ROWS(has, test_has);
}
