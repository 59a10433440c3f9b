/* Stacks: cut from slabs, a guard page below each, recycled last-in first-out
 * while they are warm. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "rt/internal.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

#define STACKS_PER_SLAB 64
#define STACKS_WARM 2048 /* free ones beyond it give their pages back */

struct slab {
	struct tn__list node;
	char *memory;
	size_t size;
};

size_t
tn__page_size(void)
{
	static size_t size;

	if (size == 0)
		size = (size_t)sysconf(_SC_PAGESIZE);
	return size;
}

static int
stack_slab(struct tn__loop *loop)
{
	size_t size = loop->stack_size * STACKS_PER_SLAB;
	size_t cap = loop->stack_free_cap + STACKS_PER_SLAB;
	char **free_ones = tn__resize(loop->stack_free, cap * sizeof(char *));
	struct slab *slab;

	/* Room for every stack to be free at once: putting cannot fail. */
	if (free_ones == NULL)
		return tn__error_nomem();
	loop->stack_free = free_ones;
	slab = tn__zalloc(sizeof(*slab));
	if (slab == NULL)
		return tn__error_nomem();
	slab->memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (slab->memory == MAP_FAILED) {
		int r = -errno;

		tn__free(slab);
		return tn_error_set(r, "stacks for %d fibers of %zu KiB: %s; "
		    "ask for less in tn_run_options.stack_bytes or raise "
		    "the limit on address space (ulimit -v)",
		    STACKS_PER_SLAB, loop->stack_size / 1024,
		    tn_error_words(r));
	}
	/* A huge page would make each stack cost 2 MiB of real memory. */
	madvise(slab->memory, size, MADV_NOHUGEPAGE);
	slab->size = size;
	loop->stack_free_cap = cap;
	tn__list_push_front(&loop->slabs, &slab->node);
	loop->stack_fresh = STACKS_PER_SLAB;
	return 0;
}

/* Makes the lowest page fault.  The new way costs no mapping; before Linux 6.13
 * each guard splits one, and the kernel counts them (vm.max_map_count). */
static int
stack_guard(char *stack)
{
	size_t page = tn__page_size();
	int r;

	if (madvise(stack, page, MADV_GUARD_INSTALL) == 0)
		return 0;
	if (mprotect(stack, page, PROT_NONE) == 0)
		return 0;
	r = -errno;
	return tn_error_set(r, "guard page of a fiber's stack: %s; raise the "
	    "number of mappings a process may have (sysctl vm.max_map_count)",
	    tn_error_words(r));
}

int
tn__stack_get(struct tn__loop *loop, char **ret)
{
	struct slab *slab;
	char *stack;
	int r;

	if (loop->stack_free_count > 0) {
		*ret = loop->stack_free[--loop->stack_free_count];
		return 0;
	}
	if (loop->stack_fresh == 0 && stack_slab(loop) < 0)
		return tn_error_code();
	slab = TN__CONTAINER(loop->slabs.next, struct slab, node);
	stack = slab->memory + (loop->stack_fresh - 1) * loop->stack_size;
	r = stack_guard(stack);
	if (r < 0)
		return r;
	loop->stack_fresh--;
	*ret = stack;
	return 0;
}

void
tn__stack_put(struct tn__loop *loop, char *stack)
{
	if (loop->stack_free_count >= STACKS_WARM)
		tn__stack_trim(loop, stack, stack + loop->stack_size);
	loop->stack_free[loop->stack_free_count++] = stack;
}

/* Gives back the pages below `depth`, which a call once needed; guard pages
 * survive it. */
void
tn__stack_trim(struct tn__loop *loop, char *stack, const void *depth)
{
	size_t page = tn__page_size();
	uintptr_t low = (uintptr_t)stack + page;
	uintptr_t high = (uintptr_t)depth & ~(uintptr_t)(page - 1);

	if (high > low)
		madvise((void *)low, high - low, MADV_DONTNEED);
}

void
tn__stacks_free(struct tn__loop *loop)
{
	struct tn__list *node;

	while ((node = tn__list_pop(&loop->slabs)) != NULL) {
		struct slab *slab = TN__CONTAINER(node, struct slab, node);

		munmap(slab->memory, slab->size);
		tn__free(slab);
	}
	tn__free(loop->stack_free);
	loop->stack_free = NULL;
	loop->stack_free_count = loop->stack_free_cap = 0;
}
