/* Telling ASan, TSan and valgrind that the stack changes.  Without them every
 * function here is empty. */
#ifndef TN__RT_SANITIZER_H
#define TN__RT_SANITIZER_H

#include "rt/internal.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TN__ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define TN__TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TN__ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define TN__TSAN 1
#endif

#if TN__ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if TN__TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if !TN__ASAN && !TN__TSAN && defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

static inline void
sanitizer_fiber_new(struct tn__fiber *f, char *low, size_t size)
{
#if TN__TSAN
	f->sanitizer = __tsan_create_fiber(0);
#elif TN__ASAN
	/* A recycled stack still carries the marks of its last frames. */
	__asan_unpoison_memory_region(low + tn__page_size(),
	    size - tn__page_size());
#elif defined(VALGRIND_STACK_REGISTER)
	f->valgrind = (unsigned)VALGRIND_STACK_REGISTER(low, low + size);
#endif
}

static inline void
sanitizer_fiber_free(struct tn__fiber *f)
{
#if TN__TSAN
	__tsan_destroy_fiber(f->sanitizer);
#elif defined(VALGRIND_STACK_DEREGISTER)
	VALGRIND_STACK_DEREGISTER(f->valgrind);
#endif
}

/* On the scheduler's stack, right before and right after a fiber runs. */
static inline void
sanitizer_enter(struct tn__loop *loop, struct tn__fiber *f)
{
#if TN__TSAN
	loop->scheduler_sanitizer = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(f->sanitizer, 0);
#elif TN__ASAN
	__sanitizer_start_switch_fiber(&loop->scheduler_sanitizer, f->stack,
	    loop->stack_size);
#endif
}

static inline void
sanitizer_entered(struct tn__loop *loop)
{
#if TN__ASAN
	__sanitizer_finish_switch_fiber(loop->scheduler_sanitizer, NULL, NULL);
#endif
}

/* On the fiber's stack, right before and right after it is away. */
static inline void
sanitizer_leave(struct tn__loop *loop, struct tn__fiber *f)
{
#if TN__TSAN
	__tsan_switch_to_fiber(loop->scheduler_sanitizer, 0);
#elif TN__ASAN
	__sanitizer_start_switch_fiber(
	    f->state == TN__FIBER_ENDED ? NULL : &f->sanitizer,
	    loop->scheduler_stack, loop->scheduler_stack_size);
#endif
}

static inline void
sanitizer_left(struct tn__loop *loop, struct tn__fiber *f)
{
#if TN__ASAN
	__sanitizer_finish_switch_fiber(f->sanitizer, &loop->scheduler_stack,
	    &loop->scheduler_stack_size);
#endif
}

#endif
