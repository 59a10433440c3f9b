/* TLS as a stream: whatever the pieces, whatever is below, and its end. */
#include "carrier.h"
#include "tls_talk.h"

#include <tenon/dial.h>

static struct cert *ca, *good, *other;
static struct tn_tls_certificate shown, shown_other;
static struct tn_tls_options client_options, server_options;

static int
make_certificates(void **state)
{
	ca = cert_make(&(struct cert_plan){ .name = "test CA", .ca = true });
	good = cert_make(&(struct cert_plan){ .name = "good", .issuer = ca,
	    .names = "DNS:good.test,DNS:*.wild.test,IP:192.0.2.1" });
	other = cert_make(&(struct cert_plan){
	    .name = "other", .issuer = ca, .names = "DNS:other.test" });
	shown = cert_shown(good);
	shown_other = cert_shown(other);
	client_options = (struct tn_tls_options){ .ca_pem = cert_pem(ca) };
	server_options = (struct tn_tls_options){
		.server = true, .certificates = &shown, .certificate_count = 1
	};
	return 0;
}

static int
free_certificates(void **state)
{
	cert_free(ca);
	cert_free(good);
	cert_free(other);
	return 0;
}

static void
talk_well(struct talk *t)
{
	talk_run(t);
	CHECK_TEXT(t->client_text, "");
	CHECK_TEXT(t->server_text, "");
	CHECK_INT(t->client_result, 0);
	CHECK_INT(t->server_result, 0);
}

/* ---- pieces ------------------------------------------------------------ */

/* With so few bytes between the two each reads what the other sends in pieces
 * of that size.  Tickets would not fit: a server sends them while its client
 * sends what it wants to know. */
static void
test_pieces(void **state)
{
	static const size_t capacities[] = { 0, 1000, 100, 7, 5, 3, 2, 1 };

	for (size_t i = 0; i < TN_COUNT(capacities); i++)
		for (int ask = 0; ask <= 1; ask++) {
			struct tn_tls_options server = server_options;
			struct talk t = { .client = &client_options,
				.server = &server, .capacity = capacities[i] };

			server.no_resumption = true;
			server.ask = (enum tn_tls_ask)ask;
			server.ca_pem = cert_pem(ca);
			talk_well(&t);
		}
}

static void
test_sockets(void **state)
{
	struct talk t = { .client = &client_options, .server = &server_options,
		.sockets = true };

	talk_well(&t);
}

/* ---- a lot ------------------------------------------------------------- */

#define AMOUNT 3000000

static int
send_much(struct tn_stream *s, void *arg)
{
	static const size_t steps[] = { 1, 17, 5000, 9000, 100000, 16384,
		16385 };
	const char *bytes = arg;
	size_t at = 0, i = 0;
	int r = 0;

	while (at < AMOUNT && r == 0) {
		struct tn_slice piece = tn_slice_head(tn_slice(bytes + at,
		    AMOUNT - at), steps[i++ % TN_COUNT(steps)]);

		r = tn_stream_write(s, piece);
		at += piece.len;
	}
	return r == 0 ? tn_stream_shutdown(s) : r;
}

static int
receive_much(struct tn_stream *s, void *arg)
{
	const char *bytes = arg;
	struct tn_slice got;
	size_t at = 0;
	int r;

	while ((r = tn_stream_fill(s, 1 + at % 40000, &got)) > 0) {
		CHECK(at + got.len <= AMOUNT);
		CHECK(memcmp(got.data, bytes + at, got.len) == 0);
		at += got.len;
		tn_stream_consume(s, got.len);
	}
	if (r == 0)
		CHECK_INT(at, AMOUNT);
	return r;
}

static void
test_much(void **state)
{
	char *bytes = carrier_bytes(AMOUNT);

	for (int sockets = 0; sockets <= 1; sockets++) {
		struct talk t = { .client = &client_options,
			.server = &server_options, .client_main = send_much,
			.server_main = receive_much, .arg = bytes,
			.sockets = sockets };

		talk_well(&t);
		t.client_main = receive_much;
		t.server_main = send_much;
		talk_well(&t);
	}
	free(bytes);
}

