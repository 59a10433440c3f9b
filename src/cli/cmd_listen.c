/* tenon listen: a wire from whoever connects to the terminal, or to a
 * program. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <tenon/channel.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "cli/listen_program.h"
#include "cli/wiring.h"

/* ---- options ------------------------------------------------------------ */

#define LISTEN_MANY_MAX 256
#define LISTEN_PAUSE (100 * TN_MILLISECOND) /* when nobody can be let in */

static struct {
	const char *tls;
	struct cli_list program;
	bool keep;
	int64_t many, timeout_ms;

	char address[WIRING_ADDRESS_SIZE];
	struct tn_endpoint parts;
} listener;

static const struct cli_option listen_options[] = {
	{ .argument = "ADDRESS", .list = &wiring.words,
	    .help = "where to listen: PORT, HOST PORT, HOST:PORT, :PORT for "
		    "every address of this machine, udp:HOST:PORT, unix:/PATH "
		    "or unixgram:/PATH; 9000 alone is 127.0.0.1:9000, and "
		    "without one it is a free port there" },
	WIRING_OPTIONS,
	{ .name = "timeout", .letter = 't', .argument = "TIME",
	    .span_ms = &listener.timeout_ms, .fallback = "never",
	    .help = "how long to wait for somebody to connect" },
	{ .name = "keep", .letter = 'k', .flag = &listener.keep,
	    .help = "wait for the next one when one is done" },
	{ .name = "many", .letter = 'm', .argument = "N",
	    .number = &listener.many, .min = 1, .max = LISTEN_MANY_MAX,
	    .help = "with --exec: serve up to N at once, and keep on" },
	{ .name = "tls", .argument = "CERT,KEY", .text = &listener.tls,
	    .help = "speak TLS with the certificate and the key in these "
		    "files, or in one; auto makes one up, and says its "
		    "fingerprint" },
	{ .name = "ca", .argument = "FILE", .text = &wiring.ca,
	    .help = "let in only who shows a certificate that those in FILE "
		    "vouch for" },
	{ .name = "alpn", .argument = "NAME,...", .text = &wiring.alpn,
	    .help = "protocols to agree on one of, best first" },
	{ .name = "keylog", .argument = "FILE", .text = &wiring.keylog,
	    .help = "add the keys of connections to FILE, for who looks at "
		    "the wire" },
	{ .name = "exec", .letter = 'e', .argument = "COMMAND [ARG...]",
	    .list = &listener.program, .rest = true,
	    .help = "run a program with the connection as its standard input "
		    "and output; the words behind it are its own, and no shell "
		    "sees them" },
	{ 0 },
};

static const struct cli_example listen_examples[] = {
	{ "tenon listen 9000", "Talk to who connects to this machine." },
	{ "tenon listen :9000 > backup.tar",
	    "Receive a file from another machine." },
	{ "tenon listen 9000 --many 10 --exec cat",
	    "An echo server, for up to ten at once." },
	{ "tenon listen 9000 --tls auto -k", "The same wire, encrypted." },
	{ 0 },
};

static int
listen_check(void)
{
	bool tls = listener.tls != NULL;
	int r = wiring_address("0", listener.address, &listener.parts, &tls);

	if (r == 0)
		r = wiring_check();
	if (r == 0 && tls && listener.tls == NULL)
		r = tn_error_set(-EINVAL, "tls: before an address needs a "
		    "certificate; see --tls");
	if (r == 0 && !tls && (wiring.ca != NULL || wiring.alpn != NULL ||
		wiring.keylog != NULL))
		r = tn_error_set(-EINVAL, "--ca, --alpn and --keylog need "
		    "--tls");
	if (r == 0 && listener.many > 0 && listener.program.count == 0)
		r = tn_error_set(-EINVAL, "--many needs --exec: a terminal "
		    "talks to one at a time, with --keep to one after another");
	if (r == 0 && listener.program.count > 0 && (wiring.udp ||
		wiring.lines || wiring.crlf || wiring.raw))
		r = tn_error_set(-EINVAL, "--exec goes with a stream as it is: "
		    "not with --udp, --line, --crlf or --raw");
	if (r == 0 && tls && listener.tls[strcspn(listener.tls, ",")] == ',' &&
	    listener.tls[strcspn(listener.tls, ",") + 1] == '\0')
		r = tn_error_set(-EINVAL, "--tls: write auto, or the file of "
		    "the certificate and, behind a comma, that of its key");
	return r;
}

