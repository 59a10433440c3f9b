/* Who runs next.  Of all loops that have something to do one is picked by the
 * dice and turned once; when none has, the clock jumps to the next event or
 * timer; when there is none either, nobody will ever move again. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <tenon/error.h>
#include "sim/sim.h"

#define DRIVER_TURN_LEAST TN_MICROSECOND /* what a turn costs */
#define DRIVER_TURN_MOST (3 * TN_MICROSECOND)
#define DRIVER_GRACE_STEPS 1000000 /* to end what was cancelled */

/* ---- events ------------------------------------------------------------ */

void
tn__event_at(struct tn__event *event, tn_time when)
{
	struct tn__world *w = tn__world;
	int r;

	if (when < w->now)
		when = w->now;
	if (tn__heap_contains(&event->node)) {
		tn__heap_move(&w->events, &event->node, when);
		return;
	}
	w->quiet++;
	r = tn__heap_reserve(&w->events, w->events.count + 1);
	w->quiet--;
	assert(r == 0); /* a test has run out of the real memory */
	(void)r;
	tn__heap_insert(&w->events, &event->node, when);
}

void
tn__event_cancel(struct tn__event *event)
{
	tn__heap_remove(&tn__world->events, &event->node);
}

static void
driver_fire(struct tn__world *w)
{
	struct tn__heap_node *node;

	while ((node = tn__heap_first(&w->events)) != NULL &&
	    node->when <= w->now) {
		struct tn__event *event =
		    TN__CONTAINER(node, struct tn__event, node);

		tn__heap_remove(&w->events, node);
		event->run(event);
	}
}

/* ---- loops ------------------------------------------------------------- */

/* Calls each(loop, arg) until one returns true. */
static struct tn__loop *
driver_each(struct tn__world *w, bool (*each)(struct tn__loop *, void *),
    void *arg)
{
	TN__LIST_FOR(m, &w->machines) {
		struct tn__machine *machine =
		    TN__CONTAINER(m, struct tn__machine, node);

		TN__LIST_FOR(b, &machine->boots) {
			struct tn__run *run =
			    &TN__CONTAINER(b, struct tn__boot, node)->run;

			for (int i = 0; i < run->loop_count; i++) {
				if (atomic_load(&run->fibers) > 0 &&
				    each(run->loops[i], arg))
					return run->loops[i];
			}
		}
	}
	return NULL;
}

/* What is in its inbox is none of it: whoever puts something there has to wake
 * the loop, and a wake-up that is forgotten shall be missed here too. */
static bool
loop_has_work(const struct tn__loop *loop)
{
	const struct tn__heap_node *timer = tn__heap_first(&loop->timers);

	return !tn__list_empty(&loop->queue) ||
	    !tn__list_empty(&loop->poller->ready) ||
	    loop->poller->woken ||
	    (atomic_load(&loop->ending) && !loop->cancelled) ||
	    (timer != NULL && timer->when <= tn__world->now);
}

static bool
loop_count(struct tn__loop *loop, void *arg)
{
	*(uint64_t *)arg += loop_has_work(loop);
	return false;
}

static bool
loop_choose(struct tn__loop *loop, void *arg)
{
	return loop_has_work(loop) && (*(uint64_t *)arg)-- == 0;
}

static struct tn__loop *
driver_pick(struct tn__world *w)
{
	uint64_t count = 0, chosen;

	driver_each(w, loop_count, &count);
	if (count == 0)
		return NULL;
	chosen = tn__sim_below(count);
	return driver_each(w, loop_choose, &chosen);
}

/* Whether `f` waits for a descriptor that is ready.  Of those who share a
 * listener only one is woken, and that one may be asleep for a while. */
static bool
fiber_missed(const struct tn__fiber *f)
{
	unsigned wanted = f->io_direction == TN__IO_READ ? TN__POLL_IN :
	    TN__POLL_OUT;

	for (unsigned i = 0; i < f->io_count; i++) {
		const struct tn__io *io = f->ios[i];
		size_t at = (size_t)(io->fd - TN__SIM_FD);
		struct tn__thing *thing;

		if (io->fd < TN__SIM_FD || at >= tn__world->thing_count ||
		    io->flags & TN__IO_EXCLUSIVE)
			continue;
		thing = tn__world->things[at];
		if (thing != NULL && !thing->boot->dead &&
		    thing->ops->state(thing) & wanted)
			return true;
	}
	return false;
}

