/* Signals as waits: what was there before is there again afterwards.  And the
 * one that nobody waits for, SIGPIPE. */
#include <fcntl.h>
#include <tenon/signals.h>
#include "unit/rt/io.h"

static volatile sig_atomic_t heard;

static void
hear(int number)
{
	heard++;
}

static void
test_restored(void **state)
{
	static const int numbers[] = { SIGUSR1, SIGUSR2 };
	struct sigaction mine = { .sa_handler = hear }, now;
	struct tn_signals *signals;

	CHECK_INT(sigaction(SIGUSR1, &mine, NULL), 0);
	CHECK_INT(tn_signals_open(numbers, 2, &signals), 0);
	raise(SIGUSR1);
	CHECK_INT(heard, 0);
	CHECK_INT(tn_signals_wait(signals), SIGUSR1);
	tn_signals_free(signals);

	raise(SIGUSR1);
	CHECK_INT(heard, 1);
	CHECK_INT(sigaction(SIGUSR2, NULL, &now), 0);
	CHECK(now.sa_handler == SIG_DFL);
}

/* What failed halfway leaves nothing caught. */
static void
test_refused(void **state)
{
	static const int numbers[] = { SIGUSR2, SIGKILL };
	struct tn_signals *signals;
	struct sigaction now;

	CHECK_INT(tn_signals_open(numbers, 2, &signals), -EINVAL);
	CHECK_INT(sigaction(SIGUSR2, NULL, &now), 0);
	CHECK(now.sa_handler == SIG_DFL);
	CHECK_INT(tn_signals_open(numbers, 1, &signals), 0);
	tn_signals_free(signals);
	tn_signals_free(NULL);
}

static int
signal_main(void *arg)
{
	static const int numbers[] = { SIGUSR1, SIGHUP };
	struct tn_signals *signals, *other;

	CHECK_INT(tn_signals_open(numbers, 2, &signals), 0);
	CHECK_INT(tn_signals_open(numbers, 1, &other), -EBUSY);
	raise(SIGHUP);
	CHECK_INT(tn_signals_wait(signals), SIGHUP);
	raise(SIGUSR1);
	raise(SIGHUP);
	CHECK_INT(tn_signals_wait(signals) + tn_signals_wait(signals), SIGUSR1 +
	    SIGHUP);
	tn_signals_free(signals);
	return 0;
}

/* ---- SIGPIPE ----------------------------------------------------------- */

static int
sigpipe_main(void *arg)
{
	int fds[2];

	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	CHECK_INT(write(fds[1], "x", 1), -1); /* masked in a loop */
	CHECK_INT(errno, EPIPE);
	close(fds[1]);
	return 0;
}

/* After the row: none is left. */
static void
test_sigpipe(void **state)
{
	sigset_t pending;

	CHECK_INT(sigpending(&pending), 0);
	CHECK(!sigismember(&pending, SIGPIPE));
}

static const struct io_row rows[] = {
	{ "two in turn", signal_main, true },
	{ "SIGPIPE", sigpipe_main, false },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restored),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sigpipe),
	};

	return CHECK_ROWS(rows, io_row_test) +
	    cmocka_run_group_tests_name("rt/signals", tests, NULL, NULL);
}
