/* From an address as a person writes it to a stream. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/run.h>

#define DIAL_TIMEOUT_MS 30000

static int
dial_check(const char *address, const struct tn_endpoint *endpoint)
{
	if (endpoint->type != SOCK_STREAM)
		return tn_error_set(-EOPNOTSUPP,
		    "dial %s: datagrams are no stream; use a socket", address);
	if (endpoint->tls && !tn_has("tls"))
		return tn_error_set(-EOPNOTSUPP,
		    "dial %s: this build has no TLS", address);
	if (endpoint->tls && endpoint->host[0] == '\0')
		return tn_error_set(-EINVAL, "dial %s: TLS needs the name of "
		    "the host, such as tls:localhost:%s", address,
		    endpoint->port[0] == '\0' ? "PORT" : endpoint->port);
	if (!endpoint->local && endpoint->port[0] == '\0')
		return tn_error_set(-EINVAL,
		    "dial %s: no port; write HOST:PORT", address);
	return 0;
}

static int
dial_unix(const char *path, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *socket = NULL;
	struct tn_address to;
	int r;

	r = tn_address_from_path(tn_slice_str(path), &to);
	if (r == 0)
		r = tn_socket_open(AF_UNIX, SOCK_STREAM, 0, &socket);
	if (r == 0)
		r = tn_socket_connect(socket, &to);
	if (r == 0)
		*ret = TN_TAKE(socket);
	return r;
}

static int
dial_tcp(const struct tn_endpoint *endpoint,
    const struct tn_connect_options *options, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *socket = NULL;
	const char *host = endpoint->host[0] == '\0' ? NULL : endpoint->host;
	int one = 1, r;

	r = tn_net_create_connection(host, endpoint->port, options, &socket);
	if (r < 0)
		return r;
	/* A stream collects small writes itself; waiting for the peer's ACK
	 * before sending the next would only add delay. */
	r = tn_socket_setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one,
	    sizeof(one));
	if (r == 0)
		*ret = TN_TAKE(socket);
	return r;
}

/* All of it: the connection, and what speaks on it. */
static int
dial_stream(const struct tn_endpoint *endpoint,
    const struct tn_dial_options *options, struct tn_stream **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *socket = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_stream *secure;
	int r = endpoint->local ? dial_unix(endpoint->host, &socket) :
	    dial_tcp(endpoint, &options->connect, &socket);

	if (r == 0)
		r = tn_stream_from_socket(socket, &s);
	if (r < 0)
		return r;
	(void)TN_TAKE(socket);
	if (endpoint->tls) {
		r = tn_tls_client_take(s, options->tls, endpoint->host,
		    &secure);
		if (r < 0)
			return r;
		s = secure;
	}
	*ret = TN_TAKE(s);
	return 0;
}

int
tn_dial(const char *address, const struct tn_dial_options *options,
    struct tn_stream **ret)
{
	static const struct tn_dial_options defaults = { 0 };
	struct tn_endpoint endpoint;
	struct tn_scope scope;
	int64_t span_ms;
	int r;

	if (options == NULL)
		options = &defaults;
	r = tn_endpoint_parse(address, &endpoint);
	if (r == 0)
		r = dial_check(address, &endpoint);
	if (r < 0)
		return r;

	span_ms = options->timeout_ms == 0 ? DIAL_TIMEOUT_MS
					   : options->timeout_ms;
	if (span_ms > INT64_MAX / TN_MILLISECOND)
		span_ms = -1;
	tn_scope_open(&scope, tn_after(span_ms * TN_MILLISECOND));
	r = dial_stream(&endpoint, options, ret);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		return tn_error_prefix("no connection within %lld ms",
		    (long long)span_ms);
	return r;
}
