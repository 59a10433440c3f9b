/* A file over HTTP, in parts and in codings: every byte that is sent is the
 * file's at the place that the reply names, and the same request gets the same
 * from the file, from memory and from the cache.  The first byte chooses file
 * and method, the rest is lines of the head. */
#include <errno.h>
#include <tenon/http_files.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <tenon/sim.h>

#include "fuzz/carrier.h"
#include "proto/http/wire.h"

static const struct shared {
	const char *path, *coding;
	size_t size;
	char first; /* of its bytes, which go on from there */
} shared[] = {
	{ "letters", NULL, 1000, 'a' },
	{ "page.html", NULL, 300, 'b' },
	{ "page.html.br", "br", 200, 'c' },
	{ "page.html.gz", "gzip", 150, 'd' },
	{ "page.html.zst", "zstd", 100, 'e' },
	{ "empty", NULL, 0, 'f' },
};

static const char *const paths[] = { "letters", "page.html", "empty", "none" };

struct request {
	struct tn_slice head;
	const char *path;
	bool get;
	struct tn_buffer replies[4];
	size_t asked;
};

/* ---- the world ---------------------------------------------------------- */

static char
byte_at(const struct shared *file, size_t at)
{
	return (char)('a' + ((size_t)(file->first - 'a') + at * 7) % 26);
}

static void
make_files(void)
{
	char bytes[1000], path[64];

	for (size_t i = 0; i < TN_COUNT(shared); i++) {
		struct tn_buffer b = { .data = path, .cap = sizeof(path) };

		for (size_t k = 0; k < shared[i].size; k++)
			bytes[k] = byte_at(&shared[i], k);
		fuzz_must(tn_buffer_printf(&b, "/srv/%s", shared[i].path));
		fuzz_must(tn_sim_file_write("here", path,
		    tn_slice(bytes, shared[i].size)));
	}
	fuzz_must(tn_sleep(10 * TN_SECOND));
}

static void
ask(struct request *rq, struct tn_http_files *files)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	const struct tn_http_server_options options = {
		.handler = tn_http_files_handle,
		.arg = files,
	};

	fuzz_must(tn_http_server_open(&options, &server));
	(void)tn_http_serve_stream(server, fuzz_carrier(rq->head, SIZE_MAX,
	    &rq->replies[rq->asked++]), NULL);
}

static int
serve(void *arg)
{
	static const struct tn_http_files_options settings[] = {
		{ .cache_ms = 1000 },
		{ .cache_ms = -1, .cache_file_max = -1 },
	};
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;

	make_files();
	fuzz_must(tn_dir_open("/srv", &dir));
	for (size_t i = 0; i < TN_COUNT(settings); i++) {
		TN_CLEANUP(tn_http_files_freep) struct tn_http_files *files =
		    NULL;
		struct tn_http_files_options options = settings[i];

		options.dir = dir;
		fuzz_must(tn_http_files_open(&options, &files));
		ask(arg, files);
		ask(arg, files);
	}
	return 0;
}

/* ---- what has to come of it --------------------------------------------- */

struct reply {
	struct tn__http_head h;
	struct tn__http_field fields[32];
	struct tn_slice head, body;
	const struct shared *file; /* of which it is */
};

static const struct shared *
find(const char *path, struct tn_slice coding)
{
	for (size_t i = 0; i < TN_COUNT(shared); i++) {
		const struct shared *file = &shared[i];

		if (strncmp(file->path, path, strlen(path)) == 0 &&
		    tn_slice_equal(coding, tn_slice_str(file->coding)))
			return file;
	}
	return NULL;
}

/* "bytes FIRST-LAST/SIZE": the bytes are these. */
static void
check_part(const struct reply *r, struct tn_slice range, struct tn_slice bytes)
{
	struct tn_slice first, last;
	uint64_t from, to, size;

	assert(tn_slice_starts(range, TN_SLICE("bytes ")));
	range = tn_slice_skip(range, 6);
	first = tn_slice_split(&range, '-');
	last = tn_slice_split(&range, '/');
	assert(tn_parse_uint(first, INT64_MAX, &from) == 0);
	assert(tn_parse_uint(last, INT64_MAX, &to) == 0);
	assert(tn_parse_uint(range, INT64_MAX, &size) == 0);
	assert(size == r->file->size && from <= to && to < size);
	assert(bytes.len == to - from + 1);
	for (size_t i = 0; i < bytes.len; i++)
		assert(bytes.data[i] == byte_at(r->file, from + i));
}

