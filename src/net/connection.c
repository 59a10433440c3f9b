/* A TCP connection to a host by name: its addresses race (RFC 8305).  One
 * waiter waits for all attempts at once, so this needs no fibers. */
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/resolve.h>
#include <tenon/run.h>

#include "base/memory.h"
#include "net/socket.h"

#define RACE_LIST_MAX 64 /* of a look-up's answer: both families get a turn */
#define RACE_ATTEMPTS_MAX 16
#define RACE_DELAY_MS 250 /* RFC 8305 section 5, as is the least */
#define RACE_DELAY_MS_LEAST 10

struct race_attempt {
	const struct tn_address *address;
	struct tn_socket *socket; /* NULL before it begins and when it failed */
	int error;                /* why it failed, 0 while it runs */
	tn_time began, ended;
};

struct race {
	const char *host, *port;
	const struct tn_address *source;
	tn_time delay;
	tn_time next_at; /* when the next attempt begins at the latest */
	size_t count, begun, live;
	struct race_attempt attempts[TN__IO_ANY_MAX];
	size_t list_count;
	struct tn_address list[RACE_LIST_MAX];
};

static void
race_free(struct race *race)
{
	if (race == NULL)
		return;
	for (size_t i = 0; i < race->begun; i++)
		tn_socket_free(race->attempts[i].socket);
	tn__free(race);
}
TN_DEFINE_CLEANUP(struct race, race_free)

/* ---- the order --------------------------------------------------------- */

/* The first address from `*at` on which is of the preferred family or of the
 * other one; NULL when there is none. */
static const struct tn_address *
race_next(const struct race *race, size_t *at, bool preferred)
{
	sa_family_t family = race->list[0].storage.ss_family;

	while (*at < race->list_count) {
		const struct tn_address *a = &race->list[(*at)++];

		if ((a->storage.ss_family == family) == preferred)
			return a;
	}
	return NULL;
}

/* RFC 8305 section 4: families take turns, that of the first address begins,
 * each in the order the look-up gave. */
static void
race_order(struct race *race, size_t count_max)
{
	size_t at[2] = { 0, 0 };
	bool preferred = true;

	while (race->count < count_max) {
		const struct tn_address *a =
		    race_next(race, &at[preferred], preferred);

		preferred = !preferred;
		if (a == NULL)
			a = race_next(race, &at[preferred], preferred);
		if (a == NULL)
			break;
		race->attempts[race->count++].address = a;
	}
}

/* ---- the attempts ------------------------------------------------------ */

static int
race_attempt_start(const struct race *race, struct race_attempt *attempt)
{
	int r = tn_socket_open(attempt->address->storage.ss_family, SOCK_STREAM,
	    0, &attempt->socket);

	if (r == 0 && race->source != NULL)
		r = tn_socket_bind(attempt->socket, race->source);
	if (r == 0)
		r = tn__socket_connect_start(attempt->socket, attempt->address);
	return r;
}

/* After a step of an attempt: 1 connected, 0 on its way, < 0 failed.  When it
 * failed the next one need not wait for its turn. */
static int
race_attempt_note(struct race *race, struct race_attempt *attempt, int r)
{
	if (r >= 0)
		return r;
	attempt->error = r;
	attempt->ended = race->next_at = tn_now();
	tn_socket_free(TN_TAKE(attempt->socket));
	race->live--;
	return r;
}

static int
race_begin(struct race *race)
{
	struct race_attempt *attempt = &race->attempts[race->begun++];

	race->live++;
	attempt->began = tn_now();
	race->next_at = tn_after(race->delay);
	return race_attempt_note(race, attempt,
	    race_attempt_start(race, attempt));
}

/* Waits for any attempt that runs, until the next one may begin.  1 when one
 * is connected, and which in `*ret`; 0 when not; < 0 when the wait failed. */
static int
race_wait(struct race *race, struct race_attempt **ret)
{
	tn_time until = race->begun < race->count ? race->next_at : TN_NEVER;
	struct race_attempt *waiting[TN__IO_ANY_MAX];
	struct tn__io *ios[TN__IO_ANY_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < race->begun; i++) {
		if (race->attempts[i].socket == NULL)
			continue;
		waiting[n] = &race->attempts[i];
		ios[n++] = &race->attempts[i].socket->io;
	}
	r = tn__io_wait_any(ios, n, TN__IO_WRITE, until, "connect");
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	*ret = waiting[r];
	return race_attempt_note(race, *ret,
	    tn__socket_connected((*ret)->socket)) > 0;
}

/* The winner, or NULL and why: the first attempt's error when all have failed,
 * the wait's otherwise. */
static struct race_attempt *
race_run(struct race *race, int *ret_error)
{
	tn_time timeout = tn__socket_default_timeout();
	struct race_attempt *attempt = NULL;
	struct tn_scope scope;
	int r = 0;

	tn_scope_open(&scope, timeout > 0 ? tn_after(timeout) : TN_NEVER);
	while (r == 0) {
		if (race->begun < race->count &&
		    (race->live == 0 || tn_now() >= race->next_at)) {
			attempt = &race->attempts[race->begun];
			r = race_begin(race) > 0;
		} else if (race->live > 0) {
			r = race_wait(race, &attempt);
		} else {
			r = race->attempts[0].error;
		}
	}
	(void)tn_scope_close(&scope);
	if (r > 0)
		return attempt;
	*ret_error = r;
	return NULL;
}

