/* The table of names, which all machines share, and look-ups in it. */
#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include "sim/sim.h"

struct name {
	struct tn__list node;
	struct tn_ip ip;
	int error; /* the look-up fails with it */
	char text[];
};

static const struct service {
	const char *name;
	uint16_t port;
} resolve_services[] = {
	{ "echo", 7 },
	{ "ftp", 21 },
	{ "ssh", 22 },
	{ "telnet", 23 },
	{ "smtp", 25 },
	{ "domain", 53 },
	{ "gopher", 70 },
	{ "http", 80 },
	{ "pop3", 110 },
	{ "nntp", 119 },
	{ "ntp", 123 },
	{ "imap", 143 },
	{ "https", 443 },
	{ "submission", 587 },
	{ "imaps", 993 },
};

/* ---- the table --------------------------------------------------------- */

#define NAME_MAX_LEN 255

/* It stands in the trace as it is, and is looked up in the table. */
static const char *
name_misfit(const char *name, size_t len_max)
{
	size_t len = strlen(name);
	struct tn_ip ip;

	if (len == 0 || len > len_max)
		return "it is empty or too long";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' ||
		    (unsigned char)name[i] >= 0x7f)
			return "it has blanks or other than ASCII in it";
	if (tn_slice_equal_nocase(tn_slice_str(name), "localhost"))
		return "each host is that to itself";
	if (tn_ip_parse(tn_slice_str(name), &ip) == 0)
		return "it is an address, which nobody looks up";
	return NULL;
}

int
tn__sim_name_fits(const char *name, size_t len_max)
{
	const char *why =
	    name == NULL ? "it is NULL" : name_misfit(name, len_max);
	char shown[TN__SIM_SHOWN];

	return why == NULL ? 0 : tn_error_set(-EINVAL, "simulated name %s: %s",
	    name == NULL ? "" : tn__sim_show(name, strlen(name), shown), why);
}

static int
name_add(const char *text, const struct tn_ip *ip, int error)
{
	struct name *name = tn__sim_zalloc(sizeof(*name) + strlen(text) + 1);

	if (name == NULL)
		return tn__error_nomem();
	memcpy(name->text, text, strlen(text) + 1);
	name->ip = *ip;
	name->error = error;
	tn__list_push_back(&tn__world->names, &name->node);
	return 0;
}

int
tn_sim_name(const char *name, const char *address)
{
	struct tn_ip ip;
	int r = tn__sim_inside("simulated name");

	if (r == 0)
		r = tn__sim_name_fits(name, NAME_MAX_LEN);
	if (r < 0)
		return r;
	if (address == NULL || tn_ip_parse(tn_slice_str(address), &ip) < 0)
		return tn_error_set(-EINVAL, "simulated name %s: %s is no IP "
		    "address", name, address == NULL ? "NULL" : address);
	return name_add(name, &ip, 0);
}

int
tn_sim_name_fails(const char *name, int error)
{
	const struct tn_ip none = { 0 };
	int r = tn__sim_inside("simulated name");

	if (r == 0)
		r = tn__sim_name_fits(name, NAME_MAX_LEN);
	if (r < 0)
		return r;
	if (error > TN_EGAI_NONAME || error < TN_EGAI_FLAGS)
		return tn_error_set(-EINVAL, "simulated name %s: no look-up "
		    "fails with %d; take one of TN_EGAI_*", name, error);
	return name_add(name, &none, error);
}

void
tn__sim_names_free(struct tn__world *world)
{
	TN__LIST_FOR(node, &world->names)
		tn__free(TN__CONTAINER(node, struct name, node));
	TN__LIST_FOR(node, &world->ways)
		tn__free(node); /* its first member */
}

/* ---- forward ----------------------------------------------------------- */

/* One block each, as freeaddrinfo() wants it. */
struct answer {
	struct addrinfo info;
	struct tn_address address;
};