/* Small enough for the buffers of both: nobody flushes, and each waits for the
 * other. */
static int
ping(struct tn_stream *s, void *arg)
{
	char got[5];
	int r = 0;

	for (int i = 0; i < 300 && r == 0; i++) {
		r = tn_stream_printf(s, "%s%02d", "pi", i % 100);
		if (r == 0)
			r = tn_stream_write(s, TN_SLICE("g"));
		if (r == 0)
			r = tn_stream_read_exact(s, got, sizeof(got));
	}
	return r;
}

static void
test_ping(void **state)
{
	struct talk t = { .client = &client_options, .server = &server_options,
		.client_main = ping, .server_main = ping, .sockets = true };

	talk_well(&t);
}

/* ---- the end ----------------------------------------------------------- */

static int
leave_rudely(struct tn_stream *s, void *arg)
{
	int r = tn_stream_write(s, TN_SLICE("half a lett"));

	if (r == 0)
		r = tn_stream_flush(s);
	return r < 0 ? r : -ECANCELED; /* the test frees it then */
}

static int
expect_half(struct tn_stream *s, void *arg)
{
	struct tn_slice got;
	int r = tn_stream_fill(s, 100, &got);

	CHECK_INT(r, TN_ETRUNCATED);
	CHECK_INT(tn_stream_fill(s, 1, &got), 11);
	tn_stream_consume(s, 11);
	CHECK_INT(tn_stream_fill(s, 1, &got), TN_ETRUNCATED);
	return tn_stream_fill(s, 1, &got);
}

static void
test_truncated(void **state)
{
	for (int sockets = 0; sockets <= 1; sockets++) {
		struct talk t = { .client = &client_options,
			.server = &server_options, .client_main = expect_half,
			.server_main = leave_rudely, .sockets = sockets };

		talk_run(&t);
		CHECK_INT(t.client_result, TN_ETRUNCATED);
		CHECK_TEXT(t.client_text, "TLS to good.test: the peer ended "
		    "the connection without a close_notify; what came may be "
		    "cut short");
	}
}

static int
say_bye(struct tn_stream *s, void *arg)
{
	return tn_stream_write(s, TN_SLICE("bye"));
}

static int
expect_bye(struct tn_stream *s, void *arg)
{
	struct tn_slice got;

	CHECK_INT(tn_stream_fill(s, 100, &got), 3);
	tn_stream_consume(s, 3);
	CHECK_INT(tn_stream_fill(s, 1, &got), 0);
	return 0;
}

static void
test_close_notify(void **state)
{
	for (int sockets = 0; sockets <= 1; sockets++) {
		struct talk t = { .client = &client_options,
			.server = &server_options, .client_main = expect_bye,
			.server_main = say_bye, .sockets = sockets };

		talk_well(&t);
	}
}

/* ---- writing that fails ------------------------------------------------ */

static int
write_late(struct tn_stream *s, void *arg)
{
	static const char bytes[100000];
	struct tn_scope scope;
	int r, flags = 0;

	tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
	do {
		r = tn_stream_write(s, tn_slice(bytes, sizeof(bytes)));
	} while (r == 0 && ++flags < 1000);
	CHECK(tn_scope_close(&scope));
	CHECK_INT(r, -ETIMEDOUT);
	CHECK_INT(tn_stream_write(s, TN_SLICE("x")), -ETIMEDOUT);
	CHECK_INT(tn_stream_flush(s), -ETIMEDOUT);
	CHECK_INT(tn_stream_shutdown(s), -ETIMEDOUT);

	/* Reading goes on. */
	CHECK_INT(tn_stream_read(s, &(char[8]){ 0 }, 8), 4);
	return 0;
}

static int
read_never(struct tn_stream *s, void *arg)
{
	int r = tn_stream_write(s, TN_SLICE("late"));

	if (r == 0)
		r = tn_stream_flush(s);
	if (r == 0)
		r = tn_sleep(200 * TN_MILLISECOND);
	return r < 0 ? r : -ECANCELED;
}

