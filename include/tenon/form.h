/* tenon/form.h - what a person filled in: the fields of a form and the files
 * sent with it.
 *
 * The body of a request is read as a whole: values into memory within limits,
 * files too up to `memory_bytes_max` all together, and beyond into a file
 * without a name, which goes when the form does.  Browsers send two types:
 * application/x-www-form-urlencoded (the URL Standard, section 5) and
 * multipart/form-data (RFC 7578); to read the latter as it comes there is
 * tenon/multipart.h.
 *
 * The server's own body_bytes_max, 1 MiB unless it is told otherwise, stands
 * before all that is said here. */
#ifndef TENON_FORM_H
#define TENON_FORM_H

#include <tenon/http.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_form;

struct tn_form_options {          /* all-zero is valid; 0 = default */
	struct tn_dir *dir;       /* where large files lie meanwhile; borrowed
				   * by the form; NULL = "/tmp" */
	int64_t values_bytes_max; /* names, file names, types and values, all
				   * together; 1 MiB; -1 unlimited, as each */
	int64_t parts_max;        /* fields and files; 1,000 */
	int64_t part_fields_max;  /* field lines of a part; 16 */
	int64_t part_head_bytes_max; /* of these; 8 KiB */
	int64_t file_bytes_max;   /* of one file; 64 MiB */
	int64_t memory_bytes_max; /* of all files, before they go to the disk;
				   * 64 KiB; -1 all on the disk */
	uint64_t reserved[8];
};

/* One field.  What it says was written by a stranger, and any byte may be in
 * it.  Behind each slice in memory stands a NUL. */
struct tn_form_field {
	struct tn_slice name;
	/* Data is NULL for a value; otherwise this is a file.  Never more than
	 * a name: a path before it, with slashes of either kind, is gone, and
	 * "." and ".." are empty; empty too when nobody chose a file.  Tenon
	 * opens nothing by it; a program that does should mind that it may
	 * begin with a dot or a dash, and that two files may share it. */
	struct tn_slice filename;
	struct tn_slice type; /* as its sender says; data may be NULL */
	int64_t size;         /* bytes */
	/* The bytes; or data is NULL and they lie in `file` from `offset` on,
	 * as tn_http_reply_file() takes them. */
	struct tn_slice value;
	struct tn_file *file;
	int64_t offset;
};

/* Reads the form that is the body.  A handler returns what fails here:
 *   -EMEDIUMTYPE   it is another type, or in a content coding: 415
 *   TN_ELIMIT      one of the limits above, which the text names: 413
 *   TN_EPROTO      malformed, or it ends in the middle: 400
 *   anything else  the body could not be read, or a file not be written
 * `options` may be NULL. */
TN_API TN_CHECK int tn_http_form_read(struct tn_http_exchange *x,
    const struct tn_form_options *options, struct tn_form **ret);

/* The fields of the query, which a form with the method GET becomes.  TN_ELIMIT
 * as above. */
TN_API TN_CHECK int tn_http_form_query(const struct tn_http_exchange *x,
    const struct tn_form_options *options, struct tn_form **ret);

/* The first field of that name, NULL when there is none; field `index` in the
 * order they came, NULL behind the last. */
TN_API const struct tn_form_field *tn_form_get(const struct tn_form *form,
    const char *name);
TN_API const struct tn_form_field *tn_form_at(const struct tn_form *form,
    size_t index);
TN_API size_t tn_form_count(const struct tn_form *form);

/* The first value of that name, no file; data NULL when there is none. */
TN_API struct tn_slice tn_form_value(const struct tn_form *form,
    const char *name);

/* Bytes of a field wherever they are: up to `size` from `offset` on, perhaps
 * fewer; 0 at the end. */
TN_API TN_CHECK ssize_t tn_form_field_read(const struct tn_form_field *field,
    void *ret, size_t size, int64_t offset);

/* Copies them to a file beneath `dir`, under a name that the program chose, by
 * tn_replace: all of it or nothing.  With `exclusive`, -EEXIST when the name is
 * taken. */
TN_API TN_CHECK int tn_form_field_save(const struct tn_form_field *field,
    struct tn_dir *dir, struct tn_slice path, unsigned mode, bool exclusive);

TN_API void tn_form_free(struct tn_form *form);
TN_DEFINE_CLEANUP(struct tn_form, tn_form_free)

#ifdef __cplusplus
}
#endif

#endif
