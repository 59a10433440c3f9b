/* What the tests of this room share: clients with plain blocking sockets, as a
 * tutorial writes them, and servers on a thread or in a process of their own.
 */
#ifndef TESTS_UNIT_SERVER_CHECK_H
#define TESTS_UNIT_SERVER_CHECK_H

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <tenon/server.h>
#include <unistd.h>
#include "unit/echo.h"
#include "unit/net/check.h"

/* ---- clients ----------------------------------------------------------- */

/* A wait of ten seconds is a hang. */
static inline void
check_patience(int fd)
{
	struct timeval patience = { .tv_sec = 10 };

	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)), 0);
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)), 0);
}

/* Connected, or -errno. */
static inline int
check_try_call(const struct tn_address *to, int type)
{
	struct sockaddr_un unnamed = { .sun_family = AF_UNIX };
	int fd = socket(to->storage.ss_family, type | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	check_patience(fd);
	/* Without a name of its own nobody could answer it. */
	if (to->storage.ss_family == AF_UNIX && type == SOCK_DGRAM)
		CHECK_INT(bind(fd, (struct sockaddr *)&unnamed,
		    sizeof(sa_family_t)), 0);
	if (connect(fd, (const struct sockaddr *)&to->storage, to->size) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static inline int
check_call(const struct tn_address *to)
{
	int fd = check_try_call(to, SOCK_STREAM);

	CHECK(fd >= 0);
	return fd;
}

static inline void
check_say(int fd, const char *text)
{
	CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    (long long)strlen(text));
}

static inline void
check_hear(int fd, const char *text)
{
	size_t len = strlen(text), done = 0;
	char got[256] = "";

	while (done < len) {
		ssize_t n = recv(fd, got + done, len - done, 0);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	CHECK_TEXT(got, text);
}

/* The server has ended the connection, one way or another. */
static inline void
check_hear_end(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	if (n < 0)
		CHECK_INT(errno, ECONNRESET);
	else
		CHECK_INT(n, 0);
	close(fd);
}

/* Closed with a reset. */
static inline void
check_reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

/* ---- what is left behind ----------------------------------------------- */

static inline int
check_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* Until it is true, ten seconds at most. */
#define CHECK_SOON(condition)                                                  \
	do {                                                                   \
		for (int tries_ = 0; !(condition) && tries_ < 2000; tries_++)  \
			usleep(5000);                                          \
		CHECK(condition);                                              \
	} while (0)

/* ---- a server on a thread ---------------------------------------------- */

struct check_server {
	struct tn_server *server;
	struct tn_address at;
	struct tn_group *group;
	const struct tn_run_options *run; /* NULL: it brings its own loops */
	int result;
};

static inline int
check_server_serve(void *arg)
{
	struct check_server *t = arg;

	t->result = tn_server_serve_forever(t->server);
	return 0;
}

static inline int
check_server_thread(void *arg)
{
	struct check_server *t = arg;

	if (t->run == NULL)
		return check_server_serve(t);
	return tn_run(check_server_serve, t, t->run);
}

static inline void
check_server_start(struct check_server *t,
    const struct tn_server_options *options)
{
	CHECK_INT(tn_server_open(options, &t->server), 0);
	tn_server_address(t->server, &t->at);
	t->group = check_group();
	CHECK_INT(tn_go_thread(t->group, check_server_thread, t), 0);
}

/* After shutdown: it has ended by itself. */
static inline void
check_server_end(struct check_server *t)
{
	check_group_end(t->group);
	CHECK_INT(t->result, 0);
	CHECK_INT(tn_server_active(t->server), 0);
	tn_server_free(t->server);
}

static inline void
check_server_stop(struct check_server *t)
{
	tn_server_shutdown(t->server);
	check_server_end(t);
}

/* ---- a server in a process --------------------------------------------- */

struct check_process {
	int pid;
	struct tn_address at;
	int control; /* a word here shuts it down */
};

struct check_process_plan {
	const struct tn_server_options *options;
	int control;
	struct tn_server *server;
};

static inline int
check_process_control(void *arg)
{
	struct check_process_plan *plan = arg;
	struct tn_socket *control;
	ssize_t n;
	char word;

	CHECK_INT(tn_socket_from_fd(plan->control, &control), 0);
	while ((n = tn_socket_recv(control, &word, 1, 0)) == 1)
		tn_server_shutdown(plan->server);
	tn_socket_free(control);
	return (int)n;
}

/* What it leaves behind makes it fail. */
static inline int
check_process_main(void *arg)
{
	struct check_process_plan *plan = arg;
	struct tn_group *group;
	struct tn_address at;

	CHECK_INT(tn_server_open(plan->options, &plan->server), 0);
	tn_server_address(plan->server, &at);
	CHECK_INT(write(plan->control, &at, sizeof(at)), sizeof(at));
	group = check_group();
	CHECK_INT(tn_go(group, check_process_control, plan), 0);
	CHECK_INT(tn_server_serve_forever(plan->server), 0);
	CHECK_INT(tn_server_active(plan->server), 0);
	tn_group_free(group);
	tn_server_free(plan->server);
	return 0;
}

static inline void
check_process_start(struct check_process *p,
    const struct tn_server_options *options)
{
	const struct tn_run_options run = { .loops = options->loops };
	int ends[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fflush(NULL);
	p->pid = fork();
	CHECK(p->pid >= 0);
	if (p->pid == 0) {
		struct check_process_plan plan = { options, ends[1], NULL };
		int fds;

		close(ends[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tn_loop_count(); /* the thread has its descriptor now */
		fds = check_open_fds();
		CHECK_INT(tn_run(check_process_main, &plan, &run), 0);
		CHECK_INT(check_open_fds(), fds - 1); /* the control's */
		CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* no zombies */
		exit(0);
	}
	close(ends[1]);
	p->control = ends[0];
	CHECK_INT(read(p->control, &p->at, sizeof(p->at)), sizeof(p->at));
}

static inline void
check_process_shutdown(struct check_process *p)
{
	CHECK_INT(write(p->control, "x", 1), 1);
}

static inline void
check_process_end(struct check_process *p)
{
	int status = -1;

	CHECK_INT(waitpid(p->pid, &status, 0), p->pid);
	CHECK_INT(status, 0);
	close(p->control);
}

static inline void
check_process_stop(struct check_process *p)
{
	check_process_shutdown(p);
	check_process_end(p);
}

#endif