static void
test_write_sticks(void **state)
{
	for (int sockets = 0; sockets <= 1; sockets++) {
		struct talk t = { .client = &client_options,
			.server = &server_options, .client_main = write_late,
			.server_main = read_never, .sockets = sockets };

		talk_run(&t);
		CHECK_INT(t.client_result, -ETIMEDOUT); /* of its close */
	}
}

/* ---- what is agreed on ------------------------------------------------- */

static const struct agreement {
	const char *name;
	const char *client[4], *server[4];
	const char *agreed;
	const char *failure; /* the client's line */
} agreements[] = {
	{ "the server's first", { "a", "http/1.1", "h2" }, { "h2", "http/1.1" },
	    "h2", NULL },
	{ "one in common", { "x", "http/1.1" }, { "h2", "http/1.1" },
	    "http/1.1", NULL },
	{ "none asked for", { NULL }, { "h2" }, NULL, NULL },
	{ "none offered", { "h2" }, { NULL }, NULL, NULL },
	{ "a prefix is no match", { "h", "h22" }, { "h2" }, NULL,
	    "TLS to good.test: the peer speaks none of our protocols (ALPN)" },
};

static int
check_alpn(struct tn_stream *s, void *arg)
{
	const struct agreement *a = arg;
	struct tn_tls_info info;

	CHECK_INT(tn_tls_info(s, &info), 0);
	CHECK_TEXT(info.alpn == NULL ? "" : info.alpn,
	    a->agreed == NULL ? "" : a->agreed);
	return talk_ask(s, arg);
}

static void
test_alpn(void **state)
{
	const struct agreement *a = *state;
	struct tn_tls_options client = client_options, server = server_options;
	struct talk t = { .client = &client, .server = &server,
		.client_main = check_alpn, .arg = (void *)(uintptr_t)a };

	client.alpn = a->client;
	server.alpn = a->server;
	talk_run(&t);
	CHECK_TEXT(t.client_text, a->failure == NULL ? "" : a->failure);
}

static int
check_info(struct tn_stream *s, void *arg)
{
	struct tn_tls_info info;

	CHECK_INT(tn_tls_info(s, &info), 0);
	CHECK_TEXT(info.version, "TLSv1.3");
	CHECK(strncmp(info.cipher, "TLS_", 4) == 0);
	CHECK_TEXT(info.subject, "CN = good");
	CHECK_TEXT(info.issuer, "CN = test CA");
	CHECK_TEXT(info.names,
	    "DNS:good.test, DNS:*.wild.test, IP Address:192.0.2.1");
	CHECK_INT(strlen(info.fingerprint), 95);
	CHECK(info.verified && !info.resumed);
	CHECK_INT(info.not_after - info.not_before, 31 * 86400);
	CHECK_TEXT(info.server_name, "good.test");
	return talk_ask(s, arg);
}

static void
test_info(void **state)
{
	struct talk t = { .client = &client_options, .server = &server_options,
		.client_main = check_info };
	struct tn_stream *memory;
	struct tn_tls_info info;

	talk_well(&t);
	CHECK_INT(tn_stream_memory(TN_SLICE(""), &memory), 0);
	CHECK_ERROR(tn_tls_info(memory, &info), -EINVAL,
	    "TLS: this stream is in the clear");
	tn_stream_free(memory);
}

static int
check_subject(struct tn_stream *s, void *arg)
{
	struct tn_tls_info info;

	CHECK_INT(tn_tls_info(s, &info), 0);
	CHECK_TEXT(info.subject, arg);
	return talk_ask(s, arg);
}

static void
test_sni(void **state)
{
	struct tn_tls_certificate both[2] = { shown, shown_other };
	struct tn_tls_options server = server_options;
	struct talk t = { .client = &client_options, .server = &server,
		.client_main = check_subject };

	server.certificates = both;
	server.certificate_count = 2;
	t.host = "other.test";
	t.arg = (void *)(uintptr_t) "CN = other";
	talk_well(&t);
	t.host = "good.test."; /* the dot is no part of the certificate's */
	t.arg = (void *)(uintptr_t) "CN = good";
	talk_well(&t);
	t.host = "any.wild.test";
	talk_well(&t);
	t.host = "192.0.2.1"; /* names no host: the first */
	talk_well(&t);
}

