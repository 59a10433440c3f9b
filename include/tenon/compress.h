/* tenon/compress.h - streams that compress what is written, and streams that
 * show what was compressed, in the content codings of HTTP:
 *
 *   "gzip"     RFC 1952; "x-gzip" is another name of it
 *   "deflate"  RFC 1950, and without its frame as some servers send it
 *   "br"       RFC 7932
 *   "zstd"     RFC 8878
 *
 * A build may lack some: tn_has() of "gzip" (which brings "deflate"), "brotli"
 * and "zstd" tells; then -EOPNOTSUPP names what is missing.  A name that is no
 * coding is -EINVAL; their case does not count.
 *
 * What a stranger may have a part in does not belong into one compressed stream
 * with a secret: by the length of what goes out he could guess the secret,
 * however well that is encrypted (CRIME, BREACH). */
#ifndef TENON_COMPRESS_H
#define TENON_COMPRESS_H

#include <tenon/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_compress_options { /* all-zero is valid */
	/* The higher the smaller and slower: 1 to 9 for "gzip" and "deflate",
	 * 11 for "br", 19 for "zstd".  0 = 6, 5, 3. */
	int level;
	uint64_t reserved[8];
};

/* What is written to it goes into `below`, which is borrowed, in that coding.
 * It gathers: tn_stream_flush() makes the other side able to read all that was
 * written so far, at the price of some bytes each time; tn_stream_shutdown()
 * and tn_stream_close() end the coded bytes.  Without one of those two they are
 * truncated.  Reading goes to `below`. */
TN_API TN_CHECK int tn_stream_compress(struct tn_stream *below,
    const char *coding, const struct tn_compress_options *options,
    struct tn_stream **ret);

struct tn_decompress_options { /* all-zero is valid; -1 = no limit */
	int64_t bytes_max;     /* that come out; 256 MiB */
	int64_t ratio_max;     /* bytes that come out for one that went in, once
				* more than 1 MiB came out; 200 */
	uint64_t reserved[8];
};

/* Reads what the coded bytes at the start of `below`, which is borrowed, stand
 * for.  It ends where they end; what follows them stays in `below`.  ("gzip"
 * and "zstd" are looked at for another member or frame right behind, which goes
 * on.)  TN_EPROTO for bytes that are damaged or in no such coding,
 * TN_ETRUNCATED when they end too early, TN_ELIMIT over a limit or, for "zstd",
 * when a window of more than 8 MiB is asked for; these are final.  What came
 * out before an error was not yet checked.  Writing goes to `below`. */
TN_API TN_CHECK int tn_stream_decompress(struct tn_stream *below,
    const char *coding, const struct tn_decompress_options *options,
    struct tn_stream **ret);

#ifdef __cplusplus
}
#endif

#endif
