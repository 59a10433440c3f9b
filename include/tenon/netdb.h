/* tenon/netdb.h - names of machines, services and protocols as BSD and Python
 * ask for them, and the addresses of this machine.
 *
 * What may have to ask somebody obeys deadlines and cancellation as
 * tn_net_getaddrinfo() does: the look-up is then left behind.  Failures are
 * told apart as Python tells them: a name without an address is TN_EGAI_* (its
 * gaierror), an address without a name is TN_EHOST_* (its herror), and a
 * service or protocol that is in no list is -ENOENT (its OSError). */
#ifndef TENON_NETDB_H
#define TENON_NETDB_H

#include <tenon/ip.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- machines ----------------------------------------------------------- */

#define TN_HOST_NAME_SIZE 256 /* room for any name of the DNS and a NUL */

struct tn_hostent {
	char *name; /* the canonical one */
	char **aliases;
	size_t alias_count;
	struct tn_ip *addresses;
	size_t address_count;
};

TN_API void tn_hostent_free(struct tn_hostent *host);
TN_DEFINE_CLEANUP(struct tn_hostent, tn_hostent_free)

/* This machine's name, as it calls itself.  -ENOBUFS when it does not fit. */
TN_API TN_CHECK int tn_net_gethostname(char *ret, size_t size);

/* The name with a dot in it among those of `host` (a name or an address; NULL,
 * "", "0.0.0.0" and "::" are this machine); its canonical name when none has
 * one, and `host` itself when nobody knows it.  -ENOBUFS, and what a wait
 * fails with. */
TN_API TN_CHECK int tn_net_getfqdn(const char *host, char *ret, size_t size);

/* The first IPv4 address of a name; "" is 0.0.0.0 and "<broadcast>" is
 * 255.255.255.255, as in Python.  TN_EGAI_*. */
TN_API TN_CHECK int tn_net_gethostbyname(const char *name, struct tn_ip *ret);

/* Canonical name, aliases and all addresses of `name`: AF_INET as Python has
 * it, AF_INET6, or AF_UNSPEC for both, IPv4 first.  An address is its own
 * answer.  TN_EGAI_*, TN_ELIMIT for an answer over 64 KiB. */
TN_API TN_CHECK int tn_net_gethostbyname_ex(const char *name, int family,
    struct tn_hostent **ret);

/* The same for an address, IPv4 or IPv6; a name is looked up first.
 * TN_EHOST_*. */
TN_API TN_CHECK int tn_net_gethostbyaddr(const char *host,
    struct tn_hostent **ret);

/* ---- services and protocols --------------------------------------------- */

/* From the lists of this machine, /etc/services and /etc/protocols as a rule.
 * `protocol` is "tcp", "udp" and so on; NULL is any of them, the first that is
 * in the list.  Names are as they stand there, in lower case. */

/* The port, 0 to 65535; -ENOENT. */
TN_API TN_CHECK int tn_net_getservbyname(const char *service,
    const char *protocol);

/* The service's name; -ENOENT, -ENOBUFS. */
TN_API TN_CHECK int tn_net_getservbyport(uint16_t port, const char *protocol,
    char *ret, size_t size);

/* The number that stands in an IP header and is socket()'s third argument;
 * -ENOENT. */
TN_API TN_CHECK int tn_net_getprotobyname(const char *protocol);

/* ---- this machine's addresses ------------------------------------------- */

/* One address; an interface with several has several rows. */
struct tn_interface {
	char name[16];      /* "eth0" */
	unsigned index;     /* as in a scope id */
	bool up, loopback;
	unsigned char bits; /* of the prefix that is on the link */
	struct tn_ip ip;
};

/* All addresses of all interfaces, in the kernel's order; asks no network. */
TN_API TN_CHECK int tn_net_interfaces(struct tn_interface **ret,
    size_t *ret_count);

TN_API void tn_interfaces_free(struct tn_interface *interfaces);
TN_DEFINE_CLEANUP(struct tn_interface, tn_interfaces_free)

#ifdef __cplusplus
}
#endif

#endif
