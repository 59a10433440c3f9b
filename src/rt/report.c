/* Two reporters for what goes wrong inside a program: a fiber that ran out of
 * stack, and one that holds its loop too long. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <tenon/log.h>
#include "rt/internal.h"

/* ---- stack overflow ---------------------------------------------------- */

#define REPORT_STACK (16 * 1024)

static atomic_bool report_on;
static struct sigaction report_before;

static size_t
report_uint(char *out, uint64_t n)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + n % 10);
	} while ((n /= 10) > 0);
	for (size_t i = 0; i < count; i++)
		out[i] = digits[count - 1 - i];
	return count;
}

static size_t
report_text(char *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return len;
}

/* Only what is safe in a signal handler. */
static void
report_overflow(const struct tn__fiber *f, const struct tn__loop *loop)
{
	char line[256];
	size_t n = 0;

	n += report_text(line + n, "tenon: fiber ");
	n += report_uint(line + n, f->id);
	if (f->name[0] != '\0') {
		n += report_text(line + n, " (");
		n += report_text(line + n, f->name);
		n += report_text(line + n, ")");
	}
	n += report_text(line + n, " overflowed its stack of ");
	n += report_uint(line + n, loop->stack_size / 1024);
	n += report_text(line + n, " KiB; raise tn_run_options.stack_bytes\n");
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

static void
report_segv(int number, siginfo_t *info, void *context)
{
	struct tn__loop *loop = tn__loop_current;
	struct tn__fiber *f = loop == NULL ? NULL : loop->current;
	char *at = info->si_addr;

	if (f != NULL && f->stack != NULL && at >= f->stack &&
	    at < f->stack + tn__page_size())
		report_overflow(f, loop);
	/* Back in place, the faulting instruction finds the earlier handler,
	 * and the program dies as it would have. */
	sigaction(SIGSEGV, &report_before, NULL);
}

/* The handler cannot run on the stack that is full. */
void
tn__overflow_thread(void)
{
	static _Thread_local char *stack;
	stack_t alternate = { .ss_size = REPORT_STACK }, before;

	if (!atomic_load(&report_on) || stack != NULL)
		return;
	if (sigaltstack(NULL, &before) == 0 && !(before.ss_flags & SS_DISABLE))
		return;
	/* Kept until the process ends: a thread's last breath may need it. */
	stack = tn__alloc(REPORT_STACK);
	alternate.ss_sp = stack;
	if (stack != NULL)
		sigaltstack(&alternate, NULL);
}

int
tn_overflow_report(void)
{
	struct sigaction action = { .sa_sigaction = report_segv,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (atomic_exchange(&report_on, true))
		return 0;
	tn__overflow_thread();
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGSEGV, &action, &report_before) < 0)
		return tn_error_set(-errno, "report overflows: %s",
		    tn_error_words(-errno));
	return 0;
}

/* ---- a stalled loop ---------------------------------------------------- */

struct tn__stall {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool ended;
	struct tn__run *run;
	tn_time limit;
	struct stall_seen {
		unsigned long long turn;
		tn_time since;
		bool told;
	} seen[];
};

static void
stall_tell(const char *name, int index, tn_time held)
{
	char loop[24], ms[24];
	struct tn_log_field fields[] = {
		{ "fiber", name[0] == '\0' ? "unnamed" : name },
		{ "loop", loop },
		{ "held_ms", ms },
	};

	snprintf(loop, sizeof(loop), "%d", index);
	snprintf(ms, sizeof(ms), "%lld", (long long)(held / TN_MILLISECOND));
	tn_log(TN_LOG_WARNING, "fiber.stall", fields, TN_COUNT(fields));
}

/* The name may change while it is read; it never loses its last NUL. */
#if defined(__clang__) || defined(__GNUC__)
__attribute__((no_sanitize("thread")))
#endif
static void
stall_copy(char *out, const char *name, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = name[i];
	out[size - 1] = '\0';
}

static void
stall_look(struct tn__stall *stall, int index, tn_time now)
{
	struct tn__loop *loop = stall->run->loops[index];
	struct stall_seen *seen = &stall->seen[index];
	unsigned long long turn = atomic_load(&loop->turns);
	const char *running = atomic_load(&loop->running);
	char name[32];

	if (running == NULL || turn != seen->turn) {
		seen->turn = turn;
		seen->since = now;
		seen->told = false;
	} else if (!seen->told && now - seen->since >= stall->limit) {
		seen->told = true;
		stall_copy(name, running, sizeof(name));
		stall_tell(name, index, now - seen->since);
	}
}

static void *
stall_watch(void *arg)
{
	struct tn__stall *stall = arg;
	struct tn__host *host = &tn__host_linux;
	struct timespec next;

	pthread_mutex_lock(&stall->lock);
	while (!stall->ended) {
		int64_t at = host->wall_now(host) + stall->limit / 4;

		next.tv_sec = at / TN_SECOND;
		next.tv_nsec = (long)(at % TN_SECOND);
		pthread_cond_timedwait(&stall->end, &stall->lock, &next);
		for (int i = 0; i < stall->run->loop_count; i++)
			stall_look(stall, i, host->now(host));
	}
	pthread_mutex_unlock(&stall->lock);
	return NULL;
}

int
tn__stall_start(struct tn__run *run, int64_t stall_ms)
{
	struct tn__stall *stall;
	sigset_t all, before;
	int r;

	if (stall_ms <= 0)
		return 0;
	stall = tn__zalloc(sizeof(*stall) +
	    (size_t)run->loop_count * sizeof(stall->seen[0]));
	if (stall == NULL)
		return tn__error_nomem();
	stall->run = run;
	stall->limit = stall_ms * TN_MILLISECOND;
	pthread_mutex_init(&stall->lock, NULL);
	pthread_cond_init(&stall->end, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&stall->thread, NULL, stall_watch, stall);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		tn__free(stall);
		return tn_error_set(r, "watch for stalls: %s",
		    tn_error_words(r));
	}
	run->stall = stall;
	return 0;
}

void
tn__stall_stop(struct tn__run *run)
{
	struct tn__stall *stall = run->stall;

	if (stall == NULL)
		return;
	pthread_mutex_lock(&stall->lock);
	stall->ended = true;
	pthread_cond_signal(&stall->end);
	pthread_mutex_unlock(&stall->lock);
	pthread_join(stall->thread, NULL);
	pthread_cond_destroy(&stall->end);
	pthread_mutex_destroy(&stall->lock);
	tn__free(stall);
	run->stall = NULL;
}
