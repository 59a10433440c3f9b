/* BSD's conversions between text and bytes. */
#include <errno.h>
#include <sys/socket.h>
#include <tenon/inet.h>
#include <tenon/ip.h>
#include <tenon/number.h>

/* 1*OCTDIG */
static int
inet_octal(struct tn_slice text, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '7')
			return -EINVAL;
		n = n * 8 + (uint64_t)(text.data[i] - '0');
		if (n > UINT32_MAX)
			return -EINVAL;
	}
	*ret = n;
	return 0;
}

/* As in C: the beginning says which base it is. */
static int
inet_number(struct tn_slice text, uint64_t *ret)
{
	if (tn_slice_starts(text, TN_SLICE("0x")) ||
	    tn_slice_starts(text, TN_SLICE("0X")))
		return tn_parse_hex(tn_slice_skip(text, 2), UINT32_MAX, ret);
	if (tn_slice_starts(text, TN_SLICE("0")))
		return inet_octal(text, ret);
	return tn_parse_uint(text, UINT32_MAX, ret);
}

int
tn_net_inet_aton(const char *text, unsigned char ret[4])
{
	struct tn_slice rest = tn_slice_str(text);
	unsigned char bytes[4] = { 0 };
	int at = 0;

	while (rest.data != NULL) {
		struct tn_slice part = tn_slice_split(&rest, '.');
		bool last = rest.data == NULL;
		uint64_t n;

		if (at == 4 || inet_number(part, &n) < 0)
			return -EINVAL;
		if (n >> (last ? 8 * (4 - at) : 8) != 0)
			return -EINVAL;
		if (!last)
			bytes[at++] = (unsigned char)n;
		for (int i = 3; last && i >= at; i--, n >>= 8)
			bytes[i] = (unsigned char)n;
		if (last)
			at = 4;
	}
	if (at < 4)
		return -EINVAL;
	memcpy(ret, bytes, sizeof(bytes));
	return 0;
}

const char *
tn_net_inet_ntoa(const unsigned char bytes[4], char out[TN_INET_SIZE])
{
	struct tn_ip ip = { .family = 4 };
	char text[TN_IP_TEXT_MAX];

	memcpy(ip.bytes, bytes, 4);
	tn_ip_format(&ip, text);
	return memcpy(out, text, strlen(text) + 1);
}

int
tn_net_inet_pton(int family, const char *text, unsigned char *ret)
{
	struct tn_ip ip;

	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	if (tn_ip_parse(tn_slice_str(text), &ip) < 0 || ip.zone[0] != '\0' ||
	    ip.family != (family == AF_INET ? 4 : 6))
		return -EINVAL;
	memcpy(ret, ip.bytes, ip.family == 4 ? 4 : 16);
	return 0;
}

int
tn_net_inet_ntop(int family, const unsigned char *bytes, char *ret,
    size_t size)
{
	struct tn_ip ip = { .family = family == AF_INET ? 4 : 6 };
	char text[TN_IP_TEXT_MAX];
	size_t len;

	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(ip.bytes, bytes, ip.family == 4 ? 4 : 16);
	len = strlen(tn_ip_format(&ip, text));
	if (len >= size)
		return -ENOBUFS;
	memcpy(ret, text, len + 1);
	return 0;
}
