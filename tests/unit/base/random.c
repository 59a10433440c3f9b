#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct draw {
	unsigned char bytes[16];
};

static struct draw
draw(void)
{
	struct draw d;

	tn__random(&d, sizeof(d));
	return d;
}

static bool
same(struct draw a, struct draw b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Every size fills all of it and nothing beyond. */
static void
test_sizes(void **state)
{
	for (size_t size = 0; size < 600; size++) {
		unsigned char bytes[602], seen[602] = { 0 };

		for (int round = 0; round < 5; round++) {
			memset(bytes, 0, sizeof(bytes));
			tn__random(bytes, size);
			for (size_t i = 0; i < sizeof(bytes); i++)
				seen[i] |= bytes[i];
		}
		for (size_t i = 0; i < sizeof(seen); i++) {
			if (i >= size)
				assert_int_equal(seen[i], 0);
			else
				assert_int_not_equal(seen[i], 0);
		}
	}
}

static void
test_differ(void **state)
{
	struct draw draws[200];

	for (size_t i = 0; i < TN_COUNT(draws); i++) {
		draws[i] = draw();
		for (size_t k = 0; k < i; k++)
			assert_false(same(draws[i], draws[k]));
	}
}

/* Runs `body` in a child and reads what it drew. */
static struct draw draw_in_child(struct draw (*body)(void))
{
	struct draw d;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		d = body();
		_exit(write(fds[1], &d, sizeof(d)) != sizeof(d));
	}
	assert_int_equal(read(fds[0], &d, sizeof(d)), sizeof(d));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	close(fds[1]);
	return d;
}

static void *
thread(void *arg)
{
	*(struct draw *)arg = draw();
	return NULL;
}

/* Another thread learns of the fork before the one that went through it. */
static struct draw
draw_after_thread(void)
{
	struct draw d;
	pthread_t id;

	if (pthread_create(&id, NULL, thread, &d) != 0)
		_exit(1);
	pthread_join(id, NULL);
	return draw();
}

static struct draw
draw_in_grandchild(void)
{
	return draw_in_child(draw);
}

static void
test_fork(void **state)
{
	struct draw d[8];

	tn__random(&d[0], 1); /* the pool is there and has bytes left */
	d[0] = draw_in_child(draw);
	d[1] = draw_in_child(draw);
	d[2] = draw_in_child(draw_after_thread);
	d[3] = draw_in_child(draw_after_thread);
	d[4] = draw_in_child(draw_in_grandchild);
	d[5] = draw_in_child(draw_in_grandchild);
	d[6] = draw();
	d[7] = draw();
	for (size_t i = 0; i < TN_COUNT(d); i++)
		for (size_t k = 0; k < i; k++)
			assert_false(same(d[i], d[k]));
}

static void
fill_seven(void *out, size_t size)
{
	memset(out, 7, size);
}

static void
test_seam(void **state)
{
	static const struct tn__random_ops sevens = { fill_seven };
	unsigned char bytes[3] = { 0 };

	tn__random_set(&sevens);
	tn__random(bytes, sizeof(bytes));
	tn__random_set(NULL);
	assert_memory_equal(bytes, "\7\7\7", 3);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_differ),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_seam),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
