/* What lies in the tree beside the runner: the score each corpus has reached,
 * and the cases in which we differ from it on purpose. */
#ifndef TESTS_CONFORM_SCORE_H
#define TESTS_CONFORM_SCORE_H

#include <tenon/buffer.h>

struct score {
	struct tn_buffer name;
	unsigned passed, known, total;
};

struct scores {
	struct score *rows;
	size_t count, cap;
};

/* Lines "NAME PASSED KNOWN TOTAL", # comments; a file that is not there is
 * empty. */
int scores_load(struct scores *s, const char *path);
/* Replaces the file as a whole, in the order of names. */
int scores_save(struct scores *s, const char *path);
/* NULL when there is none. */
struct score *scores_find(const struct scores *s, struct tn_slice name);
struct score *scores_add(struct scores *s, struct tn_slice name);
void scores_free(struct scores *s);

struct known_case {
	struct tn_slice corpus, name; /* the case's */
	struct tn_slice got; /* stands in what came of it, or was said */
	struct tn_slice why;
	bool met;
};

struct known {
	struct tn_buffer text;
	struct known_case *rows;
	size_t count, cap;
};

/* Three lines each, and empty ones, and # comments:
 *     case NAME: HEADING
 *     got WORDS
 *     why WORDS */
int known_load(struct known *k, const char *path);
struct known_case *known_find(const struct known *k, struct tn_slice corpus,
    struct tn_slice name);
void known_free(struct known *k);

/* The bytes of a file that a person gave: at most 64 MiB. */
int file_load(const char *path, struct tn_buffer *ret);

#endif
