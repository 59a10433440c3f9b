/* What there is at some address, and the reply that a request gets of it. */
#ifndef TN__HTTP_CONTENT_H
#define TN__HTTP_CONTENT_H

#include "proto/http/http.h"

/* ---- answering: http_content.c ------------------------------------------ */

struct tn__http_content {
	struct tn_file *file;   /* its first `size` bytes, or when NULL ... */
	const char *bytes;      /* ... these */
	int64_t size;
	struct tn_slice etag;   /* empty: none */
	int64_t modified;       /* in seconds; < 0: not known */
	struct tn_slice type;   /* Content-Type; empty: none */
	struct tn_slice shared; /* more lines of a 200, 206 and 304 ... */
	struct tn_slice own;    /* ... and of the first two only */
};

/* 0 when it has replied; 412 or 416 when that is still to be done, with the
 * field that belongs to it added. */
int tn__http_content_reply(struct tn_http_exchange *x,
    const struct tn__http_content *content);

/* All of it, with a status of the caller's and of its fields the type. */
int tn__http_content_page(struct tn_http_exchange *x, int status,
    const struct tn__http_content *content);

/* ---- codings: http_coding.c --------------------------------------------- */

enum tn__http_coding { /* RFC 9110 section 8.4.1 */
	TN__HTTP_PLAIN,
	TN__HTTP_BROTLI, /* RFC 7932 */
	TN__HTTP_ZSTD,   /* RFC 8878 */
	TN__HTTP_GZIP,
	TN__HTTP_CODINGS /* how many there are */
};

/* "br", "zstd", "gzip"; and the ending of a file that has it: ".br", ... */
extern const char *const tn__http_coding_names[TN__HTTP_CODINGS];
extern const char *const tn__http_coding_endings[TN__HTTP_CODINGS];

/* Those that this build can make, 1 << coding. */
unsigned tn__http_codings(void);

/* What a client likes best of the codings that there are (bit 1 << coding; it
 * may always be plain): by the weights of its Accept-Encoding, data NULL
 * without one, and where those are equal by their order above. */
enum tn__http_coding tn__http_coding_choose(struct tn_slice accept,
    unsigned there);

/* Whether a body of that type becomes much smaller. */
bool tn__http_type_is_loose(struct tn_slice type);

#endif
