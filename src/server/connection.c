/* One caller, from setup to close. */
#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include "base/memory.h"
#include "net/socket.h"
#include "server/server.h"
#include "stream/stream.h"

#define CONNECTION_CLOSE_SPAN TN_SECOND /* for the end of a cancelled one */
#define CONNECTION_REPLY_SPAN TN_SECOND /* until a datagram is dropped */
#define CONNECTION_REPLIES_WAITING 64

/* What lies below a handler while it waits stays small: this file's functions
 * with room for text are kept out of it. */
#define CONNECTION_ASIDE __attribute__((noinline))

/* ---- errors ------------------------------------------------------------ */

static enum tn_log_level
connection_level(int error)
{
	switch (error) {
	case -EPIPE:
	case -ECONNRESET:
	case -ECANCELED:
	case TN_ETRUNCATED:
		return TN_LOG_DEBUG;
	default:
		return TN_LOG_WARNING;
	}
}

CONNECTION_ASIDE static void
connection_log(const struct tn__connection *c, enum tn_log_level level,
    const char *event, const char *error)
{
	char peer[TN_ADDRESS_TEXT_MAX];
	const struct tn_log_field fields[] = {
		{ "peer", tn_address_format(&c->request.peer, peer) },
		{ "error", error },
	};

	tn_log(level, event, fields, TN_COUNT(fields));
}

CONNECTION_ASIDE void
tn__connection_error(struct tn__connection *c, int error)
{
	const struct tn_server_options *o = &c->request.server->options;

	if (error == -ETIMEDOUT && tn_now() >= c->deadline)
		tn_error_prefix("connection longer than %lld ms (connection_ms)",
		    (long long)o->connection_ms);
	if (o->handle_error != NULL)
		o->handle_error(&c->request, error);
	else
		connection_log(c, connection_level(error), "server.handler",
		    tn_error_text());
}

/* ---- the end of it ----------------------------------------------------- */

CONNECTION_ASIDE static int
connection_reply_failed(const struct tn__connection *c, int code, size_t size)
{
	char peer[TN_ADDRESS_TEXT_MAX];

	return tn_error_set(code, "reply of %zu bytes to %s: %s", size,
	    tn_address_format(&c->request.peer, peer),
	    code == -EDESTADDRREQ ? "the sender has no address; a client on a "
	    "Unix datagram socket has to bind one" : tn__socket_words(code));
}

/* Straight to the descriptor: many may reply through it, from fibers, threads
 * and children, and none may wait in it. */
static int
connection_reply_once(struct tn__connection *c, const struct msghdr *message)
{
	int fd = c->request.server->listener->io.fd;
	ssize_t n;

	do
		n = tn__net()->sendmsg(fd, message,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -EINTR);
	return n < 0 ? (int)n : 0;
}

/* When the socket is full, or the receiver's queue, no event tells when there
 * is room: again after 1 to 64 ms.  A few may wait so; whoever floods us and
 * does not read loses the rest, as datagrams may be lost. */
static int
connection_reply_send(struct tn__connection *c, const struct msghdr *message)
{
	atomic_int *waiting = &c->request.server->replies_waiting;
	tn_time pause = TN_MILLISECOND;
	int r = connection_reply_once(c, message);

	if (r != -EAGAIN)
		return r;
	if (atomic_fetch_add(waiting, 1) < CONNECTION_REPLIES_WAITING) {
		while (r == -EAGAIN && tn_sleep(pause) == 0) {
			r = connection_reply_once(c, message);
			if (pause < 64 * TN_MILLISECOND)
				pause *= 2;
		}
	}
	atomic_fetch_sub(waiting, 1);
	return r;
}

