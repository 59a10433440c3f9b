/* Adding to a file.  Done right here: what is added is copied to memory, and
 * the disk has it later. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "os/os.h"

struct tn_append {
	const struct tn__os_ops *os;
	int fd;
	atomic_bool cut; /* the last write left part of a line */
	char path[]; /* for error lines only */
};

static int
append_open(struct tn_append *a, int root, unsigned mode)
{
	struct tn_file_info info;
	int r;

	a->fd = a->os->open_beneath(root, a->path,
	    O_WRONLY | O_APPEND | O_CREAT, mode);
	if (a->fd == -ENXIO || a->fd == -ENODEV)
		return -EACCES; /* a pipe that nobody reads, a socket */
	if (a->fd < 0)
		return a->fd;
	r = a->os->stat(a->fd, &info);
	if (r == 0 && info.kind != TN_FILE_REGULAR)
		r = -EACCES;
	if (r < 0)
		(void)a->os->close(a->fd);
	return r;
}

int
tn_append_open(struct tn_dir *dir, struct tn_slice path, unsigned mode,
    struct tn_append **ret)
{
	struct tn_append *a = NULL;
	int r = tn__os_path_check(path);

	if (r == 0) {
		a = tn__zalloc(sizeof(*a) + tn__os_path_size(path));
		r = a == NULL ? -ENOMEM : 0;
	}
	if (r == 0) {
		a->os = dir->os;
		tn__os_path_copy(a->path, path);
		r = append_open(a, dir->fd, mode);
	}
	if (r < 0) {
		tn__free(a);
		return tn__os_error(r, "add to", path, dir->path);
	}
	*ret = a;
	return 0;
}

/* With O_APPEND the offset does not count: what is written lands at the end as
 * that is now.  Only a full disk leaves something over: how much, and why. */
static int
append_all(struct tn_append *a, struct tn_slice *bytes)
{
	while (bytes->len > 0) {
		ssize_t n = a->os->pwrite(a->fd, bytes->data, bytes->len, 0);

		if (n <= 0)
			return n == 0 ? -EIO : (int)n;
		*bytes = tn_slice_skip(*bytes, (size_t)n);
	}
	return 0;
}

/* Ends the line that a write left unfinished, so that the next one is whole. */
static int
append_mend(struct tn_append *a)
{
	struct tn_slice end = TN_SLICE("\n");
	int r;

	if (!atomic_exchange(&a->cut, false))
		return 0;
	r = append_all(a, &end);
	if (r < 0)
		atomic_store(&a->cut, true);
	return r;
}

int
tn_append_write(struct tn_append *a, struct tn_slice bytes)
{
	struct tn_slice left = bytes;
	int r = append_mend(a);

	if (r == 0)
		r = append_all(a, &left);
	if (r == 0)
		return 0;
	if (left.len < bytes.len && left.data[-1] != '\n')
		atomic_store(&a->cut, true);
	return tn__os_error(r, "add to", tn_slice_str(a->path), NULL);
}

void
tn_append_free(struct tn_append *a)
{
	if (a == NULL)
		return;
	(void)a->os->close(a->fd);
	tn__free(a);
}
