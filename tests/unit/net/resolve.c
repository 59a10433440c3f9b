/* Look-ups: literals without one, answers, errors, and leaving in time. */
#include "fake.h"

#include <tenon/resolve.h>

/* ---- numbers only: no look-up ------------------------------------------ */

static const struct literal_row {
	const char *name, *host, *port;
	int family;
	bool passive;
	int result;
	const char *first; /* or the error line */
} literals[] = {
	{ "v4", "127.0.0.1", "80", AF_UNSPEC, false, 1, "127.0.0.1:80" },
	{ "v6", "::1", "80", AF_UNSPEC, false, 1, "[::1]:80" },
	{ "v6 zone", "fe80::1%lo", "80", AF_INET6, false, 1,
	    "[fe80::1%lo]:80" },
	{ "wide digits", "\xef\xbc\x91" "27.0.0.1", "80", AF_UNSPEC, false, 1,
	    "127.0.0.1:80" },
	{ "no port", "127.0.0.1", NULL, AF_INET, false, 1, "127.0.0.1:0" },
	{ "empty port", "127.0.0.1", "", AF_INET, false, 1, "127.0.0.1:0" },
	{ "nobody", NULL, "80", AF_UNSPEC, false, 2, "[::1]:80" },
	{ "nobody v4", "", "80", AF_INET, false, 1, "127.0.0.1:80" },
	{ "everybody", NULL, "80", AF_UNSPEC, true, 2, "[::]:80" },
	{ "everybody v4", NULL, "80", AF_INET, true, 1, "0.0.0.0:80" },
	{ "port too large", "127.0.0.1", "65536", AF_UNSPEC, false,
	    TN_EGAI_SERVICE, "look up port 65536: a port is at most 65535" },
	{ "other family", "::1", "80", AF_INET, false, TN_EGAI_NODATA,
	    "look up ::1: not an IPv4 address" },
	{ "bad family", "::1", "80", AF_UNIX, false, TN_EGAI_FAMILY,
	    "look up: family 1 is neither AF_UNSPEC, AF_INET nor AF_INET6" },
};

static void
test_literal(void **state)
{
	const struct literal_row *t = *state;
	struct tn_address list[4];
	char text[TN_ADDRESS_TEXT_MAX];
	int before = fake_look_ups;
	int r;

	if (!tn_has("idna") && strcmp(t->name, "wide digits") == 0)
		skip();
	r = tn_net_getaddrinfo(t->host, t->port, t->family, SOCK_STREAM,
	    t->passive, list, TN_COUNT(list));
	assert_int_equal(r, t->result);
	assert_string_equal(r < 0 ? tn_error_text() :
				    tn_address_format(&list[0], text),
	    t->first);
	if (r > 1)
		assert_int_equal(tn_net_getaddrinfo(t->host, t->port, t->family,
				     SOCK_STREAM, t->passive, list, 1),
		    1);
	assert_int_equal(fake_look_ups, before);
}

static void
test_arguments(void **state)
{
	struct tn_address a;
	char name[2000];

	assert_int_equal(tn_net_getaddrinfo("::1", "1", AF_UNSPEC, SOCK_RAW,
			     false, &a, 1),
	    TN_EGAI_SOCKTYPE);
	assert_int_equal(tn_net_getaddrinfo("::1", "1", AF_UNSPEC, SOCK_STREAM,
			     false, &a, 0),
	    -EINVAL);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(tn_net_getaddrinfo(name, "1", AF_UNSPEC, SOCK_STREAM,
			     false, &a, 1),
	    TN_EGAI_NONAME);
}

/* ---- names ------------------------------------------------------------- */

static int
look_up(const char *host, struct tn_address *ret, size_t count)
{
	return tn_net_getaddrinfo(host, "80", AF_UNSPEC, SOCK_STREAM, false,
	    ret, count);
}

static void
answers(void)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1",
		"192.0.2.2", NULL };
	struct tn_address list[4];
	char text[TN_ADDRESS_TEXT_MAX];

	fake_addresses = addresses;
	CHECK_INT(look_up("host.test", list, 4), 3);
	CHECK_TEXT(tn_address_format(&list[1], text), "[2001:db8::1]:80");
	CHECK_TEXT(tn_address_format(&list[2], text), "192.0.2.2:80");
	CHECK_INT(look_up("host.test", list, 2), 2);
	if (tn_has("idna"))
		CHECK_INT(look_up("H\xef\xbd\x8f" "ST.test", list, 4), 3);
	CHECK_INT(fake_lists, 0);
}

static void
failures(void)
{
	struct tn_address a;

	CHECK_ERROR(look_up("example.invalid", &a, 1), TN_EGAI_NONAME,
	    "look up example.invalid: no such host");
	CHECK_ERROR(look_up("a\x1b[31m\"", &a, 1), TN_EGAI_NONAME,
	    "look up a\\x1b[31m\\x22: no such host");
	if (tn_has("idna"))
		CHECK_ERROR(look_up("b\xc3\xbc" "cher.test", &a, 1),
		    TN_EGAI_NONAME,
		    "look up xn--bcher-kva.test: no such host");
	CHECK_ERROR(look_up("a\xff.test", &a, 1), -EILSEQ,
	    "look up: name a\\xff.test: it is no UTF-8");
	fake_error = TN_EGAI_AGAIN;
	CHECK_ERROR(look_up("host.test", &a, 1), TN_EGAI_AGAIN,
	    "look up host.test: the name server did not answer; check the "
	    "network and /etc/resolv.conf, or try again later");
	fake_error = TN_EGAI_FAIL;
	CHECK_ERROR(look_up("host.test", &a, 1), TN_EGAI_FAIL,
	    "look up host.test: name server failed");
	fake_error = -ENOMEM;
	CHECK_ERROR(look_up("host.test", &a, 1), -ENOMEM,
	    "look up host.test: out of memory");
	fake_error = TN_EGAI_SERVICE;
	CHECK_ERROR(tn_net_getaddrinfo("host.test", "no\nsuch", AF_UNSPEC,
			SOCK_STREAM, false, &a, 1),
	    TN_EGAI_SERVICE,
	    "look up port no\\x0asuch: no such service; give the port as a "
	    "number");
	fake_error = 0;
}