/* ---- sessions ---------------------------------------------------------- */

static int
check_resumed(struct tn_stream *s, void *arg)
{
	struct tn_tls_info info;
	int r = talk_ask(s, NULL); /* tickets come with what is read */

	CHECK_INT(tn_tls_info(s, &info), 0);
	CHECK_INT(info.resumed, *(bool *)arg);
	CHECK_TEXT(info.subject, "CN = good");
	return r;
}

static void
test_resumption(void **state)
{
	for (int v = TN_TLS_1_2; v <= TN_TLS_1_3; v++) {
		struct tn_tls_options client = client_options;
		bool resumed = false;
		struct talk t = { .client_main = check_resumed,
			.arg = &resumed };

		client.version_max = (enum tn_tls_version)v;
		CHECK_INT(tn_tls_open(&client, &t.client_tls), 0);
		CHECK_INT(tn_tls_open(&server_options, &t.server_tls), 0);
		talk_well(&t);
		resumed = true;
		for (int i = 0; i < 5; i++)
			talk_well(&t);
		t.host = "x.wild.test"; /* another host is another session */
		resumed = false;
		talk_well(&t);
		t.host = NULL;

		/* The server's tickets outlive its reload. */
		CHECK_INT(tn_tls_reload(t.server_tls), 0);
		resumed = true;
		talk_well(&t);
		CHECK_INT(tn_tls_reload(t.client_tls), 0);
		resumed = false;
		talk_well(&t);
		tn_tls_free(t.client_tls);
		tn_tls_free(t.server_tls);
	}
}

static void
test_no_resumption(void **state)
{
	struct tn_tls_options server = server_options;
	bool resumed = false;
	struct talk t = { .client_main = check_resumed, .arg = &resumed };

	server.no_resumption = true;
	CHECK_INT(tn_tls_open(&client_options, &t.client_tls), 0);
	CHECK_INT(tn_tls_open(&server, &t.server_tls), 0);
	talk_well(&t);
	talk_well(&t);
	tn_tls_free(t.client_tls);
	tn_tls_free(t.server_tls);
}

/* ---- STARTTLS ---------------------------------------------------------- */

static void
test_starttls(void **state)
{
	struct tn_stream *ends[2];
	struct tn_slice line;

	CHECK_INT(tn_stream_pair(0, ends), 0);
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("STARTTLS\r\n")), 0);
	CHECK_INT(tn_stream_read_line(ends[1], TN_LINE_CRLF, 100, &line), 1);
	CHECK_INT(tn_tls_starttls_check(ends[1]), 0);
	CHECK_INT(tn_stream_write(ends[0],
	    TN_SLICE("STARTTLS\r\nRSET\r\n")), 0);
	CHECK_INT(tn_stream_read_line(ends[1], TN_LINE_CRLF, 100, &line), 1);
	CHECK_ERROR(tn_tls_starttls_check(ends[1]), TN_EPROTO,
	    "STARTTLS: 6 bytes came in the clear behind it, by whomever; this "
	    "connection must not be used");
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
}

/* What follows TLS in the stream below is left there. */
static int
after_client(void *arg)
{
	struct tn_stream *below = arg, *s;
	struct tn_tls *tls;

	CHECK_INT(tn_tls_open(&client_options, &tls), 0);
	CHECK_INT(tn_tls_client(below, tls, "good.test", &s), 0);
	tn_tls_free(tls);
	CHECK_INT(tn_stream_write(s, TN_SLICE("inside")), 0);
	CHECK_INT(tn_stream_close(s), 0);
	CHECK_INT(tn_stream_write(below, TN_SLICE("outside")), 0);
	return tn_stream_close(below);
}

