/* Wake-ups that meet something else on their way: a cancellation, a fiber that
 * has gone on, a sender in another thread, a close. */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <tenon/channel.h>
#include <tenon/run.h>
#include <unistd.h>
#include "rt/internal.h"
#include "unit/rt/check.h"

struct meeting {
	struct tn_channel *channel;
	struct tn_group *group;
	int message, result;
	tn_time slept;
};

static int
meeting_recv(void *arg)
{
	struct meeting *m = arg;
	struct tn_shield shield;
	tn_time start;

	m->result = tn_channel_recv(m->channel, &m->message);
	/* Its next wait is none of the sender's business. */
	tn_shield_open(&shield, TN_NEVER);
	start = tn_now();
	CHECK_INT(tn_sleep(20 * TN_MILLISECOND), 0);
	m->slept = tn_now() - start;
	tn_shield_close(&shield);
	return 0;
}

/* A fiber parked in a receive. */
static void
meeting_open(struct meeting *m, size_t capacity)
{
	*m = (struct meeting){ .result = -1 };
	CHECK_INT(tn_channel_open(sizeof(int), capacity, &m->channel), 0);
	CHECK_INT(tn_group_open(&m->group), 0);
}

static void
meeting_close(struct meeting *m)
{
	CHECK_INT(tn_group_wait(m->group), 0);
	tn_group_free(m->group);
	tn_channel_free(m->channel);
}

/* ---- a message and a cancellation -------------------------------------- */

static void *
send_seven(void *arg)
{
	struct meeting *m = arg;
	int seven = 7;

	CHECK_INT(tn_channel_try_send(m->channel, &seven), 0);
	return NULL;
}

static void
send_from_here(struct meeting *m)
{
	send_seven(m);
}

/* The loop's own thread waits for it, so the fiber runs only afterwards. */
static void
send_from_thread(struct meeting *m)
{
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, send_seven, m), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
}

/* The receiver was woken by the cancellation and has yet to run when it is
 * given a message: the sender was told that it arrived. */
static int
granted_main(void *arg)
{
	void (*const *send)(struct meeting *) = arg;
	struct meeting m;

	meeting_open(&m, 0);
	CHECK_INT(tn_go(m.group, meeting_recv, &m), 0);
	CHECK_INT(tn_sleep(2 * TN_MILLISECOND), 0);
	tn_group_cancel(m.group);
	(*send)(&m);
	meeting_close(&m);
	CHECK_INT(m.result, 1);
	CHECK_INT(m.message, 7);
	CHECK(m.slept >= 20 * TN_MILLISECOND);
	return 0;
}

static void
test_granted_when_cancelled(void **state)
{
	void (*send)(struct meeting *) = send_from_here;

	CHECK_INT(tn_run(granted_main, &send, NULL), 0);
}

static void
test_granted_by_a_thread(void **state)
{
	void (*send)(struct meeting *) = send_from_thread;

	CHECK_INT(tn_run(granted_main, &send, NULL), 0);
}

/* ---- a full channel ---------------------------------------------------- */

static int
send_two(void *arg)
{
	struct meeting *m = arg;
	int one = 1, two = 2;

	m->result = tn_channel_send(m->channel, &one);
	if (m->result == 0)
		m->result = tn_channel_send(m->channel, &two);
	return m->result;
}

/* Taking one message makes room for the next, whose sender goes on, in another
 * thread too: nobody has to take a second one first. */
static int
room_main(void *arg)
{
	struct tn_scope scope;
	struct meeting m;

	meeting_open(&m, 1);
	CHECK_INT(tn_go_thread(m.group, send_two, &m), 0);
	CHECK_INT(tn_sleep(10 * TN_MILLISECOND), 0);
	CHECK_INT(tn_channel_recv(m.channel, &m.message), 1);
	CHECK_INT(m.message, 1);
	tn_scope_open(&scope, tn_after(5 * TN_SECOND));
	CHECK_INT(tn_group_wait(m.group), 0);
	CHECK(!tn_scope_close(&scope));
	CHECK_INT(tn_channel_recv(m.channel, &m.message), 1);
	CHECK_INT(m.message, 2);
	meeting_close(&m);
	return 0;
}

