#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/standard.h"

void
cli_standard_fill(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	cli_standard_release(fd);
}

int
cli_standard_own(int fd)
{
	char path[32];
	int own;

	if (lseek(fd, 0, SEEK_CUR) >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own < 0 ? fd : own;
}

void
cli_standard_release(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}
