/* Echo with libuv as its own guide would have it, and fast: one read buffer
 * for all, uv_try_write() first, uv_write() for what it did not take. */
#include <uv.h>
#include "peer.h"

struct rest {
	uv_write_t request;
	char bytes[];
};

static char buffer[PEER_BUFFER_BYTES];

static void
check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, uv_strerror(r));
	exit(1);
}

static void *
allocate(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		peer_die("malloc");
	return p;
}

static void
on_closed(uv_handle_t *connection)
{
	free(connection);
}

static void
drop(uv_stream_t *connection)
{
	if (!uv_is_closing((uv_handle_t *)connection))
		uv_close((uv_handle_t *)connection, on_closed);
}

static void
on_allocate(uv_handle_t *connection, size_t suggested, uv_buf_t *ret)
{
	(void)connection;
	(void)suggested;
	*ret = uv_buf_init(buffer, sizeof(buffer));
}

static void on_read(uv_stream_t *connection, ssize_t n, const uv_buf_t *buf);

static void
on_written(uv_write_t *request, int status)
{
	uv_stream_t *connection = request->handle;

	free(request); /* the first member of struct rest */
	if (status < 0)
		drop(connection);
	else
		check(uv_read_start(connection, on_allocate, on_read), "read");
}

static void
write_rest(uv_stream_t *connection, const char *bytes, size_t n)
{
	struct rest *rest = allocate(sizeof(*rest) + n);
	uv_buf_t out = uv_buf_init(rest->bytes, (unsigned)n);

	memcpy(rest->bytes, bytes, n);
	uv_read_stop(connection);
	check(uv_write(&rest->request, connection, &out, 1, on_written),
	    "write");
}

static void
on_read(uv_stream_t *connection, ssize_t n, const uv_buf_t *buf)
{
	uv_buf_t out;
	int sent;

	if (n == 0)
		return;
	if (n < 0) {
		drop(connection);
		return;
	}
	out = uv_buf_init(buf->base, (unsigned)n);
	sent = uv_try_write(connection, &out, 1);
	if (sent == n)
		return;
	if (sent < 0 && sent != UV_EAGAIN) {
		drop(connection);
		return;
	}
	if (sent < 0)
		sent = 0;
	write_rest(connection, buf->base + sent, (size_t)(n - sent));
}

static void
on_connection(uv_stream_t *listener, int status)
{
	uv_tcp_t *connection = allocate(sizeof(*connection));
	uv_stream_t *stream = (uv_stream_t *)connection;

	check(status, "listen");
	check(uv_tcp_init(listener->loop, connection), "init");
	check(uv_accept(listener, stream), "accept");
	check(uv_tcp_nodelay(connection, 1), "nodelay");
	check(uv_read_start(stream, on_allocate, on_read), "read");
}

int
main(void)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in at;
	char what[64];
	uv_tcp_t listener;
	uv_os_fd_t fd;

	check(uv_ip4_addr("127.0.0.1", 0, &at), "address");
	check(uv_tcp_init(loop, &listener), "init");
	check(uv_tcp_bind(&listener, (struct sockaddr *)&at, 0), "bind");
	check(uv_listen((uv_stream_t *)&listener, PEER_BACKLOG, on_connection),
	    "listen");
	check(uv_fileno((uv_handle_t *)&listener, &fd), "fileno");
	snprintf(what, sizeof(what), "libuv %s, uv_try_write, one read buffer",
	    uv_version_string());
	peer_ready(peer_port(fd), what);
	return uv_run(loop, UV_RUN_DEFAULT);
}
