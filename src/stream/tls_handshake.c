/* The beginning of TLS on a stream, which waits. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <tenon/error.h>
#include <tenon/idna.h>
#include <tenon/ip.h>
#include <tenon/run.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/tls.h"

#define HANDSHAKE_SHOWN_BYTES 40

/* ---- the first bytes ----------------------------------------------------- */

/* OpenSSL would only say that a number is wrong. */
static int
handshake_plain(const struct tn__tls_stream *t, struct tn_slice said)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	ssize_t end = tn_slice_find(said, '\n');

	if (end >= 0)
		said.len = (size_t)end;
	said = tn_slice_head(tn_slice_trim(said), HANDSHAKE_SHOWN_BYTES);
	if (tn_buffer_append_escaped(&text, said) < 0)
		return tn__error_nomem();
	return tn_error_set(TN_ETLS_PLAIN, "%s: the peer does not speak TLS; "
	    "it said \"%s\"", t->who, text.data);
}

/* Waits for more. */
static int
handshake_fill(struct tn__tls_stream *t)
{
	struct tn_slice shown;
	int r = tn_stream_fill(t->stream.below, 1, &shown);

	if (r < 0)
		return tn_error_prefix("%s", t->who);
	if (r == 0)
		return tn_error_set(TN_ETRUNCATED, "%s: the peer ended the "
		    "connection %s", t->who, t->heard ?
		    "in the middle of the handshake" :
		    "without a word; does it speak TLS?");
	return t->plain ? handshake_plain(t, shown) : 0;
}

/* ---- the handshake ------------------------------------------------------- */

/* A peer that is gone may have said why; so that is looked for. */
static int
handshake_flush(struct tn__tls_stream *t, bool more)
{
	int r = tn__tls_flush(t);

	if (r == -EPIPE || r == -ECONNRESET || (!more && r >= 0))
		return 0;
	return r < 0 ? tn_error_prefix("%s", t->who) : 0;
}

static int
handshake_steps(struct tn__tls_stream *t)
{
	int n, error, r;

	for (;;) {
		ERR_clear_error();
		n = SSL_do_handshake(t->ssl);
		error = SSL_get_error(t->ssl, n);
		if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ &&
		    error != SSL_ERROR_WANT_WRITE)
			return tn__tls_fail(t);
		r = handshake_flush(t, error != SSL_ERROR_NONE);
		if (r < 0 || error == SSL_ERROR_NONE)
			return r;
		if (error != SSL_ERROR_WANT_READ)
			continue;
		r = handshake_fill(t);
		if (r < 0)
			return r;
	}
}

/* The alert that says why goes out if it can; the line stays as it is. */
static void
handshake_say_why(struct tn__tls_stream *t)
{
	struct tn__error line = { 0 };

	tn__error_move(&line, tn__error_current);
	(void)tn__tls_flush(t);
	tn__error_move(tn__error_current, &line);
}

static int
handshake_run(struct tn__tls_stream *t)
{
	int64_t span_ms = t->tls->options.handshake_ms;
	struct tn_scope scope;
	int r;

	X509_VERIFY_PARAM_set_time(SSL_get0_param(t->ssl),
	    (time_t)(tn_wall_now() / TN_SECOND));
	tn_scope_open(&scope, tn_after(tn__span_ms(span_ms)));
	/* What was said in the clear goes first. */
	r = tn_stream_flush(t->stream.below);
	if (r >= 0)
		r = handshake_steps(t);
	ERR_clear_error();
	if (r < 0)
		handshake_say_why(t);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		r = tn_error_set(r, "%s: no handshake within %lld ms "
		    "(handshake_ms)", t->who, (long long)span_ms);
	return r;
}

/* ---- the two ends -------------------------------------------------------- */

static int
handshake_name(struct tn__tls_stream *t, const char *way, const char *whom)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	int r = tn_buffer_printf(&text, "TLS %s ", way);

	if (r == 0)
		r = tn_buffer_append_escaped(&text, tn_slice_str(whom));
	if (r == 0)
		t->who = tn__strndup(tn_buffer_slice(&text));
	return t->who == NULL ? tn__error_nomem() : 0;
}

/* The name that goes over the wire and has to stand in the certificate: RFC
 * 6066 section 3, RFC 5280 section 7.2.  Nothing of nothing. */
static int
handshake_ascii(const char *host, struct tn_buffer *out)
{
	int r;

	if (tn_slice_str(host).len == 0)
		return 0;
	r = tn_idna_to_ascii(tn_slice_str(host), out);
	return r < 0 ? tn_error_prefix("TLS") : 0;
}

