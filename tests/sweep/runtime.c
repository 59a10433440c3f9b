/* The runtime: fibers, groups, loops, threads, channels, signals, children. */
#include <signal.h>
#include <tenon/channel.h>
#include <tenon/offload.h>
#include <tenon/signals.h>
#include <unistd.h>

#include "rt/rt.h"
#include "sweep/sweep.h"

/* ---- fibers ------------------------------------------------------------ */

static int
fibers_one(void *arg)
{
	int *sum = arg;
	int r = tn_yield();

	if (r == 0)
		++*sum;
	return r;
}

/* More than one slab of stacks. */
static int
fibers_main(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int sum = 0, r = tn_group_open(&group);

	for (int i = 0; i < 80 && r == 0; i++)
		r = tn_go(group, fibers_one, &sum);
	if (r == 0)
		r = tn_group_wait(group);
	if (r == 0)
		SWEEP_CHECK(sum == 80);
	return r;
}

static int
run_fibers(void)
{
	return tn_run(fibers_main, NULL, NULL);
}

static int
nested_leaf(void *arg)
{
	return tn_sleep(TN_MILLISECOND);
}

static int
nested_main(void *arg)
{
	int depth = (int)(intptr_t)arg;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r = tn_group_open(&group);

	for (int i = 0; i < 2 && r == 0; i++)
		r = tn_go(group, depth == 0 ? nested_leaf : nested_main,
		    (void *)(intptr_t)(depth - 1));
	return r < 0 ? r : tn_group_wait(group);
}

static int
run_groups(void)
{
	return tn_run(nested_main, (void *)(intptr_t)2, NULL);
}

/* ---- deadlines and cancellation ---------------------------------------- */

static int
sleeper(void *arg)
{
	return tn_sleep(1000 * TN_SECOND);
}

static int
cancel_main(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	struct tn_scope scope;
	int r = tn_group_open(&group);

	for (int i = 0; i < 3 && r == 0; i++)
		r = tn_go(group, sleeper, NULL);
	if (r < 0)
		return r;
	tn_scope_open(&scope, tn_after(TN_MILLISECOND));
	r = tn_group_wait(group);
	SWEEP_CHECK(tn_scope_close(&scope) && r == -ETIMEDOUT);
	tn_group_cancel(group);
	r = tn_group_wait(group);
	SWEEP_CHECK(r == 0); /* as asked */
	return 0;
}

static int
run_cancel(void)
{
	return tn_run(cancel_main, NULL, NULL);
}

/* ---- channels and mutexes ---------------------------------------------- */

static struct tn_channel *channel;
static struct tn_mutex *mutex;
static int channel_sum;

static int
channel_send(void)
{
	int r = 0;

	for (int i = 1; i <= 20 && r == 0; i++)
		r = tn_channel_send(channel, &i);
	tn_channel_close(channel);
	return r;
}

static int
channel_recv(void)
{
	int n, r;

	while ((r = tn_channel_recv(channel, &n)) > 0) {
		r = tn_mutex_lock(mutex);
		if (r < 0)
			return r;
		channel_sum += n;
		tn_mutex_unlock(mutex);
	}
	return r;
}

static int
channel_run(size_t capacity)
{
	TN_CLEANUP(tn_channel_freep) struct tn_channel *c = NULL;
	TN_CLEANUP(tn_mutex_freep) struct tn_mutex *m = NULL;
	int r = tn_channel_open(sizeof(int), capacity, &c);

	if (r == 0)
		r = tn_mutex_open(&m);
	if (r < 0)
		return r;
	channel = c;
	mutex = m;
	channel_sum = 0;
	r = sweep_both(channel_send, channel_recv);
	if (r == 0)
		SWEEP_CHECK(channel_sum == 210);
	return r;
}

static int
run_channel(void)
{
	int r = channel_run(4);

	return r < 0 ? r : channel_run(0);
}

/* ---- threads ----------------------------------------------------------- */

static int
offload_job(void *arg)
{
	usleep(100);
	return (int)(intptr_t)arg;
}

