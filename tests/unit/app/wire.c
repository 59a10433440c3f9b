/* The wire between streams in memory: what is said and shown, whole and byte by
 * byte; who ends it, and that nothing is lost when somebody does. */
#include <tenon/buffer.h>
#include <tenon/run.h>
#include "unit/base/check.h"

#include "app/wire.h"

#define LONG_BYTES 300000

/* ---- what is said and shown -------------------------------------------- */

enum {
	LINES = 1,
	CRLF = 2,
	LEAVES = 4, /* at an "x" */
};

static const struct row {
	const char *name;
	int how;
	const char *in, *peer;    /* what they say, and then end */
	const char *sent, *shown; /* what comes of it */
} rows[] = {
	{ "nothing", 0, "", "", "", "" },
	{ "as it is", 0, "a\r\nb\nc\r", "\r\ny\rz\n\r",
	    "a\r\nb\nc\r", "\r\ny\rz\n\r" },
	{ "LF as CRLF", CRLF, "a\nb\n\nc", "", "a\r\nb\r\n\r\nc", "" },
	{ "CRLF stays one", CRLF, "a\r\n\r\n\r\r\n", "",
	    "a\r\n\r\n\r\r\n", "" },
	{ "LF at first", CRLF, "\na", "", "\r\na", "" },
	{ "CR at last", CRLF, "a\r", "", "a\r", "" },
	{ "CRLF as LF", CRLF, "", "a\r\nb\r\n\r\nc\n", "",
	    "a\nb\n\nc\n" },
	{ "a CR by itself stays", CRLF, "", "a\rb\r\r\nc\r", "",
	    "a\rb\r\nc\r" },
	{ "lines", LINES, "a\r\nb\n\n", "y\r\n", "a\nb\n\n", "y\r\n" },
	{ "the last line gets an end", LINES, "a\nb", "", "a\nb\n", "" },
	{ "lines with CRLF", LINES | CRLF, "a\r\nb\n\nc", "y\r\nz",
	    "a\r\nb\r\n\r\nc\r\n", "y\nz" },
	{ "nothing in lines", LINES | CRLF, "", "", "", "" },
	{ "left", LEAVES, "abcxdef", "", "abc", "" },
	{ "left at once", LEAVES, "xabc", "", "", "" },
	{ "left in the midst of a line", LEAVES | LINES, "a\nbxc\nd\n", "",
	    "a\nb", "" },
	{ "held until it is whole", 0, "", "a~b~~", "", "a~b~~" },
};

/* What ends in "~" has to wait. */
static size_t
until_whole(struct tn_slice text)
{
	return tn_slice_ends(text, TN_SLICE("~")) ? text.len - 1 : text.len;
}

static int
write_whole(struct tn_stream *out, struct tn_slice text)
{
	return tn_stream_write(out, text);
}

/* An end of a pair, `capacity` bytes ahead, of which somebody says `text` to
 * the other, ends, and reads all. */
struct far {
	struct tn_stream *near, *end;
	struct tn_slice says;
	struct tn_buffer heard;
	int result;
};

static int
far_say(void *arg)
{
	struct far *f = arg;
	int r = tn_stream_write(f->end, f->says);

	return r < 0 ? r : tn_stream_shutdown(f->end);
}

static int
far_hear(void *arg)
{
	struct far *f = arg;
	struct tn_slice text;

	while ((f->result = tn_stream_fill(f->end, 1, &text)) > 0) {
		CHECK_INT(tn_buffer_append(&f->heard, text), 0);
		tn_stream_consume(f->end, text.len);
	}
	return 0;
}

static void
far_open(struct far *f, size_t capacity, const char *says)
{
	struct tn_stream *ends[2];

	CHECK_INT(tn_stream_pair(capacity, ends), 0);
	memset(f, 0, sizeof(*f));
	f->near = ends[0];
	f->end = ends[1];
	f->says = tn_slice_str(says);
	CHECK_INT(tn_buffer_append_str(&f->heard, ""), 0);
}

