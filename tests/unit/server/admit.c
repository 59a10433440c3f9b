/* Who comes in: clients that a proxy names, and so many of each address.  The
 * server is a process of its own, since a forking one has to be alone in it,
 * and shows its counters in memory that it shares with the test. */
#include <sys/mman.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include "server/server.h"
#include "unit/server/check.h"

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

static struct shown {
	struct tn_server_counters counters;
	size_t peers; /* rows in use */
	int warnings;
	char warning[512];
} *shown;

/* ---- a server that says who asks --------------------------------------- */

/* Then it says what it hears. */
static int
handle_peer(struct tn_request *rq)
{
	char text[TN_ADDRESS_TEXT_MAX];
	int r = tn_stream_printf(rq->stream, "%s\n",
	    tn_address_format(&rq->peer, text));

	return r < 0 ? r : check_echo_idle(rq);
}

static bool
verify_peer(struct tn_server *server, const struct tn_address *peer)
{
	char text[TN_ADDRESS_TEXT_MAX];

	return strcmp(tn_address_format(peer, text), "192.0.2.66:666") != 0;
}

/* A child's memory is its own, so what it counts is not shown. */
static void
show(struct tn_server *server)
{
	tn_server_counters(server, &shown->counters);
	pthread_mutex_lock(&server->peers.lock);
	shown->peers = server->peers.used;
	pthread_mutex_unlock(&server->peers.lock);
	atomic_store(&server->proxy_logged, 0);
	atomic_store(&server->peer_logged, 0);
}

static void
log_warning(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	if (level < TN_LOG_WARNING)
		return;
	snprintf(shown->warning, sizeof(shown->warning), "%s: %s %s", event,
	    fields[0].value, fields[1].value);
	shown->warnings++;
}

static void
start(struct check_process *p, const struct kind *kind,
    struct tn_server_options options)
{
	memset(shown, 0, sizeof(*shown));
	options.kind = kind->kind;
	options.loops = kind->loops;
	options.handle = handle_peer;
	options.verify_request = verify_peer;
	options.service_actions = show;
	options.poll_ms = 5;
	tn_log_set(log_warning, NULL);
	check_process_start(p, &options);
	tn_log_set(NULL, NULL);
}

static const char *
own_name(int fd)
{
	struct tn_address own = { .size = sizeof(own.storage) };
	char text[TN_ADDRESS_TEXT_MAX];

	CHECK_INT(getsockname(fd, (struct sockaddr *)&own.storage, &own.size),
	    0);
	return check_printf("%s", tn_address_format(&own, text));
}

/* ---- behind a proxy ---------------------------------------------------- */

#define V2 "\r\n\r\n\0\r\nQUIT\n"

static const struct header {
	const char *name;
	struct tn_slice bytes;
	const char *peer;  /* NULL: the proxy's own */
	const char *error; /* it is closed, and the log says so */
	bool silent;       /* it is closed, and nothing is said */
} headers[] = {
	{ "v1", TN_SLICE("PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n"),
	    "192.0.2.1:1000", NULL, false },
	{ "v1, IPv6", TN_SLICE("PROXY TCP6 2001:db8::1 ::1 1000 80\r\n"),
	    "[2001:db8::1]:1000", NULL, false },
	{ "v1, unknown", TN_SLICE("PROXY UNKNOWN\r\n"), NULL, NULL, false },
	{ "v2", TN_SLICE(V2 "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\3\xe8\0\x50"),
	    "192.0.2.1:1000", NULL, false },
	{ "v2, local", TN_SLICE(V2 "\x20\0\0\0"), NULL, NULL, false },
	{ "none", TN_SLICE("GET / HTTP/1.1\r\n\r\n"), NULL,
	    "PROXY header: there is none, where one has to be", false },
	{ "bad", TN_SLICE("PROXY TCP4 192.0.2.1 192.0.2.2 1000 65536\r\n"),
	    NULL, "PROXY header: a port that is none", false },
	{ "cut off", TN_SLICE("PROXY TCP4 192.0.2.1"), NULL,
	    "PROXY header: the connection ended within it", false },
	{ "only a look", TN_SLICE(""), NULL, NULL, true },
	{ "refused", TN_SLICE("PROXY TCP4 192.0.2.66 192.0.2.2 666 80\r\n"),
	    NULL, NULL, true },
};

