/* What a look-up of a host has found. */
#include <errno.h>
#include <tenon/netdb.h>

#include "base/memory.h"
#include "net/host.h"

/* Room for one element more of an array of `count`. */
static int
hostent_grow(void *array, size_t count, size_t size)
{
	void *old, *grown;

	memcpy(&old, array, sizeof(old));
	grown = tn__resize(old, (count + 1) * size);
	if (grown == NULL)
		return -ENOMEM;
	memcpy(array, &grown, sizeof(grown));
	return 0;
}

/* Names differ in more than case. */
static bool
hostent_same(const char *a, const char *b)
{
	return tn_slice_equal_nocase(tn_slice_str(a), b);
}

int
tn__hostent_name(struct tn_hostent *host, const char *name)
{
	if (host->name != NULL)
		return tn__hostent_alias(host, name);
	host->name = tn__strndup(tn_slice_str(name));
	return host->name == NULL ? -ENOMEM : 0;
}

int
tn__hostent_alias(struct tn_hostent *host, const char *alias)
{
	char *copy;

	if (host->name != NULL && hostent_same(host->name, alias))
		return 0;
	for (size_t i = 0; i < host->alias_count; i++)
		if (hostent_same(host->aliases[i], alias))
			return 0;
	if (hostent_grow(&host->aliases, host->alias_count,
		sizeof(host->aliases[0])) < 0)
		return -ENOMEM;
	copy = tn__strndup(tn_slice_str(alias));
	if (copy == NULL)
		return -ENOMEM;
	host->aliases[host->alias_count++] = copy;
	return 0;
}

int
tn__hostent_address(struct tn_hostent *host, const struct tn_ip *ip)
{
	for (size_t i = 0; i < host->address_count; i++)
		if (memcmp(&host->addresses[i], ip, sizeof(*ip)) == 0)
			return 0;
	if (hostent_grow(&host->addresses, host->address_count,
		sizeof(host->addresses[0])) < 0)
		return -ENOMEM;
	host->addresses[host->address_count++] = *ip;
	return 0;
}

void
tn_hostent_free(struct tn_hostent *host)
{
	if (host == NULL)
		return;
	tn__free(host->name);
	for (size_t i = 0; i < host->alias_count; i++)
		tn__free(host->aliases[i]);
	tn__free(host->aliases);
	tn__free(host->addresses);
	tn__free(host);
}

void
tn_interfaces_free(struct tn_interface *interfaces)
{
	tn__free(interfaces);
}
