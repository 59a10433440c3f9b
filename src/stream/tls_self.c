/* A certificate that is signed by itself: RFC 5280 section 4, names as RFC 6125
 * wants them. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <tenon/error.h>
#include <tenon/idna.h>
#include <tenon/ip.h>
#include <tenon/run.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/tls.h"

#define SELF_DAYS 30
#define SELF_DAY (24 * 60 * 60)

/* ---- names --------------------------------------------------------------- */

static int
self_add_name(GENERAL_NAMES *names, const char *text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value;
	struct tn_ip ip;
	bool address = tn_ip_parse(tn_slice_str(text), &ip) == 0;
	int good;

	value = address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	good = name != NULL && value != NULL && (address ?
	    ASN1_STRING_set(value, ip.bytes, ip.family == 4 ? 4 : 16) :
	    ASN1_STRING_set(value, text, -1)) == 1;
	if (good) {
		GENERAL_NAME_set0_value(name, address ? GEN_IPADD : GEN_DNS,
		    value);
		value = NULL;
		good = sk_GENERAL_NAME_push(names, name) > 0;
	}
	if (!good) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
	}
	return good ? 0 : tn__error_nomem();
}

static int
self_check_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ')
			return tn_error_set(-EINVAL, "TLS: no certificate is "
			    "for a name with spaces; write a host's name or "
			    "an IP address");
	if (name[0] == '\0' || strlen(name) > 253)
		return tn_error_set(-EINVAL,
		    "TLS: a host's name has 1 to 253 letters");
	return 0;
}

/* RFC 5280 section 7.2: in ASCII. */
static int
self_add_host(GENERAL_NAMES *all, const char *name)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer ascii = { 0 };
	int r;

	if (name[0] != '\0') {
		r = tn_idna_to_ascii(tn_slice_str(name), &ascii);
		if (r < 0)
			return tn_error_prefix("TLS");
	}
	r = self_check_name(ascii.data == NULL ? "" : ascii.data);
	return r < 0 ? r : self_add_name(all, ascii.data);
}

static int
self_collect(GENERAL_NAMES *all, const char *const *names)
{
	static const char *const always[] = { "localhost", "127.0.0.1", "::1" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < TN_COUNT(always); i++)
		r = self_add_name(all, always[i]);
	for (; r == 0 && names != NULL && *names != NULL; names++)
		r = self_add_host(all, *names);
	return r;
}

/* ---- the certificate ----------------------------------------------------- */

static int
self_extension(X509 *certificate, int what, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, what,
	    value);
	int good = extension != NULL &&
	    X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return good;
}

static int
self_serial(X509 *certificate)
{
	uint64_t serial;

	tn__random(&serial, sizeof(serial));
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate),
	    serial >> 1 | 1);
}

/* One that is no CA: who trusts it trusts this server and nobody else. */
static int
self_fill(X509 *certificate, EVP_PKEY *key, GENERAL_NAMES *names, int days)
{
	time_t now = (time_t)(tn_wall_now() / TN_SECOND);
	X509_NAME *subject = X509_get_subject_name(certificate);
	static const unsigned char who[] = "tenon self-signed";

	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	    self_serial(certificate) == 1 &&
	    ASN1_TIME_set(X509_getm_notBefore(certificate),
	        now - SELF_DAY) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(certificate),
	        now + (time_t)days * SELF_DAY) != NULL &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, who, -1, -1,
	        0) == 1 &&
	    X509_set_issuer_name(certificate, subject) == 1 &&
	    X509_set_pubkey(certificate, key) == 1 &&
	    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0,
	        0) == 1 &&
	    self_extension(certificate, NID_basic_constraints,
	        "critical,CA:FALSE") &&
	    self_extension(certificate, NID_key_usage,
	        "critical,digitalSignature") &&
	    self_extension(certificate, NID_ext_key_usage, "serverAuth") &&
	    X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* ---- PEM ----------------------------------------------------------------- */

static int
self_take(BIO *memory, struct tn_buffer *ret)
{
	char *bytes;
	long len = BIO_get_mem_data(memory, &bytes);
	struct tn_buffer text = { 0 };

	if (tn_buffer_append(&text, tn_slice(bytes, (size_t)len)) < 0)
		return tn__error_nomem();
	tn_buffer_free(ret);
	*ret = text;
	return 0;
}

static int
self_print(X509 *certificate, EVP_PKEY *key, struct tn_buffer *ret_cert,
    struct tn_buffer *ret_key)
{
	BIO *cert_text = BIO_new(BIO_s_mem());
	BIO *key_text = BIO_new(BIO_s_secmem());
	int r = 0;

	if (cert_text == NULL || key_text == NULL ||
	    PEM_write_bio_X509(cert_text, certificate) != 1 ||
	    PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL,
	        NULL) != 1)
		r = tn__tls_fail_plain(-ENOMEM, "TLS: certificate");
	if (r == 0)
		r = self_take(cert_text, ret_cert);
	if (r == 0)
		r = self_take(key_text, ret_key);
	BIO_free(cert_text);
	BIO_free(key_text);
	return r;
}

int
tn_tls_self_signed(const char *const *names, int days,
    struct tn_buffer *ret_cert_pem, struct tn_buffer *ret_key_pem)
{
	EVP_PKEY *key = NULL;
	X509 *certificate = X509_new();
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	int r = certificate == NULL || all == NULL ? tn__error_nomem() : 0;

	tn__tls_sim_prepare();
	ERR_clear_error();
	if (r == 0 && (days < 0 || days > 3650))
		r = tn_error_set(-EINVAL, "TLS: a certificate for %d days; "
		    "at most 3,650", days);
	if (r == 0)
		r = self_collect(all, names);
	if (r == 0) {
		key = EVP_EC_gen("P-256");
		if (key == NULL || !self_fill(certificate, key, all,
		    days == 0 ? SELF_DAYS : days))
			r = tn__tls_fail_plain(-ENOMEM, "TLS: certificate");
	}
	if (r == 0)
		r = self_print(certificate, key, ret_cert_pem, ret_key_pem);
	GENERAL_NAMES_free(all);
	X509_free(certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return r;
}
