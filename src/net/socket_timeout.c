/* How long a call on a socket may take: for ever, no time, or so long. */
#include <stdatomic.h>
#include <stdio.h>
#include <tenon/error.h>

#include "net/socket.h"

static _Atomic tn_time timeout_default = -1;

tn_time
tn__socket_default_timeout(void)
{
	return atomic_load_explicit(&timeout_default, memory_order_relaxed);
}

tn_time
tn_net_getdefaulttimeout(void)
{
	return tn__socket_default_timeout();
}

static int
timeout_check(tn_time timeout, const char *verb)
{
	if (timeout >= -1)
		return 0;
	return tn_error_set(-EINVAL, "%s: a timeout is -1 (none), 0 (do not "
	    "wait) or a span, not %lld",
	    verb, (long long)timeout);
}

int
tn_net_setdefaulttimeout(tn_time timeout)
{
	int r = timeout_check(timeout, "setdefaulttimeout");

	if (r == 0)
		atomic_store_explicit(&timeout_default, timeout,
		    memory_order_relaxed);
	return r;
}

/* A descriptor from elsewhere that blocks: accept() and connect() on it could
 * not be ended.  Python's settimeout() changes it too. */
static int
timeout_adopt(struct tn_socket *s)
{
	int r;

	if (!(s->io.flags & TN__IO_FOREIGN))
		return 0;
	if (s->io.waiter[TN__IO_READ] != NULL ||
	    s->io.waiter[TN__IO_WRITE] != NULL)
		return -EBUSY;
	r = tn__net()->unblock(s->io.fd);
	if (r < 0)
		return r;
	tn__io_release(&s->io);
	s->io.flags &= (unsigned char)~TN__IO_FOREIGN;
	s->io.ready[TN__IO_READ] = s->io.ready[TN__IO_WRITE] = true;
	return 0;
}

int
tn_socket_settimeout(struct tn_socket *s, tn_time timeout)
{
	int r = timeout_check(timeout, "settimeout");

	if (r < 0)
		return r;
	r = s->io.fd < 0 ? -EBADF : 0;
	if (r == 0 && timeout >= 0)
		r = timeout_adopt(s);
	if (r < 0)
		return tn__socket_fail(s, r, "settimeout", NULL);
	s->timeout = timeout;
	return 0;
}

tn_time
tn_socket_gettimeout(const struct tn_socket *s)
{
	return s->timeout;
}

int
tn_socket_setblocking(struct tn_socket *s, bool blocking)
{
	return tn_socket_settimeout(s, blocking ? -1 : 0);
}

bool
tn_socket_getblocking(const struct tn_socket *s)
{
	return s->timeout != 0;
}

const char *
tn__socket_late(const struct tn_socket *s, bool late, int code,
    const char *words, char out[TN__SOCKET_LATE_MAX])
{
	long long us = s->timeout / TN_MICROSECOND;

	if (!late || code != -ETIMEDOUT)
		return words;
	if (us < 1000 || us % 1000 != 0)
		snprintf(out, TN__SOCKET_LATE_MAX,
		    "timed out after %lld us, the timeout of the socket", us);
	else
		snprintf(out, TN__SOCKET_LATE_MAX,
		    "timed out after %lld ms, the timeout of the socket",
		    us / 1000);
	return out;
}
