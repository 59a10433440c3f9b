#include <errno.h>
#include <tenon/ip.h>
#include <tenon/number.h>

/* "::ffff:0:0/96", RFC 4291 section 2.5.5.2. */
static const unsigned char ip_mapped[12] = { [10] = 0xff, [11] = 0xff };

/* dec-octet "." dec-octet "." dec-octet "." dec-octet */
static int
ip_parse_v4(struct tn_slice text, unsigned char out[4])
{
	unsigned char bytes[4];
	uint64_t n;

	for (int i = 0; i < 4; i++) {
		struct tn_slice part = tn_slice_split(&text, '.');

		if ((text.data == NULL) != (i == 3))
			return -EINVAL;
		if (part.len > 3 || (part.len > 1 && part.data[0] == '0') ||
		    tn_parse_uint(part, 255, &n) < 0)
			return -EINVAL;
		bytes[i] = (unsigned char)n;
	}
	memcpy(out, bytes, sizeof(bytes));
	return 0;
}

/* Groups with ":" between, the last of them perhaps an IPv4 address, to the
 * end of the text or to a "::", which is left in `*text`.  Returns the octets
 * written, at most `room`. */
static int
ip_parse_groups(struct tn_slice *text, unsigned char *out, int room)
{
	int used = 0;
	uint64_t n;

	while (text->len > 0 && !tn_slice_starts(*text, TN_SLICE("::"))) {
		struct tn_slice group;
		ssize_t colon;

		if (used > 0)
			*text = tn_slice_skip(*text, 1);
		colon = tn_slice_find(*text, ':');
		group = colon < 0 ? *text : tn_slice_head(*text, (size_t)colon);

		if (colon < 0 && used + 4 <= room &&
		    ip_parse_v4(group, out + used) == 0) {
			used += 4;
		} else {
			if (used + 2 > room || group.len > 4 ||
			    tn_parse_hex(group, 0xffff, &n) < 0)
				return -EINVAL;
			out[used++] = (unsigned char)(n >> 8);
			out[used++] = (unsigned char)n;
		}
		*text = tn_slice_skip(*text, group.len);
	}
	return used;
}

static int
ip_parse_v6(struct tn_slice text, unsigned char out[16])
{
	unsigned char tail[16];
	int head_len, tail_len;

	head_len = ip_parse_groups(&text, out, 16);
	if (head_len < 0 || text.len == 0)
		return head_len == 16 ? 0 : -EINVAL;

	/* What stands behind "::", which is at least one group of zeros. */
	if (head_len > 14)
		return -EINVAL;
	text = tn_slice_skip(text, 2);
	tail_len = ip_parse_groups(&text, tail, 14 - head_len);
	if (tail_len < 0 || text.len > 0)
		return -EINVAL;
	memset(out + head_len, 0, (size_t)(16 - head_len));
	memcpy(out + 16 - tail_len, tail, (size_t)tail_len);
	return 0;
}

/* Printable, and not what cuts an address, a path or a URL: the forbidden host
 * code points of the URL Standard, section 3.2. */
static bool
ip_zone_valid(struct tn_slice zone)
{
	if (zone.len == 0)
		return false;
	for (size_t i = 0; i < zone.len; i++)
		if (zone.data[i] <= ' ' || zone.data[i] > '~' ||
		    strchr("\"#%/:<>?@[\\]^`{|}", zone.data[i]) != NULL)
			return false;
	return true;
}

int
tn_ip_parse(struct tn_slice text, struct tn_ip *ret)
{
	struct tn_ip ip = { .family = 6 };
	struct tn_slice zone = text;

	if (ip_parse_v4(text, ip.bytes) == 0) {
		ip.family = 4;
		*ret = ip;
		return 0;
	}
	text = tn_slice_split(&zone, '%');
	if (zone.data != NULL) {
		if (!ip_zone_valid(zone) || zone.len >= sizeof(ip.zone))
			return -EINVAL;
		memcpy(ip.zone, zone.data, zone.len);
	}
	if (ip_parse_v6(text, ip.bytes) < 0)
		return -EINVAL;
	*ret = ip;
	return 0;
}

static char *
ip_format_v4(const unsigned char bytes[4], char *out)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*out++ = '.';
		out += tn_format_uint(out, bytes[i]);
	}
	return out;
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952
 * section 4.2); returns its length and where it begins. */
