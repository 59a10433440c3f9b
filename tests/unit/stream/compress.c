/* What is compressed comes back, however it is divided; what is damaged, cut
 * off or a bomb is refused; what follows the coded bytes stays. */
#include <stdlib.h>
#include <tenon/compress.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "stream/coding.h"
#include "unit/stream/carrier.h"

static const struct coding_row {
	const char *name, *feature;
	int level_max;
	bool checked; /* a checksum finds any damage */
} rows[] = {
	{ "gzip", "gzip", 9, true },
	{ "deflate", "gzip", 9, true },
	{ "br", "brotli", 11, false },
	{ "zstd", "zstd", 19, false },
};

/* ---- tools --------------------------------------------------------------- */

static struct tn_slice
text_of(size_t len)
{
	static char text[400000];
	unsigned x = 1;

	for (size_t i = 0; i < sizeof(text) && text[0] != '1'; i++) {
		x = x * 1103515245 + 12345;
		text[i] = "etaoin shrdlu\n<>"[x >> 28];
	}
	return tn_slice(text, len);
}

/* Coded, into memory that is the caller's to free. */
static struct tn_stream *
packed(const char *coding, int level, struct tn_slice text, size_t step)
{
	struct tn_compress_options options = { .level = level };
	struct tn_stream *memory, *s;

	CHECK_INT(tn_stream_memory(TN_SLICE(""), &memory), 0);
	CHECK_INT(tn_stream_compress(memory, coding, &options, &s), 0);
	while (text.len > 0) {
		struct tn_slice now = tn_slice_head(text, step);

		CHECK_INT(tn_stream_write(s, now), 0);
		text = tn_slice_skip(text, now.len);
	}
	CHECK_INT(tn_stream_close(s), 0);
	return memory;
}

/* Everything that comes out, and how it ended. */
static int
unpack(const char *coding, struct tn_stream *below,
    const struct tn_decompress_options *options, struct tn_buffer *ret)
{
	struct tn_slice got;
	struct tn_stream *s;
	int r = tn_stream_decompress(below, coding, options, &s);

	CHECK_INT(r, 0);
	while ((r = tn_stream_fill(s, 1, &got)) > 0) {
		CHECK_INT(tn_buffer_append(ret, got), 0);
		tn_stream_consume(s, got.len);
	}
	if (r < 0) { /* final, and told */
		CHECK_INT(tn_error_code(), r);
		CHECK(strstr(tn_error_text(), coding) != NULL);
		CHECK_INT(tn_stream_fill(s, 1, &got), r);
		CHECK(strstr(tn_error_text(), coding) != NULL);
	} else {
		CHECK_INT(tn_stream_fill(s, 1, &got), 0);
	}
	tn_stream_free(s);
	return r;
}

static int
unpack_pieces(const char *coding, struct tn_slice in, size_t piece,
    struct tn_buffer *ret)
{
	struct tn_stream *below = carrier_new(&(struct carrier_plan){
	    .in = in, .piece = piece, .hesitate = piece == 3 });
	int r = unpack(coding, below, NULL, ret);

	tn_stream_free(below);
	return r;
}

static bool
is_missing(const struct coding_row *t)
{
	struct tn_stream *memory, *s;

	if (tn_has(t->feature))
		return false;
	CHECK_INT(tn_stream_memory(TN_SLICE(""), &memory), 0);
	CHECK_INT(tn_stream_compress(memory, t->name, NULL, &s), -EOPNOTSUPP);
	CHECK(strstr(tn_error_text(), t->feature) != NULL);
	CHECK_INT(tn_stream_decompress(memory, t->name, NULL, &s),
	    -EOPNOTSUPP);
	CHECK(strstr(tn_error_text(), t->feature) != NULL);
	tn_stream_free(memory);
	return true;
}

/* ---- there and back ------------------------------------------------------ */

