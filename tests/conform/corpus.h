/* A corpus is a file of test cases from elsewhere.  Its format says how it is
 * recognised, read and run; what was read can be run by itself. */
#ifndef TESTS_CONFORM_CORPUS_H
#define TESTS_CONFORM_CORPUS_H

#include <tenon/buffer.h>

#include "conform/tree.h"

struct corpus_case {
	struct tn_buffer name; /* no other of its corpus has it */
	unsigned line;
	struct tn_buffer given;    /* the bytes */
	struct tn_buffer expected; /* what is to come of them, as text */
	unsigned notes; /* bits of the format's own: see format.notes */
};

struct corpus {
	const char *path; /* for people: escaped */
	struct tn_slice text;
	struct tree tree; /* of JSON and textproto */
	struct corpus_case *cases;
	size_t count, cap;
};

/* What came of a case. */
struct corpus_outcome {
	struct tn_buffer got;  /* right when it equals the expected */
	struct tn_buffer said; /* what the library said about it, if anything */
};

struct format {
	const char *name;   /* the first half of a score's name */
	const char *ending; /* of the file's name */
	/* Whether the file, with its tree, is one of these. */
	bool (*is)(const struct format *f, const struct corpus *c);
	/* Adds the cases; TN_EPROTO when it is malformed. */
	int (*read)(const struct format *f, struct corpus *c);
	/* NULL: nothing in the library can do it yet. */
	void (*run)(struct corpus_case *x, struct corpus_outcome *ret);
	const char *waits_for;
	const char *members[5]; /* of each case: how trees are told apart */
	const char *notes[4];   /* what bit 0, 1, ... of case.notes means */
};

extern const struct format formats[];
extern const size_t formats_count;

/* Reads c->text as the format that it is.  1 when it is none, else 0 or an
 * error whose text names the line.  The cases are freed by corpus_free(). */
int corpus_read(struct corpus *c, const struct format **ret);
void corpus_free(struct corpus *c);

struct corpus_case *corpus_add(struct corpus *c, struct tn_slice name,
    unsigned line);
int corpus_bad(const struct corpus *c, unsigned line, const char *format, ...)
    TN_PRINTF(3, 4);
void corpus_outcome_free(struct corpus_outcome *o);

/* These end the program where there is no memory. */
void put(struct tn_buffer *out, struct tn_slice bytes);
void put_escaped(struct tn_buffer *out, struct tn_slice text);
void putf(struct tn_buffer *out, const char *format, ...) TN_PRINTF(2, 3);

/* ---- http1 -------------------------------------------------------------- */

/* Bits of case.notes: what a case is about, and what was done to it. */
enum http1_note {
	HTTP1_LENIENT = 1,
	HTTP1_HOST = 2,
	HTTP1_FRAGMENT = 4,
	HTTP1_RESPONSE = 8,
	HTTP1_SKIP_BODY = 16,
};

/* One message, and in words of ours what it says. */
struct http1_message {
	struct tn_buffer method, target, reason;
	struct tn_buffer fields; /* "Name: value" and LF each */
	struct tn_buffer body, trailers;
	unsigned status, version; /* 11 for HTTP/1.1; status 0: a request */
	bool head, whole; /* came to the end of */
};

enum http1_end { HTTP1_ENDS, HTTP1_REFUSED, HTTP1_UPGRADED, HTTP1_IGNORED };

void http1_field_put(struct tn_buffer *out, struct tn_slice name,
    struct tn_slice value);
/* A message of which only a part came is shown as far as its head is there,
 * and not at all when it was refused. */
void http1_message_put(const struct http1_message *m, enum http1_end end,
    struct tn_buffer *out);
void http1_end_put(enum http1_end end, struct tn_buffer *out);
void http1_message_free(struct http1_message *m);

bool llhttp_is(const struct format *f, const struct corpus *c);
int llhttp_read(const struct format *f, struct corpus *c);
/* From a log what is expected; `line` is its first. */
int llhttp_expect(const struct corpus *c, struct corpus_case *x,
    struct tn_slice log, unsigned line);
void http1_run(struct corpus_case *x, struct corpus_outcome *ret);

/* ---- idna --------------------------------------------------------------- */

/* One object of the list. */
int idna_read(const struct format *f, struct corpus *c, uint32_t node);
void idna_run(struct corpus_case *x, struct corpus_outcome *ret);

#endif
