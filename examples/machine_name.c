/* This machine's name, and an address that the name has.
 *
 *     machine_name */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/netdb.h>

int
main(void)
{
	char name[TN_HOST_NAME_SIZE], text[TN_IP_TEXT_MAX];
	struct tn_ip ip;
	int r = tn_net_gethostname(name, sizeof(name));

	if (r == 0)
		r = tn_net_gethostbyname(name, &ip);
	if (r < 0) {
		fprintf(stderr, "machine_name: %s\n", tn_error_text());
		return 1;
	}
	printf("Host name: %s\n", name);
	printf("IP address: %s\n", tn_ip_format(&ip, text));
	return 0;
}
