/* tenon/process.h - other programs: started, spoken to, waited for.  Python's
 * subprocess.
 *
 * A program is started from a list of words, and no shell ever reads them; who
 * wants a shell names it ({ "sh", "-c", line, NULL }).  It has standard input,
 * output and error as said below and no other descriptor of ours, no signal
 * blocked, and SIGPIPE as it should be.  It leads a group of processes: what it
 * starts is in there too, is sent the signals that it is sent, and is killed
 * once it has ended itself.  Who is to stay on leaves the group (setsid(1)).
 *
 * Calls block the calling fiber or thread until done, until a deadline passes
 * (-ETIMEDOUT) or it is cancelled (-ECANCELED); the program runs on then.  A
 * process belongs to one fiber at a time, beside those that read and write its
 * streams.  In a simulated world starting one fails with -EOPNOTSUPP. */
#ifndef TENON_PROCESS_H
#define TENON_PROCESS_H

#include <tenon/base.h>
#include <tenon/buffer.h>
#include <tenon/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_process;

/* ---- starting ---------------------------------------------------------- */

enum tn_process_end {
	TN_PROCESS_INHERIT, /* the one that this process has */
	TN_PROCESS_NULL,    /* /dev/null */
	TN_PROCESS_PIPE,    /* a stream of ours */
	TN_PROCESS_FD,      /* a descriptor, which stays the caller's; its
			     * O_NONBLOCK is switched off, for whoever else
			     * has it too */
	TN_PROCESS_STDOUT,  /* standard error: goes where output goes */
};

struct tn_process_stdio {
	enum tn_process_end end;
	int fd; /* for TN_PROCESS_FD */
};

enum tn_process_group {
	TN_PROCESS_GROUP_OWN,     /* and Ctrl-C at the terminal is for us */
	TN_PROCESS_GROUP_SESSION, /* nor has it a terminal to ask at */
	TN_PROCESS_GROUP_SAME,    /* ours: signals go to it alone, and what it
				   * started goes on without it */
};

struct tn_process_options { /* all-zero but for `argv` is valid */
	const char *const *argv; /* its words, ended by NULL.  The first, where
				  * it has no "/", is looked for in PATH */
	const char *const *env;  /* "NAME=value", ended by NULL, and then the
				  * PATH is that of these; NULL = as here */
	const char *const *env_more; /* these as well, in the place of others of
				  * the same names; NULL = none */
	const char *cwd;         /* where it begins; NULL = here */
	struct tn_process_stdio in, out, err;
	enum tn_process_group group;
	uint64_t reserved[8];
};

/* Starts it; 0 once it runs.  -ENOENT when there is no such program or folder,
 * -EACCES, -ENOEXEC for what is none (a script without "#!" too), -E2BIG,
 * -EAGAIN and -ENOMEM when there are too many processes, -EMFILE, -EBADF,
 * -EINVAL.  On failure nothing runs. */
TN_API TN_CHECK int tn_process_open(const struct tn_process_options *options,
    struct tn_process **ret);

/* Its number, also after its end. */
TN_API int tn_process_pid(const struct tn_process *process);

/* What was to be TN_PROCESS_PIPE, else NULL: written to, read from, read from.
 * They stay the process's.  tn_stream_shutdown() of the first is the end of its
 * input.  A program that writes to both may fill one while we read the other:
 * read them from two fibers, or use tn_process_run(). */
TN_API struct tn_stream *tn_process_stdin(const struct tn_process *process);
TN_API struct tn_stream *tn_process_stdout(const struct tn_process *process);
TN_API struct tn_stream *tn_process_stderr(const struct tn_process *process);

/* ---- its end ----------------------------------------------------------- */

/* Waits for it: 0, and in `*ret_status` its exit status, 0 to 255, or minus the
 * signal that ended it; the same again once it is known.  -ECHILD when somebody
 * else in this process has waited for it, or SIGCHLD is ignored: then nobody
 * knows. */
TN_API TN_CHECK int tn_process_wait(struct tn_process *process,
    int *ret_status);

/* The same without waiting: 1, or 0 while it runs. */
TN_API TN_CHECK int tn_process_poll(struct tn_process *process,
    int *ret_status);

/* Sends it a signal, with its group; SIGTERM; SIGKILL.  Nothing happens once it
 * was waited for. */
TN_API void tn_process_send_signal(struct tn_process *process, int signal);
TN_API void tn_process_terminate(struct tn_process *process);
TN_API void tn_process_kill(struct tn_process *process);

/* Asks it to end (SIGTERM), kills it `grace` later, and waits for that whatever
 * the caller's deadline.  As tn_process_wait(). */
TN_API int tn_process_end(struct tn_process *process, tn_time grace,
    int *ret_status);

/* Closes the streams; what still runs is killed and waited for, whatever the
 * caller's deadline.  NULL is fine. */
TN_API void tn_process_free(struct tn_process *process);
TN_DEFINE_CLEANUP(struct tn_process, tn_process_free) /* tn_process_freep */

/* "exit status 1", "ended by SIGKILL (9)"; returns `ret`. */
#define TN_PROCESS_STATUS_MAX 32
TN_API char *tn_process_status_format(int status,
    char ret[TN_PROCESS_STATUS_MAX]);

/* ---- all at once ------------------------------------------------------- */

struct tn_process_run_options {      /* all-zero is valid; 0 = default */
	struct tn_slice input;       /* given to it when `in` is
				      * TN_PROCESS_PIPE, and then the end */
	int64_t output_bytes_max;    /* of output and error together; 1 MiB;
				      * -1 = no limit */
	int64_t time_ms;             /* 0 and -1: as the deadline in force */
	bool partial;                /* what came before a limit was passed is
				      * a result too */
	uint64_t reserved[8];
};

struct tn_process_result {
	int status;           /* as tn_process_wait() has it */
	int limit;            /* 0; or TN_ELIMIT or -ETIMEDOUT: why it was
			       * killed (`partial`) */
	struct tn_buffer out; /* what was to be TN_PROCESS_PIPE */
	struct tn_buffer err;
};

/* Starts it, gives it the input, collects its output until it has ended, and
 * waits for it.  What others still hold of its pipes then is not waited for.
 * On failure, by deadline or cancellation too, nothing of it runs any more.
 * Beside the errors above TN_ELIMIT, and -ETIMEDOUT after `time_ms`. */
TN_API TN_CHECK int tn_process_run(const struct tn_process_options *options,
    const struct tn_process_run_options *run, struct tn_process_result *ret);
TN_API void tn_process_result_free(struct tn_process_result *result);

#ifdef __cplusplus
}
#endif

#endif
