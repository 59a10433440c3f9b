/* Names of machines, services and protocols in a world: its own machines', in
 * the time that a look-up takes there, and not the real machine's. */
#include <string.h>
#include <sys/socket.h>
#include <tenon/netdb.h>
#include "sim/check.h"

static int
idle(void *arg)
{
	(void)arg;
	return tn_sleep(TN_SECOND);
}

static int
main_services(void)
{
	char name[16];

	CHECK(tn_net_getservbyname("http", "tcp") == 80);
	CHECK(tn_net_getservbyname("http", "sctp") == -ENOENT);
	CHECK(tn_net_getservbyname("frob", NULL) == -ENOENT);
	CHECK(tn_net_getservbyport(25, NULL, name, sizeof(name)) == 0);
	CHECK(strcmp(name, "smtp") == 0);
	CHECK(tn_net_getservbyport(25, NULL, name, 4) == -ENOBUFS);
	CHECK(tn_net_getservbyport(26, "tcp", name, sizeof(name)) == -ENOENT);
	CHECK(tn_net_getprotobyname("udp") == 17);
	CHECK(tn_net_getprotobyname("frob") == -ENOENT);
	return 0;
}

static int
main_interfaces(void)
{
	TN_CLEANUP(tn_interfaces_freep) struct tn_interface *all = NULL;
	size_t count;

	CHECK(tn_net_interfaces(&all, &count) == 0);
	CHECK(count >= 3);
	CHECK(tn_ip_is_loopback(&all[0].ip) && all[0].loopback);
	CHECK(!all[2].loopback && strcmp(all[2].name, "eth0") == 0);
	return 0;
}

static int
main_names(void *arg)
{
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *forth = NULL;
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *back = NULL;
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *none = NULL;
	char text[TN_IP_TEXT_MAX], name[TN_HOST_NAME_SIZE];

	(void)arg;
	CHECK(tn_sim_host("news.test", "192.0.2.7", idle, NULL) == 0);
	CHECK(tn_sim_name_fails("ill.test", TN_EGAI_AGAIN) == 0);
	CHECK(tn_net_gethostbyname_ex("news.test", AF_INET, &forth) == 0);
	CHECK(forth->address_count == 1);
	CHECK(strcmp(tn_ip_format(&forth->addresses[0], text), "192.0.2.7") ==
	    0);
	CHECK(tn_net_gethostbyaddr("192.0.2.7", &back) == 0);
	CHECK(strcmp(back->name, "news.test") == 0);
	CHECK(tn_net_gethostbyaddr("192.0.2.8", &none) == TN_EHOST_NONAME);
	CHECK(tn_net_gethostbyname_ex("no.test", AF_INET, &none) ==
	    TN_EGAI_NONAME);
	CHECK(tn_net_gethostbyname_ex("ill.test", AF_INET, &none) ==
	    TN_EGAI_AGAIN);
	CHECK(tn_net_gethostname(name, sizeof(name)) == 0);
	CHECK(strcmp(name, "here") == 0);
	CHECK(tn_net_getfqdn("192.0.2.7", name, sizeof(name)) == 0);
	CHECK(strcmp(name, "news.test") == 0);
	CHECK(main_services() == 0);
	return main_interfaces();
}

static void
test_names(void **state)
{
	(void)state;
	check_seeds(20, NULL, main_names);
}

/* A look-up that fails is an answer with words, and takes a second at most. */
static int
main_faults(void *arg)
{
	struct tn_hostent *host;
	struct tn_scope scope;
	int r;

	(void)arg;
	CHECK(tn_sim_host("news.test", "192.0.2.7", idle, NULL) == 0);
	for (int i = 0; i < 20; i++) {
		tn_scope_open(&scope, tn_after(TN_MILLISECOND));
		r = i % 2 ? tn_net_gethostbyaddr("192.0.2.7", &host) :
		            tn_net_gethostbyname_ex("news.test", AF_INET,
		                &host);
		if (tn_scope_close(&scope))
			CHECK(r == -ETIMEDOUT || r == 0);
		if (r == 0)
			tn_hostent_free(host);
		else
			CHECK(r == -ETIMEDOUT || r == TN_EHOST_AGAIN ||
			    r == TN_EGAI_AGAIN || r == TN_EGAI_FAIL);
	}
	return 0;
}

static void
test_faults(void **state)
{
	static const struct tn_sim_options options = {
		.rates = { [TN_SIM_LOOKUP_FAIL] = 300000 },
	};

	(void)state;
	check_seeds(20, &options, main_faults);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
