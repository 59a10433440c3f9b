/* tenon connect and listen: what the options say about TLS. */
#include <errno.h>
#include <tenon/error.h>

#include "cli/wiring.h"

#define TLS_PROTOCOLS_MAX 16
#define TLS_PROTOCOLS_BYTES 512

/* "h2,http/1.1", taken apart in place. */
static int
tls_protocols(char *text, const char *ret[TLS_PROTOCOLS_MAX + 1])
{
	size_t count = 0;

	for (char *name = text; name != NULL; count++) {
		char *comma = strchr(name, ',');

		if (comma != NULL)
			*comma++ = '\0';
		if (name[0] == '\0' || count == TLS_PROTOCOLS_MAX)
			return tn_error_set(-EINVAL, "--alpn: write 1 to %d "
			    "names, commas between", TLS_PROTOCOLS_MAX);
		ret[count] = name;
		name = comma;
	}
	ret[count] = NULL;
	return 0;
}

int
wiring_tls_open(struct tn_tls_options *options, struct tn_tls **ret)
{
	char names[TLS_PROTOCOLS_BYTES];
	const char *protocols[TLS_PROTOCOLS_MAX + 1];
	int r = 0;

	if (!tn_has("tls"))
		return tn_error_set(-EOPNOTSUPP,
		    "this build was made without tls (OpenSSL)");
	if (wiring.alpn != NULL) {
		if (strlen(wiring.alpn) >= sizeof(names))
			return tn_error_set(-EINVAL, "--alpn: more than %d "
			    "bytes", TLS_PROTOCOLS_BYTES - 1);
		snprintf(names, sizeof(names), "%s", wiring.alpn);
		r = tls_protocols(names, protocols);
		options->alpn = protocols;
	}
	options->ca_file = wiring.ca;
	options->keylog_file = wiring.keylog;
	return r < 0 ? r : tn_tls_open(options, ret);
}
