/* A loop: a queue of fibers, a heap of timers, a poller and an inbox. */
#include <errno.h>
#include <stdlib.h>
#include "rt/internal.h"
#include "rt/sanitizer.h"

#define LOOP_EVENTS 256
#define LOOP_BATCHES 16 /* of ready fibers, before the poller is asked again, */
#define LOOP_RUNS 64    /* unless a few of them made so many already */
#define LOOP_TRIM TN_SECOND
#define LOOP_PREFETCH_ABOVE 12 /* cache lines of the next fiber's stack: */
#define LOOP_PREFETCH_BELOW 4  /* frames it returns to, and those to come */

_Thread_local struct tn__loop *tn__loop_current TN__TLS;

/* ---- a thread's own ---------------------------------------------------- */

_Thread_local struct tn__host *tn__host_current TN__TLS;
static pthread_key_t loop_key;
static pthread_once_t loop_once = PTHREAD_ONCE_INIT;

/* What a thread is before any tn_run(): one fiber, no poller. */
struct loop_own {
	struct tn__loop loop;
	struct tn__fiber fiber;
};

/* The first thread that calls gets this one, so that a program of one thread
 * cannot fail where there is nobody to tell. */
static struct loop_own loop_first;
static atomic_flag loop_first_taken = ATOMIC_FLAG_INIT;

static struct tn__loop *
loop_own_init(struct loop_own *own)
{
	tn__loop_init(&own->loop, tn__host(), false, 0);
	tn__fiber_init(&own->fiber, &own->loop);
	own->loop.thread = own->loop.current = &own->fiber;
	tn__list_push_back(&own->loop.fibers, &own->fiber.all);
	return &own->loop;
}

void
tn__loop_thread_free(struct tn__loop *loop)
{
	struct loop_own *own;

	if (loop == NULL)
		return;
	own = TN__CONTAINER(loop, struct loop_own, loop);
	tn__loop_destroy(loop);
	if (own == &loop_first)
		atomic_flag_clear(&loop_first_taken);
	else
		tn__free(own);
}

static void
loop_thread_free(void *arg)
{
	struct tn__loop *loop = arg;
	struct tn__fiber *f = loop->thread;

	tn__registry_remove(loop);
	tn__loop_drain(loop);
	tn__loop_current = NULL;
	while (!tn__list_empty(&f->pushers))
		tn__list_remove(f->pushers.next);
	tn__loop_thread_free(loop);
}

static void
loop_key_make(void)
{
	pthread_key_create(&loop_key, loop_thread_free);
}

static void
loop_no_memory(void)
{
	/* A further thread's first call found no kilobyte: nothing can be said
	 * or returned from here, and nothing was begun. */
	abort();
}

void
tn__loop_thread_end(void)
{
	struct tn__loop *loop = tn__loop_current;

	if (loop == NULL)
		return;
	pthread_setspecific(loop_key, NULL);
	loop_thread_free(loop);
}

int
tn__loop_thread_new(struct tn__loop **ret)
{
	struct loop_own *own = tn__alloc(sizeof(*own));
	int r;

	if (own == NULL)
		return tn__error_nomem();
	r = loop_own_init(own)->event_fd;
	if (r < 0) {
		tn__loop_thread_free(&own->loop);
		return r;
	}
	*ret = &own->loop;
	return 0;
}

void
tn__loop_thread_begin(struct tn__loop *loop)
{
	pthread_once(&loop_once, loop_key_make);
	loop->thread_id = pthread_self();
	tn__loop_current = loop;
	pthread_setspecific(loop_key, loop);
	tn__registry_add(loop);
}

struct tn__loop *
tn__loop_make_thread(void)
{
	struct loop_own *own = &loop_first;

	if (atomic_flag_test_and_set(&loop_first_taken))
		own = tn__alloc(sizeof(*own));
	if (own == NULL)
		loop_no_memory();
	tn__loop_thread_begin(loop_own_init(own));
	return &own->loop;
}

void
tn__host_set(struct tn__host *host)
{
	tn__host_current = host;
	if (tn__loop_current != NULL)
		tn__loop_current->host = tn__host();
}

/* ---- made and unmade --------------------------------------------------- */

