/* The load of the echo benchmarks: one thread, CONNS connections, each sends
 * SIZE bytes, waits until they have all come back, and sends again.
 *
 *     load run PORT SIZE CONNS WARM_MS MEASURE_MS PID
 *         messages; nanoseconds; CPU nanoseconds of process PID, and our own;
 *         nanoseconds that either of the two waited for a core (other work)
 *     load hold PORT SIZE CONNS
 *         one exchange each, then "ready", then holds them until stdin ends
 *
 * Every connection sends bytes of its own, and each answer is compared: a
 * server that mixes connections up does not get a number. */
#include <stdbool.h>
#include <sys/epoll.h>
#include "load.h"

#define EVENTS 512
#define SIZE_MAX_BYTES ((size_t)65535)
#define PATTERNS 251           /* a prime, so that neighbours differ */

static struct client {
	int fd;
	uint32_t sent, got; /* of the present message */
} *clients;

static int count, poller;
static size_t size;
static int64_t messages;
static char pattern[SIZE_MAX_BYTES + PATTERNS];
static char buffer[SIZE_MAX_BYTES + 1]; /* larger than a message, so that each
					 * read is short: nothing is left */

__attribute__((noreturn)) static void
die_client(const struct client *c, const char *what)
{
	fprintf(stderr, "load: connection %td of %d: %s\n", c - clients, count,
	    what);
	exit(1);
}

/* ---- opening and closing ------------------------------------------------- */

static void
open_client(int index, uint16_t port)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.u32 = (uint32_t)index,
	};
	int fd = load_connect(index, port);

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) < 0)
		load_die("epoll_ctl");
	clients[index].fd = fd;
}

static void
open_all(uint16_t port)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)(i % PATTERNS);
	clients = calloc((size_t)count, sizeof(*clients));
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (clients == NULL || poller < 0)
		load_die("epoll_create1");
	for (int i = 0; i < count; i++)
		open_client(i, port);
}

/* ---- the exchange -------------------------------------------------------- */

static const char *
message_of(const struct client *c)
{
	return pattern + (c - clients) % PATTERNS;
}

static void
send_rest(struct client *c)
{
	ssize_t n = send(c->fd, message_of(c) + c->sent, size - c->sent,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		c->sent += (uint32_t)n;
	else if (errno != EAGAIN)
		load_die("send");
}

/* True when the whole message is back. */
static bool
receive(struct client *c)
{
	ssize_t n = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN)
			load_die("recv");
		return false;
	}
	if (n == 0)
		die_client(c, "the server closed it");
	if ((size_t)n > c->sent - c->got ||
	    memcmp(buffer, message_of(c) + c->got, (size_t)n) != 0)
		die_client(c, "what came back is not what was sent");
	c->got += (uint32_t)n;
	return c->got == size;
}

/* Serves the connections that have something; `again` sends the next message
 * when one is back. */
static void
turn(bool again)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(poller, events, EVENTS, LOAD_SILENCE_MS);

	if (n < 0)
		load_die("epoll_wait");
	if (n == 0) {
		errno = ETIMEDOUT;
		load_die("no answer on any connection");
	}
	for (int i = 0; i < n; i++) {
		struct client *c = &clients[events[i].data.u32];

		if (c->sent < size)
			send_rest(c);
		if (!(events[i].events & EPOLLIN) || !receive(c))
			continue;
		messages++;
		if (again) {
			c->sent = c->got = 0;
			send_rest(c);
		}
	}
}

static void
send_first(void)
{
	for (int i = 0; i < count; i++)
		send_rest(&clients[i]);
}

/* ---- the two ways to run ------------------------------------------------- */

static void
turn_until(int64_t end)
{
	while (load_clock(CLOCK_MONOTONIC) < end)
		turn(true);
}

static void
run(int64_t warm_ms, int64_t measure_ms, pid_t pid)
{
	struct load_sample a, b;

	send_first();
	turn_until(load_clock(CLOCK_MONOTONIC) + warm_ms * 1000000);
	a = load_sample(messages, pid);
	turn_until(a.time + measure_ms * 1000000);
	b = load_sample(messages, pid);
	load_print(&a, &b);
}

static void
hold(void)
{
	char byte;

	send_first();
	while (messages < count)
		turn(false);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

int
main(int argc, char **argv)
{
	bool run_mode = argc == 8 && strcmp(argv[1], "run") == 0;
	bool hold_mode = argc == 5 && strcmp(argv[1], "hold") == 0;

	if (!run_mode && !hold_mode) {
		fputs("usage: load run PORT SIZE CONNS WARM_MS MEASURE_MS PID\n"
		      "       load hold PORT SIZE CONNS\n",
		    stderr);
		return 2;
	}
	size = (size_t)load_number(argv[3], (int64_t)SIZE_MAX_BYTES);
	count = (int)load_number(argv[4], INT32_MAX);
	open_all((uint16_t)load_number(argv[2], UINT16_MAX));
	if (run_mode)
		run(load_number(argv[5], 3600000),
		    load_number(argv[6], 3600000),
		    (pid_t)load_number(argv[7], INT32_MAX));
	else
		hold();
	return 0;
}
