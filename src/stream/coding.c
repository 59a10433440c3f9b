/* The table of content codings: one row each, whatever uses them. */
#include <errno.h>
#include <tenon/error.h>

#include "base/error.h"
#include "base/memory.h"
#include "config.h"
#include "stream/coding.h"

/* RFC 1952 section 2.2: members follow each other. */
static bool
coding_gzip_continues(struct tn_slice begin)
{
	return tn_slice_starts(begin, TN_SLICE("\x1f\x8b"));
}

/* RFC 8878 section 3.1: frames do, also such as are to be skipped. */
static bool
coding_zstd_continues(struct tn_slice begin)
{
	return tn_slice_starts(begin, TN_SLICE("\x28\xb5\x2f\xfd")) ||
	    (begin.len >= 4 && (begin.data[0] & 0xf0) == 0x50 &&
	        memcmp(begin.data + 1, "\x2a\x4d\x18", 3) == 0);
}

#if TN__ZLIB
#define CODING_ZLIB(what) tn__##what
#else
#define CODING_ZLIB(what) NULL
#endif
#if TN__BROTLI
#define CODING_BROTLI(what) tn__##what
#else
#define CODING_BROTLI(what) NULL
#endif
#if TN__ZSTD
#define CODING_ZSTD(what) tn__##what
#else
#define CODING_ZSTD(what) NULL
#endif

static const struct tn__coding codings[] = {
	{ "gzip", "x-gzip", "gzip", 6, 9, CODING_ZLIB(gzip_encoder),
	    CODING_ZLIB(gzip_decoder), coding_gzip_continues, 2 },
	{ "deflate", NULL, "gzip", 6, 9, CODING_ZLIB(deflate_encoder),
	    CODING_ZLIB(deflate_decoder), NULL, 0 },
	{ "br", NULL, "brotli", 5, 11, CODING_BROTLI(brotli_encoder),
	    CODING_BROTLI(brotli_decoder), NULL, 0 },
	{ "zstd", NULL, "zstd", 3, 19, CODING_ZSTD(zstd_encoder),
	    CODING_ZSTD(zstd_decoder), coding_zstd_continues, 4 },
};

int
tn__coding_find(const char *name, const struct tn__coding **ret)
{
	struct tn_slice wanted = tn_slice_str(name);

	for (size_t i = 0; i < TN_COUNT(codings); i++) {
		const struct tn__coding *c = &codings[i];

		if (!tn_slice_equal_nocase(wanted, c->name) &&
		    (c->alias == NULL ||
		        !tn_slice_equal_nocase(wanted, c->alias)))
			continue;
		if (c->encoder == NULL)
			return tn_error_set(-EOPNOTSUPP, "coding %s: this "
			    "build was made without %s", c->name, c->feature);
		*ret = c;
		return 0;
	}
	return tn_error_set(-EINVAL, "coding: nobody knows one of that name "
	    "(gzip, deflate, br and zstd are)");
}

ssize_t
tn__coding_squeeze(const char *name, int level, struct tn_slice in, char *out,
    size_t room)
{
	struct tn__coder_io io = { .in = in, .out = out, .room = room };
	const struct tn__coding *coding;
	struct tn__coder *coder;
	int r = tn__coding_find(name, &coding);

	if (r < 0)
		return r;
	r = coding->encoder(level > 0 ? level : coding->level, in.len, &coder);
	if (r < 0)
		return tn__error_nomem();
	r = coder->ops->step(coder, TN__CODER_END, &io);
	if (r < 0)
		tn__coder_fail(coder, r, "compress", coding->name);
	tn__coder_free(coder);
	return r < 0 ? r : r == 0 ? 0 : (ssize_t)(room - io.room);
}

/* ---- what coders share --------------------------------------------------- */

int
tn__coder_fail(const struct tn__coder *coder, int code, const char *verb,
    const char *coding)
{
	return tn_error_set(code, "%s %s: %s", verb, coding,
	    coder->words != NULL ? coder->words : tn_error_words(code));
}

void
tn__coder_free(struct tn__coder *coder)
{
	if (coder == NULL)
		return;
	coder->ops->release(coder);
	tn__free(coder);
}

void *
tn__coder_alloc(size_t size)
{
	return tn__alloc(size > 0 ? size : 1);
}
