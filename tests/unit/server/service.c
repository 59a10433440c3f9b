/* A server as a service: what its supervisor hears, and what becomes of
 * handing over when that fails.  That it succeeds is for interop/production. */
#include <sys/stat.h>
#include <tenon/error.h>
#include "unit/server/check.h"

/* ---- telling the supervisor -------------------------------------------- */

static int
bind_notify(const char *name)
{
	struct tn_address at;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK_INT(tn_address_from_path(tn_slice_str(name), &at), 0);
	CHECK_INT(bind(fd, (struct sockaddr *)&at.storage, at.size), 0);
	check_patience(fd);
	CHECK_INT(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void
notify_heard(const char *name)
{
	int fd = bind_notify(name), r;

	CHECK_INT(tn_systemd_notify("READY=1\nSTATUS=fine"), 1);
	check_hear(fd, "READY=1\nSTATUS=fine");
	/* Nobody reads it any more: it does not wait. */
	for (int i = 0; (r = tn_systemd_notify("WATCHDOG=1")) == 1; i++)
		CHECK(i < 100000);
	CHECK_INT(r, -EAGAIN);
	close(fd);
	r = tn_systemd_notify("READY=1");
	CHECK(r == -ECONNREFUSED);
	CHECK_TEXT(tn_error_text(), "tell NOTIFY_SOCKET: connection refused");
}

static void
test_notify(void)
{
	const char *path = check_unique("/tmp/"), *wrong[] = { "vsock:2:1",
		"relative" };

	unsetenv("NOTIFY_SOCKET");
	CHECK_INT(tn_systemd_notify("READY=1"), 0);
	CHECK_INT(setenv("NOTIFY_SOCKET", "", 1), 0);
	CHECK_INT(tn_systemd_notify("READY=1"), 0);
	notify_heard(check_unique("@"));
	notify_heard(path);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(tn_systemd_notify("READY=1"), -ENOENT);
	for (size_t i = 0; i < TN_COUNT(wrong); i++) {
		CHECK_INT(setenv("NOTIFY_SOCKET", wrong[i], 1), 0);
		CHECK_ERROR(tn_systemd_notify("READY=1"), -EAFNOSUPPORT,
		    "NOTIFY_SOCKET: only a path or an @name is supported");
	}
	unsetenv("NOTIFY_SOCKET");
}

static void
test_watchdog(void)
{
	int fd = bind_notify(check_unique("@watchdog-"));
	struct tn_scope scope;

	CHECK_INT(tn_systemd_watchdog(NULL), 0); /* nobody asks */
	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	CHECK_INT(tn_systemd_watchdog(NULL), 0); /* not us */
	setenv("WATCHDOG_PID", check_printf("%d", getpid()), 1);
	tn_scope_open(&scope, tn_after(95 * TN_MILLISECOND));
	CHECK_INT(tn_systemd_watchdog(NULL), -ETIMEDOUT);
	tn_scope_close(&scope);
	for (int i = 0; i < 3; i++)
		check_hear(fd, "WATCHDOG=1");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	unsetenv("NOTIFY_SOCKET");
	close(fd);
}

/* ---- handing over ------------------------------------------------------ */

static int
hand_over(struct tn_server *server, const char *script, int64_t ready_ms)
{
	char sh[] = "sh", c[] = "-c";
	char *argv[] = { sh, c, (char *)(uintptr_t)script, NULL };
	const struct tn_handover_options options = { .argv = argv,
		.ready_ms = ready_ms };

	return tn_server_handover(&server, 1, &options);
}

/* What it is given, and nothing else: three descriptors and one of ours. */
#define GIVEN \
	"test $LISTEN_PID = $$ && test $LISTEN_FDS = 1 && " \
	"test $LISTEN_FDNAMES = handed-down && " \
	"case $NOTIFY_SOCKET in @*) ;; *) exit 8;; esac && " \
	"test \"$OTHER\" = kept && test -S /proc/self/fd/3 && exit 42"

static const struct row {
	const char *script;
	int64_t ready_ms;
	int code;
	const char *words;
} rows[] = {
	{ "exit 3", 0, -ECHILD,
	    "hand over: sh ended with status 3 before it was ready" },
	{ "kill -9 $$", 0, -ECHILD,
	    "hand over: sh ended by signal 9 before it was ready" },
	{ GIVEN, 0, -ECHILD,
	    "hand over: sh ended with status 42 before it was ready" },
	{ "trap '' TERM; while :; do sleep 0.1; done", 100, -ETIMEDOUT,
	    "hand over: sh was not ready within 100 ms; it has to say so by "
	    "tn_systemd_notify(\"READY=1\")" },
};

static void
handover_fails(struct tn_server *server)
{
	char name[] = "/nowhere/x", *nothing[] = { name, NULL };
	const struct tn_handover_options gone = { .argv = nothing };
	int fds = check_open_fds();
	struct tn_scope scope;

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		CHECK_ERROR(hand_over(server, rows[i].script,
		    rows[i].ready_ms), rows[i].code, rows[i].words);
	CHECK_ERROR(tn_server_handover(&server, 1, &gone), -ECHILD, "hand "
	    "over: /nowhere/x could not be executed; is it still there?");
	tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
	CHECK_ERROR(hand_over(server, "exec sleep 60", 0), -ETIMEDOUT,
	    "hand over: timed out");
	tn_scope_close(&scope);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
	CHECK_INT(check_open_fds(), fds);
}

static void
test_handover(void)
{
	const char *path = check_unique("/tmp/");
	const struct tn_server_options options = {
		.address = check_printf("unix:%s", path) };
	struct tn_server *server;
	struct stat st;

	setenv("OTHER", "kept", 1);
	CHECK_INT(tn_server_open(&options, &server), 0);
	CHECK_INT(tn_server_handover(&server, 1, NULL), -EINVAL);
	CHECK_INT(tn_server_handover(&server, 1,
	    &(const struct tn_handover_options){ 0 }), -EINVAL);
	handover_fails(server);
	tn_server_shutdown(server);
	CHECK_ERROR(hand_over(server, "exit 1", 0), -EBADF,
	    "hand over: it was shut down");
	tn_server_free(server);
	CHECK_INT(lstat(path, &st), -1); /* it was its own again */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_notify),
		CHECK_BOTH(test_watchdog),
		CHECK_BOTH(test_handover),
	};

	tn_loop_count(); /* the thread has its descriptor now */
	return cmocka_run_group_tests_name("server/service", tests, NULL,
	    NULL);
}
