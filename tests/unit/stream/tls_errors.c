/* What goes wrong with TLS: each check has its code, and a sentence that says
 * which certificate, which check and what to do. */
#include "tls_talk.h"

#include <unistd.h>

static void
check_says(const char *text, const char *says)
{
	if (strstr(text, says) != NULL)
		return;
	fprintf(stderr, "\"%s\" does not say \"%s\"\n", text, says);
	abort();
}

/* ---- the server's certificate -------------------------------------------- */

/* RFC 5280 section 6 and RFC 6125 section 6. */
static const struct row {
	const char *name;
	struct cert_plan leaf; /* its issuer is the CA unless `alone` */
	bool alone;
	bool stranger;   /* the client trusts another CA */
	bool unsent;     /* and the server does not send its own along */
	bool forged;     /* by somebody of the CA's name, who is another */
	bool weak;       /* OpenSSL would not show it */
	struct cert_plan middle; /* if it has a name: between leaf and CA ... */
	bool shallow;            /* ... which may sign leaves only */
	int revoked;     /* days of the CA's list; -1: there is none of it */
	const char *constraints; /* of the CA */
	const char *host;
	int error;
	const char *says, *advises;
} rows[] = {
	{ .name = "expired", .leaf = { .from_days = -9, .to_days = -2 },
	    .error = TN_ETLS_EXPIRED,
	    .says = "TLS to good.test: certificate CN = leaf expired on ",
	    .advises = " GMT; its owner has to renew it, or this machine's clock "
		       "is wrong" },
	{ .name = "not valid yet", .leaf = { .from_days = 2, .to_days = 9 },
	    .error = TN_ETLS_NOT_YET,
	    .says = "certificate CN = leaf is not valid before ",
	    .advises = "is this machine's clock right?" },
	{ .name = "signed by itself", .alone = true,
	    .error = TN_ETLS_SELF_SIGNED,
	    .says = "certificate CN = leaf is signed by itself; if its owner "
		    "says that its fingerprint is ",
	    .advises = ", trust it (ca_file)" },
	{ .name = "of an unknown issuer", .stranger = true, .unsent = true,
	    .error = TN_ETLS_ISSUER,
	    .says = "certificate CN = leaf is signed by CN = test CA, whom we "
		    "do not know",
	    .advises = "trust that one (ca_file), or have its certificate sent "
		       "along" },
	{ .name = "a root that nobody trusts", .stranger = true,
	    .error = TN_ETLS_ISSUER,
	    .says = "certificate CN = test CA is the root of theirs, and nobody "
		    "told us to trust it",
	    .advises = "if you do, name it (ca_file)" },
	{ .name = "for another name", .host = "evil.test",
	    .error = TN_ETLS_NAME,
	    .says = "TLS to evil.test: certificate CN = leaf is for "
		    "DNS:good.test",
	    .advises = "use one of these names" },
	{ .name = "for another name in other letters",
	    .host = "b\xc3\xbc" "cher.test",
	    .error = TN_ETLS_NAME,
	    .says = "TLS to b\xc3\xbc" "cher.test: certificate CN = leaf is for "
		    "DNS:good.test",
	    .advises = "use one of these names" },
	{ .name = "for another address", .host = "192.0.2.9",
	    .error = TN_ETLS_NAME,
	    .says = "TLS to 192.0.2.9: certificate CN = leaf is for "
		    "DNS:good.test",
	    .advises = "this address" },
	{ .name = "the CN is no name",
	    .leaf = { .name = "good.test", .names = "DNS:other.test" },
	    .error = TN_ETLS_NAME,
	    .says = "certificate CN = good.test is for DNS:other.test",
	    .advises = "" },
	{ .name = "a wildcard is one label",
	    .leaf = { .names = "DNS:*.good.test" },
	    .host = "a.b.good.test",
	    .error = TN_ETLS_NAME,
	    .says = "is for DNS:*.good.test",
	    .advises = "" },
	{ .name = "a wildcard is a whole label",
	    .leaf = { .names = "DNS:g*.good.test" },
	    .host = "gx.good.test",
	    .error = TN_ETLS_NAME,
	    .says = "is for DNS:g*.good.test",
	    .advises = "" },
	{ .name = "outside of what the issuer may sign",
	    .constraints = "permitted;DNS:fine.test",
	    .error = TN_ETLS_CONSTRAINT, .says = "certificate CN = leaf is for "
	    "a name outside of those that its issuer may sign: CN = test CA",
	    .advises = "; its owner has to get another" },
	{ .name = "what the issuer may not sign",
	    .constraints = "excluded;DNS:good.test",
	    .error = TN_ETLS_CONSTRAINT, .says = "certificate CN = leaf is for "
	    "a name that its issuer may not sign: CN = test CA",
	    .advises = "; its owner has to get another" },
	{ .name = "revoked", .revoked = 9, .error = TN_ETLS_REVOKED,
	    .says = "certificate CN = leaf was revoked by CN = test CA",
	    .advises = "; its owner has to get another" },
	{ .name = "no list of its issuer", .revoked = -1,
	    .error = TN_ETLS_CERTIFICATE, .says = "certificate CN = leaf may be "
	    "revoked: there is no list of CN = test CA",
	    .advises = "; add it to crl_file" },
	{ .name = "a list that is too old", .revoked = 1,
	    .error = TN_ETLS_CERTIFICATE, .says = "certificate CN = leaf may be "
	    "revoked: the list is too old of CN = test CA",
	    .advises = "; get a new one" },
	{ .name = "a chain that is cut", .unsent = true,
	    .middle = { .name = "middle", .ca = true },
	    .error = TN_ETLS_ISSUER,
	    .says = "certificate CN = leaf is signed by CN = middle, whom we do "
		    "not know",
	    .advises = "or have its certificate sent along" },
	{ .name = "expired above it",
	    .middle = { .name = "middle", .ca = true, .from_days = -9,
	        .to_days = -2 },
	    .error = TN_ETLS_EXPIRED,
	    .says = "certificate CN = middle expired on ",
	    .advises = "; its owner has to renew it" },
	{ .name = "signed by one who may not", .middle = { .name = "middle" },
	    .error = TN_ETLS_ISSUER,
	    .says = "certificate CN = middle may not sign others",
	    .advises = "; somebody made the one below it up" },
	{ .name = "one too many below the CA",
	    .middle = { .name = "middle", .ca = true },
	    .shallow = true,
	    .error = TN_ETLS_ISSUER,
	    .says =
		"certificate CN = test CA may not have so many others below "
		"it",
	    .advises = "; somebody made one of them up" },
	{ .name = "forged", .forged = true, .error = TN_ETLS_ISSUER,
	    .says = "certificate CN = leaf is not signed by CN = test CA as it "
		    "says",
	    .advises = "; somebody made it up" },
	{ .name = "for another purpose", .leaf = { .usage = "clientAuth" },
	    .error = TN_ETLS_CERTIFICATE,
	    .says = "certificate CN = leaf is not for servers (extended key "
		    "usage)",
	    .advises = "; its owner has to get another" },
	{ .name = "a key that is too short", .leaf = { .bits = 1024 },
	    .weak = true, .error = TN_ETLS_CERTIFICATE,
	    .says = "certificate CN = leaf has a key that is too short",
	    .advises = "; its owner has to get another" },
	{ .name = "a digest that is broken", .leaf = { .digest = EVP_sha1 },
	    .weak = true, .error = TN_ETLS_CERTIFICATE,
	    .says = "certificate CN = leaf is signed with a digest that is "
		    "broken",
	    .advises = "; its owner has to get another" },
	{ .name = "a name that a terminal would obey",
	    .leaf = { .name = "\x1b[2Jleaf" },
	    .host = "evil.test",
	    .error = TN_ETLS_NAME,
	    .says = "certificate CN = \\",
	    .advises = "" },
};

