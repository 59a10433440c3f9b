#include "tree.h"

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tenon/run.h>

/* The kernel's calls, but without nameless files. */
static int
named_open_beneath(int dir, const char *path, int flags, unsigned mode)
{
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	return tn__os_linux.open_beneath(dir, path, flags, mode);
}

static struct tn__os_ops named;

static int
setup(void **state)
{
	umask(022);
	named = tn__os_linux;
	named.open_beneath = named_open_beneath;
	return tree_setup(state);
}

/* root/r emptied, and each way of writing in turn. */
static const struct tn__os_ops *
way(int i)
{
	const struct tn__os_ops *const ways[] = { &tn__os_linux,
		&tn__os_linux_walk, &named };

	return i < (int)TN_COUNT(ways) ? ways[i] : NULL;
}

static void
fresh(const struct tn__os_ops *os)
{
	static int number;
	char path[64];

	(void)snprintf(path, sizeof(path), "outside/old%d", number++);
	if (tree_exists("root/r"))
		assert_int_equal(renameat(tree_fd, "root/r", tree_fd, path), 0);
	tree_dir("root/r");
	tree_use(os);
}

static struct tn_replace *
begin(const char *path, const char *text)
{
	struct tn_replace *r = NULL;

	assert_int_equal(tn_replace_open(tree_root, tn_slice_str(path), 0666,
			     &r),
	    0);
	assert_int_equal(tn_replace_write(r, tn_slice_str(text)), 0);
	return r;
}

static void
test_new(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		int before;
		struct tn_replace *r;
		struct tn_file_info info;

		fresh(way(i));
		before = tree_descriptors();
		r = begin("r/new", "one ");
		assert_int_equal(tn_replace_write(r, tn_slice(NULL, 0)), 0);
		assert_int_equal(tn_replace_write(r, TN_SLICE("two")), 0);
		assert_false(tree_exists("root/r/new"));
		assert_int_equal(tn_replace_commit(r, i & 1), 0);
		assert_string_equal(tree_text("root/r/new"), "one two");
		assert_int_equal(tree_count("root/r"), 1);
		assert_int_equal(tn_dir_stat(tree_root, TN_SLICE("r/new"),
				     &info),
		    0);
		assert_int_equal(info.mode, 0644);
		assert_int_equal(tree_descriptors(), before);
	}
}

static void
test_over(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		fresh(way(i));
		tree_file("root/r/old", "a text that is longer");
		assert_int_equal(tn_replace_commit(begin("r/old", "short"),
				     false),
		    0);
		assert_string_equal(tree_text("root/r/old"), "short");
		assert_int_equal(tn_replace_commit(begin("r/old", ""), false),
		    0);
		assert_string_equal(tree_text("root/r/old"), "");
		assert_int_equal(tree_count("root/r"), 1);
	}
}

static void
test_exclusive(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		struct tn_replace *first, *second;

		fresh(way(i));
		first = begin("r/x", "first");
		second = begin("r/x", "second");
		assert_int_equal(tn_replace_commit(first, true), 0);
		assert_int_equal(tn_replace_commit(second, true), -EEXIST);
		assert_string_equal(tn_error_text(),
		    "replace r/x: exists already");
		assert_string_equal(tree_text("root/r/x"), "first");
		tree_link("root/r/link", "nothing");
		assert_int_equal(tn_replace_commit(begin("r/link", "text"),
				     true),
		    -EEXIST);
		assert_int_equal(tree_count("root/r"), 2);
	}
}

static void
test_never_committed(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		int before;

		fresh(way(i));
		before = tree_descriptors();
		tree_file("root/r/kept", "kept");
		tn_replace_free(begin("r/kept", "other"));
		tn_replace_free(begin("r/never", "other"));
		tn_replace_free(NULL);
		assert_string_equal(tree_text("root/r/kept"), "kept");
		assert_int_equal(tree_count("root/r"), 1);
		assert_int_equal(tree_descriptors(), before);
	}
}

/* A program that dies leaves nothing where files can be nameless, and where
 * not, a temporary one. */
static void
test_crash(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		int status;
		pid_t child;

		fresh(way(i));
		tree_file("root/r/kept", "kept");
		child = fork();
		if (child == 0) {
			(void)begin("r/kept", "other");
			(void)kill(getpid(), SIGKILL);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_string_equal(tree_text("root/r/kept"), "kept");
		assert_int_equal(tree_count("root/r"),
		    way(i) == &named ? 2 : 1);
	}
}

