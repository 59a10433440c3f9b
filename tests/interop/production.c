/* A server as it runs in production, for production.py:
 *
 *     production [NAME=VALUE...] ADDRESS...
 *
 * It says READY=1, and "ready" behind its addresses, when it serves, starts
 * itself again on SIGUSR2 and ends on SIGTERM.  FAIL in the environment spoils
 * one that was started so: "exit" ends, "silent" is never ready. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <tenon/http.h>
#include <tenon/log.h>
#include <tenon/signals.h>
#include <unistd.h>

#define SERVERS_MAX 8

static struct {
	struct tn_http_server *http[SERVERS_MAX];
	struct tn_server *servers[SERVERS_MAX];
	size_t count;
	char **argv;
	int64_t ready_ms;
	int loops;
} program = { .loops = 2 };

/* ---- what it serves ----------------------------------------------------- */

static int
handle(struct tn_http_exchange *x, void *arg)
{
	char text[TN_ADDRESS_TEXT_MAX + 32];

	if (tn_slice_equal(tn_http_path(x), TN_SLICE("/pid")))
		snprintf(text, sizeof(text), "%d", getpid());
	else
		tn_address_format(tn_http_peer(x), text);
	if (tn_slice_equal(tn_http_path(x), TN_SLICE("/slow"))) {
		int r = tn_sleep(300 * TN_MILLISECOND);

		if (r < 0)
			return r;
	}
	return tn_http_reply(x, 200, "text/plain", tn_slice_str(text));
}

static void
say(void *arg, enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	if (level >= TN_LOG_WARNING)
		fprintf(stderr, "%s %s %s\n", event, fields[0].value,
		    fields[count - 1].value);
}

/* ---- what it is told ---------------------------------------------------- */

static void
restart(void)
{
	const struct tn_handover_options options = { .argv = program.argv,
		.ready_ms = program.ready_ms };
	int r = tn_server_handover(program.servers, program.count, &options);

	if (r < 0) {
		fprintf(stderr, "%s\n", tn_error_text());
		return;
	}
	fprintf(stderr, "%d took over from %d\n", r, getpid());
	for (size_t i = 0; i < program.count; i++)
		tn_server_shutdown(program.servers[i]);
}

static int
obey(void *arg)
{
	static const int numbers[] = { SIGUSR2, SIGTERM };
	TN_CLEANUP(tn_signals_freep) struct tn_signals *signals = NULL;
	int r = tn_signals_open(numbers, TN_COUNT(numbers), &signals);

	if (r == 0 && (getenv("FAIL") == NULL || getenv("LISTEN_PID") == NULL))
		r = tn_systemd_notify("READY=1");
	printf("ready\n");
	fflush(stdout);
	while (r >= 0 && (r = tn_signals_wait(signals)) > 0) {
		if (r == SIGUSR2) {
			restart();
			continue;
		}
		(void)tn_systemd_notify("STOPPING=1");
		for (size_t i = 0; i < program.count; i++)
			tn_server_shutdown(program.servers[i]);
	}
	return r == -ECANCELED ? 0 : r;
}

static int
serve_one(void *server)
{
	return tn_server_serve_forever(server);
}

static int
serve(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *others = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *servers = NULL;
	int r = tn_group_open(&others);

	if (r == 0)
		r = tn_group_open(&servers);
	for (size_t i = 0; i < program.count && r == 0; i++)
		r = tn_go(servers, serve_one, program.servers[i]);
	if (r == 0)
		r = tn_go(others, obey, NULL);
	if (r == 0)
		r = tn_go(others, tn_systemd_watchdog, NULL);
	return r < 0 ? r : tn_group_wait(servers);
}

/* ---- its command line --------------------------------------------------- */

static bool
set(struct tn_http_server_options *o, const char *argument)
{
	const char *value = strchr(argument, '=');
	struct {
		const char *name;
		int64_t *number;
		const char **text;
	} rows[] = {
		{ "peer_connections_max", &o->server.peer_connections_max,
		    NULL },
		{ "proxy_ms", &o->server.proxy_ms, NULL },
		{ "ready_ms", &program.ready_ms, NULL },
		{ "proxy_from", NULL, &o->server.proxy_from },
		{ "unix_owner", NULL, &o->server.listen.unix_owner },
	};

	for (size_t i = 0; value != NULL && i < TN_COUNT(rows); i++) {
		if (strncmp(rows[i].name, argument,
			(size_t)(value - argument)) != 0)
			continue;
		if (rows[i].number != NULL)
			*rows[i].number = atoll(value + 1);
		else
			*rows[i].text = value + 1;
		return true;
	}
	return false;
}

static int
open_one(struct tn_http_server_options *options, const char *address)
{
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r;

	options->server.address = address;
	r = tn_http_server_open(options, &program.http[program.count]);
	if (r < 0)
		return r;
	program.servers[program.count] =
	    tn_http_server(program.http[program.count]);
	tn_server_address(program.servers[program.count++], &at);
	printf("%s\n", tn_address_format(&at, text));
	return 0;
}

int
main(int argc, char **argv)
{
	struct tn_http_server_options options = { .handler = handle };
	struct tn_run_options run = { .loops = program.loops };
	const char *fail = getenv("LISTEN_PID") == NULL ? NULL : getenv("FAIL");
	int r = 0;

	program.argv = argv;
	tn_log_set(say, NULL);
	for (int i = 1; i < argc && r == 0; i++)
		if (!set(&options, argv[i]) && program.count < SERVERS_MAX)
			r = open_one(&options, argv[i]);
	fflush(stdout);
	if (r == 0 && fail != NULL && strcmp(fail, "exit") == 0)
		r = tn_error_set(-EIO, "told to fail");
	if (r == 0)
		r = tn_run(serve, NULL, &run);
	if (r < 0)
		fprintf(stderr, "production: %s\n", tn_error_text());
	while (program.count > 0)
		tn_http_server_free(program.http[--program.count]);
	return r < 0;
}
