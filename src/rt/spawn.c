/* Another program: its descriptors, folder and group are made ready between
 * fork and exec, and it counts as started once exec has closed the pipe in
 * which the child would have said what failed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <tenon/buffer.h>
#include <unistd.h>
#include "base/result.h"
#include "rt/internal.h"

#define SPAWN_PATH "/usr/local/bin:/usr/bin:/bin" /* where there is none */

/* What a child that failed says last. */
enum spawn_step { SPAWN_PLACES, SPAWN_FOLDER, SPAWN_GROUP, SPAWN_PROGRAM };

struct spawn_word {
	enum spawn_step step;
	int code;
};

struct spawn {
	const struct tn__program *program;
	int theirs
	    [3]; /* descriptors to be its standard ones; -1: as they are */
	int ours[3];   /* the other ends of pipes, or -1 */
	int word[2];   /* closed by exec */
};

/* ---- in the child: nothing but system calls ---------------------------- */

static _Noreturn void
spawn_fail(const struct spawn *s, enum spawn_step step, int code)
{
	struct spawn_word word = { step, code };

	(void)!write(s->word[1], &word, sizeof(word));
	_exit(TN__SPAWN_FAILED);
}

/* Where standard descriptors are closed here, others may stand in their
 * places. */
static int
spawn_move_up(int *fd)
{
	int moved;

	if (*fd < 0 || *fd > STDERR_FILENO)
		return 0;
	moved = TN__RESULT(fcntl(*fd, F_DUPFD_CLOEXEC, 3));
	if (moved < 0)
		return moved;
	*fd = moved;
	return 0;
}

/* Every socket of ours has O_NONBLOCK, and no program expects it. */
static void
spawn_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_NONBLOCK) != 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static int
spawn_take_places(struct spawn *s)
{
	int r;

	for (int i = 0; i < 3; i++) {
		r = spawn_move_up(&s->theirs[i]);
		if (r < 0)
			return r;
	}
	for (int i = 0; i < 3; i++) {
		int from = s->program->standard[i] == TN__STANDARD_OUT ?
		    STDOUT_FILENO : s->theirs[i];

		r = from < 0 ? 0 : TN__RESULT(dup2(from, i));
		if (r < 0)
			return r;
		if (s->program->standard[i] >= 0)
			spawn_block(i);
	}
	return 0;
}

/* Linux 5.9. */
static int
spawn_close_range(unsigned from, unsigned to)
{
#ifdef SYS_close_range
	if (from <= to)
		return (int)syscall(SYS_close_range, from, to, 0);
	return 0;
#else
	return -1;
#endif
}

