/* What the rooms above rt/ may use of it beside the public headers: waiting
 * for a descriptor, pushing pending output while a fiber waits, abandonable
 * jobs, and the seam to the machine. */
#ifndef TN__RT_H
#define TN__RT_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <tenon/base.h>
#include <tenon/run.h>
#include "base/error.h"
#include "base/list.h"

/* ---- the seam ---------------------------------------------------------- */

/* All that rt/ asks of a machine.  host_linux.c has the kernel's; a simulated
 * world brings its own, and with it tables for net/ and os/.  Every thread of
 * a tn_run() inherits the host of the thread that called it. */
enum tn__poll_bits {
	TN__POLL_IN = 1,   /* readable, or end of stream */
	TN__POLL_OUT = 2,  /* writable */
	TN__POLL_ODD = 4,  /* PRI, ERR, RDHUP or HUP: no short-read hint */
	TN__POLL_EXCLUSIVE = 8, /* add: wake one loop of several (listeners) */
	TN__POLL_LEVEL = 16,    /* add: level-triggered, one shot; rearm() */
};

struct tn__poll_event {
	uint64_t data;
	unsigned bits;
};

struct tn__poller; /* the host's own */

struct tn__host {
	tn_time (*now)(struct tn__host *host);
	int64_t (*wall_now)(struct tn__host *host);

	/* One poller a loop.  wait() returns the events, 0 at `deadline` or
	 * after wake(), which any thread may call. */
	int (*poller_open)(struct tn__host *host, struct tn__poller **ret);
	void (*poller_free)(struct tn__poller *poller);
	int (*poller_add)(struct tn__poller *poller, int fd, unsigned bits,
	    uint64_t data);
	int (*poller_rearm)(struct tn__poller *poller, int fd, unsigned bits,
	    uint64_t data);
	void (*poller_remove)(struct tn__poller *poller, int fd);
	int (*poller_wait)(struct tn__poller *poller,
	    struct tn__poll_event *events, int count, tn_time deadline);
	void (*poller_wake)(struct tn__poller *poller);

	/* A thread without a loop: ppoll() until `deadline`. */
	int (*poll)(struct tn__host *host, struct pollfd *fds, size_t count,
	    tn_time deadline);

	/* NULL: there are threads.  Otherwise there is only this one: a thread
	 * is then a fiber, and what a worker would do is done right here after
	 * so much time. */
	tn_time (*job_time)(struct tn__host *host, bool lookup);

	const struct tn__net_ops *net; /* net/host.h; NULL = the kernel's */
	const struct tn__os_ops *os;   /* os/host.h; NULL = the kernel's */
};

extern struct tn__host tn__host_linux;

/* The present thread's host, never NULL; and another in its place (NULL = the
 * kernel again), to be called outside tn_run(). */
extern _Thread_local struct tn__host *tn__host_current TN__TLS;
void tn__host_set(struct tn__host *host);

static inline struct tn__host *
tn__host(void)
{
	struct tn__host *host = tn__host_current;

	return host == NULL ? &tn__host_linux : host;
}

/* An option in milliseconds as a span for tn_after(); "no limit" (-1), and what
 * is too long to count, is -1. */
static inline tn_time
tn__span_ms(int64_t ms)
{
	return ms < 0 || ms > TN_NEVER / TN_MILLISECOND ? -1 :
	    ms * TN_MILLISECOND;
}

/* ---- waiting for a descriptor ------------------------------------------ */

enum tn__io_direction { TN__IO_READ, TN__IO_WRITE };

/* What is called on the owning loop when something waited for has come. */
struct tn__waiter {
	void (*wake)(struct tn__waiter *waiter, int result);
};

enum tn__io_flags {
	TN__IO_FOREIGN = 1, /* O_NONBLOCK is not ours to set: level-triggered,
			     * ask readiness before every call */
	TN__IO_HINT = 2,    /* TCP stream: a short read means empty */
	TN__IO_EXCLUSIVE = 4, /* a listener that several loops share */
};

/* Lives inside whatever owns the descriptor.  It belongs to the loop of its
 * first wait until tn__io_release(). */
