/* A binary heap of nodes that live inside what they order: least `when` first,
 * ties by `sequence`, so that equal instants keep the order they came in. */
#ifndef TN__BASE_HEAP_H
#define TN__BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tn__heap_node {
	int64_t when;
	uint64_t sequence; /* set by tn__heap_insert */
	size_t index;      /* place in the heap, SIZE_MAX when in none */
};

struct tn__heap {
	struct tn__heap_node **nodes;
	size_t count, cap;
	uint64_t sequence;
};

static inline void
tn__heap_node_init(struct tn__heap_node *node)
{
	node->index = SIZE_MAX;
}

static inline bool
tn__heap_contains(const struct tn__heap_node *node)
{
	return node->index != SIZE_MAX;
}

/* The earliest node, or NULL. */
static inline struct tn__heap_node *
tn__heap_first(const struct tn__heap *heap)
{
	return heap->count > 0 ? heap->nodes[0] : NULL;
}

/* Makes sure that `count` nodes in all fit; 0 or -ENOMEM.  After it, inserts
 * up to that many cannot fail. */
int tn__heap_reserve(struct tn__heap *heap, size_t count);

/* Puts in `node` with `when`; there must be room. */
void tn__heap_insert(struct tn__heap *heap, struct tn__heap_node *node,
    int64_t when);

/* Moves a node that is in the heap to another instant; keeps its sequence. */
void tn__heap_move(struct tn__heap *heap, struct tn__heap_node *node,
    int64_t when);

/* Fine for a node that is not in the heap. */
void tn__heap_remove(struct tn__heap *heap, struct tn__heap_node *node);

/* Frees the array; the nodes are their owners'. */
void tn__heap_free(struct tn__heap *heap);

#endif
