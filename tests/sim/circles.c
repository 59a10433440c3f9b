/* Programs that go round in circles: whatever they do, the run ends, and the
 * error line says who it was. */
#include <string.h>
#include <tenon/run.h>
#include "sim/check.h"

static int
spin_sleep(void *arg)
{
	for (;;)
		(void)tn_sleep(0);
	return 0;
}

static int
spin_clock(void *arg)
{
	tn_time until = tn_after(1800 * TN_SECOND);

	while (tn_now() < until)
		;
	return 0;
}

static int
spin_wall(void *arg)
{
	while (tn_wall_now() != 0)
		;
	return 0;
}

static int
spin_yield(void *arg)
{
	for (;;)
		(void)tn_yield();
	return 0;
}

static int
spin_memory(void *arg)
{
	struct tn_buffer b = { 0 };

	while (tn_buffer_append_str(&b, "x") == -ENOMEM)
		;
	tn_buffer_free(&b);
	return 0;
}

static void
run(const struct tn_sim_options *options, int (*main)(void *),
    bool goes_on)
{
	uint64_t hash = 0;

	for (int i = 0; i < 2; i++) {
		struct tn_sim_result result;

		assert_int_equal(tn_sim_run(7, options, main, NULL, &result),
		    TN_ELIMIT);
		assert_non_null(strstr(tn_error_text(), "seed 7: "));
		assert_non_null(strstr(tn_error_text(), "circles"));
		assert_non_null(strstr(tn_error_text(), "on here fiber 1 "
		    "main"));
		assert_int_equal(strstr(tn_error_text(), "goes on") != NULL,
		    goes_on);
		assert_int_equal(result.left_open, 0);
		assert_true(i == 0 || result.trace_hash == hash);
		hash = result.trace_hash;
	}
}

static void
test_main(void **state)
{
	const struct tn_sim_options memory = { .rates = { [TN_SIM_NO_MEMORY] =
							      1000000 } };
	const struct tn_sim_options steps = { .steps_max = 10000 };

	run(NULL, spin_sleep, true);
	run(NULL, spin_clock, true);
	run(NULL, spin_wall, true);
	run(&memory, spin_memory, true);
	run(&steps, spin_yield, true);
}

/* ---- after the end ----------------------------------------------------- */

static int
main_leaves(void *arg)
{
	int (*spin)(void *) = *(int (**)(void *))arg;

	CHECK(tn_sim_host("other.test", "192.0.2.1", spin, NULL) == 0);
	return 5; /* and what spins has not begun */
}

/* One that hears of its cancellation and goes on. */
static int
spin_deaf(void *arg)
{
	while (tn_sleep(3600 * TN_SECOND) != 0)
		;
	return 0;
}

static void
test_other(void **state)
{
	int (*const spins[])(void *) = { spin_sleep, spin_clock, spin_wall,
		spin_yield, spin_deaf };

	for (size_t i = 0; i < TN_COUNT(spins); i++) {
		int (*spin)(void *) = spins[i];

		assert_int_equal(tn_sim_run(7, NULL, main_leaves, &spin, NULL),
		    TN_ELIMIT);
		assert_non_null(strstr(tn_error_text(), "on other.test fiber "
		    "2 main"));
		assert_non_null(strstr(tn_error_text(), "goes on"));
	}
}

static struct tn_group *group; /* still there after the world */

static int
wait_deaf(void *arg)
{
	int r = tn_group_open(&group);

	if (r == 0)
		r = tn_go(group, spin_deaf, NULL);
	while (r == 0 && tn_group_wait(group) != 0)
		;
	return r;
}

static void
test_group(void **state)
{
	int (*spin)(void *) = wait_deaf;

	assert_int_equal(tn_sim_run(7, NULL, main_leaves, &spin, NULL),
	    TN_ELIMIT);
}

/* ---- what ends by itself ----------------------------------------------- */

static int
main_polls(void *arg)
{
	tn_time before = tn_now(), until = tn_after(100 * TN_MILLISECOND);

	for (int i = 0; i < 5000; i++)
		CHECK(tn_now() == before);
	while (tn_now() < until)
		;
	CHECK(tn_now() < until + TN_MILLISECOND);
	return 0;
}

/* Stopped once, then it looks. */
static int
main_looks(void *arg)
{
	while (!tn_cancelled())
		(void)tn_now();
	return 0;
}

static void
test_ends(void **state)
{
	assert_int_equal(tn_sim_run(7, NULL, main_polls, NULL, NULL), 0);
	run(NULL, main_looks, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
