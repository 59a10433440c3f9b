/* Two streams that are each other's peer, in memory: what one end writes lies
 * in a ring until the other end reads it.  The ends may be in fibers of one
 * loop, of two, or in threads: a mutex guards the bytes (and is never held over
 * a wait), a channel of one message wakes who waits for them. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <tenon/channel.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "stream/stream.h"

#define PAIR_CAPACITY 65536

struct pair_pipe {
	char *ring;
	size_t start, used;
	bool no_writer, no_reader;
	/* At most one message each, which says "look again". */
	struct tn_channel *filled, *drained;
};

struct pair {
	pthread_mutex_t lock;
	size_t capacity;
	int ends;                   /* not yet released */
	struct pair_pipe pipes[2];  /* end i reads pipe i, writes the other */
};

struct pair_end {
	struct tn_stream stream;
	struct pair *pair;
	int side;
};

/* ---- one pipe, under the lock ------------------------------------------- */

static size_t
pair_put(const struct pair *pair, struct pair_pipe *pipe, struct tn_slice bytes)
{
	size_t at = (pipe->start + pipe->used) % pair->capacity;
	size_t room = pair->capacity - pipe->used;
	size_t n = bytes.len < room ? bytes.len : room;
	size_t first = pair->capacity - at < n ? pair->capacity - at : n;

	memcpy(pipe->ring + at, bytes.data, first);
	memcpy(pipe->ring, bytes.data + first, n - first);
	pipe->used += n;
	return n;
}

static size_t
pair_get(const struct pair *pair, struct pair_pipe *pipe, char *out,
    size_t size)
{
	size_t n = size < pipe->used ? size : pipe->used;
	size_t first = pair->capacity - pipe->start;

	if (first > n)
		first = n;
	memcpy(out, pipe->ring + pipe->start, first);
	memcpy(out + first, pipe->ring, n - first);
	pipe->start = (pipe->start + n) % pair->capacity;
	pipe->used -= n;
	return n;
}

static void
pair_wake(struct tn_channel *channel)
{
	char look = 1;

	/* Full means that the message is there already. */
	if (tn_channel_try_send(channel, &look) < 0)
		return;
}

static int
pair_sleep(struct tn_stream *s, struct tn_channel *channel)
{
	struct tn_scope scope;
	char look;
	int r;

	tn__stream_pace_open(s, &scope);
	r = tn_channel_recv(channel, &look);
	tn__stream_pace_close(s, &scope);
	return r < 0 ? r : 0;
}

/* ---- one end ------------------------------------------------------------ */

static int
pair_ready(struct tn_stream *s)
{
	struct pair_end *end = (struct pair_end *)s;
	struct pair_pipe *pipe = &end->pair->pipes[end->side];
	bool ready;
	int r;

	for (;;) {
		pthread_mutex_lock(&end->pair->lock);
		ready = pipe->used > 0 || pipe->no_writer;
		pthread_mutex_unlock(&end->pair->lock);
		if (ready)
			return 0;
		r = pair_sleep(s, pipe->filled);
		if (r < 0)
			return r;
	}
}

static ssize_t
pair_recv(struct tn_stream *s, void *out, size_t size)
{
	struct pair_end *end = (struct pair_end *)s;
	struct pair_pipe *pipe = &end->pair->pipes[end->side];
	bool ended;
	size_t n;

	pthread_mutex_lock(&end->pair->lock);
	n = pair_get(end->pair, pipe, out, size);
	ended = pipe->no_writer;
	pthread_mutex_unlock(&end->pair->lock);
	if (n == 0)
		return ended ? 0 : -EAGAIN;
	pair_wake(pipe->drained);
	return (ssize_t)n;
}

