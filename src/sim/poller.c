/* The machine as rt/ sees it: clocks, pollers, and what has a descriptor.
 *
 * As with epoll, an edge only says that a thing has to be looked at: what is
 * reported is what is possible when the poller is asked. */
#include "sim/sim.h"

#define POLLER_WALL ((int64_t)1515627155 * TN_SECOND) /* 2018-01-10T23:32:35Z */
#define POLLER_JUMP (3600 * TN_SECOND) /* of the wall clock, at most */
#define POLLER_JOB (2 * TN_MILLISECOND)
#define POLLER_LOOKUP_SLOW (20 * TN_SECOND)

static struct tn__boot *
boot_of(struct tn__host *host)
{
	return TN__CONTAINER(host, struct tn__boot, host);
}

/* ---- descriptors ------------------------------------------------------- */

int
tn__thing_open(struct tn__thing *thing, const struct tn__thing_ops *ops)
{
	struct tn__world *w = tn__world;

	if (w->thing_count == w->thing_cap) {
		size_t cap = w->thing_cap == 0 ? 64 : 2 * w->thing_cap;
		struct tn__thing **things = tn__sim_resize(w->things,
		    cap * sizeof(struct tn__thing *));

		if (things == NULL)
			return -ENOMEM;
		w->things = things;
		w->thing_cap = cap;
	}
	thing->ops = ops;
	thing->boot = tn__sim_boot();
	thing->fd = TN__SIM_FD + (int)w->thing_count;
	tn__list_init(&thing->watches);
	w->things[w->thing_count++] = thing;
	return thing->fd;
}

struct tn__thing *
tn__thing_of(int fd)
{
	struct tn__world *w = tn__world;
	size_t i = (size_t)(fd - TN__SIM_FD);

	tn__sim_called();
	if (fd < TN__SIM_FD || i >= w->thing_count || w->things[i] == NULL ||
	    w->things[i]->boot != tn__sim_boot())
		return NULL;
	return w->things[i];
}

static void
watch_free(struct tn__watch *watch)
{
	tn__list_remove(&watch->node);
	tn__list_remove(&watch->all);
	tn__list_remove(&watch->ready);
	watch->poller->count--;
	tn__free(watch);
}

void
tn__thing_forget(struct tn__thing *thing)
{
	if (thing->fd < 0)
		return;
	tn__world->things[thing->fd - TN__SIM_FD] = NULL;
	thing->fd = -1;
	TN__LIST_FOR(node, &thing->watches)
		watch_free(TN__CONTAINER(node, struct tn__watch, node));
}

/* ---- edges ------------------------------------------------------------- */

static unsigned
watch_state(const struct tn__watch *watch)
{
	unsigned wanted = watch->bits & (TN__POLL_IN | TN__POLL_OUT);
	unsigned state = watch->thing->ops->state(watch->thing);

	if (watch->bits & TN__POLL_EXCLUSIVE)
		wanted = TN__POLL_IN;
	return state & (wanted | TN__POLL_ODD);
}

static void
watch_look(struct tn__watch *watch)
{
	if (tn__list_empty(&watch->ready))
		tn__list_push_back(&watch->poller->ready, &watch->ready);
}

/* Of those who share a listener one is woken. */
static void
thing_edge_exclusive(struct tn__thing *thing, size_t count)
{
	uint64_t chosen = tn__sim_below(count);

	TN__LIST_FOR(node, &thing->watches) {
		if (chosen-- == 0)
			watch_look(TN__CONTAINER(node, struct tn__watch, node));
	}
}

void
tn__thing_edge(struct tn__thing *thing)
{
	size_t exclusive = 0;

	TN__LIST_FOR(node, &thing->watches) {
		struct tn__watch *watch =
		    TN__CONTAINER(node, struct tn__watch, node);

		if (watch->bits & TN__POLL_EXCLUSIVE)
			exclusive++;
		else
			watch_look(watch);
	}
	if (exclusive > 0)
		thing_edge_exclusive(thing, exclusive);
}

/* ---- pollers ----------------------------------------------------------- */

static int
sim_poller_open(struct tn__host *host, struct tn__poller **ret)
{
	struct tn__poller *poller = tn__sim_zalloc(sizeof(*poller));

	if (poller == NULL)
		return -ENOMEM;
	poller->boot = boot_of(host);
	tn__list_init(&poller->watches);
	tn__list_init(&poller->ready);
	*ret = poller;
	return 0;
}

static void
sim_poller_free(struct tn__poller *poller)
{
	TN__LIST_FOR(node, &poller->watches)
		watch_free(TN__CONTAINER(node, struct tn__watch, all));
	tn__free(poller);
}

static struct tn__watch *
poller_find(struct tn__poller *poller, const struct tn__thing *thing)
{
	TN__LIST_FOR(node, &thing->watches) {
		struct tn__watch *watch =
		    TN__CONTAINER(node, struct tn__watch, node);

		if (watch->poller == poller)
			return watch;
	}
	return NULL;
}

static void
watch_arm(struct tn__watch *watch, unsigned bits, uint64_t data)
{
	watch->bits = bits;
	watch->data = data;
	watch->armed = true;
	if (watch_state(watch) != 0)
		watch_look(watch);
}

