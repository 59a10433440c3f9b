/* The runner itself: talks that must fail do fail, at the right line and with
 * the two sides as runner/NAME.want shows them.
 *
 *     TENON_WRITE=1 ./dev test dialogue/runner    writes the .want files
 *     dialogue-runner FILE ...                    plays one, as main.c does */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dialogue/talk.h"

#define RUNNER_TEXT 16384
#define RUNNER_SEEDS 300

/* ---- a protocol of lines, and what can be wrong with it ----------------- */

static int
lines_echo(struct tn_request *rq)
{
	struct talk_ours *ours = rq->arg;
	struct tn_slice line;
	int r;

	while ((r = tn_stream_read_line(rq->stream, TN_LINE_CRLF, 1000,
	    &line)) > 0) {
		talk_tell_bytes(ours, "heard", line);
		r = tn_stream_write(rq->stream, line);
		if (r == 0)
			r = tn_stream_write(rq->stream, TN_SLICE("\r\n"));
		if (r < 0)
			break;
	}
	return r;
}

/* What came at once is a line, it thinks. */
static int
lines_hasty(struct tn_request *rq)
{
	struct tn_slice shown;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &shown)) > 0) {
		shown = tn_slice_trim(shown);
		r = tn_stream_printf(rq->stream, "%.*s\r\n", (int)shown.len,
		    shown.data);
		if (r < 0)
			break;
		tn_stream_consume(rq->stream, (size_t)tn_stream_fill(
		    rq->stream, 0, &shown));
	}
	return r;
}

/* Passes an error over and says what it had hoped to say. */
static int
lines_liar(struct tn_request *rq)
{
	struct tn_slice line = { NULL, 0 };
	struct tn_socket *again;
	int r = tn_socket_open(AF_INET, SOCK_STREAM, 0, &again);

	if (r == 0)
		tn_socket_free(again);
	if (tn_stream_read_line(rq->stream, TN_LINE_CRLF, 1000, &line) <= 0)
		return 0;
	return tn_stream_printf(rq->stream, "%.*s\r\n", r == 0 ?
	    (int)line.len : 0, line.data);
}

static int
lines_deaf(struct tn_request *rq)
{
	return tn_sleep(TN_NEVER);
}

static int
lines_rude(struct tn_request *rq)
{
	const struct linger linger = { .l_onoff = 1 };
	struct tn_slice line;
	int r = tn_stream_read_line(rq->stream, TN_LINE_CRLF, 1000, &line);

	if (r > 0)
		r = tn_socket_setsockopt(tn_stream_socket(rq->stream),
		    SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return r < 0 ? r : tn_error_set(-EIO, "gone");
}

static int
lines_serve(struct talk_ours *ours)
{
	static const struct {
		const char *name;
		int (*handle)(struct tn_request *rq);
	} rows[] = {
		{ "deaf", lines_deaf },
		{ "echo", lines_echo },
		{ "hasty", lines_hasty },
		{ "liar", lines_liar },
		{ "rude", lines_rude },
	};
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	struct tn_server_options options = {
		.address = ours->address,
		.arg = ours,
	};
	int r;

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		if (strcmp(rows[i].name, talk_word(ours, 0)) == 0)
			options.handle = rows[i].handle;
	r = tn_server_open(&options, &server);
	if (r < 0)
		return r;
	ours->server = server;
	return tn_server_serve_forever(server);
}

/* "say WORD", and tells what came back; "liar" says it is always fine, "mute"
 * never connects. */
static int
lines_call(struct talk_ours *ours)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	bool lies = strcmp(talk_word(ours, 0), "liar") == 0;
	struct tn_slice line;
	int r;

	if (strcmp(talk_word(ours, 0), "mute") == 0)
		return tn_error_set(-EINVAL, "nothing to say");
	r = tn_dial(ours->address, NULL, &s);
	if (r == 0)
		r = tn_stream_printf(s, "%s\r\n", talk_word(ours, 1));
	if (r == 0)
		r = tn_stream_read_line(s, TN_LINE_CRLF, 1000, &line);
	if (r > 0)
		talk_tell_bytes(ours, "heard", line);
	else if (r == 0)
		r = tn_error_set(TN_ETRUNCATED, "no answer");
	if (lies && r < 0)
		talk_tell(ours, "fine");
	return lies || r > 0 ? 0 : r;
}

static bool
lines_excuses(struct tn_slice line)
{
	return tn_slice_starts(line, TN_SLICE("sorry"));
}

static const struct talk_protocol lines_protocol = {
	.name = "lines",
	.serve = lines_serve,
	.call = lines_call,
	.excuses = lines_excuses,
};

/* ---- talks that fail, and how ------------------------------------------- */

static void
runner_read(const char *path, char out[RUNNER_TEXT])
{
	FILE *file = fopen(path, "re");
	size_t n;

	out[0] = '\0';
	if (file == NULL)
		return;
	n = fread(out, 1, RUNNER_TEXT - 1, file);
	out[n] = '\0';
	fclose(file);
}

static void
runner_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Which seed shows it is the simulator's business. */
static void
runner_hide_seed(char *text)
{
	char *at = strstr(text, " faults ");

	if (at != NULL)
		memcpy(at + strlen(" faults "), "N\n", sizeof("N\n"));
}

