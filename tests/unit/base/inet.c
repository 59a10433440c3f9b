/* BSD's conversions, beside libc's own. */
#include "check.h"

#include <arpa/inet.h>
#include <tenon/inet.h>

static const struct aton_row {
	const char *name, *out; /* NULL: none */
} aton[] = {
	{ "127.0.0.1", "127.0.0.1" },
	{ "0", "0.0.0.0" },
	{ "1", "0.0.0.1" },
	{ "127.1", "127.0.0.1" },
	{ "10.0.257", "10.0.1.1" },
	{ "10.65535", "10.0.255.255" },
	{ "0x7f000001", "127.0.0.1" },
	{ "0X7F.1", "127.0.0.1" },
	{ "0177.0.0.01", "127.0.0.1" },
	{ "010.0.0.1", "8.0.0.1" },
	{ "4294967295", "255.255.255.255" },
	{ "037777777777", "255.255.255.255" },
	{ "1.16777215", "1.255.255.255" },
	{ "4294967296", NULL },
	{ "040000000000", NULL },
	{ "0x100000000", NULL },
	{ "1.16777216", NULL },
	{ "1.2.65536", NULL },
	{ "1.2.3.256", NULL },
	{ "256.1", NULL },
	{ "1.256.1", NULL },
	{ "1.2.3.4.5", NULL },
	{ "1.2.3.4.", NULL },
	{ "1.", NULL },
	{ ".1", NULL },
	{ "1..2", NULL },
	{ "", NULL },
	{ "08", NULL },
	{ "0x", NULL },
	{ "0xg", NULL },
	{ "-1", NULL },
	{ "+1", NULL },
	{ " 1", NULL },
	{ "1.2.3.4 ", NULL }, /* libc lets these two pass */
	{ "1.2.3.4 x", NULL },
	{ "a", NULL },
};

static void
test_aton(void **state)
{
	const struct aton_row *t = *state;
	unsigned char bytes[4] = "abc", twin[4] = "abc";
	char text[TN_INET_SIZE];
	int r = tn_net_inet_aton(t->name, bytes);
	struct in_addr theirs;

	assert_int_equal(r, t->out == NULL ? -EINVAL : 0);
	if (strchr(t->name, ' ') == NULL)
		assert_int_equal(inet_aton(t->name, &theirs), r == 0);
	if (r < 0) {
		assert_memory_equal(bytes, twin, 4);
		return;
	}
	assert_memory_equal(bytes, &theirs, 4);
	assert_string_equal(tn_net_inet_ntoa(bytes, text), t->out);
}

/* Any text of these letters is to them what it is to us. */
static void
test_aton_random(void **state)
{
	static const char letters[] = "0011279.x.xafX8";
	uint64_t random = 7;
	int taken = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		unsigned char bytes[4];
		struct in_addr theirs;
		char text[16];
		size_t len = check_random(&random) % sizeof(text);
		int r;

		for (size_t at = 0; at < len; at++)
			text[at] = letters[check_random(&random) %
			    (sizeof(letters) - 1)];
		text[len] = '\0';
		r = tn_net_inet_aton(text, bytes);
		if (inet_aton(text, &theirs) != (r == 0))
			fail_msg("\"%s\": %d", text, r);
		if (r == 0)
			assert_memory_equal(bytes, &theirs, 4);
		taken += r == 0;
	}
	assert_true(taken > 1000);
}

static void
test_pton(void **state)
{
	unsigned char bytes[16];
	char text[46];

	(void)state;
	assert_int_equal(tn_net_inet_pton(AF_INET, "192.0.2.1", bytes), 0);
	assert_memory_equal(bytes, "\xc0\0\2\1", 4);
	assert_int_equal(tn_net_inet_ntop(AF_INET, bytes, text, 10), 0);
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(tn_net_inet_ntop(AF_INET, bytes, text, 9), -ENOBUFS);
	assert_int_equal(tn_net_inet_pton(AF_INET6, "2001:db8::1", bytes), 0);
	assert_int_equal(tn_net_inet_ntop(AF_INET6, bytes, text, 46), 0);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(tn_net_inet_pton(AF_INET, "::1", bytes), -EINVAL);
	assert_int_equal(tn_net_inet_pton(AF_INET, "127.1", bytes), -EINVAL);
	assert_int_equal(tn_net_inet_pton(AF_INET6, "1.2.3.4", bytes),
	    -EINVAL);
	assert_int_equal(tn_net_inet_pton(AF_INET6, "fe80::1%lo", bytes),
	    -EINVAL);
	assert_int_equal(tn_net_inet_pton(AF_UNIX, "x", bytes), -EAFNOSUPPORT);
	assert_int_equal(tn_net_inet_ntop(AF_UNIX, bytes, text, 46),
	    -EAFNOSUPPORT);
}

static void
test_order(void **state)
{
	uint64_t n = tn_net_htonll(0x0102030405060708);

	(void)state;
	assert_memory_equal(&n, "\1\2\3\4\5\6\7\x8", 8);
	assert_int_equal(tn_net_ntohll(n), 0x0102030405060708);
	assert_int_equal(tn_net_htons(1234), htons(1234));
	assert_int_equal(tn_net_ntohs(1234), ntohs(1234));
	assert_int_equal(tn_net_htonl(1234), htonl(1234));
	assert_int_equal(tn_net_ntohl(0x80000001), ntohl(0x80000001));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aton_random),
		cmocka_unit_test(test_pton),
		cmocka_unit_test(test_order),
	};

	return CHECK_ROWS(aton, test_aton) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
