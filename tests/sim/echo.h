/* A server that says back what it hears, on port 7. */
#ifndef TESTS_SIM_ECHO_H
#define TESTS_SIM_ECHO_H

#include <tenon/server.h>

static inline int
echo_handle(struct tn_request *rq)
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

static inline int
echo_main(void *arg)
{
	const struct tn_server_options options = {
		.address = ":7",
		.handle = echo_handle,
		.idle_ms = -1,
	};
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server);

	return r < 0 ? r : tn_server_serve_forever(server);
}

#endif
