#include "fuzz/hostile.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include <tenon/server.h>
#include <tenon/sim.h>
#include <tenon/socket.h>

#define WAIT_MAX (600 * TN_SECOND) /* of all waits together */
#define SENT_MAX ((size_t)1 << 18)
#define HEARD_MAX ((size_t)1 << 20)
#define END_AFTER (600 * TN_SECOND) /* TCP's patience, and some */

/* ---- connections ------------------------------------------------------- */

static struct hostile_end *
hostile_end(struct hostile *h)
{
	return &h->ends[h->now];
}

static void
end_set(struct hostile_end *e, int name, int value)
{
	(void)!tn_socket_setsockopt(e->socket, SOL_SOCKET, name, &value,
	    sizeof(value));
}

static void
end_close(struct hostile_end *e, bool reset)
{
	const struct linger linger = { .l_onoff = 1 };

	if (e->socket == NULL)
		return;
	if (reset)
		(void)!tn_socket_setsockopt(e->socket, SOL_SOCKET, SO_LINGER,
		    &linger, sizeof(linger));
	tn_socket_free(e->socket);
	e->socket = NULL;
}

static void
hostile_open(struct hostile *h)
{
	struct tn_address own;
	struct tn_scope scope;
	struct hostile_end *e;

	if (h->count == HOSTILE_ENDS)
		return;
	h->now = h->count++;
	e = hostile_end(h);
	tn_scope_open(&scope, tn_after(5 * TN_SECOND));
	if (tn_net_create_connection(h->host, h->port, NULL, &e->socket) < 0)
		e->socket = NULL;
	else if (tn_socket_getsockname(e->socket, &own) == 0)
		e->port = tn_address_port(&own);
	tn_scope_close(&scope);
	if (e->socket != NULL && h->tiny) {
		end_set(e, SO_RCVBUF, 1);
		end_set(e, SO_SNDBUF, 1);
	}
}

/* It does not read meanwhile, so this may well block. */
static void
hostile_send(struct hostile *h, struct tn_slice bytes)
{
	struct hostile_end *e = hostile_end(h);
	struct tn_scope scope;

	h->sent += bytes.len;
	if (e->socket == NULL || h->sent > SENT_MAX || bytes.len == 0)
		return;
	tn_scope_open(&scope, tn_after(2 * TN_SECOND));
	(void)!tn_socket_sendall(e->socket, bytes.data, bytes.len, 0);
	tn_scope_close(&scope);
}

static void
hostile_send_line(struct hostile *h, struct tn_slice text)
{
	struct tn_buffer line = { 0 };

	if (tn_buffer_append(&line, text) == 0 &&
	    tn_buffer_append_str(&line, "\r\n") == 0)
		hostile_send(h, tn_buffer_slice(&line));
	tn_buffer_free(&line);
}

static void
hostile_flood(struct hostile *h, struct tn_slice text)
{
	unsigned times = 16u * (uint8_t)(fuzz_byte(&text) - '0');
	struct tn_buffer all = { 0 };

	while (times-- > 0 && all.len < SENT_MAX)
		if (tn_buffer_append(&all, text) < 0)
			break;
	hostile_send(h, tn_buffer_slice(&all));
	tn_buffer_free(&all);
}

static void
end_keep(struct hostile_end *e, const char *bytes, size_t n)
{
	char *heard = realloc(e->heard, e->heard_len + n);

	if (heard == NULL)
		abort();
	memcpy(heard + e->heard_len, bytes, n);
	e->heard = heard;
	e->heard_len += n;
}

/* Reads until `deadline`, at most `max` bytes; true when nothing more comes. */
static bool
end_hear(struct hostile_end *e, tn_time deadline, size_t max)
{
	struct tn_scope scope;
	char bytes[4096];
	ssize_t n = -ETIMEDOUT;

	tn_scope_open(&scope, deadline);
	while (e->socket != NULL && max > 0 && e->heard_len < HEARD_MAX) {
		n = tn_socket_recv(e->socket, bytes,
		    max < sizeof(bytes) ? max : sizeof(bytes), 0);
		if (n <= 0)
			break;
		end_keep(e, bytes, (size_t)n);
		max -= (size_t)n;
	}
	tn_scope_close(&scope);
	return n == 0 || (n < 0 && n != -ETIMEDOUT);
}

