/* What is at a path beneath the folder: the file or folder, files in a coding
 * beside it, and the fields that a reply with them has. */
#include <errno.h>
#include <tenon/date.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <tenon/text.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/files.h"

/* A file system's clock ticks a hundred times a second, or every other second:
 * a change sooner than that may leave size and times as they were. */
#define ENTRY_SETTLES (2 * TN_SECOND)

#define ENTRY_FIELDS 4096 /* lines of a reply, at most */

int
tn__http_files_status(int code)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ TN_EESCAPE, 404 }, /* not even that it exists */
		{ -ENOENT, 404 },
		{ -ENOTDIR, 404 },
		{ -ELOOP, 404 },
		{ -ENAMETOOLONG, 404 },
		{ -EINVAL, 400 },
		{ -EACCES, 403 },
		{ -EPERM, 403 },
		{ -EAGAIN, 503 },
		{ -EMFILE, 503 },
		{ -ENFILE, 503 },
		{ -ENOMEM, 503 },
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (rows[i].code == code)
			return rows[i].status;
	return 0;
}

/* ---- rules -------------------------------------------------------------- */

/* "*" is any bytes; a pattern begins with it, or with the "/" that the path
 * lacks here.  Where what follows a "*" does not fit, only the last "*" needs to
 * be tried with more. */