/* A link of the name gives way; nothing is written through it. */
static void
test_link(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		fresh(way(i));
		tree_link("root/r/out", "../../outside/secret");
		assert_int_equal(tn_replace_commit(begin("r/out", "text"),
				     false),
		    0);
		assert_string_equal(tree_text("root/r/out"), "text");
		assert_string_equal(tree_text("outside/secret"), "outside");
	}
}

static void
test_long_name(void **state)
{
	char path[2 + NAME_MAX + 2] = "r/";

	for (int i = 0; way(i) != NULL; i++) {
		struct tn_replace *r = NULL;

		fresh(way(i));
		memset(path + 2, 'n', NAME_MAX);
		path[2 + NAME_MAX] = '\0';
		assert_int_equal(tn_replace_commit(begin(path, "text"), false),
		    0);
		assert_int_equal(tn_replace_commit(begin(path, "more"), false),
		    0);
		assert_int_equal(tree_count("root/r"), 1);
		path[2 + NAME_MAX] = 'n';
		assert_int_equal(tn_replace_open(tree_root, tn_slice_str(path),
				     0666, &r),
		    -ENAMETOOLONG);
		path[2 + NAME_MAX] = '\0';
	}
}

static const struct refused {
	const char *name, *path;
	int error;
} refused[] = {
	{ "empty", "", -EISDIR },
	{ "dot", ".", -EISDIR },
	{ "slash", "r/", -EISDIR },
	{ "new and slash", "r/new/", -EISDIR },
	{ "dot beneath", "r/.", -EISDIR },
	{ "up", "r/..", -EISDIR },
	{ "out and up", "..", -EISDIR },
	{ "directory", "d", -EISDIR },
	{ "out", "../outside/new", TN_EESCAPE },
	{ "absolute", "/tmp/new", TN_EESCAPE },
	{ "through a link out", "out/new", TN_EESCAPE },
	{ "no such directory", "nothing/new", -ENOENT },
	{ "beneath a file", "f/new", -ENOTDIR },
};

static void
test_refused(void **state)
{
	const struct refused *t = *state;

	for (int i = 0; way(i) != NULL; i++) {
		struct tn_replace *r = NULL;
		int before;

		fresh(way(i));
		if (!tree_exists("root/d")) {
			tree_dir("root/d");
			tree_file("root/f", "text");
			tree_link("root/out", "../outside");
		}
		before = tree_descriptors();
		assert_int_equal(tn_replace_open(tree_root,
				     tn_slice_str(t->path), 0666, &r),
		    t->error);
		assert_int_equal(tn_error_code(), t->error);
		assert_null(r);
		assert_int_equal(tree_descriptors(), before);
	}
	assert_int_equal(tn_replace_open(tree_root, TN_SLICE("a\0b"), 0666,
			     &(struct tn_replace *){ NULL }),
	    -EINVAL);
}

static void
test_no_permission(void **state)
{
	if (geteuid() != 0)
		skip();
	for (int i = 0; way(i) != NULL; i++) {
		struct tn_replace *r = NULL;
		int result;

		fresh(way(i));
		assert_int_equal(seteuid(65534), 0);
		result = tn_replace_open(tree_root, TN_SLICE("r/new"), 0666,
		    &r);
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(result, -EACCES);

		/* A letter box: files may come in, nobody may look. */
		assert_int_equal(fchmodat(tree_fd, "root/r", 0733, 0), 0);
		assert_int_equal(seteuid(65534), 0);
		result = tn_replace_open(tree_root, TN_SLICE("r/new"), 0666,
		    &r);
		if (result == 0)
			result = tn_replace_commit(r, false);
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(result, 0);
		assert_int_equal(tree_count("root/r"), 1);
	}
}

/* A directory that came into the way meanwhile. */
static void
test_late_directory(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		struct tn_replace *r;

		fresh(way(i));
		r = begin("r/new", "text");
		tree_dir("root/r/new");
		assert_int_equal(tn_replace_commit(r, false), -EISDIR);
		assert_int_equal(tree_count("root/r"), 1);
	}
}

