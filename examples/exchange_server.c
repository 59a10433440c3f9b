/* exchange_server - hears one client out, answers "Gun!!", and is done.
 *
 *     exchange_server [ADDRESS] */
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/stream.h>

static int
answer(struct tn_stream *client)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	struct tn_slice said;
	int r = tn_stream_fill(client, 1, &said);

	if (r > 0)
		r = tn_buffer_append_escaped(&safe, said);
	if (r == 0 && safe.data != NULL)
		printf("client: %s\n", safe.data);
	return r < 0 ? r : tn_stream_write(client, TN_SLICE("Gun!!"));
}

static int
serve(const char *address)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *listener = NULL;
	struct tn_socket *socket;
	struct tn_stream *client;
	struct tn_address at;
	char text[TN_ADDRESS_TEXT_MAX];
	int r = tn_listen(address, NULL, &listener);

	if (r == 0)
		r = tn_socket_getsockname(listener, &at);
	if (r < 0)
		return r;
	printf("listening on %s\n", tn_address_format(&at, text));
	fflush(stdout);
	r = tn_socket_accept(listener, &socket, NULL);
	if (r == 0)
		r = tn_stream_from_socket(socket, &client);
	if (r < 0)
		return r;
	r = answer(client);
	if (r == 0)
		return tn_stream_close(client); /* sees the last bytes off */
	tn_stream_free(client);
	return r;
}

int
main(int argc, char **argv)
{
	int r = serve(argc > 1 ? argv[1] : "127.0.0.1:8888");

	if (r < 0)
		fprintf(stderr, "exchange_server: %s\n", tn_error_text());
	return r < 0;
}
