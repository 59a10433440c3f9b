/* tenon connect and listen: what they say about a connection, for people or for
 * programs. */
#include <errno.h>
#include <signal.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include <tenon/text.h>

#include "cli/raw.h"
#include "cli/wiring.h"

const char *
wiring_format(const struct tn_address *address, bool tls, bool datagrams,
    char out[TN_ADDRESS_TEXT_MAX + 16])
{
	char text[TN_ADDRESS_TEXT_MAX];
	bool local = address->storage.ss_family == AF_UNIX;
	const char *shown = tn_address_format(address, text);

	if (datagrams && local)
		shown += strlen("unix:");
	snprintf(out, TN_ADDRESS_TEXT_MAX + 16, "%s%s",
	    datagrams    ? local ? "unixgram:" : "udp:" :
	    tls && !local ? "tls:" :
	                   "",
	    shown);
	return out;
}

/* ---- lines -------------------------------------------------------------- */

static void __attribute__((format(printf, 1, 2)))
story_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs(cli_raw() ? "\r\n" : "\n", stderr);
}

/* An object, built field by field; what there is no memory for is not said. */
struct story_object {
	struct tn_buffer text;
	size_t fields;
	int error;
};

static void
story_keep(struct story_object *o, int r)
{
	if (r < 0)
		o->error = r;
}

static void
story_key(struct story_object *o, const char *key)
{
	story_keep(o, tn_buffer_append_str(&o->text, o->fields++ == 0 ?
	    "{" : ", "));
	story_keep(o, tn_json_string(tn_slice_str(key), &o->text));
	story_keep(o, tn_buffer_append_str(&o->text, ": "));
}

static void
story_text(struct story_object *o, const char *key, const char *value)
{
	if (value == NULL)
		return;
	story_key(o, key);
	story_keep(o, tn_json_string(tn_slice_str(value), &o->text));
}

static void
story_bare(struct story_object *o, const char *key, const char *value)
{
	story_key(o, key);
	story_keep(o, tn_buffer_append_str(&o->text, value));
}

static void
story_number(struct story_object *o, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	story_bare(o, key, text);
}

static void
story_seconds(struct story_object *o, const char *key, tn_time span)
{
	char text[40];

	snprintf(text, sizeof(text), "%lld.%06lld",
	    (long long)(span / TN_SECOND),
	    (long long)(span % TN_SECOND / TN_MICROSECOND));
	story_bare(o, key, text);
}

static void
story_begin(struct story_object *o, const char *event)
{
	memset(o, 0, sizeof(*o));
	story_text(o, "event", event);
}

static void
story_end(struct story_object *o)
{
	if (o->error == 0)
		story_line("%s}", o->text.data);
	tn_buffer_free(&o->text);
}

/* ---- listening ---------------------------------------------------------- */

void
wiring_say_listening(const char *place, const char *fingerprint)
{
	struct story_object o;

	if (!wiring.json) {
		story_line("Listening at %s", place);
		if (fingerprint != NULL)
			story_line("Certificate SHA-256 %s", fingerprint);
		return;
	}
	story_begin(&o, "listening");
	story_text(&o, "address", place);
	story_text(&o, "fingerprint", fingerprint);
	story_end(&o);
}

/* ---- connected ---------------------------------------------------------- */

static void
story_tls_object(struct story_object *o, const struct tn_tls_info *info)
{
	struct story_object t = { 0 };

	story_text(&t, "version", info->version);
	story_text(&t, "cipher", info->cipher);
	story_text(&t, "alpn", info->alpn);
	story_text(&t, "server_name", info->server_name);
	story_bare(&t, "resumed", info->resumed ? "true" : "false");
	story_bare(&t, "verified", info->verified ? "true" : "false");
	story_text(&t, "subject", info->subject);
	story_text(&t, "issuer", info->issuer);
	story_text(&t, "names", info->names);
	story_text(&t, "fingerprint", info->fingerprint);
	if (info->subject != NULL) {
		story_number(&t, "not_before", info->not_before);
		story_number(&t, "not_after", info->not_after);
	}
	story_keep(&t, tn_buffer_append_byte(&t.text, '}'));
	if (t.error == 0)
		story_bare(o, "tls", t.text.data);
	tn_buffer_free(&t.text);
}

