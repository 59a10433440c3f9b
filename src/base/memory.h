/* Memory and randomness, each behind one small table: the simulator puts its
 * own in place to fail the n-th allocation or to repeat a run.  malloc() and
 * getrandom() are called in memory.c and random.c and nowhere else. */
#ifndef TN__BASE_MEMORY_H
#define TN__BASE_MEMORY_H

#include <tenon/base.h>

struct tn__memory_ops {
	void *(*alloc)(size_t size);
	void *(*resize)(void *pointer, size_t size);
	void (*release)(void *pointer);
};

struct tn__random_ops {
	void (*fill)(void *out, size_t size);
};

extern const struct tn__memory_ops tn__memory_machine;

/* NULL puts the machine's own back.  Process-wide: only with one thread. */
void tn__memory_set(const struct tn__memory_ops *ops);
void tn__random_set(const struct tn__random_ops *ops);

/* Who has to know where randomness comes from, since there is another generator
 * in the process: called at once and at each change.  There is one such. */
void tn__random_watch(void (*changed)(bool machine));

/* What the machine's own is, for whoever stands before it. */
void tn__random_machine(void *out, size_t size);

/* As malloc, calloc, realloc and free, but a size of 0 is an assertion.
 * On failure NULL, with errno untouched. */
void *tn__alloc(size_t size);
void *tn__zalloc(size_t size);
void *tn__resize(void *pointer, size_t size);
void tn__free(void *pointer);

/* A copy with a NUL behind it, or NULL. */
char *tn__strndup(struct tn_slice text);

/* Overwrites in a way that the compiler keeps. */
void tn__wipe(void *pointer, size_t size);

/* Unpredictable bytes, good enough for keys. */
void tn__random(void *out, size_t size);

#endif
