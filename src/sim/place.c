/* Who is where: addresses, names in the trace, ports. */
#include <stdio.h>
#include <tenon/address.h>
#include "sim/sim.h"

#define PLACE_PORT_FIRST 40001 /* given away from here on ... */
#define PLACE_PORT_LAST 65535  /* ... to here */

/* ---- addresses --------------------------------------------------------- */

static const unsigned char place_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xff, 0xff };

int
tn__place_parse(const struct tn_address *address, struct tn__place *ret)
{
	sa_family_t family = address->storage.ss_family;
	struct tn__place place = { 0 };
	int r;

	if (address->size < (family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in)))
		return -EINVAL;
	r = tn_address_ip(address, &place.ip);
	if (r < 0)
		return r;
	place.port = tn_address_port(address);
	if (place.ip.family == 6 &&
	    memcmp(place.ip.bytes, place_mapped, sizeof(place_mapped)) == 0) {
		memmove(place.ip.bytes, place.ip.bytes + 12, 4);
		memset(place.ip.bytes + 4, 0, 12);
		place.ip.family = 4;
	}
	*ret = place;
	return 0;
}

/* As a socket of `family` would say it. */
void
tn__place_format(const struct tn__place *place, int family,
    struct tn_address *ret)
{
	struct tn_ip ip = place->ip;

	if (ip.family == 0) /* none: every address */
		ip.family = family == AF_INET6 ? 6 : 4;
	if (family == AF_INET6 && ip.family == 4) {
		memcpy(ip.bytes + 12, place->ip.bytes, 4);
		memcpy(ip.bytes, place_mapped, sizeof(place_mapped));
		ip.family = 6;
	}
	if (tn_address_from_ip(&ip, place->port, ret) < 0)
		*ret = (struct tn_address){ 0 };
}

static bool
ip_equal(const struct tn_ip *a, const struct tn_ip *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

bool
tn__place_equal(const struct tn__place *a, const struct tn__place *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

bool
tn__place_fits(const struct tn_ip *ip)
{
	if (tn_ip_is_any(ip) || tn_ip_is_loopback(ip))
		return false;
	if (ip->family == 4) /* multicast and what was never given away */
		return ip->bytes[0] < 224;
	return ip->bytes[0] != 0xff &&
	    memcmp(ip->bytes, place_mapped, sizeof(place_mapped)) != 0;
}

bool
tn__machine_has(const struct tn__machine *m, const struct tn_ip *ip)
{
	if (tn_ip_is_loopback(ip))
		return true;
	for (size_t i = 0; i < m->address_count; i++)
		if (ip_equal(&m->addresses[i], ip))
			return true;
	return false;
}

struct tn__machine *
tn__machine_at(struct tn__machine *from, const struct tn_ip *ip)
{
	if (tn_ip_is_any(ip) || tn__machine_has(from, ip))
		return from;
	TN__LIST_FOR(node, &tn__world->machines) {
		struct tn__machine *m =
		    TN__CONTAINER(node, struct tn__machine, node);

		if (tn__machine_has(m, ip))
			return m;
	}
	return NULL;
}

/* ---- in the trace ------------------------------------------------------ */

const char *
tn__place_text(const struct tn__place *place, struct tn__machine *machine,
    char out[TN__PLACE_TEXT])
{
	struct tn__machine *m;
	char ip[TN_IP_TEXT_MAX];

	if (place->ip.family == 0) {
		(void)snprintf(out, TN__PLACE_TEXT, "%s", machine->name);
		return out;
	}
	m = tn__machine_at(machine, &place->ip);
	(void)snprintf(out, TN__PLACE_TEXT, "%s:%u",
	    m != NULL ? m->name : tn_ip_format(&place->ip, ip), place->port);
	return out;
}

const char *
tn__socket_text(const struct tn__sim_socket *s, char out[TN__PLACE_TEXT])
{
	struct tn__machine *m = s->thing.boot->machine;
	char shown[TN__SIM_SHOWN];
	const struct tn__name *name =
	    s->name.size > 0 ? &s->name : &s->peer_name;

	if (s->family != AF_UNIX)
		return tn__place_text(&s->local, m, out);
	if (name->size == 0)
		(void)snprintf(out, TN__PLACE_TEXT, "%s unix", m->name);
	else /* a path without its NUL */
		(void)snprintf(out, TN__PLACE_TEXT, "%s unix:%.60s", m->name,
		    tn__sim_show(name->bytes, name->size -
		    (name->bytes[0] != '\0'), shown));
	return out;
}

/* ---- ports ------------------------------------------------------------- */

static struct tn__sim_socket *
bound_of(struct tn__list *node)
{
	return TN__CONTAINER(node, struct tn__sim_socket, bound);
}

/* Whether datagrams or callers to `ip` are for `s`. */
static bool
place_covers(const struct tn__sim_socket *s, const struct tn_ip *ip)
{
	if (!tn_ip_is_any(&s->local.ip))
		return ip_equal(&s->local.ip, ip);
	if (s->local.ip.family == ip->family)
		return true;
	return s->local.ip.family == 6 &&
	    !tn__sim_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 0);
}

static bool
place_both(const struct tn__sim_socket *a, const struct tn__sim_socket *b,
    int option)
{
	return tn__sim_option(a, SOL_SOCKET, option, 0) &&
	    tn__sim_option(b, SOL_SOCKET, option, 0);
}

static bool
place_taken(const struct tn__machine *m, const struct tn__sim_socket *s,
    const struct tn__place *place)
{
	TN__LIST_FOR(node, &m->bound) {
		const struct tn__sim_socket *other = bound_of(node);
		bool covers;

		if (other == s || other->type != s->type ||
		    other->local.port != place->port)
			continue;
		covers = place_covers(other, &place->ip) ||
		    (tn_ip_is_any(&place->ip) &&
		    (place->ip.family == other->local.ip.family ||
		    (place->ip.family == 6 &&
		    !tn__sim_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 0))));
		if (!covers || place_both(s, other, SO_REUSEPORT))
			continue;
		if (place_both(s, other, SO_REUSEADDR) &&
		    (s->type != SOCK_STREAM || !other->listening))
			continue;
		return true;
	}
	return false;
}

