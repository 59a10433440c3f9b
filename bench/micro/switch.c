/* One switch between two fibers that do nothing but yield to each other. */
#include "bench.h"

static int
yield(void *arg)
{
	const int64_t *times = arg;
	int r;

	for (int64_t i = 0; i < *times; i++) {
		r = tn_yield();
		if (r < 0)
			return r;
	}
	return 0;
}

static int
pair(int64_t n)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int64_t each = n / 2;
	int r;

	r = tn_group_open(&group);
	for (int i = 0; r >= 0 && i < 2; i++)
		r = tn_go(group, yield, &each);
	return r < 0 ? r : tn_group_wait(group);
}

static int
all(void *arg)
{
	(void)arg;
	return bench("Switch", pair);
}

int
main(void)
{
	return bench_main(all, 1);
}
