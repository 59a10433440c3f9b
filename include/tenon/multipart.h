/* tenon/multipart.h - bodies of several parts, read as they come: RFC 2046
 * section 5.1, and the parts of a form: RFC 7578.
 *
 *     r = tn_multipart_open(tn_http_body(x), tn_http_field(x, "Content-Type"),
 *         NULL, &mp);
 *     while (r >= 0 && (r = tn_multipart_next(mp, &part)) > 0)
 *             r = keep(part.name, part.body);
 *
 * A form small enough to be read as a whole is easier by tenon/form.h.
 *
 * Lines end in CRLF and in nothing else.  What stands before the first part,
 * and the padding of a delimiter, is dropped; what stands behind the last part
 * is left where it is.  A line that begins as a delimiter and goes on in
 * another way is none: a boundary may begin as another one. */
#ifndef TENON_MULTIPART_H
#define TENON_MULTIPART_H

#include <tenon/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_multipart;

struct tn_multipart_options {    /* all-zero is valid; 0 = default */
	int64_t parts_max;       /* 1,000; -1 unlimited */
	int64_t part_fields_max; /* field lines of a part; 16; -1 unlimited */
	int64_t part_head_bytes_max; /* of these; 8 KiB, at most 512 KiB */
	uint64_t reserved[8];
};

/* Good until the next tn_multipart_next().  Data is NULL for what the part does
 * not say; behind `name` and `filename` stands a NUL. */
struct tn_multipart_part {
	/* Of its Content-Disposition.  Both are what a stranger wrote, and any
	 * byte but NUL may be in them, CR and LF too. */
	struct tn_slice name;
	/* Never more than a name: a path before it, with slashes of either
	 * kind, is gone, and "." and ".." are empty.  Empty too when a person
	 * chose no file. */
	struct tn_slice filename;
	struct tn_slice disposition; /* "form-data" */
	struct tn_slice type;        /* Content-Type */
	struct tn_stream *body;      /* the reader's; it ends with the part */
};

/* `type` is the value of the Content-Type, which names the boundary; the stream
 * is borrowed.  TN_EPROTO when it is not multipart or names none. */
TN_API TN_CHECK int tn_multipart_open(struct tn_stream *stream,
    struct tn_slice type, const struct tn_multipart_options *options,
    struct tn_multipart **ret);

/* The next part; what was not read of the former is dropped.  1; 0 behind the
 * last; TN_ELIMIT, the text naming the limit; TN_EPROTO when it is malformed;
 * TN_ETRUNCATED when the stream ends before the last delimiter, from the body
 * too.  After an error it is over: the same again. */
TN_API TN_CHECK int tn_multipart_next(struct tn_multipart *mp,
    struct tn_multipart_part *ret);

/* A field of the present part by its name (case ignored), data NULL when there
 * is none; and field `index` from 0, false behind the last. */
TN_API struct tn_slice tn_multipart_field(const struct tn_multipart *mp,
    const char *name);
TN_API bool tn_multipart_field_at(const struct tn_multipart *mp, size_t index,
    struct tn_slice *ret_name, struct tn_slice *ret_value);

TN_API void tn_multipart_free(struct tn_multipart *mp);
TN_DEFINE_CLEANUP(struct tn_multipart, tn_multipart_free)

#ifdef __cplusplus
}
#endif

#endif