static int
place_give_port(struct tn__machine *m, struct tn__sim_socket *s,
    struct tn__place *place)
{
	for (int i = PLACE_PORT_FIRST; i <= PLACE_PORT_LAST; i++) {
		m->port = m->port == PLACE_PORT_LAST ? PLACE_PORT_FIRST :
		    (uint16_t)(m->port + 1);
		place->port = m->port;
		if (!place_taken(m, s, place))
			return 0;
	}
	return -EADDRINUSE;
}

static int
place_take(struct tn__sim_socket *s, struct tn__place *place)
{
	struct tn__machine *m = s->thing.boot->machine;
	int r = 0;

	if (place->port == 0)
		r = place_give_port(m, s, place);
	else if (place_taken(m, s, place))
		r = -EADDRINUSE;
	if (r < 0)
		return r;
	s->local = *place;
	tn__list_remove(&s->bound);
	tn__list_push_back(&m->bound, &s->bound);
	return 0;
}

int
tn__place_bind(struct tn__sim_socket *s, const struct tn_address *to)
{
	struct tn__place place;
	int r = tn__place_parse(to, &place);

	if (r < 0)
		return r;
	if (s->local.port != 0)
		return -EINVAL;
	if (!tn_ip_is_any(&place.ip) &&
	    !tn__machine_has(s->thing.boot->machine, &place.ip))
		return -EADDRNOTAVAIL;
	return place_take(s, &place);
}

int
tn__place_source(const struct tn__machine *m, const struct tn_ip *to,
    struct tn_ip *ret)
{
	if (tn__machine_has(m, to)) {
		*ret = *to;
		return 0;
	}
	for (size_t i = 0; i < m->address_count; i++) {
		if (m->addresses[i].family != to->family)
			continue;
		*ret = m->addresses[i];
		return 0;
	}
	return -ENETUNREACH;
}

int
tn__place_autobind(struct tn__sim_socket *s, const struct tn__place *to)
{
	struct tn__place place = s->local;
	int r;

	if (place.ip.family != 0 && !tn_ip_is_any(&place.ip))
		return 0;
	r = tn__place_source(s->thing.boot->machine, &to->ip, &place.ip);
	if (r < 0)
		return r;
	if (s->type == SOCK_DGRAM && !s->connected && s->local.port == 0)
		place.ip = (struct tn_ip){ .family = to->ip.family };
	if (place.port == 0)
		return place_take(s, &place);
	if (s->type == SOCK_STREAM || s->connected)
		s->local.ip = place.ip;
	return 0;
}

/* The closest one: connected to the caller, bound to the address, to any. */
struct tn__sim_socket *
tn__place_find(struct tn__machine *m, int type, const struct tn__place *to,
    const struct tn__place *from)
{
	struct tn__sim_socket *best = NULL;
	int best_rank = 0;

	TN__LIST_FOR(node, &m->bound) {
		struct tn__sim_socket *s = bound_of(node);
		int rank = tn_ip_is_any(&s->local.ip) ? 1 : 2;

		if (s->type != type || s->local.port != to->port ||
		    s->family == AF_UNIX || !place_covers(s, &to->ip) ||
		    (type == SOCK_STREAM && !s->listening))
			continue;
		if (s->connected && !tn__place_equal(&s->remote, from))
			continue;
		if (s->connected)
			rank = 3;
		if (rank > best_rank) {
			best = s;
			best_rank = rank;
		}
	}
	return best;
}
