/* Socket addresses: made from literals and paths, compared, written out. */
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include <tenon/address.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "net/host.h"

#define ADDRESS_PATH_MAX 107 /* sun_path with its NUL is 108 */
#define ADDRESS_PATH_AT offsetof(struct sockaddr_un, sun_path)

/* The storage as what its family says.  sockaddr_storage may alias them all,
 * which the compiler is told by copying. */
#define ADDRESS_AS(type, address)                                              \
	__extension__({                                                        \
		struct type as_;                                               \
		memcpy(&as_, &(address)->storage, sizeof(as_));                \
		as_;                                                           \
	})

static void
address_set(struct tn_address *ret, const void *bytes, size_t size)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(&ret->storage, bytes, size);
	ret->size = (socklen_t)size;
}

/* An interface's name wins over a number: it may be called "1". */
static int
address_scope(const char *zone, uint32_t *ret)
{
	uint64_t n = tn__net()->if_nametoindex(zone);

	if (n == 0 && tn_parse_uint(tn_slice_str(zone), UINT32_MAX, &n) < 0)
		return tn_error_set(-EINVAL,
		    "address zone %s: no such interface", zone);
	*ret = (uint32_t)n;
	return 0;
}

static int
address_from_v6(const struct tn_ip *ip, uint16_t port, struct tn_address *ret)
{
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	char zone[sizeof(ip->zone) + 1] = "";
	int r;

	memcpy(&v6.sin6_addr, ip->bytes, 16);
	memcpy(zone, ip->zone, sizeof(ip->zone));
	if (zone[0] != '\0') {
		r = address_scope(zone, &v6.sin6_scope_id);
		if (r < 0)
			return r;
	}
	address_set(ret, &v6, sizeof(v6));
	return 0;
}

int
tn_address_from_ip(const struct tn_ip *ip, uint16_t port,
    struct tn_address *ret)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	if (ip->family == 6)
		return address_from_v6(ip, port, ret);
	if (ip->family != 4)
		return tn_error_set(-EINVAL,
		    "address: IP family %d is neither 4 nor 6", ip->family);
	memcpy(&v4.sin_addr, ip->bytes, 4);
	address_set(ret, &v4, sizeof(v4));
	return 0;
}

int
tn_address_from_path(struct tn_slice path, struct tn_address *ret)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t size = ADDRESS_PATH_AT + path.len;

	if (path.len == 0 || tn_slice_equal(path, TN_SLICE("@")))
		return tn_error_set(-EINVAL, "Unix address: no path");
	if (path.len > ADDRESS_PATH_MAX)
		return tn_error_set(-ENAMETOOLONG,
		    "Unix address: %zu bytes of path, but at most %d fit; "
		    "choose a shorter one",
		    path.len, ADDRESS_PATH_MAX);
	if (path.data[0] != '@' && tn_slice_find(path, '\0') >= 0)
		return tn_error_set(-EINVAL, "Unix address: a NUL in a path");

	memcpy(un.sun_path, path.data, path.len);
	if (path.data[0] == '@')
		un.sun_path[0] = '\0'; /* unix(7): the abstract name space */
	else
		size++; /* the NUL of a path counts */
	address_set(ret, &un, size);
	return 0;
}

int
tn_address_from_sockaddr(const void *sockaddr, socklen_t size,
    struct tn_address *ret)
{
	if (size < sizeof(sa_family_t) || size > sizeof(ret->storage))
		return tn_error_set(-EINVAL,
		    "address: no address has %u bytes", (unsigned)size);
	address_set(ret, sockaddr, size);
	return 0;
}

int
tn_address_ip(const struct tn_address *address, struct tn_ip *ret)
{
	struct sockaddr_in6 v6 = ADDRESS_AS(sockaddr_in6, address);
	struct sockaddr_in v4 = ADDRESS_AS(sockaddr_in, address);
	struct tn_ip ip = { .family = 4 };
	char zone[IF_NAMESIZE];

	if (address->storage.ss_family == AF_INET) {
		memcpy(ip.bytes, &v4.sin_addr, 4);
		*ret = ip;
		return 0;
	}
	if (address->storage.ss_family != AF_INET6)
		return tn_error_set(-EAFNOSUPPORT,
		    "address: neither IPv4 nor IPv6");

	ip.family = 6;
	memcpy(ip.bytes, &v6.sin6_addr, 16);
	if (v6.sin6_scope_id != 0) {
		if (tn__net()->if_indextoname(v6.sin6_scope_id, zone) < 0)
			snprintf(zone, sizeof(zone), "%u",
			    (unsigned)v6.sin6_scope_id);
		memcpy(ip.zone, zone, strnlen(zone, sizeof(ip.zone) - 1));
	}
	*ret = ip;
	return 0;
}

