/* Two processes: the lower one runs the scenario, point by point; the upper
 * one waits for it, says at which point it died, and starts it again behind
 * that point. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "rt/rt.h"
#include "sweep/sweep.h"

#define SWEEP_PATIENCE_S 20    /* a run that takes longer hangs */
/* For what was left behind to end; shorter than anything is kept for the next
 * run, such as the two seconds of tenon serve's cache. */
#define SWEEP_SETTLE_MS 1500
#define SWEEP_LEAVES 4         /* so many runs in a row: a leak */
#define SWEEP_DIED_MAX 20      /* of one scenario */
#define SWEEP_FAILED_MAX 20

/* How thoroughly. */
struct sweep_depth {
	int first, spread; /* uses: so many first ones, so many of the rest */
	bool cross;        /* each error at each use, not in turns */
};
static const struct sweep_depth sweep_sample = { 4, 4, false };
static const struct sweep_depth sweep_all = { 50, 50, true };

/* Shared by both processes. */
static struct sweep_shared {
	struct sweep_state state;
	int uses[SWEEP_CALL_COUNT]; /* when nothing fails */
	bool counted;
	int next;                   /* ordinal of the next point */
	char at[96];                /* the present one, as TENON_SWEEP has it */
	int points, fired, errors, failed;
	atomic_int runs;   /* so far */
	atomic_bool hangs; /* the present one */
} *sweep_shared;

static struct sweep_run {
	const char *program;
	const struct sweep_scenario *scenario;
	struct sweep_depth depth;
	const char *only; /* TENON_SWEEP: one point */
} sweep;

static int sweep_watched;
static struct sweep_point sweep_tried;
static char sweep_wrong_text[512];

/* ---- words ------------------------------------------------------------- */

static const struct {
	int error;
	const char *name;
} sweep_names[] = {
	{ SWEEP_SHORT, "SHORT" },
	{ EAI_AGAIN, "EAI_AGAIN" },
	{ EAI_NONAME, "EAI_NONAME" },
	{ EAI_MEMORY, "EAI_MEMORY" },
	{ EAI_SYSTEM, "EAI_SYSTEM" },
};

static const char *
sweep_error_name(int error)
{
	for (size_t i = 0; i < TN_COUNT(sweep_names); i++)
		if (sweep_names[i].error == error)
			return sweep_names[i].name;
	return tn_error_name(-error);
}

static void
sweep_point_text(const struct sweep_point *p, char *out, size_t size)
{
	snprintf(out, size, "%s:%s:%d%s:%s", sweep.scenario->name,
	    sweep_rows[p->call].name, p->n, p->onward ? "+" : "",
	    sweep_error_name(p->error));
}

static void
sweep_fail(const char *what, const char *detail)
{
	sweep_shared->failed++;
	fprintf(stderr, "FAILED %s: %s%s%s\n"
	    "\trepeat: TENON_SWEEP=%s ./dev test sweep/%s\n",
	    sweep_shared->at, what, detail[0] != '\0' ? ": " : "", detail,
	    sweep_shared->at, sweep.program);
}

int
sweep_wrong(const char *file, int line, const char *what)
{
	snprintf(sweep_wrong_text, sizeof(sweep_wrong_text),
	    "%s:%d: %s; last error: %.200s", file, line, what,
	    tn_error_text());
	return SWEEP_WRONG;
}

/* ---- what is held ------------------------------------------------------ */

struct sweep_held {
	long blocks, mappings;
	int fds, threads;
};

static int
sweep_entries(const char *what)
{
	char path[64];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", sweep_watched, what);
	dir = opendir(path);
	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		closedir(dir);
	return count;
}

static struct sweep_held
sweep_count(void)
{
	const struct sweep_held_by *by = sweep_state->held;

	return (struct sweep_held){
		.blocks = atomic_load(&by[0].blocks) +
		    atomic_load(&by[1].blocks),
		.mappings = atomic_load(&by[0].mappings) +
		    atomic_load(&by[1].mappings),
		.fds = sweep_entries("fd"),
		.threads = sweep_entries("task"),
	};
}

