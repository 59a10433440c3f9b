/* The only file that calls malloc(), realloc() and free(). */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const struct tn__memory_ops tn__memory_machine = {
	.alloc = malloc,
	.resize = realloc,
	.release = free,
};

static const struct tn__memory_ops *memory_ops = &tn__memory_machine;

void
tn__memory_set(const struct tn__memory_ops *ops)
{
	memory_ops = ops == NULL ? &tn__memory_machine : ops;
}

void *
tn__alloc(size_t size)
{
	int saved = errno;
	void *pointer;

	assert(size > 0);
	pointer = memory_ops->alloc(size);
	errno = saved;
	return pointer;
}

void *
tn__zalloc(size_t size)
{
	void *pointer = tn__alloc(size);

	return pointer == NULL ? NULL : memset(pointer, 0, size);
}

void *
tn__resize(void *pointer, size_t size)
{
	int saved = errno;

	assert(size > 0);
	pointer = memory_ops->resize(pointer, size);
	errno = saved;
	return pointer;
}

void
tn__free(void *pointer)
{
	int saved = errno; /* free() may touch it before glibc 2.33 */

	if (pointer == NULL)
		return;
	memory_ops->release(pointer);
	errno = saved;
}

char *
tn__strndup(struct tn_slice text)
{
	char *copy = tn__alloc(text.len + 1);

	if (copy == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return copy;
}

void
tn__wipe(void *pointer, size_t size)
{
	if (size == 0)
		return;
	memset(pointer, 0, size);
	/* The asm may read it, so the stores have to happen. */
	__asm__ volatile("" : : "r"(pointer) : "memory");
}
