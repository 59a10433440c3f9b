/* A socket's timeout: the default one, one that is set and read back, none at
 * all, and what a call says when it has passed.
 *
 *     socket_timeout
 *
 * A timeout is that of each call.  A deadline over several calls, of several
 * sockets too, is tn_scope_open(). */
#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include <tenon/socket.h>

static void
show(const char *when, const struct tn_socket *s)
{
	tn_time timeout = tn_socket_gettimeout(s);

	printf("%s: ", when);
	if (timeout < 0)
		printf("timeout none");
	else
		printf("timeout %g s", (double)timeout / TN_SECOND);
	printf(", blocking: %s\n", tn_socket_getblocking(s) ? "yes" : "no");
}

/* Nobody calls, so each accept ends as the timeout says. */
static int
wait_in_vain(struct tn_socket *s)
{
	struct tn_socket *caller = NULL;
	int r = tn_socket_accept(s, &caller, NULL);

	if (r == -EAGAIN)
		printf("accept: nobody is there yet\n");
	else if (r == -ETIMEDOUT)
		printf("accept: timed out\n");
	else
		tn_socket_free(caller);
	return r == -EAGAIN || r == -ETIMEDOUT ? 0 : r;
}

static int
set_and_read(struct tn_socket *s)
{
	int r;

	show("new", s);
	r = tn_socket_settimeout(s, 100 * TN_SECOND);
	if (r < 0)
		return r;
	show("after settimeout(100)", s);
	r = tn_socket_setblocking(s, false);
	if (r == 0)
		r = tn_socket_listen(s, 1); /* at a port that is free */
	if (r < 0)
		return r;
	show("after setblocking(false)", s);
	r = wait_in_vain(s);
	if (r == 0)
		r = tn_socket_settimeout(s, 50 * TN_MILLISECOND);
	if (r < 0)
		return r;
	show("after settimeout(0.05)", s);
	r = wait_in_vain(s);
	if (r == 0)
		r = tn_socket_setblocking(s, true);
	if (r == 0)
		show("after setblocking(true)", s);
	return r;
}

int
main(void)
{
	struct tn_socket *s = NULL;
	int r = tn_socket_open(AF_INET, SOCK_STREAM, 0, &s);

	if (r == 0)
		r = set_and_read(s);
	tn_socket_free(TN_TAKE(s));

	/* Of all sockets that this process makes from now on. */
	if (r == 0)
		r = tn_net_setdefaulttimeout(2 * TN_SECOND);
	if (r == 0)
		r = tn_socket_open(AF_INET, SOCK_STREAM, 0, &s);
	if (r == 0)
		show("after setdefaulttimeout(2)", s);
	tn_socket_free(s);
	if (r < 0)
		fprintf(stderr, "socket_timeout: %s\n", tn_error_text());
	return r < 0;
}