static int
ip_zero_run(const unsigned char bytes[16], int *ret_first)
{
	int longest = 1, run = 0;

	*ret_first = 8;
	for (int i = 0; i < 8; i++) {
		run = bytes[2 * i] == 0 && bytes[2 * i + 1] == 0 ? run + 1 : 0;
		if (run > longest) {
			longest = run;
			*ret_first = i - run + 1;
		}
	}
	return longest;
}

static char *
ip_format_group(unsigned group, char *out)
{
	int shift = 12;

	while (shift > 0 && group >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*out++ = "0123456789abcdef"[group >> shift & 0xf];
	return out;
}

static char *
ip_format_v6(const unsigned char bytes[16], char *out)
{
	int first, run = ip_zero_run(bytes, &first);

	for (int i = 0; i < 8; i++) {
		unsigned group = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];

		if (i == first) {
			*out++ = ':';
			i += run - 1;
			if (i == 7)
				*out++ = ':';
			continue;
		}
		if (i > 0)
			*out++ = ':';
		out = ip_format_group(group, out);
	}
	return out;
}

const char *
tn_ip_format(const struct tn_ip *ip, char out[TN_IP_TEXT_MAX])
{
	size_t zone_len = strnlen(ip->zone, sizeof(ip->zone));
	char *end = out;

	if (ip->family == 4) {
		end = ip_format_v4(ip->bytes, out);
	} else if (ip->family != 6) {
		*end++ = '?';
	} else if (memcmp(ip->bytes, ip_mapped, sizeof(ip_mapped)) == 0) {
		memcpy(out, "::ffff:", 7);
		end = ip_format_v4(ip->bytes + 12, out + 7);
	} else {
		end = ip_format_v6(ip->bytes, out);
	}
	if (ip->family == 6 && zone_len > 0) {
		*end++ = '%';
		memcpy(end, ip->zone, zone_len);
		end += zone_len;
	}
	*end = '\0';
	return out;
}

bool
tn_ip_is_loopback(const struct tn_ip *ip)
{
	static const unsigned char one[16] = { [15] = 1 };

	if (ip->family == 4)
		return ip->bytes[0] == 127;
	return memcmp(ip->bytes, one, sizeof(one)) == 0 ||
	    (memcmp(ip->bytes, ip_mapped, sizeof(ip_mapped)) == 0 &&
		ip->bytes[12] == 127);
}

bool
tn_ip_is_any(const struct tn_ip *ip)
{
	static const unsigned char zero[16];

	return memcmp(ip->bytes, zero, ip->family == 4 ? 4 : 16) == 0;
}

/* No control characters, blanks, brackets or slashes. */
static bool
ip_name_valid(struct tn_slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c <= ' ' || c == 0x7f || strchr("[]/:", c) != NULL)
			return false;
	}
	return true;
}

int
tn_ip_split_port(struct tn_slice text, struct tn_slice *ret_host,
    struct tn_slice *ret_port)
{
	struct tn_slice host = text, port = { NULL, 0 };
	struct tn_ip ip;
	ssize_t colon = tn_slice_find(text, ':');

	if (tn_slice_starts(text, TN_SLICE("["))) {
		ssize_t end = tn_slice_find(text, ']');

		if (end < 0)
			return -EINVAL;
		host = tn_slice_skip(tn_slice_head(text, (size_t)end), 1);
		if (tn_ip_parse(host, &ip) < 0 || ip.family != 6)
			return -EINVAL;
		colon = (size_t)end + 1 < text.len ? end + 1 : -1;
		if (colon >= 0 && text.data[colon] != ':')
			return -EINVAL;
	} else if (tn_ip_parse(text, &ip) == 0) {
		colon = -1;
	} else {
		if (colon >= 0)
			host = tn_slice_head(text, (size_t)colon);
		if (!ip_name_valid(host))
			return -EINVAL;
	}

	if (colon >= 0) {
		port = tn_slice_skip(text, (size_t)colon + 1);
		if (port.len == 0 || !ip_name_valid(port))
			return -EINVAL;
	}
	if (host.len == 0 && port.len == 0)
		return -EINVAL;
	*ret_host = host;
	*ret_port = port;
	return 0;
}
