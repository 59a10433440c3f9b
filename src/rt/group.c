/* Groups: who started whom, who waits for whom, and the first error. */
#include <errno.h>
#include "rt/internal.h"

struct tn_group {
	pthread_mutex_t lock;
	struct tn__list members, waiters;
	size_t count;
	bool cancelled;
	int result;             /* the first negative one */
	struct tn__error error; /* its text */
	tn_time deadline;       /* in force where it was opened */
};

int
tn_group_open(struct tn_group **ret)
{
	struct tn_group *g = tn__zalloc(sizeof(*g));

	if (g == NULL)
		return tn__error_nomem();
	pthread_mutex_init(&g->lock, NULL);
	tn__list_init(&g->members);
	tn__list_init(&g->waiters);
	g->deadline = tn__self()->deadline;
	*ret = g;
	return 0;
}

/* Counts a member that is about to start; it joins the list itself. */
static int
group_enter(struct tn_group *g)
{
	int r = 0;

	pthread_mutex_lock(&g->lock);
	if (g->cancelled)
		r = -ECANCELED;
	else
		g->count++;
	pthread_mutex_unlock(&g->lock);
	return r == 0 ? 0 : tn_error_set(r, "start: the group was cancelled");
}

static void
group_join(struct tn_group *g, struct tn__fiber *f)
{
	bool cancelled;

	pthread_mutex_lock(&g->lock);
	f->group = g;
	f->deadline = f->base_deadline = g->deadline;
	tn__list_push_back(&g->members, &f->member);
	cancelled = g->cancelled;
	if (cancelled)
		tn__fiber_cancel(f);
	pthread_mutex_unlock(&g->lock);
}

static void
group_count_down(struct tn_group *g)
{
	if (--g->count > 0)
		return;
	while (!tn__list_empty(&g->waiters))
		tn__wait_grant(TN__CONTAINER(g->waiters.next, struct tn__wait,
		    node), 0);
}

static void
group_leave_unstarted(struct tn_group *g)
{
	pthread_mutex_lock(&g->lock);
	group_count_down(g);
	pthread_mutex_unlock(&g->lock);
}

/* That a cancelled member says so is no error of the group. */
static void
group_report(struct tn_group *g, int result, struct tn__error *error)
{
	if (result < 0 && g->result == 0 &&
	    !(result == -ECANCELED && g->cancelled)) {
		g->result = result;
		tn__error_move(&g->error, error);
	}
	group_count_down(g);
}

void
tn__group_left(struct tn_group *g, struct tn__fiber *f, int result)
{
	struct tn__run *run = f->loop->owner;

	pthread_mutex_lock(&g->lock);
	tn__list_remove(&f->member);
	group_report(g, result, tn__error_current);
	pthread_mutex_unlock(&g->lock);
	f->group = NULL;
	if (run != NULL)
		tn__run_leave(run);
}

void
tn__group_revive(struct tn__fiber *f)
{
	struct tn_group *g = f->group;

	if (g == NULL) {
		atomic_store(&f->cancelled, f->loop->cancelled);
		return;
	}
	pthread_mutex_lock(&g->lock);
	atomic_store(&f->cancelled, g->cancelled);
	pthread_mutex_unlock(&g->lock);
}

/* ---- members ----------------------------------------------------------- */

static int
group_go_here(struct tn_group *g, struct tn__loop *loop, int (*fn)(void *),
    void *arg)
{
	struct tn__fiber *f;
	int r = group_enter(g);

	if (r < 0)
		return r;
	r = tn__fiber_new(loop, fn, arg, &f);
	if (r < 0) {
		group_leave_unstarted(g);
		return r;
	}
	tn__run_enter(loop->owner);
	group_join(g, f);
	return 0;
}

int
tn_go(struct tn_group *g, int (*fn)(void *), void *arg)
{
	struct tn__loop *loop = tn__loop();

	if (loop->owner == NULL)
		return tn_error_set(-EOPNOTSUPP, "tn_go: this thread has no "
		    "loop; call it inside tn_run(), or use tn_go_thread()");
	return group_go_here(g, loop, fn, arg);
}

/* A start on another loop waits for its answer, so that a failure has somebody
 * to report to and nothing is left half started. */
struct group_remote {
	struct tn__post post;
	pthread_mutex_t lock;
	struct tn__wait wait;
	struct tn_group *group;
	int (*fn)(void *);
	void *arg;
};

static void
group_remote_run(struct tn__post *post, struct tn__loop *loop)
{
	struct group_remote *remote =
	    TN__CONTAINER(post, struct group_remote, post);
	int r = group_go_here(remote->group, loop, remote->fn, remote->arg);

	pthread_mutex_lock(&remote->lock);
	tn__wait_grant(&remote->wait, r);
	pthread_mutex_unlock(&remote->lock);
}

