/* stamp_udp_client - a datagram for each line that is typed, and its answer.
 *
 *     stamp_udp_client [HOST [PORT]]
 *
 * An empty line or Ctrl-D ends.  The server is echo_stamp udp:HOST:PORT. */
#include <errno.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/resolve.h>
#include <tenon/run.h>
#include <tenon/stream.h>

/* A datagram may be lost, either way, and nobody says so: hence the limit. */
static int
ask(struct tn_socket *s, struct tn_slice text, const struct tn_address *to)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer safe = { 0 };
	char answer[1024], from[TN_ADDRESS_TEXT_MAX];
	struct tn_address sender;
	struct tn_scope scope;
	ssize_t n;

	tn_scope_open(&scope, tn_after(TN_SECOND));
	n = tn_socket_sendto(s, text.data, text.len, 0, to);
	if (n >= 0)
		n = tn_socket_recvfrom(s, answer, sizeof(answer), 0, &sender);
	tn_scope_close(&scope);
	if (n < 0)
		return (int)n;
	n = tn_buffer_append_escaped(&safe, tn_slice(answer, (size_t)n));
	if (n == 0)
		printf("%s: %s\n", tn_address_format(&sender, from), safe.data);
	return (int)n;
}

static int
talk(const char *host, const char *port)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *keys = NULL;
	struct tn_address to;
	struct tn_slice line;
	int r = tn_net_getaddrinfo(host, port, AF_UNSPEC, SOCK_DGRAM, false,
	    &to, 1);

	if (r >= 0)
		r = tn_socket_open(to.storage.ss_family, SOCK_DGRAM, 0, &s);
	if (r == 0)
		r = tn_stream_from_fd(0, &keys);
	while (r >= 0) {
		printf("> ");
		fflush(stdout);
		r = tn_stream_read_line(keys, TN_LINE_ANY, 1024, &line);
		if (r <= 0 || line.len == 0)
			break;
		r = ask(s, line, &to);
		if (r == -ETIMEDOUT) {
			printf("No answer within a second.\n");
			r = 0;
		}
	}
	return r;
}

int
main(int argc, char **argv)
{
	int r = talk(argc > 1 ? argv[1] : "127.0.0.1",
	    argc > 2 ? argv[2] : "8888");

	if (r < 0)
		fprintf(stderr, "stamp_udp_client: %s\n", tn_error_text());
	return r < 0;
}
