/* Inside a world a failed check returns: an assertion would leave the fiber
 * for good, and with it the world. */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include <tenon/sim.h>

#define CHECK_FAILED (-99999)

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: %s; last error: %s\n",         \
			    __FILE__, __LINE__, #condition, tn_error_text());  \
			return CHECK_FAILED;                                   \
		}                                                              \
	} while (0)

static inline void
check_world(uint64_t seed, const struct tn_sim_options *options,
    int (*main)(void *))
{
	struct tn_sim_options o = { 0 };
	int r;

	if (options != NULL)
		o = *options;
	if (getenv("TENON_SIM_TRACE") != NULL)
		o.trace = stderr;
	r = tn_sim_run(seed, &o, main, NULL, NULL);
	if (r != 0)
		fprintf(stderr, "seed %" PRIu64 ": %s\n", seed,
		    tn_error_text());
	assert_int_equal(r, 0);
}

#endif
