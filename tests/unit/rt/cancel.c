/* Every kind of wait, ended by cancellation and by a deadline: promptly, with
 * the right code, and nothing left behind (ASan and valgrind look). */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <tenon/channel.h>
#include <tenon/error.h>
#include <tenon/offload.h>
#include <tenon/run.h>
#include <tenon/signals.h>
#include <unistd.h>
#include "rt/internal.h"
#include "unit/rt/check.h"

/* ---- one function a wait: returns what the wait returned --------------- */

static struct tn_channel *full, *empty;
static struct tn_mutex *held;
static int pair[2];

static int
wait_sleep(void *arg)
{
	return tn_sleep(TN_SECOND * 3600);
}

static int
wait_send(void *arg)
{
	int message = 1;

	return tn_channel_send(full, &message);
}

static int
wait_recv(void *arg)
{
	int message;

	return tn_channel_recv(empty, &message);
}

static int
wait_mutex(void *arg)
{
	return tn_mutex_lock(held);
}

static int
wait_read(void *arg)
{
	struct tn__io io;
	int r;

	tn__io_init(&io, pair[0], 0);
	tn__io_empty(&io, TN__IO_READ);
	r = tn__io_wait(&io, TN__IO_READ, "read");
	tn__io_close(&io);
	return r;
}

static int
wait_any(void *arg)
{
	struct tn__io io, *ios[] = { &io };
	int r;

	tn__io_init(&io, pair[0], 0);
	tn__io_empty(&io, TN__IO_READ);
	r = tn__io_wait_any(ios, 1, TN__IO_READ, TN_NEVER, "read any");
	tn__io_close(&io);
	return r;
}

static int
wait_group(void *arg)
{
	struct tn_group *inner;
	int r;

	if (tn_loop_count() == 0)
		return wait_sleep(NULL); /* members need a loop */
	CHECK_INT(tn_group_open(&inner), 0);
	CHECK_INT(tn_go(inner, wait_sleep, NULL), 0);
	r = tn_group_wait(inner);
	tn_group_free(inner);
	return r;
}

static int
wait_signal(void *arg)
{
	static const int numbers[] = { SIGUSR2 };
	struct tn_signals *signals;
	int r = tn_signals_open(numbers, 1, &signals);

	if (r < 0)
		return r;
	r = tn_signals_wait(signals);
	tn_signals_free(signals);
	return r;
}

/* A look-up that takes longer than anybody waits for it. */
struct slow_job {
	struct tn__job job;
	atomic_int *discarded;
};

static void
slow_run(struct tn__job *job)
{
	usleep(150000);
}

static void
slow_discard(struct tn__job *job)
{
	struct slow_job *slow = TN__CONTAINER(job, struct slow_job, job);

	atomic_fetch_add(slow->discarded, 1);
	tn__free(slow);
}

static atomic_int discarded;

static int
wait_job(void *arg)
{
	struct slow_job *slow = tn__zalloc(sizeof(*slow));
	int r;

	slow->job = (struct tn__job){ slow_run, slow_discard, "look up" };
	slow->discarded = &discarded;
	r = tn__job_wait(&slow->job);
	if (r == 0)
		tn__free(slow);
	return r;
}

static int
job_30ms(void *arg)
{
	usleep(30000);
	atomic_fetch_add((atomic_int *)arg, 1);
	return 5;
}

static int
wait_offload(void *arg)
{
	atomic_int done = 0;
	int result = 0;
	int r = tn_offload(job_30ms, &done, &result);

	/* Begun, so it has run to its end, whatever became of us. */
	CHECK_INT(atomic_load(&done), 1);
	CHECK_INT(result, 5);
	return r;
}

static int
wait_shielded(void *arg)
{
	struct tn_shield shield;
	int r = tn_sleep(TN_SECOND * 3600);

	/* Cleanup may still wait, within its own limit. */
	tn_shield_open(&shield, TN_SECOND * 10);
	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	tn_shield_close(&shield);
	CHECK_INT(tn_sleep(TN_MILLISECOND), r);
	return r;
}

static const struct row {
	const char *name;
	int (*wait)(void *);
	bool threads; /* also ends on a thread without a loop */
} rows[] = {
	{ "sleep", wait_sleep, true },
	{ "channel send", wait_send, true },
	{ "channel recv", wait_recv, true },
	{ "mutex", wait_mutex, true },
	{ "read", wait_read, true },
	{ "any of several", wait_any, true },
	{ "group", wait_group, true },
	{ "signal", wait_signal, true },
	{ "look-up", wait_job, true },
	{ "offload", wait_offload, false },
	{ "shielded cleanup", wait_shielded, true },
};

/* ---- the ways to end one ----------------------------------------------- */

enum how { CANCEL, DEADLINE, OUTER_DEADLINE, BOTH_DEADLINES };

struct plan {
	const struct row *row;
	enum how how;
	bool thread;
	int result;
	tn_time took;
};

