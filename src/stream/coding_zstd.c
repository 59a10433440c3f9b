/* zstd, by libzstd. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_customMem */
#include <errno.h>
#include <tenon/error.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/memory.h"
#include "stream/coding.h"

/* RFC 8878 section 3.1.1.1.2, RFC 9659: nobody needs to have more. */
#define ZSTD_WINDOW 23 /* 8 MiB */
#define ZSTD_WINDOW_WORDS "a window of more than 8 MiB is asked for"

struct zstd_coder {
	struct tn__coder coder;
	union {
		ZSTD_CCtx *encoder;
		ZSTD_DCtx *decoder;
	};
	bool within; /* a frame, behind its header */
	unsigned char header[ZSTD_FRAMEHEADERSIZE_MAX];
	size_t header_bytes;
};

static void *
zstd_alloc(void *arg, size_t size)
{
	return tn__coder_alloc(size);
}

static void
zstd_release_memory(void *arg, void *memory)
{
	tn__free(memory);
}

static const ZSTD_customMem zstd_memory = { zstd_alloc, zstd_release_memory,
	NULL };

static int
zstd_new(const struct tn__coder_ops *ops, struct zstd_coder **ret)
{
	struct zstd_coder *c = tn__zalloc(sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->coder.ops = ops;
	*ret = c;
	return 0;
}

static int
zstd_error(struct zstd_coder *c, size_t n)
{
	switch (ZSTD_getErrorCode(n)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		c->coder.words = ZSTD_WINDOW_WORDS;
		return TN_ELIMIT;
	default:
		c->coder.words = ZSTD_getErrorName(n);
		return TN_EPROTO;
	}
}

/* ---- the encoder --------------------------------------------------------- */

static int
zstd_encode(struct tn__coder *coder, enum tn__coder_step step,
    struct tn__coder_io *io)
{
	static const ZSTD_EndDirective directives[] = {
		[TN__CODER_RUN] = ZSTD_e_continue,
		[TN__CODER_FLUSH] = ZSTD_e_flush,
		[TN__CODER_END] = ZSTD_e_end,
	};
	struct zstd_coder *c = (struct zstd_coder *)coder;
	ZSTD_inBuffer in = { io->in.data, io->in.len, 0 };
	ZSTD_outBuffer out = { io->out, io->room, 0 };
	size_t n;

	do
		n = ZSTD_compressStream2(c->encoder, &out, &in,
		    directives[step]);
	while (!ZSTD_isError(n) && in.pos < in.size && out.pos < out.size);
	io->in = tn_slice_skip(io->in, in.pos);
	io->out += out.pos;
	io->room -= out.pos;
	if (ZSTD_isError(n))
		return zstd_error(c, n);
	return step == TN__CODER_RUN ? io->in.len == 0 : n == 0;
}

static void
zstd_encoder_release(struct tn__coder *coder)
{
	ZSTD_freeCCtx(((struct zstd_coder *)coder)->encoder);
}

static const struct tn__coder_ops zstd_encoder_ops = {
	.step = zstd_encode,
	.release = zstd_encoder_release,
};

int
tn__zstd_encoder(int level, size_t size, struct tn__coder **ret)
{
	struct zstd_coder *c;
	int r = zstd_new(&zstd_encoder_ops, &c);

	if (r < 0)
		return r;
	c->encoder = ZSTD_createCCtx_advanced(zstd_memory);
	if (c->encoder == NULL) {
		tn__free(c);
		return -ENOMEM;
	}
	ZSTD_CCtx_setParameter(c->encoder, ZSTD_c_compressionLevel, level);
	if (size > 0)
		ZSTD_CCtx_setPledgedSrcSize(c->encoder, size);
	*ret = &c->coder;
	return 0;
}

/* ---- the decoder --------------------------------------------------------- */

/* The header of a frame, RFC 8878 section 3.1.1.1, byte by byte: 1 when it is
 * there.  Left to itself, the library also takes the formats that were before
 * the RFC, and looks at no window when a frame comes in one piece. */
static int
zstd_read_header(struct zstd_coder *c, struct tn__coder_io *io)
{
	ZSTD_frameHeader header;
	size_t n = 1;

	while (io->in.len > 0 && n > 0) {
		c->header[c->header_bytes++] = (unsigned char)io->in.data[0];
		io->in = tn_slice_skip(io->in, 1);
		n = ZSTD_getFrameHeader(&header, c->header, c->header_bytes);
		if (ZSTD_isError(n))
			return zstd_error(c, n);
	}
	if (n > 0)
		return 0;
	if (header.frameType == ZSTD_frame &&
	    header.windowSize > 1U << ZSTD_WINDOW) {
		c->coder.words = ZSTD_WINDOW_WORDS;
		return TN_ELIMIT;
	}
	c->within = true;
	return 1;
}

static int
zstd_decode_from(struct zstd_coder *c, struct tn_slice *from,
    struct tn__coder_io *io)
{
	ZSTD_inBuffer in = { from->data, from->len, 0 };
	ZSTD_outBuffer out = { io->out, io->room, 0 };
	size_t n = ZSTD_decompressStream(c->decoder, &out, &in);

	*from = tn_slice_skip(*from, in.pos);
	io->out += out.pos;
	io->room -= out.pos;
	return ZSTD_isError(n) ? zstd_error(c, n) : n == 0;
}

static int
zstd_decode(struct tn__coder *coder, enum tn__coder_step step,
    struct tn__coder_io *io)
{
	struct zstd_coder *c = (struct zstd_coder *)coder;
	struct tn_slice header;
	int r;

	if (!c->within) {
		r = zstd_read_header(c, io);
		if (r <= 0)
			return r;
		header = tn_slice(c->header, c->header_bytes);
		r = zstd_decode_from(c, &header, io);
		if (r != 0 || io->in.len == 0)
			return r;
	}
	return zstd_decode_from(c, &io->in, io);
}

static void
zstd_decoder_reset(struct tn__coder *coder)
{
	struct zstd_coder *c = (struct zstd_coder *)coder;

	ZSTD_DCtx_reset(c->decoder, ZSTD_reset_session_only);
	c->within = false;
	c->header_bytes = 0;
}

static void
zstd_decoder_release(struct tn__coder *coder)
{
	ZSTD_freeDCtx(((struct zstd_coder *)coder)->decoder);
}

static const struct tn__coder_ops zstd_decoder_ops = {
	.step = zstd_decode,
	.reset = zstd_decoder_reset,
	.release = zstd_decoder_release,
};

int
tn__zstd_decoder(struct tn__coder **ret)
{
	struct zstd_coder *c;
	int r = zstd_new(&zstd_decoder_ops, &c);

	if (r < 0)
		return r;
	c->decoder = ZSTD_createDCtx_advanced(zstd_memory);
	if (c->decoder == NULL) {
		tn__free(c);
		return -ENOMEM;
	}
	ZSTD_DCtx_setParameter(c->decoder, ZSTD_d_windowLogMax, ZSTD_WINDOW);
	*ret = &c->coder;
	return 0;
}
