/* What a corpus of objects and lists says, as a tree: JSON and protobuf's text
 * format read into the same one. */
#ifndef TESTS_CONFORM_TREE_H
#define TESTS_CONFORM_TREE_H

#include <tenon/buffer.h>

enum tree_kind {
	TREE_NULL,
	TREE_BOOL,
	TREE_NUMBER, /* its text as it was written */
	TREE_STRING,
	TREE_LIST,
	TREE_OBJECT,
};

struct tree_node {
	enum tree_kind kind;
	unsigned line;
	bool truth;
	size_t name, name_len; /* in tree.text: the member's */
	size_t text, text_len; /* strings and numbers */
	uint32_t first, last, next; /* children and sibling; 0 is none */
};

struct tree {
	struct tree_node *nodes; /* [0] is nobody, [1] the root */
	uint32_t count, cap;
	struct tn_buffer text;
};

/* Reads all of `text`; lines that begin with // are passed over.  TN_EPROTO
 * for what is malformed, TN_ELIMIT when it nests too deep, with the line of
 * `where` in the error text.  Half of a surrogate pair becomes U+FFFD. */
int tree_json(struct tree *tree, const char *where, struct tn_slice text);
/* The subset that test vectors use: `name: value`, { }, [ ], strings that stand
 * one behind the other, # comments. */
int tree_textproto(struct tree *tree, const char *where, struct tn_slice text);
void tree_free(struct tree *tree);

/* The member of that name, or 0; 0 also when `node` is no object. */
uint32_t tree_get(const struct tree *tree, uint32_t node, const char *name);

static inline struct tn_slice
tree_text(const struct tree *tree, uint32_t node)
{
	const struct tree_node *n = &tree->nodes[node];

	return tn_slice(tree->text.data + n->text, n->text_len);
}

#endif