static void
far_close(struct far *f)
{
	tn_stream_free(f->near);
	tn_stream_free(f->end);
	tn_buffer_free(&f->heard);
}

static struct app_wire
wire_of_row(const struct row *row)
{
	return (struct app_wire){
		.lines = row->how & LINES,
		.crlf = row->how & CRLF,
		.escape = row->how & LEAVES ? 'x' : 0,
		.linger_ms = -1,
		.show = { until_whole, write_whole },
	};
}

static int
row_whole(void *arg)
{
	const struct row *row = arg;
	struct app_wire w = wire_of_row(row);

	CHECK_INT(tn_stream_memory(tn_slice_str(row->in), &w.in), 0);
	CHECK_INT(tn_stream_memory(TN_SLICE(""), &w.out), 0);
	CHECK_INT(tn_stream_memory(tn_slice_str(row->peer), &w.peer), 0);
	CHECK_INT(app_wire_run(&w), 0);
	CHECK(tn_slice_equal(tn_stream_output(w.peer),
	    tn_slice_str(row->sent)));
	CHECK(tn_slice_equal(tn_stream_output(w.out),
	    tn_slice_str(row->shown)));
	CHECK_INT(w.left, (row->how & LEAVES) != 0);
	CHECK_INT(w.sent, strlen(row->sent));
	CHECK_INT(w.received, strlen(row->peer));
	tn_stream_free(w.in);
	tn_stream_free(w.out);
	tn_stream_free(w.peer);
	return 0;
}

/* Every byte by itself, both ways. */
static int
row_in_bytes(void *arg)
{
	const struct row *row = arg;
	struct app_wire w = wire_of_row(row);
	struct tn_group *group;
	struct far here, peer;

	far_open(&here, 1, row->in);
	far_open(&peer, 1, row->peer);
	w.in = w.out = here.near;
	w.peer = peer.near;
	CHECK_INT(tn_group_open(&group), 0);
	CHECK_INT(tn_go(group, far_say, &here), 0);
	CHECK_INT(tn_go(group, far_hear, &here), 0);
	CHECK_INT(tn_go(group, far_hear, &peer), 0);
	/* The peer that is done does not end what is still to be said; but who
	 * leaves does not hear the rest. */
	CHECK_INT(tn_go(group, far_say, &peer), 0);
	CHECK_INT(app_wire_run(&w), 0);
	CHECK_INT(w.left, (row->how & LEAVES) != 0);
	CHECK_INT(tn_stream_shutdown(w.peer), 0);
	CHECK_INT(tn_stream_shutdown(w.out), 0);
	if (row->how & LEAVES)
		tn_group_cancel(group);
	(void)tn_group_wait(group);
	tn_group_free(group);
	CHECK_TEXT(peer.heard.data, row->sent);
	CHECK_TEXT(here.heard.data, row->shown);
	far_close(&here);
	far_close(&peer);
	return 0;
}

static void
test_row(void **state)
{
	CHECK_INT(tn_run(row_whole, *state, NULL), 0);
	CHECK_INT(tn_run(row_in_bytes, *state, NULL), 0);
}

/* ---- who ends it ------------------------------------------------------- */

/* `here` at one end of a wire and `peer` at the other, each in a fiber. */
struct scene {
	struct far here, peer;
	struct app_wire w;
	struct tn_group *group;
	int result;
};

static void
scene_open(struct scene *s, const char *here, const char *peer)
{
	memset(s, 0, sizeof(*s));
	far_open(&s->here, 0, here);
	far_open(&s->peer, 0, peer);
	s->w.in = s->w.out = s->here.near;
	s->w.peer = s->peer.near;
	CHECK_INT(tn_group_open(&s->group), 0);
}

static int
scene_run(void *arg)
{
	struct scene *s = arg;

	s->result = app_wire_run(&s->w);
	return 0;
}

static void
scene_go(struct scene *s, int (*fn)(void *), void *arg)
{
	CHECK_INT(tn_go(s->group, fn, arg), 0);
}

