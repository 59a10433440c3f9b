/* get_page - fetches a page as HTTP/1.0 does, each step by hand, so that each
 * kind of failure shows by itself.
 *
 *     get_page [--host HOST] [--port PORT] [--file FILE]
 *
 * What the server answers goes to standard output as it comes, head and all.
 * tn_dial() does the first three steps in one, and tries every address of the
 * host. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/resolve.h>
#include <tenon/run.h>
#include <tenon/socket.h>

static struct page {
	const char *host, *port, *file;
} page = { "localhost", "80", "/" };

static int
failed(const char *step)
{
	return tn_error_prefix("%s", step);
}

static int
send_request(struct tn_socket *s)
{
	char request[2048];
	int n = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n",
	    page.file);

	if ((size_t)n >= sizeof(request))
		return tn_error_set(TN_ELIMIT, "the name of the file is longer "
		    "than 2,000 bytes");
	return tn_socket_sendall(s, request, (size_t)n, 0);
}

static int
show_answer(struct tn_socket *s)
{
	char bytes[2048];
	ssize_t n;

	while ((n = tn_socket_recv(s, bytes, sizeof(bytes), 0)) > 0)
		fwrite(bytes, 1, (size_t)n, stdout);
	return (int)n;
}

static int
get(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address at;

	if (tn_socket_open(AF_INET, SOCK_STREAM, 0, &s) < 0)
		return failed("creating a socket");
	if (tn_net_getaddrinfo(page.host, page.port, AF_INET, SOCK_STREAM,
	    false, &at, 1) < 0)
		return failed("address");
	if (tn_socket_connect(s, &at) < 0)
		return failed("connecting");
	if (send_request(s) < 0)
		return failed("sending");
	if (show_answer(s) < 0)
		return failed("receiving");
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "file", required_argument, NULL, 'f' },
		{ 0 },
	};
	struct tn_scope scope;
	bool wrong = false;
	int option, r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h')
			page.host = optarg;
		else if (option == 'p')
			page.port = optarg;
		else if (option == 'f')
			page.file = optarg;
		else
			wrong = true;
	}
	if (wrong || optind < argc) {
		fprintf(stderr, "usage: get_page [--host HOST] [--port PORT] "
		    "[--file FILE]\n");
		return 2;
	}
	tn_scope_open(&scope, tn_after(60 * TN_SECOND)); /* for all of it */
	r = get();
	tn_scope_close(&scope);
	if (r < 0)
		fprintf(stderr, "get_page: %s\n", tn_error_text());
	return r < 0;
}
