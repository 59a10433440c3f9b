/* hello_http - a web server that says hello.
 *
 *     hello_http [ADDRESS]     and then: curl http://127.0.0.1:8000/ */
#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/http.h>

static int
hello(struct tn_http_exchange *x, void *arg)
{
	if (!tn_slice_equal(tn_http_path(x), TN_SLICE("/")))
		return -ENOENT; /* 404 Not Found */
	return tn_http_reply(x, 200, "text/plain", TN_SLICE("Hello!\n"));
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *http = NULL;
	struct tn_http_server_options options = {
		.server.address = argc > 1 ? argv[1] : "127.0.0.1:8000",
		.handler = hello,
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;
	int r = tn_http_server_open(&options, &http);

	if (r == 0) {
		tn_server_address(tn_http_server(http), &address);
		printf("http://%s/\n", tn_address_format(&address, text));
		fflush(stdout);
		r = tn_server_serve_forever(tn_http_server(http));
	}
	if (r < 0)
		fprintf(stderr, "hello_http: %s\n", tn_error_text());
	return r < 0;
}
