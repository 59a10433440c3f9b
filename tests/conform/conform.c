#include "conform/conform.h"

#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/text.h>

void
conform_fail(struct conform *c)
{
	fflush(stdout);
	fprintf(stderr, "conform: %s\n", tn_error_text());
	c->failed = true;
}

/* ---- a case -------------------------------------------------------------- */

/* The text of a stranger, in lines. */
static void
show(const char *what, const struct tn_buffer *text)
{
	struct tn_slice rest = tn_buffer_slice(text);

	printf("    %s\n", what);
	while (rest.len > 0) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
		ssize_t end = tn_slice_find(rest, '\n');
		size_t n = end < 0 ? rest.len : (size_t)end + 1;

		put_escaped(&shown, tn_slice_head(rest, n - (end >= 0)));
		printf("\t%s%s\n", shown.data, end < 0 ? "(no LF)" : "");
		rest = tn_slice_skip(rest, n);
	}
}

/* A miss, or a known difference. */
static void
show_case(const struct corpus *corpus, const struct corpus_case *x,
    const struct corpus_outcome *o, const struct known_case *known)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer name = { 0 };

	put_escaped(&name, tn_buffer_slice(&x->name));
	printf("  %s:%u: %s\n", corpus->path, x->line, name.data);
	if (known != NULL) {
		printf("    known: %.*s\n", (int)known->why.len,
		    known->why.data);
		return;
	}
	show("given", &x->given);
	show("expected", &x->expected);
	show("got", &o->got);
	if (o->said.len > 0)
		printf("    said\n\t%s\n", o->said.data);
}

static bool
known_fits(struct known_case *known, const struct corpus_outcome *o)
{
	if (known == NULL)
		return false;
	known->met = tn_slice_search(tn_buffer_slice(&o->got),
	    known->got) >= 0 ||
	    tn_slice_search(tn_buffer_slice(&o->said), known->got) >= 0;
	return known->met;
}

static void
run_case(struct conform *c, const struct format *f,
    const struct corpus *corpus, struct corpus_case *x, struct score *score)
{
	struct corpus_outcome o = { 0 };
	struct known_case *known = known_find(&c->known,
	    tn_buffer_slice(&score->name), tn_buffer_slice(&x->name));

	f->run(x, &o);
	score->total++;
	if (tn_slice_equal(tn_buffer_slice(&o.got),
	        tn_buffer_slice(&x->expected))) {
		score->passed++;
	} else {
		if (!known_fits(known, &o))
			known = NULL;
		score->known += known != NULL;
		if (c->verbose)
			show_case(corpus, x, &o, known);
	}
	corpus_outcome_free(&o);
}

/* ---- a corpus ------------------------------------------------------------ */

static void
print_json(const struct format *f, const struct score *s, size_t cases)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };

	putf(&line, "{\"name\": ");
	if (tn_json_string(tn_buffer_slice(&s->name), &line) < 0)
		return;
	if (f->run == NULL)
		printf("%s, \"waits_for\": \"%s\", \"total\": %zu}\n",
		    line.data, f->waits_for, cases);
	else
		printf("%s, \"passed\": %u, \"known\": %u, \"missed\": %u, "
		    "\"total\": %u}\n",
		    line.data, s->passed, s->known,
		    s->total - s->passed - s->known, s->total);
}

static void
print_line(const struct format *f, const struct score *s, size_t cases)
{
	if (f->run == NULL)
		printf("%-37s waiting for %-18s%5zu\n", s->name.data,
		    f->waits_for, cases);
	else
		printf("%-37s%9u%9u%9u%9u\n", s->name.data, s->passed,
		    s->known, s->total - s->passed - s->known, s->total);
}

static void
print_notes(const struct format *f, const struct corpus *corpus)
{
	for (unsigned bit = 0; bit < TN_COUNT(f->notes); bit++) {
		unsigned n = 0;

		for (size_t i = 0; i < corpus->count; i++)
			n += corpus->cases[i].notes >> bit & 1;
		if (n > 0 && f->notes[bit] != NULL)
			printf("  %u of these %s\n", n, f->notes[bit]);
	}
}

static unsigned
missed(const struct score *s)
{
	return s->total - s->passed - s->known;
}

/* Whether anything is worse, whatever else is better.  Known differences may
 * only become passes then: were fewer known and no more passed, more would be
 * missed, or there would be fewer in all. */