static int
offload_one(void *arg)
{
	int result = -1, r = tn_offload(offload_job, arg, &result);

	if (r == 0)
		SWEEP_CHECK(result == (int)(intptr_t)arg);
	return r;
}

static int
offload_main(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r = tn_group_open(&group);

	for (intptr_t i = 0; i < 4 && r == 0; i++)
		r = tn_go(group, offload_one, (void *)i);
	return r < 0 ? r : tn_group_wait(group);
}

static int
run_offload(void)
{
	return tn_run(offload_main, NULL, NULL);
}

static int
loops_send(void *arg)
{
	int n = tn_loop_index();

	return tn_channel_send(arg, &n);
}

static int
loops_main(void *arg)
{
	TN_CLEANUP(tn_channel_freep) struct tn_channel *c = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int n, sum = 0, r = tn_channel_open(sizeof(int), 0, &c);

	if (r == 0)
		r = tn_group_open(&group);
	for (int i = 0; i < 6 && r == 0; i++)
		r = tn_go_on(group, i % tn_loop_count(), loops_send, c);
	for (int i = 0; i < 6 && r >= 0; i++) {
		r = tn_channel_recv(c, &n);
		if (r > 0)
			sum += n;
	}
	if (r > 0)
		r = tn_group_wait(group);
	if (r == 0)
		SWEEP_CHECK(sum == 2 * (0 + 1 + 2));
	return r;
}

static int
run_loops(void)
{
	return tn_run(loops_main, NULL,
	    &(struct tn_run_options){ .loops = 3, .stall_ms = 1000 });
}

static int
thread_main(void *arg)
{
	int n = 7, r = tn_channel_send(arg, &n);

	if (r == 0)
		r = tn_run(nested_leaf, NULL, NULL);
	return r;
}

/* No loop here: this thread waits in ppoll(2). */
static int
run_thread(void)
{
	TN_CLEANUP(tn_channel_freep) struct tn_channel *c = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int n = 0, r = tn_channel_open(sizeof(int), 0, &c);

	if (r == 0)
		r = tn_group_open(&group);
	if (r == 0)
		r = tn_go_thread(group, thread_main, c);
	if (r == 0)
		r = tn_sleep(TN_MILLISECOND);
	if (r == 0)
		r = tn_channel_recv(c, &n);
	if (r > 0)
		r = tn_group_wait(group);
	if (r == 0)
		SWEEP_CHECK(n == 7);
	return r;
}

/* ---- signals and children ---------------------------------------------- */

static int
signals_main(void *arg)
{
	static const int numbers[] = { SIGUSR1, SIGUSR2 };
	TN_CLEANUP(tn_signals_freep) struct tn_signals *signals = NULL;
	int r = tn_signals_open(numbers, 2, &signals);

	if (r < 0)
		return r;
	kill(getpid(), SIGUSR2);
	r = tn_signals_wait(signals);
	if (r > 0)
		SWEEP_CHECK(r == SIGUSR2);
	return r < 0 ? r : 0;
}

static int
run_signals(void)
{
	int r = tn_run(signals_main, NULL, NULL);

	return r < 0 ? r : signals_main(NULL);
}

static int
child_main(void *arg)
{
	struct tn__process child;
	int status = -1, r = tn__process_fork(&child);

	if (r == 0)
		tn__process_exit(tn_sleep(TN_MILLISECOND) == 0 ? 7 : 8);
	if (r < 0)
		return r;
	r = tn__process_wait(&child, &status);
	SWEEP_CHECK(r == 0 && status == 7);
	return 0;
}

static int
run_child(void)
{
	int r = tn_run(child_main, NULL, NULL);

	return r < 0 ? r : child_main(NULL);
}

/* ------------------------------------------------------------------------ */

static const struct sweep_scenario scenarios[] = {
	{ "fibers", run_fibers },
	{ "groups", run_groups },
	{ "cancel", run_cancel },
	{ "channel", run_channel },
	{ "offload", run_offload },
	{ "loops", run_loops },
	{ "thread", run_thread },
	{ "signals", run_signals },
	{ "child", run_child },
};

int
main(void)
{
	return sweep_main("runtime", scenarios, TN_COUNT(scenarios));
}
