/* tn_run(): loops on threads, and the clock. */
#include <errno.h>
#include <unistd.h>
#include "rt/internal.h"

#define RUN_LOOPS_MAX 256
#define RUN_STACK_BYTES (256 * 1024)
#define RUN_STACK_MIN (16 * 1024)

void
tn__run_enter(struct tn__run *run)
{
	atomic_fetch_add(&run->fibers, 1);
}

/* The last one out wakes every loop, so that each sees it is over. */
void
tn__run_leave(struct tn__run *run)
{
	struct tn__loop *self = tn__loop_current;

	if (atomic_fetch_sub(&run->fibers, 1) != 1)
		return;
	for (int i = 0; i < run->loop_count; i++) {
		struct tn__loop *loop = run->loops[i];

		if (loop != self && loop != NULL)
			loop->host->poller_wake(loop->poller);
	}
}

/* ---- a loop's thread --------------------------------------------------- */

static void *
run_thread(void *arg)
{
	struct tn__loop *loop = arg;
	struct tn__sigpipe before;

	tn__sigpipe_block(&before);
	tn__host_current = loop->host;
	tn__loop_current = loop;
	loop->thread_id = pthread_self();
	tn__overflow_thread();
	tn__loop_run(loop);
	tn__loop_current = NULL;
	return NULL;
}

/* ---- tn_run ------------------------------------------------------------ */

/* What the first fiber runs: the user's main, then the end of all others. */
static int
run_main(void *arg)
{
	struct tn__run_main *m = arg;
	struct tn__fiber *f = tn__self();

	m->result = m->fn(m->arg);
	tn__push_finish(f);
	tn__error_move(&m->error, &f->error);
	for (int i = 0; i < m->run->loop_count; i++) {
		struct tn__loop *loop = m->run->loops[i];

		atomic_store_explicit(&loop->ending, true,
		    memory_order_release);
		loop->host->poller_wake(loop->poller);
	}
	tn__run_leave(m->run);
	return 0;
}

int
tn__run_main(struct tn__run_main *m, struct tn__fiber **ret)
{
	struct tn__fiber *f;
	int r = tn__fiber_new(m->run->loops[0], run_main, m, &f);

	if (r < 0)
		return r;
	memcpy(f->name, "main", sizeof("main"));
	atomic_store(&m->run->fibers, 1);
	*ret = f;
	return 0;
}

void
tn__run_close(struct tn__run *run)
{
	for (int i = 0; i < run->loop_count; i++) {
		if (run->loops[i] == NULL)
			continue;
		tn__loop_destroy(run->loops[i]);
		tn__free(run->loops[i]);
	}
	tn__free(run->loops);
}

int
tn__run_open(struct tn__run *run, struct tn__host *host, int loops)
{
	run->loop_count = loops;
	run->loops = tn__zalloc((size_t)loops * sizeof(*run->loops));
	if (run->loops == NULL) {
		run->loop_count = 0;
		return tn__error_nomem();
	}
	for (int i = 0; i < loops; i++) {
		struct tn__loop *loop = tn__alloc(sizeof(*loop));
		int r;

		if (loop == NULL)
			return tn__error_nomem();
		r = tn__loop_init(loop, host, true, run->stack_bytes);
		if (r < 0) {
			tn__free(loop);
			return tn_error_set(r, "loop %d of %d: %s", i, loops,
			    tn_error_words(r));
		}
		loop->index = i;
		loop->owner = run;
		run->loops[i] = loop;
	}
	return 0;
}

/* Loop 0 runs here, the others on threads of their own. */
static int
run_loops(struct tn__run *run, pthread_t *threads)
{
	struct tn__loop *first = run->loops[0];
	int started = 1, r = 0;

	for (; started < run->loop_count && r == 0; started++)
		r = pthread_create(&threads[started], NULL, run_thread,
		    run->loops[started]);
	if (r != 0) {
		started--;
		/* Nothing ran yet: let the threads see an empty run. */
		atomic_store(&run->fibers, 0);
		for (int i = 1; i < started; i++)
			first->host->poller_wake(run->loops[i]->poller);
		tn__fiber_free(TN__CONTAINER(first->queue.next,
		    struct tn__fiber, run));
	} else {
		tn__loop_run(first);
	}
	for (int i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	return r == 0 ? 0 : tn_error_set(-r, "start loop %d of %d: %s; the "
	    "limit on processes (ulimit -u) or on memory is reached", started,
	    run->loop_count, tn_error_words(-r));
}

static int
run_cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > RUN_LOOPS_MAX ? RUN_LOOPS_MAX : (int)n;
}

