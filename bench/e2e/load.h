/* What the loads share: clocks, connections from many addresses, and what a
 * process used meanwhile. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOAD_PER_ADDRESS 10000 /* connections from 127.0.0.1, then .2, ... */
#define LOAD_SILENCE_MS 10000  /* from all connections: the server hangs */
#define LOAD_SECOND INT64_C(1000000000)

__attribute__((noreturn)) static inline void
load_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline int64_t
load_clock(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		load_die("clock_gettime");
	return t.tv_sec * LOAD_SECOND + t.tv_nsec;
}

static inline int64_t
load_number(const char *text, int64_t max)
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

/* ---- connections --------------------------------------------------------- */

/* The port is chosen when it connects, so that each address has its own. */
static inline void
load_bind(int fd, int index)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK +
		    (uint32_t)(index / LOAD_PER_ADDRESS)),
	};
	int on = 1;

	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		load_die("bind");
}

/* Closing resets the connection: thousands in TIME_WAIT would be the next
 * run's burden. */
static inline void
load_set_options(int fd)
{
	struct linger reset = { .l_onoff = 1 };
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		load_die("setsockopt");
}

static inline int
load_connect(int index, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		load_die("socket");
	load_bind(fd, index);
	load_set_options(fd);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		load_die("connect");
	return fd;
}

/* ---- what was used ------------------------------------------------------- */

/* Nanoseconds that the process was ready to run and did not: the second number
 * of its schedstat.  0 on a kernel that does not tell. */
static inline int64_t
load_waited(pid_t pid)
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

struct load_sample {
	int64_t count, time, server, self, waited;
};

static inline struct load_sample
load_sample(int64_t count, pid_t pid)
{
	clockid_t server;

	errno = clock_getcpuclockid(pid, &server);
	if (errno != 0)
		load_die("clock_getcpuclockid");
	return (struct load_sample){
		.count = count,
		.time = load_clock(CLOCK_MONOTONIC),
		.server = load_clock(server),
		.self = load_clock(CLOCK_PROCESS_CPUTIME_ID),
		.waited = load_waited(pid) + load_waited(getpid()),
	};
}

/* The line that bench/ reads: how many; nanoseconds; CPU nanoseconds of the
 * server, and our own; nanoseconds that either of the two waited for a core
 * (other work). */
static inline void
load_print(const struct load_sample *a, const struct load_sample *b)
{
	printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
	    b->count - a->count, b->time - a->time, b->server - a->server,
	    b->self - a->self, b->waited - a->waited);
}

#endif
