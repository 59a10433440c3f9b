/* TLS in a build without OpenSSL: everything is there and says so. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/tls.h>

static int
none(void)
{
	return tn_error_set(-EOPNOTSUPP,
	    "TLS: this build was made without tls (OpenSSL)");
}

int
tn_tls_open(const struct tn_tls_options *options, struct tn_tls **ret)
{
	return none();
}

int
tn_tls_reload(struct tn_tls *tls)
{
	return none();
}

struct tn_tls *
tn_tls_ref(struct tn_tls *tls)
{
	return tls;
}

void
tn_tls_free(struct tn_tls *tls)
{
}

int
tn_tls_fingerprint(struct tn_tls *tls, char ret[TN_TLS_FINGERPRINT_MAX])
{
	return none();
}

int
tn_tls_client(struct tn_stream *below, struct tn_tls *tls, const char *host,
    struct tn_stream **ret)
{
	return none();
}

int
tn_tls_server(struct tn_stream *below, struct tn_tls *tls,
    struct tn_stream **ret)
{
	return none();
}

int
tn_tls_client_take(struct tn_stream *below, struct tn_tls *tls,
    const char *host, struct tn_stream **ret)
{
	return none();
}

int
tn_tls_server_take(struct tn_stream *below, struct tn_tls *tls,
    struct tn_stream **ret)
{
	return none();
}

int
tn_tls_starttls_check(struct tn_stream *below)
{
	return none();
}

int
tn_tls_info(struct tn_stream *s, struct tn_tls_info *ret)
{
	return none();
}

int
tn_tls_self_signed(const char *const *names, int days,
    struct tn_buffer *ret_cert_pem, struct tn_buffer *ret_key_pem)
{
	return none();
}
