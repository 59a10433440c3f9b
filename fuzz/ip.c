/* IP literals: whatever inet_pton() takes and nothing else, but for zones; and
 * a literal that is written reads as the same address. */
#include <arpa/inet.h>
#include <errno.h>
#include <tenon/ip.h>

#include "fuzz/fuzz.h"

/* glibc wants four parts without leading zeros too, and takes no zone. */
static void
check_libc(struct tn_slice in, int r, const struct tn_ip *ip)
{
	struct tn_slice literal = in, zone = in;
	unsigned char theirs[16] = { 0 };
	char *text;
	int family;

	literal = tn_slice_split(&zone, '%');
	text = fuzz_string(literal);
	family = strlen(text) < literal.len ? 0 :
	    inet_pton(AF_INET, text, theirs) == 1 ? 4 :
	    inet_pton(AF_INET6, text, theirs) == 1 ? 6 : 0;
	free(text);
	if (zone.data == NULL)
		assert((r == 0) == (family != 0));
	if (r < 0)
		return;
	assert(ip->family == family);
	assert(memcmp(ip->bytes, theirs, sizeof(theirs)) == 0);
	assert(tn_slice_equal(tn_slice_str(ip->zone), zone));
}

static void
check_writing(const struct tn_ip *ip)
{
	char text[TN_IP_TEXT_MAX], libc[INET6_ADDRSTRLEN];
	struct tn_ip again;

	memset(text, 'x', sizeof(text));
	assert(tn_ip_format(ip, text) == text);
	assert(memchr(text, '\0', sizeof(text)) != NULL);
	assert(fuzz_is_tame(tn_slice_str(text)));
	assert(tn_ip_parse(tn_slice_str(text), &again) == 0);
	assert(memcmp(&again, ip, sizeof(again)) == 0);
	if (ip->family != 4 || ip->zone[0] != '\0')
		return;
	inet_ntop(AF_INET, ip->bytes, libc, sizeof(libc));
	assert(strcmp(text, libc) == 0);
}

static void
check_parse(struct tn_slice in)
{
	struct tn_ip ip, untouched;
	int r;

	memset(&ip, 0x55, sizeof(ip));
	untouched = ip;
	r = tn_ip_parse(in, &ip);
	assert(r == 0 || r == -EINVAL);
	check_libc(in, r, &ip);
	if (r < 0) {
		assert(memcmp(&ip, &untouched, sizeof(ip)) == 0);
		return;
	}
	check_writing(&ip);
	if (tn_ip_is_any(&ip))
		assert(!tn_ip_is_loopback(&ip));
}

/* Any sixteen bytes can be written. */
static void
check_bytes(struct tn_slice in)
{
	struct tn_ip ip = { .family = 6 };

	if (in.len < sizeof(ip.bytes))
		return;
	memcpy(ip.bytes, in.data, sizeof(ip.bytes));
	check_writing(&ip);
	ip.family = 4;
	memset(ip.bytes + 4, 0, sizeof(ip.bytes) - 4);
	check_writing(&ip);
}

/* Both are cut from the text, and put together they are it again. */
static void
check_port(struct tn_slice in)
{
	struct tn_slice host = TN_SLICE("?"), port = TN_SLICE("?"), left;
	bool brackets = tn_slice_starts(in, TN_SLICE("["));
	int r = tn_ip_split_port(in, &host, &port);

	if (r < 0) {
		assert(r == -EINVAL && tn_slice_equal(host, TN_SLICE("?")) &&
		    tn_slice_equal(port, TN_SLICE("?")));
		return;
	}
	assert(host.len > 0 || port.len > 0);
	assert(host.len == 0 ||
	    (host.data >= in.data &&
		host.data + host.len <= in.data + in.len));
	assert(in.len == host.len + 2 * (size_t)brackets +
		(port.len > 0 ? port.len + 1 : 0));
	left = tn_slice_skip(in, in.len - port.len);
	assert(tn_slice_equal(left, port));
	assert(tn_slice_find(port, ':') < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);

	if (size > 256)
		return 0;
	for (size_t len = 0; len < size; len += 1 + len / 8)
		check_parse(tn_slice_head(in, len));
	check_parse(in);
	check_bytes(in);
	check_port(in);
	return 0;
}
