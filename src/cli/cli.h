/* What the verbs of the command share: tables that describe them, the parser
 * that reads them, and how a verb ends. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>
#include <tenon/base.h>

/* ---- exit statuses ------------------------------------------------------ */

enum {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_TIMED_OUT = 124, /* as timeout(1) */
};

/* ---- tables ------------------------------------------------------------- */

#define CLI_LIST_MAX 64
#define CLI_LOOPS_MAX 256 /* what tn_run() can start */

struct cli_list { /* of an option that may be given again */
	const char *items[CLI_LIST_MAX];
	size_t count;
};

/* One option or argument of a verb.  The row is all there is to it: parsing,
 * --help, the manual and completion follow from it.  Exactly one of the
 * pointers is set; what it points to says how a value is read. */
struct cli_option {
	const char *name;     /* "listen"; NULL for an argument by place */
	char letter;          /* 'l', or 0 */
	const char *argument; /* "ADDRESS" */
	const char *fallback; /* the default as one would type it; shown too */
	const char *without;  /* the value when no "=" and value follow; the next
			       * word is none then */
	const char *help;
	bool required; /* an argument by place that may not be missing */
	bool rest; /* of a list: all words behind it, whatever they look like */

	bool *flag; /* no argument */
	const char **text;
	struct cli_list *list;
	int64_t *number;            /* from `min` to `max` */
	int64_t *bytes;             /* "64K", from `min` to `max` */
	int64_t *span_ms;           /* "1.5s"; "never" becomes -1 */
	int *choice;                /* an index into `choices` */
	const char *const *choices; /* ends in NULL */
	int64_t min, max;           /* of numbers; max 0 = any */

	/* Judges a text: 0, or < 0 with the reason in tn_error_text(). */
	int (*check)(const char *text);
};

struct cli_example {
	const char *command, *what;
};

struct cli_verb {
	const char *name;  /* "serve", "echo serve" */
	const char *group; /* its heading in tenon --help */
	const char *summary;
	const char *about; /* paragraphs, an empty line between */
	const struct cli_option *options; /* ends in an all-zero row */
	const struct cli_example *examples; /* the same */
	int (*run)(void);                   /* returns an exit status */
};

/* In the order of tenon --help; ends in NULL. */
extern const struct cli_verb *const cli_verbs[];

extern const struct cli_verb cli_verb_connect;
extern const struct cli_verb cli_verb_echo;
extern const struct cli_verb cli_verb_echo_serve;
extern const struct cli_verb cli_verb_help;
extern const struct cli_verb cli_verb_host;
extern const struct cli_verb cli_verb_ip;
extern const struct cli_verb cli_verb_listen;
extern const struct cli_verb cli_verb_order;
extern const struct cli_verb cli_verb_port;
extern const struct cli_verb cli_verb_serve;
extern const struct cli_verb cli_verb_sockopt;

/* What main() was given, for a process like this one; ends in NULL. */
extern char **cli_arguments;

/* The verb that the first words name, and in `*ret_words` how many they were;
 * NULL when there is none. */
const struct cli_verb *cli_verb_find(char *const *words, size_t *ret_words);

/* ---- options ------------------------------------------------------------ */

/* Reads the words behind a verb, NULL at their end, into what its rows point
 * to.  1 when --help was asked for, -EINVAL or what a check said, with the
 * reason in tn_error_text(). */
int cli_parse(const struct cli_verb *verb, char *const *words);

/* The word of `words` (ends in NULL) that somebody who wrote `word` may have
 * meant, or NULL. */
const char *cli_suggest(const char *word, const char *const *words);

/* An address as the library takes it: a port by itself is short for this
 * machine's, and is written out in `out`. */
#define CLI_ADDRESS_SIZE 32
const char *cli_address(const char *text, char out[CLI_ADDRESS_SIZE]);

/* For cli_option.check: does cli_address() give an address that a stream can
 * listen at or be connected to; or any address. */
int cli_check_stream(const char *text);
/* The same, or what tn_listen() takes beside addresses: "systemd:", "fd:3". */
int cli_check_listen(const char *text);
int cli_check_address(const char *text);
/* The same, or one to speak TLS with. */
int cli_check_dial(const char *text);

/* ---- help --------------------------------------------------------------- */

void cli_help(FILE *out);
void cli_help_verb(FILE *out, const struct cli_verb *verb);
void cli_version(FILE *out);
void cli_manual(FILE *out); /* mdoc(7) */

/* What could stand at the end of `words`, one a line; nothing where a file name
 * may stand. */
void cli_complete(FILE *out, char *const *words);

/* ---- ending ------------------------------------------------------------- */

/* Says on stderr why `verb` failed with `code`, in one line; the exit status
 * for it. */
int cli_fail(const char *verb, int code);

/* The same for words that were wrong. */
int cli_usage(const char *verb);

#endif
