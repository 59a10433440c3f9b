/* How slow a peer may be, to the millisecond: the clock is a world's. */
#include "carrier.h"

#include <tenon/run.h>
#include <tenon/sim.h>

#define DAY_MS 86400000

/* `burst` bytes at once, then `piece` bytes every `every_ms`, read as they come
 * with `busy_ms` between a read and the next. */
static const struct row {
	const char *name;
	int64_t rate_min, grace_ms;
	size_t burst, piece;
	int64_t every_ms, busy_ms;
	int64_t late_ms; /* so long it was waited for; 0: never too slow */
} rows[] = {
	{ "silent", 100, 1000, 0, 0, 1, 0, 1000 },
	{ "the grace's default", 100, 0, 0, 0, 1, 0, 5000 },
	{ "just as fast", 100, 1000, 0, 10, 100, 0, 0 },
	{ "half as fast: the grace and as much again", 100, 1000, 0, 1, 20, 0,
	    2000 },
	{ "so slow that a piece comes too late", 100, 1000, 0, 50, 1100, 0,
	    1000 },
	{ "a burst buys no dripping", 100, 1000, 100000, 0, 1, 0, 1000 },
	{ "a burst and half as fast", 100, 1000, 100000, 1, 20, 0, 2000 },
	{ "pauses within the grace", 100, 1000, 0, 90, 900, 0, 0 },
	{ "our time is not the peer's", 100, 1000, 0, 10, 1, 3000, 0 },
	{ "nor does it help", 100, 1000, 100, 1, 1000, 900, 1110 },
	{ "a rate without end", INT64_MAX, 1000, 0, 1, 100, 0, 1000 },
	{ "a grace without end", 100, -1, 0, 1, 60000, 0, 0 },
};

struct talk {
	const struct row *row;
	struct tn_stream *ends[2];
	int64_t waited_ms;
};

static int
talk_write(void *arg)
{
	struct talk *t = arg;
	char *bytes = carrier_bytes(t->row->burst + t->row->piece + 1);
	int r = tn_stream_write(t->ends[1], tn_slice(bytes, t->row->burst));

	if (r == 0)
		r = tn_stream_flush(t->ends[1]);
	while (r == 0) {
		r = tn_sleep(t->row->every_ms * TN_MILLISECOND);
		if (r == 0)
			r = tn_stream_write(t->ends[1],
			    tn_slice(bytes, t->row->piece));
		if (r == 0)
			r = tn_stream_flush(t->ends[1]);
	}
	free(bytes);
	return r == -ECANCELED ? 0 : r;
}

static int
talk_read(struct talk *t)
{
	struct tn_slice got;
	int r = 0;

	for (int i = 0; i < 300 && r >= 0; i++) {
		tn_time began = tn_now();

		r = tn_stream_fill(t->ends[0], 1, &got);
		t->waited_ms += (tn_now() - began) / TN_MILLISECOND;
		if (r > 0) {
			tn_stream_consume(t->ends[0], got.len);
			r = tn_sleep(t->row->busy_ms * TN_MILLISECOND);
		}
	}
	return r;
}

static int
talk_main(void *arg)
{
	struct talk *t = arg;
	const struct tn_pace pace = { .rate_min = t->row->rate_min,
		.rate_grace_ms = t->row->grace_ms };
	struct tn_group *group;
	int r = tn_stream_pair(0, t->ends);

	if (r == 0)
		r = tn_group_open(&group);
	if (r < 0)
		return r;
	tn_stream_set_pace(t->ends[0], &pace);
	r = tn_go(group, talk_write, t);
	if (r == 0)
		r = talk_read(t);
	tn_group_free(group);
	tn_stream_free(t->ends[0]);
	tn_stream_free(t->ends[1]);
	return r;
}

static void
test_rate(void **state)
{
	struct talk t = { .row = *state };
	const struct tn_sim_options options = { .time_max_ms = DAY_MS };
	int r = tn_sim_run(1, &options, talk_main, &t, NULL);

	if (t.row->late_ms == 0) {
		CHECK_INT(r, 0);
		return;
	}
	CHECK_INT(r, -ETIMEDOUT);
	CHECK(strstr(tn_error_text(), "(rate_min)") != NULL);
	CHECK(t.waited_ms >= t.row->late_ms - 30 &&
	    t.waited_ms <= t.row->late_ms + 30);
}

/* The kernel has taken it and passes it on for a while: 10,000 bytes are worth
 * 100 seconds, whatever the grace is. */
static int
sent_main(void *arg)
{
	const struct tn_pace pace = { .rate_min = 100, .rate_grace_ms = 1000 };
	char *bytes = carrier_bytes(10000);
	struct tn_stream *ends[2];
	struct tn_slice got;
	tn_time began = tn_now();
	int r = tn_stream_pair(10000, ends);

	if (r < 0)
		return r;
	tn_stream_set_pace(ends[0], &pace);
	r = tn_stream_write(ends[0], tn_slice(bytes, 10000));
	if (r == 0)
		r = tn_stream_fill(ends[0], 1, &got);
	*(int64_t *)arg = (tn_now() - began) / TN_MILLISECOND;
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
	free(bytes);
	return r;
}

static void
test_sent(void **state)
{
	int64_t ms = 0;

	CHECK_INT(tn_sim_run(1, NULL, sent_main, &ms, NULL), -ETIMEDOUT);
	CHECK(ms >= 100900 && ms <= 101100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent),
	};

	return CHECK_ROWS(rows, test_rate) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
