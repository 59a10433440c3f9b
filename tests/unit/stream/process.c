/* Other programs: what they are given, what comes of them, how they end, and
 * that nothing is left of them; in a loop and on a plain thread. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tenon/process.h>
#include <tenon/run.h>
#include <tenon/sim.h>
#include <unistd.h>
#include "stream/process.h"
#include "unit/check.h"

#define PIPED { TN_PROCESS_PIPE, 0 }
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SHELL(line) WORDS("sh", "-c", line)

/* Through a directory that is opened meanwhile. */
static int
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
nothing_is_left(int fds)
{
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
	CHECK_INT(count_fds(), fds);
}

static void
everywhere(int (*test)(void *), const void *arg)
{
	void *a = (void *)(uintptr_t)arg;
	int fds;

	CHECK_INT(tn_yield(), 0); /* or this thread has no eventfd yet */
	fds = count_fds();
	CHECK_INT(test(a), 0);
	nothing_is_left(fds);
	CHECK_INT(tn_run(test, a, NULL), 0);
	nothing_is_left(fds);
}

/* ---- what they are given and give back --------------------------------- */

static const struct row {
	const char *name;
	struct tn_process_options options;
	const char *input, *out, *err;
	int status;
} rows[] = {
	{ "output and error",
	    { .argv = SHELL("echo out; echo err >&2"),
		.out = PIPED,
		.err = PIPED },
	    "", "out\n", "err\n", 0 },
	{ "error where output goes",
	    { .argv = SHELL("echo out; echo err >&2; echo out"),
		.out = PIPED,
		.err = { TN_PROCESS_STDOUT, 0 } },
	    "", "out\nerr\nout\n", "", 0 },
	{ "input", { .argv = WORDS("cat"), .in = PIPED, .out = PIPED },
	    "one\ntwo", "one\ntwo", "", 0 },
	{ "input of nothing", { .argv = WORDS("cat"), .in = PIPED,
	    .out = PIPED }, "", "", "", 0 },
	{ "no input", { .argv = WORDS("cat"), .in = { TN_PROCESS_NULL, 0 },
		.out = PIPED },
	    "", "", "", 0 },
	{ "no output",
	    { .argv = SHELL("echo x; echo y >&2"),
		.out = { TN_PROCESS_NULL, 0 },
		.err = { TN_PROCESS_STDOUT, 0 } },
	    "", "", "", 0 },
	{ "no shell",
	    { .argv = WORDS("printf", "%s|", "$HOME", "; ls *"), .out = PIPED },
	    "", "$HOME|; ls *|", "", 0 },
	{ "a path", { .argv = WORDS("/bin/echo", "-n", "hello"), .out = PIPED },
	    "", "hello", "", 0 },
	{ "cwd", { .argv = WORDS("pwd"), .cwd = "/usr", .out = PIPED }, "",
	    "/usr\n", "", 0 },
	{ "a path from there",
	    { .argv = WORDS("bin/env", "pwd"), .cwd = "/usr", .out = PIPED },
	    "", "/usr\n", "", 0 },
	{ "environment",
	    { .argv = WORDS("env"), .env = WORDS("A=1", "B="), .out = PIPED },
	    "", "A=1\nB=\n", "", 0 },
	{ "environment and more",
	    { .argv = WORDS("env"),
		.env = WORDS("A=1", "AB=2", "B="),
		.env_more = WORDS("A=3", "C=4"),
		.out = PIPED },
	    "", "AB=2\nB=\nA=3\nC=4\n", "", 0 },
	{ "PATH of that",
	    { .argv = WORDS("pwd"),
		.env = WORDS("PATH=/nowhere::/bin/env:/usr/bin:/bin"),
		.cwd = "/",
		.out = PIPED },
	    "", "/\n", "", 0 },
	{ "no other descriptor", { .argv = WORDS("ls", "/proc/self/fd"),
	    .out = PIPED }, "", "0\n1\n2\n3\n", "", 0 },
	{ "signals",
	    { .argv = WORDS("grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"),
		.out = PIPED },
	    "", "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000001\n", "",
	    0 },
	{ "exit status", { .argv = SHELL("exit 255") }, "", "", "", 255 },
	{ "ended by a signal", { .argv = SHELL("kill -TERM $$") }, "", "", "",
	    -SIGTERM },
};

