/* How long a stream waits for its peer: for one wait, and for all of them
 * against the bytes that went through meanwhile. */
#include <errno.h>

#include <tenon/error.h>

#include "stream/stream.h"

static tn_time
pace_span(int64_t ms)
{
	return ms > TN_NEVER / TN_MILLISECOND ? TN_NEVER
					      : ms * TN_MILLISECOND;
}

/* In both directions, received and sent. */
static int64_t
pace_bytes(const struct tn_stream *s)
{
	return s->bytes_in + (s->in_end - s->in_start) + s->bytes_out;
}

void
tn_stream_set_pace(struct tn_stream *s, const struct tn_pace *pace)
{
	static const struct tn_pace none = { 0 };

	while (s->below != NULL)
		s = s->below;
	if (pace == NULL)
		pace = &none;
	s->pace.idle_ms = pace->idle_ms > 0 ? pace->idle_ms : 0;
	s->pace.rate_min = pace->rate_min > 0 ? pace->rate_min : 0;
	if (s->pace.rate_min == 0)
		return; /* no clock to be read */
	if (s->pace.rate_min > TN_SECOND)
		s->pace.rate_min = TN_SECOND; /* one a nanosecond */
	s->pace.start = tn_after(pace_span(pace->rate_grace_ms));
	s->pace.bytes = pace_bytes(s);
}

/* When the bytes so far will be too few. */
static tn_time
pace_rate_deadline(const struct tn_stream *s)
{
	int64_t bytes = pace_bytes(s) - s->pace.bytes;
	int64_t rate = s->pace.rate_min;
	tn_time span;

	if (__builtin_mul_overflow(bytes / rate, TN_SECOND, &span) ||
	    __builtin_add_overflow(span, bytes % rate * TN_SECOND / rate,
		&span) ||
	    __builtin_add_overflow(span, s->pace.start, &span))
		return TN_NEVER;
	return span;
}

void
tn__stream_pace_open(struct tn_stream *s, struct tn_scope *scope)
{
	tn_time idle = s->pace.idle_ms == 0
	    ? TN_NEVER
	    : tn_after(pace_span(s->pace.idle_ms));
	tn_time rate = s->pace.rate_min == 0 ? TN_NEVER : pace_rate_deadline(s);

	s->pace.late = rate < idle ? TN__PACE_RATE : TN__PACE_IDLE;
	tn_scope_open(scope, rate < idle ? rate : idle);
}

void
tn__stream_pace_close(struct tn_stream *s, struct tn_scope *scope)
{
	if (!tn_scope_close(scope))
		s->pace.late = TN__PACE_FINE;
}

static int
pace_wait(struct tn_stream *s, struct tn__io *io,
    enum tn__io_direction direction, const char *what)
{
	struct tn_scope scope;
	int r;

	tn__stream_pace_open(s, &scope);
	r = tn__io_wait(io, direction, what);
	tn__stream_pace_close(s, &scope);
	return r;
}

int
tn__stream_wait(struct tn_stream *s, struct tn__io *io,
    enum tn__io_direction direction)
{
	const char *what = direction == TN__IO_READ ? "read" : "write";

	if (s->pace.idle_ms == 0 && s->pace.rate_min == 0)
		return tn__io_wait(io, direction, what);
	return pace_wait(s, io, direction, what);
}

int
tn__stream_pace_fail(struct tn_stream *s, const char *verb, const char *name)
{
	bool idle = s->pace.late == TN__PACE_IDLE;

	/* Told once: the next time it may be somebody else's deadline. */
	s->pace.late = TN__PACE_FINE;
	if (idle)
		return tn_error_set(-ETIMEDOUT,
		    "%s %s: timed out: nothing moved for %lld ms (idle_ms)",
		    verb, name, (long long)s->pace.idle_ms);
	return tn_error_set(-ETIMEDOUT,
	    "%s %s: timed out: fewer than %lld bytes a second (rate_min)",
	    verb, name, (long long)s->pace.rate_min);
}
