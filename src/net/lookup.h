/* A look-up as a job of its own memory on a look-up thread, so that whoever
 * waits can leave at once when its deadline passes. */
#ifndef TN__NET_LOOKUP_H
#define TN__NET_LOOKUP_H

#include <tenon/buffer.h>

#include "net/host.h"
#include "rt/rt.h"

#define TN__LOOKUP_NAME_MAX 1024 /* of a host or service, as NI_MAXHOST is */
#define TN__LOOKUP_WHAT_MAX 288  /* "look up " and a name, escaped */

struct tn__lookup { /* the beginning of a larger struct */
	struct tn__job job;
	const struct tn__net_ops *net; /* of whoever asked */
	void (*release)(struct tn__lookup *lookup); /* what it has */
	char what[TN__LOOKUP_WHAT_MAX]; /* in errors, to tn_dump() */
	int result;
};

/* `size` bytes, zeroed; `run` casts its argument back. */
int tn__lookup_new(size_t size, void (*run)(struct tn__job *job),
    void (*release)(struct tn__lookup *lookup), struct tn_slice what,
    struct tn__lookup **ret);

/* Waits for the job; `result` is what it made of it.  When the wait fails the
 * job is gone, `*lookup` is NULL, and the error has words. */
int tn__lookup_wait(struct tn__lookup **lookup);

/* Words for a result that getaddrinfo() could have. */
int tn__lookup_fail(const struct tn__lookup *lookup);

/* The name as it is looked up: itself, or what its letters become, in `room`.
 * NULL stays NULL. */
int tn__lookup_name(const char *host, struct tn_buffer *room,
    const char **ret);

void tn__lookup_free(struct tn__lookup *lookup);
TN_DEFINE_CLEANUP(struct tn__lookup, tn__lookup_free)

#endif