static void
test_row(void **state)
{
	const struct row *t = *state;
	bool letters = t->host != NULL && strncmp(t->host, "b\xc3", 2) == 0;
	struct cert_plan plan = t->leaf, middle_plan = t->middle;
	struct cert *ca = cert_make(&(struct cert_plan){ .name = "test CA",
	    .ca = true, .constraints = t->constraints,
	    .basic = t->shallow ? "critical,CA:TRUE,pathlen:0" : NULL });
	struct cert *namesake =
	    cert_make(&(struct cert_plan){ .name = "test CA", .ca = true });
	struct cert *stranger =
	    cert_make(&(struct cert_plan){ .name = "stranger", .ca = true });
	struct cert *leaf, *middle = NULL;
	struct tn_tls_certificate shown;
	struct tn_tls_options client = { 0 }, server = { .server = true };
	struct talk talk = {
		.client = &client, .server = &server, .host = t->host
	};
	struct tn_buffer list = { 0 };

	if (letters && !tn_has("idna"))
		skip();
	if (plan.name == NULL)
		plan.name = "leaf";
	if (plan.names == NULL)
		plan.names = "DNS:good.test";
	plan.issuer = t->alone ? NULL : t->forged ? namesake : ca;
	if (t->middle.name != NULL) {
		middle_plan.issuer = ca;
		plan.issuer = middle = cert_make(&middle_plan);
	}
	leaf = cert_make(&plan);
	shown = cert_shown(leaf);
	if (t->unsent)
		shown.cert_pem.len = (size_t)(strstr(shown.cert_pem.data,
		    "-----END") - shown.cert_pem.data) + 26;
	server.certificates = &shown;
	server.certificate_count = 1;
	client.ca_pem = cert_pem(t->stranger ? stranger : ca);
	if (t->revoked != 0)
		list = t->revoked > 0 ? cert_revoke(ca, leaf, t->revoked) :
		    cert_revoke(stranger, leaf, 9);
	client.crl_pem = tn_buffer_slice(&list);
	if (t->weak)
		talk.server_tls = cert_show_weak(leaf);
	talk_run(&talk);
	CHECK_INT(talk.client_result, t->error);
	check_says(talk.client_text, t->says);
	check_says(talk.client_text, t->advises);
	CHECK_INT(talk.server_result, TN_ETLS_ALERT);
	check_says(talk.server_text, "TLS from in-process stream: the peer ");

	/* Told so, it does talk to anybody. */
	client =
	    (struct tn_tls_options){ .insecure_accept_any_certificate = true };
	talk_run(&talk);
	CHECK_TEXT(talk.client_text, "");
	CHECK_INT(talk.client_result, 0);

	tn_tls_free(talk.server_tls);
	tn_buffer_free(&list);
	cert_free(leaf);
	cert_free(middle);
	cert_free(stranger);
	cert_free(namesake);
	cert_free(ca);
}

