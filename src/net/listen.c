/* Listening at an address as a person writes it. */
#include <limits.h>
#include <netinet/in.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/resolve.h>

#include "base/memory.h"
#include "net/socket.h"

#define LISTEN_BACKLOG 1024
#define LISTEN_ADDRESSES_MAX 16

/* ---- what went wrong --------------------------------------------------- */

static int
listen_fail(const struct tn_address *address, int code)
{
	char text[TN_ADDRESS_TEXT_MAX];

	return tn_error_set(code, "listen %s: %s",
	    tn_address_format(address, text),
	    tn__socket_advice(TN__SOCKET_BIND, address->storage.ss_family,
	        code));
}

/* ---- one socket -------------------------------------------------------- */

static int
listen_flag(struct tn_socket *s, int level, int name, int value)
{
	return tn__net()->setsockopt(s->io.fd, level, name, &value,
	    sizeof(value));
}

/* From here to listen_start() a code is returned without a line, which
 * listen_address() then writes. */
static int
listen_set_options(struct tn_socket *s, const struct tn_address *address,
    const struct tn_listen_options *options)
{
	struct tn_ip ip;
	int r = 0;

	if (!tn__is_inet(s->family))
		return 0;
	/* UDP does without: there it would let two programs share a port. */
	if (s->type == SOCK_STREAM && !options->no_reuse_address)
		r = listen_flag(s, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r >= 0 && options->reuse_port)
		r = listen_flag(s, SOL_SOCKET, SO_REUSEPORT, 1);
	if (r >= 0 && tn_address_ip(address, &ip) == 0 && ip.family == 6 &&
	    tn_ip_is_any(&ip))
		r = listen_flag(s, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only);
	return r;
}

/* ---- the whole --------------------------------------------------------- */

static int
listen_start(struct tn_socket *s, const struct tn_address *address,
    const struct tn_listen_options *options,
    const struct tn__path_access *access)
{
	int r = listen_set_options(s, address, options);

	if (r < 0)
		return r;
	if (access != NULL)
		r = tn__path_bind(s, address, access);
	else
		r = tn__net()->bind(s->io.fd,
		    (const struct sockaddr *)&address->storage, address->size);
	if (r < 0 || s->type != SOCK_STREAM)
		return r;
	return tn__net()->listen(s->io.fd,
	    options->backlog == 0 ? LISTEN_BACKLOG : options->backlog);
}

/* A line of the caller's own stays. */
static int
listen_ask(struct tn_socket *s, const struct tn_address *address,
    const struct tn_listen_options *options)
{
	char text[TN_ADDRESS_TEXT_MAX];
	int r;

	if (options->before_bind == NULL)
		return 0;
	r = options->before_bind(s, options->arg);
	if (r >= 0)
		return 0;
	if (tn_error_code() != r)
		return listen_fail(address, r);
	return tn_error_prefix("listen %s",
	    tn_address_format(address, text));
}

/* `access`: of the file, NULL when it is none. */
static int
listen_address(const struct tn_address *address, int type,
    const struct tn_listen_options *options,
    const struct tn__path_access *access, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int r = tn_socket_open(address->storage.ss_family, type, 0, &s);

	if (r < 0)
		return listen_fail(address, r);
	r = listen_ask(s, address, options);
	if (r < 0)
		return r;
	r = listen_start(s, address, options, access);
	if (r < 0)
		return listen_fail(address, r);
	*ret = TN_TAKE(s);
	return 0;
}

/* The first address that this machine has.  Another failure than its absence
 * ends it: on the next address the clients would not look. */
static int
listen_first(const struct tn_address *list, int count, int type,
    const struct tn_listen_options *options, struct tn_socket **ret)
{
	int r = TN_EGAI_NODATA;

	for (int i = 0; i < count; i++) {
		r = listen_address(&list[i], type, options, NULL, ret);
		if (r != -EAFNOSUPPORT && r != -EADDRNOTAVAIL)
			break;
	}
	return r;
}

static int
listen_host(const struct tn_endpoint *endpoint,
    const struct tn_listen_options *options, struct tn_socket **ret)
{
	struct tn_address list[LISTEN_ADDRESSES_MAX];
	int count, r = 0;

	if (endpoint->port[0] == '\0')
		return tn_error_set(-EINVAL,
		    "listen %s: a port is missing; write HOST:PORT, or HOST:0 "
		    "for any that is free",
		    endpoint->host);
	count = tn_net_getaddrinfo(endpoint->host, endpoint->port, AF_UNSPEC,
	    endpoint->type, true, list, TN_COUNT(list));
	if (count < 0)
		return count;
	for (int i = 0; i < count && r == 0; i++)
		r = tn__inherit_find(&list[i], endpoint->type, ret);
	if (r != 0)
		return r < 0 ? r : 0;
	return listen_first(list, count, endpoint->type, options, ret);
}

static int
listen_local(const struct tn_endpoint *endpoint,
    const struct tn_listen_options *options, struct tn_socket **ret)
{
	struct tn__path_access access = {
		.mode = (unsigned)options->unix_mode & 0777,
		.user = -1,
		.group = -1,
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;
	int r = tn_address_from_path(tn_slice_str(endpoint->host), &address);

	if (r == 0)
		r = tn__inherit_find(&address, endpoint->type, ret);
	if (r != 0)
		return r < 0 ? r : 0;
	if (options->unix_owner != NULL)
		r = tn__path_owner(options->unix_owner, &access);
	if (r < 0)
		return tn_error_prefix("listen %s: unix_owner",
		    tn_address_format(&address, text));
	return listen_address(&address, endpoint->type, options,
	    tn__path_of(&address) != NULL ? &access : NULL, ret);
}

int
tn__listen_endpoint(const struct tn_endpoint *endpoint,
    const struct tn_listen_options *options, struct tn_socket **ret)
{
	static const struct tn_listen_options defaults;

	if (options == NULL)
		options = &defaults;
	return endpoint->local ? listen_local(endpoint, options, ret) :
	    listen_host(endpoint, options, ret);
}

static int
listen_descriptor(const char *address, struct tn_socket **ret)
{
	uint64_t fd;

	if (tn_parse_uint(tn_slice_skip(tn_slice_str(address), 3), INT_MAX,
	        &fd) < 0)
		return tn_error_set(-EINVAL, "listen fd: a number has to "
		    "follow, as in fd:3");
	return tn__inherit_take((int)fd, ret);
}

int
tn_listen(const char *address, const struct tn_listen_options *options,
    struct tn_socket **ret)
{
	struct tn_slice text = tn_slice_str(address);
	struct tn_endpoint endpoint;
	int r;

	if (tn_slice_equal_nocase(tn_slice_head(text, 3), "fd:"))
		return listen_descriptor(address, ret);
	if (tn_slice_equal_nocase(tn_slice_head(text, 8), "systemd:"))
		return tn__inherit_named(address + 8, ret);
	r = tn_endpoint_parse(address, &endpoint);
	if (r < 0)
		return r;
	if (endpoint.tls)
		return tn_error_set(-EOPNOTSUPP,
		    "listen %s: a socket alone speaks no TLS", address);
	return tn__listen_endpoint(&endpoint, options, ret);
}
