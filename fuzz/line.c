/* Lines of a stream: what the obvious reading of the whole text says, however
 * the bytes come.  The first byte chooses the policy and the pieces, the second
 * the longest line. */
#include <tenon/error.h>

#include "fuzz/carrier.h"

/* RFC 9112's line end and what stream.h says of the rest; `*ret_used` is what a
 * line takes away. */
static int
reference_crlf(struct tn_slice in, size_t max, size_t *ret_len,
    size_t *ret_used)
{
	size_t n = 0;

	while (n < in.len && in.data[n] != '\r' && in.data[n] != '\n')
		n++;
	if (n > max)
		return TN_ELIMIT;
	if (n == in.len || (in.data[n] == '\r' && n + 1 == in.len))
		return in.len == 0 ? 0 : TN_ETRUNCATED;
	if (in.data[n] != '\r' || in.data[n + 1] != '\n')
		return TN_EPROTO;
	*ret_len = n;
	*ret_used = n + 2;
	return 1;
}

static int
reference_any(struct tn_slice in, size_t max, size_t *ret_len,
    size_t *ret_used)
{
	size_t n = 0, len;

	while (n < in.len && in.data[n] != '\n')
		n++;
	len = n > 0 && in.data[n - 1] == '\r' ? n - 1 : n;
	if (len > max)
		return TN_ELIMIT;
	if (n == in.len)
		return in.len == 0 ? 0 : TN_ETRUNCATED;
	*ret_len = len;
	*ret_used = n + 1;
	return 1;
}

static void
check_lines(struct tn_slice in, enum tn_line_policy policy, size_t max,
    size_t step)
{
	struct tn_stream *s = fuzz_carrier(in, step, NULL);
	int r;

	do {
		struct tn_slice line = TN_SLICE("untouched");
		size_t len = 0, used = 0;
		int expected = policy == TN_LINE_CRLF ?
		    reference_crlf(in, max, &len, &used) :
		    reference_any(in, max, &len, &used);
		int64_t before = tn_stream_bytes_read(s);

		r = tn_stream_read_line(s, policy, max, &line);
		assert(r == expected);
		assert(tn_stream_bytes_read(s) == before + (int64_t)used);
		assert(tn_slice_equal(line, r == 1 ? tn_slice_head(in, len) :
						     TN_SLICE("untouched")));
		assert(r >= 0 || tn_error_code() == r);
		in = tn_slice_skip(in, used);
	} while (r == 1);
	tn_stream_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	uint8_t kind = fuzz_byte(&in);
	size_t max = fuzz_byte(&in);
	enum tn_line_policy policy = kind & 1 ? TN_LINE_ANY : TN_LINE_CRLF;

	if (size > 4096)
		return 0;
	if (kind & 2)
		max *= 64;
	check_lines(in, policy, max, SIZE_MAX);
	check_lines(in, policy, max, 1);
	check_lines(in, policy, max, 2 + kind / 4);
	return 0;
}
