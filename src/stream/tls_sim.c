/* OpenSSL has a clock and random numbers of its own.  In a world of the
 * simulator both are the world's, so that a seed repeats TLS byte for byte. */
#define OPENSSL_SUPPRESS_DEPRECATED /* there is no other way for a process */
#include <openssl/rand.h>
#include <tenon/run.h>

#include "base/memory.h"
#include "rt/rt.h"
#include "stream/tls.h"

/* ---- random numbers ------------------------------------------------------ */

static pthread_once_t sim_once = PTHREAD_ONCE_INIT;
static const RAND_METHOD *sim_before; /* NULL: ours is not in place */

/* Threads that are in no world get the machine's own from here too. */
static int
sim_bytes(unsigned char *out, int size)
{
	if (size > 0)
		tn__random(out, (size_t)size);
	return 1;
}

static int
sim_status(void)
{
	return 1;
}

static void
sim_random(bool machine)
{
	static const RAND_METHOD method = {
		.bytes = sim_bytes,
		.pseudorand = sim_bytes,
		.status = sim_status,
	};

	if (machine == (sim_before == NULL))
		return;
	if (machine) {
		(void)RAND_set_rand_method(sim_before);
		sim_before = NULL;
	} else {
		sim_before = RAND_get_rand_method();
		(void)RAND_set_rand_method(&method);
	}
}

static void
sim_watch(void)
{
	tn__random_watch(sim_random);
}

void
tn__tls_sim_prepare(void)
{
	pthread_once(&sim_once, sim_watch);
}

/* ---- the age of sessions ------------------------------------------------- */

static bool
sim_inside(void)
{
	return tn__host() != &tn__host_linux;
}

static int64_t
sim_now(void)
{
	return tn_wall_now() / TN_SECOND;
}

/* A new session is of this instant, by OpenSSL's clock. */
static bool
sim_make_new(SSL_SESSION *session)
{
	SSL_SESSION *fresh = SSL_SESSION_new();
	long now = fresh == NULL ? 0 : SSL_SESSION_get_time(fresh);

	SSL_SESSION_free(fresh);
	return now != 0 && SSL_SESSION_set_time(session, now) != 0;
}

void
tn__tls_sim_stamp(SSL_SESSION *session)
{
	if (sim_inside())
		(void)SSL_SESSION_set_time(session, (long)sim_now());
}

static bool
sim_is_young(const SSL_SESSION *session)
{
	int64_t age = sim_now() - SSL_SESSION_get_time(session);

	return age >= 0 && age <= SSL_SESSION_get_timeout(session);
}

/* OpenSSL tells the server an age of 0 for anything below two seconds, so that
 * it does not matter when its own clock ticks. */
SSL_SESSION *
tn__tls_sim_take(SSL_SESSION *session)
{
	SSL_SESSION *copy;

	if (!sim_inside())
		return session;
	copy = sim_is_young(session) ? SSL_SESSION_dup(session) : NULL;
	SSL_SESSION_free(session);
	if (copy != NULL && sim_make_new(copy))
		return copy;
	SSL_SESSION_free(copy);
	return NULL;
}

/* The time of a session stands in its ticket. */
static int
sim_ticket_made(SSL *ssl, void *arg)
{
	(void)arg;
	tn__tls_sim_stamp(SSL_get_session(ssl));
	return 1;
}

static SSL_TICKET_RETURN
sim_ticket_read(SSL *ssl, SSL_SESSION *session, const unsigned char *key,
    size_t size, SSL_TICKET_STATUS status, void *arg)
{
	(void)ssl;
	(void)key;
	(void)size;
	(void)arg;
	if ((status != SSL_TICKET_SUCCESS &&
	        status != SSL_TICKET_SUCCESS_RENEW) ||
	    !sim_is_young(session) || !sim_make_new(session))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE :
	    SSL_TICKET_RETURN_USE_RENEW;
}

void
tn__tls_sim_prepare_ctx(SSL_CTX *ctx)
{
	if (sim_inside())
		(void)SSL_CTX_set_session_ticket_cb(ctx, sim_ticket_made,
		    sim_ticket_read, NULL);
}
