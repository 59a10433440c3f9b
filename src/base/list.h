/* A doubly linked ring of nodes that live inside what they link.  An empty
 * list, and a node that is in none, points at itself. */
#ifndef TN__BASE_LIST_H
#define TN__BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tn__list {
	struct tn__list *next, *prev;
};

/* The struct of type `type` whose member `member` is at `node`. */
#define TN__CONTAINER(node, type, member)                                      \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

#define TN__LIST_FOR(node, list)                                               \
	for (struct tn__list *node = (list)->next, *node##_next = node->next;  \
	     node != (list); node = node##_next, node##_next = node->next)

static inline void
tn__list_init(struct tn__list *list)
{
	list->next = list->prev = list;
}

static inline bool
tn__list_empty(const struct tn__list *list)
{
	return list->next == list;
}

static inline void
tn__list_push_back(struct tn__list *list, struct tn__list *node)
{
	node->prev = list->prev;
	node->next = list;
	list->prev->next = node;
	list->prev = node;
}

static inline void
tn__list_push_front(struct tn__list *list, struct tn__list *node)
{
	tn__list_push_back(list->next, node);
}

/* Fine for a node that is in no list, once it was initialised. */
static inline void
tn__list_remove(struct tn__list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	tn__list_init(node);
}

/* The first node, taken out, or NULL. */
static inline struct tn__list *
tn__list_pop(struct tn__list *list)
{
	struct tn__list *node = list->next;

	if (node == list)
		return NULL;
	tn__list_remove(node);
	return node;
}

#endif
