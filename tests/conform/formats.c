#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "conform/corpus.h"

/* ---- corpora of objects ------------------------------------------------- */

static bool
format_has_members(const struct format *f, const struct tree *t, uint32_t node)
{
	for (const char *const *name = f->members; *name != NULL; name++)
		if (tree_get(t, node, *name) == 0)
			return false;
	return true;
}

/* A list, whose first object has the members. */
static bool
list_is(const struct format *f, const struct corpus *c)
{
	const struct tree *t = &c->tree;
	uint32_t node;

	if (t->count == 0 || t->nodes[1].kind != TREE_LIST)
		return false;
	node = t->nodes[1].first;
	while (node != 0 && t->nodes[node].kind != TREE_OBJECT)
		node = t->nodes[node].next;
	return node != 0 && format_has_members(f, t, node);
}

static int
list_read_case(const struct format *f, struct corpus *c, uint32_t node)
{
	const struct tree *t = &c->tree;
	unsigned line = t->nodes[node].line;
	char name[32];

	if (!format_has_members(f, t, node))
		return corpus_bad(c, line, "a %s case without \"%s\", ...",
		    f->name, f->members[0]);
	snprintf(name, sizeof(name), "line %u", line);
	corpus_add(c, tn_slice_str(name), line);
	return 0;
}

static int
list_read_by(const struct format *f, struct corpus *c,
    int (*read_case)(const struct format *, struct corpus *, uint32_t))
{
	const struct tree *t = &c->tree;
	uint32_t node = t->nodes[1].first;
	int e = 0;

	for (; node != 0 && e == 0; node = t->nodes[node].next) {
		if (t->nodes[node].kind == TREE_OBJECT)
			e = read_case(f, c, node);
		else if (t->nodes[node].kind != TREE_STRING)
			e = corpus_bad(c, t->nodes[node].line,
			    "a case is an object, a comment a string");
	}
	return e;
}

static int
list_read(const struct format *f, struct corpus *c)
{
	return list_read_by(f, c, list_read_case);
}

static int
list_read_idna(const struct format *f, struct corpus *c)
{
	return list_read_by(f, c, idna_read);
}

/* One object, which is the case. */
static bool
object_is(const struct format *f, const struct corpus *c)
{
	return c->tree.count > 0 && format_has_members(f, &c->tree, 1);
}

static int
object_read(const struct format *f, struct corpus *c)
{
	return list_read_case(f, c, 1);
}

static int
robots_read_test(const struct format *f, struct corpus *c, uint32_t test)
{
	const struct tree *t = &c->tree;
	uint32_t list = tree_get(t, test, "test_expectations"), node;
	int e = 0;

	if (tree_get(t, test, "robotstxt") == 0 ||
	    t->nodes[list].kind != TREE_LIST)
		return corpus_bad(c, t->nodes[test].line,
		    "a test without robotstxt or a list of expectations");
	for (node = t->nodes[list].first; node != 0 && e == 0;
	     node = t->nodes[node].next)
		e = list_read_case(f, c, node);
	return e;
}

/* A list of robots.txt, and to each a list of expectations. */
static bool
robots_is(const struct format *f, const struct corpus *c)
{
	return c->tree.count > 0 && tree_get(&c->tree, 1, "tests") > 0;
}

static int
robots_read(const struct format *f, struct corpus *c)
{
	const struct tree *t = &c->tree;
	uint32_t test = t->nodes[tree_get(t, 1, "tests")].first;
	int e = 0;

	for (; test != 0 && e == 0; test = t->nodes[test].next)
		e = robots_read_test(f, c, test);
	return e;
}

/* ---- the table ---------------------------------------------------------- */

