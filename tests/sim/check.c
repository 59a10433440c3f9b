#include <signal.h>
#include <string.h>
#include <tenon/number.h>
#include <unistd.h>
#include "sim/check.h"

#define CHECK_LINES 60 /* of the trace of what failed */

/* In a sanitized build: called before the program dies of what was found. */
extern void __sanitizer_set_death_callback(void (*callback)(void))
    __attribute__((weak));

static char check_last_words[200]; /* "" between two runs */

uint64_t
check_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t n = otherwise;

	if (text != NULL)
		assert_int_equal(tn_parse_uint(tn_slice_str(text), UINT64_MAX,
		    &n), 0);
	return n;
}

static bool check_played; /* the only seed, which may be 0 */

bool
check_next(uint64_t *seed, uint64_t count)
{
	if (getenv("TENON_SIM_SEED") == NULL)
		return ++*seed <= count;
	*seed = check_number("TENON_SIM_SEED", 0);
	check_played = !check_played;
	return check_played;
}

/* The last lines of a file, from its end backwards. */
static void
check_tail(FILE *trace)
{
	char line[1100];
	long lines = 0;

	rewind(trace);
	while (fgets(line, sizeof(line), trace) != NULL)
		lines++;
	if (lines > CHECK_LINES)
		fprintf(stderr, "... %ld lines before\n", lines - CHECK_LINES);
	rewind(trace);
	for (long i = 0; fgets(line, sizeof(line), trace) != NULL; i++)
		if (i >= lines - CHECK_LINES)
			fputs(line, stderr);
}

/* "sim-http-faults" is the test sim/http-faults. */
static void
check_words(uint64_t seed)
{
	const char *name = strchr(program_invocation_short_name, '-');

	(void)snprintf(check_last_words, sizeof(check_last_words),
	    "seed %" PRIu64 " failed; this repeats it:\n"
	    "    TENON_SIM_SEED=%" PRIu64 " ./dev test sim/%s\n", seed, seed,
	    name == NULL ? program_invocation_short_name : name + 1);
}

static void
check_die(void)
{
	(void)!write(2, check_last_words, strlen(check_last_words));
	check_last_words[0] = '\0';
}

static void
check_signal(int number)
{
	check_die();
	signal(number, SIG_DFL);
	raise(number);
}

/* A run that ends the program says which one it was too, also when it never
 * ends and is ended from outside. */
static void
check_watch(void)
{
	static const int numbers[] = { SIGABRT, SIGTERM, SIGSEGV, SIGBUS };

	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(check_die);
	for (size_t i = 0; i < TN_COUNT(numbers); i++)
		signal(numbers[i], check_signal);
}

static void
check_explain(int r, const struct tn_sim_result *result)
{
	if (result->left_open > 0)
		fprintf(stderr, "%" PRId64 " descriptors left open\n",
		    result->left_open);
	else
		fprintf(stderr, "returned %d: %s\n", r, tn_error_text());
	fprintf(stderr, "%sThe end of its trace:\n", check_last_words);
}

void
check_seed(uint64_t seed, const struct tn_sim_options *options,
    int (*main)(void *), void *arg, struct tn_sim_result *ret)
{
	struct tn_sim_options o = { 0 };
	struct tn_sim_result result = { 0 };
	int r;

	if (options != NULL)
		o = *options;
	if (getenv("TENON_SIM_SEED") != NULL)
		o.trace = stderr;
	check_words(seed);
	check_watch();
	r = tn_sim_run(seed, &o, main, arg, &result);
	if (ret != NULL)
		*ret = result;
	if (r == 0 && result.left_open == 0) {
		check_last_words[0] = '\0';
		return;
	}
	check_explain(r, &result);
	if (o.trace == NULL && (o.trace = tmpfile()) != NULL) {
		(void)tn_sim_run(seed, &o, main, arg, NULL);
		check_tail(o.trace);
		fclose(o.trace);
	}
	check_last_words[0] = '\0';
	check_played = false;
	fail();
}

void
check_seeds(uint64_t count, const struct tn_sim_options *options,
    int (*main)(void *))
{
	for (uint64_t seed = 0; check_next(&seed, count);)
		check_seed(seed, options, main, NULL, NULL);
}
