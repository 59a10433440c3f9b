/* So many at once, among fibers of several loops and threads. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include "rt/rt.h"
#include "unit/rt/check.h"

#define AT_ONCE 3
#define MEMBERS 24
#define ROUNDS 50

static struct tn__semaphore semaphore;
static atomic_int inside, most, rounds;

static int
member(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int seen, r = tn__semaphore_take(&semaphore, "slot");

		if (r < 0)
			return r;
		seen = atomic_fetch_add(&inside, 1) + 1;
		if (seen > atomic_load(&most))
			atomic_store(&most, seen);
		r = i % 8 == 0 ? tn_sleep(TN_MILLISECOND / 10) : tn_yield();
		atomic_fetch_sub(&inside, 1);
		atomic_fetch_add(&rounds, 1);
		tn__semaphore_give(&semaphore);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
crowd(void *arg)
{
	struct tn_group *g;
	int r = tn_group_open(&g);

	for (int i = 0; i < MEMBERS && r == 0; i++)
		r = i % 6 == 0 ? tn_go_thread(g, member, NULL) :
		    tn_go_on(g, i % tn_loop_count(), member, NULL);
	if (r == 0)
		r = tn_group_wait(g);
	tn_group_free(g);
	return r;
}

static void
test_crowd(void **state)
{
	const struct tn_run_options three = { .loops = 3 };

	tn__semaphore_init(&semaphore, AT_ONCE);
	CHECK_INT(tn_run(crowd, NULL, &three), 0);
	CHECK_INT(atomic_load(&rounds), MEMBERS * ROUNDS);
	CHECK_INT(atomic_load(&most), AT_ONCE);
	CHECK_INT(semaphore.count, AT_ONCE);
	tn__semaphore_destroy(&semaphore);
}

/* Who gave up waiting has taken nothing. */
static int
in_vain(void *arg)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(2 * TN_MILLISECOND));
	r = tn__semaphore_take(&semaphore, "slot");
	return tn_scope_close(&scope) ? r : -EIO;
}

static void
test_in_vain(void **state)
{
	tn__semaphore_init(&semaphore, 0);
	CHECK_INT(in_vain(NULL), -ETIMEDOUT);
	CHECK_INT(tn_run(in_vain, NULL, NULL), -ETIMEDOUT);
	tn__semaphore_give(&semaphore);
	CHECK_INT(in_vain(NULL), -EIO); /* not in vain */
	CHECK_INT(semaphore.count, 0);
	tn__semaphore_destroy(&semaphore);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_in_vain),
	};

	return cmocka_run_group_tests_name("rt/semaphore", tests, NULL, NULL);
}
