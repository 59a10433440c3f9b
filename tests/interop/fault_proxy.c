/* A proxy that makes trouble, between any client and any server:
 *
 *     fault_proxy [--seed N] [--split PERCENT] [--reset PERCENT]... TARGET
 *
 * Where nothing goes wrong it is faithful: each end and each reset that one
 * side sees, the other one sees too.  It says where it listens and, when a
 * connection is over, what became of it, a line of JSON each.  It ends when its
 * standard input does.  fault_plan.h says how the seed decides. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/server.h>
#include <tenon/text.h>

#include "fault_plan.h"

static struct {
	const char *listen, *target;
	struct fault_rules rules;
	tn_time life; /* of a connection: whoever is stuck is told of */
	atomic_uint_fast64_t connections;
	struct tn_server *server;
} proxy = { .rules.within = 1 << 20, .life = 30 * TN_SECOND };

/* ---- one way ------------------------------------------------------------- */

struct way {
	const char *name;
	struct tn_stream *from, *to;
	struct tn_group *group; /* of both ways */
	struct fault_plan plan;
};

/* The next `bytes`, as they come: 1, or 0 when they end before. */
static int
way_pass(struct way *w, size_t bytes)
{
	struct tn_slice shown;
	int r;

	while (bytes > 0) {
		r = tn_stream_fill(w->from, 1, &shown);
		if (r <= 0)
			return r;
		shown = tn_slice_head(shown, bytes);
		r = tn_stream_write(w->to, shown);
		if (r < 0)
			return r;
		tn_stream_consume(w->from, shown.len);
		bytes -= shown.len;
	}
	r = tn_stream_flush(w->to);
	return r < 0 ? r : 1;
}

static int
way_step(struct way *w)
{
	struct fault_step step = fault_plan_next(&w->plan);
	int r = tn_sleep(step.pause);

	if (r < 0)
		return r;
	switch (step.end) {
	case FAULT_TRUNCATE:
		return 0;
	case FAULT_RESET:
		return tn_error_set(-ECONNRESET, "reset by the plan");
	default:
		return way_pass(w, step.bytes);
	}
}

/* All that goes one way.  After an end that came early, what was still to be
 * said is heard out. */
static int
way_relay(void *arg)
{
	struct way *w = arg;
	int64_t r;

	tn_fiber_name("%s", w->name);
	do
		r = way_step(w);
	while (r > 0);
	if (r == 0)
		r = tn_stream_shutdown(w->to);
	if (r == 0)
		r = tn_stream_skip(w->from, -1);
	if (r < 0)
		tn_group_cancel(w->group);
	return r < 0 ? (int)r : 0;
}

/* ---- one connection ------------------------------------------------------ */

static int
proxy_dial(uint64_t number, struct way *up, struct way *down,
    struct tn_stream **ret)
{
	int r;

	if (fault_refuses(&proxy.rules, number)) {
		up->plan.count[FAULT_REFUSE]++;
		return tn_error_set(-ECONNREFUSED, "refused by the plan");
	}
	r = tn_dial(proxy.target, NULL, ret);
	if (r == 0)
		up->to = down->from = *ret;
	return r;
}

/* Both ways at once; the first that fails stops the other one. */
static int
proxy_relay(struct way *up, struct way *down)
{
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	int r = tn_group_open(&group);

	up->group = down->group = group;
	if (r == 0)
		r = tn_go(group, way_relay, up);
	if (r == 0)
		r = tn_go(group, way_relay, down);
	return r < 0 ? r : tn_group_wait(group);
}

/* Whoever is still there gets a reset when the stream is freed. */
static void
proxy_cut(struct tn_stream *s)
{
	const struct linger hard = { .l_onoff = 1 };

	if (s != NULL &&
	    tn_socket_setsockopt(tn_stream_socket(s), SOL_SOCKET, SO_LINGER,
		&hard, sizeof(hard)) < 0)
		fprintf(stderr, "fault_proxy: %s\n", tn_error_text());
}

static long long
way_bytes(const struct way *w)
{
	return w->to == NULL ? 0 : (long long)tn_stream_bytes_written(w->to);
}

/* {"connection": 1, "up": 78, "down": 512, "split": 3, ..., "error": ""} */
static void
proxy_report(uint64_t number, const struct way *up, const struct way *down,
    const char *error)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };

	if (tn_json_string(tn_slice_str(error), &text) < 0)
		return;
	printf("{\"connection\": %" PRIu64 ", \"up\": %lld, \"down\": %lld",
	    number, way_bytes(up), way_bytes(down));
	for (int i = 0; i < FAULTS; i++)
		printf(", \"%s\": %u", fault_kinds[i].name,
		    up->plan.count[i] + down->plan.count[i]);
	printf(", \"error\": %s}\n", text.data);
	fflush(stdout);
}

static int
proxy_handle(struct tn_request *request)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *target = NULL;
	struct way up = { .name = "up", .from = request->stream };
	struct way down = { .name = "down", .to = request->stream };
	uint64_t number = atomic_fetch_add(&proxy.connections, 1);
	struct tn_scope scope;
	int r;

	fault_plan_begin(&up.plan, &proxy.rules, number, 0);
	fault_plan_begin(&down.plan, &proxy.rules, number, 1);
	tn_scope_open(&scope, tn_after(proxy.life));
	r = proxy_dial(number, &up, &down, &target);
	if (r == 0)
		r = proxy_relay(&up, &down);
	if (tn_scope_close(&scope))
		tn_error_prefix("longer than --life allows");
	proxy_report(number, &up, &down, r < 0 ? tn_error_text() : "");
	if (r < 0) {
		proxy_cut(request->stream);
		proxy_cut(target);
	}
	return r;
}

