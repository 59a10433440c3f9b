/* The runner's side of a talk: it says its lines, listens to the other's and
 * holds them against what is written. */
#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <tenon/error.h>
#include <tenon/sim.h>
#include <tenon/stream.h>

#include "dialogue/talk.h"

/* How long the next thing may take to come, in virtual time.  Under faults
 * a segment may stall for minutes. */
#define PLAY_PATIENCE (5 * TN_SECOND)
#define PLAY_PATIENCE_FAULTS (3600 * TN_SECOND)
#define PLAY_PAUSE (100 * TN_MICROSECOND) /* between two pieces */

static bool
play_faulty(const struct talk_play *p)
{
	return p->delivery.mode == TALK_FAULTS;
}

static const char *
play_other(const struct talk_play *p)
{
	return p->ours == TALK_SERVER ? "our server" : "our client";
}

bool
talk_fail(struct talk_play *p, int number, const char *format, ...)
{
	va_list arguments;

	if (p->outcome == TALK_FAILED)
		return true;
	p->outcome = TALK_FAILED;
	fprintf(p->out, "%s:%d: ", p->talk->path, number);
	va_start(arguments, format);
	vfprintf(p->out, format, arguments);
	va_end(arguments);
	fputc('\n', p->out);
	return false;
}

/* ---- listening ---------------------------------------------------------- */

/* The line of `got` that stands in place of the first that is not there. */
static bool
play_is_excuse(const struct talk_play *p, const struct talk_line *lines,
    struct tn_slice got)
{
	struct talk_verdict verdict = talk_compare(lines, got);
	struct tn_slice rest = tn_slice_skip(got, verdict.at);

	return p->protocol->excuses != NULL &&
	    p->protocol->excuses(tn_slice_split(&rest, '\n'));
}

/* Something else came, or nothing did: `why`. */
static bool
play_unmet(struct talk_play *p, const struct talk_step *step,
    struct tn_slice got, const char *why)
{
	struct talk_verdict verdict = talk_compare(step->lines, got);
	int number = verdict.line != NULL ? verdict.line->number :
	    step->number;

	if (!talk_fail(p, number, "%s %s", play_other(p), why) &&
	    (step->lines != NULL || got.len > 0))
		talk_show(p->out, step->lines, got);
	return false;
}

/* Waits for more than `has` bytes, and shows all.  > 0, 0 at the end, or why
 * not. */
static int
play_listen(struct talk_play *p, size_t has, tn_time span,
    struct tn_slice *ret)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, tn_after(span));
	r = tn_stream_fill(p->stream, has + 1, ret);
	(void)tn_scope_close(&scope);
	if (r >= 0 && (size_t)r > has)
		return 1;
	if (r >= 0)
		p->ended = true;
	else if (tn_stream_fill(p->stream, 0, ret) < 0)
		*ret = tn_slice(NULL, 0);
	return r < 0 ? r : 0;
}

static const char *
play_why(int r)
{
	switch (r) {
	case 0:
		return "ended the connection";
	case -ETIMEDOUT:
		return "said nothing more";
	case -ECONNRESET:
	case -EPIPE:
		return "reset the connection";
	default:
		return tn_error_words(r);
	}
}

/* Under faults a conversation may break off, or the other side may say that
 * something went wrong; but not fall silent, and not say what is not so.  `r`
 * is what listening last gave. */
static bool
play_is_excused(struct talk_play *p, const struct talk_step *step, int r,
    struct tn_slice *got)
{
	bool short_of = talk_compare(step->lines, *got).match == TALK_MORE;

	if (!play_faulty(p) || r == -ETIMEDOUT)
		return false;
	while (r > 0)
		r = play_listen(p, got->len, PLAY_PATIENCE_FAULTS, got);
	return short_of || got->len == 0 ||
	    play_is_excuse(p, step->lines, *got);
}

static bool
play_hear_lines(struct talk_play *p, const struct talk_step *step)
{
	tn_time span = play_faulty(p) ? PLAY_PATIENCE_FAULTS : PLAY_PATIENCE;
	struct tn_slice got = { NULL, 0 };
	struct talk_verdict verdict;
	int r = tn_stream_fill(p->stream, 0, &got);

	do {
		verdict = talk_compare(step->lines, got);
		if (verdict.match == TALK_SAME) {
			tn_stream_consume(p->stream, verdict.at);
			return true;
		}
		r = verdict.match == TALK_DIFFERENT ? 1 :
		    play_listen(p, got.len, span, &got);
	} while (verdict.match == TALK_MORE && r > 0);
	if (play_is_excused(p, step, r, &got))
		return false;
	return play_unmet(p, step, got,
	    r > 0 ? "said something else" : play_why(r));
}

