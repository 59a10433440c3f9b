/* tenon echo: send lines, show what comes back. */
#include <errno.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/frame.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <unistd.h>

#include "cli/charset.h"
#include "cli/cli.h"
#include "cli/echo_datagram.h"
#include "cli/progress.h"
#include "cli/terminal.h"

/* ---- options ------------------------------------------------------------ */

static struct {
	const char *address;
	struct cli_list texts;
	const char *charset, *ca, *fingerprint;
	bool insecure;
	int64_t timeout_ms;
} echo;

/* "AB:CD:...", 32 bytes. */
static int
echo_check_fingerprint(const char *text)
{
	struct tn_slice rest = tn_slice_str(text);
	int bytes = 0;

	while (rest.data != NULL) {
		struct tn_slice byte = tn_slice_split(&rest, ':');
		uint64_t value;

		if (byte.len != 2 || tn_parse_hex(byte, 255, &value) < 0)
			break;
		bytes++;
	}
	if (rest.data != NULL || bytes != 32)
		return tn_error_set(-EINVAL,
		    "32 bytes in hexadecimal, with colons between, are a "
		    "fingerprint");
	return 0;
}

static const struct cli_option echo_options[] = {
	{ .argument = "ADDRESS", .text = &echo.address, .required = true,
	    .check = cli_check_dial,
	    .help = "whom to talk to: HOST:PORT, tls:HOST:PORT, udp:HOST:PORT, "
		    "unix:/PATH or unixgram:/PATH; 9000 alone is "
		    "127.0.0.1:9000" },
	{ .argument = "TEXT", .list = &echo.texts,
	    .help = "what to say, a line each; otherwise standard input says "
		    "it" },
	{ .name = "charset", .argument = "NAME", .text = &echo.charset,
	    .check = cli_check_charset,
	    .help = "what the other side writes and reads, such as GBK; here "
		    "it is UTF-8. Without it bytes go both ways as they are" },
	{ .name = "ca", .argument = "FILE", .text = &echo.ca,
	    .help = "trust the certificates in this file, and those they "
		    "signed, in place of those this system trusts" },
	{ .name = "fingerprint", .argument = "SHA-256",
	    .text = &echo.fingerprint, .check = echo_check_fingerprint,
	    .help = "trust the one certificate whose digest this is, and no "
		    "other; what serves with --tls says it at its start" },
	{ .name = "insecure", .flag = &echo.insecure,
	    .help = "trust anybody: whoever stands between reads and writes "
		    "along" },
	{ .name = "timeout", .letter = 't', .argument = "TIME",
	    .span_ms = &echo.timeout_ms, .fallback = "5s",
	    .help = "how long to wait for the connection, for the answer to a "
		    "datagram, and for the end once all is said" },
	{ 0 },
};

static const struct cli_example echo_examples[] = {
	{ "tenon echo 127.0.0.1:21567", "Type lines, Ctrl-D ends." },
	{ "tenon echo udp:127.0.0.1:21567 hello", "One datagram, one answer." },
	{ "tenon echo --charset GBK 127.0.0.1:9900",
	    "With a server that writes GBK." },
	{ 0 },
};

/* ---- a conversation ----------------------------------------------------- */

struct echo_call {
	struct tn_stream *peer, *in, *out;
	struct tn_charset *encoder, *decoder; /* NULL: the bytes as they are */
	struct tn_group *sender;
	bool prompt;  /* a person types, and sees the answers */
	bool escape;  /* what comes is for a terminal */
	bool said_all;
};

/* Shows how far it is, unless the answers are on the terminal. */
static int64_t
echo_say_input(struct echo_call *call)
{
	struct cli_progress progress;
	struct tn_copy_options options = {
		.progress = call->escape ? NULL : cli_progress_step,
		.progress_arg = &progress,
	};
	int64_t r;

	cli_progress_begin(&progress, stderr, "sent");
	r = cli_charset_copy(call->peer, call->encoder, call->in, &options);
	cli_progress_end(&progress);
	return r;
}

static int
echo_say_line(struct echo_call *call, const char *text)
{
	int r = cli_charset_write(call->peer, call->encoder,
	    tn_slice_str(text));

	if (r == 0)
		r = cli_charset_write(call->peer, call->encoder,
		    TN_SLICE("\n"));
	return r;
}

