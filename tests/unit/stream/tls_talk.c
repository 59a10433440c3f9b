#include "tls_talk.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "stream/tls.h"

/* ---- certificates ------------------------------------------------------ */

struct cert {
	X509 *x509;
	EVP_PKEY *key;
	struct tn_buffer pem, key_pem;
	const struct cert *issuer;
};

static void
cert_extension(X509 *x509, X509 *issuer, int what, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;

	if (value == NULL)
		return;
	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
	CHECK(extension != NULL);
	CHECK(X509_add_ext(x509, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void
cert_text(BIO *memory, struct tn_buffer *out)
{
	char *bytes;
	long len = BIO_get_mem_data(memory, &bytes);

	CHECK_INT(tn_buffer_append(out, tn_slice(bytes, (size_t)len)), 0);
	BIO_free(memory);
}

static void
cert_print(struct cert *c)
{
	BIO *memory = BIO_new(BIO_s_mem());

	CHECK(PEM_write_bio_X509(memory, c->x509) == 1);
	cert_text(memory, &c->pem);
	memory = BIO_new(BIO_s_mem());
	CHECK(PEM_write_bio_PrivateKey(memory, c->key, NULL, NULL, 0, NULL,
	    NULL) == 1);
	cert_text(memory, &c->key_pem);
	if (c->issuer != NULL)
		CHECK_INT(tn_buffer_append(&c->pem,
		    tn_buffer_slice(&c->issuer->pem)), 0);
}

struct cert *
cert_make(const struct cert_plan *p)
{
	static long serial = 1000;
	struct cert *c = calloc(1, sizeof(*c));
	int from = p->from_days, to = p->to_days;
	X509 *issuer;
	X509_NAME *name;

	CHECK(c != NULL);
	if (from == 0 && to == 0) {
		from = -1;
		to = 30;
	}
	c->issuer = p->issuer;
	c->x509 = X509_new();
	c->key = p->rsa || p->bits > 0 ?
	    EVP_RSA_gen((unsigned)(p->bits > 0 ? p->bits : 2048)) :
	    EVP_EC_gen("P-256");
	CHECK(c->x509 != NULL && c->key != NULL);
	issuer = p->issuer == NULL ? c->x509 : p->issuer->x509;
	name = X509_get_subject_name(c->x509);
	CHECK(X509_set_version(c->x509, X509_VERSION_3) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(c->x509), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(c->x509), from * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(c->x509), to * 86400L);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)p->name, -1, -1, 0);
	X509_set_issuer_name(c->x509, X509_get_subject_name(issuer));
	X509_set_pubkey(c->x509, c->key);
	cert_extension(c->x509, issuer, NID_subject_key_identifier, "hash");
	cert_extension(c->x509, issuer, NID_basic_constraints,
	    p->basic != NULL ? p->basic : p->ca ? "critical,CA:TRUE" :
	    "critical,CA:FALSE");
	cert_extension(c->x509, issuer, NID_key_usage, p->ca ?
	    "critical,keyCertSign,cRLSign,digitalSignature" :
	    "critical,digitalSignature");
	cert_extension(c->x509, issuer, NID_subject_alt_name, p->names);
	cert_extension(c->x509, issuer, NID_name_constraints, p->constraints);
	cert_extension(c->x509, issuer, NID_ext_key_usage, p->usage);
	CHECK(X509_sign(c->x509, p->issuer == NULL ? c->key : p->issuer->key,
	    p->digest != NULL ? p->digest() : EVP_sha256()) > 0);
	cert_print(c);
	return c;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	tn_buffer_free(&c->pem);
	tn_buffer_free(&c->key_pem);
	free(c);
}

struct tn_slice
cert_pem(const struct cert *c)
{
	return tn_buffer_slice(&c->pem);
}

struct tn_tls_certificate
cert_shown(const struct cert *c)
{
	return (struct tn_tls_certificate){
		.cert_pem = tn_buffer_slice(&c->pem),
		.key_pem = tn_buffer_slice(&c->key_pem),
	};
}

struct tn_buffer
cert_revoke(const struct cert *issuer, const struct cert *c, int days)
{
	struct tn_buffer text = { 0 };
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -86400);
	ASN1_TIME *next = X509_gmtime_adj(NULL, (days - 1) * 86400L - 60);
	BIO *memory = BIO_new(BIO_s_mem());
	X509_REVOKED *row;

	CHECK(list != NULL && X509_CRL_set_version(list, 1) == 1);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->x509));
	X509_CRL_set1_lastUpdate(list, now);
	X509_CRL_set1_nextUpdate(list, next);
	if (c != NULL) {
		row = X509_REVOKED_new();
		X509_REVOKED_set_serialNumber(row,
		    X509_get_serialNumber(c->x509));
		X509_REVOKED_set_revocationDate(row, now);
		X509_CRL_add0_revoked(list, row);
	}
	CHECK(X509_CRL_sign(list, issuer->key, EVP_sha256()) > 0);
	CHECK(PEM_write_bio_X509_CRL(memory, list) == 1);
	cert_text(memory, &text);
	X509_CRL_free(list);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return text;
}

