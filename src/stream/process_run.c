/* A program from its start to its end.  Its input is pushed while its output is
 * waited for, so that neither of us waits for the other with a full pipe. */
#include <errno.h>
#include <tenon/error.h>
#include "stream/host.h"
#include "stream/process.h"
#include "stream/stream.h"

#define RUN_OUTPUT_MAX ((int64_t)1 << 20)
#define RUN_PIECE 16384

/* Between two looks where there is no pidfd, doubled from one to the other. */
#define RUN_PAUSE TN_MILLISECOND
#define RUN_PAUSE_MAX (64 * TN_MILLISECOND)

struct run {
	struct tn_process *process;
	struct tn__pusher pusher;
	struct tn_slice input; /* what is left of it */
	int input_error;       /* 0; or what went wrong with it */
	int64_t room;          /* for output, in bytes */
	tn_time pause;
	struct tn_process_result result;
};

/* ---- its input --------------------------------------------------------- */

/* A program need not read all of it: that is no failure. */
static int
run_push(struct tn__pusher *pusher, struct tn__io **ret_io)
{
	struct run *run = TN__CONTAINER(pusher, struct run, pusher);
	struct tn_stream *pipe = run->process->standard[0];
	struct tn__io *io = tn__pipe_io(pipe);
	ssize_t n;

	while (run->input.len > 0) {
		n = tn__stream_fd_write(io->fd, run->input.data,
		    run->input.len);
		if (n == -EAGAIN) {
			tn__io_empty(io, TN__IO_WRITE);
			*ret_io = io;
			return 0;
		}
		if (n < 0) {
			run->input_error = n == -EPIPE ? 0 : (int)n;
			break;
		}
		run->input = tn_slice_skip(run->input, (size_t)n);
	}
	tn__pipe_end(pipe);
	return 1;
}

/* ---- its output -------------------------------------------------------- */

/* One read: 1, 0 when there is nothing to read now or ever, or an error.  What
 * is over the limit is not kept. */
static int
run_read_once(struct run *run, struct tn_stream *pipe, struct tn_buffer *out)
{
	struct tn__io *io = tn__pipe_io(pipe);
	size_t size = RUN_PIECE;
	ssize_t n;
	int r = tn_buffer_reserve(out, RUN_PIECE);

	if (r < 0)
		return tn_error_set(r, "output of child %d: %s",
		    run->process->pid, tn_error_words(r));
	if (run->room < (int64_t)size)
		size = (size_t)run->room + 1;
	n = tn__stream_fd_read(io->fd, out->data + out->len, size);
	if (n == -EAGAIN) {
		tn__io_empty(io, TN__IO_READ);
		return 0;
	}
	if (n < 0)
		return tn_error_set((int)n, "output of child %d: %s",
		    run->process->pid, tn_error_words((int)n));
	if (n == 0) {
		tn__pipe_end(pipe);
		return 0;
	}
	r = n > run->room ? TN_ELIMIT : 1;
	if (n > run->room)
		n = (ssize_t)run->room;
	run->room -= n;
	out->len += (size_t)n;
	tn__io_moved((size_t)n);
	out->data[out->len] = '\0';
	return r;
}

static int
run_read(struct run *run, struct tn_stream *pipe, struct tn_buffer *out)
{
	int r = 1;

	while (r > 0 && pipe != NULL && tn__pipe_io(pipe)->fd >= 0) {
		r = tn__io_begin(tn__pipe_io(pipe), TN__IO_READ);
		if (r > 0)
			r = run_read_once(run, pipe, out);
	}
	return r < 0 ? r : 0;
}

static int
run_read_both(struct run *run, bool ended)
{
	struct tn_stream **standard = run->process->standard;
	int r;

	/* We may have heard of its end before we heard of its last words. */
	for (int i = 1; i < 3 && ended; i++)
		if (standard[i] != NULL)
			tn__pipe_io(standard[i])->ready[TN__IO_READ] = true;
	r = run_read(run, standard[1], &run->result.out);

	return r < 0 ? r : run_read(run, standard[2], &run->result.err);
}