int
tn__loop_init(struct tn__loop *loop, struct tn__host *host, bool polling,
    size_t stack_bytes)
{
	size_t page = tn__page_size();

	memset(loop, 0, sizeof(*loop));
	tn__list_init(&loop->queue);
	tn__list_init(&loop->fibers);
	tn__list_init(&loop->slabs);
	tn__list_init(&loop->registered);
	loop->host = host;
	loop->slot_free = UINT32_MAX;
	loop->event_fd = -1;
	loop->trim_at = TN_NEVER;
	loop->stack_size = (stack_bytes + page - 1) & ~(page - 1);
	loop->thread_id = pthread_self();
	if (!polling) {
		loop->event_fd = tn__host_event_open();
		return 0;
	}
	loop->now = host->now(host);
	return host->poller_open(host, &loop->poller);
}

void
tn__loop_destroy(struct tn__loop *loop)
{
	if (loop->poller != NULL)
		loop->host->poller_free(loop->poller);
	loop->poller = NULL;
	if (loop->event_fd >= 0)
		tn__host_event_close(loop->event_fd);
	/* Descriptors outlive their loop and may wait in another. */
	for (uint32_t i = 0; i < loop->slot_count; i++) {
		if (loop->slots[i].io != NULL)
			loop->slots[i].io->loop = NULL;
	}
	tn__stacks_free(loop);
	tn__heap_free(&loop->timers);
	tn__free(loop->slots);
	while (loop->pool_count > 0)
		tn__free(loop->pool[--loop->pool_count]);
}

/* ---- the inbox --------------------------------------------------------- */

static void
loop_wake(struct tn__loop *loop)
{
	if (loop->poller != NULL)
		loop->host->poller_wake(loop->poller);
	else if (loop->event_fd >= 0)
		tn__host_event_set(loop->event_fd);
}

void
tn__loop_post(struct tn__loop *loop, struct tn__post *post)
{
	struct tn__post *head =
	    atomic_load_explicit(&loop->inbox, memory_order_relaxed);

	do {
		post->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&loop->inbox, &head,
	    post, memory_order_acq_rel, memory_order_relaxed));
	if (head == NULL)
		loop_wake(loop);
}

void
tn__loop_drain(struct tn__loop *loop)
{
	struct tn__post *post, *first = NULL;

	if (atomic_load_explicit(&loop->inbox, memory_order_relaxed) == NULL)
		return;
	post = atomic_exchange_explicit(&loop->inbox, NULL,
	    memory_order_acq_rel);
	while (post != NULL) { /* the last posted is first: turn them round */
		struct tn__post *next = post->next;

		post->next = first;
		first = post;
		post = next;
	}
	while (first != NULL) {
		struct tn__post *next = first->next;

		first->run(first, loop);
		first = next;
	}
}

/* ---- buffers ----------------------------------------------------------- */

void *
tn__pool_get(void)
{
	struct tn__loop *loop = tn__loop();

	return loop->pool_count > 0 ? loop->pool[--loop->pool_count] :
	    tn__alloc(TN__POOL_BYTES);
}

void
tn__pool_put(void *buffer)
{
	struct tn__loop *loop = tn__loop();

	if (buffer == NULL || loop->pool_count == TN_COUNT(loop->pool))
		tn__free(buffer);
	else
		loop->pool[loop->pool_count++] = buffer;
}

/* ---- turning ----------------------------------------------------------- */

/* With thousands of connections the stack that comes next is in no near cache:
 * its frames are fetched while the one before it is in the kernel. */
static void
loop_prefetch(const struct tn__fiber *f)
{
	const char *depth = tn__context_depth(&f->context);

	__builtin_prefetch((const char *)f + 64, 1);
	__builtin_prefetch((const char *)f + 128, 1);
	/* Perhaps freed by now, or never there: only an address. */
	for (uintptr_t i = 0; i < 3; i++)
		__builtin_prefetch((const void *)((uintptr_t)f->pushed +
		    i * 64), 1);
	for (int i = -LOOP_PREFETCH_BELOW;
	     depth != NULL && i < LOOP_PREFETCH_ABOVE; i++)
		__builtin_prefetch(depth + i * 64, 1);
}

/* Runs it until it parks, yields or ends. */
static void
loop_resume(struct tn__fiber *f)
{
	struct tn__loop *loop = f->loop;
	struct tn__error *outer = tn__error_current;

	f->state = TN__FIBER_RUNNING;
	loop->current = f;
	tn__error_current = &f->error;
	atomic_store_explicit(&loop->running, f->name, memory_order_relaxed);
	/* Nobody else writes it. */
	atomic_store_explicit(&loop->turns, atomic_load_explicit(&loop->turns,
	    memory_order_relaxed) + 1, memory_order_relaxed);
	sanitizer_enter(loop, f);
	tn__context_switch(&loop->scheduler, &f->context);
	sanitizer_entered(loop);
	atomic_store_explicit(&loop->running, NULL, memory_order_relaxed);
	tn__error_current = outer;
	loop->current = NULL;
	if (f->state == TN__FIBER_ENDED)
		tn__fiber_free(f);
}