static int
after_main(void *arg)
{
	struct tn_tls_options server = server_options;
	struct tn_stream *ends[2], *s;
	struct tn_group *group;
	struct tn_slice got;
	struct tn_tls *tls;

	/* The client does not wait for tickets. */
	server.no_resumption = true;
	CHECK_INT(tn_stream_pair(0, ends), 0);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go(group, after_client, ends[0]), 0);
	CHECK_INT(tn_tls_open(&server, &tls), 0);
	CHECK_INT(tn_tls_server(ends[1], tls, &s), 0);
	tn_tls_free(tls);
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	CHECK_INT(tn_stream_fill(s, 100, &got), 6);
	CHECK_SLICE(got, "inside");
	tn_stream_free(s);
	CHECK_INT(tn_stream_fill(ends[1], 100, &got), 7);
	CHECK_SLICE(got, "outside");
	return tn_stream_close(ends[1]);
}

static void
test_after(void **state)
{
	CHECK_INT(tn_run(after_main, NULL, NULL), 0);
}

/* TLS inside of TLS, as behind a proxy that speaks it. */
static int
inner_ask(struct tn_stream *s, void *arg)
{
	struct tn_stream *inner;
	struct tn_tls *tls;
	int r;

	CHECK_INT(tn_tls_open(&client_options, &tls), 0);
	r = tn_tls_client(s, tls, "any.wild.test", &inner);
	tn_tls_free(tls);
	if (r < 0)
		return r;
	r = talk_ask(inner, NULL);
	return r < 0 ? r : tn_stream_close(inner);
}

static int
inner_echo(struct tn_stream *s, void *arg)
{
	struct tn_stream *inner;
	struct tn_tls *tls;
	int r;

	CHECK_INT(tn_tls_open(&server_options, &tls), 0);
	r = tn_tls_server(s, tls, &inner);
	tn_tls_free(tls);
	if (r < 0)
		return r;
	r = talk_echo(inner, NULL);
	return r < 0 ? r : tn_stream_close(inner);
}

static void
test_twice(void **state)
{
	for (int sockets = 0; sockets <= 1; sockets++) {
		struct talk t = { .client = &client_options,
			.server = &server_options, .client_main = inner_ask,
			.server_main = inner_echo, .sockets = sockets };

		talk_well(&t);
	}
}

/* ---- one's own --------------------------------------------------------- */

#define BUECHER "b\xc3\xbc" "cher" /* xn--bcher-kva */

static void
test_self_signed(void **state)
{
	const char *const names[] = { "box.test", "192.0.2.7",
		tn_has("idna") ? BUECHER ".test" : "xn--bcher-kva.test", NULL };
	static const char *const hosts[] = { "localhost", "127.0.0.1", "::1",
		"box.test", "192.0.2.7", "Box.Test.", "xn--bcher-kva.test",
		BUECHER ".test", ("B\xc3\x9c" "CHER.test.") };
	struct tn_buffer cert = { 0 }, key = { 0 };
	char fingerprint[TN_TLS_FINGERPRINT_MAX];
	struct tn_tls_certificate own;
	struct tn_tls_options client = { 0 }, server = server_options;
	struct talk t = { .client = &client };

	CHECK_INT(tn_tls_self_signed(names, 0, &cert, &key), 0);
	client.ca_pem = own.cert_pem = tn_buffer_slice(&cert);
	own = (struct tn_tls_certificate){ .cert_pem = tn_buffer_slice(&cert),
		.key_pem = tn_buffer_slice(&key) };
	server.certificates = &own;
	CHECK_INT(tn_tls_open(&server, &t.server_tls), 0);
	CHECK_INT(tn_tls_fingerprint(t.server_tls, fingerprint), 0);
	CHECK_INT(strlen(fingerprint), 95);
	for (size_t i = 0; i < TN_COUNT(hosts) - (tn_has("idna") ? 0 : 2);
	     i++) {
		t.host = hosts[i];
		talk_well(&t);
	}
	tn_tls_free(t.server_tls);
	tn_buffer_free(&cert);
	tn_buffer_free(&key);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_close_notify),
		cmocka_unit_test(test_write_sticks),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_sni),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_no_resumption),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_after),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_self_signed),
	};
	int failed;

	make_certificates(NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL) +
	    CHECK_ROWS(agreements, test_alpn);
	free_certificates(NULL);
	return failed;
}