/* Whatever the program around us left open. */
static void
spawn_close_others(int kept)
{
	struct rlimit limit;

	if (spawn_close_range(3, (unsigned)kept - 1) == 0 &&
	    spawn_close_range((unsigned)kept + 1, UINT_MAX) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	for (int fd = 3; (rlim_t)fd < limit.rlim_cur && fd < INT_MAX; fd++)
		if (fd != kept)
			close(fd);
}

/* What is ignored stays so, as for nohup(1); but nobody expects that of
 * SIGPIPE.  A handler of ours must not run in the child. */
static void
spawn_default_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) < 0 ||
		    action.sa_handler == SIG_DFL ||
		    (action.sa_handler == SIG_IGN && i != SIGPIPE))
			continue;
		action.sa_handler = SIG_DFL;
		action.sa_flags = 0;
		sigaction(i, &action, NULL);
	}
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static const char *
spawn_path(const char *const *environment)
{
	for (; *environment != NULL; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			return *environment + 5;
	return SPAWN_PATH;
}

/* As a shell looks for it, except that an empty place in the list is none:
 * nobody wants the folder that he happens to be in. */
static int
spawn_exec(const struct tn__program *program, const char *const *environment)
{
	struct tn_slice name = tn_slice_str(program->argv[0]), dir;
	struct tn_slice places = tn_slice_str(spawn_path(environment));
	char *const *argv = (char *const *)(uintptr_t)program->argv;
	char *const *env = (char *const *)(uintptr_t)environment;
	char path[PATH_MAX];
	int code = -ENOENT;

	if (tn_slice_find(name, '/') >= 0)
		return TN__RESULT(execve(name.data, argv, env));
	while (places.data != NULL) {
		dir = tn_slice_split(&places, ':');
		if (dir.len == 0 || dir.len + name.len + 2 > sizeof(path))
			continue;
		memcpy(path, dir.data, dir.len);
		path[dir.len] = '/';
		memcpy(path + dir.len + 1, name.data, name.len + 1);
		execve(path, argv, env);
		if (errno == EACCES)
			code = -EACCES; /* unless there is a better one */
		else if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
	}
	return code;
}

static _Noreturn void
spawn_child(struct spawn *s)
{
	const struct tn__program *program = s->program;
	const char *const *environment = program->environment;
	int r = spawn_move_up(&s->word[1]);

	if (r >= 0)
		r = spawn_take_places(s);
	if (r < 0)
		spawn_fail(s, SPAWN_PLACES, r);
	if (program->cwd != NULL && chdir(program->cwd) < 0)
		spawn_fail(s, SPAWN_FOLDER, -errno);
	if (program->session && setsid() < 0)
		spawn_fail(s, SPAWN_GROUP, -errno);
	if (program->leads && !program->session && setpgid(0, 0) < 0)
		spawn_fail(s, SPAWN_GROUP, -errno);
	spawn_close_others(s->word[1]);
	spawn_default_signals();
	if (environment == NULL)
		environment = (const char *const *)environ;
	spawn_fail(s, SPAWN_PROGRAM, spawn_exec(program, environment));
}

/* ---- in words ---------------------------------------------------------- */

static const char *
spawn_words(const char *name, struct spawn_word word)
{
	if (word.step != SPAWN_PROGRAM)
		return tn_error_words(word.code);
	switch (word.code) {
	case -ENOENT:
		return strchr(name, '/') == NULL ?
		    "there is no such program in PATH" :
		    "there is no such program, or what its first line names "
		    "is not there";
	case -EACCES:
		return "it may not be executed; see the permissions of the "
		       "file and its folders";
	case -ENOEXEC:
		return "it is no program for this machine; a script needs a "
		       "first line such as #!/bin/sh";
	default:
		return tn_error_words(word.code);
	}
}

static int
spawn_error(const struct tn__program *program, struct spawn_word word)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer what = { 0 };
	int r = tn_buffer_append_escaped(&what,
	    tn_slice_head(tn_slice_str(program->argv[0]), 128));

	if (r == 0 && word.step == SPAWN_FOLDER) {
		r = tn_buffer_append_str(&what, " in ");
		if (r == 0)
			r = tn_buffer_append_escaped(&what,
			    tn_slice_head(tn_slice_str(program->cwd), 256));
	}
	if (r < 0)
		return tn_error_set(word.code, "start a program: %s",
		    spawn_words(program->argv[0], word));
	return tn_error_set(word.code, "start %s: %s", what.data,
	    spawn_words(program->argv[0], word));
}

/* ---- in the parent ----------------------------------------------------- */

