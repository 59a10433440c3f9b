/* What a TLS stream has agreed on, and with whom. */
#include <errno.h>
#include <openssl/err.h>
#include <tenon/error.h>

#include "stream/tls.h"

/* RFC 5280 section 4.1.2.5, as seconds since 1970. */
static int64_t
info_seconds(const ASN1_TIME *when)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	if (epoch != NULL)
		(void)ASN1_TIME_diff(&days, &seconds, epoch, when);
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

static void
info_peer(struct tn__tls_stream *t, struct tn_tls_info *info)
{
	const X509 *peer = SSL_get0_peer_certificate(t->ssl);

	if (peer == NULL)
		return;
	tn__tls_name_text(X509_get_subject_name(peer), &t->subject);
	tn__tls_name_text(X509_get_issuer_name(peer), &t->issuer);
	tn__tls_names_text(peer, &t->names);
	info->subject = t->subject.data;
	info->issuer = t->issuer.data;
	info->names = t->names.data;
	if (tn__tls_digest(peer, t->fingerprint) == 0)
		info->fingerprint = t->fingerprint;
	info->not_before = info_seconds(X509_get0_notBefore(peer));
	info->not_after = info_seconds(X509_get0_notAfter(peer));
	info->verified = SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE &&
	    SSL_get_verify_result(t->ssl) == X509_V_OK;
}

int
tn_tls_info(struct tn_stream *s, struct tn_tls_info *ret)
{
	struct tn__tls_stream *t = tn__tls_stream(s);
	const unsigned char *alpn = NULL;
	unsigned alpn_size = 0;
	struct tn_tls_info info = { 0 };

	if (t == NULL)
		return tn_error_set(-EINVAL, "TLS: this stream is in the clear");
	ERR_clear_error();
	info.version = SSL_get_version(t->ssl);
	info.cipher = SSL_get_cipher_name(t->ssl);
	info.server_name = SSL_get_servername(t->ssl,
	    TLSEXT_NAMETYPE_host_name);
	info.resumed = SSL_session_reused(t->ssl) == 1;
	SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_size);
	if (alpn_size > 0 && alpn_size < sizeof(t->alpn)) {
		memcpy(t->alpn, alpn, alpn_size);
		t->alpn[alpn_size] = '\0';
		info.alpn = t->alpn;
	}
	info_peer(t, &info);
	ERR_clear_error();
	*ret = info;
	return 0;
}
