/* Handing over: the program is started again with the listeners of this one,
 * which stay open all the time, and only when the new one says that it is ready
 * does the old one need to go. */
#include <errno.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/socket.h"
#include "server/server.h"

#define HANDOVER_READY_MS 60000
#define HANDOVER_PAUSE (20 * TN_MILLISECOND) /* where there is no pidfd */
#define HANDOVER_GRACE TN_SECOND             /* for one that failed to end */
#define HANDOVER_BYTES 4096                  /* of what it says, as systemd */

/* What is needed to start it, and to hear from it. */
struct handover {
	struct tn_socket *ready;    /* it says so here */
	char notify[64];            /* NOTIFY_SOCKET=... */
	char listen_pid[16 + TN_UINT_DIGITS], watchdog_pid[16 + TN_UINT_DIGITS];
	char listen_fds[32];
	struct tn_buffer names;     /* LISTEN_FDNAMES=... */
	struct tn_buffer origin;    /* TN__SYSTEMD_ORIGIN=... */
	char **environment;
	int *fds;
	size_t count;
	struct tn__process process;
	const char *program;
};

static void
handover_free(struct handover *h)
{
	tn_socket_free(h->ready);
	tn_buffer_free(&h->names);
	tn_buffer_free(&h->origin);
	tn__free(h->environment);
	tn__free(h->fds);
}

/* ---- its environment --------------------------------------------------- */

/* Ours in place of what we were given ourselves. */
static bool
handover_replaces(const char *variable)
{
	static const char *const names[] = { "LISTEN_PID", "LISTEN_FDS",
		"LISTEN_FDNAMES", "NOTIFY_SOCKET", TN__SYSTEMD_ORIGIN,
		"WATCHDOG_PID" };
	struct tn_slice rest = tn_slice_str(variable);
	struct tn_slice name = tn_slice_split(&rest, '=');

	for (size_t i = 0; i < TN_COUNT(names); i++)
		if (tn_slice_equal(name, tn_slice_str(names[i])))
			return true;
	return false;
}

static int
handover_make_environment(struct handover *h)
{
	char *const *old = tn__process_environment();
	char *own[] = { h->notify, h->listen_pid, h->watchdog_pid,
		h->listen_fds, h->names.data, h->origin.data };
	size_t count = 0, n = 0;

	while (old[count] != NULL)
		count++;
	h->environment = tn__alloc((count + TN_COUNT(own) + 1) *
	    sizeof(*h->environment));
	if (h->environment == NULL)
		return tn__error_nomem();
	for (size_t i = 0; i < count; i++)
		if (!handover_replaces(old[i]))
			h->environment[n++] = old[i];
	for (size_t i = 0; i < TN_COUNT(own); i++)
		h->environment[n++] = own[i];
	h->environment[n] = NULL;
	return 0;
}

/* A socket that we made ourselves is asked for by its address; what systemd
 * gave keeps its name. */
static int
handover_add_name(struct handover *h, int fd)
{
	struct tn_slice name = tn__inherit_name(fd);
	int r = h->names.len == 0 ?
	    tn_buffer_append_str(&h->names, "LISTEN_FDNAMES=") :
	    tn_buffer_append_byte(&h->names, ':');

	if (name.data == NULL)
		name = TN__INHERIT_HANDED_DOWN;
	return r < 0 ? r : tn_buffer_append(&h->names, name);
}

static int
handover_set_variables(struct handover *h)
{
	const char *origin = tn__systemd_socket();

	snprintf(h->listen_fds, sizeof(h->listen_fds), "LISTEN_FDS=%zu",
	    h->count);
	snprintf(h->listen_pid, sizeof(h->listen_pid), "LISTEN_PID=");
	snprintf(h->watchdog_pid, sizeof(h->watchdog_pid), "WATCHDOG_PID=");
	return tn_buffer_printf(&h->origin, "%s=%s", TN__SYSTEMD_ORIGIN,
	    origin == NULL ? "" : origin);
}

