/* What goes wrong on a connection, and at which byte of it: decided by a seed,
 * the number of the connection and the direction, and by nothing that was read
 * or timed.  Over a real kernel, where no two runs deliver the same pieces, the
 * same seed is still the same trouble. */
#ifndef FAULT_PLAN_H
#define FAULT_PLAN_H

#include <tenon/base.h>

enum fault {
	FAULT_SPLIT,
	FAULT_DELAY,
	FAULT_STALL,
	FAULT_SLOW,
	FAULT_REFUSE,
	FAULT_TRUNCATE,
	FAULT_RESET,
	FAULTS
};

struct fault_kind {
	const char *name, *form;
	uint64_t percent, amount; /* the usual; amount 0: it has none */
	bool harmless;           /* bytes come late, and all of them come */
	const char *help;
};

extern const struct fault_kind fault_kinds[FAULTS];

struct fault_rule {
	uint64_t percent;
	uint64_t amount;
};

struct fault_rules {
	uint64_t seed;
	uint64_t within; /* a stall, an end or a reset strikes at a byte below
			  * this, at each power of two of it as likely */
	struct fault_rule of[FAULTS];
};

/* Gives each kind, or each harmless one, its usual chance. */
void fault_rules_usual(struct fault_rules *rules, bool harmless);

/* Sets one kind from its text, "20" or "20,50" with an amount; false when that
 * says nothing. */
bool fault_rules_set(struct fault_rules *rules, enum fault fault,
    const char *text);

/* Whether this connection is turned away. */
bool fault_refuses(const struct fault_rules *rules, uint64_t connection);

/* The bytes that go one way. */
struct fault_plan {
	const struct fault_rules *rules;
	uint64_t random;
	uint64_t at;            /* planned up to this byte */
	uint64_t where[FAULTS]; /* where it strikes once */
	uint64_t rate;          /* bytes a second, 0 = any */
	uint64_t last_bytes;
	unsigned count[FAULTS]; /* what has struck so far */
};

/* First a pause, in which nothing is read; then an end, or a piece that is
 * passed on by itself. */
struct fault_step {
	tn_time pause;
	enum fault end; /* FAULT_TRUNCATE, FAULT_RESET; FAULTS = none */
	size_t bytes;
};

/* `way` tells the directions of a connection apart. */
void fault_plan_begin(struct fault_plan *plan, const struct fault_rules *rules,
    uint64_t connection, int way);
struct fault_step fault_plan_next(struct fault_plan *plan);

#endif