/* ---- certificates of clients --------------------------------------------- */

static int
check_peer(struct tn_stream *s, void *arg)
{
	struct tn_tls_info info;

	CHECK_INT(tn_tls_info(s, &info), 0);
	CHECK_TEXT(info.subject == NULL ? "none" : info.subject, arg);
	CHECK_INT(info.verified, info.subject != NULL);
	return talk_echo(s, NULL);
}

static const struct client_row {
	const char *name;
	enum tn_tls_ask ask;
	int shows; /* 0 nothing, 1 a good one, 2 a stranger's, 3 a server's */
	const char *subject; /* that the server then sees; NULL: it fails */
	const char *server_says, *client_says;
} client_rows[] = {
	{ "not asked", TN_TLS_ASK_NOT, 1, "none", "", "" },
	{ "asked and good", TN_TLS_ASK, 1, "CN = me", "", "" },
	{ "asked and none", TN_TLS_ASK, 0, "none", "", "" },
	{ "required and good", TN_TLS_ASK_REQUIRE, 1, "CN = me", "", "" },
	{ "required and none", TN_TLS_ASK_REQUIRE, 0, NULL,
	    "the peer shows no certificate, and one is required",
	    "the peer wants a certificate of ours; give one" },
	{ "asked and a stranger's", TN_TLS_ASK, 2, NULL,
	    "certificate CN = stranger is the root of theirs",
	    "the peer does not know who signed our certificate (unknown CA)" },
	{ "asked and a server's", TN_TLS_ASK, 3, NULL,
	    "certificate CN = me is not for clients (extended key usage); its "
	    "owner has to get another",
	    "the peer does not accept our certificate (unsupported "
	    "certificate)" },
};