static void
scene_close(struct scene *s)
{
	tn_group_free(s->group);
	far_close(&s->here);
	far_close(&s->peer);
}

/* A person at `in` does not end it: the peer does. */
static int
peer_ends(void *arg)
{
	struct scene s;

	scene_open(&s, "", "bye");
	scene_go(&s, far_say, &s.peer);
	CHECK_INT(tn_stream_write(s.here.end, TN_SLICE("hello")), 0);
	CHECK_INT(app_wire_run(&s.w), 0);
	CHECK_INT(s.w.sent, 5);
	CHECK_INT(s.w.received, 3);
	CHECK_INT(tn_stream_shutdown(s.w.out), 0);
	CHECK_INT(far_hear(&s.here), 0);
	CHECK_TEXT(s.here.heard.data, "bye");

	/* What is typed from now on is not lost for the next one. */
	CHECK_INT(tn_stream_write(s.here.end, TN_SLICE("again")), 0);
	CHECK_INT(tn_stream_fill(s.w.in, 1, &s.here.says), 5);
	scene_close(&s);
	return 0;
}

/* The end of the input is told, and answered. */
static int
say_after_end(void *arg)
{
	struct far *f = arg;

	CHECK_INT(far_hear(f), 0);
	return far_say(f);
}

static int
here_ends(void *arg)
{
	struct scene s;

	scene_open(&s, "question", "answer");
	scene_go(&s, far_say, &s.here);
	scene_go(&s, say_after_end, &s.peer);
	CHECK_INT(app_wire_run(&s.w), 0);
	CHECK_INT(tn_stream_shutdown(s.w.out), 0);
	CHECK_INT(far_hear(&s.here), 0);
	CHECK_TEXT(s.peer.heard.data, "question");
	CHECK_TEXT(s.here.heard.data, "answer");
	scene_close(&s);
	return 0;
}

/* One that asks for the end not to be told hears an answer first. */
static int
end_is_kept(void *arg)
{
	struct scene s;
	struct tn_slice text;

	scene_open(&s, "question", "answer");
	s.w.keep_open = true;
	scene_go(&s, far_say, &s.here);
	scene_go(&s, scene_run, &s);
	CHECK_INT(tn_stream_fill(s.peer.end, 8, &text), 8);
	for (int i = 0; i < 10; i++)
		CHECK_INT(tn_yield(), 0);
	CHECK_INT(far_say(&s.peer), 0);
	CHECK_INT(tn_group_wait(s.group), 0);
	CHECK_INT(s.result, 0);
	tn_stream_consume(s.peer.end, 8);
	CHECK_INT(tn_stream_shutdown(s.w.peer), 0); /* not before */
	CHECK_INT(tn_stream_fill(s.peer.end, 1, &text), 0);
	scene_close(&s);
	return 0;
}

/* It has nothing to say itself, but reads on, now and then. */
static int
say_long(void *arg)
{
	struct far *f = arg;
	char piece[1000];
	int r = 0;

	for (size_t i = 0; i < LONG_BYTES / sizeof(piece) && r == 0; i++) {
		memset(piece, (int)('a' + i % 26), sizeof(piece));
		r = tn_stream_write(f->end, tn_slice(piece, sizeof(piece)));
		if (r == 0 && i % 16 == 0)
			r = tn_yield();
	}
	return r < 0 ? r : tn_stream_shutdown(f->end);
}

static int
half_closed_first(void *arg)
{
	struct scene s;

	scene_open(&s, "", "");
	s.w.linger_ms = -1;
	CHECK_INT(tn_stream_shutdown(s.peer.end), 0);
	scene_go(&s, say_long, &s.here);
	scene_go(&s, scene_run, &s);
	for (int i = 0; i < 100; i++) /* its end is known long since */
		CHECK_INT(tn_yield(), 0);
	CHECK_INT(far_hear(&s.peer), 0);
	CHECK_INT(tn_group_wait(s.group), 0);
	CHECK_INT(s.result, 0);
	CHECK_INT(s.peer.heard.len, LONG_BYTES);
	CHECK_INT(s.w.sent, LONG_BYTES);
	scene_close(&s);
	return 0;
}

