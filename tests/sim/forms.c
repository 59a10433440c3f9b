/* Uploads by several clients to a server whose disk is small, or that meets
 * every fault at once; some clients leave in the middle.  What is answered with
 * 200 came whole; a full disk is 500; and whatever happened, no temporary file
 * is left and all space is back. */
#include <string.h>
#include <tenon/buffer.h>
#include <tenon/dial.h>
#include <tenon/file.h>
#include <tenon/form.h>
#include "sim/check.h"

#define SEEDS 60
#define CLIENTS 4
#define REQUESTS 6 /* of each client */
#define FILE_MAX 60000
#define DISK 150000 /* fewer than all clients may want at once */

static char bytes[FILE_MAX];

static struct sum {
	bool gentle;
	int64_t right, refused, full, cut, errors;
} sum;

/* ---- the server -------------------------------------------------------- */

static uint64_t
hash_bytes(uint64_t hash, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3u;
	return hash;
}

static int
hash_field(const struct tn_form_field *field, uint64_t *hash)
{
	char some[5000];
	int64_t at = 0;
	ssize_t n;

	*hash = hash_bytes(*hash, field->name.data, field->name.len);
	while ((n = tn_form_field_read(field, some, sizeof(some), at)) > 0) {
		*hash = hash_bytes(*hash, some, (size_t)n);
		at += n;
	}
	return n < 0 ? (int)n : 0;
}

/* Once all is quiet: nothing in /tmp, and all space there. */
static int
look(void)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	TN_CLEANUP(tn_dir_list_free) struct tn_dir_list list = { 0 };

	CHECK(tn_dir_open("/tmp", &dir) == 0);
	CHECK(tn_dir_list(dir, TN_SLICE(""), 10, &list) == 0);
	CHECK(list.count == 0);
	CHECK(tn_dir_open_temporary(dir, TN_SLICE(""), &file) == 0);
	for (int64_t at = 0; at < DISK; at += FILE_MAX / 2)
		CHECK(tn_file_write(file, tn_slice(bytes, FILE_MAX / 2), at) ==
		    0);
	CHECK(tn_file_write(file, tn_slice(bytes, 1), DISK) == -ENOSPC);
	return 0;
}

static int
handle(struct tn_http_exchange *x, void *arg)
{
	const struct tn_form_options options = { .memory_bytes_max = 5000 };
	TN_CLEANUP(tn_form_freep) struct tn_form *form = NULL;
	uint64_t hash = 1;
	char text[32];
	int r;

	if (tn_slice_equal(tn_http_path(x), TN_SLICE("/look")))
		return look() < 0 ? -EIO : tn_http_reply(x, 200, "text/plain",
		    TN_SLICE("0000000000000000"));
	r = tn_http_form_read(x, &options, &form);
	for (size_t i = 0; r == 0 && i < tn_form_count(form); i++)
		r = hash_field(tn_form_at(form, i), &hash);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%016" PRIx64, hash);
	return tn_http_reply(x, 200, "text/plain", tn_slice_str(text));
}

static int
main_server(void *arg)
{
	const struct tn_http_server_options options = {
		.server.address = ":80",
		.handler = handle,
		.body_bytes_max = 10 * FILE_MAX,
	};
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *server = NULL;
	int r;

	do {
		r = tn_http_server_open(&options, &server);
		if (r == 0)
			r = tn_server_serve_forever(tn_http_server(server));
		tn_http_server_free(TN_TAKE(server));
	} while (r != -ECANCELED && tn_sleep(TN_SECOND) == 0);
	return 0;
}

/* ---- a client ---------------------------------------------------------- */

static int
add_file(struct tn_buffer *body, unsigned number, uint64_t *hash)
{
	size_t size = (size_t)tn_sim_random(FILE_MAX);
	char name[16];
	int r;

	(void)snprintf(name, sizeof(name), "f%u", number);
	*hash = hash_bytes(*hash, name, strlen(name));
	*hash = hash_bytes(*hash, bytes, size);
	r = tn_buffer_printf(body, "--b\r\nContent-Disposition: form-data; "
	    "name=%s; filename=../x\r\n\r\n", name);
	if (r == 0)
		r = tn_buffer_append(body, tn_slice(bytes, size));
	return r < 0 ? r : tn_buffer_append_str(body, "\r\n");
}

static int
make_body(struct tn_buffer *body, uint64_t *hash)
{
	unsigned files = (unsigned)tn_sim_random(4);
	int r;

	do {
		tn_buffer_clear(body);
		*hash = hash_bytes(1, "vvalue", 6);
		r = tn_buffer_append_str(body, "--b\r\nContent-Disposition: "
		    "form-data; name=v\r\n\r\nvalue\r\n");
		for (unsigned i = 0; i < files && r == 0; i++)
			r = add_file(body, i, hash);
		if (r == 0)
			r = tn_buffer_append_str(body, "--b--\r\n");
	} while (r == -ENOMEM);
	return r;
}

