/* Echo with Tenon: a fiber for each connection, one loop. */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/server.h>

static int
echo(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = tn_stream_write(rq->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(rq->stream, said.len);
	}
	return r;
}

int
main(void)
{
	const struct tn_server_options options = { .handle = echo };
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	struct tn_address at;
	int r;

	r = tn_server_open(&options, &server);
	if (r >= 0) {
		tn_server_address(server, &at);
		printf("%d tenon %s, a fiber each, one loop, as it comes\n",
		    tn_address_port(&at), tn_version());
		fflush(stdout);
		r = tn_server_serve_forever(server);
	}
	if (r < 0)
		fprintf(stderr, "echo_tenon: %s\n", tn_error_text());
	return r < 0;
}
