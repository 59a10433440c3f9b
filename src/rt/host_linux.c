/* The kernel as a host: clocks, epoll, eventfd, ppoll. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "base/result.h"
#include "rt/internal.h"

static tn_time
host_now(struct tn__host *host)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (tn_time)t.tv_sec * TN_SECOND + t.tv_nsec;
}

static int64_t
host_wall_now(struct tn__host *host)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * TN_SECOND + t.tv_nsec;
}

/* ---- a counter that wakes ---------------------------------------------- */

int
tn__host_event_open(void)
{
	return TN__RESULT(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void
tn__host_event_set(int fd)
{
	uint64_t one = 1;
	int saved = errno; /* also called in signal handlers */

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved;
}

void
tn__host_event_clear(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

void
tn__host_event_close(int fd)
{
	close(fd);
}

/* ---- epoll ------------------------------------------------------------- */

struct tn__poller {
	int epoll_fd, event_fd;
	struct tn__host *host;
};

#define HOST_EVENTS_MAX 256
#define HOST_WAKE UINT64_MAX /* data of the eventfd */

static void
host_poller_free(struct tn__poller *poller)
{
	if (poller == NULL)
		return;
	if (poller->event_fd >= 0)
		close(poller->event_fd);
	if (poller->epoll_fd >= 0)
		close(poller->epoll_fd);
	tn__free(poller);
}

static int
host_poller_open(struct tn__host *host, struct tn__poller **ret)
{
	struct epoll_event wake = { .events = EPOLLIN | EPOLLET,
		.data.u64 = HOST_WAKE };
	struct tn__poller *poller = tn__zalloc(sizeof(*poller));
	int r;

	if (poller == NULL)
		return -ENOMEM;
	poller->host = host;
	poller->event_fd = -1;
	poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r = poller->epoll_fd < 0 ? -errno : tn__host_event_open();
	if (r >= 0) {
		poller->event_fd = r;
		r = epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, r, &wake) < 0 ?
		    -errno : 0;
	}
	if (r < 0) {
		host_poller_free(poller);
		return r;
	}
	*ret = poller;
	return 0;
}

static uint32_t
host_epoll_bits(unsigned bits)
{
	uint32_t events = 0;

	if (bits & TN__POLL_LEVEL) {
		events = EPOLLONESHOT;
		if (bits & TN__POLL_IN)
			events |= EPOLLIN | EPOLLRDHUP;
		if (bits & TN__POLL_OUT)
			events |= EPOLLOUT;
		return events;
	}
	if (bits & TN__POLL_EXCLUSIVE)
		return EPOLLIN | EPOLLET | EPOLLEXCLUSIVE;
	return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
}

static int
host_poller_ctl(struct tn__poller *poller, int op, int fd, unsigned bits,
    uint64_t data)
{
	struct epoll_event event = { .events = host_epoll_bits(bits),
		.data.u64 = data };

	return TN__RESULT(epoll_ctl(poller->epoll_fd, op, fd, &event));
}

static int
host_poller_add(struct tn__poller *poller, int fd, unsigned bits, uint64_t data)
{
	return host_poller_ctl(poller, EPOLL_CTL_ADD, fd, bits, data);
}

static int
host_poller_rearm(struct tn__poller *poller, int fd, unsigned bits,
    uint64_t data)
{
	return host_poller_ctl(poller, EPOLL_CTL_MOD, fd, bits, data);
}

static void
host_poller_remove(struct tn__poller *poller, int fd)
{
	struct epoll_event unused = { 0 };

	epoll_ctl(poller->epoll_fd, EPOLL_CTL_DEL, fd, &unused);
}

static void
host_timespec(struct tn__host *host, tn_time deadline, struct timespec *ret)
{
	tn_time left = deadline - host->now(host);

	if (left < 0)
		left = 0;
	ret->tv_sec = left / TN_SECOND;
	ret->tv_nsec = (long)(left % TN_SECOND);
}

/* epoll_pwait2() is newer (Linux 5.11) than some of what we run on, and
 * epoll_wait() counts whole milliseconds: rounded up, so that no timer is early
 * and no loop spins. */
static int
host_timeout_ms(struct tn__host *host, tn_time deadline)
{
	tn_time left;

	if (deadline == TN_NEVER)
		return -1;
	if (deadline == 0)
		return 0;
	left = deadline - host->now(host);
	if (left <= 0)
		return 0;
	left = (left + TN_MILLISECOND - 1) / TN_MILLISECOND;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int
host_poller_wait(struct tn__poller *poller, struct tn__poll_event *events,
    int count, tn_time deadline)
{
	struct epoll_event got[HOST_EVENTS_MAX];
	int n, used = 0;

	if (count > HOST_EVENTS_MAX)
		count = HOST_EVENTS_MAX;
	n = epoll_wait(poller->epoll_fd, got, count,
	    host_timeout_ms(poller->host, deadline));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		uint32_t e = got[i].events;
		unsigned bits = 0;

		if (got[i].data.u64 == HOST_WAKE) {
			tn__host_event_clear(poller->event_fd);
			continue;
		}
		if (e & (EPOLLIN | EPOLLPRI | EPOLLRDHUP))
			bits |= TN__POLL_IN;
		if (e & EPOLLOUT)
			bits |= TN__POLL_OUT;
		if (e & (EPOLLERR | EPOLLHUP))
			bits |= TN__POLL_IN | TN__POLL_OUT;
		if (e & (EPOLLPRI | EPOLLERR | EPOLLHUP | EPOLLRDHUP))
			bits |= TN__POLL_ODD;
		events[used].data = got[i].data.u64;
		events[used++].bits = bits;
	}
	return used;
}

static void
host_poller_wake(struct tn__poller *poller)
{
	tn__host_event_set(poller->event_fd);
}

static int
host_poll(struct tn__host *host, struct pollfd *fds, size_t count,
    tn_time deadline)
{
	struct timespec left;
	int n;

	if (deadline != TN_NEVER)
		host_timespec(host, deadline, &left);
	n = ppoll(fds, count, deadline == TN_NEVER ? NULL : &left, NULL);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n;
}

struct tn__host tn__host_linux = {
	.now = host_now,
	.wall_now = host_wall_now,
	.poller_open = host_poller_open,
	.poller_free = host_poller_free,
	.poller_add = host_poller_add,
	.poller_rearm = host_poller_rearm,
	.poller_remove = host_poller_remove,
	.poller_wait = host_poller_wait,
	.poller_wake = host_poller_wake,
	.poll = host_poll,
};
