/* What the small benchmarks share: how long one operation takes, in the format
 * of Go's benchmarks. */
#ifndef BENCH_H
#define BENCH_H

#include <inttypes.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/run.h>

#define BENCH_LEAST (TN_SECOND / 2)
#define BENCH_FIRST 1000

/* Calls body(n) with ever larger n, until one call lasts half a second, and
 * prints the time of one of its n operations.  `body` returns < 0 to fail. */
static inline int
bench(const char *name, int (*body)(int64_t n))
{
	int64_t n = BENCH_FIRST;
	tn_time time;
	int r;

	for (;;) {
		time = tn_now();
		r = body(n);
		time = tn_now() - time;
		if (r < 0)
			return r;
		if (time >= BENCH_LEAST)
			break;
		n *= time < BENCH_LEAST / 10 ? 10 : 2;
	}
	printf("Benchmark%s\t%" PRId64 "\t%.1f ns/op\n", name, n,
	    (double)time / (double)n);
	fflush(stdout);
	return 0;
}

/* main() of each: `all` runs as the first fiber of `loops` loops. */
static inline int
bench_main(int (*all)(void *), int loops)
{
	const struct tn_run_options options = { .loops = loops };

	if (tn_run(all, NULL, &options) >= 0)
		return 0;
	fprintf(stderr, "%s\n", tn_error_text());
	return 1;
}

#endif
