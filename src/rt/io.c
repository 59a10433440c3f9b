/* Descriptors in a loop: registered once, edge-triggered, with a bit for each
 * direction that says whether a call is worth trying. */
#include <assert.h>
#include <errno.h>
#include "rt/internal.h"

void
tn__io_init(struct tn__io *io, int fd, unsigned flags)
{
	memset(io, 0, sizeof(*io));
	io->fd = fd;
	io->flags = (unsigned char)flags;
	/* Nobody knows yet: the first call finds out. */
	io->ready[TN__IO_READ] = io->ready[TN__IO_WRITE] =
	    !(flags & TN__IO_FOREIGN);
}

int
tn__io_begin(struct tn__io *io, enum tn__io_direction direction)
{
	struct tn__fiber *f = tn__self();
	int r;

	if (io->fd < 0)
		return -EBADF;
	r = tn__fiber_operation(f);
	if (r < 0)
		return r;
	if (io->fd < 0) /* closed by another while we yielded */
		return -EBADF;
	if (io->waiter[direction] != NULL)
		return -EBUSY;
	if (!(io->flags & TN__IO_FOREIGN) || io->refused)
		return io->ready[direction] || io->refused;
	/* A foreign descriptor may block: one readiness, one call. */
	if (!io->ready[direction])
		return 0;
	io->ready[direction] = false;
	return 1;
}

void
tn__io_moved(size_t bytes)
{
	struct tn__fiber *f = tn__self();
	size_t more = bytes / TN__FAIRNESS_BYTES;

	f->ops = (unsigned char)(more < TN__FAIRNESS ? f->ops + more :
						       TN__FAIRNESS);
}

/* ---- in the poller ----------------------------------------------------- */

static int
io_slot_get(struct tn__loop *loop, struct tn__io *io, uint32_t *ret)
{
	uint32_t i = loop->slot_free;

	if (i == UINT32_MAX) {
		uint32_t count = loop->slot_count == 0 ? 64 :
		    loop->slot_count * 2;
		struct tn__slot *slots = tn__resize(loop->slots,
		    count * sizeof(*slots));

		if (slots == NULL)
			return tn__error_nomem();
		for (uint32_t k = count; k-- > loop->slot_count;) {
			slots[k].io = NULL;
			slots[k].generation = 0;
			slots[k].next = loop->slot_free;
			loop->slot_free = k;
		}
		loop->slots = slots;
		loop->slot_count = count;
		i = loop->slot_free;
	}
	loop->slot_free = loop->slots[i].next;
	loop->slots[i].io = io;
	*ret = i;
	return 0;
}

static void
io_slot_put(struct tn__loop *loop, uint32_t i)
{
	loop->slots[i].io = NULL;
	loop->slots[i].generation++; /* events still under way are stale */
	loop->slots[i].next = loop->slot_free;
	loop->slot_free = i;
}

static uint64_t
io_data(struct tn__loop *loop, uint32_t i)
{
	return (uint64_t)loop->slots[i].generation << 32 | i;
}

/* Whom an event is about; NULL when that one is gone. */
static struct tn__io *
io_of(const struct tn__loop *loop, uint64_t data)
{
	uint32_t i = (uint32_t)data;

	return i < loop->slot_count &&
	    loop->slots[i].generation == (uint32_t)(data >> 32) ?
	    loop->slots[i].io : NULL;
}

static unsigned
io_level_bits(const struct tn__io *io, enum tn__io_direction direction)
{
	unsigned bits = TN__POLL_LEVEL;

	if (direction == TN__IO_READ || io->waiter[TN__IO_READ] != NULL)
		bits |= TN__POLL_IN;
	if (direction == TN__IO_WRITE || io->waiter[TN__IO_WRITE] != NULL)
		bits |= TN__POLL_OUT;
	return bits;
}

static int
io_add(struct tn__loop *loop, struct tn__io *io, unsigned bits)
{
	int r = io_slot_get(loop, io, &io->slot);

	if (r < 0)
		return r;
	r = loop->host->poller_add(loop->poller, io->fd, bits,
	    io_data(loop, io->slot));
	if (r == 0) {
		io->loop = loop;
		return 0;
	}
	io_slot_put(loop, io->slot);
	if (r == -EPERM) {
		io->refused = true;
		return 0;
	}
	return tn_error_set(r, "watch descriptor %d: %s", io->fd,
	    r == -ENOSPC ? "too many are watched; raise the sysctl "
	    "fs.epoll.max_user_watches" : tn_error_words(r));
}

int
tn__io_register(struct tn__io *io, enum tn__io_direction direction)
{
	struct tn__loop *loop = tn__loop();
	unsigned bits = TN__POLL_IN | TN__POLL_OUT;

	if (loop->poller == NULL || io->refused)
		return 0;
	if (io->flags & TN__IO_EXCLUSIVE)
		bits |= TN__POLL_EXCLUSIVE;
	if (io->flags & TN__IO_FOREIGN)
		bits = io_level_bits(io, direction);
	if (io->loop == NULL)
		return io_add(loop, io, bits);
	if (io->loop != loop)
		return tn_error_set(-EBUSY, "descriptor %d belongs to another "
		    "loop; release it there first", io->fd);
	if (io->flags & TN__IO_FOREIGN)
		return loop->host->poller_rearm(loop->poller, io->fd, bits,
		    io_data(loop, io->slot));
	return 0;
}

static void
io_wake(struct tn__io *io, enum tn__io_direction direction, int result)
{
	struct tn__waiter *waiter = io->waiter[direction];

	if (waiter != NULL)
		waiter->wake(waiter, result);
}

/* A one-shot registration is spent: whoever still waits, in the direction that
 * did not come or because a push blocked again, needs a new one. */
