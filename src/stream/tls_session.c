/* Sessions that clients take up again, and the log of keys. */
#include <errno.h>
#include <openssl/err.h>
#include <tenon/error.h>
#include <tenon/log.h>

#include "base/memory.h"
#include "net/socket.h"
#include "stream/tls.h"

/* ---- the clients' store -------------------------------------------------- */

static void
session_remove(struct tn_tls *tls, size_t at)
{
	SSL_SESSION_free(tls->sessions[at].session);
	tn__free(tls->sessions[at].key);
	tls->session_count--;
	memmove(tls->sessions + at, tls->sessions + at + 1,
	    (tls->session_count - at) * sizeof(tls->sessions[0]));
}

/* Takes the session, when there is memory for its key. */
static int
session_keep(SSL *ssl, SSL_SESSION *session)
{
	struct tn__tls_stream *t = tn__tls_of(ssl);
	struct tn_tls *tls = t->tls;
	char *key;

	if (t->session_key == NULL)
		return 0;
	key = tn__strndup(tn_slice_str(t->session_key));
	if (key == NULL)
		return 0;
	tn__tls_sim_stamp(session);
	pthread_mutex_lock(&tls->lock);
	if (tls->session_count == TN__TLS_SESSIONS)
		session_remove(tls, 0);
	tls->sessions[tls->session_count++] =
	    (struct tn__tls_session){ .key = key, .session = session };
	pthread_mutex_unlock(&tls->lock);
	return 1;
}

/* RFC 8446 appendix C.4: a ticket is used once, so that nobody who listens can
 * tell that two connections are of one client.  In TLS 1.2 there may never come
 * another. */
static SSL_SESSION *
session_take(struct tn_tls *tls, const char *key)
{
	SSL_SESSION *session = NULL;

	pthread_mutex_lock(&tls->lock);
	for (size_t i = tls->session_count; i-- > 0 && session == NULL;) {
		if (strcmp(tls->sessions[i].key, key) != 0)
			continue;
		session = tls->sessions[i].session;
		SSL_SESSION_up_ref(session);
		if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
			session_remove(tls, i);
	}
	pthread_mutex_unlock(&tls->lock);
	return session;
}

void
tn__tls_sessions_drop(struct tn_tls *tls)
{
	pthread_mutex_lock(&tls->lock);
	while (tls->session_count > 0)
		session_remove(tls, tls->session_count - 1);
	pthread_mutex_unlock(&tls->lock);
}

void
tn__tls_sessions_prepare(struct tn_tls *tls, SSL_CTX *ctx)
{
	static const unsigned char name[] = "tenon";
	const struct tn_tls_options *o = &tls->options;

	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	tn__tls_sim_prepare_ctx(ctx);
	if (o->no_resumption) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		(void)SSL_CTX_set_num_tickets(ctx, 0);
	} else if (o->server) {
		/* Without one, sessions of clients with certificates are
		 * refused. */
		(void)SSL_CTX_set_session_id_context(ctx, name,
		    sizeof(name) - 1);
	} else {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
		    SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ctx, session_keep);
	}
}

/* By host and port: what listens at another port is another server. */
static char *
session_key(struct tn__tls_stream *t)
{
	struct tn_socket *socket = tn_stream_socket(&t->stream);
	struct tn_address peer;
	char key[320];
	unsigned port = 0;

	if (socket != NULL && tn__socket_peer(socket, &peer))
		port = tn_address_port(&peer);
	snprintf(key, sizeof(key), "%s %u", t->asked, port);
	return tn__strndup(tn_slice_str(key));
}

void
tn__tls_session_use(struct tn__tls_stream *t)
{
	SSL_SESSION *session;

	if (t->tls->options.no_resumption)
		return;
	t->session_key = session_key(t);
	if (t->session_key == NULL)
		return;
	session = session_take(t->tls, t->session_key);
	if (session != NULL)
		session = tn__tls_sim_take(session);
	if (session == NULL)
		return;
	(void)SSL_set_session(t->ssl, session);
	SSL_SESSION_free(session);
	ERR_clear_error();
}

/* ---- keys ---------------------------------------------------------------- */

static void
session_log_key(const SSL *ssl, const char *line)
{
	const struct tn_tls *tls = tn__tls_of(ssl)->tls;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_log_field field = { "error", "" };
	int r = tn_buffer_printf(&text, "%s\n", line);

	if (r == 0) /* which does not wait */
		r = tn_append_write(tls->keylog, tn_buffer_slice(&text));
	if (text.data != NULL)
		tn__wipe(text.data, text.len);
	field.value = tn_error_text();
	if (r < 0)
		tn_log(TN_LOG_WARNING, "tls.keylog", &field, 1);
}

void
tn__tls_keylog_prepare(SSL_CTX *ctx)
{
	SSL_CTX_set_keylog_callback(ctx, session_log_key);
}
