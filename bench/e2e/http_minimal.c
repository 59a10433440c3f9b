/* HTTP by hand, for one file: edge-triggered epoll, one recv, the end of the
 * head, and a reply that was prepared when it started, in one send; a large
 * file by sendfile.  It looks at no field but Connection, knows one address and
 * no time, so no server of files can do less: the yardstick.
 *
 *     http_minimal FILE PORT */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include "peer.h"

#define EVENTS 512
#define LARGE_BYTES 65536 /* from here on by sendfile */
#define GONE (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

static struct reply {
	char *bytes;  /* the head, and the body unless it is large */
	size_t len;
	size_t whole; /* with the body */
} keep, last;

static struct client {
	const struct reply *reply; /* the present or the next one */
	size_t sent;               /* of it */
	bool busy;                 /* the socket did not take all of it */
} *clients; /* indexed by descriptor */

static int file, poller;
static char buffer[PEER_BUFFER_BYTES];

/* ---- the reply ----------------------------------------------------------- */

static void
prepare(struct reply *r, const char *connection)
{
	struct stat st;
	size_t body;
	int head;

	r->bytes = malloc(512 + LARGE_BYTES);
	if (r->bytes == NULL || fstat(file, &st) < 0)
		peer_die("fstat");
	body = (size_t)st.st_size;
	head = snprintf(r->bytes, 512,
	    "HTTP/1.1 200 OK\r\n"
	    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	    "%s"
	    "Content-Type: text/html\r\n"
	    "Content-Length: %zu\r\n"
	    "ETag: \"0123456789abcdef\"\r\n"
	    "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	    "\r\n",
	    connection, body);
	r->len = (size_t)head;
	r->whole = r->len + body;
	if (body >= LARGE_BYTES)
		return;
	if (pread(file, r->bytes + r->len, body, 0) != st.st_size)
		peer_die("pread");
	r->len = r->whole;
}

/* ---- a connection -------------------------------------------------------- */

static void
watch(int operation, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events | EPOLLET, .data.fd = fd };

	if (epoll_ctl(poller, operation, fd, &e) < 0)
		peer_die("epoll_ctl");
}

static ssize_t
answer_once(int fd, const struct reply *r, size_t sent)
{
	off_t offset = (off_t)(sent - r->len);

	if (sent >= r->len)
		return sendfile(fd, file, &offset, r->whole - sent);
	return send(fd, r->bytes + sent, r->len - sent,
	    MSG_NOSIGNAL | (r->whole > r->len ? MSG_MORE : 0));
}

/* False: nothing more can be done with this connection now. */
static bool
answer(int fd)
{
	struct client *c = &clients[fd];
	ssize_t n;

	while (c->sent < c->reply->whole) {
		n = answer_once(fd, c->reply, c->sent);
		if (n < 0) {
			c->busy = errno == EAGAIN;
			if (!c->busy)
				close(fd);
			return false;
		}
		c->sent += (size_t)n;
	}
	c->sent = 0;
	c->busy = false;
	if (c->reply == &last)
		close(fd);
	return c->reply != &last;
}

/* A head that comes in pieces, or two at once, is not what this is for. */
static bool
is_head(size_t n)
{
	return n > 4 && memcmp(buffer, "GET ", 4) == 0 &&
	    memcmp(buffer + n - 4, "\r\n\r\n", 4) == 0;
}

/* A short read means that the socket is empty, unless the peer is leaving: then
 * only reading on shows its end. */
static void
serve(int fd, uint32_t events)
{
	static const char close_line[] = "Connection: close\r\n";
	struct client *c = &clients[fd];
	ssize_t n;

	if (c->busy && !answer(fd))
		return;
	if (!(events & (EPOLLIN | GONE)))
		return;
	do {
		n = recv(fd, buffer, sizeof(buffer), 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 || !is_head((size_t)n)) {
			close(fd);
			return;
		}
		c->reply = memmem(buffer, (size_t)n, close_line,
		    sizeof(close_line) - 1) == NULL ? &keep : &last;
	} while (answer(fd) && events & GONE);
}

static void
accept_all(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		clients[fd] = (struct client){ 0 };
		watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		peer_die("accept4");
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct rlimit files;
	int listener, n;

	if (argc != 3) {
		fputs("usage: http_minimal FILE PORT\n", stderr);
		return 2;
	}
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (file < 0)
		peer_die(argv[1]);
	prepare(&keep, "");
	prepare(&last, "Connection: close\r\n");
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		peer_die("getrlimit");
	clients = calloc(files.rlim_cur, sizeof(*clients));
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (clients == NULL || poller < 0)
		peer_die("epoll_create1");
	listener = peer_listen(SOCK_NONBLOCK, atoi(argv[2]));
	watch(EPOLL_CTL_ADD, listener, EPOLLIN);

	for (;;) {
		n = epoll_wait(poller, events, EVENTS, -1);
		if (n < 0 && errno != EINTR) /* strace begins with one */
			peer_die("epoll_wait");
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(listener);
			else
				serve(events[i].data.fd, events[i].events);
		}
	}
}