static void
io_rearm(struct tn__loop *loop, struct tn__io *io)
{
	unsigned bits = TN__POLL_LEVEL;

	if (io->waiter[TN__IO_READ] != NULL && !io->ready[TN__IO_READ])
		bits |= TN__POLL_IN;
	if (io->waiter[TN__IO_WRITE] != NULL && !io->ready[TN__IO_WRITE])
		bits |= TN__POLL_OUT;
	if (bits != TN__POLL_LEVEL)
		loop->host->poller_rearm(loop->poller, io->fd, bits,
		    io_data(loop, io->slot));
}

void
tn__io_prefetch(const struct tn__loop *loop,
    const struct tn__poll_event *events, int count)
{
	for (int i = 0; i < count; i++)
		__builtin_prefetch(io_of(loop, events[i].data), 1);
	for (int i = 0; i < count; i++) {
		const struct tn__io *io = io_of(loop, events[i].data);

		if (io != NULL)
			__builtin_prefetch(io->waiter[TN__IO_READ], 1);
	}
}

void
tn__io_event(struct tn__loop *loop, uint64_t data, unsigned bits)
{
	struct tn__io *io = io_of(loop, data);

	if (io == NULL)
		return;
	if (bits & TN__POLL_ODD)
		io->flags &= (unsigned char)~TN__IO_HINT;
	if (bits & (TN__POLL_IN | TN__POLL_ODD)) {
		io->ready[TN__IO_READ] = true;
		io_wake(io, TN__IO_READ, 0);
	}
	if (bits & TN__POLL_OUT) {
		io->ready[TN__IO_WRITE] = true;
		io_wake(io, TN__IO_WRITE, 0);
	}
	if (io->flags & TN__IO_FOREIGN)
		io_rearm(loop, io);
}

/* ---- waiting ----------------------------------------------------------- */

static int
io_wait_begin(struct tn__fiber *f, struct tn__io *io,
    enum tn__io_direction direction)
{
	int r;

	if (io->fd < 0)
		return -EBADF;
	if (io->waiter[direction] != NULL)
		return -EBUSY;
	/* Registered once and for all, but for what others own. */
	if (io->loop != f->loop || io->flags & TN__IO_FOREIGN) {
		r = tn__io_register(io, direction);
		if (r < 0)
			return r;
		if (io->refused)
			return 1;
	}
	io->waiter[direction] = &f->waiter;
	return 0;
}

static void
io_wait_end(struct tn__fiber *f, struct tn__io *io,
    enum tn__io_direction direction)
{
	if (io->waiter[direction] == &f->waiter)
		io->waiter[direction] = NULL;
}

int
tn__io_wait(struct tn__io *io, enum tn__io_direction direction,
    const char *what)
{
	struct tn__fiber *f = tn__self();
	int r = tn__check(f);

	if (r < 0)
		return r;
	if (io->ready[direction])
		return 0;
	r = io_wait_begin(f, io, direction);
	if (r != 0)
		return r < 0 ? r : 0;
	f->ios = &io;
	f->io_count = 1;
	f->io_direction = direction;
	do {
		r = tn__park(f, what, false);
	} while (r == 0 && io->fd >= 0 && !io->ready[direction]);
	f->io_count = 0;
	io_wait_end(f, io, direction);
	return r;
}

static ssize_t
io_any_ready(struct tn__io **ios, size_t count,
    enum tn__io_direction direction)
{
	for (size_t i = 0; i < count; i++) {
		if (ios[i]->fd < 0)
			return -EBADF;
		if (ios[i]->ready[direction] || ios[i]->refused)
			return (ssize_t)i;
	}
	return -EAGAIN;
}

int
tn__io_wait_any(struct tn__io **ios, size_t count,
    enum tn__io_direction direction, tn_time until, const char *what)
{
	struct tn__fiber *f = tn__self();
	ssize_t found = -EAGAIN;
	struct tn_scope scope;
	size_t begun = 0;
	int r = 0;

	if (count > TN__IO_ANY_MAX)
		return -EINVAL;
	for (; begun < count && r == 0; begun++)
		r = io_wait_begin(f, ios[begun], direction);
	if (r < 0)
		begun--;
	tn_scope_open(&scope, until);
	f->ios = ios;
	f->io_count = (unsigned)count;
	f->io_direction = direction;
	while (r >= 0) {
		found = io_any_ready(ios, count, direction);
		if (found != -EAGAIN)
			break;
		r = tn__park(f, what, false);
	}
	f->io_count = 0;
	for (size_t i = 0; i < begun; i++)
		io_wait_end(f, ios[i], direction);
	if (tn_scope_close(&scope) && f->deadline > until)
		return -EAGAIN;
	return r < 0 ? r : (int)found;
}

/* ---- the end ----------------------------------------------------------- */

void
tn__io_release(struct tn__io *io)
{
	struct tn__loop *loop = io->loop;

	assert(io->waiter[0] == NULL && io->waiter[1] == NULL);
	if (loop == NULL)
		return;
	assert(loop == tn__loop_current);
	loop->host->poller_remove(loop->poller, io->fd);
	io_slot_put(loop, io->slot);
	io->loop = NULL;
	io->ready[TN__IO_READ] = io->ready[TN__IO_WRITE] =
	    !(io->flags & TN__IO_FOREIGN);
}

int
tn__io_close(struct tn__io *io)
{
	struct tn__loop *loop = io->loop;
	int fd = io->fd;

	if (loop != NULL) {
		assert(loop == tn__loop_current);
		loop->host->poller_remove(loop->poller, fd);
		io_slot_put(loop, io->slot);
		io->loop = NULL;
	}
	io->fd = -1;
	io_wake(io, TN__IO_READ, -EBADF);
	io_wake(io, TN__IO_WRITE, -EBADF);
	return fd;
}
