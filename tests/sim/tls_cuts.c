/* A handshake and an echo through a host in the middle that cuts: every byte of
 * either way arrives apart from the next, which must change nothing; at every
 * record, and inside of it, the connection ends or is reset, and both sides get
 * the right answer or an error in words.  Nobody waits for ever. */
#include <string.h>
#include <sys/socket.h>
#include <tenon/dial.h>
#include <tenon/server.h>
#include <tenon/socket.h>
#include <tenon/tls.h>
#include "sim/check.h"

#define HEAD 5 /* bytes before each record */
#define PAUSE (20 * TN_MILLISECOND)
#define PATIENCE (60 * TN_SECOND)
#define CUTS_MAX 4000 /* more than any of these conversations has bytes */

enum what { SPLIT, END, RESET };

static struct {
	enum what what;
	int way;    /* 0 from the client, 1 from the server; SPLIT: both */
	int at;     /* which byte, or which record ... */
	int inside; /* ... and how many bytes of it still go through */
	bool reached;
	int errors, server_errors;
} cut;

static struct tn_tls *server_tls, *client_tls;

/* ---- the server ---------------------------------------------------------- */

static int
handle(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = tn_stream_write(rq->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(rq->stream, said.len);
	}
	cut.server_errors += r < 0;
	return r < 0 && tn_error_text()[0] == '\0' ? CHECK_FAILED : r;
}

static int
main_server(void *arg)
{
	const struct tn_server_options options = {
		.address = ":443", .handle = handle, .tls = server_tls
	};
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server);

	return r < 0 ? r : tn_server_serve_forever(server);
}

/* ---- the host in the middle ---------------------------------------------- */

/* One of the two ways of a connection. */
struct way {
	struct tn_stream *from, *to;
	struct tn_group *group;
	int number;
	int record, left; /* the present one, and what is missing of it */
	int passed;
	int head;         /* bytes of it that have come */
	unsigned char size[2];
};

/* Counts one byte; true: behind it is the place to cut. */
static bool
way_step(struct way *w, unsigned char byte)
{
	bool cuts;

	w->passed++;
	if (cut.what == SPLIT)
		return w->passed == cut.at;
	if (w->number != cut.way)
		return false;
	if (w->left == 0) {
		w->head = 0;
		w->left = HEAD;
	}
	w->left--;
	if (w->head >= HEAD - 2 && w->head < HEAD)
		w->size[w->head - (HEAD - 2)] = byte;
	if (++w->head == HEAD)
		w->left = w->size[0] << 8 | w->size[1];
	cuts = w->record == cut.at && w->head == cut.inside;
	if (w->left == 0) {
		w->record++;
		cuts = cuts || (w->record == cut.at && cut.inside == 0);
	}
	return cuts;
}

static void
way_reset(struct tn_stream *s)
{
	const struct linger hard = { .l_onoff = 1 };

	(void)!tn_socket_setsockopt(tn_stream_socket(s), SOL_SOCKET, SO_LINGER,
	    &hard, sizeof(hard));
}

/* 0 to go on. */
static int
way_cut(struct way *w)
{
	int r = tn_stream_flush(w->to);

	cut.reached = true;
	if (r < 0)
		return r;
	r = tn_sleep(PAUSE); /* so that it arrives by itself */
	if (r < 0 || cut.what == SPLIT)
		return r;
	if (cut.what == RESET) {
		way_reset(w->from);
		way_reset(w->to);
	}
	tn_group_cancel(w->group);
	return -ECANCELED;
}

static int
way_pass(struct way *w, struct tn_slice said)
{
	size_t begun = 0;
	int r;

	for (size_t i = 0; i < said.len; i++) {
		if (!way_step(w, (unsigned char)said.data[i]))
			continue;
		r = tn_stream_write(w->to, tn_slice(said.data + begun,
		    i + 1 - begun));
		begun = i + 1;
		if (r == 0)
			r = way_cut(w);
		if (r < 0)
			return r;
	}
	return tn_stream_write(w->to, tn_slice_skip(said, begun));
}

static int
way_main(void *arg)
{
	struct way *w = arg;
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(w->from, 1, &said)) > 0) {
		r = way_pass(w, said);
		if (r < 0)
			break;
		tn_stream_consume(w->from, said.len);
	}
	if (r == 0)
		r = tn_stream_shutdown(w->to);
	if (r < 0)
		tn_group_cancel(w->group);
	return 0;
}

static int
relay(struct tn_request *rq)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	struct way ways[2] = { { .number = 0 }, { .number = 1 } };
	int r = tn_dial("tcp:server.test:443", NULL, &s);

	if (r == 0)
		r = tn_group_open(&group);
	ways[0].from = ways[1].to = rq->stream;
	ways[0].to = ways[1].from = s;
	ways[0].group = ways[1].group = group;
	for (int i = 0; r == 0 && i < 2; i++)
		r = tn_go(group, way_main, &ways[i]);
	if (r == 0)
		r = tn_group_wait(group);
	/* With an error nothing is said any more, not even an end. */
	return r == 0 && cut.reached && cut.what == RESET ? -ECANCELED : r;
}

static int
main_relay(void *arg)
{
	const struct tn_server_options options = { .address = ":443",
		.handle = relay };
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	int r = tn_server_open(&options, &server);

	return r < 0 ? r : tn_server_serve_forever(server);
}

/* ---- the client ---------------------------------------------------------- */

static int
converse(struct tn_stream *s)
{
	char got[6];
	int r = tn_stream_write(s, TN_SLICE("hello\n"));

	if (r == 0)
		r = tn_stream_read_exact(s, got, sizeof(got));
	if (r < 0)
		return r;
	CHECK(memcmp(got, "hello\n", sizeof(got)) == 0);
	return 0;
}

