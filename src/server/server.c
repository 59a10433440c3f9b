/* A server as an object: opened with its options, asked about, told to end. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <tenon/date.h>
#include <tenon/error.h>
#include "base/memory.h"
#include "net/socket.h"
#include "server/server.h"

#define SERVER_BACKLOG 1024 /* tn_listen()'s default */
#define SERVER_DATAGRAM_MAX 65536
#define SERVER_LOG_EVERY TN_SECOND

/* ---- the four kinds ---------------------------------------------------- */

/* What is accepted before it has forked would have its descriptors copied into
 * the child: so it has its turn now. */
static int
server_go_fork(struct tn_group *group, int (*fn)(void *), void *arg)
{
	int r = tn_go(group, fn, arg);

	if (r == 0)
		tn_yield();
	return r;
}

static const struct tn__server_kind server_kinds[] = {
	[TN_SERVER_FIBER] = { .connections_max = 20000, .every_loop = true,
		.start = tn_go, .serve = tn__connection_serve },
	[TN_SERVER_SERIAL] = { .connections_max = 1, .one_at_a_time = true,
		.start = tn_go, .serve = tn__connection_serve },
	[TN_SERVER_THREADING] = { .connections_max = 1000,
		.start = tn_go_thread, .serve = tn__connection_serve },
	[TN_SERVER_FORKING] = { .connections_max = 40, .forks = true,
		.start = server_go_fork, .serve = tn__child_serve },
};

/* ---- opening ----------------------------------------------------------- */

static void
server_default(int64_t *option, int64_t value)
{
	if (*option == 0)
		*option = value;
}

static int
server_set_options(struct tn_server *s, const struct tn_server_options *options)
{
	struct tn_server_options *o = &s->options;
	int r;

	*o = *options;
	if ((unsigned)o->kind >= TN_COUNT(server_kinds))
		return tn_error_set(-EINVAL, "server: no such kind as %d",
		    (int)o->kind);
	s->kind = &server_kinds[o->kind];
	if (o->address == NULL)
		o->address = "127.0.0.1:0";
	if (o->proxy_from == NULL)
		o->proxy_from = "";
	server_default(&o->connections_max, s->kind->connections_max);
	if (s->kind->one_at_a_time)
		o->connections_max = 1;
	server_default(&o->timeout_ms, -1);
	server_default(&o->poll_ms, 500);
	server_default(&o->connection_ms, -1);
	server_default(&o->rate_grace_ms, 5000);
	server_default(&o->drain_ms, 10000);
	server_default(&o->proxy_ms, 5000);
	server_default(&o->datagram_bytes_max, 65507);
	if (o->datagram_bytes_max < 0 ||
	    o->datagram_bytes_max > SERVER_DATAGRAM_MAX)
		return tn_error_set(-EINVAL, "server: datagram_bytes_max %lld; "
		    "1 to %d", (long long)o->datagram_bytes_max,
		    SERVER_DATAGRAM_MAX);
	o->tls = tn_tls_ref(o->tls);
	r = tn_networks_parse(o->proxy_from, &s->proxies);
	return r < 0 ? tn_error_prefix("server: proxy_from") : 0;
}

/* A listener alone knows nothing of TLS. */
static const char *
server_address(const struct tn_server_options *o)
{
	struct tn_slice prefix = tn_slice_head(tn_slice_str(o->address), 4);

	return o->tls != NULL && tn_slice_equal_nocase(prefix, "tls:") ?
	    o->address + 4 : o->address;
}

static int
server_listen(struct tn_server *s)
{
	int on = 1;
	int r = tn_listen(server_address(&s->options), &s->options.listen,
	    &s->listener);

	if (r < 0)
		return r;
	r = tn_socket_getsockname(s->listener, &s->address);
	if (r < 0)
		return r;
	if (tn_socket_type(s->listener) != SOCK_STREAM) {
		if (s->options.proxy_from[0] != '\0')
			return tn_error_set(-EINVAL, "server: proxy_from is "
			    "for streams; no header is read from datagrams");
		if (s->options.tls != NULL)
			return tn_error_set(-EINVAL, "server: TLS is for "
			    "streams, and these are datagrams");
		s->packet = tn__alloc((size_t)s->options.datagram_bytes_max);
		return s->packet == NULL ? tn__error_nomem() : 0;
	}
	/* Streams batch by themselves.  What is accepted inherits it. */
	if (tn__is_inet(tn_socket_family(s->listener)))
		return tn_socket_setsockopt(s->listener, IPPROTO_TCP,
		    TCP_NODELAY, &on, sizeof(on));
	return 0;
}

