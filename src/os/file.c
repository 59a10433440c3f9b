/* Reading a file: what is in the page cache right here, the rest on a worker;
 * and temporary ones, which are written too.
 *
 * A file is opened before it is known to be one.  Asking first (O_PATH, fstat,
 * then open) costs twice the time of this commonest of calls, or three times
 * through /proc, and O_NONBLOCK keeps a pipe from blocking, O_NOCTTY
 * a terminal from becoming ours. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "base/memory.h"
#include "os/os.h"

#define FILE_SCRATCH 65536 /* bytes read at once to warm the page cache */
#define FILE_WARM    TN_SECOND /* that a file is trusted to stay there */

struct tn_file {
	const struct tn__os_ops *os;
	int fd;
	atomic_bool blind; /* the file system cannot tell what is in memory */
	_Atomic(tn_time) warm_until; /* all of it, as far as is known */
	struct tn_file_info info;
	char path[]; /* for error lines only */
};

/* ---- opening ------------------------------------------------------------- */

static int
file_check(struct tn_file *file)
{
	int r = file->os->stat(file->fd, &file->info);

	if (r < 0)
		return r;
	if (file->info.kind == TN_FILE_DIRECTORY)
		return -EISDIR;
	return file->info.kind == TN_FILE_REGULAR ? 0 : -EACCES;
}

static int
file_new(struct tn_dir *dir, struct tn_slice path, struct tn_file **ret)
{
	int r = tn__os_path_check(path);
	struct tn_file *file;

	if (r < 0)
		return r;
	file = tn__zalloc(sizeof(*file) + tn__os_path_size(path));
	if (file == NULL)
		return -ENOMEM;
	file->os = dir->os;
	file->fd = -1;
	tn__os_path_copy(file->path, path);
	*ret = file;
	return 0;
}

static int
file_open(struct tn_file *file, int root)
{
	file->fd = file->os->open_beneath(root, file->path, O_RDONLY, 0);
	if (file->fd == -ENXIO || file->fd == -ENODEV)
		return -EACCES; /* a socket, a device without a driver */
	if (file->fd < 0)
		return file->fd;
	return file_check(file);
}

int
tn_dir_open_file(struct tn_dir *dir, struct tn_slice path, struct tn_file **ret)
{
	struct tn_file *file = NULL;
	int r = file_new(dir, path, &file);

	if (r == 0)
		r = file_open(file, dir->fd);
	if (r < 0) {
		tn_file_free(file);
		return tn__os_error(r, "open", path, dir->path);
	}
	*ret = file;
	return 0;
}

void
tn_file_free(struct tn_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0)
		(void)file->os->close(file->fd);
	tn__free(file);
}

void
tn_file_info(const struct tn_file *file, struct tn_file_info *ret)
{
	*ret = file->info;
}

int
tn_file_fileno(const struct tn_file *file)
{
	return file->fd;
}

/* ---- reading ------------------------------------------------------------- */

struct file_job {
	const struct tn_file *file;
	char *out;
	size_t size;
	int64_t offset;
	ssize_t done;
};

static int
file_error(const struct tn_file *file, int code)
{
	return tn__os_error(code, "read", tn_slice_str(file->path), NULL);
}

static int
file_pread(void *arg)
{
	struct file_job *job = arg;
	const struct tn_file *file = job->file;

	job->done = file->os->pread(file->fd, job->out, job->size, job->offset,
	    false);
	return 0;
}

/* Reads at once what is there at once; -EAGAIN for a worker's turn. */
static ssize_t
file_pread_now(struct tn_file *file, void *ret, size_t size, int64_t offset)
{
	ssize_t n = -EOPNOTSUPP;

	if (!file->blind)
		n = file->os->pread(file->fd, ret, size, offset, true);
	if (n != -EOPNOTSUPP)
		return n;
	file->blind = true;
	return file->os->pread(file->fd, ret, size, offset, false);
}

ssize_t
tn_file_read(struct tn_file *file, void *ret, size_t size, int64_t offset)
{
	struct file_job job = { file, ret, size, offset, 0 };
	ssize_t n = -EINVAL;

	if (offset >= 0)
		n = file_pread_now(file, ret, size, offset);
	if (n == -EAGAIN) {
		int done, r = tn__os_offload(file_pread, &job, &done);

		n = r < 0 ? r : job.done;
	}
	return n < 0 ? file_error(file, (int)n) : n;
}

/* ---- temporary files ----------------------------------------------------- */

struct file_write {
	struct tn_file *file;
	int root;
	struct tn_slice bytes;
	int64_t offset;
};

/* Where every file has a name it has one for a moment. */
static int
file_create_named(struct tn_file *file, int dir)
{
	char name[TN__OS_TEMPORARY_SIZE];
	int fd = -EEXIST, r;

	for (int i = 0; i < TN__OS_TEMPORARY_TRIES && fd == -EEXIST; i++) {
		tn__os_temporary_name(name);
		fd = file->os->open_beneath(dir, name,
		    O_RDWR | O_CREAT | O_EXCL, 0600);
	}
	r = fd < 0 ? fd : file->os->unlink(dir, name);
	if (fd >= 0 && r < 0)
		(void)file->os->close(fd);
	return r < 0 ? r : fd;
}

