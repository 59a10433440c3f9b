/* The ways between machines, and what cuts them off: partitions and crashes. */
#include <tenon/error.h>
#include "sim/sim.h"

#define WAY_LOOPBACK (15 * TN_MICROSECOND)

struct way_cut {
	struct tn__list node;
	const struct tn__machine *a, *b;
	unsigned count;
	bool cut;
};

static struct way_cut *
way_find(const struct tn__machine *a, const struct tn__machine *b)
{
	TN__LIST_FOR(node, &tn__world->cuts) {
		struct way_cut *c = TN__CONTAINER(node, struct way_cut, node);

		if ((c->a == a && c->b == b) || (c->a == b && c->b == a))
			return c;
	}
	return NULL;
}

tn_time
tn__way_latency(struct tn__machine *a, struct tn__machine *b)
{
	const struct tn_sim_options *o = &tn__world->options;
	tn_time latency = 0;

	if (a == b)
		return WAY_LOOPBACK;
	if (o->latency_us > 0)
		latency += o->latency_us * TN_MICROSECOND;
	if (o->latency_spread_us > 0)
		latency += tn__sim_between(0,
		    o->latency_spread_us * TN_MICROSECOND);
	return latency;
}

/* A machine without power is behind a cut. */
bool
tn__way_cut(struct tn__machine *a, struct tn__machine *b)
{
	const struct way_cut *c = way_find(a, b);

	return a->boot == NULL || b->boot == NULL || (c != NULL && c->cut);
}

unsigned
tn__way_cuts(struct tn__machine *a, struct tn__machine *b)
{
	const struct way_cut *c = way_find(a, b);

	return c == NULL ? 0 : c->count;
}
