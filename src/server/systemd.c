/* Telling who supervises us how it goes: sd_notify(3) in so many words, a
 * datagram to the socket that NOTIFY_SOCKET names. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <unistd.h>
#include "net/socket.h"
#include "server/server.h"

/* ---- one datagram ------------------------------------------------------ */

static int
notify_address(const char *name, struct tn_address *ret)
{
	if (name[0] != '/' && name[0] != '@')
		return tn_error_set(-EAFNOSUPPORT, "only a path or an @name is "
		    "supported");
	return tn_address_from_path(tn_slice_str(name), ret);
}

static int
notify_send_to(const struct tn_address *to, const char *state)
{
	const struct tn__net_ops *net = tn__net();
	struct iovec vector = { (void *)(uintptr_t)state, strlen(state) };
	struct msghdr message = {
		.msg_name = (void *)(uintptr_t)&to->storage,
		.msg_namelen = to->size,
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	int fd = net->socket(AF_UNIX, SOCK_DGRAM, 0);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = net->sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -EINTR);
	net->close(fd);
	return n < 0 ? (int)n : 0;
}

/* 1 when it was sent, 0 when nobody wants it. */
static int
notify(const char *name, const char *state)
{
	struct tn_address to;
	int r;

	if (name == NULL || name[0] == '\0')
		return 0;
	r = notify_address(name, &to);
	if (r < 0)
		return tn_error_prefix("NOTIFY_SOCKET");
	r = notify_send_to(&to, state);
	return r < 0 ? tn_error_set(r, "tell NOTIFY_SOCKET: %s",
	    tn_error_words(r)) : 1;
}

/* ---- the public ones --------------------------------------------------- */

const char *
tn__systemd_socket(void)
{
	const char *origin = tn__process_env(TN__SYSTEMD_ORIGIN);

	return origin != NULL ? origin : tn__process_env("NOTIFY_SOCKET");
}

/* Who was handed over to has two to tell: the one before, which may be gone by
 * now, and who supervises both. */
int
tn_systemd_notify(const char *state)
{
	const char *nearest = tn__process_env("NOTIFY_SOCKET");
	const char *origin = tn__systemd_socket();
	int told = 0, r;

	if (nearest != origin)
		told = notify(nearest, state);
	r = notify(origin, state);
	return r == 0 && told > 0 ? 1 : r;
}

/* Half of what it allows, as sd_watchdog_enabled(3) advises; -1: it does not
 * ask. */
static tn_time
systemd_pause(void)
{
	struct tn_slice span = tn_slice_str(tn__process_env("WATCHDOG_USEC"));
	struct tn_slice pid = tn_slice_str(tn__process_env("WATCHDOG_PID"));
	uint64_t usec, number;

	if (tn_parse_uint(span, INT64_MAX / 1000, &usec) < 0 || usec < 2)
		return -1;
	if (pid.len > 0 && (tn_parse_uint(pid, INT32_MAX, &number) < 0 ||
	    number != (uint64_t)getpid()))
		return -1;
	return (tn_time)usec * TN_MICROSECOND / 2;
}

int
tn_systemd_watchdog(void *arg)
{
	tn_time pause = systemd_pause();
	int r = pause < 0 ? -ECANCELED : 0;

	tn_fiber_name("watchdog");
	while (r == 0) {
		/* Should it not get through, we will hear of it. */
		(void)tn_systemd_notify("WATCHDOG=1");
		r = tn_sleep(pause);
	}
	return r == -ECANCELED ? 0 : r;
}