static void
check_round(const char *coding, int level, size_t len, size_t step,
    size_t piece)
{
	struct tn_stream *memory = packed(coding, level, text_of(len), step);
	struct tn_slice coded = tn_stream_output(memory);
	struct tn_buffer out = { 0 };

	CHECK(len < 1000 || coded.len < len);
	CHECK_INT(unpack_pieces(coding, coded, piece, &out), 0);
	CHECK(tn_slice_equal(tn_buffer_slice(&out), text_of(len)));
	tn_buffer_free(&out);
	tn_stream_free(memory);
}

static void
test_round(void **state)
{
	const struct coding_row *t = *state;

	if (is_missing(t))
		return;
	check_round(t->name, 0, 0, 1, 1);
	check_round(t->name, 0, 1, 1, 1);
	check_round(t->name, 0, 5000, 1, 1);
	check_round(t->name, 0, 5000, 7, 3);
	for (int level = 1; level <= t->level_max; level += 2)
		check_round(t->name, level, 300000, 40000, 0);
	check_round(t->name, t->level_max, 300000, 300000, 1000);
}

/* All that was written before a flush can be read after it, and a second flush
 * adds nothing. */
static void
test_flush(void **state)
{
	const struct coding_row *t = *state;
	struct tn_stream *pipe[2], *in, *out;
	int64_t before;
	char got[6];

	if (is_missing(t))
		return;
	CHECK_INT(tn_stream_pair(0, pipe), 0);
	CHECK_INT(tn_stream_compress(pipe[0], t->name, NULL, &in), 0);
	CHECK_INT(tn_stream_decompress(pipe[1], t->name, NULL, &out), 0);
	CHECK_INT(tn_stream_flush(in), 0);
	CHECK_INT(tn_stream_bytes_written(pipe[0]), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(tn_stream_write(in, TN_SLICE("a line")), 0);
		CHECK_INT(tn_stream_flush(in), 0);
		before = tn_stream_bytes_written(pipe[0]);
		CHECK_INT(tn_stream_flush(in), 0);
		CHECK_INT(tn_stream_bytes_written(pipe[0]), before);
		CHECK_INT(tn_stream_read_exact(out, got, 6), 0);
		CHECK(memcmp(got, "a line", 6) == 0);
	}
	CHECK_INT(tn_stream_shutdown(in), 0);
	CHECK_INT(tn_stream_write(in, TN_SLICE("x")), -EPIPE);
	CHECK_INT(tn_stream_flush(in), 0);
	CHECK_INT(tn_stream_close(in), 0);
	CHECK_INT(tn_stream_close(pipe[0]), 0);
	CHECK_INT(tn_stream_read(out, got, 1), 0);
	tn_stream_free(out);
	tn_stream_free(pipe[1]);
}

/* ---- what is wrong ------------------------------------------------------- */

/* Cut anywhere. */
static void
test_truncated(void **state)
{
	const struct coding_row *t = *state;
	struct tn_stream *memory;
	struct tn_slice coded;

	if (is_missing(t))
		return;
	memory = packed(t->name, 0, text_of(300), 300);
	coded = tn_stream_output(memory);
	for (size_t len = 0; len < coded.len; len++) {
		struct tn_buffer out = { 0 };

		CHECK_INT(unpack_pieces(t->name, tn_slice_head(coded, len), 1,
		    &out), TN_ETRUNCATED);
		tn_buffer_free(&out);
	}
	tn_stream_free(memory);
}

/* Each bit turned over: an error, or where there is no checksum perhaps other
 * bytes; nothing worse. */
static void
test_damaged(void **state)
{
	const struct coding_row *t = *state;
	struct tn_stream *memory;
	struct tn_slice coded;
	char copy[1000];
	int r, wrong = 0;

	if (is_missing(t))
		return;
	memory = packed(t->name, 0, text_of(300), 300);
	coded = tn_stream_output(memory);
	CHECK(coded.len < sizeof(copy));
	for (size_t bit = 0; bit < 8 * coded.len; bit++) {
		struct tn_buffer out = { 0 };

		memcpy(copy, coded.data, coded.len);
		copy[bit / 8] ^= (char)(1 << bit % 8);
		r = unpack_pieces(t->name, tn_slice(copy, coded.len), 0, &out);
		CHECK(r == 0 || r == TN_EPROTO || r == TN_ETRUNCATED ||
		    r == TN_ELIMIT);
		if (t->checked && r == 0)
			CHECK(tn_slice_equal(tn_buffer_slice(&out),
			    text_of(300)));
		wrong += r != 0;
		tn_buffer_free(&out);
	}
	CHECK(wrong > 20);
	tn_stream_free(memory);
}

