/* Children: forked from a fiber and from a thread, waited for with a pidfd and
 * without, and what a child is. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include <unistd.h>
#include "rt/rt.h"
#include "unit/rt/check.h"

/* ---- what children do -------------------------------------------------- */

static int
child_nothing(void)
{
	return 0;
}

static int
child_sleeps(void)
{
	return tn_sleep(20 * TN_MILLISECOND) == 0 ? 7 : 1;
}

static int
child_crashes(void)
{
	raise(SIGKILL);
	return 1;
}

static int
child_stays(void)
{
	return tn_sleep(3600 * TN_SECOND) == 0;
}

static int
count_up(void *arg)
{
	return ++*(int *)arg < 3 ? tn_yield() : 0;
}

static int
child_loop_main(void *arg)
{
	struct tn_group *group;
	int r = tn_group_open(&group);

	for (int i = 0; i < 3 && r == 0; i++)
		r = tn_go(group, count_up, arg);
	if (r == 0)
		r = tn_group_wait(group);
	tn_group_free(group);
	return r;
}

/* A plain thread, with nothing of its parent's loop, which may have loops of
 * its own. */
static int
child_has_loops(void)
{
	const struct tn_run_options two = { .loops = 2 };
	int count = 0;

	if (tn_loop_count() != 0 || tn_loop_index() != -1)
		return 1;
	if (tn_run(child_loop_main, &count, &two) < 0)
		return 2;
	return count;
}

static int
child_signals(void)
{
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	return sigismember(&blocked, SIGPIPE) || sigismember(&blocked, SIGTERM);
}

static const struct row {
	const char *name;
	int (*child)(void);
	int status;
} rows[] = {
	{ "exits", child_nothing, 0 },
	{ "sleeps", child_sleeps, 7 },
	{ "ends by a signal", child_crashes, -SIGKILL },
	{ "runs loops", child_has_loops, 3 },
	{ "blocks no signal", child_signals, 0 },
};

/* ---- forking ----------------------------------------------------------- */

static bool without_pidfd;

static struct tn__process
start(int (*child)(void))
{
	struct tn__process p;
	int r = tn__process_fork(&p);

	CHECK(r >= 0 && r <= 1);
	if (r == 0)
		tn__process_exit(child());
	if (without_pidfd && p.io.fd >= 0)
		close(tn__io_close(&p.io));
	return p;
}

static int
fork_and_wait(void *arg)
{
	const struct row *row = arg;
	struct tn__process p = start(row->child);
	int status = 99;

	CHECK_INT(tn__process_wait(&p, &status), 0);
	CHECK_INT(status, row->status);
	CHECK_INT(p.pid, 0);
	tn__process_kill(&p, SIGKILL); /* nobody */
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	return 0;
}

static int
end_early(void *arg)
{
	struct tn__process p = start(child_stays);
	struct tn_scope scope;
	int status = 99;

	for (int i = 0; i < 2; i++) {
		tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
		CHECK_INT(tn__process_wait(&p, &status), -ETIMEDOUT);
		CHECK(tn_scope_close(&scope));
		CHECK(strstr(tn_error_text(), "wait for child") != NULL);
		CHECK_INT(status, 99);
	}
	tn__process_kill(&p, SIGTERM);
	CHECK_INT(tn__process_wait(&p, &status), 0);
	CHECK_INT(status, -SIGTERM);
	return 0;
}

/* Somebody else was quicker. */
static int
reaped_before(void *arg)
{
	struct tn__process p = start(child_nothing);
	int status = 99;

	CHECK_INT(waitpid(p.pid, NULL, 0), p.pid);
	CHECK_INT(tn__process_wait(&p, &status), 0);
	CHECK_INT(status, 99);
	return 0;
}

/* ---- each of them in a loop and without, with a pidfd and without ------ */

static void
everywhere(int (*test)(void *), const void *arg)
{
	void *a = (void *)(uintptr_t)arg;

	for (int i = 0; i < 2; i++) {
		without_pidfd = i != 0;
		CHECK_INT(test(a), 0);
		CHECK_INT(tn_run(test, a, NULL), 0);
	}
}

static void
test_row(void **state)
{
	everywhere(fork_and_wait, *state);
}

static void
test_end_early(void **state)
{
	everywhere(end_early, NULL);
}

static void
test_reaped_before(void **state)
{
	everywhere(reaped_before, NULL);
}

/* ---- not beside others ------------------------------------------------- */

static int
fork_here(void *arg)
{
	struct tn__process p;

	return tn__process_fork(&p);
}

static int
wait_for_cancel(void *arg)
{
	return tn_sleep(3600 * TN_SECOND);
}

static void
test_refused(void **state)
{
	const struct tn_run_options two = { .loops = 2 };
	struct tn_group *group;

	CHECK_INT(tn_run(fork_here, NULL, &two), -EBUSY);
	CHECK(strstr(tn_error_text(), "use one loop and no threads") != NULL);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go_thread(group, wait_for_cancel, NULL), 0);
	CHECK_INT(fork_here(NULL), -EBUSY);
	tn_group_free(group);
}

int
main(void)
{
	struct CMUnitTest tests[TN_COUNT(rows) + 3];
	size_t n = TN_COUNT(rows);

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_end_early);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_reaped_before);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_refused);
	return cmocka_run_group_tests_name("rt/process", tests, NULL, NULL);
}
