/* Streams over pairs, sockets and foreign descriptors: lines, copies, files. */
#include <fcntl.h>
#include <stdlib.h>
#include <tenon/dial.h>
#include <tenon/file.h>
#include <tenon/process.h>
#include <tenon/server.h>
#include <unistd.h>

#include "sweep/folder.h"
#include "sweep/sweep.h"

#define BIG (300 * 1024) /* more than sockets hold */

/* What the two sides of a scenario share. */
static struct tn_stream *ends[2];
static struct tn_socket *listener;
static char address[TN_ADDRESS_TEXT_MAX + 8];

/* ---- what both sides do ------------------------------------------------ */

static int
echo_stream(struct tn_stream *s)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(s, 1, &said)) > 0) {
		r = tn_stream_write(s, said);
		if (r < 0)
			break;
		tn_stream_consume(s, said.len);
	}
	return r;
}

static int
ask_lines(struct tn_stream *s)
{
	struct tn_slice line;
	int r = 0;

	for (int i = 0; i < 10 && r >= 0; i++) {
		char sent[32];

		snprintf(sent, sizeof(sent), "line %d", i);
		r = tn_stream_printf(s, "%s\r\n", sent);
		if (r == 0)
			r = tn_stream_read_line(s, TN_LINE_CRLF, 100, &line);
		if (r > 0)
			SWEEP_CHECK(tn_slice_equal(line, tn_slice_str(sent)));
		else if (r == 0)
			return tn_error_set(TN_ETRUNCATED,
			    "echo: ended early");
	}
	if (r > 0)
		r = tn_stream_shutdown(s);
	if (r == 0)
		r = (int)tn_stream_skip(s, 10);
	return r;
}

static char
big_byte(size_t i)
{
	return (char)(i % 251);
}

static int
big_write(struct tn_stream *s)
{
	char part[4096];
	int r = 0;

	for (size_t done = 0; done < BIG && r == 0; done += sizeof(part)) {
		for (size_t i = 0; i < sizeof(part); i++)
			part[i] = big_byte(done + i);
		r = tn_stream_write(s, tn_slice(part, sizeof(part)));
	}
	return r;
}

/* Exactly that, and then the end. */
static int
big_read(struct tn_stream *s)
{
	struct tn_slice got;
	size_t done = 0;
	int r;

	while ((r = tn_stream_fill(s, 1, &got)) > 0) {
		for (size_t i = 0; i < got.len; i++)
			SWEEP_CHECK(got.data[i] == big_byte(done + i));
		done += got.len;
		tn_stream_consume(s, got.len);
	}
	if (r == 0 && done < BIG)
		return tn_error_set(TN_ETRUNCATED, "big: %zu bytes came",
		    done);
	SWEEP_CHECK(r < 0 || done == BIG);
	return r;
}

/* ---- a pair ------------------------------------------------------------ */

static int
pair_end(int i, int r)
{
	struct tn_stream *s = TN_TAKE(ends[i]);
	int closed;

	if (r < 0) {
		tn_stream_free(s);
		return r;
	}
	closed = tn_stream_close(s);
	return closed < 0 ? closed : 0;
}

static int
pair_echo(void)
{
	return pair_end(0, echo_stream(ends[0]));
}

static int
pair_ask(void)
{
	return pair_end(1, ask_lines(ends[1]));
}

static int
pair_run(int (*one)(void), int (*other)(void))
{
	int r = tn_stream_pair(0, ends);

	if (r == 0)
		r = sweep_both(one, other);
	tn_stream_free(TN_TAKE(ends[0]));
	tn_stream_free(TN_TAKE(ends[1]));
	return r;
}

static int
run_pair(void)
{
	return pair_run(pair_echo, pair_ask);
}

