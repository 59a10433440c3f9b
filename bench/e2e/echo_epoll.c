/* Echo by hand: edge-triggered epoll, one static buffer, the answer sent at
 * once.  It does nothing that this one program does not need, so it is the
 * yardstick: no general library can do less. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include "peer.h"

#define EVENTS 512
#define GONE (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

/* An answer that the socket did not take; indexed by descriptor. */
static struct pending {
	char *bytes;
	size_t start, end;
} *pending;

static char buffer[PEER_BUFFER_BYTES];
static int poller;

static void
watch(int operation, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events | EPOLLET, .data.fd = fd };

	if (epoll_ctl(poller, operation, fd, &e) < 0)
		peer_die("epoll_ctl");
}

static void
drop(int fd)
{
	free(pending[fd].bytes);
	pending[fd].bytes = NULL;
	close(fd);
}

static void
keep(int fd, const char *bytes, size_t n)
{
	struct pending *p = &pending[fd];

	p->bytes = malloc(n);
	if (p->bytes == NULL)
		peer_die("malloc");
	memcpy(p->bytes, bytes, n);
	p->start = 0;
	p->end = n;
	watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
}

/* False: nothing more can be done with this connection now. */
static bool
answer(int fd, size_t n)
{
	ssize_t sent = send(fd, buffer, n, MSG_NOSIGNAL);

	if (sent == (ssize_t)n)
		return true;
	if (sent < 0 && errno != EAGAIN) {
		drop(fd);
		return false;
	}
	if (sent < 0)
		sent = 0;
	keep(fd, buffer + sent, n - (size_t)sent);
	return false;
}

/* Nothing is read meanwhile; what came is reported anew by the last line. */
static void
answer_rest(int fd)
{
	struct pending *p = &pending[fd];
	ssize_t sent;

	while (p->start < p->end) {
		sent = send(fd, p->bytes + p->start, p->end - p->start,
		    MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN)
				drop(fd);
			return;
		}
		p->start += (size_t)sent;
	}
	free(p->bytes);
	p->bytes = NULL;
	watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP);
}

/* A short read means that the socket is empty, unless the peer is leaving: then
 * only reading on shows its end. */
static void
echo(int fd, uint32_t events)
{
	ssize_t n;

	if (pending[fd].bytes != NULL) {
		answer_rest(fd);
		return;
	}
	for (;;) {
		n = recv(fd, buffer, sizeof(buffer), 0);
		if (n <= 0) {
			if (n == 0 || errno != EAGAIN)
				drop(fd);
			return;
		}
		if (!answer(fd, (size_t)n))
			return;
		if (n < (ssize_t)sizeof(buffer) && !(events & GONE))
			return;
	}
}

static void
accept_all(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP);
	if (errno != EAGAIN && errno != ECONNABORTED)
		peer_die("accept4");
}

int
main(void)
{
	struct epoll_event events[EVENTS];
	struct rlimit files;
	int listener, n;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		peer_die("getrlimit");
	pending = calloc(files.rlim_cur, sizeof(*pending));
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (pending == NULL || poller < 0)
		peer_die("epoll_create1");
	listener = peer_listen(SOCK_NONBLOCK, 0);
	watch(EPOLL_CTL_ADD, listener, EPOLLIN);
	peer_ready(peer_port(listener),
	    "hand-written, edge-triggered epoll, short-read hint");

	for (;;) {
		n = epoll_wait(poller, events, EVENTS, -1);
		if (n < 0)
			peer_die("epoll_wait");
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(listener);
			else
				echo(events[i].data.fd, events[i].events);
		}
	}
}