static void
leaves_in_time(void)
{
	static const char *const addresses[] = { "192.0.2.1", NULL };
	tn_time start = tn_now();
	struct tn_address a;
	struct tn_scope scope;

	fake_addresses = addresses;
	tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
	CHECK_ERROR(look_up("slow.test", &a, 1), -ETIMEDOUT,
	    "look up slow.test: timed out");
	CHECK(check_ms_since(start) < FAKE_SLOW_MS - 100);
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_sleep(FAKE_SLOW_MS * TN_MILLISECOND), 0);
	fake_settle();
}

static int
look_up_cancelled(void *arg)
{
	struct tn_address a;

	CHECK_ERROR(look_up("slow.test", &a, 1), -ECANCELED,
	    "look up slow.test: cancelled");
	return 0;
}

static void
is_cancelled(void)
{
	struct tn_group *group = check_group();
	tn_time start = tn_now();

	check_go(group, look_up_cancelled, NULL);
	CHECK_INT(tn_sleep(20 * TN_MILLISECOND), 0);
	tn_group_cancel(group);
	check_group_end(group);
	CHECK(check_ms_since(start) < FAKE_SLOW_MS - 100);
	CHECK_INT(tn_sleep(FAKE_SLOW_MS * TN_MILLISECOND), 0);
	fake_settle();
}

static void
test_names(void **state)
{
	struct tn__net_ops net = fake_net();

	check_both_with(answers, &net);
	check_both_with(failures, &net);
	check_both_with(leaves_in_time, &net);
	check_both_with(is_cancelled, &net);
}

/* What libc itself answers without a network. */
static void
test_libc(void)
{
	struct tn_address list[8];
	struct tn_ip ip;

	CHECK(tn_net_getaddrinfo("localhost", "80", AF_INET, SOCK_STREAM, false,
		  list, 8) >= 1);
	CHECK_INT(tn_address_ip(&list[0], &ip), 0);
	CHECK(tn_ip_is_loopback(&ip));
	CHECK_INT(tn_net_getaddrinfo("127.0.0.1", "http", AF_UNSPEC,
		      SOCK_STREAM, false, list, 8),
	    1);
	CHECK_INT(tn_address_port(&list[0]), 80);
	CHECK_ERROR(tn_net_getaddrinfo("127.0.0.1", "no-such-service",
			AF_UNSPEC, SOCK_STREAM, false, list, 8),
	    TN_EGAI_SERVICE,
	    "look up port no-such-service: no such service; give the port as a "
	    "number");
	CHECK_INT(tn_net_getaddrinfo(NULL, "no-such-service", AF_UNSPEC,
		      SOCK_STREAM, false, list, 8),
	    TN_EGAI_SERVICE);
}

/* ---- back -------------------------------------------------------------- */

static void
test_back(void)
{
	char host[100] = "untouched", service[40] = "untouched";
	struct tn_address a;

	CHECK_INT(tn_net_getaddrinfo("127.0.0.1", "80", AF_INET, SOCK_STREAM,
		      false, &a, 1),
	    1);
	CHECK_INT(tn_net_getnameinfo(&a, true, host, sizeof(host), service,
		      sizeof(service)),
	    0);
	CHECK_TEXT(host, "127.0.0.1");
	CHECK_TEXT(service, "80");
	CHECK_INT(tn_net_getnameinfo(&a, true, NULL, 0, service, 3), 0);
	CHECK_INT(tn_net_getnameinfo(&a, true, host, 9, service, 3), -ENOBUFS);
	memcpy(host, "untouched", 10);
	CHECK_ERROR(tn_net_getnameinfo(&a, true, host, sizeof(host), service,
			2),
	    -ENOBUFS, "look up: the name is longer than the room for it");
	CHECK_TEXT(host, "untouched");

	CHECK_INT(tn_net_getnameinfo(&a, false, host, sizeof(host), service,
		      sizeof(service)),
	    0);
	CHECK_TEXT(host, "localhost");
	CHECK_TEXT(service, "http");
	CHECK_INT(tn_net_getnameinfo(&a, false, NULL, 0, service,
		      sizeof(service)),
	    0);
	CHECK_INT(tn_address_from_path(TN_SLICE("/x"), &a), 0);
	CHECK_INT(tn_net_getnameinfo(&a, false, host, sizeof(host), NULL, 0),
	    -EAFNOSUPPORT);
}

int
main(void)
{
	struct CMUnitTest rows[TN_COUNT(literals)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_names),
		CHECK_BOTH(test_libc),
		CHECK_BOTH(test_back),
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		rows[i] = (struct CMUnitTest){
			.name = literals[i].name,
			.test_func = test_literal,
			.initial_state = (void *)(uintptr_t)&literals[i],
		};
	return cmocka_run_group_tests_name("literals", rows, NULL, NULL) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