static int
file_create(void *arg)
{
	const struct file_write *job = arg;
	struct tn_file *file = job->file;
	int dir;

	file->fd = file->os->open_beneath(job->root, file->path,
	    O_RDWR | O_TMPFILE | O_EXCL, 0600);
	if (tn__os_needs_name(file->fd)) {
		dir = file->os->open_beneath(job->root, file->path,
		    O_PATH | O_DIRECTORY, 0);
		if (dir < 0)
			return dir;
		file->fd = file_create_named(file, dir);
		(void)file->os->close(dir);
	}
	if (file->fd < 0)
		return file->fd;
	return file->os->stat(file->fd, &file->info);
}

int
tn_dir_open_temporary(struct tn_dir *dir, struct tn_slice path,
    struct tn_file **ret)
{
	struct file_write job = { .root = dir->fd };
	int r = file_new(dir, path, &job.file), done = 0;

	if (r == 0)
		r = tn__os_offload(file_create, &job, &done);
	if (r == 0)
		r = done;
	if (r < 0) {
		tn_file_free(job.file);
		return tn__os_error(r, "make a temporary file in", path,
		    dir->path);
	}
	*ret = job.file;
	return 0;
}

static int
file_write_all(void *arg)
{
	struct file_write *job = arg;
	struct tn_file *file = job->file;

	while (job->bytes.len > 0) {
		ssize_t n = file->os->pwrite(file->fd, job->bytes.data,
		    job->bytes.len, job->offset);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		job->offset += n;
		job->bytes = tn_slice_skip(job->bytes, (size_t)n);
	}
	return 0;
}

int
tn_file_write(struct tn_file *file, struct tn_slice bytes, int64_t offset)
{
	struct file_write job = { file, -1, bytes, offset };
	int r = offset < 0 ? -EINVAL : 0, done = 0;

	if (r == 0)
		r = tn__os_offload(file_write_all, &job, &done);
	if (r == 0)
		r = done;
	if (job.offset > offset && job.offset > file->info.size)
		file->info.size = job.offset;
	return r < 0 ? tn__os_error(r, "write a temporary file in",
			   tn_slice_str(file->path), NULL) :
		       0;
}

/* ---- preparing ----------------------------------------------------------- */

/* Reading is the one way that returns only once the pages are there. */
static int
file_warm(void *arg)
{
	struct file_job *job = arg;
	const struct tn_file *file = job->file;
	ssize_t n = 1;

	job->out = tn__alloc(FILE_SCRATCH);
	if (job->out == NULL)
		return -ENOMEM;
	while (job->size > 0 && n > 0) {
		size_t step = job->size < FILE_SCRATCH ? job->size :
							 FILE_SCRATCH;

		n = file->os->pread(file->fd, job->out, step, job->offset,
		    false);
		if (n > 0) {
			job->size -= (size_t)n;
			job->offset += n;
		}
	}
	tn__free(job->out);
	return n < 0 ? (int)n : 0;
}

/* The first and the last byte stand for all of them: whatever read the one
 * read on to the other.  -EAGAIN when one is missing. */
static int
file_probe(struct tn_file *file, int64_t first, int64_t last)
{
	char byte;
	ssize_t n = file->os->pread(file->fd, &byte, 1, first, true);

	if (n > 0 && last != first)
		n = file->os->pread(file->fd, &byte, 1, last, true);
	return n < 0 ? (int)n : 0;
}

/* A busy file is asked about once in a while and not at each of its requests:
 * pages that were all there stay for longer than that. */
static bool
file_is_warm(struct tn_file *file)
{
	return tn_now() < atomic_load_explicit(&file->warm_until,
			      memory_order_relaxed);
}

static void
file_warmed(struct tn_file *file)
{
	atomic_store_explicit(&file->warm_until, tn_now() + FILE_WARM,
	    memory_order_relaxed);
}

int
tn_file_prepare(struct tn_file *file, int64_t offset, int64_t size)
{
	struct file_job job = { .file = file, .offset = offset };
	int64_t end = file->info.size;
	int r, done = 0;

	if (offset < 0 || size < 0)
		return file_error(file, -EINVAL);
	if (file->blind || size == 0 || offset >= end || file_is_warm(file))
		return 0;
	if (size < end - offset)
		end = offset + size;
	r = file_probe(file, offset, end - 1);
	if (r == -EOPNOTSUPP) { /* then nothing better is known than to go on */
		file->blind = true;
		return 0;
	}
	if (r == -EAGAIN) {
		job.size = (size_t)(end - offset);
		r = tn__os_offload(file_warm, &job, &done);
	}
	if (r == 0)
		r = done;
	if (r == 0 && offset == 0 && end == file->info.size)
		file_warmed(file);
	return r < 0 ? file_error(file, r) : 0;
}
