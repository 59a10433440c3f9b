/* What a cache of files may not do: serve what is gone, keep what it has no
 * room for, work on a hit.  In a simulated machine, whose clock shows how long
 * a change went unseen. */
#include "serve.h"

#include <dirent.h>
#include <sys/resource.h>
#include <tenon/file.h>
#include <tenon/http_files.h>
#include <tenon/run.h>
#include <tenon/sim.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/host.h"
#include "proto/http/files.h"
#include "rt/rt.h"

#define CACHE_MS 200

static struct tn_dir *folder;
static struct tn_http_files *files;
static struct serve serve;

/* ---- the world ---------------------------------------------------------- */

static void
put(const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/srv/%s", name);
	CHECK_INT(tn_sim_file_write("here", path, tn_slice_str(text)), 0);
}

static void
put_anew(const char *name, const char *text)
{
	struct tn_replace *r;

	CHECK_INT(tn_replace_open(folder, tn_slice_str(name), 0644, &r), 0);
	CHECK_INT(tn_replace_write(r, tn_slice_str(text)), 0);
	CHECK_INT(tn_replace_commit(r, false), 0);
}

static void
take_away(const char *name, const char *text)
{
	const struct tn__os_ops *os = tn__os();
	int root = os->open_root("/srv");

	CHECK(root >= 0);
	CHECK_INT(os->unlink(root, name), 0);
	CHECK_INT(os->close(root), 0);
}

/* Of the same size and as old; renaming changes no time here. */
static void
put_twin(const char *name, const char *text)
{
	const struct tn__os_ops *os = tn__os();
	int root = os->open_root("/srv");

	CHECK(root >= 0);
	CHECK_INT(os->rename(root, "twin", name, false), 0);
	CHECK_INT(os->close(root), 0);
}

static void
wait_ms(int64_t ms)
{
	CHECK_INT(tn_sleep(ms * TN_MILLISECOND), 0);
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	return tn_http_files_handle(x, files);
}

static void
open_files(struct tn_http_files_options options)
{
	struct tn_http_server_options server = { .handler = handle };

	CHECK_INT(tn_dir_open("/srv", &folder), 0);
	options.dir = folder;
	CHECK_INT(tn_http_files_open(&options, &files), 0);
	serve_open(&serve, &server);
}

static void
close_files(void)
{
	serve_close(&serve);
	tn_http_files_free(TN_TAKE(files));
	tn_dir_free(TN_TAKE(folder));
}

/* The body, or the status when it is not 200; good until the next call. */
static const char *
get(const char *path, const char *fields)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	const char *body;

	CHECK_INT(tn_buffer_printf(&text, "GET /%s HTTP/1.1\r\nHost: h\r\n"
	    "%sConnection: close\r\n\r\n", path, fields), 0);
	CHECK_INT(serve_bytes(&serve, tn_buffer_slice(&text), SIZE_MAX), 0);
	body = strstr(serve.out.data, "\r\n\r\n");
	CHECK(body != NULL);
	if (strncmp(serve.out.data, "HTTP/1.1 200 ", 13) == 0)
		return body + 4;
	serve.out.data[12] = '\0';
	return serve.out.data + 9;
}

static bool
has(const char *text)
{
	return strstr(serve.out.data, text) != NULL;
}

static void
simulate(int (*run)(void *arg), void *arg)
{
	struct tn_sim_result result;

	CHECK_INT(tn_sim_run(1, NULL, run, arg, &result), 0);
	CHECK_INT(result.left_open, 0);
}

/* ---- changes are seen --------------------------------------------------- */

static const struct row {
	const char *name, *path, *fields;
	/* A file that is there before, with this text; what is got then; what
	 * is done to which file; and what is got in the end. */
	const char *file, *text, *before;
	void (*change)(const char *name, const char *text);
	const char *changed, *to, *after;
} rows[] = {
	{ "replaced", "a.txt", "", "a.txt", "old", "old", put_anew, "a.txt",
	    "new", "new" },
	{ "changed in place", "a.txt", "", "a.txt", "old", "old", put, "a.txt",
	    "new", "new" },
	{ "made longer in place", "a.txt", "", "a.txt", "old", "old", put,
	    "a.txt", "longer", "longer" },
	{ "replaced by one that looks the same", "a.txt", "", "a.txt", "old",
	    "old", put_twin, "a.txt", NULL, "twi" },
	{ "removed", "a.txt", "", "a.txt", "old", "old", take_away, "a.txt",
	    NULL, "404" },
	{ "made", "b.txt", "", "a.txt", "", "404", put, "b.txt", "new",
	    "new" },
	{ "in a folder that was not there", "d/b.txt", "", "a.txt", "", "404",
	    put, "d/b.txt", "new", "new" },
	{ "an index appears", "d/", "", "d/a.txt", "", "403", put,
	    "d/index.html", "new", "new" },
	{ "an index changes", "d/", "", "d/index.html", "old", "old", put,
	    "d/index.html", "new", "new" },
	{ "an index goes", "", "", "index.html", "old", "old", take_away,
	    "index.html", NULL, "403" },
	{ "a file becomes a folder", "a", "", "b", "", "404", put, "a/b", "",
	    "301" },
	{ "a sibling appears", "a.txt", "Accept-Encoding: gzip\r\n", "a.txt",
	    "old", "old", put, "a.txt.gz", "new", "new" },
	{ "a sibling is all there was", "a.txt", "Accept-Encoding: gzip\r\n",
	    "a.txt.gz", "old", "404", put, "a.txt", "new", "new" },
};

