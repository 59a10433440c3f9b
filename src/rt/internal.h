/* The inside of rt/: fibers and the loops they live on.  A thread without a
 * loop has one all the same, whose only fiber is the thread itself. */
#ifndef TN__RT_INTERNAL_H
#define TN__RT_INTERNAL_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <tenon/buffer.h>
#include "base/heap.h"
#include "base/memory.h"
#include "rt/context.h"
#include "rt/rt.h"

/* ---- fibers ------------------------------------------------------------ */

enum tn__fiber_state {
	TN__FIBER_RUNNING,
	TN__FIBER_READY,
	TN__FIBER_PARKED,
	TN__FIBER_ENDED,
};

/* A message to a loop from any thread; lives in whoever posts it. */
struct tn__post {
	struct tn__post *next;
	void (*run)(struct tn__post *post, struct tn__loop *loop);
};

/* It lies at the top of its own stack, in a page that is in use anyway.  What
 * every wait touches comes first, in as few cache lines as possible. */
struct tn__fiber {
	struct tn__waiter waiter; /* wakes it */
	struct tn__list run;      /* in its loop's queue while READY */
	struct tn__loop *loop;
	struct tn__context context;
	int result; /* of the wait that ended */
	unsigned char state; /* enum tn__fiber_state */
	unsigned char ops;   /* for fairness */
	bool hard;    /* parked where only the event itself wakes */
	bool trimmed; /* parked long, stack given back */
	bool shielded, wake_posted;
	atomic_bool cancelled;
	tn_time deadline; /* in force: the scope's, or the group's */
	struct tn__list pushers;
	const void *pushed; /* the last one, perhaps gone: only prefetched */

	/* What it waits for, for tn_dump() and the thread's ppoll(). */
	const char *what;
	struct tn__io **ios;
	tn_time since;
	unsigned io_count; /* at most TN__IO_ANY_MAX */
	enum tn__io_direction io_direction;

	struct tn__lookout *lookout; /* the innermost, or NULL */
	struct tn_scope *scope;
	tn_time base_deadline;
	struct tn__heap_node timer; /* at or before `deadline` while parked */
	struct tn__error error;

	struct tn__list all;    /* in its loop's list of fibers */
	struct tn__list member; /* in its group's list of members */
	struct tn_group *group;
	char *stack; /* lowest address; NULL: a thread's own */
	int (*fn)(void *);
	void *arg;
	struct tn__post wake, cancel;
	uint64_t id;
	char name[32];
	void *sanitizer; /* of the stack: ASan's fake stack, TSan's fiber */
	unsigned valgrind;
};

/* ---- loops ------------------------------------------------------------- */

struct tn__slot {
	struct tn__io *io; /* NULL: free, `next` is the next free one */
	uint32_t generation, next;
};

struct tn__loop {
	struct tn__host *host;
	struct tn__poller *poller; /* NULL: a thread without a loop */
	struct tn__run *owner;     /* its tn_run(), NULL likewise */
	int index;
	struct tn__fiber *current;
	struct tn__fiber *thread; /* the thread itself, when it is a fiber */
	struct tn__context scheduler;
	void *scheduler_sanitizer;
	const void *scheduler_stack;
	size_t scheduler_stack_size;
	struct tn__list queue;  /* READY fibers */
	struct tn__list fibers; /* all of them */
	size_t fiber_count;
	tn_time now; /* of this turn */
	tn_time trim_at;
	struct tn__heap timers;
	_Atomic(struct tn__post *) inbox;
	atomic_bool ending; /* every fiber is to be cancelled ... */
	bool cancelled;     /* ... and was */

	struct tn__slot *slots;
	uint32_t slot_count, slot_free; /* UINT32_MAX: none free */

	struct tn__list slabs;
	char **stack_free; /* LIFO */
	size_t stack_free_count, stack_free_cap;
	size_t stack_fresh; /* not yet cut from the first slab */
	size_t stack_size;

	void *pool[32]; /* LIFO of buffers */
	unsigned pool_count;

	atomic_ullong turns;      /* for the stall reporter: switches so far */
	_Atomic(const char *) running; /* name of the running fiber */
	struct tn__list registered; /* in the process's list of loops */
	pthread_t thread_id;
	int event_fd; /* of a thread without a loop; < 0: there is none */
	struct {      /* of a child: tn__flag_watch() */
		int fd;
		void (*seen)(void *arg); /* NULL: none */
		void *arg;
	} watch;
};

