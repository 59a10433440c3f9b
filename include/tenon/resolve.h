/* tenon/resolve.h - names to addresses and back, with a deadline. */
#ifndef TENON_RESOLVE_H
#define TENON_RESOLVE_H

#include <tenon/address.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The addresses of `host` (name, in any letters (tenon/idna.h), or literal;
 * NULL or "" = the wildcard when `passive` and loopback otherwise, IPv6 first)
 * and `port` (number or service name; NULL or "" = 0), in the order RFC 6724
 * gives them.  `family` is AF_UNSPEC, AF_INET or AF_INET6; `type` is
 * SOCK_STREAM or SOCK_DGRAM.  At most `count` are written to `ret`; returns how
 * many, 1 or more.  TN_EGAI_* when there are none; what tn_idna_to_ascii() says
 * when the name is none; -ETIMEDOUT and -ECANCELED come at once, the look-up
 * itself is then left behind.  Literals with a number for a port need
 * none. */
TN_API TN_CHECK int tn_net_getaddrinfo(const char *host, const char *port,
    int family, int type, bool passive, struct tn_address *ret, size_t count);

/* Host and service of an address; with `numeric` no look-up is made, and
 * without it what has no name is written as a number.  Either output may be
 * NULL with size 0.  -ENOBUFS when one does not fit, -EAFNOSUPPORT for a Unix
 * address. */
TN_API TN_CHECK int tn_net_getnameinfo(const struct tn_address *address,
    bool numeric, char *ret_host, size_t host_size, char *ret_service,
    size_t service_size);

#ifdef __cplusplus
}
#endif

#endif