/* A hundred megabytes of nothing in a few kilobytes. */
static void
test_bomb(void **state)
{
	const struct coding_row *t = *state;
	struct tn_decompress_options loose = { .ratio_max = -1,
		.bytes_max = 3 << 20 };
	struct tn_stream *memory, *s, *below;
	struct tn_buffer out = { 0 };
	static char zeros[1 << 20];

	if (is_missing(t))
		return;
	CHECK_INT(tn_stream_memory(TN_SLICE(""), &memory), 0);
	CHECK_INT(tn_stream_compress(memory, t->name, NULL, &s), 0);
	for (int i = 0; i < 8; i++)
		CHECK_INT(tn_stream_write(s, tn_slice(zeros, sizeof(zeros))),
		    0);
	CHECK_INT(tn_stream_close(s), 0);

	CHECK_INT(unpack_pieces(t->name, tn_stream_output(memory), 100, &out),
	    TN_ELIMIT);
	CHECK(out.len <= 2 << 20);
	tn_buffer_clear(&out);
	below = carrier_new(&(struct carrier_plan){
	    .in = tn_stream_output(memory), .piece = 100 });
	CHECK_INT(unpack(t->name, below, &loose, &out), TN_ELIMIT);
	CHECK(out.len <= 3 << 20);
	CHECK(out.len > 2 << 20);
	tn_stream_free(below);
	tn_buffer_clear(&out);
	loose.bytes_max = 8 << 20; /* as many as there are: allowed */
	below = carrier_new(&(struct carrier_plan){
	    .in = tn_stream_output(memory) });
	CHECK_INT(unpack(t->name, below, &loose, &out), 0);
	CHECK_INT(out.len, 8 << 20);
	tn_stream_free(below);
	tn_buffer_free(&out);
	tn_stream_free(memory);
}

/* An error below is told as it is, and what was there is not lost. */
static void
test_errors_below(void **state)
{
	const struct coding_row *t = *state;
	struct tn_stream *memory, *below, *s;
	struct tn_slice got;

	if (is_missing(t))
		return;
	memory = packed(t->name, 0, text_of(300), 300);
	below =
	    carrier_new(&(struct carrier_plan){ .in = tn_stream_output(memory),
		.fail_at = 20,
		.fail = -ECONNRESET });
	CHECK_INT(tn_stream_decompress(below, t->name, NULL, &s), 0);
	CHECK_INT(tn_stream_fill(s, 300, &got), -ECONNRESET);
	CHECK_INT(tn_error_code(), -ECONNRESET);
	tn_stream_free(s);
	tn_stream_free(below);

	below = carrier_new(&(struct carrier_plan){
	    .out_fail_at = 10, .out_fail = -EPIPE });
	CHECK_INT(tn_stream_compress(below, t->name, NULL, &s), 0);
	CHECK_INT(tn_stream_write(s, text_of(300)), 0);
	CHECK_INT(tn_stream_flush(s), -EPIPE);
	CHECK_INT(tn_stream_write(s, text_of(300)), -EPIPE);
	CHECK_INT(tn_stream_close(s), -EPIPE);
	tn_stream_free(below);
	tn_stream_free(memory);
}

/* ---- memory -------------------------------------------------------------- */

static int memory_left, memory_used;

static void *
memory_alloc(size_t size)
{
	if (memory_left-- <= 0)
		return NULL;
	memory_used++;
	return malloc(size);
}