/* ---- TLS ---------------------------------------------------------------- */

static int
listen_tls_open(const struct tn_tls_certificate *shown, struct tn_tls **ret)
{
	struct tn_tls_options options = {
		.server = true,
		.certificates = shown,
		.certificate_count = 1,
		.ask = wiring.ca != NULL ? TN_TLS_ASK_REQUIRE : TN_TLS_ASK_NOT,
	};

	return wiring_tls_open(&options, ret);
}

static int
listen_tls_from_files(struct tn_tls **ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer cert = { 0 };
	struct tn_slice rest = tn_slice_str(listener.tls);
	struct tn_tls_certificate shown = { 0 };
	int r = tn_buffer_append(&cert, tn_slice_split(&rest, ','));

	if (r < 0)
		return r;
	shown.cert_file = cert.data;
	shown.key_file = rest.data; /* ends where the option does */
	return listen_tls_open(&shown, ret);
}

/* For this machine's name, and what it listens at. */
static int
listen_tls_auto(struct tn_tls **ret)
{
	struct tn_buffer cert = { 0 }, key = { 0 };
	const char *names[3] = { NULL };
	struct utsname machine;
	size_t count = 0;
	int r;

	if (uname(&machine) == 0 && machine.nodename[0] != '\0')
		names[count++] = machine.nodename;
	if (!listener.parts.local && listener.parts.host[0] != '\0')
		names[count++] = listener.parts.host;
	r = tn_tls_self_signed(names, 0, &cert, &key);
	if (r == 0)
		r = listen_tls_open(&(struct tn_tls_certificate){
			.cert_pem = tn_buffer_slice(&cert),
			.key_pem = tn_buffer_slice(&key),
		    },
		    ret);
	if (key.data != NULL)
		explicit_bzero(key.data, key.len);
	tn_buffer_free(&cert);
	tn_buffer_free(&key);
	return r;
}

static int
listen_tls(struct tn_tls **ret)
{
	int r;

	if (listener.tls == NULL)
		return 0;
	r = strcmp(listener.tls, "auto") == 0 ? listen_tls_auto(ret) :
						listen_tls_from_files(ret);
	return r < 0 ? tn_error_prefix("--tls") : 0;
}

/* ---- somebody ----------------------------------------------------------- */

/* Who listens, and for each that is served at the same time a place. */
struct listening {
	struct tn_socket *socket;
	struct tn_tls *tls;
	struct wiring_ends *ends;  /* NULL with a program */
	struct tn_channel *places; /* that are free */
	struct tn_group *served;
	struct listen_one *ones;
	int status; /* of the command, when there is nothing to fail */
};

struct listen_one {
	struct listening *all;
	struct tn_socket *socket; /* taken by whoever serves it */
	struct wiring_peer peer;
	int place;
	bool met; /* there was a conversation, however it ended */
};

static int
listen_stream(struct listen_one *one, struct tn_stream **ret)
{
	struct tn_stream *plain, *secure;
	int r = tn_stream_from_socket(one->socket, &plain);

	if (r < 0) {
		tn_socket_free(TN_TAKE(one->socket));
		return r;
	}
	one->socket = NULL;
	if (one->all->tls == NULL) {
		*ret = plain;
		return 0;
	}
	r = tn_tls_server_take(plain, one->all->tls, &secure);
	if (r < 0) {
		tn_stream_free(plain);
		return r;
	}
	*ret = secure;
	return 0;
}

static int
listen_run_program(struct listen_one *one, struct tn_stream *stream)
{
	const char *argv[CLI_LIST_MAX + 1] = { NULL };
	int status = 0, r;

	for (size_t i = 0; i < listener.program.count; i++)
		argv[i] = listener.program.items[i];
	r = listen_program(argv, stream, &one->peer, &status);

	/* As shells say it. */
	if (r == 0)
		one->all->status = status < 0 ? 128 - status : status;
	return r;
}