static int
echo_say(void *arg)
{
	struct echo_call *call = arg;
	int64_t r = 0;

	tn_fiber_name("say");
	for (size_t i = 0; i < echo.texts.count && r == 0; i++)
		r = echo_say_line(call, echo.texts.items[i]);
	if (echo.texts.count == 0)
		r = echo_say_input(call);
	if (r >= 0)
		r = cli_charset_end(call->peer, call->encoder);
	if (r >= 0)
		r = tn_stream_shutdown(call->peer);
	call->said_all = r == 0;
	return r < 0 ? (int)r : 0;
}

static int
echo_show(struct echo_call *call, struct tn_slice text)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int r = cli_show(&shown, text);

	if (r == 0)
		r = tn_stream_write(call->out, tn_buffer_slice(&shown));
	if (r == 0 && call->prompt && tn_slice_ends(text, TN_SLICE("\n")))
		r = tn_stream_write(call->out, TN_SLICE("> "));
	return r;
}

/* What comes in another charset: a character that is cut waits in the
 * decoder. */
static int
echo_hear_charset(struct echo_call *call)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_slice came;
	int n, r = 0;

	do {
		n = tn_stream_fill(call->peer, 1, &came);
		if (n < 0)
			return n;
		tn_buffer_clear(&text);
		r = n > 0 ? tn_charset_convert(call->decoder, came, &text) :
			    tn_charset_finish(call->decoder, &text);
		if (r < 0)
			return r;
		tn_stream_consume(call->peer, came.len);
		r = call->escape ?
		    echo_show(call, tn_buffer_slice(&text)) :
		    tn_stream_write(call->out, tn_buffer_slice(&text));
	} while (n > 0 && r == 0);
	return r;
}

static int
echo_hear_terminal(struct echo_call *call)
{
	size_t held = 0;
	struct tn_slice text;
	int r;

	while ((r = tn_stream_fill(call->peer, held + 1, &text)) > 0) {
		size_t whole = text.len > held ? cli_whole(text) : text.len;

		held = text.len - whole;
		r = echo_show(call, tn_slice_head(text, whole));
		if (r < 0)
			return r;
		tn_stream_consume(call->peer, whole);
	}
	return r;
}

/* Whatever comes, until the other side is done; then nobody listens to what is
 * still being typed. */
static int
echo_hear(void *arg)
{
	struct echo_call *call = arg;
	int64_t r;

	tn_fiber_name("hear");
	if (call->decoder != NULL)
		r = echo_hear_charset(call);
	else if (call->escape)
		r = echo_hear_terminal(call);
	else
		r = tn_stream_copy(call->out, call->peer, NULL);
	if (r >= 0)
		r = tn_stream_flush(call->out);
	tn_group_cancel(call->sender);
	return r < 0 ? (int)r : 0;
}

/* All is said: as long as something comes, more may come. */
static int
echo_wait_for_end(struct echo_call *call, struct tn_group *hearer)
{
	int64_t heard;
	int r;

	do {
		struct tn_scope scope;
		bool fired;

		heard = tn_stream_bytes_read(call->peer);
		tn_scope_open(&scope,
		    tn_after(echo.timeout_ms * TN_MILLISECOND));
		r = tn_group_wait(hearer);
		fired = tn_scope_close(&scope);
		if (!fired)
			return r;
	} while (tn_stream_bytes_read(call->peer) > heard);
	return tn_error_set(-ETIMEDOUT,
	    "%s: nothing more came, and no end, within %lld ms; see --timeout",
	    echo.address, (long long)echo.timeout_ms);
}

static int
echo_talk(struct echo_call *call, struct tn_group *hearer)
{
	int said, r = tn_go(hearer, echo_hear, call);

	if (r == 0)
		r = tn_go(call->sender, echo_say, call);
	if (r < 0)
		return r;
	said = tn_group_wait(call->sender);
	if (said < 0 && said != -ECANCELED)
		return said;
	r = echo_wait_for_end(call, hearer);
	if (r < 0 || call->said_all)
		return r;
	if (!call->prompt)
		return tn_error_set(TN_ETRUNCATED,
		    "%s: the other side hung up before everything was said",
		    echo.address);
	return tn_stream_write(call->out, TN_SLICE("\nThey hung up.\n"));
}

