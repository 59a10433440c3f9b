/* From an address to a stream, or to the reason why there is none. */
#include "carrier.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <tenon/dial.h>
#include <unistd.h>

static const struct dial_row {
	const char *name, *address;
	int error;
	const char *text; /* part of it */
} dials[] = {
	{ "nonsense", "::::", -EINVAL, "" },
	{ "no port", "127.0.0.1", -EINVAL, "" },
	{ "datagrams", "udp:127.0.0.1:9", -EOPNOTSUPP, "stream" },
	{ "Unix datagrams", "unixgram:/x", -EOPNOTSUPP, "stream" },
	{ "nobody there", "unix:@tenon-test-nobody-listens", -ECONNREFUSED,
	    "@tenon-test-nobody-listens" },
	{ "no such file", "unix:/nonexistent/socket", -ENOENT,
	    "/nonexistent/socket" },
};

static void
test_dial_fails(void **state)
{
	const struct dial_row *t = *state;
	struct tn_stream *s = NULL;

	CHECK_INT(tn_dial(t->address, NULL, &s), t->error);
	CHECK(s == NULL);
	CHECK_INT(tn_error_code(), t->error);
	CHECK(strstr(tn_error_text(), t->text) != NULL);
}

static void
test_dial_unix(void **state)
{
	char address[64];
	struct tn_socket *listener, *accepted;
	struct tn_stream *s;

	snprintf(address, sizeof(address), "unix:@tenon-test-%d",
	    (int)getpid());
	CHECK_INT(tn_listen(address, NULL, &listener), 0);
	CHECK_INT(tn_dial(address, NULL, &s), 0);
	CHECK_INT(tn_socket_accept(listener, &accepted, NULL), 0);
	tn_socket_free(accepted);
	tn_socket_free(listener);
	tn_stream_free(s);
}

/* A listener whose queue is full answers nobody. */
static void
test_dial_timeout(void **state)
{
	struct tn_dial_options options = { .timeout_ms = 50 };
	struct tn_listen_options listen_options = { .backlog = 1 };
	char address[64];
	struct tn_socket *listener;
	struct tn_stream *s[4];
	int n = 0, r = 0;

	snprintf(address, sizeof(address), "unix:@tenon-test-%d",
	    (int)getpid());
	CHECK_INT(tn_listen(address, &listen_options, &listener), 0);
	while (n < 4 && (r = tn_dial(address, &options, &s[n])) == 0)
		n++;
	CHECK_INT(r, -ETIMEDOUT);
	CHECK(strstr(tn_error_text(),
	    "no connection within 50 ms: connect unix:@tenon-test-") != NULL);
	while (n > 0)
		tn_stream_free(s[--n]);
	tn_socket_free(listener);
}

static void
test_dial_nodelay(void **state)
{
	struct tn_socket *listener;
	char address[TN_ADDRESS_TEXT_MAX];
	struct tn_address name;
	struct tn_stream *s;
	int value = 0;
	socklen_t size = sizeof(value);

	CHECK_INT(tn_listen("127.0.0.1:0", NULL, &listener), 0);
	CHECK_INT(tn_socket_getsockname(listener, &name), 0);
	CHECK_INT(tn_dial(tn_address_format(&name, address), NULL, &s), 0);
	CHECK_INT(tn_socket_getsockopt(tn_stream_socket(s), IPPROTO_TCP,
	    TCP_NODELAY, &value, &size), 0);
	CHECK_INT(value, 1);
	tn_stream_free(s);
	tn_socket_free(listener);

	/* And with nobody there the text is the race's. */
	CHECK_INT(tn_dial(address, NULL, &s), -ECONNREFUSED);
	CHECK(strstr(tn_error_text(), address) != NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dial_unix),
		cmocka_unit_test(test_dial_timeout),
		cmocka_unit_test(test_dial_nodelay),
	};

	return CHECK_ROWS(dials, test_dial_fails) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
