/* The decisions of the fault proxy, without any I/O. */
#include "fault_plan.h"

#include <tenon/number.h>

#define PIECE_BYTES 16384 /* when it is not split */
#define SPLIT_BYTES 1024  /* when it is: below this, short ones more often */
#define SLOW_PIECES 50    /* a second */

const struct fault_kind fault_kinds[FAULTS] = {
	[FAULT_SPLIT] = { "split", "PERCENT", 25, 0, true,
	    "of each piece, to be a small one, down to one byte" },
	[FAULT_DELAY] = { "delay", "PERCENT,MS", 5, 5, true,
	    "of each piece, to come up to MS later" },
	[FAULT_STALL] = { "stall", "PERCENT,MS", 5, 300, true,
	    "of each way, that once nothing is read for MS" },
	[FAULT_SLOW] = { "slow", "PERCENT,BYTES", 5, 4 << 20, true,
	    "of each way, to carry BYTES a second at most" },
	[FAULT_REFUSE] = { "refuse", "PERCENT", 2, 0, false,
	    "of each connection, to be closed at once" },
	[FAULT_TRUNCATE] = { "truncate", "PERCENT", 5, 0, false,
	    "of each way, to end early, as if all had been said" },
	[FAULT_RESET] = { "reset", "PERCENT", 5, 0, false,
	    "of each way, that both sides see a reset" },
};

/* ---- rules --------------------------------------------------------------- */

void
fault_rules_usual(struct fault_rules *rules, bool harmless)
{
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_kind *kind = &fault_kinds[i];

		if (harmless && !kind->harmless)
			continue;
		rules->of[i].percent = kind->percent;
		rules->of[i].amount = kind->amount;
	}
}

bool
fault_rules_set(struct fault_rules *rules, enum fault fault, const char *text)
{
	struct tn_slice amount = tn_slice_str(text);
	struct tn_slice percent = tn_slice_split(&amount, ',');
	struct fault_rule rule = { .amount = fault_kinds[fault].amount };

	if (tn_parse_uint(percent, 100, &rule.percent) < 0)
		return false;
	if (amount.data != NULL &&
	    (fault_kinds[fault].amount == 0 ||
	     tn_parse_size(amount, UINT32_MAX, &rule.amount) < 0 ||
	     rule.amount == 0))
		return false;
	rules->of[fault] = rule;
	return true;
}

/* ---- numbers ------------------------------------------------------------- */

/* The generator called splitmix64. */
static uint64_t
plan_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Where the numbers of a connection begin, and of each way of it. */
static uint64_t
plan_seed(const struct fault_rules *rules, uint64_t connection, int way)
{
	uint64_t state = rules->seed;

	state = plan_random(&state) ^ connection;
	state = plan_random(&state) ^ (uint64_t)way;
	return plan_random(&state);
}

static bool
plan_chance(const struct fault_rules *rules, enum fault fault, uint64_t *state)
{
	return plan_random(state) % 100 < rules->of[fault].percent;
}

/* Below `limit`, with each power of two as likely as the next: an exchange of a
 * hundred bytes is met as often as one of a million. */
static uint64_t
plan_near(uint64_t limit, uint64_t *state)
{
	uint64_t powers = 1, power, number;

	while (powers < 63 && UINT64_C(1) << powers < limit)
		powers++;
	power = UINT64_C(1) << plan_random(state) % powers;
	number = power - 1 + plan_random(state) % power;
	return number < limit ? number : limit - 1;
}

/* ---- plans --------------------------------------------------------------- */

bool
fault_refuses(const struct fault_rules *rules, uint64_t connection)
{
	uint64_t state = plan_seed(rules, connection, -1);

	return plan_chance(rules, FAULT_REFUSE, &state);
}

/* Every number is drawn, wanted or not: one chance may be changed and the rest
 * stays where it was. */
void
fault_plan_begin(struct fault_plan *plan, const struct fault_rules *rules,
    uint64_t connection, int way)
{
	static const enum fault once[] = { FAULT_STALL, FAULT_TRUNCATE,
		FAULT_RESET };

	*plan = (struct fault_plan){ .rules = rules,
		.random = plan_seed(rules, connection, way) };
	for (size_t i = 0; i < TN_COUNT(once); i++) {
		bool strikes = plan_chance(rules, once[i], &plan->random);
		uint64_t where = plan_near(rules->within, &plan->random);

		plan->where[once[i]] = strikes ? where : UINT64_MAX;
	}
	if (plan_chance(rules, FAULT_SLOW, &plan->random)) {
		plan->rate = rules->of[FAULT_SLOW].amount;
		plan->count[FAULT_SLOW] = 1;
	}
}

static bool
plan_strikes(struct fault_plan *plan, enum fault fault)
{
	if (plan->where[fault] != plan->at)
		return false;
	plan->where[fault] = UINT64_MAX;
	plan->count[fault]++;
	return true;
}

static tn_time
plan_pause(struct fault_plan *plan)
{
	const struct fault_rule *rule = &plan->rules->of[FAULT_DELAY];
	bool late = plan_chance(plan->rules, FAULT_DELAY, &plan->random);
	uint64_t part = plan_random(&plan->random) % 1000 + 1;
	tn_time pause = 0;

	if (late) {
		plan->count[FAULT_DELAY]++;
		pause += (tn_time)(rule->amount * part) * TN_MICROSECOND;
	}
	if (plan_strikes(plan, FAULT_STALL))
		pause += (tn_time)plan->rules->of[FAULT_STALL].amount *
		    TN_MILLISECOND;
	if (plan->rate > 0)
		pause += (tn_time)(plan->last_bytes * (uint64_t)TN_SECOND /
		    plan->rate);
	return pause;
}

/* No piece goes past the place where something strikes. */
static uint64_t
plan_piece(struct fault_plan *plan)
{
	bool split = plan_chance(plan->rules, FAULT_SPLIT, &plan->random);
	uint64_t small = 1 + plan_near(SPLIT_BYTES, &plan->random);
	uint64_t bytes = split ? small : PIECE_BYTES;

	plan->count[FAULT_SPLIT] += split;
	if (plan->rate > 0 && bytes > plan->rate / SLOW_PIECES)
		bytes = plan->rate / SLOW_PIECES + 1;
	for (int i = 0; i < FAULTS; i++)
		if (plan->where[i] > plan->at &&
		    bytes > plan->where[i] - plan->at)
			bytes = plan->where[i] - plan->at;
	return bytes;
}

struct fault_step
fault_plan_next(struct fault_plan *plan)
{
	struct fault_step step = { .end = FAULTS };

	step.pause = plan_pause(plan);
	if (plan_strikes(plan, FAULT_RESET))
		step.end = FAULT_RESET;
	else if (plan_strikes(plan, FAULT_TRUNCATE))
		step.end = FAULT_TRUNCATE;
	else
		step.bytes = plan_piece(plan);
	plan->at += step.bytes;
	plan->last_bytes = step.bytes;
	return step;
}