/* A thread that is about to end may have been counted before. */
static bool
sweep_same(const struct sweep_held *a, const struct sweep_held *b)
{
	return a->blocks == b->blocks && a->mappings == b->mappings &&
	    a->fds == b->fds && a->threads <= b->threads;
}

/* What was left behind (a look-up, a thread) has a moment to end. */
static bool
sweep_settles(const struct sweep_held *before, struct sweep_held *ret_now)
{
	tn_time until = tn__host_linux.now(&tn__host_linux) +
	    SWEEP_SETTLE_MS * TN_MILLISECOND;

	*ret_now = sweep_count();
	while (!sweep_same(ret_now, before) &&
	    tn__host_linux.now(&tn__host_linux) < until) {
		usleep(5000);
		*ret_now = sweep_count();
	}
	return sweep_same(ret_now, before);
}

static void
sweep_fail_held(const struct sweep_held *before, const struct sweep_held *now)
{
	char text[160];

	snprintf(text, sizeof(text), "before: %ld blocks, %ld mappings, "
	    "%d descriptors, %d threads; after: %ld, %ld, %d, %d",
	    before->blocks, before->mappings, before->fds, before->threads,
	    now->blocks, now->mappings, now->fds, now->threads);
	sweep_fail("something is left behind", text);
}

/* ---- one run ----------------------------------------------------------- */

/* A thread of its own: the loops can answer it. */
static void *
sweep_watchdog(void *arg)
{
	sweep_outside = true;
	while (!atomic_load(&sweep_shared->hangs))
		usleep(100000);
	tn_dump(stderr);
	abort();
}

/* Where there will be processes there is no thread: a sanitizer that looks for
 * leaks in one of those would look for it too. */
static int
sweep_watchdog_start(void)
{
	pthread_t watchdog;

	return sweep.scenario->forks ? 0 :
	    pthread_create(&watchdog, NULL, sweep_watchdog, NULL);
}

static int
sweep_run_once(const struct sweep_point *point)
{
	tn_time began = tn__host_linux.now(&tn__host_linux);
	int r;

	sweep_wrong_text[0] = '\0';
	sweep_arm(point);
	atomic_fetch_add(&sweep_shared->runs, 1);
	r = sweep.scenario->run();
	if (getenv("TENON_SWEEP_SAY") != NULL)
		fprintf(stderr, "%s: %d in %lld ms\n", sweep_shared->at, r,
		    (long long)(tn__host_linux.now(&tn__host_linux) - began) /
		    1000000);
	sweep_state->point.error = 0;
	return r;
}

/* Only who has no memory may have no words of his own. */
static bool
sweep_names_nothing(int r, const char *text)
{
	if (sweep_tried.call == SWEEP_alloc || r == -ENOMEM)
		return false;
	return strstr(text, ": ") == NULL;
}

static void
sweep_judge(int r)
{
	const char *text = tn_error_text();
	char detail[600];

	if (r >= 0)
		return;
	if (sweep_wrong_text[0] != '\0') {
		sweep_fail("wrong", sweep_wrong_text);
		return;
	}
	sweep_shared->errors++;
	snprintf(detail, sizeof(detail), "%d (%s), \"%s\"", r,
	    tn_error_words(r), text);
	if (getenv("TENON_SWEEP_SAY") != NULL)
		fprintf(stderr, "%s: %s\n", sweep_shared->at, text);
	if (text[0] == '\0')
		sweep_fail("an error without words", detail);
	else if (r != tn_error_code())
		sweep_fail("an error with another one's words", detail);
	else if (sweep_names_nothing(r, text))
		sweep_fail("an error that names nothing", detail);
}

/* The thread's own line is memory that stays. */
static void
sweep_forget_error(void)
{
	tn__error_clear(tn__error_current);
}

static void
sweep_fail_clean(void)
{
	sweep_fail("fails, although no call does", sweep_wrong_text[0] != '\0' ?
	    sweep_wrong_text : tn_error_text());
}

/* One run, with a failing call or without, and what it leaves behind.  Once
 * may be a buffer that is kept for the next, or a cache that was emptied
 * before; each time is a leak. */
