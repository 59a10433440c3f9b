/* Dialogue files: scripted conversations, played against our server and our
 * client in a simulated world.  docs/dialogues.md teaches how to write one.
 *
 * A protocol brings one small file with a table of handlers (ours serves, the
 * runner plays C:) and a table of actions (ours calls, the runner plays S:);
 * everything else is here. */
#ifndef TESTS_DIALOGUE_TALK_H
#define TESTS_DIALOGUE_TALK_H

#include <stdio.h>
#include <tenon/base.h>
#include <tenon/run.h>
#include <tenon/server.h>

enum talk_side { TALK_CLIENT, TALK_SERVER };

/* ---- a talk as it was written: parse.c --------------------------------- */

struct talk_pattern; /* {date}, {number}: match.c */

/* A piece of a line. */
struct talk_part {
	struct talk_part *next;
	const struct talk_pattern *pattern; /* NULL: these very bytes */
	struct tn_slice bytes; /* of a pattern: what is sent in its place */
	bool repeated;         /* {100*x}: no place of interest inside */
};

struct talk_line {
	struct talk_line *next;
	struct talk_part *parts;
	int number; /* in the file */
};

enum talk_kind {
	TALK_SAY,
	TALK_WAIT,  /* nobody says anything for so long */
	TALK_SHUT,  /* says no more, but listens */
	TALK_CLOSE, /* and does not listen either */
	TALK_RESET,
	TALK_TLS,   /* from here on encrypted */
};

struct talk_step {
	struct talk_step *next;
	enum talk_kind kind;
	enum talk_side side;
	int number;
	tn_time span;            /* WAIT */
	struct talk_line *lines; /* SAY */
	struct tn_slice bytes;   /* what is sent for them */
	const char *cuts; /* one a byte: it may be divided before this one */
};

#define TALK_WORDS 16

/* "server echo Host header_ms=500": whom of ours the talk is for. */
struct talk_command {
	int number; /* of the line, 0: none */
	int count;
	const char *words[TALK_WORDS];
};

struct talk {
	const char *path;
	struct talk_command commands[2];   /* by side */
	struct talk_line *told[2];         /* C=, S= */
	struct talk_step *steps;
	int last; /* line */
	void *memory;
};

/* 0, or -EINVAL with "PATH:LINE: what is wrong" in the error text. */
int talk_parse(const char *path, struct tn_slice text, struct talk **ret);
void talk_free(struct talk *talk);

/* ---- what came against what was expected: match.c, show.c --------------- */

/* 0 when `name` is none. */
const struct talk_pattern *talk_pattern(struct tn_slice name);
struct tn_slice talk_pattern_sample(const struct talk_pattern *pattern);
struct tn_slice talk_pattern_name(const struct talk_pattern *pattern);

enum talk_match { TALK_SAME, TALK_MORE, TALK_DIFFERENT };

struct talk_verdict {
	enum talk_match match;
	const struct talk_line *line; /* the first that is not there, or NULL */
	size_t at;                    /* where it would begin */
};

/* Holds bytes against lines.  MORE: so far the same. */
struct talk_verdict talk_compare(const struct talk_line *lines,
    struct tn_slice got);

/* Both side by side, around the line where they part. */
void talk_show(FILE *out, const struct talk_line *lines, struct tn_slice got);

/* ---- one of ours in a world --------------------------------------------- */

#define TALK_TOLD_MAX 65536

/* What a handler or an action is given. */
struct talk_ours {
	const struct talk_command *command; /* its words */
	const char *address;      /* to listen on, or to call */
	struct tn_server *server; /* set by whoever serves */
	char told[TALK_TOLD_MAX]; /* what it saw */
	size_t told_len;
	bool told_full;
	void *user;
};

/* Says what it saw: a line of the S= or C= kind. */
void talk_tell(struct talk_ours *ours, const char *format, ...)
    TN_PRINTF(2, 3);
/* The same with bytes of any kind at its end. */
void talk_tell_bytes(struct talk_ours *ours, const char *what,
    struct tn_slice bytes);
/* "error ENAME: text"; returns `code`. */
int talk_tell_error(struct talk_ours *ours, int code);

struct talk_option {
	const char *name;
	int64_t *value;
};

/* Sets the options among the words of the command, NAME=NUMBER.  -EINVAL. */
int talk_options(const struct talk_ours *ours,
    const struct talk_option *options, size_t count);
/* Word `index` that is no option, 0 the handler's or action's own; or NULL. */
const char *talk_word(const struct talk_ours *ours, int index);

struct talk_protocol {
	const char *name;
	/* Serves on ours->address until it is cancelled; sets ours->server. */
	int (*serve)(struct talk_ours *ours);
	/* Does what the words say with the server at ours->address. */
	int (*call)(struct talk_ours *ours);
	/* Whether a server says with this line that something of its own went
	 * wrong: under faults it may. */
	bool (*excuses)(struct tn_slice line);
};

/* ---- playing: play.c, world.c, main.c ----------------------------------- */

enum talk_mode { TALK_WHOLE, TALK_SPLIT, TALK_BYTES, TALK_FAULTS };

/* How what the runner says is delivered. */
struct talk_delivery {
	enum talk_mode mode;
	uint64_t at;     /* SPLIT: the byte; FAULTS: the seed */
};

enum talk_outcome {
	TALK_AS_WRITTEN,
	TALK_EXCUSED, /* a fault struck, and what came of it is fine */
	TALK_FAILED,
};

/* One playing of a talk. */
struct talk_play {
	const struct talk_protocol *protocol;
	const struct talk *talk;
	enum talk_side ours;
	struct talk_delivery delivery;
	enum talk_outcome outcome;
	FILE *out;    /* the failure is told here */
	size_t said;  /* by the runner so far */
	bool ended;   /* the other side has said its last */
	struct tn_stream *stream;
};

/* Plays the other side on a connection, which it takes. */
void talk_play(struct talk_play *play, struct tn_stream *stream);
/* Holds what ours has told against what the talk says it should. */
void talk_check_told(struct talk_play *play, const struct talk_ours *ours);
/* It failed, at this line of the file; the first time counts.  Returns false
 * when that is told, and more may be. */
bool talk_fail(struct talk_play *play, int number, const char *format, ...)
    TN_PRINTF(3, 4);

/* What to do of all that can be done. */
struct talk_choice {
	bool one;        /* only this delivery, with its trace */
	struct talk_delivery delivery;
	int sides;       /* bits 1 << side */
	uint64_t seeds;  /* of faults */
	const char *self; /* how this program is called, for repeating */
	FILE *out;       /* failures */
	FILE *count;     /* what was done, or NULL */
};

/* Plays it in each way; false after the first failure, which was told. */
bool talk_run(const struct talk_protocol *protocol, const struct talk *talk,
    const struct talk_choice *choice);
bool talk_run_file(const struct talk_protocol *protocol, const char *path,
    const struct talk_choice *choice);

/* main() of a protocol. */
int talk_main(const struct talk_protocol *protocol, int argc, char **argv);

#endif
