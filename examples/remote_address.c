/* The address of a remote host, or the reason why there is none.
 *
 *     remote_address [HOST] */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/netdb.h>

int
main(int argc, char **argv)
{
	const char *host = argc > 1 ? argv[1] : "www.python.org";
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;

	if (tn_net_gethostbyname(host, &ip) < 0) {
		printf("%s: %s\n", host, tn_error_text());
		return 1;
	}
	printf("IP address of %s: %s\n", host, tn_ip_format(&ip, text));
	return 0;
}
