/* What OpenSSL found wrong, as a code and as a sentence that says which
 * certificate, which check and what to do. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <tenon/error.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/tls.h"

#define ERROR_NAME_BYTES 160
#define ERROR_NAMES_BYTES 2048

/* ---- certificates in words ----------------------------------------------- */

/* What a stranger has written, escaped and no longer than `max`. */
static void
error_escape(BIO *memory, size_t max, struct tn_buffer *out)
{
	char *bytes;
	long len = BIO_get_mem_data(memory, &bytes);
	struct tn_slice text = { bytes, len < 0 ? 0 : (size_t)len };

	/* In front of what does not fit: nothing is printed rather than that
	 * it would fail. */
	tn_buffer_clear(out);
	if (tn_buffer_append_escaped(out, tn_slice_head(text, max)) < 0)
		return;
	if (text.len > max)
		(void)!tn_buffer_append_str(out, "...");
}

void
tn__tls_name_text(const X509_NAME *name, struct tn_buffer *out)
{
	BIO *memory = BIO_new(BIO_s_mem());

	if (memory == NULL)
		return;
	(void)X509_NAME_print_ex(memory, name, 0,
	    (XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) |
	    ASN1_STRFLGS_UTF8_CONVERT);
	error_escape(memory, ERROR_NAME_BYTES, out);
	BIO_free(memory);
	if (out->len == 0)
		(void)!tn_buffer_append_str(out, "without a name");
}

void
tn__tls_names_text(const X509 *certificate, struct tn_buffer *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate,
	    NID_subject_alt_name, NULL, NULL);
	BIO *memory = BIO_new(BIO_s_mem());

	for (int i = 0; memory != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		if (i > 0)
			BIO_puts(memory, ", ");
		(void)GENERAL_NAME_print(memory, sk_GENERAL_NAME_value(names,
		    i));
	}
	if (memory != NULL)
		error_escape(memory, ERROR_NAMES_BYTES, out);
	BIO_free(memory);
	GENERAL_NAMES_free(names);
}

int
tn__tls_digest(const X509 *certificate, char ret[TN_TLS_FINGERPRINT_MAX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
		return tn__tls_fail_plain(-ENOMEM, "TLS: fingerprint");
	for (unsigned i = 0; i < size; i++)
		snprintf(ret + 3 * (size_t)i, 4, "%02X%s", digest[i],
		    i + 1 < size ? ":" : "");
	return 0;
}

static void
error_date(const ASN1_TIME *when, struct tn_buffer *out)
{
	BIO *memory = BIO_new(BIO_s_mem());

	if (memory == NULL)
		return;
	(void)ASN1_TIME_print(memory, when);
	error_escape(memory, 64, out);
	BIO_free(memory);
}

/* ---- what the check of a certificate says -------------------------------- */

int
tn__tls_verify(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tn__tls_stream *t = tn__tls_of(ssl);
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);

	if (good)
		return 1;
	t->verify_error = X509_STORE_CTX_get_error(store);
	X509_free(t->verify_leaf);
	t->verify_leaf = certificate;
	if (certificate != NULL)
		X509_up_ref(certificate);
	return 0;
}

/* What a sentence may speak of, beside the subject. */
enum error_detail {
	NOTHING,
	NOT_AFTER,
	NOT_BEFORE,
	ISSUER,
	FINGERPRINT,
	NAMES,
	PURPOSE
};

/* RFC 5280 section 6.1, by OpenSSL's numbers.  The sentence is "certificate
 * SUBJECT " `says` DETAIL `advice`. */
