/* The write side of a stream: small writes collect in one buffer, which is sent
 * when it is full, when the fiber waits, or when it is told to; large ones go
 * out together with what was collected, without being copied. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/buffer.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "stream/stream.h"

/* From here on a write into an empty buffer is sent rather than copied. */
#define WRITE_DIRECT_BYTES 8192

static size_t
write_held(const struct tn_stream *s)
{
	return s->out_end - s->out_start;
}

void
tn__stream_drop_out(struct tn_stream *s)
{
	if (s->out != NULL)
		tn__pool_put(s->out);
	s->out = NULL;
	s->out_start = s->out_end = 0;
}

int
tn__stream_break(struct tn_stream *s, int code)
{
	s->write_error = code;
	tn__pusher_remove(&s->pusher);
	tn__stream_drop_out(s);
	return tn__stream_fail(s, code, "write to");
}

/* Whether a write may begin at all. */
static int
write_check(struct tn_stream *s)
{
	if (s->write_error < 0)
		return tn__stream_fail(s, s->write_error, "write to");
	if (s->shut)
		return tn_error_set(-EPIPE,
		    "write: the stream was shut down for writing before");
	return 0;
}

/* ---- sending ------------------------------------------------------------ */

/* Sends from the buffer and then from `*rest`, in one call and without waiting,
 * and takes what went out from both.  Bytes, -EAGAIN, or an error, which is
 * kept but gets no text: in the middle of somebody's wait that would overwrite
 * the line about something else. */
static inline ssize_t
write_send(struct tn_stream *s, struct tn_slice *rest, int flags)
{
	struct iovec vectors[2];
	size_t held = write_held(s), sent;
	int count = 0;
	ssize_t n;

	if (held > 0)
		vectors[count++] = (struct iovec){
			.iov_base = s->out + s->out_start,
			.iov_len = held,
		};
	if (rest->len > 0)
		vectors[count++] = (struct iovec){
			.iov_base = (void *)rest->data,
			.iov_len = rest->len,
		};
	do
		n = s->ops->send(s, vectors, count, flags);
	while (n == -EINTR);
	if (n == -EAGAIN)
		tn__io_empty(s->ops->io(s), TN__IO_WRITE);
	else if (n < 0)
		s->write_error = (int)n;
	if (n < 0)
		return n;

	tn__stream_count_out(s, n);
	sent = (size_t)n < held ? (size_t)n : held;
	s->out_start += (uint32_t)sent;
	if (write_held(s) == 0)
		tn__stream_drop_out(s);
	*rest = tn_slice_skip(*rest, (size_t)n - sent);
	return n;
}

/* 1 when all is sent, 0 when the rest has to wait for room, or the error. */
static int
write_push(struct tn_stream *s, int flags)
{
	struct tn_slice none = { NULL, 0 };
	ssize_t n;

	while (write_held(s) > 0) {
		n = write_send(s, &none, flags);
		if (n == -EAGAIN)
			return 0;
		if (n < 0) {
			tn__stream_drop_out(s);
			return (int)n;
		}
	}
	return 1;
}

int
tn__stream_push(struct tn__pusher *pusher, struct tn__io **ret_io)
{
	struct tn_stream *s = TN__CONTAINER(pusher, struct tn_stream, pusher);
	int r = write_push(s, 0);

	if (r == 0)
		*ret_io = s->ops->io(s);
	return r;
}

void
tn__stream_push_last(struct tn_stream *s)
{
	(void)write_push(s, MSG_MORE);
}

/* Waits for room and sends once.  The pusher rests meanwhile: a descriptor has
 * one waiting writer, and that is us. */
static int
write_wait_send(struct tn_stream *s, struct tn_slice *rest, int flags)
{
	ssize_t n;
	int r;

	tn__pusher_remove(&s->pusher);
	r = s->ops->room(s);
	if (r < 0)
		return r;
	n = write_send(s, rest, flags);
	if (n > 0)
		tn__io_moved((size_t)n);
	return n == -EAGAIN || n >= 0 ? 0 : (int)n;
}

int
tn__stream_drain(struct tn_stream *s, int flags)
{
	struct tn_slice none = { NULL, 0 };
	int r;

	while (write_held(s) > 0) {
		r = write_wait_send(s, &none, flags);
		if (s->write_error < 0)
			return tn__stream_break(s, s->write_error);
		if (r < 0) { /* the wait ended, the bytes are still good */
			tn__pusher_add(&s->pusher);
			return tn__stream_fail(s, r, "write to");
		}
	}
	return 0;
}

/* ---- writing ------------------------------------------------------------ */

/* Into the buffer, where there is room for it. */
static int
write_collect(struct tn_stream *s, struct tn_slice bytes)
{
	if (s->out == NULL) {
		s->out = tn__pool_get();
		if (s->out == NULL)
			return tn__stream_break(s, -ENOMEM);
	}
	if (bytes.len > TN__POOL_BYTES - s->out_end) {
		memmove(s->out, s->out + s->out_start, write_held(s));
		s->out_end -= s->out_start;
		s->out_start = 0;
	}
	memcpy(s->out + s->out_end, bytes.data, bytes.len);
	s->out_end += (uint32_t)bytes.len;
	tn__pusher_add(&s->pusher);
	return 0;
}

static int
write_carrier(struct tn_stream *s, struct tn_slice bytes)
{
	bool direct = write_held(s) == 0 && bytes.len >= WRITE_DIRECT_BYTES;
	int r;

	while (bytes.len > 0) {
		if (!direct && bytes.len <= TN__POOL_BYTES - write_held(s))
			return write_collect(s, bytes);
		direct = false;
		r = write_wait_send(s, &bytes, 0);
		if (r < 0)
			return tn__stream_break(s, r);
	}
	return 0;
}

int
tn_stream_write(struct tn_stream *s, struct tn_slice bytes)
{
	int r = write_check(s);

	if (r < 0 || (bytes.len == 0 && !s->ops->wants_empty))
		return r;
	if (s->ops->send != NULL)
		return write_carrier(s, bytes);

	if (s->ops->write != NULL)
		r = s->ops->write(s, bytes);
	else
		r = tn_stream_write(s->below, bytes);
	if (r < 0)
		s->write_error = r;
	else
		tn__stream_count_out(s, (int64_t)bytes.len);
	return r;
}

int
tn_stream_printf(struct tn_stream *s, const char *format, ...)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer long_text = { 0 };
	char text[512];
	va_list arguments;
	int n, r;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (n < 0)
		return tn_error_set(-EINVAL, "write: a format nobody can print");
	if ((size_t)n < sizeof(text))
		return tn_stream_write(s, tn_slice(text, (size_t)n));

	va_start(arguments, format);
	r = tn_buffer_vprintf(&long_text, format, arguments);
	va_end(arguments);
	if (r < 0)
		return tn__error_nomem();
	return tn_stream_write(s, tn_buffer_slice(&long_text));
}

int
tn_stream_flush(struct tn_stream *s)
{
	int r;

	if (s->write_error < 0)
		return tn__stream_fail(s, s->write_error, "write to");
	if (s->ops->send != NULL)
		return tn__stream_drain(s, 0);
	if (s->ops->flush != NULL && !s->shut) {
		r = s->ops->flush(s);
		if (r < 0)
			return s->write_error = r;
	}
	return s->below == NULL ? 0 : tn_stream_flush(s->below);
}
