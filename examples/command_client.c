/* command_client - has commands run elsewhere and shows what they put out.
 *
 *     command_client [--charset NAME] [ADDRESS]
 *
 * An empty line or Ctrl-D ends.  What is not UTF-8 is read in the charset that
 * is named, as iconv(1) knows it, or else in GB18030, of which GBK is a part.
 * The server is command_server. */
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/number.h>

#define LINE_MAX_BYTES 1024
#define OUTPUT_MAX ((uint64_t)16 << 20)

static const char *charset = "GB18030";

/* ---- any charset, as a terminal shows it ------------------------------- */

/* A byte that means nothing there stays as it is. */
static int
convert(iconv_t how, struct tn_slice bytes, struct tn_buffer *out)
{
	char *in = (char *)(uintptr_t)bytes.data, room[512];
	size_t left = bytes.len;
	int r = 0;

	while (r == 0 && left > 0) {
		char *end = room;
		size_t free = sizeof(room);
		size_t n = iconv(how, &in, &left, &end, &free);
		bool wrong = n == (size_t)-1 && errno != E2BIG;

		r = tn_buffer_append(out,
		    tn_slice(room, sizeof(room) - free));
		if (r == 0 && wrong) {
			r = tn_buffer_append_byte(out, *in++);
			left--;
		}
	}
	return r;
}

static int
to_utf8(struct tn_slice bytes, struct tn_buffer *out)
{
	iconv_t how;
	int r;

	if (tn_utf8_valid(bytes))
		return tn_buffer_append(out, bytes);
	how = iconv_open("UTF-8", charset);
	if (how == (iconv_t)-1)
		return tn_error_set(-EINVAL, "no charset is called %s", charset);
	r = convert(how, bytes, out);
	iconv_close(how);
	return r;
}

/* Lines and tabs as they are; what else a terminal would obey, in digits. */
static int
make_safe(struct tn_slice text, struct tn_buffer *out)
{
	size_t n;
	int r = 0;

	while (r == 0 && text.len > 0) {
		for (n = 0; n < text.len && text.data[n] != '\n' &&
		     text.data[n] != '\t';
		     n++)
			;
		r = tn_buffer_append_escaped(out, tn_slice_head(text, n));
		if (r == 0 && n < text.len)
			r = tn_buffer_append_byte(out, text.data[n++]);
		text = tn_slice_skip(text, n);
	}
	return r;
}

static int
show(struct tn_slice output)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 }, safe = { 0 };
	int r = to_utf8(output, &text);

	if (r == 0)
		r = make_safe(tn_buffer_slice(&text), &safe);
	if (r == 0 && safe.len > 0)
		fwrite(safe.data, 1, safe.len, stdout);
	return r;
}

/* ---- the conversation -------------------------------------------------- */

/* The length comes by itself, since nothing follows it before our "ok".  That
 * leaves at once: when no output comes for which we would wait, the next
 * command must not stick to it. */
static int
read_length(struct tn_stream *server, uint64_t *ret)
{
	struct tn_slice said;
	int r = tn_stream_fill(server, 1, &said);

	if (r == 0)
		return tn_error_set(TN_ETRUNCATED, "the server has hung up");
	if (r < 0)
		return r;
	if (tn_parse_uint(said, OUTPUT_MAX, ret) < 0)
		return tn_error_set(TN_EPROTO, "the server names no length, or "
		    "one of more than 16 MiB");
	tn_stream_consume(server, said.len);
	r = tn_stream_write(server, TN_SLICE("ok"));
	return r < 0 ? r : tn_stream_flush(server);
}

static int
order(struct tn_stream *server, struct tn_slice command)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer output = { 0 };
	uint64_t length;
	int r = tn_stream_write(server, command);

	if (r == 0)
		r = read_length(server, &length);
	if (r == 0)
		r = tn_buffer_reserve(&output, length);
	if (r == 0)
		r = tn_stream_read_exact(server, output.data, length);
	return r < 0 ? r : show(tn_slice(output.data, length));
}

static int
talk(const char *address)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *server = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *keys = NULL;
	struct tn_slice line;
	int r = tn_dial(address, NULL, &server);

	if (r == 0)
		r = tn_stream_from_fd(0, &keys);
	while (r >= 0) {
		printf("> ");
		fflush(stdout);
		r = tn_stream_read_line(keys, TN_LINE_ANY, LINE_MAX_BYTES,
		    &line);
		if (r <= 0 || line.len == 0)
			break;
		r = order(server, line);
	}
	return r;
}

int
main(int argc, char **argv)
{
	int r;

	if (argc > 2 && strcmp(argv[1], "--charset") == 0) {
		charset = argv[2];
		argc -= 2;
		argv += 2;
	}
	r = talk(argc > 1 ? argv[1] : "127.0.0.1:8888");
	if (r < 0)
		fprintf(stderr, "command_client: %s\n", tn_error_text());
	return r < 0;
}
