/* Small files compressed by the server: whom it gives what, with which fields,
 * and that it is done once.  In a simulated machine. */
#include "serve.h"

#include <stdlib.h>
#include <tenon/compress.h>
#include <tenon/file.h>
#include <tenon/http_files.h>
#include <tenon/run.h>
#include <tenon/sim.h>

#include "proto/http/files.h"

static struct tn_dir *folder;
static struct tn_http_files *files;

/* ---- the world ---------------------------------------------------------- */

static struct tn_slice
text_of(size_t len)
{
	static char text[2 << 20];

	for (size_t i = 0; text[0] == '\0' && i < sizeof(text); i++)
		text[i] = "some words of a text, again and again\n"[i % 38];
	return tn_slice(text, len);
}

/* Nothing makes it smaller. */
static struct tn_slice
noise_of(size_t len)
{
	static char noise[10000];
	uint64_t x = 88172645463325252;

	for (size_t i = 0; i < sizeof(noise); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		noise[i] = (char)(x >> 32);
	}
	return tn_slice(noise, len);
}

static void
put(const char *name, struct tn_slice bytes)
{
	char path[64];

	snprintf(path, sizeof(path), "/srv/%s", name);
	CHECK_INT(tn_sim_file_write("here", path, bytes), 0);
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	return tn_http_files_handle(x, files);
}

static void
open_files(struct serve *serve, struct tn_http_files_options options)
{
	struct tn_http_server_options server = { .handler = handle };

	CHECK_INT(tn_dir_open("/srv", &folder), 0);
	options.dir = folder;
	CHECK_INT(tn_http_files_open(&options, &files), 0);
	memset(serve, 0, sizeof(*serve));
	serve_open(serve, &server);
}

static void
close_files(struct serve *serve)
{
	serve_close(serve);
	tn_http_files_free(TN_TAKE(files));
	tn_dir_free(TN_TAKE(folder));
}

/* The body; the head is text behind it. */
static struct tn_slice
ask(struct serve *serve, const char *method, const char *path,
    const char *accept, const char *fields)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_slice all;
	ssize_t head;

	CHECK_INT(tn_buffer_printf(&text, "%s /%s HTTP/1.1\r\nHost: h\r\n"
	    "%s%s%s%sConnection: close\r\n\r\n", method, path,
	    accept == NULL ? "" : "Accept-Encoding: ",
	    accept == NULL ? "" : accept, accept == NULL ? "" : "\r\n",
	    fields), 0);
	CHECK_INT(serve_bytes(serve, tn_buffer_slice(&text), SIZE_MAX), 0);
	all = tn_buffer_slice(&serve->out);
	head = tn_slice_search(all, TN_SLICE("\r\n\r\n"));
	CHECK(head > 0);
	serve->out.data[head + 2] = '\0';
	return tn_slice_skip(all, (size_t)head + 4);
}

static bool
has(const struct serve *serve, const char *text)
{
	return strstr(serve->out.data, text) != NULL;
}

static struct tn_slice
field_of(const struct serve *serve, const char *name)
{
	struct tn_slice rest = tn_slice_str(strstr(serve->out.data, name));

	return tn_slice_trim(tn_slice_skip(tn_slice_split(&rest, '\n'),
	    strlen(name)));
}

