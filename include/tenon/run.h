/* tenon/run.h - fibers, groups, deadlines, cancellation.
 *
 * Every function of the library that waits does so in whatever calls it: in a
 * fiber, which yields to its loop, or on a plain thread, which blocks.  The
 * code is the same.  tn_run() starts loops; fibers live in groups; a scope
 * sets a deadline for all calls made inside it. */
#ifndef TENON_RUN_H
#define TENON_RUN_H

#include <stdio.h>
#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- running ----------------------------------------------------------- */

struct tn_run_options {      /* all-zero is valid; 0 = default */
	int loops;           /* threads with a loop each; 1; -1 = one a core */
	int64_t stack_bytes; /* virtual, of each fiber; 256 KiB */
	int64_t stall_ms;    /* log "fiber.stall" when a fiber holds its loop
			      * this long; 0 and -1 = off */
	int file_workers;    /* threads for tn_offload(), at most; 8 */
	int lookup_workers;  /* threads for name look-ups, at most; 16 */
	uint64_t reserved[8];
};

/* Runs `main` as the first fiber of loop 0, on the calling thread, and returns
 * what it returned once every fiber has ended.  A group that main left behind
 * is cancelled.  -EBUSY inside another tn_run() on this thread; -ENOMEM,
 * -EMFILE and the like when the loops cannot be set up (main never ran). */
TN_API int tn_run(int (*main)(void *arg), void *arg,
    const struct tn_run_options *options);

/* Loops of the tn_run() we are in, 0 outside; and which one this is, -1
 * outside. */
TN_API int tn_loop_count(void);
TN_API int tn_loop_index(void);

/* ---- time -------------------------------------------------------------- */

/* The monotonic clock, read now. */
TN_API tn_time tn_now(void);

/* The instant `span` from now, TN_NEVER when it would overflow or the span is
 * negative (options write -1 for "no limit"). */
TN_API tn_time tn_after(tn_time span);

/* Nanoseconds since 1970-01-01T00:00Z. */
TN_API int64_t tn_wall_now(void);

/* Waits.  0, -ECANCELED, or -ETIMEDOUT when a scope ends sooner. */
TN_API int tn_sleep(tn_time span);
TN_API int tn_sleep_until(tn_time instant);

/* Lets the other fibers of this loop run first.  0 or -ECANCELED. */
TN_API int tn_yield(void);

/* ---- groups ------------------------------------------------------------ */

struct tn_group;

/* A group belongs to the fiber or thread that opened it.  Its members inherit
 * the deadline in force here.  -ENOMEM. */
TN_API TN_CHECK int tn_group_open(struct tn_group **ret);

/* Starts `fn(arg)` as a fiber of this loop.  -EOPNOTSUPP on a thread without a
 * loop, -ENOMEM when no stack is to be had, -ECANCELED when the group was
 * cancelled.  On failure fn never runs. */
TN_API TN_CHECK int tn_go(struct tn_group *group, int (*fn)(void *arg),
    void *arg);

/* The same on loop `loop` of this tn_run(), 0 to tn_loop_count() - 1. */
TN_API TN_CHECK int tn_go_on(struct tn_group *group, int loop,
    int (*fn)(void *arg), void *arg);

/* The same as a thread of its own, which is cancelled and waited for like any
 * member.  Needs no loop.  -EAGAIN when the system gives no thread. */
TN_API TN_CHECK int tn_go_thread(struct tn_group *group, int (*fn)(void *arg),
    void *arg);

/* Waits until every member returned; then the first negative result, its text
 * as this fiber's error line, or 0.  -ECANCELED and -ETIMEDOUT concern the
 * waiter: members run on.  More members may be started afterwards. */
TN_API int tn_group_wait(struct tn_group *group);

/* Members still running. */
TN_API size_t tn_group_count(struct tn_group *group);

/* From now on each wait of each member returns -ECANCELED.  Any thread may
 * call it; returns at once. */
TN_API void tn_group_cancel(struct tn_group *group);

/* Cancels what still runs, waits until it has returned (whatever the caller's
 * own deadline or cancellation), frees.  NULL is fine. */
TN_API void tn_group_free(struct tn_group *group);
TN_DEFINE_CLEANUP(struct tn_group, tn_group_free) /* tn_group_freep */

/* Names the present fiber for tn_dump() and reports; at most 31 bytes stay. */
TN_API void tn_fiber_name(const char *format, ...) TN_PRINTF(1, 2);

/* ---- deadlines --------------------------------------------------------- */

struct tn_scope { /* on the stack of whoever opens it; fields are private */
	tn_time deadline, effective;
	struct tn_scope *outer;
	bool fired, shield;
	uint64_t reserved[2];
};

/* Until the scope is closed every wait, name look-up included, returns
 * -ETIMEDOUT once `deadline` has passed.  Scopes nest and the earliest wins;
 * they are closed in the reverse order of opening, by the same fiber. */
TN_API void tn_scope_open(struct tn_scope *scope, tn_time deadline);

/* Moves the deadline of an open scope, be it already past; those opened inside
 * keep their own.  A shield is no scope for this. */
TN_API void tn_scope_reschedule(struct tn_scope *scope, tn_time deadline);

/* True when this scope is what made a wait fail. */
TN_API bool tn_scope_close(struct tn_scope *scope);

/* The deadline in force, TN_NEVER when there is none. */
TN_API tn_time tn_deadline(void);

/* ---- cancellation ------------------------------------------------------ */

/* True once this fiber was cancelled, shield or not. */
TN_API bool tn_cancelled(void);

struct tn_shield { /* fields are private */
	struct tn_scope scope;
	bool outer;
	uint64_t reserved[2];
};

/* For cleanup that must wait: until the shield is closed waits do not see
 * cancellation and scopes opened outside do not count; instead they end after
 * `limit` at the latest with -ETIMEDOUT. */
TN_API void tn_shield_open(struct tn_shield *shield, tn_time limit);
TN_API void tn_shield_close(struct tn_shield *shield);

/* ---- looking inside ---------------------------------------------------- */

/* What every fiber of every loop of this process waits for, on what, since
 * when; one line a fiber.  Callable from any fiber or thread; a loop that does
 * not answer within a second is reported as busy, with the fiber that holds
 * it. */
TN_API void tn_dump(FILE *out);

/* Installs, for the whole process, a handler that turns a fiber's stack
 * overflow into a line on stderr which names the fiber, its depth and the
 * option to raise, before the program dies of SIGSEGV as it would have.
 * 0 or -errno. */
TN_API int tn_overflow_report(void);

#ifdef __cplusplus
}
#endif

#endif
