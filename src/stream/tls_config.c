/* The object that connections share: options, what was read, sessions. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <tenon/error.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/tls.h"

#define TLS_HANDSHAKE_MS 10000
#define TLS_TICKET_KEYS 80 /* what OpenSSL asks for */

/* ---- copies of the options ----------------------------------------------- */

static const char *
config_keep(struct tn_tls *tls, struct tn_slice text, int *r)
{
	struct tn__tls_kept *kept;

	if (text.data == NULL || *r < 0)
		return NULL;
	kept = tn__alloc(sizeof(*kept) + text.len + 1);
	if (kept == NULL) {
		*r = tn__error_nomem();
		return NULL;
	}
	memcpy(kept->text, text.data, text.len);
	kept->text[text.len] = '\0';
	kept->len = text.len;
	kept->next = tls->kept;
	tls->kept = kept;
	return kept->text;
}

static void
config_keep_text(struct tn_tls *tls, const char **text, int *r)
{
	*text = config_keep(tls, tn_slice_str(*text), r);
}

static void
config_keep_slice(struct tn_tls *tls, struct tn_slice *slice, int *r)
{
	slice->data = config_keep(tls, *slice, r);
	if (slice->data == NULL)
		slice->len = 0;
}

/* An array of pointers or structs, among the texts: aligned as those are. */
static void *
config_keep_array(struct tn_tls *tls, const void *array, size_t bytes, int *r)
{
	_Static_assert(offsetof(struct tn__tls_kept, text) %
	    _Alignof(struct tn_tls_certificate) == 0, "arrays may stand there");

	return bytes == 0 ? NULL :
	    (void *)(uintptr_t)config_keep(tls, tn_slice(array, bytes), r);
}

static void
config_keep_certificates(struct tn_tls *tls, int *r)
{
	struct tn_tls_options *o = &tls->options;
	struct tn_tls_certificate *all = config_keep_array(tls,
	    o->certificates, o->certificate_count * sizeof(*all), r);

	o->certificates = all;
	for (size_t i = 0; *r == 0 && i < o->certificate_count; i++) {
		config_keep_text(tls, &all[i].cert_file, r);
		config_keep_text(tls, &all[i].key_file, r);
		config_keep_slice(tls, &all[i].cert_pem, r);
		config_keep_slice(tls, &all[i].key_pem, r);
	}
}

static void
config_keep_alpn(struct tn_tls *tls, int *r)
{
	struct tn_tls_options *o = &tls->options;
	const char **all;
	size_t count = 0;

	while (o->alpn != NULL && o->alpn[count] != NULL)
		count++;
	all = count == 0 ? NULL : config_keep_array(tls, o->alpn,
	    (count + 1) * sizeof(*all), r);
	o->alpn = all;
	for (size_t i = 0; *r == 0 && i < count; i++)
		config_keep_text(tls, &all[i], r);
}

static int
config_copy(struct tn_tls *tls, const struct tn_tls_options *options)
{
	struct tn_tls_options *o = &tls->options;
	int r = 0;

	*o = *options;
	config_keep_certificates(tls, &r);
	config_keep_text(tls, &o->ca_file, &r);
	config_keep_text(tls, &o->ca_dir, &r);
	config_keep_slice(tls, &o->ca_pem, &r);
	config_keep_text(tls, &o->crl_file, &r);
	config_keep_slice(tls, &o->crl_pem, &r);
	config_keep_alpn(tls, &r);
	if (o->handshake_ms == 0)
		o->handshake_ms = TLS_HANDSHAKE_MS;
	return r;
}

static bool
config_is_version(enum tn_tls_version version)
{
	return version == 0 || version == TN_TLS_1_2 || version == TN_TLS_1_3;
}

static int
config_check(const struct tn_tls_options *o)
{
	if (o->server && o->certificate_count == 0)
		return tn_error_set(-EINVAL, "TLS: a server needs a certificate");
	if (o->server && o->insecure_accept_any_certificate)
		return tn_error_set(-EINVAL, "TLS: a server that accepts any "
		    "certificate need not ask for one");
	if (!o->server && o->ask != TN_TLS_ASK_NOT)
		return tn_error_set(-EINVAL, "TLS: `ask` is for servers; a "
		    "client always asks");
	if ((unsigned)o->ask > TN_TLS_ASK_REQUIRE)
		return tn_error_set(-EINVAL, "TLS: `ask` is %d", (int)o->ask);
	if (!config_is_version(o->version_min) ||
	    !config_is_version(o->version_max) ||
	    (o->version_max != 0 && o->version_max < o->version_min))
		return tn_error_set(-EINVAL, "TLS: version_min %#x, version_max "
		    "%#x; there are TN_TLS_1_2 and TN_TLS_1_3",
		    (unsigned)o->version_min, (unsigned)o->version_max);
	for (size_t i = 0; o->alpn != NULL && o->alpn[i] != NULL; i++)
		if (o->alpn[i][0] == '\0' || strlen(o->alpn[i]) > 255)
			return tn_error_set(-EINVAL, "TLS: alpn: a protocol's "
			    "name has 1 to 255 bytes (RFC 7301)");
	return 0;
}

