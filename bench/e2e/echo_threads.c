/* Echo with a thread for each connection, on small stacks. */
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>
#include "peer.h"

#define STACK_BYTES ((size_t)256 * 1024)

static void *
echo(void *arg)
{
	char buffer[PEER_BUFFER_BYTES];
	int fd = (int)(intptr_t)arg;
	ssize_t n, sent;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		sent = send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
		if (sent != n) /* a blocking send is short on errors only */
			break;
	}
	close(fd);
	return NULL;
}

int
main(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int listener, fd;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	listener = peer_listen(0, 0);
	peer_ready(peer_port(listener),
	    "a thread each, blocking, 256 KiB stacks");

	for (;;) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			peer_die("accept4");
		errno = pthread_create(&thread, &attributes, echo,
		    (void *)(intptr_t)fd);
		if (errno != 0)
			peer_die("pthread_create");
	}
}
