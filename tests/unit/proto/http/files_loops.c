/* One cache of files for several loops, while the files are being replaced:
 * whatever is got is one version, whole. */
#include "unit/base/check.h"

#include <stdatomic.h>
#include <tenon/buffer.h>
#include <tenon/http_files.h>
#include <tenon/run.h>
#include <unistd.h>

#define LOOPS 4
#define CLIENTS 8
#define REQUESTS 150
#define NAMES 5
#define SIZE_MAX_KEPT 1000 /* larger ones are read from the file */

static struct tn_dir *folder;
static struct tn_http_files *files;
static struct tn_http_server *server;
static atomic_int busy;    /* clients */
static atomic_int versions; /* that were got */

/* ---- versions ----------------------------------------------------------- */

/* Version n of a file is so many times one letter. */
static void
version_write(int name, int n)
{
	static char text[4 * SIZE_MAX_KEPT];
	size_t size = (size_t)(1 + n * 97 % (2 * SIZE_MAX_KEPT));
	struct tn_replace *r;
	char path[16];

	snprintf(path, sizeof(path), "%d", name);
	memset(text, 'a' + n % 26, sizeof(text));
	CHECK_INT(tn_replace_open(folder, tn_slice_str(path), 0644, &r), 0);
	CHECK_INT(tn_replace_write(r, tn_slice(text, size)), 0);
	CHECK_INT(tn_replace_commit(r, false), 0);
}

static void
version_check(struct tn_slice reply)
{
	ssize_t end = tn_slice_search(reply, TN_SLICE("\r\n\r\n"));
	struct tn_slice body = tn_slice_skip(reply, (size_t)end + 4);
	char length[40];

	CHECK(tn_slice_starts(reply, TN_SLICE("HTTP/1.1 200 ")) && end > 0);
	snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n",
	    body.len);
	CHECK(tn_slice_search(reply, tn_slice_str(length)) > 0);
	for (size_t i = 0; i < body.len; i++)
		CHECK_INT(body.data[i], body.data[0]);
	atomic_fetch_add(&versions, 1);
}

/* ---- who is there ------------------------------------------------------- */

static int
writer(void *arg)
{
	for (int n = 0; atomic_load(&busy) > 0; n++) {
		version_write(n % NAMES, n);
		CHECK_INT(tn_sleep(TN_MILLISECOND / 4), 0);
	}
	return 0;
}

static void
ask(int name)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_stream *ends[2];
	struct tn_slice shown;

	CHECK_INT(tn_buffer_printf(&text, "GET /%d HTTP/1.1\r\nHost: h\r\n"
	    "Connection: close\r\n\r\n", name), 0);
	CHECK_INT(tn_stream_pair(0, ends), 0);
	CHECK_INT(tn_stream_write(ends[0], tn_buffer_slice(&text)), 0);
	CHECK_INT(tn_stream_flush(ends[0]), 0);
	CHECK_INT(tn_http_serve_stream(server, ends[1], NULL), 0);
	CHECK(tn_stream_fill(ends[0], 100000, &shown) > 0);
	version_check(shown);
	tn_stream_free(ends[0]);
}

static int
client(void *arg)
{
	for (int i = 0; i < REQUESTS; i++) {
		ask(i % NAMES);
		CHECK_INT(tn_yield(), 0);
	}
	atomic_fetch_sub(&busy, 1);
	return 0;
}

static int
run(void *arg)
{
	struct tn_http_server_options options = {
		.handler = tn_http_files_handle,
		.arg = files,
	};
	struct tn_group *group;

	CHECK_INT(tn_http_server_open(&options, &server), 0);
	atomic_store(&busy, CLIENTS);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go_on(group, 0, writer, NULL), 0);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_INT(tn_go_on(group, i % LOOPS, client, NULL), 0);
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
	tn_http_server_free(server);
	return 0;
}

/* ------------------------------------------------------------------------ */

static void
test_loops(void **state)
{
	const struct tn_run_options loops = { .loops = LOOPS };
	static const struct tn_http_files_options settings[] = {
		{ .cache_ms = 1, .cache_file_max = SIZE_MAX_KEPT },
		{ .cache_ms = 1, .cache_file_max = -1 },
		{ .cache_ms = 1, .cache_files_max = 2 },
	};
	const char *build = getenv("TENON_BUILD");
	char path[4096], name[4120];

	snprintf(path, sizeof(path), "%s/tenon-files-XXXXXX",
	    build == NULL ? "/tmp" : build);
	CHECK(mkdtemp(path) != NULL);
	CHECK_INT(tn_dir_open(path, &folder), 0);
	for (int i = 0; i < NAMES; i++)
		version_write(i, i);
	for (size_t i = 0; i < TN_COUNT(settings); i++) {
		struct tn_http_files_options options = settings[i];

		options.dir = folder;
		CHECK_INT(tn_http_files_open(&options, &files), 0);
		CHECK_INT(tn_run(run, NULL, &loops), 0);
		tn_http_files_free(files);
	}
	CHECK_INT(atomic_load(&versions),
	    TN_COUNT(settings) * CLIENTS * REQUESTS);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "%s/%d", path, i);
		CHECK_INT(unlink(name), 0);
	}
	CHECK_INT(rmdir(path), 0);
	tn_dir_free(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