/* Until one of its pipes, or its end, has something for us. */
static int
run_wait(struct run *run)
{
	struct tn_process *p = run->process;
	struct tn__io *ios[3];
	tn_time until = TN_NEVER;
	size_t n = 0;
	int r;

	for (int i = 1; i < 3; i++)
		if (p->standard[i] != NULL &&
		    tn__pipe_io(p->standard[i])->fd >= 0)
			ios[n++] = tn__pipe_io(p->standard[i]);
	if (p->process.io.fd >= 0) {
		ios[n++] = &p->process.io;
	} else {
		until = tn_after(run->pause);
		if (run->pause < RUN_PAUSE_MAX)
			run->pause *= 2;
	}
	if (n == 0)
		r = tn_sleep_until(until);
	else
		r = tn__io_wait_any(ios, n, TN__IO_READ, until,
		    "output of a program");
	return r == -EAGAIN || r >= 0 ? 0 : r;
}

/* What was in its pipes when it ended is read too. */
static int
run_collect(struct run *run)
{
	bool ended;
	int r;

	do {
		/* Before the look, or its end might come in between. */
		tn__io_empty(&run->process->process.io, TN__IO_READ);
		ended = tn__process_has_ended(run->process);
		r = run_read_both(run, ended);
		if (r == 0 && !ended)
			r = run_wait(run);
	} while (r == 0 && !ended);
	if (r == 0 && run->input_error < 0)
		return tn_error_set(run->input_error, "input of child %d: %s",
		    run->process->pid, tn_error_words(run->input_error));
	return r;
}

/* ---- all of it --------------------------------------------------------- */

static int
run_fail(const struct run *run, const struct tn_process_run_options *o, int r,
    bool late)
{
	if (r == TN_ELIMIT)
		return tn_error_set(r, "output of child %d: more than "
		    "output_bytes_max, %lld bytes", run->process->pid,
		    (long long)(o->output_bytes_max == 0 ? RUN_OUTPUT_MAX :
		        o->output_bytes_max));
	if (late)
		return tn_error_set(r, "child %d: runs for longer than "
		    "time_ms, %lld ms", run->process->pid,
		    (long long)o->time_ms);
	if (r == -ETIMEDOUT || r == -ECANCELED)
		return tn_error_set(r, "wait for child %d: %s",
		    run->process->pid, tn_error_words(r));
	return r; /* said already */
}

static int
run_all(struct run *run, const struct tn_process_run_options *o)
{
	struct tn_scope scope;
	bool late;
	int r;

	tn_scope_open(&scope, tn_after(o->time_ms == 0 ? -1 :
	    tn__span_ms(o->time_ms)));
	r = run_collect(run);
	late = tn_scope_close(&scope) && r == -ETIMEDOUT;
	tn__pusher_remove(&run->pusher);
	if (r < 0 && !(o->partial && (late || r == TN_ELIMIT)))
		return run_fail(run, o, r, late);
	run->result.limit = r;
	if (r < 0)
		tn_process_kill(run->process);
	return tn_process_end(run->process, -1, &run->result.status);
}

int
tn_process_run(const struct tn_process_options *options,
    const struct tn_process_run_options *o, struct tn_process_result *ret)
{
	static const struct tn_process_run_options defaults;
	struct run run = { .pause = RUN_PAUSE };
	int r;

	if (o == NULL)
		o = &defaults;
	run.input = o->input;
	run.room = o->output_bytes_max == 0 ? RUN_OUTPUT_MAX :
	    o->output_bytes_max < 0 ? INT64_MAX : o->output_bytes_max;
	r = tn_process_open(options, &run.process);
	if (r < 0)
		return r;
	tn__pusher_init(&run.pusher, run_push);
	if (run.process->standard[0] != NULL)
		tn__pusher_add(&run.pusher);
	r = run_all(&run, o);
	tn_process_free(run.process);
	if (r < 0)
		tn_process_result_free(&run.result);
	else
		*ret = run.result;
	return r;
}

void
tn_process_result_free(struct tn_process_result *result)
{
	tn_buffer_free(&result->out);
	tn_buffer_free(&result->err);
}
