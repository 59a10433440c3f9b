/* The ways between machines, and what cuts them off: partitions and crashes. */
#include <inttypes.h>
#include <tenon/error.h>
#include "sim/sim.h"

#define WAY_LOOPBACK (15 * TN_MICROSECOND)
#define WAY_SEGMENTS 20 /* a second, of a narrow way, or fewer */
#define WAY_SEGMENT_LEAST 1460
#define WAY_LATENCY_MOST (3600 * TN_SECOND / TN_MICROSECOND)

struct way {
	struct tn__list node;
	const struct tn__machine *a, *b;
	unsigned cuts;
	bool cut;
	int64_t latency_us, bytes_per_second; /* 0: as the options say */
	tn_time free[2]; /* when a sends no more, and b */
};

static struct way *
way_find(const struct tn__machine *a, const struct tn__machine *b)
{
	TN__LIST_FOR(node, &tn__world->ways) {
		struct way *w = TN__CONTAINER(node, struct way, node);

		if ((w->a == a && w->b == b) || (w->a == b && w->b == a))
			return w;
	}
	return NULL;
}

static struct way *
way_make(const struct tn__machine *a, const struct tn__machine *b)
{
	struct way *w = way_find(a, b);

	if (w != NULL)
		return w;
	w = tn__sim_zalloc(sizeof(*w));
	if (w == NULL)
		return NULL;
	w->a = a;
	w->b = b;
	tn__list_push_back(&tn__world->ways, &w->node);
	return w;
}

/* ---- how long ---------------------------------------------------------- */

tn_time
tn__way_latency(struct tn__machine *a, struct tn__machine *b)
{
	const struct tn_sim_options *o = &tn__world->options;
	const struct way *w = way_find(a, b);
	int64_t us = w != NULL && w->latency_us != 0 ? w->latency_us :
	    o->latency_us;
	tn_time latency = us > 0 ? us * TN_MICROSECOND : 0;

	if (a == b)
		return WAY_LOOPBACK;
	if (o->latency_spread_us > 0)
		latency += tn__sim_between(0,
		    o->latency_spread_us * TN_MICROSECOND);
	return latency;
}

/* Bytes a second, 0 without a limit. */
static int64_t
way_rate(struct tn__machine *a, struct tn__machine *b)
{
	const struct way *w = way_find(a, b);
	int64_t rate = w != NULL && w->bytes_per_second != 0 ?
	    w->bytes_per_second : tn__world->options.bytes_per_second;

	return a == b || rate < 0 ? 0 : rate;
}

/* On a narrow way the first of it arrives long before the last. */
size_t
tn__way_segment(struct tn__machine *from, struct tn__machine *to)
{
	int64_t size = way_rate(from, to) / WAY_SEGMENTS;

	return size == 0 ? SIZE_MAX : size < WAY_SEGMENT_LEAST ?
	    WAY_SEGMENT_LEAST : (size_t)size;
}

/* All that goes the same way waits in one line. */
tn_time
tn__way_line(struct tn__machine *from, struct tn__machine *to, size_t size)
{
	int64_t rate = way_rate(from, to);
	struct way *w = rate == 0 ? NULL : way_make(from, to);
	tn_time *line;

	if (w == NULL)
		return tn__world->now;
	line = &w->free[from == w->b];
	if (*line < tn__world->now)
		*line = tn__world->now;
	*line += (tn_time)size * TN_SECOND / rate;
	return *line;
}

/* ---- cuts -------------------------------------------------------------- */

/* A machine without power is behind a cut. */
bool
tn__way_cut(struct tn__machine *a, struct tn__machine *b)
{
	const struct way *w = way_find(a, b);

	return a->boot == NULL || b->boot == NULL || (w != NULL && w->cut);
}

unsigned
tn__way_cuts(struct tn__machine *a, struct tn__machine *b)
{
	const struct way *w = way_find(a, b);

	return w == NULL ? 0 : w->cuts;
}

static int
way_between(const char *a, const char *b, const char *what, struct way **ret)
{
	const struct tn__machine *from, *to;
	int r = tn__sim_inside(what);

	if (r < 0)
		return r;
	from = tn__sim_machine(a);
	to = tn__sim_machine(b);
	if (from == NULL || to == NULL || from == to)
		return tn_error_set(-EINVAL, "%s %s and %s: these are not two "
		    "simulated hosts", what, a == NULL ? "NULL" : a,
		    b == NULL ? "NULL" : b);
	*ret = way_make(from, to);
	return *ret == NULL ? tn__error_nomem() : 0;
}

int
tn_sim_link(const char *a, const char *b, int64_t latency_us,
    int64_t bytes_per_second)
{
	struct way *w;
	int r = way_between(a, b, "link between", &w);

	if (r == 0 && (latency_us < -1 || latency_us > WAY_LATENCY_MOST ||
	    bytes_per_second < -1))
		r = tn_error_set(-EINVAL, "link between %s and %s: latency_us "
		    "is %" PRId64 ", at most an hour, and bytes_per_second %"
		    PRId64 "; 0 for what the options say, -1 for none", a, b,
		    latency_us, bytes_per_second);
	if (r < 0)
		return r;
	w->latency_us = latency_us;
	w->bytes_per_second = bytes_per_second;
	return 0;
}

int
tn_sim_partition(const char *a, const char *b, bool cut)
{
	struct way *w;
	int r = way_between(a, b, "partition of", &w);

	if (r < 0 || w->cut == cut)
		return r;
	w->cut = cut;
	w->cuts += cut;
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
}

static int
crash_check(const char *name, const struct tn__machine *m, tn_time down_for)
{
	const char *why = NULL;

	if (m == NULL)
		why = "no simulated host is called so";
	else if (m == tn__world->here)
		why = "the simulation begins and ends with it";
	else if (m->boot == NULL)
		why = "it has no power as it is";
	if (why != NULL)
		return tn_error_set(-EINVAL, "crash of %s: %s",
		    name == NULL ? "NULL" : name, why);
	if (down_for < 0 || down_for > TN_NEVER - tn__world->now)
		return tn_error_set(-EINVAL, "crash of %s for %" PRId64 " ns: "
		    "this is no span of time", name, down_for);
	return 0;
}

int
tn_sim_crash(const char *name, tn_time down_for)
{
	struct tn__machine *m;
	int r = tn__sim_inside("crash");

	if (r < 0)
		return r;
	m = tn__sim_machine(name);
	r = crash_check(name, m, down_for);
	if (r < 0)
		return r;
	tn__sim_trace("%s loses its power", m->name);
	m->boot->dead = true;
	tn__boot_end(m->boot);
	crash_sockets(m->boot);
	m->boot = NULL;
	tn__files_crash(m);
	tn__event_at(&m->power, tn__world->now + down_for);
	return 0;
}
