/* Content codings as coders, which turn bytes into bytes and know nothing of
 * streams, and the one table of them. */
#ifndef TN__STREAM_CODING_H
#define TN__STREAM_CODING_H

#include <tenon/base.h>

/* ---- coders: coding_zlib.c, coding_brotli.c, coding_zstd.c --------------- */

enum tn__coder_step {
	TN__CODER_RUN,
	TN__CODER_FLUSH, /* encoders: all so far can be decoded */
	TN__CODER_END,   /* encoders: and no more comes */
};

/* What a step works on; it cuts off what it has taken and filled. */
struct tn__coder_io {
	struct tn_slice in;
	char *out;
	size_t room;
};

/* Kinds embed it as their first member. */
struct tn__coder {
	const struct tn__coder_ops *ops;
	const char *words; /* of an error, when there are some; static */
};

struct tn__coder_ops {
	/* 1: an encoder has done what was asked of it, a decoder is at the end
	 * of the coded bytes; 0: it needs more room or input; -ENOMEM,
	 * TN_EPROTO, TN_ELIMIT, without a text. */
	int (*step)(struct tn__coder *coder, enum tn__coder_step step,
	    struct tn__coder_io *io);
	/* Decoders: begins again. */
	void (*reset)(struct tn__coder *coder);
	void (*release)(struct tn__coder *coder);
};

/* Sets the text of what step() returned; the code. */
int tn__coder_fail(const struct tn__coder *coder, int code, const char *verb,
    const char *coding);
/* NULL is fine. */
void tn__coder_free(struct tn__coder *coder);

/* Codecs ask for memory here: sizes of 0 too. */
void *tn__coder_alloc(size_t size);

/* ---- the table: coding.c ------------------------------------------------- */

struct tn__coding {
	const char *name, *alias;
	const char *feature; /* tn_has() knows it, when it is there */
	int level, level_max;
	/* `size` of all that will come, 0 when that is not known: a smaller one
	 * needs less memory.  -ENOMEM without a text.  NULL: left out of this
	 * build, as is the other. */
	int (*encoder)(int level, size_t size, struct tn__coder **ret);
	int (*decoder)(struct tn__coder **ret);
	/* Whether coded bytes with this beginning continue those before them,
	 * for codings of several parts; and how much of it is needed. */
	bool (*continues)(struct tn_slice begin);
	size_t continues_bytes;
};

/* 0; -EINVAL for no such coding, -EOPNOTSUPP for one that was left out. */
int tn__coding_find(const char *name, const struct tn__coding **ret);

/* Encodes all of `in` at once: the bytes written to `out`, 0 when they do not
 * fit, or an error.  Never waits, on whatever thread. */
ssize_t tn__coding_squeeze(const char *name, int level, struct tn_slice in,
    char *out, size_t room);

int tn__gzip_encoder(int level, size_t size, struct tn__coder **ret);
int tn__gzip_decoder(struct tn__coder **ret);
int tn__deflate_encoder(int level, size_t size, struct tn__coder **ret);
int tn__deflate_decoder(struct tn__coder **ret);
int tn__brotli_encoder(int level, size_t size, struct tn__coder **ret);
int tn__brotli_decoder(struct tn__coder **ret);
int tn__zstd_encoder(int level, size_t size, struct tn__coder **ret);
int tn__zstd_decoder(struct tn__coder **ret);

#endif
