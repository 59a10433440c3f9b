/* Hosts that crash and come back, ways that are cut and mended, and files that
 * keep what was synced. */
#include <tenon/dial.h>
#include <tenon/file.h>
#include "sim/check.h"
#include "sim/echo.h"

/* ---- partitions -------------------------------------------------------- */

static int
say(struct tn_stream *s)
{
	char heard[5];
	int r = tn_stream_write(s, TN_SLICE("hello"));

	return r < 0 ? r : tn_stream_read_exact(s, heard, 5);
}

static int
main_partition(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_stream *none;
	tn_time before;

	CHECK(tn_sim_host("server.test", "192.0.2.7", echo_main, NULL) == 0);
	tn_sleep(TN_MILLISECOND);
	CHECK(tn_dial("server.test:7", NULL, &s) == 0);
	CHECK(say(s) == 0);

	/* Cut for a minute: late, but all of it. */
	before = tn_now();
	CHECK(tn_sim_partition("here", "server.test", true) == 0);
	CHECK(tn_stream_write(s, TN_SLICE("late!")) == 0);
	tn_sleep(60 * TN_SECOND);
	CHECK(tn_dial("server.test:7", NULL, &none) == -ETIMEDOUT);
	CHECK(tn_sim_partition("here", "server.test", false) == 0);
	CHECK(tn_stream_read_exact(s, (char[5]){ 0 }, 5) == 0);
	CHECK(tn_now() - before < 300 * TN_SECOND);
	CHECK(say(s) == 0);

	/* For ever: given up. */
	CHECK(tn_sim_partition("server.test", "here", true) == 0);
	before = tn_now();
	CHECK(say(s) == -ETIMEDOUT);
	CHECK(tn_now() - before > 600 * TN_SECOND);
	return 0;
}

static void
test_partition(void **state)
{
	check_seeds(10, NULL, main_partition);
}

/* ---- crashes ----------------------------------------------------------- */

static int
main_crash(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL, *again = NULL;

	CHECK(tn_sim_host("server.test", "192.0.2.7", echo_main, NULL) == 0);
	tn_sleep(TN_MILLISECOND);
	CHECK(tn_dial("server.test:7", NULL, &s) == 0);
	CHECK(say(s) == 0);
	CHECK(tn_sim_crash("server.test", 5 * TN_SECOND) == 0);
	CHECK(tn_sim_crash("here", 0) == -EINVAL);
	tn_sleep(10 * TN_SECOND);
	CHECK(say(s) == -ECONNRESET); /* it does not remember us */
	CHECK(tn_dial("server.test:7", NULL, &again) == 0);
	CHECK(say(again) == 0);
	return 0;
}

/* Keeps a counter, one file replaced after the other, and says when it is
 * safe. */
static int counted;

static int
main_counter(void *arg)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;

	CHECK(tn_dir_open("/data", &dir) == 0);
	for (int n = 1;; n++) {
		TN_CLEANUP(tn_replace_freep) struct tn_replace *r = NULL;
		char text[20];

		(void)snprintf(text, sizeof(text), "%d", n);
		if (tn_replace_open(dir, TN_SLICE("count"), 0644, &r) < 0 ||
		    tn_replace_write(r, tn_slice_str(text)) < 0)
			return 0;
		if (tn_replace_commit(TN_TAKE(r), false) < 0)
			return 0;
		counted = n;
	}
}

static int
main_files(void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	int safe, found;

	counted = 0;
	CHECK(tn_sim_host("disk.test", "192.0.2.8", main_counter, NULL) == 0);
	CHECK(tn_sim_file_write("disk.test", "/data/count", TN_SLICE("0")) ==
	    0);
	tn_sleep((tn_time)tn_sim_random(200 * (uint64_t)TN_MILLISECOND));
	safe = counted;
	CHECK(tn_sim_crash("disk.test", TN_SECOND) == 0);
	CHECK(tn_sim_file_read("disk.test", "/data/count", &text) == 0);
	found = atoi(text.data);
	CHECK(found == safe || found == safe + 1);
	tn_sleep(2 * TN_SECOND);
	return 0;
}

static void
test_crash(void **state)
{
	check_seeds(10, NULL, main_crash);
	check_seeds(100, NULL, main_files);
}

/* ---- files ------------------------------------------------------------- */

static int
main_tree(void *arg)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	TN_CLEANUP(tn_append_freep) struct tn_append *append = NULL;
	TN_CLEANUP(tn_dir_list_free) struct tn_dir_list list = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_file_info info;
	char bytes[10];

	CHECK(tn_sim_file_write("here", "/srv/a/b.txt", TN_SLICE("hello")) ==
	    0);
	CHECK(tn_dir_open("/nowhere", &dir) == -ENOENT);
	CHECK(tn_dir_open("/srv", &dir) == 0);
	CHECK(tn_dir_stat(dir, TN_SLICE("a/b.txt"), &info) == 0);
	CHECK(info.size == 5 && info.kind == TN_FILE_REGULAR);
	CHECK(tn_dir_stat(dir, TN_SLICE("a/../.."), &info) == TN_EESCAPE);
	CHECK(tn_dir_open_file(dir, TN_SLICE("a"), &file) == -EISDIR);
	CHECK(tn_dir_open_file(dir, TN_SLICE("a/b.txt"), &file) == 0);
	CHECK(tn_file_read(file, bytes, 10, 1) == 4);
	CHECK(memcmp(bytes, "ello", 4) == 0);
	CHECK(tn_append_open(dir, TN_SLICE("log"), 0600, &append) == 0);
	CHECK(tn_append_write(append, TN_SLICE("one ")) == 0);
	CHECK(tn_append_write(append, TN_SLICE("two")) == 0);
	CHECK(tn_sim_file_read("here", "/srv/log", &text) == 0);
	CHECK(tn_slice_equal(tn_buffer_slice(&text), TN_SLICE("one two")));
	CHECK(tn_dir_list(dir, TN_SLICE(""), 10, &list) == 0);
	CHECK(list.count == 2 && strcmp(list.entries[0].name, "a") == 0);
	CHECK(strcmp(list.entries[1].name, "log") == 0);
	return 0;
}

static void
test_files(void **state)
{
	check_seeds(10, NULL, main_tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partition),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
