/* A number in this machine's byte order and in the network's.
 *
 *     byte_order [NUMBER] */
#include <inttypes.h>
#include <stdio.h>
#include <tenon/inet.h>
#include <tenon/number.h>

int
main(int argc, char **argv)
{
	uint64_t n = 1234;

	if (argc > 1 &&
	    tn_parse_uint(tn_slice_str(argv[1]), UINT16_MAX, &n) < 0) {
		fprintf(stderr, "usage: byte_order [0 to 65535]\n");
		return 2;
	}
	printf("Original: %" PRIu64 " => long host byte order: %" PRIu32
	       ", network byte order: %" PRIu32 "\n",
	    n, tn_net_ntohl((uint32_t)n), tn_net_htonl((uint32_t)n));
	printf("Original: %" PRIu64 " => short host byte order: %" PRIu16
	       ", network byte order: %" PRIu16 "\n",
	    n, tn_net_ntohs((uint16_t)n), tn_net_htons((uint16_t)n));
	return 0;
}
