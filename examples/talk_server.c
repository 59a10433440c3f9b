/* talk_server - a conversation, turn by turn, with the client first.
 *
 *     talk_server [--bye] [ADDRESS]
 *
 * It ends when the client says ByeBye; with --bye when it says bye, in large or
 * small letters, with spaces around it or none. */
#include <stdio.h>
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/stream.h>

static bool lenient;

static bool
is_farewell(struct tn_slice said)
{
	return lenient ? tn_slice_equal_nocase(tn_slice_trim(said), "bye") :
	    tn_slice_equal(said, TN_SLICE("ByeBye"));
}

/* What the client says, as far as it is there: 1, or 0 when that is all. */
static int
hear(struct tn_stream *client)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	struct tn_slice said;
	int r = tn_stream_fill(client, 1, &said);
	bool over = r > 0 && is_farewell(said);

	if (r == 0)
		printf("The client has left.\n");
	if (r <= 0)
		return r;
	r = tn_buffer_append_escaped(&safe, said);
	tn_stream_consume(client, said.len);
	if (r == 0)
		printf("client: %s\n", safe.data);
	return r < 0 ? r : !over;
}

static int
converse(struct tn_stream *client, struct tn_stream *keys)
{
	struct tn_slice line;
	int r;

	while ((r = hear(client)) > 0) {
		printf("> ");
		fflush(stdout);
		r = tn_stream_read_line(keys, TN_LINE_ANY, 1024, &line);
		if (r <= 0)
			break;
		r = tn_stream_write(client, line);
		if (r < 0)
			break;
	}
	return r;
}

static int
serve(const char *address)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *listener = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *client = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *keys = NULL;
	struct tn_socket *socket;
	struct tn_address at;
	char text[TN_ADDRESS_TEXT_MAX];
	int r = tn_listen(address, NULL, &listener);

	if (r == 0)
		r = tn_socket_getsockname(listener, &at);
	if (r == 0)
		r = tn_stream_from_fd(0, &keys);
	if (r < 0)
		return r;
	printf("listening on %s\n", tn_address_format(&at, text));
	fflush(stdout);
	r = tn_socket_accept(listener, &socket, &at);
	if (r == 0)
		r = tn_stream_from_socket(socket, &client);
	if (r < 0)
		return r;
	printf("%s is here\n", tn_address_format(&at, text));
	r = converse(client, keys);
	return r < 0 ? r : tn_stream_close(TN_TAKE(client));
}

int
main(int argc, char **argv)
{
	int r;

	if (argc > 1 && strcmp(argv[1], "--bye") == 0) {
		lenient = true;
		argc--;
		argv++;
	}
	r = serve(argc > 1 ? argv[1] : "127.0.0.1:8888");
	if (r < 0)
		fprintf(stderr, "talk_server: %s\n", tn_error_text());
	return r < 0;
}
