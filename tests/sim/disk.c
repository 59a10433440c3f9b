/* What a simulated disk keeps, and what it loses with the power: of what was
 * not synced a part, by seed. */
#include <fcntl.h>
#include <string.h>
#include <tenon/file.h>
#include <tenon/socket.h>
#include "os/host.h"
#include "sim/check.h"

static char bytes[200000];

/* ---- space ------------------------------------------------------------- */

static int
replace(struct tn_dir *dir, const char *name, size_t size)
{
	TN_CLEANUP(tn_replace_freep) struct tn_replace *file = NULL;
	int r = tn_replace_open(dir, tn_slice_str(name), 0600, &file);

	if (r == 0)
		r = tn_replace_write(file, tn_slice(bytes, size));
	return r < 0 ? r : tn_replace_commit(TN_TAKE(file), false);
}

static int
main_space(void *arg)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_append_freep) struct tn_append *log = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };

	CHECK(tn_dir_open("/tmp", &dir) == 0);
	for (int i = 0; i < 20; i++) /* what is replaced gives it back */
		CHECK(replace(dir, "a", 40000) == 0);
	CHECK(replace(dir, "a", 70000) == -ENOSPC);
	CHECK(replace(dir, "b", 60000) == 0);
	CHECK(replace(dir, "c", 1) == -ENOSPC);
	CHECK(replace(dir, "b", 0) == 0);

	/* As much as there is space for. */
	CHECK(tn_append_open(dir, TN_SLICE("log"), 0600, &log) == 0);
	CHECK(tn_append_write(log, tn_slice(bytes, 50000)) == 0);
	CHECK(tn_append_write(log, tn_slice(bytes, 50000)) == -ENOSPC);
	CHECK(tn_sim_file_read("here", "/tmp/log", &text) == 0);
	CHECK(text.len == 60000);
	return 0;
}

static void
test_space(void **state)
{
	const struct tn_sim_options small = { .disk_bytes = 100000 };

	check_seeds(10, &small, main_space);
}

/* ---- crashes ----------------------------------------------------------- */

#define OLD 2000
#define NEW 5000

/* What the host does before it loses its power; *arg says what it came to. */
struct promise {
	bool synced, failed;
};

/* Writes on behind what was there, and syncs, or not. */
static int
main_writer(void *arg)
{
	struct promise *promise = arg;
	const struct tn__os_ops *os = tn__os();
	int root = os->open_root("/data"), fd;

	CHECK(root >= 0);
	fd = os->open_beneath(root, "file", O_WRONLY, 0);
	CHECK(fd >= 0);
	if (os->pwrite(fd, bytes, NEW, OLD) == NEW && tn_sim_random(2)) {
		promise->failed = os->sync(fd) < 0;
		promise->synced = os->sync(fd) == 0 && !promise->failed;
	}
	tn_sleep(TN_SECOND);
	os->close(fd);
	os->close(root);
	return 0;
}

static int lost, torn, whole, forgotten;

static int
main_tear(void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct promise promise = { 0 };
	bool right;

	CHECK(tn_sim_host("disk.test", "192.0.2.8", main_writer, &promise) ==
	    0);
	CHECK(tn_sim_file_write("disk.test", "/data/file",
	    tn_slice(bytes, OLD)) == 0);
	tn_sleep(TN_MILLISECOND);
	CHECK(tn_sim_crash("disk.test", TN_SECOND) == 0);
	CHECK(tn_sim_file_read("disk.test", "/data/file", &text) == 0);

	/* What was there before is there, what was synced too. */
	CHECK(text.len >= OLD && text.len <= OLD + NEW);
	CHECK(memcmp(text.data, bytes, OLD) == 0);
	right = memcmp(text.data + OLD, bytes, text.len - OLD) == 0;
	CHECK(!promise.synced || (right && text.len == OLD + NEW));
	lost += text.len == OLD;
	whole += right && text.len == OLD + NEW;
	torn += !right || (text.len > OLD && text.len < OLD + NEW);
	forgotten += promise.failed && !right;
	return 0;
}

/* A name given without a sync of the directory: there, or not, never twice. */
static int
main_namer(void *arg)
{
	const struct tn__os_ops *os = tn__os();
	int root = os->open_root("/data");

	CHECK(root >= 0);
	CHECK(os->rename(root, "file", "new", false) == 0);
	tn_sleep(TN_SECOND);
	os->close(root);
	return 0;
}

static int old_name, new_name;

static int
main_rename(void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	bool before, after;

	CHECK(tn_sim_host("disk.test", "192.0.2.8", main_namer, NULL) == 0);
	CHECK(tn_sim_file_write("disk.test", "/data/file",
	    tn_slice(bytes, OLD)) == 0);
	tn_sleep(TN_MILLISECOND);
	CHECK(tn_sim_crash("disk.test", 3600 * TN_SECOND) == 0);
	before = tn_sim_file_read("disk.test", "/data/file", &text) == 0;
	after = tn_sim_file_read("disk.test", "/data/new", &text) == 0;
	CHECK(before != after && text.len == OLD);
	old_name += before;
	new_name += after;
	return 0;
}

static void
test_crash(void **state)
{
	const struct tn_sim_options faults = { .rates = { [TN_SIM_DISK_ERROR] =
							      200000 } };

	check_seeds(200, &faults, main_tear);
	check_seeds(100, NULL, main_rename);
	if (getenv("TENON_SIM_SEED") != NULL)
		return;
	assert_true(lost > 10 && torn > 10 && whole > 10 && forgotten > 5);
	assert_true(old_name > 10 && new_name > 10);
}

/* ---- files of sockets -------------------------------------------------- */

static int
main_sockets(void *arg)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	TN_CLEANUP(tn_dir_list_free) struct tn_dir_list list = { 0 };
	TN_CLEANUP(tn_dir_list_free) struct tn_dir_list later = { 0 };
	struct tn_file *file;
	struct tn_socket *none;

	CHECK(tn_listen("unix:/nowhere/s", NULL, &none) == -ENOENT);
	CHECK(tn_sim_file_write("here", "/run/a", TN_SLICE("hello")) == 0);
	CHECK(tn_listen("unix:/run/a", NULL, &none) < 0);
	CHECK(tn_listen("unix:/run/s", NULL, &s) == 0);
	CHECK(tn_listen("unix:/run/s", NULL, &none) == -EADDRINUSE);
	CHECK(tn_dir_open("/run", &dir) == 0);
	CHECK(tn_dir_list(dir, TN_SLICE(""), 10, &list) == 0);
	CHECK(list.count == 2 && strcmp(list.entries[1].name, "s") == 0);
	CHECK(list.entries[1].info.kind == TN_FILE_OTHER);
	CHECK(tn_dir_open_file(dir, TN_SLICE("s"), &file) == -EACCES);
	tn_socket_free(TN_TAKE(s));
	CHECK(tn_dir_list(dir, TN_SLICE(""), 10, &later) == 0);
	CHECK(later.count == 1);
	return 0;
}

static void
test_sockets(void **state)
{
	check_seeds(10, NULL, main_sockets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_space),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_sockets),
	};

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 23);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
