/* Names as BSD and Python ask for them. */
#include <errno.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/netdb.h>
#include <tenon/resolve.h>

#include "base/memory.h"
#include "net/lookup.h"

#define NETDB_PROTOCOL_SIZE 32

struct netdb_job {
	struct tn__lookup lookup;
	char name[TN__LOOKUP_NAME_MAX + 1]; /* asked for, or found */
	char protocol[NETDB_PROTOCOL_SIZE];
	int family;
	uint16_t port;
	struct tn_ip ip;
	struct tn_hostent *host;
};

/* ---- jobs --------------------------------------------------------------- */

static struct netdb_job *
netdb_of(struct tn__job *job)
{
	return TN__CONTAINER(job, struct netdb_job, lookup.job);
}

static void
netdb_release(struct tn__lookup *lookup)
{
	tn_hostent_free(netdb_of(&lookup->job)->host);
}

static void
netdb_free(struct netdb_job *job)
{
	tn__lookup_free(job == NULL ? NULL : &job->lookup);
}
TN_DEFINE_CLEANUP(struct netdb_job, netdb_free)

static const char *
netdb_protocol(const struct netdb_job *job)
{
	return job->protocol[0] == '\0' ? NULL : job->protocol;
}

static void
netdb_run_address(struct tn__job *base)
{
	struct netdb_job *job = netdb_of(base);

	job->lookup.result =
	    job->lookup.net->gethostbyaddr(&job->ip, job->host);
}

/* An answer of one family is enough; without any the first reason counts. */
static void
netdb_run_name(struct tn__job *base)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct netdb_job *job = netdb_of(base);
	int first = 0, found = 0;

	for (size_t i = 0; i < TN_COUNT(families); i++) {
		int r;

		if (job->family != AF_UNSPEC && job->family != families[i])
			continue;
		r = job->lookup.net->gethostbyname(job->name, families[i],
		    job->host);
		found += r == 0;
		if (first == 0)
			first = r;
	}
	job->lookup.result = found > 0 ? 0 : first;
}

static void
netdb_run_service(struct tn__job *base)
{
	struct netdb_job *job = netdb_of(base);

	job->lookup.result = job->lookup.net->getservbyname(job->name,
	    netdb_protocol(job));
}

static void
netdb_run_port(struct tn__job *base)
{
	struct netdb_job *job = netdb_of(base);

	job->lookup.result = job->lookup.net->getservbyport(job->port,
	    netdb_protocol(job), job->name, sizeof(job->name));
}

static void
netdb_run_protocol(struct tn__job *base)
{
	struct netdb_job *job = netdb_of(base);

	job->lookup.result = job->lookup.net->getprotobyname(job->name);
}

/* `what` for errors, `name` for the job. */
static int
netdb_new(void (*run)(struct tn__job *), const char *what, const char *name,
    struct netdb_job **ret)
{
	struct tn_slice text = tn_slice_str(name);
	struct netdb_job *job;
	struct tn__lookup *lookup;
	int r;

	if (text.len > TN__LOOKUP_NAME_MAX)
		return tn_error_set(TN_EGAI_NONAME, "look up: name too long");
	r = tn__lookup_new(sizeof(*job), run, netdb_release,
	    tn_slice_str(what), &lookup);
	if (r < 0)
		return r;
	job = netdb_of(&lookup->job);
	if (text.len > 0)
		memcpy(job->name, text.data, text.len);
	*ret = job;
	return 0;
}

/* When it fails the job is gone. */
static int
netdb_wait(struct netdb_job **job)
{
	struct tn__lookup *lookup = &(*job)->lookup;
	int r = tn__lookup_wait(&lookup);

	if (r < 0)
		*job = NULL;
	return r;
}

static int
netdb_nomem(struct netdb_job *job)
{
	job->host = tn__zalloc(sizeof(*job->host));
	return job->host == NULL ? tn__error_nomem() : 0;
}

/* ---- hosts -------------------------------------------------------------- */

int
tn_net_gethostname(char *ret, size_t size)
{
	int r = tn__net()->gethostname(ret, size);

	if (r < 0)
		return tn_error_set(r, "the name of this machine: %s",
		    r == -ENOBUFS ? "longer than the room for it" :
		                    tn_error_words(r));
	return 0;
}

