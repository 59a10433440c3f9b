/* Who goes round in circles.  There is one thread, so a fiber that asks the
 * world something again and again and never waits would keep it for ever.  All
 * that it can ask therefore counts, from when it was resumed: after a while
 * each call takes time, so that who polls the clock gets where it wants to be,
 * and in the end the fiber is stopped where it stands. */
#include "sim/sim.h"

#define CIRCLE_FREE 10000 /* calls that take no time */
#define CIRCLE_TIME TN_MICROSECOND
#define CIRCLE_MOST 1000000

void
tn__sim_called(void)
{
	struct tn__loop *loop = tn__loop_current;
	struct tn__world *w = tn__world;
	struct tn__fiber *f;

	if (w == NULL || w->quiet > 0 || loop == NULL || loop->current == NULL)
		return;
	f = loop->current;
	if (w->calls_turn != atomic_load(&loop->turns)) {
		w->calls_turn = atomic_load(&loop->turns);
		w->calls = 0;
	}
	if (++w->calls < CIRCLE_FREE)
		return;
	w->now += CIRCLE_TIME;
	/* In the middle of parking it is on its way out already. */
	if (w->calls < CIRCLE_MOST || f->state != TN__FIBER_RUNNING)
		return;
	w->circling = f;
	tn__fiber_yield(f);
}
