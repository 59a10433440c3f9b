/* A stranger's bytes into both ends of a TLS handshake, in pieces of any size:
 * it never comes to anything, and the line that says why obeys nobody. */
#include <tenon/error.h>
#include <tenon/tls.h>

#include "fuzz/carrier.h"

static struct tn_tls *server_tls, *client_tls;

static void
open_tls(void)
{
	struct tn_buffer cert = { 0 }, key = { 0 };
	struct tn_tls_certificate shown;
	struct tn_tls_options options = { .certificate_count = 1 };

	if (client_tls != NULL)
		return;
	fuzz_must(tn_tls_self_signed(NULL, 0, &cert, &key));
	shown = (struct tn_tls_certificate){
		.cert_pem = tn_buffer_slice(&cert),
		.key_pem = tn_buffer_slice(&key),
	};
	options.server = true;
	options.ask = TN_TLS_ASK;
	options.ca_pem = tn_buffer_slice(&cert);
	options.certificates = &shown;
	fuzz_must(tn_tls_open(&options, &server_tls));
	options.server = false;
	options.ask = TN_TLS_ASK_NOT;
	fuzz_must(tn_tls_open(&options, &client_tls));
	tn_buffer_free(&cert);
	tn_buffer_free(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tn_slice in = tn_slice(data, size);
	uint8_t choice = fuzz_byte(&in);
	struct tn_buffer out = { 0 };
	struct tn_stream *below, *s = NULL;
	struct tn_slice line;
	int r;

	open_tls();
	below = fuzz_carrier(in, (choice & 0x7f) == 0 ? SIZE_MAX :
	    choice & 0x7f, &out);
	r = choice & 0x80 ? tn_tls_server(below, server_tls, &s) :
	    tn_tls_client(below, client_tls, "localhost", &s);
	assert(r < 0 && s == NULL && r == tn_error_code());
	line = tn_slice_str(tn_error_text());
	assert(line.len > 0 && fuzz_is_tame(line));
	tn_stream_free(below);
	tn_buffer_free(&out);
	return 0;
}
