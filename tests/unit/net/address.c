#include "check.h"

#include <sys/un.h>
#include <tenon/buffer.h>

/* ---- addresses --------------------------------------------------------- */

static const struct ip_row {
	const char *name, *ip;
	uint16_t port;
	const char *out; /* NULL: no such interface */
} ips[] = {
	{ "v4", "127.0.0.1", 80, "127.0.0.1:80" },
	{ "v4 any", "0.0.0.0", 0, "0.0.0.0:0" },
	{ "v4 most", "255.255.255.255", 65535, "255.255.255.255:65535" },
	{ "v6", "::1", 80, "[::1]:80" },
	{ "v6 long", "2001:db8:1:2:3:4:5:6", 65535,
	    "[2001:db8:1:2:3:4:5:6]:65535" },
	{ "v6 mapped", "::ffff:192.0.2.1", 1, "[::ffff:192.0.2.1]:1" },
	{ "v6 zone by name", "fe80::1%lo", 9, "[fe80::1%lo]:9" },
	{ "v6 zone by number", "fe80::1%1", 9, "[fe80::1%lo]:9" },
	{ "v6 zone of nobody", "fe80::1%4000000000", 9,
	    "[fe80::1%4000000000]:9" },
	{ "v6 zone without a name", "fe80::1%nosuchif0", 9, NULL },
};

static void
test_ip(void **state)
{
	const struct ip_row *t = *state;
	struct tn_address a, b;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_ip ip, back;
	int r;

	assert_int_equal(tn_ip_parse(tn_slice_str(t->ip), &ip), 0);
	r = tn_address_from_ip(&ip, t->port, &a);
	assert_int_equal(r, t->out == NULL ? -EINVAL : 0);
	if (r < 0)
		return;
	assert_string_equal(tn_address_format(&a, text), t->out);
	assert_int_equal(tn_address_port(&a), t->port);

	assert_int_equal(tn_address_ip(&a, &back), 0);
	assert_int_equal(tn_address_from_ip(&back, t->port, &b), 0);
	assert_true(tn_address_equal(&a, &b));
	tn_address_set_port(&b, (uint16_t)(t->port + 1));
	assert_int_equal(tn_address_port(&b), (uint16_t)(t->port + 1));
	assert_false(tn_address_equal(&a, &b));
}

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static const struct path_row {
	const char *name;
	struct tn_slice path;
	int result;
	const char *out;
} paths[] = {
	{ "path", { "/run/x", 6 }, 0, "unix:/run/x" },
	{ "relative", { "x.sock", 6 }, 0, "unix:x.sock" },
	{ "abstract", { "@x", 2 }, 0, "unix:@x" },
	{ "abstract with NUL", { "@a\0b", 4 }, 0, "unix:@a\\x00b" },
	{ "control", { "/a\n\x1b[m", 6 }, 0, "unix:/a\\x0a\\x1b[m" },
	{ "not UTF-8", { "/\xff", 2 }, 0, "unix:/\\xff" },
	{ "UTF-8", { "/\xc3\xa9", 3 }, 0, "unix:/\xc3\xa9" },
	{ "longest", { "/" X100 "123456", 107 }, 0, "unix:/" X100 "123456" },
	{ "too long", { "/" X100 "1234567", 108 }, -ENAMETOOLONG, NULL },
	{ "longest abstract", { "@" X100 "123456", 107 }, 0,
	    "unix:@" X100 "123456" },
	{ "empty", { "", 0 }, -EINVAL, NULL },
	{ "@ alone", { "@", 1 }, -EINVAL, NULL },
	{ "NUL", { "/a\0b", 4 }, -EINVAL, NULL },
};

static void
test_path(void **state)
{
	const struct path_row *t = *state;
	struct tn_address a, b = { 0 };
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_ip ip;

	assert_int_equal(tn_address_from_path(t->path, &a), t->result);
	if (t->result < 0)
		return;
	assert_string_equal(tn_address_format(&a, text), t->out);
	assert_int_equal(tn_address_port(&a), 0);
	tn_address_set_port(&a, 80);
	assert_int_equal(tn_address_from_path(t->path, &b), 0);
	assert_true(tn_address_equal(&a, &b));
	assert_int_equal(tn_address_ip(&a, &ip), -EAFNOSUPPORT);
	if (t->path.len > 1) {
		struct tn_slice shorter =
		    tn_slice_head(t->path, t->path.len - 1);

		if (tn_address_from_path(shorter, &b) == 0)
			assert_false(tn_address_equal(&a, &b));
	}
}

