/* gzip and deflate, by zlib. */
#include <errno.h>
#include <limits.h>
#include <tenon/error.h>
#include <zlib.h>

#include "base/memory.h"
#include "stream/coding.h"

#define ZLIB_WINDOW 15 /* 32 KiB, the format's largest */
#define ZLIB_GZIP 16   /* added to it: in a frame of RFC 1952 */

struct zlib_coder {
	struct tn__coder coder;
	z_stream z;
	bool sniffs, begun; /* a decoder that has to look what it gets */
};

static void *
zlib_alloc(void *arg, uInt count, uInt size)
{
	return tn__coder_alloc((size_t)count * size);
}

static void
zlib_release_memory(void *arg, void *memory)
{
	tn__free(memory);
}

static int
zlib_new(const struct tn__coder_ops *ops, struct zlib_coder **ret)
{
	struct zlib_coder *c = tn__zalloc(sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->coder.ops = ops;
	c->z.zalloc = zlib_alloc;
	c->z.zfree = zlib_release_memory;
	*ret = c;
	return 0;
}

/* zlib counts in unsigned ints. */
static void
zlib_lend(z_stream *z, const struct tn__coder_io *io)
{
	z->next_in = (Bytef *)io->in.data;
	z->avail_in = io->in.len < INT_MAX ? (uInt)io->in.len : INT_MAX;
	z->next_out = (Bytef *)io->out;
	z->avail_out = io->room < INT_MAX ? (uInt)io->room : INT_MAX;
}

static void
zlib_take_back(z_stream *z, struct tn__coder_io *io)
{
	size_t taken = io->in.len == 0
	    ? 0 : (size_t)((const char *)z->next_in - io->in.data);

	io->in = tn_slice_skip(io->in, taken);
	io->room -= (size_t)((char *)z->next_out - io->out);
	io->out = (char *)z->next_out;
}

static int
zlib_error(struct zlib_coder *c, int r)
{
	c->coder.words = c->z.msg;
	return r == Z_MEM_ERROR ? -ENOMEM : TN_EPROTO;
}

/* ---- encoders ------------------------------------------------------------ */

static int
zlib_deflate(struct tn__coder *coder, enum tn__coder_step step,
    struct tn__coder_io *io)
{
	static const int flushes[] = {
		[TN__CODER_RUN] = Z_NO_FLUSH,
		[TN__CODER_FLUSH] = Z_SYNC_FLUSH,
		[TN__CODER_END] = Z_FINISH,
	};
	struct zlib_coder *c = (struct zlib_coder *)coder;
	int r;

	do {
		zlib_lend(&c->z, io);
		r = deflate(&c->z, io->in.len > INT_MAX
		    ? Z_NO_FLUSH : flushes[step]);
		zlib_take_back(&c->z, io);
	} while (r == Z_OK && io->in.len > 0 && io->room > 0);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return zlib_error(c, r);
	if (step == TN__CODER_END)
		return r == Z_STREAM_END;
	return io->in.len == 0 && (step == TN__CODER_RUN || io->room > 0);
}

static void
zlib_deflate_release(struct tn__coder *coder)
{
	deflateEnd(&((struct zlib_coder *)coder)->z);
}

static const struct tn__coder_ops zlib_deflate_ops = {
	.step = zlib_deflate,
	.release = zlib_deflate_release,
};

static int
zlib_encoder(int level, int window, struct tn__coder **ret)
{
	struct zlib_coder *c;
	int r = zlib_new(&zlib_deflate_ops, &c);

	if (r < 0)
		return r;
	if (deflateInit2(&c->z, level, Z_DEFLATED, window, 8,
	        Z_DEFAULT_STRATEGY) != Z_OK) {
		tn__free(c);
		return -ENOMEM;
	}
	*ret = &c->coder;
	return 0;
}

int
tn__gzip_encoder(int level, size_t size, struct tn__coder **ret)
{
	return zlib_encoder(level, ZLIB_WINDOW + ZLIB_GZIP, ret);
}

int
tn__deflate_encoder(int level, size_t size, struct tn__coder **ret)
{
	return zlib_encoder(level, ZLIB_WINDOW, ret);
}

/* ---- decoders ------------------------------------------------------------ */

/* "deflate" means with a frame (RFC 9110 section 8.4.1.2), but some send it
 * without.  RFC 1950 section 2.2: a frame begins with 8 and a window that may
 * be; what zlib and others make without one never does. */
static void
zlib_sniff(struct zlib_coder *c, unsigned char first)
{
	c->begun = true;
	if ((first & 0x0f) != Z_DEFLATED || first >> 4 > 7)
		inflateReset2(&c->z, -ZLIB_WINDOW);
}

static int
zlib_inflate(struct tn__coder *coder, enum tn__coder_step step,
    struct tn__coder_io *io)
{
	struct zlib_coder *c = (struct zlib_coder *)coder;
	int r;

	if (c->sniffs && !c->begun && io->in.len > 0)
		zlib_sniff(c, (unsigned char)io->in.data[0]);
	zlib_lend(&c->z, io);
	r = inflate(&c->z, Z_NO_FLUSH);
	zlib_take_back(&c->z, io);
	if (r == Z_OK || r == Z_BUF_ERROR)
		return 0;
	if (r == Z_STREAM_END)
		return 1;
	return zlib_error(c, r);
}

static void
zlib_inflate_reset(struct tn__coder *coder)
{
	inflateReset(&((struct zlib_coder *)coder)->z);
}

static void
zlib_inflate_release(struct tn__coder *coder)
{
	inflateEnd(&((struct zlib_coder *)coder)->z);
}

static const struct tn__coder_ops zlib_inflate_ops = {
	.step = zlib_inflate,
	.reset = zlib_inflate_reset,
	.release = zlib_inflate_release,
};

static int
zlib_decoder(int window, bool sniffs, struct tn__coder **ret)
{
	struct zlib_coder *c;
	int r = zlib_new(&zlib_inflate_ops, &c);

	if (r < 0)
		return r;
	c->sniffs = sniffs;
	if (inflateInit2(&c->z, window) != Z_OK) {
		tn__free(c);
		return -ENOMEM;
	}
	*ret = &c->coder;
	return 0;
}

int
tn__gzip_decoder(struct tn__coder **ret)
{
	return zlib_decoder(ZLIB_WINDOW + ZLIB_GZIP, false, ret);
}

int
tn__deflate_decoder(struct tn__coder **ret)
{
	return zlib_decoder(ZLIB_WINDOW, true, ret);
}
