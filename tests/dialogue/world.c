/* The simulated world a talk is played in: our side on one machine, the runner
 * on the other, and every way of delivery one after the other. */
#include <errno.h>
#include <inttypes.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/sim.h>

#include "dialogue/talk.h"

#define WORLD_AWAIT (10 * TN_MILLISECOND)
#define WORLD_HANG (2 * 3600 * TN_SECOND)

struct world {
	struct talk_play play;
	struct talk_ours ours;
	const struct talk_choice *choice;
	uint64_t playings;    /* so far */
	uint64_t connections; /* of our client */
	bool busy;            /* one of them is being played */
};

static bool
world_faulty(const struct world *w)
{
	return w->play.delivery.mode == TALK_FAULTS;
}

static int
world_line(const struct world *w)
{
	return w->play.talk->commands[w->play.ours].number;
}

/* ---- all deliveries ------------------------------------------------------ */

/* Whether what the runner says may be divided before its byte `at`. */
static bool
world_cuts(const struct talk_play *p, uint64_t at, bool *ret_over)
{
	uint64_t before = 0;

	for (const struct talk_step *s = p->talk->steps; s != NULL;
	     s = s->next) {
		if (s->kind != TALK_SAY || s->side == p->ours)
			continue;
		if (at < before + s->bytes.len)
			return at > before && s->cuts[at - before] != 0;
		before += s->bytes.len;
	}
	*ret_over = true;
	return false;
}

/* Whole, byte by byte, then in two at each place. */
static bool
world_next(struct talk_play *p)
{
	bool over = false;

	if (p->delivery.mode == TALK_WHOLE) {
		p->delivery.mode = TALK_BYTES;
		return true;
	}
	if (p->delivery.mode == TALK_BYTES)
		p->delivery = (struct talk_delivery){ TALK_SPLIT, 0 };
	do
		p->delivery.at++;
	while (!world_cuts(p, p->delivery.at, &over) && !over);
	return !over;
}

static void
world_begin(struct world *w)
{
	w->playings++;
	w->ours.told_len = 0;
	w->ours.told_full = false;
	w->play.said = 0;
	w->play.ended = false;
}

/* Once in the way that was chosen, or in each. */
static int
world_play_all(struct world *w, void (*play)(struct world *w))
{
	do {
		world_begin(w);
		play(w);
		if (w->play.outcome != TALK_FAILED)
			talk_check_told(&w->play, &w->ours);
	} while (!w->choice->one && !world_faulty(w) &&
	    w->play.outcome != TALK_FAILED && world_next(&w->play));
	return 0;
}

/* ---- our server, and the runner calls ------------------------------------ */

static int
world_serve(void *arg)
{
	struct world *w = arg;
	int r;

	do {
		r = w->play.protocol->serve(&w->ours);
		w->ours.server = NULL;
	} while (world_faulty(w) && r != -ECANCELED &&
	    tn_sleep(TN_SECOND) == 0);
	if (r != -ECANCELED && !world_faulty(w))
		(void)talk_fail(&w->play, world_line(w), "our server: %s",
		    tn_error_text());
	return 0;
}

/* The handler is done with the connection. */
static void
world_settle(struct world *w)
{
	tn_time end = tn_after(WORLD_HANG);

	(void)tn_sleep(WORLD_AWAIT); /* it may only just come */
	while (w->ours.server != NULL && tn_now() < end &&
	    tn_server_active(w->ours.server) > 0)
		(void)tn_sleep(WORLD_AWAIT * 10);
	if (tn_now() >= end)
		(void)talk_fail(&w->play, w->play.talk->last,
		    "our server still keeps the connection two hours later");
}

static void
world_call(struct world *w)
{
	struct tn_stream *stream;
	int r = tn_dial("server.test:1", NULL, &stream);

	if (r == 0)
		talk_play(&w->play, stream);
	else if (world_faulty(w))
		w->play.outcome = TALK_EXCUSED;
	else
		(void)talk_fail(&w->play, world_line(w), "%s",
		    tn_error_text());
	world_settle(w);
}

static int
world_of_server(void *arg)
{
	struct world *w = arg;
	int r = tn_sim_host("server.test", "192.0.2.1", world_serve, w);

	w->ours.address = ":1";
	(void)tn_sleep(WORLD_AWAIT); /* it listens */
	return r < 0 ? r : world_play_all(w, world_call);
}

/* ---- our client, and the runner serves ----------------------------------- */

static int
world_accept(struct world *w, struct tn_socket *listener)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *socket = NULL;
	struct tn_stream *stream;
	int r = tn_socket_accept(listener, &socket, NULL);

	if (r == 0)
		r = tn_stream_from_socket(socket, &stream);
	if (r < 0)
		return r;
	socket = NULL;
	w->connections++;
	w->busy = true;
	if (w->connections > w->playings)
		(void)talk_fail(&w->play, w->play.talk->last,
		    "our client connects again");
	talk_play(&w->play, stream);
	w->busy = false;
	return 0;
}

static int
world_answer(void *arg)
{
	struct world *w = arg;
	TN_CLEANUP(tn_socket_freep) struct tn_socket *listener = NULL;
	int r = 0;

	while (r != -ECANCELED) {
		if (listener == NULL)
			r = tn_listen(":1", NULL, &listener);
		if (listener != NULL)
			r = world_accept(w, listener);
		if (r < 0)
			r = tn_sleep(WORLD_AWAIT);
	}
	return 0;
}