static void
test_odd_addresses(void **state)
{
	struct tn_address a = { .size = sizeof(sa_family_t) }, b = { 0 };
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_ip ip = { .family = 5 };

	a.storage.ss_family = AF_UNIX;
	assert_string_equal(tn_address_format(&a, text), "unix:");
	b = a;
	b.size = 0; /* as little as a broken peer of a seam may give */
	assert_string_equal(tn_address_format(&b, text), "unix:");
	assert_true(tn_address_equal(&a, &b));

	/* A path of 108 bytes, which the kernel gives back without a NUL, and
	 * the longest text there is. */
	memset((char *)&a.storage + offsetof(struct sockaddr_un, sun_path),
	    '\n', 108);
	a.size = sizeof(struct sockaddr_un) + 1;
	assert_int_equal(strlen(tn_address_format(&a, text)), 5 + 4 * 108);

	b = (struct tn_address){ 0 };
	b.storage.ss_family = AF_NETLINK;
	assert_string_equal(tn_address_format(&b, text), "netlink:0");
	assert_false(tn_address_equal(&a, &b));
	b.storage.ss_family = AF_TIPC;
	assert_string_equal(tn_address_format(&b, text), "family 30");
	assert_int_equal(tn_address_from_sockaddr(&b.storage, 1, &a), -EINVAL);
	assert_int_equal(tn_address_from_sockaddr(&b.storage,
	                     sizeof(b.storage) + 1, &a),
	    -EINVAL);
	assert_int_equal(tn_address_from_sockaddr(&b.storage, 16, &a), 0);
	assert_int_equal(a.size, 16);
	assert_int_equal(tn_address_from_ip(&ip, 1, &a), -EINVAL);
}

/* The same link-local address on another link is another machine's. */
static void
test_equal_zones(void **state)
{
	struct tn_address a, b;
	struct tn_ip ip;

	assert_int_equal(tn_ip_parse(TN_SLICE("fe80::1%1"), &ip), 0);
	assert_int_equal(tn_address_from_ip(&ip, 9, &a), 0);
	assert_int_equal(tn_ip_parse(TN_SLICE("fe80::1%4000000000"), &ip), 0);
	assert_int_equal(tn_address_from_ip(&ip, 9, &b), 0);
	assert_false(tn_address_equal(&a, &b));
}

/* ---- endpoints --------------------------------------------------------- */

static const struct endpoint_row {
	const char *name, *text;
	const char *host, *port; /* host NULL: refused */
	int type;
	bool local, tls;
} endpoints[] = {
	{ "host and port", "example.org:80", "example.org", "80", SOCK_STREAM },
	{ "v4", "127.0.0.1:80", "127.0.0.1", "80", SOCK_STREAM },
	{ "v6", "[::1]:80", "::1", "80", SOCK_STREAM },
	{ "v6 zone", "[fe80::1%eth0]:80", "fe80::1%eth0", "80", SOCK_STREAM },
	{ "v6 alone", "::1", "::1", "", SOCK_STREAM },
	{ "v6 in brackets alone", "[::1]", "::1", "", SOCK_STREAM },
	{ "host alone", "example.org", "example.org", "", SOCK_STREAM },
	{ "port alone", ":8000", "", "8000", SOCK_STREAM },
	{ "service", "localhost:http", "localhost", "http", SOCK_STREAM },
	{ "service with signs", "h:a-b_c.d+e", "h", "a-b_c.d+e", SOCK_STREAM },
	{ "most", "h:65535", "h", "65535", SOCK_STREAM },
	{ "tcp", "tcp:h:1", "h", "1", SOCK_STREAM },
	{ "udp", "udp:h:1", "h", "1", SOCK_DGRAM },
	{ "tls", "tls:h:1", "h", "1", SOCK_STREAM, false, true },
	{ "upper case", "UDP:[::]:0", "::", "0", SOCK_DGRAM },
	{ "tcp without host", "tcp::80", "", "80", SOCK_STREAM },
	{ "unix", "unix:/run/x", "/run/x", "", SOCK_STREAM, true },
	{ "unix abstract", "unix:@x", "@x", "", SOCK_STREAM, true },
	{ "unix relative", "unix:a:b", "a:b", "", SOCK_STREAM, true },
	{ "unixgram", "unixgram:/x", "/x", "", SOCK_DGRAM, true },
	{ "name beyond ASCII", "b\xc3\xbc" "cher.example:1",
	    "b\xc3\xbc" "cher.example", "1", SOCK_STREAM },
	{ "empty", "", NULL },
	{ "colon", ":", NULL },
	{ "prefix alone", "tcp:", NULL },
	{ "unix alone", "unix:", NULL },
	{ "unix @ alone", "unix:@", NULL },
	{ "port too large", "h:65536", NULL },
	{ "port far too large", "h:99999999999999999999999", NULL },
	{ "port missing", "h:", NULL },
	{ "port with sign", "h:-1", NULL },
	{ "port with plus", "h:+1", NULL },
	{ "port with blank", "h: 1", NULL },
	{ "port with slash", "h:80/tcp", NULL },
	{ "two ports", "h:1:2", NULL },
	{ "URL", "http://example.org/", NULL },
	{ "user", "user@h:1", NULL },
	{ "host with blank", "a b:1", NULL },
	{ "host with newline", "a\nb:1", NULL },
	{ "host with escape", "a\x1b[31m:1", NULL },
	{ "host with percent", "a%41:1", NULL },
	{ "host with quote", "a\"b:1", NULL },
	{ "host turned around", "a\xe2\x80\xae" "b:1", NULL },
	{ "host not UTF-8", "\xff:1", NULL },
	{ "v4 in brackets", "[127.0.0.1]:80", NULL },
	{ "bracket open", "[::1:80", NULL },
	{ "behind the bracket", "[::1]80", NULL },
	{ "network", "10.0.0.0/8:80", NULL },
};