/* What the bytes stand for is `want`. */
static void
check_coded(const char *coding, struct tn_slice bytes, struct tn_slice want)
{
	const struct tn_decompress_options options = { .ratio_max = -1 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	struct tn_stream *memory, *s;
	struct tn_slice got;
	int r;

	CHECK_INT(tn_stream_memory(bytes, &memory), 0);
	CHECK_INT(tn_stream_decompress(memory, coding, &options, &s), 0);
	while ((r = tn_stream_fill(s, 1, &got)) > 0) {
		CHECK_INT(tn_buffer_append(&out, got), 0);
		tn_stream_consume(s, got.len);
	}
	CHECK_INT(r, 0);
	CHECK(tn_slice_equal(tn_buffer_slice(&out), want));
	tn_stream_free(s);
	tn_stream_free(memory);
}

static void
simulate(int (*run)(void *arg), void *arg)
{
	struct tn_sim_result result;

	CHECK_INT(tn_sim_run(1, NULL, run, arg, &result), 0);
	CHECK_INT(result.left_open, 0);
}

/* ---- whom it gives what -------------------------------------------------- */

static const struct row {
	const char *name, *path, *accept;
	const char *coding; /* NULL: plain */
	size_t size;
	bool noise, stays; /* no Vary */
	struct tn_http_files_options options;
} rows[] = {
	{ "gzip", "a.txt", "gzip", "gzip", 10000 },
	{ "br before all others", "a.html", "gzip, deflate, br, zstd", "br",
	    10000 },
	{ "zstd before gzip", "a.css", "gzip, zstd", "zstd", 10000 },
	{ "as weighted", "a.js", "br;q=0.1, gzip;q=0.5", "gzip", 10000 },
	{ "another name of it", "a.js", "x-gzip;q=0", NULL, 10000 },
	{ "anything", "a.svg", "*", "br", 10000 },
	{ "plain rather", "a.txt", "gzip;q=0.5, identity", NULL, 10000 },
	{ "nothing said", "a.txt", NULL, NULL, 10000 },
	{ "nobody has it", "a.txt", "compress, deflate", NULL, 10000 },
	{ "not too small", "a.txt", "gzip", "gzip", 256 },
	{ "too small", "a.txt", "gzip", NULL, 255, .stays = true,
	    .options.no_precompressed = true },
	{ "from a file", "a.txt", "gzip", "gzip", 1 << 20 },
	{ "too large", "a.txt", "gzip", NULL, (1 << 20) + 1 },
	{ "allowed to be large", "a.txt", "gzip", "gzip", 2 << 20,
	    .options.compress_max = 4 << 20 },
	{ "not of that type", "a.png", "gzip", NULL, 10000, .stays = true },
	{ "small already", "a.txt", "gzip, br, zstd", NULL, 10000,
	    .noise = true },
	{ "not wanted", "a.txt", "gzip", NULL, 10000,
	    .options.no_compress = true },
	{ "not wanted at all", "a.txt", "gzip", NULL, 10000, .stays = true,
	    .options = { .no_compress = true, .no_precompressed = true } },
	{ "without siblings", "a.txt", "gzip", "gzip", 10000,
	    .options.no_precompressed = true },
	{ "nowhere to keep it", "a.txt", "gzip", NULL, 10000,
	    .options.cache_ms = -1 },
	{ "no room to keep it", "a.txt", "br", NULL, 10000,
	    .options.cache_bytes_max = 10900 },
};

static void
row_check(const struct row *row, struct serve *serve, struct tn_slice want)
{
	struct tn_slice body = ask(serve, "GET", row->path, row->accept, "");

	CHECK_INT(has(serve, "Vary: Accept-Encoding\r\n"), !row->stays);
	CHECK_INT(has(serve, "Content-Encoding: "), row->coding != NULL);
	CHECK(has(serve, "Accept-Ranges: bytes\r\n"));
	if (row->coding == NULL) {
		CHECK(tn_slice_equal(body, want));
		return;
	}
	CHECK(tn_slice_equal(field_of(serve, "Content-Encoding:"),
	    tn_slice_str(row->coding)));
	CHECK(body.len < want.len);
	check_coded(row->coding, body, want);
}

static int
row_run(void *arg)
{
	const struct row *row = arg;
	struct tn_slice want = row->noise ? noise_of(row->size) :
	    text_of(row->size);
	struct serve serve;

	put(row->path, want);
	CHECK_INT(tn_sleep(10 * TN_SECOND), 0);
	open_files(&serve, row->options);
	for (int i = 0; i < 3; i++)
		row_check(row, &serve, want);
	close_files(&serve);
	return 0;
}

static void
test_row(void **state)
{
	const struct row *row = *state;

	if (tn_has("brotli") && tn_has("zstd") && tn_has("gzip"))
		simulate(row_run, *(void **)&row);
}

/* ---- preconditions, ranges, HEAD ----------------------------------------- */

static int
semantics_run(void *arg)
{
	struct serve serve;
	struct tn_slice body, part;
	char whole[10000], tag[100], fields[200], head[2000];
	size_t len;

	put("a.txt", text_of(10000));
	CHECK_INT(tn_sleep(10 * TN_SECOND), 0);
	open_files(&serve, (struct tn_http_files_options){ 0 });
	body = ask(&serve, "HEAD", "a.txt", "gzip", "");
	CHECK_INT(body.len, 0);
	snprintf(head, sizeof(head), "%s", serve.out.data);
	body = ask(&serve, "GET", "a.txt", "gzip", "");
	CHECK_TEXT(serve.out.data, head);
	len = body.len;
	memcpy(whole, body.data, len);
	part = field_of(&serve, "ETag:");
	CHECK(part.data[0] == '"'); /* strong: these bytes and no others */
	CHECK(tn_slice_search(part, TN_SLICE("-gzip-")) > 0);
	snprintf(tag, sizeof(tag), "%.*s", (int)part.len, part.data);

	/* Not modified, for the one who has this one. */
	snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", tag);
	body = ask(&serve, "GET", "a.txt", "gzip", fields);
	CHECK(has(&serve, "HTTP/1.1 304 "));
	CHECK(has(&serve, "Vary: Accept-Encoding\r\n"));
	CHECK(!has(&serve, "Content-Encoding"));
	body = ask(&serve, "GET", "a.txt", NULL, fields);
	CHECK(has(&serve, "HTTP/1.1 200 "));
	CHECK_INT(body.len, 10000);
	body = ask(&serve, "GET", "a.txt", "br", fields);
	CHECK(has(&serve, "HTTP/1.1 200 "));

	/* Parts are of the coded bytes, for the one who has the others. */
	snprintf(head, sizeof(head), "If-Range: %s\r\nRange: bytes=5-14\r\n",
	    tag);
	body = ask(&serve, "GET", "a.txt", "gzip", head);
	CHECK(has(&serve, "HTTP/1.1 206 "));
	CHECK(has(&serve, "Content-Encoding: gzip\r\n"));
	CHECK_INT(body.len, 10);
	CHECK(memcmp(body.data, whole + 5, 10) == 0);
	snprintf(fields, sizeof(fields), "Content-Range: bytes 5-14/%zu\r\n",
	    len);
	CHECK(has(&serve, fields));
	body = ask(&serve, "GET", "a.txt", "br", head);
	CHECK(has(&serve, "HTTP/1.1 200 "));
	body = ask(&serve, "GET", "a.txt", NULL, head);
	CHECK(has(&serve, "HTTP/1.1 200 "));
	close_files(&serve);
	return 0;
}

static void
test_semantics(void **state)
{
	if (tn_has("gzip"))
		simulate(semantics_run, NULL);
}

/* ---- once ---------------------------------------------------------------- */

static int plain_count, coded_count;

static int
one_client(void *arg)
{
	struct serve serve = { 0 };
	struct tn_http_server_options server = { .handler = handle };

	serve_open(&serve, &server);
	(void)ask(&serve, "GET", "a.txt", "gzip", "");
	if (has(&serve, "Content-Encoding: gzip"))
		coded_count++;
	else
		plain_count++;
	serve_close(&serve);
	return 0;
}

/* Of many at once one waits, the others get it plain; then nobody does. */
static int
once_run(void *arg)
{
	struct serve serve;
	struct tn_group *g;

	plain_count = coded_count = 0;
	put("a.txt", text_of(100000));
	CHECK_INT(tn_sleep(10 * TN_SECOND), 0);
	open_files(&serve, (struct tn_http_files_options){ 0 });
	CHECK_INT(tn_group_open(&g), 0);
	for (int i = 0; i < 10; i++)
		CHECK_INT(tn_go(g, one_client, NULL), 0);
	CHECK_INT(tn_group_wait(g), 0);
	tn_group_free(g);
	CHECK_INT(coded_count, 1);
	CHECK_INT(plain_count, 9);
	CHECK_INT(one_client(NULL), 0);
	CHECK_INT(coded_count, 2);
	CHECK_INT(atomic_load(&files->squeezing), 0);
	close_files(&serve);
	return 0;
}

static void
test_once(void **state)
{
	if (tn_has("gzip"))
		simulate(once_run, NULL);
}

/* What was made goes with the file it was made of; a young one waits. */
static int
change_run(void *arg)
{
	struct serve serve;
	struct tn_slice body;

	put("a.txt", text_of(10000));
	CHECK_INT(tn_sleep(10 * TN_SECOND), 0);
	open_files(&serve, (struct tn_http_files_options){ .cache_ms = 200 });
	body = ask(&serve, "GET", "a.txt", "gzip", "");
	check_coded("gzip", body, text_of(10000));
	CHECK_INT(tn_sleep(TN_SECOND), 0); /* looked at again: the same */
	body = ask(&serve, "GET", "a.txt", "gzip", "");
	check_coded("gzip", body, text_of(10000));
	put("a.txt", text_of(9000));
	CHECK_INT(tn_sleep(250 * TN_MILLISECOND), 0);
	body = ask(&serve, "GET", "a.txt", "gzip", "");
	CHECK(tn_slice_equal(body, text_of(9000)));
	CHECK(has(&serve, "Vary: Accept-Encoding\r\n"));
	CHECK_INT(tn_sleep(3 * TN_SECOND), 0);
	body = ask(&serve, "GET", "a.txt", "gzip", "");
	check_coded("gzip", body, text_of(9000));
	put("a.txt.gz", TN_SLICE("beside it"));
	CHECK_INT(tn_sleep(TN_SECOND), 0);
	body = ask(&serve, "GET", "a.txt", "gzip", "");
	CHECK(tn_slice_equal(body, TN_SLICE("beside it")));
	body = ask(&serve, "GET", "a.txt", "br", "");
	CHECK(tn_slice_equal(body, text_of(9000)));
	close_files(&serve);
	return 0;
}

static void
test_change(void **state)
{
	if (tn_has("gzip"))
		simulate(change_run, NULL);
}

/* The cache counts what was made, and throws it away with its file. */
static int
room_run(void *arg)
{
	struct serve serve;
	char name[16];
	size_t bytes = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d.txt", i);
		put(name, text_of(10000));
	}
	CHECK_INT(tn_sleep(10 * TN_SECOND), 0);
	open_files(&serve,
	    (struct tn_http_files_options){ .cache_ms = 100000,
		.cache_bytes_max = 60000,
		.cache_file_max = 20000 });
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "%d.txt", i % 20);
		check_coded("gzip", ask(&serve, "GET", name, "gzip", ""),
		    text_of(10000));
		(void)ask(&serve, "GET", name, "br", "");
	}
	for (size_t i = 0; i < files->shard_count; i++) {
		CHECK(files->shards[i].bytes <= files->shards[i].bytes_max);
		bytes += files->shards[i].bytes;
	}
	CHECK(bytes > 30000);
	close_files(&serve);
	return 0;
}

static void
test_room(void **state)
{
	if (tn_has("gzip"))
		simulate(room_run, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_semantics),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_room),
	};

	return CHECK_ROWS(rows, test_row) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