/* After a write that failed nothing is put in place, were it forgotten. */
static void
test_write_fails(void **state)
{
	struct rlimit old, small = { 0 };

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_cur = 4096;
	small.rlim_max = old.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; way(i) != NULL; i++) {
		static const char much[10000];
		struct tn_replace *r;

		fresh(way(i));
		tree_file("root/r/goal", "kept");
		r = begin("r/goal", "text");
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		assert_int_equal(tn_replace_write(r,
				     tn_slice(much, sizeof(much))),
		    -EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_string_equal(tn_error_text(),
		    "write r/goal: file too large");
		assert_int_equal(tn_replace_write(r, TN_SLICE("x")), -EFBIG);
		assert_int_equal(tn_replace_commit(r, false), -EFBIG);
		assert_string_equal(tree_text("root/r/goal"), "kept");
		assert_int_equal(tree_count("root/r"), 1);
	}
}

static void
test_large(void **state)
{
	static char much[1 << 20];

	memset(much, 'm', sizeof(much));
	for (int i = 0; way(i) != NULL; i++) {
		struct tn_file_info info;
		struct tn_replace *r;

		fresh(way(i));
		r = begin("r/large", "");
		for (int k = 0; k < 4; k++)
			assert_int_equal(tn_replace_write(r,
					     tn_slice(much, sizeof(much))),
			    0);
		assert_int_equal(tn_replace_commit(r, false), 0);
		assert_int_equal(tn_dir_stat(tree_root, TN_SLICE("r/large"),
				     &info),
		    0);
		assert_int_equal(info.size, 4 << 20);
	}
}

/* A deadline that has passed: nothing begins, so nothing happens.  And it
 * stays so: bytes are missing now. */
static void
test_deadline(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		struct tn_replace *r = NULL, *other;
		struct tn_scope scope;

		fresh(way(i));
		tree_file("root/r/goal", "kept");
		r = begin("r/goal", "other");
		other = begin("r/goal", "other");
		tn_scope_open(&scope, 1);
		assert_int_equal(tn_replace_write(r, TN_SLICE("more")),
		    -ETIMEDOUT);
		assert_int_equal(tn_replace_commit(other, false), -ETIMEDOUT);
		assert_string_equal(tn_error_text(),
		    "replace r/goal: timed out");
		assert_true(tn_scope_close(&scope));
		assert_int_equal(tn_replace_commit(r, false), -ETIMEDOUT);
		assert_string_equal(tree_text("root/r/goal"), "kept");
		assert_int_equal(tree_count("root/r"), 1);
	}
}

static int
slow_sync(int fd)
{
	(void)usleep(30000);
	return tn__os_linux.sync(fd);
}

/* A deadline that passes while the worker syncs: the file is in place, and
 * that is what the caller hears. */
static int
commit_slowly(void *arg)
{
	struct tn_replace *r = begin("r/slow", "text");
	struct tn_scope scope;
	int result;

	tn_scope_open(&scope, tn_after(5 * TN_MILLISECOND));
	result = tn_replace_commit(r, false);
	assert_int_equal(tn_yield(), 0);
	assert_int_equal(tn_sleep(TN_SECOND), -ETIMEDOUT);
	(void)tn_scope_close(&scope);
	return result;
}

static void
test_deadline_meanwhile(void **state)
{
	struct tn__os_ops os = tn__os_linux;

	os.sync = slow_sync;
	fresh(&os);
	assert_int_equal(tn_run(commit_slowly, NULL, NULL), 0);
	assert_string_equal(tree_text("root/r/slow"), "text");
	tree_use(NULL);
}

static int
replace_in_fiber(void *arg)
{
	struct tn_replace *r = begin("r/fiber", "text");

	return tn_replace_commit(r, true);
}

static void
test_fiber(void **state)
{
	for (int i = 0; way(i) != NULL; i++) {
		fresh(way(i));
		assert_int_equal(tn_run(replace_in_fiber, NULL, NULL), 0);
		assert_string_equal(tree_text("root/r/fiber"), "text");
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_exclusive),
		cmocka_unit_test(test_never_committed),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_no_permission),
		cmocka_unit_test(test_late_directory),
		cmocka_unit_test(test_write_fails),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deadline_meanwhile),
		cmocka_unit_test(test_fiber),
	};
	void *state = NULL;
	int failed;

	if (setup(&state) != 0)
		return 1;
	failed = CHECK_ROWS(refused, test_refused) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (tree_teardown(&state) != 0);
}
