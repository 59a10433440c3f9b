#include "unit/base/check.h"

#include <tenon/error.h>
#include <tenon/network.h>

static const struct row {
	const char *list; /* and the test's name */
	const char *peer; /* an IP literal, or a path */
	bool has;
} rows[] = {
	{ "127.0.0.0/8, ::1, unix", "127.0.0.1", true },
	{ "127.0.0.0/8, ::1, unix ", "::1", true },
	{ ",127.0.0.0/8,, ::1,unix,", "/run/socket", true },
	{ "127.0.0.0/8\t::1\nunix", "::2", false },
	{ "127.0.0.0/8", "::ffff:127.0.0.1", true },
	{ "127.0.0.0/8, ::1", "/run/socket", false },
	{ "unix", "127.0.0.1", false },
	{ "*", "192.0.2.1", true },
	{ "* ", "/run/socket", true },
	{ "", "127.0.0.1", false },
	{ " , ", "127.0.0.1", false },
};

static struct tn_address
peer_of(const char *text)
{
	struct tn_address address = { 0 };
	struct tn_ip ip;

	if (text[0] == '/')
		assert_int_equal(
		    tn_address_from_path(tn_slice_str(text), &address), 0);
	else if (tn_ip_parse(tn_slice_str(text), &ip) == 0)
		assert_int_equal(tn_address_from_ip(&ip, 1, &address), 0);
	return address;
}

static void
test_has(void **state)
{
	const struct row *t = *state;
	struct tn_address peer = peer_of(t->peer);
	struct tn_networks *networks;

	assert_int_equal(tn_networks_parse(t->list, &networks), 0);
	assert_int_equal(tn_networks_has(networks, &peer), t->has);
	tn_networks_free(networks);
	assert_false(tn_networks_has(NULL, &peer));
}

static const char *const bad[] = {
	"localhost",
	"10.0.0.0/8 10.0.0.1/8",
	"10.0.0.0/8;::1",
	"\x1b[1m",
};

static void
test_bad(void **state)
{
	const char *const *text = *state;
	struct tn_networks *networks = NULL;

	assert_int_equal(tn_networks_parse(*text, &networks), -EINVAL);
	assert_null(networks);
	assert_non_null(strstr(tn_error_text(), "it is none"));
	assert_null(strchr(tn_error_text(), '\x1b'));
}

static void
test_memory(void **state)
{
	struct tn_networks *networks = NULL;

	check_fail_after(0);
	assert_int_equal(tn_networks_parse("::1", &networks), -ENOMEM);
	check_fail_after(-1);
	assert_null(networks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_memory) };

	return CHECK_ROWS(rows, test_has) + CHECK_ROWS(bad, test_bad) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
