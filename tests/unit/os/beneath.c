/* Where paths lead, with openat2(2) and without. */
#include "tree.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define N16 "0123456789abcdef"
#define N64 N16 N16 N16 N16
#define N255 N64 N64 N64 "0123456789abcdef" N16 N16 "0123456789abcde"

/* Either the text of the file or the error. */
static const struct row {
	const char *name, *path, *text;
	int error;
} rows[] = {
	{ "plain", "a", "text a", 0 },
	{ "beneath", "d/e/c", "text c", 0 },
	{ "slashes", "d//e///c", "text c", 0 },
	{ "dots", "./d/./e/./c", "text c", 0 },
	{ "down and up", "d/e/../b", "text b", 0 },
	{ "up to the root", "d/../a", "text a", 0 },
	{ "bytes", "\xff\x01\n ", "text of bytes", 0 },
	{ "255 bytes", N255, "text of 255", 0 },
	{ "a name of 256", N255 "f", NULL, -ENAMETOOLONG },
	{ "none", "nothing", NULL, -ENOENT },
	{ "none beneath", "nothing/a", NULL, -ENOENT },
	{ "beneath a file", "a/b", NULL, -ENOTDIR },
	{ "slash behind a file", "a/", NULL, -ENOTDIR },
	{ "dot behind a file", "a/.", NULL, -ENOTDIR },
	{ "file and up", "a/../a", NULL, -ENOTDIR },
	{ "directory", "d", NULL, -EISDIR },
	{ "directory and slash", "d/", NULL, -EISDIR },
	{ "the root", ".", NULL, -EISDIR },
	{ "empty", "", NULL, -EISDIR },
	{ "up and down", "d/e/..", NULL, -EISDIR },

	{ "up", "..", NULL, TN_EESCAPE },
	{ "up and slash", "../", NULL, TN_EESCAPE },
	{ "up and out", "../outside/secret", NULL, TN_EESCAPE },
	{ "up and in again", "../root/a", NULL, TN_EESCAPE },
	{ "one up too many", "d/../../outside/secret", NULL, TN_EESCAPE },
	{ "deep, one too many", "d/e/../../../root/a", NULL, TN_EESCAPE },
	{ "absolute", "/etc/passwd", NULL, TN_EESCAPE },
	{ "absolute root", "/", NULL, TN_EESCAPE },
	{ "two slashes", "//etc/passwd", NULL, TN_EESCAPE },

	{ "link", "to-b", "text b", 0 },
	{ "link beneath", "d/to-a", "text a", 0 },
	{ "link to a directory", "to-d/b", "text b", 0 },
	{ "link to a link", "to-to-d/e/c", "text c", 0 },
	{ "link ending in a slash", "to-d-slash/b", "text b", 0 },
	{ "up from a link", "to-e/../b", "text b", 0 },
	{ "link to dot", "to-dot/a", "text a", 0 },
	{ "link to up", "d/to-up", NULL, -EISDIR },
	{ "through link to up", "d/to-up/a", "text a", 0 },
	{ "40 links", "many0", "text a", 0 },
	{ "41 links", "many", NULL, -ELOOP },
	{ "loop", "loop", NULL, -ELOOP },
	{ "loop of two", "ping", NULL, -ELOOP },
	{ "loop that grows", "grow", NULL, -ELOOP },
	{ "link to nothing", "dangling", NULL, -ENOENT },
	{ "link to a file, and on", "to-b/x", NULL, -ENOTDIR },
	{ "link to a file, slash", "to-b/", NULL, -ENOTDIR },
	{ "link to a directory, slash", "to-d/", NULL, -EISDIR },
	{ "link out", "out", NULL, TN_EESCAPE },
	{ "through a link out", "out-dir/secret", NULL, TN_EESCAPE },
	{ "link out and in", "out-in", NULL, TN_EESCAPE },
	{ "chain out", "chain1", NULL, TN_EESCAPE },
	{ "absolute link", "abs", NULL, TN_EESCAPE },
	{ "through an absolute link", "abs-root/etc/passwd", NULL, TN_EESCAPE },
	{ "absolute link inside", "abs-in", NULL, TN_EESCAPE },
	{ "link to /proc", "proc", NULL, TN_EESCAPE },

	{ "pipe", "fifo", NULL, -EACCES },
	{ "socket", "socket", NULL, -EACCES },
	{ "link to a pipe", "to-fifo", NULL, -EACCES },
};

