/* echo_many - echo for many clients at once: a fiber each, or a thread each.
 *
 *     echo_many [--thread] [ADDRESS]
 *
 * By hand, to show that it is the same function either way; tn_server_open()
 * does all this and sets limits too. */
#include <stdio.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include <tenon/stream.h>

static const char *address = "127.0.0.1:8888";
static int (*start)(struct tn_group *, int (*)(void *), void *) = tn_go;

/* A client that is lost is lost, and no failure of the server's. */
static int
echo(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *client = arg;
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(client, 1, &said)) > 0) {
		r = tn_stream_write(client, said);
		if (r < 0)
			break;
		tn_stream_consume(client, said.len);
	}
	if (r == 0)
		tn_stream_close(TN_TAKE(client));
	return 0;
}

static int
welcome(struct tn_socket *listener, struct tn_group *clients)
{
	struct tn_socket *socket;
	struct tn_stream *client;
	int r = tn_socket_accept(listener, &socket, NULL);

	if (r < 0)
		return r;
	r = tn_stream_from_socket(socket, &client);
	if (r < 0) {
		tn_socket_free(socket);
		return r;
	}
	r = start(clients, echo, client);
	if (r < 0)
		tn_stream_free(client);
	return r;
}

static int
serve(void *unused)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *listener = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *clients = NULL;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r = tn_listen(address, NULL, &listener);

	if (r == 0)
		r = tn_socket_getsockname(listener, &at);
	if (r == 0)
		r = tn_group_open(&clients);
	if (r < 0)
		return r;
	printf("listening on %s\n", tn_address_format(&at, text));
	fflush(stdout);
	while (r == 0) {
		if (welcome(listener, clients) == 0)
			continue;
		/* Out of descriptors, or of threads: some will be free. */
		fprintf(stderr, "echo_many: %s\n", tn_error_text());
		r = tn_sleep(100 * TN_MILLISECOND);
	}
	return r;
}

int
main(int argc, char **argv)
{
	int r;

	if (argc > 1 && strcmp(argv[1], "--thread") == 0) {
		start = tn_go_thread;
		argc--;
		argv++;
	}
	if (argc > 1)
		address = argv[1];
	r = tn_run(serve, NULL, NULL);
	if (r < 0)
		fprintf(stderr, "echo_many: %s\n", tn_error_text());
	return r < 0;
}