static int
run_row(void *arg)
{
	const struct row *t = arg;
	const struct tn_process_run_options run = {
		.input = tn_slice_str(t->input)
	};
	struct tn_process_result result;

	CHECK_INT(tn_process_run(&t->options, &run, &result), 0);
	CHECK_TEXT(result.out.data == NULL ? "" : result.out.data, t->out);
	CHECK_TEXT(result.err.data == NULL ? "" : result.err.data, t->err);
	CHECK_INT(result.status, t->status);
	CHECK_INT(result.limit, 0);
	tn_process_result_free(&result);
	return 0;
}

/* Whatever this process ignores, blocks and has open. */
static void
test_row(void **state)
{
	sigset_t blocked, before;
	int fd = open("/dev/null", O_RDONLY);

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	everywhere(run_row, *state);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	close(fd);
}

/* ---- more than fits anywhere ------------------------------------------- */

#define MUCH ((size_t)3 << 20)

static int
run_much(void *arg)
{
	static const char *const commands[][4] = {
		{ "cat" }, { "sh", "-c", "cat >&2" },
		{ "true" }, /* reads nothing of it */
	};
	char *bytes = malloc(MUCH);

	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < TN_COUNT(commands); i++) {
		const struct tn_process_options options = {
			.argv = commands[i],
			.in = PIPED, .out = PIPED, .err = PIPED,
		};
		const struct tn_process_run_options run = {
			.input = tn_slice(bytes, MUCH),
			.output_bytes_max = MUCH,
		};
		struct tn_process_result result;
		struct tn_buffer *out = i == 0 ? &result.out : &result.err;

		CHECK_INT(tn_process_run(&options, &run, &result), 0);
		CHECK_INT(result.status, 0);
		CHECK_INT(out->len, i == 2 ? 0 : MUCH);
		CHECK(i == 2 || memcmp(out->data, bytes, MUCH) == 0);
		tn_process_result_free(&result);
	}
	free(bytes);
	return 0;
}

static void
test_much(void **state)
{
	everywhere(run_much, NULL);
}

/* ---- limits ------------------------------------------------------------ */

static int
run_limits(void *arg)
{
	const struct tn_process_options yes = {
		.argv = SHELL("echo note >&2; exec yes"), .out = PIPED,
		.err = PIPED,
	}, sleep = { .argv = WORDS("sleep", "200"), .out = PIPED };
	struct tn_process_run_options run = { .output_bytes_max = 100000 };
	struct tn_process_result result = { .status = 99 };
	struct tn_scope scope;

	CHECK_INT(tn_process_run(&yes, &run, &result), TN_ELIMIT);
	CHECK(strstr(tn_error_text(), "output_bytes_max, 100000") != NULL);
	CHECK_INT(result.status, 99);
	CHECK_INT(tn_process_run(&yes, NULL, &result), TN_ELIMIT);
	CHECK(strstr(tn_error_text(), "1048576") != NULL);
	run.partial = true;
	CHECK_INT(tn_process_run(&yes, &run, &result), 0);
	CHECK_INT(result.limit, TN_ELIMIT);
	CHECK_INT(result.status, -SIGKILL);
	CHECK_INT(result.out.len + result.err.len, 100000);
	CHECK(memcmp(result.out.data, "y\ny\n", 4) == 0);
	tn_process_result_free(&result);

	run.time_ms = 10;
	CHECK_INT(tn_process_run(&sleep, &run, &result), 0);
	CHECK_INT(result.limit, -ETIMEDOUT);
	CHECK_INT(result.status, -SIGKILL);
	tn_process_result_free(&result);
	run.partial = false;
	CHECK_INT(tn_process_run(&sleep, &run, &result), -ETIMEDOUT);
	CHECK(strstr(tn_error_text(), "time_ms, 10 ms") != NULL);

	/* Of whoever calls, this one is; and before it has begun. */
	run.partial = true;
	run.time_ms = 0;
	for (int ms = 20; ms >= 0; ms -= 20) {
		tn_scope_open(&scope, tn_after(ms * TN_MILLISECOND));
		CHECK_INT(tn_process_run(&sleep, &run, &result), -ETIMEDOUT);
		CHECK(tn_scope_close(&scope));
	}
	CHECK(strstr(tn_error_text(), "start sleep: timed out") != NULL);
	return 0;
}

