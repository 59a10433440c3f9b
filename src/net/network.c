#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/network.h>

#include "base/error.h"
#include "base/memory.h"

struct tn_networks {
	bool local;     /* Unix sockets */
	bool everybody;
	size_t count;
	struct tn_ip_network items[];
};

static bool
network_cuts(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\n';
}

/* The next item, empty when there is none. */
static struct tn_slice
network_next(struct tn_slice *rest)
{
	struct tn_slice item;
	size_t len = 0;

	while (rest->len > 0 && network_cuts(rest->data[0]))
		*rest = tn_slice_skip(*rest, 1);
	while (len < rest->len && !network_cuts(rest->data[len]))
		len++;
	item = tn_slice_head(*rest, len);
	*rest = tn_slice_skip(*rest, len);
	return item;
}

static int
network_bad(struct tn_slice item)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int r = tn_buffer_append_escaped(&shown, tn_slice_head(item, 128));

	return r < 0 ? r : tn_error_set(-EINVAL, "network \"%s\": it is none; "
	    "write 10.0.0.0/8 (zeros behind the prefix), 2001:db8::/32, one "
	    "address, unix or *", shown.data);
}

static int
network_add(struct tn_networks *networks, struct tn_slice item)
{
	if (tn_slice_equal(item, TN_SLICE("unix")))
		networks->local = true;
	else if (tn_slice_equal(item, TN_SLICE("*")))
		networks->local = networks->everybody = true;
	else if (tn_ip_network_parse(item,
	             &networks->items[networks->count]) < 0)
		return network_bad(item);
	else
		networks->count++;
	return 0;
}

int
tn_networks_parse(const char *text, struct tn_networks **ret)
{
	TN_CLEANUP(tn_networks_freep) struct tn_networks *networks = NULL;
	struct tn_slice rest = tn_slice_str(text);
	struct tn_slice item;
	size_t count = 0;

	while (network_next(&rest).len > 0)
		count++;
	networks = tn__zalloc(
	    sizeof(*networks) + count * sizeof(networks->items[0]));
	if (networks == NULL)
		return tn__error_nomem();
	rest = tn_slice_str(text);
	while ((item = network_next(&rest)).len > 0) {
		int r = network_add(networks, item);

		if (r < 0)
			return r;
	}
	*ret = TN_TAKE(networks);
	return 0;
}

bool
tn_networks_has_ip(const struct tn_networks *networks, const struct tn_ip *ip)
{
	if (networks == NULL)
		return false;
	for (size_t i = 0; i < networks->count; i++)
		if (tn_ip_network_has(&networks->items[i], ip))
			return true;
	return networks->everybody;
}

bool
tn_networks_has(const struct tn_networks *networks,
    const struct tn_address *peer)
{
	struct tn_ip ip;

	if (tn_address_ip(peer, &ip) == 0)
		return tn_networks_has_ip(networks, &ip);
	return networks != NULL && networks->local;
}

void
tn_networks_free(struct tn_networks *networks)
{
	tn__free(networks);
}
