/* One fiber: made, run, parked, woken, ended. */
#include <errno.h>
#include <stdio.h>
#include "rt/internal.h"
#include "rt/sanitizer.h"

#define FIBER_LOOK (10 * TN_MILLISECOND)

atomic_ullong tn__fiber_ids;

static void
fiber_waiter_wake(struct tn__waiter *waiter, int result)
{
	tn__fiber_wake(TN__CONTAINER(waiter, struct tn__fiber, waiter), result);
}

static void
fiber_post_wake(struct tn__post *post, struct tn__loop *loop)
{
	struct tn__fiber *f = TN__CONTAINER(post, struct tn__fiber, wake);

	f->wake_posted = false;
	tn__fiber_wake(f, 0);
}

/* In a loop that is the fiber's own. */
static void
fiber_cancel_here(struct tn__fiber *f)
{
	if (f->state == TN__FIBER_PARKED && !f->hard && !f->shielded)
		tn__fiber_wake(f, -ECANCELED);
}

static void
fiber_post_cancel(struct tn__post *post, struct tn__loop *loop)
{
	fiber_cancel_here(TN__CONTAINER(post, struct tn__fiber, cancel));
}

void
tn__fiber_init(struct tn__fiber *f, struct tn__loop *loop)
{
	memset(f, 0, sizeof(*f));
	f->waiter.wake = fiber_waiter_wake;
	tn__list_init(&f->run);
	tn__list_init(&f->all);
	tn__list_init(&f->member);
	tn__list_init(&f->pushers);
	tn__heap_node_init(&f->timer);
	f->wake.run = fiber_post_wake;
	f->cancel.run = fiber_post_cancel;
	f->loop = loop;
	f->deadline = f->base_deadline = TN_NEVER;
	f->id = atomic_fetch_add(&tn__fiber_ids, 1) + 1;
}

/* The first frame of every fiber. */
static void
fiber_main(void *arg)
{
	struct tn__fiber *f = arg;
	struct tn__loop *loop = f->loop;
	int r;

	sanitizer_left(loop, f);
	r = f->fn(f->arg);
	tn__push_finish(f);
	if (f->group != NULL)
		tn__group_left(f->group, f, r);
	/* Out of its group nobody can post to it any more; what was posted
	 * before must not be found later. */
	tn__loop_drain(loop);
	f->state = TN__FIBER_ENDED;
	sanitizer_leave(loop, f);
	tn__context_switch(&f->context, &loop->scheduler);
}

int
tn__fiber_new(struct tn__loop *loop, int (*fn)(void *), void *arg,
    struct tn__fiber **ret)
{
	size_t room = (sizeof(struct tn__fiber) + 63) & ~(size_t)63;
	struct tn__fiber *f;
	char *stack;
	int r;

	/* Each fiber may have one timer: with room for all of them now, none
	 * can fail later. */
	r = tn__heap_reserve(&loop->timers, loop->fiber_count + 2);
	if (r < 0)
		return tn__error_nomem();
	r = tn__stack_get(loop, &stack);
	if (r < 0)
		return r;
	f = (struct tn__fiber *)(void *)(stack + loop->stack_size - room);
	tn__fiber_init(f, loop);
	f->stack = stack;
	f->fn = fn;
	f->arg = arg;
	sanitizer_fiber_new(f, stack, loop->stack_size - room);
	tn__context_make(&f->context, stack, loop->stack_size - room,
	    fiber_main, f);
	f->state = TN__FIBER_READY;
	tn__list_push_back(&loop->fibers, &f->all);
	tn__list_push_back(&loop->queue, &f->run);
	loop->fiber_count++;
	*ret = f;
	return 0;
}

void
tn__fiber_free(struct tn__fiber *f)
{
	struct tn__loop *loop = f->loop;

	tn__heap_remove(&loop->timers, &f->timer);
	tn__list_remove(&f->all);
	loop->fiber_count--;
	tn__error_clear(&f->error);
	sanitizer_fiber_free(f);
	tn__stack_put(loop, f->stack);
}

void
tn__fiber_wake(struct tn__fiber *f, int result)
{
	if (f->state != TN__FIBER_PARKED)
		return;
	f->result = result;
	f->state = TN__FIBER_READY;
	if (f->stack != NULL)
		tn__list_push_back(&f->loop->queue, &f->run);
}

void
tn__fiber_cancel(struct tn__fiber *f)
{
	if (atomic_exchange(&f->cancelled, true))
		return;
	if (f->loop == tn__loop_current)
		fiber_cancel_here(f);
	else
		tn__loop_post(f->loop, &f->cancel);
}

