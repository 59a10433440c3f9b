/* Taking callers: connections and datagrams, one at a time, as long as there is
 * a slot for them. */
#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include "base/memory.h"
#include "net/socket.h"
#include "server/server.h"

#define ACCEPT_PAUSE (100 * TN_MILLISECOND) /* out of descriptors or memory */

#define ACCEPT_ROOM (250 * TN_MILLISECOND) /* how long one may rest for which
					    * another has to wait */

/* ---- slots ------------------------------------------------------------- */

/* Whoever rests while others have no slot or no descriptor gives way to them: a
 * few strangers who say nothing would have it all. */
static void
accept_make_room(struct tn_server *s)
{
	tn_time now = tn_now(), before = atomic_load(&s->room_made);

	if (now - before < ACCEPT_ROOM ||
	    !atomic_compare_exchange_strong(&s->room_made, &before, now))
		return;
	for (int i = 0; i < s->acceptor_count; i++)
		tn__connections_spare(&s->acceptors[i]);
}

static int
slot_take(struct tn_server *s)
{
	struct tn_scope scope;
	bool late;
	int r;

	do {
		tn_scope_open(&scope, tn_after(ACCEPT_ROOM));
		r = tn__semaphore_take(&s->slots, "slot");
		late = tn_scope_close(&scope) && r == -ETIMEDOUT;
		if (late)
			accept_make_room(s);
	} while (late);
	return r < 0 ? tn_error_set(r, "wait for a connection to end: %s",
	    tn_error_words(r)) : 0;
}

/* ---- callers ----------------------------------------------------------- */

void
tn__caller_free(struct tn__caller *caller)
{
	if (caller == NULL)
		return;
	tn_stream_free(caller->stream);
	tn__admit_end(caller->server, &caller->ticket);
	tn__free(caller);
}
TN_DEFINE_CLEANUP(struct tn__caller, tn__caller_free)

static int
caller_take_socket(struct tn__caller *caller, struct tn_socket *listener)
{
	struct tn_socket *socket;
	int r = tn__socket_try_accept(listener, &socket, &caller->peer);

	if (r < 0)
		return r;
	r = tn_stream_from_socket(socket, &caller->stream);
	if (r < 0)
		tn_socket_free(socket);
	return r;
}

static int
caller_take_packet(struct tn__caller *caller, struct tn_socket *listener)
{
	struct tn_server *s = caller->server;
	ssize_t n = tn_socket_recvfrom(listener, s->packet,
	    (size_t)s->options.datagram_bytes_max, MSG_DONTWAIT, &caller->peer);

	if (n < 0)
		return (int)n;
	return tn_stream_memory(tn_slice(s->packet, (size_t)n),
	    &caller->stream);
}

/* A datagram that claims to come from us would be answered to ourselves, and so
 * on for ever; its sender's address is easily forged. */
static bool
caller_is_ourselves(const struct tn_server *s, const struct tn_address *peer)
{
	struct tn_address own;
	struct tn_ip own_ip, peer_ip;

	tn_server_address(s, &own);
	if (tn_address_equal(&own, peer))
		return true;
	return tn_address_port(&own) != 0 &&
	    tn_address_port(&own) == tn_address_port(peer) &&
	    tn_address_ip(&own, &own_ip) == 0 && tn_ip_is_any(&own_ip) &&
	    tn_address_ip(peer, &peer_ip) == 0 && tn_ip_is_loopback(&peer_ip);
}

/* 1 with a caller; 0 with none when it was refused; -EAGAIN when nobody is
 * there; or an error. */
static int
caller_take(struct tn_server *s, struct tn_socket *listener,
    struct tn__caller **ret)
{
	TN_CLEANUP(tn__caller_freep) struct tn__caller *caller = NULL;
	int r;

	caller = tn__zalloc(sizeof(*caller));
	if (caller == NULL)
		return tn__error_nomem();
	caller->server = s;
	r = s->packet != NULL ? caller_take_packet(caller, listener) :
	    caller_take_socket(caller, listener);
	if (r < 0)
		return r;
	atomic_fetch_add(&s->accepted, 1);
	if (s->packet != NULL && caller_is_ourselves(s, &caller->peer))
		return 0;
	caller->proxied = tn_networks_has(s->proxies, &caller->peer);
	r = caller->proxied ? 1 : tn__admit(s, &caller->peer, &caller->ticket);
	if (r > 0)
		*ret = TN_TAKE(caller);
	return r;
}

