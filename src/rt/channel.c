/* Channels and mutexes: a short pthread lock around a list of who waits, so
 * that fibers, loops and plain threads meet in one place. */
#include <errno.h>
#include <tenon/channel.h>
#include "rt/internal.h"

struct tn_channel {
	pthread_mutex_t lock;
	struct tn__list senders, receivers;
	size_t message_bytes, capacity, first, count;
	bool closed;
	char messages[];
};

static struct tn__wait *
channel_first(struct tn__list *list)
{
	return tn__list_empty(list) ? NULL :
	    TN__CONTAINER(list->next, struct tn__wait, node);
}

int
tn_channel_open(size_t message_bytes, size_t capacity, struct tn_channel **ret)
{
	struct tn_channel *c;
	size_t bytes;

	if (message_bytes == 0)
		return tn_error_set(-EINVAL, "channel: messages of 0 bytes");
	if (__builtin_mul_overflow(message_bytes, capacity, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*c), &bytes))
		return tn__error_nomem();
	c = tn__zalloc(bytes);
	if (c == NULL)
		return tn__error_nomem();
	pthread_mutex_init(&c->lock, NULL);
	tn__list_init(&c->senders);
	tn__list_init(&c->receivers);
	c->message_bytes = message_bytes;
	c->capacity = capacity;
	*ret = c;
	return 0;
}

static void
channel_put(struct tn_channel *c, const void *message)
{
	size_t at = (c->first + c->count++) % c->capacity;

	memcpy(c->messages + at * c->message_bytes, message, c->message_bytes);
}

/* 1 when it is done, 0 when it would have to wait. */
static int
channel_send_now(struct tn_channel *c, const void *message)
{
	struct tn__wait *receiver = channel_first(&c->receivers);

	if (c->closed)
		return -EPIPE;
	if (receiver != NULL) {
		memcpy(receiver->data, message, c->message_bytes);
		tn__wait_grant(receiver, 1);
		return 1;
	}
	if (c->count == c->capacity)
		return 0;
	channel_put(c, message);
	return 1;
}

/* 1 with a message, 0 at the end, -EAGAIN when it would have to wait. */
static int
channel_recv_now(struct tn_channel *c, void *ret)
{
	struct tn__wait *sender = channel_first(&c->senders);

	if (c->count > 0) {
		memcpy(ret, c->messages + c->first * c->message_bytes,
		    c->message_bytes);
		c->first = (c->first + 1) % c->capacity;
		c->count--;
		if (sender != NULL) {
			channel_put(c, sender->data);
			tn__wait_grant(sender, 0);
		}
		return 1;
	}
	if (sender != NULL) {
		memcpy(ret, sender->data, c->message_bytes);
		tn__wait_grant(sender, 0);
		return 1;
	}
	return c->closed ? 0 : -EAGAIN;
}

int
tn_channel_send(struct tn_channel *c, const void *message)
{
	struct tn__wait wait;
	int r = tn__fiber_operation(tn__self());

	if (r == 0) {
		tn__wait_init(&wait, (void *)(uintptr_t)message);
		pthread_mutex_lock(&c->lock);
		r = channel_send_now(c, message);
		if (r == 0) {
			tn__list_push_back(&c->senders, &wait.node);
			r = tn__wait_park(&wait, &c->lock, "channel send",
			    false);
		}
		pthread_mutex_unlock(&c->lock);
	}
	if (r < 0)
		return tn_error_set(r, "channel send: %s",
		    r == -EPIPE ? "closed" : tn_error_words(r));
	return 0;
}

int
tn_channel_recv(struct tn_channel *c, void *ret)
{
	struct tn__wait wait;
	int r = tn__fiber_operation(tn__self());

	if (r == 0) {
		tn__wait_init(&wait, ret);
		pthread_mutex_lock(&c->lock);
		r = channel_recv_now(c, ret);
		if (r == -EAGAIN) {
			tn__list_push_back(&c->receivers, &wait.node);
			r = tn__wait_park(&wait, &c->lock, "channel recv",
			    false);
		}
		pthread_mutex_unlock(&c->lock);
	}
	if (r < 0)
		tn_error_set(r, "channel recv: %s", tn_error_words(r));
	return r;
}

int
tn_channel_try_send(struct tn_channel *c, const void *message)
{
	int r;

	pthread_mutex_lock(&c->lock);
	r = channel_send_now(c, message);
	pthread_mutex_unlock(&c->lock);
	return r > 0 ? 0 : r == 0 ? -EAGAIN : r;
}

int
tn_channel_try_recv(struct tn_channel *c, void *ret)
{
	int r;

	pthread_mutex_lock(&c->lock);
	r = channel_recv_now(c, ret);
	pthread_mutex_unlock(&c->lock);
	return r;
}

void
tn_channel_close(struct tn_channel *c)
{
	struct tn__wait *wait;

	pthread_mutex_lock(&c->lock);
	c->closed = true;
	while ((wait = channel_first(&c->senders)) != NULL)
		tn__wait_grant(wait, -EPIPE);
	while ((wait = channel_first(&c->receivers)) != NULL)
		tn__wait_grant(wait, 0);
	pthread_mutex_unlock(&c->lock);
}

void
tn_channel_free(struct tn_channel *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	tn__free(c);
}

/* ---- mutex ------------------------------------------------------------- */

struct tn_mutex {
	pthread_mutex_t lock;
	struct tn__list waiters;
	struct tn__fiber *owner;
};

int
tn_mutex_open(struct tn_mutex **ret)
{
	struct tn_mutex *m = tn__zalloc(sizeof(*m));

	if (m == NULL)
		return tn__error_nomem();
	pthread_mutex_init(&m->lock, NULL);
	tn__list_init(&m->waiters);
	*ret = m;
	return 0;
}

int
tn_mutex_lock(struct tn_mutex *m)
{
	struct tn__fiber *f = tn__self();
	struct tn__wait wait;
	int r = tn__fiber_operation(f);

	if (r == 0) {
		tn__wait_init(&wait, NULL);
		pthread_mutex_lock(&m->lock);
		if (m->owner == f) {
			r = -EDEADLK;
		} else if (m->owner == NULL) {
			m->owner = f;
		} else {
			tn__list_push_back(&m->waiters, &wait.node);
			r = tn__wait_park(&wait, &m->lock, "mutex", false);
		}
		pthread_mutex_unlock(&m->lock);
	}
	if (r < 0)
		return tn_error_set(r, "lock a mutex: %s", r == -EDEADLK ?
		    "this fiber holds it already" : tn_error_words(r));
	return 0;
}

void
tn_mutex_unlock(struct tn_mutex *m)
{
	pthread_mutex_lock(&m->lock);
	if (tn__list_empty(&m->waiters)) {
		m->owner = NULL;
	} else {
		struct tn__wait *next = channel_first(&m->waiters);

		m->owner = next->fiber;
		tn__wait_grant(next, 0);
	}
	pthread_mutex_unlock(&m->lock);
}

void
tn_mutex_free(struct tn_mutex *m)
{
	if (m == NULL)
		return;
	pthread_mutex_destroy(&m->lock);
	tn__free(m);
}
