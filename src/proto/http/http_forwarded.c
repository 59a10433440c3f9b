#include <tenon/ip.h>
#include <tenon/number.h>

#include "proto/http/forwarded.h"
#include "proto/http/http.h"

/* ---- lists, from their end ---------------------------------------------- */

/* The last elements of a list that may stand in several fields, the last one
 * first; what came before so many is not looked at. */
struct forwarded_list {
	struct tn_slice items[TN__HTTP_FORWARDED_HOPS];
	size_t count;
};

static bool
forwarded_is_escaped(struct tn_slice text, size_t i)
{
	size_t first = i;

	while (first > 0 && text.data[first - 1] == '\\')
		first--;
	return (i - first) % 2 == 1;
}

/* Cuts off what stands behind the last comma that is in no quoted string.
 * Read from the end, what a client wrote cannot spoil what a proxy appended. */
static struct tn_slice
forwarded_element(struct tn_slice *rest, bool strings)
{
	struct tn_slice all = *rest;
	bool quoted = false;
	size_t i = all.len;

	for (; i > 0 && (quoted || all.data[i - 1] != ','); i--)
		if (strings && all.data[i - 1] == '"' &&
		    !(quoted && forwarded_is_escaped(all, i - 1)))
			quoted = !quoted;
	*rest = i > 0 ? tn_slice_head(all, i - 1) : tn_slice(NULL, 0);
	return tn_slice_trim(tn_slice_skip(all, i));
}

/* Empty elements do not count (RFC 9110 section 5.6.1.2). */
static void
forwarded_add(struct forwarded_list *list, struct tn_slice value, bool strings)
{
	while (value.data != NULL && list->count < TN_COUNT(list->items)) {
		struct tn_slice item = forwarded_element(&value, strings);

		if (item.len > 0)
			list->items[list->count++] = item;
	}
}

/* RFC 7239 has strings, and what is older has none. */
static void
forwarded_list(const struct tn__http_head *h, struct tn_slice head,
    const char *name, bool strings, struct forwarded_list *ret)
{
	ret->count = 0;
	for (uint32_t i = h->fields_count; i-- > 0;) {
		const struct tn__http_field *field = &h->fields[i];

		if (tn_slice_equal_nocase(tn__http_text(head, field->name),
		        name))
			forwarded_add(ret, tn__http_text(head, field->value),
			    strings);
	}
}

/* ---- one element -------------------------------------------------------- */

/* node = nodename [ ":" port ] (RFC 7239 section 6), also an IPv6 address as it
 * is written without a port.  False when it is no address. */
static bool
forwarded_node(struct tn_slice node, struct tn_address *ret)
{
	struct tn_slice host, port;
	uint64_t number = 0;
	struct tn_ip ip;

	/* A zone means something on the proxy only. */
	if (tn_slice_find(node, '%') >= 0 ||
	    tn_ip_split_port(node, &host, &port) < 0 ||
	    tn_ip_parse(host, &ip) < 0)
		return false;
	/* Obfuscated ports begin with "_": they are none. */
	if (port.len > 0 && port.data[0] != '_' &&
	    tn_parse_uint(port, UINT16_MAX, &number) < 0)
		return false;
	return tn_address_from_ip(&ip, (uint16_t)number, ret) == 0;
}

/* What a proxy says on purpose to say nothing: "unknown" and "_name". */
static bool
forwarded_is_hidden(struct tn_slice node)
{
	struct tn_slice port = node, name = tn_slice_split(&port, ':');

	return tn_slice_equal_nocase(name, "unknown") ||
	    (name.len > 1 && name.data[0] == '_' && tn__http_is_token(name));
}

static bool
forwarded_set_host(struct tn__http_forwarded *ret, struct tn_slice host)
{
	if (host.len == 0 || !tn__http_is_host(host))
		return false;
	ret->host = host;
	return true;
}

static bool
forwarded_set(struct tn__http_forwarded *ret, struct tn_slice name,
    struct tn_slice value, struct tn_slice *ret_node)
{
	if (tn_slice_equal_nocase(name, "for"))
		*ret_node = value;
	else if (tn_slice_equal_nocase(name, "proto"))
		ret->secure = tn_slice_equal_nocase(value, "https");
	else if (tn_slice_equal_nocase(name, "host"))
		return forwarded_set_host(ret, value);
	return true;
}

/* Takes token "=" ( token / quoted-string ); nothing that we ask for needs a
 * backslash inside. */
static bool
forwarded_pair(struct tn_slice *rest, struct tn_slice *ret_name,
    struct tn_slice *ret_value)
{
	ssize_t equals = tn_slice_find(*rest, '=');
	size_t len = 0;