/* When nobody has anything to do: nothing will wake it any more, but perhaps
 * a deadline, which would hide that it was forgotten. */
static bool
loop_missed(struct tn__loop *loop, void *arg)
{
	const struct tn__fiber **missed = arg;

	TN__LIST_FOR(node, &loop->fibers) {
		struct tn__fiber *f = TN__CONTAINER(node, struct tn__fiber,
		    all);

		if (f->state != TN__FIBER_PARKED || !fiber_missed(f))
			continue;
		*missed = f;
		return true;
	}
	return false;
}

static bool
loop_next(struct tn__loop *loop, void *arg)
{
	const struct tn__heap_node *timer = tn__heap_first(&loop->timers);
	tn_time *next = arg;

	if (timer != NULL && timer->when < *next)
		*next = timer->when;
	return false;
}

/* To the next thing that happens; false when nothing does. */
static bool
driver_advance(struct tn__world *w)
{
	const struct tn__heap_node *event = tn__heap_first(&w->events);
	tn_time next = event == NULL ? TN_NEVER : event->when;

	driver_each(w, loop_next, &next);
	if (next == TN_NEVER)
		return false;
	if (next > w->now)
		w->now = next;
	return true;
}

/* ---- one turn ---------------------------------------------------------- */

/* Ready fibers run in any order. */
static void
loop_shuffle(struct tn__world *w, struct tn__loop *loop)
{
	struct tn__list *node;
	size_t n = 0;

	TN__LIST_FOR(counted, &loop->queue)
		n += counted != NULL;
	if (n < 2)
		return;
	if (n > w->scratch_cap) {
		struct tn__list **scratch = tn__sim_resize(w->scratch,
		    2 * n * sizeof(struct tn__list *));

		if (scratch == NULL)
			return;
		w->scratch = scratch;
		w->scratch_cap = 2 * n;
	}
	for (n = 0; (node = tn__list_pop(&loop->queue)) != NULL; n++) {
		uint64_t at = tn__sim_below(n + 1);

		w->scratch[n] = w->scratch[at];
		w->scratch[at] = node;
	}
	for (size_t i = 0; i < n; i++)
		tn__list_push_back(&loop->queue, w->scratch[i]);
}

static void
driver_turn(struct tn__world *w, struct tn__loop *loop)
{
	loop_shuffle(w, loop);
	w->now += tn__sim_between(DRIVER_TURN_LEAST, DRIVER_TURN_MOST);
	w->result.steps++;
	loop->now = w->now;
	w->calls_turn = 0; /* of another loop: not this one's */
	tn__host_current = loop->host;
	tn__loop_current = loop;
	w->quiet--;
	tn__loop_turn(loop, 1);
	w->quiet++;
	tn__loop_current = NULL;
	tn__host_current = NULL;
}

/* ---- from begin to end ------------------------------------------------- */

/* "loop 0: 2 fibers" and a line for each. */
static struct tn_buffer
driver_look(struct tn__loop *loop)
{
	struct tn_buffer text = { 0 };

	tn__host_current = loop->host;
	tn__loop_current = loop;
	tn__dump_loop(loop, &text);
	tn__loop_current = NULL;
	tn__host_current = NULL;
	return text;
}

static bool
driver_dump(struct tn__loop *loop, void *arg)
{
	struct tn__boot *boot =
	    TN__CONTAINER(loop->host, struct tn__boot, host);
	struct tn_buffer text;

	if (loop->fiber_count == 0)
		return false;
	tn__sim_trace("%s%s, which does:", boot->machine->name,
	    boot->dead ? " (without power)" : "");
	text = driver_look(loop);
	if (text.data != NULL)
		tn__sim_trace_text(text.data);
	tn_buffer_free(&text);
	return false;
}

/* Why it comes to no end, and with whom. */
struct trouble {
	int code; /* 0: none */
	const char *why;
	const struct tn__fiber *fiber; /* NULL: main */
};

/* What everybody does is the end of the trace, and what the one fiber does that
 * it is about is in the error line. */