uint16_t
tn_address_port(const struct tn_address *address)
{
	if (address->storage.ss_family == AF_INET)
		return ntohs(ADDRESS_AS(sockaddr_in, address).sin_port);
	if (address->storage.ss_family == AF_INET6)
		return ntohs(ADDRESS_AS(sockaddr_in6, address).sin6_port);
	return 0;
}

void
tn_address_set_port(struct tn_address *address, uint16_t port)
{
	struct sockaddr_in6 v6 = ADDRESS_AS(sockaddr_in6, address);
	struct sockaddr_in v4 = ADDRESS_AS(sockaddr_in, address);

	v4.sin_port = htons(port);
	v6.sin6_port = htons(port);
	if (address->storage.ss_family == AF_INET)
		memcpy(&address->storage, &v4, sizeof(v4));
	else if (address->storage.ss_family == AF_INET6)
		memcpy(&address->storage, &v6, sizeof(v6));
}

/* The name of a Unix address: all of it when abstract, else up to the NUL
 * which the kernel's answer may lack.  Empty for an unnamed one. */
static struct tn_slice
address_path(const struct tn_address *address)
{
	const char *path = (const char *)&address->storage + ADDRESS_PATH_AT;
	size_t size = address->size;

	if (size > sizeof(struct sockaddr_un))
		size = sizeof(struct sockaddr_un);
	if (size <= ADDRESS_PATH_AT)
		return tn_slice(NULL, 0);
	size -= ADDRESS_PATH_AT;
	return tn_slice(path, path[0] == '\0' ? size : strnlen(path, size));
}

static int
address_format_unix(struct tn_slice path, struct tn_buffer *out)
{
	int r = tn_buffer_append_str(out, "unix:");

	if (r == 0 && path.len > 0 && path.data[0] == '\0') {
		path = tn_slice_skip(path, 1);
		r = tn_buffer_append_byte(out, '@');
	}
	return r < 0 ? r : tn_buffer_append_escaped(out, path);
}

const char *
tn_address_format(const struct tn_address *address,
    char out[TN_ADDRESS_TEXT_MAX])
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;

	if (address->storage.ss_family == AF_UNIX) {
		int r = address_format_unix(address_path(address), &b);

		snprintf(out, TN_ADDRESS_TEXT_MAX, "%s",
		    r < 0 ? "unix:?" : b.data);
	} else if (address->storage.ss_family == AF_NETLINK) {
		snprintf(out, TN_ADDRESS_TEXT_MAX, "netlink:%u",
		    (unsigned)ADDRESS_AS(sockaddr_nl, address).nl_pid);
	} else if (address->storage.ss_family != AF_INET &&
	    address->storage.ss_family != AF_INET6) {
		snprintf(out, TN_ADDRESS_TEXT_MAX, "family %d",
		    address->storage.ss_family);
	} else if (tn_address_ip(address, &ip) == 0) {
		snprintf(out, TN_ADDRESS_TEXT_MAX,
		    ip.family == 6 ? "[%s]:%u" : "%s:%u",
		    tn_ip_format(&ip, text), tn_address_port(address));
	}
	return out;
}

bool
tn_address_equal(const struct tn_address *a, const struct tn_address *b)
{
	struct sockaddr_in6 a6, b6;
	struct sockaddr_in a4, b4;

	if (a->storage.ss_family != b->storage.ss_family)
		return false;
	switch (a->storage.ss_family) {
	case AF_INET:
		a4 = ADDRESS_AS(sockaddr_in, a);
		b4 = ADDRESS_AS(sockaddr_in, b);
		return a4.sin_port == b4.sin_port &&
		    a4.sin_addr.s_addr == b4.sin_addr.s_addr;
	case AF_INET6:
		a6 = ADDRESS_AS(sockaddr_in6, a);
		b6 = ADDRESS_AS(sockaddr_in6, b);
		return a6.sin6_port == b6.sin6_port &&
		    a6.sin6_scope_id == b6.sin6_scope_id &&
		    memcmp(&a6.sin6_addr, &b6.sin6_addr, 16) == 0;
	case AF_UNIX:
		return tn_slice_equal(address_path(a), address_path(b));
	default:
		return a->size == b->size &&
		    memcmp(&a->storage, &b->storage, a->size) == 0;
	}
}
