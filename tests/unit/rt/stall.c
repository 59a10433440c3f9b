/* A fiber that holds its loop too long is named. */
#include <tenon/log.h>
#include "unit/rt/io.h"

static atomic_int stalls;

static void
count_stall(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	if (strcmp(event, "fiber.stall") == 0 &&
	    strcmp(fields[0].value, "hog") == 0)
		atomic_fetch_add(&stalls, 1);
}

static int
stall_main(void *arg)
{
	tn_fiber_name("hog");
	usleep(150000);
	CHECK_INT(tn_sleep(50 * TN_MILLISECOND), 0); /* no stall */
	return 0;
}

static void
test_stall(void **state)
{
	struct tn_run_options options = { .stall_ms = 30 };

	tn_log_set(count_stall, NULL);
	CHECK_INT(tn_run(stall_main, NULL, &options), 0);
	tn_log_set(NULL, NULL);
	CHECK(atomic_load(&stalls) >= 1); /* more on a busy machine */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stall),
	};

	return cmocka_run_group_tests_name("rt/stall", tests, NULL,
	    NULL);
}
