#include "unit/base/check.h"

#include <tenon/date.h>
#include <tenon/run.h>
#include <tenon/server.h>

/* The same text as the clock's, before and after it is asked. */
static void
test_now(void **state)
{
	char before[TN_CTIME_SIZE], after[TN_CTIME_SIZE];
	const char *now;

	tn_date_ctime(tn_wall_now() / TN_SECOND, before);
	now = tn_ctime_now();
	tn_date_ctime(tn_wall_now() / TN_SECOND, after);
	assert_int_equal(strlen(now), TN_CTIME_SIZE - 1);
	assert_true(strcmp(now, before) == 0 || strcmp(now, after) == 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