static int
plan_wait(void *arg)
{
	struct plan *plan = arg;
	struct tn_scope outer, inner;
	tn_time start = tn_now();
	bool fired;

	if (plan->how == CANCEL) {
		plan->result = plan->row->wait(NULL);
	} else {
		bool by_outer = plan->how != DEADLINE;
		bool by_inner = plan->how != OUTER_DEADLINE;
		tn_time soon = tn_after(10 * TN_MILLISECOND);
		tn_time late = tn_after(TN_SECOND * 60);

		tn_scope_open(&outer, by_outer ? soon : late);
		tn_scope_open(&inner, by_inner ? soon : late);
		plan->result = plan->row->wait(NULL);
		fired = tn_scope_close(&inner);
		CHECK_INT(fired, by_inner);
		fired = tn_scope_close(&outer);
		CHECK_INT(fired, by_outer);
	}
	plan->took = tn_now() - start;
	return plan->result;
}

static int
plan_run(void *arg)
{
	struct plan *plan = arg;
	int expected = plan->how == CANCEL ? -ECANCELED : -ETIMEDOUT;
	struct tn_group *group;
	int one = 1, r;

	/* The peers' state: a full and an empty channel, a held mutex. */
	CHECK_INT(tn_channel_open(sizeof(int), 1, &full), 0);
	CHECK_INT(tn_channel_open(sizeof(int), 1, &empty), 0);
	CHECK_INT(tn_mutex_open(&held), 0);
	CHECK_INT(tn_channel_send(full, &one), 0);
	CHECK_INT(tn_mutex_lock(held), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, pair), 0);

	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT((plan->thread ? tn_go_thread : tn_go)(group, plan_wait, plan),
	    0);
	if (plan->how == CANCEL) {
		CHECK_INT(tn_sleep(10 * TN_MILLISECOND), 0);
		tn_group_cancel(group);
	}
	r = tn_group_wait(group);
	CHECK_INT(r, plan->how == CANCEL ? 0 : -ETIMEDOUT);
	tn_group_free(group);
	CHECK_INT(plan->result, expected);
	CHECK(plan->how == CANCEL || plan->took >= 9 * TN_MILLISECOND);
	CHECK(plan->took < 3 * TN_SECOND);

	tn_mutex_unlock(held);
	tn_mutex_free(held);
	tn_channel_free(full);
	tn_channel_free(empty);
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static void
test_row(void **state)
{
	const struct row *row = *state;

	for (int thread = 0; thread <= (row->threads ? 1 : 0); thread++) {
		for (int how = CANCEL; how <= BOTH_DEADLINES; how++) {
			struct plan plan = { .row = row,
				.how = (enum how)how, .thread = thread != 0 };

			CHECK_INT(tn_run(plan_run, &plan, NULL), 0);
		}
	}
}

/* A job that was left behind is discarded once its worker is done with it. */
static void
test_discarded(void **state)
{
	for (int i = 0; i < 100 && atomic_load(&discarded) < 8; i++)
		usleep(10000);
	CHECK_INT(atomic_load(&discarded), 8);
}

/* The second one waits in the queue when both are left behind. */
static int
unbegun_main(void *arg)
{
	int before = atomic_load(&discarded);
	struct tn_scope scope;
	struct tn_group *group;

	tn_scope_open(&scope, tn_after(20 * TN_MILLISECOND));
	CHECK_INT(tn_group_open(&group), 0);
	tn_scope_close(&scope);
	CHECK_INT(tn_go(group, wait_job, NULL), 0);
	CHECK_INT(tn_go(group, wait_job, NULL), 0);
	CHECK_INT(tn_group_wait(group), -ETIMEDOUT);
	tn_group_free(group);
	CHECK_INT(atomic_load(&discarded), before + 1);
	while (atomic_load(&discarded) < before + 2)
		CHECK_INT(tn_sleep(TN_MILLISECOND), 0);

	/* It left the queue, so the one worker is enough for the next. */
	CHECK_INT(tn_sleep(50 * TN_MILLISECOND), 0);
	tn__workers_limit(0, 0);
	CHECK_INT(wait_job(NULL), 0);
	CHECK_INT(tn__workers_count(), 1);
	return 0;
}

static void
test_discarded_unbegun(void **state)
{
	struct tn_run_options one = { .lookup_workers = 1 };

	while (tn__workers_count() > 0) {
		tn__workers_retire();
		usleep(1000);
	}
	CHECK_INT(tn_run(unbegun_main, NULL, &one), 0);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(test_discarded),
		cmocka_unit_test(test_discarded_unbegun),
	};
	struct CMUnitTest tests[TN_COUNT(rows) + TN_COUNT(more)];

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	memcpy(tests + TN_COUNT(rows), more, sizeof(more));
	return cmocka_run_group_tests_name("rt/cancel", tests, NULL, NULL);
}
