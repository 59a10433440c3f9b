/* Whichever file call or allocation fails: a clear error, no descriptor and no
 * memory lost, no temporary file left, and a goal that is old or new. */
#include "tree.h"

static struct tn__os_ops named_failing;

static int
named_open_beneath(int dir, const char *path, int flags, unsigned mode)
{
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	return tree_failing.open_beneath(dir, path, flags, mode);
}

static int
do_open(void)
{
	struct tn_dir *dir = NULL;
	int r = tn_dir_open("/", &dir);

	tn_dir_free(dir);
	return r;
}

static int
do_stat(void)
{
	struct tn_file_info info;

	return tn_dir_stat(tree_root, TN_SLICE("r/a"), &info);
}

static int
do_read(void)
{
	struct tn_file *file = NULL;
	char text[16];
	int r = tn_dir_open_file(tree_root, TN_SLICE("r/a"), &file);

	if (r == 0)
		r = tn_file_prepare(file, 0, 16);
	if (r == 0)
		r = (int)tn_file_read(file, text, sizeof(text), 0);
	tn_file_free(file);
	return r < 0 ? r : 0;
}

static int
do_list(void)
{
	struct tn_dir_list all = { 0 };
	int r = tn_dir_list(tree_root, TN_SLICE("r"), 10, &all);

	tn_dir_list_free(&all);
	return r;
}

static int
do_replace_as(bool exclusive, const char *path)
{
	struct tn_replace *replace = NULL;
	int r = tn_replace_open(tree_root, tn_slice_str(path), 0600, &replace);

	if (r == 0)
		r = tn_replace_write(replace, TN_SLICE("new"));
	if (r < 0) {
		tn_replace_free(replace);
		return r;
	}
	return tn_replace_commit(replace, exclusive);
}

static int
do_replace(void)
{
	return do_replace_as(false, "r/a");
}

static int
do_create(void)
{
	int r = do_replace_as(true, "r/new");

	if (tree_exists("root/r/new")) {
		assert_string_equal(tree_text("root/r/new"), "new");
		assert_int_equal(unlinkat(tree_fd, "root/r/new", 0), 0);
	}
	return r;
}

static const struct row {
	const char *name;
	int (*run)(void);
	const struct tn__os_ops *os;
} rows[] = {
	{ "open", do_open, &tree_failing },
	{ "stat", do_stat, &tree_failing },
	{ "read", do_read, &tree_failing },
	{ "list", do_list, &tree_failing },
	{ "replace", do_replace, &tree_failing },
	{ "create", do_create, &tree_failing },
	{ "replace, named", do_replace, &named_failing },
	{ "create, named", do_create, &named_failing },
};

static void
prepare(const struct row *t)
{
	tree_fail_at = -1;
	tree_use(t->os);
	tree_file("root/r/a", "old");
}

static void
check_after(int names)
{
	const char *text = tree_text("root/r/a");

	assert_int_equal(tree_count("root/r"), names);
	assert_true(strcmp(text, "old") == 0 || strcmp(text, "new") == 0);
}

static void
test_call(void **state)
{
	const struct row *t = *state;
	int names = tree_count("root/r");
	int failures = 0;

	for (int n = 0; n < 1000; n++) {
		int before, r;

		prepare(t);
		before = tree_descriptors();
		tree_calls = 0;
		tree_fail_at = n;
		r = t->run();
		tree_fail_at = -1;
		if (tree_calls <= n)
			break;
		assert_true(r == 0 || r == -EIO);
		if (r < 0) {
			failures++;
			assert_int_equal(tn_error_code(), -EIO);
			assert_non_null(strstr(tn_error_text(),
			    ": input/output error"));
		}
		assert_int_equal(tree_descriptors(), before);
		check_after(names);
	}
	assert_true(failures > 0);
	assert_int_equal(t->run(), 0);
}

/* LeakSanitizer counts the memory. */
static void
test_allocation(void **state)
{
	const struct row *t = *state;
	int names = tree_count("root/r");
	int n, r = -ENOMEM;

	for (n = 0; n < 1000 && r == -ENOMEM; n++) {
		int before;

		prepare(t);
		before = tree_descriptors();
		check_fail_after(n);
		r = t->run();
		check_fail_after(-1);
		assert_true(r == 0 || r == -ENOMEM);
		assert_int_equal(tree_descriptors(), before);
		check_after(names);
	}
	assert_int_equal(r, 0);
	assert_true(n > 1);
}

int
main(void)
{
	void *state = NULL;
	int failed;

	if (tree_setup(&state) != 0)
		return 1;
	named_failing = tree_failing;
	named_failing.open_beneath = named_open_beneath;
	tree_dir("root/r");
	tree_file("root/r/a", "old");
	tree_file("root/r/b", "text");
	tree_dir("root/r/c");
	tree_link("root/r/link", "b");
	tree_link("root/r/out", "../../outside");
	failed = CHECK_ROWS(rows, test_call) +
	    CHECK_ROWS(rows, test_allocation);
	return failed + (tree_teardown(&state) != 0);
}
