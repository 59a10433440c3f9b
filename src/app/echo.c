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

int
app_echo_handle(struct tn_request *request)
{
	struct tn_slice said;
	int r;

	while ((r = echo_hear(request, &said)) > 0) {
		r = tn_stream_write(request->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(request->stream, said.len);
	}
	return r;
}

int
app_echo_handle_stamped(struct tn_request *request)
{
	struct tn_slice said;
	int r;

	while ((r = echo_hear(request, &said)) > 0) {
		r = tn_stream_printf(request->stream, "[%s] ", tn_ctime_now());
		if (r == 0)
			r = tn_stream_write(request->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(request->stream, said.len);
	}
	return r;
}
