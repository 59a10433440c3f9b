#include <errno.h>
#include <tenon/error.h>

#include "app/wire_state.h"

int
wire_open(struct wire_state *s, int (*say)(void *arg), int (*hear)(void *arg),
    void *arg)
{
	int r = tn_channel_open(sizeof(enum wire_side), WIRE_SIDES, &s->ends);

	for (int i = 0; i < WIRE_SIDES && r == 0; i++)
		r = tn_group_open(&s->groups[i]);
	s->moved = tn_now();
	if (r == 0)
		r = tn_go(s->groups[WIRE_HEAR], hear, arg);
	if (r == 0)
		r = tn_go(s->groups[WIRE_SAY], say, arg);
	return r;
}

void
wire_close(struct wire_state *s)
{
	for (int i = 0; i < WIRE_SIDES; i++)
		tn_group_free(s->groups[i]);
	tn_channel_free(s->ends);
}

int
wire_ended(struct wire_state *s, enum wire_side side, int result, bool here)
{
	int r;

	s->results[side] = result;
	s->here[side] = here;
	r = tn_channel_try_send(s->ends, &side); /* there is room for both */
	return result < 0 ? result : r;
}

int
wire_wait(struct wire_state *s, tn_time limit)
{
	enum wire_side side = WIRE_SAY;
	struct tn_scope scope;
	bool fired;
	int r;

	tn_scope_open(&scope, limit);
	r = tn_channel_recv(s->ends, &side);
	fired = tn_scope_close(&scope);
	if (r > 0) {
		s->ended[side] = true;
		s->moved = tn_now();
		return 0;
	}
	/* A deadline of the caller's own is his to judge. */
	return fired && r == -ETIMEDOUT ? -ETIMEDOUT : r < 0 ? r : -EPIPE;
}

tn_time
wire_limit(const struct wire_state *s, int64_t span_ms)
{
	if (span_ms <= 0 || span_ms > INT64_MAX / TN_MILLISECOND ||
	    s->moved > TN_NEVER - span_ms * TN_MILLISECOND)
		return TN_NEVER;
	return s->moved + span_ms * TN_MILLISECOND;
}

void
wire_stop_saying(struct wire_state *s)
{
	s->stop = true;
	if (s->asking)
		tn_group_cancel(s->groups[WIRE_SAY]);
}

int
wire_result(struct wire_state *s, enum wire_side side)
{
	return tn_group_wait(s->groups[side]);
}

int
wire_idle(int64_t idle_ms)
{
	return tn_error_set(-ETIMEDOUT,
	    "nothing came or went for %lld ms; see --idle",
	    (long long)idle_ms);
}