/* Whom to trust, when that was said. */
static int
echo_open_tls(struct tn_tls **ret)
{
	const struct tn_tls_options options = {
		.ca_file = echo.ca,
		.insecure_accept_any_certificate = echo.insecure ||
		    echo.fingerprint != NULL,
	};

	if (echo.ca == NULL && echo.fingerprint == NULL && !echo.insecure)
		return 0;
	return tn_tls_open(&options, ret);
}

static int
echo_check_peer(struct tn_stream *peer)
{
	struct tn_tls_info info;
	int r;

	if (echo.fingerprint == NULL)
		return 0;
	r = tn_tls_info(peer, &info);
	if (r < 0)
		return r;
	if (info.fingerprint == NULL ||
	    !tn_slice_equal_nocase(tn_slice_str(echo.fingerprint),
		info.fingerprint))
		return tn_error_set(TN_ETLS_CERTIFICATE,
		    "%s: the certificate there is another one, with the "
		    "fingerprint %s",
		    echo.address,
		    info.fingerprint == NULL ? "of none" : info.fingerprint);
	return 0;
}

static int
echo_dial(struct tn_stream **ret)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *peer = NULL;
	TN_CLEANUP(tn_tls_freep) struct tn_tls *tls = NULL;
	struct tn_dial_options options = { .timeout_ms = echo.timeout_ms };
	int r = echo_open_tls(&tls);

	if (r < 0)
		return r;
	options.tls = tls;
	r = tn_dial(echo.address, &options, &peer);
	if (r == 0)
		r = echo_check_peer(peer);
	if (r < 0)
		return r;
	*ret = TN_TAKE(peer);
	return 0;
}

static int
echo_connect(struct echo_call *call)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *peer = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *sender = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *hearer = NULL;
	int r = echo_dial(&peer);

	if (r == 0)
		r = tn_group_open(&sender);
	if (r == 0)
		r = tn_group_open(&hearer);
	if (r == 0 && call->prompt)
		r = tn_stream_write(call->out, TN_SLICE("> "));
	if (r < 0)
		return r;
	call->peer = peer;
	call->sender = sender;
	return echo_talk(call, hearer);
}

/* ---- datagrams ---------------------------------------------------------- */

/* The next thing to say, in `*ret` until the next call: 1, or 0 at the end. */
static int
echo_next(struct echo_call *call, size_t *given, struct tn_slice *ret)
{
	static const struct tn_framing lines = {
		.last_unended = true, .message_bytes_max = CLI_DATAGRAM_MAX,
	};
	int r;

	if (echo.texts.count > 0) {
		if (*given == echo.texts.count)
			return 0;
		*ret = tn_slice_str(echo.texts.items[(*given)++]);
		return 1;
	}
	do {
		if (call->prompt) {
			r = tn_stream_write(call->out, TN_SLICE("> "));
			if (r < 0)
				return r;
		}
		r = tn_frame_read(call->in, &lines, ret);
	} while (r > 0 && ret->len == 0); /* nothing is no message */
	return r;
}

/* What is said in one datagram, and what comes in one, is a whole text. */
static int
echo_ask(struct echo_call *call, struct cli_datagram *peer,
    struct tn_slice text, struct tn_buffer *answer)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer said = { 0 };
	struct tn_slice came;
	int r;

	if (call->encoder == NULL) {
		r = cli_datagram_ask(peer, text, echo.timeout_ms, &came);
		return r < 0 ? r : tn_buffer_append(answer, came);
	}
	r = tn_charset_convert(call->encoder, text, &said);
	if (r == 0)
		r = tn_charset_finish(call->encoder, &said);
	if (r == 0)
		r = cli_datagram_ask(peer, tn_buffer_slice(&said),
		    echo.timeout_ms, &came);
	if (r == 0)
		r = tn_charset_convert(call->decoder, came, answer);
	return r < 0 ? r : tn_charset_finish(call->decoder, answer);
}

