/* The inside of TLS, where the build has OpenSSL: what its files share. */
#ifndef TN__STREAM_TLS_H
#define TN__STREAM_TLS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <tenon/buffer.h>
#include <tenon/file.h>
#include <tenon/tls.h>

#include "stream/stream.h"

/* ---- material: tls_material.c ------------------------------------------- */

/* One certificate to show. */
struct tn__tls_shown {
	X509 *leaf;
	EVP_PKEY *key;
	STACK_OF(X509) * chain; /* of those behind it */
};

/* All that an SSL_CTX shows; lives as long as it. */
struct tn__tls_material {
	size_t count;
	struct tn__tls_shown shown[];
};

/* Reads what the options name, and gives it to `ctx`, with the server's choice
 * among it. */
int tn__tls_material_load(SSL_CTX *ctx, const struct tn_tls_options *options);
/* The first of them, or NULL. */
X509 *tn__tls_material_leaf(const SSL_CTX *ctx);

/* ---- the shared object: tls_config.c ------------------------------------ */

#define TN__TLS_SESSIONS 64

struct tn__tls_kept {
	struct tn__tls_kept *next;
	size_t len;
	char text[];
};

struct tn_tls {
	atomic_int owners;
	struct tn_tls_options options; /* all of it copied, into `kept` */
	struct tn__tls_kept *kept;
	struct tn_append *keylog;
	pthread_mutex_t lock; /* of the rest; never held over a wait */
	SSL_CTX *ctx;
	struct tn__tls_session { /* of clients, the newest last */
		char *key;
		SSL_SESSION *session;
	} sessions[TN__TLS_SESSIONS];
	size_t session_count;
};

/* The one behind NULL: made once, with default options.  Borrowed. */
int tn__tls_default(struct tn_tls **ret);

/* ---- sessions and keys: tls_session.c ----------------------------------- */

/* On an SSL_CTX that is being made. */
void tn__tls_sessions_prepare(struct tn_tls *tls, SSL_CTX *ctx);
void tn__tls_keylog_prepare(SSL_CTX *ctx);
/* Sets the session that was kept for this stream's peer, if there is one. */
struct tn__tls_stream;
void tn__tls_session_use(struct tn__tls_stream *t);
void tn__tls_sessions_drop(struct tn_tls *tls);

/* ---- in a world of the simulator: tls_sim.c ----------------------------- */

/* Before anything that takes random numbers. */
void tn__tls_sim_prepare(void);
void tn__tls_sim_prepare_ctx(SSL_CTX *ctx);
/* Outside of a world these do nothing: a session's time is the world's while it
 * is kept; to be used it is exchanged for a copy that is new to OpenSSL, or for
 * NULL when it has become too old. */
void tn__tls_sim_stamp(SSL_SESSION *session);
SSL_SESSION *tn__tls_sim_take(SSL_SESSION *session);

/* ---- a stream: tls_stream.c --------------------------------------------- */

struct tn__tls_stream {
	struct tn_stream stream;
	SSL *ssl;
	struct tn_tls *tls;
	char *who; /* of error lines: "TLS to example.org" */
	char *session_key;

	/* Encrypted bytes on their way down, in a buffer of the pool. */
	char *wire;
	uint32_t wire_start, wire_end;
	size_t taken; /* bytes that are in there and have not been reported */
	bool stuck;   /* reading has to wait for room in there */
	bool heard;   /* the peer has said something, and ... */
	bool plain;   /* ... it was not TLS: it was left where it is */

	int error; /* of reading, final */
	char *error_text;

	/* What the check of the peer's certificate said: tls_error.c. */
	int verify_error;
	X509 *verify_leaf;
	char *asked; /* for which host */

	/* tn_tls_info()'s */
	struct tn_buffer subject, issuer, names;
	char alpn[256], fingerprint[TN_TLS_FINGERPRINT_MAX];
};

/* The one of the present callback of OpenSSL. */
struct tn__tls_stream *tn__tls_of(const SSL *ssl);

/* NULL for a stream of another kind. */
struct tn__tls_stream *tn__tls_stream(struct tn_stream *s);

/* A stream whose handshake is yet to come. */
int tn__tls_stream_new(struct tn_stream *below, struct tn_tls *tls,
    struct tn__tls_stream **ret);

/* Sends what is in `wire`, waiting; 0, or the error that ended writing. */
int tn__tls_flush(struct tn__tls_stream *t);

/* ---- words: tls_error.c ------------------------------------------------- */

/* The callback of SSL_CTX_set_verify(). */
int tn__tls_verify(int good, X509_STORE_CTX *store);

/* Turns OpenSSL's error queue, which is empty afterwards, into a code and a
 * line that begins with `t->who`. */
int tn__tls_fail(struct tn__tls_stream *t);

/* The same for something else than a stream: `what` begins the line. */
int tn__tls_fail_plain(int code, const char *what);

/* "CN = example.org", escaped and cut; `out` stays a string. */
void tn__tls_name_text(const X509_NAME *name, struct tn_buffer *out);
void tn__tls_names_text(const X509 *certificate, struct tn_buffer *out);
int tn__tls_digest(const X509 *certificate, char ret[TN_TLS_FINGERPRINT_MAX]);

#endif
