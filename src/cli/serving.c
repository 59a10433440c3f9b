#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <tenon/error.h>
#include <tenon/log.h>
#include <tenon/signals.h>
#include <tenon/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/serving.h"
#include "cli/warn.h"

/* ---- servers and signals ------------------------------------------------ */

/* A server in a fiber of its own. */
struct serving_one {
	const struct cli_serving *all;
	struct tn_server *server;
};

struct serving {
	const struct cli_serving *what;
	struct tn_signals *signals;
	struct serving_one ones[CLI_LIST_MAX], beside;
	struct tn_group *servers, *besides, *watch, *restart, *alive;
	bool draining;
};

static void
serving_shutdown(const struct cli_serving *s)
{
	for (size_t i = 0; i < s->count; i++)
		tn_server_shutdown(s->servers[i]);
}

static int
serving_serve(void *arg)
{
	struct serving_one *one = arg;
	int r;

	tn_fiber_name("server");
	r = tn_server_serve_forever(one->server);
	if (r < 0) /* the others alone would look like all is well */
		serving_shutdown(one->all);
	return r;
}

static void
serving_say_draining(const struct cli_serving *s)
{
	int64_t active = 0;
	char text[96];

	for (size_t i = 0; i < s->count; i++)
		active += tn_server_active(s->servers[i]);
	if (s->quiet || !isatty(STDERR_FILENO) || active == 0)
		return;
	snprintf(text, sizeof(text),
	    "\nFinishing %lld connection%s; press Ctrl-C again to stop now.\n",
	    (long long)active, active == 1 ? "" : "s");
	cli_say(text);
}

/* The first time, or again for those who do not want to wait. */
static void
serving_end(struct serving *s)
{
	serving_shutdown(s->what);
	if (s->draining)
		return;
	s->draining = true;
	(void)tn_systemd_notify("STOPPING=1");
	serving_say_draining(s->what);
}

/* ---- starting again ----------------------------------------------------- */

/* All listeners, and when the new process is ready this one ends.  The server
 * beside ends at once: the new one answers for both. */
static int
serving_restart(void *arg)
{
	struct serving *s = arg;
	const struct cli_serving *what = s->what;
	struct tn_server *all[CLI_LIST_MAX + 1];
	struct tn_handover_options options = { .argv = cli_arguments };
	size_t count = 0;
	int r;

	tn_fiber_name("restart");
	for (; count < what->count; count++)
		all[count] = what->servers[count];
	if (what->beside != NULL)
		all[count++] = what->beside;
	r = tn_server_handover(all, count, &options);
	if (r == -ECANCELED)
		return 0;
	if (r < 0) {
		tn_error_prefix("no restart, and serving on");
		cli_warn(what->verb, tn_error_text());
		return 0;
	}
	s->draining = true; /* whom systemd watches is the new one */
	serving_shutdown(what);
	if (what->beside != NULL)
		tn_server_shutdown(what->beside);
	return 0;
}

static void
serving_begin_restart(struct serving *s)
{
	if (s->draining || tn_group_count(s->restart) > 0)
		return;
	if (tn_go(s->restart, serving_restart, s) < 0)
		cli_warn(s->what->verb, tn_error_text());
}

/* ---- signals ------------------------------------------------------------ */

static int
serving_watch(void *arg)
{
	struct serving *s = arg;
	int r;

	tn_fiber_name("signals");
	while ((r = tn_signals_wait(s->signals)) > 0) {
		if (r == SIGQUIT) {
			tn_dump(stderr);
			continue;
		}
		if (r == SIGHUP && s->what->hangup != NULL) {
			s->what->hangup(s->what->arg);
			continue;
		}
		if (r == SIGUSR2) {
			serving_begin_restart(s);
			continue;
		}
		/* A terminal that goes away says so several times. */
		if (r != SIGHUP || !s->draining)
			serving_end(s);
	}
	if (r == -ECANCELED)
		return 0;
	serving_shutdown(s->what); /* nobody could stop it any more */
	return r;
}

static int
serving_start(struct serving *s, struct tn_group *group,
    struct serving_one *one, struct tn_server *server)
{
	*one = (struct serving_one){ s->what, server };
	return server == NULL ? 0 : tn_go(group, serving_serve, one);
}

/* Each server in a fiber of one group, the one beside them in another, and in
 * a third the watcher, which never ends by itself. */
