/* PROXY headers: what they say, each prefix of them, and what is refused. */
#include "unit/base/check.h"

#include <stdio.h>
#include <tenon/error.h>

#include "format/proxy.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V2(command, family, len) SIGNATURE command family "\0" len
#define BYTES(text) text, sizeof(text) - 1
#define FOUR "\300\0\2\1" "\300\0\2\2" "\x12\x34" "\0\x50"
#define SIX \
	" \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1" " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\2" \
	"\x12\x34" "\0\x50"
#define FOUR_SAID "192.0.2.1:4660 192.0.2.2:80"
#define SIX_SAID "2001:db8::1:4660 2001:db8::2:80"

/* `said` is NULL when it is refused; "" when it names nobody. */
static const struct row {
	const char *name, *in;
	size_t len;
	const char *said;
} rows[] = {
	{ "TCP4", BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 4660 80\r\n"),
	    FOUR_SAID },
	{ "TCP6", BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 4660 80\r\n"),
	    SIX_SAID },
	{ "UNKNOWN", BYTES("PROXY UNKNOWN\r\n"), "" },
	{ "UNKNOWN and more", BYTES("PROXY UNKNOWN ffff::1 a 1 2 3\r\n"), "" },
	{ "another kind", BYTES("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"),
	    NULL },
	{ "small letters", BYTES("PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n"),
	    NULL },
	{ "a v6 address in TCP4", BYTES("PROXY TCP4 ::1 192.0.2.2 1 2\r\n"),
	    NULL },
	{ "a zone", BYTES("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"), NULL },
	{ "a port with a zero", BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"),
	    NULL },
	{ "a port too large", BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"),
	    NULL },
	{ "no second port", BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"),
	    NULL },
	{ "one word more", BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"),
	    NULL },
	{ "two blanks", BYTES("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"),
	    NULL },
	{ "LF inside", BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n"),
	    NULL },
	{ "v2 TCP4", BYTES(V2("\x21", "\x11", "\x0c") FOUR), FOUR_SAID },
	{ "v2 TCP6", BYTES(V2("\x21", "\x21", "\x24") SIX), SIX_SAID },
	{ "v2 LOCAL", BYTES(V2("\x20", "\0", "\0")), "" },
	{ "v2 LOCAL with more", BYTES(V2("\x20", "\x11", "\2") "ab"), "" },
	{ "v2 unspecified", BYTES(V2("\x21", "\0", "\2") "ab"), "" },
	{ "v2 UDP4", BYTES(V2("\x21", "\x12", "\x0c") FOUR), "" },
	{ "v2 an addition",
	    BYTES(V2("\x21", "\x11", "\x12") FOUR "\4\0\3abc"), FOUR_SAID },
	{ "v2 an addition cut off",
	    BYTES(V2("\x21", "\x11", "\x11") FOUR "\4\0\3ab"), NULL },
	{ "v2 an addition without length",
	    BYTES(V2("\x21", "\x11", "\x0e") FOUR "\4\0"), NULL },
	{ "v2 checksum",
	    BYTES(V2("\x21", "\x11", "\x13") FOUR "\3\0\4\x4e\x67\xed\x18"),
	    FOUR_SAID },
	{ "v2 wrong checksum",
	    BYTES(V2("\x21", "\x11", "\x13") FOUR "\3\0\4\0\0\0\0"), NULL },
	{ "v2 short checksum",
	    BYTES(V2("\x21", "\x11", "\x12") FOUR "\3\0\3abc"), NULL },
	{ "v2 too short",
	    BYTES(V2("\x21", "\x11", "\x04") "\300\0\2\1"), NULL },
	{ "v2 another version", BYTES(V2("\x31", "\x11", "\x0c") FOUR), NULL },
	{ "v2 another command", BYTES(V2("\x22", "\x11", "\x0c") FOUR), NULL },
	{ "HTTP", BYTES("GET / HTTP/1.1\r\n"), NULL },
	{ "nearly", BYTES("PROXYTCP4 "), NULL },
	{ "nearly v2", BYTES("\r\n\r\n\0\r\nQUIT\r"), NULL },
};

/* Whole, with what follows it, and each prefix: more is needed, or it is
 * refused for good. */
static void
test_parse(void **state)
{
	const struct row *t = *state;
	struct tn__proxy p, untouched;
	char said[256] = "", a[TN_IP_TEXT_MAX], b[TN_IP_TEXT_MAX];
	struct tn_slice whole = tn_slice(t->in, t->len);
	bool refused = false;

	memset(&untouched, 0x55, sizeof(untouched));
	for (size_t cut = 0; cut <= t->len; cut++) {
		struct tn_slice in = check_exact(tn_slice_head(whole, cut));
		int r;

		p = untouched;
		r = tn__proxy_parse(in, &p);
		check_exact_free(in);
		if (cut < t->len || t->said == NULL) {
			assert_true(r <= 0);
			assert_memory_equal(&p, &untouched, sizeof(p));
		}
		assert_true(!refused || r < 0);
		refused = r < 0;
		if (refused)
			assert_int_equal(tn_error_code(), r);
	}
	assert_int_equal(refused, t->said == NULL);
	if (refused)
		return;
	assert_int_equal(p.version, t->in[0] == 'P' ? 1 : 2);
	assert_int_equal(p.known, t->said[0] != '\0');
	if (p.known)
		snprintf(said, sizeof(said), "%s:%u %s:%u",
		    tn_ip_format(&p.source, a), p.source_port,
		    tn_ip_format(&p.destination, b), p.destination_port);
	assert_string_equal(said, t->said);
}

static void
test_limits(void **state)
{
	char text[TN__PROXY_BYTES_MAX + 16] = V2("\x21", "\x11", "\x0c") FOUR;
	struct tn__proxy p;
	char line[128];

	/* 4,096 bytes are taken, whatever is in them; one more is not. */
	text[14] = (char)((TN__PROXY_BYTES_MAX - 16) >> 8);
	text[15] = (char)((TN__PROXY_BYTES_MAX - 16) & 0xff);
	text[29] = (char)((TN__PROXY_BYTES_MAX - 16 - 12 - 3) >> 8);
	text[30] = (char)((TN__PROXY_BYTES_MAX - 16 - 12 - 3) & 0xff);
	assert_int_equal(tn__proxy_parse(tn_slice(text, sizeof(text)), &p),
	    TN__PROXY_BYTES_MAX);
	text[15]++;
	assert_int_equal(tn__proxy_parse(tn_slice(text, 16), &p), TN_ELIMIT);

	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(tn__proxy_parse(tn_slice(line, 106), &p), 0);
	assert_int_equal(tn__proxy_parse(tn_slice(line, 107), &p), TN_EPROTO);
	memcpy(line + 105, "\r\n", 2);
	assert_int_equal(tn__proxy_parse(tn_slice(line, 107), &p), 107);
	memcpy(line + 105, "xx\r\n", 4);
	assert_int_equal(tn__proxy_parse(tn_slice(line, 109), &p), TN_EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_limits) };

	return CHECK_ROWS(rows, test_parse) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
