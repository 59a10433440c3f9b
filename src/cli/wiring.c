#include <errno.h>
#include <signal.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <tenon/signals.h>
#include <unistd.h>

#include "cli/raw.h"
#include "cli/serving.h"
#include "cli/standard.h"
#include "cli/terminal.h"
#include "cli/wiring.h"

#define WIRING_HURRY_SPAN (500 * TN_MILLISECOND)
#define WIRING_CLOSE_SPAN (3 * TN_SECOND)

struct wiring wiring;

/* ---- what was asked for ------------------------------------------------- */

/* The byte of a key: "^]", "x"; 0 for none, -1 for what is no key. */
static int
wiring_key(const char *text)
{
	if (strcmp(text, "none") == 0)
		return 0;
	if (text[0] == '^' && text[1] >= '?' && text[1] <= '_' &&
	    text[2] == '\0' && text[1] != '@')
		return text[1] ^ 0x40;
	return text[0] > ' ' && text[0] < 0x7f && text[1] == '\0' ? text[0] :
								      -1;
}

int
wiring_check_escape(const char *text)
{
	if (wiring_key(text) < 0)
		return tn_error_set(-EINVAL,
		    "write a key such as ^] (Control and ]), or none");
	return 0;
}

/* HOST PORT as one word; the colons of an address ask for brackets. */
static int
wiring_join(char ret[WIRING_ADDRESS_SIZE])
{
	const char *host = wiring.words.items[0], *port = wiring.words.items[1];
	struct tn_ip ip;
	bool six = tn_ip_parse(tn_slice_str(host), &ip) == 0 && ip.family == 6;
	int n = snprintf(ret, WIRING_ADDRESS_SIZE, "%s%s%s:%s", six ? "[" : "",
	    host, six ? "]" : "", port);

	return n < WIRING_ADDRESS_SIZE ? 0 :
	    tn_error_set(-EINVAL, "such a long address is none");
}

static int
wiring_words(const char *fallback, char ret[WIRING_ADDRESS_SIZE])
{
	const struct cli_list *words = &wiring.words;
	const char *word = words->count == 0 ? fallback : words->items[0];
	char full[CLI_ADDRESS_SIZE];
	int n;

	if (words->count > 2 || (words->count == 2 && wiring.local))
		return tn_error_set(-EINVAL, "an address is one word, or two: "
		    "HOST PORT");
	if (words->count == 2)
		return wiring_join(ret);
	if (!wiring.local)
		word = cli_address(word, full);
	n = snprintf(ret, WIRING_ADDRESS_SIZE, "%s", word);
	return n < WIRING_ADDRESS_SIZE ? 0 :
	    tn_error_set(-EINVAL, "such a long address is none");
}

/* What stands before it, when an option says it. */
static const char *
wiring_scheme(const char *text)
{
	static const char *const schemes[] = {
		"tcp:", "udp:", "tls:", "unix:", "unixgram:"
	};
	struct tn_slice all = tn_slice_str(text);

	if (wiring.local)
		return wiring.udp ? "unixgram:" : "unix:";
	/* One that says so itself is looked at below. */
	for (size_t i = 0; i < TN_COUNT(schemes); i++)
		if (tn_slice_starts(all, tn_slice_str(schemes[i])))
			return "";
	return wiring.udp ? "udp:" : "";
}

int
wiring_address(const char *fallback, char ret[WIRING_ADDRESS_SIZE],
    struct tn_endpoint *ret_parts, bool *ret_tls)
{
	char text[WIRING_ADDRESS_SIZE];
	struct tn_endpoint e;
	int n, r = wiring_words(fallback, text);

