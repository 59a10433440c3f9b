/* The only file that calls getrandom(2).
 *
 * Small requests are served from a pool a thread, since a system call for each
 * 8 bytes costs more than the bytes.  A pool must not be used on both sides of
 * a fork, however the fork was made: a page that the kernel wipes in a child
 * holds the number of the current epoch, and a pool of another epoch is stale.
 * Where the kernel has no such page nothing is pooled. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/memory.h"

#define RANDOM_POOL 256 /* getrandom(2) gives as much without interruption */

static const struct tn__random_ops *random_ops; /* NULL: the machine's own */
static void (*random_watcher)(bool machine);

static pthread_once_t random_once = PTHREAD_ONCE_INIT;
static _Atomic uint64_t *random_epoch; /* zero in a new child; may be NULL */
static _Atomic uint64_t random_epochs; /* how many there were */

static _Thread_local struct {
	uint64_t epoch;
	size_t left; /* the last `left` bytes were not given away yet */
	unsigned char bytes[RANDOM_POOL];
} random_pool;

void
tn__random_set(const struct tn__random_ops *ops)
{
	random_ops = ops;
	if (random_watcher != NULL)
		random_watcher(ops == NULL);
}

void
tn__random_watch(void (*changed)(bool machine))
{
	random_watcher = changed;
	changed(random_ops == NULL);
}

void
tn__random_machine(void *bytes, size_t size)
{
	unsigned char *out = bytes;
	int saved = errno;

	while (size > 0) {
		ssize_t n = getrandom(out, size, 0);

		if (n < 0 && errno != EINTR)
			abort(); /* nothing safe is left to do */
		if (n > 0) {
			out += n;
			size -= (size_t)n;
		}
	}
	errno = saved;
}

static void
random_map_epoch(void)
{
	int saved = errno;
	void *page = mmap(NULL, sizeof(*random_epoch), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED) {
		/* Old qemu-user says yes to any advice and does nothing. */
		if (madvise(page, sizeof(*random_epoch), -1) == 0 ||
		    madvise(page, sizeof(*random_epoch), MADV_WIPEONFORK) < 0)
			munmap(page, sizeof(*random_epoch));
		else
			random_epoch = page;
	}
	errno = saved;
}

/* The number of the present epoch, 0 when there is no way to know. */
static uint64_t
random_now(void)
{
	uint64_t now, next;

	pthread_once(&random_once, random_map_epoch);
	if (random_epoch == NULL)
		return 0;
	now = atomic_load(random_epoch);
	if (now != 0)
		return now;
	next = atomic_fetch_add(&random_epochs, 1) + 1;
	if (atomic_compare_exchange_strong(random_epoch, &now, next))
		return next;
	return now; /* another thread was first */
}

void
tn__random(void *out, size_t size)
{
	unsigned char *from;
	uint64_t now;

	if (random_ops != NULL) {
		random_ops->fill(out, size);
		return;
	}
	now = size <= RANDOM_POOL / 4 ? random_now() : 0;
	if (now == 0) {
		tn__random_machine(out, size);
		return;
	}
	if (random_pool.epoch != now || random_pool.left < size) {
		tn__random_machine(random_pool.bytes, RANDOM_POOL);
		random_pool.left = RANDOM_POOL;
		random_pool.epoch = now;
	}
	from = random_pool.bytes + RANDOM_POOL - random_pool.left;
	memcpy(out, from, size);
	memset(from, 0, size); /* what was given away is nobody else's */
	random_pool.left -= size;
}
