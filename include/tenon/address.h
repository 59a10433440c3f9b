/* tenon/address.h - socket addresses and how they are written.
 *
 *     HOST:PORT  [v6]:PORT  [v6%zone]:PORT  unix:/path  unix:@abstract
 *
 * with "tcp:" (the default), "udp:" or "tls:" before the first three, and
 * "unix:" or "unixgram:" for Unix sockets.  PORT is a number or a service name;
 * an empty HOST (":8000") means every address to a listener, this machine to a
 * caller. */
#ifndef TENON_ADDRESS_H
#define TENON_ADDRESS_H

#include <sys/socket.h>
#include <tenon/base.h>
#include <tenon/ip.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_address {
	struct sockaddr_storage storage;
	socklen_t size;
};

#define TN_ADDRESS_TEXT_MAX 448 /* longest text of one address, with NUL */

/* From an IP literal.  -EINVAL for a zone that names no interface. */
TN_API TN_CHECK int tn_address_from_ip(const struct tn_ip *ip, uint16_t port,
    struct tn_address *ret);

/* Path, or "@name" for the abstract name space (there a NUL is a byte like any
 * other).  -ENAMETOOLONG beyond 107 bytes, -EINVAL when empty or with a NUL in
 * a path. */
TN_API TN_CHECK int tn_address_from_path(struct tn_slice path,
    struct tn_address *ret);

/* Whatever else the kernel has: struct sockaddr_nl, sockaddr_tipc, ...
 * -EINVAL when it is longer than any address is, or shorter than a family. */
TN_API TN_CHECK int tn_address_from_sockaddr(const void *sockaddr,
    socklen_t size, struct tn_address *ret);

/* "127.0.0.1:80", "[fe80::1%eth0]:80", "unix:/run/x", "unix:@x", "unix:" for an
 * unnamed one, "netlink:PORT"; control characters of a path escaped.  Returns
 * `out`. */
TN_API const char *tn_address_format(const struct tn_address *address,
    char out[TN_ADDRESS_TEXT_MAX]);

/* The IP half; -EAFNOSUPPORT for a Unix address. */
TN_API TN_CHECK int tn_address_ip(const struct tn_address *address,
    struct tn_ip *ret);

/* The port, 0 for a Unix address; setting it there does nothing. */
TN_API uint16_t tn_address_port(const struct tn_address *address);
TN_API void tn_address_set_port(struct tn_address *address, uint16_t port);

/* Same family, address, port and zone; Unix: same name. */
TN_API bool tn_address_equal(const struct tn_address *a,
    const struct tn_address *b);

/* An address as a person writes it, taken apart but not looked up. */
struct tn_endpoint {
	int type;   /* SOCK_STREAM or SOCK_DGRAM */
	bool local; /* Unix: `host` is the path or @name */
	bool tls;
	char host[256]; /* "" = none given */
	char port[64];  /* number or service name, "" = none given */
};

/* "HOST" alone is fine too: whoever needs a port says so.  -EINVAL with a text
 * that says what is wrong and shows the forms. */
TN_API TN_CHECK int tn_endpoint_parse(const char *text,
    struct tn_endpoint *ret);

#ifdef __cplusplus
}
#endif

#endif