static bool
sweep_run(const struct sweep_point *point)
{
	struct sweep_held before, now;
	bool leaves = true;
	int r = 0;

	for (int i = 0; i < SWEEP_LEAVES && leaves && r != SWEEP_WRONG; i++) {
		before = sweep_count();
		r = sweep_run_once(point);
		if (point != NULL)
			sweep_judge(r);
		else if (r < 0)
			sweep_fail_clean();
		sweep_forget_error();
		leaves = !sweep_settles(&before, &now);
	}
	if (leaves)
		sweep_fail_held(&before, &now);
	return r >= 0;
}

static void
sweep_try(const struct sweep_point *point)
{
	int fired;

	sweep_tried = *point;
	sweep_point_text(point, sweep_shared->at, sizeof(sweep_shared->at));
	sweep_shared->points++;
	sweep_run(point);
	fired = atomic_load(&sweep_state->fired);
	sweep_shared->fired += fired > 0;
	if (fired > 0)
		sweep_run(NULL);
}

/* ---- all points -------------------------------------------------------- */

/* Use `i` of those that are tried of `uses`, from 1; 0 behind the last. */
static int
sweep_use(const struct sweep_depth *d, int uses, int i)
{
	int rest = uses - d->first;

	if (i < d->first || rest <= d->spread)
		return i < uses ? i + 1 : 0;
	i -= d->first;
	return i < d->spread ? d->first + 1 + rest * i / d->spread : 0;
}

static int
sweep_length(const int *errors)
{
	int count = 0;

	while (count < SWEEP_ERRORS_MAX && errors[count] != 0)
		count++;
	return count;
}

/* Those not tried before; a process that was started again begins there. */
static void
sweep_maybe(const struct sweep_point *point, int *ordinal)
{
	char text[sizeof(sweep_shared->at)];

	sweep_point_text(point, text, sizeof(text));
	if (sweep.only != NULL && strcmp(sweep.only, text) != 0)
		return;
	if ((*ordinal)++ < sweep_shared->next ||
	    sweep_shared->failed >= SWEEP_FAILED_MAX)
		return;
	sweep_shared->next = *ordinal;
	sweep_try(point);
}

static void
sweep_call(enum sweep_call call, int *ordinal)
{
	const struct sweep_depth *d = &sweep.depth;
	const int *errors = sweep_rows[call].errors;
	int uses = sweep_shared->uses[call], used = 0;
	int kinds = sweep_length(errors);
	struct sweep_point p = { .call = call };

	while (sweep_use(d, uses, used) > 0)
		used++;
	for (int i = 0; d->cross && i < used * kinds; i++) {
		p.n = sweep_use(d, uses, i / kinds);
		p.error = errors[i % kinds];
		sweep_maybe(&p, ordinal);
	}
	for (int i = 0; !d->cross && used > 0 && (i < used || i < kinds); i++) {
		p.n = sweep_use(d, uses, i % used);
		p.error = errors[i % kinds];
		sweep_maybe(&p, ordinal);
	}
	if (call != SWEEP_alloc && call != SWEEP_descriptor)
		return;
	p.onward = true;
	for (int i = 0; i < used; i++) {
		p.n = sweep_use(d, uses, i);
		p.error = errors[0];
		sweep_maybe(&p, ordinal);
	}
}

static int
sweep_count_uses(void)
{
	snprintf(sweep_shared->at, sizeof(sweep_shared->at), "%s",
	    sweep.scenario->name);
	for (int i = 0; i < 3; i++)
		if (!sweep_run(NULL))
			return -1;
	for (int i = 0; i < SWEEP_CALL_COUNT && !sweep_shared->counted; i++)
		sweep_shared->uses[i] = atomic_load(&sweep_state->counts[i]);
	sweep_shared->counted = true;
	return 0;
}

static int
sweep_lower(void)
{
	int ordinal = 0;

	sweep_calls_begin();
	if (sweep_watchdog_start() != 0)
		return 1;
	sweep_watch(getpid());
	if (sweep.scenario->begin != NULL && sweep.scenario->begin() != 0) {
		sweep_fail("does not begin", tn_error_text());
		return 0;
	}
	if (sweep_count_uses() == 0)
		for (int i = 0; i < SWEEP_CALL_COUNT; i++)
			sweep_call((enum sweep_call)i, &ordinal);
	if (sweep.scenario->end != NULL && sweep.scenario->end() != 0)
		sweep_fail("does not end", tn_error_text());
	return 0;
}