/* It takes its time to read, longer than an input may be silent. */
static int
slow_reader(void *arg)
{
	static char text[LONG_BYTES];
	struct tn_stream *in;
	struct scene s;

	memset(text, 'x', sizeof(text));
	scene_open(&s, "", "");
	CHECK_INT(tn_stream_memory(tn_slice(text, sizeof(text)), &in), 0);
	s.w.in = in;
	s.w.linger_ms = 1;
	CHECK_INT(tn_stream_shutdown(s.peer.end), 0);
	scene_go(&s, scene_run, &s);
	CHECK_INT(tn_sleep(250 * TN_MILLISECOND), 0);
	CHECK_INT(far_hear(&s.peer), 0);
	CHECK_INT(tn_group_wait(s.group), 0);
	CHECK_INT(s.result, 0);
	CHECK_INT(s.peer.heard.len, LONG_BYTES);
	tn_stream_free(in);
	scene_close(&s);
	return 0;
}

/* Whoever holds `in` open has its time, and no more. */
static int
silent_input(void *arg)
{
	struct scene s;

	scene_open(&s, "", "");
	s.w.linger_ms = 10;
	CHECK_INT(tn_stream_shutdown(s.peer.end), 0);
	CHECK_INT(app_wire_run(&s.w), 0);
	scene_close(&s);
	return 0;
}

static int
nobody_moves(void *arg)
{
	struct scene s;

	scene_open(&s, "", "");
	s.w.idle_ms = 10;
	CHECK_ERROR(app_wire_run(&s.w), -ETIMEDOUT,
	    "nothing came or went for 10 ms; see --idle");

	/* Nor does a peer that has said its own, and takes nothing. */
	s.w.linger_ms = -1;
	CHECK_INT(tn_stream_shutdown(s.peer.end), 0);
	scene_go(&s, say_long, &s.here);
	CHECK_INT(app_wire_run(&s.w), -ETIMEDOUT);
	CHECK(s.w.sent > 0);
	scene_close(&s);
	return 0;
}

static int
cancelled(void *arg)
{
	struct scene s;

	scene_open(&s, "", "");
	scene_go(&s, scene_run, &s);
	for (int i = 0; i < 10; i++)
		CHECK_INT(tn_yield(), 0);
	tn_group_cancel(s.group);
	CHECK_INT(tn_group_wait(s.group), 0);
	CHECK_INT(s.result, -ECANCELED);
	scene_close(&s);
	return 0;
}

/* The peer goes away: what it had said is shown, then the error. */
static int
peer_is_lost(void *arg)
{
	struct scene s;

	scene_open(&s, "", "");
	CHECK_INT(tn_stream_write(s.peer.end, TN_SLICE("last words")), 0);
	CHECK_INT(tn_stream_flush(s.peer.end), 0);
	tn_stream_free(TN_TAKE(s.peer.end));
	scene_go(&s, far_hear, &s.here);
	CHECK_INT(tn_stream_write(s.here.end, TN_SLICE("hello?")), 0);
	s.w.linger_ms = -1;
	CHECK_INT(app_wire_run(&s.w), -EPIPE);
	CHECK(strstr(tn_error_text(), "the other end is closed") != NULL);
	CHECK_INT(tn_stream_shutdown(s.w.out), 0);
	CHECK_INT(tn_group_wait(s.group), 0);
	CHECK_TEXT(s.here.heard.data, "last words");
	scene_close(&s);
	return 0;
}

