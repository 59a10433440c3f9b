/* Copying, with its limits and progress; and files by sendfile and by buffer,
 * which have to give the same bytes. */
#include "carrier.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tenon/file.h>
#include <unistd.h>

#include "base/memory.h"

/* ---- from stream to stream --------------------------------------------- */

static const struct copy_row {
	const char *name;
	size_t len, piece, out_piece, room;
} rows[] = {
	{ "nothing", 0, 0, 0, 0 },
	{ "one byte", 1, 0, 0, 0 },
	{ "small pieces", 5000, 1, 1, 7 },
	{ "a megabyte", 1 << 20, 0, 0, 0 },
	{ "pieces of 5,000, room for 9,000", 1 << 20, 5000, 0, 9000 },
};

static void
test_copy(void **state)
{
	const struct copy_row *t = *state;
	char *bytes = carrier_bytes(t->len + 1);
	struct carrier_plan from_plan = { .in = tn_slice(bytes, t->len),
		.piece = t->piece };
	struct carrier_plan to_plan = { .out_piece = t->out_piece,
		.room = t->room };
	int64_t max = (int64_t)t->len / 2;

	for (int half = 0; half < 2; half++) {
		struct tn_stream *from = carrier_new(&from_plan);
		struct tn_stream *to = carrier_new(&to_plan);
		struct tn_copy_options options = { .bytes_max = half * max };
		int64_t n = half * max > 0 ? max : (int64_t)t->len;

		CHECK_INT(tn_stream_copy(to, from, &options), n);
		CHECK_INT(tn_stream_flush(to), 0);
		CHECK_INT(carrier_sent(to).len, n);
		if (n > 0)
			CHECK(memcmp(carrier_sent(to).data, bytes, (size_t)n) ==
			    0);
		CHECK_INT(tn_stream_bytes_read(from), n);
		tn_stream_free(from);
		tn_stream_free(to);
	}
	free(bytes);
}

struct progress {
	int64_t done, total, stop_at;
	int calls;
};

static int
progress(void *arg, int64_t done, int64_t total)
{
	struct progress *p = arg;

	CHECK(done > p->done || p->calls == 0);
	p->done = done;
	p->total = total;
	p->calls++;
	return p->stop_at > 0 && done >= p->stop_at ? -ECANCELED : 0;
}

static void
test_progress(void **state)
{
	char *bytes = carrier_bytes(1000000);
	static const struct {
		int64_t len, total, stop_at, result;
		int calls;
	} t[] = {
		{ 0, 0, 0, 0, 1 },
		{ 1000, 1000, 0, 1000, 1 },
		{ 65536, 0, 0, 65536, 1 },
		{ 1000000, 2000000, 0, 1000000, 16 },
		{ 1000000, 0, 300000, -ECANCELED, 5 },
	};

	for (size_t i = 0; i < TN_COUNT(t); i++) {
		struct carrier_plan plan = { .in = tn_slice(bytes,
						 (size_t)t[i].len) };
		struct tn_stream *from = carrier_new(&plan), *to;
		struct progress p = { .stop_at = t[i].stop_at };
		struct tn_copy_options options = { .total = t[i].total,
			.progress = progress, .progress_arg = &p };

		CHECK_INT(tn_stream_memory(tn_slice(NULL, 0), &to), 0);
		CHECK_INT(tn_stream_copy(to, from, &options), t[i].result);
		CHECK_INT(p.calls, t[i].calls);
		CHECK_INT(p.total, t[i].total > 0 ? t[i].total : -1);
		CHECK_INT(p.done, (int64_t)tn_stream_output(to).len);
		tn_stream_free(from);
		tn_stream_free(to);
	}
	free(bytes);
}

static void
test_copy_fails(void **state)
{
	struct carrier_plan from_plan = { .in = TN_SLICE("0123456789"),
		.piece = 1, .fail_at = 5, .fail = -EIO };
	struct carrier_plan to_plan = { .out_fail = -EPIPE };
	struct tn_stream *from = carrier_new(&from_plan);
	struct tn_stream *to = carrier_new(&(struct carrier_plan){ 0 });

	CHECK_INT(tn_stream_copy(to, from, NULL), -EIO);
	CHECK_INT(tn_stream_flush(to), 0);
	CHECK_SLICE(carrier_sent(to), "01234");
	tn_stream_free(from);
	tn_stream_free(to);

	from_plan.fail = 0;
	from = carrier_new(&from_plan);
	to = carrier_new(&to_plan);
	to->write_error = -EPIPE;
	CHECK_INT(tn_stream_copy(to, from, NULL), -EPIPE);
	CHECK_INT(tn_stream_bytes_read(from), 0);
	tn_stream_free(from);
	tn_stream_free(to);
}

/* ---- files ------------------------------------------------------------- */

#define FILE_LEN ((size_t)3 << 20)

static char folder[] = "/tmp/tenon-copy-XXXXXX";
static char *contents;
static struct tn_dir *dir;

static int
setup(void **state)
{
	char path[64];
	int fd;

	contents = carrier_bytes(FILE_LEN);
	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	CHECK_INT(write(fd, contents, FILE_LEN), FILE_LEN);
	close(fd);
	return tn_dir_open(folder, &dir);
}

static int
teardown(void **state)
{
	char path[64];

	tn_dir_free(dir);
	free(contents);
	snprintf(path, sizeof(path), "%s/file", folder);
	unlink(path);
	return rmdir(folder);
}

