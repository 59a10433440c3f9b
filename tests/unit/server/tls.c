/* A server whose connections speak TLS, in each of the four kinds. */
#include <tenon/dial.h>
#include <tenon/tls.h>

#include "unit/server/check.h"

static struct tn_buffer cert, key;

static struct tn_tls *
open_server_tls(int64_t handshake_ms)
{
	const struct tn_tls_certificate shown = {
		.cert_pem = tn_buffer_slice(&cert),
		.key_pem = tn_buffer_slice(&key),
	};
	const struct tn_tls_options options = { .server = true,
		.certificates = &shown, .certificate_count = 1,
		.handshake_ms = handshake_ms };
	struct tn_tls *tls;

	CHECK_INT(tn_tls_open(&options, &tls), 0);
	return tls;
}

static struct tn_tls *
open_client_tls(void)
{
	const struct tn_tls_options options = { .ca_pem =
						    tn_buffer_slice(&cert) };
	struct tn_tls *tls;

	CHECK_INT(tn_tls_open(&options, &tls), 0);
	return tls;
}

static struct tn_stream *
call(const struct tn_address *at, struct tn_tls *tls)
{
	const struct tn_dial_options options = { .tls = tls };
	struct tn_stream *s;

	/* No look-up: servers are forked later, and that has a thread. */
	CHECK_INT(tn_dial(check_printf("tls:127.0.0.1:%d",
	    tn_address_port(at)), &options, &s), 0);
	return s;
}

static void
ask(struct tn_stream *s, struct tn_slice word)
{
	char got[64] = "";

	CHECK_INT(tn_stream_write(s, word), 0);
	CHECK_INT(tn_stream_read_exact(s, got, word.len), 0);
	CHECK(memcmp(got, word.data, word.len) == 0);
}

/* ---- each kind ----------------------------------------------------------- */

static const struct kind {
	const char *name;
	enum tn_server_kind kind;
	int loops;
} kinds[] = {
	{ "fiber", TN_SERVER_FIBER, 1 },
	{ "fiber, three loops", TN_SERVER_FIBER, 3 },
	{ "serial", TN_SERVER_SERIAL, 1 },
	{ "threading", TN_SERVER_THREADING, 1 },
	{ "forking", TN_SERVER_FORKING, 1 },
};

static void
test_kind(void **state)
{
	const struct kind *t = *state;
	struct tn_tls *tls = open_server_tls(0), *client = open_client_tls();
	const struct tn_server_options options = { .kind = t->kind,
		.loops = t->loops, .handle = check_echo,
		.address = "tls:127.0.0.1:0", .tls = tls };
	struct check_process p;

	check_process_start(&p, &options);
	for (int i = 0; i < 4; i++) {
		struct tn_stream *s = call(&p.at, client);
		struct tn_tls_info info;
		struct tn_slice got;

		ask(s, TN_SLICE("hello"));
		ask(s, TN_SLICE("again, and longer"));
		CHECK_INT(tn_tls_info(s, &info), 0);
		/* A child's tickets are good with its siblings. */
		CHECK_INT(info.resumed, i > 0);
		CHECK_INT(tn_stream_shutdown(s), 0);
		CHECK_INT(tn_stream_fill(s, 1, &got), 0);
		CHECK_INT(tn_stream_close(s), 0);
	}
	check_process_stop(&p);
	tn_tls_free(tls);
	tn_tls_free(client);
}

/* ---- who does not shake hands -------------------------------------------- */

static atomic_int heard;

static int
never(struct tn_request *request)
{
	atomic_fetch_add(&heard, 1);
	return 0;
}

static void
test_refused(void **state)
{
	struct tn_tls *tls = open_server_tls(700);
	const struct tn_server_options options = { .handle = never,
		.tls = tls };
	const struct tn_dial_options strict = { 0 };
	struct tn_server_counters counters;
	struct tn_stream *s = NULL;
	struct check_server t = { 0 };
	int fd;

	check_server_start(&t, &options);
	tn_tls_free(tls); /* the server has its own */
	fd = check_call(&t.at);
	check_say(fd, "GET / HTTP/1.1\r\n\r\n");
	CHECK_INT(recv(fd, &(char[1]){ 0 }, 1, MSG_WAITALL) > 1, 0);
	close(fd);
	fd = check_call(&t.at); /* and who says nothing at all */
	CHECK(recv(fd, &(char[1]){ 0 }, 1, 0) <= 0);
	close(fd);
	CHECK_INT(tn_dial(check_printf("tls:127.0.0.1:%d",
	    tn_address_port(&t.at)), &strict, &s), TN_ETLS_SELF_SIGNED);
	CHECK_SOON((tn_server_counters(t.server, &counters),
	    counters.refused_tls == 3));
	CHECK_INT(atomic_load(&heard), 0);
	check_server_stop(&t);
}

/* ---- a drain ------------------------------------------------------------- */

/* Who has shaken hands and said nothing yet is not waited for. */
static void
test_drain(void **state)
{
	struct tn_tls *tls = open_server_tls(0), *client = open_client_tls();
	const struct tn_server_options options = {
		.handle = check_echo, .tls = tls, .drain_ms = 30000
	};
	struct check_server t = { 0 };
	struct tn_stream *s;
	struct tn_slice got;
	tn_time began;

	check_server_start(&t, &options);
	s = call(&t.at, client);
	CHECK_SOON(tn_server_active(t.server) == 1);
	usleep(50000);
	began = tn_now();
	check_server_stop(&t);
	CHECK(tn_now() - began < 10 * TN_SECOND);
	CHECK_INT(tn_stream_fill(s, 1, &got), TN_ETRUNCATED);
	tn_stream_free(s);
	tn_tls_free(tls);
	tn_tls_free(client);
}

static void
test_datagrams(void **state)
{
	struct tn_tls *tls = open_server_tls(0);
	const struct tn_server_options options = {
		.handle = never, .address = "udp:127.0.0.1:0", .tls = tls
	};
	struct tn_server *server = NULL;

	CHECK_ERROR(tn_server_open(&options, &server), -EINVAL,
	    "server: TLS is for streams, and these are datagrams");
	tn_tls_free(tls);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_datagrams),
	};
	int failed;

	CHECK_INT(tn_tls_self_signed(NULL, 0, &cert, &key), 0);
	failed = CHECK_ROWS(kinds, test_kind) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	tn_buffer_free(&cert);
	tn_buffer_free(&key);
	return failed;
}
