#include "tree.h"

#include <tenon/run.h>

/* The kernel's pread, counted by what was asked for; or other answers. */
static struct {
	int now, later;
	ssize_t answer; /* instead of reading what is cached; 0 = read */
	int tid;        /* of the last that was allowed to wait */
} preads;

static ssize_t
counted_pread(int fd, void *out, size_t size, int64_t offset, bool cached)
{
	if (!cached) {
		preads.later++;
		preads.tid = gettid();
		return tn__os_linux.pread(fd, out, size, offset, false);
	}
	preads.now++;
	if (preads.answer != 0)
		return preads.answer;
	return tn__os_linux.pread(fd, out, size, offset, true);
}

static struct tn_file *
open_counted(const char *path, ssize_t answer)
{
	static struct tn__os_ops os;
	struct tn_file *file = NULL;

	os = tn__os_linux;
	os.pread = counted_pread;
	tree_use(&os);
	preads.now = preads.later = 0;
	preads.answer = answer;
	assert_int_equal(tn_dir_open_file(tree_root, tn_slice_str(path), &file),
	    0);
	return file;
}

static void
test_read(void **state)
{
	static const struct {
		int64_t offset;
		size_t size;
		const char *text;
	} reads[] = {
		{ 0, 100, "0123456789" },
		{ 0, 3, "012" },
		{ 7, 100, "789" },
		{ 9, 1, "9" },
		{ 10, 5, "" },
		{ 1000, 5, "" },
		{ 5, 0, "" },
		{ INT64_MAX - 5, 5, "" },
	};
	static const ssize_t answers[] = { 0, -EAGAIN, -EOPNOTSUPP };
	char text[101];

	tree_file("root/digits", "0123456789");
	for (size_t a = 0; a < TN_COUNT(answers); a++) {
		struct tn_file *file = open_counted("digits", answers[a]);

		for (size_t i = 0; i < TN_COUNT(reads); i++) {
			ssize_t n = tn_file_read(file, text, reads[i].size,
			    reads[i].offset);

			assert_int_equal(n, strlen(reads[i].text));
			assert_memory_equal(text, reads[i].text, (size_t)n);
		}
		assert_int_equal(tn_file_read(file, text, 1, -1), -EINVAL);
		assert_non_null(strstr(tn_error_text(), "read digits: "));
		tn_file_free(file);
	}
}

/* A file system that cannot tell what is cached is asked once. */
static void
test_blind(void **state)
{
	struct tn_file *file;
	char byte;

	tree_file("root/blind", "text");
	file = open_counted("blind", -EOPNOTSUPP);
	for (int i = 0; i < 5; i++)
		assert_int_equal(tn_file_read(file, &byte, 1, 0), 1);
	assert_int_equal(preads.now, 1);
	assert_int_equal(preads.later, 5);
	assert_int_equal(tn_file_prepare(file, 0, 4), 0);
	assert_int_equal(preads.later, 5);
	tn_file_free(file);

	file = open_counted("blind", -EOPNOTSUPP);
	assert_int_equal(tn_file_prepare(file, 0, 4), 0);
	assert_int_equal(preads.later, 0);
	tn_file_free(file);
}

/* What was just written is in the page cache, whatever file system. */
static void
test_cached(void **state)
{
	struct tn_file *file;
	char text[8];

	tree_file("root/cached", "text");
	file = open_counted("cached", 0);
	assert_int_equal(tn_file_read(file, text, sizeof(text), 0), 4);
	assert_int_equal(tn_file_prepare(file, 0, 4), 0);
	assert_int_equal(tn_file_prepare(file, 0, INT64_MAX), 0);
	assert_true(preads.later == 0 || preads.now == 1);
	tn_file_free(file);
}

static void
make_large(const char *path, int size)
{
	int fd = openat(tree_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char text[4096];

	memset(text, 'x', sizeof(text));
	for (int n = 0; n < size; n += (int)sizeof(text))
		assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	(void)fsync(fd);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)close(fd);
}

/* What prepare read is there afterwards. */
static void
test_prepare(void **state)
{
	const int size = 1 << 20;
	struct tn_file *file;
	char byte;

	make_large("root/large", size);
	file = open_counted("large", 0);
	assert_int_equal(tn_file_prepare(file, 0, size), 0);
	preads.later = 0;
	for (int at = 0; at < size; at += 4096)
		assert_int_equal(tn_file_read(file, &byte, 1, at), 1);
	/* 0 where the file system can tell; else each read was tried there */
	assert_true(preads.later == 0 || preads.later == size / 4096);
	tn_file_free(file);
}

/* Not asked about again for a while, but only where all of it was there. */
static void
test_stays_warm(void **state)
{
	struct tn_file *file;

	tree_file("root/warm", "0123456789");
	file = open_counted("warm", -EAGAIN);
	assert_int_equal(tn_file_prepare(file, 0, 9), 0);
	assert_int_equal(tn_file_prepare(file, 1, 9), 0);
	assert_int_equal(preads.later, 2);
	assert_int_equal(tn_file_prepare(file, 0, 10), 0);
	assert_int_equal(preads.later, 3);
	assert_int_equal(tn_file_prepare(file, 0, 10), 0);
	assert_int_equal(tn_file_prepare(file, 3, 5), 0);
	assert_int_equal(preads.later, 3);
	tn_file_free(file);
}

