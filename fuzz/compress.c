/* Decoders: however the bytes are divided the same comes out, limits hold, and
 * what was compressed comes back.  The first byte chooses the coding; with its
 * high bit what follows is compressed first. */
#include <errno.h>
#include <tenon/compress.h>
#include <tenon/error.h>

#include "fuzz/carrier.h"

static const char *const codings[] = { "gzip", "deflate", "br", "zstd" };

#define BYTES_MAX 50000

/* Everything that comes out; the error. */
static int
unpack(const char *coding, struct tn_stream *below, struct tn_buffer *out)
{
	static const struct tn_decompress_options options = {
		.bytes_max = BYTES_MAX,
	};
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_slice got;
	int r = tn_stream_decompress(below, coding, &options, &s);

	if (r == -EOPNOTSUPP)
		return r;
	assert(r == 0);
	while ((r = tn_stream_fill(s, 1, &got)) > 0) {
		fuzz_must(tn_buffer_append(out, got));
		tn_stream_consume(s, got.len);
	}
	assert(out->len <= BYTES_MAX);
	assert(r == 0 || r == TN_EPROTO || r == TN_ETRUNCATED ||
	    r == TN_ELIMIT);
	assert(r == 0 || (tn_error_code() == r &&
	    fuzz_is_tame(tn_slice_str(tn_error_text()))));
	return r;
}

/* How much had come before an error depends on the division. */
static void
check_same(const char *coding, struct tn_slice in, size_t step)
{
	struct tn_buffer whole = { 0 }, pieces = { 0 };
	struct tn_stream *a = fuzz_carrier(in, SIZE_MAX, NULL);
	struct tn_stream *b = fuzz_carrier(in, step, NULL);
	int r = unpack(coding, a, &whole), q = unpack(coding, b, &pieces);
	struct tn_buffer *less = whole.len < pieces.len ? &whole : &pieces;

	assert((r == 0) == (q == 0));
	if (r == 0) {
		assert(whole.len == pieces.len);
		assert(tn_stream_bytes_read(a) == tn_stream_bytes_read(b));
	}
	assert(less->len == 0 ||
	    memcmp(whole.data, pieces.data, less->len) == 0);
	tn_stream_free(a);
	tn_stream_free(b);
	tn_buffer_free(&whole);
	tn_buffer_free(&pieces);
}

static void
check_round(const char *coding, struct tn_slice in, size_t step)
{
	struct tn_stream *memory, *s, *below;
	struct tn_slice rest = in;
	struct tn_buffer out = { 0 };

	fuzz_must(tn_stream_memory(TN_SLICE(""), &memory));
	if (tn_stream_compress(memory, coding, NULL, &s) == 0) {
		while (rest.len > 0) {
			struct tn_slice now = tn_slice_head(rest, step);

			fuzz_must(tn_stream_write(s, now));
			if (now.data[0] == 'f')
				fuzz_must(tn_stream_flush(s));
			rest = tn_slice_skip(rest, now.len);
		}
		fuzz_must(tn_stream_close(s));
		below = fuzz_carrier(tn_stream_output(memory), step, NULL);
		assert(unpack(coding, below, &out) == 0);
		assert(tn_slice_equal(tn_buffer_slice(&out), in));
		tn_stream_free(below);
	}
	tn_buffer_free(&out);
	tn_stream_free(memory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size);
	uint8_t choice = fuzz_byte(&in);
	const char *coding = codings[choice % TN_COUNT(codings)];

	if (size > 4096)
		return 0;
	if (choice & 0x80) {
		check_round(coding, in, 1 + choice / 4 % 32);
		return 0;
	}
	check_same(coding, in, 1);
	check_same(coding, in, 7);
	return 0;
}
