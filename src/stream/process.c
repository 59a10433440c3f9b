/* A program as something to speak to and to wait for. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <tenon/error.h>
#include "base/memory.h"
#include "stream/host.h"
#include "stream/process.h"

/* ---- starting ---------------------------------------------------------- */

static int
process_standard(const struct tn_process_stdio *stdio, int *ret)
{
	switch (stdio->end) {
	case TN_PROCESS_INHERIT:
		*ret = TN__STANDARD_INHERIT;
		return 0;
	case TN_PROCESS_NULL:
		*ret = TN__STANDARD_NULL;
		return 0;
	case TN_PROCESS_PIPE:
		*ret = TN__STANDARD_PIPE;
		return 0;
	case TN_PROCESS_STDOUT:
		*ret = TN__STANDARD_OUT;
		return 0;
	case TN_PROCESS_FD:
		if (stdio->fd < 0)
			return -EBADF;
		*ret = stdio->fd;
		return 0;
	}
	return -EINVAL;
}

static bool
process_replaced(const char *variable, const char *const *more)
{
	struct tn_slice rest = tn_slice_str(variable);
	struct tn_slice name = tn_slice_split(&rest, '=');

	for (; *more != NULL; more++) {
		struct tn_slice other = tn_slice_str(*more);

		if (tn_slice_equal(name, tn_slice_split(&other, '=')))
			return true;
	}
	return false;
}

/* `*ret`: NULL where it is as it was; else the caller frees the list. */
static int
process_environment(const struct tn_process_options *o, const char ***ret)
{
	const char *const *base = o->env;
	const char **list;
	size_t count = 0, n = 0;

	*ret = NULL;
	if (o->env_more == NULL)
		return 0;
	if (base == NULL)
		base = (const char *const *)tn__process_environment();
	while (base[count] != NULL)
		count++;
	for (size_t i = 0; o->env_more[i] != NULL; i++)
		count++;
	list = tn__alloc((count + 1) * sizeof(*list));
	if (list == NULL)
		return tn__error_nomem();
	for (; *base != NULL; base++)
		if (!process_replaced(*base, o->env_more))
			list[n++] = *base;
	for (size_t i = 0; o->env_more[i] != NULL; i++)
		list[n++] = o->env_more[i];
	list[n] = NULL;
	*ret = list;
	return 0;
}

static int
process_program(const struct tn_process_options *o, struct tn__program *ret)
{
	const struct tn_process_stdio *ends[] = { &o->in, &o->out, &o->err };
	int r;

	if (o->argv == NULL || o->argv[0] == NULL || o->argv[0][0] == '\0')
		return tn_error_set(-EINVAL,
		    "start a program: its name, argv[0], is missing");
	if (o->in.end == TN_PROCESS_STDOUT || o->out.end == TN_PROCESS_STDOUT)
		return tn_error_set(-EINVAL, "start a program: TN_PROCESS_STDOUT "
		    "is for standard error only");
	for (int i = 0; i < 3; i++) {
		r = process_standard(ends[i], &ret->standard[i]);
		if (r < 0)
			return tn_error_set(r, "start a program: standard "
			    "descriptor %d: %s", i, tn_error_words(r));
	}
	ret->argv = o->argv;
	ret->environment = o->env;
	ret->cwd = o->cwd;
	ret->leads = o->group != TN_PROCESS_GROUP_SAME;
	ret->session = o->group == TN_PROCESS_GROUP_SESSION;
	return 0;
}

/* Takes those that it has made streams of. */
static int
process_pipes(struct tn_process *p, int fds[3])
{
	int r = 0;

	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0)
			continue;
		if (r == 0)
			r = tn__pipe_open(fds[i], i == 0, &p->standard[i]);
		if (r < 0)
			tn__stream_fd_close(fds[i]);
	}
	return r;
}

