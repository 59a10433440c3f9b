/* One run of ./dev conform. */
#ifndef TESTS_CONFORM_CONFORM_H
#define TESTS_CONFORM_CONFORM_H

#include "conform/corpus.h"
#include "conform/score.h"

struct conform {
	struct scores scores, seen; /* recorded; of this run */
	struct known known;
	const char *scores_path, *known_path;
	bool verbose, json, record;
	bool failed;  /* a fall, or a file that cannot be read */
	bool changed; /* scores: a rise, or a new one */
	unsigned found;
	struct tn_buffer rises; /* what is said at the end */
};

/* Says what the error text says; the run has failed. */
void conform_fail(struct conform *c);
/* Runs what was read, prints its line and holds it against the record. */
void conform_corpus(struct conform *c, const struct format *f,
    struct corpus *corpus);
/* The last line. */
void conform_sum(const struct conform *c);
/* What is listed for a corpus that ran, and did not come to pass. */
void conform_stale(struct conform *c);

#endif
