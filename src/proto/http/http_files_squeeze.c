/* Small files, compressed here once and kept: which variant a request is given,
 * and how one comes to be. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/offload.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/files.h"
#include "stream/coding.h"

/* So many files at once; other work for the threads does not wait for long. */
#define SQUEEZE_JOBS 2

/* It has to become smaller by a sixteenth at least: a client has some work with
 * it too. */
#define SQUEEZE_GAIN 16

/* ---- on a worker --------------------------------------------------------- */

struct squeeze {
	const struct tn__http_content *plain;
	const char *coding;
	char *out;
	size_t len;
	uint64_t hash;
};

/* FNV-1a; nobody is to be fooled by it but a codec's next version. */
static uint64_t
squeeze_hash(struct tn_slice bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < bytes.len; i++) {
		hash ^= (unsigned char)bytes.data[i];
		hash *= UINT64_C(0x100000001b3);
	}
	return hash | 1;
}

/* All of the file, to memory that the caller frees. */
static int
squeeze_read(const struct tn__http_content *plain, char **ret)
{
	size_t size = (size_t)plain->size, done = 0;
	char *bytes = tn__alloc(size);
	ssize_t n = 1;

	if (bytes == NULL)
		return tn__error_nomem();
	while (done < size && n > 0) {
		n = tn_file_read(plain->file, bytes + done, size - done,
		    (int64_t)done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (done < size) {
		tn__free(bytes);
		return n < 0 ? (int)n : tn_error_set(TN_ETRUNCATED,
		    "HTTP files: the file has become shorter");
	}
	*ret = bytes;
	return 0;
}

/* 1 when there is something to show for it. */
static int
squeeze_run(void *arg)
{
	struct squeeze *s = arg;
	size_t size = (size_t)s->plain->size;
	size_t room = size - size / SQUEEZE_GAIN;
	char *read = NULL;
	ssize_t n = 0;

	if (s->plain->file != NULL)
		n = squeeze_read(s->plain, &read);
	if (n == 0) {
		s->out = tn__alloc(room);
		n = s->out == NULL ? -ENOMEM : tn__coding_squeeze(s->coding, 0,
		    tn_slice(read != NULL ? read : s->plain->bytes, size),
		    s->out, room);
	}
	tn__free(read);
	if (n <= 0)
		return (int)n;
	s->len = (size_t)n;
	s->hash = squeeze_hash(tn_slice(s->out, s->len));
	return 1;
}

/* ---- for a request ------------------------------------------------------- */

static void
squeeze_keep(struct tn_http_files *files, struct tn__http_files_entry *e,
    enum tn__http_coding coding, const struct squeeze *s)
{
	struct tn__http_files_variant *v;
	char *bytes;

	if (tn__http_files_variant_new(files, e, coding,
	        &e->variants[TN__HTTP_PLAIN]->info, s->hash, s->len, &v,
	        &bytes) < 0)
		return;
	memcpy(bytes, s->out, s->len);
	if (!tn__http_files_add_made(files, e, coding, v, v->bytes))
		tn__http_files_variant_free(v);
}

/* Once for each entry and coding, whatever comes of it; the plain file is there
 * for all that goes wrong. */
static void
squeeze_make(struct tn_http_files *files, struct tn__http_files_entry *e,
    enum tn__http_coding coding)
{
	struct squeeze s = {
		.plain = &e->variants[TN__HTTP_PLAIN]->content,
		.coding = tn__http_coding_names[coding],
	};
	unsigned bit = 1U << coding;
	int made = -EAGAIN;

	if (atomic_fetch_add(&files->squeezing, 1) < SQUEEZE_JOBS &&
	    !(atomic_fetch_or(&e->tried, bit) & bit)) {
		(void)!tn_offload(squeeze_run, &s, &made);
		if (made > 0)
			squeeze_keep(files, e, coding, &s);
		else if (made == -EAGAIN) /* it never ran */
			atomic_fetch_and(&e->tried, ~bit);
		tn__free(s.out);
	}
	atomic_fetch_sub(&files->squeezing, 1);
}

/* What there is by now: the codings of siblings, or those that were made. */
static unsigned
squeeze_ready(const struct tn__http_files_entry *e, bool made)
{
	unsigned ready = 0;

	for (int i = TN__HTTP_PLAIN + 1; i < TN__HTTP_CODINGS; i++)
		ready |= (unsigned)((made ? atomic_load_explicit(&e->made[i],
		    memory_order_acquire) : e->variants[i]) != NULL) << i;
	return ready;
}

const struct tn__http_content *
tn__http_files_choose(struct tn_http_exchange *x, struct tn_http_files *files,
    struct tn__http_files_entry *e)
{
	struct tn_slice accept = tn__http_known(&x->head, x->text,
	    TN__HTTP_ACCEPT_ENCODING);
	enum tn__http_coding coding = TN__HTTP_PLAIN;
	unsigned ready, more;

	if (accept.len == 0 || (!e->has_siblings && !e->may_squeeze))
		return &e->variants[TN__HTTP_PLAIN]->content;
	ready = squeeze_ready(e, false);
	if (ready != 0 || !e->may_squeeze || !e->settled)
		return &e->variants[tn__http_coding_choose(accept, ready)]
			    ->content;

	ready = squeeze_ready(e, true);
	more = tn__http_codings() & ~atomic_load(&e->tried);
	coding = tn__http_coding_choose(accept, ready | more);
	if (coding != TN__HTTP_PLAIN && !(ready & 1U << coding)) {
		squeeze_make(files, e, coding);
		coding = tn__http_coding_choose(accept, squeeze_ready(e, true));
	}
	return coding == TN__HTTP_PLAIN
	    ? &e->variants[coding]->content : &e->made[coding]->content;
}
