/* The fields of a form, and where their bytes are.  All files that are too
 * large for memory share one on the disk, one behind another: a form takes one
 * descriptor, however many files a stranger puts in. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/text.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/form.h"

#define FORM_COPY_BYTES 32768

/* ---- a form -------------------------------------------------------------- */

static int64_t
form_option(int64_t option, int64_t otherwise, int64_t off)
{
	return option == 0 ? otherwise : option < 0 ? off : option;
}

static void
form_options(struct tn_form_options *o)
{
	o->values_bytes_max = form_option(o->values_bytes_max, 1 << 20,
	    INT64_MAX);
	o->parts_max = form_option(o->parts_max, 1000, INT64_MAX);
	o->file_bytes_max = form_option(o->file_bytes_max, 64 << 20,
	    INT64_MAX);
	o->memory_bytes_max = form_option(o->memory_bytes_max, 65536, 0);
}

int
tn__form_new(const struct tn_form_options *options, struct tn_form **ret)
{
	struct tn_form *form = tn__zalloc(sizeof(*form));

	if (form == NULL)
		return tn__error_nomem();
	if (options != NULL)
		form->options = *options;
	form_options(&form->options);
	*ret = form;
	return 0;
}

void
tn_form_free(struct tn_form *form)
{
	if (form == NULL)
		return;
	for (size_t i = 0; i < form->count; i++) {
		tn_buffer_free(&form->entries[i]->bytes);
		tn__free(form->entries[i]);
	}
	tn__free(form->entries);
	tn_file_free(form->file);
	tn__free(form);
}

/* ---- a field ------------------------------------------------------------- */

static int
form_limit(const char *what, const char *name, int64_t max)
{
	return tn_error_set(TN_ELIMIT, "form: more %s than %s, %lld", what,
	    name, (long long)max);
}

/* Counts what stays in memory as long as the form does. */
static int
form_count_bytes(struct tn_form *form, size_t n)
{
	int64_t max = form->options.values_bytes_max;

	if ((int64_t)n > max - form->values_bytes)
		return form_limit("bytes of values", "values_bytes_max", max);
	form->values_bytes += (int64_t)n;
	return 0;
}

static int
form_room(struct tn_form *form)
{
	size_t room = form->room == 0 ? 8 : form->room * 2;
	struct tn__form_entry **entries;

	if (form->count < form->room)
		return 0;
	entries = tn__resize(form->entries, room * sizeof(*entries));
	if (entries == NULL)
		return tn__error_nomem();
	form->entries = entries;
	form->room = room;
	return 0;
}

/* The text and a NUL; what it is called there is known once nothing moves. */
static int
form_put(struct tn_buffer *bytes, struct tn_slice text, struct tn_slice *ret)
{
	int r = tn_buffer_append(bytes, text);

	if (r == 0)
		r = tn_buffer_append_byte(bytes, '\0');
	*ret = text;
	return r;
}

int
tn__form_add(struct tn_form *form, struct tn_slice name,
    struct tn_slice filename, struct tn_slice type,
    struct tn__form_entry **ret)
{
	int64_t max = form->options.parts_max;
	struct tn__form_entry *entry;
	int r = 0;

	if ((int64_t)form->count >= max)
		return form_limit("fields", "parts_max", max);
	r = form_count_bytes(form, name.len + filename.len + type.len);
	if (r == 0)
		r = form_room(form);
	if (r < 0)
		return r;
	entry = tn__zalloc(sizeof(*entry));
	if (entry == NULL)
		return tn__error_nomem();
	form->entries[form->count++] = entry;
	r = form_put(&entry->bytes, name, &entry->field.name);
	if (r == 0)
		r = form_put(&entry->bytes, filename, &entry->field.filename);
	if (r == 0)
		r = form_put(&entry->bytes, type, &entry->field.type);
	if (r < 0)
		return tn__error_nomem();
	entry->value = entry->bytes.len;
	*ret = entry;
	return 0;
}

static struct tn_slice
form_keep(struct tn_slice text, const char **at)
{
	const char *data = *at;

	*at += text.len + 1;
	return tn_slice(text.data == NULL ? NULL : data, text.len);
}

void
tn__form_finish(struct tn__form_entry *entry)
{
	struct tn_form_field *field = &entry->field;
	struct tn_buffer *bytes = &entry->bytes;
	const char *at = bytes->data;

	field->name = form_keep(field->name, &at);
	field->filename = form_keep(field->filename, &at);
	field->type = form_keep(field->type, &at);
	if (field->file == NULL)
		field->value = tn_slice(at, bytes->len - entry->value);
}

/* ---- its bytes ----------------------------------------------------------- */

static int
form_file(struct tn_form *form)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *own = NULL;
	struct tn_dir *dir = form->options.dir;
	int r = 0;

	if (form->file != NULL)
		return 0;
	if (dir == NULL) {
		r = tn_dir_open("/tmp", &own);
		dir = own;
	}
	if (r == 0)
		r = tn_dir_open_temporary(dir, tn_slice(NULL, 0), &form->file);
	if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
		return r;
	/* It is our folder that is not there, nothing that was asked for. */
	return tn_error_set(-EIO, "form: %s", tn_error_text());
}

