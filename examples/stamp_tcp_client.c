/* stamp_tcp_client - says each line that is typed and shows what comes back.
 *
 *     stamp_tcp_client [ADDRESS]
 *
 * An empty line or Ctrl-D ends.  The server is echo_stamp. */
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/dial.h>
#include <tenon/error.h>

static int
talk(const char *address)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *server = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *keys = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	struct tn_slice line, answer;
	int r = tn_dial(address, NULL, &server);

	if (r == 0)
		r = tn_stream_from_fd(0, &keys);
	while (r >= 0) {
		printf("> ");
		fflush(stdout);
		r = tn_stream_read_line(keys, TN_LINE_ANY, 1024, &line);
		if (r <= 0 || line.len == 0)
			break;
		r = tn_stream_write(server, line); /* goes with the next wait */
		if (r == 0)
			r = tn_stream_fill(server, 1, &answer);
		if (r == 0)
			printf("The server has hung up.\n");
		if (r <= 0)
			break;
		tn_buffer_clear(&safe);
		r = tn_buffer_append_escaped(&safe, answer);
		tn_stream_consume(server, answer.len);
		if (r == 0)
			printf("%s\n", safe.data);
	}
	return r;
}

int
main(int argc, char **argv)
{
	int r = talk(argc > 1 ? argv[1] : "127.0.0.1:8888");

	if (r < 0)
		fprintf(stderr, "stamp_tcp_client: %s\n", tn_error_text());
	return r < 0;
}