int
tn_server_open(const struct tn_server_options *options, struct tn_server **ret)
{
	static const struct tn_server_options defaults;
	TN_CLEANUP(tn_server_freep) struct tn_server *s = NULL;
	int r;

	s = tn__zalloc(sizeof(*s));
	if (s == NULL)
		return tn__error_nomem();
	pthread_mutex_init(&s->lock, NULL);
	for (int i = 0; i < TN__DRAIN_STEPS; i++)
		s->drained[i].fd = -1;
	r = server_set_options(s, options == NULL ? &defaults : options);
	tn__peers_init(&s->peers, s->options.peer_connections_max);
	tn__semaphore_init(&s->slots, s->options.connections_max < 0 ?
	    INT64_MAX : s->options.connections_max);
	if (r == 0)
		r = tn_channel_open(1, 1, &s->ended);
	for (int i = 0; i < TN__DRAIN_STEPS && r == 0 && s->kind->forks; i++)
		r = tn__flag_open(&s->drained[i]);
	if (r == 0)
		r = server_listen(s);
	if (r < 0)
		return r;
	s->backlog_left = 1 + (s->options.listen.backlog > 0 ?
	    s->options.listen.backlog : SERVER_BACKLOG);
	s->options.address = s->options.proxy_from =
	    s->options.listen.unix_owner = NULL; /* they were the caller's */
	*ret = TN_TAKE(s);
	return 0;
}

void
tn_server_free(struct tn_server *s)
{
	if (s == NULL)
		return;
	tn_socket_free(s->listener);
	tn_networks_free(s->proxies);
	tn_tls_free(s->options.tls);
	tn__peers_destroy(&s->peers);
	tn__semaphore_destroy(&s->slots);
	tn_channel_free(s->ended);
	for (int i = 0; i < TN__DRAIN_STEPS; i++)
		tn__flag_close(&s->drained[i]);
	pthread_mutex_destroy(&s->lock);
	tn__free(s->packet);
	tn__free(s);
}

/* ---- asking ------------------------------------------------------------ */

void
tn_server_address(const struct tn_server *s, struct tn_address *ret)
{
	*ret = s->address;
}

int
tn_server_fileno(const struct tn_server *s)
{
	if (s->listener->io.fd < 0)
		return tn_error_set(-EBADF, "serve: it was shut down");
	return s->listener->io.fd;
}

int64_t
tn_server_active(const struct tn_server *s)
{
	return atomic_load(&s->active);
}

int64_t
tn_server_total(const struct tn_server *s)
{
	return atomic_load(&s->total);
}

/* With the lock held, and that of every acceptor: who ends meanwhile is counted
 * either here or there. */
static void
server_count_bytes(struct tn_server *s, struct tn_server_counters *counters)
{
	for (int i = 0; i < s->acceptor_count; i++)
		pthread_mutex_lock(&s->acceptors[i].lock);
	counters->bytes_read = atomic_load(&s->bytes_read);
	counters->bytes_written = atomic_load(&s->bytes_written);
	for (int i = 0; i < s->acceptor_count; i++)
		tn__connections_bytes(&s->acceptors[i], counters);
	for (int i = 0; i < s->acceptor_count; i++)
		pthread_mutex_unlock(&s->acceptors[i].lock);
}

void
tn_server_counters(struct tn_server *s, struct tn_server_counters *ret)
{
	struct tn_server_counters counters = {
		.accepted = atomic_load(&s->accepted),
		.total = tn_server_total(s),
		.active = tn_server_active(s),
		.refused_peer = atomic_load(&s->refused_peer),
		.refused_verify = atomic_load(&s->refused_verify),
		.refused_proxy = atomic_load(&s->refused_proxy),
		.refused_tls = atomic_load(&s->refused_tls),
		.scarce = atomic_load(&s->scarce),
	};

	pthread_mutex_lock(&s->lock);
	server_count_bytes(s, &counters);
	pthread_mutex_unlock(&s->lock);
	*ret = counters;
}

bool
tn__server_seldom(_Atomic tn_time *last)
{
	tn_time now = tn_now(), before = atomic_load(last);

	return (before == 0 || now - before >= SERVER_LOG_EVERY) &&
	    atomic_compare_exchange_strong(last, &before, now);
}

bool
tn_server_draining(const struct tn_server *s)
{
	return atomic_load(&s->draining);
}

const char *
tn_ctime_now(void)
{
	static _Thread_local char text[TN_CTIME_SIZE];

	return tn_date_ctime(tn_wall_now() / TN_SECOND, text);
}

/* ---- ending ------------------------------------------------------------ */

/* With the lock held. */
static void
server_stop(struct tn_server *s)
{
	atomic_store(&s->draining, true);
	if (s->accepting != NULL)
		tn_group_cancel(s->accepting);
}

void
tn__server_stop(struct tn_server *s)
{
	pthread_mutex_lock(&s->lock);
	server_stop(s);
	pthread_mutex_unlock(&s->lock);
}

void
tn_server_shutdown(struct tn_server *s)
{
	pthread_mutex_lock(&s->lock);
	server_stop(s);
	for (int i = 0; s->shutdown_called && i < s->acceptor_count; i++)
		tn_group_cancel(s->acceptors[i].group);
	s->shutdown_called = true;
	pthread_mutex_unlock(&s->lock);
}