static void
test_endpoint(void **state)
{
	const struct endpoint_row *t = *state;
	struct tn_endpoint e, untouched;
	char *copy;
	int r;

	memset(&e, 0x5a, sizeof(e));
	untouched = e;
	r = tn_endpoint_parse(t->text, &e);
	if (t->host == NULL) {
		assert_int_equal(r, -EINVAL);
		assert_memory_equal(&e, &untouched, sizeof(e));
		assert_non_null(strstr(tn_error_text(), "; write HOST:PORT, "));
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(e.host, t->host);
	assert_string_equal(e.port, t->port);
	assert_int_equal(e.type, t->type);
	assert_int_equal(e.local, t->local);
	assert_int_equal(e.tls, t->tls);

	for (size_t cut = 0; cut < strlen(t->text); cut++) {
		copy = strndup(t->text, cut);
		r = tn_endpoint_parse(copy, &e);
		assert_true(r == 0 || r == -EINVAL);
		free(copy);
	}
}

static void
test_endpoint_long(void **state)
{
	char text[600];
	struct tn_endpoint e;

	for (size_t n = 6; n < sizeof(text); n++) {
		memset(text, 'a', n);
		text[n] = '\0';
		assert_int_equal(tn_endpoint_parse(text, &e),
		    n <= 255 ? 0 : -EINVAL);
		text[0] = ':';
		assert_int_equal(tn_endpoint_parse(text, &e),
		    n <= 1 + 63 ? 0 : -EINVAL);
		memcpy(text, "unix:", 5);
		assert_int_equal(tn_endpoint_parse(text, &e),
		    n <= 5 + 255 ? 0 : -EINVAL);
	}
}

static void
test_endpoint_text(void **state)
{
	struct tn_endpoint e;

	CHECK_ERROR(tn_endpoint_parse("a\x1b:1", &e), -EINVAL,
	    "address \"a\\x1b:1\": that is no host and port; write HOST:PORT, "
	    "[IPV6]:PORT, unix:/path or unix:@name, with tcp:, udp: or tls: "
	    "before the first two");
}

/* One test a row; the first member of a row is its name. */
static int
run_rows(const char *group, const void *rows, size_t count, size_t size,
    CMUnitTestFunction test)
{
	struct CMUnitTest tests[64];

	assert_true(count <= TN_COUNT(tests));
	for (size_t i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * size;

		tests[i] = (struct CMUnitTest){
			.name = *(const char *const *)(const void *)row,
			.test_func = test,
			.initial_state = (void *)(uintptr_t)row,
		};
	}
	return _cmocka_run_group_tests(group, tests, count, NULL, NULL);
}

#define ROWS(rows, test)                                                       \
	run_rows(#rows, rows, TN_COUNT(rows), sizeof((rows)[0]), test)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_addresses),
		cmocka_unit_test(test_equal_zones),
		cmocka_unit_test(test_endpoint_long),
		cmocka_unit_test(test_endpoint_text),
	};

	return ROWS(ips, test_ip) + ROWS(paths, test_path) +
	    ROWS(endpoints, test_endpoint) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
