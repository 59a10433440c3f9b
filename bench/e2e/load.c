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
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 512
#define SIZE_MAX_BYTES ((size_t)65535)
#define PATTERNS 251           /* a prime, so that neighbours differ */
#define PER_ADDRESS 10000      /* connections from 127.0.0.1, then .2, ... */
#define SILENCE_MS 10000       /* from all connections: the server hangs */
#define SECOND INT64_C(1000000000)

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
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

__attribute__((noreturn)) static void
die_client(const struct client *c, const char *what)
{
	fprintf(stderr, "load: connection %td of %d: %s\n", c - clients, count,
	    what);
	exit(1);
}

static int64_t
clock_read(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		die("clock_gettime");
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- opening and closing ------------------------------------------------- */

/* The port is chosen when it connects, so that each address has its own. */
static void
bind_source(int fd, int index)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_addr.s_addr =
		    htonl(INADDR_LOOPBACK + (uint32_t)(index / PER_ADDRESS)),
	};
	int on = 1;

	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		die("bind");
}

/* Closing resets the connection: thousands in TIME_WAIT would be the next
 * run's burden. */
static void
set_options(int fd)
{
	struct linger reset = { .l_onoff = 1 };
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		die("setsockopt");
}

static void
open_client(int index, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.u32 = (uint32_t)index,
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	bind_source(fd, index);
	set_options(fd);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) < 0)
		die("epoll_ctl");
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
		die("epoll_create1");
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
		die("send");
}

/* True when the whole message is back. */
static bool
receive(struct client *c)
{
	ssize_t n = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN)
			die("recv");
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
	int n = epoll_wait(poller, events, EVENTS, SILENCE_MS);

	if (n < 0)
		die("epoll_wait");
	if (n == 0) {
		errno = ETIMEDOUT;
		die("no answer on any connection");
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

/* Nanoseconds that the process was ready to run and did not: the second number
 * of its schedstat.  0 on a kernel that does not tell. */
static int64_t
waited(pid_t pid)
{
	int64_t ran = 0, delayed = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNd64 " %" SCNd64, &ran, &delayed) != 2)
		delayed = 0;
	fclose(file);
	return delayed;
}

struct sample {
	int64_t messages, time, server, self, waited;
};

static struct sample
sample(pid_t pid, clockid_t server)
{
	return (struct sample){
		.messages = messages,
		.time = clock_read(CLOCK_MONOTONIC),
		.server = clock_read(server),
		.self = clock_read(CLOCK_PROCESS_CPUTIME_ID),
		.waited = waited(pid) + waited(getpid()),
	};
}

static void
turn_until(int64_t end)
{
	while (clock_read(CLOCK_MONOTONIC) < end)
		turn(true);
}

static void
run(int64_t warm_ms, int64_t measure_ms, pid_t pid)
{
	struct sample a, b;
	clockid_t server;

	errno = clock_getcpuclockid(pid, &server);
	if (errno != 0)
		die("clock_getcpuclockid");
	send_first();
	turn_until(clock_read(CLOCK_MONOTONIC) + warm_ms * 1000000);
	a = sample(pid, server);
	turn_until(a.time + measure_ms * 1000000);
	b = sample(pid, server);
	printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
	    b.messages - a.messages, b.time - a.time, b.server - a.server,
	    b.self - a.self, b.waited - a.waited);
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

static int64_t
number(const char *text, int64_t max)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (end == text || *end != '\0' || n < 1 || n > max) {
		fprintf(stderr, "load: %s is not in 1 to %" PRId64 "\n",
		    text, max);
		exit(2);
	}
	return n;
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
	size = (size_t)number(argv[3], (int64_t)SIZE_MAX_BYTES);
	count = (int)number(argv[4], INT32_MAX);
	open_all((uint16_t)number(argv[2], UINT16_MAX));
	if (run_mode)
		run(number(argv[5], 3600000), number(argv[6], 3600000),
		    (pid_t)number(argv[7], INT32_MAX));
	else
		hold();
	return 0;
}
