/* A folder that is shared: a path leads to the file that it names or to a page,
 * and never out of the folder; whatever the fields of the request say.  The
 * first byte chooses method and options, the first line is the target behind
 * its "/", the rest is lines of the head. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/http.h>
#include <tenon/sim.h>
#include <tenon/text.h>

#include "app/share.h"
#include "fuzz/carrier.h"
#include "proto/http/wire.h"

#define NEVER "never shown"

static const struct shared {
	const char *path, *text;
	bool hidden;
} files[] = {
	{ "file", "the file", false },
	{ "a/b.html", "<p>a page</p>", false },
	{ "a/\xc3\xbc b", "", false },
	{ "index/index.html", "an index", false },
	{ ".dot", "kept back", true },
	{ "a/.d/e", "kept back too", true },
};

struct request {
	struct tn_slice head; /* all that the client sends */
	struct tn_slice path; /* as the server will see it, decoded */
	int mapped;           /* what decoding came to */
	struct app_share share;
	bool get, plain; /* plain: no other fields */
	struct tn_buffer reply;
};

/* ---- the world --------------------------------------------------------- */

static int
serve(void *arg)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	struct request *rq = arg;
	const struct tn_http_server_options options = {
		.handler = app_share_handle,
		.arg = &rq->share,
	};
	char path[64];

	for (size_t i = 0; i < TN_COUNT(files); i++) {
		struct tn_buffer b = { .data = path, .cap = sizeof(path) };

		fuzz_must(tn_buffer_printf(&b, "/srv/%s", files[i].path));
		fuzz_must(tn_sim_file_write("here", path,
		    tn_slice_str(files[i].text)));
	}
	fuzz_must(tn_sim_file_write("here", "/secret", TN_SLICE(NEVER)));
	fuzz_must(tn_dir_open("/srv", &dir));
	rq->share.dir = dir;
	fuzz_must(app_share_open(&rq->share));
	fuzz_must(tn_http_server_open(&options, &server));
	(void)tn_http_serve_stream(server,
	    fuzz_carrier(rq->head, SIZE_MAX, &rq->reply), NULL);
	app_share_close(&rq->share);
	return 0;
}

/* ---- what has to come of it -------------------------------------------- */

static const struct shared *
find(const struct request *rq)
{
	for (size_t i = 0; i < TN_COUNT(files); i++)
		if (tn_slice_equal(rq->path, tn_slice_str(files[i].path)) &&
		    (!files[i].hidden || rq->share.hidden))
			return &files[i];
	return NULL;
}

static void
check_body(const struct request *rq, int status, struct tn_slice body)
{
	const struct shared *file = find(rq);
	bool folder = rq->path.len == 0 ||
	    tn_slice_ends(rq->path, TN_SLICE("/"));

	assert(tn_slice_search(body, TN_SLICE(NEVER)) < 0);
	if (!rq->share.hidden)
		assert(tn_slice_search(body, TN_SLICE("kept back")) < 0);
	if (!rq->get)
		return;
	if (rq->mapped < 0)
		assert(status == (rq->mapped == TN_EESCAPE ? 404 : 400));
	else if (file == NULL && !folder)
		assert(status == 404 || status == 301);
	else if (file != NULL)
		assert(status == 200 || (status == 304 && !rq->plain));
	if (file != NULL && status == 200)
		assert(tn_slice_equal(body, tn_slice_str(file->text)));
}

static void
check_reply(const struct request *rq)
{
	const struct tn__http_limits limits = { 1000, 20000, 32 };
	struct tn_slice in = tn_buffer_slice(&rq->reply);
	struct tn__http_field fields[32];
	struct tn__http_head h;
	int n;

	tn__http_response_init(&h, rq->get ? TN__HTTP_GET : TN__HTTP_HEAD,
	    &limits, fields);
	n = tn__http_head_parse(&h, in);
	assert(n > 0 && h.status >= 200 && h.status <= 505);
	assert(tn_slice_search(in, TN_SLICE(NEVER)) < 0);
	/* The head may be refused before the folder is asked. */
	if (rq->plain)
		check_body(rq, h.status, tn_slice_skip(in, (size_t)n));
}

static void
run(struct request *rq)
{
	static const struct tn_sim_options options = { .steps_max = 10000 };

	assert(tn_sim_run(1, &options, serve, rq, NULL) == 0);
	check_reply(rq);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer head = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	struct tn_slice lines = tn_slice(bytes, size), target, encoded;
	uint8_t kind = fuzz_byte(&lines);
	struct request rq = { .get = !(kind & 8) };

	if (size > 512)
		return 0;
	target = tn_slice_split(&lines, '\n');
	rq.share.name = TN_SLICE("srv");
	rq.share.hidden = kind & 1;
	rq.share.no_listing = kind & 2;
	rq.share.no_index = kind & 4;
	rq.plain = lines.len == 0;
	fuzz_must(tn_buffer_append_str(&head, rq.get ? "GET /" : "HEAD /"));
	fuzz_must(tn_buffer_append(&head, target));
	fuzz_must(tn_buffer_append_str(&head,
	    " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"));
	fuzz_must(tn_buffer_append(&head, lines));
	fuzz_must(tn_buffer_append_str(&head,
	    rq.plain ? "\r\n" : "\r\n\r\n"));
	for (size_t i = 0; i < target.len; i++)
		rq.plain = rq.plain && target.data[i] > ' ' &&
		    strchr("\"#<>\x7f", target.data[i]) == NULL;
	encoded = tn_slice_split(&target, '?');
	rq.mapped = tn_path_from_url(encoded, &path);
	rq.path = tn_buffer_slice(&path);
	rq.head = tn_buffer_slice(&head);
	run(&rq);
	tn_buffer_free(&rq.reply);
	return 0;
}