static void
test_client(void **state)
{
	const struct client_row *t = *state;
	struct cert *ca = cert_make(&(struct cert_plan){ .name = "test CA",
	    .ca = true });
	struct cert *others =
	    cert_make(&(struct cert_plan){ .name = "stranger", .ca = true });
	struct cert *leaf = cert_make(&(struct cert_plan){
	    .name = "leaf", .names = "DNS:good.test", .issuer = ca });
	struct cert *me = cert_make(&(struct cert_plan){ .name = "me",
	    .issuer = t->shows == 2 ? others : ca,
	    .usage = t->shows == 3 ? "serverAuth" : NULL });
	struct tn_tls_certificate shown = cert_shown(leaf),
				  mine = cert_shown(me);
	struct tn_tls_options client = { .ca_pem = cert_pem(ca),
		.certificates = &mine, .certificate_count = t->shows > 0 };
	struct tn_tls_options server = { .server = true, .ask = t->ask,
		.ca_pem = cert_pem(ca), .certificates = &shown,
		.certificate_count = 1 };
	struct talk talk = { .client = &client, .server = &server,
		.server_main = check_peer,
		.arg = (void *)(uintptr_t)t->subject };

	for (int v = TN_TLS_1_2; v <= TN_TLS_1_3; v++) {
		client.version_max = (enum tn_tls_version)v;
		/* TLS 1.2 has no such alert. */
		bool early = v == TN_TLS_1_2 && t->shows == 0;

		talk_run(&talk);
		CHECK_INT(talk.server_result == 0, t->subject != NULL);
		CHECK_INT(talk.client_result == 0, t->subject != NULL);
		check_says(talk.server_text, t->server_says);
		check_says(talk.client_text, early && t->subject == NULL ?
		    "the peer found nothing in common" : t->client_says);
	}
	cert_free(me);
	cert_free(leaf);
	cert_free(others);
	cert_free(ca);
}

/* ---- a peer that does not speak TLS -------------------------------------- */

/* What it sends, and what each end makes of it. */
static const struct plain_row {
	const char *name, *said;
	int error;
	const char *says;
} plain_rows[] = {
	{ "a mail server", "220 mail.test ESMTP\r\n250 more\r\n", TN_ETLS_PLAIN,
	    "the peer does not speak TLS; it said \"220 mail.test ESMTP\"" },
	{ "HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", TN_ETLS_PLAIN,
	    "the peer does not speak TLS; it said \"GET / HTTP/1.1\"" },
	{ "what a terminal would obey", "\x1b[2J", TN_ETLS_PLAIN,
	    "it said \"\\x1b[2J\"" },
	{ "nothing", "", TN_ETRUNCATED, "the peer ended the connection without "
	    "a word; does it speak TLS?" },
	{ "half a record", "\x16\x03\x01\x02", TN_ETRUNCATED,
	    "the peer ended the connection in the middle of the handshake" },
	{ "a record of zeros", "\x16\x03\x01\x7f\xff" "xxxxx", TN_ETLS,
	    "protocol error: " },
	{ "an alert", "\x15\x03\x01\x00\x02\x02\x28", TN_ETLS_ALERT,
	    "the peer found nothing in common (handshake failure)" },
};