int
tn_go_on(struct tn_group *g, int index, int (*fn)(void *), void *arg)
{
	struct tn__loop *loop = tn__loop();
	struct group_remote remote = {
		.post.run = group_remote_run, .group = g, .fn = fn, .arg = arg
	};
	int r;

	if (loop->owner == NULL)
		return tn_go(g, fn, arg);
	if (index < 0 || index >= loop->owner->loop_count)
		return tn_error_set(-EINVAL, "tn_go_on: loop %d of %d", index,
		    loop->owner->loop_count);
	if (loop->owner->loops[index] == loop)
		return tn_go(g, fn, arg);
	pthread_mutex_init(&remote.lock, NULL);
	pthread_mutex_lock(&remote.lock);
	tn__wait_init(&remote.wait, NULL);
	tn__loop_post(loop->owner->loops[index], &remote.post);
	r = tn__wait_park(&remote.wait, &remote.lock, "start on a loop", true);
	pthread_mutex_unlock(&remote.lock);
	pthread_mutex_destroy(&remote.lock);
	if (r < 0)
		tn_error_set(r, "start on loop %d: %s", index,
		    tn_error_words(r));
	return r;
}

struct group_thread {
	struct tn_group *group;
	struct tn__host *host;
	struct tn__loop *loop;
	int (*fn)(void *);
	void *arg;
};

static void *
group_thread(void *arg)
{
	struct group_thread start = *(struct group_thread *)arg;
	struct tn_group *g = start.group;
	struct tn__error error = { 0 };
	struct tn__fiber *f;
	int r;

	tn__free(arg);
	tn__host_set(start.host);
	tn__loop_thread_begin(start.loop);
	f = tn__self();
	tn__registry_starting(-1);
	group_join(g, f);
	r = start.fn(start.arg);
	tn__push_finish(f);
	tn__error_move(&error, tn__error_current);
	pthread_mutex_lock(&g->lock);
	tn__list_remove(&f->member); /* nobody posts to it any more */
	pthread_mutex_unlock(&g->lock);
	tn__loop_thread_end();
	/* Only now, so that whoever waited for the group finds no trace. */
	pthread_mutex_lock(&g->lock);
	group_report(g, r, &error);
	pthread_mutex_unlock(&g->lock);
	tn__error_clear(&error);
	return NULL;
}

static int
group_thread_create(struct group_thread *start)
{
	pthread_attr_t detached;
	pthread_t thread;
	int r;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	tn__registry_starting(1);
	r = -pthread_create(&thread, &detached, group_thread, start);
	pthread_attr_destroy(&detached);
	if (r == 0)
		return 0;
	tn__registry_starting(-1);
	return tn_error_set(r, "start a thread: %s; the limit on processes "
	    "(ulimit -u) or on memory is reached", tn_error_words(r));
}

/* All that the thread needs is there before it begins: it would have nobody to
 * tell. */
static int
group_thread_start(struct group_thread *start)
{
	int r = tn__loop_thread_new(&start->loop);

	if (r < 0)
		return tn_error_set(r, "start a thread: %s",
		    tn_error_words(r));
	r = group_thread_create(start);
	if (r < 0)
		tn__loop_thread_free(start->loop);
	return r;
}

int
tn_go_thread(struct tn_group *g, int (*fn)(void *), void *arg)
{
	struct group_thread *start;
	int r;

	if (tn__host()->job_time != NULL)
		return tn_go(g, fn, arg);
	r = group_enter(g);
	if (r < 0)
		return r;
	start = tn__alloc(sizeof(*start));
	if (start == NULL) {
		group_leave_unstarted(g);
		return tn__error_nomem();
	}
	*start = (struct group_thread){
		.group = g, .host = tn__host(), .fn = fn, .arg = arg
	};
	r = group_thread_start(start);
	if (r < 0) {
		tn__free(start);
		group_leave_unstarted(g);
	}
	return r;
}

/* ---- the whole --------------------------------------------------------- */

static int
group_wait(struct tn_group *g, bool hard)
{
	struct tn__wait wait;
	int r = 0;

	tn__wait_init(&wait, NULL);
	pthread_mutex_lock(&g->lock);
	if (g->count > 0) {
		tn__list_push_back(&g->waiters, &wait.node);
		r = tn__wait_park(&wait, &g->lock, "group", hard);
	}
	pthread_mutex_unlock(&g->lock);
	return r;
}

int
tn_group_wait(struct tn_group *g)
{
	int r = group_wait(g, false);

	if (r < 0)
		return tn_error_set(r, "wait for a group of %zu: %s",
		    tn_group_count(g), tn_error_words(r));
	if (g->result < 0)
		tn_error_set(g->result, "%s", g->error.text == NULL ?
		    tn_error_words(g->result) : g->error.text);
	return g->result;
}

size_t
tn_group_count(struct tn_group *g)
{
	size_t count;

	pthread_mutex_lock(&g->lock);
	count = g->count;
	pthread_mutex_unlock(&g->lock);
	return count;
}

void
tn_group_cancel(struct tn_group *g)
{
	pthread_mutex_lock(&g->lock);
	g->cancelled = true;
	TN__LIST_FOR(node, &g->members)
		tn__fiber_cancel(TN__CONTAINER(node, struct tn__fiber, member));
	pthread_mutex_unlock(&g->lock);
}

void
tn_group_free(struct tn_group *g)
{
	if (g == NULL)
		return;
	tn_group_cancel(g);
	group_wait(g, true);
	tn__error_clear(&g->error);
	pthread_mutex_destroy(&g->lock);
	tn__free(g);
}
