/* What the tests of TLS share: certificates made as a row says, and two ends
 * that shake hands. */
#ifndef TESTS_UNIT_STREAM_TLS_TALK_H
#define TESTS_UNIT_STREAM_TLS_TALK_H

#include <openssl/evp.h>
#include <tenon/buffer.h>
#include <tenon/run.h>
#include <tenon/stream.h>
#include <tenon/tls.h>

#include "unit/check.h"

/* ---- certificates ------------------------------------------------------ */

struct cert;

struct cert_plan {
	const char *name;        /* CN */
	const char *names;       /* "DNS:a.test,IP:127.0.0.1"; NULL = none */
	const struct cert *issuer; /* NULL: signed by itself */
	int from_days, to_days;  /* from now; 0 and 0: -1 and 30 */
	bool ca;
	bool rsa;
	const char *constraints; /* "permitted;DNS:good.test" */
	const char *usage;       /* extended key usage: "serverAuth" */
	const char *basic;       /* basic constraints, instead of by `ca` */
	int bits;                /* of an RSA key; 0: 2,048 */
	const EVP_MD *(*digest)(void); /* of its signature; NULL: SHA-256 */
};

struct cert *cert_make(const struct cert_plan *plan);
void cert_free(struct cert *c);
struct tn_slice cert_pem(const struct cert *c);
/* And of its issuer behind it. */
struct tn_tls_certificate cert_shown(const struct cert *c);
/* A list of `issuer` that revokes `c` (or nobody), good for so many days from
 * yesterday on. */
struct tn_buffer cert_revoke(const struct cert *issuer, const struct cert *c,
    int days);
/* A server that shows it although OpenSSL thinks it too weak. */
struct tn_tls *cert_show_weak(const struct cert *c);

/* ---- conversations ----------------------------------------------------- */

struct talk {
	const struct tn_tls_options *client, *server;
	/* Instead of making them from options. */
	struct tn_tls *client_tls, *server_tls;
	const char *host; /* NULL: "good.test" */
	size_t capacity;  /* of the pipe between them */
	bool sockets;     /* or a pair of sockets */
	/* What an end does after its handshake; NULL: echo at the server, one
	 * line and back at the client. */
	int (*client_main)(struct tn_stream *s, void *arg);
	int (*server_main)(struct tn_stream *s, void *arg);
	void *arg;

	/* What came of it. */
	int client_result, server_result;
	char client_text[512], server_text[512];
};

void talk_run(struct talk *t);

/* The defaults of `talk`, to be called by others. */
int talk_ask(struct tn_stream *s, void *arg);
int talk_echo(struct tn_stream *s, void *arg);

#endif
