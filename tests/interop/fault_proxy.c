/* A proxy that makes trouble, between any client and any server:
 *
 *     fault_proxy [--seed N] [--split PERCENT] [--reset PERCENT]... TARGET
 *
 * Where nothing goes wrong it is faithful: each end and each reset that one
 * side sees, the other one sees too.  It says where it listens and, when a
 * connection is over, what became of it, a line of JSON each.  It ends when its
 * standard input does.  fault_plan.h says how the seed decides. */
#include <errno.h>
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
	uint64_t life_ms; /* of a connection: whoever is stuck is told of */
	atomic_uint_fast64_t connections;
	struct tn_server *server;
} proxy = { .rules.within = 1 << 20, .life_ms = 30000 };

/* ---- one connection ------------------------------------------------------ */

struct way {
	const char *name;
	struct tn_stream *from, *to;
	struct tn_group *group;
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
	int r = step.pause > 0 ? tn_sleep(step.pause) : 0;

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
	int r;

	tn_fiber_name("%s", w->name);
	do
		r = way_step(w);
	while (r > 0);
	if (r == 0)
		r = tn_stream_shutdown(w->to);
	if (r == 0)
		r = (int)tn_stream_skip(w->from, INT32_MAX);
	if (r < 0)
		tn_group_cancel(w->group);
	return r < 0 ? r : 0;
}

/* Both ways at once; what fails first stops the other one. */
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
	if (r == 0)
		r = tn_group_wait(group);
	return r;
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

/* {"connection": 1, "up": 78, "down": 512, "split": 3, ..., "error": ""} */
static void
proxy_report(uint64_t number, const struct way *up, const struct way *down,
    unsigned refused, const char *error)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };

	if (tn_json_string(tn_slice_str(error), &text) < 0)
		return;
	printf("{\"connection\": %llu, \"up\": %lld, \"down\": %lld",
	    (unsigned long long)number,
	    up->to == NULL ? 0 : (long long)tn_stream_bytes_written(up->to),
	    up->to == NULL ? 0 : (long long)tn_stream_bytes_written(down->to));
	for (int i = 0; i < FAULTS; i++)
		printf(", \"%s\": %u", fault_kinds[i].name,
		    up->plan.count[i] + down->plan.count[i] +
			(i == FAULT_REFUSE ? refused : 0));
	printf(", \"error\": %s}\n", text.data);
	fflush(stdout);
}

static int
proxy_handle(struct tn_request *request)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *target = NULL;
	struct way up = { .name = "up" }, down = { .name = "down" };
	uint64_t number = atomic_fetch_add(&proxy.connections, 1);
	bool refused = fault_refuses(&proxy.rules, number);
	struct tn_scope scope;
	int r;

	fault_plan_begin(&up.plan, &proxy.rules, number, 0);
	fault_plan_begin(&down.plan, &proxy.rules, number, 1);
	tn_scope_open(&scope,
	    tn_after((tn_time)proxy.life_ms * TN_MILLISECOND));
	if (refused)
		r = tn_error_set(-ECONNREFUSED, "refused by the plan");
	else
		r = tn_dial(proxy.target, NULL, &target);
	if (r == 0) {
		up.from = down.to = request->stream;
		down.from = up.to = target;
		r = proxy_relay(&up, &down);
	}
	if (tn_scope_close(&scope))
		tn_error_prefix("more than %llu ms",
		    (unsigned long long)proxy.life_ms);
	proxy_report(number, &up, &down, refused,
	    r < 0 ? tn_error_text() : "");
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
	int r = tn_stream_from_fd(0, &in);

	if (r == 0)
		r = (int)tn_stream_skip(in, INT32_MAX);
	tn_server_shutdown(proxy.server);
	tn_server_shutdown(proxy.server); /* without waiting for anybody */
	return r < 0 ? r : 0;
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

static int
usage(void)
{
	struct fault_rules usual = { 0 };

	fault_rules_usual(&usual, false);
	fprintf(stderr, "usage: fault_proxy [OPTION]... TARGET\n\n"
	    "  --listen ADDRESS            127.0.0.1:0\n"
	    "  --seed N                    0\n"
	    "  --within BYTES              where stalls, ends and resets are; "
	    "1M\n"
	    "  --life SPAN                 of a connection; 30s\n"
	    "  --harmless                  all faults that only take time\n"
	    "  --every                     all faults\n");
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_kind *kind = &fault_kinds[i];
		char form[48], given[48] = "";

		snprintf(form, sizeof(form), "%s PERCENT%s%s", kind->name,
		    kind->amount_name == NULL ? "" : ",",
		    kind->amount_name == NULL ? "" : kind->amount_name);
		if (kind->amount_name != NULL)
			snprintf(given, sizeof(given), ",%llu",
			    (unsigned long long)usual.of[i].amount);
		fprintf(stderr, "  --%-26s%s; usually %llu%s\n", form,
		    kind->help, (unsigned long long)usual.of[i].percent, given);
	}
	return 2;
}

/* One option: how many words it takes, 0 when it is none. */
static int
option(const char *name, const char *value)
{
	struct fault_rules *rules = &proxy.rules;
	tn_time span;

	if (strncmp(name, "--", 2) != 0)
		return 0;
	name += 2;
	if (strcmp(name, "harmless") == 0 || strcmp(name, "every") == 0) {
		fault_rules_usual(rules, name[0] == 'h');
		return 1;
	}
	if (value == NULL)
		return 0;
	if (strcmp(name, "listen") == 0) {
		proxy.listen = value;
		return 2;
	}
	if (strcmp(name, "seed") == 0)
		return tn_parse_uint(tn_slice_str(value), UINT64_MAX,
			   &rules->seed) == 0 ? 2 : 0;
	if (strcmp(name, "within") == 0)
		return tn_parse_size(tn_slice_str(value), INT64_MAX,
			   &rules->within) == 0 ? 2 : 0;
	if (strcmp(name, "life") == 0) {
		if (tn_parse_span(tn_slice_str(value), &span) < 0)
			return 0;
		proxy.life_ms = (uint64_t)(span / TN_MILLISECOND);
		return 2;
	}
	for (int i = 0; i < FAULTS; i++)
		if (strcmp(name, fault_kinds[i].name) == 0)
			return fault_rules_set(rules, (enum fault)i, value) ? 2
									    : 0;
	return 0;
}

int
main(int argc, char **argv)
{
	int r;

	while (argc > 2) {
		int words = option(argv[1], argv[2]);

		if (words == 0)
			return usage();
		argc -= words;
		argv += words;
	}
	if (argc != 2)
		return usage();
	proxy.target = argv[1];
	r = tn_run(proxy_run, NULL, NULL);
	if (r < 0)
		fprintf(stderr, "fault_proxy: %s\n", tn_error_text());
	return r < 0;
}