static int
serving_go(struct serving *s)
{
	const struct cli_serving *what = s->what;
	int r = tn_go(s->watch, serving_watch, s);

	if (r == 0 && what->say != NULL)
		what->say(what->arg);
	if (r == 0)
		r = serving_start(s, s->besides, &s->beside, what->beside);
	for (size_t i = 0; r == 0 && i < what->count; i++)
		r = serving_start(s, s->servers, &s->ones[i],
		    what->servers[i]);
	if (r == 0)
		r = tn_go(s->alive, tn_systemd_watchdog, NULL);
	if (r == 0 && tn_systemd_notify("READY=1") < 0)
		cli_warn(what->verb, tn_error_text());
	if (r == 0)
		r = tn_group_wait(s->servers);
	if (r == 0 && what->beside != NULL) {
		tn_server_shutdown(what->beside);
		r = tn_group_wait(s->besides);
	}
	if (r == 0 && tn_group_count(s->watch) == 0)
		r = tn_group_wait(s->watch);
	return r;
}

bool
cli_ignores(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 &&
	    action.sa_handler == SIG_IGN;
}

int
cli_serve(const struct cli_serving *serving)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGQUIT,
		SIGUSR2, SIGHUP };
	size_t count = TN_COUNT(numbers) -
	    (serving->hangup == NULL && cli_ignores(SIGHUP));
	struct serving s = { .what = serving };
	TN_CLEANUP(tn_signals_freep) struct tn_signals *signals = NULL;
	int r = tn_signals_open(numbers, count, &signals);

	s.signals = signals;
	if (r == 0)
		r = tn_group_open(&s.servers);
	if (r == 0)
		r = tn_group_open(&s.besides);
	if (r == 0)
		r = tn_group_open(&s.watch);
	if (r == 0)
		r = tn_group_open(&s.restart);
	if (r == 0)
		r = tn_group_open(&s.alive);
	if (r == 0)
		r = serving_go(&s);
	tn_group_free(s.alive);
	tn_group_free(s.restart);
	tn_group_free(s.watch);
	tn_group_free(s.besides);
	tn_group_free(s.servers);
	return r;
}

/* ---- limits ------------------------------------------------------------- */

void
cli_serve_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)!setrlimit(RLIMIT_NOFILE, &limit); /* or it stays as it is */
}

/* ---- the log ------------------------------------------------------------ */

static void
serving_log(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };
	int r;

	if (level < TN_LOG_WARNING)
		return;
	r = tn_buffer_append_str(&line, event);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = tn_buffer_printf(&line, "%s %s=%s", i == 0 ? ":" : "",
		    fields[i].key, fields[i].value);
	if (r == 0)
		cli_warn(arg, line.data);
}

void
cli_serve_log(const char *verb)
{
	cli_warn_begin();
	tn_log_set(serving_log, (void *)(uintptr_t)verb);
}

/* ---- addresses ---------------------------------------------------------- */

/* The address this machine would send from to the rest of the world.
 * Connecting a datagram socket asks for the route and sends nothing; these
 * addresses are set aside for documentation (RFC 5737, RFC 3849). */
static int
serving_outside(unsigned char family, uint16_t port, struct tn_address *ret)
{
	static const struct tn_ip v4 = { { 192, 0, 2, 1 }, 4, "" };
	static const struct tn_ip v6 = { { 0x20, 0x01, 0x0d, 0xb8 }, 6, "" };
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address to, from;
	int r = tn_address_from_ip(family == 4 ? &v4 : &v6, 9, &to);

	if (r == 0)
		r = tn_socket_open(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM,
		    0, &s);
	if (r == 0)
		r = tn_socket_connect(s, &to);
	if (r == 0)
		r = tn_socket_getsockname(s, &from);
	if (r < 0)
		return r;
	tn_address_set_port(&from, port);
	*ret = from;
	return 0;
}

void
cli_serve_addresses(const struct tn_address *address,
    void (*each)(void *arg, const struct tn_address *reached, bool loopback),
    void *arg)
{
	static const struct tn_ip loopback = { { 127, 0, 0, 1 }, 4, "" };
	struct tn_address reached;
	struct tn_ip ip;

	if (tn_address_ip(address, &ip) < 0 || !tn_ip_is_any(&ip)) {
		each(arg, address,
		    tn_address_ip(address, &ip) < 0 || tn_ip_is_loopback(&ip));
		return;
	}
	if (tn_address_from_ip(&loopback, tn_address_port(address),
		&reached) == 0)
		each(arg, &reached, true);
	if (serving_outside(4, tn_address_port(address), &reached) == 0)
		each(arg, &reached, false);
	if (ip.family == 6 &&
	    serving_outside(6, tn_address_port(address), &reached) == 0)
		each(arg, &reached, false);
}
