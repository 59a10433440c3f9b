#include "conform/tree.h"

#include <assert.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "base/memory.h"

#define TREE_DEPTH 64

struct tree_reader {
	struct tree *tree;
	const char *where;
	struct tn_slice in; /* what is left */
	unsigned line, depth;
	bool proto; /* else JSON */
};

static int
tree_bad(const struct tree_reader *r, const char *why)
{
	return tn_error_set(TN_EPROTO, "%s:%u: %s", r->where, r->line, why);
}

/* ---- building ---------------------------------------------------------- */

/* What there is no memory for cannot be tested: these end the program. */
static uint32_t
tree_add(struct tree_reader *r, uint32_t parent)
{
	struct tree *t = r->tree;
	uint32_t node = t->count++;

	if (t->count > t->cap) {
		t->cap = t->cap * 2 + 64;
		t->nodes = tn__resize(t->nodes, t->cap * sizeof(*t->nodes));
		assert(t->nodes != NULL);
	}
	t->nodes[node] = (struct tree_node){ .line = r->line };
	if (parent == 0)
		return node;
	if (t->nodes[parent].first == 0)
		t->nodes[parent].first = node;
	else
		t->nodes[t->nodes[parent].last].next = node;
	t->nodes[parent].last = node;
	return node;
}

static void
tree_put(struct tree_reader *r, struct tn_slice bytes)
{
	int failed = tn_buffer_append(&r->tree->text, bytes);

	assert(failed == 0);
	(void)failed;
}

/* ---- bytes ------------------------------------------------------------- */

static int
tree_peek(const struct tree_reader *r)
{
	return r->in.len > 0 ? (unsigned char)r->in.data[0] : -1;
}

static void
tree_skip(struct tree_reader *r)
{
	r->line += r->in.data[0] == '\n';
	r->in = tn_slice_skip(r->in, 1);
}

static bool
tree_is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space and comments. */
static void
tree_space(struct tree_reader *r)
{
	struct tn_slice comment = r->proto ? TN_SLICE("#") : TN_SLICE("//");

	for (;;) {
		while (tree_is_blank(tree_peek(r)))
			tree_skip(r);
		if (!tn_slice_starts(r->in, comment))
			return;
		while (r->in.len > 0 && r->in.data[0] != '\n')
			tree_skip(r);
	}
}

/* The byte behind white space, taken when it is this one. */
static bool
tree_take(struct tree_reader *r, char byte)
{
	tree_space(r);
	if (tree_peek(r) != byte)
		return false;
	tree_skip(r);
	return true;
}

/* Letters, digits and what else numbers and names are made of. */
static struct tn_slice
tree_word(struct tree_reader *r)
{
	struct tn_slice word = tn_slice(r->in.data, 0);

	while (word.len < r->in.len) {
		char c = r->in.data[word.len];

		if (!tn_is_alpha(c) && !tn_is_digit(c) &&
		    (c == '\0' || strchr("_+-.", c) == NULL))
			break;
		word.len++;
	}
	r->in = tn_slice_skip(r->in, word.len);
	return word;
}

/* ---- strings ----------------------------------------------------------- */

static int
tree_hex(struct tree_reader *r, size_t least, size_t most, uint32_t *ret)
{
	size_t n = 0;

	*ret = 0;
	for (; n < most && r->in.len > 0; n++) {
		int digit = tn_hex_value(r->in.data[0]);

		if (digit < 0)
			break;
		*ret = *ret << 4 | (unsigned)digit;
		tree_skip(r);
	}
	return n < least ? tree_bad(r, "hex digits are missing") : 0;
}

