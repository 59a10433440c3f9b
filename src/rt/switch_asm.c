/* The first frame of a new stack, for the assembly switches. */
#include <stdint.h>
#include <string.h>
#include "rt/context.h"

void tn__context_start(void);

/* What tn__context_swap() pops, lowest address first. */
#if defined(__x86_64__)
struct frame {
	uint32_t mxcsr;
	uint16_t x87, unused;
	uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};
#elif defined(__aarch64__)
struct frame {
	uint64_t x19, x20, x21_28[8], x29, x30;
	uint64_t d8_15[8];
	uint64_t fpcr, unused;
};
#else
#error "no assembly switch for this machine: configure with -Dfiber=ucontext"
#endif

void
tn__context_make(struct tn__context *context, void *low, size_t size,
    void (*entry)(void *), void *arg)
{
	uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;
	struct frame *frame;

#if defined(__x86_64__)
	/* `ret` to tn__context_start leaves rsp a multiple of 16 there, so that
	 * its call leaves rsp as every function expects it. */
	frame = (struct frame *)(top - 16 - sizeof(struct frame));
	memset(frame, 0, sizeof(*frame) + 16);
	__asm__ volatile("stmxcsr %0" : "=m"(frame->mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(frame->x87));
	frame->r12 = (uint64_t)(uintptr_t)entry;
	frame->r13 = (uint64_t)(uintptr_t)arg;
	frame->rip = (uint64_t)(uintptr_t)tn__context_start;
#else
	frame = (struct frame *)(top - 16 - sizeof(struct frame));
	memset(frame, 0, sizeof(*frame) + 16);
	__asm__ volatile("mrs %0, fpcr" : "=r"(frame->fpcr));
	frame->x19 = (uint64_t)(uintptr_t)entry;
	frame->x20 = (uint64_t)(uintptr_t)arg;
	frame->x30 = (uint64_t)(uintptr_t)tn__context_start;
#endif
	context->sp = frame;
}