/* ---- an SSL_CTX ---------------------------------------------------------- */

/* RFC 7301 section 3.1: each name with its length before it. */
static int
config_alpn_wire(const struct tn_tls_options *o, struct tn_buffer *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && o->alpn[i] != NULL; i++) {
		r = tn_buffer_append_byte(out, (char)strlen(o->alpn[i]));
		if (r == 0)
			r = tn_buffer_append_str(out, o->alpn[i]);
	}
	return r < 0 ? tn__error_nomem() : 0;
}

static bool
config_alpn_offered(const unsigned char *in, unsigned size, const char *name,
    const unsigned char **ret, unsigned char *ret_size)
{
	size_t len = strlen(name);

	for (unsigned i = 0; i < size; i += 1u + in[i]) {
		if (in[i] != len || len > size - i - 1 ||
		    memcmp(in + i + 1, name, len) != 0)
			continue;
		*ret = in + i + 1;
		*ret_size = (unsigned char)len;
		return true;
	}
	return false;
}

/* Section 3.2: the server's preference, or the alert. */
static int
config_alpn_choose(SSL *ssl, const unsigned char **ret, unsigned char *ret_size,
    const unsigned char *in, unsigned size, void *arg)
{
	const struct tn_tls_options *o = &tn__tls_of(ssl)->tls->options;

	(void)arg;
	for (size_t i = 0; o->alpn[i] != NULL; i++)
		if (config_alpn_offered(in, size, o->alpn[i], ret, ret_size))
			return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int
config_set_alpn(SSL_CTX *ctx, const struct tn_tls_options *o)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer wire = { 0 };
	int r;

	if (o->alpn == NULL)
		return 0;
	if (o->server) {
		SSL_CTX_set_alpn_select_cb(ctx, config_alpn_choose, NULL);
		return 0;
	}
	r = config_alpn_wire(o, &wire);
	if (r == 0 && SSL_CTX_set_alpn_protos(ctx,
	    (const unsigned char *)wire.data, (unsigned)wire.len) != 0)
		r = tn__error_nomem();
	return r;
}

static int
config_verify_mode(const struct tn_tls_options *o)
{
	if (o->server && o->ask == TN_TLS_ASK_REQUIRE)
		return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (o->server && o->ask == TN_TLS_ASK)
		return SSL_VERIFY_PEER;
	if (o->server || o->insecure_accept_any_certificate)
		return SSL_VERIFY_NONE;
	return SSL_VERIFY_PEER;
}

static int
config_set(struct tn_tls *tls, SSL_CTX *ctx)
{
	const struct tn_tls_options *o = &tls->options;
	int mode = config_verify_mode(o);

	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_verify(ctx, mode, mode == SSL_VERIFY_NONE ? NULL :
	    tn__tls_verify);
	X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ctx),
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* Whom one trusts need not be a root. */
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
	    X509_V_FLAG_PARTIAL_CHAIN);
	tn__tls_sessions_prepare(tls, ctx);
	if (tls->keylog != NULL)
		tn__tls_keylog_prepare(ctx);
	if (SSL_CTX_set_min_proto_version(ctx, o->version_min == 0 ?
	    TLS1_2_VERSION : (int)o->version_min) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, (int)o->version_max) != 1)
		return tn__tls_fail_plain(-EINVAL, "TLS: version_min");
	return config_set_alpn(ctx, o);
}

static int
config_make(struct tn_tls *tls, SSL_CTX **ret)
{
	SSL_CTX *ctx;
	int r;

	tn__tls_sim_prepare();
	ERR_clear_error();
	ctx = SSL_CTX_new(tls->options.server ? TLS_server_method() :
	    TLS_client_method());
	if (ctx == NULL)
		return tn__tls_fail_plain(-ENOMEM, "TLS");
	r = config_set(tls, ctx);
	if (r == 0)
		r = tn__tls_material_load(ctx, &tls->options);
	if (r < 0) {
		SSL_CTX_free(ctx);
		return r;
	}
	*ret = ctx;
	return 0;
}

/* ---- opening and freeing ------------------------------------------------- */

