/* Fibers, groups, channels and mutexes doing what they are for. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <tenon/channel.h>
#include <tenon/error.h>
#include <tenon/offload.h>
#include <tenon/run.h>
#include <unistd.h>
#include "rt/internal.h"
#include "unit/rt/check.h"

static const struct tn_run_options three = { .loops = 3 };

static int
return_arg(void *arg)
{
	return *(int *)arg;
}

static void
test_run_returns(void **state)
{
	int seven = 7, minus = -EIO;

	assert_int_equal(tn_run(return_arg, &seven, NULL), 7);
	assert_int_equal(tn_run(return_arg, &minus, &three), -EIO);
	assert_int_equal(tn_loop_count(), 0);
	assert_int_equal(tn_loop_index(), -1);
}

static int
run_inside(void *arg)
{
	int zero = 0;

	return tn_run(return_arg, &zero, NULL);
}

static int
text_main(void *arg)
{
	return tn_error_set(TN_EPROTO, "main failed on %d", 12);
}

static void
test_run_refuses(void **state)
{
	struct tn_run_options bad = { .loops = 1000 };
	int zero = 0;

	assert_int_equal(tn_run(run_inside, NULL, NULL), -EBUSY);
	assert_int_equal(tn_run(return_arg, &zero, &bad), -EINVAL);
	bad = (struct tn_run_options){ .stack_bytes = 4096 };
	assert_int_equal(tn_run(return_arg, &zero, &bad), -EINVAL);
	assert_int_equal(tn_run(text_main, NULL, NULL), TN_EPROTO);
	assert_string_equal(tn_error_text(), "main failed on 12");
}

static int
sleep_long(void *arg)
{
	return tn_sleep(3600 * TN_SECOND);
}

/* A deadline outside reaches in, and is told that it was the one. */
static void
test_run_in_scope(void **state)
{
	struct tn_scope scope;

	tn_scope_open(&scope, tn_after(5 * TN_MILLISECOND));
	assert_int_equal(tn_run(sleep_long, NULL, NULL), -ETIMEDOUT);
	assert_true(tn_scope_close(&scope));
}

/* ---- groups ------------------------------------------------------------ */

static int
member_fails(void *arg)
{
	int n = *(int *)arg;

	tn_sleep(n * 20 * TN_MILLISECOND); /* starting them takes time too */
	return n % 2 == 0 ? tn_error_set(-EIO, "member %d", n) : 0;
}

static int
group_main(void *arg)
{
	int numbers[] = { 9, 5, 4, 2, 7 };
	struct tn_group *g;

	assert_int_equal(tn_group_open(&g), 0);
	for (size_t i = 0; i < TN_COUNT(numbers); i++) {
		if (i == 1)
			assert_int_equal(tn_go_thread(g, member_fails,
			    &numbers[i]), 0);
		else
			assert_int_equal(tn_go_on(g, (int)i % tn_loop_count(),
			    member_fails, &numbers[i]), 0);
	}
	assert_int_equal(tn_group_wait(g), -EIO);
	assert_string_equal(tn_error_text(), "member 2");
	assert_int_equal(tn_group_count(g), 0);
	tn_group_cancel(g);
	assert_int_equal(tn_go(g, member_fails, numbers), -ECANCELED);
	tn_group_free(g);
	tn_group_free(NULL);
	return 0;
}

static void
test_group_first_error(void **state)
{
	assert_int_equal(tn_run(group_main, NULL, &three), 0);
}