static void
spawn_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* pipe2(2), its end `ours` without blocking. */
static int
spawn_pipe(int ret[2], int ours)
{
	if (pipe2(ret, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(ret[ours], F_SETFL, O_NONBLOCK);
	return 0;
}

static int
spawn_prepare_pipe(struct spawn *s, int i)
{
	int theirs = i == STDIN_FILENO ? 0 : 1, ends[2];
	int r = spawn_pipe(ends, 1 - theirs);

	if (r < 0)
		return r;
	s->theirs[i] = ends[theirs];
	s->ours[i] = ends[1 - theirs];
	return 0;
}

/* Those of somebody else are copied, so that all of `theirs` are to be
 * closed. */
static int
spawn_prepare_one(struct spawn *s, int i)
{
	int from = s->program->standard[i], fd;

	if (from == TN__STANDARD_INHERIT || from == TN__STANDARD_OUT)
		return 0;
	if (from == TN__STANDARD_PIPE)
		return spawn_prepare_pipe(s, i);
	if (from == TN__STANDARD_NULL)
		fd = TN__RESULT(open("/dev/null", O_RDWR | O_CLOEXEC));
	else
		fd = TN__RESULT(fcntl(from, F_DUPFD_CLOEXEC, 3));
	if (fd < 0)
		return fd;
	s->theirs[i] = fd;
	return 0;
}

static int
spawn_prepare(struct spawn *s)
{
	int r = spawn_pipe(s->word, 0);

	for (int i = 0; i < 3 && r == 0; i++)
		r = spawn_prepare_one(s, i);
	return r;
}

static int
spawn_fork(struct spawn *s, struct tn__process *ret)
{
	sigset_t all, before;
	int pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		spawn_child(s);
	pid = pid < 0 ? -errno : pid;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return pid;
	tn__process_init(ret, pid);
	ret->leads = s->program->leads;
	return 0;
}

/* Waits for exec: 0; 1 with what failed before it; or why we cannot wait. */
static int
spawn_hear(int fd, struct spawn_word *ret)
{
	struct spawn_word word;
	struct tn__io io;
	ssize_t n;
	int r;

	tn__io_init(&io, fd, 0);
	do {
		r = tn__io_begin(&io, TN__IO_READ);
		if (r == 0)
			r = tn__io_wait(&io, TN__IO_READ, "start a program");
		if (r < 0)
			break;
		n = TN__RESULT(read(fd, &word, sizeof(word)));
		if (n == -EAGAIN)
			tn__io_empty(&io, TN__IO_READ);
	} while (n == -EAGAIN || n == -EINTR);
	tn__io_close(&io);
	if (r < 0)
		return r;
	if (n == (ssize_t)sizeof(word))
		*ret = word;
	return n == (ssize_t)sizeof(word);
}

/* The child fails by itself, or is not waited for any longer. */
static void
spawn_undo(struct tn__process *process)
{
	struct tn_shield shield;
	int unused;

	/* It may not lead its group yet, but then nobody else is in it. */
	tn__process_kill(process, SIGKILL);
	tn_shield_open(&shield, -1);
	(void)tn__process_wait(process, &unused);
	tn_shield_close(&shield);
}

/* -EAGAIN of fork() is a limit, and no "not ready yet". */
static int
spawn_fork_error(const struct tn__program *program, int code)
{
	(void)spawn_error(program, (struct spawn_word){ SPAWN_PLACES, code });
	if (code == -EAGAIN)
		return tn_error_set(code, "start a program: the limit on "
		    "processes is reached; see ulimit -u, and pids.max of the "
		    "control group");
	return code;
}

static int
spawn_start(struct spawn *s, struct tn__process *ret)
{
	struct spawn_word word = { SPAWN_PLACES, 0 };
	int r = spawn_fork(s, ret);

	if (r < 0)
		return spawn_fork_error(s->program, r);
	spawn_close(&s->word[1]); /* or it never ends */
	r = spawn_hear(s->word[0], &word);
	if (r == 0)
		return 0;
	spawn_undo(ret);
	if (r < 0)
		word.code = r;
	return spawn_error(s->program, word);
}

int
tn__program_start(const struct tn__program *program, int ret_pipes[3],
    struct tn__process *ret)
{
	struct spawn s = {
		.program = program,
		.theirs = { -1, -1, -1 },
		.ours = { -1, -1, -1 },
		.word = { -1, -1 },
	};
	int r;

	if (tn__host() != &tn__host_linux)
		return tn_error_set(-EOPNOTSUPP, "start a program: a simulated "
		    "world has one process");
	r = spawn_prepare(&s);
	if (r == 0)
		r = spawn_start(&s, ret);
	else
		r = spawn_error(program,
		    (struct spawn_word){ SPAWN_PLACES, r });
	for (int i = 0; i < 3; i++) {
		spawn_close(&s.theirs[i]);
		if (r < 0)
			spawn_close(&s.ours[i]);
	}
	spawn_close(&s.word[0]);
	spawn_close(&s.word[1]);
	if (r == 0)
		memcpy(ret_pipes, s.ours, sizeof(s.ours));
	return r;
}
