/* The only file of stream/ that makes system calls. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/result.h"
#include "rt/rt.h"
#include "stream/host.h"

ssize_t
tn__stream_fd_read(int fd, void *out, size_t size)
{
	ssize_t n;

	do
		n = TN__RESULT(read(fd, out, size));
	while (n == -EINTR);
	return n;
}

ssize_t
tn__stream_fd_write(int fd, const void *bytes, size_t size)
{
	struct tn__sigpipe before;
	ssize_t n;

	tn__sigpipe_block(&before);
	do
		n = TN__RESULT(write(fd, bytes, size));
	while (n == -EINTR);
	tn__sigpipe_restore(&before, n == -EPIPE);
	return n;
}

void
tn__stream_fd_close(int fd)
{
	close(fd);
}

bool
tn__stream_fd_blocks(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || !(flags & O_NONBLOCK);
}
