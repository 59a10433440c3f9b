/* Bytes in several parts, as recvmsg(2) and sendmsg(2) have them. */
#include "sim/sim.h"

size_t
tn__vector_size(struct tn__vector v)
{
	size_t size = 0;

	for (size_t i = 0; i < v.count; i++)
		size += v.parts[i].iov_len;
	return size;
}

size_t
tn__vector_put(struct tn__vector v, const char *bytes, size_t size)
{
	size_t done = 0;

	for (size_t i = 0; i < v.count && done < size; i++) {
		size_t n = v.parts[i].iov_len;

		if (n > size - done)
			n = size - done;
		if (n > 0)
			memcpy(v.parts[i].iov_base, bytes + done, n);
		done += n;
	}
	return done;
}

size_t
tn__vector_get(struct tn__vector v, char *bytes, size_t size)
{
	size_t done = 0;

	for (size_t i = 0; i < v.count && done < size; i++) {
		size_t n = v.parts[i].iov_len;

		if (n > size - done)
			n = size - done;
		if (n > 0)
			memcpy(bytes + done, v.parts[i].iov_base, n);
		done += n;
	}
	return done;
}