/* From the first word to the last; then its place is free again. */
static int
listen_serve(struct listen_one *one)
{
	struct tn_stream *stream = NULL;
	int r = listen_stream(one, &stream);

	if (r < 0)
		return r;
	one->met = true;
	if (!listener.keep && listener.many == 0)
		tn_socket_close(one->all->socket); /* nobody else gets in */
	wiring_say_connected(&one->peer, tn_stream_socket(stream), stream);
	if (listener.program.count > 0)
		return listen_run_program(one, stream);
	return wiring_talk(one->all->ends, stream, &one->peer, listener.keep);
}

static int
listen_serve_beside(void *arg)
{
	struct listen_one *one = arg;
	int r;

	tn_fiber_name("connection");
	r = listen_serve(one);
	if (r < 0 && r != -ECANCELED)
		wiring_warn(&one->peer, r);
	return tn_channel_try_send(one->all->places, &one->place);
}

/* Whether there is no use in waiting for somebody else. */
static bool
listen_is_final(int r)
{
	return r == -ECANCELED || r == -ETIMEDOUT || r == -EBADF;
}

static int
listen_accept(struct listen_one *one)
{
	struct tn_address from;
	int r = tn_socket_accept(one->all->socket, &one->socket, &from);

	if (r < 0)
		return r;
	one->met = false;
	one->peer.since = tn_now();
	wiring_format(&from, one->all->tls != NULL, false, one->peer.name);
	return 0;
}

/* ---- one after another -------------------------------------------------- */

static int
listen_wait(struct listen_one *one)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, listener.timeout_ms < 0 ? TN_NEVER :
	    tn_after(listener.timeout_ms * TN_MILLISECOND));
	r = listen_accept(one);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		return tn_error_set(-ETIMEDOUT, "nobody connected within %lld "
		    "ms; see --timeout", (long long)listener.timeout_ms);
	return r;
}

/* Who fails to shake hands was not the one waited for. */
static int
listen_in_turn(struct listening *l)
{
	struct listen_one *one = &l->ones[0];
	int r = 0;

	one->all = l;
	while (r == 0) {
		r = listen_wait(one);
		if (r < 0 && (!listener.keep || listen_is_final(r)))
			return r;
		/* Nobody else gets in, and hears so at once. */
		if (r < 0) {
			wiring_warn(NULL, r);
			r = tn_sleep(LISTEN_PAUSE);
			continue;
		}
		r = listen_serve(one);
		if (r == -ECANCELED || r > 0)
			return r;
		if (!listener.keep && one->met)
			return r;
		if (r < 0)
			wiring_warn(&one->peer, r);
		r = 0;
	}
	return r;
}

/* ---- many at once ------------------------------------------------------- */

static int
listen_next(struct listening *l)
{
	struct listen_one *one;
	int place = 0, r = tn_channel_recv(l->places, &place);

	if (r < 0)
		return r;
	one = &l->ones[place];
	one->all = l;
	one->place = place;
	do {
		r = listen_wait(one);
		if (r < 0 && listen_is_final(r))
			return r;
		if (r < 0) {
			wiring_warn(NULL, r);
			r = tn_sleep(LISTEN_PAUSE);
			if (r < 0)
				return r;
			continue;
		}
	} while (one->socket == NULL);
	r = tn_go(l->served, listen_serve_beside, one);
	if (r < 0)
		tn_socket_free(TN_TAKE(one->socket));
	return r;
}

static int
listen_at_once(struct listening *l)
{
	int r = tn_channel_open(sizeof(int), (size_t)listener.many,
	    &l->places);

	if (r == 0)
		r = tn_group_open(&l->served);
	for (int i = 0; r == 0 && i < listener.many; i++)
		r = tn_channel_send(l->places, &i);
	while (r == 0)
		r = listen_next(l);
	tn_group_free(l->served);
	tn_channel_free(l->places);
	return r;
}

/* ---- datagrams ---------------------------------------------------------- */

/* Waits for who sends first: that is the peer, and without --keep the only
 * one. */
static int
listen_first(struct tn_socket *socket, struct tn_address *ret)
{
	char unused;
	ssize_t n = tn_socket_recvfrom(socket, &unused, 0, MSG_PEEK, ret);

	if (n < 0)
		return (int)n;
	return listener.keep || ret->size <= sizeof(sa_family_t) ? 0 :
	    tn_socket_connect(socket, ret);
}