/* Behind "\u". */
static int
tree_unicode(struct tree_reader *r)
{
	uint32_t code, low;
	char utf8[4];
	int e = tree_hex(r, 4, 4, &code), n;

	if (e == 0 && code >> 10 == 0xd800 >> 10 &&
	    tn_slice_starts(r->in, TN_SLICE("\\u"))) {
		struct tn_slice before = r->in;

		r->in = tn_slice_skip(r->in, 2);
		e = tree_hex(r, 4, 4, &low);
		if (e == 0 && low >> 10 == 0xdc00 >> 10)
			code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
		else
			r->in = before;
	}
	if (e < 0)
		return e;
	n = tn_utf8_encode(code, utf8);
	if (n < 0)
		n = tn_utf8_encode(0xfffd, utf8);
	tree_put(r, tn_slice(utf8, (size_t)n));
	return 0;
}

static int
tree_escape(struct tree_reader *r)
{
	static const char names[] = "\"\\/'bfnrt";
	static const char bytes[] = "\"\\/'\b\f\n\r\t";
	int c = tree_peek(r);
	const char *known = c <= 0 ? NULL : strchr(names, c);
	uint32_t code;
	char byte;

	if (c < 0)
		return tree_bad(r, "the file ends in a string");
	tree_skip(r);
	if (c == 'u')
		return tree_unicode(r);
	if (known != NULL) {
		tree_put(r, tn_slice(&bytes[known - names], 1));
		return 0;
	}
	if (!r->proto || c != 'x')
		return tree_bad(r, "an escape that is not known");
	if (tree_hex(r, 1, 2, &code) < 0)
		return TN_EPROTO;
	byte = (char)code;
	tree_put(r, tn_slice(&byte, 1));
	return 0;
}

/* Puts what stands in quotes behind tree.text. */
static int
tree_quoted(struct tree_reader *r)
{
	int e = 0, c;

	tree_skip(r);
	while (e == 0) {
		c = tree_peek(r);
		if (c < 0)
			return tree_bad(r, "the file ends in a string");
		if (c < ' ' && c != '\t')
			return tree_bad(r, "a control character in a string");
		if (c != '\\')
			tree_put(r, tn_slice_head(r->in, 1));
		tree_skip(r);
		if (c == '"')
			break;
		if (c == '\\')
			e = tree_escape(r);
	}
	if (e == 0) /* the quote at its end */
		r->tree->text.len--;
	return e;
}

static int
tree_string(struct tree_reader *r, size_t *ret_at, size_t *ret_len)
{
	size_t at = r->tree->text.len;
	int e;

	do {
		e = tree_quoted(r);
		if (e < 0)
			return e;
		if (r->proto)
			tree_space(r);
	} while (r->proto && tree_peek(r) == '"');
	*ret_at = at;
	*ret_len = r->tree->text.len - at;
	return 0;
}

/* ---- values ------------------------------------------------------------ */

static int tree_value(struct tree_reader *r, uint32_t node);

/* A name in quotes, or bare, and its colon, which stands not before "{". */
static int
tree_name(struct tree_reader *r, uint32_t node)
{
	struct tree_node *n = &r->tree->nodes[node];
	struct tn_slice word;

	tree_space(r);
	n->line = r->line;
	if (!r->proto) {
		if (tree_peek(r) != '"')
			return tree_bad(r, "a member's name is missing");
		if (tree_string(r, &n->name, &n->name_len) < 0)
			return TN_EPROTO;
	} else {
		word = tree_word(r);
		if (word.len == 0)
			return tree_bad(r, "a field's name is missing");
		n->name = r->tree->text.len;
		n->name_len = word.len;
		tree_put(r, word);
	}
	if (tree_take(r, ':') || (r->proto && tree_peek(r) == '{'))
		return 0;
	return tree_bad(r, "a colon is missing");
}

/* Members up to `end`, which is taken; -1 is the end of the file. */
static int
tree_members(struct tree_reader *r, uint32_t parent, int end)
{
	uint32_t node;
	int e;

	tree_space(r);
	while (tree_peek(r) != end) {
		node = tree_add(r, parent);
		e = tree_name(r, node);
		if (e < 0)
			return e;
		e = tree_value(r, node);
		if (e < 0)
			return e;
		if (!tree_take(r, ',') && !r->proto && tree_peek(r) != end)
			return tree_bad(r, "a comma or a } is missing");
		tree_space(r);
	}
	if (end >= 0)
		tree_skip(r);
	return 0;
}

