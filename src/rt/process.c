/* Children: forked, or this program anew; waited for like anything else, and
 * reaped by whoever waits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tenon/number.h>
#include <unistd.h>
#include "rt/internal.h"

/* Between two looks where no pidfd can be waited for, doubled from one to the
 * other. */
#define PROCESS_PAUSE TN_MILLISECOND
#define PROCESS_PAUSE_MAX (64 * TN_MILLISECOND)

#define PROCESS_FIRST_FD 3 /* behind the standard ones */

/* P_PIDFD; glibc before 2.36 has no name for it. */
#define PROCESS_P_PIDFD ((idtype_t)3)

/* Linux 5.3; -ENOSYS before it, and in some containers. */
static int
process_open_pidfd(int pid)
{
#ifdef SYS_pidfd_open
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
#else
	return -ENOSYS;
#endif
}

/* ---- a copy of this one ------------------------------------------------ */

/* What the child is before anything else runs in it. */
static void
process_child(void)
{
	sigset_t none;

	tn__rt_forked();
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static int
process_fail(int code)
{
	return tn_error_set(code, "fork: %s", code == -EOPNOTSUPP ?
	    "a simulated world has one process" : tn_error_words(code));
}

int
tn__process_may_fork(void)
{
	if (tn__host() != &tn__host_linux)
		return process_fail(-EOPNOTSUPP);
	if (tn_loop_count() > 1 || !tn__rt_may_fork())
		return tn_error_set(-EBUSY, "fork: another loop or thread of "
		    "this library runs, and a child would not have it; use one "
		    "loop and no threads, or another kind of server");
	return 0;
}

void
tn__process_init(struct tn__process *p, int pid)
{
	int fd = process_open_pidfd(pid);

	tn__io_init(&p->io, fd < 0 ? -1 : fd, 0);
	p->pid = pid;
	p->leads = false;
}

/* In the parent, with what fork() said. */
static int
process_made(int pid, struct tn__process *ret)
{
	if (pid < 0)
		return tn_error_set(pid, "fork: %s; the limit on processes "
		    "(ulimit -u) or on memory is reached", tn_error_words(pid));
	tn__process_init(ret, pid);
	return 0;
}

int
tn__process_fork(struct tn__process *ret)
{
	int pid, r = tn__process_may_fork();

	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		process_child();
		return 0;
	}
	r = process_made(pid < 0 ? -errno : pid, ret);
	return r < 0 ? r : 1;
}

/* ---- another program --------------------------------------------------- */

/* In the child of a process that may have threads: nothing but system calls
 * until it is another program.  The descriptors leave each other's places
 * before they take their own. */
static void
spawn_take_places(const struct tn__spawn *spawn)
{
	int end = PROCESS_FIRST_FD + (int)spawn->fd_count;

	for (size_t i = 0; i < spawn->fd_count; i++) {
		int *fd = (int *)(uintptr_t)&spawn->fds[i]; /* our copy */

		*fd = fcntl(*fd, F_DUPFD_CLOEXEC, end);
		if (*fd < 0)
			_exit(TN__SPAWN_FAILED);
	}
	for (size_t i = 0; i < spawn->fd_count; i++)
		if (dup2(spawn->fds[i], PROCESS_FIRST_FD + (int)i) < 0)
			_exit(TN__SPAWN_FAILED);
}

static _Noreturn void
spawn_child(const struct tn__spawn *spawn)
{
	sigset_t none;

	spawn_take_places(spawn);
	for (size_t i = 0; i < spawn->number_count; i++) {
		char *place = spawn->numbers[i];

		place[tn_format_uint(place, (uint64_t)getpid())] = '\0';
	}
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	execvpe(spawn->argv[0], spawn->argv, spawn->environment);
	_exit(TN__SPAWN_FAILED);
}

