#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "format/proxy.h"

#define PROXY_V1_BYTES_MAX 107 /* section 2.1, CRLF counted */

static int
proxy_bad(const char *why)
{
	return tn_error_set(TN_EPROTO, "PROXY header: %s", why);
}

/* What has come agrees with `text` as far as both go. */
static bool
proxy_agrees(struct tn_slice in, struct tn_slice text)
{
	size_t len = in.len < text.len ? in.len : text.len;

	return tn_slice_equal(tn_slice_head(in, len),
	    tn_slice_head(text, len));
}

/* ---- version 1, a line: section 2.1 ------------------------------------- */

/* No leading zeros. */
static int
proxy_port(struct tn_slice text, uint16_t *ret)
{
	uint64_t port;

	if ((text.len > 1 && text.data[0] == '0') ||
	    tn_parse_uint(text, UINT16_MAX, &port) < 0)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

static int
proxy_line_address(struct tn_slice text, int family, struct tn_ip *ret)
{
	struct tn_ip ip;

	if (tn_ip_parse(text, &ip) < 0 || ip.family != family ||
	    ip.zone[0] != '\0')
		return -EINVAL;
	*ret = ip;
	return 0;
}

static int
proxy_line(struct tn_slice line, struct tn__proxy *p)
{
	struct tn_slice kind = tn_slice_split(&line, ' ');
	int family = 6;

	if (tn_slice_equal(kind, TN_SLICE("UNKNOWN")))
		return 0; /* whatever follows is to be ignored */
	if (tn_slice_equal(kind, TN_SLICE("TCP4")))
		family = 4;
	else if (!tn_slice_equal(kind, TN_SLICE("TCP6")))
		return proxy_bad("neither TCP4, TCP6 nor UNKNOWN");
	if (proxy_line_address(tn_slice_split(&line, ' '), family,
	        &p->source) < 0 ||
	    proxy_line_address(tn_slice_split(&line, ' '), family,
	        &p->destination) < 0)
		return proxy_bad("an address that is none of its family");
	if (proxy_port(tn_slice_split(&line, ' '), &p->source_port) < 0 ||
	    proxy_port(line, &p->destination_port) < 0)
		return proxy_bad("a port that is none");
	p->known = true;
	return 0;
}

static int
proxy_parse_line(struct tn_slice in, struct tn__proxy *p)
{
	struct tn_slice line = tn_slice_head(in, PROXY_V1_BYTES_MAX);
	ssize_t end = tn_slice_search(line, TN_SLICE("\r\n"));
	int r;

	if (end < 0)
		return in.len < PROXY_V1_BYTES_MAX ? 0 :
		    proxy_bad("no end of line within 107 bytes");
	p->version = 1;
	line = tn_slice_skip(tn_slice_head(line, (size_t)end), 6);
	r = proxy_line(line, p);
	return r < 0 ? r : (int)end + 2;
}

/* ---- version 2, binary: section 2.2 ------------------------------------- */

#define PROXY_V2_HEAD 16      /* signature, command, family, length */
#define PROXY_TLV_CRC32C 0x03 /* section 2.2.3 */

enum proxy_command { PROXY_LOCAL, PROXY_PROXY };
enum proxy_transport { PROXY_TCP4 = 0x11, PROXY_TCP6 = 0x21 };

static unsigned
proxy_u8(struct tn_slice in, size_t at)
{
	return (unsigned char)in.data[at];
}

static uint16_t
proxy_u16(struct tn_slice in, size_t at)
{
	return (uint16_t)(proxy_u8(in, at) << 8 | proxy_u8(in, at + 1));
}

/* Castagnoli's, RFC 4960 appendix B, with the four bytes at `hole` as zeros. */
static uint32_t
proxy_crc32c(struct tn_slice in, size_t hole)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < in.len; i++) {
		if (i < hole || i >= hole + 4)
			crc ^= proxy_u8(in, i);
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return ~crc;
}

