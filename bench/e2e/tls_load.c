/* The load of the TLS benchmarks, by OpenSSL: one thread, CONNS connections.
 * It checks no certificate, only that the server has its key.
 *
 *     tls_load echo PORT CONNS WARM_MS MEASURE_MS PID SIZE
 *         each sends SIZE bytes, waits until they have all come back, and
 *         sends again; every answer is compared
 *     tls_load full PORT CONNS WARM_MS MEASURE_MS PID
 *     tls_load resumed PORT CONNS WARM_MS MEASURE_MS PID
 *         each connects, shakes hands, says that it leaves, reads until the
 *         server has left too, and begins again; `resumed` with the last
 *         ticket that came
 *     tls_load hold PORT CONNS PATH BYTES
 *         one request each and its reply of so many bytes, then "ready", then
 *         holds them until stdin ends
 *
 * All but `hold` print what load_print() does. */
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include "load.h"

#define EVENTS 512
#define SIZE_MAX_BYTES ((size_t)65535)
#define PATTERNS 251 /* a prime, so that neighbours differ */
#define PERIOD_MAX_MS 3600000
#define SHAKING_MAX 20 /* at once of those that are held: who shakes hands
			* needs more memory than who has */

static struct client {
	int fd;
	SSL *ssl;
	SSL_SESSION *session;
	size_t sent, got; /* of the present message */
	bool asked;       /* for the session to be resumed */
	bool leaving;     /* it has said so */
} *clients;

enum mode { ECHO, FULL, RESUMED, HOLD };

static enum mode mode;
static int count, poller, opened;
static uint16_t port;
static SSL_CTX *ctx;
static int64_t done;   /* messages, handshakes or replies */
static size_t size;    /* of a message */
static size_t reply;   /* bytes that come back for it */
static char pattern[SIZE_MAX_BYTES + PATTERNS];
static char buffer[16384];

__attribute__((noreturn)) static void
die_client(const struct client *c, const char *what)
{
	unsigned long error = ERR_get_error();

	fprintf(stderr, "load: connection %td of %d: %s%s%s\n", c - clients,
	    count, what, error == 0 ? "" : ": ",
	    error == 0 ? "" : ERR_reason_error_string(error));
	exit(1);
}

/* ---- opening ------------------------------------------------------------- */

static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct client *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

static void
make_ctx(void)
{
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL)
		load_die("SSL_CTX_new");
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_read_ahead(ctx, 1); /* a record a call */
	if (mode != RESUMED)
		return;
	SSL_CTX_set_session_cache_mode(ctx,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, keep_session);
}

static void
open_client(struct client *c)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = c,
	};

	c->fd = load_connect((int)(c - clients), port);
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0)
		load_die("fcntl");
	c->ssl = SSL_new(ctx);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		die_client(c, "out of memory");
	SSL_set_connect_state(c->ssl);
	SSL_set_app_data(c->ssl, c);
	c->asked = c->session != NULL;
	if (c->asked && SSL_set_session(c->ssl, c->session) != 1)
		die_client(c, "a ticket that cannot be used");
	c->sent = c->got = 0;
	c->leaving = false;
	if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e) < 0)
		load_die("epoll_ctl");
}

static void
close_client(struct client *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
}

static void
open_next(void)
{
	if (opened < count)
		open_client(&clients[opened++]);
}

static void
open_all(void)
{
	int first = mode == HOLD && count > SHAKING_MAX ? SHAKING_MAX : count;

	clients = calloc((size_t)count, sizeof(*clients));
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (clients == NULL || poller < 0)
		load_die("epoll_create1");
	make_ctx();
	while (opened < first)
		open_next();
}

/* ---- messages ------------------------------------------------------------ */

/* Every connection sends bytes of its own: a server that mixes connections up
 * does not get a number. */
static const char *
message_of(const struct client *c)
{
	return mode == HOLD ? pattern : pattern + (c - clients) % PATTERNS;
}

/* False: it has to wait, or the server is gone. */
static bool
went_on(const struct client *c, int n)
{
	int error = SSL_get_error(c->ssl, n);

	if (error == SSL_ERROR_ZERO_RETURN)
		die_client(c, "the server closed it");
	if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ &&
	    error != SSL_ERROR_WANT_WRITE)
		die_client(c, "TLS failed");
	return error == SSL_ERROR_NONE;
}

static void
send_rest(struct client *c)
{
	while (c->sent < size) {
		int n = SSL_write(c->ssl, message_of(c) + c->sent,
		    (int)(size - c->sent));

		if (!went_on(c, n))
			return;
		c->sent += (size_t)n;
	}
}

