#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <tenon/address.h>
#include <tenon/error.h>
#include <unistd.h>

#include "cli/certificate.h"
#include "cli/cli.h"
#include "cli/serving.h"
#include "cli/terminal.h"
#include "cli/warn.h"

static bool
certificate_is_auto(const char *given)
{
	return strcmp(given, "auto") == 0;
}

int
cli_check_certificate(const char *text)
{
	size_t first = strcspn(text, ",");

	if (!tn_has("tls"))
		return tn_error_set(-EOPNOTSUPP,
		    "this build was made without tls (OpenSSL)");
	if (first == 0 || (text[first] == ',' && text[first + 1] == '\0'))
		return tn_error_set(-EINVAL, "write auto, or the file of the "
		    "certificate and, behind a comma, that of its key");
	return 0;
}

/* ---- from files ---------------------------------------------------------- */

static int
certificate_make(const struct cli_certificate *c,
    const struct tn_tls_certificate *shown, struct tn_tls **ret)
{
	const struct tn_tls_options options = {
		.server = true,
		.certificates = shown,
		.certificate_count = 1,
		.alpn = c->alpn,
	};

	return tn_tls_open(&options, ret);
}

static int
certificate_from_files(const struct cli_certificate *c, struct tn_tls **ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer cert = { 0 };
	struct tn_slice rest = tn_slice_str(c->given);
	struct tn_tls_certificate shown = { 0 };
	int r = tn_buffer_append(&cert, tn_slice_split(&rest, ','));

	if (r < 0)
		return r;
	shown.cert_file = cert.data;
	shown.key_file = rest.data; /* ends where the option does */
	return certificate_make(c, &shown, ret);
}

/* ---- made up ------------------------------------------------------------- */

/* Under which this server can be asked for: NULL behind the last. */
struct certificate_names {
	char text[2 * CLI_LIST_MAX + 2][256];
	const char *all[2 * CLI_LIST_MAX + 2 + 1];
	size_t count;
};

static void
certificate_add(struct certificate_names *names, const char *name)
{
	if (name[0] == '\0' || names->count == TN_COUNT(names->text))
		return;
	snprintf(names->text[names->count], sizeof(names->text[0]), "%s", name);
	names->all[names->count] = names->text[names->count];
	names->count++;
}

static void
certificate_add_reached(void *arg, const struct tn_address *reached,
    bool loopback)
{
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;

	if (loopback || tn_address_ip(reached, &ip) < 0)
		return;
	ip.zone[0] = '\0';
	certificate_add(arg, tn_ip_format(&ip, text));
}

/* "systemd:" and the like name no host; the fingerprint has to do. */
static void
certificate_add_listen(struct certificate_names *names, const char *listen)
{
	static const struct tn_ip any = { { 0 }, 6, "" };
	char full[CLI_ADDRESS_SIZE];
	struct tn_endpoint e;
	struct tn_address at;
	struct tn_ip ip;
	bool literal;

	if (tn_endpoint_parse(cli_address(listen, full), &e) < 0 || e.local)
		return;
	literal = tn_ip_parse(tn_slice_str(e.host), &ip) == 0;
	if (e.host[0] != '\0' && !literal) {
		certificate_add(names, e.host);
		return;
	}
	if (tn_address_from_ip(literal ? &ip : &any, 0, &at) == 0)
		cli_serve_addresses(&at, certificate_add_reached, names);
}

static int
certificate_auto(const struct cli_certificate *c, struct tn_tls **ret)
{
	static struct certificate_names names;
	struct tn_buffer cert = { 0 }, key = { 0 };
	struct utsname machine;
	int r;

	names.count = 0;
	if (uname(&machine) == 0)
		certificate_add(&names, machine.nodename);
	for (size_t i = 0; i < c->listen_count; i++)
		certificate_add_listen(&names, c->listen[i]);
	names.all[names.count] = NULL;
	r = tn_tls_self_signed(names.all, 0, &cert, &key);
	if (r == 0)
		r = certificate_make(c, &(struct tn_tls_certificate){
			.cert_pem = tn_buffer_slice(&cert),
			.key_pem = tn_buffer_slice(&key),
		    },
		    ret);
	if (key.data != NULL)
		explicit_bzero(key.data, key.len);
	tn_buffer_free(&cert);
	tn_buffer_free(&key);
	return r;
}

/* ---- for the others ------------------------------------------------------ */

int
cli_certificate_open(const struct cli_certificate *c, struct tn_tls **ret)
{
	int r;

	if (c->given == NULL)
		return 0;
	r = certificate_is_auto(c->given) ? certificate_auto(c, ret) :
					    certificate_from_files(c, ret);
	return r < 0 ? tn_error_prefix("--tls") : 0;
}

bool
cli_certificate_can_reload(const char *given)
{
	return given != NULL && !certificate_is_auto(given) &&
	    !isatty(STDIN_FILENO);
}

void
cli_certificate_reload(const char *verb, struct tn_tls *tls)
{
	if (tn_tls_reload(tls) < 0) {
		tn_error_prefix("--tls: the certificate stays as it was");
		cli_warn(verb, tn_error_text());
	}
}

void
cli_certificate_say(FILE *out, struct tn_tls *tls)
{
	char fingerprint[TN_TLS_FINGERPRINT_MAX];

	if (tls == NULL || tn_tls_fingerprint(tls, fingerprint) < 0)
		return;
	fprintf(out, "%s%s\n", cli_terminal(out).tty ? "  SHA-256  " :
	    "Certificate SHA-256 ", fingerprint);
}