static void
world_ask(struct world *w)
{
	struct tn_scope scope;
	int r;

	w->connections = w->playings - 1;
	tn_scope_open(&scope, tn_after(WORLD_HANG));
	r = w->play.protocol->call(&w->ours);
	if (r < 0)
		(void)talk_tell_error(&w->ours, r);
	if (tn_scope_close(&scope))
		(void)talk_fail(&w->play, w->play.talk->last,
		    "our client still waits two hours later");
	(void)tn_sleep(WORLD_AWAIT); /* if it only just connected */
	while (w->busy && tn_sleep(WORLD_AWAIT) == 0)
		;
	if (w->connections == w->playings)
		return;
	if (world_faulty(w))
		w->play.outcome = TALK_EXCUSED;
	else
		(void)talk_fail(&w->play, world_line(w),
		    "our client did not connect");
}

static int
world_of_client(void *arg)
{
	struct world *w = arg;
	int r = tn_sim_host("server.test", "192.0.2.1", world_answer, w);

	w->ours.address = "server.test:1";
	(void)tn_sleep(WORLD_AWAIT);
	return r < 0 ? r : world_play_all(w, world_ask);
}

/* ---- a world ------------------------------------------------------------- */

/* How to have just this once more. */
static void
world_tell(const struct world *w)
{
	static const char *const modes[] = {
		[TALK_WHOLE] = "whole",
		[TALK_SPLIT] = "split",
		[TALK_BYTES] = "bytes",
		[TALK_FAULTS] = "faults",
	};
	const struct talk_play *p = &w->play;
	const struct talk_delivery *d = &p->delivery;

	fprintf(p->out, "repeat: %s %s %s %s", w->choice->self, p->talk->path,
	    p->ours == TALK_SERVER ? "server" : "client", modes[d->mode]);
	if (d->mode == TALK_SPLIT || d->mode == TALK_FAULTS)
		fprintf(p->out, " %" PRIu64, d->at);
	fputc('\n', p->out);
}

static bool
world_run(struct world *w)
{
	const struct tn_sim_options plain = {
		.latency_us = -1,
		.latency_spread_us = -1,
		.time_max_ms = INT64_C(30) * 24 * 3600 * 1000,
		.trace = w->choice->one ? stderr : NULL,
	};
	/* A talk is short: what strikes has to strike more often. */
	const struct tn_sim_options faults = {
		.every_fault = true,
		.rates = {
			[TN_SIM_SHORT_READ] = 300000,
			[TN_SIM_SHORT_WRITE] = 300000,
			[TN_SIM_SPURIOUS] = 200000,
			[TN_SIM_DELAY] = 50000,
			[TN_SIM_RESET] = 20000,
			[TN_SIM_STALL] = 20000,
			[TN_SIM_NO_MEMORY] = 10000,
		},
		.time_max_ms = plain.time_max_ms,
		.trace = plain.trace,
	};
	bool faulty = world_faulty(w);
	int r = tn_sim_run(faulty ? w->play.delivery.at : 1,
	    faulty ? &faults : &plain,
	    w->play.ours == TALK_SERVER ? world_of_server : world_of_client,
	    w, NULL);

	if (r < 0 && !(faulty && w->playings == 0))
		(void)talk_fail(&w->play, w->play.talk->last, "%s",
		    tn_error_text());
	if (w->play.outcome != TALK_FAILED)
		return true;
	world_tell(w);
	return false;
}

/* One of the two sides, in all ways. */
static bool
world_run_side(const struct talk_protocol *protocol, const struct talk *talk,
    enum talk_side ours, const struct talk_choice *choice)
{
	static struct world w; /* large */
	uint64_t playings, good = 0;

	w = (struct world){
		.play = { protocol, talk, ours, choice->delivery,
		    .out = choice->out },
		.ours.command = &talk->commands[ours],
		.choice = choice,
	};
	if (!world_run(&w))
		return false;
	if (choice->one)
		return true;
	playings = w.playings;
	for (uint64_t seed = 1; seed <= choice->seeds; seed++) {
		w.play.delivery = (struct talk_delivery){ TALK_FAULTS, seed };
		w.play.outcome = TALK_AS_WRITTEN;
		w.playings = 0;
		if (!world_run(&w))
			return false;
		good += w.play.outcome == TALK_AS_WRITTEN;
	}
	if (choice->count != NULL)
		fprintf(choice->count, "%s: our %s: %" PRIu64 " deliveries, %"
		    PRIu64 " seeds of faults, %" PRIu64 " of them as written\n",
		    talk->path, ours == TALK_SERVER ? "server" : "client",
		    playings, choice->seeds, good);
	return true;
}

bool
talk_run(const struct talk_protocol *protocol, const struct talk *talk,
    const struct talk_choice *choice)
{
	for (int side = 0; side < 2; side++)
		if (talk->commands[side].number != 0 &&
		    (choice->sides & 1 << side) != 0 &&
		    !world_run_side(protocol, talk, (enum talk_side)side,
			choice))
			return false;
	return true;
}
