/* answer_many - many clients at once, and one operator who answers them all.
 *
 *     answer_many [--thread] [ADDRESS]
 *
 * What clients say is shown one after another, and the next line that is typed
 * goes to whoever was shown last.  A client says ByeBye when it is done; Ctrl-D
 * ends the server.  The client is talk_client. */
#include <stdio.h>
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/channel.h>
#include <tenon/error.h>
#include <tenon/server.h>

struct line {
	char text[1024];
	size_t len;
};

static struct tn_server_options options = { .address = "127.0.0.1:8888" };
static struct tn_server *server;
static struct tn_channel *lines; /* from the one who types */
static struct tn_mutex *turn;    /* held from the question to the answer */

/* 1 with the operator's answer; 0 when there will be none. */
static int
ask_operator(const struct tn_address *who, struct tn_slice said,
    struct line *ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	char text[TN_ADDRESS_TEXT_MAX];
	int r = tn_buffer_append_escaped(&safe, said);

	if (r == 0)
		r = tn_mutex_lock(turn);
	if (r < 0)
		return r;
	printf("%s: %s\n> ", tn_address_format(who, text), safe.data);
	fflush(stdout);
	r = tn_channel_recv(lines, ret);
	tn_mutex_unlock(turn);
	return r;
}

static int
handle(struct tn_request *rq)
{
	struct tn_slice said;
	struct line line;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		if (tn_slice_equal(said, TN_SLICE("ByeBye")))
			return 0;
		r = ask_operator(&rq->peer, said, &line);
		if (r <= 0)
			break;
		tn_stream_consume(rq->stream, said.len);
		r = tn_stream_write(rq->stream, tn_slice(line.text, line.len));
		if (r < 0)
			break;
	}
	return r;
}

static int
read_lines(void *unused)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *keys = NULL;
	struct tn_slice typed;
	struct line line;
	int r = tn_stream_from_fd(0, &keys);

	while (r == 0) {
		r = tn_stream_read_line(keys, TN_LINE_ANY, sizeof(line.text),
		    &typed);
		if (r <= 0)
			break;
		line.len = typed.len;
		memcpy(line.text, typed.data, typed.len);
		r = tn_channel_send(lines, &line);
	}
	tn_channel_close(lines);
	tn_server_shutdown(server);
	return r;
}

static int
serve(void *unused)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *typist = NULL;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r = tn_server_open(&options, &server);

	if (r == 0)
		r = tn_channel_open(sizeof(struct line), 0, &lines);
	if (r == 0)
		r = tn_mutex_open(&turn);
	if (r == 0)
		r = tn_group_open(&typist);
	if (r == 0)
		r = tn_go(typist, read_lines, NULL);
	if (r < 0)
		return r;
	tn_server_address(server, &at);
	printf("listening on %s\n", tn_address_format(&at, text));
	fflush(stdout);
	r = tn_server_serve_forever(server);
	return r < 0 ? r : tn_group_wait(typist);
}

int
main(int argc, char **argv)
{
	int r;

	options.handle = handle;
	options.drain_ms = 1000;
	if (argc > 1 && strcmp(argv[1], "--thread") == 0) {
		options.kind = TN_SERVER_THREADING;
		argc--;
		argv++;
	}
	if (argc > 1)
		options.address = argv[1];
	r = tn_run(serve, NULL, NULL);
	if (r < 0)
		fprintf(stderr, "answer_many: %s\n", tn_error_text());
	tn_mutex_free(turn);
	tn_channel_free(lines);
	tn_server_free(server);
	return r < 0;
}
