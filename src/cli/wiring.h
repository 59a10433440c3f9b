/* What `tenon connect` and `tenon listen` share. */
#ifndef CLI_WIRING_H
#define CLI_WIRING_H

#include <tenon/tls.h>

#include "app/wire.h"
#include "cli/cli.h"

/* ---- what was asked for: wiring.c --------------------------------------- */

struct wiring {
	const char *verb;
	struct cli_list words; /* the address */
	bool udp, local, lines, crlf, raw, json, verbose, keep_open;
	const char *escape, *ca, *cert, *key, *alpn, *keylog;
	int64_t idle_ms, linger_ms;
};

extern struct wiring wiring;

/* Rows of options; those about TLS apart. */
#define WIRING_OPTIONS                                                         \
	{ .name = "udp", .letter = 'u', .flag = &wiring.udp,                   \
	    .help = "datagrams instead of a stream, as udp: before the "       \
		    "address; each piece of input that is read is one" },      \
	{ .name = "unix", .letter = 'U', .flag = &wiring.local,                \
	    .help = "the address is the path of a socket on this machine, as " \
		    "unix: before it" },                                       \
	{ .name = "line", .letter = 'L', .flag = &wiring.lines,                \
	    .help = "send whole lines, of 64 KiB at most, and end the last "   \
		    "one too; a datagram holds one, without its end" },        \
	{ .name = "crlf", .letter = 'C', .flag = &wiring.crlf,                 \
	    .help = "send LF as CRLF, and show CRLF as LF" },                  \
	{ .name = "raw", .letter = 'r', .flag = &wiring.raw,                   \
	    .help = "send every key at once and show what comes as it is: "    \
		    "the terminal is the other side's" },                      \
	{ .name = "escape", .argument = "KEY", .text = &wiring.escape,         \
	    .check = wiring_check_escape, .fallback = "^]",                    \
	    .help = "the key that leaves --raw; none for none" },              \
	{ .name = "idle", .argument = "TIME", .span_ms = &wiring.idle_ms,      \
	    .fallback = "never",                                               \
	    .help = "give up when nothing came or went for so long" },         \
	{ .name = "linger", .argument = "TIME", .span_ms = &wiring.linger_ms,  \
	    .fallback = "1s",                                                  \
	    .help = "how long to wait for more input that is no terminal "     \
		    "once the other side is done, and for more datagrams "     \
		    "once the input is" },                                     \
	{ .name = "no-shutdown", .flag = &wiring.keep_open,                    \
	    .help = "do not tell the other side of the end of the input; "     \
		    "some take that for the end of it all" },                  \
	{ .name = "verbose", .letter = 'v', .flag = &wiring.verbose,           \
	    .help = "say on standard error who is there, what TLS has to "     \
		    "say, and how much came and went" },                       \
	{ .name = "json", .flag = &wiring.json,                                \
	    .help = "say that, and what fails, as an object a line on "        \
		    "standard error, for programs" }

#define WIRING_TLS_OPTIONS                                                     \
	{ .name = "key", .argument = "FILE", .text = &wiring.key,              \
	    .help = "the key of that certificate, if it is in no file with "   \
		    "it" },                                                    \
	{ .name = "alpn", .argument = "NAME,...", .text = &wiring.alpn,        \
	    .help = "protocols to agree on one of, best first" },              \
	{ .name = "keylog", .argument = "FILE", .text = &wiring.keylog,        \
	    .help = "add the keys of the connection to FILE, for who looks "   \
		    "at the wire" }

int wiring_check_escape(const char *text);

/* The address that the words are, "tls:" taken away and noted in `*ret_tls`,
 * and what it is made of. */
#define WIRING_ADDRESS_SIZE 512
TN_CHECK int wiring_address(const char *fallback,
    char ret[WIRING_ADDRESS_SIZE], struct tn_endpoint *ret_parts,
    bool *ret_tls);

/* What options do not go together, and what a terminal is needed for. */
TN_CHECK int wiring_check(void);

/* Who is at the other end, for what is said about it. */
struct wiring_peer {
	char name[WIRING_ADDRESS_SIZE];
	tn_time since;
};

/* ---- running: wiring.c -------------------------------------------------- */

/* Calls `main` inside of tn_run().  A signal that asks to end cancels it, and
 * is in `*ret_signal` then. */
TN_CHECK int wiring_run(int (*main)(void *arg), void *arg, int *ret_signal);

/* Standard input and output. */
struct wiring_ends {
	struct tn_stream *in, *out;
	int out_fd;
	bool typed, shown; /* by, and to, a person */
	bool file; /* the input never has to be waited for */
};

TN_CHECK int wiring_ends_open(struct wiring_ends *ret);
void wiring_ends_close(struct wiring_ends *ends);

/* A conversation between them and `stream`, which is taken: from the terminal
 * made raw to the last word about it.  1 when nobody reads the output any more.
 * `again`: others may follow, and the input is not this one's alone. */
TN_CHECK int wiring_talk(struct wiring_ends *ends, struct tn_stream *stream,
    const struct wiring_peer *peer, bool again);

/* The same by datagrams; `wire` says with whom, and for how long. */
TN_CHECK int wiring_talk_datagrams(struct wiring_ends *ends,
    const struct wiring_peer *peer, struct app_wire_datagrams *wire);

/* Closes in good order and frees, within a moment if `hurry`. */
int wiring_hang_up(struct tn_stream *stream, bool hurry);

/* ---- TLS: wiring_tls.c -------------------------------------------------- */

/* Fills in what the options say, and opens it; what `options` holds must
 * last until then. */
TN_CHECK int wiring_tls_open(struct tn_tls_options *options,
    struct tn_tls **ret);

/* ---- words: wiring_story.c ---------------------------------------------- */

/* An address as it is typed. */
const char *wiring_format(const struct tn_address *address, bool tls,
    bool datagrams, char out[TN_ADDRESS_TEXT_MAX + 16]);

/* These say it on stderr, as far as the options want it said. */
void wiring_say_listening(const char *place, const char *fingerprint);
/* `stream` is NULL where there are only datagrams. */
void wiring_say_connected(const struct wiring_peer *peer,
    const struct tn_socket *socket, struct tn_stream *stream);
void wiring_say_heard(void *unused, const struct tn_address *from, size_t size);
void wiring_say_closed(const struct wiring_peer *peer, int64_t sent,
    int64_t received);
void wiring_say_exited(const struct wiring_peer *peer, const char *program,
    int status);

/* Why it failed; the exit status. */
int wiring_fail(int code);
/* The same when others go on: `peer` may be NULL. */
void wiring_warn(const struct wiring_peer *peer, int code);

#endif