static void
receive(struct client *c)
{
	while (c->got < reply) {
		int n = SSL_read(c->ssl, buffer, sizeof(buffer));

		if (!went_on(c, n))
			return;
		if ((size_t)n > reply - c->got)
			die_client(c, "more came back than was due");
		if (mode == ECHO && memcmp(buffer, message_of(c) + c->got,
			(size_t)n) != 0)
			die_client(c, "what came back is not what was sent");
		c->got += (size_t)n;
		if (SSL_pending(c->ssl) == 0 && c->got < reply &&
		    !SSL_has_pending(c->ssl))
			return; /* or the next read would only say so */
	}
}

static void
talk(struct client *c)
{
	send_rest(c);
	receive(c);
	if (c->got < reply)
		return;
	done++;
	c->got = 0;
	if (mode == HOLD) {
		open_next();
		return;
	}
	c->sent = 0;
	send_rest(c);
}

/* ---- handshakes ---------------------------------------------------------- */

static void
leave(struct client *c)
{
	int n;

	if (c->asked && !SSL_session_reused(c->ssl))
		die_client(c, "the server does not know its ticket");
	if (!c->leaving) {
		(void)SSL_shutdown(c->ssl);
		c->leaving = true;
	}
	do
		n = SSL_read(c->ssl, buffer, sizeof(buffer));
	while (n > 0);
	if (SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ)
		return;
	ERR_clear_error(); /* an end without a close_notify */
	if (mode == RESUMED && c->session == NULL)
		die_client(c, "the server gives no tickets");
	done++;
	close_client(c);
	open_client(c);
}

/* ---- the loop ------------------------------------------------------------ */

static void
turn_client(struct client *c)
{
	ERR_clear_error();
	if (!SSL_is_init_finished(c->ssl) &&
	    !went_on(c, SSL_do_handshake(c->ssl)))
		return;
	if (mode == FULL || mode == RESUMED)
		leave(c);
	else
		talk(c);
}

static void
turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(poller, events, EVENTS, LOAD_SILENCE_MS);

	if (n < 0)
		load_die("epoll_wait");
	if (n == 0) {
		errno = ETIMEDOUT;
		load_die("no answer on any connection");
	}
	for (int i = 0; i < n; i++)
		turn_client(events[i].data.ptr);
}

static void
turn_until(int64_t end)
{
	while (load_clock(CLOCK_MONOTONIC) < end)
		turn();
}

static void
run(int64_t warm_ms, int64_t measure_ms, pid_t pid)
{
	struct load_sample a, b;

	while (done < count) /* all have shaken hands, or have a ticket */
		turn();
	turn_until(load_clock(CLOCK_MONOTONIC) + warm_ms * 1000000);
	a = load_sample(done, pid);
	turn_until(a.time + measure_ms * 1000000);
	b = load_sample(done, pid);
	load_print(&a, &b);
}

static void
hold(void)
{
	char byte;

	while (done < count)
		turn();
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int
usage(void)
{
	fputs("usage: tls_load echo PORT CONNS WARM_MS MEASURE_MS PID SIZE\n"
	      "       tls_load full|resumed PORT CONNS WARM_MS MEASURE_MS PID\n"
	      "       tls_load hold PORT CONNS PATH BYTES\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int words;
	} modes[] = { [ECHO] = { "echo", 8 },
		[FULL] = { "full", 7 },
		[RESUMED] = { "resumed", 7 },
		[HOLD] = { "hold", 6 } };

	while (argc < 2 || strcmp(argv[1], modes[mode].name) != 0)
		if (argc < 2 || mode++ == HOLD)
			return usage();
	if (argc != modes[mode].words)
		return usage();
	port = (uint16_t)load_number(argv[2], UINT16_MAX);
	count = (int)load_number(argv[3], INT32_MAX);
	if (mode == HOLD) {
		size = (size_t)snprintf(pattern, sizeof(pattern),
		    "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[4]);
		reply = (size_t)load_number(argv[5], INT32_MAX);
		open_all();
		hold();
		return 0;
	}
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)(i % PATTERNS);
	if (mode == ECHO)
		size = reply = (size_t)load_number(argv[7],
		    (int64_t)SIZE_MAX_BYTES);
	open_all();
	run(load_number(argv[4], PERIOD_MAX_MS),
	    load_number(argv[5], PERIOD_MAX_MS),
	    (pid_t)load_number(argv[6], INT32_MAX));
	return 0;
}