static const struct error_check {
	int error, code;
	enum error_detail detail;
	const char *says, *advice;
} error_checks[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, TN_ETLS_EXPIRED, NOT_AFTER,
	    "expired on ", "; its owner has to renew it, or this machine's "
	    "clock is wrong" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, TN_ETLS_NOT_YET, NOT_BEFORE,
	    "is not valid before ", "; is this machine's clock right?" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TN_ETLS_SELF_SIGNED,
	    FINGERPRINT, "is signed by itself; if its owner says that its "
	    "fingerprint is ", ", trust it (ca_file)" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TN_ETLS_ISSUER, NOTHING,
	    "is the root of theirs, and nobody told us to trust it; "
	    "if you do, name it (ca_file)", "" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TN_ETLS_ISSUER, ISSUER,
	    "is signed by ", ", whom we do not know; trust that one (ca_file), "
	    "or have its certificate sent along" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TN_ETLS_ISSUER, ISSUER,
	    "is signed by ", ", whom we do not know; trust that one (ca_file), "
	    "or have its certificate sent along" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TN_ETLS_ISSUER, ISSUER,
	    "is signed by ", ", whom we do not know; trust that one (ca_file), "
	    "or have its certificate sent along" },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, TN_ETLS_ISSUER, ISSUER,
	    "is not signed by ", " as it says; somebody made it up" },
	{ X509_V_ERR_HOSTNAME_MISMATCH, TN_ETLS_NAME, NAMES, "is for ",
	    "; use one of these names, or have it made for this one" },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, TN_ETLS_NAME, NAMES, "is for ",
	    "; use one of these names, or have it made for this address" },
	{ X509_V_ERR_PERMITTED_VIOLATION, TN_ETLS_CONSTRAINT, ISSUER,
	    "is for a name outside of those that its issuer may sign: ",
	    "; its owner has to get another" },
	{ X509_V_ERR_EXCLUDED_VIOLATION, TN_ETLS_CONSTRAINT, ISSUER,
	    "is for a name that its issuer may not sign: ",
	    "; its owner has to get another" },
	{ X509_V_ERR_CERT_REVOKED, TN_ETLS_REVOKED, ISSUER, "was revoked by ",
	    "; its owner has to get another" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, TN_ETLS_CERTIFICATE, ISSUER,
	    "may be revoked: there is no list of ", "; add it to crl_file" },
	{ X509_V_ERR_CRL_HAS_EXPIRED, TN_ETLS_CERTIFICATE, ISSUER,
	    "may be revoked: the list is too old of ", "; get a new one" },
	{ X509_V_ERR_CRL_NOT_YET_VALID, TN_ETLS_CERTIFICATE, ISSUER,
	    "may be revoked: the list is of a day to come of ",
	    "; is this machine's clock right?" },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, TN_ETLS_CERTIFICATE, ISSUER,
	    "may be revoked: the list is not signed by ",
	    " as it says; somebody made it up" },
	{ X509_V_ERR_INVALID_PURPOSE, TN_ETLS_CERTIFICATE, PURPOSE,
	    "is not for ", " (extended key usage); its owner has to get "
	    "another" },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, TN_ETLS_ISSUER, NOTHING,
	    "may not have so many others below it; somebody made one of them "
	    "up", "" },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, TN_ETLS_CERTIFICATE, NOTHING,
	    "has a critical extension that we do not know; its owner has to "
	    "get another", "" },
	{ X509_V_ERR_INVALID_CA, TN_ETLS_ISSUER, NOTHING,
	    "may not sign others; somebody made the one below it up", "" },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, TN_ETLS_CERTIFICATE, NOTHING,
	    "has too many others above it", "" },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, TN_ETLS_CERTIFICATE, NOTHING,
	    "has a key that is too short; its owner has to get another", "" },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, TN_ETLS_CERTIFICATE, NOTHING,
	    "has a key that is too short; its owner has to get another", "" },
	{ X509_V_ERR_CA_MD_TOO_WEAK, TN_ETLS_CERTIFICATE, NOTHING,
	    "is signed with a digest that is broken; its owner has to get "
	    "another", "" },
};

static void
error_detail(const struct tn__tls_stream *t, enum error_detail detail,
    struct tn_buffer *out)
{
	const X509 *certificate = t->verify_leaf;
	char digest[TN_TLS_FINGERPRINT_MAX];

	switch (detail) {
	case NOTHING:
		break;
	case NOT_AFTER:
		error_date(X509_get0_notAfter(certificate), out);
		break;
	case NOT_BEFORE:
		error_date(X509_get0_notBefore(certificate), out);
		break;
	case ISSUER:
		tn__tls_name_text(X509_get_issuer_name(certificate), out);
		break;
	case FINGERPRINT:
		if (tn__tls_digest(certificate, digest) == 0)
			(void)!tn_buffer_append_str(out, digest);
		break;
	case NAMES:
		tn__tls_names_text(certificate, out);
		if (out->len == 0)
			(void)!tn_buffer_append_str(out, "no name at all");
		break;
	case PURPOSE:
		(void)!tn_buffer_append_str(out, SSL_is_server(t->ssl) ?
		    "clients" : "servers");
	}
}

static int
error_check_text(const struct tn__tls_stream *t,
    const struct error_check *check)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer subject = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer detail = { 0 };

	tn__tls_name_text(X509_get_subject_name(t->verify_leaf), &subject);
	error_detail(t, check->detail, &detail);
	return tn_error_set(check->code, "%s: certificate %s %s%.*s%s", t->who,
	    subject.data == NULL ? "?" : subject.data, check->says,
	    ERROR_NAME_BYTES, detail.data == NULL ? "" : detail.data,
	    check->advice);
}

static int
error_of_check(const struct tn__tls_stream *t)
{
	static const struct error_check other = { .code = TN_ETLS_CERTIFICATE,
		.says = "is no good: " };

	if (t->verify_leaf == NULL)
		return tn_error_set(TN_ETLS_CERTIFICATE, "%s: certificate: %s",
		    t->who, X509_verify_cert_error_string(t->verify_error));
	for (size_t i = 0; i < TN_COUNT(error_checks); i++)
		if (error_checks[i].error == t->verify_error)
			return error_check_text(t, &error_checks[i]);
	(void)error_check_text(t, &other);
	return tn_error_set(TN_ETLS_CERTIFICATE, "%s%s", tn_error_text(),
	    X509_verify_cert_error_string(t->verify_error));
}

/* ---- what the peer said: RFC 8446 section 6 ------------------------------ */

