#include "check.h"

#include <tenon/log.h>

struct seen {
	int calls;
	enum tn_log_level level;
	const char *event;
	size_t count;
};

static void
remember(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	struct seen *seen = arg;

	seen->calls++;
	seen->level = level;
	seen->event = event;
	seen->count = count;
	if (count > 0)
		assert_string_equal(fields[0].value, "7");
}

static void
test_log(void **state)
{
	const struct tn_log_field fields[] = { { "fd", "7" } };
	struct seen seen = { 0 };

	tn_log(TN_LOG_ERROR, "nobody.listens", NULL, 0);
	tn_log_set(remember, &seen);
	tn_log(TN_LOG_WARNING, "accept.emfile", fields, TN_COUNT(fields));
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.level, TN_LOG_WARNING);
	assert_string_equal(seen.event, "accept.emfile");
	assert_int_equal(seen.count, 1);
	tn_log(TN_LOG_DEBUG, "bare", NULL, 0);
	assert_int_equal(seen.calls, 2);
	tn_log_set(NULL, NULL);
	tn_log(TN_LOG_ERROR, "nobody.listens", NULL, 0);
	assert_int_equal(seen.calls, 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
