/* What proxies forward: whatever a client writes ahead of what they wrote
 * changes nothing about who it is, and nothing is taken from a list unless its
 * end is whole.  The first byte chooses the fields and who is trusted; the rest
 * is lines of a head. */
#include "fuzz/fuzz.h"
#include "proto/http/forwarded.h"

#define FIELDS 32

static const char *const lies[][2] = {
	[TN_HTTP_X_FORWARDED] = { "X-Forwarded-For: 6.6.6.6\r\n",
	    "X-Forwarded-For: 6.6.6.6, \"\r\n" },
	[TN_HTTP_FORWARDED] = { "Forwarded: for=6.6.6.6;host=lies\r\n",
	    "Forwarded: for=6.6.6.6;host=lies, x=\"\r\n" },
};

/* False when it is no head. */
static bool
read_head(const char *before, struct tn_slice lines,
    enum tn_http_forwarding by, const struct tn_networks *trusted,
    struct tn_buffer *text, struct tn__http_forwarded *ret)
{
	const struct tn__http_limits limits = { 1024, 4096, FIELDS };
	struct tn__http_field fields[FIELDS];
	struct tn__http_head h;

	fuzz_must(tn_buffer_printf(text, "GET / HTTP/1.1\r\nHost: a\r\n%s",
	    before));
	fuzz_must(tn_buffer_append(text, lines));
	fuzz_must(tn_buffer_append_str(text, "\r\n\r\n"));
	tn__http_request_init(&h, &limits, fields);
	if (tn__http_head_parse(&h, tn_buffer_slice(text)) <= 0)
		return false;
	tn__http_forwarded_read(&h, tn_buffer_slice(text), by, trusted, ret);
	return true;
}

static void
check(struct tn_slice lines, enum tn_http_forwarding by,
    const struct tn_networks *trusted)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn__http_forwarded said, again;
	struct tn_ip ip;

	if (!read_head("", lines, by, trusted, &text, &said))
		return;
	assert(said.host.data == NULL ||
	    (said.host.len > 0 && tn__http_is_host(said.host)));
	if (said.peer.size == 0)
		return;
	assert(tn_address_ip(&said.peer, &ip) == 0 && ip.zone[0] == '\0');
	for (int i = 0; i < 2 && !tn_networks_has(trusted, &said.peer); i++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer more = { 0 };

		if (!read_head(lies[by][i], lines, by, trusted, &more, &again))
			return;
		assert(tn_address_equal(&said.peer, &again.peer));
		assert(tn_slice_equal(said.host, again.host));
		assert(said.secure == again.secure);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	TN_CLEANUP(tn_networks_freep) struct tn_networks *trusted = NULL;
	struct tn_slice in = tn_slice(bytes, size);
	uint8_t kind = fuzz_byte(&in);

	if (size > 2048)
		return 0;
	fuzz_must(tn_networks_parse("10.0.0.0/8, ::1", &trusted));
	check(in, kind & 1 ? TN_HTTP_FORWARDED : TN_HTTP_X_FORWARDED,
	    kind & 2 ? trusted : NULL);
	return 0;
}