/* ---- its sockets ------------------------------------------------------- */

static int
handover_set_fds(struct handover *h, struct tn_server *const *servers,
    size_t count)
{
	int r = 0;

	if (count == 0 || count > TN__INHERIT_MAX)
		return tn_error_set(-EINVAL, "%zu servers; 1 to %d", count,
		    TN__INHERIT_MAX);
	h->fds = tn__alloc(count * sizeof(*h->fds));
	if (h->fds == NULL)
		return tn__error_nomem();
	for (; h->count < count && r == 0; h->count++) {
		int fd = tn_server_draining(servers[h->count]) ? -EBADF :
		    tn_socket_fileno(servers[h->count]->listener);

		if (fd < 0)
			return tn_error_set(-EBADF, "it was shut down");
		h->fds[h->count] = fd;
		r = handover_add_name(h, fd);
	}
	return r;
}

/* A socket of ours that has a name of the kernel's choosing. */
static int
handover_open_ready(struct handover *h)
{
	struct tn_address name = { .storage.ss_family = AF_UNIX,
		.size = sizeof(sa_family_t) };
	char text[TN_ADDRESS_TEXT_MAX];
	int on = 1;
	int r = tn_socket_open(AF_UNIX, SOCK_DGRAM, 0, &h->ready);

	if (r == 0)
		r = tn_socket_setsockopt(h->ready, SOL_SOCKET, SO_PASSCRED, &on,
		    sizeof(on));
	if (r == 0)
		r = tn_socket_bind(h->ready, &name);
	if (r == 0)
		r = tn_socket_getsockname(h->ready, &name);
	if (r < 0)
		return r;
	snprintf(h->notify, sizeof(h->notify), "NOTIFY_SOCKET=%s",
	    tn_address_format(&name, text) + strlen("unix:"));
	return 0;
}

/* ---- starting it ------------------------------------------------------- */

static int
handover_start(struct handover *h, char *const *argv)
{
	char *numbers[] = { h->listen_pid + strlen(h->listen_pid),
		h->watchdog_pid + strlen(h->watchdog_pid) };
	const struct tn__spawn spawn = {
		.argv = argv,
		.environment = h->environment,
		.numbers = numbers,
		.number_count = TN_COUNT(numbers),
		.fds = h->fds,
		.fd_count = h->count,
	};

	return tn__process_spawn(&spawn, &h->process);
}

/* ---- hearing from it --------------------------------------------------- */

/* Anybody on this machine may write to the socket; what counts is said by the
 * new program itself, or by who could end us anyway. */
static bool
handover_is_from(const struct handover *h, struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	struct ucred from;

	if (header == NULL || header->cmsg_level != SOL_SOCKET ||
	    header->cmsg_type != SCM_CREDENTIALS ||
	    header->cmsg_len < CMSG_LEN(sizeof(from)))
		return false;
	memcpy(&from, CMSG_DATA(header), sizeof(from));
	return from.pid == h->process.pid || from.uid == geteuid();
}

static bool
handover_says_ready(struct tn_slice said)
{
	while (said.data != NULL)
		if (tn_slice_equal(tn_slice_split(&said, '\n'),
		        TN_SLICE("READY=1")))
			return true;
	return false;
}