static int
accept_readable(struct tn_socket *listener)
{
	int r = tn__io_begin(&listener->io, TN__IO_READ);

	if (r == 0)
		r = tn__io_wait(&listener->io, TN__IO_READ, "accept");
	return r < 0 ? tn__socket_fail(listener, r, "accept", NULL) : 0;
}

/* The next wait may be on another loop; but when somebody else waits in it, it
 * is theirs. */
static int
accept_release(struct tn_socket *listener, int r)
{
	if (r != -EBUSY)
		tn_socket_release(listener);
	return r;
}

int
tn__accept_wait(struct tn_server *s, struct tn__caller **ret)
{
	int r;

	do {
		r = accept_readable(s->listener);
		if (r == 0)
			r = caller_take(s, s->listener, ret);
	} while (r == -EAGAIN);
	return accept_release(s->listener, r);
}

/* ---- accepting --------------------------------------------------------- */

/* Whether it is about the listener or about us, and not about what the machine
 * is short of just now. */
static bool
accept_is_final(int error)
{
	static const int final[] = { ECANCELED, ETIMEDOUT, EBADF, EBUSY, EFAULT,
		EINVAL, ENOTSOCK, EOPNOTSUPP };

	for (size_t i = 0; i < TN_COUNT(final); i++)
		if (error == -final[i])
			return true;
	return false;
}

static void
accept_log(struct tn_server *s)
{
	char active[24];
	const struct tn_log_field fields[] = {
		{ "error", tn_error_text() },
		{ "active", active },
	};

	atomic_fetch_add(&s->scarce, 1);
	if (!tn__server_seldom(&s->scarce_logged))
		return;
	snprintf(active, sizeof(active), "%lld",
	    (long long)tn_server_active(s));
	tn_log(TN_LOG_WARNING, "accept.emfile", fields, TN_COUNT(fields));
}

/* Out of descriptors, memory or threads: later, or when a connection has given
 * back its own. */
static int
accept_pause(struct tn_server *s)
{
	struct tn_scope scope;
	char one;
	int r;

	accept_log(s);
	accept_make_room(s);
	atomic_store(&s->wanted, true);
	tn_scope_open(&scope, tn_after(ACCEPT_PAUSE));
	r = tn_channel_recv(s->ended, &one);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		return 1;
	return r < 0 ? r : 1;
}

/* With a slot: 1 when it was given to a caller, 0 when nobody is there, or an
 * error. */
static int
accept_start(struct tn__acceptor *a)
{
	struct tn_server *s = a->server;
	struct tn__caller *caller = NULL;
	int r = caller_take(s, a->listener, &caller);

	if (r <= 0) {
		tn__semaphore_give(&s->slots);
		return r == 0 ? 1 : r == -EAGAIN ? 0 : r;
	}
	caller->acceptor = a;
	r = s->kind->start(a->group, tn__connection_main, caller);
	if (r == 0)
		return 1;
	tn__caller_free(caller);
	tn__semaphore_give(&s->slots);
	return r;
}

int
tn__accept_one(struct tn__acceptor *a)
{
	int r = slot_take(a->server);

	if (r == 0)
		r = accept_start(a);
	return r < 0 && !accept_is_final(r) ? accept_pause(a->server) : r;
}

int
tn__accept_main(void *arg)
{
	struct tn__acceptor *a = arg;
	int r;

	tn_fiber_name("accept");
	do {
		r = accept_readable(a->listener);
		if (r == 0)
			r = tn__accept_one(a);
		else if (!accept_is_final(r)) /* no room in the poller */
			r = accept_pause(a->server);
	} while (r >= 0);

	/* On the loop that it was registered with. */
	accept_release(a->listener, r);
	if (a->listener != a->server->listener)
		tn_socket_free(a->listener);
	a->listener = a->server->listener;
	if (r != -ECANCELED && r != -ETIMEDOUT)
		tn__server_stop(a->server);
	return r;
}
