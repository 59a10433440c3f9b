/* gbk_client - says something to an echo server in GBK, and shows what comes
 * back as far as it is there, until all of it is.
 *
 *     gbk_client [--port PORT] [TEXT] */
#include <stdio.h>
#include <string.h>
#include <tenon/charset.h>
#include <tenon/dial.h>
#include <tenon/error.h>

static int
show(struct tn_charset *decoder, struct tn_slice came)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	int r = tn_charset_convert(decoder, came, &text);

	if (r == 0)
		r = tn_buffer_append_escaped(&safe, tn_buffer_slice(&text));
	if (r == 0 && safe.len > 0)
		printf("received: %s\n", safe.data);
	return r;
}

/* A piece may end inside a character; the decoder waits for the rest. */
static int
hear(struct tn_stream *server, size_t expected)
{
	TN_CLEANUP(tn_charset_freep) struct tn_charset *decoder = NULL;
	struct tn_slice came;
	int r = tn_charset_decoder("GBK", TN_CHARSET_REPLACE, &decoder);

	while (r >= 0 && expected > 0) {
		r = tn_stream_fill(server, 1, &came);
		if (r == 0)
			return tn_error_set(TN_ETRUNCATED,
			    "the server has hung up; %zu bytes are missing",
			    expected);
		if (r < 0)
			return r;
		came = tn_slice_head(came, expected);
		r = show(decoder, came);
		tn_stream_consume(server, came.len);
		expected -= came.len;
	}
	return r;
}

static int
say(const char *port, const char *text)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *server = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer said = { 0 };
	char address[64];
	int r;

	snprintf(address, sizeof(address), "127.0.0.1:%s", port);
	r = tn_charset_encode("GBK", TN_CHARSET_STRICT, tn_slice_str(text),
	    &said);
	if (r == 0)
		r = tn_dial(address, NULL, &server);
	if (r < 0)
		return r;
	printf("sending %s\n", text);
	r = tn_stream_write(server, tn_buffer_slice(&said));
	if (r == 0)
		r = hear(server, said.len);
	return r < 0 ? r : tn_stream_close(TN_TAKE(server));
}

int
main(int argc, char **argv)
{
	const char *port = "9900", *text = "你好，这是一条测试消息。";
	int r;

	if (argc > 2 && strcmp(argv[1], "--port") == 0) {
		port = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc > 2 || (argc == 2 && strncmp(argv[1], "--", 2) == 0)) {
		fprintf(stderr, "usage: gbk_client [--port PORT] [TEXT]\n");
		return 2;
	}
	if (argc == 2)
		text = argv[1];
	r = say(port, text);
	if (r < 0)
		fprintf(stderr, "gbk_client: %s\n", tn_error_text());
	return r < 0;
}
