/* Every row of the table of socket options against this machine's kernel. */
#include "check.h"

#include <tenon/sim.h>
#include <tenon/sockopt.h>

#define WRONG(...) \
	(fprintf(stderr, "%s\n", check_printf(__VA_ARGS__)), abort())

static const struct {
	int family, type;
} kinds[] = {
	{ AF_INET, SOCK_STREAM },
	{ AF_INET6, SOCK_STREAM },
	{ AF_UNIX, SOCK_STREAM },
	{ AF_INET, SOCK_DGRAM },
	{ AF_INET6, SOCK_DGRAM },
	{ AF_UNIX, SOCK_DGRAM },
};

static struct tn_socket *
open_kind(size_t kind)
{
	struct tn_socket *s;

	CHECK_INT(tn_socket_open(kinds[kind].family, kinds[kind].type, 0, &s),
	    0);
	return s;
}

/* Whether there can be such a socket; not every machine has IPv6. */
static bool
has_kind(size_t kind)
{
	return kinds[kind].family != AF_INET6 || tn_net_has_ipv6();
}

static const struct tn_sockopt *
named(const char *name)
{
	const struct tn_sockopt *option = tn_sockopt_find(name);

	if (option == NULL)
		WRONG("no %s", name);
	return option;
}

/* ---- the table ---------------------------------------------------------- */