/* What was written goes back as one datagram. */
CONNECTION_ASIDE static int
connection_reply(struct tn__connection *c)
{
	struct tn_slice out = tn_stream_output(c->carrier);
	struct iovec vector = { (void *)(uintptr_t)out.data, out.len };
	struct msghdr message = {
		.msg_name = &c->request.peer.storage,
		.msg_namelen = c->request.peer.size,
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	struct tn_scope scope;
	int r = -EDESTADDRREQ;

	if (out.data == NULL) /* it wrote nothing, not even no bytes */
		return 0;
	if (c->request.peer.size > sizeof(sa_family_t)) {
		tn_scope_open(&scope, tn_after(CONNECTION_REPLY_SPAN));
		r = connection_reply_send(c, &message);
		tn_scope_close(&scope);
	}
	return r < 0 ? connection_reply_failed(c, r, out.len) : 0;
}

static int
connection_finish(struct tn__connection *c)
{
	bool datagram = c->request.server->packet != NULL;
	int r = datagram ? connection_reply(c) : 0;

	if (datagram)
		tn_stream_free(TN_TAKE(c->request.stream));
	else
		r = tn_stream_close(TN_TAKE(c->request.stream));
	return r;
}

/* A handler that was cancelled and still came to a good end has a moment to
 * close in. */
CONNECTION_ASIDE static int
connection_close(struct tn__connection *c)
{
	struct tn_shield shield;
	int r;

	if (!tn_cancelled())
		return connection_finish(c);
	tn_shield_open(&shield, CONNECTION_CLOSE_SPAN);
	r = connection_finish(c);
	tn_shield_close(&shield);
	return r;
}

/* ---- draining ---------------------------------------------------------- */

/* Any thread: the connection leaves its acceptor's list before its socket is
 * closed. */
static void
connection_end_reading(struct tn__connection *c)
{
	struct tn_socket *socket = tn_stream_socket(c->carrier);

	if (socket != NULL && socket->io.fd >= 0)
		(void)tn__net()->shutdown(socket->io.fd, SHUT_RD);
}

/* A client that has just had an answer may have its next request on the way,
 * and nothing tells it that this one was not heard. */
static bool
connection_lingered(struct tn__connection *c)
{
	int idle = TN__IDLE;

	return !atomic_compare_exchange_strong(&c->idle, &idle,
	    TN__LINGERED) && idle == TN__LINGERED;
}

void
tn__connections_end(struct tn__acceptor *a, bool unheard)
{
	pthread_mutex_lock(&a->lock);
	TN__LIST_FOR(node, &a->connections) {
		struct tn__connection *c =
		    TN__CONTAINER(node, struct tn__connection, node);

		if (connection_lingered(c) ||
		    (unheard && tn_stream_bytes_read(c->carrier) <=
		        atomic_load(&c->header_bytes)))
			connection_end_reading(c);
	}
	pthread_mutex_unlock(&a->lock);
}

/* Where nobody comes by any more to end it, that is done here. */
void
tn_request_idle(struct tn_request *request, bool idle)
{
	struct tn__connection *c = (struct tn__connection *)request;

	atomic_store(&c->idle, idle ? TN__IDLE : TN__BUSY);
	if (idle && tn_server_draining(request->server) &&
	    (c->acceptor == NULL || atomic_load(&request->server->impatient)))
		connection_end_reading(c);
}

/* ---- making room ------------------------------------------------------- */

void
tn__request_spare(struct tn_request *request, bool spare)
{
	struct tn__connection *c = (struct tn__connection *)request;

	atomic_store_explicit(&c->spare, spare ? TN__SPARE : TN__NEEDED,
	    memory_order_release);
}

void
tn__connections_spare(struct tn__acceptor *a)
{
	pthread_mutex_lock(&a->lock);
	TN__LIST_FOR(node, &a->connections) {
		struct tn__connection *c =
		    TN__CONTAINER(node, struct tn__connection, node);
		int spare = TN__SPARE;

		if (!atomic_compare_exchange_strong(&c->spare, &spare,
		        TN__SPARED) && spare == TN__SPARED)
			connection_end_reading(c);
	}
	pthread_mutex_unlock(&a->lock);
}

/* ---- joining and leaving ------------------------------------------------ */

static void
connection_join(struct tn__connection *c)
{
	tn__list_init(&c->node);
	if (c->acceptor == NULL)
		return;
	pthread_mutex_lock(&c->acceptor->lock);
	tn__list_push_back(&c->acceptor->connections, &c->node);
	pthread_mutex_unlock(&c->acceptor->lock);
}

/* What still lies in the buffer is sent by the close. */
static int64_t
connection_bytes_written(const struct tn__connection *c)
{
	const struct tn_stream *s = c->carrier;

	return tn_stream_bytes_written(s) + (s->out_end - s->out_start);
}

/* With the lock held, so that its bytes are never counted twice, nor not at
 * all. */
static void
connection_count_bytes(struct tn__connection *c)
{
	struct tn_server *s = c->request.server;

	atomic_fetch_add(&s->bytes_read, tn_stream_bytes_read(c->carrier));
	atomic_fetch_add(&s->bytes_written, connection_bytes_written(c));
}

void
tn__connection_leave(struct tn__connection *c)
{
	if (c->acceptor == NULL) {
		connection_count_bytes(c);
		return;
	}
	pthread_mutex_lock(&c->acceptor->lock);
	tn__list_remove(&c->node);
	connection_count_bytes(c);
	pthread_mutex_unlock(&c->acceptor->lock);
}

void
tn__connections_bytes(const struct tn__acceptor *a,
    struct tn_server_counters *counters)
{
	TN__LIST_FOR(node, &a->connections) {
		const struct tn__connection *c =
		    TN__CONTAINER(node, struct tn__connection, node);

		counters->bytes_read += tn_stream_bytes_read(c->carrier);
		counters->bytes_written += tn_stream_bytes_written(c->carrier);
	}
}

/* ---- handling ---------------------------------------------------------- */

static void
connection_set_pace(struct tn__connection *c)
{
	const struct tn_server_options *o = &c->request.server->options;
	const struct tn_pace pace = { .idle_ms = o->idle_ms,
		.rate_min = o->rate_min, .rate_grace_ms = o->rate_grace_ms };

	if (pace.idle_ms > 0 || pace.rate_min > 0)
		tn_stream_set_pace(c->carrier, &pace);
}

/* The handler's line stays as it is until its error was handled: finish comes
 * afterwards. */
static int
connection_handle(struct tn__connection *c)
{
	const struct tn_server_options *o = &c->request.server->options;
	int r = o->setup == NULL ? 0 : o->setup(&c->request);
	bool ready = r >= 0;

	if (r >= 0 && o->handle != NULL)
		r = o->handle(&c->request);
	if (r < 0)
		tn__connection_error(c, r);
	if (ready && o->finish != NULL)
		o->finish(&c->request);
	return r;
}

/* Nothing that comes after the handshake was said by the client as yet: one
 * that says no more is unheard when the server drains. */
CONNECTION_ASIDE static int
connection_secure(struct tn__connection *c)
{
	struct tn_server *s = c->request.server;
	struct tn_stream *secure;
	int r = tn_tls_server_take(c->request.stream, s->options.tls, &secure);

	if (r < 0) {
		atomic_fetch_add(&s->refused_tls, 1);
		connection_log(c, TN_LOG_INFO, "server.tls", tn_error_text());
		return r;
	}
	c->request.stream = secure;
	atomic_store(&c->header_bytes, tn_stream_bytes_read(c->carrier));
	return 0;
}

int
tn__connection_serve(struct tn__connection *c)
{
	struct tn_scope scope;
	int r;

	c->deadline = tn_after(
	    tn__span_ms(c->request.server->options.connection_ms));
	tn_scope_open(&scope, c->deadline);
	connection_set_pace(c);
	r = c->request.server->options.tls == NULL ? 0 : connection_secure(c);
	if (r == 0)
		r = connection_handle(c);
	tn__connection_leave(c);
	if (r >= 0) {
		r = connection_close(c);
		if (r < 0)
			tn__connection_error(c, r);
	}
	tn_scope_close(&scope);
	return r < 0 ? r : 0;
}

/* Whether it may come in; otherwise it has left. */
CONNECTION_ASIDE static bool
connection_admit(struct tn__connection *c)
{
	int r = tn__admit_proxied(c);

	if (r <= 0)
		tn__connection_leave(c);
	return r > 0;
}

int
tn__connection_main(void *arg)
{
	struct tn__caller *caller = arg;
	struct tn_server *s = caller->server;
	struct tn__connection c = {
		.request = { .server = s, .stream = TN_TAKE(caller->stream),
			.peer = caller->peer, .arg = s->options.arg },
		.acceptor = caller->acceptor,
		.ticket = caller->ticket,
	};
	bool proxied = caller->proxied;

	caller->ticket.counted = false;
	tn__caller_free(caller);
	if (c.acceptor != NULL)
		tn__fiber_label("connection");
	c.carrier = c.request.stream;
	atomic_fetch_add(&s->active, 1);
	connection_join(&c);

	if (!proxied || connection_admit(&c)) {
		atomic_fetch_add(&s->total, 1);
		(void)(c.acceptor == NULL ? tn__connection_serve :
		    s->kind->serve)(&c);
	}

	tn_stream_free(c.request.stream);
	tn__admit_end(s, &c.ticket);
	atomic_fetch_sub(&s->active, 1);
	if (c.acceptor == NULL)
		return 0;
	tn__semaphore_give(&s->slots);
	/* Full means that it was said already. */
	if (atomic_exchange(&s->wanted, false) &&
	    tn_channel_try_send(s->ended, "") < 0)
		return 0;
	return 0;
}
