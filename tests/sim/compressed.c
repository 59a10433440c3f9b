/* Files and replies that a server compresses, in a world with every fault at
 * once: whatever coding a client would have and whoever comes first, what it
 * decodes is right, or it knows that something went wrong. */
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/compress.h>
#include <tenon/dial.h>
#include <tenon/file.h>
#include <tenon/http_files.h>
#include <tenon/number.h>
#include "sim/check.h"

#define SEEDS 60
#define CLIENTS 6
#define REQUESTS 6 /* of each client */
#define FILES 3
#define FILE_BYTES 90000 /* more than is kept in memory */

static char bytes[FILE_BYTES];

static struct sum {
	bool gentle;
	int64_t coded, plain, refused, errors;
} sum;

static struct tn_slice
content(unsigned number)
{
	return tn_slice(bytes, FILE_BYTES >> (3 * (number % FILES)));
}

/* ---- the server -------------------------------------------------------- */

static int
handle(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice path = tn_http_path(x);
	uint64_t number;

	if (!tn_slice_starts(path, TN_SLICE("/reply/")))
		return tn_http_files_handle(x, arg);
	if (tn_parse_uint(tn_slice_skip(path, 7), FILES, &number) < 0)
		return tn_http_reply_status(x, 404);
	tn_http_reply_compress(x);
	return tn_http_reply(x, 200, "text/plain", content((unsigned)number));
}

static int
serve(struct tn_dir *dir)
{
	const struct tn_http_files_options files_options = { .dir = dir,
		.cache_ms = 5000 };
	TN_CLEANUP(tn_http_files_freep) struct tn_http_files *files = NULL;
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	int r = tn_http_files_open(&files_options, &files);
	const struct tn_http_server_options options = {
		.server.address = ":80",
		.handler = handle,
		.arg = files,
	};

	if (r == 0)
		r = tn_http_server_open(&options, &server);
	return r < 0 ? r : tn_server_serve_forever(tn_http_server(server));
}

static int
main_server(void *arg)
{
	int r;

	do {
		TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;

		r = tn_dir_open("/srv", &dir);
		if (r == 0)
			r = serve(dir);
	} while (r != -ECANCELED && tn_sleep(TN_SECOND) == 0);
	return 0;
}

/* ---- a client ---------------------------------------------------------- */

struct answer {
	int status;
	bool chunked;
	int64_t length; /* -1: not said */
	char coding[8];
	struct tn_buffer body; /* as it came */
};

static int
read_head(struct tn_stream *s, struct answer *a)
{
	struct tn_slice line, name;
	uint64_t number;
	int r;

	while ((r = tn_stream_read_line(s, TN_LINE_CRLF, 1000, &line)) == 1 &&
	    line.len > 0) {
		if (a->status == 0 && line.len > 12)
			a->status = (line.data[9] - '0') * 100 +
			    (line.data[10] - '0') * 10 + line.data[11] - '0';
		name = tn_slice_split(&line, ':');
		line = tn_slice_trim(line);
		if (tn_slice_equal_nocase(name, "content-encoding"))
			(void)snprintf(a->coding, sizeof(a->coding), "%.*s",
			    (int)line.len, line.data);
		if (tn_slice_equal_nocase(name, "content-length") &&
		    tn_parse_uint(line, FILE_BYTES, &number) == 0)
			a->length = (int64_t)number;
		a->chunked |= tn_slice_equal_nocase(name, "transfer-encoding");
	}
	return r < 0 ? r : r == 1 ? 0 :
	    tn_error_set(TN_ETRUNCATED, "no whole head");
}

static int
read_bytes(struct tn_stream *s, struct tn_buffer *out, uint64_t size)
{
	struct tn_slice got;
	int r = 1;

	while (size > 0 && (r = tn_stream_fill(s, 1, &got)) > 0) {
		got = tn_slice_head(got, size);
		r = tn_buffer_append(out, got);
		if (r < 0)
			return r;
		tn_stream_consume(s, got.len);
		size -= got.len;
	}
	return r < 0 ? r : size == 0 ? 0 :
	    tn_error_set(TN_ETRUNCATED, "no whole body");
}

static int
read_chunks(struct tn_stream *s, struct tn_buffer *out)
{
	struct tn_slice line;
	uint64_t size = 1;
	char end[2];
	int r = 0;

	while (size > 0 && r >= 0) {
		r = tn_stream_read_line(s, TN_LINE_CRLF, 100, &line);
		if (r == 0)
			r = tn_error_set(TN_ETRUNCATED, "no whole chunk");
		if (r > 0)
			r = tn_parse_hex(line, FILE_BYTES, &size);
		if (r >= 0)
			r = read_bytes(s, out, size);
		if (r == 0)
			r = tn_stream_read_exact(s, end, 2);
	}
	return r;
}

