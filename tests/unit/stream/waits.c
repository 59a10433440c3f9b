/* One group whose fibers wait in every way there is, ended at once: by
 * cancellation, by a deadline, by the outer of two.  Each returns promptly with
 * the right code and says what it was about; valgrind and ASan see no leak. */
#include <netdb.h>
#include <stdatomic.h>
#include <unistd.h>
#include <tenon/channel.h>
#include <tenon/offload.h>
#include <tenon/resolve.h>
#include <tenon/run.h>
#include <tenon/stream.h>
#include "net/host.h"
#include "rt/rt.h"
#include "unit/check.h"

/* ---- the other side of every wait -------------------------------------- */

static struct world {
	struct tn_socket *listener, *full;
	struct tn_address at_full;
	struct tn_stream *ends[2];
	struct tn_channel *channel;
	struct tn_mutex *mutex;
	struct tn_socket *crowd[8]; /* who fills the backlog of `full` */
} world;

/* A name server that does not answer. */
static int
slow_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret)
{
	usleep(300000);
	return TN_EGAI_AGAIN;
}

static void
world_pair(struct tn_stream *ret[2])
{
	struct tn_socket *sockets[2];

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(tn_stream_from_socket(sockets[i], &ret[i]), 0);
}

/* A Unix listener whose backlog is full: the next connect has to wait. */
static void
world_fill(void)
{
	struct tn_listen_options one = { .backlog = 1 };
	char name[64];
	struct tn_scope scope;
	int r = 0;

	snprintf(name, sizeof(name), "unix:@tenon-waits-%d", (int)getpid());
	CHECK_INT(tn_listen(name, &one, &world.full), 0);
	CHECK_INT(tn_socket_getsockname(world.full, &world.at_full), 0);
	for (size_t i = 0; i < TN_COUNT(world.crowd) && r == 0; i++) {
		CHECK_INT(tn_socket_open(AF_UNIX, SOCK_STREAM, 0,
		    &world.crowd[i]), 0);
		tn_scope_open(&scope, tn_after(5 * TN_MILLISECOND));
		r = tn_socket_connect(world.crowd[i], &world.at_full);
		tn_scope_close(&scope);
	}
	CHECK_INT(r, -ETIMEDOUT);
}

static void
world_begin(void)
{
	int message = 0;

	memset(&world, 0, sizeof(world));
	CHECK_INT(tn_listen("127.0.0.1:0", NULL, &world.listener), 0);
	world_fill();
	world_pair(world.ends);
	CHECK_INT(tn_channel_open(sizeof(int), 1, &world.channel), 0);
	CHECK_INT(tn_channel_send(world.channel, &message), 0);
	CHECK_INT(tn_mutex_open(&world.mutex), 0);
	CHECK_INT(tn_mutex_lock(world.mutex), 0);
}

static void
world_end(void)
{
	tn_socket_free(world.listener);
	tn_socket_free(world.full);
	for (size_t i = 0; i < TN_COUNT(world.crowd); i++)
		tn_socket_free(world.crowd[i]);
	tn_stream_free(world.ends[0]);
	tn_stream_free(world.ends[1]);
	tn_channel_free(world.channel);
	tn_mutex_unlock(world.mutex);
	tn_mutex_free(world.mutex);
}

/* ---- the waits --------------------------------------------------------- */

static int
wait_connect(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int r = tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &s);

	return r < 0 ? r : tn_socket_connect(s, &world.at_full);
}

static int
wait_accept(void)
{
	struct tn_socket *s;

	return tn_socket_accept(world.listener, &s, NULL);
}

static int
wait_read(void)
{
	struct tn_slice shown;

	return tn_stream_fill(world.ends[0], 1, &shown);
}

static int
wait_write(void)
{
	static const char bytes[65536];
	int r;

	do
		r = tn_stream_write(world.ends[0],
		    tn_slice(bytes, sizeof(bytes)));
	while (r == 0);
	return r;
}

static int
wait_sleep(void)
{
	return tn_sleep(3600 * TN_SECOND);
}

static int
wait_channel(void)
{
	int message = 0;

	return tn_channel_send(world.channel, &message);
}

static int
wait_mutex(void)
{
	return tn_mutex_lock(world.mutex);
}