static void *
memory_resize(void *pointer, size_t size)
{
	return memory_left-- <= 0 ? NULL : realloc(pointer, size);
}

/* Every allocation of a codec is ours, and any of them may fail. */
static void
test_memory(void **state)
{
	static const struct tn__memory_ops ops = { memory_alloc, memory_resize,
		free };
	const struct coding_row *t = *state;
	char out[2000];
	ssize_t n = -1;

	if (is_missing(t))
		return;
	tn__memory_set(&ops);
	for (int i = 0; n < 0 && i < 100; i++) {
		memory_left = i;
		n = tn__coding_squeeze(t->name, 0, text_of(2000), out,
		    sizeof(out));
		CHECK(n > 0 || n == -ENOMEM);
	}
	CHECK(n > 0);
	CHECK(memory_used > 1);
	tn__memory_set(NULL);

	CHECK_INT(tn__coding_squeeze(t->name, 0, text_of(2000), out, 100), 0);
	CHECK_INT(tn__coding_squeeze(t->name, 0, text_of(2000), out,
	    (size_t)n), n);
}

/* ---- one after another --------------------------------------------------- */

static void
check_followed(const char *coding, struct tn_slice more, size_t parts,
    size_t left)
{
	struct tn_stream *memory = packed(coding, 0, text_of(100), 100), *below;
	struct tn_buffer in = { 0 }, out = { 0 };
	struct tn_slice got;

	if (parts == 2)
		CHECK_INT(tn_buffer_append(&in, tn_stream_output(memory)), 0);
	CHECK_INT(tn_buffer_append(&in, tn_stream_output(memory)), 0);
	CHECK_INT(tn_buffer_append(&in, more), 0);
	below = carrier_new(&(struct carrier_plan){
	    .in = tn_buffer_slice(&in), .piece = 1 });
	CHECK_INT(unpack(coding, below, NULL, &out), 0);
	CHECK_INT(out.len, 100 * parts);
	CHECK_INT(tn_stream_fill(below, left + 1, &got), left);
	tn_stream_free(below);
	tn_stream_free(memory);
	tn_buffer_free(&in);
	tn_buffer_free(&out);
}

static void
test_followed(void **state)
{
	const struct coding_row *t = *state;

	if (is_missing(t))
		return;
	check_followed(t->name, TN_SLICE("next"), 1, 4);
	check_followed(t->name, TN_SLICE("\x1f"), 1, 1);
	if (strcmp(t->name, "gzip") == 0)
		check_followed(t->name, TN_SLICE("\0\0\0"), 2, 3);
	if (strcmp(t->name, "zstd") == 0)
		check_followed(t->name,
		    TN_SLICE("\x50\x2a\x4d\x18\x03\0\0\0abc"), 2, 0);
}

/* ---- without a row ------------------------------------------------------- */