/* How many it ran. */
static int
loop_run_queue(struct tn__loop *loop)
{
	struct tn__list batch, *node;
	int runs = 0;

	if (loop->trim_at == TN_NEVER)
		loop->trim_at = loop->now + LOOP_TRIM;
	/* What becomes ready meanwhile waits for the next batch. */
	batch = loop->queue;
	batch.next->prev = batch.prev->next = &batch;
	tn__list_init(&loop->queue);
	while ((node = tn__list_pop(&batch)) != NULL) {
		if (!tn__list_empty(&batch))
			loop_prefetch(TN__CONTAINER(batch.next,
			    struct tn__fiber, run));
		loop_resume(TN__CONTAINER(node, struct tn__fiber, run));
		runs++;
	}
	return runs;
}

static void
loop_fire_timers(struct tn__loop *loop)
{
	struct tn__heap_node *node;

	while ((node = tn__heap_first(&loop->timers)) != NULL &&
	    node->when <= loop->now) {
		struct tn__fiber *f =
		    TN__CONTAINER(node, struct tn__fiber, timer);

		if (f->state != TN__FIBER_PARKED || f->hard ||
		    f->deadline == TN_NEVER) {
			tn__heap_remove(&loop->timers, node);
		} else if (f->deadline > loop->now) {
			tn__heap_move(&loop->timers, node, f->deadline);
		} else {
			tn__heap_remove(&loop->timers, node);
			tn__fiber_wake(f, -ETIMEDOUT);
		}
	}
}

/* Fibers parked for over a second give back what a deeper call left below. */
static void
loop_trim(struct tn__loop *loop)
{
	loop->trim_at = TN_NEVER;
	TN__LIST_FOR(node, &loop->fibers) {
		struct tn__fiber *f =
		    TN__CONTAINER(node, struct tn__fiber, all);
		void *depth = tn__context_depth(&f->context);

		if (f->state != TN__FIBER_PARKED || f->trimmed ||
		    f->stack == NULL || depth == NULL)
			continue;
		if (loop->now - f->since < LOOP_TRIM) {
			loop->trim_at = loop->now + LOOP_TRIM;
			continue;
		}
		f->trimmed = true;
		tn__stack_trim(loop, f->stack, depth);
	}
}

static int
loop_poll(struct tn__loop *loop)
{
	struct tn__poll_event events[LOOP_EVENTS];
	struct tn__heap_node *timer = tn__heap_first(&loop->timers);
	tn_time deadline = timer == NULL ? TN_NEVER : timer->when;
	int n;

	if (loop->trim_at < deadline)
		deadline = loop->trim_at;
	if (!tn__list_empty(&loop->queue) ||
	    atomic_load_explicit(&loop->inbox, memory_order_relaxed) != NULL)
		deadline = 0;
	n = loop->host->poller_wait(loop->poller, events, LOOP_EVENTS,
	    deadline);
	loop->now = loop->host->now(loop->host);
	tn__io_prefetch(loop, events, n);
	for (int i = 0; i < n; i++)
		tn__io_event(loop, events[i].data, events[i].bits);
	return n < 0 ? n : 0;
}

static void
loop_cancel_all(struct tn__loop *loop)
{
	loop->cancelled = true;
	TN__LIST_FOR(node, &loop->fibers)
		tn__fiber_cancel(TN__CONTAINER(node, struct tn__fiber, all));
}

bool
tn__loop_turn(struct tn__loop *loop, int batches)
{
	int runs = 0;

	tn__loop_drain(loop);
	if (!loop->cancelled &&
	    atomic_load_explicit(&loop->ending, memory_order_acquire))
		loop_cancel_all(loop);
	for (int i = 0;
	     i < batches && runs < LOOP_RUNS && !tn__list_empty(&loop->queue);
	     i++)
		runs += loop_run_queue(loop);
	if (atomic_load_explicit(&loop->owner->fibers,
	    memory_order_acquire) == 0)
		return false;
	/* A poller that fails for good (a simulated world at a standstill)
	 * ends what runs; it cannot be waited for. */
	if (loop_poll(loop) < 0 && !loop->cancelled)
		loop_cancel_all(loop);
	loop_fire_timers(loop);
	if (loop->trim_at <= loop->now)
		loop_trim(loop);
	return true;
}

void
tn__loop_run(struct tn__loop *loop)
{
	while (tn__loop_turn(loop, LOOP_BATCHES))
		;
}