/* Whole and with what follows it in one packet, or byte by byte. */
static int
call_proxied(const struct check_process *p, struct tn_slice header,
    bool dribble)
{
	int fd = check_call(&p->at);

	/* It may be sent away before it has said all. */
	for (size_t i = 0; dribble && i < header.len; i++) {
		if (send(fd, &header.data[i], 1, MSG_NOSIGNAL) < 0)
			break;
		usleep(200);
	}
	if (!dribble && header.len > 0)
		CHECK_INT(send(fd, header.data, header.len,
		    MSG_NOSIGNAL | MSG_MORE), header.len);
	return fd;
}

/* Once it is over. */
static void
check_counted(const struct header *h, const struct tn_server_counters *before,
    int warnings, const char *proxy)
{
	const struct tn_server_counters *c = &shown->counters;
	bool served = h->error == NULL && !h->silent;

	bool verify = h->silent && h->bytes.len > 0;

	CHECK_SOON(c->accepted == before->accepted + 1 &&
	    c->total == before->total + served &&
	    c->refused_proxy == before->refused_proxy + (h->error != NULL) &&
	    c->refused_verify == before->refused_verify + verify &&
	    c->active == 0);
	CHECK_INT(shown->warnings - warnings, h->error != NULL);
	if (h->error != NULL)
		CHECK_TEXT(shown->warning,
		    check_printf("server.proxy: %s %s", proxy, h->error));
}

static void
check_header(const struct check_process *p, const struct header *h,
    bool dribble)
{
	struct tn_server_counters before = shown->counters;
	int warnings = shown->warnings, fd;
	const char *own;

	fd = call_proxied(p, h->bytes, dribble);
	own = own_name(fd);
	if (h->error == NULL && !h->silent) {
		check_say(fd, "me");
		check_hear(fd, check_printf("%s\nme",
		    h->peer == NULL ? own : h->peer));
	}
	(void)shutdown(fd, SHUT_WR);
	check_hear_end(fd);
	check_counted(h, &before, warnings, own);
}

static void
test_proxied(void **state)
{
	const struct kind *kind = *state;
	struct check_process p;

	start(&p, kind, (struct tn_server_options){
		.proxy_from = "127.0.0.0/8", .peer_connections_max = 1 });
	for (size_t i = 0; i < 2 * TN_COUNT(headers); i++) {
		check_header(&p, &headers[i / 2], i % 2 == 1);
		usleep(20000); /* the log may speak again */
	}
	CHECK_INT(shown->peers, 0);
	check_process_stop(&p);
}

/* A proxy that says nothing is sent away, and keeps nobody else from being
 * heard unless one is served at a time. */
static void
test_proxy_silent(void **state)
{
	const struct kind *kind = *state;
	tn_time began = tn_now();
	struct check_process p;
	int silent, fd;

	start(&p, kind, (struct tn_server_options){
		.proxy_from = "127.0.0.1", .proxy_ms = 200 });
	silent = check_call(&p.at);
	CHECK_SOON(shown->counters.active == 1);
	fd = call_proxied(&p, headers[0].bytes, false);
	check_say(fd, "me");
	check_hear(fd, "192.0.2.1:1000\nme");
	if (kind->kind != TN_SERVER_SERIAL)
		CHECK(check_ms_since(began) < 200);
	check_hear_end(silent); /* while the other one's child is there */
	CHECK(check_ms_since(began) >= 200);
	close(fd);
	CHECK_SOON(shown->counters.active == 0);
	CHECK(strstr(shown->warning, "PROXY header: it did not come within "
	    "200 ms (proxy_ms)") != NULL);
	check_process_stop(&p);
}

/* From others it is no header: who speaks the protocol hears it. */
static void
test_proxy_untrusted(void **state)
{
	struct check_process p;
	int fd;

	start(&p, *state, (struct tn_server_options){
		.proxy_from = "10.0.0.0/8, ::1, unix" });
	fd = call_proxied(&p, TN_SLICE("PROXY UNKNOWN\r\n"), false);
	check_say(fd, "me");
	check_hear(fd, check_printf("%s\nPROXY UNKNOWN\r\nme", own_name(fd)));
	close(fd);
	check_process_stop(&p);
}