static void
test_limits(void **state)
{
	everywhere(run_limits, NULL);
}

/* The last without a pipe, so that its end is all there is to wait for. */
static int
run_long(void *arg)
{
	const struct tn_process_options options = {
		.argv = WORDS("sleep", "200"),
		.out = { arg == NULL ? TN_PROCESS_PIPE : TN_PROCESS_NULL, 0 },
	};
	struct tn_process_result result;

	CHECK_INT(tn_process_run(&options, NULL, &result), -ECANCELED);
	return 0;
}

static int
cancel_them(void *arg)
{
	struct tn_group *group;
	bool loop = tn_loop_count() > 0;

	CHECK_INT(tn_group_open(&group), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT((loop ? tn_go : tn_go_thread)(group, run_long,
		    i < 2 ? NULL : group), 0);
	CHECK_INT(tn_sleep(arg != NULL ? 50 * TN_MILLISECOND : 0), 0);
	tn_group_free(group);
	return 0;
}

static void
test_cancel(void **state)
{
	everywhere(cancel_them, NULL);
	everywhere(cancel_them, "later");
}

/* ---- a conversation ---------------------------------------------------- */

static int
talk(void *arg)
{
	const struct tn_process_options options = {
		.argv = WORDS("cat"), .in = PIPED, .out = PIPED,
	};
	TN_CLEANUP(tn_process_freep) struct tn_process *p = NULL;
	struct tn_slice line;
	int status = 99;

	CHECK_INT(tn_process_open(&options, &p), 0);
	CHECK(tn_process_stderr(p) == NULL);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(tn_stream_printf(tn_process_stdin(p), "%d\n", i), 0);
		CHECK_INT(tn_stream_read_line(tn_process_stdout(p), TN_LINE_ANY,
		    80, &line), 1);
		CHECK_INT(line.len, 1);
		CHECK_INT(line.data[0], '0' + i);
	}
	CHECK_INT(tn_process_poll(p, &status), 0);
	CHECK_INT(tn_stream_shutdown(tn_process_stdin(p)), 0);
	CHECK_INT(tn_stream_fill(tn_process_stdout(p), 1, &line), 0);
	CHECK_INT(tn_process_wait(p, &status), 0);
	CHECK_INT(status, 0);
	CHECK_INT(tn_stream_write(tn_process_stdin(p), TN_SLICE("x")), -EPIPE);
	return 0;
}

static void
test_talk(void **state)
{
	everywhere(talk, NULL);
}

/* Nobody reads what we write; no signal comes of that. */
static int
talk_to_nobody(void *arg)
{
	const struct tn_process_options options = {
		.argv = WORDS("true"), .in = PIPED,
	};
	TN_CLEANUP(tn_process_freep) struct tn_process *p = NULL;
	int status;

	CHECK_INT(tn_process_open(&options, &p), 0);
	CHECK_INT(tn_process_wait(p, &status), 0);
	CHECK_INT(tn_stream_write(tn_process_stdin(p), TN_SLICE("x")), 0);
	CHECK_ERROR(tn_stream_flush(tn_process_stdin(p)), -EPIPE,
	    "write to pipe of a program: the other end is closed");
	return 0;
}

static void
test_talk_to_nobody(void **state)
{
	everywhere(talk_to_nobody, NULL);
}

/* ---- ends -------------------------------------------------------------- */