static int
run_start(struct tn__run *run, struct tn__run_main *m)
{
	struct tn__loop *outer = tn__loop(), *first = run->loops[0];
	pthread_t threads[RUN_LOOPS_MAX];
	struct tn__error *outer_error = tn__error_current;
	struct tn__fiber *f;
	struct tn__sigpipe before;
	int r;

	tn__sigpipe_block(&before); /* first: ucontext keeps a mask a fiber */
	tn__loop_current = first;
	r = tn__run_main(m, &f);
	if (r < 0) {
		tn__loop_current = outer;
		tn__sigpipe_restore(&before, false);
		return r;
	}
	f->deadline = f->base_deadline = outer->current->deadline;
	tn__registry_remove(outer); /* out of reach until we are back */
	for (int i = 0; i < run->loop_count; i++)
		tn__registry_add(run->loops[i]);
	tn__overflow_thread();
	r = run_loops(run, threads);
	for (int i = 0; i < run->loop_count; i++) {
		tn__registry_remove(run->loops[i]);
		tn__loop_drain(run->loops[i]); /* a late tn_dump() */
	}
	tn__registry_add(outer);
	tn__loop_current = outer;
	tn__sigpipe_restore(&before, true);
	tn__error_current = outer_error;
	return r;
}

int
tn_run(int (*main)(void *), void *arg, const struct tn_run_options *options)
{
	static const struct tn_run_options defaults;
	struct tn__loop *outer = tn__loop();
	struct tn__run run = { 0 };
	struct tn__run_main m = { .run = &run, .fn = main, .arg = arg };
	int loops, r;

	if (options == NULL)
		options = &defaults;
	if (outer->poller != NULL)
		return tn_error_set(-EBUSY, "tn_run: this thread runs a loop "
		    "already; start fibers with tn_go()");
	loops = options->loops == -1 ? run_cores() :
	    options->loops == 0 ? 1 : options->loops;
	if (loops < 1 || loops > RUN_LOOPS_MAX)
		return tn_error_set(-EINVAL, "tn_run: %d loops; 1 to %d, or -1 "
		    "for one a core", options->loops, RUN_LOOPS_MAX);
	run.stack_bytes = options->stack_bytes == 0 ? RUN_STACK_BYTES :
	    (size_t)options->stack_bytes;
	if (options->stack_bytes < 0 || run.stack_bytes < RUN_STACK_MIN)
		return tn_error_set(-EINVAL, "tn_run: stacks of %lld bytes; "
		    "%d at least", (long long)options->stack_bytes,
		    RUN_STACK_MIN);
	r = tn__run_open(&run, outer->host, loops);
	if (r == 0) {
		tn__workers_limit(options->file_workers,
		    options->lookup_workers);
		r = tn__stall_start(&run, options->stall_ms);
		if (r == 0)
			r = run_start(&run, &m);
		tn__stall_stop(&run);
	}
	tn__run_close(&run);
	if (tn__registry_count(true) == 0)
		tn__workers_retire();
	if (r < 0)
		return r;
	if (m.result == -ETIMEDOUT)
		(void)tn__check(outer->current); /* whose scope it was */
	if (m.result < 0)
		tn__error_move(tn__error_current, &m.error);
	tn__error_clear(&m.error);
	return m.result;
}

int
tn_loop_count(void)
{
	struct tn__loop *loop = tn__loop();

	return loop->owner == NULL ? 0 : loop->owner->loop_count;
}

int
tn_loop_index(void)
{
	struct tn__loop *loop = tn__loop();

	return loop->owner == NULL ? -1 : loop->index;
}

/* ---- time -------------------------------------------------------------- */

tn_time
tn_now(void)
{
	struct tn__loop *loop = tn__loop_current;
	struct tn__host *host = tn__host();
	tn_time now = host->now(host);

	/* What somebody has seen of the clock, deadlines are held against. */
	if (loop != NULL)
		loop->now = now;
	return now;
}

tn_time
tn_after(tn_time span)
{
	tn_time now = tn_now();

	return span < 0 || span > TN_NEVER - now ? TN_NEVER : now + span;
}

int64_t
tn_wall_now(void)
{
	struct tn__host *host = tn__host();

	return host->wall_now(host);
}

int
tn_sleep_until(tn_time instant)
{
	struct tn__fiber *f = tn__self();
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, instant);
	r = tn__park(f, "sleep", false);
	if (tn_scope_close(&scope) && f->deadline > instant)
		r = 0;
	if (r == -ETIMEDOUT)
		return tn_error_set(r, "sleep: timed out");
	if (r == -ECANCELED)
		return tn_error_set(r, "sleep: cancelled");
	return r;
}

int
tn_sleep(tn_time span)
{
	return tn_sleep_until(tn_after(span < 0 ? 0 : span));
}
