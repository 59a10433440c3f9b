/* A folder as a root: looking at what is beneath it.  Opening and stat are done
 * right here, as they rarely wait for a disk; a listing goes to a worker. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <tenon/buffer.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "os/os.h"

int
tn_dir_open(const char *path, struct tn_dir **ret)
{
	const struct tn__os_ops *os = tn__os();
	size_t size = strlen(path) + 1;
	struct tn_dir *dir = tn__zalloc(sizeof(*dir) + size);

	if (dir == NULL)
		return tn__os_error(-ENOMEM, "open", tn_slice_str(path), NULL);
	dir->os = os;
	dir->fd = os->open_root(path);
	if (dir->fd < 0) {
		int r = dir->fd;

		tn__free(dir);
		return tn__os_error(r, "open", tn_slice_str(path), NULL);
	}
	memcpy(dir->path, path, size);
	*ret = dir;
	return 0;
}

void
tn_dir_free(struct tn_dir *dir)
{
	if (dir == NULL)
		return;
	(void)dir->os->close(dir->fd);
	tn__free(dir);
}

static int
dir_stat(const struct tn__os_ops *os, int root, const char *path,
    struct tn_file_info *ret)
{
	int fd = os->open_beneath(root, path, O_PATH, 0);
	int r;

	if (fd < 0)
		return fd;
	r = os->stat(fd, ret);
	(void)os->close(fd);
	return r;
}

int
tn_dir_stat(struct tn_dir *dir, struct tn_slice path, struct tn_file_info *ret)
{
	char *name = NULL;
	int r = tn__os_path_dup(path, &name);

	if (r == 0)
		r = dir_stat(dir->os, dir->fd, name, ret);
	tn__free(name);
	return r < 0 ? tn__os_error(r, "look at", path, dir->path) : 0;
}

/* ---- listing ------------------------------------------------------------- */

#define DIR_NAMES 32768 /* bytes of names read at once */
#define DIR_SLACK 1024  /* entries beyond `max` and `max` kept before a cut */

struct dir_job {
	const struct tn__os_ops *os;
	int root, fd;
	const char *path;
	size_t max, room;
	struct tn_dir_list list;
};

static int
dir_compare(const void *a, const void *b)
{
	return strcmp(((const struct tn_dir_entry *)a)->name,
	    ((const struct tn_dir_entry *)b)->name);
}

/* Sorts what there is and keeps the first `max`, each name once: while names
 * are read a directory may change and show one twice. */
static void
dir_cut(struct dir_job *job)
{
	struct tn_dir_entry *all = job->list.entries;
	size_t kept = 0;

	if (job->list.count > 1)
		qsort(all, job->list.count, sizeof(*all), dir_compare);
	for (size_t i = 0; i < job->list.count; i++) {
		if (kept > 0 && dir_compare(&all[kept - 1], &all[i]) == 0) {
			tn__free(all[i].name);
		} else if (kept < job->max) {
			all[kept++] = all[i];
		} else {
			job->list.truncated = true;
			tn__free(all[i].name);
		}
	}
	job->list.count = kept;
}

static int
dir_grow(struct dir_job *job)
{
	size_t room = job->room == 0 ? 64 : 2 * job->room;
	struct tn_dir_entry *entries;

	entries = tn__resize(job->list.entries, room * sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	job->list.entries = entries;
	job->room = room;
	return 0;
}

static int
dir_add(struct dir_job *job, const char *name)
{
	struct tn_dir_list *list = &job->list;
	char *copy;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	/* Twice as many as asked for at most: a folder of millions does not
	 * fill the memory. */
	if (list->count > job->max &&
	    list->count - job->max > job->max + DIR_SLACK)
		dir_cut(job);
	if (list->count == job->room && dir_grow(job) < 0)
		return -ENOMEM;
	copy = tn__strndup(tn_slice_str(name));
	if (copy == NULL)
		return -ENOMEM;
	list->entries[list->count++] = (struct tn_dir_entry){ .name = copy };
	return 0;
}

static int
dir_read(struct dir_job *job)
{
	char *names = tn__alloc(DIR_NAMES);
	ssize_t n;
	int r = 0;

	if (names == NULL)
		return -ENOMEM;
	do {
		n = job->os->read_names(job->fd, names, DIR_NAMES);
		if (n < 0)
			r = (int)n;
		for (const char *at = names; at < names + n && r == 0;
		     at += strlen(at) + 1)
			r = dir_add(job, at);
	} while (n > 0 && r == 0);
	tn__free(names);
	return r;
}

/* A link is followed as opening it would be, from the root: what the listing
 * shows can be opened, and what would be refused is not shown. */
static int
dir_follow(struct dir_job *job, struct tn_dir_entry *entry)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	int r = tn_buffer_printf(&path, "%s/%s", job->path, entry->name);

	entry->link = true;
	if (r < 0)
		return r;
	return dir_stat(job->os, job->root, path.data, &entry->info);
}

static void
dir_stat_all(struct dir_job *job)
{
	struct tn_dir_entry *all = job->list.entries;
	size_t kept = 0;

	for (size_t i = 0; i < job->list.count; i++) {
		struct tn_dir_entry *entry = &all[i];
		int r = job->os->stat_entry(job->fd, entry->name, &entry->info);

		if (r == 0 && entry->info.kind == TN_FILE_LINK)
			r = dir_follow(job, entry);
		if (r == 0)
			all[kept++] = *entry;
		else
			tn__free(entry->name);
	}
	job->list.count = kept;
}

static int
dir_list(void *arg)
{
	struct dir_job *job = arg;
	int r;

	job->fd = job->os->open_beneath(job->root, job->path,
	    O_RDONLY | O_DIRECTORY, 0);
	if (job->fd < 0)
		return job->fd;
	r = dir_read(job);
	if (r == 0) {
		dir_cut(job);
		dir_stat_all(job);
	}
	(void)job->os->close(job->fd);
	return r;
}

int
tn_dir_list(struct tn_dir *dir, struct tn_slice path, size_t max,
    struct tn_dir_list *ret)
{
	struct dir_job job = { .os = dir->os, .root = dir->fd, .max = max };
	char *name = NULL;
	int r = tn__os_path_dup(path, &name);
	int done = 0;

	job.path = name;
	if (r == 0)
		r = tn__os_offload(dir_list, &job, &done);
	if (r == 0)
		r = done;
	tn__free(name);
	if (r < 0) {
		tn_dir_list_free(&job.list);
		return tn__os_error(r, "list", path, dir->path);
	}
	*ret = job.list;
	return 0;
}

void
tn_dir_list_free(struct tn_dir_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		tn__free(list->entries[i].name);
	tn__free(list->entries);
	*list = (struct tn_dir_list){ 0 };
}