static int
ask(const char *target, const char *accept, struct answer *a)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	int r = tn_dial("server.test:80", NULL, &s);

	if (r == 0)
		r = tn_stream_printf(s, "GET %s HTTP/1.1\r\nHost: h\r\n"
		    "Connection: close\r\nAccept-Encoding: %s\r\n\r\n", target,
		    accept);
	if (r == 0)
		r = read_head(s, a);
	if (r < 0 || a->status != 200)
		return r;
	return a->chunked ? read_chunks(s, &a->body) :
	    read_bytes(s, &a->body, (uint64_t)a->length);
}

/* 0 when it is `want`; out of memory is no fault of the server's. */
static int
check_decoded(const struct answer *a, struct tn_slice want)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *memory = NULL, *s = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	int r = tn_stream_memory(tn_buffer_slice(&a->body), &memory);

	if (r == 0 && a->coding[0] != '\0')
		r = tn_stream_decompress(memory, a->coding, NULL, &s);
	if (r == 0)
		r = read_bytes(s != NULL ? s : memory, &out, want.len);
	if (r == 0)
		r = (int)tn_stream_skip(s != NULL ? s : memory, 0);
	CHECK(r == 0 || r == -ENOMEM);
	CHECK(r < 0 || tn_slice_equal(tn_buffer_slice(&out), want));
	return r;
}

static int
request(void)
{
	static const char *const codings[] = { "gzip", "br", "zstd", "identity",
		"gzip;q=0.5, br", "*" };
	unsigned number = (unsigned)tn_sim_random(FILES);
	struct answer a = { .length = -1 };
	struct tn_scope scope;
	char target[32];
	int r;

	(void)snprintf(target, sizeof(target),
	    tn_sim_random(3) > 0 ? "/%u.txt" : "/reply/%u", number);
	tn_scope_open(&scope, tn_after(120 * TN_SECOND));
	r = ask(target, codings[tn_sim_random(TN_COUNT(codings))], &a);
	tn_scope_close(&scope);
	if (r == 0 && a.status == 200) {
		sum.coded += a.coding[0] != '\0';
		sum.plain += a.coding[0] == '\0';
		r = check_decoded(&a, content(number));
	}
	tn_buffer_free(&a.body);
	CHECK(r != CHECK_FAILED);
	CHECK(!sum.gentle || (r == 0 && a.status == 200));
	sum.refused += r == 0 && a.status != 200;
	sum.errors += r < 0;
	return 0;
}

static int
run_client(void *arg)
{
	int r = 0;

	for (int i = 0; i < REQUESTS && r == 0; i++) {
		r = request();
		tn_sleep((tn_time)tn_sim_random(3000) * TN_MILLISECOND);
	}
	return r;
}

/* ---- a world ----------------------------------------------------------- */

static int
main_here(void *arg)
{
	struct tn_group *group;
	char path[16];
	int r;

	CHECK(tn_sim_host("server.test", "192.0.2.80", main_server, NULL) ==
	    0);
	for (unsigned i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "/srv/%u.txt", i);
		while ((r = tn_sim_file_write("server.test", path,
		            content(i))) == -ENOMEM)
			;
		CHECK(r == 0);
	}
	tn_sleep(5 * TN_SECOND);
	while ((r = tn_group_open(&group)) == -ENOMEM)
		;
	for (int i = 0; i < CLIENTS && r == 0; i++)
		do
			r = tn_go(group, run_client, NULL);
		while (r == -ENOMEM);
	CHECK(r == 0);
	r = tn_group_wait(group);
	tn_group_free(group);
	return r;
}

static void
run_seeds(const struct tn_sim_options *base)
{
	uint64_t seeds = check_number("TENON_SIM_SEEDS", SEEDS);

	sum = (struct sum){ .gentle = !base->every_fault };
	for (uint64_t seed = 0; check_next(&seed, seeds);) {
		struct tn_sim_options options = *base;

		options.loops = 1 + (int)(seed % 2);
		options.time_max_ms = 24 * 3600 * 1000;
		options.steps_max = 1000000;
		check_seed(seed, &options, main_here, NULL, NULL);
	}
	printf("%" PRId64 " coded, %" PRId64 " plain, %" PRId64 " refused, %"
	    PRId64 " errors\n", sum.coded, sum.plain, sum.refused, sum.errors);
	if (getenv("TENON_SIM_SEED") == NULL && tn_has("gzip"))
		assert_true(sum.coded > 0 && sum.plain > 0);
}

static void
test_pieces(void **state)
{
	const struct tn_sim_options options = {
		.rates = { [TN_SIM_SHORT_READ] = 200000,
		    [TN_SIM_SHORT_WRITE] = 200000,
		    [TN_SIM_SPURIOUS] = 50000 },
	};

	run_seeds(&options);
}

static void
test_every_fault(void **state)
{
	const struct tn_sim_options options = { .every_fault = true };

	run_seeds(&options);
	assert_true(sum.coded + sum.plain > sum.errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_every_fault),
	};

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = "words and numbers "[i * i / 7 % 18];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
