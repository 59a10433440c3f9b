/* Hosts, services and protocols by name: answers, errors, leaving in time, and
 * beside libc's own. */
#include "fake.h"

#include <netdb.h>
#include <tenon/netdb.h>

#include "base/memory.h"

/* ---- a look-up of its own ----------------------------------------------- */

static int names_error;    /* for "host.test" instead, when not 0 */
static atomic_int names_slow; /* that have ended */

static int
names_by_name(const char *name, int family, struct tn_hostent *into)
{
	struct tn_ip ip;

	if (strcmp(name, "slow.test") == 0) {
		usleep(FAKE_SLOW_MS * 1000);
		names_slow++;
		return TN_EHOST_NONAME;
	}
	if (strcmp(name, "six.test") == 0 && family == AF_INET)
		return TN_EHOST_NODATA;
	if (strcmp(name, "host.test") != 0 && strcmp(name, "six.test") != 0)
		return TN_EHOST_NONAME;
	if (names_error != 0)
		return names_error;
	CHECK_INT(tn_ip_parse(tn_slice_str(family == AF_INET ? "192.0.2.1" :
	                          "2001:db8::1"), &ip), 0);
	CHECK_INT(tn__hostent_name(into, "real.test"), 0);
	CHECK_INT(tn__hostent_alias(into, name), 0);
	CHECK_INT(tn__hostent_alias(into, "REAL.test"), 0);
	CHECK_INT(tn__hostent_address(into, &ip), 0);
	return tn__hostent_address(into, &ip);
}

static int
names_by_address(const struct tn_ip *ip, struct tn_hostent *into)
{
	if (ip->family == 4 && ip->bytes[3] == 7) {
		usleep(FAKE_SLOW_MS * 1000);
		names_slow++;
		return TN_EHOST_NONAME;
	}
	if (ip->family == 4 && ip->bytes[3] == 8)
		return TN_EHOST_AGAIN;
	if (ip->family == 4 && ip->bytes[3] == 9)
		return TN_EHOST_NONAME;
	CHECK_INT(tn__hostent_name(into, "short"), 0);
	CHECK_INT(tn__hostent_alias(into, "long.test"), 0);
	return tn__hostent_address(into, ip);
}

static int
names_hostname(char *ret, size_t size)
{
	if (size < 10)
		return -ENOBUFS;
	memcpy(ret, "192.0.2.9", 10);
	return 0;
}

static int
names_no_interfaces(struct tn_interface **ret, size_t *ret_count)
{
	(void)ret;
	(void)ret_count;
	return -EMFILE;
}

/* ---- hosts -------------------------------------------------------------- */

static void
by_name(void)
{
	struct tn_hostent *host;
	char text[TN_IP_TEXT_MAX];

	CHECK_INT(tn_net_gethostbyname_ex("host.test", AF_UNSPEC, &host), 0);
	CHECK_TEXT(host->name, "real.test");
	CHECK_INT(host->alias_count, 1);
	CHECK_TEXT(host->aliases[0], "host.test");
	CHECK_INT(host->address_count, 2);
	CHECK_TEXT(tn_ip_format(&host->addresses[0], text), "192.0.2.1");
	CHECK_TEXT(tn_ip_format(&host->addresses[1], text), "2001:db8::1");
	tn_hostent_free(host);

	CHECK_INT(tn_net_gethostbyname_ex("host.test", AF_INET, &host), 0);
	CHECK_INT(host->address_count, 1);
	tn_hostent_free(host);
	CHECK_INT(tn_net_gethostbyname_ex("six.test", AF_UNSPEC, &host), 0);
	CHECK_INT(host->address_count, 1);
	tn_hostent_free(host);
	CHECK_ERROR(tn_net_gethostbyname_ex("six.test", AF_INET, &host),
	    TN_EGAI_NODATA,
	    "look up six.test: host has no address of this family");

	if (tn_has("idna")) {
		CHECK_INT(tn_net_gethostbyname_ex("H\xef\xbd\x8f" "ST.test",
		    AF_INET, &host), 0);
		CHECK_TEXT(host->name, "real.test");
		tn_hostent_free(host);
	}
	CHECK_INT(tn_net_gethostbyname_ex("::1", AF_INET, &host), 0);
	CHECK_TEXT(host->name, "::1");
	CHECK_INT(host->alias_count, 0);
	CHECK_INT(host->address_count, 1);
	tn_hostent_free(host);
}

