/* Switching stacks: assembly where we have it, ucontext elsewhere. */
#ifndef TN__RT_CONTEXT_H
#define TN__RT_CONTEXT_H

#include <stddef.h>

#ifdef TN__FIBER_ASM
struct tn__context {
	void *sp; /* everything else lies on the stack it points to */
};
#else
#include <ucontext.h>
struct tn__context {
	ucontext_t ucontext;
};
#endif

/* Prepares `context` so that the first switch to it calls `entry(arg)`, which
 * never returns, on the stack of `size` bytes that begins at `low`. */
void tn__context_make(struct tn__context *context, void *low, size_t size,
    void (*entry)(void *), void *arg);

/* Saves the present state in `from` and goes on where `to` was saved. */
void tn__context_switch(struct tn__context *from, struct tn__context *to);

/* How deep the saved context stands: an address on its stack at or below
 * everything it still needs, or NULL where that cannot be known. */
void *tn__context_depth(const struct tn__context *context);

#endif