	if (equals < 0)
		return false;
	*ret_name = tn_slice_head(*rest, (size_t)equals);
	*rest = tn_slice_skip(*rest, (size_t)equals + 1);
	if (tn_slice_starts(*rest, TN_SLICE("\""))) {
		ssize_t end;

		*rest = tn_slice_skip(*rest, 1);
		end = tn_slice_find(*rest, '"');
		if (end < 0)
			return false;
		*ret_value = tn_slice_head(*rest, (size_t)end);
		*rest = tn_slice_skip(*rest, (size_t)end + 1);
		return tn__http_is_token(*ret_name) &&
		    tn_slice_find(*ret_value, '\\') < 0;
	}
	while (len < rest->len && rest->data[len] != ';' &&
	    rest->data[len] != ' ' && rest->data[len] != '\t')
		len++;
	*ret_value = tn_slice_head(*rest, len);
	*rest = tn_slice_skip(*rest, len);
	return tn__http_is_token(*ret_name) && tn__http_is_token(*ret_value);
}

/* forwarded-element = [ pair ] *( ";" [ pair ] ), section 4. */
static bool
forwarded_parse(struct tn_slice rest, struct tn__http_forwarded *ret,
    struct tn_slice *ret_node)
{
	struct tn_slice name, value;

	for (;;) {
		rest = tn_slice_trim(rest);
		if (rest.len > 0 && rest.data[0] != ';' &&
		    !(forwarded_pair(&rest, &name, &value) &&
		        forwarded_set(ret, name, value, ret_node)))
			return false;
		rest = tn_slice_trim(rest);
		if (rest.len == 0)
			return true;
		if (rest.data[0] != ';')
			return false;
		rest = tn_slice_skip(rest, 1);
	}
}

/* ---- all of them -------------------------------------------------------- */

struct forwarded_lists {
	bool by_x;
	struct forwarded_list nodes; /* or whole elements */
	struct forwarded_list protos, hosts;
};

/* What stands as far from the end; the first one when the list is shorter. */
static struct tn_slice
forwarded_at(const struct forwarded_list *list, size_t i)
{
	if (list->count == 0)
		return tn_slice(NULL, 0);
	return list->items[i < list->count ? i : list->count - 1];
}

/* Element `i` from the end: false when it is none. */
static bool
forwarded_hop(const struct forwarded_lists *lists, size_t i,
    struct tn__http_forwarded *ret, struct tn_slice *ret_node)
{
	struct tn_slice host;

	if (!lists->by_x)
		return forwarded_parse(lists->nodes.items[i], ret, ret_node);
	*ret_node = lists->nodes.items[i];
	ret->secure = tn_slice_equal_nocase(forwarded_at(&lists->protos, i),
	    "https");
	/* Perhaps the client's own, through a proxy that writes none. */
	host = forwarded_at(&lists->hosts, i);
	(void)!forwarded_set_host(ret, host);
	return true;
}

static void
forwarded_walk(const struct forwarded_lists *lists,
    const struct tn_networks *trusted, struct tn__http_forwarded *ret)
{
	for (size_t i = 0; i < lists->nodes.count; i++) {
		struct tn__http_forwarded hop = { .peer = ret->peer };
		struct tn_slice node = { NULL, 0 };
		bool told;

		if (!forwarded_hop(lists, i, &hop, &node))
			return;
		told = forwarded_node(node, &hop.peer);
		if (!told && node.data != NULL && !forwarded_is_hidden(node))
			return;
		*ret = hop;
		if (!told || !tn_networks_has(trusted, &hop.peer))
			return;
	}
}

void
tn__http_forwarded_read(const struct tn__http_head *h, struct tn_slice head,
    enum tn_http_forwarding by, const struct tn_networks *trusted,
    struct tn__http_forwarded *ret)
{
	struct forwarded_lists lists = { .by_x = by == TN_HTTP_X_FORWARDED };

	memset(ret, 0, sizeof(*ret));
	forwarded_list(h, head,
	    lists.by_x ? "x-forwarded-for" : "forwarded", !lists.by_x,
	    &lists.nodes);
	if (lists.by_x) {
		forwarded_list(h, head, "x-forwarded-proto", false,
		    &lists.protos);
		forwarded_list(h, head, "x-forwarded-host", false,
		    &lists.hosts);
		if (lists.nodes.count == 0) /* some proxies leave it out */
			lists.nodes.items[lists.nodes.count++] =
			    TN_SLICE("unknown");
	}
	forwarded_walk(&lists, trusted, ret);
}

/* ---- for the exchange --------------------------------------------------- */

/* Kept out of the frames of those that have no proxy. */
static void __attribute__((noinline))
forwarded_take(struct tn_http_exchange *x)
{
	const struct tn_http_server *server = x->c->server;
	struct tn__http_forwarded said;

	tn__http_forwarded_read(&x->head, x->text, server->options.forwarding,
	    server->proxies, &said);
	x->secure = said.secure;
	x->host = said.host;
	if (said.peer.size > 0) {
		x->peer_far = said.peer;
		x->peer = &x->peer_far;
	}
}

void
tn__http_forwarded_take(struct tn_http_exchange *x)
{
	x->secure = x->c->stream->ops->secure;
	if (x->c->server->proxies != NULL &&
	    tn_networks_has(x->c->server->proxies, x->c->peer))
		forwarded_take(x);
}
