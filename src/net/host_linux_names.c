/* libc's look-ups of hosts, services and protocols, and the kernel's
 * interfaces. */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <tenon/error.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/host.h"

#define NAMES_INTERNAL (-1) /* glibc's NETDB_INTERNAL; musl has none */
#define NAMES_ROOM_MIN 1024
#define NAMES_ROOM_MAX (64 * 1024) /* of one answer; the DNS allows no more */

/* A call that may want more room, told -ERANGE. */
struct names_ask {
	const char *name, *protocol;
	const struct tn_ip *ip;
	int family;
	uint16_t port;
	struct tn_hostent *into;
	char *ret;
	size_t size;
};

static int
names_with_room(int (*ask)(const struct names_ask *, char *room, size_t size),
    const struct names_ask *what)
{
	int r = -ERANGE;

	for (size_t size = NAMES_ROOM_MIN;
	     r == -ERANGE && size <= NAMES_ROOM_MAX; size *= 4) {
		char *room = tn__alloc(size);

		if (room == NULL)
			return -ENOMEM;
		r = ask(what, room, size);
		tn__free(room);
	}
	return r == -ERANGE ? TN_ELIMIT : r;
}

static int
names_give(const char *text, char *ret, size_t size)
{
	if (strlen(text) >= size)
		return -ENOBUFS;
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

/* ---- hosts -------------------------------------------------------------- */

static int
names_herror(int r, int code, int error)
{
	if (r == ERANGE)
		return -ERANGE;
	switch (code) {
	case HOST_NOT_FOUND:
		return TN_EHOST_NONAME;
	case TRY_AGAIN:
		return TN_EHOST_AGAIN;
	case NO_DATA:
		return TN_EHOST_NODATA;
	case NO_RECOVERY:
		return TN_EHOST_FAIL;
	default: /* NAMES_INTERNAL */
		return error > 0 ? -error : TN_EHOST_FAIL;
	}
}

static int
names_take(const struct hostent *found, struct tn_hostent *into)
{
	int r = found->h_name == NULL ? 0 :
	    tn__hostent_name(into, found->h_name);

	for (char **a = found->h_aliases; r == 0 && a != NULL && *a != NULL;
	     a++)
		r = tn__hostent_alias(into, *a);
	for (char **a = found->h_addr_list; r == 0 && a != NULL && *a != NULL;
	     a++) {
		bool six = found->h_addrtype == AF_INET6;
		struct tn_ip ip = { .family = six ? 6 : 4 };

		if (found->h_length != (six ? 16 : 4))
			continue;
		memcpy(ip.bytes, *a, (size_t)found->h_length);
		r = tn__hostent_address(into, &ip);
	}
	return r;
}

static int
names_by_name(const struct names_ask *ask, char *room, size_t size)
{
	struct hostent answer, *found = NULL;
	int code = NAMES_INTERNAL, r;

	errno = 0;
	r = gethostbyname2_r(ask->name, ask->family, &answer, room, size,
	    &found, &code);
	return found == NULL ? names_herror(r, code, errno) :
	                       names_take(found, ask->into);
}

int
tn__linux_gethostbyname(const char *name, int family, struct tn_hostent *into)
{
	return names_with_room(names_by_name,
	    &(struct names_ask){
		.name = name, .family = family, .into = into });
}

static int
names_by_address(const struct names_ask *ask, char *room, size_t size)
{
	bool six = ask->ip->family == 6;
	struct hostent answer, *found = NULL;
	int code = NAMES_INTERNAL, r;

	errno = 0;
	r = gethostbyaddr_r(ask->ip->bytes, six ? 16 : 4,
	    six ? AF_INET6 : AF_INET, &answer, room, size, &found, &code);
	return found == NULL ? names_herror(r, code, errno) :
	                       names_take(found, ask->into);
}

int
tn__linux_gethostbyaddr(const struct tn_ip *ip, struct tn_hostent *into)
{
	return names_with_room(names_by_address,
	    &(struct names_ask){ .ip = ip, .into = into });
}

int
tn__linux_gethostname(char *ret, size_t size)
{
	char text[TN_HOST_NAME_SIZE] = "";

	if (gethostname(text, sizeof(text) - 1) < 0)
		return -errno;
	return names_give(text, ret, size);
}

/* ---- services and protocols --------------------------------------------- */

/* A name in no list is no error to libc; musl says ENOENT. */
static int
names_missing(int r)
{
	return r == ERANGE ? -ERANGE : r == ENOMEM ? -ENOMEM : -ENOENT;
}

static int
names_service(const struct names_ask *ask, char *room, size_t size)
{
	struct servent answer, *found = NULL;
	int r = getservbyname_r(ask->name, ask->protocol, &answer, room, size,
	    &found);

	return found == NULL ? names_missing(r) :
	                       ntohs((uint16_t)found->s_port);
}

int
tn__linux_getservbyname(const char *name, const char *protocol)
{
	return names_with_room(names_service,
	    &(struct names_ask){ .name = name, .protocol = protocol });
}

static int
names_port(const struct names_ask *ask, char *room, size_t size)
{
	struct servent answer, *found = NULL;
	int r = getservbyport_r(htons(ask->port), ask->protocol, &answer, room,
	    size, &found);

	return found == NULL ? names_missing(r) :
	                       names_give(found->s_name, ask->ret, ask->size);
}

int
tn__linux_getservbyport(uint16_t port, const char *protocol, char *ret,
    size_t size)
{
	return names_with_room(names_port,
	    &(struct names_ask){
		.port = port, .protocol = protocol, .ret = ret, .size = size });
}

#ifdef __GLIBC__
static int
names_protocol(const struct names_ask *ask, char *room, size_t size)
{
	struct protoent answer, *found = NULL;
	int r = getprotobyname_r(ask->name, &answer, room, size, &found);

	return found == NULL ? names_missing(r) : found->p_proto;
}

int
tn__linux_getprotobyname(const char *name)
{
	return names_with_room(names_protocol,
	    &(struct names_ask){ .name = name });
}
#else /* musl's list is a constant, but the place in it is not */
int
tn__linux_getprotobyname(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const struct protoent *found;
	int number;

	pthread_mutex_lock(&lock);
	found = getprotobyname(name);
	number = found == NULL ? -ENOENT : found->p_proto;
	pthread_mutex_unlock(&lock);
	return number;
}
#endif

/* ---- interfaces --------------------------------------------------------- */

static bool
names_is_ip(const struct ifaddrs *a)
{
	return a->ifa_addr != NULL &&
	    (a->ifa_addr->sa_family == AF_INET ||
	        a->ifa_addr->sa_family == AF_INET6);
}

/* The ones at the beginning of a mask. */
static unsigned char
names_bits(const struct sockaddr *mask, bool six)
{
	const unsigned char *bytes = (const unsigned char *)mask +
	    (six ? offsetof(struct sockaddr_in6, sin6_addr) :
	           offsetof(struct sockaddr_in, sin_addr));
	unsigned size = six ? 128 : 32, bits = 0;

	if (mask == NULL)
		return (unsigned char)size;
	while (bits < size && (bytes[bits / 8] << bits % 8 & 0x80) != 0)
		bits++;
	return (unsigned char)bits;
}

static void
names_interface(const struct ifaddrs *a, struct tn_interface *ret)
{
	bool six = a->ifa_addr->sa_family == AF_INET6;
	struct tn_interface i = {
		.index = if_nametoindex(a->ifa_name),
		.up = (a->ifa_flags & IFF_UP) != 0,
		.loopback = (a->ifa_flags & IFF_LOOPBACK) != 0,
		.bits = names_bits(a->ifa_netmask, six),
		.ip.family = six ? 6 : 4,
	};
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	memcpy(i.name, a->ifa_name, strnlen(a->ifa_name, sizeof(i.name) - 1));
	if (six) {
		memcpy(&v6, a->ifa_addr, sizeof(v6));
		memcpy(i.ip.bytes, &v6.sin6_addr, 16);
		if (v6.sin6_scope_id != 0)
			memcpy(i.ip.zone, i.name, sizeof(i.ip.zone));
	} else {
		memcpy(&v4, a->ifa_addr, sizeof(v4));
		memcpy(i.ip.bytes, &v4.sin_addr, 4);
	}
	*ret = i;
}

int
tn__linux_interfaces(struct tn_interface **ret, size_t *ret_count)
{
	struct tn_interface *all = NULL;
	struct ifaddrs *list;
	size_t count = 0;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *a = list; a != NULL; a = a->ifa_next)
		count += names_is_ip(a);
	if (count > 0)
		all = tn__alloc(count * sizeof(*all));
	*ret_count = 0;
	for (const struct ifaddrs *a = list; all != NULL && a != NULL;
	     a = a->ifa_next)
		if (names_is_ip(a))
			names_interface(a, &all[(*ret_count)++]);
	freeifaddrs(list);
	if (all == NULL && count > 0)
		return -ENOMEM;
	*ret = all;
	return 0;
}