/* CLOSE and SHUT look the same from here. */
static bool
play_hear_end(struct talk_play *p, const struct talk_step *step)
{
	tn_time span = play_faulty(p) ? PLAY_PATIENCE_FAULTS : PLAY_PATIENCE;
	struct tn_slice got = { NULL, 0 };
	bool reset;
	int r = play_listen(p, 0, span, &got);

	reset = r == -ECONNRESET || r == -EPIPE;
	p->ended |= reset;
	if (step->kind == TALK_RESET ? reset : r == 0)
		return true;
	if (play_is_excused(p, step, r, &got))
		return false;
	return play_unmet(p, step, got, r > 0 ? "said more than that" :
	    r == -ETIMEDOUT ? "did not end the connection" : play_why(r));
}

/* Nothing may come: under faults a thing of before may yet be under way. */
static bool
play_wait(struct talk_play *p, const struct talk_step *step)
{
	struct tn_slice got = { NULL, 0 };
	int r;

	if (play_faulty(p) || p->ended || p->stream == NULL)
		return tn_sleep(step->span) == 0;
	r = play_listen(p, 0, step->span, &got);
	return r == -ETIMEDOUT ? true :
	    play_unmet(p, step, got,
		r > 0 ? "said something too early" : play_why(r));
}

static bool
play_hear(struct talk_play *p, const struct talk_step *step)
{
	if (p->stream == NULL)
		return true; /* not listening any more */
	return step->kind == TALK_SAY ? play_hear_lines(p, step)
				      : play_hear_end(p, step);
}

/* ---- saying ------------------------------------------------------------- */

static bool
play_cuts(const struct talk_play *p, const struct talk_step *step, size_t at)
{
	if (p->delivery.mode == TALK_BYTES)
		return step->cuts[at] != 0;
	if (p->delivery.mode == TALK_SPLIT)
		return p->said + at == p->delivery.at;
	return play_faulty(p) && p->delivery.at % 2 == 1 &&
	    step->cuts[at] != 0 && tn_sim_random(20) == 0;
}

/* A failure to send shows in what is heard next, or it does not matter: the
 * other side may have ended the conversation first. */
static bool
play_say(struct talk_play *p, const struct talk_step *step)
{
	size_t begin = 0;
	int r = 0;

	for (size_t at = 1; at <= step->bytes.len && r == 0; at++) {
		if (at < step->bytes.len && !play_cuts(p, step, at))
			continue;
		r = tn_stream_write(p->stream,
		    tn_slice(step->bytes.data + begin, at - begin));
		if (r == 0)
			r = tn_stream_flush(p->stream);
		if (r == 0 && at < step->bytes.len)
			r = tn_sleep(PLAY_PAUSE);
		begin = at;
	}
	p->said += step->bytes.len;
	return r == 0 || !play_faulty(p);
}

static void
play_drop(struct talk_play *p, bool reset)
{
	const struct linger linger = { .l_onoff = 1 };

	if (p->stream != NULL && reset)
		(void)!tn_socket_setsockopt(tn_stream_socket(p->stream),
		    SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	tn_stream_free(p->stream);
	p->stream = NULL;
}

static bool
play_speak(struct talk_play *p, const struct talk_step *step)
{
	if (p->stream == NULL)
		return true;
	switch (step->kind) {
	case TALK_SAY:
		return play_say(p, step);
	case TALK_SHUT:
		(void)tn_stream_shutdown(p->stream);
		break;
	case TALK_CLOSE:
		(void)tn_stream_shutdown(p->stream);
		play_drop(p, false);
		break;
	default:
		play_drop(p, true);
		break;
	}
	return true;
}

/* ---- the whole ---------------------------------------------------------- */

/* Where a stream's filter will take its place. */
static bool
play_tls(struct talk_play *p, const struct talk_step *step)
{
	(void)talk_fail(p, step->number, "this build has no TLS, so %s cannot "
	    "be asked for it", play_other(p));
	return false;
}

static bool
play_step(struct talk_play *p, const struct talk_step *step)
{
	if (step->kind == TALK_WAIT)
		return play_wait(p, step);
	if (step->kind == TALK_TLS)
		return play_tls(p, step);
	return step->side == p->ours ? play_hear(p, step)
				     : play_speak(p, step);
}

/* When all is said, both sides have no more to say. */
static bool
play_end(struct talk_play *p)
{
	const struct talk_step end = {
		.kind = TALK_CLOSE,
		.side = p->ours,
		.number = p->talk->last,
	};

	if (p->stream == NULL)
		return true;
	(void)tn_stream_shutdown(p->stream);
	return p->ended || play_hear_end(p, &end);
}

void
talk_play(struct talk_play *p, struct tn_stream *stream)
{
	const struct talk_step *step = p->talk->steps;
	bool good = true;

	p->stream = stream;
	for (; step != NULL && good; step = step->next)
		good = play_step(p, step);
	if (good)
		good = play_end(p);
	if (!good && p->outcome == TALK_AS_WRITTEN)
		p->outcome = TALK_EXCUSED;
	/* An end in good order could be taken for that of a body. */
	play_drop(p, !good);
}
