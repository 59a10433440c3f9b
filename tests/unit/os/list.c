#include "tree.h"

#include <sys/socket.h>

#define MANY 2000

static struct tn_dir_list
list(const char *path, size_t max)
{
	struct tn_dir_list all = { 0 };

	assert_int_equal(tn_dir_list(tree_root, tn_slice_str(path), max, &all),
	    0);
	for (size_t i = 1; i < all.count; i++)
		assert_true(strcmp(all.entries[i - 1].name,
				all.entries[i].name) < 0);
	return all;
}

/* What is shown of each, and what is not. */
static const struct row {
	const char *name; /* in root/kinds */
	enum tn_file_kind kind;
	bool link;
	int64_t size; /* of a regular file */
} rows[] = {
	{ "\x01", TN_FILE_REGULAR, false, 4 },
	{ ".hidden", TN_FILE_REGULAR, false, 5 },
	{ "a file", TN_FILE_REGULAR, false, 3 },
	{ "dir", TN_FILE_DIRECTORY, false, 0 },
	{ "fifo", TN_FILE_OTHER, false, 0 },
	{ "to-dir", TN_FILE_DIRECTORY, true, 0 },
	{ "to-file", TN_FILE_REGULAR, true, 3 },
	{ "up-and-back", TN_FILE_REGULAR, true, 3 },
	{ "\xc3\xa4", TN_FILE_REGULAR, false, 6 },
	{ "\xff\xfe\n", TN_FILE_REGULAR, false, 5 },
};

static void
make_kinds(void)
{
	tree_dir("root/kinds");
	tree_file("root/kinds/a file", "abc");
	tree_file("root/kinds/.hidden", "12345");
	tree_file("root/kinds/\x01", "1234");
	tree_file("root/kinds/\xff\xfe\n", "12345");
	tree_file("root/kinds/\xc3\xa4", "123456");
	tree_dir("root/kinds/dir");
	assert_int_equal(mkfifoat(tree_fd, "root/kinds/fifo", 0666), 0);
	tree_link("root/kinds/to-file", "a file");
	tree_link("root/kinds/to-dir", "dir");
	tree_link("root/kinds/up-and-back", "../kinds/a file");
	tree_link("root/kinds/out", "../../outside/secret");
	tree_link("root/kinds/absolute", "/etc/passwd");
	tree_link("root/kinds/dangling", "nothing");
	tree_link("root/kinds/loop", "loop");
}

static void
test_kinds(void **state)
{
	make_kinds();
	for (size_t table = 0; table < TN_COUNT(tree_tables); table++) {
		struct tn_dir_list all;
		int before;

		tree_use(tree_tables[table]);
		before = tree_descriptors();
		all = list("kinds/", SIZE_MAX);
		assert_int_equal(all.count, TN_COUNT(rows));
		assert_false(all.truncated);
		for (size_t i = 0; i < all.count; i++) {
			const struct tn_dir_entry *e = &all.entries[i];

			assert_string_equal(e->name, rows[i].name);
			assert_int_equal(e->info.kind, rows[i].kind);
			assert_int_equal(e->link, rows[i].link);
			if (rows[i].kind == TN_FILE_REGULAR)
				assert_int_equal(e->info.size, rows[i].size);
			assert_true(e->info.modified_ns > 0);
			assert_true(e->info.inode != 0);
		}
		tn_dir_list_free(&all);
		assert_null(all.entries);
		assert_int_equal(tree_descriptors(), before);
	}
}

static void
test_many(void **state)
{
	static const struct {
		size_t max, count;
		bool truncated;
	} cuts[] = {
		{ 0, 0, true },
		{ 1, 1, true },
		{ 10, 10, true }, /* cut while names are read */
		{ MANY - 1, MANY - 1, true },
		{ MANY, MANY, false },
		{ MANY + 1, MANY, false },
		{ SIZE_MAX, MANY, false },
	};
	char path[32];

	tree_dir("root/many");
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(path, sizeof(path), "root/many/%04d",
		    i * 7919 % MANY);
		tree_file(path, "x");
	}
	for (size_t c = 0; c < TN_COUNT(cuts); c++) {
		struct tn_dir_list all = list("many", cuts[c].max);

		assert_int_equal(all.count, cuts[c].count);
		assert_int_equal(all.truncated, cuts[c].truncated);
		for (size_t i = 0; i < all.count; i++) {
			(void)snprintf(path, sizeof(path), "%04d", (int)i);
			assert_string_equal(all.entries[i].name, path);
		}
		tn_dir_list_free(&all);
	}
}

static void
test_empty(void **state)
{
	struct tn_dir_list all;

	tree_dir("root/empty");
	all = list("empty", 0);
	assert_int_equal(all.count, 0);
	assert_false(all.truncated);
	tn_dir_list_free(&all);
	tn_dir_list_free(&all);
	tn_dir_list_free(NULL);
}

/* "" and "." are the root, and so is what comes back to it. */
static void
test_root(void **state)
{
	static const char *const paths[] = { "", ".", "./", "sub/..",
		"sub/up" };

	tree_dir("root/sub");
	tree_link("root/sub/up", "..");
	for (size_t i = 0; i < TN_COUNT(paths); i++) {
		struct tn_dir_list all = list(paths[i], 100);
		bool found = false;

		for (size_t k = 0; k < all.count; k++)
			found |= strcmp(all.entries[k].name, "sub") == 0;
		assert_true(found);
		tn_dir_list_free(&all);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *path;
		int error;
	} refused[] = {
		{ "nothing", -ENOENT },
		{ "a", -ENOTDIR },
		{ "..", TN_EESCAPE },
		{ "/etc", TN_EESCAPE },
		{ "out", TN_EESCAPE },
	};

	tree_file("root/a", "text");
	tree_link("root/out", "../outside");
	for (size_t i = 0; i < TN_COUNT(refused); i++) {
		struct tn_dir_list all = { .count = 77 };

		assert_int_equal(tn_dir_list(tree_root,
				     tn_slice_str(refused[i].path), 10, &all),
		    refused[i].error);
		assert_int_equal(tn_error_code(), refused[i].error);
		assert_int_equal(all.count, 77);
	}
}

/* A directory that changes while it is read shows names twice, or names that
 * are gone. */
static ssize_t
restless_read_names(int dir, char *out, size_t size)
{
	static const char names[] = ".\0b\0a\0gone\0..\0a\0b\0b";
	static bool done;

	done = !done;
	if (!done)
		return 0;
	memcpy(out, names, sizeof(names));
	return sizeof(names);
}

static void
test_restless(void **state)
{
	struct tn__os_ops os = tn__os_linux;
	struct tn_dir_list all;

	tree_dir("root/restless");
	tree_file("root/restless/a", "");
	tree_file("root/restless/b", "");
	os.read_names = restless_read_names;
	tree_use(&os);
	all = list("restless", 10);
	assert_int_equal(all.count, 2);
	assert_false(all.truncated);
	tn_dir_list_free(&all);
	all = list("restless", 1);
	assert_int_equal(all.count, 1);
	assert_string_equal(all.entries[0].name, "a");
	assert_true(all.truncated);
	tn_dir_list_free(&all);
	tree_use(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_restless),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
