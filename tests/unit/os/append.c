/* Files that are only added to. */
#include "tree.h"

#include <signal.h>
#include <sys/resource.h>

static struct tn_append *
opened(const char *path)
{
	struct tn_append *a = NULL;

	assert_int_equal(tn_append_open(tree_root, tn_slice_str(path), 0640,
	    &a), 0);
	return a;
}

static void
test_adds(void **state)
{
	struct tn_append *a, *b;
	struct stat made;

	tree_file("root/old", "old ");
	a = opened("old");
	b = opened("old");
	assert_int_equal(tn_append_write(a, TN_SLICE("a ")), 0);
	assert_int_equal(tn_append_write(b, TN_SLICE("longer ")), 0);
	assert_int_equal(tn_append_write(a, TN_SLICE("")), 0);
	assert_int_equal(tn_append_write(a, TN_SLICE("a")), 0);
	assert_string_equal(tree_text("root/old"), "old a longer a");
	tn_append_free(a);
	tn_append_free(b);

	a = opened("new");
	assert_string_equal(tree_text("root/new"), "");
	assert_int_equal(fstatat(tree_fd, "root/new", &made, 0), 0);
	assert_int_equal(made.st_mode & 0137, 0);
	tn_append_free(a);
	tn_append_free(NULL);
}

/* Up to `size` bytes a file may have, as on a disk that is full then. */
static void
limit(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Half a line does not spoil the one that comes when there is room again. */
static void
test_full(void **state)
{
	struct tn_append *a = opened("full");

	signal(SIGXFSZ, SIG_IGN);
	limit(12);
	assert_int_equal(tn_append_write(a, TN_SLICE("one\ntwo\nthree\n")),
	    -EFBIG);
	assert_int_equal(tn_append_write(a, TN_SLICE("four\n")), -EFBIG);
	limit(17);
	assert_int_equal(tn_append_write(a, TN_SLICE("five\n")), -EFBIG);
	limit(RLIM_INFINITY);
	assert_int_equal(tn_append_write(a, TN_SLICE("six\n")), 0);
	assert_string_equal(tree_text("root/full"),
	    "one\ntwo\nthre\nfive\nsix\n");
	tn_append_free(a);

	a = opened("whole");
	limit(4);
	assert_int_equal(tn_append_write(a, TN_SLICE("one\ntwo\n")), -EFBIG);
	limit(RLIM_INFINITY);
	assert_int_equal(tn_append_write(a, TN_SLICE("three\n")), 0);
	assert_string_equal(tree_text("root/whole"), "one\nthree\n");
	tn_append_free(a);
}

static const struct refused_row {
	const char *name, *path;
	int code;
} refused_rows[] = {
	{ "leads out", "../outside/x", TN_EESCAPE },
	{ "a link that leads out", "out", TN_EESCAPE },
	{ "absolute", "/tmp/x", TN_EESCAPE },
	{ "a directory", "d", -EISDIR },
	{ "the root", "", -EISDIR },
	{ "no such directory", "no/x", -ENOENT },
	{ "a pipe", "pipe", -EACCES },
};

static void
test_refused(void **state)
{
	const struct refused_row *row = *state;
	struct tn_append *a = NULL;
	int before = tree_descriptors();

	assert_int_equal(tn_append_open(tree_root, tn_slice_str(row->path),
	    0640, &a), row->code);
	assert_null(a);
	assert_true(tn_slice_starts(tn_slice_str(tn_error_text()),
	    TN_SLICE("add to ")));
	assert_int_equal(tree_descriptors(), before);
	assert_false(tree_exists("outside/x"));
}

static void
test_fault(void **state)
{
	struct tn_append *a;
	int r = -EIO, before = tree_descriptors();

	tree_use(&tree_failing);
	for (int n = 0; r < 0; n++) {
		a = NULL;
		tree_fail_at = n;
		tree_calls = 0;
		r = tn_append_open(tree_root, TN_SLICE("x"), 0640, &a);
		if (r == 0)
			r = tn_append_write(a, TN_SLICE("text"));
		tree_fail_at = -1;
		assert_true(r == 0 || r == -EIO);
		tn_append_free(a);
		assert_true(n < 10);
	}
	tree_use(NULL);
	assert_string_equal(tree_text("root/x"), "text");
	assert_int_equal(tree_descriptors(), before);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adds),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_fault),
	};
	void *state = NULL;
	int failed;

	if (tree_setup(&state) != 0)
		return 1;
	tree_dir("root/d");
	tree_link("root/out", "../outside/x");
	if (mkfifoat(tree_fd, "root/pipe", 0600) != 0)
		return 1;
	failed = CHECK_ROWS(refused_rows, test_refused) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (tree_teardown(&state) != 0);
}