/* The present thread's, NULL before it was asked for; and made if need be. */
extern _Thread_local struct tn__loop *tn__loop_current TN__TLS;
struct tn__loop *tn__loop_make_thread(void);

static inline struct tn__loop *
tn__loop(void)
{
	struct tn__loop *loop = tn__loop_current;

	return __builtin_expect(loop != NULL, 1) ? loop :
	    tn__loop_make_thread();
}

/* The running fiber; outside a loop the thread's own.  Never NULL. */
static inline struct tn__fiber *
tn__self(void)
{
	return tn__loop()->current;
}

int tn__loop_init(struct tn__loop *loop, struct tn__host *host, bool polling,
    size_t stack_bytes);
/* Runs what is ready, so often, then looks at the poller and the timers; false
 * when every fiber of the run has ended.  Whoever drives several loops on one
 * thread has a poller that never waits. */
bool tn__loop_turn(struct tn__loop *loop, int batches);
/* Turns until then. */
void tn__loop_run(struct tn__loop *loop);
void tn__loop_destroy(struct tn__loop *loop);
/* The loop of a thread that is to be started, which takes it first of all; and
 * away with it at the end of that thread.  Freed when it never began.
 * -ENOMEM, -EMFILE. */
int tn__loop_thread_new(struct tn__loop **ret);
void tn__loop_thread_begin(struct tn__loop *loop);
void tn__loop_thread_end(void);
void tn__loop_thread_free(struct tn__loop *loop);

/* From any thread. */
void tn__loop_post(struct tn__loop *loop, struct tn__post *post);
/* On its own thread: what was posted so far. */
void tn__loop_drain(struct tn__loop *loop);

/* The time a deadline is held against: the turn's in a loop. */
static inline tn_time
tn__loop_now(struct tn__loop *loop)
{
	return loop->poller != NULL ? loop->now : loop->host->now(loop->host);
}

/* The last number given to a fiber of this process. */
extern atomic_ullong tn__fiber_ids;

/* Makes a fiber of `loop` (the present one) that will run fn(arg). */
int tn__fiber_new(struct tn__loop *loop, int (*fn)(void *), void *arg,
    struct tn__fiber **ret);
void tn__fiber_init(struct tn__fiber *fiber, struct tn__loop *loop);
/* Puts it into the queue, if it is parked; on its own loop. */
void tn__fiber_wake(struct tn__fiber *fiber, int result);
/* From any thread; the fiber must not be able to end meanwhile (its group's
 * lock is held). */
void tn__fiber_cancel(struct tn__fiber *fiber);
void tn__fiber_free(struct tn__fiber *fiber);

/* ---- waiting: the one place -------------------------------------------- */

int tn__check_deadline(struct tn__fiber *fiber);
void tn__fiber_yield(struct tn__fiber *fiber);

/* 0, or -ECANCELED or -ETIMEDOUT as the fiber stands now. */
static inline int
tn__check(struct tn__fiber *f)
{
	if (atomic_load_explicit(&f->cancelled, memory_order_relaxed) &&
	    !f->shielded)
		return -ECANCELED;
	return f->deadline == TN_NEVER ? 0 : tn__check_deadline(f);
}

#define TN__FAIRNESS 16 /* operations before others have a turn */
#define TN__FAIRNESS_BYTES 4096 /* that weigh as one more */

/* What stands before every operation that may wait. */
static inline int
tn__fiber_operation(struct tn__fiber *f)
{
	if (++f->ops >= TN__FAIRNESS)
		tn__fiber_yield(f);
	return tn__check(f);
}

/* Parks the running fiber until tn__fiber_wake(): its result.  Unless `hard`,
 * cancellation and the deadline end it too.  Every wait in the library is this
 * call. */
int tn__park(struct tn__fiber *fiber, const char *what, bool hard);

/* Waits in a list that other threads touch.  The caller holds `lock` and has
 * put wait->node in; whoever grants it holds `lock` and calls tn__wait_grant().
 * Returns the granted result, or -ECANCELED or -ETIMEDOUT, when nobody granted
 * it and the node is out of its list.  The lock is released meanwhile and held
 * again afterwards. */
struct tn__wait {
	struct tn__list node;
	struct tn__fiber *fiber;
	void *data;
	int result;
	bool granted;
};

void tn__wait_init(struct tn__wait *wait, void *data);
int tn__wait_park(struct tn__wait *wait, pthread_mutex_t *lock,
    const char *what, bool hard);
void tn__wait_grant(struct tn__wait *wait, int result);