static int
call(void)
{
	const struct tn_dial_options options = { .tls = client_tls };
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	int r = tn_dial("tls:relay.test:443", &options, &s);

	if (r == 0)
		r = converse(s);
	if (r == 0)
		r = tn_stream_close(TN_TAKE(s));
	return r;
}

/* How a peer that is gone looks; everything else would be a bug. */
static bool
is_fair(int r)
{
	return r == -ECONNRESET || r == -EPIPE || r == TN_ETRUNCATED;
}

static int
try(void)
{
	struct tn_scope scope;
	int r;

	cut.reached = false;
	tn_scope_open(&scope, tn_after(PATIENCE));
	r = call();
	CHECK(!tn_scope_close(&scope));
	if (r == CHECK_FAILED)
		return r;
	tn_sim_note("%d %d %d %d: %s", cut.what, cut.way, cut.at, cut.inside,
	    r < 0 ? tn_error_text() : "fine");
	if (r == 0)
		return 0;
	CHECK(cut.what != SPLIT && is_fair(r) && tn_error_text()[0] != '\0');
	cut.errors++;
	return 0;
}

/* ---- all places ---------------------------------------------------------- */

static int
split_everywhere(void)
{
	cut.what = SPLIT;
	for (cut.at = 1; cut.at < CUTS_MAX; cut.at++) {
		int r = try();

		if (r < 0)
			return r;
		if (!cut.reached)
			break;
	}
	CHECK(cut.at > 500 && cut.at < CUTS_MAX && cut.server_errors == 0);
	return 0;
}

static int
cut_everywhere(enum what what, int way)
{
	/* Between records, in a head, behind it, in what follows. */
	static const int places[] = { 0, 1, HEAD, HEAD + 1 };

	cut.what = what;
	cut.way = way;
	cut.errors = 0;
	for (cut.at = 0; cut.at < CUTS_MAX; cut.at++) {
		bool reached = false;

		for (size_t i = 0; i < TN_COUNT(places); i++) {
			int r;

			if (cut.at == 0 && places[i] == 0)
				continue; /* there is no byte before it */
			cut.inside = places[i];
			r = try();
			if (r < 0)
				return r;
			reached = reached || cut.reached;
		}
		if (!reached)
			break;
	}
	CHECK(cut.at >= 3 && cut.at < CUTS_MAX && cut.errors > 8);
	return 0;
}

/* ---- the world ----------------------------------------------------------- */

static enum tn_tls_version version;
static bool resumes; /* each connection takes up the session of the last */

static int
open_tls(void)
{
	static const char *const names[] = { "relay.test", NULL };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer cert = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer key = { 0 };
	struct tn_tls_certificate shown;
	struct tn_tls_options options = {
		.server = true, .certificates = &shown, .certificate_count = 1
	};
	int r = tn_tls_self_signed(names, 30, &cert, &key);

	shown = (struct tn_tls_certificate){
		.cert_pem = tn_buffer_slice(&cert),
		.key_pem = tn_buffer_slice(&key),
	};
	if (r == 0)
		r = tn_tls_open(&options, &server_tls);
	options = (struct tn_tls_options){ .version_max = version,
		.no_resumption = !resumes, .ca_pem = tn_buffer_slice(&cert) };
	return r < 0 ? r : tn_tls_open(&options, &client_tls);
}

static int
main_here(void *arg)
{
	CHECK(open_tls() == 0);
	CHECK(tn_sim_host("server.test", "192.0.2.1", main_server, NULL) == 0);
	CHECK(tn_sim_host("relay.test", "192.0.2.2", main_relay, NULL) == 0);
	CHECK(tn_sleep(TN_SECOND) == 0);
	if (*(bool *)arg)
		return split_everywhere();
	for (int way = 0; way < 2; way++) {
		int r = cut_everywhere(END, way);

		if (r == 0)
			r = cut_everywhere(RESET, way);
		if (r < 0)
			return r;
	}
	CHECK(tn_sleep(2 * PATIENCE) == 0); /* until all have gone */
	CHECK(cut.server_errors > 8);
	return 0;
}

static uint64_t
run(bool split, enum tn_tls_version v, bool again)
{
	struct tn_sim_options options = { .time_max_ms = 24 * 3600 * 1000 };
	struct tn_sim_result result;

	memset(&cut, 0, sizeof(cut));
	version = v;
	resumes = again;
	check_seed(1, &options, main_here, &split, &result);
	tn_tls_free(TN_TAKE(server_tls));
	tn_tls_free(TN_TAKE(client_tls));
	return result.trace_hash;
}

static void
test_split(void **state)
{
	uint64_t hash = run(true, TN_TLS_1_3, false);

	printf("every byte of TLS 1.3 apart: hash %016" PRIx64 "\n", hash);
	hash = run(true, TN_TLS_1_3, true);
	printf("and resumed: hash %016" PRIx64 "\n", hash);
	hash = run(true, TN_TLS_1_2, false);
	printf("and of TLS 1.2: hash %016" PRIx64 "\n", hash);
}

static void
test_cut(void **state)
{
	uint64_t hash = run(false, TN_TLS_1_3, true);

	printf("cut at every record of TLS 1.3: hash %016" PRIx64 "\n", hash);
	assert_true(run(false, TN_TLS_1_3, true) == hash);
	hash = run(false, TN_TLS_1_3, false);
	printf("and not resumed: hash %016" PRIx64 "\n", hash);
	hash = run(false, TN_TLS_1_2, false);
	printf("and of TLS 1.2: hash %016" PRIx64 "\n", hash);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