/* A socket whose other end is closed over something unread is reset. */
static int
peer_is_lost_midst(void *arg)
{
	struct tn_socket *ends[2];
	struct scene s;
	struct tn_stream *peer;

	scene_open(&s, "", "");
	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	CHECK_INT(tn_stream_from_socket(ends[0], &peer), 0);
	CHECK_INT(tn_socket_send(ends[1], "last~", 5, 0), 5);
	CHECK_INT(tn_stream_write(peer, TN_SLICE("unread")), 0);
	CHECK_INT(tn_stream_flush(peer), 0);
	tn_socket_free(ends[1]);
	s.w.peer = peer;
	s.w.show = (struct app_wire_show){ until_whole, write_whole };
	CHECK_INT(app_wire_run(&s.w), -ECONNRESET);
	CHECK_INT(tn_stream_shutdown(s.w.out), 0);
	CHECK_INT(far_hear(&s.here), 0);
	CHECK_TEXT(s.here.heard.data, "last~");
	tn_stream_free(peer);
	scene_close(&s);
	return 0;
}

/* Who read what comes has had enough. */
static int
nobody_reads(void *arg)
{
	struct tn_stream *out[2];
	struct scene s;

	scene_open(&s, "", "something");
	CHECK_INT(tn_stream_pair(0, out), 0);
	tn_stream_free(out[1]);
	s.w.out = out[0];
	scene_go(&s, far_say, &s.peer);
	CHECK_INT(app_wire_run(&s.w), 0);
	CHECK(s.w.deaf);
	tn_stream_free(out[0]);
	scene_close(&s);
	return 0;
}

static int
line_too_long(void *arg)
{
	static char text[APP_WIRE_LINE_MAX + 3];
	struct app_wire w = { .lines = true };

	memset(text, 'x', sizeof(text) - 2);
	memcpy(text + sizeof(text) - 2, "\n", 2);
	for (size_t skip = 0; skip < 2; skip++) {
		CHECK_INT(tn_stream_memory(tn_slice_str(text + skip), &w.in),
		    0);
		CHECK_INT(tn_stream_memory(TN_SLICE(""), &w.out), 0);
		CHECK_INT(tn_stream_memory(TN_SLICE(""), &w.peer), 0);
		w.linger_ms = -1;
		CHECK_INT(app_wire_run(&w), skip == 0 ? TN_ELIMIT : 0);
		tn_stream_free(w.in);
		tn_stream_free(w.out);
		tn_stream_free(w.peer);
	}
	return 0;
}

/* A program at `in` and `out` hears of the peer's end, and when it has ended
 * itself the peer need not be done. */
static int
program_ends(void *arg)
{
	struct scene s;
	struct tn_slice text;

	scene_open(&s, "output", "input");
	s.w.program = true;
	s.w.linger_ms = -1;
	scene_go(&s, far_say, &s.peer);
	scene_go(&s, say_after_end, &s.here);
	CHECK_INT(app_wire_run(&s.w), 0);
	CHECK_TEXT(s.here.heard.data, "input");
	CHECK_INT(tn_stream_fill(s.peer.end, 6, &text), 6);
	scene_close(&s);

	scene_open(&s, "output", "");
	s.w.program = true;
	scene_go(&s, far_say, &s.here);
	CHECK_INT(app_wire_run(&s.w), 0);
	CHECK_INT(tn_stream_fill(s.peer.end, 6, &text), 6);
	scene_close(&s);
	return 0;
}

/* It stops listening, but not talking. */
static int
program_is_deaf(void *arg)
{
	struct tn_stream *out[2];
	struct scene s;

	scene_open(&s, "", "input");
	CHECK_INT(tn_stream_pair(0, out), 0);
	tn_stream_free(out[1]);
	s.w.out = out[0];
	s.w.program = true;
	s.w.linger_ms = -1;
	scene_go(&s, far_say, &s.peer);
	scene_go(&s, scene_run, &s);
	for (int i = 0; i < 10; i++)
		CHECK_INT(tn_yield(), 0);
	scene_go(&s, say_long, &s.here);
	CHECK_INT(far_hear(&s.peer) + tn_group_wait(s.group), 0);
	CHECK_INT(s.result, 0);
	CHECK_INT(s.w.sent, LONG_BYTES);
	tn_stream_free(out[0]);
	scene_close(&s);
	return 0;
}