static int
answer_add(struct addrinfo ***last, const struct tn_ip *ip, uint16_t port,
    const struct addrinfo *hints)
{
	int family = ip->family == 6 ? AF_INET6 : AF_INET;
	struct answer *a;

	if (hints->ai_family != AF_UNSPEC && hints->ai_family != family)
		return 0;
	a = tn__sim_zalloc(sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	tn__place_format(&(struct tn__place){ *ip, port }, family,
	    &a->address);
	a->info.ai_family = family;
	a->info.ai_socktype = hints->ai_socktype;
	a->info.ai_addr = (struct sockaddr *)&a->address.storage;
	a->info.ai_addrlen = a->address.size;
	**last = &a->info;
	*last = &a->info.ai_next;
	return 1;
}

const char *
tn__sim_service_name(uint16_t port)
{
	for (size_t i = 0; i < TN_COUNT(resolve_services); i++)
		if (resolve_services[i].port == port)
			return resolve_services[i].name;
	return NULL;
}

int
tn__sim_service_port(const char *service)
{
	for (size_t i = 0; i < TN_COUNT(resolve_services); i++)
		if (strcmp(resolve_services[i].name, service) == 0)
			return resolve_services[i].port;
	return -ENOENT;
}

static int
resolve_service(const char *service, uint16_t *ret)
{
	uint64_t number = 0;
	int port = service == NULL ? -ENOENT : tn__sim_service_port(service);

	if (port >= 0) {
		*ret = (uint16_t)port;
		return 0;
	}
	if (service != NULL &&
	    tn_parse_uint(tn_slice_str(service), UINT16_MAX, &number) < 0)
		return TN_EGAI_SERVICE;
	*ret = (uint16_t)number;
	return 0;
}

static int
resolve_ip(const char *text, uint16_t port, const struct addrinfo *hints,
    struct addrinfo ***last)
{
	struct tn_ip ip;
	int r = tn_ip_parse(tn_slice_str(text), &ip);

	return r < 0 ? r : answer_add(last, &ip, port, hints);
}

static int
resolve_table(const char *host, uint16_t port, const struct addrinfo *hints,
    struct addrinfo ***last)
{
	int found = TN_EGAI_NONAME, r;

	TN__LIST_FOR(node, &tn__world->names) {
		const struct name *name =
		    TN__CONTAINER(node, struct name, node);

		if (!tn_slice_equal_nocase(tn_slice_str(host), name->text))
			continue;
		r = name->error != 0 ? name->error :
		    answer_add(last, &name->ip, port, hints);
		if (r < 0)
			return r;
		if (found < 0)
			found = 0;
		found += r;
	}
	return found == 0 ? TN_EGAI_NODATA : found;
}

static int
resolve_host(const char *host, uint16_t port, const struct addrinfo *hints,
    struct addrinfo ***last)
{
	bool passive = hints->ai_flags & AI_PASSIVE;
	int r;

	if (host != NULL &&
	    !tn_slice_equal_nocase(tn_slice_str(host), "localhost")) {
		r = resolve_ip(host, port, hints, last);
		return r != -EINVAL ? r :
		    resolve_table(host, port, hints, last);
	}
	passive = passive && host == NULL;
	r = resolve_ip(passive ? "::" : "::1", port, hints, last);
	if (r >= 0)
		r = resolve_ip(passive ? "0.0.0.0" : "127.0.0.1", port, hints,
		    last);
	return r;
}

int
tn__sim_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret)
{
	struct addrinfo *list = NULL, **last = &list;
	uint16_t port;
	int r = resolve_service(service, &port);

	if (r == 0 && host != NULL && tn__sim_strikes(TN_SIM_LOOKUP_FAIL))
		r = tn__sim_below(2) ? TN_EGAI_AGAIN : TN_EGAI_FAIL;
	if (r == 0)
		r = resolve_host(host, port, hints, &last);
	if (r < 0 || list == NULL) {
		tn__sim_freeaddrinfo(list);
		return r < 0 ? r : TN_EGAI_NODATA;
	}
	*ret = list;
	return 0;
}

void
tn__sim_freeaddrinfo(struct addrinfo *list)
{
	while (list != NULL) {
		struct addrinfo *next = list->ai_next;

		tn__free(TN__CONTAINER(list, struct answer, info));
		list = next;
	}
}

/* ---- back -------------------------------------------------------------- */

int
tn__sim_getnameinfo(const struct sockaddr *address, socklen_t size,
    char *host, size_t host_size, char *service, size_t service_size,
    int flags)
{
	struct tn_address a = { .size = size };
	struct tn__place place;
	struct tn__machine *m;
	char text[TN_IP_TEXT_MAX];
	int n;

	memcpy(&a.storage, address, size);
	if (tn__place_parse(&a, &place) < 0)
		return TN_EGAI_FAMILY;
	if (tn__sim_strikes(TN_SIM_LOOKUP_FAIL))
		return TN_EGAI_AGAIN;
	m = tn__machine_at(tn__sim_boot()->machine, &place.ip);
	if (host != NULL) {
		n = snprintf(host, host_size, "%s", m != NULL ? m->name :
		    tn_ip_format(&place.ip, text));
		if (n < 0 || (size_t)n >= host_size)
			return -EOVERFLOW;
	}
	if (service != NULL) {
		n = snprintf(service, service_size, "%u", place.port);
		if (n < 0 || (size_t)n >= service_size)
			return -EOVERFLOW;
	}
	return 0;
}
