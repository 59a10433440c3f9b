/* The read side of a stream: one buffer, borrowed from the loop's pool while it
 * holds bytes, and everything that is made of fill and consume. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <tenon/error.h>

#include "base/memory.h"
#include "stream/stream.h"

static size_t
stream_has(const struct tn_stream *s)
{
	return s->in_end - s->in_start;
}

int
tn__stream_fail(struct tn_stream *s, int code, const char *verb)
{
	char address[TN_ADDRESS_TEXT_MAX] = "", room[TN__STREAM_WORDS_MAX];
	const char *name;

	while (s->below != NULL)
		s = s->below;
	if (s->ops->name != NULL)
		s->ops->name(s, address);
	name = address[0] == '\0' ? s->ops->kind : address;
	if (code == -ETIMEDOUT && s->pace.late != TN__PACE_FINE)
		return tn__stream_pace_fail(s, verb, name);
	return tn_error_set(code, "%s %s: %s", verb, name,
	    s->ops->words != NULL ? s->ops->words(s, code, room)
				  : tn_error_words(code));
}

/* ---- the buffer --------------------------------------------------------- */

void
tn__stream_drop_in(struct tn_stream *s)
{
	if (s->in == NULL)
		return;
	if (s->in_own)
		tn__free(s->in);
	else
		tn__pool_put(s->in);
	s->in = NULL;
	s->in_own = false;
	s->in_start = s->in_end = s->in_size = 0;
}

/* A buffer of our own for `min` bytes, which is more than fits now.  Sizes
 * double, so that a line growing byte by byte is copied but a few times. */
static int __attribute__((noinline))
stream_grow(struct tn_stream *s, size_t min)
{
	size_t has = stream_has(s), size = TN__POOL_BYTES;
	char *in;

	while (size < min)
		size *= 2;
	in = tn__alloc(size);
	if (in == NULL)
		return -ENOMEM;
	if (has > 0)
		memcpy(in, s->in + s->in_start, has);
	tn__stream_drop_in(s);
	s->in = in;
	s->in_own = true;
	s->in_end = (uint32_t)has;
	s->in_size = (uint32_t)size;
	return 0;
}

/* Room for `min` bytes in all, of which fewer are there. */
static int
stream_reserve(struct tn_stream *s, size_t min)
{
	size_t has = stream_has(s);

	if (s->in == NULL && min <= TN__POOL_BYTES) {
		s->in = tn__pool_get();
		if (s->in == NULL)
			return -ENOMEM;
		s->in_size = TN__POOL_BYTES;
		return 0;
	}
	if (min > s->in_size)
		return stream_grow(s, min);

	/* Moved when it has to be, and when it costs less than it wins. */
	if (s->in_start > 0 &&
	    (s->in_size - s->in_end < min - has || s->in_start >= has)) {
		memmove(s->in, s->in + s->in_start, has);
		s->in_start = 0;
		s->in_end = (uint32_t)has;
	}
	return 0;
}

/* There was nothing to be had: is that the end? */
static int __attribute__((noinline))
stream_receive_none(struct tn_stream *s, int n)
{
	if (n == 0 && (s->write_error == -ENOBUFS || s->write_error == -ENOMEM))
		s->read_error = s->write_error; /* see socket_send() */
	else if (n == 0)
		s->ended = true;
	else if (s->ops->ready == NULL)
		return n;
	else if (n != -EAGAIN && n != -EINTR)
		s->read_error = n;
	else if (n == -EAGAIN && s->ops->io != NULL && s->below == NULL)
		tn__io_empty(s->ops->io(s), TN__IO_READ);
	return 0;
}

/* One recv, once it is known to be worth it: who waits holds no buffer. */
static inline int
stream_receive_once(struct tn_stream *s, size_t min)
{
	size_t size;
	ssize_t n;
	int r;

	if (s->ops->ready != NULL) {
		r = s->ops->ready(s);
		if (r < 0)
			return r;
	}
	r = stream_reserve(s, min);
	if (r < 0)
		return r;

	size = s->in_size - s->in_end;
	n = s->ops->recv(s, s->in + s->in_end, size);
	if (n <= 0)
		return stream_receive_none(s, (int)n);
	s->in_end += (uint32_t)n;
	if ((size_t)n < size && s->ops->io != NULL && s->below == NULL)
		tn__io_short(s->ops->io(s));
	return 0;
}

/* Inlined: each frame that a waiting reader comes back through costs. */
static inline int __attribute__((always_inline))
stream_receive(struct tn_stream *s, size_t min)
{
	int r = 0;

	while (r == 0 && stream_has(s) < min && !s->ended) {
		if (stream_has(s) == 0)
			tn__stream_drop_in(s);
		r = s->read_error;
		if (r == 0)
			r = stream_receive_once(s, min);
	}
	if (stream_has(s) == 0)
		tn__stream_drop_in(s);
	return r;
}

int
tn__stream_receive(struct tn_stream *s, size_t min)
{
	return stream_receive(s, min);
}

