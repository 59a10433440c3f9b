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

	CHECK_INT(tn_run(return_arg, &seven, NULL), 7);
	CHECK_INT(tn_run(return_arg, &minus, &three), -EIO);
	CHECK_INT(tn_loop_count(), 0);
	CHECK_INT(tn_loop_index(), -1);
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

	CHECK_INT(tn_run(run_inside, NULL, NULL), -EBUSY);
	CHECK_INT(tn_run(return_arg, &zero, &bad), -EINVAL);
	bad = (struct tn_run_options){ .stack_bytes = 4096 };
	CHECK_INT(tn_run(return_arg, &zero, &bad), -EINVAL);
	CHECK_INT(tn_run(text_main, NULL, NULL), TN_EPROTO);
	CHECK_TEXT(tn_error_text(), "main failed on 12");
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
	CHECK_INT(tn_run(sleep_long, NULL, NULL), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
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

	CHECK_INT(tn_group_open(&g), 0);
	for (size_t i = 0; i < TN_COUNT(numbers); i++) {
		if (i == 1)
			CHECK_INT(tn_go_thread(g, member_fails, &numbers[i]),
			    0);
		else
			CHECK_INT(tn_go_on(g, (int)i % tn_loop_count(),
			    member_fails, &numbers[i]), 0);
	}
	CHECK_INT(tn_group_wait(g), -EIO);
	CHECK_TEXT(tn_error_text(), "member 2");
	CHECK_INT(tn_group_count(g), 0);
	tn_group_cancel(g);
	CHECK_INT(tn_go(g, member_fails, numbers), -ECANCELED);
	tn_group_free(g);
	tn_group_free(NULL);
	return 0;
}

static void
test_group_first_error(void **state)
{
	CHECK_INT(tn_run(group_main, NULL, &three), 0);
}

static void
test_go_needs_a_loop(void **state)
{
	struct tn_group *g;

	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go(g, return_arg, NULL), -EOPNOTSUPP);
	CHECK(strstr(tn_error_text(), "tn_run") != NULL);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
}

static int
sleeper(void *arg)
{
	int r = tn_sleep(3600 * TN_SECOND);

	CHECK_INT(r, -ECANCELED);
	(*(atomic_int *)arg)++;
	return r;
}

static int
left_behind_main(void *arg)
{
	struct tn_group **g = arg;
	static atomic_int dummy;

	CHECK_INT(tn_group_open(g), 0);
	for (int i = 0; i < 30; i++)
		CHECK_INT(tn_go_on(*g, i % 3, sleeper, &dummy), 0);
	return 3;
}

/* What main leaves running is cancelled, on every loop. */
static void
test_left_behind(void **state)
{
	struct tn_group *g;

	CHECK_INT(tn_run(left_behind_main, &g, &three), 3);
	CHECK_INT(tn_group_count(g), 0);
	tn_group_free(g);
}

static int
free_cancels_main(void *arg)
{
	atomic_int ended = 0;
	struct tn_scope scope;
	struct tn_group *g;

	CHECK_INT(tn_group_open(&g), 0);
	for (int i = 0; i < 9; i++)
		CHECK_INT(tn_go_on(g, i % 3, sleeper, &ended), 0);
	CHECK_INT(tn_go_thread(g, sleeper, &ended), 0);
	tn_scope_open(&scope, tn_after(TN_MILLISECOND));
	CHECK_INT(tn_group_wait(g), -ETIMEDOUT);
	tn_group_free(g); /* waits although our own time is up */
	CHECK(tn_scope_close(&scope));
	CHECK_INT(ended, 10);
	return 0;
}

static void
test_free_cancels(void **state)
{
	CHECK_INT(tn_run(free_cancels_main, NULL, &three), 0);
}

static int
deadline_of(void *arg)
{
	struct tn_scope outer, inner;
	tn_time at = tn_deadline();

	/* Which scopes of its own come and go does not change. */
	tn_scope_open(&outer, at - TN_SECOND);
	tn_scope_open(&inner, TN_NEVER);
	CHECK(tn_deadline() == at - TN_SECOND);
	tn_scope_close(&inner);
	CHECK(tn_deadline() == at - TN_SECOND);
	tn_scope_close(&outer);
	CHECK(tn_deadline() == at);
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
	CHECK_INT(tn_group_open(&g), 0);
	tn_scope_close(&scope);
	CHECK(tn_deadline() == TN_NEVER);
	CHECK_INT(tn_go(g, deadline_of, &seen), 0);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	CHECK(seen == at);
	return 0;
}

static void
test_inherits_deadline(void **state)
{
	CHECK_INT(tn_run(inherit_main, NULL, NULL), 0);
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
		CHECK_INT(tn_channel_send(t->channel, &i), 0);
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

	CHECK_INT(tn_channel_open(sizeof(int), *(size_t *)arg, &t.channel), 0);
	CHECK_INT(tn_group_open(&senders), 0);
	CHECK_INT(tn_group_open(&receivers), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(tn_go_on(senders, i, sender, &t), 0);
		CHECK_INT(tn_go_on(receivers, i, receiver, &t), 0);
	}
	CHECK_INT(tn_go_thread(senders, sender, &t), 0);
	CHECK_INT(tn_go_thread(receivers, receiver, &t), 0);
	CHECK_INT(tn_group_wait(senders), 0);
	tn_channel_close(t.channel);
	CHECK_INT(tn_group_wait(receivers), 0);
	tn_group_free(senders);
	tn_group_free(receivers);
	tn_channel_free(t.channel);
	CHECK_INT(t.count, MESSAGES);
	CHECK(t.sent == t.received);
	return 0;
}