/* Looks through what has come: 1 when it is ready, 0 when not yet. */
static int
handover_hear(struct handover *h)
{
	char said[HANDOVER_BYTES];
	union {
		struct cmsghdr aligned;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec vector = { said, sizeof(said) };
	ssize_t n;

	do {
		struct msghdr message = {
			.msg_iov = &vector,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};

		n = tn_socket_recvmsg(h->ready, &message, MSG_DONTWAIT);
		if (n >= 0 && handover_is_from(h, &message) &&
		    handover_says_ready(tn_slice(said, (size_t)n)))
			return 1;
	} while (n >= 0);
	return n == -EAGAIN ? 0 : (int)n;
}

static int
handover_ended(const struct handover *h, int status)
{
	if (status == TN__SPAWN_FAILED)
		return tn_error_set(-ECHILD, "%s could not be executed; is it "
		    "still there?", h->program);
	return tn_error_set(-ECHILD, "%s ended %s %d before it was ready",
	    h->program, status < 0 ? "by signal" : "with status",
	    status < 0 ? -status : status);
}

/* Until something was said, or it has ended; a moment where nobody can tell
 * the latter. */
static int
handover_wait(struct handover *h)
{
	struct tn__io *ios[] = { &h->ready->io, &h->process.io };
	bool pidfd = h->process.io.fd >= 0;
	int r;

	if (pidfd)
		tn__io_empty(&h->process.io, TN__IO_READ);
	r = tn__io_wait_any(ios, pidfd ? 2 : 1, TN__IO_READ,
	    pidfd ? TN_NEVER : tn_after(HANDOVER_PAUSE), "new process");
	return r < 0 && r != -EAGAIN ?
	    tn_error_set(r, "%s", tn_error_words(r)) : 0;
}

static int
handover_until_ready(struct handover *h)
{
	int r = 0, status = 0;

	while (r == 0) {
		r = handover_hear(h);
		if (r == 0 && tn__process_ended(&h->process, &status))
			return handover_ended(h, status);
		if (r == 0)
			r = handover_wait(h);
	}
	return r;
}

static int
handover_in_time(struct handover *h, int64_t ready_ms)
{
	struct tn_scope scope;
	int r;

	if (ready_ms == 0)
		ready_ms = HANDOVER_READY_MS;
	tn_scope_open(&scope, tn_after(tn__span_ms(ready_ms)));
	r = handover_until_ready(h);
	if (tn_scope_close(&scope) && r == -ETIMEDOUT)
		r = tn_error_set(r, "%s was not ready within %lld ms; it has "
		    "to say so by tn_systemd_notify(\"READY=1\")", h->program,
		    (long long)ready_ms);
	return r;
}

/* ---- the whole --------------------------------------------------------- */

static int
handover_prepare(struct handover *h, struct tn_server *const *servers,
    size_t count)
{
	int r = handover_set_fds(h, servers, count);

	if (r == 0)
		r = handover_open_ready(h);
	if (r == 0)
		r = handover_set_variables(h);
	return r < 0 ? r : handover_make_environment(h);
}

static int
handover_run(struct handover *h, char *const *argv, int64_t ready_ms)
{
	struct tn__error why = { 0 };
	int r = handover_start(h, argv), status;

	if (r == 0)
		r = handover_in_time(h, ready_ms);
	if (r < 0 && h->process.pid > 0) {
		tn__error_move(&why, tn__error_current);
		tn__process_end(&h->process, HANDOVER_GRACE, &status);
		tn__error_move(tn__error_current, &why);
	}
	return r;
}

/* Its files are the new one's now, and so is our supervisor. */
static int
handover_finish(struct handover *h, struct tn_server *const *servers)
{
	int pid = h->process.pid;
	char state[32];

	for (size_t i = 0; i < h->count; i++)
		tn__socket_path_forget(servers[i]->listener);
	tn__process_forget(&h->process);
	snprintf(state, sizeof(state), "MAINPID=%d", pid);
	(void)tn_systemd_notify(state);
	return pid;
}

int
tn_server_handover(struct tn_server *const *servers, size_t count,
    const struct tn_handover_options *options)
{
	struct handover h = { 0 };
	int r;

	tn__io_init(&h.process.io, -1, 0);
	if (options == NULL || options->argv == NULL ||
	    options->argv[0] == NULL)
		return tn_error_set(-EINVAL, "hand over: a program is needed");
	h.program = options->argv[0];
	r = handover_prepare(&h, servers, count);
	if (r == 0)
		r = handover_run(&h, options->argv, options->ready_ms);
	if (r > 0)
		r = handover_finish(&h, servers);
	handover_free(&h);
	return r < 0 ? tn_error_prefix("hand over") : r;
}
