/* tenon serve --tls: the certificate, from files or made up at the start. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <tenon/address.h>
#include <tenon/error.h>
#include <unistd.h>

#include "cli/serve.h"
#include "cli/serving.h"
#include "cli/warn.h"

static struct tn_tls *serve_tls_made;

static bool
serve_tls_is_auto(void)
{
	return strcmp(serve_given.tls, "auto") == 0;
}

int
serve_tls_check(const char *text)
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
serve_tls_make(const struct tn_tls_certificate *shown)
{
	static const char *const protocols[] = { "http/1.1", NULL };
	const struct tn_tls_options options = {
		.server = true,
		.certificates = shown,
		.certificate_count = 1,
		.alpn = protocols,
	};

	return tn_tls_open(&options, &serve_tls_made);
}

static int
serve_tls_from_files(void)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer cert = { 0 };
	struct tn_slice rest = tn_slice_str(serve_given.tls);
	struct tn_tls_certificate shown = { 0 };
	int r = tn_buffer_append(&cert, tn_slice_split(&rest, ','));

	if (r < 0)
		return r;
	shown.cert_file = cert.data;
	shown.key_file = rest.data; /* ends where the option does */
	return serve_tls_make(&shown);
}

/* ---- made up ------------------------------------------------------------- */

/* Under which this server can be asked for: NULL behind the last. */
struct serve_tls_names {
	char text[2 * CLI_LIST_MAX + 2][256];
	const char *all[2 * CLI_LIST_MAX + 2 + 1];
	size_t count;
};

static void
serve_tls_add(struct serve_tls_names *names, const char *name)
{
	if (name[0] == '\0' || names->count == TN_COUNT(names->text))
		return;
	snprintf(names->text[names->count], sizeof(names->text[0]), "%s", name);
	names->all[names->count] = names->text[names->count];
	names->count++;
}

static void
serve_tls_add_reached(void *arg, const struct tn_address *reached,
    bool loopback)
{
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;

	if (loopback || tn_address_ip(reached, &ip) < 0)
		return;
	ip.zone[0] = '\0';
	serve_tls_add(arg, tn_ip_format(&ip, text));
}

/* "systemd:" and the like name no host; the fingerprint has to do. */
static void
serve_tls_add_listen(struct serve_tls_names *names, const char *listen)
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
		serve_tls_add(names, e.host);
		return;
	}
	if (tn_address_from_ip(literal ? &ip : &any, 0, &at) == 0)
		cli_serve_addresses(&at, serve_tls_add_reached, names);
}

static int
serve_tls_auto(void)
{
	static struct serve_tls_names names;
	struct tn_buffer cert = { 0 }, key = { 0 };
	struct utsname machine;
	int r;

	names.count = 0;
	if (uname(&machine) == 0)
		serve_tls_add(&names, machine.nodename);
	for (size_t i = 0; i < serve_given.listen.count; i++)
		serve_tls_add_listen(&names, serve_given.listen.items[i]);
	names.all[names.count] = NULL;
	r = tn_tls_self_signed(names.all, 0, &cert, &key);
	if (r == 0)
		r = serve_tls_make(&(struct tn_tls_certificate){
		    .cert_pem = tn_buffer_slice(&cert),
		    .key_pem = tn_buffer_slice(&key),
		});
	if (key.data != NULL)
		explicit_bzero(key.data, key.len);
	tn_buffer_free(&cert);
	tn_buffer_free(&key);
	return r;
}

/* ---- for the others ------------------------------------------------------ */

int
serve_tls_open(void)
{
	int r;

	if (serve_given.tls == NULL)
		return 0;
	r = serve_tls_is_auto() ? serve_tls_auto() : serve_tls_from_files();
	return r < 0 ? tn_error_prefix("--tls") : 0;
}

void
serve_tls_close(void)
{
	tn_tls_free(TN_TAKE(serve_tls_made));
}

struct tn_tls *
serve_tls(void)
{
	return serve_tls_made;
}

bool
serve_tls_can_reload(void)
{
	return serve_given.tls != NULL && !serve_tls_is_auto() &&
	    !isatty(STDIN_FILENO);
}

void
serve_tls_reload(void)
{
	if (tn_tls_reload(serve_tls_made) < 0) {
		tn_error_prefix("--tls: the certificate stays as it was");
		cli_warn("serve", tn_error_text());
	}
}