static struct tn_slice
plain_said(const struct plain_row *t)
{
	size_t len = strlen(t->said);

	return t->error != TN_ETLS_ALERT ? tn_slice(t->said, len) :
	    tn_slice(t->said, 7);
}

static void
test_plain(void **state)
{
	const struct plain_row *t = *state;
	struct cert *leaf = cert_make(&(struct cert_plan){ .name = "leaf" });
	struct tn_tls_certificate shown = cert_shown(leaf);
	struct tn_tls_options options = {
		.server = true, .certificates = &shown, .certificate_count = 1
	};
	struct tn_stream *memory, *s = NULL;
	struct tn_tls *tls;

	CHECK_INT(tn_stream_memory(plain_said(t), &memory), 0);
	CHECK_INT(tn_tls_client(memory, NULL, "good.test", &s), t->error);
	check_says(tn_error_text(), "TLS to good.test: ");
	check_says(tn_error_text(), t->says);
	tn_stream_free(memory);

	CHECK_INT(tn_tls_open(&options, &tls), 0);
	CHECK_INT(tn_stream_memory(plain_said(t), &memory), 0);
	/* No client begins with an alert. */
	CHECK_INT(tn_tls_server(memory, tls, &s), t->error == TN_ETLS_ALERT ?
	    TN_ETLS : t->error);
	check_says(tn_error_text(), "TLS from memory: ");
	check_says(tn_error_text(), t->error == TN_ETLS_ALERT ?
	    "protocol error: unexpected message" : t->says);
	tn_stream_free(memory);
	CHECK(s == NULL);
	tn_tls_free(tls);
	cert_free(leaf);
}

/* ---- versions and time --------------------------------------------------- */

static void
test_versions(void **state)
{
	struct cert *leaf = cert_make(&(struct cert_plan){
	    .name = "leaf", .names = "DNS:good.test" });
	struct tn_tls_certificate shown = cert_shown(leaf);
	struct tn_tls_options client = { .ca_pem = cert_pem(leaf) };
	struct tn_tls_options server = {
		.server = true, .certificates = &shown, .certificate_count = 1
	};
	struct talk talk = { .client = &client, .server = &server };

	client.version_max = TN_TLS_1_2;
	server.version_min = TN_TLS_1_3;
	talk_run(&talk);
	CHECK_INT(talk.client_result, TN_ETLS_VERSION);
	CHECK_INT(talk.server_result, TN_ETLS_VERSION);
	check_says(talk.client_text, "the peer speaks no version of TLS that");
	check_says(talk.server_text, "ours begin with version_min");
	client.version_max = server.version_min = 0;
	client.version_min = TN_TLS_1_3;
	server.version_max = TN_TLS_1_2;
	talk_run(&talk);
	CHECK_INT(talk.client_result, TN_ETLS_VERSION);
	CHECK_INT(talk.server_result, TN_ETLS_VERSION);
	cert_free(leaf);
}

