/* Switching stacks: assembly where we have it, ucontext elsewhere. */
#ifndef TN__RT_CONTEXT_H
#define TN__RT_CONTEXT_H

#include <stddef.h>

#ifdef TN__FIBER_ASM
struct tn__context {
	void *sp; /* everything else lies on the stack it points to */
};
void tn__context_swap(void **from_sp, void *to_sp);
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
static inline void
tn__context_switch(struct tn__context *from, struct tn__context *to)
{
#ifdef TN__FIBER_ASM
	tn__context_swap(&from->sp, to->sp);
#else
	swapcontext(&from->ucontext, &to->ucontext);
#endif
}

/* How deep the saved context stands: an address on its stack at or below
 * everything it still needs, or NULL where that cannot be known. */
static inline void *
tn__context_depth(const struct tn__context *context)
{
#ifdef TN__FIBER_ASM
	return context->sp;
#else
	(void)context;
	return NULL;
#endif
}

#endif