static int
process_open(const struct tn__program *program, struct tn_process **ret)
{
	struct tn_process *p = tn__zalloc(sizeof(*p));
	int pipes[3], r;

	if (p == NULL)
		return tn__error_nomem();
	p->status = TN__PROCESS_UNKNOWN;
	p->ended = true; /* not begun */
	r = tn__program_start(program, pipes, &p->process);
	if (r == 0) {
		p->ended = false;
		p->pid = p->process.pid;
		r = process_pipes(p, pipes);
	}
	if (r < 0) {
		tn_process_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int
tn_process_open(const struct tn_process_options *options,
    struct tn_process **ret)
{
	struct tn__program program = { 0 };
	const char **environment;
	int r = process_program(options, &program);

	if (r < 0)
		return r;
	r = process_environment(options, &environment);
	if (r < 0)
		return r;
	if (environment != NULL)
		program.environment = environment;
	r = process_open(&program, ret);
	tn__free(environment);
	return r;
}

int
tn_process_pid(const struct tn_process *p)
{
	return p->pid;
}

struct tn_stream *
tn_process_stdin(const struct tn_process *p)
{
	return p->standard[0];
}

struct tn_stream *
tn_process_stdout(const struct tn_process *p)
{
	return p->standard[1];
}

struct tn_stream *
tn_process_stderr(const struct tn_process *p)
{
	return p->standard[2];
}

/* ---- its end ----------------------------------------------------------- */

bool
tn__process_has_ended(struct tn_process *p)
{
	if (!p->ended)
		p->ended = tn__process_ended(&p->process, &p->status);
	return p->ended;
}

/* Of one that has ended. */
static int
process_status(const struct tn_process *p, int *ret_status)
{
	if (p->status == TN__PROCESS_UNKNOWN)
		return tn_error_set(-ECHILD, "wait for child %d: how it ended "
		    "is not known, since somebody else in this process has "
		    "waited for it or SIGCHLD is ignored", p->pid);
	*ret_status = p->status;
	return 0;
}

int
tn_process_wait(struct tn_process *p, int *ret_status)
{
	int r;

	if (!p->ended) {
		r = tn__process_wait(&p->process, &p->status);
		if (r < 0)
			return r;
		p->ended = true;
	}
	return process_status(p, ret_status);
}

int
tn_process_poll(struct tn_process *p, int *ret_status)
{
	int r;

	if (!tn__process_has_ended(p))
		return 0;
	r = process_status(p, ret_status);
	return r < 0 ? r : 1;
}

void
tn_process_send_signal(struct tn_process *p, int signal)
{
	tn__process_kill(&p->process, signal);
}

void
tn_process_terminate(struct tn_process *p)
{
	tn__process_kill(&p->process, SIGTERM);
}

void
tn_process_kill(struct tn_process *p)
{
	tn__process_kill(&p->process, SIGKILL);
}

int
tn_process_end(struct tn_process *p, tn_time grace, int *ret_status)
{
	if (!p->ended)
		tn__process_end(&p->process, grace, &p->status);
	p->ended = true;
	return process_status(p, ret_status);
}

void
tn_process_free(struct tn_process *p)
{
	struct tn_shield shield;

	if (p == NULL)
		return;
	for (int i = 0; i < 3; i++)
		tn_stream_free(p->standard[i]);
	if (!p->ended) {
		tn__process_kill(&p->process, SIGKILL);
		tn_shield_open(&shield, -1);
		(void)tn__process_wait(&p->process, &p->status);
		tn_shield_close(&shield);
	}
	tn__free(p);
}

/* ---- in words ---------------------------------------------------------- */

static const struct {
	int number;
	const char *name;
} process_signals[] = {
	{ SIGHUP, "SIGHUP" },
	{ SIGINT, "SIGINT" },
	{ SIGQUIT, "SIGQUIT" },
	{ SIGILL, "SIGILL" },
	{ SIGTRAP, "SIGTRAP" },
	{ SIGABRT, "SIGABRT" },
	{ SIGBUS, "SIGBUS" },
	{ SIGFPE, "SIGFPE" },
	{ SIGKILL, "SIGKILL" },
	{ SIGUSR1, "SIGUSR1" },
	{ SIGSEGV, "SIGSEGV" },
	{ SIGUSR2, "SIGUSR2" },
	{ SIGPIPE, "SIGPIPE" },
	{ SIGALRM, "SIGALRM" },
	{ SIGTERM, "SIGTERM" },
	{ SIGXCPU, "SIGXCPU" },
	{ SIGXFSZ, "SIGXFSZ" },
	{ SIGSYS, "SIGSYS" },
};

char *
tn_process_status_format(int status, char ret[TN_PROCESS_STATUS_MAX])
{
	const char *name = "a signal";

	if (status >= 0) {
		snprintf(ret, TN_PROCESS_STATUS_MAX, "exit status %d", status);
		return ret;
	}
	for (size_t i = 0; i < TN_COUNT(process_signals); i++)
		if (status == -process_signals[i].number)
			name = process_signals[i].name;
	snprintf(ret, TN_PROCESS_STATUS_MAX, "ended by %s (%u)", name,
	    0u - (unsigned)status);
	return ret;
}
