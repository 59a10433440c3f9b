/* The only file of stream/ that makes system calls. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <tenon/run.h>

#include "stream/host.h"

ssize_t
tn__stream_fd_read(int fd, void *out, size_t size)
{
	ssize_t n;

	do
		n = read(fd, out, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t
host_write(int fd, const void *bytes, size_t size)
{
	ssize_t n;

	do
		n = write(fd, bytes, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Loops and workers block SIGPIPE.  On any other thread it is blocked for the
 * length of the call, and the one that the call caused is taken back. */
ssize_t
tn__stream_fd_write(int fd, const void *bytes, size_t size)
{
	sigset_t pipe_set, old_set, pending;
	ssize_t n;

	if (tn_loop_index() >= 0)
		return host_write(fd, bytes, size);

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigemptyset(&pending);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_set, &old_set);
	n = host_write(fd, bytes, size);
	if (n == -EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe_set, NULL, &(struct timespec){ 0 });
	pthread_sigmask(SIG_SETMASK, &old_set, NULL);
	return n;
}
