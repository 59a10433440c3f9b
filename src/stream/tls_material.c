/* Certificates and keys, from files or from memory, and which of them a server
 * shows. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <tenon/error.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/tls.h"

#define MATERIAL_CERTIFICATES_MAX 1024

/* ---- the index of SSL_CTX under which it lives --------------------------- */

static int material_index = -1;
static pthread_once_t material_once = PTHREAD_ONCE_INIT;

static void
material_free(struct tn__tls_material *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++) {
		X509_free(m->shown[i].leaf);
		EVP_PKEY_free(m->shown[i].key);
		sk_X509_pop_free(m->shown[i].chain, X509_free);
	}
	tn__free(m);
}

static void
material_ctx_gone(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index,
    long number, void *arg)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)arg;
	material_free(pointer);
}

static void
material_make_index(void)
{
	material_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL,
	    material_ctx_gone);
}

static struct tn__tls_material *
material_of(const SSL_CTX *ctx)
{
	return SSL_CTX_get_ex_data(ctx, material_index);
}

X509 *
tn__tls_material_leaf(const SSL_CTX *ctx)
{
	const struct tn__tls_material *m = material_of(ctx);

	return m == NULL || m->count == 0 ? NULL : m->shown[0].leaf;
}

/* ---- reading ------------------------------------------------------------- */

/* A file, or bytes in memory; `what` is what an error calls it. */
static int
material_open(const char *file, struct tn_slice pem, const char *what,
    BIO **ret)
{
	unsigned long error;

	ERR_clear_error();
	if (file == NULL) {
		*ret = BIO_new_mem_buf(pem.data, (int)pem.len);
		return *ret == NULL ? tn__error_nomem() : 0;
	}
	*ret = BIO_new_file(file, "r");
	if (*ret != NULL)
		return 0;
	error = ERR_peek_error();
	ERR_clear_error();
	if (ERR_GET_LIB(error) == ERR_LIB_SYS && ERR_GET_REASON(error) > 0)
		return tn_error_set(-ERR_GET_REASON(error), "TLS: %s %s: %s",
		    what, file, tn_error_words(-ERR_GET_REASON(error)));
	return tn_error_set(-EIO, "TLS: %s %s cannot be opened", what, file);
}

/* Keys that ask for a password get none: nobody is there to type it. */
static int
material_no_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
material_bad(const char *what, const char *file, const char *why)
{
	ERR_clear_error();
	return tn_error_set(TN_ETLS_CERTIFICATE, "TLS: %s%s%s: %s", what,
	    file == NULL ? "" : " ", file == NULL ? "" : file, why);
}

static int
material_read_chain(BIO *bio, const char *file, struct tn__tls_shown *shown)
{
	X509 *next;

	shown->leaf = PEM_read_bio_X509(bio, NULL, material_no_password, NULL);
	if (shown->leaf == NULL)
		return material_bad("certificate", file, "there is none in it; "
		    "PEM text begins with -----BEGIN CERTIFICATE-----");
	shown->chain = sk_X509_new_null();
	if (shown->chain == NULL)
		return tn__error_nomem();
	while ((next = PEM_read_bio_X509(bio, NULL, material_no_password,
	    NULL)) != NULL) {
		if (sk_X509_push(shown->chain, next) <= 0) {
			X509_free(next);
			return tn__error_nomem();
		}
	}
	ERR_clear_error(); /* the end of the file is one */
	return 0;
}

static int
material_read_one(const struct tn_tls_certificate *c,
    struct tn__tls_shown *shown)
{
	bool apart = c->key_file != NULL || c->key_pem.len > 0;
	const char *key_file = apart ? c->key_file : c->cert_file;
	struct tn_slice key_pem = apart ? c->key_pem : c->cert_pem;
	BIO *bio;
	int r;

	if (c->cert_file == NULL && c->cert_pem.len == 0)
		return tn_error_set(-EINVAL, "TLS: a certificate without "
		    "cert_file and cert_pem");
	r = material_open(c->cert_file, c->cert_pem, "certificate", &bio);
	if (r < 0)
		return r;
	r = material_read_chain(bio, c->cert_file, shown);
	BIO_free(bio);
	if (r == 0)
		r = material_open(key_file, key_pem, "key", &bio);
	if (r < 0)
		return r;
	shown->key = PEM_read_bio_PrivateKey(bio, NULL, material_no_password,
	    NULL);
	BIO_free(bio);
	if (shown->key == NULL)
		return material_bad("key", key_file, "there is none in it that "
		    "can be read; it must be PEM text without a password");
	if (X509_check_private_key(shown->leaf, shown->key) != 1)
		return material_bad("key", key_file,
		    "it is not that of the certificate");
	return 0;
}

/* ---- choosing ------------------------------------------------------------ */

