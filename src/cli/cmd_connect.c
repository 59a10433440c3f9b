/* tenon connect: a wire from the terminal to a server. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/resolve.h>
#include <tenon/run.h>

#include "cli/wiring.h"

/* ---- options ------------------------------------------------------------ */

static struct {
	const char *source, *servername;
	bool tls, insecure, four, six;
	int64_t timeout_ms;

	char address[WIRING_ADDRESS_SIZE]; /* without "tls:" */
	struct tn_endpoint parts;
	struct tn_address from; /* --source */
} call;

static const struct cli_option connect_options[] = {
	{ .argument = "ADDRESS", .list = &wiring.words, .required = true,
	    .help = "whom to talk to: HOST PORT, HOST:PORT, tls:HOST:PORT, "
		    "udp:HOST:PORT, unix:/PATH or unixgram:/PATH; 9000 alone "
		    "is 127.0.0.1:9000" },
	WIRING_OPTIONS,
	{ .name = "timeout", .letter = 't', .argument = "TIME",
	    .span_ms = &call.timeout_ms, .fallback = "30s",
	    .help = "how long to wait until it is connected, TLS included" },
	{ .name = "source", .letter = 's', .argument = "ADDRESS",
	    .text = &call.source,
	    .help = "an address of this machine to come from: IP, IP:PORT or "
		    ":PORT" },
	{ .name = "ipv4", .letter = '4', .flag = &call.four,
	    .help = "only by IPv4" },
	{ .name = "ipv6", .letter = '6', .flag = &call.six,
	    .help = "only by IPv6" },
	{ .name = "tls", .flag = &call.tls,
	    .help = "speak TLS, as tls: before the address" },
	{ .name = "servername", .argument = "NAME", .text = &call.servername,
	    .help = "the name to ask for and to check the certificate for, "
		    "instead of HOST" },
	{ .name = "ca", .argument = "FILE", .text = &wiring.ca,
	    .help = "trust the certificates in FILE, and no others" },
	{ .name = "insecure", .flag = &call.insecure,
	    .help = "check no certificate: whoever stands between reads and "
		    "writes everything" },
	{ .name = "cert", .argument = "FILE", .text = &wiring.cert,
	    .help = "show the certificate in FILE" },
	WIRING_TLS_OPTIONS,
	{ 0 },
};

static const struct cli_example connect_examples[] = {
	{ "tenon connect example.org 25 --crlf", "Talk to a mail server." },
	{ "tenon connect tls:example.org:443 -v",
	    "And who is there, by which certificate." },
	{ "tenon connect 192.0.2.7:9000 < backup.tar",
	    "Send a file; to receive one, write > FILE." },
	{ "tenon connect --raw localhost:2323",
	    "Every key at once; Control and ] leave." },
	{ 0 },
};

/* ---- what the options say ----------------------------------------------- */

/* "IP", "IP:PORT", ":PORT", "[V6]:PORT". */
static int
connect_source(void)
{
	static const struct tn_ip four = { { 0 }, 4, "" },
				  six = { { 0 }, 6, "" };
	struct tn_ip ip = call.six ? six : four;
	struct tn_endpoint e = { .port = "" };
	uint64_t port = 0;
	int r = 0;

	if (call.source == NULL)
		return 0;
	if (call.parts.local)
		return tn_error_set(-EINVAL, "--source is about IP, and this "
		    "address is a path");
	if (tn_ip_parse(tn_slice_str(call.source), &ip) < 0) {
		r = tn_endpoint_parse(call.source, &e);
		if (r < 0)
			return tn_error_prefix("--source");
		if (e.host[0] != '\0')
			r = tn_ip_parse(tn_slice_str(e.host), &ip);
		if (r == 0 && e.port[0] != '\0')
			r = tn_parse_uint(tn_slice_str(e.port), UINT16_MAX,
			    &port);
	}
	if (r < 0)
		return tn_error_set(-EINVAL, "--source: write an address of "
		    "this machine as IP, IP:PORT or :PORT, in numbers");
	return tn_address_from_ip(&ip, (uint16_t)port, &call.from);
}

static int
connect_check(void)
{
	int r = wiring_address("", call.address, &call.parts, &call.tls);

	if (r == 0)
		r = wiring_check();
	if (r == 0 && call.four && call.six)
		r = tn_error_set(-EINVAL, "--ipv4 and --ipv6 leave nothing");
	if (r == 0 && !call.tls &&
	    (call.servername != NULL || wiring.ca != NULL || call.insecure ||
		wiring.cert != NULL || wiring.alpn != NULL ||
		wiring.keylog != NULL))
		r = tn_error_set(-EINVAL, "options about certificates need "
		    "--tls, or tls: before the address");
	if (r == 0 && call.tls && call.servername == NULL &&
	    (call.parts.local || call.parts.host[0] == '\0'))
		r = tn_error_set(-EINVAL, "TLS needs the name of the other "
		    "side; see --servername");
	return r < 0 ? r : connect_source();
}

static int
connect_family(void)
{
	return call.four ? AF_INET : call.six ? AF_INET6 : AF_UNSPEC;
}

/* ---- streams ------------------------------------------------------------ */

static int
connect_tls(struct tn_stream **stream)
{
	const struct tn_tls_certificate shown = { .cert_file = wiring.cert,
		.key_file = wiring.key };
	struct tn_tls_options options = {
		.certificates = &shown,
		.certificate_count = wiring.cert != NULL,
		.handshake_ms = -1, /* --timeout is over all of it */
		.insecure_accept_any_certificate = call.insecure,
	};
	TN_CLEANUP(tn_tls_freep) struct tn_tls *tls = NULL;
	struct tn_stream *secure;
	int r = wiring_tls_open(&options, &tls);

	if (r < 0)
		return r;
	r = tn_tls_client_take(*stream, tls,
	    call.servername != NULL ? call.servername : call.parts.host,
	    &secure);
	if (r < 0)
		return r;
	*stream = secure;
	return 0;
}