static int
end_early(void *arg)
{
	const struct tn_process_options options = {
		.argv = WORDS("sleep", "200"),
	};
	TN_CLEANUP(tn_process_freep) struct tn_process *p = NULL;
	struct tn_scope scope;
	int status = 99, pid;

	CHECK_INT(tn_process_open(&options, &p), 0);
	pid = tn_process_pid(p);
	if (arg != NULL && p->process.io.fd >= 0)
		close(tn__io_close(&p->process.io));
	CHECK_INT(getpgid(pid), pid);
	for (int i = 0; i < 2; i++) {
		tn_scope_open(&scope, tn_after(10 * TN_MILLISECOND));
		CHECK_INT(tn_process_wait(p, &status), -ETIMEDOUT);
		CHECK(tn_scope_close(&scope));
		CHECK_INT(status, 99);
	}
	tn_process_send_signal(p, SIGSTOP);
	tn_process_send_signal(p, SIGCONT);
	tn_process_terminate(p);
	CHECK_INT(tn_process_wait(p, &status), 0);
	CHECK_INT(status, -SIGTERM);
	status = 99;
	CHECK_INT(tn_process_wait(p, &status), 0);
	CHECK_INT(status, -SIGTERM);
	CHECK_INT(tn_process_poll(p, &status), 1);
	CHECK_INT(tn_process_end(p, 0, &status), 0);
	CHECK_INT(status, -SIGTERM);
	CHECK_INT(tn_process_pid(p), pid);
	tn_process_kill(p); /* nobody */
	return 0;
}

static void
test_end_early(void **state)
{
	everywhere(end_early, NULL);
	everywhere(end_early, "without a pidfd");
}

/* Freed while it runs. */
static int
drop(void *arg)
{
	const struct tn_process_options options = {
		.argv = SHELL("trap '' TERM; sleep 200"), .in = PIPED,
		.out = PIPED, .err = PIPED, .group = TN_PROCESS_GROUP_SESSION,
	};
	struct tn_process *p;
	int pid;

	CHECK_INT(tn_process_open(&options, &p), 0);
	pid = tn_process_pid(p);
	CHECK_INT(getsid(pid), pid);
	tn_process_free(p);
	CHECK_INT(kill(pid, 0), -1);
	tn_process_free(NULL);
	return 0;
}

static void
test_drop(void **state)
{
	everywhere(drop, NULL);
}

static int
end_politely(void *arg)
{
	static const struct {
		const char *line;
		tn_time grace;
		int status;
	} cases[] = {
		{ "trap 'exit 5' TERM; echo; while :; do :; done",
		    200 * TN_SECOND, 5 },
		{ "trap '' TERM; echo; sleep 200", 10 * TN_MILLISECOND,
		    -SIGKILL },
	};

	for (size_t i = 0; i < TN_COUNT(cases); i++) {
		const struct tn_process_options options = {
			.argv = SHELL(cases[i].line), .out = PIPED,
			.err = { TN_PROCESS_NULL, 0 },
		};
		TN_CLEANUP(tn_process_freep) struct tn_process *p = NULL;
		struct tn_slice line;
		int status;

		CHECK_INT(tn_process_open(&options, &p), 0);
		CHECK_INT(tn_stream_fill(tn_process_stdout(p), 1, &line), 1);
		CHECK_INT(tn_process_end(p, cases[i].grace, &status), 0);
		CHECK_INT(status, cases[i].status);
	}
	return 0;
}

static void
test_end_politely(void **state)
{
	everywhere(end_politely, NULL);
}

/* Somebody else was quicker. */
static int
reaped_before(void *arg)
{
	const struct tn_process_options options = { .argv = WORDS("true") };
	TN_CLEANUP(tn_process_freep) struct tn_process *p = NULL;
	int status = 99;

	CHECK_INT(tn_process_open(&options, &p), 0);
	CHECK_INT(waitpid(tn_process_pid(p), NULL, 0), tn_process_pid(p));
	CHECK_INT(tn_process_wait(p, &status), -ECHILD);
	CHECK(strstr(tn_error_text(), "somebody else") != NULL);
	CHECK_INT(tn_process_poll(p, &status), -ECHILD);
	CHECK_INT(status, 99);
	return 0;
}

static void
test_reaped_before(void **state)
{
	everywhere(reaped_before, NULL);
}

/* ---- what it started itself -------------------------------------------- */

static int
number_of(struct tn_slice text)
{
	int pid = 0;

	for (size_t i = 0; i < text.len && text.data[i] != '\n'; i++)
		pid = pid * 10 + text.data[i] - '0';
	CHECK(pid > 1);
	return pid;
}

/* An orphan may stay a zombie where nobody adopts it. */
static bool
is_dead(int pid)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return true;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	return text[0] == '\0' || strstr(text, ") Z ") != NULL ||
	    strstr(text, ") X ") != NULL;
}

