/* tls_client ADDRESS CA [CERT KEY]: calls ADDRESS ("tls:host:port") with TLS,
 * says each line of its input, and prints each line that comes back; the
 * version, the protocol and whether a session was taken up again first. */
#include <stdio.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/tls.h>

static int
converse(struct tn_stream *s)
{
	struct tn_tls_info info;
	struct tn_slice got;
	char line[1000];
	int r = tn_tls_info(s, &info);

	if (r == 0)
		printf("%s %s %s\n", info.version, info.alpn == NULL ? "-" :
		    info.alpn, info.resumed ? "resumed" : "new");
	while (r >= 0 && fgets(line, sizeof(line), stdin) != NULL) {
		r = tn_stream_write(s, tn_slice_str(line));
		if (r == 0)
			r = tn_stream_read_line(s, TN_LINE_ANY, 1000, &got);
		if (r > 0)
			printf("%.*s\n", (int)got.len, got.data);
	}
	return r < 0 ? r : 0;
}

int
main(int argc, char **argv)
{
	static const char *const protocols[] = { "tenon/1", NULL };
	struct tn_tls_certificate shown = { 0 };
	struct tn_tls_options tls = { .alpn = protocols };
	struct tn_dial_options options = { 0 };
	TN_CLEANUP(tn_tls_freep) struct tn_tls *shared = NULL;
	struct tn_stream *s = NULL;
	int r;

	if (argc != 3 && argc != 5)
		return 2;
	tls.ca_file = argv[2];
	if (argc == 5) {
		shown.cert_file = argv[3];
		shown.key_file = argv[4];
		tls.certificates = &shown;
		tls.certificate_count = 1;
	}
	r = tn_tls_open(&tls, &shared);
	options.tls = shared;
	if (r == 0)
		r = tn_dial(argv[1], &options, &s);
	if (r == 0)
		r = converse(s);
	if (r == 0)
		r = tn_stream_close(s);
	else
		tn_stream_free(s);
	if (r < 0)
		printf("%s: %s\n", tn_error_name(r), tn_error_text());
	return r < 0;
}
