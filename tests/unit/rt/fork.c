/* When a fork is allowed, and what it leaves of a loop. */
#include <fcntl.h>
#include <sys/wait.h>
#include "unit/rt/io.h"

/* The child leaves; the parent still hears what comes on a descriptor that both
 * had and that the child closed. */
static int
fork_main(void *arg)
{
	struct reader t = { .want = 1, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2], status;
	pid_t child;

	CHECK(tn__rt_may_fork());
	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	child = fork();
	if (child == 0) {
		struct tn_scope scope;
		char c;

		tn__rt_forked();
		if (tn_loop_count() != 0 || tn__io_close(&t.io) != fds[0])
			_exit(2);
		close(fds[0]);
		/* A plain thread now: timed waits and offloads work. */
		tn_scope_open(&scope, tn_after(TN_MILLISECOND));
		tn__io_init(&t.io, fds[1], 0);
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
		if (io_recv(&t.io, &c, 1) != -ETIMEDOUT ||
		    !tn_scope_close(&scope))
			_exit(3);
		_exit(0);
	}
	CHECK(child > 0);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	io_end(&t.io);
	close(fds[1]);
	return 0;
}

static int
not_alone_main(void *arg)
{
	CHECK_INT(tn__rt_may_fork(), tn_loop_count() == 1);
	return 0;
}

static void
test_may_fork(void **state)
{
	struct tn_run_options two = { .loops = 2 };

	CHECK(tn__rt_may_fork());
	CHECK_INT(tn_run(not_alone_main, NULL, NULL), 0);
	CHECK_INT(tn_run(not_alone_main, NULL, &two), 0);
}

static int
stay(void *arg)
{
	return tn_sleep(3600 * TN_SECOND);
}

/* A thread counts before it has done anything. */
static void
test_may_fork_beside_a_thread(void **state)
{
	struct tn_group *g;

	for (int i = 0; i < 100; i++) {
		CHECK_INT(tn_group_open(&g), 0);
		CHECK_INT(tn_go_thread(g, stay, NULL), 0);
		CHECK(!tn__rt_may_fork());
		tn_group_free(g);
		CHECK(tn__rt_may_fork());
	}
}

static const struct io_row rows[] = {
	{ "fork", fork_main, false },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_may_fork),
		cmocka_unit_test(test_may_fork_beside_a_thread),
	};

	return CHECK_ROWS(rows, io_row_test) +
	    cmocka_run_group_tests_name("rt/fork", tests, NULL,
	    NULL);
}
