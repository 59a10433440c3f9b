#include <tenon/stream.h>

#include "app/echo.h"

/* The next piece.  Between two of them nothing is owed to the peer: a server
 * that is told to stop need not wait for it to hang up. */
static int
echo_hear(struct tn_request *request, struct tn_slice *ret)
{
	int r;

	tn_request_idle(request, true);
	r = tn_stream_fill(request->stream, 1, ret);
	tn_request_idle(request, false);
	return r;
}

/* An empty datagram is a piece too; a connection without one is just over. */
static int
echo_answer(struct tn_request *request,
    int (*answer)(struct tn_stream *s, struct tn_slice said))
{
	struct tn_slice said;
	int r = echo_hear(request, &said);

	if (r == 0 && tn_stream_socket(request->stream) == NULL)
		return answer(request->stream, said);
	while (r > 0) {
		r = answer(request->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(request->stream, said.len);
		r = echo_hear(request, &said);
	}
	return r;
}

int
app_echo_handle(struct tn_request *request)
{
	return echo_answer(request, tn_stream_write);
}

static int
echo_stamp(struct tn_stream *s, struct tn_slice said)
{
	int r = tn_stream_printf(s, "[%s] ", tn_ctime_now());

	return r < 0 ? r : tn_stream_write(s, said);
}

int
app_echo_handle_stamped(struct tn_request *request)
{
	return echo_answer(request, echo_stamp);
}
