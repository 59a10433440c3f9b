/* reuse_address - a server that can be ended and started again at once.
 *
 *     reuse_address [--no-reuse] [ADDRESS]
 *
 * It greets whoever comes and hangs up.  Ctrl-C ends it in good order.
 *
 * Who hangs up first keeps the connection for a minute (TIME_WAIT, RFC 9293
 * section 3.6), and as long as there is one at its port a new server may only
 * take the port with SO_REUSEADDR; --no-reuse shows it.  On Linux the option
 * does not allow a second server beside the first: that is SO_REUSEPORT.
 * tn_listen() does all this in one call. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/resolve.h>
#include <tenon/run.h>
#include <tenon/signals.h>
#include <tenon/stream.h>

static const char *address = "127.0.0.1:8888";
static bool reuse = true;

static int
show(const struct tn_socket *s, const char *when)
{
	socklen_t size = sizeof(int);
	int on = 0, r = tn_socket_getsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on,
	    &size);

	if (r == 0)
		printf("SO_REUSEADDR %s: %d\n", when, on);
	return r;
}

static int
start(const struct tn_address *at, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int on = reuse, r;

	r = tn_socket_open(at->storage.ss_family, SOCK_STREAM, 0, &s);
	if (r == 0)
		r = show(s, "before");
	if (r == 0)
		r = tn_socket_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on,
		    sizeof(on));
	if (r == 0)
		r = show(s, "after");
	if (r == 0)
		r = tn_socket_bind(s, at);
	if (r == 0)
		r = tn_socket_listen(s, 16);
	if (r < 0)
		return r;
	*ret = TN_TAKE(s);
	return 0;
}

static int
greet(struct tn_socket *listener)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *caller = NULL;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address who;
	int r = tn_socket_accept(listener, &caller, &who);

	if (r < 0)
		return r;
	printf("connected: %s\n", tn_address_format(&who, text));
	fflush(stdout);
	/* One that is gone already is no trouble of ours. */
	(void)!tn_socket_sendall(caller, "hello\n", 6, 0);
	return 0;
}

static int
greet_all(void *listener)
{
	int r = 0;

	do {
		if (greet(listener) == 0)
			continue;
		/* Out of descriptors, say: some will be free. */
		if (!tn_cancelled())
			fprintf(stderr, "reuse_address: %s\n",
			    tn_error_text());
		r = tn_sleep(100 * TN_MILLISECOND);
	} while (r == 0);
	return r;
}

static int
serve_until_signal(struct tn_socket *listener, struct tn_signals *signals)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r = tn_socket_getsockname(listener, &at);

	if (r == 0)
		r = tn_group_open(&group);
	if (r == 0)
		r = tn_go(group, greet_all, listener);
	if (r < 0)
		return r;
	printf("listening on %s\n", tn_address_format(&at, text));
	fflush(stdout);
	r = tn_signals_wait(signals);
	if (r > 0)
		printf("ended by signal %d\n", r);
	return r < 0 ? r : 0;
}

static int
serve(void *unused)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	TN_CLEANUP(tn_signals_freep) struct tn_signals *signals = NULL;
	TN_CLEANUP(tn_socket_freep) struct tn_socket *listener = NULL;
	struct tn_endpoint where;
	struct tn_address at;
	int r = tn_signals_open(numbers, TN_COUNT(numbers), &signals);

	if (r == 0)
		r = tn_endpoint_parse(address, &where);
	if (r == 0)
		r = tn_net_getaddrinfo(where.host, where.port, AF_UNSPEC,
		    SOCK_STREAM, true, &at, 1);
	if (r > 0)
		r = start(&at, &listener);
	return r < 0 ? r : serve_until_signal(listener, signals);
}

int
main(int argc, char **argv)
{
	int r;

	if (argc > 1 && strcmp(argv[1], "--no-reuse") == 0) {
		reuse = false;
		argc--;
		argv++;
	}
	if (argc > 1)
		address = argv[1];
	r = tn_run(serve, NULL, NULL);
	if (r < 0)
		fprintf(stderr, "reuse_address: %s\n", tn_error_text());
	return r < 0;
}