static int
wait_in_vain(void *arg)
{
	struct tn_tls_options options = { .handshake_ms = 20 };
	struct tn_stream *ends[2], *s;
	struct tn_scope scope;
	struct tn_tls *tls;

	CHECK_INT(tn_tls_open(&options, &tls), 0);
	CHECK_INT(tn_stream_pair(0, ends), 0);
	CHECK_ERROR(tn_tls_client(ends[0], tls, "good.test", &s), -ETIMEDOUT,
	    "TLS to good.test: no handshake within 20 ms (handshake_ms)");
	/* A deadline of the caller's own is his. */
	tn_scope_open(&scope, tn_after(5 * TN_MILLISECOND));
	CHECK_INT(tn_tls_client(ends[0], tls, "good.test", &s), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
	tn_tls_free(tls);
	return 0;
}

static void
test_timeout(void **state)
{
	CHECK_INT(tn_run(wait_in_vain, NULL, NULL), 0);
}

/* ---- options ------------------------------------------------------------- */

static const struct tn_tls_certificate nothing,
    missing = { .cert_file = "/nowhere/cert.pem" };
static const struct tn_tls_certificate rubbish = { .cert_pem = {
						       "rubbish", 7 } };
static const char *const alpn_empty[] = { "", NULL };

static const struct option_row {
	const char *name;
	struct tn_tls_options options;
	int error;
	const char *says;
} option_rows[] = {
	{ "a server without", { .server = true }, -EINVAL,
	    "TLS: a server needs a certificate" },
	{ "neither file nor text",
	    { .server = true,
		.certificates = &nothing,
		.certificate_count = 1 },
	    -EINVAL, "TLS: a certificate without cert_file and cert_pem" },
	{ "no such file",
	    { .server = true,
		.certificates = &missing,
		.certificate_count = 1 },
	    -ENOENT,
	    "TLS: certificate "
	    "/nowhere/cert.pem: no such file or directory" },
	{ "rubbish",
	    { .server = true,
		.certificates = &rubbish,
		.certificate_count = 1 },
	    TN_ETLS_CERTIFICATE,
	    "TLS: certificate: "
	    "there is none in it; PEM text begins with -----BEGIN "
	    "CERTIFICATE-----" },
	{ "no such CA file", { .ca_file = "/nowhere/ca.pem" }, -ENOENT,
	    "TLS: trusted certificates /nowhere/ca.pem: no such file or "
	    "directory" },
	{ "a CA of nothing", { .ca_pem = { "x", 1 } }, TN_ETLS_CERTIFICATE,
	    "TLS: trusted certificates: nothing in it can be read; it must be "
	    "PEM text" },
	{ "a client that asks", { .ask = TN_TLS_ASK }, -EINVAL, "TLS: `ask` is "
	    "for servers; a client always asks" },
	{ "a protocol without a name", { .alpn = alpn_empty }, -EINVAL,
	    "TLS: alpn: a protocol's name has 1 to 255 bytes (RFC 7301)" },
	{ "versions upside down", { .version_min = TN_TLS_1_3,
	    .version_max = TN_TLS_1_2 }, -EINVAL, "TLS: version_min 0x304, "
	    "version_max 0x303; there are TN_TLS_1_2 and TN_TLS_1_3" },
};

static void
test_option(void **state)
{
	const struct option_row *t = *state;
	struct tn_tls *tls = NULL;

	CHECK_ERROR(tn_tls_open(&t->options, &tls), t->error, t->says);
	CHECK(tls == NULL);
}

static void
test_keys(void **state)
{
	struct cert *a = cert_make(&(struct cert_plan){ .name = "a" });
	struct cert *b = cert_make(&(struct cert_plan){ .name = "b" });
	struct tn_tls_certificate mixed = cert_shown(a);
	struct tn_tls_options options = {
		.server = true, .certificates = &mixed, .certificate_count = 1
	};
	struct tn_tls *tls;

	mixed.key_pem = cert_shown(b).key_pem;
	CHECK_ERROR(tn_tls_open(&options, &tls), TN_ETLS_CERTIFICATE,
	    "TLS: key: it is not that of the certificate");
	mixed.key_pem = TN_SLICE("");
	CHECK_ERROR(tn_tls_open(&options, &tls), TN_ETLS_CERTIFICATE,
	    "TLS: key: there is none in it that can be read; it must be PEM "
	    "text without a password");
	cert_free(a);
	cert_free(b);
}

static void
test_hosts(void **state)
{
	struct tn_stream *memory, *s;

	CHECK_INT(tn_stream_memory(TN_SLICE(""), &memory), 0);
	CHECK_INT(tn_tls_client(memory, NULL, NULL, &s), -EINVAL);
	CHECK_INT(tn_tls_client(memory, NULL, "", &s), -EINVAL);
	CHECK_ERROR(tn_tls_client(memory, NULL, "a\xff.test", &s), -EILSEQ,
	    "TLS: name a\\xff.test: it is no UTF-8");
	CHECK_INT(tn_tls_server(memory, NULL, &s), -EINVAL);
	tn_stream_free(memory);
}

/* ---- files that change --------------------------------------------------- */

static void
write_file(const char *name, struct tn_slice text)
{
	FILE *file = fopen(name, "w");

	CHECK(file != NULL && fwrite(text.data, 1, text.len, file) == text.len);
	CHECK_INT(fclose(file), 0);
}

static void
test_reload(void **state)
{
	char folder[] = "/tmp/tenon-tls-XXXXXX", path[64], keys[64];
	struct cert *a = cert_make(&(struct cert_plan){ .name = "a" });
	struct cert *b = cert_make(&(struct cert_plan){ .name = "b" });
	struct tn_tls_certificate shown = { .cert_file = path };
	struct tn_tls_options server = { .server = true,
		.certificates = &shown, .certificate_count = 1,
		.keylog_file = keys };
	struct tn_tls_options client = { .insecure_accept_any_certificate =
					     true };
	char before[TN_TLS_FINGERPRINT_MAX], after[TN_TLS_FINGERPRINT_MAX];
	struct talk talk = { .client = &client };
	struct tn_buffer both = { 0 };
	FILE *log;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/both.pem", folder);
	snprintf(keys, sizeof(keys), "%s/keys", folder);
	CHECK_INT(tn_buffer_append(&both, cert_shown(a).key_pem), 0);
	CHECK_INT(tn_buffer_append(&both, cert_shown(a).cert_pem), 0);
	write_file(path, tn_buffer_slice(&both));
	CHECK_INT(tn_tls_open(&server, &talk.server_tls), 0);
	CHECK_INT(tn_tls_fingerprint(talk.server_tls, before), 0);

	/* What cannot be read changes nothing. */
	write_file(path, TN_SLICE("rubbish"));
	CHECK_INT(tn_tls_reload(talk.server_tls), TN_ETLS_CERTIFICATE);
	CHECK_INT(tn_tls_fingerprint(talk.server_tls, after), 0);
	CHECK_TEXT(after, before);
	talk_run(&talk);
	CHECK_INT(talk.client_result, 0);

	tn_buffer_clear(&both);
	CHECK_INT(tn_buffer_append(&both, cert_shown(b).key_pem), 0);
	CHECK_INT(tn_buffer_append(&both, cert_shown(b).cert_pem), 0);
	write_file(path, tn_buffer_slice(&both));
	CHECK_INT(tn_tls_reload(talk.server_tls), 0);
	CHECK_INT(tn_tls_fingerprint(talk.server_tls, after), 0);
	CHECK(strcmp(before, after) != 0);
	talk_run(&talk);
	CHECK_INT(talk.client_result, 0);

	/* The keys of both connections were written down, for nobody else. */
	log = fopen(keys, "r");
	CHECK(log != NULL);
	tn_buffer_clear(&both);
	CHECK_INT(tn_buffer_reserve(&both, 4096), 0);
	both.data[fread(both.data, 1, 4095, log)] = '\0';
	check_says(both.data, "CLIENT_TRAFFIC_SECRET_0 ");
	fclose(log);
	unlink(keys);
	unlink(path);
	rmdir(folder);
	tn_tls_free(talk.server_tls);
	tn_buffer_free(&both);
	cert_free(a);
	cert_free(b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) +
	    CHECK_ROWS(rows, test_row) +
	    CHECK_ROWS(client_rows, test_client) +
	    CHECK_ROWS(plain_rows, test_plain) +
	    CHECK_ROWS(option_rows, test_option);
}
