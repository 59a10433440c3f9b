/* Children: forked, waited for like anything else, and reaped by whoever waits.
 * The only file of rt/ that makes processes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rt/internal.h"

/* Between two looks where no pidfd can be waited for, doubled from one to the
 * other. */
#define PROCESS_PAUSE TN_MILLISECOND
#define PROCESS_PAUSE_MAX (64 * TN_MILLISECOND)

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

/* What the child is before anything else runs in it. */
static void
process_child(void)
{
	sigset_t none;

	tn__rt_forked();
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

int
tn__process_may_fork(void)
{
	if (tn__host() != &tn__host_linux)
		return tn_error_set(-EOPNOTSUPP,
		    "fork: a simulated world has one process");
	if (tn_loop_count() > 1 || !tn__rt_may_fork())
		return tn_error_set(-EBUSY, "fork: another loop or thread of "
		    "this library runs, and a child would not have it; use one "
		    "loop and no threads, or another kind of server");
	return 0;
}

int
tn__process_fork(struct tn__process *ret)
{
	int pid, r = tn__process_may_fork();

	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0) {
		r = -errno;
		return tn_error_set(r, "fork: %s; the limit on processes "
		    "(ulimit -u) or on memory is reached", tn_error_words(r));
	}
	if (pid == 0) {
		process_child();
		return 0;
	}
	r = process_open_pidfd(pid);
	tn__io_init(&ret->io, r < 0 ? -1 : r, 0);
	ret->pid = pid;
	return 1;
}

/* 1 when it has ended, 0 when it runs on.  Somebody else may have reaped it, or
 * the process ignores SIGCHLD: then nobody knows how it ended. */
static int
process_reap(struct tn__process *p, int *ret_status)
{
	bool by_pidfd = p->io.fd >= 0;
	siginfo_t info = { 0 };
	int r;

	do
		r = waitid(by_pidfd ? PROCESS_P_PIDFD : P_PID,
		    (id_t)(by_pidfd ? p->io.fd : p->pid), &info,
		    WEXITED | WNOHANG);
	while (r < 0 && errno == EINTR);
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
	int fd, r;

	while (process_reap(p, ret_status) == 0) {
		r = process_sleep(p, &pause);
		if (r < 0)
			return tn_error_set(r, "wait for child %d: %s", p->pid,
			    tn_error_words(r));
	}
	fd = tn__io_close(&p->io);
	if (fd >= 0)
		close(fd);
	p->pid = 0;
	return 0;
}

void
tn__process_kill(const struct tn__process *p, int signal)
{
	if (p->pid > 0) /* not reaped: the number is still its own */
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
