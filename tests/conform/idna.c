/* web-platform-tests' names of hosts: "input", and "output" or null where it
 * has to be refused. */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/idna.h>

#include "conform/corpus.h"

#define REFUSED TN_SLICE("(refused)")

int
idna_read(const struct format *f, struct corpus *c, uint32_t node)
{
	const struct tree *t = &c->tree;
	uint32_t input = tree_get(t, node, "input");
	uint32_t output = tree_get(t, node, "output");
	unsigned line = t->nodes[node].line;
	struct corpus_case *x;
	char name[32];

	if (input == 0 || t->nodes[input].kind != TREE_STRING || output == 0)
		return corpus_bad(c, line, "a %s case without the text "
		    "\"input\" or without \"output\"", f->name);
	snprintf(name, sizeof(name), "line %u", line);
	x = corpus_add(c, tn_slice_str(name), line);
	put(&x->given, tree_text(t, input));
	put_escaped(&x->expected, t->nodes[output].kind == TREE_STRING ?
	    tree_text(t, output) : REFUSED);
	return 0;
}

void
idna_run(struct corpus_case *x, struct corpus_outcome *ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer ascii = { 0 };
	int r = tn_idna_to_ascii(tn_buffer_slice(&x->given), &ascii);

	put_escaped(&ret->got, r < 0 ? REFUSED : tn_buffer_slice(&ascii));
	if (r < 0)
		put_escaped(&ret->said, tn_slice_str(tn_error_text()));
}
