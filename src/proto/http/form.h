/* A form while it is read. */
#ifndef TN__HTTP_FORM_H
#define TN__HTTP_FORM_H

#include <tenon/form.h>
#include <tenon/multipart.h>

/* Everything of a field that is in memory: name, file name, type, each with a
 * NUL, and the value. */
struct tn__form_entry {
	struct tn_form_field field;
	struct tn_buffer bytes;
	size_t value; /* where it begins in `bytes` */
};

struct tn_form {
	struct tn_form_options options; /* with the defaults filled in */
	struct tn__form_entry **entries;
	size_t count, room;
	int64_t values_bytes, memory_bytes;
	struct tn_file *file; /* of all large files; NULL: there was none */
	int64_t file_size;
};

int tn__form_new(const struct tn_form_options *options, struct tn_form **ret);

/* A field without a value so far; data of the last two may be NULL.  TN_ELIMIT,
 * -ENOMEM. */
int tn__form_add(struct tn_form *form, struct tn_slice name,
    struct tn_slice filename, struct tn_slice type,
    struct tn__form_entry **ret);
/* More of its value; TN_ELIMIT, -ENOMEM, or what the disk said. */
int tn__form_append(struct tn_form *form, struct tn__form_entry *entry,
    struct tn_slice bytes);
/* That was all.  Only now the slices of the field are its own. */
void tn__form_finish(struct tn__form_entry *entry);

/* Adds the pairs of a query. */
int tn__form_add_query(struct tn_form *form, struct tn_slice query);

#endif