static bool
material_is_for(const struct tn__tls_shown *shown, const char *name)
{
	return X509_check_host(shown->leaf, name, 0,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* Every certificate for the name that the client asks for: OpenSSL keeps one of
 * each kind of key, and picks among these.  Without one the first stays. */
static int
material_choose(SSL *ssl, void *arg)
{
	const struct tn__tls_material *m = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	bool cleared = false;

	if (name == NULL)
		return 1;
	for (size_t i = m->count; i-- > 0;) {
		const struct tn__tls_shown *shown = &m->shown[i];

		if (!material_is_for(shown, name))
			continue;
		if (!cleared)
			SSL_certs_clear(ssl);
		cleared = true;
		if (SSL_use_cert_and_key(ssl, shown->leaf, shown->key,
		    shown->chain, 1) != 1)
			return 0;
	}
	return 1;
}

static int
material_show(SSL_CTX *ctx, const struct tn_tls_options *options)
{
	size_t count = options->certificate_count;
	struct tn__tls_material *m;
	const struct tn__tls_shown *first;
	int r = 0;

	if (count == 0)
		return 0;
	if (count > (options->server ? MATERIAL_CERTIFICATES_MAX : 1))
		return tn_error_set(-EINVAL, "TLS: %zu certificates; a client "
		    "has one, a server at most %d", count,
		    MATERIAL_CERTIFICATES_MAX);
	m = tn__zalloc(sizeof(*m) + count * sizeof(m->shown[0]));
	if (m == NULL)
		return tn__error_nomem();
	m->count = count;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = material_read_one(&options->certificates[i], &m->shown[i]);
	if (r == 0 && SSL_CTX_set_ex_data(ctx, material_index, m) != 1)
		r = tn__error_nomem();
	if (r < 0) {
		material_free(m);
		return r;
	}
	first = &m->shown[0];
	if (SSL_CTX_use_cert_and_key(ctx, first->leaf, first->key,
	    first->chain, 1) != 1)
		return tn__tls_fail_plain(TN_ETLS_CERTIFICATE,
		    "TLS: certificate cannot be used");
	if (options->server)
		SSL_CTX_set_cert_cb(ctx, material_choose, m);
	return 0;
}

/* ---- whom to trust ------------------------------------------------------- */

/* All certificates and revocation lists of one text; how many there were. */
static int
material_trust_text(SSL_CTX *ctx, const char *file, struct tn_slice pem,
    const char *what)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	STACK_OF(X509_INFO) * all;
	int count = 0, r;
	BIO *bio;

	r = material_open(file, pem, what, &bio);
	if (r < 0)
		return r;
	all = PEM_X509_INFO_read_bio(bio, NULL, material_no_password, NULL);
	BIO_free(bio);
	for (int i = 0; all != NULL && i < sk_X509_INFO_num(all); i++) {
		const X509_INFO *info = sk_X509_INFO_value(all, i);

		if (info->x509 != NULL)
			count += X509_STORE_add_cert(store, info->x509) == 1;
		if (info->x509 != NULL && SSL_CTX_get_verify_mode(ctx) != 0)
			(void)SSL_CTX_add_client_CA(ctx, info->x509);
		if (info->crl != NULL)
			count += X509_STORE_add_crl(store, info->crl) == 1;
	}
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	ERR_clear_error();
	return count > 0 ? 0 : material_bad(what, file, "nothing in it can be "
	    "read; it must be PEM text");
}

static int
material_trust(SSL_CTX *ctx, const struct tn_tls_options *o)
{
	int r = 0;

	if (o->ca_file != NULL || o->ca_pem.len > 0)
		r = material_trust_text(ctx, o->ca_file, o->ca_pem,
		    "trusted certificates");
	if (r == 0 && o->ca_file != NULL && o->ca_pem.len > 0)
		r = material_trust_text(ctx, NULL, o->ca_pem,
		    "trusted certificates");
	if (r == 0 && o->ca_dir != NULL &&
	    SSL_CTX_load_verify_dir(ctx, o->ca_dir) != 1)
		r = tn__tls_fail_plain(-EINVAL, "TLS: ca_dir");
	if (r == 0 && o->ca_file == NULL && o->ca_pem.len == 0 &&
	    o->ca_dir == NULL && (!o->server || o->ask != TN_TLS_ASK_NOT) &&
	    SSL_CTX_set_default_verify_paths(ctx) != 1)
		r = tn__tls_fail_plain(-ENOENT, "TLS: the system's trust store");
	if (r < 0 || (o->crl_file == NULL && o->crl_pem.len == 0))
		return r;
	X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx),
	    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return material_trust_text(ctx, o->crl_file, o->crl_pem,
	    "revocation lists");
}

int
tn__tls_material_load(SSL_CTX *ctx, const struct tn_tls_options *options)
{
	int r;

	pthread_once(&material_once, material_make_index);
	r = material_show(ctx, options);
	return r < 0 ? r : material_trust(ctx, options);
}