static const struct error_alert {
	int alert, code;
	const char *says;
} error_alerts[] = {
	{ SSL_AD_HANDSHAKE_FAILURE, TN_ETLS_ALERT,
	    "the peer found nothing in common (handshake failure): no cipher, "
	    "or no certificate of the kind that it wants" },
	{ SSL_AD_PROTOCOL_VERSION, TN_ETLS_VERSION,
	    "the peer speaks no version of TLS that we do; ours are 1.2 and "
	    "1.3" },
	{ SSL_AD_BAD_CERTIFICATE, TN_ETLS_ALERT,
	    "the peer does not accept our certificate (bad certificate)" },
	{ SSL_AD_UNSUPPORTED_CERTIFICATE, TN_ETLS_ALERT, "the peer does not "
	    "accept our certificate (unsupported certificate)" },
	{ SSL_AD_CERTIFICATE_REVOKED, TN_ETLS_ALERT,
	    "the peer does not accept our certificate (it was revoked)" },
	{ SSL_AD_CERTIFICATE_EXPIRED, TN_ETLS_ALERT,
	    "the peer does not accept our certificate (it has expired)" },
	{ SSL_AD_CERTIFICATE_UNKNOWN, TN_ETLS_ALERT,
	    "the peer does not accept our certificate" },
	{ SSL_AD_UNKNOWN_CA, TN_ETLS_ALERT, "the peer does not know who signed "
	    "our certificate (unknown CA)" },
	{ SSL_AD_ACCESS_DENIED, TN_ETLS_ALERT,
	    "the peer knows who we are, and denies us access" },
	{ SSL_AD_CERTIFICATE_REQUIRED, TN_ETLS_ALERT,
	    "the peer wants a certificate of ours; give one" },
	{ SSL_AD_UNRECOGNIZED_NAME, TN_ETLS_ALERT,
	    "the peer does not know the host that we asked for" },
	{ SSL_AD_NO_APPLICATION_PROTOCOL, TN_ETLS_ALERT,
	    "the peer speaks none of our protocols (ALPN)" },
	{ SSL_AD_INTERNAL_ERROR, TN_ETLS_ALERT,
	    "the peer has trouble of its own (internal error)" },
};

static int
error_of_alert(const struct tn__tls_stream *t, int alert)
{
	for (size_t i = 0; i < TN_COUNT(error_alerts); i++)
		if (error_alerts[i].alert == alert)
			return tn_error_set(error_alerts[i].code, "%s: %s",
			    t->who, error_alerts[i].says);
	return tn_error_set(TN_ETLS_ALERT, "%s: the peer refused: %s", t->who,
	    SSL_alert_desc_string_long(alert));
}

/* ---- what we found ourselves --------------------------------------------- */

static const struct error_reason {
	int reason, code;
	const char *says;
} error_reasons[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, TN_ETLS_VERSION, "the peer speaks only "
	    "versions of TLS that we do not; ours begin with version_min" },
	{ SSL_R_WRONG_SSL_VERSION, TN_ETLS_VERSION, "the peer speaks only "
	    "versions of TLS that we do not; ours begin with version_min" },
	{ SSL_R_VERSION_TOO_LOW, TN_ETLS_VERSION, "the peer speaks only "
	    "versions of TLS that we do not; ours begin with version_min" },
	{ SSL_R_WRONG_VERSION_NUMBER, TN_ETLS_PLAIN,
	    "the peer does not speak TLS" },
	{ SSL_R_NO_SHARED_CIPHER, TN_ETLS,
	    "the peer has no cipher that we have" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TN_ETLS_CERTIFICATE,
	    "the peer shows no certificate, and one is required" },
	{ SSL_R_NO_APPLICATION_PROTOCOL, TN_ETLS,
	    "the peer speaks none of our protocols (ALPN)" },
};

static int
error_of_reason(const struct tn__tls_stream *t, unsigned long error)
{
	int reason = ERR_GET_REASON(error);
	const char *words = ERR_reason_error_string(error);

	for (size_t i = 0; i < TN_COUNT(error_reasons); i++)
		if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
		    error_reasons[i].reason == reason)
			return tn_error_set(error_reasons[i].code, "%s: %s",
			    t->who, error_reasons[i].says);
	return tn_error_set(TN_ETLS, "%s: protocol error: %s", t->who,
	    words == NULL ? "unknown" : words);
}

int
tn__tls_fail(struct tn__tls_stream *t)
{
	unsigned long error = ERR_peek_error(), last = ERR_peek_last_error();
	int reason = ERR_GET_REASON(last);

	ERR_clear_error();
	if (t->verify_error != X509_V_OK && !SSL_is_init_finished(t->ssl))
		return error_of_check(t);
	if (ERR_GET_LIB(last) == ERR_LIB_SSL &&
	    reason > SSL_AD_REASON_OFFSET &&
	    reason <= SSL_AD_REASON_OFFSET + 255)
		return error_of_alert(t, reason - SSL_AD_REASON_OFFSET);
	/* With nothing said it was a buffer that could not be had. */
	if (error == 0 || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
		return tn__error_nomem();
	return error_of_reason(t, error);
}

int
tn__tls_fail_plain(int code, const char *what)
{
	const char *words = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return tn_error_set(code, "%s: %s", what, words == NULL ?
	    tn_error_words(code) : words);
}
