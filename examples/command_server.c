/* command_server - runs what it is told, and says what came of it.
 *
 *     command_server [--shell] [ADDRESS]
 *
 * Whoever can connect runs programs as you.  It listens on 127.0.0.1 unless an
 * ADDRESS is given, and there everybody on this machine can: nobody is asked
 * who he is.  A command is words with spaces between, which no shell reads
 * unless --shell is given.
 *
 * A command comes as it is; the answer is the length of its output in decimal
 * and, after the client's "ok", so many bytes of it: thus neither sticks to the
 * other.  The client is command_client. */
#include <stdio.h>
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/process.h>
#include <tenon/server.h>

#define COMMAND_MAX 1024

static bool shell;

static void
split(char *line, const char *argv[COMMAND_MAX / 2 + 2])
{
	char *rest = line, *word;

	while ((word = strtok_r(rest, " \t\r\n", &rest)) != NULL)
		*argv++ = word;
	*argv = NULL;
}

/* Its output and errors, or why there are none. */
static int
run(char *line, struct tn_buffer *out)
{
	const char *argv[COMMAND_MAX / 2 + 2] = { "sh", "-c", line, NULL };
	const struct tn_process_options options = {
		.argv = argv,
		.in.end = TN_PROCESS_NULL,
		.out.end = TN_PROCESS_PIPE,
		.err.end = TN_PROCESS_STDOUT,
		.group = TN_PROCESS_GROUP_SESSION,
	};
	const struct tn_process_run_options limits = {
		.output_bytes_max = 1 << 20,
		.time_ms = 10000,
		.partial = true,
	};
	struct tn_process_result result;
	char text[TN_PROCESS_STATUS_MAX];
	int r;

	if (!shell)
		split(line, argv);
	r = tn_process_run(&options, &limits, &result);
	if (r < 0)
		return tn_buffer_printf(out, "%s\n", tn_error_text());
	*out = result.out;
	if (result.limit != 0)
		r = tn_buffer_printf(out, "\n%s\n",
		    tn_error_words(result.limit));
	printf("  %s, %zu bytes\n",
	    tn_process_status_format(result.status, text), out->len);
	fflush(stdout);
	return r;
}

/* The length, and the output once the client is ready for it. */
static int
answer(struct tn_stream *client, struct tn_slice out)
{
	struct tn_slice said;
	int r = tn_stream_printf(client, "%zu", out.len);

	if (r == 0)
		r = tn_stream_fill(client, 2, &said);
	if (r >= 0 && !tn_slice_equal(tn_slice_head(said, 2), TN_SLICE("ok")))
		return tn_error_set(TN_EPROTO, "the client does not say ok");
	if (r < 0)
		return r;
	tn_stream_consume(client, 2);
	return tn_stream_write(client, out);
}

static int
obey(struct tn_request *rq, struct tn_slice said)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 }, out = { 0 };
	char line[COMMAND_MAX + 1], who[TN_ADDRESS_TEXT_MAX];
	int r = tn_buffer_append_escaped(&shown, said);

	if (said.len > COMMAND_MAX)
		return tn_error_set(TN_ELIMIT, "a command of more than %d bytes",
		    COMMAND_MAX);
	if (r < 0)
		return r;
	printf("%s: %s\n", tn_address_format(&rq->peer, who), shown.data);
	fflush(stdout);
	memcpy(line, said.data, said.len);
	line[said.len] = '\0';
	tn_stream_consume(rq->stream, said.len);
	r = run(line, &out);
	return r < 0 ? r : answer(rq->stream, tn_buffer_slice(&out));
}

static int
handle(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = obey(rq, said);
		if (r < 0)
			break;
	}
	return r;
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	struct tn_server_options options = {
		.address = "127.0.0.1:8888",
		.handle = handle,
		.connections_max = 10,
		.idle_ms = 600000,
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r;

	if (argc > 1 && strcmp(argv[1], "--shell") == 0) {
		shell = true;
		argc--;
		argv++;
	}
	if (argc > 1)
		options.address = argv[1];
	r = tn_server_open(&options, &server);
	if (r == 0) {
		tn_server_address(server, &at);
		printf("listening on %s\n", tn_address_format(&at, text));
		printf("Whoever can connect there runs programs as you.\n");
		fflush(stdout);
		r = tn_server_serve_forever(server);
	}
	if (r < 0)
		fprintf(stderr, "command_server: %s\n", tn_error_text());
	return r < 0;
}