static void
test_talk(void **state)
{
	const char *name = *state;
	char path[100], want[RUNNER_TEXT], got[RUNNER_TEXT] = "";
	struct talk_choice choice = {
		.sides = 1 << TALK_SERVER | 1 << TALK_CLIENT,
		.seeds = RUNNER_SEEDS,
		.self = "PLAYER",
	};
	bool good;

	choice.out = fmemopen(got, sizeof(got), "w");
	assert_non_null(choice.out);
	(void)snprintf(path, sizeof(path), "runner/%s.talk", name);
	good = talk_run_file(&lines_protocol, path, &choice);
	fclose(choice.out);
	runner_hide_seed(got);
	(void)snprintf(path, sizeof(path), "runner/%s.want", name);
	if (getenv("TENON_WRITE") != NULL)
		runner_write(path, got);
	runner_read(path, want);
	assert_string_equal(got, want);
	assert_true(good == (got[0] == '\0'));
}

/* ---- talks that cannot be read ------------------------------------------ */

static const struct row {
	const char *name, *text, *want;
} rows[] = {
	{ "empty", "", "x:0: neither a server nor a client line" },
	{ "nobody of ours", "# none\nC: a\n",
	    "x:2: neither a server nor a client line" },
	{ "a word nobody knows", "server echo\nS a: b\n",
	    "x:2: close, shut or reset, but not: a: b" },
	{ "a line nobody knows", "server echo\nhello there\n",
	    "x:2: no line begins so: hello" },
	{ "two servers", "server a\nserver b\n",
	    "x:2: a second line of this kind" },
	{ "a server without a name", "server\n", "x:1: of what?" },
	{ "an escape", "server a\nC: \\q\n",
	    "x:2: no escape is written so: \\q" },
	{ "half an escape", "server a\nC: \\x1\n",
	    "x:2: no escape is written so: \\x" },
	{ "a pattern", "server a\nC: {dat}\n", "x:2: no such pattern: dat" },
	{ "a repeated pattern", "server a\nC: {date*x}\n",
	    "x:2: no such pattern: date" },
	{ "an open brace", "server a\nC: {date\n",
	    "x:2: a brace that is not closed: {date" },
	{ "repeated never", "server a\nC: {0*x}\n",
	    "x:2: repeated into nothing, or into more than 1 MiB" },
	{ "repeated too often", "server a\nC: {1000000*xx}\n",
	    "x:2: repeated into nothing, or into more than 1 MiB" },
	{ "repeated within repeated", "server a\nC: {10*{10*a}}\n",
	    "x:2: a brace inside of braces; write \\{: {10*{10*a}}" },
	{ "a brace in a sample", "server a\nC: {any:{}\n",
	    "x:2: a brace inside of braces; write \\{: {any:{}" },
	{ "nothing said", "server a\n\n", "x:2: nobody says anything" },
	{ "only told", "server a\nS= a\n", "x:2: nobody says anything" },
	{ "no span", "server a\nwait long\n", "x:2: no span of time: long" },
	{ "more after the end", "server a\nC shut\nC: a\n",
	    "x:3: this side has said its last above" },
	{ "more after a reset", "server a\nC reset\nS: a\n",
	    "x:3: this side has said its last above" },
};

static void
test_row(void **state)
{
	const struct row *t = *state;
	struct talk *talk;

	assert_int_equal(talk_parse("x", tn_slice_str(t->text), &talk),
	    -EINVAL);
	assert_string_equal(tn_error_text(), t->want);
}

static void
test_folder(void **state)
{
	char got[RUNNER_TEXT] = "";
	struct talk_choice choice = { .out = fmemopen(got, sizeof(got), "w") };

	assert_non_null(choice.out);
	assert_false(talk_run_file(&lines_protocol, "runner", &choice));
	fclose(choice.out);
	assert_string_equal(got, "runner: is a directory\n");
}

/* ---- talks that nobody plays -------------------------------------------- */

/* Each file's name stands in meson.build, or among those of this test. */
static void
test_listed(void **state)
{
	char build[RUNNER_TEXT], here[RUNNER_TEXT], name[100];
	glob_t found;

	runner_read("meson.build", build);
	runner_read("runner.c", here);
	assert_int_equal(glob("*/*.talk", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct tn_slice rest = tn_slice_str(found.gl_pathv[i]);
		struct tn_slice folder = tn_slice_split(&rest, '/');
		bool own = tn_slice_equal(folder, TN_SLICE("runner"));

		(void)snprintf(name, sizeof(name), own ? "\"%.*s\"" : "'%.*s'",
		    (int)(rest.len - strlen(".talk")), rest.data);
		if (strstr(own ? here : build, name) == NULL)
			fail_msg("%s is not listed", found.gl_pathv[i]);
	}
	globfree(&found);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {
		"close", "deaf", "early", "end", "faults-client",
		"faults-server", "good", "long", "more", "mute",
		"nul", "patterns", "reset", "said", "seen", "silent", "split", "tls", "word",
	};
	struct CMUnitTest tests[2 + TN_COUNT(rows) + TN_COUNT(names)] = {
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_listed),
	};
	size_t n = 2;

	if (argc > 1) /* repeats one */
		return talk_main(&lines_protocol, argc, argv);
	if (chdir(getenv("TENON_SOURCE")) < 0 || chdir("tests/dialogue") < 0)
		return 1;
	for (size_t i = 0; i < TN_COUNT(names); i++)
		tests[n++] = (struct CMUnitTest){ .name = names[i],
			.test_func = test_talk,
			.initial_state = (void *)names[i] };
	for (size_t i = 0; i < TN_COUNT(rows); i++)
		tests[n++] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)&rows[i] };
	return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