static void
test_channel_traffic(void **state)
{
	size_t capacities[] = { 0, 1, 64 };

	for (size_t i = 0; i < TN_COUNT(capacities); i++)
		CHECK_INT(tn_run(traffic_main, &capacities[i], &three), 0);
}

static void
test_channel_ends(void **state)
{
	struct tn_channel *c;
	int m = 4;

	CHECK_INT(tn_channel_open(0, 1, &c), -EINVAL);
	CHECK_INT(tn_channel_open(sizeof(m), 1, &c), 0);
	CHECK_INT(tn_channel_try_recv(c, &m), -EAGAIN);
	CHECK_INT(tn_channel_try_send(c, &m), 0);
	CHECK_INT(tn_channel_try_send(c, &m), -EAGAIN);
	tn_channel_close(c);
	CHECK_INT(tn_channel_send(c, &m), -EPIPE);
	m = 0;
	CHECK_INT(tn_channel_recv(c, &m), 1);
	CHECK_INT(m, 4);
	CHECK_INT(tn_channel_recv(c, &m), 0);
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

		CHECK_INT(tn_mutex_lock(c->mutex), 0);
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

	CHECK_INT(tn_mutex_open(&c.mutex), 0);
	CHECK_INT(tn_group_open(&g), 0);
	for (int i = 0; i < 6; i++)
		CHECK_INT(tn_go_on(g, i % 3, counter, &c), 0);
	CHECK_INT(tn_go_thread(g, counter, &c), 0);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	CHECK_INT(c.plain, 3500);
	CHECK_INT(tn_mutex_lock(c.mutex), 0);
	CHECK_INT(tn_mutex_lock(c.mutex), -EDEADLK);
	tn_mutex_unlock(c.mutex);
	tn_mutex_free(c.mutex);
	return 0;
}

static void
test_mutex(void **state)
{
	CHECK_INT(tn_run(mutex_main, NULL, &three), 0);
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

	CHECK_INT(tn_sleep(l->ms * TN_MILLISECOND), 0);
	l->order->out[l->order->count++] = l->ms;
	return 0;
}

static int
timers_main(void *arg)
{
	struct order order = { 0 };
	struct late lates[20];
	struct tn_group *g;

	CHECK_INT(tn_group_open(&g), 0);
	for (int i = 0; i < 20; i++) {
		lates[i] = (struct late){ &order, 2 + (i * 7) % 20 * 3 };
		CHECK_INT(tn_go(g, late, &lates[i]), 0);
	}
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	CHECK_INT(order.count, 20);
	for (int i = 1; i < 20; i++)
		CHECK(order.out[i - 1] <= order.out[i]);
	return 0;
}

static void
test_timers_in_order(void **state)
{
	CHECK_INT(tn_run(timers_main, NULL, NULL), 0);
}

static int
spinner(void *arg)
{
	while (!*(bool *)arg)
		CHECK_INT(tn_yield(), 0);
	return 0;
}

/* Fibers that never wait do not keep timers from firing. */
static int
fair_main(void *arg)
{
	bool stop = false;
	struct tn_group *g;

	CHECK_INT(tn_group_open(&g), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(tn_go(g, spinner, &stop), 0);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	stop = true;
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	return 0;
}

static void
test_yield_is_fair(void **state)
{
	CHECK_INT(tn_run(fair_main, NULL, NULL), 0);
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

	CHECK_INT(tn_channel_open(sizeof(int), 8, &c), 0);
	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go(g, chatter, c), 0);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	tn_group_free(g);
	tn_channel_free(c);
	return 0;
}

static void
test_busy_is_fair(void **state)
{
	CHECK_INT(tn_run(busy_main, NULL, NULL), 0);
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

	CHECK_INT(tn_group_open(&g), 0);
	for (int i = 0; i < 2000; i++)
		CHECK_INT(tn_go_on(g, i % 3, touch_stack, &count), 0);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	CHECK_INT(count, 2000);
	return 0;
}

static void
test_many(void **state)
{
	CHECK_INT(tn_run(many_main, NULL, &three), 0);
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

	CHECK_INT(tn_offload(thread_of, &worker, &result), 0);
	CHECK_INT(result, -7);
	CHECK_INT(pthread_equal(worker, pthread_self()), tn_loop_count() == 0);
	tn_scope_open(&scope, tn_now());
	result = 1;
	CHECK_INT(tn_offload(thread_of, &worker, &result), -ETIMEDOUT);
	CHECK_INT(result, 1);
	tn_scope_close(&scope);
	return 0;
}

static void
test_offload(void **state)
{
	CHECK_INT(tn_run(offload_main, NULL, NULL), 0);
	CHECK_INT(offload_main(NULL), 0);
	CHECK_INT(tn__workers_count(), 0);
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

	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go_on(g, 1, dumped, NULL), 0);
	CHECK_INT(tn_go_on(g, 2, hog, NULL), 0);
	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	tn_dump(out);
	fclose(out);
	CHECK(strstr(text, "dumped-7 waits: sleep") != NULL);
	CHECK(strstr(text, "loop 2: busy") != NULL);
	CHECK(strstr(text, " main ") != NULL);
	free(text);
	tn_group_free(g);
	return 0;
}

static void
test_dump(void **state)
{
	CHECK_INT(tn_run(dump_main, NULL, &three), 0);
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
