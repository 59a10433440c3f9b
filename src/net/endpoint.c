/* Addresses as people write them: tenon/address.h has the grammar. */
#include <errno.h>
#include <tenon/address.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>

static const struct endpoint_prefix {
	const char *text;
	int type;
	bool local, tls;
} endpoint_prefixes[] = {
	{ "tcp:", SOCK_STREAM, false, false },
	{ "udp:", SOCK_DGRAM, false, false },
	{ "tls:", SOCK_STREAM, false, true },
	{ "unix:", SOCK_STREAM, true, false },
	{ "unixgram:", SOCK_DGRAM, true, false },
};

static int
endpoint_fail(struct tn_slice text, const char *why)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int r = tn_buffer_append_escaped(&shown, tn_slice_head(text, 128));

	if (r < 0)
		return r;
	return tn_error_set(-EINVAL,
	    "address \"%s\": %s; write HOST:PORT, [IPV6]:PORT, unix:/path or "
	    "unix:@name, with tcp:, udp: or tls: before the first two",
	    shown.data, why);
}

static void
endpoint_copy(struct tn_slice from, char *to)
{
	if (from.len > 0)
		memcpy(to, from.data, from.len);
	to[from.len] = '\0';
}

/* True when escaping leaves it as it is: it can stand in any text. */
static bool
endpoint_is_plain(struct tn_slice text)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer escaped = { 0 };

	return tn_buffer_append_escaped(&escaped, text) == 0 &&
	    tn_slice_equal(tn_buffer_slice(&escaped), text);
}

/* Bytes that no host name has and that would mean something elsewhere: the
 * forbidden host code points of the URL Standard, section 3.2. */
static bool
endpoint_host_valid(struct tn_slice host)
{
	struct tn_ip ip;

	if (tn_ip_parse(host, &ip) == 0)
		return true;
	for (size_t i = 0; i < host.len; i++)
		if (strchr(" \"#%/:<>?@[\\]^`{|}", host.data[i]) != NULL)
			return false;
	return endpoint_is_plain(host);
}

/* A number up to 65535, or a name as /etc/services has them. */
static bool
endpoint_port_valid(struct tn_slice port)
{
	uint64_t n;
	int r = tn_parse_uint(port, UINT16_MAX, &n);

	if (r == 0 || r == -ERANGE)
		return r == 0;
	for (size_t i = 0; i < port.len; i++)
		if (!tn_is_alpha(port.data[i]) && !tn_is_digit(port.data[i]) &&
		    strchr("-_.+", port.data[i]) == NULL)
			return false;
	return port.len > 0 && port.data[0] != '-' && port.data[0] != '+';
}

static int
endpoint_parse_path(struct tn_slice all, struct tn_slice path,
    struct tn_endpoint *endpoint)
{
	if (path.len == 0 || tn_slice_equal(path, TN_SLICE("@")))
		return endpoint_fail(all, "a path is missing");
	if (path.len >= sizeof(endpoint->host))
		return endpoint_fail(all, "the path is too long");
	endpoint_copy(path, endpoint->host);
	return 0;
}

static int
endpoint_parse_host(struct tn_slice all, struct tn_slice text,
    struct tn_endpoint *endpoint)
{
	struct tn_slice host, port;

	if (text.len == 0)
		return endpoint_fail(all, "nothing there");
	if (tn_ip_split_port(text, &host, &port) < 0)
		return endpoint_fail(all, "that is no host and port");
	if (!endpoint_host_valid(host))
		return endpoint_fail(all, "that is no host name");
	if (host.len >= sizeof(endpoint->host))
		return endpoint_fail(all, "the host name is too long");
	if (port.len > 0 && (!endpoint_port_valid(port) ||
	    port.len >= sizeof(endpoint->port)))
		return endpoint_fail(all,
		    "a port is a number up to 65535 or a service name");
	endpoint_copy(host, endpoint->host);
	endpoint_copy(port, endpoint->port);
	return 0;
}

int
tn_endpoint_parse(const char *text, struct tn_endpoint *ret)
{
	struct tn_slice all = tn_slice_str(text), rest = all;
	struct tn_endpoint endpoint = { .type = SOCK_STREAM };
	int r;

	for (size_t i = 0; i < TN_COUNT(endpoint_prefixes); i++) {
		const struct endpoint_prefix *p = &endpoint_prefixes[i];
		size_t len = strlen(p->text);

		if (!tn_slice_equal_nocase(tn_slice_head(all, len), p->text))
			continue;
		rest = tn_slice_skip(all, len);
		endpoint.type = p->type;
		endpoint.local = p->local;
		endpoint.tls = p->tls;
		break;
	}
	r = endpoint.local ? endpoint_parse_path(all, rest, &endpoint) :
			     endpoint_parse_host(all, rest, &endpoint);
	if (r == 0)
		*ret = endpoint;
	return r;
}
