#include <errno.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/idna.h>

#include "base/memory.h"
#include "format/format.h"
#include "net/lookup.h"

void
tn__lookup_free(struct tn__lookup *lookup)
{
	if (lookup != NULL)
		lookup->release(lookup);
	tn__free(lookup);
}

static void
lookup_discard(struct tn__job *job)
{
	tn__lookup_free(TN__CONTAINER(job, struct tn__lookup, job));
}

int
tn__lookup_new(size_t size, void (*run)(struct tn__job *job),
    void (*release)(struct tn__lookup *lookup), struct tn_slice what,
    struct tn__lookup **ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn__lookup *l;
	int error = tn_buffer_append_escaped(&shown, tn_slice_head(what, 256));

	if (error < 0)
		return error;
	l = tn__zalloc(size);
	if (l == NULL)
		return tn__error_nomem();
	snprintf(l->what, sizeof(l->what), "look up %s", shown.data);
	l->job.run = run;
	l->job.discard = lookup_discard;
	l->job.what = l->what;
	l->net = tn__net();
	l->release = release;
	*ret = l;
	return 0;
}

/* When the wait fails the job is gone, but its name is still needed for the
 * error. */
int
tn__lookup_wait(struct tn__lookup **lookup)
{
	char what[TN__LOOKUP_WHAT_MAX];
	int r;

	memcpy(what, (*lookup)->what, sizeof(what));
	r = tn__job_wait(&(*lookup)->job);
	if (r >= 0)
		return 0;
	*lookup = NULL;
	if (r == -EAGAIN)
		return tn_error_set(r,
		    "%s: no thread for the look-up; too many run", what);
	return tn_error_set(r, "%s: %s", what, tn_error_words(r));
}

int
tn__lookup_fail(const struct tn__lookup *lookup)
{
	int code = lookup->result;

	if (code == TN_EGAI_NONAME)
		return tn_error_set(code, "%s: no such host", lookup->what);
	if (code == TN_EGAI_AGAIN || code == TN_EHOST_AGAIN)
		return tn_error_set(code,
		    "%s: the name server did not answer; check the network and "
		    "/etc/resolv.conf, or try again later",
		    lookup->what);
	return tn_error_set(code, "%s: %s", lookup->what,
	    tn_error_words(code));
}

int
tn__lookup_name(const char *host, struct tn_buffer *room, const char **ret)
{
	struct tn_slice name = tn_slice_str(host);
	int r;

	*ret = host;
	if (tn__is_ascii(name))
		return 0;
	r = tn_idna_to_ascii(name, room);
	if (r < 0)
		return tn_error_prefix("look up");
	*ret = room->data;
	return 0;
}
