/* Stamped echo: "hello" comes back as "[Wed Jan 10 23:32:35 2018] hello".
 *
 *     echo_stamp [--kind fiber|serial|thread|fork] [ADDRESS]
 *
 * The same handler serves tcp:HOST:PORT, udp:HOST:PORT, unix:/path and
 * unixgram:/path, one client at a time or many. */
#include <stdio.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/server.h>

static int
handle(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = tn_stream_printf(rq->stream, "[%s] ", tn_ctime_now());
		if (r < 0 || (r = tn_stream_write(rq->stream, said)) < 0)
			break;
		tn_stream_consume(rq->stream, said.len);
	}
	return r;
}

static int
kind_by_name(const char *name)
{
	static const char *const names[] = { "fiber", "serial", "thread",
		"fork" };

	for (int i = 0; i < 4; i++) {
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	return -1;
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	struct tn_server_options options = { .handle = handle };
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int kind = TN_SERVER_FIBER, r;

	if (argc > 2 && strcmp(argv[1], "--kind") == 0) {
		kind = kind_by_name(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc > 2 || kind < 0) {
		fprintf(stderr, "usage: echo_stamp "
		    "[--kind fiber|serial|thread|fork] [ADDRESS]\n");
		return 2;
	}
	options.kind = (enum tn_server_kind)kind;
	options.address = argc > 1 ? argv[1] : "127.0.0.1:8888";
	r = tn_server_open(&options, &server);
	if (r == 0) {
		tn_server_address(server, &at);
		printf("listening on %s\n", tn_address_format(&at, text));
		fflush(stdout);
		r = tn_server_serve_forever(server);
	}
	if (r < 0)
		fprintf(stderr, "echo_stamp: %s\n", tn_error_text());
	return r < 0;
}