/* ---- the program --------------------------------------------------------- */

static int
proxy_wait_for_end(void *arg)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *in = NULL;
	int64_t r = tn_stream_from_fd(0, &in);

	if (r == 0)
		r = tn_stream_skip(in, -1);
	tn_server_shutdown(proxy.server);
	tn_server_shutdown(proxy.server); /* without waiting for anybody */
	return r < 0 ? (int)r : 0;
}

static int
proxy_run(void *arg)
{
	const struct tn_server_options options = {
		.address = proxy.listen,
		.handle = proxy_handle,
		.connections_max = -1,
	};
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;
	int r = tn_server_open(&options, &server);

	if (r == 0)
		r = tn_group_open(&group);
	proxy.server = server;
	if (r == 0)
		r = tn_go(group, proxy_wait_for_end, NULL);
	if (r < 0)
		return r;
	tn_server_address(server, &address);
	printf("listening on %s\n", tn_address_format(&address, text));
	fflush(stdout);
	return tn_server_serve_forever(server);
}

/* ---- options ------------------------------------------------------------- */

static bool
set_listen(const char *text)
{
	proxy.listen = text;
	return true;
}

static bool
set_seed(const char *text)
{
	return tn_parse_uint(tn_slice_str(text), UINT64_MAX,
		   &proxy.rules.seed) == 0;
}

static bool
set_within(const char *text)
{
	return tn_parse_size(tn_slice_str(text), INT64_MAX,
		   &proxy.rules.within) == 0 && proxy.rules.within > 0;
}

static bool
set_life(const char *text)
{
	return tn_parse_span(tn_slice_str(text), &proxy.life) == 0 &&
	    proxy.life > 0;
}

static bool
set_harmless(const char *text)
{
	fault_rules_usual(&proxy.rules, true);
	return true;
}

static bool
set_every(const char *text)
{
	fault_rules_usual(&proxy.rules, false);
	return true;
}

static const struct option {
	const char *name, *argument;
	bool (*set)(const char *text);
	const char *help;
} options[] = {
	{ "listen", "ADDRESS", set_listen, "usually 127.0.0.1:0" },
	{ "seed", "N", set_seed, "usually 0" },
	{ "within", "BYTES", set_within,
	    "before which stalls, ends and resets come; usually 1M" },
	{ "life", "SPAN", set_life, "of a connection, above 0; usually 30s" },
	{ "harmless", "", set_harmless,
	    "all faults that only take time, as usual" },
	{ "every", "", set_every, "all faults, as usual" },
};

static int
usage(void)
{
	fprintf(stderr, "usage: fault_proxy [OPTION]... TARGET\n\n"
	    "Stands before TARGET, HOST:PORT or unix:PATH, until its standard "
	    "input ends.\n\n");
	for (size_t i = 0; i < TN_COUNT(options); i++)
		fprintf(stderr, "  --%-10s%-15s%s\n", options[i].name,
		    options[i].argument, options[i].help);
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_kind *kind = &fault_kinds[i];

		fprintf(stderr, "  --%-10s%-15s%s; usually %" PRIu64, kind->name,
		    kind->form, kind->help, kind->percent);
		if (kind->amount > 0)
			fprintf(stderr, ",%" PRIu64, kind->amount);
		fputc('\n', stderr);
	}
	return 2;
}

/* What belongs to --`name` is none. */
static int
bad_value(const char *name, const char *value, const char *form,
    const char *help)
{
	fprintf(stderr, "fault_proxy: --%s cannot be \"%s\": it takes %s (%s)\n",
	    name, value, form, help);
	return -EINVAL;
}

/* One option: how many words it takes, 0 when it is none, -EINVAL when its
 * value, told of, is none. */
static int
option(const char *word, const char *value)
{
	const char *name = word + 2;

	if (strncmp(word, "--", 2) != 0)
		return 0;
	for (size_t i = 0; i < TN_COUNT(options); i++) {
		const struct option *o = &options[i];

		if (strcmp(name, o->name) == 0)
			return !o->set(value) ? bad_value(name, value,
			    o->argument, o->help) :
			    o->argument[0] == '\0' ? 1 : 2;
	}
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_kind *kind = &fault_kinds[i];

		if (strcmp(name, kind->name) == 0)
			return fault_rules_set(&proxy.rules, (enum fault)i,
			    value) ? 2 : bad_value(name, value, kind->form,
			    kind->help);
	}
	return 0;
}

/* The last word. */
static int
set_target(const char *text)
{
	struct tn_endpoint e;
	int r = tn_endpoint_parse(text, &e);

	if (r == 0 && !e.local && (e.host[0] == '\0' || e.port[0] == '\0'))
		r = tn_error_set(-EINVAL, "\"%s\" has no %s; give HOST:PORT",
		    text, e.host[0] == '\0' ? "host" : "port");
	if (r < 0)
		fprintf(stderr, "fault_proxy: TARGET: %s\n", tn_error_text());
	proxy.target = text;
	return r;
}

int
main(int argc, char **argv)
{
	int words, r;

	for (; argc > 2; argc -= words, argv += words) {
		words = option(argv[1], argv[2]);
		if (words <= 0)
			return words == 0 ? usage() : 2;
	}
	if (argc != 2 || argv[1][0] == '-')
		return usage();
	if (set_target(argv[1]) < 0)
		return 2;
	r = tn_run(proxy_run, NULL, NULL);
	if (r < 0)
		fprintf(stderr, "fault_proxy: %s\n", tn_error_text());
	return r < 0;
}