/* ---- datagrams --------------------------------------------------------- */

static const struct datagram_row {
	const char *name;
	int how;
	const char *in;
	const char *sent[4]; /* a datagram each */
	const char *says[4];
	const char *shown;
} datagram_rows[] = {
	{ "nothing", 0, "", { NULL }, { NULL }, "" },
	{ "as it is", 0, "a\r\nb", { "a\r\nb" }, { "y", "z\n" }, "yz\n" },
	{ "lines", LINES, "a\r\n\nb", { "a", "", "b" }, { "y", "z\n", "" },
	    "y\nz\n\n" },
	{ "left", LEAVES, "abxc", { "ab" }, { NULL }, "" },
	{ "left with nothing said", LEAVES, "x", { NULL }, { NULL }, "" },
};

static int
datagrams(void *arg)
{
	const struct datagram_row *row = arg;
	struct app_wire_datagrams w = {
		.lines = row->how & LINES,
		.escape = row->how & LEAVES ? 'x' : 0,
		.linger_ms = 10,
	};
	struct tn_socket *ends[2];
	char got[16];

	CHECK_INT(tn_socket_pair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	CHECK_INT(tn_stream_memory(tn_slice_str(row->in), &w.in), 0);
	CHECK_INT(tn_stream_memory(TN_SLICE(""), &w.out), 0);
	w.socket = ends[0];
	for (size_t i = 0; i < 4 && row->says[i] != NULL; i++)
		CHECK_INT(tn_socket_send(ends[1], row->says[i],
		    strlen(row->says[i]), 0), strlen(row->says[i]));
	CHECK_INT(app_wire_run_datagrams(&w), 0);
	CHECK_INT(w.left, (row->how & LEAVES) != 0);
	for (size_t i = 0; i < 4 && row->sent[i] != NULL; i++) {
		ssize_t n = tn_socket_recv(ends[1], got, sizeof(got) - 1,
		    MSG_DONTWAIT);

		CHECK(n >= 0);
		got[n] = '\0';
		CHECK_TEXT(got, row->sent[i]);
		w.sent_count--;
	}
	CHECK_INT(w.sent_count, 0);
	if (!w.left)
		CHECK(tn_slice_equal(tn_stream_output(w.out),
		    tn_slice_str(row->shown)));
	tn_stream_free(w.in);
	tn_stream_free(w.out);
	tn_socket_free(ends[0]);
	tn_socket_free(ends[1]);
	return 0;
}

static void
test_datagrams(void **state)
{
	CHECK_INT(tn_run(datagrams, *state, NULL), 0);
}

/* ---- all --------------------------------------------------------------- */

static const struct scene_row {
	const char *name;
	int (*run)(void *arg);
} scene_rows[] = {
	{ "the peer ends it", peer_ends },
	{ "the input ends, and is answered", here_ends },
	{ "the end of the input is kept", end_is_kept },
	{ "a peer that is done first reads on", half_closed_first },
	{ "and slowly", slow_reader },
	{ "an input that is silent", silent_input },
	{ "nobody moves", nobody_moves },
	{ "cancelled", cancelled },
	{ "the peer is lost", peer_is_lost },
	{ "the peer is lost in the midst of a character", peer_is_lost_midst },
	{ "nobody reads", nobody_reads },
	{ "a line too long", line_too_long },
	{ "a program ends", program_ends },
	{ "a program is deaf", program_is_deaf },
};

static void
test_scene(void **state)
{
	const struct scene_row *row = *state;

	CHECK_INT(tn_run(row->run, NULL, NULL), 0);
}

int
main(void)
{
	int failed = CHECK_ROWS(scene_rows, test_scene);

	failed += CHECK_ROWS(datagram_rows, test_datagrams);
	return failed + CHECK_ROWS(rows, test_row);
}