/* A filter that waits in its recv has said itself what went wrong below, or in
 * it. */
static int __attribute__((noinline))
stream_fail(struct tn_stream *s, int code)
{
	if (s->below != NULL && (s->ops->ready == NULL || s->ops->tells) &&
	    code != -ENOMEM)
		return code;
	return tn__stream_fail(s, code, "read from");
}

/* ---- fill and consume --------------------------------------------------- */

int
tn_stream_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	int r;

	if (min > TN__STREAM_FILL_MAX)
		return tn_error_set(TN_ELIMIT,
		    "read: %zu bytes wanted at once, but a stream shows at "
		    "most %zu",
		    min, TN__STREAM_FILL_MAX);
	if (s->ops->fill != NULL)
		return s->ops->fill(s, min, ret);

	s->held = false;
	if (stream_has(s) == 0 || stream_has(s) < min) {
		r = stream_receive(s, min);
		if (r < 0)
			return stream_fail(s, r);
	}
	*ret = s->in == NULL
	    ? tn_slice(NULL, 0)
	    : tn_slice(s->in + s->in_start, stream_has(s));
	return (int)ret->len;
}

void
tn_stream_consume(struct tn_stream *s, size_t n)
{
	/* Another thread may look how far it has come. */
	__atomic_store_n(&s->bytes_in, s->bytes_in + (int64_t)n,
	    __ATOMIC_RELAXED);
	if (s->ops->consume != NULL) {
		s->ops->consume(s, n);
		return;
	}
	assert(n <= stream_has(s));
	s->in_start += (uint32_t)n;
	if (stream_has(s) == 0 && !s->held)
		tn__stream_drop_in(s);
}

void
tn__stream_hold(struct tn_stream *s)
{
	for (; s != NULL; s = s->below)
		s->held = true;
}

/* ---- what is made of the two -------------------------------------------- */

ssize_t
tn_stream_read(struct tn_stream *s, void *ret, size_t size)
{
	struct tn_slice shown;
	int r;

	if (size == 0)
		return 0;
	r = tn_stream_fill(s, 1, &shown);
	if (r <= 0)
		return r;
	shown = tn_slice_head(shown, size);
	memcpy(ret, shown.data, shown.len);
	tn_stream_consume(s, shown.len);
	return (ssize_t)shown.len;
}

/* Up to a buffer's worth is waited for before any of it is taken, so a deadline
 * that passes meanwhile loses nothing. */
int
tn_stream_read_exact(struct tn_stream *s, void *ret, size_t size)
{
	size_t done = 0, want;
	struct tn_slice shown;
	int r;

	while (done < size) {
		want = size - done < TN__POOL_BYTES
		    ? size - done
		    : TN__POOL_BYTES;
		r = tn_stream_fill(s, want, &shown);
		if (r < 0)
			return r;
		if ((size_t)r < want)
			return tn_error_set(TN_ETRUNCATED,
			    "read: the stream ended after %zu of %zu bytes",
			    done + shown.len, size);
		shown = tn_slice_head(shown, size - done);
		memcpy((char *)ret + done, shown.data, shown.len);
		tn_stream_consume(s, shown.len);
		done += shown.len;
	}
	return 0;
}

int64_t
tn_stream_skip(struct tn_stream *s, int64_t max)
{
	struct tn_slice shown = { NULL, 0 };
	int64_t done = 0;
	int r;

	while ((r = tn_stream_fill(s, 1, &shown)) > 0) {
		if (max >= 0 && r > max - done) {
			tn_stream_consume(s, (size_t)(max - done));
			return tn_error_set(TN_ELIMIT,
			    "skip: more than %lld bytes came",
			    (long long)max);
		}
		tn_stream_consume(s, shown.len);
		done += r;
	}
	return r < 0 ? r : done;
}

/* ---- one stream --------------------------------------------------------- */

int
tn__stream_new(const struct tn__stream_ops *ops, size_t size,
    struct tn_stream *below, struct tn_stream **ret)
{
	struct tn_stream *s = tn__zalloc(size);

	if (s == NULL)
		return tn__error_nomem();
	s->ops = ops;
	s->below = below;
	tn__pusher_init(&s->pusher, tn__stream_push);
	*ret = s;
	return 0;
}

void
tn_stream_free(struct tn_stream *s)
{
	if (s == NULL)
		return;
	tn__pusher_remove(&s->pusher);
	tn__stream_drop_in(s);
	tn__stream_drop_out(s);
	if (s->ops->release != NULL)
		s->ops->release(s);
	if (s->owns_below)
		tn_stream_free(s->below);
	tn__free(s);
}

int64_t
tn_stream_bytes_read(const struct tn_stream *s)
{
	return __atomic_load_n(&s->bytes_in, __ATOMIC_RELAXED);
}

int64_t
tn_stream_bytes_written(const struct tn_stream *s)
{
	return __atomic_load_n(&s->bytes_out, __ATOMIC_RELAXED);
}
