/* Names to addresses and back.  What is a literal is answered right here; the
 * rest is a look-up, which whoever waits can leave behind. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/number.h>
#include <tenon/resolve.h>

#include "net/lookup.h"

struct resolve_job {
	struct tn__lookup lookup;

	struct addrinfo hints; /* forward */
	struct addrinfo *list;
	char *host, *service; /* NULL, or in `names` */

	struct tn_address address; /* back */
	char names[2 * (TN__LOOKUP_NAME_MAX + 1)];
};

/* ---- jobs -------------------------------------------------------------- */

static struct resolve_job *
resolve_of(struct tn__job *job)
{
	return TN__CONTAINER(job, struct resolve_job, lookup.job);
}

static void
resolve_release(struct tn__lookup *lookup)
{
	struct resolve_job *r = resolve_of(&lookup->job);

	if (r->list != NULL)
		lookup->net->freeaddrinfo(r->list);
}

static void
resolve_free(struct resolve_job *r)
{
	tn__lookup_free(r == NULL ? NULL : &r->lookup);
}
TN_DEFINE_CLEANUP(struct resolve_job, resolve_free)

static void
resolve_run_forward(struct tn__job *job)
{
	struct resolve_job *r = resolve_of(job);

	r->lookup.result = r->lookup.net->getaddrinfo(r->host, r->service,
	    &r->hints, &r->list);
}

static void
resolve_run_back(struct tn__job *job)
{
	struct resolve_job *r = resolve_of(job);

	r->lookup.result = r->lookup.net->getnameinfo(
	    (const struct sockaddr *)&r->address.storage, r->address.size,
	    r->host, TN__LOOKUP_NAME_MAX, r->service, TN__LOOKUP_NAME_MAX, 0);
}

/* `what` says what is looked up. */
static int
resolve_job_new(void (*run)(struct tn__job *), struct tn_slice what,
    struct resolve_job **ret)
{
	struct tn__lookup *lookup;
	int r = tn__lookup_new(sizeof(**ret), run, resolve_release, what,
	    &lookup);

	if (r < 0)
		return r;
	*ret = resolve_of(&lookup->job);
	return 0;
}

static int
resolve_job_wait(struct resolve_job **job)
{
	struct tn__lookup *lookup = &(*job)->lookup;
	int r = tn__lookup_wait(&lookup);

	if (r < 0)
		*job = NULL;
	return r;
}

static int
resolve_fail_service(const struct resolve_job *r)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int error = tn_buffer_append_escaped(&shown, tn_slice_str(r->service));

	if (error < 0)
		return error;
	return tn_error_set(TN_EGAI_SERVICE,
	    "look up port %s: no such service; give the port as a number",
	    shown.data);
}

static int
resolve_fail(const struct resolve_job *r)
{
	if (r->lookup.result == TN_EGAI_SERVICE)
		return resolve_fail_service(r);
	return tn__lookup_fail(&r->lookup);
}

/* ---- what needs no look-up --------------------------------------------- */

static const struct resolve_own {
	const char *passive, *active;
} resolve_own[] = {
	{ "::", "::1" },
	{ "0.0.0.0", "127.0.0.1" },
};

static int
resolve_family(const struct tn_ip *ip)
{
	return ip->family == 6 ? AF_INET6 : AF_INET;
}

/* The machine itself, every address of it or loopback. */
static int
resolve_nohost(uint16_t port, int family, bool passive, struct tn_address *ret,
    size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < TN_COUNT(resolve_own) && n < count; i++) {
		const struct resolve_own *own = &resolve_own[i];
		struct tn_ip ip;
		int r = tn_ip_parse(
		    tn_slice_str(passive ? own->passive : own->active), &ip);

		if (r < 0)
			return r;
		if (family != AF_UNSPEC && family != resolve_family(&ip))
			continue;
		r = tn_address_from_ip(&ip, port, &ret[n]);
		if (r < 0)
			return r;
		n++;
	}
	return (int)n;
}

/* Addresses when all is numbers, 0 when a look-up is needed. */
static int
resolve_numeric(const char *host, struct tn_slice port, int family,
    bool passive, struct tn_address *ret, size_t count)
{
	struct tn_ip ip;
	uint64_t number = 0;
	int r;

	if (port.len > 0) {
		r = tn_parse_uint(port, UINT16_MAX, &number);
		if (r == -ERANGE)
			return tn_error_set(TN_EGAI_SERVICE,
			    "look up port %.*s: a port is at most 65535",
			    port.len > 20 ? 20 : (int)port.len, port.data);
		if (r < 0)
			return 0;
	}
	if (host == NULL)
		return resolve_nohost((uint16_t)number, family, passive, ret,
		    count);
	if (tn_ip_parse(tn_slice_str(host), &ip) < 0)
		return 0;
	if (family != AF_UNSPEC && family != resolve_family(&ip))
		return tn_error_set(TN_EGAI_NODATA,
		    "look up %s: not an IPv%d address", host,
		    family == AF_INET6 ? 6 : 4);
	r = tn_address_from_ip(&ip, (uint16_t)number, &ret[0]);
	return r < 0 ? r : 1;
}

/* ---- forward ----------------------------------------------------------- */

