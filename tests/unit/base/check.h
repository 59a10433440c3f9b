/* What the tests of this room share: rows as named tests, inputs whose end
 * ASan guards, and an allocator that fails when told to. */
#ifndef TESTS_UNIT_BASE_CHECK_H
#define TESTS_UNIT_BASE_CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <tenon/base.h>
#include <cmocka.h>

#include "base/memory.h"

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

/* A copy without a byte to spare; free `data` after use. */
static inline struct tn_slice
check_exact(struct tn_slice in)
{
	char *data = malloc(in.len);

	if (in.len == 0) {
		free(data);
		return tn_slice(NULL, 0);
	}
	if (data == NULL)
		abort();
	memcpy(data, in.data, in.len);
	return tn_slice(data, in.len);
}

static inline void
check_exact_free(struct tn_slice s)
{
	free((void *)(uintptr_t)s.data);
}

/* How many allocations succeed before every one fails; -1: all succeed. */
static int check_allocations = -1;

static inline bool
check_may_allocate(void)
{
	if (check_allocations > 0)
		check_allocations--;
	return check_allocations != 0;
}

static inline void *
check_alloc(size_t size)
{
	if (check_may_allocate())
		return malloc(size);
	errno = ENOMEM; /* as malloc does */
	return NULL;
}

static inline void *
check_resize(void *pointer, size_t size)
{
	if (check_may_allocate())
		return realloc(pointer, size);
	errno = ENOMEM;
	return NULL;
}

/* After this `n` allocations succeed; negative puts the machine's back. */
static inline void
check_fail_after(int n)
{
	static const struct tn__memory_ops failing = {
		.alloc = check_alloc,
		.resize = check_resize,
		.release = free,
	};

	check_allocations = n < 0 ? -1 : n + 1;
	tn__memory_set(n < 0 ? NULL : &failing);
}

/* xorshift64: the same on every machine. */
static inline uint64_t
check_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
