/* What a fork means for loops and workers, and how a child hears from its
 * parent. */
#include "rt/internal.h"

bool
tn__rt_may_fork(void)
{
	tn__loop(); /* so that the caller itself is counted */
	tn__workers_retire();
	return tn__workers_count() == 0 && tn__registry_count(false) == 1;
}

/* The child shares the parent's epoll instance until it closes its copy: a
 * removal there would deafen the parent, so the poller goes first and nothing
 * is removed from it.  The fiber that forked stays on its stack and becomes
 * what a thread without a loop is; its siblings are memory nobody looks at. */
void
tn__rt_forked(void)
{
	struct tn__loop *loop = tn__loop();
	struct tn__fiber *f = loop->current;

	if (loop->poller != NULL)
		loop->host->poller_free(loop->poller);
	loop->poller = NULL;
	for (uint32_t i = 0; i < loop->slot_count; i++) {
		struct tn__io *io = loop->slots[i].io;

		if (io == NULL)
			continue;
		io->loop = NULL;
		io->waiter[TN__IO_READ] = io->waiter[TN__IO_WRITE] = NULL;
		io->ready[TN__IO_READ] = io->ready[TN__IO_WRITE] =
		    !(io->flags & TN__IO_FOREIGN);
	}
	tn__free(loop->slots);
	loop->slots = NULL;
	loop->slot_count = 0;
	loop->slot_free = UINT32_MAX;
	if (loop->event_fd >= 0)
		tn__host_event_close(loop->event_fd);
	loop->event_fd = tn__host_event_open();
	atomic_store(&loop->inbox, NULL);
	loop->watch.seen = NULL; /* that was its parent's */
	loop->owner = NULL;
	loop->thread = f;
	tn__list_init(&loop->queue);
	tn__list_init(&loop->fibers);
	tn__list_push_back(&loop->fibers, &f->all);
	f->group = NULL;
	tn__registry_forked(loop);
	tn__workers_forked();
}

/* ---- flags ------------------------------------------------------------- */

int
tn__flag_open(struct tn__flag *ret)
{
	int fd = tn__host_event_open();

	if (fd < 0)
		return tn_error_set(fd, "open a flag for children: %s",
		    tn_error_words(fd));
	ret->fd = fd;
	return 0;
}

void
tn__flag_raise(const struct tn__flag *flag)
{
	tn__host_event_set(flag->fd);
}

void
tn__flag_close(struct tn__flag *flag)
{
	if (flag->fd >= 0)
		tn__host_event_close(flag->fd);
	flag->fd = -1;
}

void
tn__flag_watch(const struct tn__flag *flag, void (*seen)(void *arg), void *arg)
{
	struct tn__loop *loop = tn__loop();

	loop->watch.fd = flag->fd;
	loop->watch.seen = seen;
	loop->watch.arg = arg;
}
