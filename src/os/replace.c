/* Atomic replace.  Everything here is a worker's: creating a file waits for the
 * file system's journal, writing for memory when much of it is dirty, syncing
 * for the disk. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "os/os.h"

struct tn_replace {
	const struct tn__os_ops *os;
	int dir, fd;  /* where the goal is, and what will take its place */
	int64_t size; /* written so far */
	int error;    /* the first; what failed once is never put in place */
	bool placed;  /* only the last sync can still fail */
	char temporary
	    [TN__OS_TEMPORARY_SIZE]; /* "" while the file is nameless */
	char *name;         /* the last component of `path` */
	char path[];
};

struct replace_job {
	struct tn_replace *replace;
	int root;
	unsigned mode;
	struct tn_slice bytes;
	bool exclusive;
};

/* ---- opening ------------------------------------------------------------- */

static int
replace_split(struct tn_replace *r)
{
	char *slash = strrchr(r->path, '/');

	r->name = slash == NULL ? r->path : slash + 1;
	if (r->name[0] == '\0' || strcmp(r->name, ".") == 0 ||
	    strcmp(r->name, "..") == 0)
		return -EISDIR;
	/* The file system would say so too, but only after the last byte. */
	return strlen(r->name) > NAME_MAX ? -ENAMETOOLONG : 0;
}

static int
replace_open_parent(struct tn_replace *r, int root)
{
	const char *parent = r->name == r->path ? "." : r->path;
	char first = r->name[0];
	int fd;

	r->name[0] = '\0'; /* `path` ends behind the last slash */
	fd = r->os->open_beneath(root, parent, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -EACCES) /* write only; then it cannot be synced */
		fd = r->os->open_beneath(root, parent, O_PATH | O_DIRECTORY, 0);
	r->name[0] = first;
	return fd;
}

/* A name that nobody has, and what `take` makes of it. */
static int
replace_temporary(struct tn_replace *r, unsigned mode,
    int (*take)(struct tn_replace *r, unsigned mode))
{
	int result = -EEXIST;

	for (int i = 0; i < TN__OS_TEMPORARY_TRIES && result == -EEXIST; i++) {
		tn__os_temporary_name(r->temporary);
		result = take(r, mode);
	}
	if (result < 0)
		r->temporary[0] = '\0';
	return result;
}

static int
replace_take_new(struct tn_replace *r, unsigned mode)
{
	return r->os->open_beneath(r->dir, r->temporary,
	    O_WRONLY | O_CREAT | O_EXCL, mode);
}

static int
replace_take_link(struct tn_replace *r, unsigned mode)
{
	return r->os->link(r->fd, r->dir, r->temporary);
}

static int
replace_create(void *arg)
{
	struct replace_job *job = arg;
	struct tn_replace *r = job->replace;
	struct tn_file_info goal;

	r->dir = replace_open_parent(r, job->root);
	if (r->dir < 0)
		return r->dir;
	if (r->os->stat_entry(r->dir, r->name, &goal) == 0 &&
	    goal.kind == TN_FILE_DIRECTORY)
		return -EISDIR;
	r->fd = r->os->open_beneath(r->dir, ".", O_WRONLY | O_TMPFILE,
	    job->mode);
	if (tn__os_needs_name(r->fd))
		r->fd = replace_temporary(r, job->mode, replace_take_new);
	return r->fd < 0 ? r->fd : 0;
}

int
tn_replace_open(struct tn_dir *dir, struct tn_slice path, unsigned mode,
    struct tn_replace **ret)
{
	struct replace_job job = { .root = dir->fd, .mode = mode };
	struct tn_replace *replace = NULL;
	int r = tn__os_path_check(path);
	int done = 0;

	if (r == 0) {
		replace = tn__zalloc(sizeof(*replace) + tn__os_path_size(path));
		r = replace == NULL ? -ENOMEM : 0;
	}
	if (r == 0) {
		replace->os = dir->os;
		replace->dir = replace->fd = -1;
		tn__os_path_copy(replace->path, path);
		r = replace_split(replace);
	}
	job.replace = replace;
	if (r == 0)
		r = tn__os_offload(replace_create, &job, &done);
	if (r == 0)
		r = done;
	if (r < 0) {
		tn_replace_free(replace);
		return tn__os_error(r, "replace", path, dir->path);
	}
	*ret = replace;
	return 0;
}

/* ---- writing ------------------------------------------------------------- */

static int
replace_append(void *arg)
{
	struct replace_job *job = arg;
	struct tn_replace *r = job->replace;

	while (job->bytes.len > 0) {
		ssize_t n = r->os->pwrite(r->fd, job->bytes.data,
		    job->bytes.len, r->size);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		r->size += n;
		job->bytes = tn_slice_skip(job->bytes, (size_t)n);
	}
	return 0;
}

int
tn_replace_write(struct tn_replace *replace, struct tn_slice bytes)
{
	struct replace_job job = { .replace = replace, .bytes = bytes };
	int r = replace->error, done = 0;

	if (r == 0)
		r = tn__os_offload(replace_append, &job, &done);
	if (r == 0)
		r = done;
	replace->error = r;
	return r < 0 ? tn__os_error(r, "write", tn_slice_str(replace->path),
			   NULL) :
		       0;
}

/* ---- the end ------------------------------------------------------------- */

static int
replace_place(struct tn_replace *r, bool exclusive)
{
	int result;

	if (r->temporary[0] == '\0') {
		result = r->os->link(r->fd, r->dir, r->name);
		if (result != -EEXIST || exclusive)
			return result;
		/* Only a rename takes a name from another file. */
		result = replace_temporary(r, 0, replace_take_link);
		if (result < 0)
			return result;
	}
	result = r->os->rename(r->dir, r->temporary, r->name, exclusive);
	if (result == 0)
		r->temporary[0] = '\0';
	return result;
}

static int
replace_finish(void *arg)
{
	struct replace_job *job = arg;
	struct tn_replace *r = job->replace;
	int result = r->os->sync(r->fd);

	if (result == 0)
		result = replace_place(r, job->exclusive);
	if (result < 0)
		return result;
	r->placed = true;
	result = r->os->sync(r->dir);
	/* Not every file system syncs directories, nor every handle. */
	if (result == -EINVAL || result == -EOPNOTSUPP || result == -EBADF)
		return 0;
	return result;
}

int
tn_replace_commit(struct tn_replace *replace, bool exclusive)
{
	struct replace_job job = { .replace = replace, .exclusive = exclusive };
	int r = replace->error, done = 1;

	if (r == 0)
		r = tn__os_offload(replace_finish, &job, &done);
	if (done <= 0) /* it ran, and whoever was cancelled should know */
		r = done;
	if (r < 0)
		(void)tn__os_error(r,
		    replace->placed ? "sync the folder of" : "replace",
		    tn_slice_str(replace->path), NULL);
	tn_replace_free(replace);
	return r;
}

void
tn_replace_free(struct tn_replace *r)
{
	if (r == NULL)
		return;
	if (r->temporary[0] != '\0')
		(void)r->os->unlink(r->dir, r->temporary);
	if (r->fd >= 0)
		(void)r->os->close(r->fd);
	if (r->dir >= 0)
		(void)r->os->close(r->dir);
	tn__free(r);
}