/* The first that fits is it. */
const struct format formats[] = {
	{ .name = "http1", .ending = ".md", .is = llhttp_is,
	    .read = llhttp_read, .run = http1_run,
	    .notes = { "written for a lenient parser: have to be refused here",
	        "without Host, which was added",
	        "with a fragment in the target, which was cut off" } },
	{ .name = "url", .ending = ".json", .is = list_is, .read = list_read,
	    .waits_for = "the URL module", .members = { "input", "base" } },
	{ .name = "idna", .ending = ".json", .is = list_is,
	    .read = list_read_idna, .run = idna_run,
	    .members = { "input", "output" } },
	{ .name = "cookies", .ending = ".json", .is = list_is,
	    .read = list_read, .waits_for = "the cookie module",
	    .members = { "test", "received", "sent" } },
	{ .name = "cookie-dates", .ending = ".json", .is = list_is,
	    .read = list_read, .waits_for = "the cookie module",
	    .members = { "test", "expected" } },
	{ .name = "mail", .ending = ".json", .is = list_is, .read = list_read,
	    .waits_for = "the mail module",
	    .members = { "header", "expected" } },
	{ .name = "mime", .ending = ".json", .is = object_is,
	    .read = object_read, .waits_for = "the MIME module",
	    .members = { "html_body", "text_body", "parts" } },
	{ .name = "robots", .ending = ".textproto", .is = robots_is,
	    .read = robots_read, .waits_for = "the robots module",
	    .members = { "testurl", "useragent", "expected_outcome" } },
};
const size_t formats_count = TN_COUNT(formats);

/* How a file of that ending becomes a tree. */
static const struct {
	const char *ending;
	int (*read)(struct tree *tree, const char *where, struct tn_slice text);
} trees[] = {
	{ ".json", tree_json },
	{ ".textproto", tree_textproto },
};

int
corpus_read(struct corpus *c, const struct format **ret)
{
	struct tn_slice path = tn_slice_str(c->path);
	int e;

	for (size_t i = 0; i < TN_COUNT(trees); i++) {
		if (!tn_slice_ends(path, tn_slice_str(trees[i].ending)))
			continue;
		e = trees[i].read(&c->tree, c->path, c->text);
		if (e < 0)
			return e;
	}
	for (const struct format *f = formats; f < formats + formats_count;
	     f++) {
		if (!tn_slice_ends(path, tn_slice_str(f->ending)) ||
		    !f->is(f, c))
			continue;
		e = f->read(f, c);
		if (e == 0)
			*ret = f;
		return e;
	}
	return 1;
}

/* ---- building one ------------------------------------------------------- */

void
put(struct tn_buffer *out, struct tn_slice bytes)
{
	int failed = tn_buffer_append(out, bytes);

	assert(failed == 0);
	(void)failed;
}

void
put_escaped(struct tn_buffer *out, struct tn_slice text)
{
	int failed;

	put(out, TN_SLICE("")); /* so that there is a string in any case */
	failed = tn_buffer_append_escaped(out, text);
	assert(failed == 0);
	(void)failed;
}

void
putf(struct tn_buffer *out, const char *format, ...)
{
	va_list arguments;
	int failed;

	va_start(arguments, format);
	failed = tn_buffer_vprintf(out, format, arguments);
	va_end(arguments);
	assert(failed == 0);
	(void)failed;
}

int
corpus_bad(const struct corpus *c, unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tn_error_vset(TN_EPROTO, format, arguments);
	va_end(arguments);
	return tn_error_prefix("%s:%u", c->path, line);
}

static bool
corpus_has(const struct corpus *c, const struct tn_buffer *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (tn_slice_equal(tn_buffer_slice(&c->cases[i].name),
		        tn_buffer_slice(name)))
			return true;
	return false;
}

struct corpus_case *
corpus_add(struct corpus *c, struct tn_slice name, unsigned line)
{
	struct corpus_case added = { .line = line };

	put(&added.name, name);
	for (int i = 2; corpus_has(c, &added.name); i++) {
		tn_buffer_clear(&added.name);
		putf(&added.name, "%.*s (%d)", (int)name.len, name.data, i);
	}
	if (c->count == c->cap) {
		c->cap = c->cap * 2 + 16;
		c->cases = tn__resize(c->cases, c->cap * sizeof(*c->cases));
		assert(c->cases != NULL);
	}
	c->cases[c->count] = added;
	return &c->cases[c->count++];
}

void
corpus_free(struct corpus *c)
{
	for (size_t i = 0; i < c->count; i++) {
		tn_buffer_free(&c->cases[i].name);
		tn_buffer_free(&c->cases[i].given);
		tn_buffer_free(&c->cases[i].expected);
	}
	tn__free(c->cases);
	c->cases = NULL;
	c->count = c->cap = 0;
	tree_free(&c->tree);
}

void
corpus_outcome_free(struct corpus_outcome *o)
{
	tn_buffer_free(&o->got);
	tn_buffer_free(&o->said);
}