static void
story_tls(const struct tn_tls_info *info)
{
	story_line("%s, %s%s%s", info->version, info->cipher,
	    info->alpn != NULL ? ", speaking " : "",
	    info->alpn != NULL ? info->alpn : "");
	if (info->server_name != NULL)
		story_line("Asked for %s", info->server_name);
	if (info->subject == NULL)
		return;
	story_line("Certificate of %s, by %s", info->subject, info->issuer);
	if (info->names != NULL)
		story_line("  for %s", info->names);
	story_line("  SHA-256 %s%s", info->fingerprint,
	    info->verified ? "" : ", not checked");
}

void
wiring_say_connected(const struct wiring_peer *peer,
    const struct tn_socket *socket, struct tn_stream *stream)
{
	char own[TN_ADDRESS_TEXT_MAX + 16];
	struct tn_tls_info info = { 0 };
	struct tn_address local;
	bool tls = stream != NULL && tn_tls_info(stream, &info) == 0;
	struct story_object o;

	if (!wiring.json && !wiring.verbose)
		return;
	if (tn_socket_getsockname(socket, &local) < 0)
		return;
	wiring_format(&local, false, stream == NULL, own);
	if (!wiring.json) {
		story_line("Connected: %s to %s", own, peer->name);
		if (tls)
			story_tls(&info);
		return;
	}
	story_begin(&o, "connected");
	story_text(&o, "local", own);
	story_text(&o, "peer", peer->name);
	if (tls)
		story_tls_object(&o, &info);
	story_end(&o);
}

/* ---- what came and went ------------------------------------------------- */

void
wiring_say_heard(void *unused, const struct tn_address *from, size_t size)
{
	char name[TN_ADDRESS_TEXT_MAX + 16];
	struct story_object o;

	wiring_format(from, false, true, name);
	if (!wiring.json) {
		if (wiring.verbose)
			story_line("%zu bytes from %s", size, name);
		return;
	}
	story_begin(&o, "datagram");
	story_text(&o, "from", name);
	story_number(&o, "bytes", (int64_t)size);
	story_end(&o);
}

void
wiring_say_closed(const struct wiring_peer *peer, int64_t sent,
    int64_t received)
{
	tn_time took = tn_now() - peer->since;
	struct story_object o;

	if (!wiring.json) {
		if (wiring.verbose)
			story_line("Closed: %s; %lld bytes sent, %lld "
			    "received, %lld.%03lld s",
			    peer->name, (long long)sent, (long long)received,
			    (long long)(took / TN_SECOND),
			    (long long)(took % TN_SECOND / TN_MILLISECOND));
		return;
	}
	story_begin(&o, "closed");
	story_text(&o, "peer", peer->name);
	story_number(&o, "sent", sent);
	story_number(&o, "received", received);
	story_seconds(&o, "seconds", took);
	story_end(&o);
}

void
wiring_say_exited(const struct wiring_peer *peer, const char *program,
    int status)
{
	struct story_object o;

	if (!wiring.json) {
		/* One that ended well says so only who wants to hear it. */
		if (status > 0)
			story_line("tenon %s: %s for %s: exit status %d",
			    wiring.verb, program, peer->name, status);
		else if (status < 0)
			story_line("tenon %s: %s for %s: ended by signal %d",
			    wiring.verb, program, peer->name, -status);
		else if (wiring.verbose)
			story_line("%s for %s: exit status 0", program,
			    peer->name);
		return;
	}
	story_begin(&o, "exited");
	story_text(&o, "peer", peer->name);
	story_text(&o, "program", program);
	story_number(&o, status < 0 ? "signal" : "status",
	    status < 0 ? -status : status);
	story_end(&o);
}

/* ---- failures ----------------------------------------------------------- */

static void
story_failed(const struct wiring_peer *peer, int code)
{
	struct story_object o;

	if (tn_error_text()[0] == '\0')
		tn_error_set(code, "%s", tn_error_words(code));
	if (!wiring.json) {
		story_line("tenon %s: %s", wiring.verb, tn_error_text());
		return;
	}
	story_begin(&o, "failed");
	story_text(&o, "peer", peer == NULL ? NULL : peer->name);
	story_text(&o, "error", tn_error_text());
	story_text(&o, "code", tn_error_name(code));
	story_end(&o);
}

int
wiring_fail(int code)
{
	story_failed(NULL, code);
	return code == -ETIMEDOUT ? CLI_TIMED_OUT : CLI_FAILED;
}

void
wiring_warn(const struct wiring_peer *peer, int code)
{
	story_failed(peer, code);
}
