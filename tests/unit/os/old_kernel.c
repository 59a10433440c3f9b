/* What older kernels lack, or containers forbid, is taken away with a filter,
 * in a child; everything still works. */
#include "tree.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define LOAD(member)                                                           \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                     \
	    (uint32_t)offsetof(struct seccomp_data, member))
/* When `call` is made it fails with `error`. */
#define DENY(call, error)                                                      \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                     \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

static bool
forbid(unsigned openat2_error)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		DENY(SYS_openat2, openat2_error),
		DENY(SYS_renameat2, ENOSYS),
		DENY(SYS_preadv2, ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 0, 3),
		/* AT_EMPTY_PATH without the right to it */
		LOAD(args[4]),
		DENY(AT_EMPTY_PATH, ENOENT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { TN_COUNT(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void
test_open(void **state)
{
	int r;

	assert_string_equal(tree_open_read("d/../to-b", &r), "text b");
	assert_null(tree_open_read("out/secret", &r));
	assert_int_equal(r, TN_EESCAPE);
	assert_null(tree_open_read("nothing", &r));
	assert_int_equal(r, -ENOENT);
}

static void
commit(const char *path, const char *text, bool exclusive, int expected)
{
	struct tn_replace *r = NULL;

	assert_int_equal(tn_replace_open(tree_root, tn_slice_str(path), 0600,
			     &r),
	    0);
	assert_int_equal(tn_replace_write(r, tn_slice_str(text)), 0);
	assert_int_equal(tn_replace_commit(r, exclusive), expected);
}

static void
test_replace(void **state)
{
	int names;

	commit("new", "one", true, 0);
	names = tree_count("root");
	commit("new", "two", true, -EEXIST);
	assert_string_equal(tree_text("root/new"), "one");
	commit("new", "three", false, 0);
	assert_string_equal(tree_text("root/new"), "three");
	assert_int_equal(tree_count("root"), names);
}

/* The seam's exclusive rename, which nameless files do without. */
static void
test_rename(void **state)
{
	int dir = openat(tree_fd, "root", O_PATH | O_CLOEXEC);

	tree_file("root/from", "text");
	assert_int_equal(tn__os_linux.rename(dir, "from", "d", true), -EEXIST);
	assert_int_equal(tn__os_linux.rename(dir, "from", "to", true), 0);
	assert_string_equal(tree_text("root/to"), "text");
	assert_false(tree_exists("root/from"));
	(void)close(dir);
}

static void
test_read(void **state)
{
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	char text[8];

	assert_int_equal(tn_dir_open_file(tree_root, TN_SLICE("d/b"), &file),
	    0);
	assert_int_equal(tn_file_read(file, text, sizeof(text), 2), 4);
	assert_memory_equal(text, "xt b", 4);
	assert_int_equal(tn_file_prepare(file, 0, 6), 0);
}

static int
run(unsigned openat2_error)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_read),
	};
	void *state = NULL;
	int failed;

	if (tree_setup(&state) != 0)
		return 1;
	tree_dir("root/d");
	tree_file("root/d/b", "text b");
	tree_link("root/to-b", "d/b");
	tree_link("root/out", "../outside");
	if (!forbid(openat2_error))
		return tree_teardown(&state);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (tree_teardown(&state) != 0);
}

/* A filter cannot be taken off again. */
static int
run_in_child(unsigned openat2_error)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		exit(run(openat2_error) != 0);
	return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}

int
main(void)
{
	return run_in_child(ENOSYS) + run_in_child(EPERM);
}
