/* The end of a stream, in good order: everything sent, our half closed, and the
 * peer's last bytes taken, because closing over unread bytes makes the kernel
 * send a reset that may overtake what the peer has yet to read. */
#include <errno.h>
#include <sys/socket.h>

#include <tenon/error.h>
#include <tenon/run.h>

#include "stream/stream.h"

#define CLOSE_LINGER_BYTES 65536
#define CLOSE_LINGER_SPAN (2 * TN_SECOND)

/* A carrier's half-close, a filter's end marker; once. */
static int
close_mark(struct tn_stream *s)
{
	if (s->write_error < 0)
		return tn_stream_flush(s); /* which says so */
	if (s->shut)
		return 0;
	s->shut = true;
	return s->ops->shutdown == NULL ? 0 : s->ops->shutdown(s);
}

/* As a flush, but the end that comes behind it may go along. */
static int
close_flush(struct tn_stream *s)
{
	if (s->write_error < 0 || s->ops->send == NULL)
		return tn_stream_flush(s);
	return tn__stream_drain(s, MSG_MORE);
}

int
tn_stream_shutdown(struct tn_stream *s)
{
	bool carrier = s->below == NULL;
	int r;

	r = carrier ? close_flush(s) : 0;
	if (r == 0)
		r = close_mark(s);
	if (r < 0 || carrier)
		return r;
	if (s->ops->write == NULL && s->ops->shutdown == NULL)
		return tn_stream_shutdown(s->below);
	return tn_stream_flush(s->below);
}

/* Reads on until the peer is done, or until that has gone on long enough, which
 * is no failure. */
static int
close_linger(struct tn_stream *s)
{
	size_t taken = 0;
	struct tn_scope scope;
	int r;

	tn_stream_set_pace(s, NULL); /* there is a limit of our own */
	tn_scope_open(&scope, tn_after(CLOSE_LINGER_SPAN));
	do {
		s->in_start = s->in_end;
		r = tn__stream_receive(s, 1);
		taken += s->in_end - s->in_start;
	} while (r == 0 && !s->ended && taken < CLOSE_LINGER_BYTES);
	if (tn_scope_close(&scope))
		r = 0;
	return r < 0 ? tn__stream_fail(s, r, "close") : 0;
}

/* Nothing can come any more, so there is nothing to take: the close of the
 * descriptor is the end in both directions. */
static bool
close_is_plain(const struct tn_stream *s)
{
	return s->quiet && s->ops->lingers && s->in_start == s->in_end;
}

static int
close_carrier(struct tn_stream *s)
{
	int r;

	/* What needs no wait goes out, even if waiting is over. */
	tn__stream_push_last(s);
	if (close_is_plain(s))
		return close_flush(s);
	r = tn_stream_shutdown(s);
	return r == 0 && s->ops->lingers ? close_linger(s) : r;
}

int
tn_stream_close(struct tn_stream *s)
{
	struct tn_stream *below;
	int r;

	if (s == NULL)
		return 0;
	below = s->owns_below ? s->below : NULL;
	if (s->below != NULL)
		r = close_mark(s); /* what is below goes on */
	else
		r = close_carrier(s);
	s->owns_below = false;
	tn_stream_free(s);
	if (r == 0)
		return tn_stream_close(below);
	tn_stream_free(below);
	return r;
}