static int
form_write(struct tn_form *form, struct tn_slice bytes)
{
	int r = bytes.len == 0 ? 0 : tn_file_write(form->file, bytes,
	    form->file_size);

	if (r == 0)
		form->file_size += (int64_t)bytes.len;
	return r;
}

/* From memory to the disk. */
static int
form_spill(struct tn_form *form, struct tn__form_entry *entry)
{
	struct tn_slice so_far = tn_slice_skip(tn_buffer_slice(&entry->bytes),
	    entry->value);
	int64_t offset = form->file_size;
	int r = form_file(form);

	if (r == 0)
		r = form_write(form, so_far);
	if (r < 0)
		return r;
	form->memory_bytes -= (int64_t)so_far.len;
	entry->bytes.len = entry->value;
	entry->field.file = form->file;
	entry->field.offset = offset;
	return 0;
}

static int
form_append_file(struct tn_form *form, struct tn__form_entry *entry,
    struct tn_slice bytes)
{
	const struct tn_form_options *o = &form->options;
	int r = 0;

	if ((int64_t)bytes.len > o->file_bytes_max - entry->field.size)
		return form_limit("bytes in a file", "file_bytes_max",
		    o->file_bytes_max);
	if (entry->field.file == NULL &&
	    (int64_t)bytes.len > o->memory_bytes_max - form->memory_bytes)
		r = form_spill(form, entry);
	if (r < 0)
		return r;
	if (entry->field.file != NULL)
		return form_write(form, bytes);
	form->memory_bytes += (int64_t)bytes.len;
	return tn_buffer_append(&entry->bytes, bytes);
}

int
tn__form_append(struct tn_form *form, struct tn__form_entry *entry,
    struct tn_slice bytes)
{
	int r;

	if (entry->field.filename.data != NULL) {
		r = form_append_file(form, entry, bytes);
	} else {
		r = form_count_bytes(form, bytes.len);
		if (r == 0)
			r = tn_buffer_append(&entry->bytes, bytes);
	}
	if (r == 0)
		entry->field.size += (int64_t)bytes.len;
	return r == -ENOMEM ? tn__error_nomem() : r;
}

/* ---- asking -------------------------------------------------------------- */

size_t
tn_form_count(const struct tn_form *form)
{
	return form->count;
}

const struct tn_form_field *
tn_form_at(const struct tn_form *form, size_t index)
{
	return index < form->count ? &form->entries[index]->field : NULL;
}

const struct tn_form_field *
tn_form_get(const struct tn_form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (tn_slice_equal(form->entries[i]->field.name,
		        tn_slice_str(name)))
			return &form->entries[i]->field;
	return NULL;
}

struct tn_slice
tn_form_value(const struct tn_form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct tn_form_field *field = &form->entries[i]->field;

		if (field->filename.data == NULL &&
		    tn_slice_equal(field->name, tn_slice_str(name)))
			return field->value;
	}
	return tn_slice(NULL, 0);
}

ssize_t
tn_form_field_read(const struct tn_form_field *field, void *ret, size_t size,
    int64_t offset)
{
	if (offset < 0)
		return tn_error_set(-EINVAL, "form: no field has bytes at %lld",
		    (long long)offset);
	if (offset >= field->size)
		return 0;
	if ((int64_t)size > field->size - offset)
		size = (size_t)(field->size - offset);
	if (field->file != NULL)
		return tn_file_read(field->file, ret, size,
		    field->offset + offset);
	memcpy(ret, field->value.data + offset, size);
	return (ssize_t)size;
}

static int
form_copy(const struct tn_form_field *field, struct tn_replace *to)
{
	char *bytes = tn__alloc(FORM_COPY_BYTES);
	int64_t at = 0;
	ssize_t n = 0;
	int r = 0;

	if (bytes == NULL)
		return tn__error_nomem();
	while (r == 0 && at < field->size) {
		n = tn_form_field_read(field, bytes, FORM_COPY_BYTES, at);
		if (n <= 0)
			r = n < 0 ? (int)n : tn_error_set(-EIO,
			    "form: a temporary file has become shorter");
		else
			r = tn_replace_write(to, tn_slice(bytes, (size_t)n));
		at += n;
	}
	tn__free(bytes);
	return r;
}

int
tn_form_field_save(const struct tn_form_field *field, struct tn_dir *dir,
    struct tn_slice path, unsigned mode, bool exclusive)
{
	TN_CLEANUP(tn_replace_freep) struct tn_replace *to = NULL;
	int r = tn_replace_open(dir, path, mode, &to);

	if (r == 0)
		r = form_copy(field, to);
	return r < 0 ? r : tn_replace_commit(TN_TAKE(to), exclusive);
}
