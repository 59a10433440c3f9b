#include <assert.h>
#include <errno.h>

#include "base/error.h"
#include "base/heap.h"
#include "base/memory.h"

static bool
heap_before(const struct tn__heap_node *a, const struct tn__heap_node *b)
{
	if (a->when != b->when)
		return a->when < b->when;
	return a->sequence < b->sequence;
}

static void
heap_put(struct tn__heap *heap, size_t index, struct tn__heap_node *node)
{
	heap->nodes[index] = node;
	node->index = index;
}

/* Finds the place of `node` from the hole at `index` upwards. */
static void
heap_rise(struct tn__heap *heap, size_t index, struct tn__heap_node *node)
{
	while (index > 0) {
		size_t parent = (index - 1) / 2;

		if (!heap_before(node, heap->nodes[parent]))
			break;
		heap_put(heap, index, heap->nodes[parent]);
		index = parent;
	}
	heap_put(heap, index, node);
}

/* The same downwards. */
static void
heap_sink(struct tn__heap *heap, size_t index, struct tn__heap_node *node)
{
	for (;;) {
		size_t child = 2 * index + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
		    heap_before(heap->nodes[child + 1], heap->nodes[child]))
			child++;
		if (!heap_before(heap->nodes[child], node))
			break;
		heap_put(heap, index, heap->nodes[child]);
		index = child;
	}
	heap_put(heap, index, node);
}

static void
heap_place(struct tn__heap *heap, size_t index, struct tn__heap_node *node)
{
	if (index > 0 && heap_before(node, heap->nodes[(index - 1) / 2]))
		heap_rise(heap, index, node);
	else
		heap_sink(heap, index, node);
}

int
tn__heap_reserve(struct tn__heap *heap, size_t count)
{
	struct tn__heap_node **nodes;
	size_t cap = heap->cap < 8 ? 16 : 2 * heap->cap;

	if (count <= heap->cap)
		return 0;
	if (cap < count)
		cap = count;
	if (cap > SIZE_MAX / sizeof(*nodes))
		return tn__error_nomem();
	nodes = tn__resize(heap->nodes, cap * sizeof(*nodes));
	if (nodes == NULL)
		return tn__error_nomem();
	heap->nodes = nodes;
	heap->cap = cap;
	return 0;
}

void
tn__heap_insert(struct tn__heap *heap, struct tn__heap_node *node, int64_t when)
{
	assert(heap->count < heap->cap);
	assert(!tn__heap_contains(node));

	node->when = when;
	node->sequence = heap->sequence++;
	heap_rise(heap, heap->count++, node);
}

void
tn__heap_move(struct tn__heap *heap, struct tn__heap_node *node, int64_t when)
{
	assert(node->index < heap->count);

	node->when = when;
	heap_place(heap, node->index, node);
}

void
tn__heap_remove(struct tn__heap *heap, struct tn__heap_node *node)
{
	size_t hole = node->index;
	struct tn__heap_node *last;

	if (!tn__heap_contains(node))
		return;
	assert(hole < heap->count && heap->nodes[hole] == node);

	node->index = SIZE_MAX;
	last = heap->nodes[--heap->count];
	if (last != node)
		heap_place(heap, hole, last);
}

void
tn__heap_free(struct tn__heap *heap)
{
	tn__free(heap->nodes);
	*heap = (struct tn__heap){ 0 };
}