/* The status; `text` is what came behind the head. */
static int
ask(const char *path, struct tn_slice body, size_t cut, char text[17])
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_slice line;
	int status = 0, r = tn_dial("server.test:80", NULL, &s);

	if (r == 0)
		r = tn_stream_printf(s, "POST %s HTTP/1.1\r\nHost: h\r\n"
		    "Connection: close\r\n"
		    "Content-Type: multipart/form-data; boundary=b\r\n"
		    "Content-Length: %zu\r\n\r\n", path, body.len);
	if (r == 0)
		r = tn_stream_write(s, tn_slice_head(body, cut));
	if (r == 0 && cut < body.len && tn_sim_random(2))
		return 0; /* not even a good-bye */
	if (r == 0 && cut < body.len)
		r = tn_stream_shutdown(s);
	while (r >= 0 &&
	    (r = tn_stream_read_line(s, TN_LINE_CRLF, 1000, &line)) == 1 &&
	    line.len > 0)
		if (status == 0 && line.len > 12)
			status = (line.data[9] - '0') * 100 +
			    (line.data[10] - '0') * 10 + line.data[11] - '0';
	if (status == 200 && r == 1)
		r = tn_stream_read_exact(s, text, 16);
	text[16] = '\0';
	return r < 0 ? r : status;
}

static int
request(struct tn_buffer *body)
{
	char text[17] = "", right[17];
	struct tn_scope scope;
	uint64_t hash = 0;
	size_t cut;
	int r = make_body(body, &hash);

	CHECK(r == 0);
	cut = tn_sim_random(4) > 0 ? body->len : tn_sim_random(body->len);
	tn_scope_open(&scope, tn_after(120 * TN_SECOND));
	r = ask("/", tn_buffer_slice(body), cut, text);
	tn_scope_close(&scope);
	(void)snprintf(right, sizeof(right), "%016" PRIx64, hash);
	CHECK(r != 200 || strcmp(text, right) == 0);
	/* All but the last CRLF is as good as all. */
	CHECK(r != 200 || cut + 2 >= body->len);
	CHECK(!sum.gentle || cut < body->len || r == 200 || r == 500);
	CHECK(r < 600);
	sum.right += r == 200;
	sum.full += r == 500;
	sum.refused += r >= 400 && r != 500;
	sum.cut += cut < body->len;
	sum.errors += r < 0;
	return 0;
}

static int
run_client(void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer body = { 0 };
	int r = 0;

	for (int i = 0; i < REQUESTS && r == 0; i++)
		r = request(&body);
	return r;
}

/* ---- a world ----------------------------------------------------------- */

static int
run_clients(void)
{
	struct tn_group *group;
	int r;

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

static int
main_here(void *arg)
{
	char text[17];
	int r;

	CHECK(tn_sim_host("server.test", "192.0.2.80", main_server, NULL) ==
	    0);
	tn_sleep(10 * TN_MILLISECOND);
	r = run_clients();
	if (r < 0 || !sum.gentle)
		return r;
	tn_sleep(600 * TN_SECOND);
	CHECK(ask("/look", tn_slice(NULL, 0), 0, text) == 200);
	return 0;
}

static struct sum
run_seeds(uint64_t seeds, const struct tn_sim_options *base)
{
	sum = (struct sum){ .gentle = !base->every_fault };
	for (uint64_t seed = 0; check_next(&seed, seeds);) {
		struct tn_sim_options options = *base;

		options.loops = 1 + (int)(seed % 2);
		options.disk_bytes = DISK;
		options.time_max_ms = 24 * 3600 * 1000;
		options.steps_max = 1000000;
		check_seed(seed, &options, main_here, NULL, NULL);
	}
	printf("%" PRId64 " right, %" PRId64 " no space or memory, %" PRId64
	    " refused, %" PRId64 " cut, %" PRId64 " errors\n", sum.right,
	    sum.full, sum.refused, sum.cut, sum.errors);
	return sum;
}

/* Only the disk is too small, and bytes come in any pieces. */
static void
test_full_disk(void **state)
{
	const struct tn_sim_options options = {
		.rates = { [TN_SIM_SHORT_READ] = 200000,
		    [TN_SIM_SHORT_WRITE] = 200000,
		    [TN_SIM_SPURIOUS] = 50000 },
	};
	struct sum got = run_seeds(check_number("TENON_SIM_SEEDS", SEEDS),
	    &options);

	if (getenv("TENON_SIM_SEED") == NULL)
		assert_true(got.right > 0 && got.full > 0 && got.cut > 0);
}

static void
test_every_fault(void **state)
{
	const struct tn_sim_options options = { .every_fault = true };
	struct sum got = run_seeds(check_number("TENON_SIM_SEEDS", SEEDS),
	    &options);

	if (getenv("TENON_SIM_SEED") == NULL)
		assert_true(got.right > got.errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_every_fault),
	};

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 23);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
