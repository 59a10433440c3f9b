/* Talks of framed messages: "server KIND" or "client KIND", with KIND lines,
 * last (lines, of which the last need not end), crlf, length2, varint, decimal
 * or netstring, and message_bytes_max=NUMBER.  The server says each message
 * back; the client says its other words, then hears. */
#include <errno.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/frame.h>

#include "dialogue/talk.h"

static const struct frame_kind {
	const char *name;
	struct tn_framing how;
} kinds[] = {
	{ "crlf", { .kind = TN_FRAME_DELIMITER, .delimiter = { "\r\n", 2 } } },
	{ "decimal", { .kind = TN_FRAME_DECIMAL, .delimiter = { " ", 1 } } },
	{ "last", { .last_unended = true } },
	{ "length2", { .kind = TN_FRAME_LENGTH, .length_bytes = 2 } },
	{ "lines", { 0 } },
	{ "netstring", { .kind = TN_FRAME_NETSTRING } },
	{ "varint", { .kind = TN_FRAME_VARINT } },
};

static const struct frame_kind *
frame_kind(const char *name)
{
	for (size_t i = 0; name != NULL && i < TN_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* What the words of the talk say. */
static int
frame_how(struct talk_ours *ours, struct tn_framing *how)
{
	const struct frame_kind *kind = frame_kind(talk_word(ours, 0));
	const struct talk_option options[] = {
		{ "message_bytes_max", &how->message_bytes_max },
	};

	if (kind == NULL)
		return tn_error_set(-EINVAL, "no kind is called %s",
		    talk_word(ours, 0));
	*how = kind->how;
	return talk_options(ours, options, TN_COUNT(options));
}

/* Tells each message; the server says it back too. */
static int
frame_hear(struct talk_ours *ours, struct tn_stream *s,
    const struct tn_framing *how, bool say)
{
	struct tn_slice message;
	int r;

	while ((r = tn_frame_read(s, how, &message)) > 0) {
		talk_tell_bytes(ours, "heard", message);
		if (say)
			r = tn_frame_write(s, how, message);
		if (r < 0)
			break;
	}
	return r;
}

static int
frame_handle(struct tn_request *rq)
{
	struct talk_ours *ours = rq->arg;
	int r = frame_hear(ours, rq->stream, ours->user, true);

	if (r < 0)
		talk_tell_error(ours, r);
	return 0; /* what was said before still goes out */
}

static int
frame_serve(struct talk_ours *ours)
{
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	const struct tn_server_options options = {
		.address = ours->address, .handle = frame_handle, .arg = ours,
	};
	struct tn_framing how;
	int r = frame_how(ours, &how);

	ours->user = &how;
	if (r == 0)
		r = tn_server_open(&options, &server);
	if (r < 0)
		return r;
	ours->server = server;
	return tn_server_serve_forever(server);
}

static int
frame_call(struct talk_ours *ours)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_framing how;
	const char *word;
	int r = frame_how(ours, &how);

	if (r == 0)
		r = tn_dial(ours->address, NULL, &s);
	for (int i = 1; r == 0 && (word = talk_word(ours, i)) != NULL; i++)
		r = tn_frame_write(s, &how, tn_slice_str(word));
	if (r == 0)
		r = tn_stream_shutdown(s);
	if (r == 0)
		r = frame_hear(ours, s, &how, false);
	return r < 0 ? r : tn_stream_close(TN_TAKE(s));
}

int
main(int argc, char **argv)
{
	static const struct talk_protocol frame = {
		.name = "frame",
		.serve = frame_serve,
		.call = frame_call,
	};

	return talk_main(&frame, argc, argv);
}