static bool
fell(const struct score *s, const struct score *old)
{
	return s->passed < old->passed || s->total < old->total ||
	    missed(s) > missed(old);
}

static void
put_score(const struct score *s, struct tn_buffer *out)
{
	putf(out, "%u passed, %u known, %u missed, %u in all", s->passed,
	    s->known, missed(s), s->total);
}

static void
judge_fall(struct conform *c, const struct score *s, const struct score *old)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer words = { 0 };

	put_score(s, &words);
	putf(&words, "; the record is ");
	put_score(old, &words);
	fflush(stdout);
	fprintf(stderr, "conform: %s fell: %s; -v shows each miss, and only a "
	    "hand writes down less than the record\n", s->name.data,
	    words.data);
	c->failed = true;
}

static void
judge_rise(struct conform *c, const struct score *s, const struct score *old)
{
	putf(&c->rises, "conform: %s %s: ", s->name.data,
	    old == NULL                   ? "is new"
	        : s->passed > old->passed ? "rose"
					  : "changed");
	put_score(s, &c->rises);
	if (old != NULL) {
		putf(&c->rises, "; the record is ");
		put_score(old, &c->rises);
	}
	putf(&c->rises, "\n");
}

/* Held against the record. */
static void
judge(struct conform *c, const struct score *s)
{
	struct score *old = scores_find(&c->scores, tn_buffer_slice(&s->name));

	if (old != NULL && fell(s, old)) {
		judge_fall(c, s, old);
		return;
	}
	if (old != NULL && s->passed == old->passed &&
	    s->known == old->known && s->total == old->total)
		return;
	judge_rise(c, s, old);
	if (old == NULL)
		old = scores_add(&c->scores, tn_buffer_slice(&s->name));
	old->passed = s->passed;
	old->known = s->known;
	old->total = s->total;
	c->changed = true;
}

/* "http1/request-method" for ".../request-method.md". */
static void
score_name(const struct format *f, const char *path, struct tn_buffer *ret)
{
	const char *slash = strrchr(path, '/');
	struct tn_slice stem = tn_slice_str(slash == NULL ? path : slash + 1);

	stem.len -= strlen(f->ending);
	putf(ret, "%s/%.*s", f->name, (int)stem.len, stem.data);
	for (size_t i = 0; i < ret->len; i++)
		if (ret->data[i] == ' ' || ret->data[i] == ':')
			ret->data[i] = '_';
}

void
conform_corpus(struct conform *c, const struct format *f, struct corpus *corpus)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer name = { 0 };
	struct score *score;

	score_name(f, corpus->path, &name);
	if (scores_find(&c->seen, tn_buffer_slice(&name)) != NULL) {
		tn_error_set(-EEXIST, "%s: there was another %s", corpus->path,
		    name.data);
		conform_fail(c);
		return;
	}
	score = scores_add(&c->seen, tn_buffer_slice(&name));
	for (size_t i = 0; f->run != NULL && i < corpus->count; i++)
		run_case(c, f, corpus, &corpus->cases[i], score);
	if (c->json)
		print_json(f, score, corpus->count);
	else
		print_line(f, score, corpus->count);
	if (c->verbose)
		print_notes(f, corpus);
	if (f->run != NULL)
		judge(c, score);
}

/* ---- all of them --------------------------------------------------------- */

void
conform_sum(const struct conform *c)
{
	unsigned passed = 0, known = 0, total = 0;

	for (size_t i = 0; i < c->seen.count; i++) {
		passed += c->seen.rows[i].passed;
		known += c->seen.rows[i].known;
		total += c->seen.rows[i].total;
	}
	printf("%-37s%9u%9u%9u%9u\n", "all that ran", passed, known,
	    total - passed - known, total);
}

void
conform_stale(struct conform *c)
{
	for (size_t i = 0; i < c->known.count; i++) {
		const struct known_case *x = &c->known.rows[i];

		if (!x->met && scores_find(&c->seen, x->corpus) != NULL)
			fprintf(stderr, "conform: %s: \"%.*s: %.*s\" is no "
			    "difference any more, or another one\n",
			    c->known_path, (int)x->corpus.len, x->corpus.data,
			    (int)x->name.len, x->name.data);
	}
}