	if (r < 0)
		return r;
	n = snprintf(ret, WIRING_ADDRESS_SIZE, "%s%s", wiring_scheme(text),
	    text);
	r = n < WIRING_ADDRESS_SIZE ? tn_endpoint_parse(ret, &e) :
	    tn_error_set(-EINVAL, "such a long address is none");
	if (r < 0)
		return r;
	if (e.tls) {
		snprintf(ret, WIRING_ADDRESS_SIZE, "%s", text + strlen("tls:"));
		e.tls = false;
		*ret_tls = true;
	}
	if (wiring.udp && e.type != SOCK_DGRAM)
		return tn_error_set(-EINVAL, "--udp is for datagrams, and this "
		    "address is for a stream");
	/* The option says the same as what stands before the address. */
	wiring.udp = e.type == SOCK_DGRAM;
	if (*ret_tls && wiring.udp)
		return tn_error_set(-EINVAL, "TLS needs a stream, and this "
		    "address is for datagrams");
	*ret_parts = e;
	if (!e.local && e.port[0] == '\0')
		return tn_error_set(-EINVAL, "%s: a port is missing; write "
		    "%s:PORT", e.host, e.host);
	return 0;
}

int
wiring_check(void)
{
	if (wiring.raw && (wiring.lines || wiring.crlf))
		return tn_error_set(-EINVAL, "--raw sends keys as they are "
		    "typed; --line and --crlf are about lines");
	if (wiring.crlf && wiring.udp)
		return tn_error_set(-EINVAL, "--crlf is for streams; with "
		    "--line a datagram is a line without its end");
	if (wiring.key != NULL && wiring.cert == NULL)
		return tn_error_set(-EINVAL,
		    "--key: of which certificate? See --cert");
	if (wiring.raw && isatty(STDIN_FILENO) != 1)
		return tn_error_set(-ENOTTY, "--raw is for a terminal, and "
		    "standard input is none");
	return 0;
}

/* ---- running ------------------------------------------------------------ */

struct wiring_work {
	int (*main)(void *arg);
	void *arg;
	struct tn_signals *signals;
	struct tn_group *work, *watch;
	int signal;
};

static int
wiring_watch(void *arg)
{
	struct wiring_work *w = arg;
	int r;

	tn_fiber_name("signals");
	while ((r = tn_signals_wait(w->signals)) > 0) {
		if (r == SIGQUIT && !cli_raw()) {
			tn_dump(stderr);
			continue;
		}
		w->signal = r;
		tn_group_cancel(w->work);
	}
	return r == -ECANCELED ? 0 : r;
}

static int
wiring_main(void *arg)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP };
	size_t count = TN_COUNT(numbers) - cli_ignores(SIGHUP);
	struct wiring_work *w = arg;
	int r = tn_signals_open(numbers, count, &w->signals);

	if (r == 0)
		r = tn_group_open(&w->work);
	if (r == 0)
		r = tn_group_open(&w->watch);
	if (r == 0)
		r = tn_go(w->watch, wiring_watch, w);
	if (r == 0)
		r = tn_go(w->work, w->main, w->arg);
	if (r == 0)
		r = tn_group_wait(w->work);
	tn_group_free(w->watch);
	tn_group_free(w->work);
	tn_signals_free(w->signals);
	return r;
}

int
wiring_run(int (*main)(void *arg), void *arg, int *ret_signal)
{
	struct wiring_work w = { .main = main, .arg = arg };
	int r = tn_run(wiring_main, &w, NULL);

	cli_raw_end();
	*ret_signal = w.signal;
	return r;
}

/* ---- standard input and output ------------------------------------------ */

int
wiring_ends_open(struct wiring_ends *ret)
{
	struct wiring_ends ends = {
		.out_fd = cli_standard_own(STDOUT_FILENO),
		.typed = isatty(STDIN_FILENO) == 1,
		.shown = isatty(STDOUT_FILENO) == 1,
		.file = lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0,
	};
	int r = tn_stream_from_fd(STDIN_FILENO, &ends.in);

	if (r == 0)
		r = tn_stream_from_fd(ends.out_fd, &ends.out);
	if (r < 0) {
		wiring_ends_close(&ends);
		return r;
	}
	*ret = ends;
	return 0;
}

