/* What all unit tests share: checks that may fail in a fiber, and rows. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/base.h>
#include <tenon/error.h>
#include <cmocka.h>

/* ---- checks ------------------------------------------------------------ */

/* One that fails ends the program: cmocka's own would longjmp out of a fiber's
 * stack, and from a thread into another's.  They may stand anywhere. */
#define CHECK(condition)                                                       \
	((condition) ? (void)0 : check_fail(__FILE__, __LINE__, #condition))

/* The value must be `wanted`. */
#define CHECK_INT(value, wanted)                                               \
	check_number(__FILE__, __LINE__, #value, (long long)(value),           \
	    (long long)(wanted))

#define CHECK_TEXT(value, wanted)                                              \
	check_string(__FILE__, __LINE__, #value, (value), (wanted))

/* The call fails with `code`, and the error line is `text`. */
#define CHECK_ERROR(call, code, text)                                          \
	(CHECK_INT(call, code), CHECK_INT(tn_error_code(), code),              \
	    CHECK_TEXT(tn_error_text(), text))

static inline void
check_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s is false; the error line is \"%s\"\n", file,
	    line, what, tn_error_text());
	abort();
}

static inline void
check_number(const char *file, int line, const char *what, long long value,
    long long wanted)
{
	if (value == wanted)
		return;
	fprintf(stderr,
	    "%s:%d: %s is %lld (%s), not %lld; the error line is \"%s\"\n",
	    file, line, what, value, tn_error_name((int)value), wanted,
	    tn_error_text());
	abort();
}

static inline void
check_string(const char *file, int line, const char *what, const char *value,
    const char *wanted)
{
	if (strcmp(value, wanted) == 0)
		return;
	fprintf(stderr, "%s:%d: %s is\n\t\"%s\", not\n\t\"%s\"\n", file, line,
	    what, value, wanted);
	abort();
}

/* ---- rows -------------------------------------------------------------- */

/* One test a row; the first member of a row is its name. */
#define CHECK_ROWS(rows, test) \
	check_rows(#rows, rows, TN_COUNT(rows), sizeof((rows)[0]), test)

static inline int
check_rows(const char *group, const void *rows, size_t count, size_t size,
    CMUnitTestFunction test)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	if (tests == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * size;

		tests[i].name = *(const char *const *)(const void *)row;
		tests[i].test_func = test;
		tests[i].initial_state = (void *)(uintptr_t)row;
	}
	failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
	free(tests);
	return failed;
}

#endif