/* Through a filter that lets just that through. */
static int
pair_copy(void)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *limit = NULL;
	TN_CLEANUP(tn_stream_freep) struct tn_stream *copy = NULL;
	int64_t n = tn_stream_limit(ends[0], BIG, &limit);

	if (n == 0)
		n = tn_stream_memory(TN_SLICE(""), &copy);
	if (n == 0)
		n = tn_stream_copy(copy, limit, NULL);
	if (n >= 0)
		SWEEP_CHECK(n == BIG && tn_stream_output(copy).len == BIG);
	return pair_end(0, n < 0 ? (int)n : 0);
}

static int
pair_big(void)
{
	return pair_end(1, big_write(ends[1]));
}

static int
run_memory(void)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	int r = tn_stream_memory(TN_SLICE("one\r\ntwo\r\n"), &s);

	if (r == 0)
		r = echo_stream(s);
	if (r == 0)
		SWEEP_CHECK(tn_slice_equal(tn_stream_output(s),
		    TN_SLICE("one\r\ntwo\r\n")));
	return r;
}

/* ---- over sockets ------------------------------------------------------ */

static int
over_accept(struct tn_stream **ret)
{
	struct tn_socket *socket;
	int r = tn_socket_accept(listener, &socket, NULL);

	if (r < 0)
		return r;
	r = tn_stream_from_socket(socket, ret);
	if (r < 0)
		tn_socket_free(socket);
	return r;
}

static int
over_dial(struct tn_stream **ret)
{
	return tn_dial(address, NULL, ret);
}

static int
over_run(const char *where, int (*one)(void), int (*other)(void))
{
	struct tn_address at;
	int r = tn_listen(where, NULL, &listener);

	if (r == 0)
		r = tn_socket_getsockname(listener, &at);
	if (r == 0) {
		tn_address_format(&at, address);
		r = sweep_both(one, other);
	}
	tn_socket_free(TN_TAKE(listener));
	return r;
}

static int
over_serve_echo(void)
{
	int r = over_accept(&ends[0]);

	return r < 0 ? r : pair_echo();
}

static int
over_ask_lines(void)
{
	int r = over_dial(&ends[1]);

	return r < 0 ? r : pair_ask();
}

static int
run_tcp(void)
{
	return over_run("127.0.0.1:0", over_serve_echo, over_ask_lines);
}

static int
run_unix(void)
{
	char where[128];

	snprintf(where, sizeof(where), "unix:%s/socket", folder_path);
	return over_run(where, over_serve_echo, over_ask_lines);
}

/* Both write all before they read, and cannot deadlock. */
static int
over_serve_big(void)
{
	int r = over_accept(&ends[0]);

	if (r == 0)
		r = big_write(ends[0]);
	if (r == 0)
		r = tn_stream_shutdown(ends[0]);
	if (r == 0)
		r = big_read(ends[0]);
	return pair_end(0, r);
}

static int
over_ask_big(void)
{
	int r = over_dial(&ends[1]);

	if (r == 0)
		r = big_write(ends[1]);
	if (r == 0)
		r = tn_stream_shutdown(ends[1]);
	if (r == 0)
		r = big_read(ends[1]);
	return pair_end(1, r);
}

static int
run_big(void)
{
	return over_run("127.0.0.1:0", over_serve_big, over_ask_big);
}

/* ---- a file ------------------------------------------------------------ */

static int
over_serve_file(void)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_file_freep) struct tn_file *file = NULL;
	int64_t n;
	int r = over_accept(&ends[0]);

	if (r == 0)
		r = tn_dir_open(folder_path, &dir);
	if (r == 0)
		r = tn_dir_open_file(dir, TN_SLICE("big"), &file);
	if (r == 0) {
		n = tn_stream_send_file(ends[0], file, 0, BIG);
		r = n < 0 ? (int)n : 0;
		SWEEP_CHECK(r < 0 || n == BIG);
	}
	return pair_end(0, r);
}

static int
over_ask_file(void)
{
	int r = over_dial(&ends[1]);

	if (r == 0)
		r = big_read(ends[1]);
	return pair_end(1, r);
}

static int
run_send_file(void)
{
	return over_run("127.0.0.1:0", over_serve_file, over_ask_file);
}

