/* How much the kernel keeps for a socket, before and after it is told.
 *
 *     buffer_sizes [BYTES]
 *
 * What is read back is not what was set.  Linux takes the number as the bytes
 * that the program means to send or receive, and doubles it, because it counts
 * its own bookkeeping (struct sk_buff) against the buffer as well; what is read
 * is the doubled number.  Below a minimum and above net.core.wmem_max or
 * rmem_max it takes the nearest that it allows, without a word.  A buffer whose
 * size was set no longer grows by itself as a TCP connection needs it: mostly
 * it is best left alone. */
#include <limits.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/socket.h>

static int
show(const struct tn_socket *s, const char *when)
{
	static const struct {
		const char *name;
		int option;
	} buffers[] = { { "send", SO_SNDBUF }, { "receive", SO_RCVBUF } };

	for (size_t i = 0; i < TN_COUNT(buffers); i++) {
		socklen_t size = sizeof(int);
		int bytes = 0, r = tn_socket_getsockopt(s, SOL_SOCKET,
		    buffers[i].option, &bytes, &size);

		if (r < 0)
			return r;
		printf("%s buffer %s: %d bytes\n", buffers[i].name, when,
		    bytes);
	}
	return 0;
}

static int
resize(struct tn_socket *s, int bytes)
{
	int r = show(s, "before");

	if (r == 0)
		r = tn_socket_setsockopt(s, SOL_SOCKET, SO_SNDBUF, &bytes,
		    sizeof(bytes));
	if (r == 0)
		r = tn_socket_setsockopt(s, SOL_SOCKET, SO_RCVBUF, &bytes,
		    sizeof(bytes));
	return r < 0 ? r : show(s, "after");
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	uint64_t bytes = 4096;
	int r;

	if (argc > 2 || (argc > 1 &&
	    tn_parse_size(tn_slice_str(argv[1]), INT_MAX, &bytes) < 0)) {
		fprintf(stderr, "usage: buffer_sizes [BYTES]\n");
		return 2;
	}
	r = tn_socket_open(AF_INET, SOCK_STREAM, 0, &s);
	if (r == 0)
		r = resize(s, (int)bytes);
	if (r < 0)
		fprintf(stderr, "buffer_sizes: %s\n", tn_error_text());
	return r < 0;
}