static void
make_special(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(mkfifoat(tree_fd, "root/fifo", 0666), 0);
	tree_link("root/to-fifo", "fifo");
	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "/proc/self/fd/%d/root/socket", tree_fd);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	(void)close(fd);
}

static void
make_links(void)
{
	char path[64], target[64];

	tree_link("root/to-b", "d/b");
	tree_link("root/d/to-a", "../a");
	tree_link("root/to-d", "d");
	tree_link("root/to-to-d", "to-d");
	tree_link("root/to-d-slash", "d//");
	tree_link("root/to-e", "d/e");
	tree_link("root/to-dot", ".");
	tree_link("root/d/to-up", "..");
	tree_link("root/loop", "loop");
	tree_link("root/ping", "pong");
	tree_link("root/pong", "ping");
	tree_link("root/grow", "grow/x");
	tree_link("root/dangling", "nothing");
	tree_link("root/out", "../outside/secret");
	tree_link("root/out-dir", "../outside");
	tree_link("root/out-in", "../root/a");
	tree_link("root/chain1", "d/chain2");
	tree_link("root/d/chain2", "../chain3/secret");
	tree_link("root/chain3", "d/../../outside");
	tree_link("root/abs", "/etc/passwd");
	tree_link("root/abs-root", "/");
	tree_link("root/proc", "/proc/self/root/etc/passwd");
	assert_true(readlinkat(AT_FDCWD, "/proc/self/cwd", target,
			sizeof(target)) > 0);
	tree_link("root/many", "many0");
	for (int i = 0; i < 40; i++) {
		(void)snprintf(path, sizeof(path), "root/many%d", i);
		(void)snprintf(target, sizeof(target), i == 39 ? "a" : "many%d",
		    i + 1);
		tree_link(path, target);
	}
}

static void
make_absolute_inside(void)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", tree_fd);
	n = readlink(path, target, sizeof(target) - 8);
	assert_true(n > 0);
	(void)snprintf(target + n, sizeof(target) - (size_t)n, "/root/a");
	tree_link("root/abs-in", target);
}

static int
setup(void **state)
{
	(void)tree_setup(state);
	tree_file("root/a", "text a");
	tree_dir("root/d");
	tree_file("root/d/b", "text b");
	tree_dir("root/d/e");
	tree_file("root/d/e/c", "text c");
	tree_file("root/\xff\x01\n ", "text of bytes");
	tree_file("root/" N255, "text of 255");
	make_links();
	make_absolute_inside();
	make_special();
	return 0;
}

static void
test_row(void **state)
{
	const struct row *t = *state;

	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		int before, r;
		const char *text;

		tree_use(tree_tables[i]);
		before = tree_descriptors();
		text = tree_open_read(t->path, &r);
		assert_int_equal(r, t->error);
		if (t->text != NULL)
			assert_string_equal(text, t->text);
		else
			assert_int_equal(tn_error_code(), t->error);
		assert_int_equal(tree_descriptors(), before);
	}
}

/* Looking gives the same answer, but may look at what cannot be opened. */
static void
test_row_stat(void **state)
{
	const struct row *t = *state;
	bool refused = t->error == -EISDIR || t->error == -EACCES;

	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		struct tn_file_info info = { .size = -7 };
		int before, r;

		tree_use(tree_tables[i]);
		before = tree_descriptors();
		r = tn_dir_stat(tree_root, tn_slice_str(t->path), &info);
		assert_int_equal(r, refused ? 0 : t->error);
		if (t->text != NULL) {
			assert_int_equal(info.kind, TN_FILE_REGULAR);
			assert_int_equal(info.size, strlen(t->text));
			assert_int_equal(info.mode, 0644);
		}
		if (t->error == -EISDIR)
			assert_int_equal(info.kind, TN_FILE_DIRECTORY);
		if (t->error == -EACCES)
			assert_int_equal(info.kind, TN_FILE_OTHER);
		if (r < 0)
			assert_int_equal(info.size, -7);
		assert_int_equal(tree_descriptors(), before);
	}
}