/* The other end of a conversation reads everything on a thread of its own. */
struct reader {
	struct tn_stream *stream;
	struct tn_buffer got;
};

static int
reader_run(void *arg)
{
	struct reader *reader = arg;
	struct tn_slice got;
	int r;

	while ((r = tn_stream_fill(reader->stream, 1, &got)) > 0) {
		r = tn_buffer_append(&reader->got, got);
		if (r < 0)
			break;
		tn_stream_consume(reader->stream, got.len);
	}
	return r;
}

static const struct file_row {
	const char *name;
	int64_t offset, size, sent;
} files[] = {
	{ "nothing", 0, 0, 0 },
	{ "one byte", 5, 1, 1 },
	{ "small", 100, 1000, 1000 },
	{ "one window", 0, 1 << 20, 1 << 20 },
	{ "all of it", 0, FILE_LEN, FILE_LEN },
	{ "the middle", 1234567, 1500000, 1500000 },
	{ "more than there is", 2 << 20, 2 << 20, 1 << 20 },
	{ "behind the end", FILE_LEN, 100000, 0 },
};

/* Header, file and trailer through a socket (sendfile), through a limit on one,
 * and through a pair in memory (buffer): the same bytes. */
static void
send_file(const struct file_row *t, struct tn_stream *ends[2], bool filter)
{
	struct reader reader = { .stream = ends[1] };
	struct tn_stream *to = ends[0];
	struct tn_group *group;
	struct tn_file *file;

	if (filter)
		CHECK_INT(tn_stream_limit(ends[0], 0, &to), 0);
	CHECK_INT(tn_dir_open_file(dir, TN_SLICE("file"), &file), 0);
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go_thread(group, reader_run, &reader), 0);
	CHECK_INT(tn_stream_write(to, TN_SLICE("head ")), 0);
	CHECK_INT(tn_stream_send_file(to, file, t->offset, t->size), t->sent);
	CHECK_INT(tn_stream_write(to, TN_SLICE(" tail")), 0);
	CHECK_INT(tn_stream_shutdown(to), 0);
	CHECK_INT(tn_stream_bytes_written(to), t->sent + 10);
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);

	CHECK_INT(reader.got.len, t->sent + 10);
	CHECK(memcmp(reader.got.data, "head ", 5) == 0);
	CHECK(memcmp(reader.got.data + 5, contents + t->offset, (size_t)t->sent)
	    == 0);
	CHECK(memcmp(reader.got.data + 5 + t->sent, " tail", 5) == 0);
	tn_buffer_free(&reader.got);
	tn_file_free(file);
	if (filter)
		tn_stream_free(to);
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
}

static void
socket_pair(struct tn_stream *ends[2])
{
	struct tn_socket *sockets[2];

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(tn_stream_from_socket(sockets[i], &ends[i]), 0);
}

static void
test_send_file(void **state)
{
	struct tn_stream *ends[2];

	socket_pair(ends);
	send_file(*state, ends, false);
	socket_pair(ends);
	send_file(*state, ends, true);
	CHECK_INT(tn_stream_pair(0, ends), 0);
	send_file(*state, ends, false);
}

static int
test_files(void)
{
	struct CMUnitTest tests[TN_COUNT(files)] = { 0 };

	for (size_t i = 0; i < TN_COUNT(files); i++) {
		tests[i].name = files[i].name;
		tests[i].test_func = test_send_file;
		tests[i].initial_state = (void *)(uintptr_t)&files[i];
	}
	return _cmocka_run_group_tests("files", tests, TN_COUNT(files), setup,
	    teardown);
}

static void
test_send_file_fails(void **state)
{
	struct tn_stream *ends[2];
	struct tn_file *file;

	CHECK_INT(tn_dir_open_file(dir, TN_SLICE("file"), &file), 0);
	socket_pair(ends);
	CHECK_INT(tn_stream_send_file(ends[0], file, -1, 1), -EINVAL);
	CHECK_INT(tn_stream_send_file(ends[0], file, 0, -1), -EINVAL);
	CHECK_INT(tn_stream_send_file(ends[0], file, 1, INT64_MAX), -EINVAL);

	/* The reader leaves: the error comes, and stays. */
	tn_stream_free(ends[1]);
	CHECK_INT(tn_stream_send_file(ends[0], file, 0, FILE_LEN), -EPIPE);
	CHECK_INT(tn_stream_send_file(ends[0], file, 0, FILE_LEN), -EPIPE);
	CHECK_INT(tn_stream_write(ends[0], TN_SLICE("x")), -EPIPE);
	tn_stream_free(ends[0]);

	socket_pair(ends);
	CHECK_INT(tn_stream_shutdown(ends[0]), 0);
	CHECK_INT(tn_stream_send_file(ends[0], file, 0, FILE_LEN), -EPIPE);
	tn_stream_free(ends[0]);
	tn_stream_free(ends[1]);
	tn_file_free(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_copy_fails),
	};
	const struct CMUnitTest file_tests[] = {
		cmocka_unit_test(test_send_file_fails),
	};
	int failed = CHECK_ROWS(rows, test_copy) +
	    cmocka_run_group_tests(tests, NULL, NULL);

	failed += test_files();
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	return failed + cmocka_run_group_tests(file_tests, setup, teardown);
}
