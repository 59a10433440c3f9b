/* Signals as waits: a handler that counts and wakes, and a fiber that reads
 * the counts. */
#include <errno.h>
#include <signal.h>
#include <tenon/signals.h>
#include "rt/internal.h"

#define SIGNALS_MAX 65

struct tn_signals {
	struct tn__io io; /* an eventfd that the handler sets; -1: none comes */
	sigset_t set;
	struct sigaction before[SIGNALS_MAX];
};

/* What the handler sees: by signal number, who wants it. */
static struct {
	atomic_int fd;      /* of the eventfd plus one; 0: nobody */
	atomic_uint count;  /* since the last report */
} signals_table[SIGNALS_MAX];

static void
signals_handler(int number)
{
	int fd = atomic_load(&signals_table[number].fd) - 1;

	atomic_fetch_add(&signals_table[number].count, 1);
	if (fd >= 0)
		tn__host_event_set(fd);
}

static int
signals_catch(struct tn_signals *s, int number)
{
	struct sigaction action = { .sa_handler = signals_handler,
		.sa_flags = SA_RESTART };
	int nobody = 0;

	if (number < 1 || number >= SIGNALS_MAX)
		return tn_error_set(-EINVAL, "catch signal %d: no such signal",
		    number);
	if (!atomic_compare_exchange_strong(&signals_table[number].fd, &nobody,
	    s->io.fd + 1))
		return tn_error_set(-EBUSY, "catch signal %d: it is caught "
		    "already", number);
	atomic_store(&signals_table[number].count, 0);
	sigfillset(&action.sa_mask);
	if (sigaction(number, &action, &s->before[number]) < 0) {
		int r = -errno;

		atomic_store(&signals_table[number].fd, 0);
		return tn_error_set(r, "catch signal %d: this one cannot be "
		    "caught", number);
	}
	sigaddset(&s->set, number);
	return 0;
}

int
tn_signals_open(const int *numbers, size_t count, struct tn_signals **ret)
{
	struct tn_signals *s = tn__zalloc(sizeof(*s));
	int r;

	if (s == NULL)
		return tn__error_nomem();
	if (tn__host() != &tn__host_linux) { /* nobody sends one there */
		s->io.fd = -1;
		sigemptyset(&s->set);
		*ret = s;
		return 0;
	}
	r = tn__host_event_open();
	tn__io_init(&s->io, r, 0);
	sigemptyset(&s->set);
	if (r < 0)
		tn_error_set(r, "catch signals: %s", tn_error_words(r));
	for (size_t i = 0; i < count && r >= 0; i++)
		r = signals_catch(s, numbers[i]);
	if (r < 0) {
		tn_signals_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static int
signals_take(struct tn_signals *s)
{
	for (int number = 1; number < SIGNALS_MAX; number++) {
		if (sigismember(&s->set, number) &&
		    atomic_exchange(&signals_table[number].count, 0) > 0)
			return number;
	}
	return 0;
}

int
tn_signals_wait(struct tn_signals *s)
{
	int number, r;

	if (s->io.fd < 0) {
		r = tn__park(tn__self(), "signal", false);
		return tn_error_set(r, "wait for a signal: %s",
		    tn_error_words(r));
	}
	for (;;) {
		r = tn__io_begin(&s->io, TN__IO_READ);
		if (r > 0) {
			/* Cleared first: what comes later sets it again. */
			tn__host_event_clear(s->io.fd);
			number = signals_take(s);
			if (number > 0)
				return number;
			tn__io_empty(&s->io, TN__IO_READ);
		}
		if (r >= 0)
			r = tn__io_wait(&s->io, TN__IO_READ, "signal");
		if (r < 0)
			return tn_error_set(r, "wait for a signal: %s",
			    tn_error_words(r));
	}
}

void
tn_signals_free(struct tn_signals *s)
{
	int fd;

	if (s == NULL)
		return;
	for (int number = 1; number < SIGNALS_MAX; number++) {
		if (!sigismember(&s->set, number))
			continue;
		sigaction(number, &s->before[number], NULL);
		atomic_store(&signals_table[number].fd, 0);
	}
	fd = tn__io_close(&s->io);
	if (fd >= 0)
		tn__host_event_close(fd);
	tn__free(s);
}
