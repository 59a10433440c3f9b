/* The command itself: tenon serve with its main(), its options and its log, in
 * a process of its own, and a client that is no part of Tenon. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep/folder.h"
#include "sweep/sweep.h"

#define FILE_BYTES (100 * 1024)

int tenon_main(int argc, char **argv); /* the command's */

static char file_text[FILE_BYTES];

static struct serving {
	int pid, out, err; /* a pipe, and a file in memory */
	uint16_t port;
} serving;

/* ---- the process ------------------------------------------------------- */

_Noreturn static void
serving_main(int out, int err, const char *loops)
{
	char log[sizeof(folder_path) + 8];
	const char *words[] = { "tenon", "serve", "-l", "127.0.0.1:0",
		"--loops", loops, "--log", log, "--drain", "200ms",
		folder_path, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(log, sizeof(log), "%s/.log", folder_path);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	sweep_outside = false;
	exit(tenon_main((int)TN_COUNT(words) - 1, (char **)(uintptr_t)words));
}

/* False when it ended before it served. */
static bool
serving_says_where(struct serving *s)
{
	char line[512] = "";
	size_t len = 0;
	const char *port;
	ssize_t n;

	while (strchr(line, '\n') == NULL && len + 1 < sizeof(line)) {
		n = read(s->out, line + len, sizeof(line) - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		line[len] = '\0';
	}
	port = strrchr(line, ':');
	s->port = port == NULL ? 0 : (uint16_t)strtoul(port + 1, NULL, 10);
	return s->port != 0;
}

static int
serving_start(struct serving *s, const char *loops)
{
	int pipe_fds[2];

	s->err = memfd_create("stderr", MFD_CLOEXEC);
	SWEEP_CHECK(s->err >= 0 && pipe(pipe_fds) == 0);
	s->out = pipe_fds[0];
	s->pid = sweep_process(1);
	if (s->pid == 0) {
		close(pipe_fds[0]);
		serving_main(pipe_fds[1], s->err, loops);
	}
	close(pipe_fds[1]);
	return 0;
}

/* Its exit status: 1 with its last line on stderr as this thread's error. */
static int
serving_end(struct serving *s)
{
	char text[4000] = "";
	int status = -1;
	ssize_t n;

	waitpid(s->pid, &status, 0);
	n = pread(s->err, text, sizeof(text) - 1, 0);
	if (n > 0)
		text[n] = '\0';
	if (n > 0 && (getenv("TENON_SWEEP_SAY") != NULL ||
	    !WIFEXITED(status) || WEXITSTATUS(status) > 1))
		fprintf(stderr, "%.*s", (int)n, text);
	text[strcspn(text, "\n")] = '\0';
	close(s->out);
	close(s->err);
	s->pid = 0;
	/* What it held went with it, and a sanitizer has looked. */
	sweep_held_none(1);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	tn_error_set(-EIO, "%.300s", text);
	/* On its way out it no longer catches the SIGTERM of ours. */
	SWEEP_CHECK(WIFEXITED(status) ? WEXITSTATUS(status) == 1 :
					WTERMSIG(status) == SIGTERM);
	SWEEP_CHECK(strncmp(text, "tenon serve: ", 13) == 0);
	return -EIO;
}

static int
serving_stop(struct serving *s)
{
	kill(s->pid, SIGTERM);
	return serving_end(s);
}

/* ---- the client -------------------------------------------------------- */

static int
client_connect(void)
{
	struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(serving.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	SWEEP_CHECK(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return tn_error_set(-ECONNREFUSED, "connect: nobody listens");
}

/* Until the end, or a reset. */
static int
client_read(int fd, char *out, size_t size, size_t *ret)
{
	size_t done = 0;
	ssize_t n;

	while (done < size && (n = recv(fd, out + done, size - done, 0)) > 0)
		done += (size_t)n;
	SWEEP_CHECK(done == size || n == 0 || errno == ECONNRESET);
	*ret = done;
	return 0;
}

/* One request on a connection of its own: a 200 with that body (NULL: any), or
 * an error; never a 200 that is whole and wrong. */
static int
client_get(const char *path, const char *body, size_t size)
{
	static char reply[FILE_BYTES + 4096];
	char request[128];
	size_t len;
	bool whole;
	const char *got, *length;
	int fd = client_connect(), r;

	if (fd < 0)
		return fd;
	len = (size_t)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n"
	    "Host: h\r\nConnection: close\r\n\r\n", path);
	send(fd, request, len, MSG_NOSIGNAL);
	r = client_read(fd, reply, sizeof(reply) - 1, &len);
	close(fd);
	if (r < 0)
		return r;
	reply[len] = '\0';
	got = strstr(reply, "\r\n\r\n");
	if (strncmp(reply, "HTTP/1.1 200 ", 13) != 0 || got == NULL)
		return tn_error_set(TN_EPROTO, "%s: got %.40s", path,
		    len == 0 ? "nothing" : reply);
	got += 4;
	len -= (size_t)(got - reply);
	length = strstr(reply, "\r\nContent-Length: ");
	if (length == NULL || length > got) /* in chunks */
		whole = len >= 5 && strcmp(got + len - 5, "0\r\n\r\n") == 0;
	else
		whole = len >= strtoul(length + 18, NULL, 10);
	if (!whole)
		return tn_error_set(TN_ETRUNCATED, "%s: cut after %zu bytes",
		    path, len);
	SWEEP_CHECK(body == NULL ||
	    (len == size && memcmp(got, body, size) == 0));
	return 0;
}

static int
client_get_all(void)
{
	int r = client_get("/", NULL, 0);

	if (r == 0)
		r = client_get("/small.txt", "small\n", 6);
	if (r == 0)
		r = client_get("/file", file_text, FILE_BYTES);
	return r;
}

/* ---- requests to one server -------------------------------------------- */

static int
request_begin_server(void)
{
	int r = serving_start(&serving, "1");

	if (r < 0)
		return r;
	SWEEP_CHECK(serving_says_where(&serving));
	sweep_watch(serving.pid);
	return 0;
}

/* A server that has died is a failure, and another takes its place. */
static int
run_request(void)
{
	int status, r = client_get_all();

	SWEEP_CHECK(r != -ECONNREFUSED);
	if (waitpid(serving.pid, &status, WNOHANG) != serving.pid)
		return r;
	tn_error_set(-ECHILD, "the server: wait status %d", status);
	close(serving.out);
	close(serving.err);
	(void)request_begin_server();
	return sweep_wrong(__FILE__, __LINE__, "the server died");
}

static int
serve_begin(void)
{
	sweep_outside = true;
	for (size_t i = 0; i < FILE_BYTES; i++)
		file_text[i] = (char)('a' + i % 23);
	if (folder_begin() != 0 || folder_file("small.txt", "small\n", 6) != 0)
		return -1;
	return folder_file("file", file_text, FILE_BYTES);
}

static int
request_begin(void)
{
	int r = serve_begin();

	return r < 0 ? r : request_begin_server();
}

static int
request_end(void)
{
	int r = serving_stop(&serving);

	return folder_end() < 0 ? -1 : r;
}

/* ---- from its start to its end ----------------------------------------- */

static int
run_start(void)
{
	int r = serving_start(&serving, "2"), again, ended;

	if (r < 0)
		return r;
	if (!serving_says_where(&serving)) {
		r = serving_end(&serving);
		SWEEP_CHECK(r != 0);
		return r;
	}
	r = again = client_get_all();
	/* What seemed not to be there is believed for a second. */
	for (int tries = 0; again < 0 && tries < 20; tries++) {
		usleep(100 * 1000);
		again = client_get_all();
	}
	ended = serving_stop(&serving);
	SWEEP_CHECK(ended < 0 || again == 0);
	return ended < 0 ? ended : r;
}

/* ------------------------------------------------------------------------ */

static const struct sweep_scenario scenarios[] = {
	{ "request", run_request, request_begin, request_end, true },
	{ "start", run_start, serve_begin, folder_end, true },
};

int
main(void)
{
	return sweep_main("serve", scenarios, TN_COUNT(scenarios));
}