static void
check_dies(int pid)
{
	for (int i = 0; i < 20000 && !is_dead(pid); i++)
		CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	CHECK(is_dead(pid));
}

static int
children_die(void *arg)
{
	const struct tn_process_options waits = {
		.argv = SHELL("sleep 200 & echo $!; wait"), .out = PIPED,
	}, leaves = { .argv = SHELL("sleep 200 & echo $!"), .out = PIPED };
	struct tn_process_result result;
	struct tn_process *p;
	struct tn_slice line;
	int pid;

	CHECK_INT(tn_process_open(&waits, &p), 0);
	CHECK_INT(tn_stream_read_line(tn_process_stdout(p), TN_LINE_ANY, 80,
	    &line), 1);
	pid = number_of(line);
	CHECK(!is_dead(pid));
	tn_process_free(p);
	check_dies(pid);

	/* It holds the pipe, and nobody waits for that. */
	CHECK_INT(tn_process_run(&leaves, NULL, &result), 0);
	CHECK_INT(result.status, 0);
	check_dies(number_of(tn_buffer_slice(&result.out)));
	tn_process_result_free(&result);
	return 0;
}

static void
test_children_die(void **state)
{
	everywhere(children_die, NULL);
}

/* What is in our group, or has left the program's, lives on. */
static int
children_live(void *arg)
{
	const struct tn_process_options same = {
		.argv = SHELL("sleep 200 & echo $!"), .out = PIPED,
		.group = TN_PROCESS_GROUP_SAME,
	}, away = {
		.argv = SHELL("setsid sleep 200 & p=$!; until "
		    "[ $(cut -d' ' -f6 /proc/$p/stat) = $p ]; do :; done; "
		    "echo $p"), .out = PIPED,
	}, *both[] = { &same, &away };

	for (size_t i = 0; i < TN_COUNT(both); i++) {
		struct tn_process_result result;
		int pid;

		CHECK_INT(tn_process_run(both[i], NULL, &result), 0);
		pid = number_of(tn_buffer_slice(&result.out));
		CHECK(!is_dead(pid));
		CHECK_INT(kill(pid, SIGKILL), 0);
		check_dies(pid);
		tn_process_result_free(&result);
	}
	return 0;
}

static void
test_children_live(void **state)
{
	everywhere(children_live, NULL);
}

/* ---- what cannot be started -------------------------------------------- */

static char folder[32];
static char text_file[64], no_program[64], no_interpreter[64];

static void
make_file(char path[64], const char *name, unsigned mode, const char *text)
{
	FILE *file;

	snprintf(path, 64, "%s/%s", folder, name);
	file = fopen(path, "w");
	CHECK(file != NULL && fputs(text, file) >= 0);
	fclose(file);
	CHECK_INT(chmod(path, mode), 0);
}

