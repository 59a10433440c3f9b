/* --tls of a verb that serves: the certificate, from files or made up at the
 * start. */
#ifndef CLI_CERTIFICATE_H
#define CLI_CERTIFICATE_H

#include <stdio.h>
#include <tenon/tls.h>

struct cli_certificate {
	const char *given;         /* "auto" or "CERT,KEY"; NULL: there is none */
	const char *const *listen; /* addresses; auto is for these hosts */
	size_t listen_count;
	const char *const *alpn;   /* NULL = none */
};

/* For cli_option.check. */
int cli_check_certificate(const char *text);

/* Leaves `*ret` as it is when there is none. */
TN_CHECK int cli_certificate_open(const struct cli_certificate *c,
    struct tn_tls **ret);

/* Whether SIGHUP reads it again, and doing so. */
bool cli_certificate_can_reload(const char *given);
void cli_certificate_reload(const char *verb, struct tn_tls *tls);

/* What whoever is warned of the certificate compares, in a line; nothing for
 * NULL. */
void cli_certificate_say(FILE *out, struct tn_tls *tls);

#endif
