/* Deadlines, cancellation, closing, fairness to the kernel: what a wait on a
 * socket has to get right, on a plain thread and in a fiber. */
#include "check.h"

#include <netinet/in.h>
#include <stdatomic.h>

#include "net/socket.h"

/* ---- deadlines --------------------------------------------------------- */

static void
test_timeout(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0");
	tn_time start = tn_now();
	struct tn_socket *s[2], *other;
	struct tn_scope scope;
	char byte;

	check_tcp_pair(s);
	tn_scope_open(&scope, tn_after(40 * TN_MILLISECOND));
	CHECK_ERROR((int)tn_socket_recv(s[0], &byte, 1, 0), -ETIMEDOUT,
	    check_printf("recv from %s: timed out", check_name_text(s[1])));
	CHECK(check_ms_since(start) >= 39);
	/* A passed scope fails all that could wait until it is closed. */
	CHECK_INT(tn_socket_send(s[0], "x", 1, 0), -ETIMEDOUT);
	CHECK_ERROR(tn_socket_accept(listener, &other, NULL), -ETIMEDOUT,
	    check_printf("accept on %s: timed out", check_name_text(listener)));
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_socket_send(s[0], "x", 1, 0), 1);
	CHECK_INT(tn_socket_recv(s[1], &byte, 1, 0), 1);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
	tn_socket_free(listener);
}