static void
test_arguments(void **state)
{
	static char path[PATH_MAX + 1];
	struct tn_file *file = NULL;

	memset(path, 'x', sizeof(path));
	for (size_t i = 1; i < sizeof(path); i += 2)
		path[i] = '/';
	assert_int_equal(tn_dir_open_file(tree_root, TN_SLICE("a\0b"), &file),
	    -EINVAL);
	assert_int_equal(tn_dir_open_file(tree_root,
			     tn_slice(path, PATH_MAX), &file),
	    -ENAMETOOLONG);
	assert_int_equal(tn_dir_open_file(tree_root,
			     tn_slice(path, PATH_MAX - 1), &file),
	    -ENOENT);
	assert_int_equal(tn_dir_open_file(tree_root, tn_slice(NULL, 0), &file),
	    -EISDIR);
	assert_null(file);
	tn_file_free(NULL);
	tn_dir_free(NULL);
}

static void
test_words(void **state)
{
	struct tn_file *file = NULL;
	struct tn_dir *dir = NULL;

	assert_int_equal(tn_dir_open_file(tree_root,
			     TN_SLICE("../\x1b[31mred"), &file),
	    TN_EESCAPE);
	assert_non_null(strstr(tn_error_text(), "open ../\\x1b[31mred in "));
	assert_non_null(strstr(tn_error_text(), "/root: it leads out"));
	assert_int_equal(tn_dir_open("/nothing/here", &dir), -ENOENT);
	assert_string_equal(tn_error_text(),
	    "open /nothing/here: no such file or directory");
	assert_int_equal(tn_dir_open("/etc/passwd", &dir), -ENOTDIR);
	assert_null(dir);
}

/* The links of /proc are doors, not text: they stay shut. */
static void
test_magic_links(void **state)
{
	static const char *const paths[] = { "root/etc/passwd", "root", "exe",
		"cwd", "cwd/.", "fd/0", "task/../root", "self" };

	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
		struct tn_file *file = NULL;
		struct tn_file_info info;

		tree_use(tree_tables[i]);
		assert_int_equal(tn_dir_open("/proc/self", &dir), 0);
		for (size_t p = 0; p < TN_COUNT(paths); p++) {
			struct tn_slice path = tn_slice_str(paths[p]);

			assert_true(tn_dir_open_file(dir, path, &file) < 0);
			assert_true(tn_dir_stat(dir, path, &info) < 0);
		}
		assert_int_equal(tn_dir_open_file(dir, TN_SLICE("status"),
				     &file),
		    0);
		tn_file_free(file);
	}
}

static void
test_device(void **state)
{
	if (mknodat(tree_fd, "root/null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		skip();
	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		int r;

		tree_use(tree_tables[i]);
		(void)tree_open_read("null", &r);
		assert_true(r == -EACCES); /* be it by a nodev mount */
	}
}

static void
test_no_permission(void **state)
{
	if (geteuid() != 0)
		skip();
	tree_dir("root/private");
	tree_file("root/private/a", "text");
	assert_int_equal(fchmodat(tree_fd, "root/private", 0700, 0), 0);
	tree_file("root/closed", "text");
	assert_int_equal(fchmodat(tree_fd, "root/closed", 0600, 0), 0);
	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		struct tn_file_info info;
		int r[2], stat;

		tree_use(tree_tables[i]);
		assert_int_equal(seteuid(65534), 0);
		(void)tree_open_read("private/a", &r[0]);
		(void)tree_open_read("closed", &r[1]);
		stat = tn_dir_stat(tree_root, TN_SLICE("private/a"), &info);
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(r[0], -EACCES);
		assert_int_equal(r[1], -EACCES);
		assert_int_equal(stat, -EACCES);
	}
}

/* The walk holds a descriptor a level, and says so when there are too many. */
static void
test_deep(void **state)
{
	char path[1024] = "root/a-dir";

	tree_dir(path);
	for (int i = 0; i < 200; i++) {
		(void)snprintf(path + strlen(path), 3, "/d");
		tree_dir(path);
	}
	(void)snprintf(path + strlen(path), 3, "/f");
	tree_file(path, "deep");
	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		int before, r;

		tree_use(tree_tables[i]);
		before = tree_descriptors();
		(void)tree_open_read(path + strlen("root/"), &r);
		/* The first may be a walk too, on an old kernel. */
		assert_true(r == -ENAMETOOLONG || (i == 0 && r == 0));
		assert_int_equal(tree_descriptors(), before);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_magic_links),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_no_permission),
		cmocka_unit_test(test_deep),
	};
	void *state = NULL;
	int failed;

	if (setup(&state) != 0)
		return 1;
	failed = CHECK_ROWS(rows, test_row) + CHECK_ROWS(rows, test_row_stat) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (tree_teardown(&state) != 0);
}