static int
make_files(void **state)
{
	snprintf(folder, sizeof(folder), "process-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	make_file(text_file, "text", 0644, "#!/bin/sh\n");
	make_file(no_program, "words", 0755, "echo never\n");
	make_file(no_interpreter, "lost", 0755, "#!/no/such/shell\n");
	return 0;
}

static int
remove_files(void **state)
{
	unlink(text_file);
	unlink(no_program);
	unlink(no_interpreter);
	return rmdir(folder);
}

static const struct refusal {
	const char *name;
	struct tn_process_options options;
	int code;
	const char *words;
} refusals[] = {
	{ "no such program", { .argv = WORDS("no-such-\33program") }, -ENOENT,
	    "start no-such-\\x1bprogram: there is no such program in PATH" },
	{ "no such path", { .argv = WORDS("/no/such") }, -ENOENT,
	    "start /no/such: there is no such program, or what its first line "
	    "names is not there" },
	{ "no such interpreter", { .argv = WORDS(no_interpreter) }, -ENOENT,
	    "what its first line names is not there" },
	{ "no such folder", { .argv = WORDS("true"), .cwd = "/no/such" },
	    -ENOENT, "start true in /no/such: no such file or directory" },
	{ "not executable", { .argv = WORDS(text_file) }, -EACCES,
	    "it may not be executed" },
	{ "a folder", { .argv = WORDS("/usr") }, -EACCES,
	    "it may not be executed" },
	{ "no program", { .argv = WORDS(no_program) }, -ENOEXEC,
	    "needs a first line such as #!/bin/sh" },
	{ "no words", { .argv = NULL }, -EINVAL, "argv[0], is missing" },
	{ "no name", { .argv = WORDS("") }, -EINVAL, "argv[0], is missing" },
	{ "output to output", { .argv = WORDS("true"),
	    .out = { TN_PROCESS_STDOUT, 0 } }, -EINVAL,
	    "for standard error only" },
	{ "no such end", { .argv = WORDS("true"), .err = { 77, 0 } }, -EINVAL,
	    "standard descriptor 2: invalid argument" },
	{ "no descriptor", { .argv = WORDS("true"),
	    .in = { TN_PROCESS_FD, -4 } }, -EBADF,
	    "standard descriptor 0: closed or not a descriptor" },
	{ "closed descriptor",
	    { .argv = WORDS("true"),
		.out = PIPED,
		.err = { TN_PROCESS_FD, 54321 } },
	    -EBADF, "start true: closed or not a descriptor" },
};

static int
refuse(void *arg)
{
	const struct refusal *t = arg;
	struct tn_process *p = NULL;

	CHECK_INT(tn_process_open(&t->options, &p), t->code);
	CHECK(p == NULL);
	CHECK_INT(tn_error_code(), t->code);
	if (strstr(tn_error_text(), t->words) == NULL)
		CHECK_TEXT(tn_error_text(), t->words);
	return 0;
}

static void
test_refusal(void **state)
{
	everywhere(refuse, *state);
}

/* With one descriptor more each time, until there are enough. */
static int
run_short_of_fds(void *arg)
{
	const struct tn_process_options options = {
		.argv = WORDS("cat"), .in = PIPED, .out = PIPED, .err = PIPED,
	};
	const struct tn_process_run_options input = { .input = TN_SLICE("x") };
	struct tn_process_result result;
	struct rlimit before, limit;
	int top, refused = 0, r = -1;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	top = dup(0); /* the lowest that is free */
	close(top);
	for (int more = 0; r < 0; more++) {
		limit = before;
		limit.rlim_cur = (rlim_t)(top + more);
		CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
		r = tn_process_run(&options, &input, &result);
		CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
		if (r == 0)
			break;
		CHECK_ERROR(r, -EMFILE, "start cat: too many open files");
		refused++;
	}
	CHECK_INT(result.out.len, 1);
	CHECK(refused >= 8);
	tn_process_result_free(&result);
	return 0;
}

static void
test_short_of_fds(void **state)
{
	everywhere(run_short_of_fds, NULL);
}

/* Descriptors that stand where standard ones should. */
static int
run_without_standard(void *arg)
{
	const struct tn_process_options options = {
		.argv = WORDS("cat"), .in = PIPED, .out = PIPED,
		.err = { TN_PROCESS_STDOUT, 0 },
	};
	const struct tn_process_run_options input = { .input = TN_SLICE("x") };
	struct tn_process_result result;
	int kept[2], r;

	for (int i = 0; i < 2; i++) {
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	r = tn_process_run(&options, &input, &result);
	for (int i = 0; i < 2; i++) {
		dup2(kept[i], i);
		close(kept[i]);
	}
	CHECK_INT(r, 0);
	CHECK_INT(result.status, 0);
	CHECK_TEXT(result.out.data, "x");
	tn_process_result_free(&result);
	return 0;
}

static void
test_without_standard(void **state)
{
	everywhere(run_without_standard, NULL);
}

/* A descriptor of the caller's, which stays open and where it was. */
static int
run_into_file(void *arg)
{
	FILE *file = tmpfile();
	struct tn_process_options options = {
		.argv = SHELL("cat; echo err >&2"),
		.out = { TN_PROCESS_FD, fileno(file) },
		.err = { TN_PROCESS_FD, fileno(file) },
		.in = PIPED,
	};
	const struct tn_process_run_options input = {
		.input = TN_SLICE("in\n"),
	};
	struct tn_process_result result;
	char text[16] = "";

	CHECK_INT(fcntl(fileno(file), F_SETFL, O_RDWR | O_NONBLOCK), 0);
	CHECK_INT(tn_process_run(&options, &input, &result), 0);
	CHECK(result.out.data == NULL && result.err.data == NULL);
	CHECK_INT(pread(fileno(file), text, sizeof(text) - 1, 0), 7);
	CHECK_TEXT(text, "in\nerr\n");
	CHECK_INT(fcntl(fileno(file), F_GETFL) & O_NONBLOCK, 0);
	fclose(file);
	return 0;
}

static void
test_into_file(void **state)
{
	everywhere(run_into_file, NULL);
}

/* ---- many -------------------------------------------------------------- */

static int
run_one_of_many(void *arg)
{
	const struct tn_process_options options = {
		.argv = SHELL("read n; echo $n; exit $n"), .in = PIPED,
		.out = PIPED,
	};
	char text[16];
	struct tn_process_run_options input = { .input = { text, 0 } };
	struct tn_process_result result;

	input.input.len = (size_t)snprintf(text, sizeof(text), "%d\n",
	    *(int *)arg);
	CHECK_INT(tn_process_run(&options, &input, &result), 0);
	CHECK_INT(result.status, *(int *)arg);
	CHECK_TEXT(result.out.data, text);
	tn_process_result_free(&result);
	return 0;
}

static int
run_many(void *arg)
{
	bool loop = tn_loop_count() > 0;
	struct tn_group *group;
	int numbers[100], count = loop ? 100 : 10;

	CHECK_INT(tn_group_open(&group), 0);
	for (int i = 0; i < count; i++) {
		numbers[i] = i;
		CHECK_INT((loop ? tn_go : tn_go_thread)(group, run_one_of_many,
		    &numbers[i]), 0);
	}
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	return 0;
}

static void
test_many(void **state)
{
	everywhere(run_many, NULL);
}

/* ---- elsewhere --------------------------------------------------------- */

static int
run_in_sim(void *arg)
{
	const struct tn_process_options options = { .argv = WORDS("true") };
	struct tn_process_result result;

	CHECK_ERROR(tn_process_run(&options, NULL, &result), -EOPNOTSUPP,
	    "start a program: a simulated world has one process");
	return 0;
}

static void
test_sim(void **state)
{
	struct tn_sim_result result = { 0 };

	CHECK_INT(tn_sim_run(1, NULL, run_in_sim, NULL, &result), 0);
}

static void
test_status(void **state)
{
	char text[TN_PROCESS_STATUS_MAX];

	CHECK_TEXT(tn_process_status_format(0, text), "exit status 0");
	CHECK_TEXT(tn_process_status_format(255, text), "exit status 255");
	CHECK_TEXT(tn_process_status_format(-SIGKILL, text),
	    "ended by SIGKILL (9)");
	CHECK_TEXT(tn_process_status_format(-SIGRTMIN, text),
	    "ended by a signal (34)");
	CHECK_TEXT(tn_process_status_format(INT32_MIN, text),
	    "ended by a signal (2147483648)");
}

/* ---- an older kernel --------------------------------------------------- */

#define DENY(call)                                                             \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                     \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)

/* Without pidfds and close_range(2); in the programs too, from now on. */
static bool
forget_new_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    (uint32_t)offsetof(struct seccomp_data, nr)),
		DENY(434), /* pidfd_open */
		DENY(436), /* close_range */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { TN_COUNT(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_talk_to_nobody),
		cmocka_unit_test(test_end_early),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_end_politely),
		cmocka_unit_test(test_reaped_before),
		cmocka_unit_test(test_children_die),
		cmocka_unit_test(test_children_live),
		cmocka_unit_test(test_short_of_fds),
		cmocka_unit_test(test_without_standard),
		cmocka_unit_test(test_into_file),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_sim),
		cmocka_unit_test(test_status),
	};
	int failed;

	if (argc > 1 && !forget_new_calls())
		return 77;
	/* Whoever started this in the background ignores some. */
	for (int i = 1; i < SIGRTMIN; i++)
		signal(i, SIG_DFL);
	failed = cmocka_run_group_tests_name("stream/process", tests,
	    make_files, remove_files);

	make_files(NULL);
	failed += CHECK_ROWS(rows, test_row);
	failed += CHECK_ROWS(refusals, test_refusal);
	remove_files(NULL);
	return failed;
}