/* ---- waiting ----------------------------------------------------------- */

/* The scopes that are over are what fails the wait. */
static void
fiber_fired(struct tn__fiber *f, tn_time now)
{
	for (struct tn_scope *s = f->scope; s != NULL; s = s->outer) {
		if (s->deadline <= now)
			s->fired = true;
		if (s->shield)
			break;
	}
}

int
tn__check_deadline(struct tn__fiber *f)
{
	tn_time now = tn__loop_now(f->loop);

	if (f->deadline > now)
		return 0;
	fiber_fired(f, now);
	return -ETIMEDOUT;
}

/* Away to the scheduler, until it comes back. */
static void
fiber_switch_out(struct tn__fiber *f)
{
	struct tn__loop *loop = f->loop;

	sanitizer_leave(loop, f);
	tn__context_switch(&f->context, &loop->scheduler);
	sanitizer_left(loop, f);
}

/* The timer stays where it is when it is early enough: it looks again when it
 * fires.  Deadlines that move on with each message thus cost nothing. */
static void
fiber_arm(struct tn__fiber *f)
{
	struct tn__heap *timers = &f->loop->timers;

	if (f->deadline == TN_NEVER)
		return;
	if (!tn__heap_contains(&f->timer))
		tn__heap_insert(timers, &f->timer, f->deadline);
	else if (f->timer.when > f->deadline)
		tn__heap_move(timers, &f->timer, f->deadline);
}

static void
fiber_watch_seen(struct tn__loop *loop)
{
	void (*seen)(void *arg) = loop->watch.seen;

	loop->watch.seen = NULL;
	seen(loop->watch.arg);
}

/* Where no eventfd was to be had nobody can wake the thread: it looks into its
 * inbox now and then. */
static tn_time
fiber_thread_deadline(struct tn__fiber *f)
{
	struct tn__loop *loop = f->loop;
	tn_time deadline = f->hard ? TN_NEVER : f->deadline, look;

	if (loop->event_fd >= 0)
		return deadline;
	look = loop->host->now(loop->host) + FIBER_LOOK;
	return look < deadline ? look : deadline;
}

#define FIBER_FIRST 3 /* what it waits for comes behind so many others */
#define FIBER_POLLED (TN__IO_ANY_MAX + 32)

/* A thread without a loop is its own: it polls what it waits for, what is to
 * be pushed, its inbox, what its lookout looks at and, in a child, what its
 * parent tells it. */
static size_t
fiber_thread_fds(const struct tn__fiber *f, struct pollfd *fds)
{
	const struct tn__loop *loop = f->loop;
	const struct tn__lookout *lookout = f->lookout;
	size_t n = FIBER_FIRST;

	fds[0] = (struct pollfd){ .fd = loop->event_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .events = POLLIN,
		.fd = loop->watch.seen == NULL ? -1 : loop->watch.fd };
	fds[2] = (struct pollfd){ .events = POLLRDHUP,
		.fd = lookout == NULL || lookout->io == NULL ||
		    lookout->fired ? -1 : lookout->io->fd };
	for (size_t i = 0; i < f->io_count && n < FIBER_POLLED; i++)
		fds[n++] = (struct pollfd){ .fd = f->ios[i]->fd,
			.events = f->io_direction == TN__IO_READ ?
			    POLLIN | POLLPRI : POLLOUT };
	TN__LIST_FOR(node, &f->pushers) {
		const struct tn__pusher *p =
		    TN__CONTAINER(node, struct tn__pusher, node);

		if (p->io != NULL && n < FIBER_POLLED)
			fds[n++] = (struct pollfd){ .fd = p->io->fd,
				.events = POLLOUT };
	}
	return n;
}

static void
fiber_lookout_seen(struct tn__lookout *lookout)
{
	lookout->io->ready[TN__IO_READ] = true;
	tn__lookout_look(lookout);
}

