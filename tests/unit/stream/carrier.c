#include "carrier.h"

#include <unistd.h>

static int
carrier_ready(struct tn_stream *s)
{
	struct carrier *c = carrier_of(s);

	c->readies++;
	c->held_while_waiting |= s->in != NULL && s->in_start == s->in_end;
	return 0;
}

static ssize_t
carrier_recv(struct tn_stream *s, void *out, size_t size)
{
	struct carrier *c = carrier_of(s);
	struct tn_slice left = tn_slice_skip(c->plan.in, c->given);

	c->recvs++;
	if (c->plan.hesitate && !c->hesitated) {
		c->hesitated = true;
		return -EAGAIN;
	}
	c->hesitated = false;
	if (c->plan.fail != 0) {
		if (c->given >= c->plan.fail_at)
			return c->plan.fail;
		left = tn_slice_head(left, c->plan.fail_at - c->given);
	}
	if (c->plan.piece > 0)
		left = tn_slice_head(left, c->plan.piece);
	left = tn_slice_head(left, size);
	if (left.len > 0)
		memcpy(out, left.data, left.len);
	c->given += left.len;
	return (ssize_t)left.len;
}

static struct tn__io *
carrier_io(struct tn_stream *s)
{
	return &carrier_of(s)->io;
}

static int
carrier_room(struct tn_stream *s)
{
	struct carrier *c = carrier_of(s);

	c->rooms++;
	c->left = c->plan.room;
	return c->plan.room_fail;
}

/* How many of `size` bytes go through now. */
static ssize_t
carrier_admit(struct carrier *c, size_t size)
{
	if (c->plan.out_fail != 0) {
		if (c->sent.len >= c->plan.out_fail_at)
			return c->plan.out_fail;
		if (size > c->plan.out_fail_at - c->sent.len)
			size = c->plan.out_fail_at - c->sent.len;
	}
	if (c->plan.out_piece > 0 && size > c->plan.out_piece)
		size = c->plan.out_piece;
	if (c->plan.room > 0) {
		if (c->left == 0)
			return -EAGAIN;
		if (size > c->left)
			size = c->left;
		c->left -= size;
	}
	return (ssize_t)size;
}

static ssize_t
carrier_send(struct tn_stream *s, const struct iovec *vectors, int count,
    int flags)
{
	struct carrier *c = carrier_of(s);
	size_t total = 0, left;
	ssize_t n;

	c->sends++;
	for (int i = 0; i < count; i++)
		total += vectors[i].iov_len;
	CHECK(total > 0);
	n = carrier_admit(c, total);
	if (n < 0)
		return n;
	left = (size_t)n;
	for (int i = 0; i < count && left > 0; i++) {
		struct tn_slice piece = tn_slice_head(
		    tn_slice(vectors[i].iov_base, vectors[i].iov_len), left);

		CHECK_INT(tn_buffer_append(&c->sent, piece), 0);
		left -= piece.len;
	}
	return n;
}

static void
carrier_release(struct tn_stream *s)
{
	struct carrier *c = carrier_of(s);

	tn_buffer_free(&c->sent);
	close(tn__io_close(&c->io));
}

static const struct tn__stream_ops carrier_ops = {
	.kind = "test carrier",
	.ready = carrier_ready,
	.recv = carrier_recv,
	.send = carrier_send,
	.io = carrier_io,
	.room = carrier_room,
	.release = carrier_release,
};

struct tn_stream *
carrier_new(const struct carrier_plan *plan)
{
	struct tn_stream *s;
	struct carrier *c;
	int ends[2];

	CHECK_INT(tn__stream_new(&carrier_ops, sizeof(*c), NULL, &s), 0);
	c = carrier_of(s);
	c->plan = *plan;
	c->left = plan->room;
	CHECK_INT(pipe(ends), 0);
	tn__io_init(&c->io, ends[1], 0);
	close(ends[0]); /* a broken pipe is writable for ever */
	return s;
}

char *
carrier_bytes(size_t len)
{
	char *bytes = malloc(len);

	if (bytes == NULL)
		abort();
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 31 + i / 251 * 7);
	return bytes;
}
