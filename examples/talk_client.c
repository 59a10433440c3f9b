/* talk_client - a conversation, turn by turn, the client first.
 *
 *     talk_client [--bye] [ADDRESS]
 *
 * It ends when this side types ByeBye; with --bye when it types bye, in large
 * or small letters, with spaces around it or none. */
#include <stdio.h>
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/dial.h>
#include <tenon/error.h>

static bool lenient;

static bool
is_farewell(struct tn_slice said)
{
	return lenient ? tn_slice_equal_nocase(tn_slice_trim(said), "bye") :
	    tn_slice_equal(said, TN_SLICE("ByeBye"));
}

/* What the other side says, as far as it is there; 0 when it has left. */
static int
hear(struct tn_stream *server)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	struct tn_slice said;
	int r = tn_stream_fill(server, 1, &said);

	if (r <= 0)
		return r;
	r = tn_buffer_append_escaped(&safe, said);
	tn_stream_consume(server, said.len);
	if (r == 0)
		printf("server: %s\n", safe.data);
	return r < 0 ? r : 1;
}

static int
talk(const char *address)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *server = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *keys = NULL;
	struct tn_slice line;
	bool over = false;
	int r = tn_dial(address, NULL, &server);

	if (r == 0)
		r = tn_stream_from_fd(0, &keys);
	while (r >= 0 && !over) {
		printf("> ");
		fflush(stdout);
		r = tn_stream_read_line(keys, TN_LINE_ANY, 1024, &line);
		if (r <= 0)
			break;
		over = is_farewell(line);
		r = tn_stream_write(server, line);
		if (r == 0 && !over)
			r = hear(server);
		if (r == 0 && !over) {
			printf("The server has left.\n");
			break;
		}
	}
	return r < 0 ? r : tn_stream_close(TN_TAKE(server));
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
	r = talk(argc > 1 ? argv[1] : "127.0.0.1:8888");
	if (r < 0)
		fprintf(stderr, "talk_client: %s\n", tn_error_text());
	return r < 0;
}
