/* Work that blocks, on threads of its own: one pool for files and the like,
 * one for look-ups, so that a slow name server starves nothing else. */
#include <errno.h>
#include <signal.h>
#include <tenon/offload.h>
#include "rt/internal.h"

#define WORKERS_IDLE_SECONDS 5
#define WORKERS_STACK (512 * 1024) /* getaddrinfo's plug-ins like depth */

struct work {
	struct tn__list node;
	struct tn__host *host; /* the waiting fiber's */
	void (*run)(struct work *work, pthread_mutex_t *lock);
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work_came, worker_left;
	struct tn__list queue;
	int threads, starting, idle, queued, max;
	bool retire; /* idle ones are to leave now */
};

#define POOL_INIT(pool, threads_max)                                           \
	{                                                                      \
		.lock = PTHREAD_MUTEX_INITIALIZER,                             \
		.work_came = PTHREAD_COND_INITIALIZER,                         \
		.worker_left = PTHREAD_COND_INITIALIZER,                       \
		.queue = { &(pool).queue, &(pool).queue }, .max = threads_max  \
	}

static struct pool workers_files = POOL_INIT(workers_files, 8);
static struct pool workers_lookups = POOL_INIT(workers_lookups, 16);

/* ---- workers ----------------------------------------------------------- */

static bool
pool_idle(struct pool *pool)
{
	int64_t now = tn__host_linux.wall_now(&tn__host_linux);
	struct timespec until = { .tv_sec =
				      now / TN_SECOND + WORKERS_IDLE_SECONDS };
	int r = 0;

	pool->idle++;
	while (tn__list_empty(&pool->queue) && !pool->retire && r == 0)
		r = pthread_cond_timedwait(&pool->work_came, &pool->lock,
		    &until);
	pool->idle--;
	return !tn__list_empty(&pool->queue);
}

static void *
pool_thread(void *arg)
{
	struct pool *pool = arg;

	pthread_mutex_lock(&pool->lock);
	pool->starting--;
	pthread_cond_broadcast(&pool->worker_left);
	while (!tn__list_empty(&pool->queue) || pool_idle(pool)) {
		struct work *work = TN__CONTAINER(tn__list_pop(&pool->queue),
		    struct work, node);

		pool->queued--;
		pthread_mutex_unlock(&pool->lock);
		tn__host_set(work->host);
		work->run(work, &pool->lock); /* comes back with the lock */
	}
	pool->threads--;
	pthread_cond_broadcast(&pool->worker_left);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int
pool_start(struct pool *pool)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int r;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, WORKERS_STACK);
	sigfillset(&all); /* signals are for the user's threads */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&thread, &attributes, pool_thread, pool);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (r == 0) {
		pool->threads++;
		pool->starting++;
	}
	return r;
}

/* With the lock held.  -EAGAIN: no thread to be had. */
static int
pool_submit(struct pool *pool, struct work *work)
{
	if (pool->queued >= pool->idle && pool->threads < pool->max) {
		int r = pool_start(pool);

		if (r < 0 && pool->threads == 0)
			return -EAGAIN;
	}
	work->host = tn__host();
	tn__list_push_back(&pool->queue, &work->node);
	pool->queued++;
	pthread_cond_signal(&pool->work_came);
	return 0;
}

static void
pool_limit(struct pool *pool, int max, int normal)
{
	pthread_mutex_lock(&pool->lock);
	pool->max = max > 0 ? max : normal;
	pthread_mutex_unlock(&pool->lock);
}

void
tn__workers_limit(int files, int lookups)
{
	pool_limit(&workers_files, files, 8);
	pool_limit(&workers_lookups, lookups, 16);
}

/* Sends the idle ones away, and those just coming, and waits until they are
 * gone; a worker that is stuck in an abandoned look-up is left behind. */
static void
pool_retire(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->retire = true;
	pthread_cond_broadcast(&pool->work_came);
	while (pool->idle > 0 || pool->starting > 0)
		pthread_cond_wait(&pool->worker_left, &pool->lock);
	pool->retire = false;
	pthread_mutex_unlock(&pool->lock);
}

void
tn__workers_retire(void)
{
	pool_retire(&workers_files);
	pool_retire(&workers_lookups);
}

static int
pool_count(struct pool *pool)
{
	int count;

	pthread_mutex_lock(&pool->lock);
	count = pool->threads;
	pthread_mutex_unlock(&pool->lock);
	return count;
}

int
tn__workers_count(void)
{
	return pool_count(&workers_files) + pool_count(&workers_lookups);
}

/* The child of a fork has none of these threads. */
void
tn__workers_forked(void)
{
	workers_files = (struct pool)POOL_INIT(workers_files, 8);
	workers_lookups = (struct pool)POOL_INIT(workers_lookups, 16);
}

/* ---- an offload: waited for whatever happens --------------------------- */

#define OFFLOAD_RAN " while the job ran to its end"

