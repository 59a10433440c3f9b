/* Machines, services and protocols by name, as a simulated machine knows
 * them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "sim/sim.h"

#define NETDB_LINK_BITS_4 24 /* the link that all are on */
#define NETDB_LINK_BITS_6 64

/* ---- machines ----------------------------------------------------------- */

static int
netdb_code(int gai)
{
	switch (gai) {
	case TN_EGAI_NONAME:
		return TN_EHOST_NONAME;
	case TN_EGAI_AGAIN:
		return TN_EHOST_AGAIN;
	case TN_EGAI_NODATA:
		return TN_EHOST_NODATA;
	default:
		return gai <= TN_EGAI_NONAME ? TN_EHOST_FAIL : gai;
	}
}

int
tn__sim_gethostbyname(const char *name, int family, struct tn_hostent *into)
{
	struct addrinfo hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int r = tn__sim_getaddrinfo(name, NULL, &hints, &list);

	if (r < 0)
		return netdb_code(r);
	r = tn__hostent_name(into, name);
	for (const struct addrinfo *a = list; r == 0 && a != NULL;
	     a = a->ai_next) {
		struct tn_address address = { .size = a->ai_addrlen };
		struct tn_ip ip;

		memcpy(&address.storage, a->ai_addr, a->ai_addrlen);
		r = tn_address_ip(&address, &ip);
		if (r == 0)
			r = tn__hostent_address(into, &ip);
	}
	tn__sim_freeaddrinfo(list);
	return r;
}

int
tn__sim_gethostbyaddr(const struct tn_ip *ip, struct tn_hostent *into)
{
	struct tn__machine *m;
	int r;

	if (tn__sim_strikes(TN_SIM_LOOKUP_FAIL))
		return TN_EHOST_AGAIN;
	m = tn__machine_at(tn__sim_boot()->machine, ip);
	if (m == NULL)
		return TN_EHOST_NONAME;
	r = tn__hostent_name(into, tn_ip_is_loopback(ip) ? "localhost" :
	                                                   m->name);
	return r < 0 ? r : tn__hostent_address(into, ip);
}

static int
netdb_give(const char *text, char *ret, size_t size)
{
	if (strlen(text) >= size)
		return -ENOBUFS;
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

int
tn__sim_gethostname(char *ret, size_t size)
{
	return netdb_give(tn__sim_boot()->machine->name, ret, size);
}

/* ---- services and protocols --------------------------------------------- */

static bool
netdb_protocol(const char *protocol)
{
	return protocol == NULL || strcmp(protocol, "tcp") == 0 ||
	    strcmp(protocol, "udp") == 0;
}

int
tn__sim_getservbyname(const char *name, const char *protocol)
{
	return netdb_protocol(protocol) ? tn__sim_service_port(name) : -ENOENT;
}

int
tn__sim_getservbyport(uint16_t port, const char *protocol, char *ret,
    size_t size)
{
	const char *name = tn__sim_service_name(port);

	if (name == NULL || !netdb_protocol(protocol))
		return -ENOENT;
	return netdb_give(name, ret, size);
}

int
tn__sim_getprotobyname(const char *name)
{
	static const struct protocol {
		const char *name;
		int number;
	} protocols[] = {
		{ "icmp", IPPROTO_ICMP },
		{ "tcp", IPPROTO_TCP },
		{ "udp", IPPROTO_UDP },
	};

	for (size_t i = 0; i < TN_COUNT(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0)
			return protocols[i].number;
	return -ENOENT;
}

/* ---- interfaces --------------------------------------------------------- */

static struct tn_interface
netdb_interface(const char *name, unsigned index, const char *text, int bits)
{
	struct tn_interface i = { .index = index, .up = true,
		.loopback = index == 1, .bits = (unsigned char)bits };

	(void)snprintf(i.name, sizeof(i.name), "%s", name);
	if (text != NULL)
		(void)!tn_ip_parse(tn_slice_str(text), &i.ip);
	return i;
}

int
tn__sim_interfaces(struct tn_interface **ret, size_t *ret_count)
{
	const struct tn__machine *m = tn__sim_boot()->machine;
	struct tn_interface *all =
	    tn__alloc((m->address_count + 2) * sizeof(*all));
	size_t count = 0;

	if (all == NULL)
		return -ENOMEM;
	all[count++] = netdb_interface("lo", 1, "127.0.0.1", 8);
	all[count++] = netdb_interface("lo", 1, "::1", 128);
	for (size_t i = 0; i < m->address_count; i++) {
		all[count] = netdb_interface("eth0", 2, NULL,
		    m->addresses[i].family == 4 ? NETDB_LINK_BITS_4 :
		                                  NETDB_LINK_BITS_6);
		all[count++].ip = m->addresses[i];
	}
	*ret = all;
	*ret_count = count;
	return 0;
}
