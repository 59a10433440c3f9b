/* Somebody looks at a descriptor while its fiber waits for something else. */
#include "rt/internal.h"

static void
lookout_unhook(struct tn__lookout *w)
{
	if (w->io != NULL && w->io->waiter[TN__IO_READ] == &w->waiter)
		w->io->waiter[TN__IO_READ] = NULL;
}

static void
lookout_wake(struct tn__waiter *waiter, int result)
{
	struct tn__lookout *w =
	    TN__CONTAINER(waiter, struct tn__lookout, waiter);

	if (result < 0) /* closed: whoever did that knows */
		lookout_unhook(w);
	else
		tn__lookout_look(w);
}

void
tn__lookout_open(struct tn__lookout *w, struct tn__io *io,
    bool (*gone)(struct tn__lookout *))
{
	struct tn__fiber *f = tn__self();

	memset(w, 0, sizeof(*w));
	w->waiter.wake = lookout_wake;
	w->io = io;
	w->gone = gone;
	w->fiber = f;
	w->outer = f->lookout;
	f->lookout = w;
}

void
tn__lookout_close(struct tn__lookout *w)
{
	w->fiber->lookout = w->outer;
	if (w->fired)
		tn__group_revive(w->fiber);
}

void
tn__lookout_fire(struct tn__lookout *w)
{
	w->fired = true;
	lookout_unhook(w);
	tn__fiber_cancel(w->fiber);
}

void
tn__lookout_look(struct tn__lookout *w)
{
	if (!w->fired && w->io != NULL && w->io->fd >= 0 &&
	    w->io->ready[TN__IO_READ] && w->gone(w))
		tn__lookout_fire(w);
}

/* When the fiber itself waits to read there, it will see. */
void
tn__lookout_attach(struct tn__lookout *w)
{
	if (w->fired || w->io == NULL || w->io->fd < 0 ||
	    w->io->waiter[TN__IO_READ] != NULL ||
	    tn__io_register(w->io, TN__IO_READ) < 0)
		return;
	w->io->waiter[TN__IO_READ] = &w->waiter;
}

void
tn__lookout_detach(struct tn__lookout *w)
{
	lookout_unhook(w);
}