static int
connect_stream(struct tn_stream **ret)
{
	const struct tn_dial_options options = {
		.timeout_ms = -1,
		.connect = {
			.family = connect_family(),
			.source = call.source != NULL ? &call.from : NULL,
		},
	};
	TN_CLEANUP(tn_stream_freep) struct tn_stream *stream = NULL;
	int r = tn_dial(call.address, &options, &stream);

	if (r == 0 && call.tls)
		r = connect_tls(&stream);
	if (r < 0)
		return r;
	*ret = TN_TAKE(stream);
	return 0;
}

/* Whom it is with, once connected. */
static void
connect_peer(const struct tn_socket *socket, struct wiring_peer *ret)
{
	struct tn_address address;

	ret->since = tn_now();
	if (tn_socket_getpeername(socket, &address) < 0)
		snprintf(ret->name, sizeof(ret->name), "%s", call.address);
	else
		wiring_format(&address, call.tls, wiring.udp, ret->name);
}

static int
connect_talk(struct tn_stream *stream)
{
	const struct tn_socket *socket = tn_stream_socket(stream);
	struct wiring_peer peer;
	struct wiring_ends ends;
	int r;

	connect_peer(socket, &peer);
	wiring_say_connected(&peer, socket, stream);
	r = wiring_ends_open(&ends);
	if (r < 0) {
		tn_stream_free(stream);
		return r;
	}
	r = wiring_talk(&ends, stream, &peer, false);
	wiring_ends_close(&ends);
	return r;
}

/* ---- datagrams ---------------------------------------------------------- */

/* A socket that sends to this address and hears nobody else. */
static int
connect_datagrams_to(const struct tn_address *to, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	/* Unix answers need a name too; the kernel finds one. */
	struct tn_address any = { .size = sizeof(sa_family_t) };
	int family = to->storage.ss_family;
	int r = tn_socket_open(family, SOCK_DGRAM, 0, &s);

	any.storage.ss_family = AF_UNIX;
	if (r == 0 && family == AF_UNIX)
		r = tn_socket_bind(s, &any);
	else if (r == 0 && call.source != NULL)
		r = tn_socket_bind(s, &call.from);
	if (r == 0)
		r = tn_socket_connect(s, to);
	if (r < 0)
		return r;
	*ret = TN_TAKE(s);
	return 0;
}

static int
connect_datagrams(struct tn_socket **ret)
{
	const struct tn_endpoint *e = &call.parts;
	struct tn_address to;
	int r;

	if (e->local)
		r = tn_address_from_path(tn_slice_str(e->host), &to);
	else
		r = tn_net_getaddrinfo(e->host, e->port,
		    call.source != NULL ? call.from.storage.ss_family :
					  connect_family(),
		    e->type, false, &to, 1);
	return r < 0 ? r : connect_datagrams_to(&to, ret);
}

static int
connect_talk_datagrams(struct tn_socket *socket)
{
	struct app_wire_datagrams wire = {
		.socket = socket,
		.linger_ms = wiring.linger_ms,
	};
	struct wiring_peer peer;
	struct wiring_ends ends;
	int r;

	connect_peer(socket, &peer);
	wiring_say_connected(&peer, socket, NULL);
	r = wiring_ends_open(&ends);
	if (r < 0)
		return r;
	r = wiring_talk_datagrams(&ends, &peer, &wire);
	wiring_ends_close(&ends);
	return r;
}

/* ---- running ------------------------------------------------------------ */

static int
connect_main(void *arg)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *socket = NULL;
	struct tn_stream *stream = NULL;
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, call.timeout_ms < 0 ? TN_NEVER :
	    tn_after(call.timeout_ms * TN_MILLISECOND));
	r = wiring.udp ? connect_datagrams(&socket) : connect_stream(&stream);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		return tn_error_prefix("no connection within %lld ms",
		    (long long)call.timeout_ms);
	if (r < 0)
		return r;
	return wiring.udp ? connect_talk_datagrams(socket) :
			    connect_talk(stream);
}

static int
connect_run(void)
{
	int signal, r;

	wiring.verb = "connect";
	if (connect_check() < 0)
		return cli_usage("connect");
	r = wiring_run(connect_main, NULL, &signal);
	/* Whoever started it shall see what ended it. */
	if (signal != 0)
		raise(signal);
	return r < 0 ? wiring_fail(r) : CLI_DONE;
}

const struct cli_verb cli_verb_connect = {
	.name = "connect",
	.group = "Try a connection",
	.summary = "a wire to a server: what is typed goes, what comes is shown",
	.about =
	    "Sends what standard input holds and writes to standard output what "
	    "comes back. The end of the input is told to the other side, and "
	    "it is over when that is done too; on a terminal, as soon as it is. "
	    "What goes to a terminal is shown so that it cannot harm it, unless "
	    "--raw asks for it as it is; elsewhere every byte is as it came.\n"
	    "\n"
	    "With TLS the certificate is checked against those this system "
	    "trusts and the name of the host. Datagrams have no end: a second "
	    "after the input has ended and nothing more comes, it is over.\n"
	    "\n"
	    "All it says itself goes to standard error.",
	.options = connect_options,
	.examples = connect_examples,
	.run = connect_run,
};
