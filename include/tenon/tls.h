/* tenon/tls.h - TLS on any stream, both ends: TLS 1.2 (RFC 5246) and 1.3 (RFC
 * 8446), by OpenSSL.
 *
 * A struct tn_tls says how: whom to trust, which certificate to show.  Make one
 * and use it for many connections, from any loop or thread.  A client checks
 * the certificate against the system's store and the name of the host unless it
 * is told otherwise.  There is no renegotiation, no compression and no early
 * data.
 *
 * Handshakes fail with TN_ETLS_* (tenon/error.h), and the line says which
 * certificate, which check and what to do; with TN_ETRUNCATED when the peer
 * leaves, -ETIMEDOUT, or what the stream below says.  A stream whose peer ended
 * it without a close_notify gives TN_ETRUNCATED instead of an end: somebody may
 * have cut it short.
 *
 * The arithmetic of a handshake (about a millisecond) is done right here, on
 * the loop of the fiber.  The reader and the writer of one stream have to be of
 * one thread.
 *
 * In a build without OpenSSL, tn_has("tls") is false, and everything here that
 * can fail gives -EOPNOTSUPP. */
#ifndef TENON_TLS_H
#define TENON_TLS_H

#include <tenon/buffer.h>
#include <tenon/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_tls;

/* ---- how --------------------------------------------------------------- */

/* A certificate, those that lead to its issuer behind it, and its key: files of
 * PEM text, or the text itself.  The key may stand in the same file. */
struct tn_tls_certificate {
	const char *cert_file, *key_file;
	struct tn_slice cert_pem, key_pem;
	uint64_t reserved[4];
};

enum tn_tls_version {
	TN_TLS_1_2 = 0x0303,
	TN_TLS_1_3 = 0x0304,
};

enum tn_tls_ask {
	TN_TLS_ASK_NOT,   /* clients show no certificate */
	TN_TLS_ASK,       /* who shows one has to show a good one */
	TN_TLS_ASK_REQUIRE,
};

struct tn_tls_options { /* all-zero is valid for clients; 0 = default */
	bool server;

	/* What to show.  A server needs one at least: the first is for whoever
	 * names no host (SNI) or one that none is for, and of several that are
	 * for one host that of the kind (RSA, EC) which fits is shown.  A
	 * client has one or none. */
	const struct tn_tls_certificate *certificates;
	size_t certificate_count;

	/* Whom to trust, beside each other.  Nothing at all: a client trusts
	 * whom this system trusts.  A server asks only with `ask`. */
	const char *ca_file, *ca_dir;
	struct tn_slice ca_pem;
	/* PEM text of revocation lists (RFC 5280 section 5); then every
	 * certificate needs one of its issuer. */
	const char *crl_file;
	struct tn_slice crl_pem;
	enum tn_tls_ask ask;

	/* Protocols of ALPN (RFC 7301), best first, NULL behind the last.  A
	 * server takes the first that the client has too, and refuses clients
	 * that have only others. */
	const char *const *alpn;

	enum tn_tls_version version_min; /* TN_TLS_1_2 */
	enum tn_tls_version version_max; /* the newest */
	bool no_resumption;              /* no sessions kept, no tickets */
	int64_t handshake_ms;            /* 10,000; -1 = none */

	/* The keys of every connection are added to this file, as SSLKEYLOGFILE
	 * has them, for who looks at the wire.  Nothing else, no variable of
	 * the environment either, does that. */
	const char *keylog_file;

	/* Clients: talk to anybody who shows anything.  Whoever stands between
	 * reads and writes everything. */
	bool insecure_accept_any_certificate;
	uint64_t reserved[8];
};

/* Reads the files.  Nothing of the options is needed any more afterwards.
 * -ENOENT, -EACCES and the like for a file, TN_ETLS_CERTIFICATE for what stands
 * in it, -EINVAL for options that do not go together. */
TN_API TN_CHECK int tn_tls_open(const struct tn_tls_options *options,
    struct tn_tls **ret);

