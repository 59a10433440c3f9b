/* framed - lines become messages of another kind, or those become lines.
 *
 *     framed [--back] length|varint|decimal|netstring|nul
 *
 * From standard input to standard output; a socket would be a stream like these
 * two.  The other end of a pipe need not be C:
 *
 *     framed netstring | nc host 8000 | framed --back netstring */
#include <stdio.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/frame.h>

static const struct kind {
	const char *name;
	struct tn_framing how;
} kinds[] = {
	{ "length", { .kind = TN_FRAME_LENGTH } }, /* Python's struct: ">I" */
	{ "varint", { .kind = TN_FRAME_VARINT } },
	{ "decimal", { .kind = TN_FRAME_DECIMAL, .delimiter = { " ", 1 } } },
	{ "netstring", { .kind = TN_FRAME_NETSTRING } },
	{ "nul", { .kind = TN_FRAME_DELIMITER, .delimiter = { "\0", 1 } } },
};

/* What was typed need not end in a line end. */
static const struct tn_framing lines = { .last_unended = true };

static int
change(const struct tn_framing *from, const struct tn_framing *to)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *in = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *out = NULL;
	struct tn_slice message;
	int r = tn_stream_from_fd(0, &in), written;

	if (r == 0)
		r = tn_stream_from_fd(1, &out);
	if (r < 0)
		return r;
	while ((r = tn_frame_read(in, from, &message)) > 0) {
		r = tn_frame_write(out, to, message);
		if (r < 0)
			break;
	}
	written = tn_stream_flush(out);
	return r < 0 ? r : written;
}

static const struct tn_framing *
kind_by_name(const char *name)
{
	for (size_t i = 0; i < TN_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i].how;
	return NULL;
}

int
main(int argc, char **argv)
{
	bool back = argc == 3 && strcmp(argv[1], "--back") == 0;
	const struct tn_framing *how = argc == 2 + back
	    ? kind_by_name(argv[1 + back])
	    : NULL;
	int r;

	if (how == NULL) {
		fprintf(stderr, "usage: framed [--back] "
		    "length|varint|decimal|netstring|nul\n");
		return 2;
	}
	r = back ? change(how, &lines) : change(&lines, how);
	if (r < 0)
		fprintf(stderr, "framed: %s\n", tn_error_text());
	return r < 0;
}