static const struct known_row {
	const char *name, *coding, *feature;
	struct tn_slice in;
	int result;
	const char *out;
} known[] = {
	{ "stored", "gzip", "gzip", TN_SLICE("\x1f\x8b\x08\0\0\0\0\0\0\xff"
	    "\x01\x02\0\xfd\xff" "hi" "\xac\x2a\x93\xd8" "\x02\0\0\0"), 0,
	    "hi" },
	{ "another name of it", "X-GZip", "gzip",
	    TN_SLICE("\x1f\x8b\x08\0\0\0\0\0\0\xff"
	    "\x01\x02\0\xfd\xff" "hi" "\xac\x2a\x93\xd8" "\x02\0\0\0"), 0,
	    "hi" },
	{ "wrong length", "gzip", "gzip",
	    TN_SLICE("\x1f\x8b\x08\0\0\0\0\0\0\xff"
	    "\x01\x02\0\xfd\xff" "hi" "\xac\x2a\x93\xd8" "\x03\0\0\0"),
	    TN_EPROTO, "hi" },
	{ "not gzip", "gzip", "gzip", TN_SLICE("<!doctype html>"), TN_EPROTO,
	    "" },
	{ "deflate in its frame", "deflate", "gzip",
	    TN_SLICE("\x78\x9c\xcb\xc8\x04\0\x01\x3b\0\xd2"), 0, "hi" },
	{ "deflate without", "deflate", "gzip", TN_SLICE("\xcb\xc8\x04\0"), 0,
	    "hi" },
	{ "br", "br", "brotli", TN_SLICE("\x0f\x00\x80h\x03"), 0, "h" },
	{ "br of nothing", "br", "brotli", TN_SLICE("\x06"), 0, "" },
	{ "not zstd", "zstd", "zstd", TN_SLICE("<!doctype html>"), TN_EPROTO,
	    "" },
	/* RFC 8878 section 3.1.1: one raw block, and a window of 16 MiB. */
	{ "zstd", "zstd", "zstd",
	    TN_SLICE("\x28\xb5\x2f\xfd\x00\x00\x11\0\0hi"), 0, "hi" },
	{ "zstd that only says how long it is", "zstd", "zstd",
	    TN_SLICE("\x28\xb5\x2f\xfd\x20\x02\x11\0\0hi"), 0, "hi" },
	{ "zstd behind what is skipped", "zstd", "zstd",
	    TN_SLICE("\x50\x2a\x4d\x18\x02\0\0\0--"
	    "\x28\xb5\x2f\xfd\x00\x00\x11\0\0hi"), 0, "hi" },
	{ "zstd from before the RFC", "zstd", "zstd",
	    TN_SLICE("\x25\xb5\x2f\xfd\x05\xe6\x50\x2a\xfd\0\x7e"),
	    TN_EPROTO, "" },
	{ "zstd with a large window", "zstd", "zstd",
	    TN_SLICE("\x28\xb5\x2f\xfd\x00\x70\x11\0\0hi"), TN_ELIMIT, "" },
};

static void
test_known(void **state)
{
	const struct known_row *t = *state;
	struct tn_buffer out = { 0 };
	int r;

	if (!tn_has(t->feature))
		return;
	for (size_t piece = 0; piece <= 3; piece++) {
		tn_buffer_clear(&out);
		r = unpack_pieces(strcmp(t->coding, "X-GZip") == 0
		    ? "gzip" : t->coding, t->in, piece, &out);
		CHECK_INT(r, t->result);
		if (r == 0)
			CHECK(tn_slice_equal(tn_buffer_slice(&out),
			    tn_slice_str(t->out)));
	}
	tn_buffer_free(&out);
}

static void
test_misuse(void **state)
{
	struct tn_compress_options options = { .level = -1 };
	struct tn_stream *memory, *s;

	CHECK_INT(tn_stream_memory(TN_SLICE(""), &memory), 0);
	CHECK_INT(tn_stream_compress(memory, "identity", NULL, &s), -EINVAL);
	CHECK_INT(tn_stream_decompress(memory, "", NULL, &s), -EINVAL);
	CHECK_INT(tn_stream_decompress(memory, "g\x1bzip", NULL, &s), -EINVAL);
	CHECK(strchr(tn_error_text(), 0x1b) == NULL);
	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		if (!tn_has(rows[i].feature))
			continue;
		options.level = -1;
		CHECK_INT(tn_stream_compress(memory, rows[i].name, &options,
		    &s), -EINVAL);
		options.level = rows[i].level_max + 1;
		CHECK_INT(tn_stream_compress(memory, rows[i].name, &options,
		    &s), -EINVAL);
	}
	tn_stream_free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misuse),
	};

	return CHECK_ROWS(rows, test_round) + CHECK_ROWS(rows, test_flush) +
	    CHECK_ROWS(rows, test_truncated) +
	    CHECK_ROWS(rows, test_damaged) + CHECK_ROWS(rows, test_bomb) +
	    CHECK_ROWS(rows, test_errors_below) +
	    CHECK_ROWS(rows, test_memory) + CHECK_ROWS(rows, test_followed) +
	    CHECK_ROWS(known, test_known) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