static int
tree_list(struct tree_reader *r, uint32_t parent)
{
	if (tree_take(r, ']'))
		return 0;
	do {
		int e;

		tree_space(r);
		e = tree_value(r, tree_add(r, parent));
		if (e < 0)
			return e;
	} while (tree_take(r, ','));
	return tree_take(r, ']') ? 0
				 : tree_bad(r, "a comma or a ] is missing");
}

/* true, false, null, a number, or a bare word of a textproto. */
static int
tree_bare(struct tree_reader *r, uint32_t node)
{
	struct tree_node *n = &r->tree->nodes[node];
	struct tn_slice word = tree_word(r);

	if (word.len == 0)
		return tree_bad(r,
		    r->in.len == 0 ? "the file ends too early"
				   : "a value is missing");
	n->text = r->tree->text.len;
	n->text_len = word.len;
	tree_put(r, word);
	n->truth = tn_slice_equal(word, TN_SLICE("true"));
	if (n->truth || tn_slice_equal(word, TN_SLICE("false")))
		n->kind = TREE_BOOL;
	else if (!r->proto && tn_slice_equal(word, TN_SLICE("null")))
		n->kind = TREE_NULL;
	else if (tn_is_digit(word.data[0]) || word.data[0] == '-')
		n->kind = TREE_NUMBER;
	else if (r->proto)
		n->kind = TREE_STRING;
	else
		return tree_bad(r, "a word that is no value");
	return 0;
}

static int
tree_value(struct tree_reader *r, uint32_t node)
{
	int e, c;

	tree_space(r);
	c = tree_peek(r);
	if (c == '"') {
		struct tree_node *n = &r->tree->nodes[node];

		n->kind = TREE_STRING;
		return tree_string(r, &n->text, &n->text_len);
	}
	if (c != '{' && c != '[')
		return tree_bare(r, node);
	if (r->depth == TREE_DEPTH)
		return tn_error_set(TN_ELIMIT,
		    "%s:%u: more than %d levels deep", r->where, r->line,
		    TREE_DEPTH);
	r->tree->nodes[node].kind = c == '{' ? TREE_OBJECT : TREE_LIST;
	tree_skip(r);
	r->depth++;
	e = c == '{' ? tree_members(r, node, '}') : tree_list(r, node);
	r->depth--;
	return e;
}

/* ---- the whole --------------------------------------------------------- */

static int
tree_read(struct tree *tree, const char *where, struct tn_slice text,
    bool proto)
{
	struct tree_reader r = { tree, where, text, 1, 0, proto };
	uint32_t root;
	int e;

	*tree = (struct tree){ 0 };
	tree_add(&r, 0);
	root = tree_add(&r, 0);
	if (proto) {
		tree->nodes[root].kind = TREE_OBJECT;
		e = tree_members(&r, root, -1);
	} else {
		e = tree_value(&r, root);
	}
	tree_space(&r);
	if (e == 0 && r.in.len > 0)
		e = tree_bad(&r, "something stands behind the end");
	if (e < 0)
		tree_free(tree);
	return e;
}

int
tree_json(struct tree *tree, const char *where, struct tn_slice text)
{
	return tree_read(tree, where, text, false);
}

int
tree_textproto(struct tree *tree, const char *where, struct tn_slice text)
{
	return tree_read(tree, where, text, true);
}

void
tree_free(struct tree *tree)
{
	tn__free(tree->nodes);
	tn_buffer_free(&tree->text);
	*tree = (struct tree){ 0 };
}

uint32_t
tree_get(const struct tree *tree, uint32_t node, const char *name)
{
	uint32_t member;

	if (tree->nodes[node].kind != TREE_OBJECT)
		return 0;
	member = tree->nodes[node].first;
	while (member != 0) {
		const struct tree_node *n = &tree->nodes[member];

		if (tn_slice_equal(tn_slice(tree->text.data + n->name,
		        n->name_len), tn_slice_str(name)))
			return member;
		member = n->next;
	}
	return 0;
}
