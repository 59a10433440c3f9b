/* How long a stream waits for its peer: at one time, and altogether, against
 * the bytes that went through. */
#include <errno.h>

#include <tenon/error.h>

#include "stream/stream.h"

#define PACE_GRACE (5 * TN_SECOND)

static tn_time
pace_span(int64_t ms)
{
	return ms > TN_NEVER / TN_MILLISECOND ? TN_NEVER
					      : ms * TN_MILLISECOND;
}

static tn_time
pace_at(tn_time now, tn_time span)
{
	return span < TN_NEVER - now ? now + span : TN_NEVER;
}

static int64_t
pace_received(const struct tn_stream *s)
{
	return s->bytes_in + (s->in_end - s->in_start);
}

void
tn_stream_set_pace(struct tn_stream *s, const struct tn_pace *pace)
{
	static const struct tn_pace none = { 0 };
	struct tn__stream_pace *p;

	while (s->below != NULL)
		s = s->below;
	if (pace == NULL)
		pace = &none;
	p = &s->pace;
	p->idle_ms = pace->idle_ms > 0 ? pace->idle_ms : 0;
	p->rate_min = pace->rate_min > 0 ? pace->rate_min : 0;
	if (p->rate_min > TN_SECOND)
		p->rate_min = TN_SECOND; /* one a nanosecond */
	p->grace = pace->rate_grace_ms == 0 ? PACE_GRACE :
	    pace->rate_grace_ms < 0 ? TN_NEVER : pace_span(pace->rate_grace_ms);
	p->left = p->grace;
	if (p->waiting > 0)
		p->until = tn_after(p->grace);
	p->in = pace_received(s);
	p->out = s->bytes_out;
}

/* The time that so many bytes may take. */
static tn_time
pace_worth(const struct tn_stream *s, int64_t bytes)
{
	int64_t rate = s->pace.rate_min;
	tn_time whole;

	if (__builtin_mul_overflow(bytes / rate, TN_SECOND, &whole))
		return TN_NEVER;
	return pace_at(whole, bytes % rate * TN_SECOND / rate);
}

/* What has gone through since the last time buys time.  Only so much of it can
 * be saved, or a burst at the beginning would buy an hour of dripping.  What
 * was sent is no such burst: the kernel has taken it, and says no more before
 * the peer has taken much of that. */
static void
pace_earn(struct tn_stream *s, tn_time now)
{
	struct tn__stream_pace *p = &s->pace;
	tn_time most = pace_at(now, p->grace);
	int64_t in = pace_received(s) - p->in, out = s->bytes_out - p->out;

	p->in += in;
	p->out += out;
	p->until = pace_at(p->until, pace_worth(s, out));
	if (p->until < most) {
		p->until = pace_at(p->until, pace_worth(s, in));
		if (p->until > most)
			p->until = most;
	}
}

void
tn__stream_pace_open(struct tn_stream *s, struct tn_scope *scope)
{
	struct tn__stream_pace *p = &s->pace;
	tn_time now = p->idle_ms > 0 || p->rate_min > 0 ? tn_now() : 0;
	tn_time rate = TN_NEVER;
	tn_time idle = p->idle_ms == 0 ? TN_NEVER :
	    pace_at(now, pace_span(p->idle_ms));

	if (p->waiting++ == 0)
		p->until = pace_at(now, p->left);
	if (p->rate_min > 0) {
		pace_earn(s, now);
		rate = p->until;
	}
	p->late = rate < idle ? TN__PACE_RATE : TN__PACE_IDLE;
	tn_scope_open(scope, rate < idle ? rate : idle);
}

void
tn__stream_pace_close(struct tn_stream *s, struct tn_scope *scope)
{
	struct tn__stream_pace *p = &s->pace;
	tn_time now;

	if (!tn_scope_close(scope))
		p->late = TN__PACE_FINE;
	if (--p->waiting > 0 || p->rate_min == 0)
		return;
	/* The time until the next wait is ours, not the peer's. */
	now = tn_now();
	p->left = p->until == TN_NEVER ? TN_NEVER :
	    p->until > now ? p->until - now : 0;
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