void
wiring_ends_close(struct wiring_ends *ends)
{
	tn_stream_free(ends->in);
	tn_stream_free(ends->out);
	cli_standard_release(ends->out_fd);
}

/* What comes is a stranger's: it may not move the cursor. */
static int
wiring_show(struct tn_stream *out, struct tn_slice text)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int r = cli_show(&shown, text);

	return r < 0 ? r : tn_stream_write(out, tn_buffer_slice(&shown));
}

static struct app_wire_show
wiring_showing(const struct wiring_ends *ends)
{
	if (!ends->shown || wiring.raw)
		return (struct app_wire_show){ 0 };
	return (struct app_wire_show){ cli_whole, wiring_show };
}

/* ---- a conversation ----------------------------------------------------- */

static int
wiring_begin(const struct wiring_ends *ends, const struct wiring_peer *peer)
{
	if (!wiring.raw)
		return 0;
	if (!wiring.json && wiring_key(wiring.escape) != 0)
		fprintf(stderr, "Connected to %s; %s leaves.\n", peer->name,
		    wiring.escape);
	return cli_raw_begin(STDIN_FILENO);
}

/* A person who was typing sees why nothing is listened to any more. */
static void
wiring_end(const struct wiring_ends *ends, bool left)
{
	bool raw = cli_raw();

	cli_raw_end();
	if (wiring.json || !ends->typed || !ends->shown)
		return;
	if (!left)
		fprintf(stderr, "%sThey hung up.\n", raw ? "\r\n" : "");
	else
		fputs("\r\nLeft.\n", stderr);
}

int
wiring_hang_up(struct tn_stream *stream, bool hurry)
{
	struct tn_shield shield;
	int r;

	tn_shield_open(&shield, hurry ? WIRING_HURRY_SPAN : WIRING_CLOSE_SPAN);
	r = tn_stream_close(stream);
	tn_shield_close(&shield);
	return r;
}

int
wiring_talk(struct wiring_ends *ends, struct tn_stream *stream,
    const struct wiring_peer *peer, bool again)
{
	struct app_wire wire = {
		.in = ends->in,
		.out = ends->out,
		.peer = stream,
		.show = wiring_showing(ends),
		.lines = wiring.lines,
		.crlf = wiring.crlf,
		.keep_open = wiring.keep_open,
		.escape = wiring.raw ? (char)wiring_key(wiring.escape) : 0,
		.linger_ms = ends->file          ? -1 :
		    ends->typed || again ? 0 :
		                                   wiring.linger_ms,
		.idle_ms = wiring.idle_ms,
	};
	int closed, r = wiring_begin(ends, peer);

	if (r == 0)
		r = app_wire_run(&wire);
	if (r == 0 && !wire.deaf)
		wiring_end(ends, wire.left);
	cli_raw_end();
	if (r < 0 && r != -ECANCELED) {
		tn_stream_free(stream); /* which leaves the words about it */
		wiring_say_closed(peer, wire.sent, wire.received);
		return r;
	}
	closed = wiring_hang_up(stream, r < 0 || wire.left || wire.deaf);
	wiring_say_closed(peer, wire.sent, wire.received);
	if (r < 0 || wire.deaf || wire.left)
		return r < 0 ? r : wire.deaf;
	return closed;
}

int
wiring_talk_datagrams(struct wiring_ends *ends,
    const struct wiring_peer *peer, struct app_wire_datagrams *wire)
{
	int r = wiring_begin(ends, peer);

	wire->in = ends->in;
	wire->out = ends->out;
	wire->show = wiring_showing(ends);
	wire->lines = wiring.lines;
	wire->escape = wiring.raw ? (char)wiring_key(wiring.escape) : 0;
	wire->idle_ms = wiring.idle_ms;
	wire->heard = wiring_say_heard;
	if (r == 0)
		r = app_wire_run_datagrams(wire);
	if (r == 0 && wire->left)
		wiring_end(ends, true);
	cli_raw_end();
	wiring_say_closed(peer, wire->sent, wire->received);
	return r == 0 ? wire->deaf : r;
}
