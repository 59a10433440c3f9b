/* The echo servers and a hostile peer, in a simulated network: hostile.h has
 * the peer's script.  One serves connections, one datagrams; whoever else asks
 * hears what they asked. */
#include <errno.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include <tenon/server.h>
#include <tenon/sim.h>

#include "app/echo.h"
#include "fuzz/hostile.h"

static struct tn_server *serving;

/* ---- the servers ------------------------------------------------------- */

static int
serve_datagrams(void *arg)
{
	const struct tn_server_options options = { .address = "udp::7",
		.handle = app_echo_handle };
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server);

	return r < 0 ? r : tn_server_serve_forever(server);
}

static int
serve_connections(void *arg)
{
	const struct tn_server_options options = {
		.address = ":80",
		.handle = app_echo_handle,
		.connections_max = 6,
		.idle_ms = 60000,
		.rate_min = 500,
	};
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server);

	if (r < 0)
		return r;
	serving = server;
	r = tn_server_serve_forever(server);
	serving = NULL;
	return r;
}

static int
main_server(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r = tn_group_open(&group);

	if (r == 0)
		r = tn_go(group, serve_datagrams, NULL);
	if (r == 0)
		r = tn_go(group, serve_connections, NULL);
	return r < 0 ? r : tn_group_wait(group);
}

/* ---- somebody who asks ------------------------------------------------- */

#define QUESTION "is anybody there?"

static int
ask_stream(void)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	char said[sizeof(QUESTION) - 1];
	int r = tn_dial("server.test:80", NULL, &s);

	if (r == 0)
		r = tn_stream_write(s, TN_SLICE(QUESTION));
	if (r == 0)
		r = tn_stream_read_exact(s, said, sizeof(said));
	if (r == 0)
		assert(memcmp(said, QUESTION, sizeof(said)) == 0);
	return r == 0 ? tn_stream_close(TN_TAKE(s)) : r;
}

static int
ask_datagram(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address to;
	char said[64];
	struct tn_ip ip;
	ssize_t n;
	int r = tn_ip_parse(tn_slice_str(HOSTILE_SERVER_ADDRESS), &ip);

	if (r == 0)
		r = tn_address_from_ip(&ip, 7, &to);
	if (r == 0)
		r = tn_socket_open(AF_INET, SOCK_DGRAM, 0, &s);
	if (r == 0)
		r = tn_socket_connect(s, &to);
	if (r < 0)
		return r;
	n = tn_socket_send(s, QUESTION, sizeof(QUESTION), 0);
	if (n >= 0)
		n = tn_socket_recv(s, said, sizeof(said), 0);
	if (n >= 0)
		assert(n == sizeof(QUESTION) &&
		    memcmp(said, QUESTION, sizeof(QUESTION)) == 0);
	return n < 0 ? (int)n : 0;
}

static int
ask(void)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(1800 * TN_SECOND));
	r = ask_stream();
	if (r == 0)
		r = ask_datagram();
	tn_scope_close(&scope);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct hostile_setup setup = {
		.main_server = main_server,
		.server = &serving,
		.ask = ask,
	};

	hostile_run(&setup, tn_slice(bytes, size));
	return 0;
}