static void
no_name(void)
{
	struct tn_hostent *host;
	char name[2000];

	CHECK_ERROR(tn_net_gethostbyname_ex("a\x1b.test", AF_UNSPEC, &host),
	    TN_EGAI_NONAME, "look up a\\x1b.test: no such host");
	names_error = TN_EHOST_AGAIN;
	CHECK_ERROR(tn_net_gethostbyname_ex("host.test", AF_UNSPEC, &host),
	    TN_EGAI_AGAIN,
	    "look up host.test: the name server did not answer; check the "
	    "network and /etc/resolv.conf, or try again later");
	names_error = -ENOMEM;
	CHECK_ERROR(tn_net_gethostbyname_ex("host.test", AF_UNSPEC, &host),
	    -ENOMEM, "look up host.test: out of memory");
	names_error = 0;
	CHECK_ERROR(tn_net_gethostbyname_ex("", AF_UNSPEC, &host),
	    TN_EGAI_NONAME, "look up: no name");
	CHECK_INT(tn_net_gethostbyname_ex("x", AF_UNIX, &host),
	    TN_EGAI_FAMILY);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK_INT(tn_net_gethostbyname_ex(name, AF_UNSPEC, &host),
	    TN_EGAI_NONAME);
}

static void
by_address(void)
{
	static const char *const addresses[] = { "192.0.2.1", NULL };
	struct tn_hostent *host;

	CHECK_INT(tn_net_gethostbyaddr("192.0.2.1", &host), 0);
	CHECK_TEXT(host->name, "short");
	CHECK_TEXT(host->aliases[0], "long.test");
	CHECK_INT(host->address_count, 1);
	tn_hostent_free(host);
	fake_addresses = addresses;
	CHECK_INT(tn_net_gethostbyaddr("host.test", &host), 0);
	CHECK_TEXT(host->name, "short");
	tn_hostent_free(host);
	CHECK_ERROR(tn_net_gethostbyaddr("192.0.2.9", &host),
	    TN_EHOST_NONAME, "look up 192.0.2.9: address has no name");
	CHECK_ERROR(tn_net_gethostbyaddr("192.0.2.8", &host), TN_EHOST_AGAIN,
	    "look up 192.0.2.8: the name server did not answer; check the "
	    "network and /etc/resolv.conf, or try again later");
	CHECK_ERROR(tn_net_gethostbyaddr("nobody.test", &host),
	    TN_EGAI_NONAME, "look up nobody.test: no such host");
	CHECK_INT(tn_net_gethostbyaddr("", &host), TN_EGAI_NONAME);
}

static void
full_names(void)
{
	char name[TN_HOST_NAME_SIZE] = "untouched";

	CHECK_INT(tn_net_getfqdn("192.0.2.1", name, sizeof(name)), 0);
	CHECK_TEXT(name, "long.test");
	CHECK_INT(tn_net_getfqdn("nobody.test", name, sizeof(name)), 0);
	CHECK_TEXT(name, "nobody.test");
	CHECK_INT(tn_net_getfqdn(NULL, name, sizeof(name)), 0);
	CHECK_TEXT(name, "192.0.2.9"); /* this machine, which has no name */
	CHECK_INT(tn_net_getfqdn("::", name, sizeof(name)), 0);
	CHECK_TEXT(name, "192.0.2.9");
	CHECK_ERROR(tn_net_getfqdn("192.0.2.1", name, 9), -ENOBUFS,
	    "look up: the name is longer than the room for it");
	CHECK_ERROR(tn_net_gethostname(name, 9), -ENOBUFS,
	    "the name of this machine: longer than the room for it");
}

static void
leave_in_time(void)
{
	int ended = names_slow;
	tn_time start = tn_now();
	struct tn_hostent *host;
	char name[TN_HOST_NAME_SIZE];
	struct tn_scope scope;

	tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
	CHECK_ERROR(tn_net_gethostbyname_ex("slow.test", AF_INET, &host),
	    -ETIMEDOUT, "look up slow.test: timed out");
	CHECK_ERROR(tn_net_gethostbyaddr("192.0.2.7", &host), -ETIMEDOUT,
	    "look up 192.0.2.7: timed out");
	CHECK_INT(tn_net_getfqdn("192.0.2.7", name, sizeof(name)),
	    -ETIMEDOUT);
	CHECK_ERROR(tn_net_getservbyname("http", "tcp"), -ETIMEDOUT,
	    "look up service http/tcp: timed out");
	CHECK(check_ms_since(start) < FAKE_SLOW_MS - 100);
	CHECK(tn_scope_close(&scope));
	/* Only the first was begun. */
	for (int i = 0; i < 300 && names_slow == ended; i++)
		CHECK_INT(tn_sleep(10 * TN_MILLISECOND), 0);
	CHECK(names_slow > ended);
}

static int
cancelled(void *arg)
{
	struct tn_hostent *host;

	(void)arg;
	CHECK_ERROR(tn_net_gethostbyaddr("192.0.2.7", &host), -ECANCELED,
	    "look up 192.0.2.7: cancelled");
	return 0;
}

static void
is_cancelled(void)
{
	struct tn_group *group = check_group();
	int ended = names_slow;

	check_go(group, cancelled, NULL);
	CHECK_INT(tn_sleep(20 * TN_MILLISECOND), 0);
	tn_group_cancel(group);
	check_group_end(group);
	for (int i = 0; i < 300 && names_slow == ended; i++)
		CHECK_INT(tn_sleep(10 * TN_MILLISECOND), 0);
}