/* ---- from above -------------------------------------------------------- */

/* Its status at the end, which comes soon once it hangs. */
static int
sweep_wait(int pid)
{
	struct sweep_shared *s = sweep_shared;
	int status = 0, runs = 0;

	atomic_store(&s->hangs, false);
	for (int ms = 0; waitpid(pid, &status, WNOHANG) == 0; ms += 20) {
		usleep(20000);
		if (atomic_load(&s->runs) != runs)
			ms = 0;
		runs = atomic_load(&s->runs);
		if (ms / 1000 >= SWEEP_PATIENCE_S && !atomic_load(&s->hangs)) {
			fprintf(stderr, "%s hangs:\n", s->at);
			atomic_store(&s->hangs, true);
		} else if (ms / 1000 >= SWEEP_PATIENCE_S + 5) {
			kill(pid, SIGKILL);
		}
	}
	return status;
}

static bool
sweep_lower_died(void)
{
	char text[64];
	int status, pid;

	fflush(NULL);
	pid = sweep_process(0);
	if (pid == 0)
		exit(sweep_lower());
	if (pid < 0) {
		sweep_fail("no process to be had", "");
		return false;
	}
	status = sweep_wait(pid);
	if (status == 0)
		return false;
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "exit status %d (of a sanitizer?)",
		    WEXITSTATUS(status));
	sweep_fail("died", text);
	return true;
}

static void
sweep_scenario(const struct sweep_scenario *scenario)
{
	struct sweep_shared *s = sweep_shared;
	int before = s->failed;

	sweep.scenario = scenario;
	s->counted = false;
	s->next = s->points = s->fired = s->errors = 0;
	for (int i = 0; i < SWEEP_DIED_MAX && sweep_lower_died(); i++)
		if (!s->counted)
			break;
	printf("%-24s %6d points, %d of them reached, %d clear errors, "
	    "%d failed\n", scenario->name, s->points, s->fired, s->errors,
	    s->failed - before);
	fflush(stdout);
}

void
sweep_watch(int pid)
{
	sweep_watched = pid;
}

int
sweep_main(const char *program, const struct sweep_scenario *scenarios,
    size_t count)
{
	const char *only = getenv("TENON_SWEEP");
	size_t len;

	sweep_shared = mmap(NULL, sizeof(*sweep_shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sweep_shared == MAP_FAILED)
		return 1;
	sweep_state = &sweep_shared->state;
	sweep.program = program;
	sweep.depth = only == NULL ? sweep_sample : sweep_all;
	if (only != NULL && strcmp(only, "all") != 0)
		sweep.only = only;
	for (size_t i = 0; i < count; i++) {
		len = strlen(scenarios[i].name);
		if (sweep.only == NULL ||
		    (strncmp(sweep.only, scenarios[i].name, len) == 0 &&
			sweep.only[len] == ':'))
			sweep_scenario(&scenarios[i]);
	}
	return sweep_shared->failed == 0 ? 0 : 1;
}

/* ---- parts of scenarios ------------------------------------------------ */

struct sweep_half {
	struct tn_group *group;
	int (*main)(void);
};

static int
sweep_half_main(void *arg)
{
	struct sweep_half *half = arg;
	int r = half->main();

	if (r < 0)
		tn_group_cancel(half->group);
	return r;
}

static int
sweep_both_main(void *arg)
{
	struct sweep_half *halves = arg;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r = tn_group_open(&group);

	halves[0].group = halves[1].group = group;
	for (int i = 0; i < 2 && r == 0; i++)
		r = tn_go(group, sweep_half_main, &halves[i]);
	return r < 0 ? r : tn_group_wait(group);
}

int
sweep_both(int (*one)(void), int (*other)(void))
{
	struct sweep_half halves[2] = { { NULL, one }, { NULL, other } };

	return tn_run(sweep_both_main, halves, NULL);
}
