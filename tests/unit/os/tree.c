#include "tree.h"

#include <dirent.h>
#include <ftw.h>

#include <tenon/offload.h>

#include "rt/rt.h"

int tree_fd = -1;
struct tn_dir *tree_root;
const struct tn__os_ops *const tree_tables[2] = { &tn__os_linux,
	&tn__os_linux_walk };

static char tree_path[4096];

void
tree_use(const struct tn__os_ops *os)
{
	static struct tn__host host;
	char path[sizeof(tree_path) + 8];

	host = tn__host_linux;
	host.os = os;
	tn__host_set(&host);
	tn_dir_free(tree_root);
	tree_root = NULL;
	(void)snprintf(path, sizeof(path), "%s/root", tree_path);
	assert_int_equal(tn_dir_open(path, &tree_root), 0);
}

static int
tree_nothing(void *arg)
{
	return 0;
}

int
tree_setup(void **state)
{
	int r = -1;

	const char *build = getenv("TENON_BUILD");

	(void)snprintf(tree_path, sizeof(tree_path), "%s/tenon-os-XXXXXX",
	    build != NULL ? build : "/tmp");
	assert_non_null(mkdtemp(tree_path));
	assert_int_equal(chmod(tree_path, 0755), 0);
	tree_fd = open(tree_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree_fd >= 0);
	/* What the thread keeps for its waits it opens now, uncounted. */
	assert_int_equal(tn_offload(tree_nothing, NULL, &r), 0);
	tree_dir("root");
	tree_dir("outside");
	tree_file("outside/secret", "outside");
	tree_use(NULL);
	return 0;
}

static int
tree_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

int
tree_teardown(void **state)
{
	tn_dir_free(tree_root);
	tree_root = NULL;
	tn__host_set(NULL);
	(void)close(tree_fd);
	return nftw(tree_path, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- what is in the folder --------------------------------------------- */

void
tree_dir(const char *path)
{
	assert_int_equal(mkdirat(tree_fd, path, 0755), 0);
}

void
tree_file(const char *path, const char *text)
{
	int fd = openat(tree_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

void
tree_link(const char *path, const char *target)
{
	assert_int_equal(symlinkat(target, tree_fd, path), 0);
}

bool
tree_exists(const char *path)
{
	return faccessat(tree_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *
tree_text(const char *path)
{
	static char text[4096];
	int fd = openat(tree_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

static int
tree_count_at(int fd)
{
	DIR *dir = fdopendir(fd);
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count - 2;
}

int
tree_count(const char *path)
{
	return tree_count_at(openat(tree_fd, path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int
tree_descriptors(void)
{
	return tree_count_at(open("/proc/self/fd",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

const char *
tree_open_read(const char *path, int *ret)
{
	static char text[4096];
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	ssize_t n;

	*ret = tn_dir_open_file(tree_root, tn_slice_str(path), &file);
	if (*ret < 0)
		return NULL;
	n = tn_file_read(file, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* ---- calls that fail --------------------------------------------------- */

int tree_fail_at = -1, tree_calls;

static bool
failing_now(void)
{
	return tree_calls++ == tree_fail_at;
}

static int
failing_open_root(const char *path)
{
	return failing_now() ? -EIO : tn__os_linux.open_root(path);
}

static int
failing_open_beneath(int dir, const char *path, int flags, unsigned mode)
{
	if (failing_now())
		return -EIO;
	return tn__os_linux.open_beneath(dir, path, flags, mode);
}

static int
failing_stat(int fd, struct tn_file_info *ret)
{
	return failing_now() ? -EIO : tn__os_linux.stat(fd, ret);
}

static int
failing_stat_entry(int dir, const char *name, struct tn_file_info *ret)
{
	return failing_now() ? -EIO : tn__os_linux.stat_entry(dir, name, ret);
}

static ssize_t
failing_read_names(int dir, char *out, size_t size)
{
	return failing_now() ? -EIO : tn__os_linux.read_names(dir, out, size);
}

static ssize_t
failing_pread(int fd, void *out, size_t size, int64_t offset, bool cached)
{
	if (failing_now())
		return -EIO;
	return tn__os_linux.pread(fd, out, size, offset, cached);
}

static ssize_t
failing_pwrite(int fd, const void *bytes, size_t size, int64_t offset)
{
	if (failing_now())
		return -EIO;
	return tn__os_linux.pwrite(fd, bytes, size, offset);
}

static int
failing_sync(int fd)
{
	return failing_now() ? -EIO : tn__os_linux.sync(fd);
}

static int
failing_link(int fd, int dir, const char *name)
{
	return failing_now() ? -EIO : tn__os_linux.link(fd, dir, name);
}

static int
failing_rename(int dir, const char *from, const char *to, bool exclusive)
{
	if (failing_now())
		return -EIO;
	return tn__os_linux.rename(dir, from, to, exclusive);
}

static int
failing_unlink(int dir, const char *name)
{
	(void)tn__os_linux.unlink(dir, name);
	return failing_now() ? -EIO : 0;
}

static int
failing_close(int fd)
{
	(void)tn__os_linux.close(fd);
	return failing_now() ? -EIO : 0;
}

const struct tn__os_ops tree_failing = {
	.open_root = failing_open_root,
	.open_beneath = failing_open_beneath,
	.stat = failing_stat,
	.stat_entry = failing_stat_entry,
	.read_names = failing_read_names,
	.pread = failing_pread,
	.pwrite = failing_pwrite,
	.sync = failing_sync,
	.link = failing_link,
	.rename = failing_rename,
	.unlink = failing_unlink,
	.close = failing_close,
};
