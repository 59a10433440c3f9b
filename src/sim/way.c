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

static struct way_cut *
way_make(const struct tn__machine *a, const struct tn__machine *b)
{
	struct way_cut *c = way_find(a, b);

	if (c != NULL)
		return c;
	c = tn__sim_zalloc(sizeof(*c));
	if (c == NULL)
		return NULL;
	c->a = a;
	c->b = b;
	tn__list_push_back(&tn__world->cuts, &c->node);
	return c;
}

int
tn_sim_partition(const char *a, const char *b, bool cut)
{
	const struct tn__machine *from, *to;
	struct way_cut *c;

	from = tn__world == NULL ? NULL : tn__sim_machine(a);
	to = tn__world == NULL ? NULL : tn__sim_machine(b);
	if (from == NULL || to == NULL || from == to)
		return tn_error_set(-EINVAL, "partition of %s and %s: these "
		    "are not two simulated hosts", a, b);
	c = way_make(from, to);
	if (c == NULL)
		return tn__error_nomem();
	if (c->cut == cut)
		return 0;
	c->cut = cut;
	c->count += cut;
	tn__sim_trace("%s and %s are %s", a, b, cut ? "cut off" :
	    "connected again");
	return 0;
}

/* ---- crashes ----------------------------------------------------------- */

/* Nothing of it is left, and nobody is told. */
static void
crash_sockets(struct tn__boot *boot)
{
	struct tn__machine *m = boot->machine;

	TN__LIST_FOR(node, &tn__world->ends) {
		struct tn__end *e = TN__CONTAINER(node, struct tn__end, all);

		if (e->socket.thing.boot != boot)
			continue;
		tn__end_fail(e, ENETDOWN);
		tn__list_remove(&e->queue);
		e->listener = NULL;
	}
	TN__LIST_FOR(node, &m->bound)
		tn__list_remove(node);
	tn__unix_forget(m);
}

int
tn_sim_crash(const char *name, tn_time down_for)
{
	struct tn__machine *m =
	    tn__world == NULL ? NULL : tn__sim_machine(name);

	if (m == NULL || m == tn__world->here || m->boot == NULL ||
	    down_for < 0 || down_for > TN_NEVER - tn__world->now)
		return tn_error_set(-EINVAL, "crash of %s: this is no "
		    "simulated host that runs, or it is the one that the "
		    "simulation begins and ends with", name);
	tn__sim_trace("%s loses its power", name);
	m->boot->dead = true;
	tn__boot_end(m->boot);
	crash_sockets(m->boot);
	m->boot = NULL;
	tn__files_crash(m);
	tn__event_at(&m->power, tn__world->now + down_for);
	return 0;
}