/* Not inlined: the array would lie on the stack of every parked fiber. */
static void __attribute__((noinline))
fiber_wait_thread(struct tn__fiber *f)
{
	struct tn__loop *loop = f->loop;
	struct pollfd fds[FIBER_POLLED];
	size_t n = fiber_thread_fds(f, fds);
	int r = loop->host->poll(loop->host, fds, n, fiber_thread_deadline(f));

	if (r > 0 && fds[0].revents != 0)
		tn__host_event_clear(loop->event_fd);
	if (r > 0 && fds[1].revents != 0)
		fiber_watch_seen(loop);
	if (r > 0 && fds[2].revents != 0)
		fiber_lookout_seen(f->lookout);
	tn__loop_drain(loop);
	for (size_t i = 0; r > 0 && i < f->io_count && i + FIBER_FIRST < n;
	     i++) {
		if (fds[i + FIBER_FIRST].revents == 0)
			continue;
		f->ios[i]->ready[f->io_direction] = true;
		tn__fiber_wake(f, 0);
	}
	tn__push_all(f);
	if (!f->hard && f->deadline <= loop->host->now(loop->host))
		tn__fiber_wake(f, -ETIMEDOUT);
}

int
tn__park(struct tn__fiber *f, const char *what, bool hard)
{
	struct tn__loop *loop = f->loop;
	int r;

	if (!hard) {
		if (f->lookout != NULL)
			tn__lookout_look(f->lookout);
		r = tn__check(f);
		if (r < 0) {
			/* A look at the clock, as it is for who asks again at
			 * once: a simulated one counts them. */
			(void)loop->host->now(loop->host);
			return r;
		}
	}
	tn__push_all(f);
	f->what = what;
	f->hard = hard;
	f->trimmed = false;
	f->ops = 0;
	f->result = 0;
	f->since = tn__loop_now(loop);
	f->state = TN__FIBER_PARKED;
	if (loop->poller == NULL) {
		while (f->state == TN__FIBER_PARKED)
			fiber_wait_thread(f);
		f->state = TN__FIBER_RUNNING;
	} else {
		bool pushing = !tn__list_empty(&f->pushers);

		if (pushing)
			tn__push_attach(f);
		if (f->lookout != NULL)
			tn__lookout_attach(f->lookout);
		if (!hard)
			fiber_arm(f);
		fiber_switch_out(f);
		if (pushing)
			tn__push_detach(f);
		if (f->lookout != NULL)
			tn__lookout_detach(f->lookout);
	}
	f->what = NULL;
	if (f->result == -ETIMEDOUT)
		fiber_fired(f, tn__loop_now(loop));
	return f->result;
}

/* Runnable all the while: only its place in the queue changes. */
void
tn__fiber_yield(struct tn__fiber *f)
{
	f->ops = 0;
	if (f->loop->poller == NULL)
		return;
	f->state = TN__FIBER_READY;
	tn__list_push_back(&f->loop->queue, &f->run);
	fiber_switch_out(f);
}

int
tn_yield(void)
{
	struct tn__fiber *f = tn__self();

	tn__fiber_yield(f);
	return !f->shielded && atomic_load(&f->cancelled) ?
	    tn_error_set(-ECANCELED, "yield: cancelled") : 0;
}

/* ---- waiting in somebody's list ---------------------------------------- */

void
tn__wait_init(struct tn__wait *wait, void *data)
{
	tn__list_init(&wait->node);
	wait->fiber = tn__self();
	wait->data = data;
	wait->result = 0;
	wait->granted = false;
}

int
tn__wait_park(struct tn__wait *wait, pthread_mutex_t *lock, const char *what,
    bool hard)
{
	struct tn__fiber *f = wait->fiber;
	int r;

	do {
		pthread_mutex_unlock(lock);
		r = tn__park(f, what, hard);
		pthread_mutex_lock(lock);
	} while (!wait->granted && r == 0);
	if (wait->granted) {
		/* Granted by another thread under the lock, so its message is
		 * posted by now; take it in before the next wait finds it. */
		if (f->wake_posted)
			tn__loop_drain(f->loop);
		return wait->result;
	}
	tn__list_remove(&wait->node);
	return r;
}

void
tn__wait_grant(struct tn__wait *wait, int result)
{
	struct tn__fiber *f = wait->fiber;

	tn__list_remove(&wait->node);
	wait->result = result;
	wait->granted = true;
	if (f->loop == tn__loop_current) {
		tn__fiber_wake(f, 0);
	} else {
		f->wake_posted = true;
		tn__loop_post(f->loop, &f->wake);
	}
}

void
tn__fiber_label(const char *name)
{
	struct tn__fiber *f = tn__self();
	size_t len = strnlen(name, sizeof(f->name) - 1);

	memcpy(f->name, name, len);
	f->name[len] = '\0';
}

void
tn_fiber_name(const char *format, ...)
{
	struct tn__fiber *f = tn__self();
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(f->name, sizeof(f->name), format, arguments);
	va_end(arguments);
}

bool
tn_cancelled(void)
{
	return atomic_load(&tn__self()->cancelled);
}