static void
test_go_needs_a_loop(void **state)
{
	struct tn_group *g;

	assert_int_equal(tn_group_open(&g), 0);
	assert_int_equal(tn_go(g, return_arg, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(tn_error_text(), "tn_run"));
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
}

static int
sleeper(void *arg)
{
	int r = tn_sleep(3600 * TN_SECOND);

	assert_int_equal(r, -ECANCELED);
	(*(atomic_int *)arg)++;
	return r;
}

static int
left_behind_main(void *arg)
{
	struct tn_group **g = arg;
	static atomic_int dummy;

	assert_int_equal(tn_group_open(g), 0);
	for (int i = 0; i < 30; i++)
		assert_int_equal(tn_go_on(*g, i % 3, sleeper, &dummy), 0);
	return 3;
}

/* What main leaves running is cancelled, on every loop. */
static void
test_left_behind(void **state)
{
	struct tn_group *g;

	assert_int_equal(tn_run(left_behind_main, &g, &three), 3);
	assert_int_equal(tn_group_count(g), 0);
	tn_group_free(g);
}

static int
free_cancels_main(void *arg)
{
	atomic_int ended = 0;
	struct tn_scope scope;
	struct tn_group *g;

	assert_int_equal(tn_group_open(&g), 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(tn_go_on(g, i % 3, sleeper, &ended), 0);
	assert_int_equal(tn_go_thread(g, sleeper, &ended), 0);
	tn_scope_open(&scope, tn_after(TN_MILLISECOND));
	assert_int_equal(tn_group_wait(g), -ETIMEDOUT);
	tn_group_free(g); /* waits although our own time is up */
	assert_true(tn_scope_close(&scope));
	assert_int_equal(ended, 10);
	return 0;
}

static void
test_free_cancels(void **state)
{
	assert_int_equal(tn_run(free_cancels_main, NULL, &three), 0);
}

static int
deadline_of(void *arg)
{
	struct tn_scope outer, inner;
	tn_time at = tn_deadline();

	/* Which scopes of its own come and go does not change. */
	tn_scope_open(&outer, at - TN_SECOND);
	tn_scope_open(&inner, TN_NEVER);
	assert_true(tn_deadline() == at - TN_SECOND);
	tn_scope_close(&inner);
	assert_true(tn_deadline() == at - TN_SECOND);
	tn_scope_close(&outer);
	assert_true(tn_deadline() == at);
	*(tn_time *)arg = at;
	return 0;
}

static int
inherit_main(void *arg)
{
	tn_time at = tn_after(5 * TN_SECOND), seen = 0;
	struct tn_scope scope;
	struct tn_group *g;

	tn_scope_open(&scope, at);
	assert_int_equal(tn_group_open(&g), 0);
	tn_scope_close(&scope);
	assert_true(tn_deadline() == TN_NEVER);
	assert_int_equal(tn_go(g, deadline_of, &seen), 0);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	assert_true(seen == at);
	return 0;
}

static void
test_inherits_deadline(void **state)
{
	assert_int_equal(tn_run(inherit_main, NULL, NULL), 0);
}

/* ---- channels ---------------------------------------------------------- */

#define MESSAGES 3000

struct traffic {
	struct tn_channel *channel;
	atomic_llong sent, received;
	atomic_int count, next;
};

static int
sender(void *arg)
{
	struct traffic *t = arg;
	int i;

	while ((i = atomic_fetch_add(&t->next, 1)) < MESSAGES) {
		assert_int_equal(tn_channel_send(t->channel, &i), 0);
		atomic_fetch_add(&t->sent, i);
	}
	return 0;
}

static int
receiver(void *arg)
{
	struct traffic *t = arg;
	int i, r;

	while ((r = tn_channel_recv(t->channel, &i)) > 0) {
		atomic_fetch_add(&t->received, i);
		atomic_fetch_add(&t->count, 1);
	}
	return r;
}

static int
traffic_main(void *arg)
{
	struct traffic t = { 0 };
	struct tn_group *senders, *receivers;

	assert_int_equal(tn_channel_open(sizeof(int), *(size_t *)arg,
	    &t.channel), 0);
	assert_int_equal(tn_group_open(&senders), 0);
	assert_int_equal(tn_group_open(&receivers), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tn_go_on(senders, i, sender, &t), 0);
		assert_int_equal(tn_go_on(receivers, i, receiver, &t), 0);
	}
	assert_int_equal(tn_go_thread(senders, sender, &t), 0);
	assert_int_equal(tn_go_thread(receivers, receiver, &t), 0);
	assert_int_equal(tn_group_wait(senders), 0);
	tn_channel_close(t.channel);
	assert_int_equal(tn_group_wait(receivers), 0);
	tn_group_free(senders);
	tn_group_free(receivers);
	tn_channel_free(t.channel);
	assert_int_equal(t.count, MESSAGES);
	assert_true(t.sent == t.received);
	return 0;
}

static void
test_channel_traffic(void **state)
{
	size_t capacities[] = { 0, 1, 64 };

	for (size_t i = 0; i < TN_COUNT(capacities); i++)
		assert_int_equal(tn_run(traffic_main, &capacities[i], &three),
		    0);
}

static void
test_channel_ends(void **state)
{
	struct tn_channel *c;
	int m = 4;

	assert_int_equal(tn_channel_open(0, 1, &c), -EINVAL);
	assert_int_equal(tn_channel_open(sizeof(m), 1, &c), 0);
	assert_int_equal(tn_channel_try_recv(c, &m), -EAGAIN);
	assert_int_equal(tn_channel_try_send(c, &m), 0);
	assert_int_equal(tn_channel_try_send(c, &m), -EAGAIN);
	tn_channel_close(c);
	assert_int_equal(tn_channel_send(c, &m), -EPIPE);
	m = 0;
	assert_int_equal(tn_channel_recv(c, &m), 1);
	assert_int_equal(m, 4);
	assert_int_equal(tn_channel_recv(c, &m), 0);
	tn_channel_free(c);
	tn_channel_free(NULL);
}

/* ---- mutexes ----------------------------------------------------------- */

struct counted {
	struct tn_mutex *mutex;
	int plain; /* only the mutex guards it */
};

static int
counter(void *arg)
{
	struct counted *c = arg;

	for (int i = 0; i < 500; i++) {
		int before;

		assert_int_equal(tn_mutex_lock(c->mutex), 0);
		before = c->plain;
		if (i % 50 == 0)
			tn_sleep(TN_MICROSECOND); /* held over a wait */
		c->plain = before + 1;
		tn_mutex_unlock(c->mutex);
	}
	return 0;
}

static int
mutex_main(void *arg)
{
	struct counted c = { 0 };
	struct tn_group *g;

	assert_int_equal(tn_mutex_open(&c.mutex), 0);
	assert_int_equal(tn_group_open(&g), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(tn_go_on(g, i % 3, counter, &c), 0);
	assert_int_equal(tn_go_thread(g, counter, &c), 0);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	assert_int_equal(c.plain, 3500);
	assert_int_equal(tn_mutex_lock(c.mutex), 0);
	assert_int_equal(tn_mutex_lock(c.mutex), -EDEADLK);
	tn_mutex_unlock(c.mutex);
	tn_mutex_free(c.mutex);
	return 0;
}

static void
test_mutex(void **state)
{
	assert_int_equal(tn_run(mutex_main, NULL, &three), 0);
}

/* ---- timers, fairness, many -------------------------------------------- */

struct order {
	int out[64], count;
};

struct late {
	struct order *order;
	int ms;
};

static int
late(void *arg)
{
	struct late *l = arg;

	assert_int_equal(tn_sleep(l->ms * TN_MILLISECOND), 0);
	l->order->out[l->order->count++] = l->ms;
	return 0;
}

static int
timers_main(void *arg)
{
	struct order order = { 0 };
	struct late lates[20];
	struct tn_group *g;

	assert_int_equal(tn_group_open(&g), 0);
	for (int i = 0; i < 20; i++) {
		lates[i] = (struct late){ &order, 2 + (i * 7) % 20 * 3 };
		assert_int_equal(tn_go(g, late, &lates[i]), 0);
	}
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	assert_int_equal(order.count, 20);
	for (int i = 1; i < 20; i++)
		assert_true(order.out[i - 1] <= order.out[i]);
	return 0;
}

static void
test_timers_in_order(void **state)
{
	assert_int_equal(tn_run(timers_main, NULL, NULL), 0);
}

static int
spinner(void *arg)
{
	while (!*(bool *)arg)
		assert_int_equal(tn_yield(), 0);
	return 0;
}

/* Fibers that never wait do not keep timers from firing. */
static int
fair_main(void *arg)
{
	bool stop = false;
	struct tn_group *g;

	assert_int_equal(tn_group_open(&g), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tn_go(g, spinner, &stop), 0);
	assert_int_equal(tn_sleep(5 * TN_MILLISECOND), 0);
	stop = true;
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	return 0;
}

static void
test_yield_is_fair(void **state)
{
	assert_int_equal(tn_run(fair_main, NULL, NULL), 0);
}

static int
chatter(void *arg)
{
	struct tn_channel *c = arg;
	int m = 0;

	for (;;) { /* never has to wait */
		if (tn_channel_send(c, &m) < 0 || tn_channel_recv(c, &m) < 0)
			return -ECANCELED;
	}
}

/* Nor do fibers whose every operation succeeds at once: each 16th yields, and
 * cancellation reaches them. */
static int
busy_main(void *arg)
{
	struct tn_channel *c;
	struct tn_group *g;

	assert_int_equal(tn_channel_open(sizeof(int), 8, &c), 0);
	assert_int_equal(tn_group_open(&g), 0);
	assert_int_equal(tn_go(g, chatter, c), 0);
	assert_int_equal(tn_sleep(5 * TN_MILLISECOND), 0);
	tn_group_free(g);
	tn_channel_free(c);
	return 0;
}

static void
test_busy_is_fair(void **state)
{
	assert_int_equal(tn_run(busy_main, NULL, NULL), 0);
}

static int
touch_stack(void *arg)
{
	volatile char deep[32 * 1024];

	for (size_t i = 0; i < sizeof(deep); i += 512)
		deep[i] = 1;
	atomic_fetch_add((atomic_int *)arg, deep[512]);
	return tn_sleep(TN_MILLISECOND);
}

static int
many_main(void *arg)
{
	atomic_int count = 0;
	struct tn_group *g;

	assert_int_equal(tn_group_open(&g), 0);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(tn_go_on(g, i % 3, touch_stack, &count), 0);
	assert_int_equal(tn_group_wait(g), 0);
	tn_group_free(g);
	assert_int_equal(count, 2000);
	return 0;
}

static void
test_many(void **state)
{
	assert_int_equal(tn_run(many_main, NULL, &three), 0);
}

/* ---- offload ----------------------------------------------------------- */

static int
thread_of(void *arg)
{
	*(pthread_t *)arg = pthread_self();
	return -7;
}

static int
offload_main(void *arg)
{
	pthread_t worker = pthread_self();
	struct tn_scope scope;
	int result = 0;

	assert_int_equal(tn_offload(thread_of, &worker, &result), 0);
	assert_int_equal(result, -7);
	assert_int_equal(pthread_equal(worker, pthread_self()),
	    tn_loop_count() == 0);
	tn_scope_open(&scope, tn_now());
	result = 1;
	assert_int_equal(tn_offload(thread_of, &worker, &result), -ETIMEDOUT);
	assert_int_equal(result, 1);
	tn_scope_close(&scope);
	return 0;
}

static void
test_offload(void **state)
{
	assert_int_equal(tn_run(offload_main, NULL, NULL), 0);
	assert_int_equal(offload_main(NULL), 0);
	assert_int_equal(tn__workers_count(), 0);
}

/* ---- looking inside ---------------------------------------------------- */

static int
dumped(void *arg)
{
	tn_fiber_name("dumped-%d", 7);
	return tn_sleep(3600 * TN_SECOND);
}

static int
hog(void *arg)
{
	usleep(1500000);
	return 0;
}

static int
dump_main(void *arg)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct tn_group *g;

	assert_int_equal(tn_group_open(&g), 0);
	assert_int_equal(tn_go_on(g, 1, dumped, NULL), 0);
	assert_int_equal(tn_go_on(g, 2, hog, NULL), 0);
	assert_int_equal(tn_sleep(TN_MILLISECOND), 0);
	tn_dump(out);
	fclose(out);
	assert_non_null(strstr(text, "dumped-7 waits: sleep"));
	assert_non_null(strstr(text, "loop 2: busy"));
	assert_non_null(strstr(text, " main "));
	free(text);
	tn_group_free(g);
	return 0;
}

static void
test_dump(void **state)
{
	assert_int_equal(tn_run(dump_main, NULL, &three), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_returns),
		cmocka_unit_test(test_run_refuses),
		cmocka_unit_test(test_run_in_scope),
		cmocka_unit_test(test_group_first_error),
		cmocka_unit_test(test_go_needs_a_loop),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_free_cancels),
		cmocka_unit_test(test_inherits_deadline),
		cmocka_unit_test(test_channel_traffic),
		cmocka_unit_test(test_channel_ends),
		cmocka_unit_test(test_mutex),
		cmocka_unit_test(test_timers_in_order),
		cmocka_unit_test(test_yield_is_fair),
		cmocka_unit_test(test_busy_is_fair),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests_name("rt/basic", tests, NULL, NULL);
}