/* Before and after a fiber is parked: rt/push.c. */
void tn__push_attach(struct tn__fiber *fiber);
void tn__push_detach(struct tn__fiber *fiber);

/* True when nothing is left to push. */
static inline bool
tn__push_one(struct tn__pusher *p)
{
	struct tn__io *io = NULL;

	if (p->push(p, &io) != 0) {
		tn__list_remove(&p->node);
		return true;
	}
	p->io = io;
	return false;
}

static inline void
tn__push_all(struct tn__fiber *f)
{
	TN__LIST_FOR(node, &f->pushers)
		tn__push_one(TN__CONTAINER(node, struct tn__pusher, node));
}

/* The same, of who looks meanwhile; and a look now: rt/lookout.c. */
void tn__lookout_attach(struct tn__lookout *lookout);
void tn__lookout_detach(struct tn__lookout *lookout);
void tn__lookout_look(struct tn__lookout *lookout);

/* At the end of a fiber: pushes and waits until all is gone. */
void tn__push_finish(struct tn__fiber *fiber);

/* ---- groups ------------------------------------------------------------ */

/* A member returned `result`; called by the member itself, last of all. */
void tn__group_left(struct tn_group *group, struct tn__fiber *member,
    int result);

/* Takes back a cancellation of the running fiber, unless its group's. */
void tn__group_revive(struct tn__fiber *fiber);

/* ---- stacks ------------------------------------------------------------ */

/* A stack of loop->stack_size bytes whose lowest page faults; its lowest
 * usable address is *ret.  -ENOMEM with a text that says what to raise. */
int tn__stack_get(struct tn__loop *loop, char **ret);
void tn__stack_put(struct tn__loop *loop, char *stack);
void tn__stack_trim(struct tn__loop *loop, char *stack, const void *depth);
void tn__stacks_free(struct tn__loop *loop);
size_t tn__page_size(void);

/* ---- processes --------------------------------------------------------- */

/* A child that was just made, as somebody to wait for. */
void tn__process_init(struct tn__process *process, int pid);

/* ---- several loops ----------------------------------------------------- */

struct tn__run {
	int loop_count;
	struct tn__loop **loops;
	atomic_size_t fibers; /* of all loops; 0 ends them */
	size_t stack_bytes;
	struct tn__stall *stall; /* who watches them, or NULL */
};

/* Its loops, made and unmade.  After a failure, with a text, it wants to be
 * closed too. */
int tn__run_open(struct tn__run *run, struct tn__host *host, int loops);
void tn__run_close(struct tn__run *run);

/* The first fiber: runs fn(arg), keeps what it returned and the text of it,
 * and ends the run. */
struct tn__run_main {
	struct tn__run *run;
	int (*fn)(void *);
	void *arg;
	int result;
	struct tn__error error;
};

int tn__run_main(struct tn__run_main *m, struct tn__fiber **ret);

/* Counts a fiber in and out of its run. */
void tn__run_enter(struct tn__run *run);
void tn__run_leave(struct tn__run *run);

/* Loops of the process, for tn_dump(); and a thread that has no loop yet, from
 * before it is created (1) until it has one (-1), which counts as one. */
void tn__registry_add(struct tn__loop *loop);
void tn__registry_remove(struct tn__loop *loop);
void tn__registry_starting(int change);
int tn__registry_count(bool polling);
void tn__registry_forked(struct tn__loop *loop);

/* The pools' threads: how many at most, and away with idle ones. */
void tn__workers_limit(int files, int lookups);
void tn__workers_retire(void);
int tn__workers_count(void);
void tn__workers_forked(void);

/* rt/report.c */
void tn__overflow_thread(void);
int tn__stall_start(struct tn__run *run, int64_t stall_ms);
void tn__stall_stop(struct tn__run *run);

/* host_linux.c: a counter to wake a thread that polls. */
int tn__host_event_open(void);
void tn__host_event_set(int fd);
void tn__host_event_clear(int fd);
void tn__host_event_close(int fd);

/* io.c: into the present loop's poller, unless it is in; and one event of it.
 * -EBUSY when it belongs to another loop. */
int tn__io_register(struct tn__io *io, enum tn__io_direction direction);

void tn__io_event(struct tn__loop *loop, uint64_t data, unsigned bits);
/* Says that they come next: each would otherwise wait for its memory. */
void tn__io_prefetch(const struct tn__loop *loop,
    const struct tn__poll_event *events, int count);

/* dump.c */
void tn__dump_loop(struct tn__loop *loop, struct tn_buffer *out);

#endif