/* The additions behind the addresses, from `at` on: only the checksum means
 * something to us. */
static int
proxy_additions(struct tn_slice header, size_t at)
{
	while (at < header.len) {
		size_t len;
		uint32_t sum;

		if (header.len - at < 3)
			return proxy_bad("an addition that is cut off");
		len = proxy_u16(header, at + 1);
		if (header.len - at - 3 < len)
			return proxy_bad("an addition that is cut off");
		if (proxy_u8(header, at) == PROXY_TLV_CRC32C) {
			if (len != 4)
				return proxy_bad("a checksum of another size");
			sum = (uint32_t)proxy_u16(header, at + 3) << 16 |
			    proxy_u16(header, at + 5);
			if (sum != proxy_crc32c(header, at + 3))
				return proxy_bad("its checksum is wrong");
		}
		at += 3 + len;
	}
	return 0;
}

/* The addresses; where they end. */
static int
proxy_addresses(struct tn_slice header, struct tn__proxy *p)
{
	unsigned transport = proxy_u8(header, 13);
	size_t size = transport == PROXY_TCP4 ? 4 : 16;
	size_t at = PROXY_V2_HEAD, ports = at + 2 * size;

	/* Unix sockets, datagrams and what is not specified: no addresses that
	 * we could use, and nothing to be read behind them. */
	if (transport != PROXY_TCP4 && transport != PROXY_TCP6)
		return (int)header.len;
	if (header.len < ports + 4)
		return proxy_bad("it is too short for its addresses");
	p->source.family = p->destination.family = size == 4 ? 4 : 6;
	memcpy(p->source.bytes, header.data + at, size);
	memcpy(p->destination.bytes, header.data + at + size, size);
	p->source_port = proxy_u16(header, ports);
	p->destination_port = proxy_u16(header, ports + 2);
	p->known = true;
	return (int)ports + 4;
}

static int
proxy_parse_binary(struct tn_slice in, struct tn__proxy *p)
{
	struct tn_slice header;
	unsigned command;
	int r;

	if (in.len < PROXY_V2_HEAD)
		return 0;
	command = proxy_u8(in, 12);
	if (command >> 4 != 2)
		return proxy_bad("a version that is not 2");
	if ((command & 0xf) > PROXY_PROXY)
		return proxy_bad("neither LOCAL nor PROXY");
	header = tn_slice_head(in, PROXY_V2_HEAD + (size_t)proxy_u16(in, 14));
	if (PROXY_V2_HEAD + (size_t)proxy_u16(in, 14) > TN__PROXY_BYTES_MAX)
		return tn_error_set(TN_ELIMIT, "PROXY header: it is longer "
		    "than %d bytes", TN__PROXY_BYTES_MAX);
	if (header.len < PROXY_V2_HEAD + (size_t)proxy_u16(in, 14))
		return 0;
	p->version = 2;
	if ((command & 0xf) == PROXY_LOCAL)
		return (int)header.len;
	r = proxy_addresses(header, p);
	if (r >= 0)
		r = proxy_additions(header, (size_t)r);
	return r < 0 ? r : (int)header.len;
}

/* ---- either ------------------------------------------------------------- */

int
tn__proxy_parse(struct tn_slice in, struct tn__proxy *ret)
{
	struct tn_slice line = TN_SLICE("PROXY ");
	struct tn_slice binary = TN_SLICE("\r\n\r\n\0\r\nQUIT\n");
	struct tn__proxy p = { 0 };
	int r;

	if (in.len == 0)
		return 0;
	if (proxy_agrees(in, line))
		r = in.len < line.len ? 0 : proxy_parse_line(in, &p);
	else if (proxy_agrees(in, binary))
		r = proxy_parse_binary(in, &p);
	else
		return proxy_bad("there is none, where one has to be");
	if (r > 0)
		*ret = p;
	return r;
}
