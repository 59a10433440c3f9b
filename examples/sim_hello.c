/* A server and its caller in a simulated network where everything goes wrong.
 *
 *     sim_hello [SEED]
 *
 * Prints who sent what to whom and when, and what came of it.  The same seed
 * is the same run, byte for byte.  See docs/simulation.md. */
#include <stdio.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <tenon/server.h>
#include <tenon/sim.h>

/* The server as it would run anywhere: a line in, a line out. */
static int
handle(struct tn_request *rq)
{
	struct tn_slice line;
	int r = tn_stream_read_line(rq->stream, TN_LINE_ANY, 100, &line);

	return r <= 0 ? r : tn_stream_printf(rq->stream, "Hello, %.*s!\n",
	    (int)line.len, line.data);
}

static int
serve(void *arg)
{
	const struct tn_server_options options = { .address = ":99",
		.handle = handle };
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server);

	return r < 0 ? r : tn_server_serve_forever(server);
}

static int
ask(const char *name)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn_slice line = { 0 };
	int r = tn_dial("hello.test:99", NULL, &s);

	if (r == 0)
		r = tn_stream_printf(s, "%s\n", name);
	if (r == 0)
		r = tn_stream_read_line(s, TN_LINE_ANY, 200, &line);
	if (r > 0)
		tn_sim_note("answer: %.*s", (int)line.len, line.data);
	return r;
}

/* Begins on the host "here"; the server gets a host of its own. */
static int
begin(void *arg)
{
	int r = tn_sim_host("hello.test", "192.0.2.1", serve, NULL);

	for (int i = 0; r <= 0 && i < 5; i++) { /* a caller who insists */
		tn_sleep(100 * TN_MILLISECOND);
		r = ask("world");
		if (r < 0)
			tn_sim_note("failed: %s", tn_error_text());
	}
	return r;
}

int
main(int argc, char **argv)
{
	struct tn_sim_options options = { .every_fault = true,
		.trace = stdout };
	uint64_t seed = 1;
	int r;

	if (argc > 2 || (argc == 2 &&
	    tn_parse_uint(tn_slice_str(argv[1]), UINT64_MAX, &seed) < 0)) {
		fprintf(stderr, "usage: sim_hello [SEED]\n");
		return 2;
	}
	r = tn_sim_run(seed, &options, begin, NULL, NULL);
	if (r < 0)
		fprintf(stderr, "sim_hello: %s\n", tn_error_text());
	return r <= 0;
}