static void
rows(void)
{
	const struct tn_sockopt *o, *before = NULL;
	size_t i;

	for (i = 0; (o = tn_sockopt_at(i)) != NULL; i++, before = o) {
		const char *lower = check_printf("%s", o->name);

		for (char *c = (char *)(uintptr_t)lower; *c != '\0'; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
		CHECK(tn_sockopt_find(o->name) == o);
		CHECK(tn_sockopt_find(lower) == o);
		if (before != NULL && before->level == o->level &&
		    strcmp(before->name, o->name) >= 0)
			WRONG("%s does not stand behind %s", o->name,
			    before->name);
		if (strlen(o->about) < 5 ||
		    o->about[strlen(o->about) - 1] != '.')
			WRONG("%s: \"%s\" is no sentence", o->name,
			    o->about);
		if (!(o->flags & (TN_SOCKOPT_STREAM | TN_SOCKOPT_DGRAM)))
			WRONG("%s is for no sockets", o->name);
	}
	CHECK(i > 70);
	CHECK(tn_sockopt_at(SIZE_MAX) == NULL);
	CHECK(tn_sockopt_find("") == NULL);
	CHECK(tn_sockopt_find("SO_RCVBU") == NULL);
	CHECK(tn_sockopt_find("SO_RCVBUFF") == NULL);
}

static void
who_has_them(void)
{
	const struct tn_sockopt *nodelay = named("TCP_NODELAY");

	CHECK(tn_sockopt_applies(nodelay, AF_INET, SOCK_STREAM));
	CHECK(tn_sockopt_applies(nodelay, AF_INET6, SOCK_STREAM));
	CHECK(!tn_sockopt_applies(nodelay, AF_INET, SOCK_DGRAM));
	CHECK(!tn_sockopt_applies(nodelay, AF_UNIX, SOCK_STREAM));
	CHECK(!tn_sockopt_applies(nodelay, AF_NETLINK, SOCK_STREAM));
	CHECK(!tn_sockopt_applies(named("IP_TTL"), AF_INET6, SOCK_STREAM));
	CHECK(tn_sockopt_applies(named("SO_PASSCRED"), AF_UNIX, SOCK_DGRAM));
}

/* ---- on this kernel ------------------------------------------------------ */

/* Defaults that a sysctl changes are those of this machine. */
static const struct {
	const char *name, *file;
} tuned[] = {
	{ "IP_TTL", "net/ipv4/ip_default_ttl" },
	{ "IPV6_UNICAST_HOPS", "net/ipv6/conf/default/hop_limit" },
	{ "IPV6_V6ONLY", "net/ipv6/bindv6only" },
	{ "TCP_KEEPCNT", "net/ipv4/tcp_keepalive_probes" },
	{ "TCP_KEEPIDLE", "net/ipv4/tcp_keepalive_time" },
	{ "TCP_KEEPINTVL", "net/ipv4/tcp_keepalive_intvl" },
	{ "TCP_LINGER2", "net/ipv4/tcp_fin_timeout" },
	{ "TCP_SYNCNT", "net/ipv4/tcp_syn_retries" },
	{ "SO_BUSY_POLL", "net/core/busy_read" },
};

static bool
is_tuned(const struct tn_sockopt *o)
{
	char line[32] = "";

	for (size_t i = 0; i < TN_COUNT(tuned); i++) {
		FILE *file;

		if (strcmp(tuned[i].name, o->name) != 0)
			continue;
		file = fopen(check_printf("/proc/sys/%s", tuned[i].file), "r");
		if (file == NULL)
			return true;
		if (fgets(line, sizeof(line), file) == NULL)
			line[0] = '\0';
		fclose(file);
		if (o->kind == TN_SOCKOPT_BOOL)
			return (atoi(line) != 0) != (o->initial[1] == 'n');
		return atoi(line) != atoi(o->initial);
	}
	return false;
}

/* Reads the row, compares it with its default, and sets it to what it is. */
static void
row_works(const struct tn_sockopt *o, struct tn_socket *s)
{
	char text[TN_SOCKOPT_TEXT_MAX], again[TN_SOCKOPT_TEXT_MAX];
	int number, r = tn_sockopt_get(s, o, text);

	if (o->flags & TN_SOCKOPT_CONNECTED) {
		CHECK_INT(r, -ENOTCONN);
		return;
	}
	if (r == -ENOPROTOOPT) { /* a kernel without it */
		fprintf(stderr, "%s: not here\n", o->name);
		return;
	}
	if (r < 0)
		WRONG("%s: %s", o->name, tn_error_text());
	if (o->initial != NULL && !is_tuned(o) && strcmp(text, o->initial))
		WRONG("%s: %s by default, here it is %s", o->name,
		    o->initial, text);
	r = tn_sockopt_get_number(s, o, &number);
	CHECK_INT(r, o->kind == TN_SOCKOPT_BOOL ||
	    o->kind == TN_SOCKOPT_NUMBER ? 0 : -EINVAL);

	r = tn_sockopt_set(s, o, text);
	if (o->flags & TN_SOCKOPT_READ_ONLY) {
		CHECK_INT(r, -EROFS);
		return;
	}
	if (r == -EPERM && o->flags & TN_SOCKOPT_ROOT)
		return;
	if (r < 0)
		WRONG("%s = %s: %s", o->name, text, tn_error_text());
	CHECK_INT(tn_sockopt_get(s, o, again), 0);
	if (strcmp(o->name, "SO_RCVBUF") != 0 &&
	    strcmp(o->name, "SO_SNDBUF") != 0)
		CHECK_TEXT(again, text);
}

static void
every_row(void)
{
	for (size_t kind = 0; kind < TN_COUNT(kinds); kind++) {
		const struct tn_sockopt *o;

		if (!has_kind(kind))
			continue;
		for (size_t i = 0; (o = tn_sockopt_at(i)) != NULL; i++) {
			struct tn_socket *s = open_kind(kind);

			if (tn_sockopt_applies(o, kinds[kind].family,
				kinds[kind].type))
				row_works(o, s);
			tn_socket_free(s);
		}
	}
}

/* A boolean is turned, on every socket that has it. */
static void
every_switch(void)
{
	const unsigned fixed = TN_SOCKOPT_READ_ONLY | TN_SOCKOPT_ROOT;

	for (size_t kind = 0; kind < TN_COUNT(kinds); kind++) {
		const struct tn_sockopt *o;

		for (size_t i = 0; (o = tn_sockopt_at(i)) != NULL; i++) {
			char text[TN_SOCKOPT_TEXT_MAX];
			struct tn_socket *s;
			const char *other;

			if (!has_kind(kind) || o->kind != TN_SOCKOPT_BOOL ||
			    o->flags & fixed ||
			    !tn_sockopt_applies(o, kinds[kind].family,
				kinds[kind].type))
				continue;
			s = open_kind(kind);
			if (tn_sockopt_get(s, o, text) == 0) {
				other = text[1] == 'n' ? "off" : "on";
				if (tn_sockopt_set(s, o, other) < 0)
					WRONG("%s", tn_error_text());
				CHECK_INT(tn_sockopt_get(s, o, text), 0);
				if (strcmp(text, other) != 0)
					WRONG("%s: still %s", o->name, text);
			}
			tn_socket_free(s);
		}
	}
}

/* ---- values ------------------------------------------------------------- */

/* What is set on a TCP socket, what reads back, or the error and its line. */
static const struct {
	const char *option, *text;
	int r;
	const char *reads, *line;
} values[] = {
	{ "SO_KEEPALIVE", "on", 0, "on", NULL },
	{ "SO_KEEPALIVE", "1", 0, "on", NULL },
	{ "SO_KEEPALIVE", "YES", 0, "on", NULL },
	{ "SO_KEEPALIVE", "true", 0, "on", NULL },
	{ "SO_KEEPALIVE", "no", 0, "off", NULL },
	{ "SO_KEEPALIVE", "2", -EINVAL, "off",
	    "SO_KEEPALIVE: it takes on or off" },
	{ "SO_KEEPALIVE", "", -EINVAL, "off",
	    "SO_KEEPALIVE: it takes on or off" },
	{ "SO_RCVBUF", "65536", 0, "131072", NULL },
	{ "SO_SNDBUF", "65536", 0, "131072", NULL },
	{ "SO_RCVBUF", "64K", -EINVAL, NULL,
	    "SO_RCVBUF: it takes a whole number" },
	{ "SO_RCVBUF", "2147483648", -EINVAL, NULL,
	    "SO_RCVBUF: it takes a whole number" },
	{ "SO_RCVBUF", " 1", -EINVAL, NULL,
	    "SO_RCVBUF: it takes a whole number" },
	{ "SO_LINGER", "5", 0, "5", NULL },
	{ "SO_LINGER", "0", 0, "0", NULL },
	{ "SO_LINGER", "off", 0, "off", NULL },
	{ "SO_LINGER", "-1", -EINVAL, "off",
	    "SO_LINGER: it takes seconds, or off" },
	{ "SO_RCVTIMEO", "2.5", 0, "2.5", NULL },
	{ "SO_RCVTIMEO", "10.02", 0, "10.02", NULL },
	{ "SO_RCVTIMEO", "3", 0, "3", NULL },
	{ "SO_RCVTIMEO", "0", 0, "0", NULL },
	{ "SO_RCVTIMEO", "100", 0, "100", NULL },
	{ "SO_RCVTIMEO", "3.", -EINVAL, NULL,
	    "SO_RCVTIMEO: it takes seconds such as 2.5, or 0 for none" },
	{ "SO_RCVTIMEO", ".5", -EINVAL, NULL,
	    "SO_RCVTIMEO: it takes seconds such as 2.5, or 0 for none" },
	{ "SO_RCVTIMEO", "1.0000001", -EINVAL, NULL,
	    "SO_RCVTIMEO: it takes seconds such as 2.5, or 0 for none" },
	{ "SO_RCVTIMEO", "-1", -EINVAL, NULL,
	    "SO_RCVTIMEO: it takes seconds such as 2.5, or 0 for none" },
	{ "IP_MTU_DISCOVER", "DO", 0, "do", NULL },
	{ "IP_MTU_DISCOVER", "3", 0, "probe", NULL },
	{ "IP_MTU_DISCOVER", "maybe", -EINVAL, NULL,
	    "IP_MTU_DISCOVER: it takes dont, want, do, probe, interface, omit, "
	    "or a number" },
	{ "IP_MTU_DISCOVER", "99", -EINVAL, "want",
	    "IP_MTU_DISCOVER: the kernel does not take 99 here" },
	{ "IP_TTL", "7", 0, "7", NULL },
	{ "IP_TTL", "256", -EINVAL, "64",
	    "IP_TTL: the kernel does not take 256 here" },
	{ "IP_TOS", "16", 0, "16", NULL },
	{ "TCP_CONGESTION", "reno", 0, "reno", NULL },
	{ "TCP_CONGESTION", "no\x1bne", -ENOENT, NULL,
	    "TCP_CONGESTION: the kernel does not take no\\x1bne here" },
	{ "TCP_CONGESTION", "sixteen-letters-", -EINVAL, NULL,
	    "TCP_CONGESTION: it takes a shorter text" },
	{ "SO_BINDTODEVICE", "lo", 0, "lo", NULL },
	{ "TCP_USER_TIMEOUT", "-1", -EINVAL, "0",
	    "TCP_USER_TIMEOUT: the kernel does not take -1 here" },
	{ "TCP_NOTSENT_LOWAT", "16384", 0, "16384", NULL },
	{ "SO_TYPE", "1", -EROFS, "SOCK_STREAM",
	    "SO_TYPE: it can only be read" },
	{ "SO_DOMAIN", "2", -EROFS, "AF_INET", NULL },
	{ "SO_PROTOCOL", "2", -EROFS, "IPPROTO_TCP", NULL },
};

static void
set_and_read(void)
{
	for (size_t i = 0; i < TN_COUNT(values); i++) {
		const struct tn_sockopt *o = named(values[i].option);
		char text[TN_SOCKOPT_TEXT_MAX];
		struct tn_socket *s = open_kind(0);
		int r = tn_sockopt_set(s, o, values[i].text);

		if (r != values[i].r)
			WRONG("%s = %s: %d, %s", o->name, values[i].text, r,
			    tn_error_text());
		if (values[i].line != NULL)
			CHECK_TEXT(tn_error_text(), values[i].line);
		if (values[i].reads != NULL) {
			CHECK_INT(tn_sockopt_get(s, o, text), 0);
			CHECK_TEXT(text, values[i].reads);
		}
		tn_socket_free(s);
	}
}

static void
as_a_number(void)
{
	struct tn_socket *s = open_kind(0);
	int number = -2;

	CHECK_INT(tn_sockopt_get_number(s, named("SO_DOMAIN"), &number), 0);
	CHECK_INT(number, AF_INET);
	CHECK_ERROR(tn_sockopt_get_number(s, named("SO_LINGER"), &number),
	    -EINVAL, "SO_LINGER: it is no number");
	CHECK_INT(number, AF_INET);
	tn_socket_free(s);
}

static void
not_there(void)
{
	char text[TN_SOCKOPT_TEXT_MAX] = "untouched";
	const char *none = "there is no socket option of this name";
	struct tn_socket *s = open_kind(2);
	int number;

	CHECK_ERROR(tn_sockopt_get(s, tn_sockopt_find("SO_FROB"), text),
	    -ENOPROTOOPT, none);
	CHECK_ERROR(tn_sockopt_get_number(s, NULL, &number), -ENOPROTOOPT,
	    none);
	CHECK_ERROR(tn_sockopt_set(s, NULL, "1"), -ENOPROTOOPT, none);

	/* Of another kind of socket: that is the kernel's to say. */
	CHECK(tn_sockopt_get(s, named("TCP_NODELAY"), text) < 0);
	CHECK(strncmp(tn_error_text(), "TCP_NODELAY: ", 13) == 0);
	CHECK(tn_sockopt_set(s, named("TCP_NODELAY"), "on") < 0);
	CHECK_TEXT(text, "untouched");
	tn_socket_free(s);
}

/* IP_MTU is there once there is a way to the peer. */
static void
connected(void)
{
	char text[TN_SOCKOPT_TEXT_MAX];
	struct tn_socket *pair[2];

	check_tcp_pair(pair);
	CHECK_INT(tn_sockopt_get(pair[0], named("IP_MTU"), text), 0);
	CHECK(atoi(text) >= 576);
	CHECK_INT(tn_sockopt_get(pair[0], named("TCP_MAXSEG"), text), 0);
	CHECK(atoi(text) >= 536);
	tn_socket_free(pair[0]);
	tn_socket_free(pair[1]);
}

/* ---- in a simulated world ------------------------------------------------ */

static int
simulated(void *unused)
{
	char text[TN_SOCKOPT_TEXT_MAX];
	struct tn_socket *s = open_kind(0);

	(void)unused;
	CHECK_INT(tn_sockopt_get(s, named("SO_TYPE"), text), 0);
	CHECK_TEXT(text, "SOCK_STREAM");
	CHECK_INT(tn_sockopt_set(s, named("TCP_NODELAY"), "on"), 0);
	CHECK_INT(tn_sockopt_get(s, named("TCP_NODELAY"), text), 0);
	CHECK_TEXT(text, "on");
	CHECK_INT(tn_sockopt_set(s, named("SO_LINGER"), "3"), 0);
	CHECK_INT(tn_sockopt_get(s, named("SO_LINGER"), text), 0);
	CHECK_TEXT(text, "3");
	tn_socket_free(s);
	return 0;
}

static void
test_simulated(void **state)
{
	(void)state;
	CHECK_INT(tn_sim_run(1, NULL, simulated, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(rows),
		CHECK_BOTH(who_has_them),
		CHECK_BOTH(every_row),
		CHECK_BOTH(every_switch),
		CHECK_BOTH(set_and_read),
		CHECK_BOTH(as_a_number),
		CHECK_BOTH(not_there),
		CHECK_BOTH(connected),
		cmocka_unit_test(test_simulated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
