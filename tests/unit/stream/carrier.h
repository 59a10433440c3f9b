/* A carrier that does what a row of a table says: delivers its input in pieces
 * of some size, takes what is written in pieces of another, says EAGAIN in
 * between, and fails at the n-th byte. */
#ifndef TESTS_UNIT_STREAM_CARRIER_H
#define TESTS_UNIT_STREAM_CARRIER_H

#include <tenon/buffer.h>

#include "stream/stream.h"
#include "unit/check.h"

struct carrier_plan {
	struct tn_slice in; /* must stay */
	size_t piece;       /* bytes a recv at most; 0 = as asked */
	bool hesitate;      /* every other recv gives -EAGAIN */
	size_t fail_at;     /* after so many bytes recv fails ... */
	int fail;           /* ... with this, when it is not 0 */

	size_t out_piece;   /* bytes a send at most; 0 = all */
	size_t room;        /* bytes between two -EAGAIN; 0 = no limit */
	size_t out_fail_at; /* after so many bytes send fails ... */
	int out_fail;       /* ... with this */
	int room_fail;      /* what room() returns */
};

struct carrier {
	struct tn_stream stream;
	struct carrier_plan plan;
	struct tn__io io; /* of a pipe that is always writable */
	size_t given, left /* until the next -EAGAIN */;
	bool hesitated;
	struct tn_buffer sent;
	int recvs, readies, sends, rooms, releases;
	bool held_while_waiting; /* a buffer, in ready() */
};

struct tn_stream *carrier_new(const struct carrier_plan *plan);

static inline struct carrier *
carrier_of(struct tn_stream *s)
{
	return (struct carrier *)s;
}

/* What arrived at the far end. */
static inline struct tn_slice
carrier_sent(struct tn_stream *s)
{
	return tn_buffer_slice(&carrier_of(s)->sent);
}

/* `len` bytes that are all different from their neighbours; free() them. */
char *carrier_bytes(size_t len);

#define CHECK_SLICE(slice, string)                                             \
	do {                                                                   \
		struct tn_slice slice_ = (slice);                              \
                                                                               \
		CHECK_INT(slice_.len, strlen(string));                         \
		CHECK(memcmp(slice_.data, string, slice_.len) == 0);           \
	} while (0)

#endif