static int
echo_show_answer(struct echo_call *call, struct tn_slice answer)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	bool ended = tn_slice_ends(answer, TN_SLICE("\n"));
	int r = 0;

	if (call->escape) {
		r = cli_show(&shown, answer);
		answer = tn_buffer_slice(&shown);
	}
	if (r == 0)
		r = tn_stream_write(call->out, answer);
	if (r == 0 && !ended)
		r = tn_stream_write(call->out, TN_SLICE("\n"));
	return r;
}

static int
echo_exchange(struct echo_call *call)
{
	TN_CLEANUP(cli_datagram_close) struct cli_datagram peer = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer answer = { 0 };
	struct tn_slice text;
	size_t given = 0;
	int r = cli_datagram_open(echo.address, &peer);

	if (r < 0)
		return r;
	while ((r = echo_next(call, &given, &text)) > 0) {
		tn_buffer_clear(&answer);
		r = echo_ask(call, &peer, text, &answer);
		if (r == 0)
			r = echo_show_answer(call, tn_buffer_slice(&answer));
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- running ------------------------------------------------------------ */

/* What a person types goes on when a character of it cannot be sent; what
 * a program says has to arrive as it is. */
static int
echo_open_charset(struct echo_call *call)
{
	int r;

	if (echo.charset == NULL)
		return 0;
	r = tn_charset_encoder(echo.charset,
	    call->prompt ? TN_CHARSET_REPLACE : TN_CHARSET_STRICT,
	    &call->encoder);
	return r < 0 ? r :
		       tn_charset_decoder(echo.charset, TN_CHARSET_REPLACE,
			   &call->decoder);
}

static int
echo_main(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *in = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *out = NULL;
	struct echo_call call = {
		.escape = isatty(STDOUT_FILENO) == 1,
		.prompt = isatty(STDIN_FILENO) == 1 &&
		    isatty(STDOUT_FILENO) == 1 && echo.texts.count == 0,
	};
	struct tn_endpoint endpoint;
	int flushed, r = tn_endpoint_parse(echo.address, &endpoint);

	if (r == 0)
		r = echo_open_charset(&call);
	if (r == 0)
		r = tn_stream_from_fd(STDIN_FILENO, &in);
	if (r == 0)
		r = tn_stream_from_fd(STDOUT_FILENO, &out);
	call.in = in;
	call.out = out;
	if (r == 0)
		r = endpoint.type == SOCK_DGRAM ? echo_exchange(&call) :
						  echo_connect(&call);
	tn_charset_free(call.encoder);
	tn_charset_free(call.decoder);
	if (out == NULL)
		return r;
	if (call.prompt && r == 0 && call.said_all)
		tn_stream_write(out, TN_SLICE("\n"));
	flushed = tn_stream_flush(out);
	return r < 0 ? r : flushed;
}

/* What no option can tell by itself. */
static int
echo_check(void)
{
	struct tn_endpoint e;
	int r = tn_endpoint_parse(echo.address, &e);

	if (r < 0 || e.tls)
		return r;
	if (echo.ca != NULL || echo.fingerprint != NULL || echo.insecure)
		return tn_error_set(-EINVAL,
		    "--ca, --fingerprint and --insecure go with tls:HOST:PORT");
	return 0;
}

static int
echo_run(void)
{
	static char full[CLI_ADDRESS_SIZE];
	int r;

	echo.address = cli_address(echo.address, full);
	if (echo_check() < 0)
		return cli_usage("echo");
	r = tn_run(echo_main, NULL, NULL);
	return r < 0 ? cli_fail("echo", r) : CLI_DONE;
}

const struct cli_verb cli_verb_echo = {
	.name = "echo",
	.group = "Try a connection",
	.summary = "send lines, show what comes back",
	.about =
	    "Sends what is typed, what standard input holds or what stands "
	    "behind the address, and shows what comes back, until the other side "
	    "is done. It speaks TCP, with tls: before the address TLS on top of "
	    "it, and with udp: or unixgram: sends datagrams, each of which "
	    "should be answered; empty lines are skipped.",
	.options = echo_options,
	.examples = echo_examples,
	.run = echo_run,
};
