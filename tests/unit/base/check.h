/* What the tests of this room share: inputs whose end ASan guards, and an
 * allocator that fails when told to. */
#ifndef TESTS_UNIT_BASE_CHECK_H
#define TESTS_UNIT_BASE_CHECK_H

#include "base/memory.h"
#include "unit/check.h"

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
