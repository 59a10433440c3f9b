/* Endpoints and socket addresses: what was taken, written out, is taken as the
 * same; nothing that is shown can do harm. */
#include <errno.h>
#include <stdio.h>
#include <tenon/address.h>
#include <tenon/error.h>

#include "fuzz/fuzz.h"

static void
write_endpoint(const struct tn_endpoint *e, char *out, size_t size)
{
	bool v6 = strchr(e->host, ':') != NULL && !e->local;

	snprintf(out, size, "%s%s%s%s%s%s",
	    e->local ? (e->type == SOCK_DGRAM ? "unixgram:" : "unix:") :
		e->tls ? "tls:" : e->type == SOCK_DGRAM ? "udp:" : "tcp:",
	    v6 ? "[" : "", e->host, v6 ? "]" : "",
	    e->port[0] != '\0' ? ":" : "", e->port);
}

static bool
same_endpoint(const struct tn_endpoint *a, const struct tn_endpoint *b)
{
	return a->type == b->type && a->local == b->local &&
	    a->tls == b->tls && strcmp(a->host, b->host) == 0 &&
	    strcmp(a->port, b->port) == 0;
}

static void
check_accepted(const struct tn_endpoint *e)
{
	char text[512];
	struct tn_endpoint again;

	assert(memchr(e->host, '\0', sizeof(e->host)) != NULL);
	assert(memchr(e->port, '\0', sizeof(e->port)) != NULL);
	assert(e->type == SOCK_STREAM || e->type == SOCK_DGRAM);
	assert(!e->local || (!e->tls && e->port[0] == '\0' &&
	    e->host[0] != '\0'));
	assert(e->host[0] != '\0' || e->port[0] != '\0');
	if (!e->local) {
		assert(fuzz_is_tame(tn_slice_str(e->host)));
		assert(strpbrk(e->host, " \"\\/[]@") == NULL);
	}
	write_endpoint(e, text, sizeof(text));
	assert(tn_endpoint_parse(text, &again) == 0);
	assert(same_endpoint(e, &again));
}

static void
check_endpoint(const char *text)
{
	struct tn_endpoint e, untouched;
	int r;

	memset(&e, 0x55, sizeof(e));
	untouched = e;
	r = tn_endpoint_parse(text, &e);
	if (r == 0) {
		check_accepted(&e);
		return;
	}
	assert(r == -EINVAL && tn_error_code() == r);
	assert(fuzz_is_tame(tn_slice_str(tn_error_text())));
	assert(memcmp(&e, &untouched, sizeof(e)) == 0);
}

static void
check_format(const struct tn_address *address)
{
	char text[TN_ADDRESS_TEXT_MAX];

	memset(text, 'x', sizeof(text));
	assert(tn_address_format(address, text) == text);
	assert(memchr(text, '\0', sizeof(text)) != NULL);
	assert(fuzz_is_tame(tn_slice_str(text)));
	assert(tn_address_equal(address, address));
}

static void
check_path(struct tn_slice in)
{
	struct tn_address address, other;
	bool abstract = tn_slice_starts(in, TN_SLICE("@"));
	int r = tn_address_from_path(in, &address);

	if (r < 0) {
		assert(r == -EINVAL || (r == -ENAMETOOLONG && in.len > 107));
		return;
	}
	assert(in.len > 0 && in.len <= 107);
	assert(abstract || tn_slice_find(in, '\0') < 0);
	check_format(&address);
	assert(tn_address_port(&address) == 0);
	if (in.len > 1 && tn_address_from_path(tn_slice_head(in, in.len - 1),
	    &other) == 0)
		assert(!tn_address_equal(&address, &other));
}

/* IP and port there and back, by the address and by its text. */
static void
check_ip(struct tn_slice in)
{
	struct tn_ip ip = { .family = in.len & 1 ? 4 : 6 }, back;
	struct tn_address address, again;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_endpoint e;
	uint16_t port = (uint16_t)(in.len * 257);

	memcpy(ip.bytes, in.data, in.len < 16 ? in.len : 16);
	if (ip.family == 4)
		memset(ip.bytes + 4, 0, 12);
	assert(tn_address_from_ip(&ip, port, &address) == 0);
	assert(tn_address_ip(&address, &back) == 0);
	assert(memcmp(&ip, &back, sizeof(ip)) == 0);
	assert(tn_address_port(&address) == port);
	check_format(&address);
	assert(tn_endpoint_parse(tn_address_format(&address, text), &e) == 0);
	assert(tn_ip_parse(tn_slice_str(e.host), &back) == 0);
	assert(memcmp(&ip, &back, sizeof(ip)) == 0);
	again = address;
	tn_address_set_port(&again, (uint16_t)(port + 1));
	assert(!tn_address_equal(&address, &again));
}

/* What a kernel could say, and what it never would. */
static void
check_raw(struct tn_slice in)
{
	struct tn_address address = { 0 };
	struct tn_ip ip;

	address.size = (socklen_t)(in.len < sizeof(address.storage) ?
		in.len : sizeof(address.storage));
	memcpy(&address.storage, in.data, address.size);
	if (address.storage.ss_family == AF_INET6)
		return; /* a zone's name is the kernel's */
	check_format(&address);
	if (tn_address_ip(&address, &ip) == 0)
		assert(address.storage.ss_family == AF_INET);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	char *text;

	if (size == 0 || size > 400)
		return 0;
	text = fuzz_string(in);
	check_endpoint(text);
	free(text);
	check_path(in);
	check_ip(in);
	check_raw(in);
	return 0;
}
