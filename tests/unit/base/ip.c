#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <tenon/ip.h>

/* `out` is the canonical text, NULL when `in` is no literal. */
static const struct parse_row {
	const char *name, *in, *out;
} parse[] = {
	{ "v4", "192.0.2.1", "192.0.2.1" },
	{ "v4 zeros", "0.0.0.0", "0.0.0.0" },
	{ "v4 most", "255.255.255.255", "255.255.255.255" },
	{ "v4 octal", "010.0.0.1", NULL },
	{ "v4 double zero", "1.2.3.00", NULL },
	{ "v4 256", "1.2.3.256", NULL },
	{ "v4 long part", "1.2.3.1000", NULL },
	{ "v4 three parts", "1.2.3", NULL },
	{ "v4 five parts", "1.2.3.4.5", NULL },
	{ "v4 empty part", "1..3.4", NULL },
	{ "v4 last dot", "1.2.3.4.", NULL },
	{ "v4 hex", "0x7f.0.0.1", NULL },
	{ "v4 blank", " 1.2.3.4", NULL },
	{ "v4 zone", "1.2.3.4%lo", NULL },
	{ "v4 sign", "1.2.3.+4", NULL },
	{ "any", "::", "::" },
	{ "one", "::1", "::1" },
	{ "ends in ::", "1::", "1::" },
	{ "full", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
	{ "lower case, no zeros", "2001:0DB8:0:0:1:0:0:1",
	    "2001:db8::1:0:0:1" },
	{ "longest run", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
	{ "first of equal runs", "1:0:0:2:3:0:0:4", "1::2:3:0:0:4" },
	{ "one zero stays", "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7" },
	{ ":: for one group", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
	{ ":: for one in the middle", "1:2:3::5:6:7:8", "1:2:3:0:5:6:7:8" },
	{ "run at the end", "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
	{ "run at the start", "0:0:3:4:5:6:7:8", "::3:4:5:6:7:8" },
	{ "mapped", "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	{ "mapped in hex", "::ffff:c000:201", "::ffff:192.0.2.1" },
	{ "embedded", "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
	{ "embedded, full", "1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a" },
	{ "widest",
	    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%abcdefghijklmno",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%abcdefghijklmno" },
	{ "zone", "fe80::1%eth0.100", "fe80::1%eth0.100" },
	{ "zone number", "FE80::%3", "fe80::%3" },
	{ "zone empty", "fe80::1%", NULL },
	{ "zone too long", "fe80::1%abcdefghijklmnop", NULL },
	{ "zone twice", "fe80::1%a%b", NULL },
	{ "zone slash", "fe80::1%a/b", NULL },
	{ "zone at", "fe80::1%a@b", NULL },
	{ "zone fragment", "fe80::1%a#b", NULL },
	{ "zone newline", "fe80::1%a\n", NULL },
	{ "empty", "", NULL },
	{ "colon", ":", NULL },
	{ "three colons", ":::", NULL },
	{ "two ::", "1::2::3", NULL },
	{ "eight and ::", "1:2:3:4:5:6:7:8::", NULL },
	{ ":: and eight", "::1:2:3:4:5:6:7:8", NULL },
	{ ":: for none", "1:2:3:4::5:6:7:8", NULL },
	{ "nine", "1:2:3:4:5:6:7:8:9", NULL },
	{ "seven", "1:2:3:4:5:6:7", NULL },
	{ "first colon", ":1::2", NULL },
	{ "last colon", "1::2:", NULL },
	{ "five digits", "1::00002", NULL },
	{ "not hex", "1::g", NULL },
	{ "v4 not last", "::1.2.3.4:1", NULL },
	{ "v4 before ::", "1.2.3.4::", NULL },
	{ "v4 too late", "1:2:3:4:5:6:7:1.2.3.4", NULL },
	{ "v4 octal inside", "::01.2.3.4", NULL },
	{ "brackets", "[::1]", NULL },
	{ "name", "localhost", NULL },
};

static void
test_parse(void **state)
{
	const struct parse_row *t = *state;
	size_t len = strlen(t->in);
	char text[TN_IP_TEXT_MAX], again[TN_IP_TEXT_MAX];
	struct tn_ip ip, twin;

	for (size_t cut = 0; cut <= len; cut++) {
		struct tn_slice in = check_exact(tn_slice(t->in, cut));
		int r;

		memset(&ip, 0x55, sizeof(ip));
		memset(&twin, 0x55, sizeof(twin));
		r = tn_ip_parse(in, &ip);
		check_exact_free(in);
		if (cut == len)
			assert_int_equal(r, t->out == NULL ? -EINVAL : 0);
		if (r < 0) {
			assert_memory_equal(&ip, &twin, sizeof(ip));
			continue;
		}
		assert_ptr_equal(tn_ip_format(&ip, text), text);
		if (cut == len)
			assert_string_equal(text, t->out);
		assert_int_equal(tn_ip_parse(tn_slice_str(text), &twin), 0);
		assert_memory_equal(&ip, &twin, sizeof(ip));
		assert_string_equal(tn_ip_format(&twin, again), text);
	}
}

static const struct kind_row {
	const char *name; /* the address */
	bool loopback, any;
} kind[] = {
	{ "127.0.0.1", true, false },
	{ "127.255.255.255", true, false },
	{ "128.0.0.1", false, false },
	{ "0.0.0.0", false, true },
	{ "0.0.0.1", false, false },
	{ "::", false, true },
	{ "::1", true, false },
	{ "::2", false, false },
	{ "1::1", false, false },
	{ "::ffff:127.0.0.1", true, false },
	{ "::ffff:126.0.0.1", false, false },
	{ "::127.0.0.1", false, false },
};

static void
test_kind(void **state)
{
	const struct kind_row *t = *state;
	struct tn_ip ip;

	assert_int_equal(tn_ip_parse(tn_slice_str(t->name), &ip), 0);
	assert_int_equal(tn_ip_is_loopback(&ip), t->loopback);
	assert_int_equal(tn_ip_is_any(&ip), t->any);
}

static const struct port_row {
	const char *name; /* the input; host NULL when it is none */
	const char *host, *port;
} port[] = {
	{ "example.org:80", "example.org", "80" },
	{ "example.org:http", "example.org", "http" },
	{ "example.org", "example.org", "" },
	{ "192.0.2.1:80", "192.0.2.1", "80" },
	{ "192.0.2.1", "192.0.2.1", "" },
	{ "[::1]:80", "::1", "80" },
	{ "[fe80::1%eth0]:80", "fe80::1%eth0", "80" },
	{ "[::1]", "::1", "" },
	{ "::1", "::1", "" },
	{ "::", "::", "" },
	{ "fe80::1%eth0", "fe80::1%eth0", "" },
	{ ":80", "", "80" },
	{ "bücher.example:80", "bücher.example", "80" },
	{ "", NULL, NULL },
	{ ":", NULL, NULL },
	{ "host:", NULL, NULL },
	{ "a:b:c", NULL, NULL },
	{ "host::80", NULL, NULL },
	{ "[::1", NULL, NULL },
	{ "[::1]80", NULL, NULL },
	{ "[::1]:", NULL, NULL },
	{ "[]:80", NULL, NULL },
	{ "[127.0.0.1]:80", NULL, NULL },
	{ "[host]:80", NULL, NULL },
	{ "[[::1]]:80", NULL, NULL },
	{ "::1]:80", NULL, NULL },
	{ "ho st:80", NULL, NULL },
	{ "host:8 0", NULL, NULL },
	{ "host\r\n:80", NULL, NULL },
	{ "/path", NULL, NULL },
	{ "[::1]:80:80", NULL, NULL },
};

static void
test_port(void **state)
{
	const struct port_row *t = *state;
	size_t len = strlen(t->name);

	for (size_t cut = 0; cut <= len; cut++) {
		struct tn_slice in = check_exact(tn_slice(t->name, cut));
		struct tn_slice a = TN_SLICE("a"), b = TN_SLICE("b");
		int r = tn_ip_split_port(in, &a, &b);

		if (cut == len)
			assert_int_equal(r, t->host == NULL ? -EINVAL : 0);
		if (r < 0) {
			assert_true(tn_slice_equal(a, TN_SLICE("a")));
			assert_true(tn_slice_equal(b, TN_SLICE("b")));
		} else if (cut == len) {
			assert_true(tn_slice_equal(a, tn_slice_str(t->host)));
			assert_true(tn_slice_equal(b, tn_slice_str(t->port)));
		}
		check_exact_free(in);
	}
}

/* Texts made of an address's own characters: libc reads the same ones. */
static void
test_against_libc(void **state)
{
	uint64_t seed = 1;
	int taken = 0;

	for (int i = 0; i < 400000; i++) {
		static const char letters[] = "01aF::::..";
		char in[24], text[TN_IP_TEXT_MAX], theirs[INET6_ADDRSTRLEN];
		size_t len = check_random(&seed) % (sizeof(in) - 1);
		unsigned char bytes[16] = { 0 };
		struct tn_ip ip;
		int family, r;

		for (size_t k = 0; k < len; k++)
			in[k] = letters[check_random(&seed) % 10];
		in[len] = '\0';
		family = strchr(in, ':') == NULL ? AF_INET : AF_INET6;
		r = tn_ip_parse(tn_slice(in, len), &ip);
		assert_int_equal(r == 0, inet_pton(family, in, bytes) == 1);
		if (r < 0)
			continue;
		taken++;
		assert_int_equal(ip.family, family == AF_INET ? 4 : 6);
		assert_memory_equal(ip.bytes, bytes, 16);
		if (strncmp(tn_ip_format(&ip, text), "::", 2) != 0)
			assert_string_equal(text,
			    inet_ntop(family, bytes, theirs, sizeof(theirs)));
	}
	assert_true(taken > 1000);
}

static void
test_format_any_bytes(void **state)
{
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;

	memset(&ip, 0xff, sizeof(ip)); /* a zone without its NUL */
	ip.family = 6;
	assert_true(strlen(tn_ip_format(&ip, text)) < sizeof(text));
	ip.family = 0;
	assert_string_equal(tn_ip_format(&ip, text), "?");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_libc),
		cmocka_unit_test(test_format_any_bytes),
	};

	return CHECK_ROWS(parse, test_parse) + CHECK_ROWS(kind, test_kind) +
	    CHECK_ROWS(port, test_port) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