static int
config_open_keylog(struct tn_tls *tls, const char *path)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer folder = { 0 };
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	const char *slash, *name;
	int r;

	if (path == NULL)
		return 0;
	slash = strrchr(path, '/');
	name = slash == NULL ? path : slash + 1;
	r = slash == NULL ? tn_buffer_append_str(&folder, ".") :
	    tn_buffer_append(&folder, tn_slice(path, (size_t)(name - path)));
	if (r < 0)
		return tn__error_nomem();
	r = tn_dir_open(folder.data, &dir);
	if (r == 0) /* who reads it reads everything */
		r = tn_append_open(dir, tn_slice_str(name), 0600, &tls->keylog);
	return r < 0 ? tn_error_prefix("TLS: keylog_file") : 0;
}

int
tn_tls_open(const struct tn_tls_options *options, struct tn_tls **ret)
{
	static const struct tn_tls_options defaults;
	TN_CLEANUP(tn_tls_freep) struct tn_tls *tls = tn__zalloc(sizeof(*tls));
	int r;

	if (tls == NULL)
		return tn__error_nomem();
	atomic_init(&tls->owners, 1);
	pthread_mutex_init(&tls->lock, NULL);
	if (options == NULL)
		options = &defaults;
	r = config_check(options);
	if (r == 0)
		r = config_copy(tls, options);
	if (r == 0)
		r = config_open_keylog(tls, options->keylog_file);
	if (r == 0)
		r = config_make(tls, &tls->ctx);
	if (r < 0)
		return r;
	*ret = TN_TAKE(tls);
	return 0;
}

/* Tickets of before stay good, unless whom to trust may be another now. */
static void
config_keep_tickets(const struct tn_tls *tls, SSL_CTX *from, SSL_CTX *to)
{
	unsigned char keys[TLS_TICKET_KEYS];

	if (!tls->options.server || tls->options.ask != TN_TLS_ASK_NOT)
		return;
	if (SSL_CTX_get_tlsext_ticket_keys(from, keys, sizeof(keys)) == 1)
		(void)SSL_CTX_set_tlsext_ticket_keys(to, keys, sizeof(keys));
	tn__wipe(keys, sizeof(keys));
}

int
tn_tls_reload(struct tn_tls *tls)
{
	SSL_CTX *ctx = NULL, *old;
	int r = config_make(tls, &ctx);

	if (r != 0)
		return r;
	tn__tls_sessions_drop(tls);
	pthread_mutex_lock(&tls->lock);
	old = tls->ctx;
	config_keep_tickets(tls, old, ctx);
	tls->ctx = ctx;
	pthread_mutex_unlock(&tls->lock);
	SSL_CTX_free(old);
	ERR_clear_error();
	return 0;
}

struct tn_tls *
tn_tls_ref(struct tn_tls *tls)
{
	if (tls != NULL)
		atomic_fetch_add(&tls->owners, 1);
	return tls;
}

void
tn_tls_free(struct tn_tls *tls)
{
	if (tls == NULL || atomic_fetch_sub(&tls->owners, 1) > 1)
		return;
	tn__tls_sessions_drop(tls);
	SSL_CTX_free(tls->ctx);
	tn_append_free(tls->keylog);
	while (tls->kept != NULL) {
		struct tn__tls_kept *kept = tls->kept;

		tls->kept = kept->next;
		tn__wipe(kept->text, kept->len); /* a key may be among them */
		tn__free(kept);
	}
	pthread_mutex_destroy(&tls->lock);
	tn__free(tls);
}

int
tn_tls_fingerprint(struct tn_tls *tls, char ret[TN_TLS_FINGERPRINT_MAX])
{
	X509 *leaf;
	int r;

	pthread_mutex_lock(&tls->lock);
	leaf = tn__tls_material_leaf(tls->ctx);
	r = leaf == NULL ? -ENOENT : tn__tls_digest(leaf, ret);
	pthread_mutex_unlock(&tls->lock);
	return r == -ENOENT ? tn_error_set(r, "TLS: there is no certificate "
	    "to have a fingerprint") : r;
}

/* ---- the one with default options ---------------------------------------- */

/* Never freed: by the time that would be safe OpenSSL is gone. */
static struct tn_tls *config_default;
static pthread_mutex_t config_default_lock = PTHREAD_MUTEX_INITIALIZER;

int
tn__tls_default(struct tn_tls **ret)
{
	int r = 0;

	pthread_mutex_lock(&config_default_lock);
	if (config_default == NULL)
		r = tn_tls_open(NULL, &config_default);
	pthread_mutex_unlock(&config_default_lock);
	if (r == 0)
		*ret = config_default;
	return r;
}
