/* The life of a fiber that returns at once: started and waited for, each by
 * itself or many before one wait. */
#include "bench.h"

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int
spawn(int64_t n, int64_t batch)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r;

	r = tn_group_open(&group);
	if (r < 0)
		return r;
	for (int64_t done = 0; done < n; done += batch) {
		for (int64_t i = 0; i < batch; i++) {
			r = tn_go(group, nothing, NULL);
			if (r < 0)
				return r;
		}
		r = tn_group_wait(group);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
spawn_1(int64_t n)
{
	return spawn(n, 1);
}

static int
spawn_1000(int64_t n)
{
	return spawn(n, 1000);
}

static int
all(void *arg)
{
	int r = bench("Spawn/batch=1", spawn_1);

	(void)arg;
	return r < 0 ? r : bench("Spawn/batch=1000", spawn_1000);
}

int
main(void)
{
	return bench_main(all, 1);
}