static void
hostile_datagram(struct hostile *h, struct tn_slice bytes)
{
	struct tn_address to;
	struct tn_ip ip;

	if (tn_ip_parse(tn_slice_str(HOSTILE_SERVER_ADDRESS), &ip) < 0 ||
	    tn_address_from_ip(&ip, 7, &to) < 0)
		return;
	if (h->datagrams == NULL &&
	    tn_socket_open(AF_INET, SOCK_DGRAM, 0, &h->datagrams) < 0)
		h->datagrams = NULL;
	if (h->datagrams != NULL)
		(void)!tn_socket_sendto(h->datagrams, bytes.data, bytes.len, 0,
		    &to);
}

/* ---- the script -------------------------------------------------------- */

static void
hostile_wait(struct hostile *h, tn_time span)
{
	h->waited += span;
	if (h->waited <= WAIT_MAX)
		tn_sleep(span);
}

static void
hostile_cut(struct hostile *h, bool cut)
{
	if (tn_sim_partition(HOSTILE_NAME, HOSTILE_SERVER, cut) == 0)
		h->cut = cut;
}

/* False when that was the last command. */
static bool
hostile_command(struct hostile *h, struct tn_slice line)
{
	struct tn_slice rest = line;
	uint8_t command = fuzz_byte(&rest);
	struct tn_slice number = rest;
	int64_t n = (uint8_t)(fuzz_byte(&number) - '0');

	switch (command) {
	case '>':
		hostile_send_line(h, rest);
		return true;
	case '.':
		hostile_send(h, rest);
		return true;
	case 'n':
		hostile_send(h, TN_SLICE("\n"));
		return true;
	case '*':
		hostile_flood(h, rest);
		return true;
	case 'w':
		hostile_wait(h, n * 10 * TN_MILLISECOND);
		return true;
	case 'u':
		hostile_wait(h, n * 100 * TN_MICROSECOND);
		return true;
	case 'W':
		hostile_wait(h, n * TN_SECOND);
		return true;
	case 'g':
		end_hear(hostile_end(h), tn_after(n * 10 * TN_MILLISECOND),
		    (size_t)1 << 16);
		return true;
	case 'h':
		if (hostile_end(h)->socket != NULL)
			(void)!tn_socket_shutdown(hostile_end(h)->socket,
			    SHUT_WR);
		return true;
	case 'c':
	case 'r':
		end_close(hostile_end(h), command == 'r');
		return true;
	case 'b':
		h->tiny = true;
		return true;
	case 'o':
		hostile_open(h);
		return true;
	case '0' ... '7':
		if (command - '0' < h->count)
			h->now = command - '0';
		return true;
	case 'p':
	case 'm':
		hostile_cut(h, command == 'p');
		return true;
	case 'd':
		hostile_datagram(h, rest);
		return true;
	case 'z':
		(void)!tn_sim_crash(HOSTILE_NAME, TN_SECOND);
		return false;
	case 'x':
		return false;
	default:
		hostile_send_line(h, line);
		return true;
	}
}

/* Whatever it has said, a peer that says no more gets an end. */
static void
hostile_hear_ends(struct hostile *h)
{
	hostile_cut(h, false);
	for (int i = 0; i < h->count; i++) {
		struct hostile_end *e = &h->ends[i];

		if (e->socket == NULL ||
		    tn_socket_shutdown(e->socket, SHUT_WR) < 0)
			continue;
		assert(end_hear(e, tn_after(END_AFTER), HEARD_MAX) ||
		    e->heard_len >= HEARD_MAX || tn_cancelled());
	}
}

static void
hostile_leave(struct hostile *h)
{
	for (int i = 0; i < h->count; i++)
		end_close(&h->ends[i], false);
	tn_socket_free(h->datagrams);
	h->datagrams = NULL;
	h->done = true;
}

