/* The switch by itself, without a test library, so that it also builds for
 * machines that are only emulated here: registers, floating point, both loops,
 * timers and channels survive thousands of switches. */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/channel.h>
#include <tenon/run.h>

#define FIBERS 20
#define ROUNDS 500

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
			    #condition);                                       \
			abort();                                               \
		}                                                              \
	} while (0)

struct walker {
	struct tn_channel *channel;
	int seed;
};

/* Enough live values of each kind to need every register kept over a call. */
static int
walk(void *arg)
{
	struct walker *w = arg;
	double a = w->seed, b = a + 1, c = a + 2, d = a + 3, e = a + 4;
	double f = a + 5, g = a + 6, h = a + 7;
	long i = w->seed, j = i + 1, k = i + 2, l = i + 3, m = i + 4, n = i + 5;
	long o = i + 6, p = i + 7, q = i + 8, s = i + 9;

	for (int round = 0; round < ROUNDS; round++) {
		MUST(tn_yield() == 0);
		a += 1, b += 1, c += 1, d += 1, e += 1, f += 1, g += 1, h += 1;
		i++, j++, k++, l++, m++, n++, o++, p++, q++, s++;
		if (round % 100 == 0)
			MUST(tn_sleep(TN_MICROSECOND) == 0);
	}
	MUST(a == w->seed + ROUNDS && h == a + 7 && d == a + 3);
	MUST(b + c + e + f + g == 5 * a + 1 + 2 + 4 + 5 + 6);
	MUST(i == w->seed + ROUNDS && s == i + 9);
	MUST(j + k + l + m + n + o + p + q ==
	    8 * i + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8);
	return tn_channel_send(w->channel, &w->seed);
}

static int
portable_main(void *arg)
{
	struct walker walkers[FIBERS];
	struct tn_channel *channel;
	struct tn_group *group;
	int sum = 0, seed;

	MUST(tn_channel_open(sizeof(int), 0, &channel) == 0);
	MUST(tn_group_open(&group) == 0);
	for (int i = 0; i < FIBERS; i++) {
		walkers[i] = (struct walker){ channel, i };
		MUST(tn_go_on(group, i % 2, walk, &walkers[i]) == 0);
	}
	for (int i = 0; i < FIBERS; i++) {
		MUST(tn_channel_recv(channel, &seed) == 1);
		sum += seed;
	}
	MUST(tn_group_wait(group) == 0);
	MUST(sum == FIBERS * (FIBERS - 1) / 2);
	tn_group_free(group);
	tn_channel_free(channel);
	return 0;
}

int
main(void)
{
	const struct tn_run_options two = { .loops = 2 };

	MUST(tn_run(portable_main, NULL, &two) == 0);
	return 0;
}
