/* Whose a descriptor is: one reader's at a time, one loop's until it is
 * released or the loop ends, and nobody's once it is closed. */
#include "unit/rt/io.h"

static int
owner_main(void *arg)
{
	struct reader t = { .want = 1, .read = io_recv, .size = 8 };
	struct tn_group *g;
	int fds[2];
	char c;

	tcp_pair(fds);
	tn__io_init(&t.io, fds[0], TN__IO_HINT);
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, reader, &t);
	CHECK_INT(io_recv(&t.io, &c, 1), -EBUSY);
	io_end(&t.io); /* wakes the reader */
	CHECK_INT(tn_group_wait(g), -EBADF);
	CHECK_INT(io_recv(&t.io, &c, 1), -EBADF);
	tn_group_free(g);
	close(fds[1]);
	return 0;
}

static int
other_loop(void *arg)
{
	struct reader *t = arg;
	char c;

	if (t->io.loop != NULL)
		return (int)io_recv(&t->io, &c, 1);
	return reader(t);
}

static struct reader released = { .want = 1, .read = io_recv, .size = 8 };

static int
release_main(void *arg)
{
	struct tn_group *g;
	int fds[2];

	tcp_pair(fds);
	tn__io_init(&released.io, fds[0], TN__IO_HINT);
	CHECK_INT(tn__io_register(&released.io, TN__IO_READ), 0);
	tn__io_empty(&released.io, TN__IO_READ);
	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go_on(g, 1, other_loop, &released), 0);
	CHECK_INT(tn_group_wait(g), -EBUSY);
	tn_group_free(g);

	tn__io_release(&released.io);
	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go_on(g, 1, other_loop, &released), 0);
	CHECK_INT(tn_sleep(2 * TN_MILLISECOND), 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	close(fds[1]);
	return 0;
}

static void
test_release(void **state)
{
	struct tn_run_options two = { .loops = 2 };

	CHECK_INT(tn_run(release_main, NULL, &two), 0);
	CHECK(released.io.loop == NULL); /* the loop is gone, the rest is not */
	io_end(&released.io);
}

static int
outlive_main(void *arg)
{
	char c;
	struct tn_scope scope;

	tn_scope_open(&scope, tn_after(2 * TN_MILLISECOND));
	CHECK_INT(io_recv(arg, &c, 1), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	return 0;
}

static void
test_outlives_its_loop(void **state)
{
	struct tn__io io;
	int fds[2];
	char c;

	tcp_pair(fds);
	tn__io_init(&io, fds[0], TN__IO_HINT);
	CHECK_INT(tn_run(outlive_main, &io, NULL), 0);
	CHECK(io.loop == NULL);
	CHECK_INT(tn_run(outlive_main, &io, NULL), 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(io_recv(&io, &c, 1), 1); /* on this plain thread */
	io_end(&io);
	close(fds[1]);
}

/* Two events come in one batch; who handles the first closes the second, whose
 * place in the table is taken anew.  The stale event must not reach it. */
struct replaced {
	struct tn__io first, second, newcomer;
	int fresh;
};

static int
replace_second(void *arg)
{
	struct replaced *t = arg;
	char c;

	if (io_recv(&t->first, &c, 1) != 1)
		return -EIO;
	close(tn__io_close(&t->second));
	tn__io_init(&t->newcomer, t->fresh, TN__IO_HINT);
	return tn__io_register(&t->newcomer, TN__IO_READ);
}

static int
wait_second(void *arg)
{
	struct replaced *t = arg;
	char c;
	ssize_t n = io_recv(&t->second, &c, 1);

	return n == -EBADF || n == 1 ? 0 : -EIO;
}

static int
stale_main(void *arg)
{
	struct replaced t = { 0 };
	uint64_t data;
	struct tn_group *g;
	int a[2], b[2], c[2];

	tcp_pair(a);
	tcp_pair(b);
	tcp_pair(c);
	tn__io_init(&t.first, a[0], TN__IO_HINT);
	tn__io_init(&t.second, b[0], TN__IO_HINT);
	t.fresh = c[0];
	CHECK_INT(tn_group_open(&g), 0);
	go_and_settle(g, replace_second, &t);
	go_and_settle(g, wait_second, &t);
	data = (uint64_t)tn__loop()->slots[t.second.slot].generation << 32 |
	    t.second.slot;
	CHECK_INT(write(a[1], "x", 1), 1);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK_INT(t.newcomer.slot, (uint32_t)data); /* the same place */
	tn__io_empty(&t.newcomer, TN__IO_READ);
	tn__io_event(tn__loop(), data, TN__POLL_IN);
	CHECK(!t.newcomer.ready[TN__IO_READ]);
	tn_group_free(g);
	io_end(&t.first);
	io_end(&t.newcomer);
	close(a[1]);
	close(b[1]);
	close(c[1]);
	return 0;
}

static const struct io_row rows[] = {
	{ "close wakes, a second reader is refused", owner_main, false },
	{ "a stale event", stale_main, false },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_outlives_its_loop),
	};

	return CHECK_ROWS(rows, io_row_test) +
	    cmocka_run_group_tests_name("rt/owner", tests, NULL,
	    NULL);
}
