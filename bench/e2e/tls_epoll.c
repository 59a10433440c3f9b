/* TLS by hand: epoll, OpenSSL on the descriptor, one static buffer, and nothing
 * that these two jobs do not need: the yardstick.  It echoes, or, given the
 * bytes of a reply, sends them for each request.
 *
 * Read-ahead makes a record one recv(), and without edges nobody has to ask
 * once more whether that was all.
 *
 *     tls_epoll CERT KEY [REPLY PORT] */
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "peer.h"

#define EVENTS 512
#define RECORD_BYTES 16384

static struct client {
	SSL *ssl;
	char *rest; /* what the socket did not take; `owned` if it was copied */
	size_t start, end;
	bool owned;
} *clients; /* indexed by descriptor */

static int poller;
static SSL_CTX *ctx;
static char buffer[RECORD_BYTES];
static char *reply; /* NULL: echo */
static size_t reply_len;

static void
watch(int operation, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	if (epoll_ctl(poller, operation, fd, &e) < 0)
		peer_die("epoll_ctl");
}

static void
drop(int fd)
{
	struct client *c = &clients[fd];

	if (c->owned)
		free(c->rest);
	SSL_free(c->ssl);
	*c = (struct client){ 0 };
	close(fd);
}

/* ---- writing ------------------------------------------------------------- */

/* How many went out; -1: the connection is gone. */
static ssize_t
write_some(int fd, const char *bytes, size_t n)
{
	struct client *c = &clients[fd];
	size_t sent = 0;

	while (sent < n) {
		int r = SSL_write(c->ssl, bytes + sent, (int)(n - sent));

		if (r > 0)
			sent += (size_t)r;
		else if (SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_WRITE)
			break;
		else
			return -1;
	}
	return (ssize_t)sent;
}

/* Keeps what did not go out until there is room. */
static bool
answer(int fd, char *bytes, size_t n)
{
	struct client *c = &clients[fd];
	ssize_t sent = write_some(fd, bytes, n);

	if (sent == (ssize_t)n)
		return true;
	if (sent < 0) {
		drop(fd);
		return false;
	}
	c->owned = bytes == buffer;
	c->rest = c->owned ? malloc(n) : bytes;
	if (c->rest == NULL)
		peer_die("malloc");
	if (c->owned)
		memcpy(c->rest, bytes, n);
	c->start = (size_t)sent;
	c->end = n;
	watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
	return false;
}

static bool
answer_rest(int fd)
{
	struct client *c = &clients[fd];
	ssize_t sent = write_some(fd, c->rest + c->start, c->end - c->start);

	if (sent < 0)
		drop(fd);
	if (sent < 0 || (c->start += (size_t)sent) < c->end)
		return false;
	if (c->owned)
		free(c->rest);
	c->rest = NULL;
	c->owned = false;
	watch(EPOLL_CTL_MOD, fd, EPOLLIN);
	return true;
}

/* ---- a connection -------------------------------------------------------- */

/* A head that comes in pieces, or two at once, is not what this is for. */
static bool
is_head(size_t n)
{
	return n > 4 && memcmp(buffer, "GET ", 4) == 0 &&
	    memcmp(buffer + n - 4, "\r\n\r\n", 4) == 0;
}

static void
serve(int fd)
{
	struct client *c = &clients[fd];
	int n, error;

	ERR_clear_error();
	if (c->rest != NULL && !answer_rest(fd))
		return;
	do {
		n = SSL_read(c->ssl, buffer, sizeof(buffer));
		if (n <= 0) {
			error = SSL_get_error(c->ssl, n);
			if (error != SSL_ERROR_WANT_READ &&
			    error != SSL_ERROR_WANT_WRITE)
				drop(fd);
			return;
		}
		if (reply != NULL && !is_head((size_t)n)) {
			drop(fd);
			return;
		}
		if (!answer(fd, reply == NULL ? buffer : reply,
			reply == NULL ? (size_t)n : reply_len))
			return;
	} while (SSL_has_pending(c->ssl));
}

static void
accept_all(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		clients[fd].ssl = SSL_new(ctx);
		if (clients[fd].ssl == NULL ||
		    SSL_set_fd(clients[fd].ssl, fd) != 1)
			peer_die("SSL_new");
		SSL_set_accept_state(clients[fd].ssl);
		watch(EPOLL_CTL_ADD, fd, EPOLLIN);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		peer_die("accept4");
}

/* ---- starting ------------------------------------------------------------ */

static void
make_ctx(const char *cert, const char *key)
{
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL ||
	    SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		exit(1);
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
}

static void
read_reply(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (file < 0 || fstat(file, &st) < 0)
		peer_die(path);
	reply_len = (size_t)st.st_size;
	reply = malloc(reply_len);
	if (reply == NULL || read(file, reply, reply_len) != st.st_size)
		peer_die(path);
	close(file);
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct rlimit files;
	int listener, n;

	if (argc != 3 && argc != 5) {
		fputs("usage: tls_epoll CERT KEY [REPLY PORT]\n", stderr);
		return 2;
	}
	make_ctx(argv[1], argv[2]);
	if (argc == 5)
		read_reply(argv[3]);
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		peer_die("getrlimit");
	clients = calloc(files.rlim_cur, sizeof(*clients));
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (clients == NULL || poller < 0)
		peer_die("epoll_create1");
	listener = peer_listen(SOCK_NONBLOCK, argc == 5 ? atoi(argv[4]) : 0);
	watch(EPOLL_CTL_ADD, listener, EPOLLIN);
	peer_ready(peer_port(listener), "hand-written: epoll, OpenSSL on the "
	    "descriptor with read-ahead, one buffer");

	for (;;) {
		n = epoll_wait(poller, events, EVENTS, -1);
		if (n < 0)
			peer_die("epoll_wait");
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(listener);
			else
				serve(events[i].data.fd);
		}
	}
}
