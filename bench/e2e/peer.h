/* What the hand-written servers share: a listener on a port the kernel chose,
 * and the line that tells bench/run where it is and what was compared. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PEER_BUFFER_BYTES 65536
#define PEER_BACKLOG 4096

__attribute__((noreturn)) static inline void
peer_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* "PORT what this server is", which every server here prints when it is ready
 * to be connected to. */
static inline void
peer_ready(int port, const char *what)
{
	printf("%d %s\n", port, what);
	fflush(stdout);
}

static inline int
peer_port(int fd)
{
	struct sockaddr_in at;
	socklen_t size = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &size) < 0)
		peer_die("getsockname");
	return ntohs(at.sin_port);
}

/* Port 0: the kernel chooses.  TCP_NODELAY is inherited by what the listener
 * accepts. */
static inline int
peer_listen(int flags, int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port),
	};
	int on = 1;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		peer_die("socket");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		peer_die("setsockopt");
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		peer_die("bind");
	if (listen(fd, PEER_BACKLOG) < 0)
		peer_die("listen");
	return fd;
}

#endif