struct offload {
	struct work work;
	struct tn__wait wait;
	int (*fn)(void *);
	void *arg;
	int result;
};

static void
offload_run(struct work *work, pthread_mutex_t *lock)
{
	struct offload *o = TN__CONTAINER(work, struct offload, work);

	o->result = o->fn(o->arg);
	pthread_mutex_lock(lock);
	tn__wait_grant(&o->wait, 0);
}

/* Where there are no threads: the same, some time later, right here. */
static int
offload_here(tn_time span, int (*fn)(void *), void *arg, int *ret)
{
	struct tn_shield shield;

	tn_shield_open(&shield, TN_NEVER);
	tn_sleep(span);
	tn_shield_close(&shield);
	*ret = fn(arg);
	return tn__check(tn__self());
}

static int
offload_failed(int r, const char *when)
{
	return tn_error_set(r, "offload: %s%s", tn_error_words(r), when);
}

int
tn_offload(int (*fn)(void *arg), void *arg, int *ret)
{
	struct tn__fiber *f = tn__self();
	struct pool *pool = &workers_files;
	struct offload o = { .work.run = offload_run, .fn = fn, .arg = arg };
	struct tn__host *host = tn__host();
	int r = tn__fiber_operation(f);

	if (r < 0)
		return offload_failed(r, ", not begun");
	if (f->loop->poller == NULL) {
		*ret = fn(arg);
		return 0;
	}
	if (host->job_time != NULL) {
		r = offload_here(host->job_time(host, false), fn, arg, ret);
		return r < 0 ? offload_failed(r, OFFLOAD_RAN) : 0;
	}
	tn__wait_init(&o.wait, NULL);
	pthread_mutex_lock(&pool->lock);
	r = pool_submit(pool, &o.work);
	if (r == 0)
		tn__wait_park(&o.wait, &pool->lock, "offload", true);
	pthread_mutex_unlock(&pool->lock);
	if (r < 0)
		return offload_failed(r, ": no thread to be had; the limit on "
		    "processes (ulimit -u) is reached");
	*ret = o.result;
	r = tn__check(f);
	return r < 0 ? offload_failed(r, OFFLOAD_RAN) : 0;
}

/* ---- a job: may be left behind ----------------------------------------- */

/* Lives on the heap, since the waiting fiber may be gone before the worker. */
struct job_work {
	struct work work;
	struct tn__job *job;
	struct tn__wait *wait; /* NULL: abandoned */
};

static void
job_run(struct work *work, pthread_mutex_t *lock)
{
	struct job_work *w = TN__CONTAINER(work, struct job_work, work);

	w->job->run(w->job);
	pthread_mutex_lock(lock);
	if (w->wait != NULL) {
		tn__wait_grant(w->wait, 0);
	} else {
		pthread_mutex_unlock(lock);
		w->job->discard(w->job);
		pthread_mutex_lock(lock);
	}
	tn__free(w);
}

/* Not begun: nobody will run it. */
static int
job_drop(struct tn__job *job, struct job_work *w, int r)
{
	job->discard(job);
	tn__free(w);
	return r;
}

static int
job_abandon(struct pool *pool, struct job_work *w, int r)
{
	bool queued = !tn__list_empty(&w->work.node);

	if (queued) {
		tn__list_remove(&w->work.node);
		pool->queued--;
	} else {
		w->wait = NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	return queued ? job_drop(w->job, w, r) : r;
}

/* Where there are no threads. */
static int
job_here(struct tn__job *job, tn_time span)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(span));
	r = tn__park(tn__self(), job->what, false);
	if (tn_scope_close(&scope) && tn__check(tn__self()) == 0)
		r = 0;
	if (r < 0)
		return job_drop(job, NULL, r);
	job->run(job);
	return 0;
}

int
tn__job_wait(struct tn__job *job)
{
	struct tn__fiber *f = tn__self();
	struct tn__host *host = tn__host();
	struct pool *pool = &workers_lookups;
	struct job_work *w;
	struct tn__wait wait;
	int r = tn__fiber_operation(f);

	if (r == 0 && f->loop->poller == NULL && f->group == NULL &&
	    f->deadline == TN_NEVER) {
		job->run(job); /* nothing could end the wait early */
		return 0;
	}
	if (r == 0 && host->job_time != NULL)
		return job_here(job, host->job_time(host, true));
	w = r == 0 ? tn__alloc(sizeof(*w)) : NULL;
	if (w == NULL)
		return job_drop(job, NULL, r < 0 ? r : -ENOMEM);
	*w = (struct job_work){ .work.run = job_run, .job = job,
		.wait = &wait };
	tn__wait_init(&wait, NULL);
	pthread_mutex_lock(&pool->lock);
	r = pool_submit(pool, &w->work);
	if (r < 0) {
		pthread_mutex_unlock(&pool->lock);
		return job_drop(job, w, r);
	}
	r = tn__wait_park(&wait, &pool->lock, job->what, false);
	if (!wait.granted)
		return job_abandon(pool, w, r);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}