static void
test_room_for_a_thread(void **state)
{
	CHECK_INT(tn_run(room_main, NULL, NULL), 0);
}

/* ---- a descriptor that is closed --------------------------------------- */

static int
wait_to_write(void *arg)
{
	struct tn__io *io = arg;

	tn__io_empty(io, TN__IO_WRITE);
	return tn__io_wait(io, TN__IO_WRITE, "write");
}

/* Whoever waits to write hears of it as readers do. */
static int
close_main(void *arg)
{
	static const char bytes[65536];
	struct tn_group *g;
	struct tn__io io;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fds), 0);
	while (write(fds[0], bytes, sizeof(bytes)) > 0)
		;
	tn__io_init(&io, fds[0], 0);
	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go(g, wait_to_write, &io), 0);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	close(tn__io_close(&io));
	CHECK_INT(tn_group_wait(g), -EBADF);
	tn_group_free(g);
	close(fds[1]);
	return 0;
}

static int
wait_to_read(void *arg)
{
	return tn__io_wait(arg, TN__IO_READ, "read");
}

/* One readiness spends the registration of somebody else's descriptor: whoever
 * waits in the other direction needs a new one. */
static int
foreign_main(void *arg)
{
	static char bytes[65536];
	struct tn_group *readers, *writers;
	struct tn__io io;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	while (send(fds[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	tn__io_init(&io, fds[0], TN__IO_FOREIGN);
	CHECK_INT(tn_group_open(&readers), 0);
	CHECK_INT(tn_group_open(&writers), 0);
	CHECK_INT(tn_go(readers, wait_to_read, &io), 0);
	CHECK_INT(tn_go(writers, wait_to_write, &io), 0);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(tn_group_wait(readers), 0);
	while (recv(fds[1], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	CHECK_INT(tn_group_wait(writers), 0);
	tn_group_free(readers);
	tn_group_free(writers);
	close(tn__io_close(&io));
	close(fds[1]);
	return 0;
}

static int
bounded_main(void *arg)
{
	int (*const *main)(void *) = arg;
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(10 * TN_SECOND));
	r = (*main)(NULL);
	CHECK(!tn_scope_close(&scope));
	return r;
}

static void
test_closed_under_a_writer(void **state)
{
	int (*main)(void *) = close_main;

	CHECK_INT(tn_run(bounded_main, &main, NULL), 0);
}

static void
test_both_ways_of_a_foreign_one(void **state)
{
	int (*main)(void *) = foreign_main;

	CHECK_INT(tn_run(bounded_main, &main, NULL), 0);
}

static void
io_open(struct tn__io *io, int fd)
{
	tn__io_init(io, fd, 0);
	CHECK_INT(tn__io_register(io, TN__IO_READ), 0);
	tn__io_empty(io, TN__IO_READ);
}

/* An event that was under way when its descriptor was closed is no business of
 * the one that has its place now. */
static int
stale_main(void *arg)
{
	struct tn__loop *loop = tn__loop();
	struct tn__io gone, present;
	uint64_t data;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fds), 0);
	io_open(&gone, fds[0]);
	data = (uint64_t)loop->slots[gone.slot].generation << 32 | gone.slot;
	close(tn__io_close(&gone));
	io_open(&present, fds[1]);
	CHECK_INT(present.slot, gone.slot);
	tn__io_event(loop, data, TN__POLL_IN);
	CHECK(!present.ready[TN__IO_READ]);
	close(tn__io_close(&present));
	return 0;
}

static void
test_stale_event(void **state)
{
	CHECK_INT(tn_run(stale_main, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_granted_when_cancelled),
		cmocka_unit_test(test_granted_by_a_thread),
		cmocka_unit_test(test_room_for_a_thread),
		cmocka_unit_test(test_closed_under_a_writer),
		cmocka_unit_test(test_both_ways_of_a_foreign_one),
		cmocka_unit_test(test_stale_event),
	};

	return cmocka_run_group_tests_name("rt/wake", tests, NULL, NULL);
}