static void
no_interfaces(void)
{
	struct tn_interface *all;
	size_t count;

	CHECK_ERROR(tn_net_interfaces(&all, &count), -EMFILE,
	    "addresses of this machine: too many open files");
}

static void
test_names(void **state)
{
	struct tn__net_ops net = fake_net();

	(void)state;
	net.gethostbyname = names_by_name;
	net.gethostbyaddr = names_by_address;
	net.gethostname = names_hostname;
	net.interfaces = names_no_interfaces;
	check_both_with(by_name, &net);
	check_both_with(no_name, &net);
	check_both_with(by_address, &net);
	check_both_with(full_names, &net);
	check_both_with(leave_in_time, &net);
	check_both_with(is_cancelled, &net);
	check_both_with(no_interfaces, &net);
}

/* ---- libc's own --------------------------------------------------------- */

static void
test_hosts(void)
{
	struct tn_hostent *host;
	char name[TN_HOST_NAME_SIZE], theirs[TN_HOST_NAME_SIZE];
	struct tn_ip ip;

	CHECK_INT(tn_net_gethostbyname("localhost", &ip), 0);
	CHECK(ip.family == 4 && tn_ip_is_loopback(&ip));
	CHECK_INT(tn_net_gethostbyname("", &ip), 0);
	CHECK(tn_ip_is_any(&ip));
	CHECK_INT(tn_net_gethostbyname("<broadcast>", &ip), 0);
	CHECK(ip.bytes[0] == 255 && ip.bytes[3] == 255);
	CHECK_INT(tn_net_gethostbyname("::1", &ip), TN_EGAI_NODATA);
	CHECK_INT(tn_net_gethostbyname_ex("localhost", AF_INET, &host), 0);
	CHECK_TEXT(host->name, "localhost");
	CHECK(host->address_count >= 1);
	CHECK(tn_ip_is_loopback(&host->addresses[0]));
	tn_hostent_free(host);
	CHECK_INT(tn_net_gethostbyaddr("127.0.0.1", &host), 0);
	CHECK_TEXT(host->name, "localhost");
	tn_hostent_free(host);
	CHECK_INT(tn_net_gethostname(name, sizeof(name)), 0);
	CHECK_INT(gethostname(theirs, sizeof(theirs)), 0);
	CHECK_TEXT(name, theirs);
}

static void
test_services(void)
{
	char name[32] = "untouched";

	CHECK_INT(tn_net_getservbyname("http", "tcp"), 80);
	CHECK_INT(tn_net_getservbyname("http", NULL), 80);
	CHECK_INT(tn_net_getservbyname("domain", "udp"), 53);
	CHECK_ERROR(tn_net_getservbyname("frob", "tcp"), -ENOENT,
	    "look up service frob/tcp: it is not in /etc/services");
	CHECK_ERROR(tn_net_getservbyname("http", "frob"), -ENOENT,
	    "look up service http/frob: it is not in /etc/services");
	CHECK_INT(tn_net_getservbyport(1, "frob", name, sizeof(name)),
	    -ENOENT);
	CHECK_INT(tn_net_getservbyport(53, "udp", name, sizeof(name)), 0);
	CHECK_TEXT(name, "domain");
	CHECK_INT(tn_net_getservbyport(53, "udp", name, 7), 0);
	CHECK_INT(tn_net_getservbyport(53, "udp", name, 6), -ENOBUFS);
	CHECK_ERROR(tn_net_getservbyport(65535, "tcp", name, sizeof(name)),
	    -ENOENT, "look up port 65535/tcp: it is not in /etc/services");
	CHECK_INT(tn_net_getservbyname("http",
	              "a protocol with a name beyond all reason"),
	    -ENOENT);
	CHECK_INT(tn_net_getprotobyname("tcp"), 6);
	CHECK_INT(tn_net_getprotobyname("icmp"), 1);
	CHECK_ERROR(tn_net_getprotobyname("fr\nob"), -ENOENT,
	    "look up protocol fr\\x0aob: it is not in /etc/protocols");
}

static void
test_interfaces(void)
{
	struct tn_interface *all;
	size_t count, loopbacks = 0;

	CHECK_INT(tn_net_interfaces(&all, &count), 0);
	for (size_t i = 0; i < count; i++) {
		CHECK(all[i].ip.family == 4 || all[i].ip.family == 6);
		CHECK(all[i].bits <= (all[i].ip.family == 4 ? 32 : 128));
		CHECK(all[i].name[0] != '\0' && all[i].index > 0);
		loopbacks += tn_ip_is_loopback(&all[i].ip) && all[i].loopback;
	}
	CHECK(loopbacks > 0);
	tn_interfaces_free(all);
	tn_interfaces_free(NULL);
	tn_hostent_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		CHECK_BOTH(test_hosts),
		CHECK_BOTH(test_services),
		CHECK_BOTH(test_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