/* Reads the files again: connections to come have what is there now, those that
 * are stay as they were.  On failure everything stays as it was. */
TN_API TN_CHECK int tn_tls_reload(struct tn_tls *tls);

/* One owner more; tn_tls_free() takes one away, and with the last one
 * everything.  Streams keep what they need.  NULL is fine. */
TN_API struct tn_tls *tn_tls_ref(struct tn_tls *tls);
TN_API void tn_tls_free(struct tn_tls *tls);
TN_DEFINE_CLEANUP(struct tn_tls, tn_tls_free) /* tn_tls_freep */

/* The SHA-256 digest of the first certificate, as "AB:CD:...": what a person
 * compares. */
#define TN_TLS_FINGERPRINT_MAX 96
TN_API TN_CHECK int tn_tls_fingerprint(struct tn_tls *tls,
    char ret[TN_TLS_FINGERPRINT_MAX]);

/* ---- streams ----------------------------------------------------------- */

/* Speaks TLS on `below`, which is borrowed, as a client of `host`: a name, for
 * which the certificate has to be and that is sent along (SNI), or an IP
 * address.  Names in other letters than ASCII are taken as their "xn--..." form
 * (tenon/idna.h).  Waits until the handshake is done.  `tls` NULL is one with
 * default options.  Sessions are kept by host and port and taken up again. */
TN_API TN_CHECK int tn_tls_client(struct tn_stream *below, struct tn_tls *tls,
    const char *host, struct tn_stream **ret);

/* The same as a server. */
TN_API TN_CHECK int tn_tls_server(struct tn_stream *below, struct tn_tls *tls,
    struct tn_stream **ret);

/* These own `below` from then on; on failure it stays the caller's, and is good
 * for nothing but being freed. */
TN_API TN_CHECK int tn_tls_client_take(struct tn_stream *below,
    struct tn_tls *tls, const char *host, struct tn_stream **ret);
TN_API TN_CHECK int tn_tls_server_take(struct tn_stream *below,
    struct tn_tls *tls, struct tn_stream **ret);

/* Stands where a conversation in the clear changes to TLS (STARTTLS), before
 * the above: TN_EPROTO when the peer has sent more already.  That was in the
 * clear, by anybody, and must not be taken for what comes behind the handshake.
 * Clients call it when they have read the "go ahead", servers when they have
 * read the command and before they answer. */
TN_API TN_CHECK int tn_tls_starttls_check(struct tn_stream *below);

/* ---- asking ------------------------------------------------------------ */

/* All strings are good until the stream ends; NULL where there is nothing. */
struct tn_tls_info {
	const char *version; /* "TLSv1.3" */
	const char *cipher;  /* "TLS_AES_256_GCM_SHA384" */
	const char *alpn;
	const char *server_name; /* that the client asked for */
	bool resumed;
	/* The peer's certificate. */
	const char *subject, *issuer; /* "CN = example.org, O = ..."; escaped */
	const char *names;       /* "DNS:example.org, IP Address:192.0.2.1";
				  * escaped, cut after 2,048 bytes */
	const char *fingerprint; /* as tn_tls_fingerprint() */
	int64_t not_before, not_after; /* seconds since 1970 */
	bool verified;           /* it was checked, and is good */
	uint64_t reserved[8];
};

/* -EINVAL for a stream that is not TLS. */
TN_API TN_CHECK int tn_tls_info(struct tn_stream *s, struct tn_tls_info *ret);

/* ---- a certificate of one's own ---------------------------------------- */

/* Makes an EC key (P-256) and a certificate, signed by itself, for localhost,
 * 127.0.0.1, ::1 and each of `names` (this machine's name, in any letters, an
 * IP address; NULL behind the last; may be NULL), good for `days` days (0 =
 * 30).  Nobody trusts it who was not told its fingerprint. */
TN_API TN_CHECK int tn_tls_self_signed(const char *const *names, int days,
    struct tn_buffer *ret_cert_pem, struct tn_buffer *ret_key_pem);

#ifdef __cplusplus
}
#endif

#endif