/* How long after the change it was seen, in milliseconds. */
static int64_t
row_seen(const struct row *row)
{
	tn_time start = tn_now();

	while (strcmp(get(row->path, row->fields), row->after) != 0) {
		CHECK_TEXT(get(row->path, row->fields), row->before);
		wait_ms(10);
	}
	return (tn_now() - start) / TN_MILLISECOND;
}

static int
row_run(void *arg)
{
	const struct row *row = arg;
	int64_t seen;

	put(row->file, row->text);
	put("twin", "twi");
	open_files((struct tn_http_files_options){ .cache_ms = CACHE_MS });
	wait_ms(10000);
	CHECK_TEXT(get(row->path, row->fields), row->before);
	wait_ms(CACHE_MS + 50); /* it is looked at again, and the same */
	CHECK_TEXT(get(row->path, row->fields), row->before);
	wait_ms(50);
	row->change(row->changed, row->to);
	seen = row_seen(row);
	CHECK(seen > CACHE_MS - 100 && seen <= CACHE_MS);
	/* And at once when nothing is believed. */
	close_files();
	return 0;
}

static void
test_row(void **state)
{
	simulate(row_run, *state);
}

static int
at_once_run(void *arg)
{
	put("a.txt", "one");
	open_files((struct tn_http_files_options){ .cache_ms = -1 });
	CHECK_TEXT(get("a.txt", ""), "one");
	put("a.txt", "two");
	CHECK_TEXT(get("a.txt", ""), "two");
	close_files();
	return 0;
}

static void
test_at_once(void **state)
{
	simulate(at_once_run, NULL);
}

/* A sibling that a change of the file left behind. */
static int
stale_run(void *arg)
{
	put("a.txt", "one");
	put("a.txt.gz", "ONE");
	open_files((struct tn_http_files_options){ .cache_ms = CACHE_MS });
	wait_ms(10000);
	CHECK_TEXT(get("a.txt", "Accept-Encoding: gzip\r\n"), "ONE");
	put("a.txt", "two");
	wait_ms(CACHE_MS + 1);
	CHECK_TEXT(get("a.txt", "Accept-Encoding: gzip\r\n"), "two");
	put("a.txt.gz", "TWO");
	wait_ms(CACHE_MS + 1);
	CHECK_TEXT(get("a.txt", "Accept-Encoding: gzip\r\n"), "TWO");
	take_away("a.txt.gz", NULL);
	wait_ms(CACHE_MS + 1);
	CHECK_TEXT(get("a.txt", "Accept-Encoding: gzip\r\n"), "two");
	close_files();
	return 0;
}

static void
test_stale(void **state)
{
	simulate(stale_run, NULL);
}

/* ---- what the clock does not tell --------------------------------------- */

/* Within one tick of the file system's clock neither size nor times change. */
static int
tick_run(void *arg)
{
	put("a.txt", "one");
	open_files((struct tn_http_files_options){ .cache_ms = CACHE_MS });
	CHECK_TEXT(get("a.txt", ""), "one");
	CHECK(has("\r\nETag: W/\"")); /* RFC 9110 section 8.8.1 */
	put("a.txt", "two");
	wait_ms(CACHE_MS + 1);
	CHECK_TEXT(get("a.txt", ""), "two");
	CHECK(has("\r\nETag: W/\""));
	wait_ms(2000);
	CHECK_TEXT(get("a.txt", ""), "two");
	CHECK(has("\r\nETag: \""));
	close_files();
	return 0;
}

static void
test_tick(void **state)
{
	simulate(tick_run, NULL);
}

/* ---- limits ------------------------------------------------------------- */

/* In any shard. */
static bool
is_there(const char *name)
{
	for (size_t i = 0; i < files->shard_count; i++)
		TN__LIST_FOR(at, &files->shards[i].ages)
			if (strcmp(TN__CONTAINER(at,
				       struct tn__http_files_entry, age)
				       ->path,
				name) == 0)
				return true;
	return false;
}