/* RFC 9110 section 14.6; no byte of ours is a "-" or a line end. */
static void
check_parts(const struct reply *r, struct tn_slice boundary)
{
	struct tn_slice rest = r->body, line;
	int count = 0;

	for (;; count++) {
		line = tn_slice_split(&rest, '\n');
		assert(tn_slice_starts(line, TN_SLICE("--")));
		line = tn_slice_skip(line, 2);
		assert(tn_slice_starts(line, boundary));
		line = tn_slice_skip(line, boundary.len);
		if (tn_slice_equal(line, TN_SLICE("--\r")))
			break;
		assert(tn_slice_equal(line, TN_SLICE("\r")));
		line = tn_slice_split(&rest, '\n');
		assert(tn_slice_starts(line, TN_SLICE("Content-Type: ")));
		line = tn_slice_trim(tn_slice_split(&rest, '\n'));
		assert(tn_slice_starts(line, TN_SLICE("Content-Range: ")));
		assert(tn_slice_equal(tn_slice_split(&rest, '\n'),
		    TN_SLICE("\r")));
		check_part(r, tn_slice_skip(line, 15),
		    tn_slice_split(&rest, '\r'));
		assert(tn_slice_starts(rest, TN_SLICE("\n")));
		rest = tn_slice_skip(rest, 1);
	}
	assert(rest.len == 0 && count > 1);
}

static void
check_some(const struct reply *r)
{
	struct tn_slice type = tn__http_field(&r->h, r->head, "Content-Type");
	struct tn_slice range = tn__http_field(&r->h, r->head, "Content-Range");
	ssize_t at = tn_slice_search(type, TN_SLICE("boundary="));

	assert((at < 0) == (range.data != NULL));
	if (at < 0)
		check_part(r, range, r->body);
	else
		check_parts(r, tn_slice_skip(type, (size_t)at + 9));
}

static void
check_all(const struct reply *r)
{
	assert(r->body.len == r->file->size);
	for (size_t i = 0; i < r->body.len; i++)
		assert(r->body.data[i] == byte_at(r->file, i));
}

static void
check_reply(const struct request *rq, struct tn_slice in)
{
	const struct tn__http_limits limits = { 1000, 20000, 32 };
	struct reply r;
	int n;

	tn__http_response_init(&r.h, rq->get ? TN__HTTP_GET : TN__HTTP_HEAD,
	    &limits, r.fields);
	n = tn__http_head_parse(&r.h, in);
	assert(n > 0);
	r.head = in;
	r.body = tn_slice_skip(in, (size_t)n);
	r.file = find(rq->path, tn__http_field(&r.h, in, "Content-Encoding"));
	/* The next may have been refused. */
	if (r.h.content_length >= 0 && rq->get && r.h.status != 304)
		r.body = tn_slice_head(r.body, (size_t)r.h.content_length);
	assert(r.h.status != 206 || rq->get);
	assert(r.file != NULL || r.h.status >= 300);
	if (r.h.status == 200 && rq->get)
		check_all(&r);
	else if (r.h.status == 206)
		check_some(&r);
	else if (r.h.status == 304 || !rq->get)
		assert(r.h.framing == TN__HTTP_NO_BODY);
	else
		assert(r.h.status >= 400 && r.h.status <= 505);
}

/* But for a boundary, which is another each time. */
static void
check_same(const struct tn_buffer *a, const struct tn_buffer *b)
{
	if (tn_slice_search(tn_buffer_slice(a), TN_SLICE("boundary=")) < 0)
		assert(tn_slice_equal(tn_buffer_slice(a), tn_buffer_slice(b)));
	else
		assert(tn_slice_starts(tn_buffer_slice(b),
		    TN_SLICE("HTTP/1.1 206 ")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct tn_sim_options options = { .steps_max = 10000 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer head = { 0 };
	struct tn_slice lines = tn_slice(bytes, size);
	uint8_t kind = fuzz_byte(&lines);
	struct request rq = {
		.get = !(kind & 4),
		.path = paths[kind & 3],
	};

	if (size > 512)
		return 0;
	fuzz_must(tn_buffer_printf(&head, "%s /%s HTTP/1.1\r\nHost: a\r\n"
	    "Connection: close\r\n", rq.get ? "GET" : "HEAD", rq.path));
	fuzz_must(tn_buffer_append(&head, lines));
	fuzz_must(tn_buffer_append_str(&head,
	    lines.len == 0 ? "\r\n" : "\r\n\r\n"));
	rq.head = tn_buffer_slice(&head);
	fuzz_must(tn_sim_run(1, &options, serve, &rq, NULL));
	for (size_t i = 0; i < TN_COUNT(rq.replies); i++) {
		check_reply(&rq, tn_buffer_slice(&rq.replies[i]));
		check_same(&rq.replies[0], &rq.replies[i]);
	}
	for (size_t i = 0; i < TN_COUNT(rq.replies); i++)
		tn_buffer_free(&rq.replies[i]);
	return 0;
}