int
hostile_main(void *arg)
{
	struct hostile *h = arg;
	bool more = true;

	if (h->begun) /* power is back */
		return 0;
	h->begun = true;
	tn_sleep(10 * TN_MILLISECOND);
	hostile_open(h);
	while (more && h->script.data != NULL && !tn_cancelled())
		more = hostile_command(h, tn_slice_split(&h->script, '\n'));
	if (more && !tn_cancelled())
		hostile_hear_ends(h);
	hostile_leave(h);
	return 0;
}

void
hostile_free(struct hostile *h)
{
	for (int i = 0; i < HOSTILE_ENDS; i++)
		free(h->ends[i].heard);
}

/* ---- the world --------------------------------------------------------- */

struct world {
	const struct hostile_setup *setup;
	struct hostile *hostile;
	bool faults; /* of every kind: who asks may fail */
};

static void
world_ask(const struct world *w)
{
	int r = w->setup->ask();

	if (r < 0)
		tn_sim_note("asked, and: %s", tn_error_text());
	assert(r == 0 || (w->faults && r < 0 && tn_error_text()[0] != '\0'));
}

/* Nobody is on them any more; the patience of all limits ends. */
static void
world_wait_empty(const struct world *w)
{
	struct tn_server *server = *w->setup->server;
	tn_time span = TN_SECOND;

	while (server != NULL && tn_server_active(server) > 0) {
		assert(span < 4096 * TN_SECOND);
		tn_sleep(span);
		span *= 2;
	}
}

static int
world_main(void *arg)
{
	const struct world *w = arg;
	const struct hostile_setup *setup = w->setup;
	int r = tn_sim_host(HOSTILE_SERVER, HOSTILE_SERVER_ADDRESS,
	    setup->main_server, setup->server_arg);

	if (r == 0 && setup->files != NULL)
		r = setup->files();
	if (r == 0)
		r = tn_sim_host(HOSTILE_NAME, HOSTILE_ADDRESS, hostile_main,
		    w->hostile);
	assert(r == 0 || w->faults);
	if (r < 0)
		return r;
	tn_sleep(20 * TN_MILLISECOND);
	world_ask(w);
	for (tn_time span = TN_MILLISECOND; !w->hostile->done;
	     span = span < TN_SECOND ? 2 * span : span)
		tn_sleep(span);
	world_wait_empty(w);
	world_ask(w);
	return 0;
}

static uint64_t
hostile_once(const struct hostile_setup *setup, struct tn_slice in,
    bool check)
{
	struct hostile h = { .host = HOSTILE_SERVER, .port = "80" };
	struct world w = { .setup = setup, .hostile = &h };
	struct tn_sim_options options = {
		.time_max_ms = 4 * 3600 * 1000,
		.steps_max = 200000,
	};
	uint8_t kind = fuzz_byte(&in), seed = fuzz_byte(&in);
	struct tn_sim_result result;
	int r;

	h.script = in;
	if (getenv("TENON_SIM_TRACE") != NULL)
		options.trace = stderr;
	options.every_fault = (kind & 7) == 7;
	w.faults = options.every_fault || kind & 8;
	if (kind & 8)
		options.rates[TN_SIM_RESET] = 100000;
	if (kind & 1)
		options.rates[TN_SIM_SHORT_READ] =
		    options.rates[TN_SIM_SHORT_WRITE] = 300000;
	if (kind & 2)
		options.rates[TN_SIM_SPURIOUS] = 200000;
	if (kind & 4)
		options.rates[TN_SIM_DELAY] = 50000;
	r = tn_sim_run(seed, &options, world_main, &w, &result);
	assert(r == 0 || (w.faults && r != TN_EDEADLOCK && r != TN_ELIMIT));
	if (r == 0 && check && setup->check != NULL)
		setup->check(&h);
	hostile_free(&h);
	return result.trace_hash;
}

void
hostile_run(const struct hostile_setup *setup, struct tn_slice in)
{
	uint64_t hash;

	if (in.len < 2 || in.len > 2048)
		return;
	hash = hostile_once(setup, in, true);
	if (in.len % 16 == 0)
		assert(hostile_once(setup, in, false) == hash);
}
