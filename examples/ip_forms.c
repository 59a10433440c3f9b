/* IPv4 addresses packed into four bytes, shown in hexadecimal and in binary,
 * and unpacked again.
 *
 *     ip_forms [ADDRESS...] */
#include <stdio.h>
#include <tenon/inet.h>
#include <tenon/ip_about.h>

static int
show(const char *address)
{
	struct tn_ip ip = { .family = 4 };
	char hex[TN_IP_HEX_SIZE], binary[TN_IP_BINARY_SIZE];
	char text[TN_INET_SIZE];

	if (tn_net_inet_aton(address, ip.bytes) < 0) {
		fprintf(stderr, "ip_forms: %s is no IPv4 address\n", address);
		return 1;
	}
	printf("IP address: %s => packed: %s, %s, unpacked: %s\n", address,
	    tn_ip_hex(&ip, hex) + 2, tn_ip_binary(&ip, binary),
	    tn_net_inet_ntoa(ip.bytes, text));
	return 0;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (argc == 1)
		return show("127.0.0.1") + show("192.168.0.1");
	for (int i = 1; i < argc; i++)
		failed |= show(argv[i]);
	return failed;
}
