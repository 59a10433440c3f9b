/* Whether the peer of a stream is still there, while who serves it waits for
 * something else. */
#include <errno.h>

#include "net/socket.h"
#include "stream/stream.h"

#define LOOKOUT_READS 16

/* What comes is dropped: behind it may stand the end. */
static bool
lookout_gone(struct tn__lookout *lookout)
{
	char dropped[512];
	ssize_t n;

	for (int i = 0; i < LOOKOUT_READS; i++) {
		n = tn__net()->recv(lookout->io->fd, dropped, sizeof(dropped),
		    MSG_DONTWAIT);
		if (n == -EAGAIN) {
			tn__io_empty(lookout->io, TN__IO_READ);
			return false;
		}
		if (n <= 0 && n != -EINTR)
			return true;
	}
	return false;
}

void
tn__stream_lookout_open(struct tn_stream *s, struct tn__lookout *lookout)
{
	struct tn_socket *socket = tn_stream_socket(s);

	tn__lookout_open(lookout, socket == NULL ? NULL : &socket->io,
	    lookout_gone);
}

void
tn__stream_lookout_fire(struct tn__lookout *lookout)
{
	tn__lookout_fire(lookout);
}

void
tn__stream_lookout_close(struct tn__lookout *lookout)
{
	tn__lookout_close(lookout);
}