static int
driver_fail(struct tn__world *w, const struct trouble *t)
{
	struct tn__loop *loop = t->fiber != NULL ? t->fiber->loop :
	    w->here->boot->run.loops[0];
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = driver_look(loop);
	struct tn_slice rest = tn_buffer_slice(&text), line = { 0 };
	char name[32];

	(void)snprintf(name, sizeof(name), "fiber %" PRIu64 " ",
	    t->fiber != NULL ? t->fiber->id : 1); /* main is the first */
	while (rest.data != NULL && !tn_slice_starts(line, tn_slice_str(name)))
		line = tn_slice_trim(tn_slice_split(&rest, '\n'));
	tn__sim_trace("%s", t->why);
	driver_each(w, driver_dump, NULL);
	return tn_error_set(t->code, "simulation, seed %" PRIu64 ": %s; on %s "
	    "%.*s; %s", w->seed, t->why,
	    TN__CONTAINER(loop->host, struct tn__boot, host)->machine->name,
	    (int)line.len, line.data,
	    w->options.trace != NULL ? "the end of the trace says more" :
	    "run this seed again with options.trace to see how that came");
}

static bool
loop_fiber(struct tn__loop *loop, void *arg)
{
	const struct tn__fiber **ret = arg;

	if (tn__list_empty(&loop->fibers))
		return false;
	*ret = TN__CONTAINER(loop->fibers.next, struct tn__fiber, all);
	return true;
}

/* Whoever still lives is never resumed: its stack goes with its loop, and what
 * it would have freed is lost. */
static int
driver_give_up(struct tn__world *w, int failed, struct trouble t)
{
	if (failed == 0) {
		if (t.code == 0)
			t = (struct trouble){ TN_ELIMIT, "a fiber does not "
				"end", NULL };
		if (t.fiber == NULL)
			driver_each(w, loop_fiber, &t.fiber);
		failed = driver_fail(w, &t);
	}
	return tn_error_set(failed, "%s; it was cancelled and goes on: it was "
	    "left where it stood, with all it has", tn_error_text());
}

static void
driver_end_all(struct tn__world *w)
{
	w->over = true;
	TN__LIST_FOR(m, &w->machines) {
		struct tn__machine *machine =
		    TN__CONTAINER(m, struct tn__machine, node);

		tn__event_cancel(&machine->power);
		TN__LIST_FOR(b, &machine->boots)
			tn__boot_end(TN__CONTAINER(b, struct tn__boot, node));
	}
}

static bool
loop_alive(struct tn__loop *loop, void *arg)
{
	return true;
}

static struct trouble
driver_limit(const struct tn__world *w)
{
	if (w->now > w->options.time_max_ms * TN_MILLISECOND)
		return (struct trouble){ TN_ELIMIT, "not done within "
			"time_max_ms", NULL };
	if (w->result.steps > w->options.steps_max)
		return (struct trouble){ TN_ELIMIT, "not done within "
			"steps_max turns, perhaps it goes round in circles",
			NULL };
	return (struct trouble){ 0 };
}

static struct trouble
driver_step(struct tn__world *w)
{
	const struct tn__fiber *f;
	struct tn__loop *loop;

	driver_fire(w);
	loop = driver_pick(w);
	if (loop != NULL)
		driver_turn(w, loop);
	else if (!w->over && driver_each(w, loop_missed, &f) != NULL)
		return (struct trouble){ TN_EDEADLOCK, "lost wake-up, a fiber "
			"waits for a descriptor that is ready", f };
	else if (!driver_advance(w))
		return (struct trouble){ TN_EDEADLOCK, "deadlock, every fiber "
			"waits and nothing is under way", NULL };
	f = TN_TAKE(w->circling);
	if (f != NULL)
		return (struct trouble){ TN_ELIMIT, "a fiber goes round in "
			"circles and never waits", f };
	return w->over ? (struct trouble){ 0 } : driver_limit(w);
}

int
tn__sim_drive(struct tn__world *w)
{
	int64_t steps_max = INT64_MAX;
	int failed = 0;

	while (driver_each(w, loop_alive, NULL) != NULL) {
		struct trouble t = driver_step(w);

		if (atomic_load(&w->here->boot->run.loops[0]->ending) &&
		    !w->over) {
			driver_end_all(w);
			steps_max = w->result.steps + DRIVER_GRACE_STEPS;
		}
		if (t.code == 0 && w->result.steps <= steps_max)
			continue;
		/* Once to cancel everything; the second time it is hopeless. */
		if (failed < 0 || w->result.steps > steps_max)
			return driver_give_up(w, failed, t);
		failed = driver_fail(w, &t);
		driver_end_all(w);
		steps_max = w->result.steps + DRIVER_GRACE_STEPS;
	}
	return failed;
}