/* ---- what went wrong --------------------------------------------------- */

static const char *
race_words(int error)
{
	switch (error) {
	case 0:
		return "no answer";
	case -ECONNREFUSED:
		return "refused";
	default:
		return tn__socket_words(error);
	}
}

/* "; 93.184.216.34 refused after 12 ms" */
static int
race_tell_attempt(const struct race_attempt *attempt, const char *between,
    struct tn_buffer *out)
{
	tn_time ended = attempt->error == 0 ? tn_now() : attempt->ended;
	long long ms = (ended - attempt->began) / TN_MILLISECOND;
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;
	int r = tn_address_ip(attempt->address, &ip);

	if (r == 0)
		r = tn_buffer_printf(out, "%s%s %s", between,
		    tn_ip_format(&ip, text), race_words(attempt->error));
	if (r == 0 && ms > 0)
		r = tn_buffer_printf(out, " after %lld ms", ms);
	return r;
}

/* "HOST:PORT" as the caller named it. */
static int
race_tell_goal(const struct race *race, struct tn_buffer *out)
{
	struct tn_slice host = tn_slice_str(race->host);
	bool v6 = tn_slice_find(host, ':') >= 0;
	int r = tn_buffer_append_str(out, v6 ? "[" : "");

	if (r == 0 && host.len == 0)
		r = tn_buffer_append_str(out, "localhost");
	if (r == 0)
		r = tn_buffer_append_escaped(out, host);
	if (r == 0)
		r = tn_buffer_append_str(out, v6 ? "]:" : ":");
	if (r == 0)
		r = tn_buffer_append_escaped(out, tn_slice_str(race->port));
	return r;
}

/* A host that is its own address gets the advice that a list of them has no
 * room for. */
static const char *
race_why(const struct race *race, int code, bool wait_ended, bool literal)
{
	if (wait_ended)
		return tn_error_words(code);
	return !literal ? "" : tn__socket_advice(TN__SOCKET_CONNECT,
	    race->attempts[0].address->storage.ss_family, code);
}

/* "connect HOST:PORT: ", then why the wait ended if that is it, then every
 * address; a host that is its own address is not told twice. */
static int
race_tell(const struct race *race, int code, struct tn_buffer *out)
{
	bool wait_ended = race->live > 0; /* else every attempt failed */
	const char *between = wait_ended ? "; " : "";
	struct tn_ip ip;
	bool literal = tn_ip_parse(tn_slice_str(race->host), &ip) == 0;
	int r = tn_buffer_append_str(out, "connect ");

	if (r == 0)
		r = race_tell_goal(race, out);
	if (r == 0)
		r = tn_buffer_printf(out, ": %s", race_why(race, code,
		    wait_ended, literal));
	if (r < 0 || literal)
		return r;
	for (size_t i = 0; i < race->begun && r == 0; i++) {
		r = race_tell_attempt(&race->attempts[i], between, out);
		between = "; ";
	}
	if (r == 0 && race->begun < race->count)
		r = tn_buffer_printf(out, "; %zu more not tried",
		    race->count - race->begun);
	return r;
}

static int
race_fail(const struct race *race, int code)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	int r = race_tell(race, code, &text);

	return r < 0 ? r : tn_error_set(code, "%s", text.data);
}

/* ---- the whole --------------------------------------------------------- */

static int
race_look_up(struct race *race, int family, int addresses_max)
{
	int r;

	if (race->source != NULL && family == AF_UNSPEC)
		family = race->source->storage.ss_family;
	r = tn_net_getaddrinfo(race->host, race->port, family, SOCK_STREAM,
	    false, race->list, RACE_LIST_MAX);
	if (r < 0)
		return r;
	race->list_count = (size_t)r;
	if (addresses_max == 0)
		addresses_max = RACE_ATTEMPTS_MAX;
	if (addresses_max < 0 || addresses_max > TN__IO_ANY_MAX)
		addresses_max = TN__IO_ANY_MAX;
	race_order(race, (size_t)addresses_max);
	return 0;
}

static tn_time
race_delay(int64_t delay_ms)
{
	if (delay_ms < 0 || delay_ms > TN_NEVER / TN_MILLISECOND)
		return TN_NEVER;
	if (delay_ms == 0)
		delay_ms = RACE_DELAY_MS;
	else if (delay_ms < RACE_DELAY_MS_LEAST)
		delay_ms = RACE_DELAY_MS_LEAST;
	return delay_ms * TN_MILLISECOND;
}

int
tn_net_create_connection(const char *host, const char *port,
    const struct tn_connect_options *options, struct tn_socket **ret)
{
	static const struct tn_connect_options defaults;
	TN_CLEANUP(race_freep) struct race *race = NULL;
	struct race_attempt *winner;
	int r;

	if (options == NULL)
		options = &defaults;
	if (port == NULL || port[0] == '\0')
		return tn_error_set(-EINVAL, "connect: a port is missing");
	race = tn__zalloc(sizeof(*race));
	if (race == NULL)
		return tn__error_nomem();
	race->host = host == NULL ? "" : host;
	race->port = port;
	race->source = options->source;
	race->delay = race_delay(options->attempt_delay_ms);

	r = race_look_up(race, options->family, options->addresses_max);
	if (r < 0)
		return r;
	winner = race_run(race, &r);
	if (winner == NULL)
		return race_fail(race, r);
	*ret = TN_TAKE(winner->socket);
	return 0;
}