/* Whether it comes from the cache: then a change goes unseen. */
static bool
is_kept(const char *name)
{
	bool kept;

	put(name, "x");
	kept = strcmp(get(name, ""), "x") != 0;
	put(name, "name");
	return kept;
}

static int
limits_run(void *arg)
{
	char name[16];

	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(name, "name");
	}
	open_files((struct tn_http_files_options){ .cache_files_max = 4 });
	(void)get("0", "");
	for (int round = 0; round < 10; round++) {
		(void)get("0", ""); /* is used ... */
		snprintf(name, sizeof(name), "none%d", round);
		CHECK_TEXT(get(name, ""), "404"); /* ... and these once */
		snprintf(name, sizeof(name), "%d", 1 + round % 7);
		(void)get(name, "");
	}
	CHECK(is_kept("0"));
	CHECK(!is_kept("7"));
	CHECK_INT(files->shards[0].count, 4);
	close_files();
	return 0;
}

static void
test_limits(void **state)
{
	simulate(limits_run, NULL);
}

static int
bytes_run(void *arg)
{
	static char text[10001];

	memset(text, 'x', 10000);
	put("a", text);
	put("b", text);
	put("c", text);
	text[100] = '\0';
	put("d", text);
	open_files((struct tn_http_files_options){
	    .cache_bytes_max = 25000, .cache_file_max = 20000 });
	for (int i = 0; i < 3; i++)
		for (const char *name = "abcd"; *name != '\0'; name++) {
			(void)get((char[]){ *name, '\0' }, "");
			CHECK(files->shards[0].bytes <= 25000);
			CHECK(files->shards[0].count > 0);
		}
	CHECK(is_kept("d"));
	CHECK_INT(files->shards[0].count, 3);
	close_files();

	/* One that has no room at all is served all the same. */
	put("a", "text");
	open_files((struct tn_http_files_options){ .cache_bytes_max = 300 });
	CHECK(!is_kept("a"));
	CHECK_INT(files->shards[0].count, 0);
	CHECK_INT(files->shards[0].bytes, 0);
	close_files();
	return 0;
}

static void
test_bytes(void **state)
{
	simulate(bytes_run, NULL);
}

/* More paths than one shard holds, all found again. */
static int
many_run(void *arg)
{
	size_t count = 0;
	char name[16];

	put("x", "");
	open_files((struct tn_http_files_options){ .cache_files_max = 1024 });
	CHECK_INT(files->shard_count, 16);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 500; i++) {
			snprintf(name, sizeof(name), "none%d", i);
			CHECK_TEXT(get(name, ""), "404");
		}
	for (size_t i = 0; i < files->shard_count; i++) {
		CHECK(files->shards[i].count > 0);
		count += files->shards[i].count;
	}
	CHECK_INT(count, 500);
	close_files();
	return 0;
}

static void
test_many(void **state)
{
	simulate(many_run, NULL);
}

/* ---- what nobody asks for ----------------------------------------------- */

static int
idle_run(void *arg)
{
	put("a", "a");
	put("b", "b");
	put("c", "c");
	open_files((struct tn_http_files_options){
	    .cache_ms = 100, .cache_idle_ms = 1000, .cache_files_max = 10 });
	wait_ms(5000);
	(void)get("a", "");
	(void)get("b", "");
	(void)get("c", "");
	/* While others of its shard are asked for it goes by itself. */
	for (int i = 0; i < 9; i++) {
		wait_ms(100);
		CHECK_TEXT(get("b", ""), "b");
		CHECK_TEXT(get("c", ""), "c");
	}
	CHECK(is_there("a"));
	for (int i = 0; i < 5; i++) {
		wait_ms(101);
		CHECK_TEXT(get("b", ""), "b");
	}
	CHECK(!is_there("a"));
	CHECK(is_there("c"));

	/* And otherwise when it is told. */
	tn_http_files_tidy(files);
	CHECK(is_there("b") && is_there("c"));
	wait_ms(1200);
	CHECK(is_there("b"));
	tn_http_files_tidy(files);
	CHECK(!is_there("b") && !is_there("c"));
	close_files();

	open_files((struct tn_http_files_options){ .cache_idle_ms = -1 });
	(void)get("a", "");
	wait_ms(100000);
	tn_http_files_tidy(files);
	CHECK(is_there("a"));
	close_files();
	return 0;
}

static void
test_idle(void **state)
{
	simulate(idle_run, NULL);
}

/* ---- descriptors -------------------------------------------------------- */

/* Of the source, where there are many. */
static void
each_talk(DIR *dir)
{
	const struct dirent *entry;
	int count = 0;

	while ((entry = readdir(dir)) != NULL && count < 50) {
		if (strstr(entry->d_name, ".talk") == NULL)
			continue;
		CHECK(strncmp(get(entry->d_name, ""), "503", 3) != 0);
		CHECK(has("HTTP/1.1 200"));
		count++;
	}
	CHECK_INT(count, 50);
}