struct tn__io {
	int fd;                /* -1 once closed */
	unsigned char flags;   /* tn__io_flags */
	bool ready[2];         /* by direction: may succeed at once */
	bool refused;          /* the poller does not take it (regular file) */
	uint32_t slot;         /* in the loop's table */
	struct tn__loop *loop; /* NULL before the first wait in a loop */
	struct tn__waiter *waiter[2]; /* by direction */
	/* Writes what the descriptor is called ("tcp 127.0.0.1:80") for
	 * tn_dump(); may be NULL. */
	void (*describe)(const struct tn__io *io, char *out, size_t size);
};

void tn__io_init(struct tn__io *io, int fd, unsigned flags);

/* Stands before every system call that could block: counts it for fairness
 * (every 16th yields), and fails with -ECANCELED or -ETIMEDOUT when the fiber
 * was cancelled or its deadline passed, with -EBADF when the io was closed,
 * with -EBUSY when another fiber waits in this direction.  Returns 1 when the
 * call is worth trying, 0 when it is known that it would block: wait first. */
int tn__io_begin(struct tn__io *io, enum tn__io_direction direction);

/* Stands after it: the call gave EAGAIN, so the direction is not ready; or a
 * plain recv on a stream gave fewer bytes than asked (`short_read`), which on
 * a TN__IO_HINT descriptor that saw nothing odd means the same. */
static inline void
tn__io_empty(struct tn__io *io, enum tn__io_direction direction)
{
	io->ready[direction] = false;
}

static inline void
tn__io_short(struct tn__io *io)
{
	if (io->flags & TN__IO_HINT)
		io->ready[TN__IO_READ] = false;
}

/* And how much it moved, of the present fiber: so many bytes weigh as several
 * operations, or who writes large ones would have a turn as long as many. */
void tn__io_moved(size_t bytes);

/* Waits until the direction is ready.  0, -ECANCELED, -ETIMEDOUT, -EBADF when
 * the io was closed meanwhile, -EBUSY as above, -ENOMEM or -ENOSPC when it
 * cannot be registered.  `what` is a static string for tn_dump(): "recv". */
int tn__io_wait(struct tn__io *io, enum tn__io_direction direction,
    const char *what);

/* Waits until one of `count` (at most TN__IO_ANY_MAX) is ready and returns its
 * index; -EAGAIN when `until`, an instant of the caller's own, passed first;
 * otherwise as tn__io_wait. */
#define TN__IO_ANY_MAX 32
int tn__io_wait_any(struct tn__io **ios, size_t count,
    enum tn__io_direction direction, tn_time until, const char *what);

/* Takes the descriptor out of its loop and wakes its waiters with -EBADF;
 * stands before every close().  Called on the owning loop, or on any thread
 * once that loop has ended.  Returns the fd, and the io holds -1. */
int tn__io_close(struct tn__io *io);

/* Lets another loop take it over; nobody may be waiting.  The fd stays. */
void tn__io_release(struct tn__io *io);

/* Names the present fiber, as tn_fiber_name(), but without formatting. */
void tn__fiber_label(const char *name);

/* ---- pushing while waiting --------------------------------------------- */

/* Something a fiber has written to that still holds bytes.  Before the fiber
 * waits for anything, each pusher of its list is pushed without blocking;
 * while it waits, each is pushed on whenever `io` is writable. */
struct tn__pusher {
	struct tn__list node; /* in its fiber's list; self-linked when idle */
	struct tn__waiter waiter; /* rt's own, as is ... */
	struct tn__io *io;        /* ... what it is blocked on, or NULL */
	/* Writes without waiting.  1: all gone (rt unlinks it); 0: blocked on
	 * *ret_io for writing; < 0: broken, which the owner remembers. */
	int (*push)(struct tn__pusher *pusher, struct tn__io **ret_io);
};

static inline void
tn__pusher_init(struct tn__pusher *p,
    int (*push)(struct tn__pusher *, struct tn__io **))
{
	tn__list_init(&p->node);
	p->io = NULL;
	p->push = push;
}

