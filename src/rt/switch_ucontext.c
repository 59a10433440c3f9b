/* Fiber switch by ucontext, for machines without an assembly one.  It saves
 * the signal mask with a system call each time; that is its price. */
#include <stdint.h>
#include "rt/context.h"

/* makecontext() passes ints only, so the two pointers come in halves. */
static void
switch_start(unsigned entry_high, unsigned entry_low, unsigned arg_high,
    unsigned arg_low)
{
	uint64_t entry = (uint64_t)entry_high << 32 | entry_low;
	uint64_t arg = (uint64_t)arg_high << 32 | arg_low;

	((void (*)(void *))(uintptr_t)entry)((void *)(uintptr_t)arg);
}

void
tn__context_make(struct tn__context *context, void *low, size_t size,
    void (*entry)(void *), void *arg)
{
	uint64_t e = (uint64_t)(uintptr_t)entry, a = (uint64_t)(uintptr_t)arg;

	getcontext(&context->ucontext);
	context->ucontext.uc_stack.ss_sp = low;
	context->ucontext.uc_stack.ss_size = size;
	context->ucontext.uc_link = NULL;
	makecontext(&context->ucontext, (void (*)(void))switch_start, 4,
	    (unsigned)(e >> 32), (unsigned)e, (unsigned)(a >> 32), (unsigned)a);
}
