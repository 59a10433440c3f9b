/* gbk_server - echo for clients that write Chinese as GBK: what they say is
 * shown as it was meant, and goes back byte for byte.
 *
 *     gbk_server [--port PORT] */
#include <stdio.h>
#include <string.h>
#include <tenon/charset.h>
#include <tenon/error.h>
#include <tenon/server.h>

/* Half a character may come now and its other half with the next piece: the
 * decoder keeps the one until the other is there. */
static int
show(struct tn_charset *decoder, struct tn_slice said)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	int r = tn_charset_convert(decoder, said, &text);

	if (r == 0)
		r = tn_buffer_append_escaped(&safe, tn_buffer_slice(&text));
	if (r == 0) {
		printf("client: %s\n", safe.data);
		fflush(stdout);
	}
	return r;
}

static int
handle(struct tn_request *rq)
{
	TN_CLEANUP(tn_charset_freep) struct tn_charset *decoder = NULL;
	struct tn_slice said;
	int r = tn_charset_decoder("GBK", TN_CHARSET_REPLACE, &decoder);

	if (r < 0)
		return r;
	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = show(decoder, said);
		if (r == 0)
			r = tn_stream_write(rq->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(rq->stream, said.len);
	}
	return r;
}

static int
serve(const char *port)
{
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	char address[64], text[TN_ADDRESS_TEXT_MAX];
	const struct tn_server_options options = {
		.address = address,
		.listen = { .backlog = 5 },
		.handle = handle,
	};
	struct tn_address at;
	int r;

	snprintf(address, sizeof(address), "127.0.0.1:%s", port);
	r = tn_server_open(&options, &server);
	if (r < 0)
		return r;
	tn_server_address(server, &at);
	printf("listening on %s\n", tn_address_format(&at, text));
	fflush(stdout);
	return tn_server_serve_forever(server);
}

int
main(int argc, char **argv)
{
	const char *port = "9900";
	int r;

	if (argc == 3 && strcmp(argv[1], "--port") == 0) {
		port = argv[2];
	} else if (argc > 1) {
		fprintf(stderr, "usage: gbk_server [--port PORT]\n");
		return 2;
	}
	r = serve(port);
	if (r < 0)
		fprintf(stderr, "gbk_server: %s\n", tn_error_text());
	return r < 0;
}
