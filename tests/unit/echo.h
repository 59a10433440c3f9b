/* Handlers that say what they hear, for the tests of all rooms. */
#ifndef TESTS_UNIT_ECHO_H
#define TESTS_UNIT_ECHO_H

#include <tenon/run.h>
#include <tenon/server.h>

static inline int
check_echo(struct tn_request *rq)
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

/* As HTTP does: idle between two requests.  "slow" takes 200 ms. */
static inline int
check_echo_idle(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	for (;;) {
		tn_request_idle(rq, true);
		r = tn_stream_fill(rq->stream, 1, &said);
		tn_request_idle(rq, false);
		if (r <= 0)
			return r;
		if (said.data[0] == 's')
			r = tn_sleep(200 * TN_MILLISECOND);
		if (r >= 0)
			r = tn_stream_write(rq->stream, said);
		if (r < 0)
			return r;
		tn_stream_consume(rq->stream, said.len);
	}
}

#endif