static int
resolve_check(struct tn_slice host, struct tn_slice port, int family, int type,
    size_t count)
{
	if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
		return tn_error_set(TN_EGAI_FAMILY,
		    "look up: family %d is neither AF_UNSPEC, AF_INET nor "
		    "AF_INET6",
		    family);
	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return tn_error_set(TN_EGAI_SOCKTYPE,
		    "look up: type %d is neither SOCK_STREAM nor SOCK_DGRAM",
		    type);
	if (count == 0)
		return tn_error_set(-EINVAL, "look up: no room for an answer");
	if (host.len > TN__LOOKUP_NAME_MAX || port.len > TN__LOOKUP_NAME_MAX)
		return tn_error_set(TN_EGAI_NONAME, "look up: name too long");
	return 0;
}

/* "example.org", or "port http" when only that is in question. */
static int
resolve_forward_new(struct tn_slice host, struct tn_slice port,
    struct resolve_job **ret)
{
	char text[TN__LOOKUP_NAME_MAX + 8];
	struct tn_ip ip;
	struct resolve_job *r;
	int error;

	if (host.len == 0 || tn_ip_parse(host, &ip) == 0)
		snprintf(text, sizeof(text), "port %.*s", (int)port.len,
		    port.data);
	else
		snprintf(text, sizeof(text), "%.*s", (int)host.len, host.data);

	error = resolve_job_new(resolve_run_forward, tn_slice_str(text), &r);
	if (error < 0)
		return error;
	if (host.len > 0)
		r->host = memcpy(r->names, host.data, host.len);
	if (port.len > 0)
		r->service = memcpy(r->names + TN__LOOKUP_NAME_MAX + 1,
		    port.data, port.len);
	*ret = r;
	return 0;
}

static int
resolve_take_list(const struct resolve_job *r, struct tn_address *ret,
    size_t count)
{
	size_t n = 0;

	for (const struct addrinfo *a = r->list; a != NULL; a = a->ai_next) {
		if (n == count)
			break;
		if (a->ai_addrlen > sizeof(ret[n].storage))
			continue;
		memset(&ret[n], 0, sizeof(ret[n]));
		memcpy(&ret[n].storage, a->ai_addr, a->ai_addrlen);
		ret[n].size = a->ai_addrlen;
		n++;
	}
	if (n == 0)
		return tn_error_set(TN_EGAI_NODATA, "%s: no address", r->lookup.what);
	return (int)n;
}

int
tn_net_getaddrinfo(const char *host, const char *port, int family, int type,
    bool passive, struct tn_address *ret, size_t count)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer ascii = { 0 };
	struct tn_slice host_slice, port_slice = tn_slice_str(port);
	TN_CLEANUP(resolve_freep) struct resolve_job *r = NULL;
	int error = tn__lookup_name(host, &ascii, &host);

	if (error < 0)
		return error;
	host_slice = tn_slice_str(host);
	error = resolve_check(host_slice, port_slice, family, type, count);
	if (error < 0)
		return error;
	error = resolve_numeric(host_slice.len > 0 ? host : NULL, port_slice,
	    family, passive, ret, count);
	if (error != 0)
		return error;

	error = resolve_forward_new(host_slice, port_slice, &r);
	if (error < 0)
		return error;
	r->hints.ai_family = family;
	r->hints.ai_socktype = type;
	r->hints.ai_flags = passive ? AI_PASSIVE : 0;
	error = resolve_job_wait(&r);
	if (error < 0)
		return error;
	if (r->lookup.result < 0)
		return resolve_fail(r);
	return resolve_take_list(r, ret, count);
}

/* ---- back -------------------------------------------------------------- */

/* Room for a name that is wanted; NULL and 0 say that it is not. */
struct resolve_out {
	char *text;
	size_t size;
};

static bool
resolve_fits(const char *name, struct resolve_out out)
{
	return out.size == 0 || strlen(name) < out.size;
}

static int
resolve_give(const char *host, struct resolve_out ret_host,
    const char *service, struct resolve_out ret_service)
{
	if (!resolve_fits(host, ret_host) ||
	    !resolve_fits(service, ret_service))
		return tn_error_set(-ENOBUFS,
		    "look up: the name is longer than the room for it");
	if (ret_host.size > 0)
		memcpy(ret_host.text, host, strlen(host) + 1);
	if (ret_service.size > 0)
		memcpy(ret_service.text, service, strlen(service) + 1);
	return 0;
}

int
tn_net_getnameinfo(const struct tn_address *address, bool numeric,
    char *ret_host, size_t host_size, char *ret_service, size_t service_size)
{
	TN_CLEANUP(resolve_freep) struct resolve_job *r = NULL;
	struct resolve_out out_host = { ret_host, host_size };
	struct resolve_out out_service = { ret_service, service_size };
	char host[TN_IP_TEXT_MAX], service[8];
	struct tn_ip ip;
	int error = tn_address_ip(address, &ip);

	if (error < 0)
		return error;
	tn_ip_format(&ip, host);
	if (numeric) {
		snprintf(service, sizeof(service), "%u",
		    tn_address_port(address));
		return resolve_give(host, out_host, service, out_service);
	}

	error = resolve_job_new(resolve_run_back, tn_slice_str(host), &r);
	if (error < 0)
		return error;
	r->address = *address;
	r->host = host_size > 0 ? r->names : NULL;
	r->service = r->names + TN__LOOKUP_NAME_MAX + 1;
	error = resolve_job_wait(&r);
	if (error < 0)
		return error;
	if (r->lookup.result < 0)
		return resolve_fail(r);
	return resolve_give(r->host, out_host, r->service, out_service);
}
