/* exchange_client - says "Hello!!" and shows the answer.
 *
 *     exchange_client [ADDRESS] */
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/dial.h>
#include <tenon/error.h>

static int
greet(const char *address)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *server = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	struct tn_slice answer;
	int r = tn_dial(address, NULL, &server);

	if (r == 0)
		r = tn_stream_write(server, TN_SLICE("Hello!!"));
	if (r == 0)
		r = tn_stream_fill(server, 1, &answer);
	if (r == 0)
		return tn_error_set(TN_ETRUNCATED,
		    "%s has hung up without an answer", address);
	if (r > 0)
		r = tn_buffer_append_escaped(&safe, answer);
	if (r == 0)
		printf("server: %s\n", safe.data);
	return r;
}

int
main(int argc, char **argv)
{
	int r = greet(argc > 1 ? argv[1] : "127.0.0.1:8888");

	if (r < 0)
		fprintf(stderr, "exchange_client: %s\n", tn_error_text());
	return r < 0;
}