static const struct window {
	const char *name;
	int64_t offset, size;
	int error, later; /* reads of 64 KiB that prepare makes */
} windows[] = {
	{ "all", 0, 1 << 20, 0, 16 },
	{ "a piece", 4096, 65536, 0, 1 },
	{ "one byte", 77, 1, 0, 1 },
	{ "nothing", 4096, 0, 0, 0 },
	{ "over the end", (1 << 20) - 100, 1000000, 0, 1 },
	{ "without end", 1 << 19, INT64_MAX, 0, 8 },
	{ "at the end", 1 << 20, 100, 0, 0 },
	{ "behind the end", INT64_MAX, INT64_MAX, 0, 0 },
	{ "negative", -1, 10, -EINVAL, 0 },
	{ "negative size", 0, -1, -EINVAL, 0 },
};

static void
test_window(void **state)
{
	const struct window *t = *state;
	struct tn_file *file;

	if (!tree_exists("root/window"))
		make_large("root/window", 1 << 20);
	file = open_counted("window", -EAGAIN);
	assert_int_equal(tn_file_prepare(file, t->offset, t->size), t->error);
	assert_int_equal(preads.later, t->later);
	tn_file_free(file);
}

/* The file changes under our hands. */
static void
test_grows_and_shrinks(void **state)
{
	struct tn_file *file;
	struct tn_file_info info;
	char text[32];

	tree_file("root/changing", "0123456789");
	file = open_counted("changing", 0);
	tree_file("root/changing", "0123456789abcdef");
	assert_int_equal(tn_file_read(file, text, sizeof(text), 0), 16);
	assert_int_equal(tn_file_prepare(file, 0, 16), 0);
	tree_file("root/changing", "01");
	assert_int_equal(tn_file_read(file, text, sizeof(text), 0), 2);
	assert_int_equal(tn_file_read(file, text, sizeof(text), 5), 0);
	assert_int_equal(tn_file_prepare(file, 0, 10), 0);
	preads.answer = -EAGAIN;
	assert_int_equal(tn_file_read(file, text, sizeof(text), 5), 0);
	assert_int_equal(tn_file_prepare(file, 0, 10), 0);
	assert_int_equal(tn_file_prepare(file, 5, 5), 0);
	tn_file_info(file, &info);
	assert_int_equal(info.size, 10); /* as it was */
	tn_file_free(file);
}

static void
test_info(void **state)
{
	struct tn_file *file;
	struct tn_file_info info, again;
	struct stat st;

	tree_file("root/info", "text");
	assert_int_equal(fchmodat(tree_fd, "root/info", 0640, 0), 0);
	file = open_counted("info", 0);
	tn_file_info(file, &info);
	assert_int_equal(fstat(tn_file_fileno(file), &st), 0);
	assert_int_equal(info.kind, TN_FILE_REGULAR);
	assert_int_equal(info.size, 4);
	assert_int_equal(info.mode, 0640);
	assert_int_equal(info.inode, st.st_ino);
	assert_int_equal(info.device, st.st_dev);
	assert_int_equal(info.modified_ns,
	    st.st_mtim.tv_sec * TN_SECOND + st.st_mtim.tv_nsec);
	assert_int_equal(info.changed_ns,
	    st.st_ctim.tv_sec * TN_SECOND + st.st_ctim.tv_nsec);
	assert_int_equal(tn_dir_stat(tree_root, TN_SLICE("info"), &again), 0);
	assert_int_equal(again.inode, info.inode);
	assert_int_equal(again.changed_ns, info.changed_ns);
	assert_true(fcntl(tn_file_fileno(file), F_GETFD) & FD_CLOEXEC);
	tn_file_free(file);
}

/* Nanoseconds since 1970 end in the year 2262. */
static void
test_far_future(void **state)
{
	const struct timespec year_2400[2] = { { 13569465600, 0 },
		{ 13569465600, 0 } };
	struct tn_file_info info;

	tree_use(&tn__os_linux);
	tree_file("root/future", "text");
	assert_int_equal(utimensat(tree_fd, "root/future", year_2400, 0), 0);
	assert_int_equal(tn_dir_stat(tree_root, TN_SLICE("future"), &info), 0);
	assert_true(info.modified_ns == INT64_MAX);
}

/* In a fiber what may wait is a worker's. */
static int
read_in_fiber(void *arg)
{
	struct tn_file *file = arg;
	char text[8];

	preads.answer = -EAGAIN;
	assert_int_equal(tn_file_read(file, text, sizeof(text), 0), 4);
	assert_int_not_equal(preads.tid, gettid());
	preads.tid = 0;
	assert_int_equal(tn_file_prepare(file, 0, 4), 0);
	assert_int_not_equal(preads.tid, 0);
	assert_int_not_equal(preads.tid, gettid());
	return 7;
}

static void
test_fiber(void **state)
{
	struct tn_file *file;

	tree_file("root/fiber", "text");
	file = open_counted("fiber", 0);
	assert_int_equal(tn_run(read_in_fiber, file, NULL), 7);
	tn_file_free(file);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_blind),
		cmocka_unit_test(test_cached),
		cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_stays_warm),
		cmocka_unit_test(test_grows_and_shrinks),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_far_future),
		cmocka_unit_test(test_fiber),
	};
	void *state = NULL;
	int failed;

	if (tree_setup(&state) != 0)
		return 1;
	failed = CHECK_ROWS(windows, test_window) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (tree_teardown(&state) != 0);
}