static int
handshake_check_host(struct tn_slice host)
{
	if (host.len == 0 || host.len > 254)
		return tn_error_set(-EINVAL, "TLS: a client needs the name of "
		    "the host, at most 254 bytes: the certificate has to be "
		    "for it");
	return 0;
}

/* RFC 6066 section 3: a name without a dot at its end, and no address. */
static int
handshake_ask_for(struct tn__tls_stream *t, struct tn_slice host)
{
	struct tn_ip ip;
	int good;

	t->asked = tn__strndup(tn_slice_head(host, host.len -
	    (host.len > 1 && host.data[host.len - 1] == '.')));
	if (t->asked == NULL)
		return tn__error_nomem();
	if (tn_ip_parse(tn_slice_str(t->asked), &ip) == 0) {
		ip.zone[0] = '\0';
		good = ip.family == 4 ?
		    X509_VERIFY_PARAM_set1_ip(SSL_get0_param(t->ssl), ip.bytes,
		        4) :
		    X509_VERIFY_PARAM_set1_ip(SSL_get0_param(t->ssl), ip.bytes,
		        16);
	} else {
		good = SSL_set1_host(t->ssl, t->asked) == 1 &&
		    SSL_set_tlsext_host_name(t->ssl, t->asked) == 1;
	}
	return good == 1 ? 0 : tn__tls_fail_plain(-EINVAL, "TLS: host");
}

static int
handshake_client(struct tn_stream *below, struct tn_tls *tls, const char *host,
    bool take, struct tn_stream **ret)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer ascii = { 0 };
	struct tn__tls_stream *t;
	int r = handshake_ascii(host, &ascii);

	if (r == 0)
		r = handshake_check_host(tn_buffer_slice(&ascii));
	if (r == 0 && tls == NULL)
		r = tn__tls_default(&tls);
	if (r == 0 && tls->options.server)
		r = tn_error_set(-EINVAL,
		    "TLS: these options are a server's; a client needs others");
	if (r == 0)
		r = tn__tls_stream_new(below, tls, &t);
	if (r != 0)
		return r;
	s = &t->stream;
	r = handshake_name(t, "to", host);
	if (r == 0)
		r = handshake_ask_for(t, tn_buffer_slice(&ascii));
	if (r < 0)
		return r;
	tn__tls_session_use(t);
	SSL_set_connect_state(t->ssl);
	r = handshake_run(t);
	if (r < 0)
		return r;
	s->owns_below = take;
	*ret = TN_TAKE(s);
	return 0;
}

static int
handshake_server(struct tn_stream *below, struct tn_tls *tls, bool take,
    struct tn_stream **ret)
{
	char peer[TN_ADDRESS_TEXT_MAX] = "";
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_stream *bottom = below;
	struct tn__tls_stream *t;
	int r;

	if (tls == NULL || !tls->options.server)
		return tn_error_set(-EINVAL,
		    "TLS: a server needs options with `server`");
	r = tn__tls_stream_new(below, tls, &t);
	if (r != 0)
		return r;
	s = &t->stream;
	while (bottom->below != NULL)
		bottom = bottom->below;
	if (bottom->ops->name != NULL)
		bottom->ops->name(bottom, peer);
	r = handshake_name(t, "from", peer[0] == '\0' ? bottom->ops->kind :
	    peer);
	if (r < 0)
		return r;
	SSL_set_accept_state(t->ssl);
	r = handshake_run(t);
	if (r < 0)
		return r;
	s->owns_below = take;
	*ret = TN_TAKE(s);
	return 0;
}

int
tn_tls_client(struct tn_stream *below, struct tn_tls *tls, const char *host,
    struct tn_stream **ret)
{
	return handshake_client(below, tls, host, false, ret);
}

int
tn_tls_client_take(struct tn_stream *below, struct tn_tls *tls,
    const char *host, struct tn_stream **ret)
{
	return handshake_client(below, tls, host, true, ret);
}

int
tn_tls_server(struct tn_stream *below, struct tn_tls *tls,
    struct tn_stream **ret)
{
	return handshake_server(below, tls, false, ret);
}

int
tn_tls_server_take(struct tn_stream *below, struct tn_tls *tls,
    struct tn_stream **ret)
{
	return handshake_server(below, tls, true, ret);
}

/* ---- out of a conversation in the clear ---------------------------------- */

int
tn_tls_starttls_check(struct tn_stream *below)
{
	struct tn_slice shown = { NULL, 0 };
	int r = tn_stream_fill(below, 0, &shown);

	if (r < 0)
		return r;
	if (shown.len == 0)
		return 0;
	return tn_error_set(TN_EPROTO, "STARTTLS: %zu bytes came in the clear "
	    "behind it, by whomever; this connection must not be used",
	    shown.len);
}
