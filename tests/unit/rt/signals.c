/* Signals as waits: what was there before is there again afterwards. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <tenon/signals.h>
#include "unit/rt/check.h"

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

	assert_int_equal(sigaction(SIGUSR1, &mine, NULL), 0);
	assert_int_equal(tn_signals_open(numbers, 2, &signals), 0);
	raise(SIGUSR1);
	assert_int_equal(heard, 0);
	assert_int_equal(tn_signals_wait(signals), SIGUSR1);
	tn_signals_free(signals);

	raise(SIGUSR1);
	assert_int_equal(heard, 1);
	assert_int_equal(sigaction(SIGUSR2, NULL, &now), 0);
	assert_true(now.sa_handler == SIG_DFL);
}

/* What failed halfway leaves nothing caught. */
static void
test_refused(void **state)
{
	static const int numbers[] = { SIGUSR2, SIGKILL };
	struct tn_signals *signals;
	struct sigaction now;

	assert_int_equal(tn_signals_open(numbers, 2, &signals), -EINVAL);
	assert_int_equal(sigaction(SIGUSR2, NULL, &now), 0);
	assert_true(now.sa_handler == SIG_DFL);
	assert_int_equal(tn_signals_open(numbers, 1, &signals), 0);
	tn_signals_free(signals);
	tn_signals_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restored),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("rt/signals", tests, NULL, NULL);
}
