/* So many at once: a counter, and who waits for it to rise. */
#include "rt/internal.h"

void
tn__semaphore_init(struct tn__semaphore *s, int64_t count)
{
	pthread_mutex_init(&s->lock, NULL);
	tn__list_init(&s->waiters);
	s->count = count;
}

void
tn__semaphore_destroy(struct tn__semaphore *s)
{
	pthread_mutex_destroy(&s->lock);
}

int
tn__semaphore_take(struct tn__semaphore *s, const char *what)
{
	struct tn__wait wait;
	int r = tn__fiber_operation(tn__self());

	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	if (s->count > 0) {
		s->count--;
	} else {
		tn__wait_init(&wait, NULL);
		tn__list_push_back(&s->waiters, &wait.node);
		r = tn__wait_park(&wait, &s->lock, what, false);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* What is given to who waits was never there for others to take. */
void
tn__semaphore_give(struct tn__semaphore *s)
{
	pthread_mutex_lock(&s->lock);
	if (tn__list_empty(&s->waiters))
		s->count++;
	else
		tn__wait_grant(TN__CONTAINER(s->waiters.next, struct tn__wait,
		    node), 0);
	pthread_mutex_unlock(&s->lock);
}
