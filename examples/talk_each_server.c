/* talk_each_server - the conversation of talk_server with one client after
 * another; a client that is lost ends only its own.
 *
 *     talk_each_server [ADDRESS]
 *
 * A client says ByeBye when it is done.  Ctrl-D ends the server. */
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/server.h>

static int
show(const char *who, struct tn_slice said)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	int r = tn_buffer_append_escaped(&safe, said);

	if (r == 0)
		printf("%s: %s\n", who, safe.data);
	return r;
}

static int
handle(struct tn_request *rq)
{
	struct tn_stream *keys = rq->arg;
	struct tn_slice said, line;
	char who[TN_ADDRESS_TEXT_MAX];
	int r;

	tn_address_format(&rq->peer, who);
	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		bool over = tn_slice_equal(said, TN_SLICE("ByeBye"));

		r = show(who, said);
		tn_stream_consume(rq->stream, said.len);
		if (r < 0 || over)
			break;
		printf("> ");
		fflush(stdout);
		r = tn_stream_read_line(keys, TN_LINE_ANY, 1024, &line);
		if (r == 0)
			tn_server_shutdown(rq->server);
		if (r > 0)
			r = tn_stream_write(rq->stream, line);
		if (r < 0 || tn_server_draining(rq->server))
			break;
	}
	return r;
}

static void
lost(struct tn_request *rq, int error)
{
	printf("lost: %s\n", tn_error_text());
	fflush(stdout);
}

static void
done(struct tn_request *rq)
{
	printf("next, please\n");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *keys = NULL;
	struct tn_server_options options = {
		.address = argc > 1 ? argv[1] : "127.0.0.1:8888",
		.kind = TN_SERVER_SERIAL,
		.handle = handle,
		.handle_error = lost,
		.finish = done,
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r = tn_stream_from_fd(0, &keys);

	options.arg = keys;
	if (r == 0)
		r = tn_server_open(&options, &server);
	if (r == 0) {
		tn_server_address(server, &at);
		printf("listening on %s\n", tn_address_format(&at, text));
		fflush(stdout);
		r = tn_server_serve_forever(server);
	}
	if (r < 0)
		fprintf(stderr, "talk_each_server: %s\n", tn_error_text());
	return r < 0;
}
