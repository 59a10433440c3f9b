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

/* Goes over the seeds 1 to `count`, beginning with *seed = 0; with
 * TENON_SIM_SEED=N in the environment over that one only. */
bool check_next(uint64_t *seed, uint64_t count);

/* A number of the environment, or `otherwise`. */
uint64_t check_number(const char *name, uint64_t otherwise);

/* Runs one seed.  `main` has to return 0, and every descriptor be closed;
 * otherwise the test fails, says how to repeat it, and shows the end of the
 * trace.  `ret` may be NULL. */
void check_seed(uint64_t seed, const struct tn_sim_options *options,
    int (*main)(void *), void *arg, struct tn_sim_result *ret);

/* Both together. */
void check_seeds(uint64_t count, const struct tn_sim_options *options,
    int (*main)(void *));

#endif
