/* http_files - a folder as a web site, with a page for what is not there.
 *
 *     http_files FOLDER [ADDRESS]     and then:
 *     curl -r 0-99 http://127.0.0.1:8000/some/file */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/http_files.h>

static const struct tn_http_files_rule rules[] = {
	{ "/assets/*", "Cache-Control", "max-age=31536000, immutable" },
	{ "*.webmanifest", "Content-Type", "application/json" },
	{ 0 },
};

static int
missing(struct tn_http_exchange *x, int status, void *arg)
{
	return tn_http_files_page(x, status, arg, TN_SLICE("404.html"));
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_http_files_freep) struct tn_http_files *files = NULL;
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	struct tn_http_files_options o = { .rules = rules };
	struct tn_http_server_options s = { .handler = tn_http_files_handle };
	struct tn_address address;
	char text[TN_ADDRESS_TEXT_MAX];
	int r;

	r = tn_dir_open(argc > 1 ? argv[1] : ".", &dir);
	o.dir = dir;
	if (r == 0)
		r = tn_http_files_open(&o, &files);
	s.arg = files;
	s.error_page = missing;
	s.server.address = argc > 2 ? argv[2] : "127.0.0.1:8000";
	if (r == 0)
		r = tn_http_server_open(&s, &server);
	if (r == 0) {
		tn_server_address(tn_http_server(server), &address);
		printf("http://%s/\n", tn_address_format(&address, text));
		fflush(stdout);
		r = tn_server_serve_forever(tn_http_server(server));
	}
	if (r < 0)
		fprintf(stderr, "http_files: %s\n", tn_error_text());
	return r < 0;
}