/* Fills what the two ends buffer. */
static size_t
fill(struct tn_socket *s)
{
	static const char bytes[65536];
	size_t total = 0;
	ssize_t n;

	while ((n = tn_socket_send(s, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		total += (size_t)n;
	CHECK_INT(n, -EAGAIN);
	return total;
}

static void
drain(struct tn_socket *s, size_t total)
{
	static char bytes[65536];
	ssize_t n;

	for (; total > 0; total -= (size_t)n) {
		n = tn_socket_recv(s, bytes, sizeof(bytes), 0);
		CHECK(n > 0);
	}
}

static void
test_full(void)
{
	struct tn_socket *s[2];
	struct tn_scope scope;
	size_t total;

	check_tcp_pair(s);
	CHECK_INT(tn_socket_wait_writable(s[0]), 0);
	total = fill(s[0]);
	tn_scope_open(&scope, tn_after(20 * TN_MILLISECOND));
	CHECK_ERROR((int)tn_socket_send(s[0], "x", 1, 0), -ETIMEDOUT,
	    check_printf("send to %s: timed out", check_name_text(s[1])));
	CHECK(tn_scope_close(&scope));
	tn_scope_open(&scope, tn_after(20 * TN_MILLISECOND));
	CHECK_INT(tn_socket_wait_writable(s[0]), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	drain(s[1], total);
	CHECK_INT(tn_socket_wait_writable(s[0]), 0);
	CHECK_INT(tn_socket_sendall(s[0], "x", 1, 0), 0);
	CHECK_INT(tn_socket_wait_readable(s[1]), 0);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* A readiness that is asked for although the bit says "perhaps". */
static void
test_wait_readable(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s[2];
	struct tn_address a = check_name(listener);
	struct tn_scope scope;
	char bytes[4];

	tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
	CHECK_INT(tn_socket_wait_readable(listener), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s[0]), 0);
	CHECK_INT(tn_socket_connect(s[0], &a), 0);
	CHECK_INT(tn_socket_wait_readable(listener), 0);
	CHECK_INT(tn_socket_accept(listener, &s[1], NULL), 0);

	CHECK_INT(tn_socket_sendall(s[0], "abcd", 4, 0), 0);
	CHECK_INT(tn_socket_wait_readable(s[1]), 0);
	CHECK_INT(tn_socket_wait_readable(s[1]), 0);
	CHECK_INT(tn_socket_recv(s[1], bytes, 4, 0), 4);
	tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
	CHECK_INT(tn_socket_wait_readable(s[1]), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	tn_socket_free(s[0]);
	CHECK_INT(tn_socket_wait_readable(s[1]), 0);
	CHECK_INT(tn_socket_recv(s[1], bytes, 4, 0), 0);
	tn_socket_free(s[1]);
	tn_socket_free(listener);
}

/* ---- cancellation ------------------------------------------------------ */

static int
recv_cancelled(void *arg)
{
	struct tn_socket **s = arg;
	char byte;

	CHECK_ERROR((int)tn_socket_recv(s[0], &byte, 1, 0), -ECANCELED,
	    check_printf("recv from %s: cancelled", check_name_text(s[1])));
	return 0;
}

static void
test_cancel(void)
{
	struct tn_group *group = check_group();
	struct tn_socket *s[2];

	check_tcp_pair(s);
	check_go(group, recv_cancelled, s);
	CHECK_INT(tn_sleep(20 * TN_MILLISECOND), 0);
	tn_group_cancel(group);
	check_group_end(group);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* ---- in fibers only ---------------------------------------------------- */

static int
recv_closed(void *arg)
{
	struct tn_socket **s = arg;
	char byte;

	CHECK_ERROR((int)tn_socket_recv(s[0], &byte, 1, 0), -EBADF,
	    check_printf("recv from %s: the socket is closed",
		check_name_text(s[1])));
	return 0;
}

static int
main_close(void *arg)
{
	struct tn_group *group = check_group();
	struct tn_socket *s[2];
	char bytes[4];

	check_tcp_pair(s);
	check_go(group, recv_closed, s);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	CHECK_INT(tn_socket_recv(s[0], bytes, 4, 0), -EBUSY);
	CHECK(strstr(tn_error_text(), "another fiber waits in it") != NULL);
	CHECK_INT(tn_socket_sendall(s[0], "x", 1, 0), 0); /* other way: fine */
	CHECK_INT(tn_socket_close(s[0]), 0);
	check_group_end(group);
	CHECK_INT(tn_socket_recv(s[1], bytes, 4, 0), 1);
	CHECK_INT(tn_socket_recv(s[1], bytes, 4, 0), 0);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
	return 0;
}

static void
test_close(void **state)
{
	CHECK_INT(tn_run(main_close, NULL, NULL), 0);
}

static int
recv_two(void *arg)
{
	struct tn_socket *s = arg;
	char bytes[100];

	CHECK_INT(tn_socket_recv(s, bytes, sizeof(bytes), 0), 1);
	CHECK_INT(tn_socket_recv(s, bytes, sizeof(bytes), 0), 1);
	return 0;
}

static int hint_calls;

static ssize_t
hint_recv(int fd, void *out, size_t size, int flags)
{
	hint_calls++;
	return tn__net_linux.recv(fd, out, size, flags);
}

/* After a short read the next call waits at once. */
static int
main_hint(void *arg)
{
	struct tn_group *group = check_group();
	struct tn_socket *s[2];

	check_tcp_pair(s);
	CHECK_INT(tn_socket_sendall(s[0], "x", 1, 0), 0);
	hint_calls = 0;
	check_go(group, recv_two, s[1]);
	CHECK_INT(tn_sleep(10 * TN_MILLISECOND), 0);
	CHECK_INT(hint_calls, 1);
	CHECK_INT(tn_socket_sendall(s[0], "x", 1, 0), 0);
	check_group_end(group);
	CHECK_INT(hint_calls, 2);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
	return 0;
}

static void
test_hint(void **state)
{
	struct tn__net_ops net = tn__net_linux;
	struct tn__host host = tn__host_linux;

	net.recv = hint_recv;
	host.net = &net;
	tn__host_set(&host);
	CHECK_INT(tn_run(main_hint, NULL, NULL), 0);
	tn__host_set(NULL);
}

/* A socket outlives its loop, and goes on elsewhere. */
static int
main_outlive(void *arg)
{
	struct tn_socket **s = arg;
	struct tn_scope scope;
	char byte;

	if (s[0] == NULL)
		check_tcp_pair(s);
	tn_scope_open(&scope, tn_after(5 * TN_MILLISECOND));
	CHECK_INT(tn_socket_recv(s[0], &byte, 1, 0), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	return 0;
}

static void
test_outlive(void **state)
{
	struct tn_socket *s[2] = { NULL, NULL };

	CHECK_INT(tn_run(main_outlive, s, NULL), 0);
	CHECK_INT(main_outlive(s), 0);
	CHECK_INT(tn_run(main_outlive, s, NULL), 0);
	tn_socket_free(s[0]);
	tn_socket_free(s[1]);
}

/* ---- accept ------------------------------------------------------------ */

static const int accept_errors[] = { ECONNABORTED, EPROTO, ENETUNREACH, EMFILE,
	EINTR, EAGAIN };
static size_t accept_next;

static int
accept_failing(int fd, struct sockaddr *ret, socklen_t *size)
{
	if (accept_next < TN_COUNT(accept_errors))
		return -accept_errors[accept_next++];
	return tn__net_linux.accept(fd, ret, size);
}

static void
accept_errors_once(void)
{
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s, *t;
	struct tn_address a = check_name(listener), peer;
	const char *name = check_name_text(listener);

	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
	CHECK_INT(tn_socket_connect(s, &a), 0);
	accept_next = 0;
	CHECK_ERROR(tn_socket_accept(listener, &t, NULL), -EMFILE,
	    check_printf("accept on %s: too many open files; raise the limit "
			 "(ulimit -n)",
		name));
	CHECK_INT(accept_next, 4);
	CHECK_INT(tn_socket_accept(listener, &t, &peer), 0);
	a = check_name(s);
	CHECK(tn_address_equal(&a, &peer));
	tn_socket_free(s);
	tn_socket_free(t);
	tn_socket_free(listener);
}

static void
test_accept_errors(void **state)
{
	struct tn__net_ops net = tn__net_linux;

	net.accept = accept_failing;
	check_both_with(accept_errors_once, &net);
}

#define SHARED 200

static struct {
	struct tn_socket *listener[2];
	atomic_int accepted[2];
} shared;

static int
shared_accept(void *arg)
{
	int which = (int)(intptr_t)arg;
	struct tn_socket *s;
	int r;

	while ((r = tn_socket_accept(shared.listener[which], &s, NULL)) == 0) {
		shared.accepted[which]++;
		tn_socket_free(s);
	}
	CHECK_INT(r, -ECANCELED);
	if (which > 0) /* each on its own loop; the owner goes last */
		tn_socket_free(shared.listener[which]);
	return 0;
}

static int
main_shared(void *arg)
{
	struct tn_group *group = check_group();
	struct tn_address a;
	struct tn_socket *s;
	char byte;

	shared.listener[0] = check_listen("127.0.0.1:0");
	a = check_name(shared.listener[0]);
	CHECK_INT(tn__socket_share(shared.listener[0], &shared.listener[1]), 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(tn_go_on(group, i, shared_accept,
			      (void *)(intptr_t)i),
		    0);
	for (int i = 0; i < SHARED; i++) {
		CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
		CHECK_INT(tn_socket_connect(s, &a), 0);
		CHECK_INT(tn_socket_recv(s, &byte, 1, 0), 0);
		tn_socket_free(s);
	}
	tn_group_cancel(group);
	check_group_end(group);
	tn_socket_free(shared.listener[0]);
	CHECK_INT(shared.accepted[0] + shared.accepted[1], SHARED);
	return 0;
}

static void
test_shared(void **state)
{
	struct tn_run_options options = { .loops = 2 };

	CHECK_INT(tn_run(main_shared, NULL, &options), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_timeout),
		CHECK_BOTH(test_full),
		CHECK_BOTH(test_wait_readable),
		CHECK_BOTH(test_cancel),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_outlive),
		cmocka_unit_test(test_accept_errors),
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
