/* The server that http_hostile.py treats badly, with limits from its command
 * line: http_server FOLDER [NAME=VALUE...].  It prints its address, and ends
 * when its standard input does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <tenon/http.h>
#include <tenon/number.h>

static struct tn_http_server *http;
static struct tn_dir *folder;
static char filler[65536];

static int
handle_count(struct tn_http_exchange *x)
{
	char text[32];
	int64_t n = tn_stream_skip(tn_http_body(x), -1);

	if (n < 0)
		return (int)n;
	snprintf(text, sizeof(text), "%lld\n", (long long)n);
	return tn_http_reply(x, 200, "text/plain", tn_slice_str(text));
}

static int
handle_echo(struct tn_http_exchange *x)
{
	struct tn_stream *out;
	int64_t n;
	int r = tn_http_reply_begin(x, 200, "application/octet-stream",
	    tn_http_body_length(x), &out);

	if (r < 0)
		return r;
	n = tn_stream_copy(out, tn_http_body(x), NULL);
	return n < 0 ? (int)n : 0;
}

/* As many bytes as the query says; in chunks, when the path says so. */
static int
handle_big(struct tn_http_exchange *x)
{
	bool chunks = tn_slice_equal(tn_http_path(x), TN_SLICE("/chunks"));
	struct tn_stream *out;
	uint64_t left;
	int r = tn_parse_uint(tn_http_query(x), INT64_MAX, &left);

	if (r == 0)
		r = tn_http_reply_begin(x, 200, NULL,
		    chunks ? -1 : (int64_t)left, &out);
	while (r == 0 && left > 0) {
		size_t n = left < sizeof(filler) ? (size_t)left
						 : sizeof(filler);

		r = tn_stream_write(out, tn_slice(filler, n));
		left -= n;
	}
	return r;
}

static int
handle_file(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	struct tn_file_info info;
	int r = tn_dir_open_file(folder, tn_http_query(x), &file);

	if (r < 0)
		return r;
	tn_file_info(file, &info);
	return tn_http_reply_file(x, 200, "application/octet-stream", file, 0,
	    info.size);
}

/* Connections now, this one too, and so far. */
static int
handle_state(struct tn_http_exchange *x)
{
	char text[64];

	snprintf(text, sizeof(text), "%lld %lld\n",
	    (long long)tn_server_active(tn_http_server(http)),
	    (long long)tn_server_total(tn_http_server(http)));
	return tn_http_reply(x, 200, "text/plain", tn_slice_str(text));
}

static int
handle_hello(struct tn_http_exchange *x)
{
	return tn_http_reply(x, 200, "text/plain", TN_SLICE("hello\n"));
}

static int
handle_sleep(struct tn_http_exchange *x)
{
	int r = tn_sleep(300 * TN_MILLISECOND);

	return r < 0 ? r : handle_hello(x);
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	static const struct {
		const char *path;
		int (*handle)(struct tn_http_exchange *x);
	} rows[] = {
		{ "/hello", handle_hello },
		{ "/sleep", handle_sleep },
		{ "/count", handle_count },
		{ "/echo", handle_echo },
		{ "/big", handle_big },
		{ "/chunks", handle_big },
		{ "/file", handle_file },
		{ "/state", handle_state },
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (tn_slice_equal_nocase(tn_http_path(x), rows[i].path))
			return rows[i].handle(x);
	return -ENOENT;
}

static int
wait_for_end(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *in = NULL;
	int r = tn_stream_from_fd(0, &in);

	if (r == 0 && tn_stream_skip(in, -1) >= 0)
		tn_server_shutdown(tn_http_server(http));
	return r;
}

static int
serve(void *arg)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r = tn_group_open(&group);

	if (r == 0)
		r = tn_go(group, wait_for_end, NULL);
	return r < 0 ? r : tn_server_serve_forever(tn_http_server(http));
}

static void
set(struct tn_http_server_options *o, const char *setting)
{
	struct {
		const char *name;
		int64_t *value;
	} rows[] = {
		{ "header_ms", &o->header_ms },
		{ "idle_ms", &o->idle_ms },
		{ "rate_min", &o->rate_min },
		{ "rate_grace_ms", &o->rate_grace_ms },
		{ "body_bytes_max", &o->body_bytes_max },
		{ "connections_max", &o->server.connections_max },
		{ "drain_ms", &o->server.drain_ms },
	};
	const char *value = strchr(setting, '=');

	for (size_t i = 0; value != NULL && i < TN_COUNT(rows); i++)
		if (strncmp(rows[i].name, setting,
		        (size_t)(value - setting)) == 0) {
			*rows[i].value = atoll(value + 1);
			return;
		}
	fprintf(stderr, "http_server: no such limit: %s\n", setting);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct tn_http_server_options options = { .handler = handle };
	struct tn_run_options run = { .loops = 2 };
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;
	int r;

	for (int i = 2; i < argc; i++)
		set(&options, argv[i]);
	r = argc < 2 ? -EINVAL : tn_dir_open(argv[1], &folder);
	if (r == 0)
		r = tn_http_server_open(&options, &http);
	if (r == 0) {
		tn_server_address(tn_http_server(http), &address);
		printf("%s\n", tn_address_format(&address, text));
		fflush(stdout);
		r = tn_run(serve, NULL, &run);
	}
	if (r < 0)
		fprintf(stderr, "http_server: %s\n", tn_error_text());
	tn_http_server_free(http);
	tn_dir_free(folder);
	return r < 0;
}