/* The cache gives back what it holds before anybody is told to come again. */
static void
test_descriptors(void **state)
{
	struct tn_http_files_options options = { .cache_file_max = -1 };
	struct tn_http_server_options server = { .handler = handle };
	struct rlimit before, few;
	int lowest = dup(0);
	DIR *dir = opendir(*state);

	CHECK(dir != NULL && lowest >= 0);
	CHECK_INT(close(lowest), 0);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)lowest + 9;
	CHECK_INT(tn_dir_open(*state, &folder), 0);
	options.dir = folder;
	CHECK_INT(tn_http_files_open(&options, &files), 0);
	serve_open(&serve, &server);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	each_talk(dir);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	close_files();
	CHECK_INT(closedir(dir), 0);
	CHECK_INT(dup(0), lowest);
	CHECK_INT(close(lowest), 0);
}

/* ---- a file that becomes shorter ---------------------------------------- */

static int
shorter_run(void *arg)
{
	static char text[200001];
	const char *asked = arg;

	memset(text, 'x', 200000);
	put("a", text);
	open_files((struct tn_http_files_options){ 0 });
	CHECK_INT(strlen(get("a", "")), 200000);
	text[150000] = '\0';
	put("a", text);
	/* What was promised is not padded, and nothing follows it. */
	CHECK_INT(serve_bytes(&serve, tn_slice_str(asked), SIZE_MAX), 0);
	CHECK(serve.out.len > 149000 && serve.out.len < 151000);
	CHECK(!has("404"));
	CHECK_INT(serve.out.data[serve.out.len - 1], 'x');
	CHECK_INT(strncmp(serve.errors.data, "HTTP reply: ", 12), 0);
	close_files();
	return 0;
}

static void
test_shorter(void **state)
{
	simulate(shorter_run, (void *)(uintptr_t)
	    "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	    "GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
	simulate(shorter_run, (void *)(uintptr_t)
	    "GET /a HTTP/1.1\r\nHost: h\r\n"
	    "Range: bytes=0-9,1000-199999\r\n\r\n"
	    "GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
}

/* ---- a hit -------------------------------------------------------------- */

static int hit_allocations;
static struct tn__memory_ops hit_memory;

static void *
hit_alloc(size_t size)
{
	hit_allocations++;
	return tn__memory_machine.alloc(size);
}

static void *
hit_resize(void *pointer, size_t size)
{
	hit_allocations++;
	return tn__memory_machine.resize(pointer, size);
}

/* The first request of 1.0 fills the cache. */
static int
hit_handle(struct tn_http_exchange *x, void *arg)
{
	int before = hit_allocations, r = tn_http_files_handle(x, files);

	if (tn_http_version(x) == 11)
		CHECK_INT(hit_allocations, before);
	return r;
}

static void
test_hit(void **state)
{
	static const char requests[] =
	    "GET /get.talk HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	    "GET /get.talk HTTP/1.1\r\nHost: h\r\n\r\n"
	    "GET /get.talk HTTP/1.1\r\nHost: h\r\nRange: bytes=5-9\r\n\r\n"
	    "GET /get.talk HTTP/1.1\r\nHost: h\r\nIf-None-Match: *\r\n\r\n"
	    "HEAD /get.talk HTTP/1.1\r\nHost: h\r\n\r\n";
	struct tn_http_server_options server = { .handler = hit_handle };
	struct tn_http_files_options options = { .cache_ms = 3600000 };
	struct tn_slice all = tn_slice_str(requests);

	hit_memory = tn__memory_machine;
	hit_memory.alloc = hit_alloc;
	hit_memory.resize = hit_resize;
	tn__memory_set(&hit_memory);
	CHECK_INT(tn_dir_open(*state, &folder), 0);
	options.dir = folder;
	CHECK_INT(tn_http_files_open(&options, &files), 0);
	serve_open(&serve, &server);
	CHECK_INT(serve_bytes(&serve, all, SIZE_MAX), 0);
	CHECK(has("206 Partial") && has("304 Not") && !has("404"));
	CHECK(hit_allocations > 0);
	close_files();
	tn__memory_set(NULL);
}

/* ------------------------------------------------------------------------ */

int
main(void)
{
	static char source[4096];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_shorter),
		{ "test_descriptors", test_descriptors, NULL, NULL, source },
		{ "test_hit", test_hit, NULL, NULL, source },
	};
	const char *root = getenv("TENON_SOURCE");
	int failed = 0;

	snprintf(source, sizeof(source), "%s/tests/dialogue/http",
	    root == NULL ? "." : root);
	failed += CHECK_ROWS(rows, test_row);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed;
}