/* In the place of the one it was opened with, which is for no name and has a
 * key of the same kind. */
struct tn_tls *
cert_show_weak(const struct cert *c)
{
	struct cert *other = cert_make(&(struct cert_plan){
	    .name = "other", .rsa = EVP_PKEY_is_a(c->key, "RSA") == 1 });
	struct tn_tls_certificate shown = cert_shown(other);
	struct tn_tls_options options = {
		.server = true, .certificates = &shown, .certificate_count = 1
	};
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct tn_tls *tls;

	CHECK_INT(tn_tls_open(&options, &tls), 0);
	SSL_CTX_set_security_level(tls->ctx, 0);
	if (c->issuer != NULL)
		CHECK(sk_X509_push(chain, c->issuer->x509) > 0);
	CHECK(SSL_CTX_use_cert_and_key(tls->ctx, c->x509, c->key, chain, 1) ==
	    1);
	sk_X509_free(chain);
	cert_free(other);
	return tls;
}

/* ---- conversations ----------------------------------------------------- */

int
talk_ask(struct tn_stream *s, void *arg)
{
	struct tn_slice line;
	int r = tn_stream_write(s, TN_SLICE("how do you do?\n"));

	if (r == 0)
		r = tn_stream_read_line(s, TN_LINE_ANY, 100, &line);
	if (r < 0)
		return r;
	CHECK_INT(r, 1);
	CHECK(tn_slice_equal(line, TN_SLICE("how do you do?")));
	return 0;
}

int
talk_echo(struct tn_stream *s, void *arg)
{
	int64_t n = tn_stream_copy(s, s, NULL);

	return n < 0 ? (int)n : 0;
}

struct talk_end {
	struct talk *talk;
	struct tn_stream *below;
	struct tn_tls *tls;
	bool server;
};

static int
talk_end_run(void *arg)
{
	struct talk_end *end = arg;
	struct talk *t = end->talk;
	int (*then)(struct tn_stream *, void *) = end->server ?
	    (t->server_main != NULL ? t->server_main : talk_echo) :
	    (t->client_main != NULL ? t->client_main : talk_ask);
	char *text = end->server ? t->server_text : t->client_text;
	struct tn_stream *s = NULL;
	int r;

	r = end->server ? tn_tls_server_take(end->below, end->tls, &s) :
	    tn_tls_client_take(end->below, end->tls,
	        t->host != NULL ? t->host : "good.test", &s);
	if (r >= 0)
		r = then(s, t->arg);
	/* Who leaves first would have the other write to nobody. */
	if (r >= 0)
		r = tn_stream_shutdown(s);
	if (r >= 0)
		r = tn_stream_skip(s, -1) < 0 ? tn_error_code() : 0;
	if (r < 0)
		snprintf(text, 512, "%s", tn_error_text());
	if (r >= 0)
		r = tn_stream_close(s);
	else
		tn_stream_free(s != NULL ? s : end->below);
	*(end->server ? &t->server_result : &t->client_result) = r;
	return 0;
}

static int
talk_main(void *arg)
{
	struct talk *t = arg;
	struct talk_end client = { .talk = t }, server = { .talk = t };
	struct tn_stream *ends[2];
	struct tn_socket *sockets[2];
	struct tn_group *group;

	if (t->sockets) {
		CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
		for (int i = 0; i < 2; i++)
			CHECK_INT(tn_stream_from_socket(sockets[i], &ends[i]),
			    0);
	} else {
		CHECK_INT(tn_stream_pair(t->capacity, ends), 0);
	}
	client.below = ends[0];
	server.below = ends[1];
	server.server = true;
	client.tls = tn_tls_ref(t->client_tls);
	server.tls = tn_tls_ref(t->server_tls);
	if (client.tls == NULL)
		CHECK_INT(tn_tls_open(t->client, &client.tls), 0);
	if (server.tls == NULL)
		CHECK_INT(tn_tls_open(t->server, &server.tls), 0);

	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go(group, talk_end_run, &server), 0);
	CHECK_INT(tn_go(group, talk_end_run, &client), 0);
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	tn_tls_free(client.tls);
	tn_tls_free(server.tls);
	return 0;
}

void
talk_run(struct talk *t)
{
	t->client_text[0] = t->server_text[0] = '\0';
	CHECK_INT(tn_run(talk_main, t, NULL), 0);
}