static int
pair_write(struct tn_stream *s, struct tn_slice bytes)
{
	struct pair_end *end = (struct pair_end *)s;
	struct pair_pipe *pipe = &end->pair->pipes[1 - end->side];
	bool broken;
	size_t n;
	int r;

	for (;;) {
		pthread_mutex_lock(&end->pair->lock);
		broken = pipe->no_reader;
		n = broken ? 0 : pair_put(end->pair, pipe, bytes);
		pthread_mutex_unlock(&end->pair->lock);
		if (broken)
			return tn__stream_fail(s, -EPIPE, "write to");
		if (n > 0)
			pair_wake(pipe->filled);
		bytes = tn_slice_skip(bytes, n);
		if (bytes.len == 0)
			return 0;
		r = pair_sleep(s, pipe->drained);
		if (r < 0)
			return tn__stream_fail(s, r, "write to");
	}
}

static int
pair_shutdown(struct tn_stream *s)
{
	struct pair_end *end = (struct pair_end *)s;
	struct pair_pipe *pipe = &end->pair->pipes[1 - end->side];

	pthread_mutex_lock(&end->pair->lock);
	pipe->no_writer = true;
	pthread_mutex_unlock(&end->pair->lock);
	pair_wake(pipe->filled);
	return 0;
}

static void
pair_free(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		tn__free(pair->pipes[i].ring);
		tn_channel_free(pair->pipes[i].filled);
		tn_channel_free(pair->pipes[i].drained);
	}
	pthread_mutex_destroy(&pair->lock);
	tn__free(pair);
}

static void
pair_release(struct tn_stream *s)
{
	struct pair_end *end = (struct pair_end *)s;
	struct pair *pair = end->pair;
	struct pair_pipe *in, *out;
	bool last;

	if (pair == NULL)
		return;
	in = &pair->pipes[end->side];
	out = &pair->pipes[1 - end->side];

	/* Woken under the lock: once it is free the other end may be the last
	 * one and take everything with it. */
	pthread_mutex_lock(&pair->lock);
	in->no_reader = true;
	out->no_writer = true;
	pair_wake(in->drained);
	pair_wake(out->filled);
	last = --pair->ends == 0;
	pthread_mutex_unlock(&pair->lock);
	if (last)
		pair_free(pair);
}

static const struct tn__stream_ops pair_ops = {
	.kind = "in-process stream",
	.ready = pair_ready,
	.recv = pair_recv,
	.write = pair_write,
	.shutdown = pair_shutdown,
	.release = pair_release,
};

/* ---- making ------------------------------------------------------------- */

static int
pair_pipe_open(struct pair_pipe *pipe, size_t capacity)
{
	int r;

	pipe->ring = tn__alloc(capacity);
	if (pipe->ring == NULL)
		return tn__error_nomem();
	r = tn_channel_open(1, 1, &pipe->filled);
	return r < 0 ? r : tn_channel_open(1, 1, &pipe->drained);
}

static int
pair_open(size_t capacity, struct pair **ret)
{
	struct pair *pair = tn__zalloc(sizeof(*pair));
	int r = 0;

	if (pair == NULL)
		return tn__error_nomem();
	pthread_mutex_init(&pair->lock, NULL);
	pair->capacity = capacity == 0 ? PAIR_CAPACITY : capacity;
	for (int i = 0; i < 2 && r == 0; i++)
		r = pair_pipe_open(&pair->pipes[i], pair->capacity);
	if (r < 0) {
		pair_free(pair);
		return r;
	}
	*ret = pair;
	return 0;
}

int
tn_stream_pair(size_t capacity, struct tn_stream *ret[2])
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *a = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *b = NULL;
	struct pair *pair = NULL;
	int r;

	r = tn__stream_new(&pair_ops, sizeof(struct pair_end), NULL, &a);
	if (r < 0)
		return r;
	r = tn__stream_new(&pair_ops, sizeof(struct pair_end), NULL, &b);
	if (r < 0)
		return r;
	r = pair_open(capacity, &pair);
	if (r < 0)
		return r;
	pair->ends = 2;
	((struct pair_end *)a)->pair = ((struct pair_end *)b)->pair = pair;
	((struct pair_end *)b)->side = 1;
	ret[0] = TN_TAKE(a);
	ret[1] = TN_TAKE(b);
	return 0;
}