/* The drain knows whose bytes those were. */
static void
test_proxy_drain(void **state)
{
	struct check_process p;
	tn_time began;
	int fds[2];

	start(&p, *state,
	    (struct tn_server_options){ .proxy_from = "127.0.0.1",
		.drain_ms = 8000,
		.proxy_ms = 8000,
		.connections_max = 10 });
	fds[0] = call_proxied(&p, headers[0].bytes, true);
	check_hear(fds[0], "192.0.2.1:1000\n"); /* idle */
	fds[1] = check_call(&p.at);             /* without a header */
	usleep(20000);
	began = tn_now();
	check_process_shutdown(&p);
	check_hear_end(fds[0]);
	check_hear_end(fds[1]);
	check_process_end(&p);
	CHECK(check_ms_since(began) < 5000);
}

static void
test_proxy_datagrams(void **state)
{
	const struct tn_server_options options = { .address = "udp:127.0.0.1:0",
		.proxy_from = "10.0.0.0/8" };
	const struct tn_server_options wrong = { .proxy_from = "10.0.0.1/8" };
	struct tn_server *server;

	CHECK_ERROR(tn_server_open(&options, &server), -EINVAL, "server: "
	    "proxy_from is for streams; no header is read from datagrams");
	CHECK_INT(tn_server_open(&wrong, &server), -EINVAL);
	CHECK(strncmp(tn_error_text(), "server: proxy_from: network "
	    "\"10.0.0.1/8\": ", 40) == 0);
}

/* ---- so many of each address ------------------------------------------- */

static int
call_from(const struct check_process *p, const char *client)
{
	char line[128];

	snprintf(line, sizeof(line), "PROXY TCP%c %s %s 1 2\r\n",
	    strchr(client, ':') == NULL ? '4' : '6', client, client);
	return call_proxied(p, tn_slice_str(line), true);
}

static void
check_welcome(int fd)
{
	check_say(fd, "x");
	CHECK_INT(recv(fd, &(char){ 0 }, 1, MSG_WAITALL), 1);
}

static void
test_peers(void **state)
{
	const struct kind *kind = *state;
	struct check_process p;
	int fds[3];

	if (kind->kind == TN_SERVER_SERIAL)
		return; /* one at a time is never two */
	start(&p, kind,
	    (struct tn_server_options){ .peer_connections_max = 2 });
	for (int i = 0; i < 3; i++) {
		fds[i] = check_call(&p.at);
		if (i < 2)
			check_welcome(fds[i]);
	}
	check_hear_end(fds[2]);
	CHECK_SOON(shown->counters.refused_peer == 1);
	CHECK(strstr(shown->warning, "server.peer_limit: 127.0.0.1:") != NULL);
	CHECK(strstr(shown->warning, " it has 2 connections already "
	    "(peer_connections_max)") != NULL);
	CHECK_INT(shown->peers, 1);
	close(fds[0]);
	CHECK_SOON(shown->counters.active == 1);
	fds[0] = check_call(&p.at);
	check_welcome(fds[0]);
	close(fds[0]);
	close(fds[1]);
	CHECK_SOON(shown->counters.active == 0);
	CHECK_SOON(shown->peers == 0);
	check_process_stop(&p);
}

/* Behind a proxy its clients count, and it does not. */
static void
test_peers_proxied(void **state)
{
	static const struct {
		const char *client;
		bool welcome;
	} rows[] = {
		{ "192.0.2.1", true },
		{ "192.0.2.1", false },
		{ "192.0.2.2", true },
		{ "2001:db8::1", true },
		{ "2001:db8::2", false }, /* the same /64 */
		{ "2001:db8:0:1::1", true },
		{ "::ffff:192.0.2.2", false },
	};
	const struct kind *kind = *state;
	struct check_process p;
	int fds[TN_COUNT(rows)];

	if (kind->kind == TN_SERVER_SERIAL)
		return;
	start(&p, kind, (struct tn_server_options){
		.proxy_from = "127.0.0.1", .peer_connections_max = 1 });
	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		fds[i] = call_from(&p, rows[i].client);
		if (rows[i].welcome)
			check_welcome(fds[i]);
		else
			check_hear_end(fds[i]);
	}
	CHECK_SOON(shown->counters.refused_peer == 3);
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (rows[i].welcome)
			close(fds[i]);
	CHECK_SOON(shown->counters.active == 0);
	CHECK_SOON(shown->peers == 0);
	check_process_stop(&p);
}