int
tn_net_gethostbyname(const char *name, struct tn_ip *ret)
{
	struct tn_slice text = tn_slice_str(name);
	struct tn_address address;
	int r;

	if (text.len == 0)
		return tn_ip_parse(TN_SLICE("0.0.0.0"), ret);
	if (tn_slice_equal(text, TN_SLICE("<broadcast>")))
		return tn_ip_parse(TN_SLICE("255.255.255.255"), ret);
	r = tn_net_getaddrinfo(name, NULL, AF_INET, SOCK_STREAM, false,
	    &address, 1);
	return r < 0 ? r : tn_address_ip(&address, ret);
}

/* A name that is asked for and an address that is say the same otherwise. */
static int
netdb_fail_name(struct netdb_job *job)
{
	static const struct code {
		int host, gai;
	} codes[] = {
		{ TN_EHOST_NONAME, TN_EGAI_NONAME },
		{ TN_EHOST_AGAIN, TN_EGAI_AGAIN },
		{ TN_EHOST_FAIL, TN_EGAI_FAIL },
		{ TN_EHOST_NODATA, TN_EGAI_NODATA },
	};

	for (size_t i = 0; i < TN_COUNT(codes); i++)
		if (codes[i].host == job->lookup.result)
			job->lookup.result = codes[i].gai;
	return tn__lookup_fail(&job->lookup);
}

/* An address is its own answer, whatever the family. */
static int
netdb_literal(const char *name, const struct tn_ip *ip,
    struct tn_hostent **ret)
{
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *host =
	    tn__zalloc(sizeof(*host));

	if (host == NULL || tn__hostent_name(host, name) < 0 ||
	    tn__hostent_address(host, ip) < 0)
		return tn__error_nomem();
	*ret = TN_TAKE(host);
	return 0;
}

int
tn_net_gethostbyname_ex(const char *name, int family, struct tn_hostent **ret)
{
	TN_CLEANUP(netdb_freep) struct netdb_job *job = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer ascii = { 0 };
	struct tn_ip ip;
	int r;

	if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
		return tn_error_set(TN_EGAI_FAMILY,
		    "look up: family %d is neither AF_UNSPEC, AF_INET nor "
		    "AF_INET6",
		    family);
	r = tn__lookup_name(name, &ascii, &name);
	if (r < 0)
		return r;
	if (tn_slice_str(name).len == 0)
		return tn_error_set(TN_EGAI_NONAME, "look up: no name");
	if (tn_ip_parse(tn_slice_str(name), &ip) == 0)
		return netdb_literal(name, &ip, ret);
	r = netdb_new(netdb_run_name, name, name, &job);
	if (r == 0)
		r = netdb_nomem(job);
	if (r < 0)
		return r;
	job->family = family;
	r = netdb_wait(&job);
	if (r < 0)
		return r;
	if (job->lookup.result < 0)
		return netdb_fail_name(job);
	*ret = TN_TAKE(job->host);
	return 0;
}

/* The first address of a name, of any family. */
static int
netdb_address(const char *host, struct tn_ip *ret)
{
	struct tn_address address;
	int r;

	if (tn_ip_parse(tn_slice_str(host), ret) == 0)
		return 0;
	if (tn_slice_str(host).len == 0)
		return tn_error_set(TN_EGAI_NONAME, "look up: no name");
	r = tn_net_getaddrinfo(host, NULL, AF_UNSPEC, SOCK_STREAM, false,
	    &address, 1);
	return r < 0 ? r : tn_address_ip(&address, ret);
}

int
tn_net_gethostbyaddr(const char *host, struct tn_hostent **ret)
{
	TN_CLEANUP(netdb_freep) struct netdb_job *job = NULL;
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;
	int r = netdb_address(host, &ip);

	if (r < 0)
		return r;
	r = netdb_new(netdb_run_address, tn_ip_format(&ip, text), NULL, &job);
	if (r == 0)
		r = netdb_nomem(job);
	if (r < 0)
		return r;
	job->ip = ip;
	r = netdb_wait(&job);
	if (r < 0)
		return r;
	if (job->lookup.result < 0)
		return tn__lookup_fail(&job->lookup);
	*ret = TN_TAKE(job->host);
	return 0;
}

/* What says that nobody knows it, and not that nobody was asked. */
static bool
netdb_is_answer(int code)
{
	return code <= TN_EGAI_NONAME && code >= TN_EHOST_NODATA;
}