static int
job_50ms(void *arg)
{
	usleep(50000);
	return 7;
}

static int
wait_offload(void)
{
	int result = 0;
	int r = tn_offload(job_50ms, NULL, &result);

	CHECK_INT(result, 7); /* it ran to its end */
	return r;
}

static int
wait_look_up(void)
{
	struct tn_address found[4];

	return tn_net_getaddrinfo("slow.test", "80", AF_UNSPEC, SOCK_STREAM,
	    false, found, TN_COUNT(found));
}

/* The text names what was attempted. */
static const struct row {
	const char *name, *says;
	int (*wait)(void);
} rows[] = {
	{ "connect", "connect unix:@tenon-waits", wait_connect },
	{ "accept", "accept on 127.0.0.1:", wait_accept },
	{ "read", "read from ", wait_read },
	{ "write", "write to ", wait_write },
	{ "sleep", "sleep", wait_sleep },
	{ "channel", "channel send", wait_channel },
	{ "mutex", "lock a mutex", wait_mutex },
	{ "offload", "offload", wait_offload },
	{ "look up", "look up slow.test", wait_look_up },
};

enum how { CANCEL, DEADLINE, OUTER_DEADLINE };

static struct outcome {
	int result;
	char text[200];
	enum how how;
	const struct row *row;
} outcomes[TN_COUNT(rows)];

static int
waiter(void *arg)
{
	struct outcome *o = arg;
	tn_time soon = tn_after(20 * TN_MILLISECOND);
	tn_time late = tn_after(60 * TN_SECOND);
	struct tn_scope outer, inner;

	tn_fiber_name("%s", o->row->name);
	if (o->how != CANCEL) {
		tn_scope_open(&outer, o->how == DEADLINE ? late : soon);
		tn_scope_open(&inner, o->how == DEADLINE ? soon : late);
	}
	o->result = o->row->wait();
	snprintf(o->text, sizeof(o->text), "%s", tn_error_text());
	if (o->how != CANCEL) {
		CHECK_INT(tn_scope_close(&inner), o->how == DEADLINE);
		CHECK_INT(tn_scope_close(&outer), o->how != DEADLINE);
	}
	return 0;
}

static int
waits_main(void *arg)
{
	enum how how = *(enum how *)arg;
	int code = how == CANCEL ? -ECANCELED : -ETIMEDOUT;
	struct tn_group *group;
	tn_time start;

	world_begin();
	CHECK_INT(tn_group_open(&group), 0);
	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		outcomes[i] = (struct outcome){ .how = how, .row = &rows[i] };
		CHECK_INT(tn_go(group, waiter, &outcomes[i]), 0);
	}
	start = tn_now();
	CHECK_INT(tn_sleep(20 * TN_MILLISECOND), 0);
	if (how == CANCEL)
		tn_group_cancel(group);
	CHECK_INT(tn_group_wait(group), 0);
	/* All but the offload are gone long before their events. */
	CHECK(tn_now() - start < 5 * TN_SECOND);
	tn_group_free(group);
	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		if (outcomes[i].result != code ||
		    strncmp(outcomes[i].text, rows[i].says,
			strlen(rows[i].says)) != 0)
			print_message("%s: %d \"%s\"\n", rows[i].name,
			    outcomes[i].result, outcomes[i].text);
		CHECK_INT(outcomes[i].result, code);
		CHECK(memcmp(outcomes[i].text, rows[i].says,
		    strlen(rows[i].says)) == 0);
	}
	world_end();
	return 0;
}

static void
test_waits(enum how how)
{
	/* The look-up that is left behind goes on using them. */
	static struct tn__net_ops net;
	static struct tn__host host;

	if (host.net == NULL) {
		net = tn__net_linux;
		net.getaddrinfo = slow_getaddrinfo;
		host = tn__host_linux;
		host.net = &net;
	}
	tn__host_set(&host);
	CHECK_INT(tn_run(waits_main, &how, NULL), 0);
	tn__host_set(NULL);
}

static void
test_cancel(void **state)
{
	test_waits(CANCEL);
}

static void
test_deadline(void **state)
{
	test_waits(DEADLINE);
}

static void
test_outer_deadline(void **state)
{
	test_waits(OUTER_DEADLINE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_outer_deadline),
	};

	return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
