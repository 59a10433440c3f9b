/* Files without a name: written, read back, and gone. */
#include "tree.h"

static struct tn_file *
opened(const char *path)
{
	struct tn_file *file = NULL;

	assert_int_equal(tn_dir_open_temporary(tree_root, tn_slice_str(path),
	    &file), 0);
	return file;
}

static void
write_and_read(const char *path)
{
	struct tn_file *file;
	struct tn_file_info info;
	struct stat made;
	char text[32];

	file = opened(path);
	assert_int_equal(tree_count("root/d"), 0);
	assert_int_equal(tn_file_write(file, TN_SLICE("one two"), 0), 0);
	assert_int_equal(tn_file_write(file, TN_SLICE("three"), 7), 0);
	assert_int_equal(tn_file_write(file, TN_SLICE("ON"), 0), 0);
	assert_int_equal(tn_file_write(file, TN_SLICE(""), 99), 0);
	assert_int_equal(tn_file_read(file, text, sizeof(text), 0), 12);
	assert_memory_equal(text, "ONe twothree", 12);
	assert_int_equal(tn_file_read(file, text, 3, 9), 3);
	assert_memory_equal(text, "ree", 3);
	tn_file_info(file, &info);
	assert_int_equal(info.size, 12);
	assert_int_equal(tn_file_prepare(file, 0, 100), 0);
	assert_int_equal(tn_file_write(file, TN_SLICE("x"), -1), -EINVAL);

	assert_int_equal(fstat(tn_file_fileno(file), &made), 0);
	assert_int_equal(made.st_mode & 0777, 0600);
	assert_int_equal(made.st_nlink, 0);
	tn_file_free(file);
}

static void
test_write(void **state)
{
	int before = tree_descriptors();

	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		tree_use(tree_tables[i]);
		write_and_read("d");
		write_and_read("d/../d/");
	}
	tree_use(NULL);
	assert_int_equal(tree_descriptors(), before);
}

/* A file system on which every file has a name. */
static int
named_open(int dir, const char *path, int flags, unsigned mode)
{
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	return tn__os_linux.open_beneath(dir, path, flags, mode);
}

static void
test_named(void **state)
{
	struct tn__os_ops named = tn__os_linux;

	named.open_beneath = named_open;
	tree_use(&named);
	write_and_read("d");
	tree_use(NULL);
}

static void
test_reader(void **state)
{
	struct tn_file *file = NULL;

	tree_file("root/read", "text");
	assert_int_equal(tn_dir_open_file(tree_root, TN_SLICE("read"), &file),
	    0);
	assert_int_equal(tn_file_write(file, TN_SLICE("x"), 0), -EBADF);
	assert_string_equal(tree_text("root/read"), "text");
	tn_file_free(file);
}

static const struct refused_row {
	const char *name, *path;
	int code;
} refused_rows[] = {
	{ "leads out", "../outside", TN_EESCAPE },
	{ "a link that leads out", "out", TN_EESCAPE },
	{ "no such directory", "no", -ENOENT },
	{ "no directory", "file", -ENOTDIR },
};

static void
test_refused(void **state)
{
	const struct refused_row *row = *state;
	struct tn_file *file = NULL;
	int before = tree_descriptors();

	assert_int_equal(tn_dir_open_temporary(tree_root,
	    tn_slice_str(row->path), &file), row->code);
	assert_null(file);
	assert_true(tn_slice_starts(tn_slice_str(tn_error_text()),
	    TN_SLICE("make a temporary file in ")));
	assert_int_equal(tree_descriptors(), before);
}

/* Whichever call fails, nothing is left. */
static void
test_fault(void **state)
{
	int r = -EIO, before = tree_descriptors();

	tree_use(&tree_failing);
	for (int n = 0; r < 0; n++) {
		struct tn_file *file = NULL;

		tree_fail_at = n;
		tree_calls = 0;
		r = tn_dir_open_temporary(tree_root, TN_SLICE("d"), &file);
		if (r == 0)
			r = tn_file_write(file, TN_SLICE("text"), 0);
		tree_fail_at = -1;
		assert_true(r == 0 || r == -EIO);
		tn_file_free(file);
		assert_int_equal(tree_count("root/d"), 0);
		assert_true(n < 10);
	}
	tree_use(NULL);
	assert_int_equal(tree_descriptors(), before);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_fault),
	};
	void *state = NULL;
	int failed;

	if (tree_setup(&state) != 0)
		return 1;
	tree_dir("root/d");
	tree_file("root/file", "");
	tree_link("root/out", "../outside");
	failed = CHECK_ROWS(refused_rows, test_refused) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (tree_teardown(&state) != 0);
}
