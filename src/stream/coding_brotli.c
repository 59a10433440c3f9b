/* br, by brotli. */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <tenon/error.h>

#include "base/list.h"
#include "base/memory.h"
#include "stream/coding.h"

static void *
brotli_alloc(void *arg, size_t size)
{
	return tn__coder_alloc(size);
}

static void
brotli_release_memory(void *arg, void *memory)
{
	tn__free(memory);
}

/* ---- the encoder's memory ------------------------------------------------ */

/* As most systems build it, the encoder ends the whole process when it gets no
 * memory.  So the allocation that fails does not return there: step() does,
 * and as all memory of an encoder is in a list, none is lost. */
struct brotli_encoder {
	struct tn__coder coder;
	BrotliEncoderState *state; /* in one of the blocks */
	struct tn__list blocks;
	jmp_buf *escape; /* while the encoder works */
	bool dead;
};

union brotli_block {
	struct tn__list node;
	max_align_t align;
};

static void *
brotli_block_alloc(void *arg, size_t size)
{
	struct brotli_encoder *e = arg;
	union brotli_block *block = size > SIZE_MAX - sizeof(*block)
	    ? NULL : tn__alloc(sizeof(*block) + size);

	if (block == NULL) {
		if (e->escape != NULL)
			longjmp(*e->escape, 1);
		return NULL;
	}
	tn__list_push_front(&e->blocks, &block->node);
	return block + 1;
}

static void
brotli_block_release(void *arg, void *memory)
{
	union brotli_block *block = memory;

	if (memory == NULL)
		return;
	tn__list_remove(&block[-1].node);
	tn__free(&block[-1]);
}

/* ---- the encoder --------------------------------------------------------- */

/* False when there was no memory. */
static bool
brotli_run(struct brotli_encoder *e, BrotliEncoderOperation operation,
    struct tn__coder_io *io)
{
	const uint8_t *in = (const uint8_t *)io->in.data;
	uint8_t *out = (uint8_t *)io->out;
	size_t left = io->in.len;
	jmp_buf escape;

	if (e->dead)
		return false;
	e->dead = true; /* unless it comes back */
	e->escape = &escape;
	if (setjmp(escape) != 0)
		return false;
	if (!BrotliEncoderCompressStream(e->state, operation, &left, &in,
	        &io->room, &out, NULL))
		return false;
	e->dead = false;
	e->escape = NULL;
	io->in = tn_slice_skip(io->in, io->in.len - left);
	io->out = (char *)out;
	return true;
}

static int
brotli_encode(struct tn__coder *coder, enum tn__coder_step step,
    struct tn__coder_io *io)
{
	static const BrotliEncoderOperation operations[] = {
		[TN__CODER_RUN] = BROTLI_OPERATION_PROCESS,
		[TN__CODER_FLUSH] = BROTLI_OPERATION_FLUSH,
		[TN__CODER_END] = BROTLI_OPERATION_FINISH,
	};
	struct brotli_encoder *e = (struct brotli_encoder *)coder;

	if (!brotli_run(e, operations[step], io))
		return -ENOMEM;
	if (step == TN__CODER_END)
		return BrotliEncoderIsFinished(e->state);
	return io->in.len == 0 && !BrotliEncoderHasMoreOutput(e->state);
}

static void
brotli_encoder_release(struct tn__coder *coder)
{
	struct brotli_encoder *e = (struct brotli_encoder *)coder;

	while (!tn__list_empty(&e->blocks))
		tn__free(TN__CONTAINER(tn__list_pop(&e->blocks),
		    union brotli_block, node));
}

static const struct tn__coder_ops brotli_encoder_ops = {
	.step = brotli_encode,
	.release = brotli_encoder_release,
};

/* The window that holds all of `size`. */
static uint32_t
brotli_window(size_t size)
{
	uint32_t bits = BROTLI_MIN_WINDOW_BITS;

	while (bits < BROTLI_DEFAULT_WINDOW &&
	    (size == 0 || size > ((size_t)1 << bits) - 16))
		bits++;
	return bits;
}

int
tn__brotli_encoder(int level, size_t size, struct tn__coder **ret)
{
	struct brotli_encoder *e = tn__zalloc(sizeof(*e));

	if (e == NULL)
		return -ENOMEM;
	e->coder.ops = &brotli_encoder_ops;
	tn__list_init(&e->blocks);
	e->state = BrotliEncoderCreateInstance(brotli_block_alloc,
	    brotli_block_release, e);
	if (e->state == NULL) {
		tn__free(e);
		return -ENOMEM;
	}
	BrotliEncoderSetParameter(e->state, BROTLI_PARAM_QUALITY,
	    (uint32_t)level);
	BrotliEncoderSetParameter(e->state, BROTLI_PARAM_LGWIN,
	    brotli_window(size));
	if (size > 0 && size <= UINT32_MAX)
		BrotliEncoderSetParameter(e->state, BROTLI_PARAM_SIZE_HINT,
		    (uint32_t)size);
	*ret = &e->coder;
	return 0;
}

/* ---- the decoder --------------------------------------------------------- */

struct brotli_decoder {
	struct tn__coder coder;
	BrotliDecoderState *state;
};

static int
brotli_error(struct brotli_decoder *d)
{
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(d->state);

	if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
	    code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
		return -ENOMEM;
	d->coder.words = BrotliDecoderErrorString(code);
	return TN_EPROTO;
}

static int
brotli_decode(struct tn__coder *coder, enum tn__coder_step step,
    struct tn__coder_io *io)
{
	struct brotli_decoder *d = (struct brotli_decoder *)coder;
	const uint8_t *in = (const uint8_t *)io->in.data;
	uint8_t *out = (uint8_t *)io->out;
	size_t left = io->in.len;
	BrotliDecoderResult r = BrotliDecoderDecompressStream(d->state, &left,
	    &in, &io->room, &out, NULL);

	io->in = tn_slice_skip(io->in, io->in.len - left);
	io->out = (char *)out;
	return r == BROTLI_DECODER_RESULT_ERROR
	    ? brotli_error(d) : r == BROTLI_DECODER_RESULT_SUCCESS;
}

static void
brotli_decoder_release(struct tn__coder *coder)
{
	BrotliDecoderDestroyInstance(((struct brotli_decoder *)coder)->state);
}

static const struct tn__coder_ops brotli_decoder_ops = {
	.step = brotli_decode,
	.release = brotli_decoder_release,
};

int
tn__brotli_decoder(struct tn__coder **ret)
{
	struct brotli_decoder *d = tn__zalloc(sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	d->coder.ops = &brotli_decoder_ops;
	d->state = BrotliDecoderCreateInstance(brotli_alloc,
	    brotli_release_memory, NULL);
	if (d->state == NULL) {
		tn__free(d);
		return -ENOMEM;
	}
	*ret = &d->coder;
	return 0;
}