/* Into the list of the present fiber, once. */
void tn__pusher_add(struct tn__pusher *pusher);
/* Out of whichever list it is in; stands before its owner is freed. */
void tn__pusher_remove(struct tn__pusher *pusher);

/* ---- watching while waiting -------------------------------------------- */

/* While the present fiber waits, for anything at all, `io` is looked at: once
 * `gone`, which does not wait, says of it that its peer is no longer there, the
 * fiber is cancelled.  A call of `gone` that finds nothing to read says so by
 * tn__io_empty(). */
struct tn__lookout { /* fields are rt's own */
	struct tn__waiter waiter;
	struct tn__io *io; /* NULL: there is nothing to look at */
	bool (*gone)(struct tn__lookout *lookout);
	struct tn__fiber *fiber;
	struct tn__lookout *outer;
	bool fired;
};

void tn__lookout_open(struct tn__lookout *lookout, struct tn__io *io,
    bool (*gone)(struct tn__lookout *lookout));
/* As if `gone` had said so. */
void tn__lookout_fire(struct tn__lookout *lookout);
/* By the same fiber, in the reverse order of opening; a cancellation that came
 * from here is over. */
void tn__lookout_close(struct tn__lookout *lookout);

/* ---- jobs -------------------------------------------------------------- */

/* An abandonable job owns all its memory: when the waiting fiber leaves early
 * (deadline, cancellation), `discard` is called once nobody runs it any more.
 *  Look-ups only, in a pool of their own. */
struct tn__job {
	void (*run)(struct tn__job *job);
	void (*discard)(struct tn__job *job);
	const char *what; /* for tn_dump(): "look up" */
};

/* 0 when run() has returned and the job is the caller's again; otherwise
 * -ECANCELED, -ETIMEDOUT, -EAGAIN (no thread to be had) or -ENOMEM and the
 * job is no longer the caller's. */
int tn__job_wait(struct tn__job *job);

/* ---- so many at once --------------------------------------------------- */

/* A counter that does not fall below 0: who takes waits until somebody gives,
 * on any loop or thread; first come, first served. */
struct tn__semaphore {
	pthread_mutex_t lock;
	struct tn__list waiters;
	int64_t count; /* > 0: nobody waits */
};

void tn__semaphore_init(struct tn__semaphore *semaphore, int64_t count);
/* Nobody may be waiting. */
void tn__semaphore_destroy(struct tn__semaphore *semaphore);

/* 0, or -ECANCELED or -ETIMEDOUT with nothing taken, and no text yet.  `what`
 * as in tn__io_wait(). */
int tn__semaphore_take(struct tn__semaphore *semaphore, const char *what);
void tn__semaphore_give(struct tn__semaphore *semaphore);

/* ---- SIGPIPE ----------------------------------------------------------- */

/* Stand around a call that MSG_NOSIGNAL does not reach.  The threads of loops
 * block it anyway; there both do nothing.  `raised`: the call may have caused
 * one, which is taken back. */
struct tn__sigpipe {
	sigset_t before;
	bool blocked; /* by us */
	bool pending; /* one was, so it is not ours */
};

void tn__sigpipe_block(struct tn__sigpipe *ret);
void tn__sigpipe_restore(const struct tn__sigpipe *before, bool raised);

/* ---- memory that fibers of one loop pass around ------------------------ */

/* A buffer of TN__POOL_BYTES, recycled last-in first-out by the present loop or
 * thread, so that a waiting connection holds none.  NULL: out of memory. */
#define TN__POOL_BYTES 32768
void *tn__pool_get(void);
void tn__pool_put(void *buffer);

/* ---- fork -------------------------------------------------------------- */

/* True when this process runs nothing but the calling thread (one loop at most,
 * no worker), so that fork() is safe. */
bool tn__rt_may_fork(void);

/* In the child, at once: drops the poller and makes the calling fiber a plain
 * thread.  Descriptors stay open, their tn__io are fresh. */
void tn__rt_forked(void);

/* What a parent tells all its children, those forked before and those to come:
 * once raised it stays up. */
struct tn__flag {
	int fd; /* -1: closed */
};

int tn__flag_open(struct tn__flag *ret);
void tn__flag_raise(const struct tn__flag *flag);
void tn__flag_close(struct tn__flag *flag);

