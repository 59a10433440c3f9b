/* What a fiber wrote goes out before it waits, and on while it waits. */
#include "rt/internal.h"

void
tn__pusher_add(struct tn__pusher *p)
{
	struct tn__fiber *f;

	if (!tn__list_empty(&p->node))
		return;
	f = tn__self();
	tn__list_push_back(&f->pushers, &p->node);
	f->pushed = p;
}

static void
push_unhook(struct tn__pusher *p)
{
	if (p->io != NULL && p->io->waiter[TN__IO_WRITE] == &p->waiter)
		p->io->waiter[TN__IO_WRITE] = NULL;
	p->io = NULL;
}

void
tn__pusher_remove(struct tn__pusher *p)
{
	push_unhook(p);
	tn__list_remove(&p->node);
}

static void push_wake(struct tn__waiter *waiter, int result);

/* When the fiber itself waits to write there, it will push. */
static void
push_hook(struct tn__pusher *p)
{
	if (p->io == NULL || p->io->waiter[TN__IO_WRITE] != NULL ||
	    tn__io_register(p->io, TN__IO_WRITE) < 0)
		return;
	p->waiter.wake = push_wake;
	p->io->waiter[TN__IO_WRITE] = &p->waiter;
}

/* The loop found it writable while the fiber waits for something else. */
static void
push_wake(struct tn__waiter *waiter, int result)
{
	struct tn__pusher *p = TN__CONTAINER(waiter, struct tn__pusher, waiter);

	push_unhook(p);
	if (result == 0 && !tn__push_one(p))
		push_hook(p);
}

void
tn__push_attach(struct tn__fiber *f)
{
	TN__LIST_FOR(node, &f->pushers)
		push_hook(TN__CONTAINER(node, struct tn__pusher, node));
}

void
tn__push_detach(struct tn__fiber *f)
{
	TN__LIST_FOR(node, &f->pushers)
		push_unhook(TN__CONTAINER(node, struct tn__pusher, node));
}

void
tn__push_finish(struct tn__fiber *f)
{
	tn__push_all(f);
	while (!tn__list_empty(&f->pushers)) {
		struct tn__pusher *p = TN__CONTAINER(f->pushers.next,
		    struct tn__pusher, node);
		struct tn__io *io = p->io;

		/* Cancelled, timed out or nothing to wait for: it stays with
		 * its stream, for whoever flushes or closes that. */
		if (io == NULL || tn__io_wait(io, TN__IO_WRITE, "flush") < 0)
			tn__list_remove(&p->node);
		else
			tn__push_one(p);
	}
}
