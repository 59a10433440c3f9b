/* Protocols do not reach below the streams: what they borrow, they borrow
 * here. */
#include "stream/stream.h"

void *
tn__stream_buffer_get(void)
{
	return tn__pool_get();
}

void
tn__stream_buffer_put(void *buffer)
{
	tn__pool_put(buffer);
}