static int
sim_poller_add(struct tn__poller *poller, int fd, unsigned bits, uint64_t data)
{
	struct tn__thing *thing = tn__thing_of(fd);
	struct tn__watch *watch;

	if (thing == NULL)
		return -EBADF;
	if (!thing->socket)
		return -EPERM;
	if (poller_find(poller, thing) != NULL)
		return -EEXIST;
	watch = tn__sim_zalloc(sizeof(*watch));
	if (watch == NULL)
		return -ENOMEM;
	tn__list_init(&watch->ready);
	tn__list_push_back(&thing->watches, &watch->node);
	tn__list_push_back(&poller->watches, &watch->all);
	poller->count++;
	watch->poller = poller;
	watch->thing = thing;
	watch_arm(watch, bits, data);
	return 0;
}

static int
sim_poller_rearm(struct tn__poller *poller, int fd, unsigned bits,
    uint64_t data)
{
	struct tn__thing *thing = tn__thing_of(fd);
	struct tn__watch *watch;

	if (thing == NULL)
		return -EBADF;
	watch = poller_find(poller, thing);
	if (watch == NULL)
		return -ENOENT;
	watch_arm(watch, bits, data);
	return 0;
}

static void
sim_poller_remove(struct tn__poller *poller, int fd)
{
	struct tn__thing *thing = tn__thing_of(fd);
	struct tn__watch *watch =
	    thing == NULL ? NULL : poller_find(poller, thing);

	if (watch != NULL)
		watch_free(watch);
}

static void
poller_disturb(struct tn__poller *poller)
{
	uint64_t chosen;

	if (poller->count == 0 || !tn__sim_strikes(TN_SIM_SPURIOUS))
		return;
	chosen = tn__sim_below(poller->count);
	TN__LIST_FOR(node, &poller->watches) {
		struct tn__watch *watch =
		    TN__CONTAINER(node, struct tn__watch, all);

		if (chosen-- > 0)
			continue;
		watch->spurious = true;
		watch_look(watch);
	}
}

static unsigned
watch_take(struct tn__watch *watch)
{
	unsigned bits = watch_state(watch);

	if (watch->spurious)
		bits |= TN__POLL_IN |
		    (watch->bits & TN__POLL_EXCLUSIVE ? 0 : TN__POLL_OUT);
	watch->spurious = false;
	if (watch->bits & TN__POLL_LEVEL) {
		if (!watch->armed)
			return 0;
		watch->armed = bits == 0;
	}
	return bits;
}

/* Never waits: the driver comes back when there is something to do.  A loop
 * that would not have waited turns once more. */
static int
sim_poller_wait(struct tn__poller *poller, struct tn__poll_event *events,
    int count, tn_time deadline)
{
	int n = 0;

	poller->woken = deadline == 0;
	poller_disturb(poller);
	while (n < count && !tn__list_empty(&poller->ready)) {
		struct tn__watch *watch =
		    TN__CONTAINER(tn__list_pop(&poller->ready),
		    struct tn__watch, ready);
		unsigned bits = watch_take(watch);

		if (bits == 0)
			continue;
		events[n].data = watch->data;
		events[n++].bits = bits;
	}
	return n;
}

static void
sim_poller_wake(struct tn__poller *poller)
{
	poller->woken = true;
}

/* Asked only what is possible now: nobody is without a loop here. */
static int
sim_poll(struct tn__host *host, struct pollfd *fds, size_t count,
    tn_time deadline)
{
	int found = 0;

	for (size_t i = 0; i < count; i++) {
		struct tn__thing *thing = tn__thing_of(fds[i].fd);
		unsigned state = thing == NULL ? 0 :
		    thing->ops->state(thing);

		fds[i].revents = thing == NULL ? POLLNVAL : 0;
		if (state & TN__POLL_IN)
			fds[i].revents |= fds[i].events & POLLIN;
		if (state & TN__POLL_OUT)
			fds[i].revents |= fds[i].events & POLLOUT;
		found += fds[i].revents != 0;
	}
	return found;
}

/* ---- clocks ------------------------------------------------------------ */

static tn_time
sim_now(struct tn__host *host)
{
	tn__sim_called();
	return tn__world->now;
}

static int64_t
sim_wall_now(struct tn__host *host)
{
	struct tn__machine *m = boot_of(host)->machine;

	tn__sim_called();
	if (tn__sim_strikes(TN_SIM_CLOCK_JUMP))
		m->wall_shift += tn__sim_between(-POLLER_JUMP, POLLER_JUMP);
	return POLLER_WALL + tn__world->now + m->wall_shift;
}

static tn_time
sim_job_time(struct tn__host *host, bool lookup)
{
	if (!lookup)
		return tn__sim_between(TN_MICROSECOND, POLLER_JOB);
	if (tn__sim_strikes(TN_SIM_LOOKUP_SLOW))
		return tn__sim_between(TN_SECOND, POLLER_LOOKUP_SLOW);
	return tn__sim_between(100 * TN_MICROSECOND, 10 * POLLER_JOB);
}

void
tn__sim_host_init(struct tn__host *host)
{
	*host = (struct tn__host){
		.now = sim_now,
		.wall_now = sim_wall_now,
		.poller_open = sim_poller_open,
		.poller_free = sim_poller_free,
		.poller_add = sim_poller_add,
		.poller_rearm = sim_poller_rearm,
		.poller_remove = sim_poller_remove,
		.poller_wait = sim_poller_wait,
		.poller_wake = sim_poller_wake,
		.poll = sim_poll,
		.job_time = sim_job_time,
		.net = &tn__sim_net,
		.os = &tn__sim_os,
	};
}
