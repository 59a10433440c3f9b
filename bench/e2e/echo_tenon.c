/* Echo with Tenon: a fiber for each connection, one loop; over TLS when it is
 * given a certificate.
 *
 *     echo_tenon [CERT KEY] */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/server.h>
#include <tenon/tls.h>

static int
echo(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = tn_stream_write(rq->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(rq->stream, said.len);
	}
	return r;
}

static int
open_tls(char **files, struct tn_tls **ret)
{
	const struct tn_tls_certificate shown = { .cert_file = files[0],
		.key_file = files[1] };
	const struct tn_tls_options options = {
		.server = true, .certificates = &shown, .certificate_count = 1
	};

	return tn_tls_open(&options, ret);
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_tls_freep) struct tn_tls *tls = NULL;
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	struct tn_server_options options = { .handle = echo };
	struct tn_address at;
	int r = argc < 3 ? 0 : open_tls(argv + 1, &tls);

	options.tls = tls;
	if (r >= 0)
		r = tn_server_open(&options, &server);
	if (r >= 0) {
		tn_server_address(server, &at);
		printf("%d tenon %s, a fiber each, one loop, as it comes\n",
		    tn_address_port(&at), tn_version());
		fflush(stdout);
		r = tn_server_serve_forever(server);
	}
	if (r < 0)
		fprintf(stderr, "echo_tenon: %s\n", tn_error_text());
	return r < 0;
}