static int
listen_datagrams(struct listening *l)
{
	struct tn_address from = { 0 };
	struct app_wire_datagrams wire = {
		.socket = l->socket,
		.anybody = listener.keep,
		.linger_ms = -1,
	};
	struct wiring_peer peer;
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, listener.timeout_ms < 0 ? TN_NEVER :
	    tn_after(listener.timeout_ms * TN_MILLISECOND));
	r = listen_first(l->socket, &from);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		return tn_error_set(-ETIMEDOUT, "nothing came within %lld ms; "
		    "see --timeout", (long long)listener.timeout_ms);
	if (r < 0)
		return r;
	wire.last = from;
	/* One without a name cannot be answered, only heard. */
	wire.anybody |= from.size <= sizeof(sa_family_t);
	wire.only = wire.anybody ? NULL : &from;
	peer.since = tn_now();
	wiring_format(&from, false, true, peer.name);
	wiring_say_connected(&peer, l->socket, NULL);
	return wiring_talk_datagrams(l->ends, &peer, &wire);
}

/* ---- running ------------------------------------------------------------ */

static int
listen_announce(const struct listening *l)
{
	char place[TN_ADDRESS_TEXT_MAX + 16], print[TN_TLS_FINGERPRINT_MAX];
	struct tn_address at;
	int r = tn_socket_getsockname(l->socket, &at);

	if (r == 0 && l->tls != NULL)
		r = tn_tls_fingerprint(l->tls, print);
	if (r < 0)
		return r;
	wiring_format(&at, l->tls != NULL, wiring.udp, place);
	wiring_say_listening(place, l->tls != NULL ? print : NULL);
	return 0;
}

static int
listen_here(struct listening *l)
{
	struct wiring_ends ends;
	int r;

	if (listener.many > 0)
		return listen_at_once(l);
	if (listener.program.count > 0)
		return listen_in_turn(l);
	r = wiring_ends_open(&ends);
	if (r < 0)
		return r;
	l->ends = &ends;
	r = wiring.udp ? listen_datagrams(l) : listen_in_turn(l);
	wiring_ends_close(&ends);
	return r;
}

static int
listen_main(void *arg)
{
	static struct listen_one ones[LISTEN_MANY_MAX];
	struct listening *l = arg;
	int r = listen_tls(&l->tls);

	l->ones = ones;
	if (r == 0)
		r = tn_listen(listener.address, NULL, &l->socket);
	if (r == 0)
		r = listen_announce(l);
	if (r == 0)
		r = listen_here(l);
	tn_socket_free(l->socket);
	tn_tls_free(l->tls);
	return r;
}

static int
listen_run(void)
{
	struct listening l = { 0 };
	int signal, r;

	wiring.verb = "listen";
	if (listen_check() < 0)
		return cli_usage("listen");
	r = wiring_run(listen_main, &l, &signal);
	if (signal != 0) /* the way to end it */
		return CLI_DONE;
	if (r < 0)
		return wiring_fail(r);
	return l.status;
}

const struct cli_verb cli_verb_listen = {
	.name = "listen",
	.group = "Try a connection",
	.summary = "a wire to who connects, or a program for them",
	.about =
	    "Waits for a connection; then it is as tenon connect is: what "
	    "standard input holds goes there, and what comes is written to "
	    "standard output. It ends when the other side is done. Nobody else "
	    "gets in meanwhile; with --keep they wait until it is their turn.\n"
	    "\n"
	    "With --exec a program talks instead, TLS or not. It finds the "
	    "address of the other side in TENON_PEER, and its exit status is "
	    "that of the command. Whoever can connect can use it: this is a "
	    "loaded gun, and listens on this machine alone unless it is told "
	    "otherwise.\n"
	    "\n"
	    "Of datagrams the first says who it is with, and others are not "
	    "heard; with --keep everybody is, and who sent last is answered.\n"
	    "\n"
	    "All it says itself goes to standard error.",
	.options = listen_options,
	.examples = listen_examples,
	.run = listen_run,
};