static bool
entry_fits(const char *pattern, struct tn_slice path)
{
	const char *star = NULL;
	size_t at = 0, from = 0;

	if (*pattern == '/')
		pattern++;
	while (at < path.len) {
		if (*pattern == '*') {
			star = ++pattern;
			from = at;
		} else if (*pattern == path.data[at] && *pattern != '\0') {
			pattern++;
			at++;
		} else if (star != NULL) {
			pattern = star;
			at = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* Whether the row counts for this path: it fits, and none before it that has
 * the same name does. */
static bool
entry_counts(const struct tn_http_files_rule *rules,
    const struct tn_http_files_rule *rule, struct tn_slice path)
{
	if (!entry_fits(rule->pattern, path))
		return false;
	for (; rules < rule; rules++)
		if (tn_slice_equal_nocase(tn_slice_str(rules->name),
		        rule->name) && entry_fits(rules->pattern, path))
			return false;
	return true;
}

/* The value for a field of that name, or `otherwise`. */
static struct tn_slice
entry_value(const struct tn_http_files_rule *rules, const char *name,
    struct tn_slice path, const char *otherwise)
{
	for (; rules != NULL && rules->name != NULL; rules++)
		if (tn_slice_equal_nocase(tn_slice_str(rules->name), name) &&
		    entry_fits(rules->pattern, path))
			return tn_slice_str(rules->value);
	return tn_slice_str(otherwise);
}

/* All fields of rules but the type, which is not a line of its own. */
static void
entry_put_rules(struct tn__http_out *o, const struct tn_http_files_rule *rules,
    struct tn_slice path)
{
	const struct tn_http_files_rule *rule = rules;

	for (; rule != NULL && rule->name != NULL; rule++)
		if (rule->value[0] != '\0' &&
		    !tn_slice_equal_nocase(tn_slice_str(rule->name),
		        "Content-Type") &&
		    entry_counts(rules, rule, path))
			tn__http_put_field(o, tn_slice_str(rule->name),
			    tn_slice_str(rule->value));
}

/* ---- fields ------------------------------------------------------------- */

#define ENTRY_ETAG_MAX (5 * TN_HEX_DIGITS + 16)

/* Another file, size, time or coding makes another tag, and so do other bytes
 * that the next version of a codec makes of the same file.  Of the times the
 * second is the kernel's own: what is unpacked with the time that it had may be
 * as long as what it replaces, and get its inode. */
static struct tn_slice
entry_etag(const struct tn_file_info *info, enum tn__http_coding coding,
    uint64_t made, bool weak, char out[ENTRY_ETAG_MAX])
{
	struct tn__http_out o = { .data = out, .cap = ENTRY_ETAG_MAX };

	tn__http_put(&o, weak ? TN_SLICE("W/\"") : TN_SLICE("\""));
	o.len += tn_format_hex(out + o.len, info->inode);
	tn__http_put(&o, TN_SLICE("-"));
	o.len += tn_format_hex(out + o.len, (uint64_t)info->size);
	tn__http_put(&o, TN_SLICE("-"));
	o.len += tn_format_hex(out + o.len, (uint64_t)info->modified_ns);
	tn__http_put(&o, TN_SLICE("-"));
	o.len += tn_format_hex(out + o.len, (uint64_t)info->changed_ns);
	if (coding != TN__HTTP_PLAIN) {
		tn__http_put(&o, TN_SLICE("-"));
		tn__http_put(&o, tn_slice_str(tn__http_coding_names[coding]));
	}
	if (made != 0) {
		tn__http_put(&o, TN_SLICE("-"));
		o.len += tn_format_hex(out + o.len, made);
	}
	tn__http_put(&o, TN_SLICE("\""));
	return tn_slice(out, o.len);
}

/* What becomes the text of a variant, and which part of it is what. */
struct entry_fields {
	char text[ENTRY_FIELDS];
	struct tn__http_out out;
	size_t etag_at, etag_len, type_len, shared_len;
	int64_t modified;
};

/* "TYPE", then the lines that a 304 has too, then the others. */
static void
entry_print(struct entry_fields *f, const struct tn_http_files *files,
    const struct tn__http_files_entry *e, const struct tn_file_info *info,
    enum tn__http_coding coding, uint64_t made)
{
	const struct tn_http_files_rule *rules = files->options.rules;
	struct tn_slice path = tn_slice_str(e->path);
	char tag[ENTRY_ETAG_MAX], date[TN_HTTP_DATE_SIZE];
	struct tn_slice etag = entry_etag(info, coding, made,
	    e->wall - info->modified_ns < ENTRY_SETTLES, tag);
	struct tn_slice type = entry_value(rules, "Content-Type", path,
	    tn_mime_type(path));

	f->out = (struct tn__http_out){ .data = f->text, .cap = ENTRY_FIELDS };
	f->modified = info->modified_ns < e->wall ? info->modified_ns : e->wall;
	f->modified /= TN_SECOND; /* RFC 9110 section 8.8.2.1 */
	tn__http_put(&f->out, type);
	f->type_len = f->out.len;
	f->etag_at = f->out.len + strlen("ETag: ");
	f->etag_len = etag.len;
	tn__http_put_field(&f->out, TN_SLICE("ETag"), etag);
	tn__http_put_field(&f->out, TN_SLICE("Last-Modified"),
	    tn_slice_str(tn_date_http(f->modified, date)));
	if (entry_value(rules, "Cache-Control", path, NULL).data == NULL)
		tn__http_put_field(&f->out, TN_SLICE("Cache-Control"),
		    TN_SLICE("no-cache"));
	if (e->has_siblings || e->may_squeeze)
		tn__http_put_field(&f->out, TN_SLICE("Vary"),
		    TN_SLICE("Accept-Encoding"));
	entry_put_rules(&f->out, rules, path);
	f->shared_len = f->out.len - f->type_len;
	if (coding != TN__HTTP_PLAIN)
		tn__http_put_field(&f->out, TN_SLICE("Content-Encoding"),
		    tn_slice_str(tn__http_coding_names[coding]));
	tn__http_put(&f->out, TN_SLICE("Accept-Ranges: bytes\r\n"));
}

/* ---- variants ----------------------------------------------------------- */

void
tn__http_files_variant_free(struct tn__http_files_variant *v)
{
	if (v == NULL)
		return;
	tn_file_free(v->file);
	tn__free(v);
}

/* The lines as they lie in the variant's own text. */
static void
variant_point(struct tn__http_files_variant *v, const struct entry_fields *f)
{
	struct tn_slice text = tn_slice(v->text, f->out.len);

	v->content.etag = tn_slice(v->text + f->etag_at, f->etag_len);
	v->content.modified = f->modified;
	v->content.type = tn_slice_head(text, f->type_len);
	text = tn_slice_skip(text, f->type_len);
	v->content.shared = tn_slice_head(text, f->shared_len);
	v->content.own = tn_slice_skip(text, f->shared_len);
}

/* All of a small file; its end is where it is now. */
static int
variant_read(struct tn__http_files_variant *v, char *bytes)
{
	int64_t done = 0;
	ssize_t n = 1;

	while (done < v->info.size && n > 0) {
		n = tn_file_read(v->file, bytes + done,
		    (size_t)(v->info.size - done), done);
		if (n < 0)
			return (int)n;
		done += n;
	}
	v->content.bytes = bytes;
	v->content.size = done;
	tn_file_free(TN_TAKE(v->file));
	return 0;
}

int
tn__http_files_variant_new(struct tn_http_files *files,
    const struct tn__http_files_entry *e, enum tn__http_coding coding,
    const struct tn_file_info *info, uint64_t made, size_t size,
    struct tn__http_files_variant **ret, char **ret_bytes)
{
	struct tn__http_files_variant *v;
	struct entry_fields fields;

	entry_print(&fields, files, e, info, coding, made);
	if (fields.out.full)
		return tn_error_set(TN_ELIMIT, "HTTP files: %s: more than %d "
		    "bytes of fields", e->path, ENTRY_FIELDS);
	v = tn__zalloc(sizeof(*v) + fields.out.len + size);
	if (v == NULL)
		return tn__error_nomem();
	v->bytes = sizeof(*v) + fields.out.len + size;
	v->info = *info;
	memcpy(v->text, fields.text, fields.out.len);
	variant_point(v, &fields);
	v->content.bytes = *ret_bytes = v->text + fields.out.len;
	v->content.size = (int64_t)size;
	*ret = v;
	return 0;
}

/* Takes the file when it succeeds. */
static int
variant_make(struct tn_http_files *files, struct tn__http_files_entry *e,
    enum tn__http_coding coding, struct tn_file **file)
{
	struct tn__http_files_variant *v;
	struct tn_file_info info;
	size_t size = 0;
	char *bytes;
	int r;

	tn_file_info(*file, &info);
	if (info.size <= files->options.cache_file_max)
		size = (size_t)info.size;
	r = tn__http_files_variant_new(files, e, coding, &info, 0, size, &v,
	    &bytes);
	if (r < 0)
		return r;
	v->file = TN_TAKE(*file);
	if (info.size <= files->options.cache_file_max)
		r = variant_read(v, bytes);
	if (r < 0) {
		tn__http_files_variant_free(v);
		return r;
	}
	if (v->file != NULL) {
		v->content.file = v->file;
		v->content.size = info.size;
	}
	e->variants[coding] = v;
	e->bytes += v->bytes;
	e->settled = e->settled &&
	    e->wall - info.modified_ns >= ENTRY_SETTLES &&
	    e->wall - info.changed_ns >= ENTRY_SETTLES;
	return 0;
}

/* ---- siblings ----------------------------------------------------------- */

/* One that is older was made of something else. */
static bool
entry_sibling_counts(const struct tn_file_info *plain,
    const struct tn_file_info *sibling)
{
	return sibling->kind == TN_FILE_REGULAR &&
	    sibling->modified_ns / TN_SECOND >= plain->modified_ns / TN_SECOND;
}

static int
entry_sibling_path(const struct tn__http_files_entry *e,
    enum tn__http_coding coding, struct tn_buffer *ret)
{
	tn_buffer_clear(ret);
	return tn_buffer_printf(ret, "%s%s", e->path,
	    tn__http_coding_endings[coding]);
}

/* What fails here leaves the plain file to serve. */
static void
entry_look_beside(struct tn_http_files *files, struct tn__http_files_entry *e)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	const struct tn_file_info *plain = &e->variants[TN__HTTP_PLAIN]->info;

	for (int i = TN__HTTP_PLAIN + 1; i < TN__HTTP_CODINGS; i++) {
		TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
		enum tn__http_coding coding = (enum tn__http_coding)i;
		struct tn_file_info info;

		if (entry_sibling_path(e, coding, &path) < 0)
			return;
		if (tn_dir_open_file(files->options.dir,
		        tn_buffer_slice(&path), &file) < 0)
			continue;
		tn_file_info(file, &info);
		if (entry_sibling_counts(plain, &info) &&
		    variant_make(files, e, coding, &file) < 0)
			continue;
	}
}

/* ---- entries ------------------------------------------------------------ */

static int
entry_new(struct tn_slice path, const char *index,
    struct tn__http_files_entry **ret)
{
	size_t index_len = strlen(index);
	size_t size = sizeof(**ret) + path.len + index_len + 1;
	struct tn__http_files_entry *e = tn__zalloc(size);

	if (e == NULL)
		return tn__error_nomem();
	tn__list_init(&e->age);
	atomic_init(&e->references, 1);
	e->wall = tn_wall_now();
	e->path_len = path.len;
	memcpy(e->path, path.data, path.len);
	memcpy(e->path + path.len, index, index_len);
	e->bytes = size;
	*ret = e;
	return 0;
}

void
tn__http_files_put(struct tn__http_files_entry *e)
{
	if (e == NULL || atomic_fetch_sub_explicit(&e->references, 1,
	        memory_order_acq_rel) > 1)
		return;
	for (int i = 0; i < TN__HTTP_CODINGS; i++) {
		tn__http_files_variant_free(e->variants[i]);
		tn__http_files_variant_free(e->made[i]);
	}
	tn__free(e);
}

static int
entry_fill(struct tn_http_files *files, struct tn__http_files_entry *e,
    struct tn_file **file)
{
	const struct tn_http_files_options *o = &files->options;
	struct tn_slice path = tn_slice_str(e->path);
	bool loose = tn__http_type_is_loose(entry_value(o->rules,
	    "Content-Type", path, tn_mime_type(path)));
	struct tn_file_info info;
	int r;

	tn_file_info(*file, &info);
	e->kind = TN__HTTP_FILES_FILE;
	e->settled = true;
	e->has_siblings = loose && !o->no_precompressed;
	e->may_squeeze = loose && !o->no_compress && files->shard_count > 0 &&
	    info.size >= o->compress_min && info.size <= o->compress_max;
	r = variant_make(files, e, TN__HTTP_PLAIN, file);
	if (r == 0 && e->has_siblings)
		entry_look_beside(files, e);
	return r;
}

/* A folder: its index, or what it is without. */
static int
entry_look_inside(struct tn_http_files *files, struct tn__http_files_entry *e)
{
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	struct tn_slice folder = tn_slice(e->path, e->path_len);
	struct tn_file_info info;
	int r = -ENOENT;

	if (e->path[e->path_len] != '\0')
		r = tn_dir_open_file(files->options.dir, tn_slice_str(e->path),
		    &file);
	if (r == 0)
		return entry_fill(files, e, &file);
	if (r != -ENOENT && r != -EISDIR)
		return r;
	r = tn_dir_stat(files->options.dir, folder, &info);
	if (r == 0)
		e->kind = TN__HTTP_FILES_FOLDER;
	return r;
}

static int
entry_look_at(struct tn_http_files *files, struct tn__http_files_entry *e)
{
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	int r;

	if (e->path_len == 0 || e->path[e->path_len - 1] == '/')
		return entry_look_inside(files, e);
	r = tn_dir_open_file(files->options.dir, tn_slice_str(e->path), &file);
	if (r == 0)
		return entry_fill(files, e, &file);
	if (r != -EISDIR)
		return r;
	e->kind = TN__HTTP_FILES_SLASH;
	return 0;
}

int
tn__http_files_look(struct tn_http_files *files, struct tn_slice path,
    struct tn__http_files_entry **ret)
{
	bool folder = path.len == 0 || tn_slice_ends(path, TN_SLICE("/"));
	struct tn__http_files_entry *e = NULL;
	int r;

	if (tn_slice_find(path, '\0') >= 0)
		return tn_error_set(-EINVAL, "HTTP files: a NUL in a path");
	r = entry_new(path, folder ? files->options.index : "", &e);
	if (r < 0)
		return r;
	r = entry_look_at(files, e);
	if (r < 0 && tn__http_files_status(r) == 404) {
		e->kind = TN__HTTP_FILES_NOTHING;
		r = 0;
	}
	if (r < 0) {
		tn__http_files_put(e);
		return r;
	}
	*ret = e;
	return 0;
}

/* ---- looking again ------------------------------------------------------ */

static bool
entry_same_info(const struct tn_file_info *a, const struct tn_file_info *b)
{
	return a->kind == b->kind && a->device == b->device &&
	    a->inode == b->inode && a->size == b->size &&
	    a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

/* Whether what there is in this coding is what there was. */
static bool
entry_same_variant(struct tn_http_files *files,
    const struct tn__http_files_entry *e, enum tn__http_coding coding,
    struct tn_buffer *path)
{
	const struct tn__http_files_variant *v = e->variants[coding];
	struct tn_file_info info;

	if (entry_sibling_path(e, coding, path) < 0)
		return false;
	if (tn_dir_stat(files->options.dir, tn_buffer_slice(path), &info) < 0)
		return v == NULL;
	if (v == NULL)
		return !entry_sibling_counts(&e->variants[TN__HTTP_PLAIN]->info,
		    &info);
	return entry_same_info(&v->info, &info);
}

bool
tn__http_files_is_same(struct tn_http_files *files,
    const struct tn__http_files_entry *e)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	int count = e->has_siblings ? TN__HTTP_CODINGS : TN__HTTP_PLAIN + 1;

	if (e->kind != TN__HTTP_FILES_FILE || !e->settled)
		return false;
	for (int i = 0; i < count; i++)
		if (!entry_same_variant(files, e, (enum tn__http_coding)i,
		        &path))
			return false;
	return true;
}
