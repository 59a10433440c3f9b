/* What both kinds of wire are made of: two fibers, one for each direction, and
 * whoever waits for them. */
#ifndef APP_WIRE_STATE_H
#define APP_WIRE_STATE_H

#include <tenon/channel.h>
#include <tenon/run.h>

enum wire_side {
	WIRE_SAY,
	WIRE_HEAR,
	WIRE_SIDES,
};

struct wire_state {
	struct tn_group *groups[WIRE_SIDES]; /* a fiber each */
	struct tn_channel *ends; /* which of them has ended */
	bool ended[WIRE_SIDES];
	int results[WIRE_SIDES];
	bool here[WIRE_SIDES]; /* what failed is on this side of the wire */
	tn_time moved;         /* when something went either way, last */
	bool asking; /* `in` is what is waited for, nothing half said */
	bool stop;   /* nothing more is to be said */
	size_t held; /* bytes that have come and wait for what is behind */
};

/* Starts both; each calls wire_ended() with what it returns. */
TN_CHECK int wire_open(struct wire_state *s, int (*say)(void *arg),
    int (*hear)(void *arg), void *arg);
void wire_close(struct wire_state *s);

/* `here`: the result is about a stream of this side. */
int wire_ended(struct wire_state *s, enum wire_side side, int result,
    bool here);

/* Waits until one of them ends or, -ETIMEDOUT, until `limit`: 0. */
TN_CHECK int wire_wait(struct wire_state *s, tn_time limit);

/* The instant `span_ms` after something moved, TN_NEVER for 0 and -1. */
tn_time wire_limit(const struct wire_state *s, int64_t span_ms);

/* Lets what is being said finish, and no more follow. */
void wire_stop_saying(struct wire_state *s);

/* How this side ended, with its words as the error line. */
int wire_result(struct wire_state *s, enum wire_side side);

/* -ETIMEDOUT, in words. */
int wire_idle(int64_t idle_ms);

#endif
