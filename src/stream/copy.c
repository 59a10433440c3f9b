/* From one stream into another, and from a file into a stream. */
#include <errno.h>
#include <sys/socket.h>

#include <tenon/error.h>
#include <tenon/file.h>

#include "stream/stream.h"

#define COPY_PROGRESS_BYTES 65536
/* So much of a file is brought into memory at a time. */
#define COPY_WINDOW_BYTES (1 << 20)
/* What one read brings leaves in one call together with what was written
 * before; sendfile wins beyond. */
#define COPY_READ_BYTES TN__POOL_BYTES

static int
copy_tell(const struct tn_copy_options *options, int64_t done)
{
	if (options->progress == NULL)
		return 0;
	return options->progress(options->progress_arg, done,
	    options->total > 0 ? options->total : -1);
}

int64_t
tn_stream_copy(struct tn_stream *to, struct tn_stream *from,
    const struct tn_copy_options *options)
{
	static const struct tn_copy_options defaults = { 0 };
	int64_t done = 0, told = 0, left;
	struct tn_slice shown;
	int r;

	if (options == NULL)
		options = &defaults;
	left = options->bytes_max > 0 ? options->bytes_max : INT64_MAX;
	while (left > 0) {
		r = tn_stream_fill(from, 1, &shown);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		if ((int64_t)shown.len > left)
			shown.len = (size_t)left;
		r = tn_stream_write(to, shown);
		if (r < 0)
			return r;
		tn_stream_consume(from, shown.len);
		done += (int64_t)shown.len;
		left -= (int64_t)shown.len;
		if (done - told < COPY_PROGRESS_BYTES)
			continue;
		r = copy_tell(options, done);
		if (r < 0)
			return r;
		told = done;
	}
	r = told < done || done == 0 ? copy_tell(options, done) : 0;
	return r < 0 ? r : done;
}

/* ---- files -------------------------------------------------------------- */

static int64_t
copy_file_by_buffer(struct tn_stream *s, struct tn_file *file, int64_t offset,
    int64_t size)
{
	char *buffer = tn__pool_get();
	int64_t done = 0;
	size_t want;
	ssize_t n = 1;

	if (buffer == NULL)
		return tn__error_nomem();
	while (done < size && n > 0) {
		want = size - done < TN__POOL_BYTES
		    ? (size_t)(size - done)
		    : TN__POOL_BYTES;
		n = tn_file_read(file, buffer, want, offset + done);
		if (n <= 0)
			break;
		done += n;
		n = tn_stream_write(s, tn_slice(buffer, (size_t)n)) < 0
		    ? tn_error_code()
		    : n;
	}
	tn__pool_put(buffer);
	return n < 0 ? n : done;
}

/* How far sendfile came, and whether a buffer has to do the rest. */
struct copy_progress {
	int64_t done;
	bool unsupported;
};

/* One window whose pages are in memory: 1 when all of it was sent, 0 when not,
 * because the file has become shorter or cannot be sent so. */
static int
copy_window(struct tn_stream *s, int file, int64_t offset, size_t size,
    struct copy_progress *progress)
{
	ssize_t n;
	int r;

	while (size > 0) {
		r = s->ops->room(s);
		if (r < 0)
			return tn__stream_break(s, r);
		n = s->ops->sendfile(s, file, &offset, size);
		if (n == -EAGAIN)
			continue;
		progress->unsupported = n == -EOPNOTSUPP;
		if (n == 0 || progress->unsupported)
			return 0;
		if (n < 0)
			return tn__stream_break(s, (int)n);
		tn__stream_count_out(s, n);
		tn__io_moved((size_t)n);
		progress->done += n;
		size -= (size_t)n;
	}
	return 1;
}

static int
copy_file_by_sendfile(struct tn_stream *s, struct tn_file *file, int64_t offset,
    int64_t size, struct copy_progress *progress)
{
	int64_t at, left;
	int r = tn__stream_drain(s, MSG_MORE);

	while (r >= 0 && progress->done < size) {
		at = offset + progress->done;
		left = size - progress->done;
		if (left > COPY_WINDOW_BYTES)
			left = COPY_WINDOW_BYTES;
		r = tn_file_prepare(file, at, left);
		if (r < 0)
			break;
		r = copy_window(s, tn_file_fileno(file), at, (size_t)left,
		    progress);
		if (r == 0)
			break;
	}
	return r < 0 ? r : 0;
}

/* The carrier that does it, or NULL.  Filters that pass on what is written as
 * it is are no obstacle. */
static struct tn_stream *
copy_sendfile_carrier(struct tn_stream *s)
{
	while (s->ops->send == NULL && s->ops->write == NULL &&
	    s->write_error == 0 && !s->shut)
		s = s->below;
	/* A stream that is broken or shut says so itself in the write that
	 * takes sendfile's place. */
	if (s->ops->sendfile == NULL || s->write_error < 0 || s->shut)
		return NULL;
	return s;
}

int64_t
tn_stream_send_file(struct tn_stream *s, struct tn_file *file, int64_t offset,
    int64_t size)
{
	struct tn_stream *carrier = copy_sendfile_carrier(s);
	struct copy_progress sent = { .unsupported = true }; /* as yet */
	int64_t n;
	int r;

	if (offset < 0 || size < 0 || offset > INT64_MAX - size)
		return tn_error_set(-EINVAL,
		    "send file: no file has %lld bytes at %lld",
		    (long long)size, (long long)offset);
	if (carrier != NULL && size > COPY_READ_BYTES) {
		r = copy_file_by_sendfile(carrier, file, offset, size, &sent);
		if (s != carrier)
			tn__stream_count_out(s, sent.done);
		if (r < 0)
			return r;
	}
	if (!sent.unsupported)
		return sent.done;
	n = copy_file_by_buffer(s, file, offset + sent.done, size - sent.done);
	return n < 0 ? n : sent.done + n;
}