int
tn__process_spawn(const struct tn__spawn *spawn, struct tn__process *ret)
{
	sigset_t all, before;
	int pid;

	if (tn__host() != &tn__host_linux)
		return process_fail(-EOPNOTSUPP);
	/* What our handlers tell us is not for the child to say. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		spawn_child(spawn);
	pid = pid < 0 ? -errno : pid;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return process_made(pid, ret);
}

char *const *
tn__process_environment(void)
{
	return environ;
}

/* ---- the end of one ---------------------------------------------------- */

void
tn__process_forget(struct tn__process *p)
{
	int fd = tn__io_close(&p->io);

	if (fd >= 0)
		close(fd);
	p->pid = 0;
}

static int
process_look(const struct tn__process *p, siginfo_t *ret, int options)
{
	bool by_pidfd = p->io.fd >= 0;
	int r;

	do
		r = waitid(by_pidfd ? PROCESS_P_PIDFD : P_PID,
		    (id_t)(by_pidfd ? p->io.fd : p->pid), ret,
		    WEXITED | WNOHANG | options);
	while (r < 0 && errno == EINTR);
	return r;
}

/* 1 when it has ended, 0 when it runs on.  Somebody else may have reaped it, or
 * the process ignores SIGCHLD: then nobody knows how it ended.  Of a group that
 * it led the rest is killed while its number cannot be another's yet. */
static int
process_reap(struct tn__process *p, int *ret_status)
{
	siginfo_t info = { 0 };
	int r = process_look(p, &info, p->leads ? WNOWAIT : 0);

	if (r == 0 && info.si_pid != 0 && p->leads) {
		kill(-p->pid, SIGKILL);
		r = process_look(p, &info, 0);
	}
	if (r < 0)
		return 1;
	if (info.si_pid == 0)
		return 0;
	*ret_status = info.si_code == CLD_EXITED ? info.si_status :
	    -info.si_status;
	return 1;
}

static int
process_sleep(struct tn__process *p, tn_time *pause)
{
	int r = -ENOSYS;

	if (p->io.fd >= 0) {
		tn__io_empty(&p->io, TN__IO_READ);
		r = tn__io_wait(&p->io, TN__IO_READ, "child");
	}
	/* No pidfd, or no room in the poller: there is always a timer. */
	if (r == 0 || r == -ECANCELED || r == -ETIMEDOUT)
		return r;
	r = tn_sleep(*pause);
	if (*pause < PROCESS_PAUSE_MAX)
		*pause *= 2;
	return r;
}

int
tn__process_wait(struct tn__process *p, int *ret_status)
{
	tn_time pause = PROCESS_PAUSE;
	int r;

	while (process_reap(p, ret_status) == 0) {
		r = process_sleep(p, &pause);
		if (r < 0)
			return tn_error_set(r, "wait for child %d: %s", p->pid,
			    tn_error_words(r));
	}
	tn__process_forget(p);
	return 0;
}

bool
tn__process_ended(struct tn__process *p, int *ret_status)
{
	bool ended = process_reap(p, ret_status) == 1;

	if (ended)
		tn__process_forget(p);
	return ended;
}

void
tn__process_end(struct tn__process *p, tn_time grace, int *ret_status)
{
	struct tn_shield shield;
	int r;

	tn__process_kill(p, SIGTERM);
	tn_shield_open(&shield, grace);
	r = tn__process_wait(p, ret_status);
	tn_shield_close(&shield);
	if (r == 0)
		return;
	tn__process_kill(p, SIGKILL);
	tn_shield_open(&shield, -1);
	(void)tn__process_wait(p, ret_status);
	tn_shield_close(&shield);
}

void
tn__process_kill(const struct tn__process *p, int signal)
{
	if (p->pid <= 0) /* reaped: the number may be another's */
		return;
	/* It may have left its own group, and nobody be in it. */
	if (!p->leads || kill(-p->pid, signal) < 0 || signal == SIGKILL)
		kill(p->pid, signal);
}

const char *
tn__process_env(const char *name)
{
	return tn__host() == &tn__host_linux ? secure_getenv(name) : NULL;
}

void
tn__process_exit(int status)
{
	_exit(status);
}