static const char *
netdb_full(const struct tn_hostent *host)
{
	if (strchr(host->name, '.') != NULL)
		return host->name;
	for (size_t i = 0; i < host->alias_count; i++)
		if (strchr(host->aliases[i], '.') != NULL)
			return host->aliases[i];
	return host->name;
}

int
tn_net_getfqdn(const char *host, char *ret, size_t size)
{
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *found = NULL;
	struct tn_slice text = tn_slice_trim(tn_slice_str(host));
	char own[TN_HOST_NAME_SIZE];
	const char *name;
	int r;

	if (host == NULL || text.len == 0 ||
	    tn_slice_equal(text, TN_SLICE("0.0.0.0")) ||
	    tn_slice_equal(text, TN_SLICE("::"))) {
		r = tn_net_gethostname(own, sizeof(own));
		if (r < 0)
			return r;
		host = own;
	}
	r = tn_net_gethostbyaddr(host, &found);
	if (r < 0 && !netdb_is_answer(r))
		return r;
	name = found == NULL || found->name == NULL ? host : netdb_full(found);
	if (strlen(name) >= size)
		return tn_error_set(-ENOBUFS,
		    "look up: the name is longer than the room for it");
	memcpy(ret, name, strlen(name) + 1);
	return 0;
}

/* ---- services and protocols --------------------------------------------- */

/* "service http/tcp"; "/tcp" only where it was asked for. */
static int
netdb_service_new(void (*run)(struct tn__job *), const char *kind,
    const char *name, const char *protocol, struct netdb_job **ret)
{
	char what[TN__LOOKUP_WHAT_MAX];
	size_t len = tn_slice_str(protocol).len;
	int r;

	if (len >= NETDB_PROTOCOL_SIZE)
		return tn_error_set(-ENOENT, "look up: protocol too long");
	snprintf(what, sizeof(what), "%s %s%s%s", kind, name,
	    len > 0 ? "/" : "", len > 0 ? protocol : "");
	r = netdb_new(run, what, name, ret);
	if (r == 0 && len > 0)
		memcpy((*ret)->protocol, protocol, len);
	return r;
}

static int
netdb_service_done(struct netdb_job **job, const char *list)
{
	const struct tn__lookup *lookup;
	int r = netdb_wait(job);

	if (r < 0)
		return r;
	lookup = &(*job)->lookup;
	if (lookup->result == -ENOENT)
		return tn_error_set(-ENOENT, "%s: it is not in %s",
		    lookup->what, list);
	if (lookup->result < 0)
		return tn__lookup_fail(lookup);
	return lookup->result;
}

int
tn_net_getservbyname(const char *service, const char *protocol)
{
	TN_CLEANUP(netdb_freep) struct netdb_job *job = NULL;
	int r = netdb_service_new(netdb_run_service, "service", service,
	    protocol, &job);

	return r < 0 ? r : netdb_service_done(&job, "/etc/services");
}

int
tn_net_getservbyport(uint16_t port, const char *protocol, char *ret,
    size_t size)
{
	TN_CLEANUP(netdb_freep) struct netdb_job *job = NULL;
	char text[8];
	int r;

	snprintf(text, sizeof(text), "%u", port);
	r = netdb_service_new(netdb_run_port, "port", text, protocol, &job);
	if (r < 0)
		return r;
	job->port = port;
	r = netdb_service_done(&job, "/etc/services");
	if (r < 0)
		return r;
	if (strlen(job->name) >= size)
		return tn_error_set(-ENOBUFS,
		    "look up: the name is longer than the room for it");
	memcpy(ret, job->name, strlen(job->name) + 1);
	return 0;
}

int
tn_net_getprotobyname(const char *protocol)
{
	TN_CLEANUP(netdb_freep) struct netdb_job *job = NULL;
	int r = netdb_service_new(netdb_run_protocol, "protocol", protocol,
	    NULL, &job);

	return r < 0 ? r : netdb_service_done(&job, "/etc/protocols");
}

/* ---- interfaces --------------------------------------------------------- */

int
tn_net_interfaces(struct tn_interface **ret, size_t *ret_count)
{
	int r = tn__net()->interfaces(ret, ret_count);

	if (r < 0)
		return tn_error_set(r, "addresses of this machine: %s",
		    tn_error_words(r));
	return 0;
}
