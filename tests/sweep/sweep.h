/* Sweeps: a scenario is run again and again, and each time one other call
 * fails at one other use.  See "Sweeps" in docs/design.md. */
#ifndef TESTS_SWEEP_SWEEP_H
#define TESTS_SWEEP_SWEEP_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/run.h>
#include "sweep/calls.h"

/* run() ends in 0, or in an error with words in tn_error_text(), and leaves
 * nothing behind; without a failing call in 0.  What a failing call may never
 * lead to it says by SWEEP_CHECK. */
struct sweep_scenario {
	const char *name;
	int (*run)(void);
	/* Around all runs; may be NULL.  0 or not. */
	int (*begin)(void);
	int (*end)(void);
	bool forks; /* a process that is swept instead of this one */
};

#define SWEEP_WRONG (-99999)

#define SWEEP_CHECK(condition)                                                 \
	do {                                                                   \
		if (!(condition))                                              \
			return sweep_wrong(__FILE__, __LINE__, #condition);    \
	} while (0)

int sweep_wrong(const char *file, int line, const char *what);

/* The process whose descriptors are counted; this one, unless told. */
void sweep_watch(int pid);

/* An exit status. */
int sweep_main(const char *program, const struct sweep_scenario *scenarios,
    size_t count);

/* ---- parts of scenarios ------------------------------------------------ */

/* In tn_run(), both as fibers of one group: whichever fails first cancels the
 * other, and its error is the result. */
int sweep_both(int (*one)(void), int (*other)(void));

#endif
