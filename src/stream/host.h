/* The seam of stream/: reading and writing descriptors that are neither
 * sockets nor files of ours, such as a terminal.  host_linux.c has the
 * kernel's calls; a simulated world has no such descriptors. */
#ifndef TN__STREAM_HOST_H
#define TN__STREAM_HOST_H

#include <stdbool.h>
#include <sys/types.h>

/* At the descriptor's own position, as read(2) and write(2): bytes or -errno;
 * SIGPIPE never comes. */
ssize_t tn__stream_fd_read(int fd, void *out, size_t size);
ssize_t tn__stream_fd_write(int fd, const void *bytes, size_t size);
void tn__stream_fd_close(int fd);

/* Whether a call that goes beyond what there is or fits would wait. */
bool tn__stream_fd_blocks(int fd);

#endif