/* ---- the table --------------------------------------------------------- */

/* As many addresses as there are, twice over, in another order; then none, and
 * the table is small again. */
static void
test_table(void **state)
{
	const uint64_t count = 50000;
	struct tn__peers peers = { 0 };

	tn__peers_init(&peers, 2);
	for (uint64_t i = 0; i < count; i++)
		CHECK_INT(tn__peers_enter(&peers, i << 32), 0);
	CHECK_INT(peers.used, count);
	for (uint64_t i = count; i-- > 0;)
		CHECK_INT(tn__peers_enter(&peers, i << 32), 0);
	CHECK_INT(peers.used, count);
	CHECK(peers.cap <= 4 * count);
	for (uint64_t i = 0; i < count; i++)
		CHECK_INT(tn__peers_enter(&peers, i << 32), TN_ELIMIT);
	for (uint64_t i = 0; i < 2 * count; i++) {
		tn__peers_leave(&peers, (i * 7919 % count) << 32);
		if (i % count == count / 2) /* still the same row */
			CHECK_INT(tn__peers_enter(&peers, UINT64_MAX), 0);
	}
	CHECK_INT(peers.used, 1);
	CHECK(peers.cap < 200);
	tn__peers_destroy(&peers);
}

/* ---- bytes ------------------------------------------------------------- */

/* Counted while it runs, and no more than once when it has ended. */
static void
test_bytes(void **state)
{
	const struct kind *kind = *state;
	struct tn_server_counters *c = &shown->counters;
	bool told = kind->kind != TN_SERVER_FORKING;
	long long in, out;
	struct check_process p;
	int fd;

	start(&p, kind, (struct tn_server_options){ 0 });
	for (int i = 0; i < 3; i++) {
		fd = check_call(&p.at);
		in = c->bytes_read;
		out = c->bytes_written;
		check_say(fd, "12345");
		check_hear(fd, check_printf("%s\n12345", own_name(fd)));
		in += told ? 5 : 0;
		out += told ? 6 + (long long)strlen(own_name(fd)) : 0;
		CHECK_SOON(c->bytes_read == in && c->bytes_written == out &&
		    c->active == 1);
		close(fd);
		CHECK_SOON(c->active == 0);
		CHECK_INT(c->bytes_read, in);
		CHECK_INT(c->bytes_written, out);
	}
	check_process_stop(&p);
}

int
main(void)
{
	static char names[64][64];
	static const struct {
		const char *name;
		CMUnitTestFunction test;
	} rows[] = {
		{ "a proxy's header", test_proxied },
		{ "a silent proxy", test_proxy_silent },
		{ "who is no proxy", test_proxy_untrusted },
		{ "drained behind a proxy", test_proxy_drain },
		{ "so many of an address", test_peers },
		{ "so many of a client", test_peers_proxied },
		{ "bytes", test_bytes },
	};
	struct CMUnitTest tests[TN_COUNT(rows) * TN_COUNT(kinds) + 2] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_proxy_datagrams),
	};
	size_t n = 2;

	shown = mmap(NULL, sizeof(*shown), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shown != MAP_FAILED);
	for (; n < TN_COUNT(tests); n++) {
		size_t row = (n - 2) / TN_COUNT(kinds);
		const struct kind *kind = &kinds[(n - 2) % TN_COUNT(kinds)];

		snprintf(names[n], sizeof(names[n]), "%s: %s", rows[row].name,
		    kind->name);
		tests[n].name = names[n];
		tests[n].test_func = rows[row].test;
		tests[n].initial_state = (void *)(uintptr_t)kind;
	}
	return cmocka_run_group_tests_name("server/admit", tests, NULL, NULL);
}