/* ---- foreign descriptors ----------------------------------------------- */

static int fds[2];

static int
fd_write(void)
{
	int r = tn_stream_from_fd(fds[1], &ends[1]);

	if (r == 0)
		r = big_write(ends[1]);
	r = pair_end(1, r);
	close(fds[1]); /* the end, for the reader */
	fds[1] = -1;
	return r;
}

static int
fd_read(void)
{
	int r = tn_stream_from_fd(fds[0], &ends[0]);

	if (r == 0)
		r = big_read(ends[0]);
	return pair_end(0, r);
}

static int
run_fd(void)
{
	int r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return tn_error_set(-errno, "pipe: none");
	r = sweep_both(fd_write, fd_read);
	if (fds[0] >= 0)
		close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	return r;
}

/* ------------------------------------------------------------------------ */

static int
run_copy(void)
{
	return pair_run(pair_copy, pair_big);
}

static int
big_begin(void)
{
	char *text = malloc(BIG);
	int r;

	if (text == NULL || folder_begin() != 0)
		return -1;
	for (size_t i = 0; i < BIG; i++)
		text[i] = big_byte(i);
	r = folder_file("big", text, BIG);
	free(text);
	return r;
}

/* ---- other programs ---------------------------------------------------- */

static int
program_run(void)
{
	static const char *const argv[] = { "cat", NULL };
	const struct tn_process_options options = {
		.argv = argv,
		.in.end = TN_PROCESS_PIPE,
		.out.end = TN_PROCESS_PIPE,
		.err.end = TN_PROCESS_NULL,
	};
	const struct tn_process_run_options run = {
		.input = TN_SLICE("hello"),
	};
	struct tn_process_result result;
	int r = tn_process_run(&options, &run, &result);

	if (r < 0)
		return r;
	/* EPIPE is no error: a program need not read all of its input. */
	SWEEP_CHECK(result.status == 0 && result.err.len == 0 &&
	    tn_slice_starts(TN_SLICE("hello"), tn_buffer_slice(&result.out)));
	tn_process_result_free(&result);
	return 0;
}

static int
program_talk(void)
{
	static const char *const argv[] = { "cat", NULL };
	const struct tn_process_options options = {
		.argv = argv,
		.in.end = TN_PROCESS_PIPE,
		.out.end = TN_PROCESS_PIPE,
	};
	TN_CLEANUP(tn_process_freep) struct tn_process *p = NULL;
	struct tn_slice said;
	int r = tn_process_open(&options, &p), status;

	if (r == 0)
		r = tn_stream_write(tn_process_stdin(p), TN_SLICE("hello"));
	if (r == 0)
		r = tn_stream_flush(tn_process_stdin(p)); /* tells of errors */
	if (r == 0)
		r = tn_stream_fill(tn_process_stdout(p), 5, &said);
	if (r >= 0) {
		SWEEP_CHECK(tn_slice_equal(said, TN_SLICE("hello")));
		r = tn_stream_shutdown(tn_process_stdin(p));
	}
	if (r == 0)
		r = tn_process_wait(p, &status);
	if (r == 0)
		SWEEP_CHECK(status == 0);
	return r;
}

static int
program_main(void *arg)
{
	int r = program_run();

	return r < 0 ? r : program_talk();
}

static int
run_program(void)
{
	int r = tn_run(program_main, NULL, NULL);

	return r < 0 ? r : program_main(NULL);
}

/* ------------------------------------------------------------------------ */

static const struct sweep_scenario scenarios[] = {
	{ "pair", run_pair },
	{ "copy", run_copy },
	{ "memory", run_memory },
	{ "tcp", run_tcp },
	{ "unix", run_unix, folder_begin, folder_end },
	{ "big", run_big },
	{ "send-file", run_send_file, big_begin, folder_end },
	{ "fd", run_fd },
	{ "program", run_program },
};

int
main(void)
{
	return sweep_main("streams", scenarios, TN_COUNT(scenarios));
}
