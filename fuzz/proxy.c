/* The PROXY header: each beginning of one asks for more, what stands behind it
 * changes nothing, and an error is never taken back. */
#include <stdio.h>
#include <tenon/error.h>

#include "format/proxy.h"
#include "fuzz/fuzz.h"

/* A line that says the same. */
static void
check_again(const struct tn__proxy *p)
{
	char source[TN_IP_TEXT_MAX], destination[TN_IP_TEXT_MAX], line[200];
	struct tn__proxy again;
	int len = snprintf(line, sizeof(line), "PROXY TCP%d %s %s %u %u\r\n",
	    p->source.family, tn_ip_format(&p->source, source),
	    tn_ip_format(&p->destination, destination),
	    (unsigned)p->source_port, (unsigned)p->destination_port);

	assert(p->source.family == p->destination.family);
	assert(tn__proxy_parse(tn_slice(line, (size_t)len), &again) == len);
	assert(again.version == 1 && again.known);
	assert(memcmp(&again.source, &p->source, sizeof(p->source)) == 0);
	assert(memcmp(&again.destination, &p->destination,
	    sizeof(p->destination)) == 0);
	assert(again.source_port == p->source_port &&
	    again.destination_port == p->destination_port);
}

static int
parse(struct tn_slice in, struct tn__proxy *ret)
{
	struct tn__proxy untouched;
	int r;

	memset(ret, 0x55, sizeof(*ret));
	untouched = *ret;
	r = tn__proxy_parse(in, ret);
	assert(r <= TN__PROXY_BYTES_MAX && r <= (int)in.len);
	if (r > 0)
		return r;
	assert(memcmp(ret, &untouched, sizeof(untouched)) == 0);
	if (r < 0)
		assert((r == TN_EPROTO || r == TN_ELIMIT) &&
		    fuzz_is_tame(tn_slice_str(tn_error_text())));
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	struct tn__proxy whole, part;
	int r, before = 0;

	if (size > 5000)
		return 0;
	r = parse(in, &whole);
	if (r > 0) {
		assert(whole.version == 1 || whole.version == 2);
		assert(parse(tn_slice_head(in, (size_t)r), &part) == r);
		assert(memcmp(&part, &whole, sizeof(part)) == 0);
		if (whole.known)
			check_again(&whole);
	}
	for (size_t len = 0; len < size; len += 1 + len / 64) {
		int now = parse(tn_slice_head(in, len), &part);

		assert(before == 0 || now == before);
		before = now;
	}
	assert(before == 0 || r == before);
	return 0;
}
