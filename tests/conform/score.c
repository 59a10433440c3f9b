#include "conform/score.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <tenon/file.h>
#include <tenon/number.h>

#include "base/memory.h"
#include "conform/corpus.h"

#define FILE_BYTES_MAX (64 << 20)

/* ---- files -------------------------------------------------------------- */

/* The folder of `path`, opened, and the name in it. */
static int
file_folder(const char *path, struct tn_dir **ret, struct tn_slice *ret_name)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer folder = { 0 };
	const char *slash = strrchr(path, '/');

	if (slash == NULL) {
		*ret_name = tn_slice_str(path);
		return tn_dir_open(".", ret);
	}
	*ret_name = tn_slice_str(slash + 1);
	put(&folder, tn_slice(path, (size_t)(slash - path) + 1));
	return tn_dir_open(folder.data, ret);
}

static int
file_read(struct tn_file *file, const char *path, struct tn_buffer *ret)
{
	char bytes[16384];
	ssize_t n;

	while ((n = tn_file_read(file, bytes, sizeof(bytes),
	            (int64_t)ret->len)) > 0) {
		if (ret->len > FILE_BYTES_MAX)
			return tn_error_set(TN_ELIMIT,
			    "read %s: more than %d bytes", path,
			    FILE_BYTES_MAX);
		put(ret, tn_slice(bytes, (size_t)n));
	}
	return (int)n;
}

int
file_load(const char *path, struct tn_buffer *ret)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	struct tn_slice name;
	int e = file_folder(path, &dir, &name);

	if (e == 0)
		e = tn_dir_open_file(dir, name, &file);
	return e < 0 ? e : file_read(file, path, ret);
}

/* One that may be missing. */
static int
file_load_any(const char *path, struct tn_buffer *ret)
{
	int e = file_load(path, ret);

	return e == -ENOENT ? 0 : e;
}

static int
file_bad(const char *path, unsigned line, const char *why)
{
	return tn_error_set(TN_EPROTO, "%s:%u: %s", path, line, why);
}

/* ---- scores ------------------------------------------------------------- */

struct score *
scores_add(struct scores *s, struct tn_slice name)
{
	struct score added = { 0 };

	if (s->count == s->cap) {
		s->cap = s->cap * 2 + 16;
		s->rows = tn__resize(s->rows, s->cap * sizeof(*s->rows));
		assert(s->rows != NULL);
	}
	put(&added.name, name);
	s->rows[s->count] = added;
	return &s->rows[s->count++];
}

struct score *
scores_find(const struct scores *s, struct tn_slice name)
{
	for (size_t i = 0; i < s->count; i++)
		if (tn_slice_equal(tn_buffer_slice(&s->rows[i].name), name))
			return &s->rows[i];
	return NULL;
}

static bool
scores_number(struct tn_slice *line, unsigned *ret)
{
	uint64_t n;

	if (tn_parse_uint(tn_slice_split(line, ' '), UINT32_MAX, &n) < 0)
		return false;
	*ret = (unsigned)n;
	return true;
}

static bool
scores_line(struct scores *s, struct tn_slice line)
{
	struct tn_slice name = tn_slice_split(&line, ' ');
	struct score *row;

	if (name.len == 0 || scores_find(s, name) != NULL)
		return false;
	row = scores_add(s, name);
	return scores_number(&line, &row->passed) &&
	    scores_number(&line, &row->known) &&
	    scores_number(&line, &row->total) && line.data == NULL &&
	    (uint64_t)row->passed + row->known <= row->total;
}

int
scores_load(struct scores *s, const char *path)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_slice rest, line;
	int e = file_load_any(path, &text);

	rest = tn_buffer_slice(&text);
	for (unsigned number = 1; e == 0 && rest.len > 0; number++) {
		line = tn_slice_split(&rest, '\n');
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (!scores_line(s, line))
			e = file_bad(path, number,
			    "not \"NAME PASSED KNOWN TOTAL\" that add up, or a "
			    "name again");
	}
	return e;
}

static int
scores_compare(const void *a, const void *b)
{
	const struct score *x = a, *y = b;

	return strcmp(x->name.data, y->name.data);
}

int
scores_save(struct scores *s, const char *path)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_replace_freep) struct tn_replace *file = NULL;
	struct tn_slice name;
	int e;

	if (s->count > 0)
		qsort(s->rows, s->count, sizeof(*s->rows), scores_compare);
	put(&text, TN_SLICE("# corpus, passed, known differences, total; "
	    "written by ./dev conform --record\n"));
	for (size_t i = 0; i < s->count; i++)
		putf(&text, "%s %u %u %u\n", s->rows[i].name.data,
		    s->rows[i].passed, s->rows[i].known, s->rows[i].total);
	e = file_folder(path, &dir, &name);
	if (e == 0)
		e = tn_replace_open(dir, name, 0666, &file);
	if (e == 0)
		e = tn_replace_write(file, tn_buffer_slice(&text));
	return e < 0 ? e : tn_replace_commit(TN_TAKE(file), false);
}

void
scores_free(struct scores *s)
{
	for (size_t i = 0; i < s->count; i++)
		tn_buffer_free(&s->rows[i].name);
	tn__free(s->rows);
	*s = (struct scores){ 0 };
}

/* ---- known differences --------------------------------------------------- */

static struct known_case *
known_add(struct known *k)
{
	if (k->count == k->cap) {
		k->cap = k->cap * 2 + 16;
		k->rows = tn__resize(k->rows, k->cap * sizeof(*k->rows));
		assert(k->rows != NULL);
	}
	k->rows[k->count] = (struct known_case){ 0 };
	return &k->rows[k->count++];
}

/* The line behind `word`, cut off `rest`; NULL when it begins otherwise. */
static struct tn_slice
known_line(struct tn_slice *rest, const char *word)
{
	struct tn_slice line = tn_slice_split(rest, '\n');
	struct tn_slice prefix = tn_slice_str(word);

	if (!tn_slice_starts(line, prefix))
		return tn_slice(NULL, 0);
	return tn_slice_trim(tn_slice_skip(line, prefix.len));
}

static bool
known_read(struct known *k, struct tn_slice *rest)
{
	struct known_case *x = known_add(k);

	x->name = known_line(rest, "case ");
	x->corpus = tn_slice_split(&x->name, ':');
	x->name = tn_slice_trim(x->name);
	x->got = known_line(rest, "got ");
	x->why = known_line(rest, "why ");
	return x->name.len > 0 && x->got.len > 0 && x->why.len > 0;
}

int
known_load(struct known *k, const char *path)
{
	struct tn_slice rest;
	int e = file_load_any(path, &k->text);

	rest = tn_buffer_slice(&k->text);
	for (unsigned number = 1; e == 0 && rest.len > 0; number++) {
		if (rest.data[0] == '\n' || rest.data[0] == '#') {
			tn_slice_split(&rest, '\n');
			continue;
		}
		if (!known_read(k, &rest))
			e = file_bad(path, number, "not three lines \"case "
			    "NAME: HEADING\", \"got ...\" and \"why ...\"");
		number += 2;
	}
	return e;
}

struct known_case *
known_find(const struct known *k, struct tn_slice corpus, struct tn_slice name)
{
	for (size_t i = 0; i < k->count; i++)
		if (tn_slice_equal(k->rows[i].corpus, corpus) &&
		    tn_slice_equal(k->rows[i].name, name))
			return &k->rows[i];
	return NULL;
}

void
known_free(struct known *k)
{
	tn_buffer_free(&k->text);
	tn__free(k->rows);
	*k = (struct known){ 0 };
}
