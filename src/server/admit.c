/* Who may come in.  That is asked as soon as it is known who it is: when a
 * connection is accepted, or, behind a proxy, when its header has come. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include "base/error.h"
#include "format/proxy.h"
#include "server/server.h"

/* ---- telling ----------------------------------------------------------- */

/* Strangers choose how often: one line a second is enough. */
static void
admit_warn(_Atomic tn_time *last, const char *event,
    const struct tn_address *peer)
{
	char text[TN_ADDRESS_TEXT_MAX];
	const struct tn_log_field fields[] = {
		{ "peer", tn_address_format(peer, text) },
		{ "error", tn_error_text() },
	};

	if (tn__server_seldom(last))
		tn_log(TN_LOG_WARNING, event, fields, TN_COUNT(fields));
}

/* ---- admission --------------------------------------------------------- */

static int
admit_count(struct tn_server *s, const struct tn_address *peer,
    struct tn__ticket *ret)
{
	struct tn__ticket ticket = { .counted = true };
	int r;

	if (s->peers.max == 0 || !tn__peers_key(peer, &ticket.peer))
		return 1;
	r = tn__peers_enter(&s->peers, ticket.peer);
	if (r == TN_ELIMIT) {
		atomic_fetch_add(&s->refused_peer, 1);
		tn_error_set(r, "it has %u connections already "
		    "(peer_connections_max)", s->peers.max);
		admit_warn(&s->peer_logged, "server.peer_limit", peer);
		return 0;
	}
	if (r < 0)
		return r;
	*ret = ticket;
	return 1;
}

int
tn__admit(struct tn_server *s, const struct tn_address *peer,
    struct tn__ticket *ret)
{
	if (s->options.verify_request != NULL &&
	    !s->options.verify_request(s, peer)) {
		atomic_fetch_add(&s->refused_verify, 1);
		return 0;
	}
	return admit_count(s, peer, ret);
}

void
tn__admit_end(struct tn_server *s, struct tn__ticket *ticket)
{
	if (ticket->counted)
		tn__peers_leave(&s->peers, ticket->peer);
	ticket->counted = false;
}

/* ---- behind a proxy ---------------------------------------------------- */

/* The header, taken from the stream: 1; 0 when the connection ended before its
 * first byte, as when a proxy only looks whether we are there. */
static int
admit_read_header(struct tn__connection *c, struct tn__proxy *ret)
{
	struct tn_stream *stream = c->request.stream;
	struct tn_slice said = { 0 };
	int r;

	do {
		size_t had = said.len;

		r = tn_stream_fill(stream, had + 1, &said);
		if (r < 0)
			return r;
		if (said.len == had)
			return had == 0 ? 0 : tn_error_set(TN_ETRUNCATED,
			    "PROXY header: the connection ended within it");
		r = tn__proxy_parse(said, ret);
	} while (r == 0);
	if (r < 0)
		return r;
	atomic_store(&c->header_bytes, r);
	tn_stream_consume(stream, (size_t)r);
	return 1;
}

static int
admit_wait_header(struct tn__connection *c, struct tn__proxy *ret)
{
	int64_t ms = c->request.server->options.proxy_ms;
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(tn__span_ms(ms)));
	r = admit_read_header(c, ret);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		r = tn_error_set(r, "PROXY header: it did not come within "
		    "%lld ms (proxy_ms)", (long long)ms);
	return r;
}

int
tn__admit_proxied(struct tn__connection *c)
{
	struct tn_server *s = c->request.server;
	struct tn__proxy proxy;
	int r = admit_wait_header(c, &proxy);

	if (r == -ECANCELED || r == 0)
		return r;
	if (r > 0 && proxy.known)
		r = tn_address_from_ip(&proxy.source, proxy.source_port,
		    &c->request.peer);
	if (r < 0) {
		atomic_fetch_add(&s->refused_proxy, 1);
		admit_warn(&s->proxy_logged, "server.proxy",
		    &c->request.peer);
		return 0;
	}
	return tn__admit(s, &c->request.peer, &c->ticket);
}
