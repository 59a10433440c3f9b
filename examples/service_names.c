/* Which services are at some ports, over TCP and UDP, and at which port a
 * service is.
 *
 *     service_names */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/netdb.h>

static int
show(uint16_t port, const char *protocol)
{
	char name[64];

	if (tn_net_getservbyport(port, protocol, name, sizeof(name)) < 0) {
		fprintf(stderr, "service_names: %s\n", tn_error_text());
		return 1;
	}
	printf("Port: %u => service name: %s\n", port, name);
	printf("Service: %s => port: %d\n", name,
	    tn_net_getservbyname(name, protocol));
	return 0;
}

int
main(void)
{
	return show(80, "tcp") | show(25, "tcp") | show(53, "udp");
}