/* In a child: seen(arg) is called, once, as soon as the flag is up and the
 * child waits, for whatever it is; it must not wait itself.  A child has one
 * such watch.  While it runs loops of its own nobody looks. */
void tn__flag_watch(const struct tn__flag *flag, void (*seen)(void *arg),
    void *arg);

/* A child of ours.  Some fiber has to wait for it: until then it is a zombie
 * once it has ended. */
struct tn__process {
	int pid;          /* 0 once reaped */
	bool leads;       /* a group of its own, which ends with it */
	struct tn__io io; /* its pidfd; -1 where the kernel has none */
};

/* 0; -EBUSY, in words, when tn__rt_may_fork() says no; -EOPNOTSUPP in a
 * simulated world. */
int tn__process_may_fork(void);

/* fork(2): 1 in the parent, with `*ret` to wait for; 0 in the child, where
 * tn__rt_forked() has been called and no signal is blocked.  As above, or
 * -EAGAIN, -ENOMEM. */
int tn__process_fork(struct tn__process *ret);

/* Another program, which this process may start whatever else runs in it. */
struct tn__spawn {
	char *const *argv; /* ends in NULL; argv[0] as execvp(3) has it */
	char *const *environment;
	/* Where in the environment's strings it writes its process number, and
	 * a NUL behind: room for TN_UINT_DIGITS + 1 bytes each. */
	char *const *numbers;
	size_t number_count;
	const int *fds; /* become its descriptors 3, 4, ...; beside them it
			 * has what is not close-on-exec */
	size_t fd_count;
};

/* 0 with `*ret` to wait for, or to forget.  One that cannot be executed ends
 * with status TN__SPAWN_FAILED.  -EOPNOTSUPP, -EAGAIN, -ENOMEM. */
#define TN__SPAWN_FAILED 127
int tn__process_spawn(const struct tn__spawn *spawn, struct tn__process *ret);

/* Another program, with nothing of ours but what is said here. */
struct tn__program {
	const char *const *argv;        /* ends in NULL; argv[0] as execvp(3)
					 * has it, but without the shell */
	const char *const *environment; /* NULL: as it is */
	const char *cwd;                /* NULL: as it is */
	int standard[3];                /* descriptors, or one of those below */
	bool leads;                     /* a group of its own ... */
	bool session;                   /* ... and a session */
};

enum tn__program_standard {
	TN__STANDARD_INHERIT = -1,
	TN__STANDARD_NULL = -2, /* /dev/null */
	TN__STANDARD_PIPE = -3, /* its other end is ours */
	TN__STANDARD_OUT = -4,  /* the third: as the second */
};

/* 0 once it runs, with `*ret` to wait for and in `ret_pipes` our ends, which do
 * not block, or -1.  On failure a text, and nothing runs. */
int tn__program_start(const struct tn__program *program, int ret_pipes[3],
    struct tn__process *ret);

/* The environment as it is, for who makes another from it. */
char *const *tn__process_environment(void);

/* Waits until it has ended: 0, with its exit status or minus the signal that
 * ended it in `*ret_status` (untouched when somebody else had reaped it).
 * -ECANCELED, -ETIMEDOUT: it runs on. */
int tn__process_wait(struct tn__process *process, int *ret_status);

/* Whether it has; then it is reaped, and its status as above. */
bool tn__process_ended(struct tn__process *process, int *ret_status);

/* Asks it to end (SIGTERM), ends it `grace` later, and waits for that whatever
 * becomes of the caller. */
void tn__process_end(struct tn__process *process, tn_time grace,
    int *ret_status);

/* It shall go on by itself: nobody waits for it any more. */
void tn__process_forget(struct tn__process *process);

/* With the group that it leads.  Nothing happens once it was reaped. */
void tn__process_kill(const struct tn__process *process, int signal);

/* What the environment says, NULL when it says nothing, when the program has
 * more rights than who started it, and in a simulated world. */
const char *tn__process_env(const char *name);

/* How a child ends: at once, without what atexit() promised the parent. */
_Noreturn void tn__process_exit(int status);

#endif
